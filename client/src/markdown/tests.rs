use proptest::prelude::*;

use super::{Block, Inline, parse, plain};

fn text(text: &str) -> Inline {
    Inline::Text(text.into())
}
fn inlines(source: &str) -> Vec<Inline> {
    match parse(source).into_iter().next() {
        Some(Block::Paragraph(inlines)) => inlines,
        other => panic!("{source:?} is {other:?}"),
    }
}
fn link(href: &str, label: &str) -> Inline {
    Inline::Link { href: href.into(), children: vec![text(label)] }
}

#[test]
fn emphasis_nests_and_code_is_literal() {
    assert_eq!(
        inlines("a **b *c*** ~~d~~ `*e*`"),
        [
            text("a "),
            Inline::Bold(vec![text("b "), Inline::Italic(vec![text("c")])]),
            text(" "),
            Inline::Strike(vec![text("d")]),
            text(" "),
            Inline::Code("*e*".into()),
        ]
    );
}

#[test]
fn lonely_marks_and_snake_case_stay_as_typed() {
    for source in ["2 * 3 * 4", "snake_case_name", "**", "~~a", "a ` b", "** a **"] {
        assert_eq!(inlines(source), [text(source)], "{source}");
    }
}

#[test]
fn only_known_schemes_become_links() {
    assert_eq!(
        inlines("see https://a.b/c_(d)."),
        [text("see "), link("https://a.b/c_(d)", "https://a.b/c_(d)"), text(".")]
    );
    assert_eq!(inlines("(https://a.b)"), [text("("), link("https://a.b", "https://a.b"), text(")")]);
    assert_eq!(inlines("[x](https://a.b)"), [link("https://a.b", "x")]);
    for source in ["[x](javascript:alert)", "javascript:alert", "data:text/html,x", "https://"] {
        assert_eq!(inlines(source), [text(source)], "{source}");
    }
}

#[test]
fn a_label_cannot_hold_another_link() {
    assert_eq!(inlines("[https://good](https://evil)"), [link("https://evil", "https://good")]);
}

#[test]
fn a_code_block_keeps_its_text_and_language() {
    let code = |language: &str, text: &str| Block::Code { language: language.into(), text: text.into() };
    assert_eq!(parse("```rust\nfn a() {}\n\n# b\n```\nafter")[0], code("rust", "fn a() {}\n\n# b"));
    assert_eq!(parse("```\nopen"), [code("", "open")]);
}

#[test]
fn quotes_lists_and_headings_nest() {
    let blocks = parse("# Title\n> a\n> - b\n\n1. one\n2. two\n  - deep");
    assert!(matches!(&blocks[0], Block::Heading(1, _)));
    assert!(matches!(&blocks[1], Block::Quote(inner) if inner.len() == 2));
    let Block::List { start: Some(1), items } = &blocks[2] else { panic!("no list: {blocks:?}") };
    assert!(matches!(items[1].as_slice(), [Block::Paragraph(_), Block::List { start: None, .. }]));
}

#[test]
fn line_ends_are_kept() {
    assert_eq!(inlines("a\nb"), [text("a"), Inline::Break, text("b")]);
}

#[test]
fn previews_lose_the_marks() {
    assert_eq!(plain("**a** [b](https://c)\n> d"), "a b d");
}

#[test]
fn hostile_nesting_is_read_quickly() {
    for source in [
        "*".repeat(4000),
        ">".repeat(4000),
        "- ".repeat(2000),
        "[".repeat(4000),
        "**a*".repeat(1000),
        "`a``".repeat(1000),
    ] {
        let began = std::time::Instant::now();
        let _ = parse(&source);
        assert!(began.elapsed().as_secs() < 2, "{} took {:?}", &source[..8], began.elapsed());
    }
}

fn words(blocks: &[Block]) -> String {
    let mut out = String::new();
    super::plain_blocks(blocks, &mut out);
    out.chars().filter(|c| c.is_alphanumeric()).collect()
}

proptest! {
    #[test]
    fn any_text_is_read(source in ".{0,200}") {
        let _ = parse(&source);
    }

    #[test]
    fn no_letter_is_lost(source in "[a-z *_~`>#\\-\n]{0,80}") {
        prop_assume!(!source.contains("```") && !source.contains("~~~"));
        let letters: String = source.chars().filter(|c| c.is_alphanumeric()).collect();
        prop_assert_eq!(words(&parse(&source)), letters);
    }

    #[test]
    fn links_lead_only_to_known_schemes(source in "[\\[\\]()a-z:/.*_ ]{0,60}(https|javascript|mailto):[a-z/().]{0,20}[\\])]{0,2}") {
        fn check(inlines: &[Inline]) -> bool {
            inlines.iter().all(|inline| match inline {
                Inline::Link { href, children } => {
                    ["http://", "https://", "mailto:"].iter().any(|scheme| href.starts_with(scheme)) && check(children)
                }
                Inline::Bold(inner) | Inline::Italic(inner) | Inline::Strike(inner) => check(inner),
                Inline::Text(_) | Inline::Break | Inline::Code(_) => true,
            })
        }
        for block in parse(&source) {
            if let Block::Paragraph(inlines) = block {
                prop_assert!(check(&inlines), "{:?}", inlines);
            }
        }
    }
}
