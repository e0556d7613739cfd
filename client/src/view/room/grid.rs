use dioxus::prelude::*;
use protocol::id::ChannelId;
use protocol::voice::{Shown, Source};

use super::super::person::{Seated, seated};
use super::tile::Tile;
use crate::app::{App, use_app};
use crate::call::focus::Candidate;
use crate::call::layout::{Area, largest};
use crate::text;

const GAP: f64 = 8.0;

/// A tile: somebody, or what they share.
#[derive(Clone, PartialEq)]
pub(super) struct TileInfo {
    pub(super) person: Seated,
    pub(super) shown: Shown,
    /// There is a picture; else a face stands for it.
    pub(super) has_picture: bool,
}

/// Shared screens first, then people in the order in which they came.
fn tiles(app: App, channel_id: ChannelId) -> Vec<TileInfo> {
    let people = seated(app, channel_id);
    let tile = |person: &Seated, source, has_picture| TileInfo {
        person: person.clone(),
        shown: Shown { peer_id: person.state.peer_id, source },
        has_picture,
    };
    let screens =
        people.iter().filter(|person| person.state.flags.screen).map(|person| tile(person, Source::Screen, true));
    let faces = people.iter().map(|person| tile(person, Source::Camera, person.state.flags.camera));
    screens.chain(faces).collect()
}

/// The tiles of a room at the largest total area, or one large and the others in a strip.
#[component]
pub(super) fn Grid(channel_id: ChannelId) -> Element {
    let app = use_app();
    let list = use_memo(move || tiles(app, channel_id));
    let focus = use_memo(move || {
        let candidate = |tile: &TileInfo| Candidate { shown: tile.shown, is_mine: tile.person.is_me };
        let leads = app.state.read().seats.dominant(channel_id);
        app.voice.read().focus().pick(&list.read().iter().map(candidate).collect::<Vec<_>>(), leads)
    });
    let mut area = use_signal(|| Area { width: 640.0, height: 360.0, gap: GAP });
    let all = list();
    let is_alone = all.len() == 1;
    let focused = focus();
    let (large, strip): (Vec<TileInfo>, Vec<TileInfo>) = match focused {
        Some(shown) => all.into_iter().partition(|tile| tile.shown == shown),
        None => (all, Vec::new()),
    };
    let grid = largest(u16::try_from(large.len()).unwrap_or(u16::MAX), area());
    rsx! {
        div { class: "stage", "data-focus": focused.is_some(),
            div {
                class: "grid",
                onresize: move |event| {
                    if let Ok(size) = event.data().get_content_box_size() {
                        let fresh = Area { width: size.width, height: size.height, gap: GAP };
                        if *area.peek() != fresh {
                            area.set(fresh);
                        }
                    }
                },
                for tile in large {
                    Tile {
                        key: "{tile.shown:?}",
                        is_focused: focused.is_some(),
                        size: (grid.width, grid.height),
                        tile,
                    }
                }
            }
            if !strip.is_empty() {
                div { class: "strip",
                    for tile in strip {
                        Tile { key: "{tile.shown:?}", is_focused: false, size: (176.0, 99.0), tile }
                    }
                }
            }
            if is_alone {
                p { class: "quiet stage-note", "{text::room_alone()}" }
            }
        }
    }
}
