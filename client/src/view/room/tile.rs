use dioxus::prelude::*;
use protocol::voice::{Shown, Source};

use super::super::person::{Flags, PersonMenu, flags_in_words, has_menu as offers_menu};
use super::grid::TileInfo;
use crate::app::{App, use_app};
use crate::call::wishes::Sight;
use crate::platform;
use crate::text;
use crate::ui::{Avatar, Glyph, IconButton};

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a screen has fewer than 65,536 pixels, and more than none"
)]
fn pixels(css: f64) -> u16 {
    (css * platform::pixel_ratio()).clamp(1.0, 65_535.0) as u16
}

/// Somebody in the room, or what they share. Pressed twice it is shown in large.
#[component]
pub(super) fn Tile(tile: TileInfo, size: (f64, f64), is_focused: bool) -> Element {
    let app = use_app();
    let mut has_menu = use_signal(|| false);
    let shown = tile.shown;
    let is_screen = shown.source == Source::Screen;
    let person = tile.person.clone();
    let toggle = move || app.set_focus(shown, !is_focused);
    let name = if is_screen { text::screen_of(&person.name) } else { person.name.clone() };
    let words = flags_in_words(&person);
    let offers = offers_menu(app, &person);
    rsx! {
        article {
            class: "tile",
            width: "{size.0}px",
            height: "{size.1}px",
            "data-speaking": person.is_speaking && !is_screen,
            "data-screen": is_screen,
            "data-me": person.is_me,
            "aria-label": if words.is_empty() { name.clone() } else { format!("{name}, {words}") },
            ondoubleclick: move |_| toggle(),
            oncontextmenu: {
                move |event| {
                    if offers {
                        event.prevent_default();
                        has_menu.set(true);
                    }
                }
            },
            if tile.has_picture {
                Picture { key: "{shown:?}", shown, is_mine: person.is_me, size }
            } else {
                div { class: "tile-room",
                    Avatar { name: person.name.clone(), seed: person.state.user_id.get(), class: "tile-face", is_speaking: person.is_speaking }
                }
            }
            footer { class: "tile-name",
                span { "{name}" }
                if !is_screen {
                    Flags { seated: person.clone() }
                }
            }
            div { class: "tile-tools",
                IconButton {
                    label: if is_focused { text::unfocus_tile().to_owned() } else { text::focus_tile(&name) },
                    glyph: Glyph::Focus,
                    on_press: move |()| toggle(),
                }
                if offers {
                    IconButton {
                        label: text::tile_menu(&name),
                        glyph: Glyph::More,
                        is_expanded: has_menu(),
                        on_press: move |()| has_menu.toggle(),
                    }
                }
            }
            if has_menu() {
                PersonMenu { seated: person.clone(), on_close: move |()| has_menu.set(false) }
            }
        }
    }
}

fn element_id(shown: Shown) -> String {
    let what = if shown.source == Source::Screen { "screen" } else { "camera" };
    format!("{what}-{}", shown.peer_id)
}

/// What a track shows. While it is on screen the server is told how large.
#[component]
fn Picture(shown: Shown, is_mine: bool, size: (f64, f64)) -> Element {
    let app = use_app();
    let id = element_id(shown);
    use_effect(use_reactive!(|(size, is_mine)| {
        if !is_mine {
            app.see(Sight { shows: shown, width: pixels(size.0), height: pixels(size.1) });
        }
    }));
    use_drop(move || app.unsee(shown));
    use_attached(app, shown, is_mine);
    rsx! {
        video {
            id: "{id}",
            class: "picture",
            autoplay: true,
            playsinline: true,
            muted: true,
            "data-mirrored": is_mine && shown.source == Source::Camera,
            onmounted: {
                let id = id.clone();
                move |_| attach(app, &id, (shown, is_mine))
            },
        }
    }
}

fn attach(app: App, id: &str, (shown, is_mine): (Shown, bool)) {
    if is_mine {
        platform::attach_local(id, shown.source);
    } else {
        app.attach(id, shown);
    }
}

/// Follows the slot that shows a track, and the camera that was opened in place of another.
fn use_attached(app: App, shown: Shown, is_mine: bool) {
    let slot = use_memo(move || app.voice.read().slot_of(shown));
    let opened = use_memo(move || app.voice.read().opened());
    use_effect(move || {
        let _ = (slot.read(), opened.read());
        attach(app, &element_id(shown), (shown, is_mine));
    });
}
