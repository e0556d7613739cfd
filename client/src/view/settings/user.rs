use dioxus::prelude::*;

use super::super::dock::{CameraCodecs, Capture, Devices, Meter};
use super::sessions::Sessions;
use super::{Page, tab_glyph, tab_name};
use crate::app::{Theme, use_app};
use crate::platform::{self, NotifyPermission, Sound};
use crate::state::{Route, UserTab};
use crate::text;
use crate::ui::{Avatar, Button, Choice, Glyph, Kind, Slider, Switch};

#[component]
pub(in super::super) fn UserSettings(tab: UserTab) -> Element {
    let app = use_app();
    let tabs = UserTab::ALL.map(|each| (tab_name(each), tab_glyph(each), each == tab)).into();
    rsx! {
        Page {
            title: text::settings(),
            tabs,
            on_tab: move |index: usize| app.go(Route::Settings(UserTab::ALL[index])),
            on_close: move |()| if platform::is_narrow() { app.go(Route::You) } else { app.go(Route::Live) },
            match tab {
                UserTab::Account => rsx! { Account {} },
                UserTab::Appearance => rsx! { Appearance {} },
                UserTab::Devices => rsx! { DeviceSettings {} },
                UserTab::Sounds => rsx! { Sounds {} },
                UserTab::Sessions => rsx! { Sessions {} },
            }
        }
    }
}

#[component]
fn Account() -> Element {
    let app = use_app();
    let me = use_memo(move || app.state.read().me.clone());
    let instance = app.instance.read().clone();
    rsx! {
        if let Some(me) = me() {
            div { class: "you",
                Avatar { name: me.user.display_name.clone(), seed: me.user.id.get(), class: "large" }
                div {
                    strong { "{me.user.display_name}" }
                    p { class: "quiet", "{text::signed_in_as(&me.user.username)}" }
                    if me.is_admin {
                        p { class: "quiet", "{text::admin()}" }
                    }
                }
            }
        }
        Button { label: text::sign_out(), glyph: Glyph::Door, kind: Kind::Danger, on_press: move |()| app.sign_out() }
        if let Some(instance) = instance {
            p { class: "quiet version", "{text::version(&instance.name, &instance.version)}" }
        }
    }
}

#[component]
fn Appearance() -> Element {
    let app = use_app();
    let word = |theme| match theme {
        Theme::System => text::theme_system(),
        Theme::Dark => text::theme_dark(),
        Theme::Light => text::theme_light(),
        Theme::Black => text::theme_black(),
    };
    let options = Theme::ALL.map(|theme| (theme.name().to_owned(), word(theme).to_owned(), String::new()));
    rsx! {
        Choice {
            name: "theme",
            label: text::theme(),
            value: app.prefs.read().theme.name(),
            options: options.to_vec(),
            on_choose: move |name: String| {
                if let Some(theme) = Theme::ALL.into_iter().find(|theme| theme.name() == name) {
                    app.set_theme(theme);
                }
            },
        }
    }
}

#[component]
fn DeviceSettings() -> Element {
    let app = use_app();
    let mut is_testing = use_signal(|| false);
    use_drop(move || app.stop_microphone_test());
    rsx! {
        Devices { id: "settings" }
        p { class: "quiet", "{text::device_hint()}" }
        Meter { id: "settings-meter" }
        Button {
            label: if is_testing() { text::stop_test() } else { text::test_microphone() },
            glyph: Glyph::Microphone,
            on_press: move |()| {
                if is_testing() {
                    app.stop_microphone_test();
                } else {
                    app.start_microphone_test();
                }
                is_testing.toggle();
            },
        }
        PushToTalk {}
        Capture {}
        CameraCodecs {}
    }
}

#[component]
fn PushToTalk() -> Element {
    let app = use_app();
    let key = app.prefs.read().talk_key.clone();
    let chooses = use_memo(move || app.voice.read().chooses_key());
    use_drop(move || app.keep_talk_key());
    rsx! {
        Switch {
            label: text::push_to_talk(),
            is_on: key.is_some(),
            on_change: move |is_on| app.set_push_to_talk(is_on),
        }
        if let Some(key) = key {
            p { class: "quiet", role: "status", "{text::push_to_talk_hint(&text::key_name(&key))}" }
            Button {
                label: if chooses() { text::talk_key_press() } else { text::talk_key_choose() },
                on_press: move |()| app.choose_talk_key(),
            }
        }
    }
}

#[component]
fn Sounds() -> Element {
    let app = use_app();
    let mut permission = use_signal(platform::notification_permission);
    let prefs = (app.prefs)();
    rsx! {
        Switch {
            label: text::sounds_enabled(),
            is_on: prefs.has_sounds,
            on_change: move |is_on| app.set_prefs(|prefs| prefs.has_sounds = is_on),
        }
        Switch {
            label: text::announce_joins(),
            is_on: prefs.announces_joins,
            on_change: move |is_on| app.set_prefs(|prefs| prefs.announces_joins = is_on),
        }
        Slider {
            label: text::sound_volume(),
            value: u16::from(prefs.sound_volume),
            most: 100,
            shown: text::volume_percent(&prefs.sound_volume),
            on_change: move |percent: u16| app.set_prefs(|prefs| prefs.sound_volume = u8::try_from(percent).unwrap_or(100)),
        }
        Button {
            label: text::play_sound(),
            glyph: Glyph::Headphones,
            on_press: move |()| {
                platform::resume_audio();
                app.sound(Sound::Join);
            },
        }
        h2 { class: "settings-part", "{text::notifications()}" }
        match permission() {
            NotifyPermission::Granted => rsx! { p { class: "quiet", "{text::notifications_on()}" } },
            NotifyPermission::Denied => rsx! { p { class: "quiet", "{text::notifications_blocked()}" } },
            NotifyPermission::NotAsked => rsx! {
                Button {
                    label: text::notifications_ask(),
                    on_press: move |()| {
                        spawn(async move {
                            let answer = platform::ask_notifications().await;
                            permission.set(answer);
                        });
                    },
                }
            },
        }
    }
}
