use dioxus::prelude::*;

use crate::app::use_app;
use crate::markdown::{Block, Inline, parse};
use crate::text;
use crate::ui::{Glyph, IconButton};

/// A message's text. It is drawn from a tree; nothing in it is ever taken for HTML.
#[component]
pub(super) fn Content(source: String, #[props(default)] is_edited: bool) -> Element {
    let blocks = use_memo(use_reactive!(|(source,)| parse(&source)));
    rsx! {
        div { class: "markdown",
            Blocks { blocks: blocks() }
            if is_edited {
                span { class: "edited", "({text::edited()})" }
            }
        }
    }
}

#[component]
fn Blocks(blocks: Vec<Block>) -> Element {
    rsx! {
        for (index , block) in blocks.into_iter().enumerate() {
            BlockView { key: "{index}", block }
        }
    }
}

#[component]
fn BlockView(block: Block) -> Element {
    match block {
        Block::Paragraph(inlines) => rsx! { p { Inlines { inlines } } },
        Block::Heading(1, inlines) => {
            rsx! { p { class: "h1", role: "heading", "aria-level": "3", Inlines { inlines } } }
        }
        Block::Heading(level, inlines) => rsx! {
            p { class: "h2", role: "heading", "aria-level": "{level + 2}", Inlines { inlines } }
        },
        Block::Quote(blocks) => rsx! { blockquote { Blocks { blocks } } },
        Block::Code { language, text } => rsx! { CodeBlock { language, code: text } },
        Block::List { start: Some(start), items } => rsx! { ol { start: "{start}", Items { items } } },
        Block::List { start: None, items } => rsx! { ul { Items { items } } },
    }
}

#[component]
fn Items(items: Vec<Vec<Block>>) -> Element {
    rsx! {
        for (index , blocks) in items.into_iter().enumerate() {
            li { key: "{index}", Blocks { blocks } }
        }
    }
}

#[component]
fn CodeBlock(language: String, code: String) -> Element {
    let app = use_app();
    let copied = code.clone();
    rsx! {
        figure { class: "code-block",
            figcaption {
                span { "{language}" }
                IconButton { label: text::code_copy(), glyph: Glyph::Copy, on_press: move |()| app.copy(copied.clone()) }
            }
            pre { tabindex: "0", code { "{code}" } }
        }
    }
}

#[component]
fn Inlines(inlines: Vec<Inline>) -> Element {
    rsx! {
        for (index , inline) in inlines.into_iter().enumerate() {
            InlineView { key: "{index}", inline }
        }
    }
}

#[component]
fn InlineView(inline: Inline) -> Element {
    match inline {
        Inline::Text(text) => rsx! { "{text}" },
        Inline::Break => rsx! { br {} },
        Inline::Code(text) => rsx! { code { "{text}" } },
        Inline::Bold(inlines) => rsx! { strong { Inlines { inlines } } },
        Inline::Italic(inlines) => rsx! { em { Inlines { inlines } } },
        Inline::Strike(inlines) => rsx! { s { Inlines { inlines } } },
        Inline::Link { href, children } => rsx! {
            a { href: "{href}", target: "_blank", rel: "noopener noreferrer nofollow", Inlines { inlines: children } }
        },
    }
}
