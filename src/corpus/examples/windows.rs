//! Windows: the words around a position that form its examples.

use crate::corpus::{Examples, LONGEST_SENTENCE};
use crate::error::{Error, Result};
use crate::rng::WorkerRng;
use crate::rng::below;
use crate::vocab::WordId;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The form of an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Predicts the word in the centre from each context word alone: one example a pair. The pairs of a position are
    /// consecutive and share their target. On the left the nearest word comes last, on the right first.
    SkipGram,
    /// Predicts the word in the centre from the bag of all context words: one example a position.
    Cbow,
}

/// The side that context words are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum), value(rename_all = "lower"))]
pub enum Context {
    /// Words on both sides of the predicted one, as in word2vec.
    Both,
    /// Words on the left only, as in a language model.
    Left,
}

/// The number of words on each side of a position in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum WindowRule {
    /// Each position draws its size from 1 to the window, as in word2vec.
    Dynamic,
    /// Every position has the whole window.
    Fixed,
}

impl WindowRule {
    /// Whether each position draws its own number.
    pub fn is_dynamic(self) -> bool {
        self == Self::Dynamic
    }
}

/// A rule that makes examples of the words around a position. A position without context has no example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    direction: Direction,
    context: Context,
    size: usize,
    dynamic: bool,
}

impl Window {
    /// A window of up to `size` words on each side. If `dynamic`, each position draws its own size uniformly from 1 to
    /// `size`, as in word2vec, which gives near words more weight. Otherwise the size is fixed.
    ///
    /// # Errors
    /// A size of 0 or above [`LONGEST_SENTENCE`].
    pub fn new(direction: Direction, context: Context, size: usize, dynamic: bool) -> Result<Self> {
        if !(1..=LONGEST_SENTENCE).contains(&size) {
            return Err(Error::OutOfRange { name: "window", value: size as f64, limit: "from 1 to 10000" });
        }
        Ok(Self { direction, context, size, dynamic })
    }

    /// The same window with its full size at every position.
    pub fn fixed(self) -> Self {
        Self { dynamic: false, ..self }
    }

    /// The form of an example.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// The side that context words are taken from.
    pub fn context(&self) -> Context {
        self.context
    }

    /// The maximum number of words on each side.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether each position draws its own size.
    pub fn is_dynamic(&self) -> bool {
        self.dynamic
    }

    /// Adds the examples of one position with `reduced` words on each side.
    #[inline]
    pub fn examples_at(&self, sentence: &[WordId], position: usize, reduced: usize, out: &mut Examples) {
        let (left, right) = self.reach(sentence.len(), position, reduced);
        let (before, after) = (&sentence[position - left..position], &sentence[position + 1..][..right]);
        let (before, after) = (before.iter().copied(), after.iter().copied());
        match self.direction {
            Direction::SkipGram => before.chain(after).for_each(|word| out.push([word], sentence[position])),
            Direction::Cbow if left + right > 0 => {
                out.words.extend(before);
                out.push(after, sentence[position]);
            }
            Direction::Cbow => {}
        }
    }

    /// Upper bound on the number of examples of a position.
    #[inline]
    pub(in crate::corpus) fn most_at(&self, reduced: usize) -> usize {
        match self.direction {
            Direction::SkipGram => 2 * reduced,
            Direction::Cbow => 1,
        }
    }

    /// The number of examples in a sentence of `len` words if every position has `reduced` words on each side.
    pub(in crate::corpus) fn count_in(&self, len: usize, reduced: usize) -> u64 {
        let others = len.saturating_sub(1) as u64;
        let most = others.min(reduced as u64);
        let pairs_a_side = most * (most + 1) / 2 + (others - most) * most;
        match (self.direction, self.context) {
            (Direction::SkipGram, Context::Both) => 2 * pairs_a_side,
            (Direction::SkipGram, Context::Left) => pairs_a_side,
            (Direction::Cbow, Context::Both) => others + u64::from(others > 0),
            (Direction::Cbow, Context::Left) => others,
        }
    }

    /// The expected number of examples in a sentence of `len` words, over the sizes that positions draw.
    pub(in crate::corpus) fn mean_count_in(&self, len: usize) -> f64 {
        let smallest = if self.dynamic { 1 } else { self.size };
        let sum: f64 = (smallest..=self.size).map(|reduced| self.count_in(len, reduced) as f64).sum();
        sum / (self.size + 1 - smallest) as f64
    }

    /// The number of words on each side for the next position.
    #[inline]
    pub fn draw_size(&self, rng: &mut WorkerRng) -> usize {
        if self.dynamic { 1 + below(rng, self.size as u64) as usize } else { self.size }
    }

    /// A number of examples that always fits into [`Examples`].
    pub(crate) fn most_examples(&self) -> usize {
        u32::MAX as usize / (2 * self.size)
    }

    /// The range of the window at a position with `reduced` words on each side, including the position itself.
    #[inline]
    pub(crate) fn places(&self, len: usize, position: usize, reduced: usize) -> Range<usize> {
        let (left, right) = self.reach(len, position, reduced);
        position - left..position + right + 1
    }

    /// The numbers of context words to the left and to the right.
    #[inline]
    fn reach(&self, len: usize, position: usize, reduced: usize) -> (usize, usize) {
        let right = match self.context {
            Context::Both => len - 1 - position,
            Context::Left => 0,
        };
        (position.min(reduced), right.min(reduced))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KINDS: [(Direction, Context); 4] = [
        (Direction::SkipGram, Context::Both),
        (Direction::SkipGram, Context::Left),
        (Direction::Cbow, Context::Both),
        (Direction::Cbow, Context::Left),
    ];

    fn examples(window: &Window, sentence: &[WordId], reduced: usize) -> Vec<(Vec<WordId>, WordId)> {
        let mut out = Examples::new();
        for position in 0..sentence.len() {
            window.examples_at(sentence, position, reduced, &mut out);
        }
        (0..out.len()).map(|b| (out.contexts(b).to_vec(), out.targets[b])).collect()
    }

    fn naive(window: &Window, sentence: &[WordId], reduced: usize) -> Vec<(Vec<WordId>, WordId)> {
        let mut out = Vec::new();
        for centre in 0..sentence.len() {
            let near = |&i: &usize| i != centre && i.abs_diff(centre) <= reduced;
            let seen = |&i: &usize| window.context() == Context::Both || i < centre;
            let bag: Vec<_> = (0..sentence.len()).filter(near).filter(seen).map(|i| sentence[i]).collect();
            match window.direction() {
                Direction::SkipGram => out.extend(bag.into_iter().map(|word| (vec![word], sentence[centre]))),
                Direction::Cbow if !bag.is_empty() => out.push((bag, sentence[centre])),
                Direction::Cbow => {}
            }
        }
        out
    }

    proptest! {
        #[test]
        fn windows_are_their_definition(sentence in prop::collection::vec(0u32..9, 0..12), size in 1usize..14) {
            for (model, context) in KINDS {
                let window = Window::new(model, context, size, true).unwrap();
                for reduced in 1..=size {
                    let got = examples(&window, &sentence, reduced);
                    prop_assert_eq!(&got, &naive(&window, &sentence, reduced));
                    prop_assert_eq!(window.count_in(sentence.len(), reduced), got.len() as u64);
                }
                let all: u64 = (1..=size).map(|reduced| window.count_in(sentence.len(), reduced)).sum();
                prop_assert_eq!(window.mean_count_in(sentence.len()), all as f64 / size as f64);
                let full = window.count_in(sentence.len(), size) as f64;
                prop_assert_eq!(window.fixed().mean_count_in(sentence.len()), full);
            }
        }
    }

    #[test]
    fn sizes_without_sense_are_refused() {
        for size in [0, LONGEST_SENTENCE + 1, usize::MAX] {
            let got = Window::new(Direction::Cbow, Context::Left, size, false);
            assert!(matches!(got, Err(Error::OutOfRange { name: "window", .. })));
        }
    }

    #[test]
    fn dynamic_sizes_are_uniform() {
        let window = Window::new(Direction::Cbow, Context::Both, 5, true).unwrap();
        let mut rng = WorkerRng::new(1, 0);
        let mut seen = [0u32; 5];
        (0..50_000).for_each(|_| seen[window.draw_size(&mut rng) - 1] += 1);
        let chi2: f64 = seen.iter().map(|&n| (f64::from(n) - 1e4).powi(2) / 1e4).sum();
        // A χ² variable with 4 degrees of freedom exceeds this with probability 10⁻⁶.
        assert!(chi2 < 33.38, "{seen:?}");
        assert_eq!(window.fixed().draw_size(&mut rng), 5);
    }
}
