use dioxus::prelude::*;
use protocol::voice::{Limitation, PeerFlags};

use crate::app::use_app;
use crate::call::Phase;
use crate::call::codec::CameraCodec;
use crate::call::quality::{Reason, Word, judge};
use crate::platform::{self, Device, DeviceKind};
use crate::state::{Route, UserTab};
use crate::text;
use crate::ui::{Avatar, Glyph, Icon, IconButton, Popover, Select, Switch};

/// The bottom of the side column: the call, and the user.
#[component]
pub(super) fn Dock() -> Element {
    let app = use_app();
    let is_in_call = use_memo(move || app.voice.read().is_in_call());
    rsx! {
        section { class: "dock", "aria-label": text::call_controls(), "data-call": is_in_call(),
            if is_in_call() {
                CallBar {}
            }
            Me {}
        }
    }
}

#[component]
fn Me() -> Element {
    let app = use_app();
    let me = use_memo(move || app.state.read().me.clone());
    rsx! {
        div { class: "me",
            if let Some(me) = me() {
                Avatar { name: me.user.display_name.clone(), seed: me.user.id.get(), class: "medium", is_online: true }
                span { class: "me-names",
                    strong { "{me.user.display_name}" }
                    span { class: "quiet", "{me.user.username}" }
                }
            }
            IconButton {
                label: text::settings(),
                glyph: Glyph::Gear,
                on_press: move |()| app.go(Route::Settings(UserTab::Account)),
            }
        }
    }
}

#[component]
fn CallBar() -> Element {
    let app = use_app();
    let place = use_memo(move || {
        let state = app.state.read();
        let channel = state.channel(app.voice.read().channel_id()?)?;
        let guild = state.guilds.get(&channel.guild_id)?;
        Some((channel.id, channel.name.clone(), guild.info.name.clone()))
    });
    let trouble = use_memo(move || app.voice.read().trouble());
    rsx! {
        div { class: "call-bar",
            if let Some((channel_id , name , guild)) = place() {
                div { class: "call-head",
                    button { class: "call-place", r#type: "button", onclick: move |_| app.go_to_channel(channel_id),
                        strong { "{name}" }
                        span { class: "quiet", "{guild}" }
                    }
                    Network {}
                }
            }
            Meter { id: "dock-meter" }
            if let Some(trouble) = trouble() {
                p { class: "call-trouble", role: "alert", Icon { glyph: Glyph::Warning } "{trouble.sentence()}" }
            }
            Held {}
            Controls { id: "dock" }
        }
    }
}

/// Why the user is silent or hears nothing, if not by their own choice.
#[component]
fn Held() -> Element {
    let app = use_app();
    let held = use_memo(move || [app.held_microphone(), app.held_headphones()]);
    rsx! {
        div { class: "call-held", role: "status",
            for sentence in held().into_iter().flatten() {
                p { key: "{sentence}", class: "call-trouble", Icon { glyph: Glyph::Warning } "{sentence}" }
            }
        }
    }
}

/// The network in a word; a press tells the reason.
#[component]
fn Network() -> Element {
    let app = use_app();
    let mut is_open = use_signal(|| false);
    let judged = use_memo(move || {
        let voice = app.voice.read();
        if voice.phase() != Phase::Connected {
            // Whether it takes long depends on the time.
            app.seconds.read();
        }
        judge(voice.phase(), voice.finds_no_way(), voice.quality())
    });
    let (word, reason) = judged();
    let (shown, name) = match word {
        Word::Connecting => (text::word_connecting(), "connecting"),
        Word::Good => (text::word_good(), "good"),
        Word::Fair => (text::word_fair(), "fair"),
        Word::Unstable => (text::word_unstable(), "unstable"),
        Word::Reconnecting => (text::word_reconnecting(), "connecting"),
    };
    let why = match reason {
        Reason::None => text::reason_none().to_owned(),
        Reason::Connecting => text::reason_connecting().to_owned(),
        Reason::NoWay => text::reason_no_way().to_owned(),
        Reason::Reconnecting => text::reason_reconnecting().to_owned(),
        Reason::LossUp { percent } => text::reason_loss_up(&percent),
        Reason::LossDown { percent } => text::reason_loss_down(&percent),
        Reason::Delay { ms } => text::reason_delay(&ms),
        Reason::Jitter { ms } => text::reason_jitter(&ms),
        Reason::Narrow { kilobits } => text::reason_narrow(&kilobits),
        Reason::Crowded => text::reason_crowded().to_owned(),
    };
    rsx! {
        span { class: "network-place",
            button {
                class: "network",
                r#type: "button",
                "data-word": name,
                "aria-label": text::network(&shown),
                "aria-expanded": is_open(),
                onclick: move |_| is_open.toggle(),
                Icon { glyph: Glyph::Signal }
                span { role: "status", "{shown}" }
            }
            if is_open() {
                Popover { id: "network-why", label: text::network(&shown), class: "network-why", on_close: move |()| is_open.set(false),
                    p { "{why}" }
                    Figures {}
                }
            }
        }
    }
}

/// What was measured of the connection, for those who want to know.
#[component]
fn Figures() -> Element {
    let app = use_app();
    let quality = use_memo(move || app.voice.read().quality().cloned());
    let Some(quality) = quality() else { return rsx! {} };
    let freezes = app.voice.read().freezes();
    let percent = |permille: u16| format!("{:.1} %", f32::from(permille) / 10.0);
    let rows = [
        (text::figure_delay(), quality.round_trip_ms.map(|ms| format!("{ms} ms"))),
        (text::figure_jitter(), Some(format!("{} ms", quality.jitter_ms))),
        (text::figure_loss_up(), Some(percent(quality.loss_up_permille))),
        (text::figure_loss_down(), Some(percent(quality.loss_down_permille))),
        (text::figure_sent(), Some(bitrate(quality.bitrate_up))),
        (text::figure_received(), Some(bitrate(quality.bitrate_down))),
        (text::figure_available(), quality.available_bitrate.map(bitrate)),
        (text::figure_freezes(), freezes.map(|count| count.to_string())),
    ];
    let shown = quality.pictures.into_iter().filter(|picture| picture.width > 0);
    rsx! {
        dl { class: "figures",
            for (name , value) in rows {
                if let Some(value) = value {
                    dt { "{name}" }
                    dd { "{value}" }
                }
            }
            for picture in shown {
                dt {
                    "{picture.width} × {picture.height}"
                    if let Some(limit) = limit(picture.limitation) {
                        small { "{limit}" }
                    }
                }
                dd { {bitrate(picture.bitrate)} }
            }
        }
    }
}

/// Why a picture is not as good as it is shown large.
fn limit(limitation: Limitation) -> Option<&'static str> {
    match limitation {
        Limitation::Bandwidth => Some(text::limit_bandwidth()),
        Limitation::Uplink => Some(text::limit_uplink()),
        Limitation::Publisher => Some(text::limit_publisher()),
        Limitation::None | Limitation::Unknown => None,
    }
}

/// Bits per second, for people.
fn bitrate(bits_per_second: u32) -> String {
    match bits_per_second {
        0..1_000_000 => format!("{} kbit/s", bits_per_second / 1_000),
        _ => format!("{:.1} Mbit/s", f64::from(bits_per_second) / 1_000_000.0),
    }
}

/// How loud the user's own microphone is. The bar is moved without drawing anything anew.
#[component]
pub(super) fn Meter(id: &'static str) -> Element {
    use_future(move || async move {
        loop {
            platform::set_variable(id, "--level", &format!("{:.3}", platform::level()));
            platform::sleep(60).await;
        }
    });
    rsx! {
        div { id, class: "meter", role: "img", "aria-label": text::your_level(), span {} }
    }
}

/// Mute, deafen, camera, screen, devices, leave.
#[component]
pub(super) fn Controls(id: &'static str) -> Element {
    let app = use_app();
    let flags = use_memo(move || app.voice.read().flags());
    let phase = use_memo(move || app.voice.read().phase());
    let mut has_devices = use_signal(|| false);
    let held = use_memo(move || (app.held_microphone(), app.held_headphones()));
    let (held_microphone, held_headphones) = held();
    let PeerFlags { muted, deafened, camera, screen, .. } = flags();
    let (is_silent, is_deaf) = (muted || held_microphone.is_some(), deafened || held_headphones.is_some());
    let mute = if muted { text::unmute() } else { text::mute() };
    let deafen = if deafened { text::undeafen() } else { text::deafen() };
    rsx! {
        div { class: "controls", role: "toolbar", "aria-label": text::call_controls(), "data-phase": if phase() == Phase::Connected { "up" } else { "down" },
            IconButton {
                label: held_microphone.unwrap_or(mute),
                glyph: if is_silent { Glyph::MicrophoneOff } else { Glyph::Microphone },
                class: "control",
                is_on: is_silent,
                is_held: held_microphone.is_some(),
                shortcut: "M",
                on_press: move |()| app.toggle_mute(),
            }
            IconButton {
                label: held_headphones.unwrap_or(deafen),
                glyph: if is_deaf { Glyph::HeadphonesOff } else { Glyph::Headphones },
                class: "control",
                is_on: is_deaf,
                is_held: held_headphones.is_some(),
                shortcut: "D",
                on_press: move |()| app.toggle_deafen(),
            }
            IconButton {
                label: if camera { text::camera_stop() } else { text::camera_start() },
                glyph: if camera { Glyph::Camera } else { Glyph::CameraOff },
                class: "control lit",
                is_on: camera,
                shortcut: "V",
                on_press: move |()| app.toggle_camera(),
            }
            IconButton {
                label: if screen { text::screen_stop() } else { text::screen_start() },
                glyph: if screen { Glyph::ScreenOff } else { Glyph::Screen },
                class: "control lit",
                is_on: screen,
                shortcut: "S",
                on_press: move |()| app.toggle_screen(),
            }
            span { class: "control-menu",
                IconButton {
                    label: text::devices(),
                    glyph: Glyph::Up,
                    class: "control",
                    is_expanded: has_devices(),
                    on_press: move |()| has_devices.toggle(),
                }
                if has_devices() {
                    Popover { id: "{id}-devices", label: text::devices(), class: "devices", on_close: move |()| has_devices.set(false),
                        Devices { id }
                        Capture {}
                    }
                }
            }
            IconButton { label: text::leave_call(), glyph: Glyph::Leave, class: "control leave", on_press: move |()| app.leave_call() }
        }
    }
}

fn options(devices: &[Device], kind: DeviceKind) -> Vec<(String, String)> {
    let mut list = vec![(String::new(), text::default_device().to_owned())];
    let named = devices.iter().filter(|device| device.kind == kind);
    list.extend(named.map(|device| (device.id.clone(), device.label.clone())));
    list
}

/// Which microphone, speaker and camera.
#[component]
pub(super) fn Devices(id: &'static str) -> Element {
    let app = use_app();
    let found = use_resource(platform::devices);
    let devices = found.read().clone().unwrap_or_default();
    let prefs = (app.prefs)();
    let speakers = options(&devices, DeviceKind::Speaker);
    let (microphone, speaker, camera) = match id {
        "dock" => ("dock-microphone", "dock-speaker", "dock-camera"),
        "room" => ("room-microphone", "room-speaker", "room-camera"),
        _ => ("microphone", "speaker", "camera"),
    };
    rsx! {
        Select {
            id: microphone,
            label: text::microphone(),
            value: prefs.microphone,
            options: options(&devices, DeviceKind::Microphone),
            on_choose: move |device| app.set_microphone(|prefs| prefs.microphone = device),
        }
        if speakers.len() > 1 {
            Select {
                id: speaker,
                label: text::speaker(),
                value: prefs.speaker,
                options: speakers,
                on_choose: move |device| app.set_speaker(device),
            }
        }
        Select {
            id: camera,
            label: text::camera(),
            value: prefs.camera,
            options: options(&devices, DeviceKind::Camera),
            on_choose: move |device| app.set_camera(device),
        }
    }
}

/// What the camera's pictures are sent in.
#[component]
pub(super) fn CameraCodecs() -> Element {
    let app = use_app();
    let value = |codec: CameraCodec| format!("{codec:?}").to_lowercase();
    let names = CameraCodec::ALL.map(|codec| (value(codec), codec_name(codec).to_owned()));
    rsx! {
        Select {
            id: "camera-codec",
            label: text::camera_codec(),
            value: value((app.prefs)().camera_codec),
            options: names.to_vec(),
            on_choose: move |chosen: String| {
                let chosen = CameraCodec::ALL.into_iter().find(|codec| value(*codec) == chosen);
                app.set_camera_codec(chosen.unwrap_or_default());
            },
        }
        p { class: "quiet", "{text::camera_codec_hint()}" }
    }
}

fn codec_name(codec: CameraCodec) -> &'static str {
    match codec {
        CameraCodec::Automatic => text::camera_codec_automatic(),
        CameraCodec::Vp8 => "VP8",
        CameraCodec::Vp9 => "VP9",
        CameraCodec::Av1 => "AV1",
        CameraCodec::H264 => "H.264",
    }
}

/// What the browser makes of the microphone's sound before it is sent.
#[component]
pub(super) fn Capture() -> Element {
    let app = use_app();
    let prefs = (app.prefs)();
    rsx! {
        Switch {
            label: text::noise_suppression(),
            is_on: prefs.reduce_noise,
            on_change: move |is_on| app.set_microphone(|prefs| prefs.reduce_noise = is_on),
        }
        Switch {
            label: text::echo_cancellation(),
            is_on: prefs.remove_echo,
            on_change: move |is_on| app.set_microphone(|prefs| prefs.remove_echo = is_on),
        }
        Switch {
            label: text::auto_gain(),
            is_on: prefs.even_loudness,
            on_change: move |is_on| app.set_microphone(|prefs| prefs.even_loudness = is_on),
        }
    }
}
