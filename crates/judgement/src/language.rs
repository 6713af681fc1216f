//! The language of a short text, from its script and its commonest words.

use crate::text::{fold, words_of_folded};

/// What [`detect`] answers when it can't tell.
pub const UNDETERMINED: &str = "und";

/// ISO 639-1 code of the language, or `und` when the words don't say clearly.
pub fn detect(text: &str) -> &'static str {
    let plain = crate::mrkdwn::prose(text);
    by_script(&plain).or_else(|| by_words(&plain)).unwrap_or(UNDETERMINED)
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

/// The language with the most common words; it needs a lead over the next.
fn by_words(text: &str) -> Option<&'static str> {
    let folded = fold(text);
    let words = words_of_folded(&folded);
    let mut scores: Vec<(usize, &'static str)> = COMMON
        .iter()
        .map(|(language, common)| {
            let found = words.iter().filter(|word| common.split(' ').any(|known| known == word.as_str())).count();
            (found * 2 + usize::from(marks(text, language)), *language)
        })
        .collect();
    scores.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    let [(best, language), (next, _), ..] = scores.as_slice() else {
        return None;
    };
    (*best >= 2 && best > next).then_some(*language)
}

/// Letters that a language has and its neighbours lack.
fn marks(text: &str, language: &str) -> bool {
    let letters = match language {
        "de" => "ßäöüÄÖÜ",
        "fr" => "çèêùœÇÈÊ",
        "es" => "ñ¿¡Ñ",
        "pt" => "ãõÃÕ",
        "pl" => "łąęśżźćŁŚŻ",
        "sv" => "åÅ",
        "tr" => "ğışİŞ",
        _ => return false,
    };
    text.chars().any(|letter| letters.contains(letter))
}

/// Folded function words and what support requests are made of. Words shared by neighbours stand with each.
const COMMON: &[(&str, &str)] = &[
    (
        "en",
        "the and is are was to of for in on my we our you your with this that not it its cant cannot dont doesnt how what why when where please help need i have has be can do does from an any still but error get after since all at all working works failed fails thanks hello hi there refund invoice issue",
    ),
    (
        "de",
        "der die das und ist sind nicht ein eine einen wir ich sie unser unsere unseren mein meine mit fur auf von zu zum zur bitte wie warum wann kann konnen haben hat bei nach seit noch aber kein keine es den dem des im am hallo danke fehler rechnung geht wird werden uns mir",
    ),
    (
        "fr",
        "le la les des est sont pas nous notre nos je vous votre avec pour sur dans une un et que qui comment pourquoi quand plus mais bonjour merci depuis ne ce cette ca mon ma mes au aux du erreur facture peut pouvez sil plait marche fonctionne",
    ),
    (
        "es",
        "el la los las es son no nuestro nuestra mi con para por en una un y que como cuando donde hola gracias pero desde puedo puede necesito favor del al se lo ya esta estan tengo error factura funciona muy mas todavia",
    ),
    (
        "pt",
        "o os as e sao nao nosso nossa meu minha com para por em uma um que como quando onde ola obrigado obrigada mas desde posso pode preciso favor do da dos das no na se ja esta estao tenho erro fatura funciona muito mais ainda voce",
    ),
    (
        "it",
        "il lo la gli le e sono non nostro nostra mio mia con per su in una un che come quando dove ciao grazie ma posso puo ho del della dei nel nella si gia errore fattura funziona molto piu ancora perche buongiorno",
    ),
    (
        "nl",
        "de het een en is zijn niet wij we ons onze ik mijn met voor op van te in hoe waarom wanneer kan kunnen hebben heeft bij na nog maar geen dank bedankt fout factuur werkt graag alstublieft",
    ),
    (
        "pl",
        "nie jest sa i w na z do jak dlaczego kiedy moge mozna prosze dziekuje nasz nasza moj moja ale od sie to blad faktura dziala mamy mam",
    ),
    (
        "sv",
        "och ar inte vi var vart jag min mitt med for pa av till hur varfor nar kan har men ingen tack fel faktura fungerar det den som ett en hej",
    ),
    (
        "tr",
        "ve bir bu icin ile nasil neden degil calismiyor lutfen tesekkurler bizim benim hata fatura var yok ama cok merhaba",
    ),
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
