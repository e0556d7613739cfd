//! Paragraphs, headings, quotes, lists and code blocks.

use super::{Block, DEPTH, Inline, inline};

pub(super) fn parse(text: &str, depth: usize) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().collect();
    if depth >= DEPTH {
        return vec![Block::Paragraph(vec![Inline::Text(text.to_owned())])];
    }
    let mut blocks = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        if line.trim().is_empty() {
            at += 1;
        } else if let Some(fence) = Fence::open(line) {
            at = code(&lines, at, &fence, &mut blocks);
        } else if let Some((level, text)) = heading(line) {
            blocks.push(Block::Heading(level, inline::parse(text, depth)));
            at += 1;
        } else if quoted(line).is_some() {
            at = quote(&lines, at, depth, &mut blocks);
        } else if item(line).is_some() {
            at = list(&lines, at, depth, &mut blocks);
        } else {
            at = paragraph(&lines, at, depth, &mut blocks);
        }
    }
    blocks
}

struct Fence<'a> {
    mark: char,
    length: usize,
    language: &'a str,
}

impl<'a> Fence<'a> {
    fn open(line: &'a str) -> Option<Self> {
        let text = line.trim_start();
        let mark = text.chars().next().filter(|mark| ['`', '~'].contains(mark))?;
        let rest = text.trim_start_matches(mark);
        let length = text.len() - rest.len();
        let language = rest.trim();
        // A back-quote after the marks means an inline code span.
        (length >= 3 && !language.contains(mark)).then_some(Self { mark, length, language })
    }

    fn closes(&self, line: &str) -> bool {
        let text = line.trim();
        text.len() >= self.length && text.chars().all(|c| c == self.mark)
    }
}

fn code(lines: &[&str], start: usize, fence: &Fence<'_>, blocks: &mut Vec<Block>) -> usize {
    let body = &lines[start + 1..];
    let length = body.iter().position(|line| fence.closes(line)).unwrap_or(body.len());
    let language = fence.language.split_whitespace().next().unwrap_or_default();
    let language: String = language.chars().filter(|c| c.is_alphanumeric() || "+-#._".contains(*c)).take(24).collect();
    blocks.push(Block::Code { language, text: body[..length].join("\n") });
    start + length + 2
}

fn heading(line: &str) -> Option<(u8, &str)> {
    let rest = line.trim_start_matches('#');
    let level = u8::try_from(line.len() - rest.len()).ok().filter(|level| (1..=3).contains(level))?;
    let text = rest.strip_prefix(' ')?.trim();
    (!text.is_empty()).then_some((level, text))
}

fn quoted(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('>')?;
    Some(rest.strip_prefix(' ').unwrap_or(rest))
}

fn quote(lines: &[&str], start: usize, depth: usize, blocks: &mut Vec<Block>) -> usize {
    let inside: Vec<&str> = lines[start..].iter().map_while(|line| quoted(line)).collect();
    blocks.push(Block::Quote(parse(&inside.join("\n"), depth + 1)));
    start + inside.len()
}

/// The number of an ordered item, and what stands behind the mark.
fn item(line: &str) -> Option<(Option<u64>, &str)> {
    if let Some(rest) = ["- ", "* ", "+ "].iter().find_map(|mark| line.strip_prefix(mark)) {
        return Some((None, rest));
    }
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number = line[..digits].parse().ok().filter(|_| digits <= 9)?;
    let rest = line[digits..].strip_prefix(". ").or_else(|| line[digits..].strip_prefix(") "))?;
    Some((Some(number), rest))
}

fn list(lines: &[&str], start: usize, depth: usize, blocks: &mut Vec<Block>) -> usize {
    let first = item(lines[start]).and_then(|(number, _)| number);
    let mut items: Vec<Vec<&str>> = Vec::new();
    let mut at = start;
    while let Some(line) = lines.get(at) {
        if let Some((number, text)) = item(line).filter(|(number, _)| number.is_some() == first.is_some()) {
            let _: Option<u64> = number;
            items.push(vec![text]);
        } else if let (Some(text), Some(item)) = (indented(line), items.last_mut()) {
            item.push(text);
        } else {
            break;
        }
        at += 1;
    }
    let items = items.iter().map(|lines| parse(&lines.join("\n"), depth + 1)).collect();
    blocks.push(Block::List { start: first, items });
    at
}

fn indented(line: &str) -> Option<&str> {
    line.strip_prefix("    ").or_else(|| line.strip_prefix("  ")).or_else(|| line.strip_prefix('\t'))
}

fn paragraph(lines: &[&str], start: usize, depth: usize, blocks: &mut Vec<Block>) -> usize {
    let begins = |line: &str| {
        line.trim().is_empty()
            || Fence::open(line).is_some()
            || heading(line).is_some()
            || quoted(line).is_some()
            || item(line).is_some()
    };
    let length = lines[start + 1..].iter().position(|line| begins(line)).map_or(lines.len() - start, |more| more + 1);
    blocks.push(Block::Paragraph(inline::parse(&lines[start..start + length].join("\n"), depth)));
    start + length
}
