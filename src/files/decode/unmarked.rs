//! Detects UTF-16 and UTF-32 without a byte order mark from the content.

use super::Wide;

/// The number of first bytes that are examined.
const HEAD: usize = 4096;

const ALL: [Wide; 4] = [
    Wide { unit: 4, is_little: true },
    Wide { unit: 4, is_little: false },
    Wide { unit: 2, is_little: true },
    Wide { unit: 2, is_little: false },
];

impl Wide {
    /// The encoding of a text without a byte order mark that starts with these bytes, if no other interpretation is
    /// possible.
    ///
    /// UTF-32 has zeros in each character, unlike any other text. UTF-16 is recognized by the zeros of its spaces and
    /// line ends, and by characters of a few scripts. Text that contains some NUL bytes, and most binary data, is not
    /// recognized.
    pub fn without_mark(head: &[u8]) -> Option<Self> {
        let head = &head[..head.len().min(HEAD)];
        if head.len() < 8 || !head.contains(&0) {
            return None;
        }
        let is_ascii = |wide: &Self| wide.is_mostly_ascii(head);
        let found =
            ALL.into_iter().find(is_ascii).or_else(|| ALL[..2].iter().copied().find(|wide| wide.is_utf32(head)));
        found.or_else(|| {
            let blanks = |wide: Self| wide.units(head).filter(|unit| is_blank(*unit)).count();
            let likely = ALL[2..].iter().copied().filter(|wide| has_odd_bytes(head) && wide.is_utf16(head));
            likely.max_by_key(|wide| blanks(*wide))
        })
    }

    fn units(self, head: &[u8]) -> impl Iterator<Item = u32> {
        head.chunks_exact(self.unit).map(move |bytes| self.unit_of(bytes))
    }

    /// Whether every other byte, or three of four, are nearly always 0.
    fn is_mostly_ascii(self, head: &[u8]) -> bool {
        let units = head.len() / self.unit;
        let letter = if self.is_little { 0 } else { self.unit - 1 };
        let zeros = |at: usize| head.chunks_exact(self.unit).filter(|bytes| bytes[at] == 0).count();
        (0..self.unit).all(|at| if at == letter { zeros(at) * 10 < units } else { zeros(at) * 10 > units * 9 })
    }

    /// Whether all units are characters or white space.
    fn is_utf32(self, head: &[u8]) -> bool {
        self.units(head).all(|unit| char::from_u32(unit).is_some_and(|c| !is_bad(unit) && !is_private(c)))
    }

    /// Whether nearly all units are ideographs or characters of two blocks, and some are white space.
    fn is_utf16(self, head: &[u8]) -> bool {
        let (mut blocks, mut ideographs, mut pairs, mut bad, mut blanks) = ([0; 256], 0, 0, 0, 0);
        for unit in self.units(head) {
            match unit {
                _ if is_bad(unit) => bad += 1,
                0xe000..=0xf8ff => bad += 1,
                // Half of a surrogate pair, such as in 🌊.
                0xd83c..=0xd83e | 0xdc00..=0xdfff => ideographs += 1,
                0x3000..=0x9fff | 0xac00..=0xd7a3 | 0xff00..=0xffef => ideographs += 1,
                _ => blocks[unit as usize >> 8] += 1,
            }
            // Kana, which may fill most of a text, are left out: their first byte is the digit 0.
            pairs += usize::from(
                unit >> 8 != 0x30 && unit.to_be_bytes()[2..].iter().all(|byte| *byte >= 0x20 && *byte < 0x7f),
            );
            blanks += usize::from(is_blank(unit));
        }
        let units = head.len() / self.unit;
        // Latin letters, punctuation and digits occur with all scripts.
        let common = ideographs + blocks[0x00] + blocks[0x20];
        (blocks[0x00], blocks[0x20]) = (0, 0);
        blocks.sort_unstable();
        let is_script = (common + blocks[254] + blocks[255]) * 10 > units * 9;
        blanks > 0 && bad * 100 <= units && pairs * 4 <= units * 3 && is_script
    }
}

/// Whether many bytes are unusual in single-byte text or UTF-8: control characters and invalid sequences. Zeros, tabs
/// and line ends count too, since they are one of the bytes of letters in some scripts.
fn has_odd_bytes(head: &[u8]) -> bool {
    let is_control = |byte: &u8| matches!(byte, 1..=8 | 0x0b | 0x0c | 0x0e..=0x1f);
    let controls = |text: &str| text.as_bytes().iter().filter(|byte| is_control(byte)).count();
    let odd: usize = head.utf8_chunks().map(|chunk| controls(chunk.valid()) + chunk.invalid().len()).sum();
    let zeros = head.iter().filter(|byte| **byte == 0).count();
    let ends = head.iter().filter(|byte| matches!(byte, b'\t' | b'\n' | b'\r')).count();
    odd * 32 > head.len() || zeros * 3 > head.len() || ends * 4 > head.len()
}

/// Whether this number does not occur in text: NUL, control characters, and noncharacters.
fn is_bad(unit: u32) -> bool {
    matches!(unit, 0..=8 | 0x0e..=0x1f | 0x7f | 0xfffe | 0xffff)
}

fn is_private(letter: char) -> bool {
    matches!(letter, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..)
}

fn is_blank(unit: u32) -> bool {
    matches!(unit, 0x09 | 0x0a | 0x0d | 0x20)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ALL, encoded};
    use super::*;
    use crate::files::foreign::not_text;
    use proptest::prelude::*;

    const TEXTS: [&str; 26] = [
        "the river runs to the sea\n",
        "река течёт к морю, и море её ждёт\n",
        "Гора 7\n",
        "ο ποταμός τρέχει προς τη θάλασσα\n",
        "הנהר זורם אל הים\n",
        "النهر يجري إلى البحر\n",
        "رودخانه به دریا می‌ریزد\n",
        "नदी समुद्र की ओर बहती है।\n",
        "নদী সাগরের দিকে বয়ে যায়।\n",
        "ਨਦੀ ਸਮੁੰਦਰ ਵੱਲ ਵਗਦੀ ਹੈ\n",
        "ஆறு கடலை நோக்கி ஓடுகிறது\n",
        "నది సముద్రం వైపు ప్రవహిస్తుంది\n",
        "നദി കടലിലേക്ക് ഒഴുകുന്നു\n",
        "แม่น้ำไหลลงสู่ทะเล 1\n",
        "မြစ်သည် ပင်လယ်သို့ စီးဆင်းသည်။\n",
        "ទន្លេហូរទៅសមុទ្រ ហើយ\n",
        "მდინარე ზღვისკენ მიედინება\n",
        "գետը հոսում է դեպի ծով\n",
        "ወንዙ ወደ ባሕር ይፈሳል\n",
        "江水流入大海。\n",
        "江水流入大海。我们坐在岸边,看着远方的山。\n",
        "川は海へ流れる。カモメが空を飛んでいる。\n",
        "강은 바다로 흐른다\n",
        "Dòng sông chảy ra biển, những cánh đồng lúa ở hai bên bờ rất rộng\n",
        "Příliš žluťoučký kůň úpěl ďábelské ódy\n",
        "🌊 🌊🏔 река 江 🌊\n",
    ];

    #[test]
    fn texts_of_all_scripts_are_told() {
        for text in TEXTS {
            for text in [text.to_string(), text.repeat(7), text.repeat(300), text.replace('\n', "\r\n")] {
                for wide in ALL {
                    assert_eq!(Wide::without_mark(&encoded(&text, wide)), Some(wide), "{text:.60}");
                }
            }
        }
        for wide in ALL {
            assert_eq!(Wide::without_mark(&encoded("ab", wide)), (wide.unit == 4).then_some(wide));
            // Lists of words and numbers, such as vocabularies.
            assert_eq!(Wide::without_mark(&encoded("река 40\nморе 3\n", wide)), Some(wide));
        }
    }

    #[test]
    fn other_texts_and_binary_data_are_not() {
        for text in TEXTS {
            for text in [text.to_string(), text.repeat(300)] {
                let bytes = text.as_bytes();
                assert_eq!(Wide::without_mark(bytes), None, "{text:.60}");
                // A NUL after each line, before it, in place of spaces, and a single one at each position.
                for (from, to) in [("\n", "\n\0"), ("\n", "\0\n"), (" ", "\0"), (" ", " \0")] {
                    let text = text.replace(from, to);
                    assert_eq!(Wide::without_mark(text.as_bytes()), None, "{text:.60}");
                }
                for at in 0..bytes.len().min(40) {
                    let bytes = [&bytes[..at], b"\0", &bytes[at..]].concat();
                    assert_eq!(Wide::without_mark(&bytes), None, "{text:.60}");
                }
            }
        }
        let latin = "l'été à la rivière, où né, déjà\n\0 ".chars().map(|c| c as u8).collect::<Vec<_>>();
        let floats: Vec<u8> = (0..600u16).flat_map(|i| (f32::from(i) * 0.37 - 9.0).sin().to_le_bytes()).collect();
        let sound: Vec<u8> = (0..900i16).flat_map(|i| (i % 77 * 40 - 1500).to_le_bytes()).collect();
        let bytes: Vec<u8> = (0..900u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let numbers: Vec<u8> = (0..900u32).flat_map(|i| (i * 7_919 % 50_000).to_le_bytes()).collect();
        let vectors = [b"600 1\nriver ", &floats[..]].concat();
        let all: [&[u8]; 12] = [
            &latin,
            &latin.repeat(9),
            &floats,
            &sound,
            &bytes,
            &numbers,
            &vectors,
            &[0; 64],
            b"",
            b"river\0\0\0\0\0lake",
            b"1\0\0\0river\0\0\0",
            b"river\0lake\0sea \0\n\0",
        ];
        for bytes in all {
            assert_eq!(Wide::without_mark(bytes), None, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    /// Files of other kinds are reported under their own names.
    #[test]
    fn kinds_that_have_a_name_are_no_text_of_these() {
        let tail: Vec<u8> = (0..600u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for start in [
            &b"PK\x03\x04\x14\0\0\0\x08\0"[..],
            b"\xfd7zXZ\0\0\x04",
            b"\x5d\0\0\x80\0\xff\xff\xff\xff",
            b"\x04\x22\x4d\x18\x64\x40",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0\0",
            b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0",
            b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0\x01\0\0\0",
            b"\xba\x16\x4f\x2f\x0c\0\0\0\x64\0\0\0\x05\0\0\0",
            b"\x80\x04\x95\x10\0\0\0\0\0\0\0",
            b"GGUF\x03\0\0\0\x10\0\0\0\0\0\0\0",
        ] {
            for file in [start.to_vec(), [start, &[0; 512]].concat(), [start, &tail].concat()] {
                assert!(not_text(&file).is_some());
                assert_eq!(Wide::without_mark(&file), None, "{start:?}");
            }
        }
    }

    proptest! {
        /// UTF-8 is never refused as UTF-16 or UTF-32.
        #[test]
        fn utf8_is_none_of_them(text in "([\\PC\n\t]|[a-zа-я ]){0,400}") {
            prop_assert_eq!(Wide::without_mark(text.as_bytes()), None);
        }

        #[test]
        fn random_bytes_are_none_of_them(bytes in prop::collection::vec(any::<u8>(), 300..900)) {
            prop_assert_eq!(Wide::without_mark(&bytes), None);
        }
    }
}
