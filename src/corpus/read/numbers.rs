//! The single path from files to ids: a text is read once, and its numbers go into a sink.

use super::text::DROPPED;
use crate::corpus::{Joins, Ledger, Source, TextRules};
use crate::error::Result;
use crate::vocab::{Interner, Vocabulary, WordId};
use std::ops::Range;
use std::path::PathBuf;

/// Storage for the ids of a text: in memory (`Vec`), or in a file ([`Spool`](super::spool::Spool)).
pub(in crate::corpus) trait Sink: Sized {
    /// Appends an id.
    fn push(&mut self, id: WordId) -> Result<()>;

    /// Ends the first pass over the text. The ids pushed so far can be read afterwards.
    fn complete(&mut self) -> Result<()>;

    /// The ids at these places.
    fn ids(&self, places: Range<u64>) -> Result<Vec<WordId>>;

    /// Calls `f` with every line in order; `ends` holds the end of each.
    fn for_each(&self, ends: &[u64], f: &mut dyn FnMut(&[WordId])) -> Result<()>;

    /// Replaces every line by the ids that `f` adds to an empty vector, at most as many as before, and updates `ends`.
    fn rewrite(&mut self, ends: &mut [u64], f: &mut dyn FnMut(&[WordId], &mut Vec<WordId>)) -> Result<()>;
}

/// A text as lines of ids, and as sentences after [`Text::renumber`].
#[derive(Clone, Debug)]
pub(in crate::corpus) struct Text<S> {
    pub ids: S,
    /// The end of each line, in ids.
    pub ends: Vec<u64>,
    pub ledger: Ledger,
    pub joins: Option<Joins>,
    pub paths: Vec<PathBuf>,
}

impl<S> Text<S> {
    /// A text without lines.
    pub fn new(ids: S, paths: &[PathBuf]) -> Self {
        Self { ids, ends: Vec::new(), ledger: Ledger::default(), joins: None, paths: paths.to_vec() }
    }

    /// Number of ids.
    pub fn words(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// The ids of a sentence.
    pub fn range(&self, sentence: usize) -> Range<u64> {
        let start = if sentence == 0 { 0 } else { self.ends[sentence - 1] };
        start..self.ends[sentence]
    }

    /// Whether any sentence has two words.
    pub fn has_pairs(&self) -> bool {
        (0..self.ends.len()).map(|i| self.range(i)).any(|ids| ids.end - ids.start > 1)
    }

    /// Ends a line after `end` ids, as sentences of at most `longest` ids. A line without ids is left out.
    pub fn end_line(&mut self, end: u64, longest: u64) {
        let start = self.words();
        self.ledger.cut_sentences += (end - start).saturating_sub(1) / longest;
        self.ends.extend((start..end).skip(longest as usize).step_by(longest as usize));
        if end > start {
            self.ends.push(end);
        }
    }

    /// Completes the ledger.
    pub fn finish(mut self) -> Self {
        self.ends.shrink_to_fit();
        (self.ledger.kept, self.ledger.sentences) = (self.words(), self.ends.len() as u64);
        debug_assert!(self.ledger.adds_up(), "{:?}", self.ledger);
        self
    }
}

impl<S: Sink> Text<S> {
    /// Reads a text into a sink by checked rules, and builds its vocabulary.
    pub fn read(source: &Source, rules: &TextRules, sink: S) -> Result<(Vocabulary, Self)> {
        let (seen, text) = Self::numbers(source, sink)?;
        text.by_rules(seen, rules)
    }

    /// Builds the vocabulary of a text of numbers, and turns its lines into sentences.
    pub fn by_rules(self, mut seen: Interner, rules: &TextRules) -> Result<(Vocabulary, Self)> {
        let mut text = self;
        if let Some(phrases) = &rules.phrases {
            phrases.join(&mut text, &mut seen)?;
        }
        let (vocab, new_ids) = rules.number(&seen, seen.counts(), &text.paths, &mut text.ledger)?;
        drop(seen);
        text.renumber(&new_ids, rules.longest_sentence)?;
        Ok((vocab, text.finish()))
    }

    /// The words of a text, numbered by first appearance. A line without a word is left out.
    pub fn numbers(source: &Source, sink: S) -> Result<(Interner, Self)> {
        let (mut numbers, mut ledger) = (Numbers::new(sink), Ledger::default());
        source.check()?;
        source.for_each_line(&mut ledger, |line| numbers.line(source, line))?;
        let (seen, mut text) = numbers.complete(ledger)?;
        text.paths.clone_from(&source.paths);
        Ok((seen, text))
    }

    /// Gives the words their new ids, closes the gaps of dropped ones, and cuts lines into sentences of at most
    /// `longest` ids.
    pub fn renumber(&mut self, new_ids: &[WordId], longest: usize) -> Result<()> {
        let mut lines = std::mem::take(&mut self.ends);
        self.ids.rewrite(&mut lines, &mut |line, out| {
            // Always written; a dropped id is overwritten by the next one. This avoids a branch that would be
            // mispredicted.
            out.resize(line.len(), DROPPED);
            let mut kept = 0;
            for old in line {
                let id = new_ids[*old as usize];
                out[kept] = id;
                kept += usize::from(id != DROPPED);
            }
            out.truncate(kept);
        })?;
        self.ends.reserve(lines.len());
        lines.into_iter().for_each(|end| self.end_line(end, longest as u64));
        Ok(())
    }
}

/// Numbers the words of lines by first appearance.
pub(in crate::corpus) struct Numbers<S> {
    seen: Interner,
    text: Text<S>,
    read: u64,
    too_long: u64,
}

impl<S: Sink> Numbers<S> {
    pub fn new(sink: S) -> Self {
        Self { seen: Interner::default(), text: Text::new(sink, &[]), read: 0, too_long: 0 }
    }

    /// Appends the words of a line. A line without a word is left out.
    #[inline]
    pub fn line(&mut self, source: &Source, line: &str) -> Result<()> {
        let Self { seen, text, read, too_long } = self;
        for word in source.words(line, too_long) {
            text.ids.push(seen.intern(word)?)?;
            *read += 1;
        }
        if *read > text.words() {
            text.ends.push(*read);
        }
        Ok(())
    }

    /// Lines with words so far.
    pub fn lines(&self) -> usize {
        self.text.ends.len()
    }

    /// Ends the text. `ledger` has the counts of the lines that were read.
    pub fn complete(mut self, ledger: Ledger) -> Result<(Interner, Text<S>)> {
        self.text.ids.complete()?;
        let tokens = ledger.tokens + self.read + self.too_long;
        self.text.ledger = Ledger { tokens, too_long: self.too_long, ..ledger };
        Ok((self.seen, self.text))
    }
}

impl Sink for Vec<WordId> {
    #[inline]
    fn push(&mut self, id: WordId) -> Result<()> {
        self.push(id);
        Ok(())
    }

    fn complete(&mut self) -> Result<()> {
        Ok(())
    }

    fn ids(&self, places: Range<u64>) -> Result<Vec<WordId>> {
        Ok(self[places.start as usize..places.end as usize].to_vec())
    }

    fn for_each(&self, ends: &[u64], f: &mut dyn FnMut(&[WordId])) -> Result<()> {
        let mut start = 0;
        for end in ends {
            f(&self[start..*end as usize]);
            start = *end as usize;
        }
        Ok(())
    }

    fn rewrite(&mut self, ends: &mut [u64], f: &mut dyn FnMut(&[WordId], &mut Vec<WordId>)) -> Result<()> {
        let (mut start, mut kept, mut line) = (0, 0, Vec::new());
        for end in ends {
            line.clear();
            f(&self[start..*end as usize], &mut line);
            start = *end as usize;
            self[kept..kept + line.len()].copy_from_slice(&line);
            kept += line.len();
            *end = kept as u64;
        }
        self.truncate(kept);
        Ok(())
    }
}
