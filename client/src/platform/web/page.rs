use futures_channel::mpsc::UnboundedSender;
use js_sys::Reflect;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, EventTarget, HtmlElement, KeyboardEvent, VisibilityState};

use super::super::{Input, KeyPress, NotifyPermission};
use super::{document, window};

#[must_use]
pub fn path() -> String {
    window().location().pathname().unwrap_or_else(|_| "/".into())
}

pub fn push_path(path: &str) {
    if let Ok(history) = window().history() {
        let _ = history.push_state_with_url(&JsValue::NULL, "", Some(path));
    }
}

pub fn replace_path(path: &str) {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(path));
    }
}

/// Scheme, host and port of this page, for example `https://talk.example:8443`.
#[must_use]
pub fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// Whether the browser lets this page use microphone and camera.
#[must_use]
pub fn is_secure() -> bool {
    window().is_secure_context()
}

#[must_use]
pub fn is_visible() -> bool {
    document().visibility_state() == VisibilityState::Visible && document().has_focus().unwrap_or(true)
}

/// The browser and the system, for the list of sessions.
#[must_use]
pub fn device_name() -> String {
    let agent = window().navigator().user_agent().unwrap_or_default();
    let find = |names: &[(&str, &'static str)], other| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map_or(other, |(_, name)| *name)
    };
    // The order matters: most browsers also name those that came before them.
    let browser = find(
        &[("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari")],
        "Browser",
    );
    let system = find(
        &[
            ("Android", "Android"),
            ("iPhone", "iPhone"),
            ("iPad", "iPad"),
            ("Windows", "Windows"),
            ("Mac OS", "macOS"),
            ("Linux", "Linux"),
        ],
        "another system",
    );
    format!("{browser} on {system}")
}

pub fn set_title(title: &str) {
    document().set_title(title);
}

/// `dark`, `light` or `black`; empty: as the system has it.
pub fn set_theme(theme: &str) {
    if let Some(root) = document().document_element() {
        let _ = if theme.is_empty() {
            root.remove_attribute("data-theme")
        } else {
            root.set_attribute("data-theme", theme)
        };
    }
}

/// Copies a text; answers whether the browser let it.
pub async fn copy(text: String) -> bool {
    if !is_secure() {
        return false;
    }
    JsFuture::from(window().navigator().clipboard().write_text(&text)).await.is_ok()
}

/// Tells of keys, the network and the page for as long as the page lives.
pub fn listen(inputs: &UnboundedSender<Input>) {
    let window = window();
    on(&window, "popstate", inputs, Input::PathChanged);
    on(&window, "online", inputs, Input::Woken);
    on(&window, "online", inputs, Input::NetworkChanged);
    on(&window, "focus", inputs, Input::Woken);
    on(&window, "blur", inputs, Input::Blurred);
    on(&document(), "visibilitychange", inputs, Input::Woken);
    on_visibility(inputs);
    if let Ok(connection) = Reflect::get(&window.navigator(), &"connection".into())
        && let Some(connection) = connection.dyn_ref::<EventTarget>()
    {
        on_another_kind(connection, inputs);
    }
    if let Ok(devices) = window.navigator().media_devices() {
        on(&devices, "devicechange", inputs, Input::DevicesChanged);
    }
    let keys = inputs.clone();
    let on_key = Closure::<dyn FnMut(KeyboardEvent)>::new(move |event: KeyboardEvent| {
        let press = key_press(&event);
        if press.has_control && press.key == "k" {
            event.prevent_default();
        }
        let _ = keys.unbounded_send(Input::Key(press));
    });
    let _ = window.add_event_listener_with_callback("keydown", on_key.as_ref().unchecked_ref());
    on_key.forget();
    let keys = inputs.clone();
    let on_key_up = Closure::<dyn FnMut(KeyboardEvent)>::new(move |event: KeyboardEvent| {
        let _ = keys.unbounded_send(Input::KeyUp(event.code()));
    });
    let _ = window.add_event_listener_with_callback("keyup", on_key_up.as_ref().unchecked_ref());
    on_key_up.forget();
}

fn on(target: &EventTarget, name: &str, inputs: &UnboundedSender<Input>, input: Input) {
    let inputs = inputs.clone();
    let listener = Closure::<dyn FnMut(Event)>::new(move |_: Event| {
        let _ = inputs.unbounded_send(input.clone());
    });
    let _ = target.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
    listener.forget();
}

/// Tells whether the page is in sight (HTML, page visibility), when that changes.
fn on_visibility(inputs: &UnboundedSender<Input>) {
    let inputs = inputs.clone();
    let listener = Closure::<dyn FnMut()>::new(move || {
        let _ = inputs.unbounded_send(Input::InSight(!document().hidden()));
    });
    let _ = document().add_event_listener_with_callback("visibilitychange", listener.as_ref().unchecked_ref());
    listener.forget();
}

/// Tells when the machine goes over to another kind of network (W3C Network Information, `type`), where the browser knows it. The
/// same event also says that the network seems faster or slower, which is no other network.
fn on_another_kind(connection: &EventTarget, inputs: &UnboundedSender<Input>) {
    let kind =
        |connection: &EventTarget| Reflect::get(connection, &"type".into()).ok().and_then(|kind| kind.as_string());
    let (watched, inputs) = (connection.clone(), inputs.clone());
    let mut last = kind(connection);
    let listener = Closure::<dyn FnMut()>::new(move || {
        let now = kind(&watched);
        if std::mem::replace(&mut last, now.clone()) != now {
            let _ = inputs.unbounded_send(Input::NetworkChanged);
        }
    });
    let _ = connection.add_event_listener_with_callback("change", listener.as_ref().unchecked_ref());
    listener.forget();
}

fn key_press(event: &KeyboardEvent) -> KeyPress {
    let target = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    let is_typing = target.is_some_and(|target| {
        let name = target.tag_name();
        ["INPUT", "TEXTAREA", "SELECT"].contains(&name.as_str()) || target.is_content_editable()
    });
    KeyPress {
        key: if event.repeat() { "Repeat".into() } else { event.key() },
        code: event.code(),
        has_control: event.ctrl_key() || event.meta_key(),
        has_alt: event.alt_key(),
        has_shift: event.shift_key(),
        is_typing,
        is_handled: event.default_prevented(),
    }
}

fn notifications() -> Option<JsValue> {
    let class = Reflect::get(&window(), &"Notification".into()).ok()?;
    (!class.is_undefined()).then_some(class)
}

#[must_use]
pub fn notification_permission() -> NotifyPermission {
    let permission = notifications().and_then(|class| Reflect::get(&class, &"permission".into()).ok()?.as_string());
    match permission.as_deref() {
        Some("granted") => NotifyPermission::Granted,
        Some("default") => NotifyPermission::NotAsked,
        _ => NotifyPermission::Denied,
    }
}

pub async fn ask_notifications() -> NotifyPermission {
    let ask = || -> Option<js_sys::Promise> {
        let class = notifications()?;
        let function: js_sys::Function = Reflect::get(&class, &"requestPermission".into()).ok()?.dyn_into().ok()?;
        function.call0(&class).ok()?.dyn_into().ok()
    };
    if let Some(promise) = ask() {
        let _ = JsFuture::from(promise).await;
    }
    notification_permission()
}

/// Shows a notification of the system, where it is allowed. One with the same tag replaces the last one.
pub fn notify(title: &str, body: &str, tag: &str) {
    if notification_permission() != NotifyPermission::Granted {
        return;
    }
    let options = js_sys::Object::new();
    for (name, value) in [("body", body), ("tag", tag), ("icon", "/icon-192.png")] {
        let _ = Reflect::set(&options, &name.into(), &value.into());
    }
    let Some(class) = notifications().and_then(|class| class.dyn_into::<js_sys::Function>().ok()) else { return };
    let arguments = js_sys::Array::of2(&title.into(), &options);
    // Some browsers take notifications only from service workers; then there is none.
    let _ = Reflect::construct(&class, &arguments);
}

/// Whether the screen is as narrow as a phone's, where one pane is shown at a time.
#[must_use]
pub fn is_narrow() -> bool {
    window().inner_width().ok().and_then(|width| width.as_f64()).is_some_and(|width| width < 768.0)
}

/// Whether the channel list is a drawer, as between a phone and a desktop.
#[must_use]
pub fn has_drawer() -> bool {
    window().inner_width().ok().and_then(|width| width.as_f64()).is_some_and(|width| (768.0..1024.0).contains(&width))
}

/// Device pixels of one CSS pixel.
#[must_use]
pub fn pixel_ratio() -> f64 {
    window().device_pixel_ratio()
}

/// Removes what the page showed while the client was loading.
pub fn clear_page() {
    if let Some(main) = document().get_element_by_id("main") {
        main.replace_children_with_node_0();
    }
}
