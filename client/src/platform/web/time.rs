use protocol::time::Timestamp;
use wasm_bindgen_futures::JsFuture;

use super::super::LocalTime;

/// The wall clock.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit")]
pub fn now() -> Timestamp {
    Timestamp(js_sys::Date::now() as i64)
}

/// Milliseconds of a clock that never goes back.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds since the page was opened")]
pub fn ticks() -> u64 {
    super::window().performance().map_or(0.0, |performance| performance.now()) as u64
}

pub async fn sleep(ms: i32) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        // A page that goes away refuses timers; then nobody waits any more.
        let _ = super::window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms);
    });
    let _ = JsFuture::from(promise).await;
}

/// Waits until the browser is about to draw.
pub async fn next_frame() {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        // A page that goes away draws no more; then nobody waits any more.
        let _ = super::window().request_animation_frame(&resolve);
    });
    let _ = JsFuture::from(promise).await;
}

#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "52 random bits")]
pub fn random() -> u64 {
    (js_sys::Math::random() * 4_503_599_627_370_496.0) as u64
}

fn date(at: Timestamp) -> js_sys::Date {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
    js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(at.0 as f64))
}

#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "hours and minutes are small, and so is an offset from UTC")]
pub fn local_time(at: Timestamp) -> LocalTime {
    let date = date(at);
    let local_ms = at.0 - date.get_timezone_offset() as i64 * 60_000;
    LocalTime {
        day_number: local_ms.div_euclid(86_400_000),
        hour: date.get_hours() as u8,
        minute: date.get_minutes() as u8,
    }
}

/// The date as the browser's language writes it.
#[must_use]
pub fn local_date(at: Timestamp) -> String {
    let options = js_sys::Object::new();
    for (name, value) in [("weekday", "long"), ("day", "numeric"), ("month", "long"), ("year", "numeric")] {
        // Setting a field of a fresh object cannot fail.
        let _ = js_sys::Reflect::set(&options, &name.into(), &value.into());
    }
    date(at).to_locale_date_string("en", &options).into()
}
