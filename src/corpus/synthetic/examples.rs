//! Examples from the synthetic language.

use super::SyntheticLanguage;
use crate::corpus::examples::Carry;
use crate::corpus::{ExampleSource, Examples, Window};
use crate::rng::WorkerRng;
use crate::vocab::WordId;
use std::sync::Arc;

/// Separate the random numbers drawn here from others under the same seed.
const TEXT: u64 = u64::from_be_bytes(*b"sentence");
const SIZES: u64 = u64::from_be_bytes(*b"dynamics");

/// The stream reserved for held-out text.
const HELD_OUT: u64 = u64::MAX;

/// Words drawn at once, beyond the ones that a window needs.
const BLOCK: usize = 1_024;

/// One endless sentence of the synthetic language, drawn as it is used. It never repeats, and past words are discarded.
#[derive(Clone, Debug)]
pub struct SyntheticExamples {
    language: Arc<SyntheticLanguage>,
    window: Window,
    text: WorkerRng,
    sizes: WorkerRng,
    /// The part of the sentence in memory, and the next position in it.
    words: Vec<WordId>,
    position: usize,
    carry: Carry,
    tokens: u64,
}

impl SyntheticExamples {
    /// Text number `stream` under `seed`. Streams are independent, so each worker can have its own. Stream 2⁶⁴ − 1 is
    /// reserved for [`SyntheticExamples::held_out`].
    pub fn new(language: Arc<SyntheticLanguage>, window: Window, seed: u64, stream: u64) -> Self {
        let mut text = WorkerRng::new(seed ^ TEXT, stream);
        let words = vec![language.sample_first(&mut text)];
        let sizes = WorkerRng::new(seed ^ SIZES, stream);
        Self { language, window, text, sizes, words, position: 0, carry: Carry::default(), tokens: 0 }
    }

    /// The first `n` examples of the held-out stream, with fixed windows.
    pub fn held_out(language: Arc<SyntheticLanguage>, window: Window, seed: u64, n: usize) -> Examples {
        let mut out = Examples::new();
        Self::new(language, window.fixed(), seed, HELD_OUT).fill(n, &mut out);
        out
    }

    /// Discards words that are out of reach on the left, and draws new ones on the right.
    fn advance(&mut self) {
        let past = self.position.saturating_sub(self.window.size());
        self.words.drain(..past);
        self.position -= past;
        while self.words.len() < self.position + self.window.size() + BLOCK {
            let prev = self.words[self.words.len() - 1];
            self.words.push(self.language.sample_next(prev, &mut self.text));
        }
    }
}

impl ExampleSource for SyntheticExamples {
    fn fill(&mut self, max: usize, out: &mut Examples) -> usize {
        out.clear();
        let max = max.min(self.window.most_examples());
        self.carry.pour(max, out);
        while out.len() < max {
            if self.position + self.window.size() >= self.words.len() {
                self.advance();
            }
            let reduced = self.window.draw_size(&mut self.sizes);
            self.carry.add(&self.window, &self.words, self.position, reduced, max, out);
            self.position += 1;
            self.tokens += 1;
        }
        out.len()
    }

    fn tokens(&self) -> u64 {
        self.tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::{Context, Direction};
    use proptest::prelude::*;

    fn language() -> Arc<SyntheticLanguage> {
        Arc::new(SyntheticLanguage::new(50, 5, 1).unwrap())
    }

    /// The same text, drawn directly.
    fn text(language: &SyntheticLanguage, seed: u64, stream: u64, len: usize) -> Vec<WordId> {
        let mut rng = WorkerRng::new(seed ^ TEXT, stream);
        let first = language.sample_first(&mut rng);
        std::iter::successors(Some(first), |w| Some(language.sample_next(*w, &mut rng))).take(len).collect()
    }

    proptest! {
        #[test]
        fn the_stream_is_one_sentence(sizes in prop::collection::vec(1usize..900, 1..12), size in 1usize..7, flags: [bool; 3]) {
            let language = language();
            let model = if flags[0] { Direction::Cbow } else { Direction::SkipGram };
            let context = if flags[1] { Context::Both } else { Context::Left };
            let window = Window::new(model, context, size, flags[2]).unwrap();
            let mut source = SyntheticExamples::new(language.clone(), window, 4, 2);
            let sentence = text(&language, 4, 2, sizes.iter().sum::<usize>() + 20);
            let mut rng = WorkerRng::new(4 ^ SIZES, 2);
            let mut want = Examples::new();
            for position in 0..sentence.len() - size {
                window.examples_at(&sentence, position, window.draw_size(&mut rng), &mut want);
            }
            let (mut out, mut b) = (Examples::new(), 0);
            for max in sizes {
                prop_assert_eq!(source.fill(max, &mut out), max);
                for i in 0..max {
                    prop_assert_eq!((out.contexts(i), out.targets[i]), (want.contexts(b), want.targets[b]));
                    b += 1;
                }
            }
            prop_assert!(source.tokens() <= b as u64 + 1);
            prop_assert!(source.words.len() <= BLOCK + 2 * size + 1);
        }
    }

    #[test]
    fn held_out_text_is_another_one() {
        let window = Window::new(Direction::Cbow, Context::Left, 1, true).unwrap();
        let held_out = SyntheticExamples::held_out(language(), window, 1, 1_000);
        let mut training = Examples::new();
        SyntheticExamples::new(language(), window, 1, 0).fill(1_000, &mut training);
        assert!(held_out.len() == 1_000 && held_out.targets != training.targets);
        assert_eq!(held_out, SyntheticExamples::held_out(language(), window, 1, 1_000));
        let want = text(&language(), 1, HELD_OUT, 1_001);
        assert_eq!((&held_out.words[..], &held_out.targets[..]), (&want[..1_000], &want[1..]));
    }
}
