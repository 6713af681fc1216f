//! Details that have a form of their own.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use iban::Iban;

use super::plain::Plain;
use super::{Found, Kind, Match, Pattern, Rule, always, compiled};

/// The longest IBAN, in letters and digits without spaces, and the shortest.
const IBAN_LENGTHS: std::ops::RangeInclusive<usize> = 15..=34;

pub(super) const PATTERNS: &[Pattern] = &[
    (Kind::Email, 0, r"(?i)[A-Za-z0-9._%+'&-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", always),
    // Written so that no machine reads it.
    (
        Kind::Email,
        0,
        r"(?i)[A-Za-z0-9._%+-]+\s?[\[({]\s?at\s?[\])}]\s?[A-Za-z0-9-]+(?:(?:\s?[\[({]\s?dot\s?[\])}]\s?|\.)[A-Za-z0-9-]+)+",
        always,
    ),
    // 13 to 19 digits, alone or in groups.
    (Kind::Card, 0, r"\b[0-9](?:[ -]?[0-9]){12,18}\b", is_card),
    // With a country's code.
    (Kind::Phone, 0, r"(?:\+|\b00)[ ]?\(?[1-9](?:[ ().\-/]{0,3}[0-9]){6,14}\b", not_inside_number),
    // Within a country: an area's code, then the rest.
    (Kind::Phone, 0, r"\(?\b0[1-9][0-9]{0,4}\)?[ /.\-]{1,3}[0-9](?:[ .\-/]?[0-9]){4,9}\b", not_inside_number),
    (Kind::Phone, 0, r"\b0[1-9][0-9]{8,9}\b", not_inside_number),
    // North America.
    (
        Kind::Phone,
        0,
        r"(?:\b1[ .\-])?(?:\([2-9][0-9]{2}\)[ ]?|\b[2-9][0-9]{2}[ .\-])[2-9][0-9]{2}[ .\-][0-9]{4}\b",
        not_inside_number,
    ),
    // After words that announce one.
    (
        Kind::Phone,
        1,
        r"(?i)\b(?:phone|tel|telephone|telefon|telefono|teléfono|téléphone|tél|mobile|mobil|móvil|cell|cellphone|handy|rufnummer|fax|whatsapp|sms|call(?: me| us)?|ring(?: me| us)?|text me|reach me|extension|durchwahl|portable)\b[^\n0-9+]{0,16}(\+?\(?[0-9](?:[ ().\-/]{0,2}[0-9]){4,14})\b",
        always,
    ),
    (Kind::Id, 0, r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b", always),
    (
        Kind::Id,
        1,
        r"(?i)\b(?:ssn|social security(?: number| no\.?)?)\b[^\n0-9]{0,12}([0-9]{3}[ .]?[0-9]{2}[ .]?[0-9]{4})\b",
        always,
    ),
    // National Insurance, Great Britain.
    (Kind::Id, 0, r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]\b", always),
    (
        Kind::Id,
        1,
        r"(?i)\b(?:passport|passeport|pasaporte|reisepass|personalausweis|ausweis|national id|identity card|id card|carte d'identité|dni|nie|bsn|codice fiscale|nif|cpf|tax id|tax number|steuer-?id|steuernummer|tin|driver'?s licen[cs]e|driving licen[cs]e|führerschein|insurance number|versicherungsnummer)\b(?:\W{0,3}(?:no|number|num|nr|nummer|numero|número)\b)?\W{0,3}(?:is |ist |: ?|= ?)?([A-Z0-9][A-Z0-9./ -]{4,16}[A-Z0-9])\b",
        has_digits,
    ),
    (Kind::Ip, 0, r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b", is_ipv4),
    (Kind::Ip, 0, r"(?i)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3})?", is_ipv6),
    (Kind::Mac, 0, r"(?i)\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b", always),
    (
        Kind::Birthday,
        1,
        r"(?i)\b(?:born(?: on)?|date of birth|birth ?date|birthday|dob|d\.o\.b\.?|geburtsdatum|geboren(?: am)?|née? le|date de naissance|fecha de nacimiento|data di nascita|geboortedatum)\W{0,6}(?:is |ist |the )?([0-9]{1,4}[./ -][0-9]{1,2}[./ -][0-9]{2,4}|[0-9]{1,2}(?:st|nd|rd|th|\.)? [A-Za-z]{3,12},? [0-9]{4}|[A-Za-z]{3,12} [0-9]{1,2}(?:st|nd|rd|th)?,? [0-9]{4})",
        always,
    ),
    (
        Kind::Address,
        0,
        r"\b[0-9]{1,5}[A-Za-z]? (?:[A-Z][A-Za-z'.-]+ ){1,3}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Boulevard|Blvd|Court|Crescent|Terrace|Square|Close)\b\.?",
        always,
    ),
    (
        Kind::Address,
        0,
        r"\b[A-Z][A-Za-z-]*(?:straße|strasse|str\.|weg|gasse|allee|platz|straat|laan|plein) [0-9]{1,4} ?[a-z]?\b",
        always,
    ),
    (
        Kind::Address,
        0,
        r"\b[0-9]{1,4}(?: bis| ter)?,? (?:rue|avenue|boulevard|place|chemin|impasse|allée) (?:[A-Za-z'.-]+ ){0,4}[A-Z][A-Za-z'-]+",
        always,
    ),
];

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| compiled(PATTERNS));

pub(super) fn find(text: &str, plain: &Plain) -> Vec<Found> {
    let mut found = super::find(&RULES, text, plain);
    found.extend(ibans(text));
    found
}

/// A longer number's middle is no telephone number, and neither is a piece of a version or a path.
fn not_inside_number(it: &Match<'_>) -> bool {
    let last = it.before.chars().next_back();
    let inside = last.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '/' | '_' | '#'));
    let goes_on = it.after.chars().next().is_some_and(|c| c == '_' || c == '@');
    !inside && !goes_on
}

fn has_digits(it: &Match<'_>) -> bool {
    it.text.bytes().filter(u8::is_ascii_digit).count() >= 3
}

/// By its check digit, or because something says that it is one.
fn is_card(it: &Match<'_>) -> bool {
    luhn(it.text)
        || announced(
            it.before,
            &["card", "visa", "master", "amex", "karte", "kaart", "tarjeta", "carte", "carta", "pan"],
        )
}

/// One of these words stands shortly before.
fn announced(before: &str, words: &[&str]) -> bool {
    let from = before.char_indices().rev().nth(24).map_or(0, |(at, _)| at);
    let near = before.get(from..).unwrap_or_default().to_lowercase();
    words.iter().any(|word| near.contains(word))
}

fn luhn(text: &str) -> bool {
    let digits = text.chars().filter_map(|c| c.to_digit(10)).rev();
    let sum: u32 = digits
        .enumerate()
        .map(|(at, digit)| match (at % 2, digit * 2) {
            (0, _) => digit,
            (_, doubled) if doubled > 9 => doubled - 9,
            (_, doubled) => doubled,
        })
        .sum();
    sum.is_multiple_of(10) && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
}

fn is_ipv4(it: &Match<'_>) -> bool {
    const VERSIONS: [&str; 9] = ["v", "version", "ver.", "ver", "release", "build", "firmware", "update", "patch"];
    let before = it.before.trim_end_matches([' ', ':', '=', '(', '-']).to_lowercase();
    let is_version = VERSIONS.iter().any(|word| {
        let stem = before.strip_suffix(word);
        stem.is_some_and(|stem| !stem.chars().next_back().is_some_and(char::is_alphanumeric))
    });
    // As in the names of archives: `auth-3.1.1.0.jar`.
    let of_a_file = it.before.strip_suffix(['-', '_']).is_some_and(|stem| stem.ends_with(char::is_alphabetic));
    let goes_on = of_a_file
        || it.before.ends_with('.')
        || it.after.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    it.text.parse::<Ipv4Addr>().is_ok() && !is_version && !goes_on
}

fn is_ipv6(it: &Match<'_>) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let digits = it.text.bytes().filter(u8::is_ascii_digit).count();
    // `a::b` is code.
    digits > 0
        && it.text.parse::<Ipv6Addr>().is_ok()
        && !is_word(it.before.chars().next_back())
        && !is_word(it.after.chars().next())
}

/// IBANs by their country's length and check digits; where something says that one follows, mistyped ones too.
fn ibans(text: &str) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for (start, _) in text.match_indices(|c: char| c.is_ascii_alphabetic()) {
        let before = text.get(..start).unwrap_or_default();
        let inside = before.chars().next_back().is_some_and(char::is_alphanumeric);
        if inside || found.last().is_some_and(|last| start < last.span.end) {
            continue;
        }
        if let Some(length) = iban_length(text.get(start..).unwrap_or_default(), announced(before, &["iban"])) {
            found.push(Found { span: start..start + length, kind: Kind::Iban });
        }
    }
    found
}

/// How many bytes of the beginning are an IBAN.
fn iban_length(text: &str, announced: bool) -> Option<usize> {
    let head: Vec<u8> = text.bytes().take(4).collect();
    let begins = matches!(head.as_slice(), [a, b, c, d] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit() && d.is_ascii_digit());
    if !begins {
        return None;
    }
    let mut compact = String::new();
    let mut ends = Vec::new();
    let mut gap = false;
    for (at, c) in text.char_indices() {
        if c.is_ascii_alphanumeric() && compact.len() < *IBAN_LENGTHS.end() {
            compact.push(c.to_ascii_uppercase());
            ends.push(at + 1);
            gap = false;
        } else if matches!(c, ' ' | '-' | '\u{a0}') && !gap {
            gap = true;
        } else {
            break;
        }
    }
    let whole = |length: usize| {
        let end = ends.get(length - 1).copied()?;
        let goes_on = text.get(end..)?.chars().next().is_some_and(char::is_alphanumeric);
        (!goes_on).then_some(end)
    };
    let valid = |length: &usize| compact.get(..*length).is_some_and(|iban| iban.parse::<Iban>().is_ok());
    let lengths = || IBAN_LENGTHS.rev().filter(|length| *length <= compact.len());
    if let Some(length) = lengths().find(valid) {
        return whole(length);
    }
    // Mistyped: as far as groups with digits go.
    let digits =
        |length: &usize| compact.get(..*length).is_some_and(|iban| iban.ends_with(|c: char| c.is_ascii_digit()));
    if announced { lengths().filter(digits).find_map(whole) } else { None }
}
