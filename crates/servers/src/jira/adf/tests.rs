use super::{from_markdown, plain_text};
use serde_json::{Value, json};

/// A terse rendering: `paragraph(strong"bold" " rest")`, attributes in `[...]`.
fn terse(node: &Value) -> String {
    let kind = node["type"].as_str().unwrap();
    if kind == "text" {
        let marks: String = node["marks"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|mark| match mark["attrs"]["href"].as_str() {
                Some(href) => format!("link<{href}>"),
                None => mark["type"].as_str().unwrap().to_owned(),
            })
            .map(|mark| mark + " ")
            .collect();
        return format!("{marks}{}", node["text"]);
    }
    let attrs = node.get("attrs").map(Value::to_string).unwrap_or_default();
    let children: Vec<String> = node["content"].as_array().into_iter().flatten().map(terse).collect();
    format!("{kind}{attrs}({})", children.join(" "))
}

fn check(markdown: &str, expected: &[&str]) {
    let document = from_markdown(markdown);
    assert_eq!(document["version"], 1);
    let blocks: Vec<String> = document["content"].as_array().unwrap().iter().map(terse).collect();
    assert_eq!(blocks, expected, "for {markdown:?}");
}

#[test]
fn paragraphs_and_marks() {
    check("", &["paragraph()"]);
    check(
        "Hello **bold *both*** ~~gone~~ `code`\nnext",
        &[concat!(
            r#"paragraph("Hello " strong "bold " strong em "both" " " strike "gone" " " "#,
            r#"code "code" hardBreak() "next")"#
        )],
    );
    check("one  \ntwo", &[r#"paragraph("one" hardBreak() "two")"#]);
    check("**a `b` c**", &[r#"paragraph(strong "a " code "b" strong " c")"#]);
}

#[test]
fn every_line_stays_a_line() {
    check(
        "Error: 402\nOrder: 4711\n\n- **a\n  b**\n\n> c\n> d",
        &[
            r#"paragraph("Error: 402" hardBreak() "Order: 4711")"#,
            r#"bulletList(listItem(paragraph(strong "a" hardBreak() strong "b")))"#,
            r#"blockquote(paragraph("c" hardBreak() "d"))"#,
        ],
    );
    check(
        "<pre>\nat line 1\nat line 2\n</pre>\n",
        &[r#"paragraph("<pre>" hardBreak() "at line 1" hardBreak() "at line 2" hardBreak() "</pre>")"#],
    );
    check("Title\nof two lines\n=====", &[r#"heading{"level":1}("Title" hardBreak() "of two lines")"#]);
    assert_eq!(plain_text(&from_markdown("one\ntwo\n\nthree\n")), "one\ntwo\nthree");
}

#[test]
fn links_keep_safe_targets_only() {
    check(
        "[docs](https://x.test/a?b=1) ![shot](http://x.test/s.png) <mailto:a@x.test>",
        &[concat!(
            r#"paragraph(link<https://x.test/a?b=1> "docs" " " link<http://x.test/s.png> "shot" " " "#,
            r#"link<mailto:a@x.test> "mailto:a@x.test")"#
        )],
    );
    check("[a](javascript:alert(1)) [b](/path)", &[r#"paragraph("a" " " "b")"#]);
}

#[test]
fn headings_rules_code_and_html() {
    check(
        "# Title\n\n---\n\n```rust\nfn a() {}\n\nb\n```\n\n    indented\n",
        &[
            r#"heading{"level":1}("Title")"#,
            "rule()",
            r#"codeBlock{"language":"rust"}("fn a() {}\n\nb")"#,
            r#"codeBlock("indented")"#,
        ],
    );
    check("```\n```", &["codeBlock()"]);
    check("<b>x</b>", &[r#"paragraph("<b>" "x" "</b>")"#]);
}

#[test]
fn lists_tight_loose_and_nested() {
    check(
        "- a\n  - b\n- c",
        &[concat!(
            r#"bulletList(listItem(paragraph("a") bulletList(listItem(paragraph("b")))) "#,
            r#"listItem(paragraph("c")))"#
        )],
    );
    check(
        "3. a\n\n   more\n4. # head\n",
        &[concat!(
            r#"orderedList{"order":3}(listItem(paragraph("a") paragraph("more")) "#,
            r#"listItem(paragraph(strong "head")))"#
        )],
    );
    check("- - x", &[r#"bulletList(listItem(paragraph() bulletList(listItem(paragraph("x")))))"#]);
}

#[test]
fn quotes_hold_no_headings_and_no_quotes() {
    check(
        "> # head\n> > inner\n>\n> - a",
        &[concat!(
            r#"blockquote(paragraph(strong "head") paragraph("inner") "#,
            r#"bulletList(listItem(paragraph("a"))))"#
        )],
    );
    check("- a\n\n  > q", &[r#"bulletList(listItem(paragraph("a") paragraph("q")))"#]);
}

#[test]
fn deep_nesting_is_flattened() {
    let lines: Vec<String> = (0..40).map(|level| format!("{}- x{level}", "  ".repeat(level))).collect();
    let deep = lines.join("\n");
    let document = from_markdown(&deep);
    let text = plain_text(&document);
    assert_eq!(text.lines().count(), 40);
    assert_eq!(document.to_string().matches("bulletList").count(), 6);
}

#[test]
fn plain_text_reads_every_block() {
    let document = from_markdown("# T\n\na **b**\n\n- c\n- d\n\n```\ne\nf\n```");
    assert_eq!(plain_text(&document), "T\na b\nc\nd\ne\nf");
    assert_eq!(plain_text(&json!(null)), "");
}
