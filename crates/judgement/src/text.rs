//! Words and n-grams of a text in any script.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Lower case without accents and with plain apostrophes: `Größe` and `grosse` read alike, `Résumé` is `resume`.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.nfkd().filter(|letter| !is_combining_mark(*letter)) {
        match letter {
            'ß' | 'ẞ' => folded.push_str("ss"),
            'ø' | 'Ø' => folded.push('o'),
            'ł' | 'Ł' => folded.push('l'),
            'æ' | 'Æ' => folded.push_str("ae"),
            'œ' | 'Œ' => folded.push_str("oe"),
            '\u{2018}' | '\u{2019}' | '\u{02bc}' | '`' | '\u{b4}' => folded.push('\''),
            _ => folded.extend(letter.to_lowercase().filter(|letter| !is_combining_mark(*letter))),
        }
    }
    folded
}

/// The folded words in their order. Apostrophes inside a word vanish (`can't` is `cant`); scripts written
/// without spaces give one word per character.
pub fn words(text: &str) -> Vec<String> {
    words_of_folded(&fold(text))
}

/// [`words`] of a text that is folded already.
pub fn words_of_folded(folded: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut word = String::new();
    let mut letters = folded.chars().peekable();
    while let Some(letter) = letters.next() {
        if is_unspaced_script(letter) {
            take_word(&mut word, &mut found);
            found.push(letter.to_string());
        } else if letter.is_alphanumeric() {
            word.push(letter);
        } else {
            let joins = letter == '\'' && !word.is_empty() && letters.peek().is_some_and(|next| next.is_alphanumeric());
            if !joins {
                take_word(&mut word, &mut found);
            }
        }
    }
    take_word(&mut word, &mut found);
    found
}

fn take_word(word: &mut String, found: &mut Vec<String>) {
    if !word.is_empty() {
        found.push(std::mem::take(word));
    }
}

/// Han, kana, Thai, Lao and Khmer.
fn is_unspaced_script(letter: char) -> bool {
    matches!(u32::from(letter),
        0x0E00..=0x0EFF | 0x1780..=0x17FF | 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0x2_0000..=0x3_134F)
        && letter.is_alphanumeric()
}

/// The words an index keeps: no stop words, English endings stripped. A text of stop words alone keeps them.
pub fn index_terms(text: &str) -> Vec<String> {
    let all = words(text);
    let telling: Vec<String> = all.iter().filter(|word| !is_stop_word(word)).map(|word| stem(word)).collect();
    if telling.is_empty() { all.iter().map(|word| stem(word)).collect() } else { telling }
}

/// Strips the commonest English endings: plurals, `-ing`, `-ed`. Words that are not plain ASCII letters stay.
pub fn stem(word: &str) -> String {
    if word.len() < 4 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return word.to_owned();
    }
    let singular = strip_plural(word);
    let base = ["ing", "ed"]
        .iter()
        .find_map(|ending| singular.strip_suffix(ending))
        .filter(|base| base.len() >= 3 && base.bytes().any(is_vowel));
    match base {
        Some(base) => undouble(base),
        None => singular.strip_suffix('e').filter(|base| base.len() >= 3).unwrap_or(&singular).to_owned(),
    }
}

fn strip_plural(word: &str) -> String {
    if let Some(base) = word.strip_suffix("ies").filter(|base| base.len() >= 2) {
        return format!("{base}y");
    }
    for ending in ["sses", "shes", "ches", "xes"] {
        if word.ends_with(ending) {
            return word.strip_suffix("es").unwrap_or(word).to_owned();
        }
    }
    let keeps_s = ["ss", "us", "is"].iter().any(|ending| word.ends_with(ending));
    match word.strip_suffix('s') {
        Some(base) if !keeps_s => base.to_owned(),
        _ => word.to_owned(),
    }
}

fn is_vowel(byte: u8) -> bool {
    matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u' | b'y')
}

/// `stopp` is `stop`, but `fall`, `pass` and `buzz` keep their double letter.
fn undouble(base: &str) -> String {
    let mut letters = base.bytes().rev();
    let (last, before) = (letters.next(), letters.next());
    match last {
        Some(last) if Some(last) == before && !is_vowel(last) && !matches!(last, b'l' | b's' | b'z') => {
            base.chars().take(base.len() - 1).collect()
        }
        Some(b'e') => base.chars().take(base.len() - 1).collect(),
        _ => base.to_owned(),
    }
}

/// Whether a folded word says nothing about a topic.
pub fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// The character n-grams of a word with `lengths`, its two edges marked by a blank.
pub fn char_ngrams(word: &str, lengths: std::ops::RangeInclusive<usize>, mut each: impl FnMut(&[char])) {
    let letters: Vec<char> = std::iter::once(' ').chain(word.chars()).chain(std::iter::once(' ')).collect();
    for length in lengths {
        letters.windows(length).for_each(&mut each);
    }
}

/// Sorted, folded. English, with the commonest words of German, French, Spanish and Portuguese.
const STOP_WORDS: &[&str] = &[
    "a", "about", "after", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "au", "auf", "aux",
    "avec", "be", "because", "been", "before", "being", "bitte", "but", "by", "com", "como", "con", "da", "das",
    "dass", "de", "del", "dem", "den", "der", "des", "did", "die", "do", "does", "doing", "du", "e", "ein", "eine",
    "einen", "einer", "el", "em", "en", "er", "es", "est", "et", "favor", "for", "from", "fur", "had", "hallo", "has",
    "have", "having", "he", "hello", "her", "hey", "hi", "hier", "him", "his", "hola", "i", "ich", "id", "if", "ihr",
    "il", "ill", "im", "in", "into", "is", "ist", "it", "its", "ive", "je", "just", "kann", "la", "le", "les", "lo",
    "los", "me", "mein", "meine", "merci", "mi", "mir", "mit", "mon", "my", "na", "no", "nos", "nous", "o", "of", "on",
    "or", "os", "ou", "our", "para", "pas", "please", "por", "pour", "que", "qui", "s", "se", "sehr", "sich", "sie",
    "sind", "so", "some", "such", "sur", "t", "than", "thank", "thanks", "that", "the", "their", "them", "then",
    "there", "these", "they", "this", "those", "to", "too", "um", "un", "und", "une", "uns", "unser", "unsere", "us",
    "very", "von", "was", "we", "were", "wie", "will", "wir", "with", "would", "y", "you", "your", "zu", "zum", "zur",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{STOP_WORDS, char_ngrams, fold, index_terms, stem, words};

    #[test]
    fn stop_words_are_sorted_for_the_search() {
        assert!(STOP_WORDS.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn words_are_folded_and_whole() {
        let check = |text: &str, expected: &[&str]| assert_eq!(words(text), expected, "{text}");
        check("I can’t log-in!", &["i", "cant", "log", "in"]);
        check("Größe RÉSUMÉ Straße", &["grosse", "resume", "strasse"]);
        check("error 502: ' quoted '", &["error", "502", "quoted"]);
        check("支払い", &["支", "払", "い"]);
        check("", &[]);
        check("🎉 !!", &[]);
    }

    #[test]
    fn stems_bring_forms_together() {
        for forms in [
            &["payment", "payments"][..],
            &["fail", "fails", "failed", "failing"],
            &["export", "exported", "exporting", "exports"],
            &["stop", "stopped", "stopping"],
            &["charge", "charged", "charges", "charging"],
            &["query", "queries"],
        ] {
            for form in forms {
                assert_eq!(stem(form), stem(forms[0]), "{form}");
            }
        }
        for word in ["status", "access", "sso", "api", "ring"] {
            assert_eq!(stem(word), word);
        }
    }

    #[test]
    fn terms_drop_stop_words_unless_nothing_is_left() {
        assert_eq!(index_terms("How do I get the refunds"), ["how", "get", "refund"]);
        assert_eq!(index_terms("is it the"), ["is", "it", "the"]);
    }

    #[test]
    fn ngrams_mark_the_edges() {
        let mut grams = Vec::new();
        char_ngrams("ab", 2..=3, |gram| {
            grams.push(gram.iter().collect::<String>());
        });
        assert_eq!(grams, [" a", "ab", "b ", " ab", "ab "]);
    }

    proptest! {
        #[test]
        fn any_text_gives_words_without_panic(text in "\\PC*") {
            let folded = fold(&text);
            for word in words(&text) {
                prop_assert!(!word.is_empty());
                let _ = stem(&word);
            }
            prop_assert_eq!(fold(&folded).len(), fold(&fold(&folded)).len());
        }
    }
}
