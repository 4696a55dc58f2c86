//! Examples from a text: endless for training, evenly spaced for held-out text.

use super::Carry;
use crate::corpus::{Corpus, ExampleSource, Examples, LONGEST_SENTENCE, Subsampler, Window};
use crate::error::{Error, Result};
use crate::rng::WorkerRng;
use crate::rng::shuffle;
use crate::vocab::{Counts, WordId};
use std::sync::Arc;

/// Separates the random numbers drawn here from others under the same seed.
const PURPOSE: u64 = u64::from_be_bytes(*b"examples");

/// Examples of a text, epoch after epoch. Each epoch visits the sentences in a new random order, so that early and late
/// text are equally likely at any time of the training. The order takes 4 bytes a sentence, besides the text itself.
///
/// The examples of an epoch depend only on the seed, not on the batch sizes. If subsampling leaves an epoch without an
/// example, the next epoch runs without subsampling, so that there always is a next example.
#[derive(Clone, Debug)]
pub struct TextExamples {
    corpus: Arc<Corpus>,
    window: Window,
    subsampler: Subsampler,
    rng: WorkerRng,
    order: Vec<u32>,
    /// The next sentence, as an index of `order`.
    next: usize,
    /// The words that subsampling left of the current sentence, and the next position in it.
    sentence: Vec<WordId>,
    position: usize,
    carry: Carry,
    /// Whether this epoch is subsampled, and whether it has produced an example yet.
    sampled: bool,
    fruitful: bool,
    tokens: u64,
    /// Epochs started.
    epochs: u64,
}

impl TextExamples {
    /// Examples of `corpus`, whose vocabulary has these `counts`, subsampled with threshold `sample` (0 turns it off).
    ///
    /// # Errors
    /// [`Error::NoExamples`] if no sentence has two words; the errors of [`Subsampler::new`]; 2³² sentences or more.
    pub fn new(corpus: Arc<Corpus>, counts: &Counts, window: Window, sample: f64, seed: u64) -> Result<Self> {
        let subsampler = Subsampler::new(counts, sample)?;
        if !corpus.sentences().any(|s| s.len() > 1) {
            return Err(Error::NoExamples { paths: corpus.paths().to_vec() });
        }
        let Ok(sentences) = u32::try_from(corpus.len()) else {
            return Err(Error::OutOfRange { name: "sentences", value: corpus.len() as f64, limit: "below 2³²" });
        };
        Ok(Self {
            window,
            subsampler,
            rng: WorkerRng::new(seed ^ PURPOSE, 0),
            order: (0..sentences).collect(),
            next: corpus.len(),
            sentence: Vec::new(),
            position: 0,
            carry: Carry::default(),
            sampled: false,
            fruitful: true,
            tokens: 0,
            epochs: 0,
            corpus,
        })
    }

    /// Examples in an epoch. The number is exact without subsampling if the window is fixed or the direction is CBOW
    /// (whose bags vary in size, not in number). It is the mean with dynamic windows. With subsampling it is an
    /// estimate from the mean length of every sentence.
    pub fn estimated_examples_per_epoch(&self) -> u64 {
        let mut lengths = vec![0.0; LONGEST_SENTENCE + 2];
        for sentence in self.corpus.sentences() {
            let mean = if self.subsampler.is_off() {
                sentence.len() as f64
            } else {
                sentence.iter().map(|&word| self.subsampler.keep_probability(word)).sum()
            };
            let below = mean as usize;
            lengths[below] += 1.0 - mean.fract();
            lengths[below + 1] += mean.fract();
        }
        let lengths = lengths.iter().enumerate().filter(|(_, sentences)| **sentences > 0.0);
        lengths.map(|(len, sentences)| sentences * self.window.mean_count_in(len)).sum::<f64>().round() as u64
    }

    fn next_sentence(&mut self) {
        if self.next == self.order.len() {
            self.sampled = self.fruitful;
            self.fruitful = false;
            self.next = 0;
            self.epochs += 1;
            shuffle(&mut self.order, &mut self.rng);
        }
        let sentence = self.corpus.sentence(self.order[self.next] as usize);
        if self.sampled {
            self.subsampler.sample(sentence, &mut self.rng, &mut self.sentence);
        } else {
            self.sentence.clear();
            self.sentence.extend_from_slice(sentence);
        }
        self.next += 1;
        self.position = 0;
        self.fruitful |= self.sentence.len() > 1;
        self.tokens += sentence.len() as u64;
    }
}

impl ExampleSource for TextExamples {
    fn fill(&mut self, max: usize, out: &mut Examples) -> usize {
        out.clear();
        let max = max.min(self.window.most_examples());
        self.carry.pour(max, out);
        while out.len() < max {
            if self.position == self.sentence.len() {
                self.next_sentence();
                continue;
            }
            let reduced = self.window.draw_size(&mut self.rng);
            self.carry.add(&self.window, &self.sentence, self.position, reduced, max, out);
            self.position += 1;
        }
        out.len()
    }

    fn tokens(&self) -> u64 {
        self.tokens
    }

    fn epoch(&self) -> u64 {
        // Sentences of one word have no example. The words that subsampling will leave of longer ones are not known
        // yet.
        let barren = |i: &u32| self.corpus.sentence(*i as usize).len() < 2;
        let at_end = self.position == self.sentence.len() && self.carry.is_empty();
        let ended = at_end && self.order[self.next..].iter().all(barren);
        if ended { self.epochs } else { self.epochs - 1 }
    }
}

/// At most `n` examples, evenly spaced over all examples that the fixed window makes of a text. Returns all of them if
/// there are at most `n`.
///
/// # Errors
/// [`Error::NoExamples`] if no sentence has two words.
pub fn held_out(corpus: &Corpus, window: Window, n: usize) -> Result<Examples> {
    let size = window.size();
    let all: u64 = corpus.sentences().map(|s| window.count_in(s.len(), size)).sum();
    if all == 0 {
        return Err(Error::NoExamples { paths: corpus.paths().to_vec() });
    }
    let n = all.min(n as u64).min(window.most_examples() as u64);
    // The middle of each of n equal parts.
    let mut picks = (0..n).map(|i| ((2 * u128::from(i) + 1) * u128::from(all) / (2 * u128::from(n))) as u64).peekable();
    let (mut out, mut here, mut passed) = (Examples::new(), Examples::new(), 0);
    for sentence in corpus.sentences() {
        let end = passed + window.count_in(sentence.len(), size);
        let mut position = 0;
        while picks.peek().is_some_and(|&pick| pick < end) {
            here.clear();
            window.examples_at(sentence, position, size, &mut here);
            while let Some(pick) = picks.next_if(|&pick| pick < passed + here.len() as u64) {
                let b = (pick - passed) as usize;
                out.push(here.contexts(b).iter().copied(), here.targets[b]);
            }
            passed += here.len() as u64;
            position += 1;
        }
        passed = end;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::{Context, Direction};
    use crate::vocab::Vocabulary;
    use proptest::prelude::*;

    type Pairs = Vec<(Vec<WordId>, WordId)>;

    fn load(text: &str) -> (Vocabulary, Arc<Corpus>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let (vocab, corpus) = Corpus::load(&[file.path()], 1).unwrap();
        (vocab, Arc::new(corpus))
    }

    /// Sentences of 0 to 12 of 30 words.
    fn text() -> (Vocabulary, Arc<Corpus>) {
        let line = |i: u32| (0..i % 13).map(|j| format!("w{} ", (i * j + j * j) % (1 + i % 30))).collect::<String>();
        load(&(0..200).map(|i| line(i) + "\n").collect::<String>())
    }

    fn window(model: Direction, dynamic: bool) -> Window {
        Window::new(model, Context::Both, 3, dynamic).unwrap()
    }

    fn pairs(examples: &Examples) -> Pairs {
        (0..examples.len()).map(|b| (examples.contexts(b).to_vec(), examples.targets[b])).collect()
    }

    fn take(source: &mut dyn ExampleSource, sizes: impl IntoIterator<Item = usize>) -> Pairs {
        let (mut out, mut all) = (Examples::new(), Vec::new());
        for max in sizes {
            assert_eq!(source.fill(max, &mut out), max);
            all.extend(pairs(&out));
        }
        all
    }

    fn all(corpus: &Corpus, window: &Window) -> Pairs {
        let mut out = Examples::new();
        for sentence in corpus.sentences() {
            (0..sentence.len()).for_each(|p| window.examples_at(sentence, p, window.size(), &mut out));
        }
        pairs(&out)
    }

    fn sorted(mut pairs: Pairs) -> Pairs {
        pairs.sort();
        pairs
    }

    #[test]
    fn every_epoch_holds_every_example_in_a_new_order() {
        let (vocab, corpus) = text();
        for model in [Direction::SkipGram, Direction::Cbow] {
            let window = window(model, false);
            let want = all(&corpus, &window);
            let new = |seed| TextExamples::new(corpus.clone(), vocab.counts(), window, 0.0, seed).unwrap();
            let mut source = new(1);
            assert_eq!(source.estimated_examples_per_epoch(), want.len() as u64);
            let first = take(&mut source, [want.len()]);
            let second = take(&mut source, [want.len()]);
            assert!(first != second && first != want && first != take(&mut new(2), [want.len()]));
            assert!(sorted(first) == sorted(want.clone()) && sorted(second) == sorted(want));
            // The last sentences of an epoch may have one word each; these are not read yet.
            assert!(source.tokens() <= 2 * corpus.ledger().kept && source.tokens() > corpus.ledger().kept);
        }
    }

    proptest! {
        #[test]
        fn examples_do_not_depend_on_batches(sizes in prop::collection::vec(1usize..300, 1..30), dynamic: bool, cbow: bool) {
            let (vocab, corpus) = text();
            let window = window(if cbow { Direction::Cbow } else { Direction::SkipGram }, dynamic);
            for sample in [0.0, 0.05] {
                let new = || TextExamples::new(corpus.clone(), vocab.counts(), window, sample, 3).unwrap();
                let total = sizes.iter().sum();
                prop_assert!(take(&mut new(), sizes.clone()) == take(&mut new(), [total]));
            }
        }
    }

    #[test]
    fn estimates_are_the_mean_of_what_comes() {
        let (vocab, corpus) = text();
        let window = window(Direction::SkipGram, true);
        let mut source = TextExamples::new(corpus.clone(), vocab.counts(), window, 0.0, 1).unwrap();
        let mean = source.estimated_examples_per_epoch() as f64;
        let epochs = 400.0;
        let n = take(&mut source, [(epochs * mean) as usize]).len() as f64;
        let tokens = corpus.ledger().kept as f64;
        // A position's examples deviate by less than 2·size; |z| exceeds 5 with probability 6·10⁻⁷. One more sentence
        // may have been started.
        let deviation = 5.0 * 6.0 * (epochs * tokens).sqrt() / mean * tokens + 12.0 + epochs;
        assert!((source.tokens() as f64 - n / mean * tokens).abs() < deviation);
    }

    #[test]
    fn a_source_never_runs_dry() {
        let (vocab, corpus) = load("a b\nb a\nc\n");
        let window = window(Direction::Cbow, false);
        let mut source = TextExamples::new(corpus, vocab.counts(), window, f64::MIN_POSITIVE, 1).unwrap();
        assert_eq!(take(&mut source, [1, 0, 2, 1]).len(), 4);
        let (vocab, corpus) = load("a\nb\n\nc\n");
        assert!(matches!(held_out(&corpus, window, 5), Err(Error::NoExamples { .. })));
        let got = TextExamples::new(corpus, vocab.counts(), window, 0.0, 1);
        assert!(matches!(got, Err(Error::NoExamples { .. })));
    }

    #[test]
    fn held_out_examples_are_evenly_spaced() {
        let (_, corpus) = text();
        for model in [Direction::SkipGram, Direction::Cbow] {
            let window = window(model, true);
            let want = all(&corpus, &window);
            let got = |n| pairs(&held_out(&corpus, window, n).unwrap());
            assert!(got(want.len()) == want && got(usize::MAX) == want && got(0).is_empty());
            for n in [1, 7, 100, want.len() - 1] {
                let picks = (0..n).map(|i| want[(2 * i + 1) * want.len() / (2 * n)].clone());
                assert!(got(n).into_iter().eq(picks), "{n} of {}", want.len());
            }
        }
    }
}
