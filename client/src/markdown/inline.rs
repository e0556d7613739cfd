//! Marks within a line of text.

use super::{DEPTH, Inline};

const MARKS: [&str; 5] = ["**", "__", "~~", "*", "_"];
const SCHEMES: [&str; 3] = ["https://", "http://", "mailto:"];

pub(super) fn parse(text: &str, depth: usize) -> Vec<Inline> {
    let mut reader =
        Reader { text, at: 0, plain: String::new(), out: Vec::new(), depth, hopeless: [false; MARKS.len()] };
    while reader.at < text.len() {
        reader.step();
    }
    reader.flush();
    reader.out
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Read, but not yet part of `out`.
    plain: String,
    out: Vec<Inline>,
    depth: usize,
    /// Marks for which the rest of the text holds no closing one, so that the search is not repeated.
    hopeless: [bool; MARKS.len()],
}

impl Reader<'_> {
    fn step(&mut self) {
        let rest = &self.text[self.at..];
        let taken = match rest.as_bytes()[0] {
            b'\\' => self.escape(),
            b'`' => self.code(),
            b'\n' => self.push(1, Inline::Break),
            b'[' => self.link(),
            b'h' | b'm' => self.address(),
            b'*' | b'_' | b'~' => self.mark(),
            _ => false,
        };
        if !taken && let Some(c) = rest.chars().next() {
            self.plain.push(c);
            self.at += c.len_utf8();
        }
    }

    fn flush(&mut self) {
        if !self.plain.is_empty() {
            self.out.push(Inline::Text(std::mem::take(&mut self.plain)));
        }
    }

    fn push(&mut self, length: usize, inline: Inline) -> bool {
        self.flush();
        self.out.push(inline);
        self.at += length;
        true
    }

    fn before(&self) -> Option<char> {
        self.text[..self.at].chars().next_back()
    }

    fn escape(&mut self) -> bool {
        let escaped = self.text[self.at + 1..].chars().next().filter(char::is_ascii_punctuation);
        if let Some(c) = escaped {
            self.plain.push(c);
            self.at += 2;
        }
        escaped.is_some()
    }

    fn code(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let length = rest.len() - rest.trim_start_matches('`').len();
        let Some(end) = closing_ticks(&rest[length..], length) else {
            self.plain.push_str(&rest[..length]);
            self.at += length;
            return true;
        };
        let inside = &rest[length..length + end];
        let trimmed =
            inside.strip_prefix(' ').and_then(|inner| inner.strip_suffix(' ')).filter(|inner| !inner.trim().is_empty());
        let code = trimmed.unwrap_or(inside).replace('\n', " ");
        self.push(length + end + length, Inline::Code(code))
    }

    fn link(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let Some(middle) = rest.find("](") else { return false };
        let Some(end) = rest[middle..].find(')').map(|end| middle + end) else { return false };
        let (label, href) = (&rest[1..middle], &rest[middle + 2..end]);
        let is_plain = !label.is_empty() && !label.contains(['[', '\n']) && !href.contains(char::is_whitespace);
        if self.depth >= DEPTH || !is_plain || !is_address(href) {
            return false;
        }
        // A label that is itself an address could lie about where the link leads; it is shown without a link in it.
        let children = unlinked(parse(label, self.depth + 1));
        self.push(end + 1, Inline::Link { href: href.to_owned(), children })
    }

    fn address(&mut self) -> bool {
        if self.before().is_some_and(char::is_alphanumeric) {
            return false;
        }
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| c.is_whitespace() || "<>\"`".contains(c)).unwrap_or(rest.len());
        let href = trimmed(&rest[..length]);
        if !is_address(href) {
            return false;
        }
        let text = href.strip_prefix("mailto:").unwrap_or(href).to_owned();
        self.push(href.len(), Inline::Link { href: href.to_owned(), children: vec![Inline::Text(text)] })
    }

    fn mark(&mut self) -> bool {
        let rest = &self.text[self.at..];
        if self.depth >= DEPTH {
            return false;
        }
        for (number, mark) in MARKS.iter().enumerate() {
            let opens = rest.starts_with(mark)
                && !self.hopeless[number]
                && rest[mark.len()..].chars().next().is_some_and(|c| !c.is_whitespace())
                && !(mark.starts_with('_') && self.before().is_some_and(char::is_alphanumeric));
            if !opens {
                continue;
            }
            let Some(length) = closing(&rest[mark.len()..], mark) else {
                self.hopeless[number] = true;
                continue;
            };
            let children = parse(&rest[mark.len()..mark.len() + length], self.depth + 1);
            let inline = match *mark {
                "**" | "__" => Inline::Bold(children),
                "~~" => Inline::Strike(children),
                _ => Inline::Italic(children),
            };
            return self.push(length + 2 * mark.len(), inline);
        }
        false
    }
}

fn closing_ticks(text: &str, length: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let run = text[start..].len() - text[start..].trim_start_matches('`').len();
        if run == length {
            return (start > 0).then_some(start);
        }
        at = start + run;
    }
    None
}

/// Where a mark closes: not empty, not after white space, not inside a code span.
fn closing(text: &str, mark: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let single = mark.len() == 1;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'\\' {
            at += 2;
            continue;
        }
        if bytes[at] == b'`' {
            let run = bytes[at..].iter().take_while(|byte| **byte == b'`').count();
            at += run + closing_ticks(text.get(at + run..)?, run).map_or(0, |inside| inside + run);
            continue;
        }
        if bytes[at..].starts_with(mark.as_bytes()) {
            let run = bytes[at..].iter().take_while(|byte| **byte == mark.as_bytes()[0]).count();
            let follows = text[at + run..].chars().next();
            let is_misplaced = at == 0 || bytes[at - 1].is_ascii_whitespace() || (single && run == 2);
            let is_inside_word = mark.starts_with('_') && follows.is_some_and(char::is_alphanumeric);
            let closes = !is_misplaced && !is_inside_word;
            if closes {
                return Some(at + run - mark.len());
            }
            at += run;
            continue;
        }
        at += 1;
    }
    None
}

fn is_address(href: &str) -> bool {
    SCHEMES.iter().any(|scheme| href.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
        && !href.contains(|c: char| c.is_control() || c.is_whitespace())
}

/// Without the punctuation that belongs to the sentence around an address.
fn trimmed(mut href: &str) -> &str {
    loop {
        let Some(last) = href.chars().next_back() else { return href };
        let is_unbalanced = last == ')' && href.matches(')').count() > href.matches('(').count();
        if ".,:;!?'*_~]".contains(last) || is_unbalanced {
            href = &href[..href.len() - last.len_utf8()];
        } else {
            return href;
        }
    }
}

fn unlinked(inlines: Vec<Inline>) -> Vec<Inline> {
    let flatten = |inline| match inline {
        Inline::Link { children, .. } => unlinked(children),
        Inline::Bold(children) => vec![Inline::Bold(unlinked(children))],
        Inline::Italic(children) => vec![Inline::Italic(unlinked(children))],
        Inline::Strike(children) => vec![Inline::Strike(unlinked(children))],
        Inline::Text(_) | Inline::Break | Inline::Code(_) => vec![inline],
    };
    inlines.into_iter().flat_map(flatten).collect()
}
