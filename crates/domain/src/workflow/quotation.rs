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
    let shown = |c: char| if c.is_control() || turns_direction(c) { ' ' } else { c };
    let blanked: String = text.chars().map(shown).collect();
    let line = blanked.split_whitespace().collect::<Vec<_>>().join(" ");
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

/// A person's name as text among Markdown: whatever they call themselves formats and links nothing.
pub(super) fn plain_name(name: &str) -> String {
    const LONGEST: usize = 100;
    let line: String = one_line(name).chars().take(LONGEST).collect();
    let marks = |c: char| matches!(c, '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '`' | '~' | '&' | '!' | '(' | ')');
    line.chars().flat_map(|c| marks(c).then_some('\\').into_iter().chain([c])).collect()
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Slack's markup as Markdown that reads as it was typed: `<address|label>` as label and address, so that a link says where
/// it leads and no label stands for an address that it is not; mentions and channels by their names; the three characters
/// that Slack escapes (<https://docs.slack.dev/messaging/formatting-message-text#escaping>) as themselves.
fn plain_links(text: &str) -> String {
    let in_code = |piece: usize| piece % 2 == 1;
    let pieces = text.split('`').enumerate();
    let plain = pieces.map(|(piece, words)| if in_code(piece) { unescaped(words) } else { outside_code(words) });
    plain.collect::<Vec<_>>().join("`")
}

fn outside_code(words: &str) -> String {
    let mut plain = String::with_capacity(words.len());
    let mut rest = words;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(&as_typed(before));
        if let Some((shown, tail)) = after.split_once('>').and_then(|(inside, tail)| Some((token(inside)?, tail))) {
            plain.push_str(&shown);
            rest = tail;
        } else {
            plain.push('<');
            rest = after;
        }
    }
    plain + &as_typed(rest)
}

fn as_typed(words: &str) -> String {
    let brackets = words.replace('[', "\\[").replace(']', "\\]");
    brackets.replace("&lt;", "\\<").replace("&gt;", "\\>").replace("&amp;", "\\&")
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
    begins && !target.contains(|c: char| c.is_whitespace() || c == '<')
}

fn link(inside: &str) -> String {
    let (target, label) = inside.split_once('|').unwrap_or((inside, ""));
    let target = &unescaped(target);
    let bare = target.strip_prefix("mailto:").unwrap_or(target);
    if label.is_empty() || unescaped(label) == bare {
        format!("<{target}>")
    } else {
        format!("{} (<{target}>)", as_typed(label))
    }
}

#[cfg(test)]
mod tests {
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
            "> `a[0](1)` and ```\n> b[1] <https://a|b>\n> ```"
        );
        assert_eq!(quoted("1 < 2 > 0 <https://a b"), "> 1 < 2 > 0 <https://a b");
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
        assert_eq!(plain_name("Ivy Cole"), "Ivy Cole");
        assert_eq!(plain_name("[Ivy](https://e.vil)\n**x**"), "\\[Ivy\\]\\(https://e.vil\\) \\*\\*x\\*\\*");
    }

    #[test]
    fn a_summary_is_one_line_that_reads_as_it_is_written() {
        assert_eq!(one_line("a\u{202e}gnp.exe\u{202c}\u{1b}[31m\n b\u{0}"), "a gnp.exe [31m b");
        assert_eq!(one_line(" \u{7} "), "Request without text");
        assert_eq!(one_line(&"x".repeat(400)).chars().count(), SUMMARY_CHARS);
    }
}
