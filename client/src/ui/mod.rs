//! Widgets: behaviour and looks, without knowing what they are used for. All words come from outside.

mod avatar;
mod button;
mod dialog;
mod field;
mod form;
mod icon;
mod mark;
mod menu;
mod place;

pub use avatar::Avatar;
pub use button::{Button, IconButton, Kind};
pub use dialog::Dialog;
pub use field::{Choice, Field, Select, Slider, Switch};
pub use form::Form;
pub use icon::{Glyph, Icon};
pub use mark::Mark;
pub use menu::{Action, Menu, MenuItem, Popover};
pub use place::{Empty, Skeleton, Spinner};
