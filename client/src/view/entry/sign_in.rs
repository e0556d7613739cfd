use dioxus::prelude::*;

use super::frame::{FormError, Frame};
use crate::app::{sentence, use_app};
use crate::state::Route;
use crate::text;
use crate::ui::{Button, Field, Form, Kind};

#[component]
pub(in super::super) fn SignIn() -> Element {
    let app = use_app();
    let name = app.instance.read().as_ref().map(|instance| instance.name.clone()).unwrap_or_default();
    rsx! {
        Frame { title: text::sign_in(), hint: name,
            SignInForm {
                on_done: move |()| {
                    let is_sign_in = *app.route.peek() == Route::SignIn;
                    if is_sign_in {
                        app.replace(Route::Live);
                    }
                },
            }
            p { class: "entry-foot", "{text::no_account()}" }
        }
    }
}

#[component]
pub(super) fn SignInForm(on_done: EventHandler<()>) -> Element {
    let app = use_app();
    let mut username = use_signal(String::new);
    let mut password = use_signal(String::new);
    let mut error = use_signal(String::new);
    let mut is_busy = use_signal(|| false);
    let submit = move |()| {
        if username.peek().is_empty() || password.peek().is_empty() {
            error.set(text::field_empty().to_owned());
            return;
        }
        is_busy.set(true);
        spawn(async move {
            let answer = app.sign_in(username().trim().to_lowercase(), password()).await;
            is_busy.set(false);
            match answer {
                Ok(()) => on_done.call(()),
                Err(failure) => error.set(sentence(&failure)),
            }
        });
    };
    rsx! {
        Form { is_busy, on_submit: submit,
            FormError { message: error() }
            Field {
                id: "username",
                label: text::username(),
                value: username(),
                autocomplete: "username",
                has_focus: true,
                on_input: move |text| username.set(text),
            }
            Field {
                id: "password",
                label: text::password(),
                value: password(),
                autocomplete: "current-password",
                secret: (text::show_password().to_owned(), text::hide_password().to_owned()),
                on_input: move |text| password.set(text),
            }
            Button { label: text::sign_in(), kind: Kind::Primary, is_submit: true, is_busy: is_busy() }
        }
    }
}
