//! Vocabularies in word2vec's format: a line a word, the word, a space, its count.

use super::{Vocabulary, Words};
use crate::error::{Error, Result, VocabularyFault};
use std::io::{BufRead, Read, Write};
use std::path::Path;

/// What word2vec calls the end of a line: no word here.
const LINE_END: &str = "</s>";

/// A line longer than this is no word with its count.
const LONGEST: u64 = 1 << 20;

impl Vocabulary {
    /// Writes word2vec's format: first `</s>` with the number of lines of the text, which word2vec.c takes for granted, then every
    /// word with its count, the frequent ones first.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, out: &mut dyn Write, lines: u64) -> std::io::Result<()> {
        writeln!(out, "{LINE_END} {lines}")?;
        (0..).zip(self.counts().as_slice()).try_for_each(|(id, count)| writeln!(out, "{} {count}", self.word(id)))
    }

    /// Reads word2vec's format, as word2vec and gensim write it; a line `</s>` is passed over. Counts need not fall: words are
    /// sorted by them, ties in the order of the file. `path` is for errors. Memory is in proportion to what is read; a line has at
    /// most 1 MiB.
    ///
    /// # Errors
    /// [`Error::VocabularyFile`] and [`Error::NotUtf8`] with the line; [`Error::Io`]; no word left above `min_count`, or
    /// counts as in [`Counts::new`](super::Counts::new).
    pub fn read(input: &mut dyn BufRead, path: &Path, min_count: u64) -> Result<Self> {
        let mut words = Words::default();
        // Of each word.
        let (mut counts, mut lines) = (Vec::new(), Vec::new());
        let (mut line, mut number) = (Vec::new(), 0);
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
            let not_utf8 =
                |e: std::str::Utf8Error| Error::NotUtf8 { path: path.into(), line: number, byte: e.valid_up_to() + 1 };
            let text = std::str::from_utf8(&line).map_err(not_utf8)?;
            let (word, count) = entry(text).map_err(wrong)?;
            if word == LINE_END {
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

/// A word and its count.
fn entry(line: &str) -> std::result::Result<(&str, u64), VocabularyFault> {
    let line = line.trim_end_matches(['\n', '\r']);
    let Some((word, count)) = line.rsplit_once([' ', '\t']) else { return Err(VocabularyFault::NotTwo) };
    if word.is_empty() || word.contains(char::is_whitespace) {
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
        let long = [b"x".repeat(LONGEST as usize + 5), b" 1".to_vec()].concat();
        let got = read(&long, 1);
        assert!(matches!(got, Err(Error::VocabularyFile { fault: VocabularyFault::TooLong { .. }, .. })));
        let huge = format!("a {0}\nb {0}\n", u64::MAX);
        assert!(matches!(read(huge.as_bytes(), 1), Err(Error::OutOfRange { .. })));
    }

    proptest! {
        #[test]
        fn files_come_back(words in prop::collection::hash_map("[a-zé_]{1,5}", 1u64..50, 1..20), lines in 0u64..100) {
            let vocab = Vocabulary::new(words.into_iter().map(|(w, n)| (w.into(), n)), 1).unwrap();
            let mut file = Vec::new();
            vocab.write(&mut file, lines).unwrap();
            let again = read(&file, 1).unwrap();
            prop_assert_eq!(self::words(&again), self::words(&vocab));
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
