//! What templates may do to a value before they write it. Lengths are UTF-16 units, as in [`crate::limits`].

use std::borrow::Cow;

use minijinja::Environment;

use crate::limits::{URL, text_units};

/// UTF-16 units of an address inside a text; a longer one is left out so that a few links can't fill a section.
const INLINE_URL: usize = 500;
/// What stands where nothing is left to show: Slack refuses an empty text.
const NOTHING: &str = "–";

pub(super) fn install(environment: &mut Environment<'_>) {
    environment.add_filter("mrkdwn", |text: Cow<'_, str>| mrkdwn(&text));
    environment.add_filter("truncate_chars", |text: Cow<'_, str>, most: usize| truncate_chars(&text, most));
    environment.add_filter("line", |text: Cow<'_, str>, most: usize| line(&text, most));
    environment.add_filter("quote", |text: Cow<'_, str>| quote(&text));
    environment.add_filter("slack_date", slack_date);
    environment.add_filter("mention", |id: Cow<'_, str>| mention(&id));
    environment.add_filter("link", |url: Cow<'_, str>, label: Cow<'_, str>| link(&url, &label));
    environment.add_test("web_url", |url: Cow<'_, str>| is_web_url(&url, URL));
}

/// Words that Slack shows as they are: `&`, `<`, `>` become entities, so that `<!channel>`, `<@U1>` and
/// `<http://..|..>` stay text (<https://docs.slack.dev/messaging/formatting-message-text#escaping>).
fn mrkdwn(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The text in at most `most` UTF-16 units, ended by an ellipsis where cut; never within a character or an entity.
fn truncate_chars(text: &str, most: usize) -> String {
    if text_units(text) <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut room = most.saturating_sub(1);
    for c in text.chars() {
        if c.len_utf16() > room {
            break;
        }
        room -= c.len_utf16();
        kept.push(c);
    }
    if let Some((before, tail)) = kept.rsplit_once('&')
        && ["amp;", "lt;", "gt;"].iter().any(|entity| entity.starts_with(tail) && *entity != tail)
    {
        let cut = before.len();
        kept.truncate(cut);
    }
    if most == 0 { kept } else { kept + "…" }
}

/// One line: white space, control characters and those that turn the direction of writing (with which a text can pose
/// as another) become single spaces; cut like [`truncate_chars`]; a dash when nothing
/// is left.
fn line(text: &str, most: usize) -> String {
    let blanked: String = text.chars().map(|c| if c.is_control() || turns_direction(c) { ' ' } else { c }).collect();
    let joined = blanked.split_whitespace().collect::<Vec<_>>().join(" ");
    if joined.is_empty() { NOTHING.to_owned() } else { truncate_chars(&joined, most) }
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Every line led by `>`, Slack's sign of a quotation.
fn quote(text: &str) -> String {
    text.lines().map(|line| format!(">{line}")).collect::<Vec<_>>().join("\n")
}

/// A moment that each reader sees in their own time zone
/// (<https://docs.slack.dev/messaging/formatting-message-text#date-formatting>).
fn slack_date(unix: i64) -> String {
    // The years 0 to 9999: what every client can show.
    let unix = unix.clamp(-62_167_219_200, 253_402_300_799);
    let (year, month, day) = civil_date(unix.div_euclid(86_400));
    let minute_of_day = unix.rem_euclid(86_400) / 60;
    let (hour, minute) = (minute_of_day / 60, minute_of_day % 60);
    format!("<!date^{unix}^{{date_short_pretty}} at {{time}}|{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC>")
}

/// Year, month and day of a day counted from 1970-01-01 (Howard Hinnant's `civil_from_days`,
/// <https://howardhinnant.github.io/date_algorithms.html>).
fn civil_date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// A person (`U`, `W`), channel (`C`, `G`) or user group (`S`) by id; what is no such id stays text.
fn mention(id: &str) -> String {
    let plausible = (2..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    match id.bytes().next().filter(|_| plausible) {
        Some(b'U' | b'W') => format!("<@{id}>"),
        Some(b'C' | b'G') => format!("<#{id}>"),
        Some(b'S') => format!("<!subteam^{id}>"),
        _ => line(&mrkdwn(id), 40),
    }
}

/// A label that leads somewhere; the label alone when the address is not one for a browser or too long to stand in a text.
fn link(url: &str, label: &str) -> String {
    // `|` ends the address and starts the label; in a label nothing is special once it is escaped.
    let label = line(&mrkdwn(label), 150);
    let escaped = url.replace('<', "%3C").replace('>', "%3E").replace('|', "%7C").replace('&', "&amp;");
    if is_web_url(url, INLINE_URL) && text_units(&escaped) <= INLINE_URL {
        format!("<{escaped}|{label}>")
    } else {
        label
    }
}

fn is_web_url(url: &str, most: usize) -> bool {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    host.is_some_and(|rest| !rest.is_empty())
        && text_units(url) <= most
        && !url.chars().any(|c| c.is_whitespace() || c.is_control() || c == '"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_words_mention_nobody() {
        assert_eq!(
            mrkdwn("<!channel> & <@U1> <http://e.x|click>"),
            "&lt;!channel&gt; &amp; &lt;@U1&gt; &lt;http://e.x|click&gt;"
        );
    }

    #[test]
    fn cutting_respects_characters_and_entities() {
        assert_eq!(truncate_chars("abcdef", 6), "abcdef");
        assert_eq!(truncate_chars("abcdef", 4), "abc…");
        assert_eq!(truncate_chars("🔔🔔🔔", 4), "🔔…");
        assert_eq!(truncate_chars("ab&amp;cd", 6), "ab…");
        assert_eq!(truncate_chars("ab&amp;cd", 8), "ab&amp;…");
        assert_eq!(truncate_chars("ab", 0), "");
        assert_eq!(truncate_chars("ab", 1), "…");
    }

    #[test]
    fn a_line_is_one_line_and_never_empty() {
        assert_eq!(line(" a\n\tb\u{0}c\u{202e} ", 10), "a b c");
        assert_eq!(line("\n \u{7}", 10), "–");
    }

    #[test]
    fn dates_have_a_fallback() {
        assert_eq!(slack_date(0), "<!date^0^{date_short_pretty} at {time}|1970-01-01 00:00 UTC>");
        assert_eq!(slack_date(951_827_696), "<!date^951827696^{date_short_pretty} at {time}|2000-02-29 12:34 UTC>");
        assert!(slack_date(i64::MAX).ends_with("|9999-12-31 23:59 UTC>"));
        assert!(slack_date(i64::MIN).ends_with("|0000-01-01 00:00 UTC>"));
    }

    #[test]
    fn only_ids_become_mentions() {
        assert_eq!(mention("U012AB"), "<@U012AB>");
        assert_eq!(mention("C012AB"), "<#C012AB>");
        assert_eq!(mention("S012AB"), "<!subteam^S012AB>");
        assert_eq!(mention("U1> <!channel"), "U1&gt; &lt;!channel");
        assert_eq!(mention(""), "–");
    }

    #[test]
    fn only_web_addresses_become_links() {
        assert_eq!(link("https://e.x/a?b=1&c=2", "A <b>"), "<https://e.x/a?b=1&amp;c=2|A &lt;b&gt;>");
        assert_eq!(link("https://e.x/|x><!channel>", "A"), "<https://e.x/%7Cx%3E%3C!channel%3E|A>");
        assert_eq!(link("javascript:alert(1)", "A"), "A");
    }
}
