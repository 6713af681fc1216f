//! Passwords, keys, tokens, and links that carry one.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::plain::Plain;
use super::{Found, Kind, Match, Pattern, Rule, always, compiled};

/// A long word is random when its letters tell so many bits each.
const RANDOM_BITS: f64 = 3.4;

pub(super) const PATTERNS: &[Pattern] = &[
    (
        Kind::Secret,
        0,
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)",
        always,
    ),
    // As vendors begin theirs.
    (
        Kind::Secret,
        0,
        r"\b(?:(?:sk|pk|rk)[-_][A-Za-z0-9_-]{12,}|xox[abeprs](?:\.xox[bp])?-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|glpat-[A-Za-z0-9_-]{16,}|(?:AKIA|ASIA)[0-9A-Z]{12,}|AIza[0-9A-Za-z_-]{20,}|ya29\.[A-Za-z0-9._-]{16,}|ATATT[A-Za-z0-9_=-]{16,}|whsec_[A-Za-z0-9+/=]{12,}|SG\.[A-Za-z0-9._-]{16,}|npm_[A-Za-z0-9]{20,}|dop_v1_[a-f0-9]{16,}|hf_[A-Za-z0-9]{16,}|shpat_[a-f0-9]{16,}|sq0[a-z]{3}-[A-Za-z0-9_-]{16,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?)",
        always,
    ),
    (Kind::Secret, 1, r"(?i)\b(?:bearer|basic)\s+([A-Za-z0-9+/_.=~-]{12,})", always),
    // Named, and set with a sign: whatever follows.
    (
        Kind::Secret,
        1,
        r#"(?i)(?:password|passwd|pwd|passphrase|passcode|\bpass|\bpin(?: ?code)?|\botp|\bsecret|\btoken|api[ _-]?key|access[ _-]?key|secret[ _-]?key|client[ _-]?secret|private[ _-]?key|security code|\bcvv2?|\bcvc2?|recovery code|credentials?|kennwort|passwort|mot de passe|contraseña|wachtwoord|\bsenha|parola d'ordine|\bcode pin)\s?["'`]?\s?(?::|=>|->|→|=)\s{0,3}["'`]?([^\s"'`,;<>]{3,})"#,
        always,
    ),
    // Named, and said in a sentence: what looks like one.
    (
        Kind::Secret,
        1,
        r#"(?i)(?:password|passwd|pwd|passphrase|passcode|\bpin(?: ?code)?|\botp|\bsecret|\btoken|api[ _-]?key|access[ _-]?key|client[ _-]?secret|security code|\bcvv2?|\bcvc2?|recovery code|kennwort|passwort|mot de passe|contraseña|wachtwoord|\bsenha)\s+(?:(?:is|was|are|to|for \S+ is|ist|war|lautet|est|es|é|è|did not work with|with|of|code)\s+){0,2}["'`]?([^\s"'`,;<>]{3,})"#,
        looks_chosen,
    ),
    // Sent with a link.
    (Kind::Secret, 1, r"(?i)\b[a-z][a-z0-9+.-]{1,20}://([^\s/@:]+:[^\s/@]+)@", always),
    (
        Kind::Secret,
        1,
        r#"(?i)[?&#;](?:[a-z0-9_.-]*(?:token|secret|passw(?:or)?d|pwd|api[_-]?key|access[_-]?key|signature|credential|session|jwt|auth)[a-z0-9_.-]*|key|sig|code|sid|otp|ticket|hash|invite)=([^\s&#"'<>|]{4,})"#,
        always,
    ),
    (Kind::Secret, 1, r"(?i)hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/([A-Za-z0-9/_-]{8,})", always),
    (Kind::Secret, 0, r"\b[0-9a-fA-F]{32,}\b", always),
    (Kind::Secret, 0, r"[A-Za-z0-9+_=-]{20,}", looks_random),
    (
        Kind::User,
        1,
        r#"(?i)\b(?:user ?name|user ?id|login(?: name| id)?|sign-?in name|benutzername|nom d'utilisateur|nombre de usuario|gebruikersnaam)\s?["'`]?\s?(?::|=|is|ist|est|es)\s{0,3}["'`]?([A-Za-z0-9._\\@-]{2,})"#,
        looks_like_a_login,
    ),
];

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| compiled(PATTERNS));

pub(super) fn find(text: &str, plain: &Plain) -> Vec<Found> {
    super::find(&RULES, text, plain)
}

/// A word that somebody thought up to be guessed by nobody: letters with digits or signs in them, or four digits and more.
fn looks_chosen(it: &Match<'_>) -> bool {
    let word = it.text.trim_end_matches(['.', '!', '?', ')', ':']);
    let has = |is: fn(char) -> bool| word.chars().any(is);
    let inner_signs =
        word.chars().any(|c| matches!(c, '!' | '@' | '#' | '$' | '%' | '^' | '&' | '*' | '_' | '+' | '=' | '~' | '?'));
    let all_digits = word.len() >= 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    all_digits || (has(char::is_alphabetic) && (has(char::is_numeric) || inner_signs) && word.chars().count() >= 5)
}

/// After a verb only what no dictionary holds.
fn looks_like_a_login(it: &Match<'_>) -> bool {
    let by_sign = it.before.trim_end().ends_with([':', '=']);
    by_sign || it.text.chars().any(|c| c.is_numeric() || matches!(c, '.' | '_' | '\\' | '@'))
}

/// Digits and both cases mixed without a pattern. Words joined by hyphens or underscores are none, and neither are the names that
/// programmers give, `ThirdPartyPaymentV2Test`.
fn looks_random(it: &Match<'_>) -> bool {
    let has = |is: fn(&u8) -> bool| it.text.as_bytes().iter().any(is);
    let mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let longest = it.text.split(['-', '_', '=', '+']).map(str::len).max().unwrap_or(0);
    mixed && longest >= 12 && bits(it.text) >= RANDOM_BITS && !is_made_of_words(it.text)
}

/// Whether most of it stands in runs of small letters, as words do.
fn is_made_of_words(text: &str) -> bool {
    let runs = text.split(|c: char| !c.is_ascii_lowercase()).map(str::len);
    let in_words: usize = runs.filter(|length| *length >= 3).sum();
    in_words * 2 > text.len()
}

/// The entropy of its letters.
#[allow(clippy::cast_precision_loss)]
fn bits(text: &str) -> f64 {
    let mut counts: BTreeMap<u8, usize> = BTreeMap::new();
    for byte in text.bytes() {
        *counts.entry(byte).or_insert(0) += 1;
    }
    let all = text.len() as f64;
    counts.values().map(|count| *count as f64 / all).map(|part| -part * part.log2()).sum()
}
