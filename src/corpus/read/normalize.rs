//! The same word written in several ways as one.

use serde::{Deserialize, Serialize};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use unicode_segmentation::UnicodeSegmentation;

/// Where a word ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Split {
    /// At Unicode white space.
    #[default]
    Space,
    /// At the word boundaries of UAX #29, which drops punctuation.
    ///
    /// `can't` and `3.14` are words, `well-known` is two. Text without a letter or a digit (punctuation, symbols) parts words
    /// as white space does and is no word.
    Words,
}

/// What is done to a line before it is cut into words, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Normalizer {
    /// Lower case by Unicode's mapping, whatever the language.
    pub lowercase: bool,
    /// Canonical composition, NFC (UAX #15): `e` and an accent become `é`.
    pub nfc: bool,
    /// Where words end.
    pub split: Split,
}

impl Normalizer {
    /// Whether lines stay as they are.
    pub fn is_identity(&self) -> bool {
        *self == Self::default()
    }

    /// The line as it is to be cut at white space; `buffer` is room for it.
    pub fn apply<'a>(&self, line: &'a str, buffer: &'a mut String) -> &'a str {
        if self.is_identity() {
            return line;
        }
        buffer.clear();
        match (self.lowercase, self.nfc && is_nfc_quick(line.chars()) != IsNormalized::Yes) {
            (true, _) if line.is_ascii() => {
                buffer.push_str(line);
                buffer.make_ascii_lowercase();
            }
            // Lower case first: it may take composed letters apart, and `nfc` is what a word is to end in.
            (true, _) if self.nfc => buffer.extend(line.to_lowercase().nfc()),
            (true, _) => buffer.push_str(&line.to_lowercase()),
            (false, true) => buffer.extend(line.nfc()),
            (false, false) => buffer.push_str(line),
        }
        if self.split == Split::Words {
            let mut words = String::with_capacity(buffer.len());
            for word in buffer.unicode_words() {
                words.push_str(word);
                words.push(' ');
            }
            *buffer = words;
        }
        buffer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn apply(normalizer: Normalizer, line: &str) -> String {
        normalizer.apply(line, &mut String::new()).trim_end().into()
    }

    #[test]
    fn lower_case_composition_and_words() {
        let all = Normalizer { lowercase: true, nfc: true, split: Split::Words };
        assert_eq!(apply(all, "Ça, c'est «l'E\u{301}TE\u{301}» — well-known: 3.14!"), "ça c'est l'été well known 3.14");
        let lower = Normalizer { lowercase: true, ..Normalizer::default() };
        assert_eq!(apply(lower, "ΟΔΟΣ Straße İx ÀB, THE End."), "οδος straße i\u{307}x àb, the end.");
        let nfc = Normalizer { nfc: true, ..Normalizer::default() };
        assert_eq!(apply(nfc, "E\u{301} \u{212b}"), "É Å");
        let words = Normalizer { split: Split::Words, ..Normalizer::default() };
        assert_eq!(apply(words, "The (quick) “brown” fox_1 can't, 数"), "The quick brown fox_1 can't 数");
        assert_eq!(apply(Normalizer::default(), "E\u{301}, x"), "E\u{301}, x");
    }

    proptest! {
        #[test]
        fn twice_is_once_and_the_result_is_normal(line in "\\PC{0,40}", lowercase: bool, nfc: bool, words: bool) {
            let split = if words { Split::Words } else { Split::Space };
            let normalizer = Normalizer { lowercase, nfc, split };
            let once = apply(normalizer, &line);
            let cut = |line: &str| line.split_whitespace().map(String::from).collect::<Vec<_>>();
            prop_assert_eq!(cut(&apply(normalizer, &once)), cut(&once));
            prop_assert!(!nfc || unicode_normalization::is_nfc(&once));
            prop_assert!(!lowercase || once.to_lowercase().nfc().eq(once.nfc()));
        }
    }
}
