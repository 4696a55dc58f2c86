//! A text as ids.

use super::phrases::IdLines;
use crate::corpus::{Joins, Ledger, SentenceReader, Sentences, Source, TextRules, words};
use crate::error::{Error, Result};
use crate::vocab::Interner;
use crate::vocab::{Vocabulary, WordId};
use std::path::{Path, PathBuf};

/// A longer line is cut into sentences of this many kept words (as in word2vec, there 1,000), so that a text without line
/// breaks can be shuffled too.
pub const LONGEST_SENTENCE: usize = 10_000;

pub(in crate::corpus) const DROPPED: WordId = WordId::MAX;

/// The known words of a text in their order, 4 bytes each, and where its sentences end, 8 bytes each.
///
/// A sentence is a line; one that keeps no word is not there. Dropped words leave no gap, as in word2vec: their neighbours
/// become each other's context.
#[derive(Clone, Debug)]
pub struct Corpus {
    tokens: Vec<WordId>,
    ends: Vec<usize>,
    ledger: Ledger,
    joins: Option<Joins>,
    paths: Vec<PathBuf>,
}

impl Corpus {
    /// Reads a training text once, and makes its vocabulary of the words that occur at least `min_count` times.
    ///
    /// # Errors
    /// As [`Corpus::read`].
    pub fn load<P: AsRef<Path>>(paths: &[P], min_count: u64) -> Result<(Vocabulary, Self)> {
        Self::read(&Source::plain(paths), &TextRules::min_count(min_count))
    }

    /// Reads a training text once, and makes its vocabulary by the rules.
    ///
    /// Needs 4 bytes for every word read, dropped ones too, until it returns, and 8 for every line.
    ///
    /// # Errors
    /// Those of [`Source::for_each_line`], [`Error::NoWords`] (by a vocabulary that was given, [`Error::NoKnownWords`]),
    /// [`Error::TooManyWords`], and rules that make no sense.
    pub fn read(source: &Source, rules: &TextRules) -> Result<(Vocabulary, Self)> {
        rules.check()?;
        let (mut seen, mut corpus) = Self::numbers(source)?;
        if let Some(phrases) = &rules.phrases {
            let mut ledger = corpus.ledger;
            let joins;
            (corpus, joins) = phrases.join(corpus, &mut seen, &mut ledger)?;
            (corpus.ledger, corpus.joins) = (ledger, Some(joins));
        }
        let (vocab, new_ids) = rules.number(&seen, seen.counts(), &corpus.paths, &mut corpus.ledger)?;
        drop(seen);
        corpus.renumber(&new_ids, rules.longest_sentence);
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
        let (seen, corpus) = Self::numbers(&Source::plain(paths))?;
        if corpus.len() == 1 {
            let limit = "2 or more where no held-out text is given";
            return Err(Error::OutOfRange { name: "lines of text", value: 1.0, limit });
        }
        let every = every.clamp(2, corpus.len().max(2));
        let (mut train, mut held_out) = corpus.split(every);
        let mut counts = vec![0; seen.counts().len()];
        train.tokens.iter().for_each(|word| counts[*word as usize] += 1);
        let (vocab, new_ids) =
            TextRules::min_count(min_count).number(&seen, &counts, &train.paths, &mut train.ledger)?;
        drop(seen);
        train.renumber(&new_ids, LONGEST_SENTENCE);
        held_out.renumber(&new_ids, LONGEST_SENTENCE);
        held_out.ledger.unknown = held_out.ledger.tokens - held_out.tokens.len() as u64;
        if held_out.tokens.is_empty() {
            return Err(Error::NoKnownWords { paths: held_out.paths, tokens: held_out.ledger.tokens });
        }
        Ok((vocab, train.finish(), held_out.finish()))
    }

    /// The words of a text as numbers of first appearance.
    fn numbers(source: &Source) -> Result<(Interner, Self)> {
        let mut corpus = Self::empty(&source.paths);
        let mut seen = Interner::default();
        let mut ledger = Ledger::default();
        source.for_each_line(&mut ledger, |line| {
            for word in words(line) {
                corpus.tokens.push(seen.intern(word)?);
            }
            if corpus.tokens.len() > corpus.ends.last().copied().unwrap_or(0) {
                corpus.ends.push(corpus.tokens.len());
            }
            Ok(())
        })?;
        ledger.tokens += corpus.tokens.len() as u64;
        corpus.ledger = ledger;
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
    /// Those of [`for_each_line`](crate::corpus::for_each_line), and [`Error::NoKnownWords`].
    pub fn with_vocabulary<P: AsRef<Path>>(paths: &[P], vocab: &Vocabulary) -> Result<Self> {
        Self::read_known(&Source::plain(paths), vocab, None, LONGEST_SENTENCE)
    }

    /// The same for a text that is read as the text of the vocabulary was: from a source with the same options, with the phrases
    /// that were joined there, and with the same longest sentence. The text of the vocabulary itself gives its own sentences.
    ///
    /// # Errors
    /// Those of [`Source::for_each_line`], and [`Error::NoKnownWords`].
    pub fn read_known(
        source: &Source,
        vocab: &Vocabulary,
        joins: Option<&Joins>,
        longest_sentence: usize,
    ) -> Result<Self> {
        let mut corpus = Self::empty(&source.paths);
        let (mut ledger, mut tokens) = (Ledger::default(), 0);
        source.for_each_line(&mut ledger, |line| {
            let start = corpus.tokens.len();
            let all = words(line).inspect(|_| tokens += 1);
            match joins {
                Some(joins) => corpus.ledger.joined += joins.ids(all, vocab, &mut corpus.tokens),
                None => corpus.tokens.extend(all.filter_map(|word| vocab.id(word))),
            }
            corpus.end_sentences(start, corpus.tokens.len(), longest_sentence);
            Ok(())
        })?;
        ledger.tokens += tokens;
        ledger.joined = corpus.ledger.joined;
        ledger.unknown = tokens - ledger.joined - corpus.tokens.len() as u64;
        ledger.cut_sentences = corpus.ledger.cut_sentences;
        corpus.ledger = ledger;
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
        Self { tokens: Vec::new(), ends: Vec::new(), ledger: Ledger::default(), joins: None, paths }
    }

    /// Replaces the ids in place and closes the gaps of dropped words.
    fn renumber(&mut self, new_ids: &[WordId], longest: usize) {
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
            self.end_sentences(start, kept, longest);
        }
        self.tokens.truncate(kept);
    }

    fn end_sentences(&mut self, start: usize, end: usize, longest: usize) {
        self.ledger.cut_sentences += (end - start).saturating_sub(1) as u64 / longest as u64;
        self.ends.extend((start..end).skip(longest).step_by(longest));
        if end > start {
            self.ends.push(end);
        }
    }

    fn finish(mut self) -> Self {
        self.tokens.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.ledger.kept = self.tokens.len() as u64;
        self.ledger.sentences = self.ends.len() as u64;
        debug_assert!(self.ledger.adds_up(), "{:?}", self.ledger);
        self
    }
}

impl IdLines for Corpus {
    fn for_each(&self, f: &mut dyn FnMut(&[WordId])) -> Result<()> {
        self.sentences().for_each(f);
        Ok(())
    }

    fn rewrite(mut self, f: &mut dyn FnMut(&[WordId], &mut Vec<WordId>)) -> Result<Self> {
        let (mut start, mut kept, mut line) = (0, 0, Vec::new());
        for end in &mut self.ends {
            line.clear();
            f(&self.tokens[start..*end], &mut line);
            start = *end;
            self.tokens[kept..kept + line.len()].copy_from_slice(&line);
            kept += line.len();
            *end = kept;
        }
        self.tokens.truncate(kept);
        Ok(self)
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

    fn joins(&self) -> Option<&Joins> {
        self.joins.as_ref()
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
