//! Slack's message markup (`mrkdwn`) read as plain text.
//!
//! <https://docs.slack.dev/messaging/formatting-message-text/>

/// One piece of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Words, still with `&amp;`-style entities and `*bold*` marks.
    Words(&'a str),
    /// `<@U…>`, `<!here>`, `<!subteam^S…>`: somebody is called.
    Mention(&'a str),
    /// `<https://…>` or `<https://…|label>`.
    Link {
        /// Where it leads.
        target: &'a str,
        /// What people read, where it differs.
        label: Option<&'a str>,
    },
    /// `<#C…|name>`, the name where Slack gave one.
    Channel(Option<&'a str>),
    /// `:tada:` without its colons.
    Emoji(&'a str),
    /// The inside of a fenced block between triple backticks.
    CodeBlock(&'a str),
}

/// Splits a message into its pieces; what only looks like markup stays words.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    for (ordinal, part) in text.split("```").enumerate() {
        if ordinal % 2 == 1 {
            found.push(Piece::CodeBlock(part));
        } else {
            split_angles(part, &mut found);
        }
    }
    found
}

fn split_angles<'a>(text: &'a str, found: &mut Vec<Piece<'a>>) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        let token = closed(after).and_then(|(inside, tail)| angle_token(inside).map(|piece| (piece, tail)));
        if let Some((piece, tail)) = token {
            split_emoji(before, found);
            found.push(piece);
            rest = tail;
        } else {
            split_emoji(before, found);
            found.push(Piece::Words("<"));
            rest = after;
        }
    }
    split_emoji(rest, found);
}

/// What stands before `>` and what follows it. Slack escapes `<` inside a token, so the search ends at the next one: however
/// many stand in a text, each letter is looked at once.
fn closed(after: &str) -> Option<(&str, &str)> {
    let (inside, rest) = after.split_at_checked(after.find(['<', '>'])?)?;
    rest.strip_prefix('>').map(|tail| (inside, tail))
}

fn angle_token(inside: &str) -> Option<Piece<'_>> {
    let (target, label) = match inside.split_once('|') {
        Some((target, label)) => (target, Some(label).filter(|label| !label.is_empty())),
        None => (inside, None),
    };
    if target.contains(char::is_whitespace) {
        return None;
    }
    if let Some(person) = target.strip_prefix('@') {
        return Some(Piece::Mention(person));
    }
    if let Some(group) = target.strip_prefix('!') {
        return Some(Piece::Mention(group));
    }
    if target.starts_with('#') {
        return Some(Piece::Channel(label));
    }
    let is_address = target.contains("://") || target.starts_with("mailto:") || target.starts_with("tel:");
    is_address.then_some(Piece::Link { target, label })
}

fn split_emoji<'a>(text: &'a str, found: &mut Vec<Piece<'a>>) {
    let mut words_from = 0;
    let mut open: Option<usize> = None;
    for (at, _) in text.match_indices(':') {
        let name = open.and_then(|start| text.get(start + 1..at));
        if let (Some(start), Some(name)) = (open, name)
            && is_emoji_name(name)
            && stands_free(text, words_from, start, at)
        {
            push_words(text.get(words_from..start), found);
            found.push(Piece::Emoji(name));
            words_from = at + 1;
            open = None;
        } else {
            open = Some(at);
        }
    }
    push_words(text.get(words_from..), found);
}

fn push_words<'a>(words: Option<&'a str>, found: &mut Vec<Piece<'a>>) {
    if let Some(words) = words.filter(|words| !words.is_empty()) {
        found.push(Piece::Words(words));
    }
}

fn is_emoji_name(name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_+-'".contains(letter);
    name == "+1"
        || name == "-1"
        || (name.len() > 1
            && name.len() <= 64
            && name.chars().all(plain)
            && name.chars().any(|letter| letter.is_ascii_lowercase()))
}

/// `10:am:30` and `std::fmt::Debug` hold no emoji: a shortcode doesn't touch letters or digits.
fn stands_free(text: &str, words_from: usize, start: usize, end: usize) -> bool {
    let before = text.get(words_from..start).and_then(|part| part.chars().next_back());
    let after = text.get(end + 1..).and_then(|part| part.chars().next());
    let letter = |neighbour: Option<char>| neighbour.is_some_and(char::is_alphanumeric);
    !letter(before) && before != Some(':') && !letter(after)
}

/// The message as a person reads it, without mentions and emoji; code keeps its text.
pub fn plain(text: &str) -> String {
    render(text, true)
}

/// The message without mentions, emoji and fenced code: what its author said in prose.
pub fn prose(text: &str) -> String {
    render(text, false)
}

fn render(text: &str, with_code: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Words(words) => push_unescaped(words, &mut out),
            Piece::Mention(_) | Piece::Emoji(_) | Piece::Channel(None) => out.push(' '),
            Piece::Channel(Some(name)) => push_unescaped(name, &mut out),
            Piece::Link { target, label } => push_unescaped(label.unwrap_or(target), &mut out),
            Piece::CodeBlock(code) if with_code => {
                out.push('\n');
                push_unescaped(code, &mut out);
                out.push('\n');
            }
            Piece::CodeBlock(_) => out.push('\n'),
        }
    }
    out
}

/// Slack escapes exactly three characters; `*`, `` ` `` and `~` are marks when they hug a word.
fn push_unescaped(words: &str, out: &mut String) {
    let unescaped = words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    out.extend(unescaped.chars().filter(|letter| !matches!(letter, '*' | '`' | '~')));
}

#[cfg(test)]
mod tests {
    use super::{Piece, pieces, plain, prose};

    fn check(text: &str, expected: &str) {
        let shown = plain(text).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn reads_messages_as_people_see_them() {
        check("<@U123> refunds fail", "refunds fail");
        check("see <https://a.example/x|the page> now", "see the page now");
        check("see <https://a.example/x>", "see https://a.example/x");
        check("in <#C1|support> and <#C2>", "in support and");
        check("<!here> help :tada: :+1::skin-tone-2:", "help");
        check("a &lt;b&gt; &amp; c", "a <b> & c");
        check("at 10:30:45 std::fmt::Debug", "at 10:30:45 std::fmt::Debug");
        check("1 < 2 and 3 > 2", "1 < 2 and 3 > 2");
        check("*bold* `code` ~gone~", "bold code gone");
        check("mail <mailto:a@b.example|a@b.example>", "mail a@b.example");
        check("broken <@U1", "broken <@U1");
        check("::: :a", "::: :a");
    }

    #[test]
    fn prose_leaves_code_blocks_out() {
        assert_eq!(prose("it fails:```panic at x```why?"), "it fails:\nwhy?");
        assert_eq!(plain("it fails:```panic```"), "it fails:\npanic\n");
    }

    #[test]
    fn what_never_ends_is_read_in_one_pass() {
        // Looked through to its end for each `<`, this would take hours.
        for text in ["<".repeat(1_000_000), format!("{}>", "<".repeat(1_000_000)), "<a ".repeat(500_000)] {
            assert!(pieces(&text).iter().all(|piece| matches!(piece, Piece::Words(_))));
        }
        check("a <b <https://a.example|page> c", "a <b page c");
    }

    #[test]
    fn names_each_piece() {
        assert_eq!(
            pieces("<@U1>:tada:```x```"),
            vec![Piece::Mention("U1"), Piece::Emoji("tada"), Piece::CodeBlock("x")]
        );
    }
}
