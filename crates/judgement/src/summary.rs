//! One or two sentences of the customer's own that say what a request is about.

use deskbell_domain::assessment::{Confidence, Judged};

use crate::intent::training::Labelled;
use crate::intent::{Model, SIGNS};
use crate::mrkdwn::prose;
use crate::request::{self, is_courtesy};
use crate::text::{is_stop_word, words};

/// A summary's limit in characters.
pub const SUMMARY_CHARS: usize = 300;
/// Sentences of a longer text that are shown.
const SHOWN: usize = 3;
/// Sentences that are weighed from the beginning, and from the end: what is pasted between may have thousands.
const WEIGHED: usize = 20;
/// How the learned probability that one of the shown sentences is the point comes true: its log-odds count so much, and this is added.
const TRUST: f64 = 0.20;
const BIAS: f64 = 1.96;
/// A text that is shown whole holds its point.
const WHOLE: f64 = 0.99;
const LEARNED: &[u8] = include_bytes!("summary/model.bin");

/// The summary, and how likely it is that it holds what the request is about. Its sentences are the requester's own.
pub fn judge(text: &str) -> Judged<String> {
    let (value, probability) = summarized(text);
    Judged { value, confidence: Confidence::from_probability(probability), evidence: Vec::new() }
}

/// All of a short text; of a longer one up to three sentences that are likeliest to be its point, as a learned model
/// ([`crate::intent`]) says: at most 300 characters. Greetings, thanks, openings like "Quick question", quotations, signatures, logs
/// and code are left out. Empty only for a text without a word.
pub fn summarize(text: &str) -> String {
    summarized(text).0
}

fn summarized(text: &str) -> (String, f64) {
    summarized_by(Model::read(LEARNED), text)
}

fn summarized_by(model: Option<Model<'_>>, text: &str) -> (String, f64) {
    let told = told(text);
    let scored = scored(model, &told);
    let mut by_score: Vec<usize> = (0..told.len()).collect();
    by_score.sort_by(|one, other| score(&scored, *other).total_cmp(&score(&scored, *one)).then(one.cmp(other)));
    let mut shown: Vec<usize> = by_score.into_iter().take(SHOWN).collect();
    shown.sort_unstable();
    let missed: f64 = shown.iter().map(|at| 1.0 - score(&scored, *at)).product();
    let (mut summary, mut before) = (String::new(), None);
    shown.retain(|at| {
        let Some(sentence) = told.get(*at) else { return false };
        let has_room = match before {
            None => {
                summary.push_str(sentence);
                true
            }
            Some(before) => append(&mut summary, sentence, if before + 1 == *at { "" } else { "… " }),
        };
        before = Some(*at);
        has_room
    });
    let is_whole = shown.len() == told.len() && summary.chars().count() <= SUMMARY_CHARS;
    let probability = match () {
        () if summary.is_empty() => 0.0,
        () if is_whole => WHOLE,
        () => calibrated(1.0 - missed),
    };
    (shorten(&summary, SUMMARY_CHARS), probability)
}

fn score(scored: &[f64], at: usize) -> f64 {
    scored.get(at).copied().unwrap_or_default()
}

fn calibrated(probability: f64) -> f64 {
    let odds = (probability.clamp(0.001, 0.999) / (1.0 - probability.clamp(0.001, 0.999))).ln();
    1.0 / (1.0 + (-(BIAS + TRUST * odds)).exp())
}

/// That each sentence is the point.
fn scored(model: Option<Model<'_>>, told: &[String]) -> Vec<f64> {
    let Some(model) = model else { return vec![0.5; told.len()] };
    let is_weighed = |at: usize| at < WEIGHED || at + WEIGHED >= told.len();
    let weigh = |(at, sentence): (usize, &String)| {
        if is_weighed(at) { model.tell(sentence, &signs(told, at)).yes } else { 0.0 }
    };
    told.iter().enumerate().map(weigh).collect()
}

/// What rules find in a sentence of these, for [`crate::intent`].
#[allow(clippy::cast_precision_loss)]
pub fn signs(told: &[String], at: usize) -> [f64; SIGNS] {
    let flag = |is_so: bool| f64::from(u8::from(is_so));
    let sentence = told.get(at).map(String::as_str).unwrap_or_default();
    let asks = request::weigh(sentence);
    let probability = asks.confidence.probability();
    [
        if asks.value { probability } else { 1.0 - probability },
        flag(asks.value && probability >= 0.9),
        flag(sentence.contains(|letter: char| letter.is_ascii_digit())),
        flag(sentence.contains('!')),
        (told.len() as f64).ln() / 2.0,
        flag(sentence.ends_with('?')),
        (words(sentence).len() as f64 + 1.0).ln() / 2.0,
        flag(is_vague(sentence)),
    ]
}

/// A text's sentences as [`crate::intent::training`] learns from them: which of them is its point.
pub fn labelled(text: &str, points: &[String]) -> Vec<Labelled> {
    let told = told(text);
    let points: Vec<String> = points.iter().map(|point| squeeze(point)).collect();
    let is_point =
        |sentence: &String| points.iter().any(|point| point.contains(sentence.as_str()) || sentence.contains(point));
    let labelled = |(at, sentence): (usize, &String)| Labelled {
        text: sentence.clone(),
        signs: signs(&told, at),
        is_yes: is_point(sentence),
    };
    told.iter().enumerate().map(labelled).collect()
}

/// The sentences that may tell what a request is about, in their order.
pub fn told(text: &str) -> Vec<String> {
    let prose = prose(text);
    let own = own_lines(&prose);
    let body = without_signature(&own);
    let told: Vec<&str> = sentences(body).into_iter().filter(|sentence| !is_courtesy(sentence)).collect();
    // Where there is nothing but what a machine wrote, that is the point.
    let human: Vec<&str> = told.iter().copied().filter(|sentence| !is_machine_talk(sentence)).collect();
    let told = if human.is_empty() { told } else { human };
    // An opening that says nothing is left out where more follows.
    let pointed: Vec<&str> = told.iter().copied().filter(|sentence| !is_vague(sentence)).collect();
    let told = if pointed.is_empty() { told } else { pointed };
    let told = if told.is_empty() { fallback(text, body) } else { told.iter().map(ToString::to_string).collect() };
    told.iter().map(|sentence| squeeze(sentence)).collect()
}

/// The lines that are the author's own: without what is quoted from others, without the note where a thread is cut, and without
/// the marks of lists. All of them where nothing is left.
fn own_lines(prose: &str) -> String {
    let quoted = |line: &&str| line.starts_with('>') || line.starts_with("… (") && line.ends_with(" left out here)");
    let lines = prose.lines().map(str::trim).filter(|line| !quoted(line));
    let own = lines.map(without_bullet).collect::<Vec<_>>().join("\n");
    if words(&own).is_empty() { prose.to_owned() } else { own }
}

fn without_bullet(line: &str) -> &str {
    let bullet = line.split_once(' ').filter(|(mark, _)| matches!(*mark, "•" | "◦" | "▪" | "-" | "–"));
    bullet.map_or(line, |(_, said)| said.trim_start())
}

/// Lines of logs and traces pasted without a fence: more signs than letters, or a place in a source file.
fn is_machine_talk(sentence: &str) -> bool {
    let shown = sentence.chars().filter(|letter| !letter.is_whitespace()).count();
    let letters = sentence.chars().filter(|letter| letter.is_alphabetic()).count();
    let first = sentence.split_whitespace().next().unwrap_or_default();
    letters * 2 < shown
        || first == "at" && sentence.contains('(') && sentence.contains(':')
        || matches!(first.trim_matches(['[', ']', ':']), "ERROR" | "WARN" | "INFO" | "DEBUG" | "TRACE" | "FATAL")
        || first.len() >= 10 && first.starts_with(|letter: char| letter.is_ascii_digit()) && first.contains([':', '-'])
}

/// Adds a sentence if there is room, and tells whether. Lines and subjects often end without a mark: without one they would read as one sentence.
fn append(summary: &mut String, sentence: &str, gap: &str) -> bool {
    let ends = ends_with_a_mark(summary);
    let between = if ends { " " } else { " · " };
    if summary.chars().count() + between.chars().count() + gap.len() + sentence.chars().count() < SUMMARY_CHARS {
        summary.push_str(between);
        summary.push_str(gap);
        summary.push_str(sentence);
        return true;
    }
    false
}

/// Whether a sentence says that it is over, or that something follows.
pub fn ends_with_a_mark(text: &str) -> bool {
    text.chars().next_back().is_some_and(|last| !last.is_alphanumeric() && !matches!(last, ')' | '"' | '\''))
}

/// An opening that says that something follows, and not what.
fn is_vague(sentence: &str) -> bool {
    let said = words(sentence);
    said.len() <= 5 && said.iter().all(|word| is_stop_word(word) || VAGUE.contains(&word.as_ref()))
}

const VAGUE: &[&str] = &[
    "ask",
    "asking",
    "everybody",
    "everyone",
    "help",
    "important",
    "issue",
    "just",
    "need",
    "one",
    "please",
    "problem",
    "question",
    "questions",
    "quick",
    "request",
    "short",
    "small",
    "team",
    "thing",
    "urgent",
    "urgently",
];

/// Nothing but courtesy or code: better its words than none.
fn fallback(text: &str, body: &str) -> Vec<String> {
    let shown = if words(body).is_empty() { crate::mrkdwn::plain(text) } else { body.to_owned() };
    if words(&shown).is_empty() { Vec::new() } else { vec![shown] }
}

/// Splits at line ends and after `.`, `!`, `?`, `…`, `。` and their kin where a blank follows.
pub fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut rest = line.trim();
        while let Some(end) = sentence_end(rest) {
            let (sentence, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
            found.push(sentence.trim());
            rest = tail.trim_start();
        }
        if !rest.is_empty() {
            found.push(rest);
        }
    }
    found
}

fn sentence_end(line: &str) -> Option<usize> {
    let mut letters = line.char_indices().peekable();
    let mut word_letters = 0_usize;
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        let ends = match letter {
            '。' | '！' | '？' => true,
            '!' | '?' | '…' => next.is_none_or(char::is_whitespace),
            // "e.g. this", "Mr. Smith" and "3. step" go on.
            '.' => next.is_some_and(char::is_whitespace) && word_letters > 2,
            _ => false,
        };
        if ends {
            return Some(at + letter.len_utf8()).filter(|end| *end < line.len());
        }
        word_letters = if letter.is_alphanumeric() { word_letters + 1 } else { 0 };
    }
    None
}

/// Cuts what follows a line like `--` or `Kind regards`.
fn without_signature(text: &str) -> &str {
    let mut kept = 0;
    for line in text.split_inclusive('\n') {
        if kept > 0 && opens_signature(line) {
            break;
        }
        kept += line.len();
    }
    text.get(..kept).unwrap_or(text)
}

fn opens_signature(line: &str) -> bool {
    let trimmed = line.trim();
    if matches!(trimmed, "--" | "—" | "___") || trimmed.starts_with("Sent from my ") {
        return true;
    }
    let words = words(trimmed);
    let opening = words.join(" ");
    words.len() <= 5
        && CLOSINGS.iter().any(|closing| opening == *closing || opening.starts_with(&format!("{closing} ")))
}

const CLOSINGS: &[&str] = &[
    "best regards",
    "kind regards",
    "regards",
    "best wishes",
    "many thanks",
    "cheers",
    "sincerely",
    "yours sincerely",
    "mit freundlichen grussen",
    "viele grusse",
    "beste grusse",
    "liebe grusse",
    "cordialement",
    "bien cordialement",
    "saludos",
    "un saludo",
    "atentamente",
    "atenciosamente",
    "abracos",
    "cordiali saluti",
    "met vriendelijke groet",
];

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most `limit` characters: whole words and an ellipsis where something was cut.
pub fn shorten(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let head: String = text.chars().take(limit.saturating_sub(1)).collect();
    let at_word_end = text.chars().nth(limit.saturating_sub(1)).is_some_and(char::is_whitespace);
    let whole = match head.rsplit_once(char::is_whitespace) {
        _ if at_word_end => head.trim_end().to_owned(),
        Some((whole, last)) if last.chars().count() < limit / 2 => whole.trim_end().to_owned(),
        _ => head,
    };
    if limit == 0 { String::new() } else { format!("{whole}…") }
}

#[cfg(test)]
mod fitting;
#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{SUMMARY_CHARS, sentences, shorten, summarize};

    fn check(text: &str, expected: &str) {
        assert_eq!(summarize(text), expected, "{text}");
    }

    #[test]
    fn tells_the_point_without_courtesy() {
        check("Hi team! Our refunds fail since this morning. Thanks!", "Our refunds fail since this morning.");
        check("<@U1> hello, please help: checkout shows 502", "hello, please help: checkout shows 502");
        check("Hello\nThe export is empty.\nKind regards\nAnna\nACME GmbH", "The export is empty.");
        check("It crashes:\n```at main.rs:1\nat x```\nWhy?", "It crashes: Why?");
        check("```error 502```", "error 502");
        check("Thanks!", "Thanks!");
        check("", "");
        check(":tada: <@U1>", "");
        check("Hallo zusammen! Der Export ist leer. Viele Grüße", "Der Export ist leer.");
    }

    #[test]
    fn a_vague_opening_gives_way_to_the_point() {
        check(
            "Quick one. The nightly settlement report for our German entity misses every Klarna transaction since Monday.",
            "The nightly settlement report for our German entity misses every Klarna transaction since Monday.",
        );
    }

    #[test]
    fn a_summary_begins_with_the_subject_or_the_first_sentence() {
        check("Login broken\nI cannot log in", "Login broken · I cannot log in");
        check(
            "Login broken\nSince the release of yesterday evening our whole accounting department in Lyon lands on a blank page.",
            "Login broken · Since the release of yesterday evening our whole accounting department in Lyon lands on a blank page.",
        );
        check(
            "The invoice PDF is empty. It is for Wingtip. Their audit of fiscal year 2025 begins tomorrow morning in Boston.",
            "The invoice PDF is empty. It is for Wingtip. Their audit of fiscal year 2025 begins tomorrow morning in Boston.",
        );
    }

    #[test]
    fn quotations_lists_and_logs_are_not_the_point() {
        check(
            "&gt; The export is ready.\n&gt; Kind regards, the bot\nIt is not: the file is empty.",
            "It is not: the file is empty.",
        );
        check(
            "We see two things:\n• orders are missing\n• refunds fail",
            "We see two things: orders are missing · refunds fail",
        );
        check(
            "Since noon the import breaks off.\n2026-03-01T12:00:01Z ERROR pool exhausted conn=12 wait=30s\nat com.acme.Pool.get(Pool.java:88)\nWhat can we do?",
            "Since noon the import breaks off. What can we do?",
        );
        check("ERROR 502 Bad Gateway", "ERROR 502 Bad Gateway");
        check("&gt; only a quotation", "> only a quotation");
        check(
            "*Exports* of `orders.csv` are _empty_ in <#C1|sales> &amp; <https://a.example|here>",
            "Exports of orders.csv are _empty_ in sales & here",
        );
    }

    #[test]
    fn a_long_thread_is_summed_up_by_its_beginning() {
        let mut thread = vec!["Refunds to Visa cards fail with error 402.".to_owned()];
        thread.extend((0..60).map(|at| format!("any news? {at}")));
        thread.push("… (12 messages between are left out here)".to_owned());
        thread.push("thanks!".to_owned());
        thread
            .push("It only concerns refunds above 500 euros of merchants in Austria with partial captures.".to_owned());
        check(
            &thread.join("\n"),
            "Refunds to Visa cards fail with error 402. any news? … It only concerns refunds above 500 euros of merchants in Austria with partial captures.",
        );
    }

    #[test]
    fn sentences_survive_numbers_and_abbreviations() {
        assert_eq!(
            sentences("Version 1.2 fails. Why? e.g. now\n3. step"),
            ["Version 1.2 fails.", "Why?", "e.g. now", "3. step"]
        );
    }

    #[test]
    fn shortening_keeps_whole_words() {
        assert_eq!(shorten("one two three", 8), "one two…");
        assert_eq!(shorten("ééééé", 3), "éé…");
        assert_eq!(shorten("ab", 2), "ab");
    }

    proptest! {
        #[test]
        fn never_too_long_never_panics(text in "\\PC{0,900}") {
            prop_assert!(summarize(&text).chars().count() <= SUMMARY_CHARS);
        }

        #[test]
        fn lines_and_marks_never_panic(text in "[a-c.!? \n`<>@U|é🎉]{0,120}") {
            prop_assert!(summarize(&text).chars().count() <= SUMMARY_CHARS);
        }
    }
}
