//! Batches of examples, and where they come from.

mod subsample;
mod text;
mod windows;

pub use subsample::Subsampler;
pub use text::{TextExamples, held_out};
pub use windows::{Context, Direction, Window, WindowRule};

use crate::vocab::WordId;

/// A batch of examples: bags of context words, each with the word to predict from it.
///
/// The bags lie end to end: bag `b` is `words[offsets[b]..offsets[b + 1]]`, and `offsets` starts with 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examples {
    /// The words of all bags.
    pub words: Vec<WordId>,
    /// Where the bags begin and end: one entry more than there are bags.
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
    /// No example yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of examples.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there is none.
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
    /// If all bags together hold 2³² words or more; an [`ExampleSource`] stops before that.
    #[inline]
    pub fn push(&mut self, context: impl IntoIterator<Item = WordId>, target: WordId) {
        self.words.extend(context);
        assert!(u32::try_from(self.words.len()).is_ok(), "{} words in one batch", self.words.len());
        self.offsets.push(self.words.len() as u32);
        self.targets.push(target);
    }

    /// Forgets all examples but keeps their memory.
    pub fn clear(&mut self) {
        self.words.clear();
        self.offsets.truncate(1);
        self.targets.clear();
    }
}

/// Where training examples come from, in batches of any size. Sources are endless.
pub trait ExampleSource: Send {
    /// Clears `out`, puts the next `max` examples in, and returns how many they are: fewer than `max` only where the bags
    /// of `max` examples could hold 2³² words. The examples one after the other do not depend on how they are batched.
    fn fill(&mut self, max: usize, out: &mut Examples) -> usize;

    /// Tokens of the training text consumed so far, in whatever steps suit the source; words that subsampling drops count too.
    fn tokens(&self) -> u64;

    /// The pass over the text that the next example is of, from 0; always 0 where text never repeats.
    fn epoch(&self) -> u64 {
        0
    }
}

/// The examples of a position that a full batch left over for the next one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Carry {
    examples: Examples,
    taken: usize,
}

impl Carry {
    /// Whether nothing is left over.
    pub(crate) fn is_empty(&self) -> bool {
        self.taken == self.examples.len()
    }

    /// Moves what was left over into `out`, which takes at most `max` in all. If `out` is not full then, nothing is left.
    pub(crate) fn pour(&mut self, max: usize, out: &mut Examples) {
        while self.taken < self.examples.len() && out.len() < max {
            out.push(self.examples.contexts(self.taken).iter().copied(), self.examples.targets[self.taken]);
            self.taken += 1;
        }
    }

    /// Adds the examples of a position to `out`, which takes at most `max` in all, and keeps the rest. Nothing may be left over.
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
