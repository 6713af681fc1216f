//! HTML, and the storage format of Confluence, brought to Markdown: headings, lists, tables, code and links stay, the rest is
//! words. What a page hides from its readers (comments, scripts, hidden elements) is left out.
//!
//! `pieces` cuts the text into tags and words and never fails; [`to_markdown`] writes.

mod pieces;
mod writer;

use writer::Writer;

/// A page read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// From `<title>`, or the first heading of level 1.
    pub title: Option<String>,
    /// Its text.
    pub markdown: String,
}

/// Reads a page; every text is one, so nothing can fail.
pub fn to_markdown(html: &str) -> Page {
    let mut writer = Writer::default();
    for piece in pieces::pieces(html) {
        writer.take(piece);
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::to_markdown;

    fn check(html: &str, markdown: &str) {
        assert_eq!(to_markdown(html).markdown, markdown, "{html}");
    }

    #[test]
    fn structure_stays() {
        check(
            "<h1>Refunds</h1><p>A <b>refund</b> takes<br/>five&nbsp;days &amp; more.</p>",
            "# Refunds\n\nA **refund** takes\nfive days & more.",
        );
        check("<ul><li>one</li><li>two<ol><li>a</li></ol></li></ul><p>end</p>", "- one\n- two\n  1. a\n\nend");
        check(
            "<p>see <a href=\"https://x.example/a?b=1&amp;c=2\">the docs</a></p>",
            "see [the docs](https://x.example/a?b=1&c=2)",
        );
        check("<p>no <a href=\"javascript:x()\">script</a></p>", "no script");
        check("<pre>a &lt; b\n  c</pre>", "```\na < b\n  c\n```");
        check(
            "<table><tr><th>Plan</th><th>Days</th></tr><tr><td>Basic</td><td>5</td></tr></table>",
            "| Plan | Days |\n| --- | --- |\n| Basic | 5 |",
        );
        check("# no *heading*", "\\# no \\*heading\\*");
    }

    #[test]
    fn what_readers_do_not_see_is_left_out() {
        check("<p>seen<!-- not --></p><script>no()</script><style>p{}</style><p hidden>no</p>", "seen");
        check("<div style=\"Display: none\"><p>no</p><div>no</div></div><p>seen</p>", "seen");
        check("<nav><a href=\"/\">Home</a></nav><main><p>seen</p></main>", "seen");
    }

    #[test]
    fn the_title_is_the_pages_or_the_first_heading() {
        let title = |html: &str| to_markdown(html).title;
        assert_eq!(title("<head><title>A &amp; B</title></head><h1>C</h1>").as_deref(), Some("A & B"));
        assert_eq!(title("<h1>C <i>d</i></h1>").as_deref(), Some("C d"));
        assert_eq!(title("<p>x</p>"), None);
    }

    #[test]
    fn confluences_storage_format_is_read() {
        check(
            "<h2>Call</h2><ac:structured-macro ac:name=\"code\" ac:schema-version=\"1\"><ac:parameter ac:name=\"language\">sh\
             </ac:parameter><ac:plain-text-body><![CDATA[curl <a> && b]]></ac:plain-text-body></ac:structured-macro>",
            "## Call\n\n```\ncurl <a> && b\n```",
        );
        check(
            "<ac:structured-macro ac:name=\"info\"><ac:rich-text-body><p>Mind &uuml;ber.</p></ac:rich-text-body></ac:structured-macro>",
            "Mind über.",
        );
        check(
            "<p>see <ac:link><ri:page ri:content-title=\"Refund times\"/></ac:link> and <ac:link><ri:page ri:content-title=\"X\"/>\
             <ac:plain-text-link-body><![CDATA[that]]></ac:plain-text-link-body></ac:link></p>",
            "see Refund times and that",
        );
        check(
            "<ac:task-list><ac:task><ac:task-id>7</ac:task-id><ac:task-status>complete</ac:task-status><ac:task-body>Do it</ac:task-body></ac:task></ac:task-list>",
            "- Do it",
        );
    }

    proptest! {
        #[test]
        fn any_text_is_a_page(html in "[<>/a-d&;#x0-9\"'= \\[\\]!CDATA-]{0,120}") {
            let _ = to_markdown(&html);
        }
    }
}
