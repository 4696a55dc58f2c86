//! Vocabularies in word2vec's format, one line for each word: the word, a space, its count.

use super::{Vocabulary, Words};
use crate::error::shown::quoted;
use crate::error::{Error, OutputFault, Result, TextFault, Unfit, VocabularyFault};
use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::path::Path;

/// word2vec's marker for the end of a line. If a file has it twice, the first holds the count of line ends, the second
/// is a word.
const LINE_END: &str = "</s>";

/// The maximum length of a line in bytes.
const LONGEST: u64 = 1 << 20;

/// The maximum length of a word in bytes. The rest of the line holds a space, the count, and the line end.
const LONGEST_WORD: usize = LONGEST as usize - 24;

/// White space that ends a word in word2vec.c. Other white space may be part of a word.
const SPACES: [char; 6] = [' ', '\t', '\n', '\x0b', '\x0c', '\r'];

impl Vocabulary {
    /// Refuses words that a vocabulary file cannot hold: empty words, words with ASCII white space or NUL, and words of
    /// almost 1 MiB. `path` is used in the error.
    ///
    /// # Errors
    /// [`OutputFault::Word`] with the first such word.
    pub fn check_file(&self, path: &Path) -> Result<()> {
        let Some((word, unfit)) = self.unfit() else { return Ok(()) };
        let what = "a vocabulary in word2vec's format".into();
        Err(OutputFault::Word { path: path.into(), what, word: word.into(), unfit, others: Box::default() }.into())
    }

    /// The first word that a file cannot hold, with the reason.
    fn unfit(&self) -> Option<(&str, Unfit)> {
        self.words.iter().find_map(|word| Some((word, unfit(word)?)))
    }

    /// Writes word2vec's format. The first line is `</s>` with the number of lines in the text, which word2vec.c
    /// expects. Then every word follows with its count, the most frequent first.
    ///
    /// # Errors
    /// The errors of the writer. [`ErrorKind::InvalidInput`] for a word that [`Vocabulary::check_file`] refuses;
    /// nothing is written then.
    pub fn write(&self, out: &mut dyn Write, lines: u64) -> io::Result<()> {
        if let Some((word, unfit)) = self.unfit() {
            let word: String = word.chars().take(20).collect();
            return Err(io::Error::new(
                ErrorKind::InvalidInput,
                format!("{} cannot be written: {unfit}", quoted(&word)),
            ));
        }
        writeln!(out, "{LINE_END} {lines}")?;
        (0..).zip(self.counts().as_slice()).try_for_each(|(id, count)| writeln!(out, "{} {count}", self.word(id)))
    }

    /// Reads word2vec's format as written by word2vec and gensim. The first line `</s>` is passed over; a second one is
    /// a word. A byte order mark at the start is dropped. Words are sorted by falling count, with ties in the order of
    /// the file. `path` is used in errors. Memory is proportional to the input; a line has at most 1 MiB.
    ///
    /// # Errors
    /// [`Error::VocabularyFile`], [`Error::NotUtf8`] and [`TextFault::Nul`] with the line; [`Error::Io`]; no word with
    /// `min_count` or more, and the errors of [`Counts::new`](super::Counts::new).
    pub fn read(input: &mut dyn BufRead, path: &Path, min_count: u64) -> Result<Self> {
        let mut words = Words::default();
        // The count and the line number of each word.
        let (mut counts, mut lines) = (Vec::new(), Vec::new());
        let (mut line, mut number, mut line_ends) = (Vec::new(), 0, false);
        loop {
            line.clear();
            if input.take(LONGEST).read_until(b'\n', &mut line).map_err(Error::io(path))? == 0 {
                break;
            }
            number += 1;
            let wrong = |fault| Error::VocabularyFile { path: path.into(), line: number, fault };
            if line.len() as u64 == LONGEST {
                return Err(wrong(VocabularyFault::TooLong { limit: LONGEST }));
            }
            if let Some(byte) = line.iter().position(|byte| *byte == 0) {
                return Err(TextFault::Nul { path: path.into(), line: number, byte: byte + 1 }.into());
            }
            let not_utf8 =
                |e: std::str::Utf8Error| Error::NotUtf8 { path: path.into(), line: number, byte: e.valid_up_to() + 1 };
            let text = std::str::from_utf8(&line).map_err(not_utf8)?;
            let text = text.strip_prefix('\u{feff}').filter(|_| number == 1).unwrap_or(text);
            let (word, count) = entry(text).map_err(wrong)?;
            if word == LINE_END && !std::mem::replace(&mut line_ends, true) {
                continue;
            }
            if count == 0 {
                return Err(wrong(VocabularyFault::BadCount { word: word.into(), count: "0".into() }));
            }
            if let Some(first) = lines.get(words.intern(word)? as usize) {
                return Err(wrong(VocabularyFault::RepeatedWord { word: word.into(), first: *first }));
            }
            counts.push(count);
            lines.push(number);
        }
        if counts.iter().all(|n| *n < min_count) {
            let fault = VocabularyFault::NoWord { words: words.len(), min_count };
            return Err(Error::VocabularyFile { path: path.into(), line: number, fault });
        }
        Self::new(words.iter().map(Box::from).zip(counts), min_count)
    }
}

/// The reason why a file cannot hold a word.
fn unfit(word: &str) -> Option<Unfit> {
    match word {
        "" => Some(Unfit::Empty),
        _ if word.contains(SPACES) => Some(Unfit::Space),
        _ if word.contains('\0') => Some(Unfit::Nul),
        _ if word.len() > LONGEST_WORD => Some(Unfit::Long { bytes: word.len(), limit: LONGEST_WORD }),
        _ => None,
    }
}

/// Parses a word and its count.
fn entry(line: &str) -> std::result::Result<(&str, u64), VocabularyFault> {
    let line = line.trim_end_matches(SPACES);
    let Some((word, count)) = line.rsplit_once([' ', '\t']) else { return Err(VocabularyFault::NotTwo) };
    if word.is_empty() || word.contains(SPACES) {
        return Err(VocabularyFault::NotTwo);
    }
    match count.parse() {
        Ok(n) => Ok((word, n)),
        Err(_) => Err(VocabularyFault::BadCount { word: word.into(), count: count.chars().take(40).collect() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8], min_count: u64) -> Result<Vocabulary> {
        Vocabulary::read(&mut &bytes[..], Path::new("v.txt"), min_count)
    }

    fn words(vocab: &Vocabulary) -> Vec<(&str, u64)> {
        (0..).zip(vocab.counts().as_slice()).map(|(id, n)| (vocab.word(id), *n)).collect()
    }

    #[test]
    fn what_word2vec_and_gensim_write_is_read() {
        // word2vec.c, -save-vocab of "the cat\nthe dog\n" with -min-count 1.
        let vocab = read(b"</s> 2\nthe 2\ncat 1\ndog 1\n", 1).unwrap();
        assert_eq!(words(&vocab), [("the", 2), ("cat", 1), ("dog", 1)]);
        // fastText sorts `</s>` by its count like any word.
        assert_eq!(words(&read(b"the 9\n</s> 7\ncat 2\n", 1).unwrap()), [("the", 9), ("cat", 2)]);
        // White space beyond ASCII is part of words. White space after a count is ignored.
        let vocab = read("foo\u{a0}bar 3 \nx\u{3000}y\t2\t\r\n".as_bytes(), 1).unwrap();
        assert_eq!(words(&vocab), [("foo\u{a0}bar", 3), ("x\u{3000}y", 2)]);
        // A byte order mark is dropped from the first word, but is part of others.
        let vocab = read("\u{feff}river 9\r\n\u{feff}lake 3\r\n".as_bytes(), 1).unwrap();
        assert_eq!(words(&vocab), [("river", 9), ("\u{feff}lake", 3)]);
        let vocab = read("rare 1\r\ngr\u{f6}\u{df}e\t7\nthe 9".as_bytes(), 2).unwrap();
        assert_eq!(words(&vocab), [("the", 9), ("größe", 7)]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (bytes, line, want) in [
            (&b"the 2\ncat\n"[..], 2, VocabularyFault::NotTwo),
            (b"the 2\n\n", 2, VocabularyFault::NotTwo),
            (b"a cat 2\n", 1, VocabularyFault::NotTwo),
            (b" 2\n", 1, VocabularyFault::NotTwo),
            (b"the two", 1, VocabularyFault::BadCount { word: "the".into(), count: "two".into() }),
            (b"the -1", 1, VocabularyFault::BadCount { word: "the".into(), count: "-1".into() }),
            (b"the 0", 1, VocabularyFault::BadCount { word: "the".into(), count: "0".into() }),
            (b"x 99999999999999999999", 1, VocabularyFault::BadCount { word: "x".into(), count: "9".repeat(20) }),
            (b"</s> 1\n</s> 2\n</s> 3", 3, VocabularyFault::RepeatedWord { word: "</s>".into(), first: 2 }),
            (b"the 3\ncat 1\nthe 2", 3, VocabularyFault::RepeatedWord { word: "the".into(), first: 1 }),
            (b"", 0, VocabularyFault::NoWord { words: 0, min_count: 2 }),
            (b"the 1\n", 1, VocabularyFault::NoWord { words: 1, min_count: 2 }),
        ] {
            match read(bytes, 2) {
                Err(Error::VocabularyFile { line: at, fault, .. }) => assert_eq!((at, fault), (line, want)),
                other => panic!("{:?}: {other:?}", String::from_utf8_lossy(bytes)),
            }
        }
        assert!(matches!(read(b"a 1\n\xff 1\n", 1), Err(Error::NotUtf8 { line: 2, byte: 1, .. })));
        let nul = |found| matches!(found, Err(Error::Text(TextFault::Nul { line: 2, byte: 3, .. })));
        assert!(nul(read(b"a 1\nab\0 1\n", 1)) && nul(read(b"a 1\nb \x001\n", 1)));
        let long = [b"x".repeat(LONGEST as usize + 5), b" 1".to_vec()].concat();
        let got = read(&long, 1);
        assert!(matches!(got, Err(Error::VocabularyFile { fault: VocabularyFault::TooLong { .. }, .. })));
        let longest = [(&*"x".repeat(LONGEST_WORD), u64::MAX)];
        let vocab = Vocabulary::new(longest.map(|(w, n)| (w.into(), n)), 1).unwrap();
        let mut file = Vec::new();
        vocab.write(&mut file, 1).unwrap();
        assert_eq!(words(&read(&file, 1).unwrap()), longest);
        let longer = Vocabulary::new([("x".repeat(LONGEST_WORD + 1).into(), 1)], 1).unwrap();
        assert!(longer.write(&mut file, 1).is_err());
        let huge = format!("a {0}\nb {0}\n", u64::MAX);
        assert!(matches!(read(huge.as_bytes(), 1), Err(Error::OutOfRange { .. })));
    }

    /// Words of all kinds: letters, any characters, the end-of-line marker, numbers, and long ones.
    fn word() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => "[a-zé_]{1,5}",
            4 => prop::collection::vec(any::<char>(), 0..6).prop_map(String::from_iter),
            1 => Just("</s>".to_string()),
            1 => "[0-9.\u{feff}]{1,3}",
            1 => (1_000..200_000usize).prop_map(|n| "x".repeat(n)),
        ]
    }

    proptest! {
        #[test]
        fn files_come_back_or_are_not_written(
            words in prop::collection::hash_map(word(), 1u64..50, 1..20), lines in 0u64..100
        ) {
            let vocab = Vocabulary::new(words.into_iter().map(|(w, n)| (w.into(), n)), 1).unwrap();
            let mut file = Vec::new();
            match (vocab.write(&mut file, lines), vocab.check_file(Path::new("v.txt"))) {
                (Ok(()), Ok(())) => {
                    let again = read(&file, 1).unwrap();
                    prop_assert_eq!(self::words(&again), self::words(&vocab));
                }
                (Err(error), Err(Error::Output(OutputFault::Word { word, .. }))) => {
                    prop_assert!(error.kind() == ErrorKind::InvalidInput && file.is_empty());
                    let is_odd = |c: char| c.is_whitespace() || c == '\0';
                    prop_assert!(word.is_empty() || word.contains(is_odd), "{word:?}");
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }

        #[test]
        fn any_bytes_give_words_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..80), text in "[a-c 0-3\\n\\t]{0,40}") {
            for bytes in [bytes, text.into_bytes()] {
                if let Ok(vocab) = read(&bytes, 0) {
                    prop_assert!((0..vocab.len() as u32).all(|id| vocab.id(vocab.word(id)) == Some(id)));
                }
            }
        }
    }
}
