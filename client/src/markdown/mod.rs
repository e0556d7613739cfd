//! The text of a message as a tree. Any text has one; none of it is ever HTML.

mod block;
mod inline;

/// Nesting deeper than this stays plain text.
const DEPTH: usize = 8;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    Paragraph(Vec<Inline>),
    /// Level 1 to 3.
    Heading(u8, Vec<Inline>),
    Quote(Vec<Block>),
    Code {
        language: String,
        text: String,
    },
    /// `start`: the number of the first item of an ordered list.
    List {
        start: Option<u64>,
        items: Vec<Vec<Block>>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inline {
    Text(String),
    Break,
    Code(String),
    Bold(Vec<Inline>),
    Italic(Vec<Inline>),
    Strike(Vec<Inline>),
    /// `href` begins with `http://`, `https://` or `mailto:`.
    Link {
        href: String,
        children: Vec<Inline>,
    },
}

/// Reads a message's text.
#[must_use]
pub fn parse(text: &str) -> Vec<Block> {
    block::parse(text, 0)
}

/// The text without its marks, on one line, for previews and notifications.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut out = String::new();
    plain_blocks(&parse(text), &mut out);
    out
}

fn plain_blocks(blocks: &[Block], out: &mut String) {
    for block in blocks {
        if !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
        match block {
            Block::Paragraph(inlines) | Block::Heading(_, inlines) => plain_inlines(inlines, out),
            Block::Quote(blocks) => plain_blocks(blocks, out),
            Block::Code { text, .. } => out.push_str(text),
            Block::List { items, .. } => items.iter().for_each(|item| plain_blocks(item, out)),
        }
    }
}

fn plain_inlines(inlines: &[Inline], out: &mut String) {
    for inline in inlines {
        match inline {
            Inline::Text(text) | Inline::Code(text) => out.push_str(text),
            Inline::Break => out.push(' '),
            Inline::Bold(children) | Inline::Italic(children) | Inline::Strike(children) => {
                plain_inlines(children, out)
            }
            Inline::Link { children, .. } => plain_inlines(children, out),
        }
    }
}

#[cfg(test)]
mod tests;
