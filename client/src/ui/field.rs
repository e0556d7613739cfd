//! Things to fill in and to choose from.

use dioxus::prelude::*;

use super::{Glyph, IconButton};

/// One line of text, with its label above and what is wrong with it below.
#[component]
pub fn Field(
    id: &'static str,
    label: String,
    value: String,
    #[props(default)] hint: String,
    #[props(default)] error: String,
    #[props(default)] placeholder: String,
    #[props(default)] autocomplete: &'static str,
    #[props(default)] has_focus: bool,
    /// What reveals and hides a secret; none: the text is no secret.
    #[props(default)]
    secret: Option<(String, String)>,
    on_input: EventHandler<String>,
) -> Element {
    let mut is_revealed = use_signal(|| false);
    let is_hidden = secret.is_some() && !is_revealed();
    let described = if !error.is_empty() {
        Some(format!("{id}-error"))
    } else if hint.is_empty() {
        None
    } else {
        Some(format!("{id}-hint"))
    };
    rsx! {
        div { class: "field", "data-invalid": !error.is_empty(),
            label { r#for: id, "{label}" }
            div { class: "field-box",
                input {
                    id,
                    r#type: if is_hidden { "password" } else { "text" },
                    value: "{value}",
                    placeholder: "{placeholder}",
                    autocomplete,
                    spellcheck: "false",
                    autocapitalize: "off",
                    "aria-invalid": !error.is_empty(),
                    "aria-describedby": described,
                    onmounted: move |_| {
                        if has_focus {
                            crate::platform::focus(id);
                        }
                    },
                    oninput: move |event| on_input.call(event.value()),
                }
                if let Some((show, hide)) = secret {
                    IconButton {
                        label: if is_hidden { show } else { hide },
                        glyph: if is_hidden { Glyph::Eye } else { Glyph::EyeOff },
                        on_press: move |()| is_revealed.toggle(),
                    }
                }
            }
            if !error.is_empty() {
                p { id: "{id}-error", class: "field-error", role: "alert", "{error}" }
            } else if !hint.is_empty() {
                p { id: "{id}-hint", class: "field-hint", "{hint}" }
            }
        }
    }
}

/// One of several options in a list that drops down. Options are value and word.
#[component]
pub fn Select(
    id: &'static str,
    label: String,
    value: String,
    options: Vec<(String, String)>,
    on_choose: EventHandler<String>,
) -> Element {
    rsx! {
        div { class: "field",
            label { r#for: id, "{label}" }
            div { class: "field-box",
                select { id, onchange: move |event| on_choose.call(event.value()),
                    for (option , word) in options {
                        option { key: "{option}", selected: option == value, value: "{option}", "{word}" }
                    }
                }
            }
        }
    }
}

/// One of a few options, all in sight. Options are value, word and hint.
#[component]
pub fn Choice(
    name: &'static str,
    label: String,
    value: String,
    options: Vec<(String, String, String)>,
    on_choose: EventHandler<String>,
) -> Element {
    rsx! {
        fieldset { class: "choice",
            legend { "{label}" }
            for (option , word , hint) in options {
                label { key: "{option}", class: "choice-option",
                    input {
                        r#type: "radio",
                        name,
                        value: "{option}",
                        checked: option == value,
                        onchange: {
                            let option = option.clone();
                            move |_| on_choose.call(option.clone())
                        },
                    }
                    span { class: "choice-word", "{word}" }
                    if !hint.is_empty() {
                        span { class: "choice-hint", "{hint}" }
                    }
                }
            }
        }
    }
}

/// On or off.
#[component]
pub fn Switch(label: String, is_on: bool, on_change: EventHandler<bool>) -> Element {
    rsx! {
        label { class: "switch",
            input {
                r#type: "checkbox",
                role: "switch",
                checked: is_on,
                onchange: move |event| on_change.call(event.checked()),
            }
            span { class: "switch-track", "aria-hidden": "true" }
            span { "{label}" }
        }
    }
}

/// A number within bounds.
#[component]
pub fn Slider(label: String, value: u16, most: u16, shown: String, on_change: EventHandler<u16>) -> Element {
    rsx! {
        label { class: "slider",
            span { class: "slider-label",
                span { "{label}" }
                output { "{shown}" }
            }
            input {
                r#type: "range",
                min: "0",
                max: "{most}",
                step: "5",
                value: "{value}",
                "aria-label": "{label}",
                "aria-valuetext": "{shown}",
                oninput: move |event| {
                    if let Ok(value) = event.value().parse() {
                        on_change.call(value);
                    }
                },
            }
        }
    }
}
