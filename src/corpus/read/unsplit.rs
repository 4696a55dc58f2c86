//! Letters of scripts in which UAX #29 finds no word boundaries.

use serde::Serialize;
use std::fmt;

/// Counts of single letters that stand in place of words, by script. UAX #29 finds no words in these scripts, since
/// they do not mark word ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Unsplit {
    /// Thai letters.
    #[serde(skip_serializing_if = "is_zero")]
    pub thai: u64,
    /// Lao letters.
    #[serde(skip_serializing_if = "is_zero")]
    pub lao: u64,
    /// Khmer letters.
    #[serde(skip_serializing_if = "is_zero")]
    pub khmer: u64,
    /// Burmese letters, from the Myanmar script.
    #[serde(skip_serializing_if = "is_zero")]
    pub burmese: u64,
    /// Han letters in lines without kana.
    #[serde(skip_serializing_if = "is_zero")]
    pub chinese: u64,
    /// Hiragana, single katakana, and Han letters in lines with kana. A run of katakana is a word.
    #[serde(skip_serializing_if = "is_zero")]
    pub japanese: u64,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl Unsplit {
    /// The sum over all scripts.
    pub fn total(&self) -> u64 {
        self.counts().iter().map(|(n, _)| n).sum()
    }

    /// Whether all counts are 0.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    fn counts(&self) -> [(u64, &'static str); 6] {
        let Self { thai, lao, khmer, burmese, chinese, japanese } = *self;
        [
            (thai, "Thai"),
            (lao, "Lao"),
            (khmer, "Khmer"),
            (burmese, "Burmese"),
            (chinese, "Chinese"),
            (japanese, "Japanese"),
        ]
    }

    /// Counts the letters in a line of words, each followed by a space.
    pub(super) fn count(&mut self, words: &str) {
        // All of these letters take three or four bytes.
        if words.bytes().all(|byte| byte < 0xe0) {
            return;
        }
        let mut han = 0;
        for word in words.split(' ') {
            let Some(letter) = word.chars().next().filter(|letter| *letter >= '\u{e00}') else { continue };
            match script(letter) {
                Some(Script::Thai) => self.thai += 1,
                Some(Script::Lao) => self.lao += 1,
                Some(Script::Khmer) => self.khmer += 1,
                Some(Script::Burmese) => self.burmese += 1,
                Some(Script::Hiragana) => self.japanese += 1,
                Some(Script::Katakana) => self.japanese += u64::from(word.len() == letter.len_utf8()),
                Some(Script::Han) => han += 1,
                None => {}
            }
        }
        if han > 0 {
            let is_kana = |letter| matches!(script(letter), Some(Script::Hiragana | Script::Katakana));
            *(if words.contains(is_kana) { &mut self.japanese } else { &mut self.chinese }) += han;
        }
    }
}

impl fmt::Display for Unsplit {
    /// The names of the scripts with a count above 0.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let met: Vec<_> = self.counts().iter().filter(|(n, _)| *n > 0).map(|(_, name)| *name).collect();
        f.write_str(&met.join(", "))
    }
}

#[derive(Clone, Copy)]
enum Script {
    Thai,
    Lao,
    Khmer,
    Burmese,
    Hiragana,
    Katakana,
    Han,
}

/// The script of a letter, by the blocks of Unicode 17. Digits have no script here: UAX #29 keeps numbers whole.
fn script(letter: char) -> Option<Script> {
    Some(match letter {
        '\u{e50}'..='\u{e59}' | '\u{ed0}'..='\u{ed9}' | '\u{17e0}'..='\u{17e9}' => return None,
        '\u{1040}'..='\u{1049}' | '\u{1090}'..='\u{1099}' | '\u{a9f0}'..='\u{a9f9}' => return None,
        '\u{e01}'..='\u{e7f}' => Script::Thai,
        '\u{e80}'..='\u{eff}' => Script::Lao,
        '\u{1780}'..='\u{17ff}' => Script::Khmer,
        '\u{1000}'..='\u{109f}' | '\u{a9e0}'..='\u{a9ff}' | '\u{aa60}'..='\u{aa7f}' => Script::Burmese,
        '\u{3041}'..='\u{309f}' | '\u{1b001}'..='\u{1b11f}' | '\u{1b132}' | '\u{1b150}'..='\u{1b152}' => {
            Script::Hiragana
        }
        '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' => Script::Katakana,
        '\u{ff66}'..='\u{ff9f}' | '\u{1b000}' | '\u{1b120}'..='\u{1b122}' | '\u{1b155}' => Script::Katakana,
        '\u{1b164}'..='\u{1b167}' => Script::Katakana,
        '\u{3005}' | '\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3038}'..='\u{303b}' => Script::Han,
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' => Script::Han,
        '\u{20000}'..='\u{3ffff}' => Script::Han,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::{Corpus, Normalizer, Source, Split};

    fn met(lines: &[&str]) -> Unsplit {
        let words = Normalizer { split: Split::Words, ..Normalizer::default() };
        let mut met = Unsplit::default();
        for line in lines {
            words.apply_counting(line, &mut String::new(), &mut met);
        }
        met
    }

    /// Each text has a few words in which every letter is separate.
    #[test]
    fn letters_in_place_of_words_are_counted_by_script() {
        for (line, want) in [
            ("แม่น้ำ ไหล", Unsplit { thai: 7, ..Unsplit::default() }),
            ("ພາສາລາວ", Unsplit { lao: 7, ..Unsplit::default() }),
            ("ភាសា", Unsplit { khmer: 2, ..Unsplit::default() }),
            ("မြန်မာ", Unsplit { burmese: 3, ..Unsplit::default() }),
            ("我爱北京。", Unsplit { chinese: 4, ..Unsplit::default() }),
            // A run of katakana is a word; the Han letters of the line are Japanese.
            ("東京でコーヒーを飲む", Unsplit { japanese: 6, ..Unsplit::default() }),
            ("东京 ok 𠀀", Unsplit { chinese: 3, ..Unsplit::default() }),
            ("カ ﾃｽﾄ", Unsplit { japanese: 1, ..Unsplit::default() }),
            ("The “river” élan can’t, река, 강물, ποταμός, नदी, ١٢, ๑๒๓ ฿5", Unsplit::default()),
            ("plain ASCII", Unsplit::default()),
        ] {
            assert_eq!(met(&[line]), want, "{line}");
        }
        let all = met(&["我", "ก", "ひ我", "x"]);
        assert_eq!(all, Unsplit { thai: 1, chinese: 1, japanese: 2, ..Unsplit::default() });
        assert_eq!((all.total(), all.to_string()), (4, "Thai, Chinese, Japanese".into()));
    }

    /// For a text that is read once and split, the training part has the counts.
    #[test]
    fn a_text_that_is_held_out_of_has_them_too() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "我 ok\n".repeat(6)).unwrap();
        let mut source = Source::plain(&[file.path()]);
        source.normalizer.split = Split::Words;
        let (_, train, held_out) = Corpus::read_and_hold_out(&source, 1, 3).unwrap();
        assert_eq!((train.ledger().unsplit.chinese, held_out.ledger().unsplit.total()), (6, 0));
    }

    /// At a split by white space, they are ordinary words.
    #[test]
    fn nothing_is_counted_at_white_space() {
        let lower = Normalizer { lowercase: crate::corpus::Lowercase::Unicode, ..Normalizer::default() };
        let mut met = Unsplit::default();
        assert_eq!(lower.apply_counting("我爱 ก", &mut String::new(), &mut met), "我爱 ก");
        assert!(met.is_none());
    }
}
