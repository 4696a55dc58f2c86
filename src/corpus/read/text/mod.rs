//! A text as ids in memory.

use super::numbers::Text;
use crate::corpus::{Joins, Ledger, SentenceReader, Sentences, Source, TextRules};
use crate::error::{Error, Result};
use crate::peers::Team;
use crate::vocab::{Vocabulary, WordId};
use std::path::{Path, PathBuf};

/// The maximum number of kept words in a sentence. Longer lines are cut (word2vec cuts at 1,000), so that a text
/// without line breaks can be shuffled too.
pub const LONGEST_SENTENCE: usize = 10_000;

pub(in crate::corpus) const DROPPED: WordId = WordId::MAX;

/// A text as ids in memory: the known words in order, 4 bytes each, and the ends of the sentences, 8 bytes each.
///
/// A sentence is a line with at least one kept word. Dropped words leave no gap, as in word2vec: their neighbours
/// become each other's context.
#[derive(Clone, Debug)]
pub struct Corpus {
    text: Text<Vec<WordId>>,
}

impl Corpus {
    /// Reads a training text once. Its vocabulary contains the words that occur at least `min_count` times.
    ///
    /// # Errors
    /// The errors of [`Corpus::read`].
    pub fn load<P: AsRef<Path>>(paths: &[P], min_count: u64) -> Result<(Vocabulary, Self)> {
        Self::read(&Source::plain(paths), &TextRules::min_count(min_count))
    }

    /// Reads a training text once, and builds its vocabulary by the rules.
    ///
    /// Until it returns, it needs 4 bytes for every word read, including dropped ones, and 8 for every line.
    ///
    /// # Errors
    /// The errors of [`Source::for_each_line`], [`Error::NoWords`] (with a given vocabulary, [`Error::NoKnownWords`]),
    /// [`Error::TooManyWords`], and invalid rules.
    pub fn read(source: &Source, rules: &TextRules) -> Result<(Vocabulary, Self)> {
        rules.check()?;
        let (vocab, text) = Text::read(source, rules, Vec::new())?;
        Ok((vocab, Self::of(text)))
    }

    /// Reads a training text together with other ranks, each a share of the files. Every rank returns the vocabulary,
    /// the sentences and the ledger of [`Corpus::read`], for any number of ranks.
    ///
    /// With as many files as ranks or more, rank r of R reads files r, r + R, … With fewer files, a plain UTF-8 file is
    /// cut at line ends into one part for each rank; any other file is read by one rank. Standard input and pipes are
    /// read by rank 0. A rank needs only the files that it reads, at the paths that all ranks name.
    ///
    /// All ranks call this with the same source and rules. They send each other the whole text: 4 bytes for every word
    /// and every line, and each distinct word once. Until it returns, a rank needs the memory of [`Corpus::read`] for
    /// the whole text and, besides, for its own share.
    ///
    /// ```
    /// use lexmax::corpus::{Corpus, Source, TextRules};
    /// use lexmax::peers::{Team, ThreadPeers};
    ///
    /// # let file = tempfile::NamedTempFile::new().unwrap();
    /// # std::fs::write(file.path(), "the cat sat\nthe dog sat\n").unwrap();
    /// # let path = file.path();
    /// let (source, rules) = (Source::plain(&[path]), TextRules::min_count(1));
    /// let words = ThreadPeers::run(2, |peers| {
    ///     let (vocab, corpus) = Corpus::read_over(&source, &rules, &mut Team::new(peers))?;
    ///     Ok::<_, lexmax::Error>((vocab.len(), corpus.tokens().len()))
    /// });
    /// assert!(words.into_iter().all(|words| words.is_ok_and(|words| words == (4, 6))));
    /// ```
    ///
    /// # Errors
    /// The errors of [`Corpus::read`]. All ranks fail together: the rank that read the first fault of the text returns
    /// it, and the others return it as [`RanksFault::Other`](crate::error::RanksFault::Other).
    /// [`RanksFault::Differ`](crate::error::RanksFault::Differ) if files or settings differ.
    pub fn read_over(source: &Source, rules: &TextRules, team: &mut Team) -> Result<(Vocabulary, Self)> {
        let (vocab, text) = Text::read_over(source, rules, || Ok(Vec::new()), team)?;
        Ok((vocab, Self::of(text)))
    }

    /// Reads a text once, and holds out the last of every `every` lines (at least one). The vocabulary is built from
    /// the other lines. Returns the vocabulary, the training part and the held-out part. Words that are too long are
    /// dropped before; they and unsplit letters are counted in the ledger of the training part.
    ///
    /// # Errors
    /// The errors of [`Corpus::load`], [`Error::NoKnownWords`], and fewer than two lines with words.
    pub fn load_and_hold_out<P: AsRef<Path>>(
        paths: &[P],
        min_count: u64,
        every: usize,
    ) -> Result<(Vocabulary, Self, Self)> {
        Self::read_and_hold_out(&Source::plain(paths), min_count, every)
    }

    /// Like [`Self::load_and_hold_out`], for any source.
    ///
    /// # Errors
    /// The errors of [`Corpus::load_and_hold_out`], and an invalid source.
    pub fn read_and_hold_out(source: &Source, min_count: u64, every: usize) -> Result<(Vocabulary, Self, Self)> {
        let (seen, text) = Text::numbers(source, Vec::new())?;
        let lines = text.ends.len();
        if lines == 1 {
            let limit = "2 or more where no held-out text is given";
            return Err(Error::OutOfRange { name: "lines of text", value: 1.0, limit });
        }
        let Ledger { too_long, unsplit, .. } = text.ledger;
        let [mut train, mut held_out] = split(&Self { text }, every.clamp(2, lines.max(2)));
        (train.ledger.too_long, train.ledger.tokens) = (too_long, train.ledger.tokens + too_long);
        train.ledger.unsplit = unsplit;
        let mut counts = vec![0; seen.counts().len()];
        train.ids.iter().for_each(|word| counts[*word as usize] += 1);
        let (vocab, new_ids) =
            TextRules::min_count(min_count).number(&seen, &counts, &train.paths, &mut train.ledger)?;
        drop(seen);
        train.renumber(&new_ids, LONGEST_SENTENCE)?;
        held_out.renumber(&new_ids, LONGEST_SENTENCE)?;
        held_out.ledger.unknown = held_out.ledger.tokens - held_out.words();
        Ok((vocab, Self::of(train.finish()), Self::known(held_out)?))
    }

    /// Reads a text, such as a held-out one, with an existing vocabulary. Words outside the vocabulary are dropped and
    /// counted.
    ///
    /// # Errors
    /// The errors of [`for_each_line`](crate::corpus::for_each_line), and [`Error::NoKnownWords`].
    pub fn with_vocabulary<P: AsRef<Path>>(paths: &[P], vocab: &Vocabulary) -> Result<Self> {
        Self::read_known(&Source::plain(paths), vocab, None, LONGEST_SENTENCE)
    }

    /// Like [`Self::with_vocabulary`], with the reading rules of the vocabulary's own text: the same source options,
    /// joined phrases and longest sentence. Reading that text again gives its own sentences.
    ///
    /// # Errors
    /// The errors of [`Source::for_each_line`], and [`Error::NoKnownWords`].
    pub fn read_known(
        source: &Source,
        vocab: &Vocabulary,
        joins: Option<&Joins>,
        longest_sentence: usize,
    ) -> Result<Self> {
        let mut text = Text::new(Vec::new(), &source.paths);
        source.check()?;
        let (mut ledger, mut tokens, mut joined, mut too_long) = (Ledger::default(), 0, 0, 0);
        source.for_each_line(&mut ledger, |line| {
            let all = source.words(line, &mut too_long).inspect(|_| tokens += 1);
            match joins {
                Some(joins) => joined += joins.ids(all, vocab, &mut text.ids),
                None => text.ids.extend(all.filter_map(|word| vocab.id(word))),
            }
            text.end_line(text.ids.len() as u64, longest_sentence as u64);
            Ok(())
        })?;
        ledger.tokens += tokens + too_long;
        ledger.unknown = tokens - joined - text.words();
        text.ledger = Ledger { joined, too_long, cut_sentences: text.ledger.cut_sentences, ..ledger };
        Self::known(text)
    }

    /// Completes a text that was read with a given vocabulary.
    fn known(text: Text<Vec<WordId>>) -> Result<Self> {
        match text.words() {
            0 => Err(Error::NoKnownWords { paths: text.paths, tokens: text.ledger.tokens }),
            _ => Ok(Self::of(text.finish())),
        }
    }

    fn of(mut text: Text<Vec<WordId>>) -> Self {
        text.ids.shrink_to_fit();
        Self { text }
    }

    /// Number of sentences.
    pub fn len(&self) -> usize {
        self.text.ends.len()
    }

    /// Always false, since a corpus has at least one sentence.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// A sentence, by its number from 0.
    pub fn sentence(&self, i: usize) -> &[WordId] {
        let ids = self.text.range(i);
        &self.text.ids[ids.start as usize..ids.end as usize]
    }

    /// All sentences, in the order of the text.
    pub fn sentences(&self) -> impl ExactSizeIterator<Item = &[WordId]> {
        (0..self.len()).map(|i| self.sentence(i))
    }

    /// All words, in the order of the text.
    pub fn tokens(&self) -> &[WordId] {
        &self.text.ids
    }

    /// Counts of the words read, kept and dropped.
    pub fn ledger(&self) -> Ledger {
        self.text.ledger
    }

    /// The files that the text was read from.
    pub fn paths(&self) -> &[PathBuf] {
        &self.text.paths
    }
}

/// Splits off the last of every `every` sentences; returns the others first.
fn split(corpus: &Corpus, every: usize) -> [Text<Vec<WordId>>; 2] {
    let mut parts = [(); 2].map(|()| Text::new(Vec::new(), corpus.paths()));
    for (i, sentence) in corpus.sentences().enumerate() {
        let part = &mut parts[usize::from(i % every == every - 1)];
        part.ids.extend_from_slice(sentence);
        part.ends.push(part.ids.len() as u64);
        part.ledger.lines += 1;
        part.ledger.tokens += sentence.len() as u64;
    }
    parts
}

impl Sentences for Corpus {
    fn len(&self) -> usize {
        self.len()
    }

    fn has_pairs(&self) -> bool {
        self.text.has_pairs()
    }

    fn ledger(&self) -> Ledger {
        self.text.ledger
    }

    fn paths(&self) -> &[PathBuf] {
        &self.text.paths
    }

    fn joins(&self) -> Option<&Joins> {
        self.text.joins.as_ref()
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

#[cfg(test)]
mod tests;
