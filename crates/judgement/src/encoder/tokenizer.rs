//! BERT's uncased tokenizer: lower case without accents, split at punctuation, then the longest known pieces.
//!
//! Devlin et al., "BERT" (2018), and <https://github.com/google-research/bert/blob/master/tokenization.py>.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A longer word is unknown as a whole.
const WORD_AT_MOST: usize = 100;

/// The known pieces of words by their numbers.
#[derive(Debug, Clone)]
pub(super) struct Tokenizer {
    pieces: HashMap<Box<str>, u32>,
    /// The longest piece, in bytes: nothing longer is looked up.
    longest: usize,
    first: u32,
    last: u32,
    unknown: u32,
}

impl Tokenizer {
    /// Reads `vocab.txt`, one piece a line; `None` when it lacks one of BERT's own marks.
    pub(super) fn read(vocabulary: &str) -> Option<Self> {
        let pieces: HashMap<Box<str>, u32> = vocabulary.lines().map(Into::into).zip(0..).collect();
        let number = |mark: &str| pieces.get(mark).copied();
        let (first, last, unknown) = (number("[CLS]")?, number("[SEP]")?, number("[UNK]")?);
        let longest = pieces.keys().map(|piece| piece.len()).max().unwrap_or(0);
        Some(Self { pieces, longest, first, last, unknown })
    }

    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// The text's pieces between BERT's start and end marks, at most `limit` with them.
    pub(super) fn encode(&self, text: &str, limit: usize) -> Vec<u32> {
        let room = limit.saturating_sub(2);
        let mut numbers = vec![self.first];
        for word in split(text) {
            if numbers.len() > room {
                break;
            }
            self.pieces_of(&word, &mut numbers);
        }
        numbers.truncate(room + 1);
        numbers.push(self.last);
        numbers
    }

    fn pieces_of(&self, word: &str, numbers: &mut Vec<u32>) {
        let before = numbers.len();
        let mut rest = word;
        let mut known = word.chars().count() <= WORD_AT_MOST;
        while known && !rest.is_empty() {
            let inner = rest.len() < word.len();
            match self.longest_piece(rest, inner) {
                Some((number, behind)) => {
                    numbers.push(number);
                    rest = behind;
                }
                None => known = false,
            }
        }
        if !known {
            numbers.truncate(before);
            numbers.push(self.unknown);
        }
    }

    /// The longest piece that `rest` starts with, and what follows it.
    fn longest_piece<'a>(&self, rest: &'a str, inner: bool) -> Option<(u32, &'a str)> {
        let mut marked = String::with_capacity(rest.len() + 2);
        marked.push_str(if inner { "##" } else { "" });
        marked.push_str(rest);
        let mark = if inner { 2 } else { 0 };
        (1..=rest.len().min(self.longest)).rev().find_map(|end| {
            let number = *self.pieces.get(marked.get(..mark + end)?)?;
            Some((number, rest.get(end..)?))
        })
    }
}

/// The text's words and punctuation marks as BERT sees them.
fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let lowered = text.chars().filter(|letter| !is_dropped(*letter)).flat_map(char::to_lowercase);
    for letter in lowered.nfd().filter(|letter| !is_combining_mark(*letter)) {
        let alone = is_punctuation(letter) || is_ideograph(letter);
        if (alone || letter.is_whitespace()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if alone {
            words.push(letter.to_string());
        } else if !letter.is_whitespace() {
            word.push(letter);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Control and format characters, the replacement character.
fn is_dropped(letter: char) -> bool {
    let control = letter.is_control() && !matches!(letter, '\t' | '\n' | '\r');
    control || matches!(u32::from(letter), 0xAD | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x2064 | 0xFEFF | 0xFFFD)
}

/// Every ASCII sign, and Unicode's general category P where texts are likely to hold it.
fn is_punctuation(letter: char) -> bool {
    letter.is_ascii_punctuation()
        || matches!(u32::from(letter),
            0xA1 | 0xA7 | 0xAB | 0xB6 | 0xB7 | 0xBB | 0xBF | 0x37E | 0x387 | 0x55A..=0x55F | 0x589 | 0x58A | 0x5BE
            | 0x5F3 | 0x5F4 | 0x609 | 0x60A | 0x60C | 0x60D | 0x61B | 0x61E | 0x61F | 0x66A..=0x66D | 0x6D4
            | 0x964 | 0x965 | 0x970 | 0xE4F | 0xE5A | 0xE5B | 0x2010..=0x2027 | 0x2030..=0x2043 | 0x2045..=0x2051
            | 0x2053..=0x205E | 0x207D | 0x207E | 0x208D | 0x208E | 0x2308..=0x230B | 0x2329 | 0x232A
            | 0x2768..=0x2775 | 0x27E6..=0x27EF | 0x2983..=0x2998 | 0x29FC | 0x29FD | 0x2E00..=0x2E4F
            | 0x3001..=0x3003 | 0x3008..=0x3011 | 0x3014..=0x301F | 0x3030 | 0x303D | 0x30A0 | 0x30FB
            | 0xFE10..=0xFE19 | 0xFE30..=0xFE52 | 0xFE54..=0xFE61 | 0xFE63 | 0xFE68 | 0xFE6A | 0xFE6B
            | 0xFF01..=0xFF03 | 0xFF05..=0xFF0A | 0xFF0C..=0xFF0F | 0xFF1A | 0xFF1B | 0xFF1F | 0xFF20
            | 0xFF3B..=0xFF3D | 0xFF3F | 0xFF5B | 0xFF5D | 0xFF5F..=0xFF65)
}

/// Chinese characters stand alone; kana and Hangul don't.
fn is_ideograph(letter: char) -> bool {
    matches!(u32::from(letter),
        0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x2_0000..=0x2_A6DF | 0x2_A700..=0x2_CEAF | 0x2_F800..=0x2_FA1F)
}

#[cfg(test)]
mod tests {
    use super::Tokenizer;

    fn tokenizer() -> Tokenizer {
        Tokenizer::read("[PAD]\n[UNK]\n[CLS]\n[SEP]\nlog\n##in\nin\n!\ncafe\n支\n##s").unwrap()
    }

    #[test]
    fn longest_pieces_come_first_and_marks_stand_around() {
        let check = |text: &str, expected: &[u32]| assert_eq!(tokenizer().encode(text, 16), expected, "{text}");
        check("Login!", &[2, 4, 5, 7, 3]);
        check("logins in", &[2, 4, 5, 10, 6, 3]);
        check("CAFÉ\u{200b}", &[2, 8, 3]);
        check("支払い", &[2, 9, 1, 1, 3]);
        check("zz log", &[2, 1, 4, 3]);
        check("", &[2, 3]);
        check(&"log".repeat(40), &[2, 1, 3]);
    }

    #[test]
    fn a_long_text_is_cut_and_still_ends() {
        let numbers = tokenizer().encode(&"log ".repeat(100), 8);
        assert_eq!(numbers, [2, 4, 4, 4, 4, 4, 4, 3]);
    }

    #[test]
    fn a_vocabulary_without_marks_is_none() {
        assert!(Tokenizer::read("log\nin").is_none());
    }
}
