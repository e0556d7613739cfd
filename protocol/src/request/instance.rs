//! The instance itself.

use super::requests;
use crate::instance::Instance;

requests! {
    GetInstance(): Anyone Get "/instance", () => Instance;
}
