//! Markdown to the HTML that a Zendesk comment takes.

use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html};

/// The HTML of a Markdown text. Every line break of the text is one in the HTML; HTML in it stays visible as text, links
/// keep only http(s) and mailto targets and images become links: the text may come from a customer.
pub(super) fn from_markdown(markdown: &str) -> String {
    let parser = Parser::new_ext(markdown, Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES);
    // Whether each open link was kept.
    let mut links = Vec::new();
    let events = parser.filter_map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::HtmlBlock) => Some(Event::Start(Tag::Paragraph)),
        Event::End(TagEnd::HtmlBlock) => Some(Event::End(TagEnd::Paragraph)),
        Event::SoftBreak => Some(Event::HardBreak),
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
            let kept = is_safe(&dest_url);
            links.push(kept);
            kept.then(|| Event::Start(link(dest_url)))
        }
        Event::End(TagEnd::Link | TagEnd::Image) => links.pop().unwrap_or_default().then_some(Event::End(TagEnd::Link)),
        other => Some(other),
    });
    let mut written = String::new();
    html::push_html(&mut written, events);
    written.trim_end().to_owned()
}

fn is_safe(target: &str) -> bool {
    ["http://", "https://", "mailto:"]
        .iter()
        .any(|scheme| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

fn link(dest_url: CowStr<'_>) -> Tag<'_> {
    Tag::Link { link_type: LinkType::Inline, dest_url, title: "".into(), id: "".into() }
}

#[cfg(test)]
mod tests {
    use super::from_markdown;

    #[test]
    fn markdown_becomes_html() {
        for (markdown, html) in [
            (
                "# Steps\n\n1. pay\n2. **refund**",
                "<h1>Steps</h1>\n<ol>\n<li>pay</li>\n<li><strong>refund</strong></li>\n</ol>",
            ),
            ("one\ntwo", "<p>one<br />\ntwo</p>"),
            ("`a < b`", "<p><code>a &lt; b</code></p>"),
            ("[docs](https://docs.example)", "<p><a href=\"https://docs.example\">docs</a></p>"),
            ("![logo](https://img.example/x.png)", "<p><a href=\"https://img.example/x.png\">logo</a></p>"),
            ("", ""),
        ] {
            assert_eq!(from_markdown(markdown), html, "{markdown}");
        }
    }

    #[test]
    fn nothing_active_gets_through() {
        for markdown in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "[click](javascript:alert(1))",
            "![x](data:text/html,boo)",
            "<div>\n<b>bold</b>\n</div>",
        ] {
            let html = from_markdown(markdown);
            for active in ["<script", "<img", "<div", "<b>", "href"] {
                assert!(!html.contains(active), "{markdown} gave {html}");
            }
        }
    }
}
