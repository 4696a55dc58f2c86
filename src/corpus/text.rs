//! A text as ids.

use super::{Interner, SentenceReader, Sentences, for_each_line, words};
use crate::error::{Error, Result};
use crate::vocab::{Vocabulary, WordId};
use std::path::{Path, PathBuf};

/// A longer line is cut into sentences of this many kept words (as in word2vec, there 1,000), so that a text without line
/// breaks can be shuffled too.
pub const LONGEST_SENTENCE: usize = 10_000;

pub(super) const DROPPED: WordId = WordId::MAX;

/// What became of the words of a text: `tokens = kept + dropped`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Lines read.
    pub lines: u64,
    /// Words read.
    pub tokens: u64,
    /// Words kept.
    pub kept: u64,
    /// Words dropped: below the least count in [`Corpus::load`], out of the vocabulary in [`Corpus::with_vocabulary`].
    pub dropped: u64,
}

/// The known words of a text in their order, 4 bytes each, and where its sentences end, 8 bytes each.
///
/// A sentence is a line; one that keeps no word is not there. Dropped words leave no gap, as in word2vec: their neighbours
/// become each other's context.
#[derive(Clone, Debug)]
pub struct Corpus {
    tokens: Vec<WordId>,
    ends: Vec<usize>,
    ledger: Ledger,
    paths: Vec<PathBuf>,
}

impl Corpus {
    /// Reads a training text once, and makes its vocabulary of the words that occur at least `min_count` times.
    ///
    /// Needs 4 bytes for every word read, dropped ones too, until it returns.
    ///
    /// # Errors
    /// Those of [`for_each_line`](super::for_each_line), [`Error::NoWords`], and [`Error::TooManyWords`].
    pub fn load<P: AsRef<Path>>(paths: &[P], min_count: u64) -> Result<(Vocabulary, Self)> {
        let (seen, mut corpus) = Self::read(paths)?;
        let counts: Vec<_> = seen.iter().map(|(_, n)| n).collect();
        let (vocab, new_ids) = vocabulary(&seen, &counts, min_count, &corpus.paths, corpus.ledger.tokens)?;
        drop(seen);
        corpus.renumber(&new_ids);
        Ok((vocab, corpus.finish()))
    }

    /// Reads a text once, and holds out the last of every `every` lines (at least one). The vocabulary is that of the other
    /// lines, which come first in the answer.
    ///
    /// # Errors
    /// As [`Corpus::load`], [`Error::NoKnownWords`], and fewer than two lines with words.
    pub fn load_and_hold_out<P: AsRef<Path>>(
        paths: &[P],
        min_count: u64,
        every: usize,
    ) -> Result<(Vocabulary, Self, Self)> {
        let (seen, corpus) = Self::read(paths)?;
        if corpus.len() == 1 {
            let limit = "2 or more where no held-out text is given";
            return Err(Error::OutOfRange { name: "lines of text", value: 1.0, limit });
        }
        let every = every.clamp(2, corpus.len().max(2));
        let (mut train, mut held_out) = corpus.split(every);
        let mut counts = vec![0; seen.iter().count()];
        train.tokens.iter().for_each(|word| counts[*word as usize] += 1);
        let (vocab, new_ids) = vocabulary(&seen, &counts, min_count, &train.paths, train.ledger.tokens)?;
        drop(seen);
        train.renumber(&new_ids);
        held_out.renumber(&new_ids);
        if held_out.tokens.is_empty() {
            return Err(Error::NoKnownWords { paths: held_out.paths, tokens: held_out.ledger.tokens });
        }
        Ok((vocab, train.finish(), held_out.finish()))
    }

    /// The words of a text as numbers of first appearance.
    fn read<P: AsRef<Path>>(paths: &[P]) -> Result<(Interner, Self)> {
        let mut corpus = Self::empty(paths);
        let mut seen = Interner::default();
        for_each_line(paths, |line| {
            for word in words(line) {
                corpus.tokens.push(seen.intern(word)?);
            }
            corpus.ledger.lines += 1;
            if corpus.tokens.len() > corpus.ends.last().copied().unwrap_or(0) {
                corpus.ends.push(corpus.tokens.len());
            }
            Ok(())
        })?;
        corpus.ledger.tokens = corpus.tokens.len() as u64;
        Ok((seen, corpus))
    }

    /// The sentences but the last of every `every`, and those.
    fn split(self, every: usize) -> (Self, Self) {
        let mut parts = [Self::empty(&self.paths), Self::empty(&self.paths)];
        for (i, sentence) in self.sentences().enumerate() {
            let part = &mut parts[usize::from(i % every == every - 1)];
            part.tokens.extend_from_slice(sentence);
            part.ends.push(part.tokens.len());
            part.ledger.lines += 1;
            part.ledger.tokens += sentence.len() as u64;
        }
        let [others, last] = parts;
        (others, last)
    }

    /// Reads a text, such as a held-out one, by a vocabulary that is already there; words out of it are dropped and counted.
    ///
    /// # Errors
    /// Those of [`for_each_line`](super::for_each_line), and [`Error::NoKnownWords`].
    pub fn with_vocabulary<P: AsRef<Path>>(paths: &[P], vocab: &Vocabulary) -> Result<Self> {
        let mut corpus = Self::empty(paths);
        for_each_line(paths, |line| {
            let start = corpus.tokens.len();
            for word in words(line) {
                corpus.ledger.tokens += 1;
                corpus.tokens.extend(vocab.id(word));
            }
            corpus.ledger.lines += 1;
            corpus.end_sentences(start, corpus.tokens.len());
            Ok(())
        })?;
        if corpus.tokens.is_empty() {
            return Err(Error::NoKnownWords { paths: corpus.paths, tokens: corpus.ledger.tokens });
        }
        Ok(corpus.finish())
    }

    /// Number of sentences.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Never true; here because `len` is.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// A sentence, by its number from 0.
    pub fn sentence(&self, i: usize) -> &[WordId] {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.tokens[start..self.ends[i]]
    }

    /// All sentences, in the order of the text.
    pub fn sentences(&self) -> impl ExactSizeIterator<Item = &[WordId]> {
        (0..self.len()).map(|i| self.sentence(i))
    }

    /// All words, in the order of the text.
    pub fn tokens(&self) -> &[WordId] {
        &self.tokens
    }

    /// What was read, kept and dropped.
    pub fn ledger(&self) -> Ledger {
        self.ledger
    }

    /// The files that the text came from.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    fn empty<P: AsRef<Path>>(paths: &[P]) -> Self {
        let paths = paths.iter().map(|p| p.as_ref().into()).collect();
        Self { tokens: Vec::new(), ends: Vec::new(), ledger: Ledger::default(), paths }
    }

    /// Replaces the ids in place and closes the gaps of dropped words.
    fn renumber(&mut self, new_ids: &[WordId]) {
        let (mut read, mut kept) = (0, 0);
        for end in std::mem::take(&mut self.ends) {
            let start = kept;
            while read < end {
                // Written in any case, kept only if the next one does not overwrite it: no branch to mispredict.
                let id = new_ids[self.tokens[read] as usize];
                self.tokens[kept] = id;
                kept += usize::from(id != DROPPED);
                read += 1;
            }
            self.end_sentences(start, kept);
        }
        self.tokens.truncate(kept);
    }

    fn end_sentences(&mut self, start: usize, end: usize) {
        self.ends.extend((start..end).skip(LONGEST_SENTENCE).step_by(LONGEST_SENTENCE));
        if end > start {
            self.ends.push(end);
        }
    }

    fn finish(mut self) -> Self {
        self.tokens.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.ledger.kept = self.tokens.len() as u64;
        self.ledger.dropped = self.ledger.tokens - self.ledger.kept;
        self
    }
}

impl Sentences for Corpus {
    fn len(&self) -> usize {
        self.len()
    }

    fn has_pairs(&self) -> bool {
        self.sentences().any(|s| s.len() > 1)
    }

    fn ledger(&self) -> Ledger {
        self.ledger
    }

    fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    fn reader(&self) -> Result<Box<dyn SentenceReader + '_>> {
        Ok(Box::new(self))
    }
}

impl SentenceReader for &Corpus {
    fn sentence(&mut self, i: usize) -> Result<&[WordId]> {
        Ok(Corpus::sentence(self, i))
    }
}

/// The vocabulary of what was seen `counts` times, and the new id of each old one.
pub(super) fn vocabulary(
    seen: &Interner,
    counts: &[u64],
    min_count: u64,
    paths: &[PathBuf],
    tokens: u64,
) -> Result<(Vocabulary, Vec<WordId>)> {
    if counts.iter().all(|n| *n < min_count.max(1)) {
        return Err(Error::NoWords { paths: paths.to_vec(), tokens, min_count });
    }
    let words = seen.iter().zip(counts).map(|((word, _), n)| (word.into(), *n));
    let vocab = Vocabulary::new(words, min_count)?;
    let new_ids = seen.iter().map(|(word, _)| vocab.id(word).unwrap_or(DROPPED)).collect();
    Ok((vocab, new_ids))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn load(text: &str, min_count: u64) -> Result<(Vocabulary, Corpus)> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Corpus::load(&[file.path()], min_count)
    }

    fn read(text: &str, vocab: &Vocabulary) -> Result<Corpus> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Corpus::with_vocabulary(&[file.path()], vocab)
    }

    #[test]
    fn ids_fall_by_count_and_rare_words_leave_no_gap() {
        let (vocab, corpus) = load("b a rare a\r\n\nonce\n b\u{3000}a\u{a0}c c", 2).unwrap();
        assert_eq!((0..3).map(|i| vocab.word(i)).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(vocab.counts().as_slice(), [3, 2, 2]);
        assert!(corpus.sentences().eq([&[1, 0, 0][..], &[1, 0, 2, 2]]));
        assert_eq!(corpus.ledger(), Ledger { lines: 4, tokens: 9, kept: 7, dropped: 2 });
        let held_out = read("\nc new a\nnew\n", &vocab).unwrap();
        assert!(held_out.sentences().eq([&[2, 0][..]]));
        assert_eq!(held_out.ledger(), Ledger { lines: 3, tokens: 4, kept: 2, dropped: 2 });
    }

    #[test]
    fn held_out_lines_are_no_part_of_the_vocabulary() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a b\na\nnew b\na a b\nc\nb new\n").unwrap();
        let (vocab, train, held_out) = Corpus::load_and_hold_out(&[file.path()], 1, 3).unwrap();
        assert_eq!((0..3).map(|i| vocab.word(i)).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert!(train.sentences().eq([&[0, 1][..], &[0], &[0, 0, 1], &[2]]));
        assert!(held_out.sentences().eq([&[1][..], &[1]]));
        assert_eq!(held_out.ledger(), Ledger { lines: 2, tokens: 4, kept: 2, dropped: 2 });
        std::fs::write(file.path(), "a b c\n\n").unwrap();
        assert!(matches!(Corpus::load_and_hold_out(&[file.path()], 1, 3), Err(Error::OutOfRange { .. })));
    }

    #[test]
    fn nothing_kept_is_an_error() {
        for (text, min_count, read) in [("", 1, 0), ("\n \u{2003}\r\n", 0, 0), ("a b", 2, 2)] {
            assert!(matches!(load(text, min_count), Err(Error::NoWords { tokens, .. }) if tokens == read), "{text:?}");
        }
        let (vocab, _) = load("a", 1).unwrap();
        assert!(matches!(read("b c", &vocab), Err(Error::NoKnownWords { tokens: 2, .. })));
    }

    #[test]
    fn a_text_without_line_breaks_is_cut() {
        let text = "rare ".to_owned() + &"x y ".repeat(LONGEST_SENTENCE);
        let (vocab, corpus) = load(&text, 2).unwrap();
        assert_eq!(corpus.sentences().map(<[_]>::len).collect::<Vec<_>>(), [LONGEST_SENTENCE; 2]);
        assert!(read(&text, &vocab).unwrap().sentences().eq(corpus.sentences()));
        let (_, corpus) = load(&(text + "x"), 2).unwrap();
        assert_eq!(corpus.sentence(2), [0]);
    }

    proptest! {
        #[test]
        fn a_text_is_what_a_naive_reading_gives(text in "[a-eé \\n]{0,200}", min_count in 0u64..4) {
            let mut counts = HashMap::new();
            text.split_whitespace().for_each(|w| *counts.entry(w).or_insert(0u64) += 1);
            let kept = |line: &'_ str| line.split_whitespace().filter(|w| counts[w] >= min_count).map(String::from).collect::<Vec<_>>();
            let want: Vec<_> = text.lines().map(kept).filter(|s| !s.is_empty()).collect();
            match load(&text, min_count) {
                Err(e) => prop_assert!(want.is_empty(), "{e}"),
                Ok((vocab, corpus)) => {
                    let got: Vec<Vec<_>> = corpus.sentences().map(|s| s.iter().map(|&w| vocab.word(w).to_owned()).collect()).collect();
                    prop_assert_eq!(got, want);
                    prop_assert!((0..vocab.len()).all(|w| vocab.counts().as_slice()[w] == counts[vocab.word(w as u32)]));
                    prop_assert!(read(&text, &vocab).unwrap().sentences().eq(corpus.sentences()));
                }
            }
        }
    }
}
