use dioxus::prelude::*;
use protocol::account::Transport;
use protocol::limits;
use protocol::name::{self, Invalid};
use protocol::request::account::NewAccount;

use super::frame::FormError;
use crate::app::sentence;
use crate::net::Failure;
use crate::platform;
use crate::text;
use crate::ui::{Button, Field, Form, Kind};

/// What is wrong with a text, for the one who typed it.
pub(in super::super) fn complaint(invalid: Invalid) -> String {
    match invalid {
        Invalid::Empty => text::field_empty().to_owned(),
        Invalid::TooLong(most) => text::field_too_long(&most),
        Invalid::TooShort(least) => text::field_too_short(&least),
        Invalid::Characters => text::field_username().to_owned(),
        Invalid::Control => text::field_control().to_owned(),
    }
}

#[derive(Clone, Default, PartialEq)]
struct Errors {
    username: String,
    display_name: String,
    password: String,
    form: String,
}

impl Errors {
    fn of(account: &NewAccount) -> Self {
        let said = |result: Result<(), Invalid>| result.err().map(complaint).unwrap_or_default();
        Self {
            username: said(name::username(&account.username)),
            display_name: said(account.display_name.as_deref().map_or(Ok(()), |name| name::title(name).map(|_| ()))),
            password: said(name::password(&account.password)),
            form: String::new(),
        }
    }

    fn from_server(failure: &Failure) -> Self {
        let mut errors = Self::default();
        let field = match failure {
            Failure::Refused(body) => body.field.clone().unwrap_or_default(),
            Failure::Offline | Failure::Unreadable => String::new(),
        };
        let place = match field.as_str() {
            "username" => &mut errors.username,
            "display_name" => &mut errors.display_name,
            "password" => &mut errors.password,
            _ => &mut errors.form,
        };
        *place = sentence(failure);
        errors
    }
}

/// The form's answer, on its way.
pub(super) type Submitted = std::pin::Pin<Box<dyn Future<Output = Result<(), Failure>>>>;

/// The form for a new account. `on_submit` carries it out.
#[component]
pub(super) fn AccountForm(on_submit: Callback<NewAccount, Submitted>) -> Element {
    let mut username = use_signal(String::new);
    let mut display_name = use_signal(String::new);
    let mut password = use_signal(String::new);
    let mut errors = use_signal(Errors::default);
    let mut is_busy = use_signal(|| false);
    let submit = move |()| {
        let shown = display_name();
        let account = NewAccount {
            username: username(),
            password: password(),
            display_name: Some(shown.trim().to_owned()).filter(|name| !name.is_empty()),
            device: platform::device_name(),
            transport: Transport::Cookie,
        };
        errors.set(Errors::of(&account));
        if *errors.peek() != Errors::default() {
            return;
        }
        is_busy.set(true);
        spawn(async move {
            let answer = on_submit.call(account).await;
            is_busy.set(false);
            if let Err(failure) = answer {
                errors.set(Errors::from_server(&failure));
            }
        });
    };
    let wrong = errors();
    rsx! {
        Form { is_busy, on_submit: submit,
            FormError { message: wrong.form }
            Field {
                id: "username",
                label: text::username(),
                value: username(),
                hint: text::username_hint(),
                error: wrong.username,
                autocomplete: "username",
                has_focus: true,
                on_input: move |text: String| username.set(text.to_lowercase()),
            }
            Field {
                id: "display-name",
                label: text::display_name(),
                value: display_name(),
                hint: text::display_name_hint(),
                error: wrong.display_name,
                autocomplete: "nickname",
                on_input: move |text| display_name.set(text),
            }
            Field {
                id: "password",
                label: text::password(),
                value: password(),
                hint: text::password_hint(&limits::PASSWORD_MIN_CHARS),
                error: wrong.password,
                autocomplete: "new-password",
                secret: (text::show_password().to_owned(), text::hide_password().to_owned()),
                on_input: move |text| password.set(text),
            }
            Button { label: text::create_account(), kind: Kind::Primary, is_submit: true, is_busy: is_busy() }
        }
    }
}
