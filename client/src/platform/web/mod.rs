//! The browser.

mod audio;
mod connection;
mod devices;
mod dom;
mod http;
mod page;
mod playback;
mod sender;
mod socket;
mod sound;
mod storage;
mod time;

pub use audio::{level, resume_audio, set_deafened, set_output, sound_is_blocked};
pub use connection::{Connection, can_call};
pub use devices::{
    Picture, attach_local, close_camera, close_microphone, close_screen, devices, has_microphone, open_camera,
    open_microphone, open_screen, set_microphone,
};
pub use dom::{
    Anchor, anchor, attach_nothing, close_dialog, element_scroll, end_is_visible, enter_box, focus, grow, leave_box,
    restore, reveal, rove, scroll_to, scroll_to_end, select_text, set_caret_end, set_variable, show_dialog,
};
pub use http::fetch;
pub use page::{
    ask_notifications, clear_page, copy, device_name, has_drawer, is_narrow, is_secure, is_visible, listen,
    notification_permission, notify, origin, path, pixel_ratio, push_path, replace_path, set_theme, set_title,
};
pub use socket::Socket;
pub use sound::play;
pub use storage::{forget, forget_all, keep, load, load_all};
pub use time::{local_date, local_time, next_frame, now, random, sleep, ticks};

use web_sys::{Document, Window};

fn window() -> Window {
    web_sys::window().expect("the client runs in a page")
}

fn document() -> Document {
    window().document().expect("a page has a document")
}
