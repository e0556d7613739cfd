//! For tests on the host: no network, no devices.
use super::{Answer, Unreachable};
pub async fn fetch(_: &str, _: &str, _: Option<String>) -> Result<Answer, Unreachable> { Err(Unreachable) }
