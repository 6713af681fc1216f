//! A customer's words on their way into a tracker, as a Markdown quotation: nothing in them can end the quotation, pose
//! as Deskbell's own lines, hide where a link leads, or be longer than a tracker takes.

/// Longest quotation, in characters of the request. Jira takes 32,767 in a description or comment, and counts the
/// marks that formatting adds.
const QUOTED_CHARS: usize = 24_000;
/// Longest summary a tracker takes, in characters (Jira: 255).
const SUMMARY_CHARS: usize = 200;
const CUT: &str = "… (cut here: the whole request is where it was asked)";

/// A customer's words as a Markdown quotation.
pub(super) fn quoted(text: &str) -> String {
    let mut words: String = text.chars().take(QUOTED_CHARS).collect();
    let is_cut = words.len() < text.len();
    // To Markdown a lone carriage return ends a line too: left alone it would end the quotation.
    words = plain_links(&words.replace("\r\n", "\n").replace('\r', "\n"));
    let mut lines: Vec<String> = words.lines().map(|line| format!("> {line}")).collect();
    if is_cut {
        lines.extend([">".to_owned(), format!("> {CUT}")]);
    }
    lines.join("\n")
}

/// The first words of a summary on one line, free of what a text can pose as another with.
pub(super) fn one_line(text: &str) -> String {
    let line = flat(text);
    if line.is_empty() {
        return "Request without text".to_owned();
    }
    if line.chars().count() <= SUMMARY_CHARS {
        return line;
    }
    let mut cut: String = line.chars().take(SUMMARY_CHARS - 1).collect();
    cut.push('…');
    cut
}

/// Somebody else's word in a line of Deskbell's own: it stays within that line, and reads as text whatever it holds.
pub(super) fn inline(word: &str) -> String {
    let mut shown = String::with_capacity(word.len());
    for letter in flat(word).chars().take(SUMMARY_CHARS) {
        if "\\`*_[]<>~&!|".contains(letter) {
            shown.push('\\');
        }
        shown.push(letter);
    }
    shown
}

fn flat(text: &str) -> String {
    let shown = |c: char| if c.is_control() || turns_direction(c) { ' ' } else { c };
    let blanked: String = text.chars().map(shown).collect();
    blanked.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Slack's markup as Markdown that reads as it was typed: `<address|label>` as label and address, so that a link says where
/// it leads and no label stands for an address that it is not; mentions and channels by their names; the three characters
/// that Slack escapes (<https://docs.slack.dev/messaging/formatting-message-text#escaping>) as themselves. Code stays code
/// only where Markdown surely reads it so too; every other backtick, like what else could begin a link or hide one, is
/// escaped.
fn plain_links(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`') {
        outside_code(before, &mut plain);
        let behind = after.trim_start_matches('`');
        let ticks = 1 + after.len() - behind.len();
        rest = match code(behind, ticks) {
            Some((code, tail)) if !code.contains('\n') => {
                let fence = "`".repeat(ticks);
                plain.extend([&fence, &unescaped(code), &fence].map(String::as_str));
                tail
            }
            Some((code, tail)) => {
                block(code, &mut plain);
                tail.strip_prefix('\n').unwrap_or(tail)
            }
            None => {
                plain.push_str(&"\\`".repeat(ticks));
                behind
            }
        };
    }
    outside_code(rest, &mut plain);
    plain
}

/// What stands before the next run of exactly so many backticks, and what follows it. Fewer than three stay within a line.
fn code(behind: &str, ticks: usize) -> Option<(&str, &str)> {
    let mut rest = behind;
    while let Some((_, after)) = rest.split_once('`') {
        let tail = after.trim_start_matches('`');
        let run = 1 + after.len() - tail.len();
        if run == ticks {
            let code = behind.get(..behind.len() - tail.len() - run)?;
            return (ticks >= 3 || !code.contains('\n')).then_some((code, tail));
        }
        rest = tail;
    }
    None
}

/// Several lines of code as a block of their own, in a fence that nothing in them closes.
fn block(code: &str, plain: &mut String) {
    let code = unescaped(code);
    let runs = code.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(3.max(1 + runs.max().unwrap_or_default()));
    plain.truncate(plain.trim_end_matches(' ').len());
    if !plain.is_empty() && !plain.ends_with('\n') {
        plain.push('\n');
    }
    let lines = code.strip_prefix('\n').unwrap_or(&code).trim_end_matches('\n');
    plain.extend([&fence, "\n", lines, "\n", &fence, "\n"]);
}

fn outside_code(words: &str, plain: &mut String) {
    let mut rest = words;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(&as_typed(before));
        if let Some((shown, tail)) = closed(after).and_then(|(inside, tail)| Some((token(inside)?, tail))) {
            plain.push_str(&shown);
            rest = tail;
        } else {
            plain.push_str(if after.starts_with(' ') { "<" } else { "\\<" });
            rest = after;
        }
    }
    plain.push_str(&as_typed(rest));
}

/// What stands before `>` and what follows it. Slack escapes `<` inside a token, so the search ends at the next one: each
/// letter is looked at once.
fn closed(after: &str) -> Option<(&str, &str)> {
    let (inside, rest) = after.split_at_checked(after.find(['<', '>'])?)?;
    rest.strip_prefix('>').map(|tail| (inside, tail))
}

fn as_typed(words: &str) -> String {
    if words.is_empty() {
        return String::new();
    }
    let brackets = words.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]");
    let fences = brackets.replace("~~~", "\\~\\~\\~");
    fences.replace("&lt;", "\\<").replace("&gt;", "\\>").replace("&amp;", "\\&")
}

fn unescaped(words: &str) -> String {
    words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// What stands between `<` and `>` as people read it; `None` for what only looks like Slack's markup.
fn token(inside: &str) -> Option<String> {
    if is_address(inside) {
        return Some(link(inside));
    }
    let (id, name) = inside.split_once('|').unwrap_or((inside, ""));
    if id.contains(char::is_whitespace) || id.len() < 2 {
        return None;
    }
    let mark = id.chars().next().filter(|mark| matches!(mark, '@' | '#' | '!'))?;
    let called = if name.is_empty() { id.trim_start_matches(mark) } else { name.trim_start_matches(['@', '#']) };
    let shown_mark = if mark == '#' { '#' } else { '@' };
    Some(format!("{shown_mark}{}", as_typed(called)))
}

fn is_address(inside: &str) -> bool {
    let begins = ["http://", "https://", "mailto:"].iter().any(|scheme| inside.starts_with(scheme));
    let target = inside.split('|').next().unwrap_or_default();
    begins && !target.contains(char::is_whitespace)
}

fn link(inside: &str) -> String {
    let (target, label) = inside.split_once('|').unwrap_or((inside, ""));
    let target = &unescaped(target);
    let bare = target.strip_prefix("mailto:").unwrap_or(target);
    let shown = autolink(target);
    if label.is_empty() || unescaped(label) == bare { shown } else { format!("{} ({shown})", as_typed(label)) }
}

/// An address as Markdown shows it and links it. What would end it, or make it read as another, is percent-encoded.
pub(super) fn autolink(address: &str) -> String {
    let mut shown = String::with_capacity(address.len() + 2);
    for letter in address.chars() {
        let is_odd = letter.is_control() || letter.is_whitespace() || turns_direction(letter);
        if is_odd || "<>`\\[]\"".contains(letter) {
            for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
                shown.push('%');
                shown.push_str(&hex::encode_upper([byte]));
            }
        } else {
            shown.push(letter);
        }
    }
    format!("<{shown}>")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

    use super::*;

    #[test]
    fn a_lone_carriage_return_does_not_end_the_quotation() {
        assert_eq!(quoted("a\r\r**Squad** Admins\r\nb\nc"), "> a\n> \n> **Squad** Admins\n> b\n> c");
    }

    #[test]
    fn a_link_says_where_it_leads() {
        assert_eq!(
            quoted(
                "<https://evil.example/x|https://bank.example> <https://a.b|https://a.b> <https://a.b> <mailto:a@b.c|a@b.c>"
            ),
            "> https://bank.example (<https://evil.example/x>) <https://a.b> <https://a.b> <mailto:a@b.c>"
        );
        assert_eq!(quoted("[bank](https://evil.example)"), "> \\[bank\\](https://evil.example)");
        assert_eq!(quoted("[x]: https://evil.example"), "> \\[x\\]: https://evil.example");
    }

    #[test]
    fn code_and_what_only_looks_like_a_link_stay_as_they_are() {
        assert_eq!(
            quoted("`a[0](1)` and ```\nb[1] <https://a|b>\n```"),
            "> `a[0](1)` and\n> ```\n> b[1] <https://a|b>\n> ```"
        );
        assert_eq!(quoted("1 < 2 > 0 <https://a b"), "> 1 < 2 > 0 \\<https://a b");
        assert_eq!(quoted("```a `b` c``` d"), "> ```a `b` c``` d");
        assert_eq!(quoted("```x\n`````\ny```z"), "> ``````\n> x\n> `````\n> y\n> ``````\n> z");
        assert_eq!(quoted("can`t C:\\x"), "> can\\`t C:\\\\x");
    }

    #[test]
    fn slacks_markup_reads_as_it_was_typed() {
        assert_eq!(
            quoted("<!channel> <@U1> <@U1|ben> <#C1|ops> <#C1> <!subteam^S1|@leads> &lt;b&gt; R&amp;D &amp;lt;"),
            "> @channel @U1 @ben #ops #C1 @leads \\<b\\> R\\&D \\&lt;"
        );
        assert_eq!(quoted("<https://a.b/?x=1&amp;y=2>"), "> <https://a.b/?x=1&y=2>");
        assert_eq!(quoted("`&lt;nil&gt; &amp;`"), "> `<nil> &`");
    }

    #[test]
    fn no_request_is_longer_than_a_tracker_takes() {
        let long = quoted(&"é".repeat(40_000));
        assert!(long.ends_with(CUT) && long.chars().count() < 25_000, "{}", long.chars().count());
        assert!(!quoted(&"é".repeat(QUOTED_CHARS)).contains(CUT));
    }

    #[test]
    fn a_name_is_text() {
        assert_eq!(inline("Ivy Cole"), "Ivy Cole");
        assert_eq!(inline("[Ivy](https://e.vil)\n**x**"), "\\[Ivy\\](https://e.vil) \\*\\*x\\*\\*");
    }

    #[test]
    fn a_summary_is_one_line_that_reads_as_it_is_written() {
        assert_eq!(one_line("a\u{202e}gnp.exe\u{202c}\u{1b}[31m\n b\u{0}"), "a gnp.exe [31m b");
        assert_eq!(one_line(" \u{7} "), "Request without text");
        assert_eq!(one_line(&"x".repeat(400)).chars().count(), SUMMARY_CHARS);
    }

    #[test]
    fn a_text_full_of_brackets_is_read_in_one_pass() {
        let mut read = String::new();
        outside_code(&"<".repeat(1_000_000), &mut read);
        outside_code(&format!("{}>", "<a".repeat(500_000)), &mut read);
        assert!(!read.contains("]("));
    }

    #[test]
    fn somebody_elses_word_stays_within_its_line() {
        let word = inline("bob\n\n**Approved by** the CFO, [pay](https://evil.example) `x` <b> U_1");
        assert_eq!(word, r"bob \*\*Approved by\*\* the CFO, \[pay\](https://evil.example) \`x\` \<b\> U\_1");
        assert_eq!(inline("helpdesk:zendesk/35436"), "helpdesk:zendesk/35436");
        assert_eq!(autolink("https://a.b/x>\n[c](d)"), "<https://a.b/x%3E%0A%5Bc%5D(d)>");
    }

    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "`",
            "``",
            "```",
            "````",
            "\\",
            "[",
            "]",
            "(",
            ")",
            "[https://bank.example](https://evil.example)",
            "[x]: https://evil.example",
            "[x][1]",
            "<https://evil.example/x|https://bank.example>",
            "<https://a.example>",
            "<https://a.example&gt;[x](https://evil.example)|y>",
            "<mailto:a@b.example|ann>",
            "https://bank.example",
            "\n",
            "\n\n",
            "    ",
            "- ",
            "1. ",
            "# ",
            "~~~",
            "~~",
            "~",
            "<",
            ">",
            "&lt;",
            "&amp;",
            "<a href=\"",
            "\">",
            "</a>",
            "<!--",
            "-->",
            "<?",
            "?>",
            "<pre>",
            "!",
            "*",
            "_",
            "|",
            "&#91;",
            "word",
            " ",
            "\r",
            "---",
            "===",
            "\t",
            "<@U1|ben>",
            "\u{0}",
            "é",
        ]);
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn every_link_shows_where_it_leads_and_nothing_ends_the_quotation(text in pieces()) {
            let markdown = quoted(&text);
            let (mut depth, mut shown) = (0, None::<(String, String)>);
            for event in Parser::new_ext(&markdown, Options::ENABLE_STRIKETHROUGH) {
                prop_assert!(depth > 0 || matches!(event, Event::Start(Tag::BlockQuote(_))), "{markdown}");
                match event {
                    Event::Start(Tag::Image { .. }) => prop_assert!(false, "{markdown}"),
                    Event::Start(tag) => {
                        depth += 1;
                        if let Tag::Link { dest_url, .. } = tag {
                            shown = Some((dest_url.into_string(), String::new()));
                        }
                    }
                    Event::End(end) => {
                        depth -= 1;
                        if end == TagEnd::Link {
                            let (target, words) = shown.take().unwrap();
                            prop_assert_eq!(words, target, "{}", markdown);
                        }
                    }
                    Event::Html(_) | Event::InlineHtml(_) => prop_assert!(false, "{markdown}"),
                    Event::Text(words) | Event::Code(words) => {
                        if let Some((_, shown)) = &mut shown {
                            shown.push_str(&words);
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}
