//! Batches of training examples, and their sources.

mod subsample;
mod text;
mod windows;

pub use subsample::Subsampler;
pub use text::{TextExamples, held_out};
pub use windows::{Context, Direction, Window, WindowRule};

use crate::vocab::WordId;

/// A batch of examples: bags of context words, each with the word to predict from it.
///
/// The bags are stored one after another: bag `b` is `words[offsets[b]..offsets[b + 1]]`, and `offsets` starts with 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examples {
    /// The words of all bags.
    pub words: Vec<WordId>,
    /// The boundaries of the bags: one entry more than there are bags.
    pub offsets: Vec<u32>,
    /// The word to predict from each bag.
    pub targets: Vec<WordId>,
}

impl Default for Examples {
    fn default() -> Self {
        Self { words: Vec::new(), offsets: vec![0], targets: Vec::new() }
    }
}

impl Examples {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of examples.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether the batch is empty.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// The context words of example `b`.
    pub fn contexts(&self, b: usize) -> &[WordId] {
        &self.words[self.offsets[b] as usize..self.offsets[b + 1] as usize]
    }

    /// Adds an example.
    ///
    /// # Panics
    /// If all bags together hold 2³² words or more. An [`ExampleSource`] stops before that.
    #[inline]
    pub fn push(&mut self, context: impl IntoIterator<Item = WordId>, target: WordId) {
        self.words.extend(context);
        assert!(u32::try_from(self.words.len()).is_ok(), "{} words in one batch", self.words.len());
        self.offsets.push(self.words.len() as u32);
        self.targets.push(target);
    }

    /// Removes all examples but keeps the memory.
    pub fn clear(&mut self) {
        self.words.clear();
        self.offsets.truncate(1);
        self.targets.clear();
    }
}

/// A source of training examples, in batches of any size. Sources are endless.
pub trait ExampleSource: Send {
    /// Replaces the content of `out` by the next `max` examples and returns their number. It is lower than `max` only
    /// if the bags of `max` examples could hold 2³² words. The sequence of examples does not depend on the batch sizes.
    fn fill(&mut self, max: usize, out: &mut Examples) -> usize;

    /// Tokens of the training text consumed so far, including words dropped by subsampling. The granularity depends on
    /// the source.
    fn tokens(&self) -> u64;

    /// The pass over the text that the next example belongs to, from 0; always 0 for text that never repeats.
    fn epoch(&self) -> u64 {
        0
    }
}

/// The examples of a position that did not fit into the last batch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Carry {
    examples: Examples,
    taken: usize,
}

impl Carry {
    /// Whether no example is left over.
    pub(crate) fn is_empty(&self) -> bool {
        self.taken == self.examples.len()
    }

    /// Moves leftover examples into `out` until it holds `max`. If `out` holds fewer afterwards, nothing is left over.
    pub(crate) fn pour(&mut self, max: usize, out: &mut Examples) {
        while self.taken < self.examples.len() && out.len() < max {
            out.push(self.examples.contexts(self.taken).iter().copied(), self.examples.targets[self.taken]);
            self.taken += 1;
        }
    }

    /// Adds the examples of a position to `out` until it holds `max`, and keeps the rest. Requires that nothing is left
    /// over.
    #[inline]
    pub(crate) fn add(
        &mut self,
        window: &Window,
        sentence: &[WordId],
        position: usize,
        reduced: usize,
        max: usize,
        out: &mut Examples,
    ) {
        if max - out.len() >= window.most_at(reduced) {
            window.examples_at(sentence, position, reduced, out);
        } else {
            self.examples.clear();
            self.taken = 0;
            window.examples_at(sentence, position, reduced, &mut self.examples);
            self.pour(max, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bags_lie_end_to_end() {
        let mut examples = Examples::new();
        assert!(examples.is_empty());
        examples.push([3, 1], 4);
        examples.push([], 5);
        examples.push([9], 2);
        assert_eq!((examples.words.as_slice(), examples.offsets.as_slice()), (&[3, 1, 9][..], &[0, 2, 2, 3][..]));
        assert_eq!((0..3).map(|b| examples.contexts(b)).collect::<Vec<_>>(), [&[3, 1][..], &[], &[9]]);
        examples.clear();
        assert_eq!(examples, Examples::new());
    }
}
