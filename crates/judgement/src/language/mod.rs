//! The language of a short text, from its script, or from its letters and words by a small learned model.
//!
//! The model is [`training`]'s: 65,536 features times ten languages, a byte each, in the program's own file. It is read
//! in place, so that only what a text touches comes into memory. docs/JUDGEMENT.md says what it was learned from.

mod grams;
mod model;
pub mod training;

use self::model::Model;

/// What [`detect`] answers when it can't tell.
pub const UNDETERMINED: &str = "und";

/// Less sure than this is not told.
const LEAST: f64 = 0.35;
/// The same for a text of fewer than [`FEW_LETTERS`], which may be a name or a code.
const LEAST_OF_FEW: f64 = 0.8;
const FEW_LETTERS: usize = 10;
const LEARNED: &[u8] = include_bytes!("model.bin");

/// A language and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guess {
    /// ISO 639-1 code, or `und` when the text doesn't say clearly.
    pub language: &'static str,
    /// How likely it is; 0 for `und`.
    pub probability: f64,
}

/// ISO 639-1 code of the language, or `und` when the text doesn't say clearly.
pub fn detect(text: &str) -> &'static str {
    guess(text).language
}

/// The language with how sure it is.
pub fn guess(text: &str) -> Guess {
    let plain = crate::mrkdwn::prose(text);
    if let Some(language) = by_script(&plain) {
        return Guess { language, probability: 1.0 };
    }
    let shares = Model::read(LEARNED).map(|model| model.shares(&plain)).unwrap_or_default();
    let letters = plain.chars().filter(|letter| letter.is_alphabetic()).count();
    let least = if letters < FEW_LETTERS { LEAST_OF_FEW } else { LEAST };
    match shares.first() {
        Some((language, probability)) if *probability >= least => Guess { language, probability: *probability },
        _ => Guess { language: UNDETERMINED, probability: 0.0 },
    }
}

fn by_script(text: &str) -> Option<&'static str> {
    let mut counts = [0_usize; SCRIPTS.len()];
    let mut letters = 0_usize;
    for letter in text.chars().filter(|letter| letter.is_alphabetic()) {
        letters += 1;
        let code = u32::from(letter);
        for (count, (_, ranges)) in counts.iter_mut().zip(SCRIPTS) {
            *count += usize::from(ranges.iter().any(|range| range.contains(&code)));
        }
    }
    // Kana stands before Han in the table: Japanese holds both.
    let found = counts.iter().zip(SCRIPTS).find(|(count, _)| **count * 4 >= letters.max(1));
    let (_, (language, _)) = found?;
    if *language == "ru" && text.chars().any(|letter| "іїєґІЇЄҐ".contains(letter)) {
        return Some("uk");
    }
    Some(language)
}

type Range = std::ops::RangeInclusive<u32>;

const SCRIPTS: &[(&str, &[Range])] = &[
    ("ja", &[0x3040..=0x30FF]),
    ("zh", &[0x4E00..=0x9FFF, 0x3400..=0x4DBF]),
    ("ko", &[0xAC00..=0xD7AF, 0x1100..=0x11FF]),
    ("ru", &[0x0400..=0x04FF]),
    ("ar", &[0x0600..=0x06FF]),
    ("he", &[0x0590..=0x05FF]),
    ("el", &[0x0370..=0x03FF]),
    ("hi", &[0x0900..=0x097F]),
    ("th", &[0x0E00..=0x0E7F]),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::detect;

    #[test]
    fn tells_the_language_of_short_requests() {
        for (expected, texts) in [
            (
                "en",
                &[
                    "I can't log in since this morning",
                    "Please refund our last invoice",
                    "the export is empty",
                    "How do I reset 2FA?",
                ][..],
            ),
            (
                "de",
                &[
                    "Unsere Rechnung ist falsch",
                    "Ich kann mich nicht anmelden",
                    "Wie ändere ich das Passwort?",
                    "Die Zahlung wird abgelehnt",
                ],
            ),
            (
                "fr",
                &["Bonjour, je ne peux pas me connecter", "Notre facture est fausse", "Comment exporter les données ?"],
            ),
            ("es", &["Hola, no puedo entrar", "¿Cómo puedo exportar los datos?", "La factura está mal desde ayer"]),
            ("pt", &["Não consigo entrar na conta", "Olá, preciso de ajuda com a fatura", "O pagamento não funciona"]),
            ("it", &["Non riesco ad accedere, perché?", "La fattura è sbagliata e non funziona"]),
            ("nl", &["Ik kan niet inloggen", "Waarom werkt het niet meer met onze factuur?"]),
            ("pl", &["Nie mogę się zalogować", "Faktura jest błędna"]),
            ("sv", &["Jag kan inte logga in", "Vår faktura är fel och det fungerar inte"]),
            ("ja", &["支払いが失敗しました"]),
            ("zh", &["付款失败了"]),
            ("ko", &["결제가 실패했습니다"]),
            ("ru", &["Не работает оплата"]),
            ("uk", &["Не працює оплата і вхід"]),
            ("und", &["", "502", "ACME", "xyz qwrt", ":tada:"]),
        ] {
            for text in texts {
                assert_eq!(detect(text), expected, "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_has_an_answer(text in "\\PC{0,120}") {
            prop_assert!(detect(&text).len() <= 3);
        }
    }
}
