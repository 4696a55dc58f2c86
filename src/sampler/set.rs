//! A random set that each word joins independently.

use super::{Draws, Hits, Proposal, Sampler, check_samples};
use crate::error::{Error, Result};
use crate::rng::WorkerRng;
use crate::vocab::WordId;
use ndarray::ArrayView2;
use rand_distr::{Distribution, Poisson};

/// A Poisson(S) number of draws from q, with repeats merged. The number of draws of each word is then Poisson(S·q) and
/// independent of all others. So a word is in the set with π = 1 − e^(−S·q), independently of the other words. Every
/// score is corrected by −ln π, and hits are merged with the target. Consistent. The set may be empty.
///
/// *Cost* S draws on average, and one logarithm per word of the set.
#[derive(Debug)]
pub struct IndependentSet {
    proposal: Box<dyn Proposal>,
    mean: f64,
    number: Poisson<f64>,
    expected_words: usize,
}

impl IndependentSet {
    /// A set of `samples` draws from `proposal` on average, before repeats are merged.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if `samples` is less than 1 or more than 2²⁴.
    pub fn new(proposal: Box<dyn Proposal>, samples: usize) -> Result<Self> {
        check_samples(samples)?;
        let mean = samples as f64;
        let refused = |_| Error::OutOfRange { name: "samples", value: mean, limit: "more than 0, and finite" };
        let number = Poisson::new(mean).map_err(refused)?;
        let words = 0..proposal.vocab() as WordId;
        let expected: f64 = words.map(|word| ln_joined(proposal.ln_prob(word), mean).exp()).sum();
        Ok(Self { proposal, mean, number, expected_words: expected.round() as usize })
    }
}

impl Sampler for IndependentSet {
    fn vocab(&self) -> usize {
        self.proposal.vocab()
    }

    /// Σ π, the expected number of words in the set, rounded.
    fn samples(&self) -> usize {
        self.expected_words
    }

    fn ln_prob(&self, word: WordId) -> f64 {
        self.proposal.ln_prob(word)
    }

    fn ln_inclusion(&self, word: WordId) -> f64 {
        ln_joined(self.proposal.ln_prob(word), self.mean)
    }

    fn draw(&self, _hidden: Option<ArrayView2<f32>>, targets: &[WordId], rng: &mut WorkerRng, out: &mut Draws) {
        out.hits = Hits::Merge;
        out.words.resize(self.number.sample(rng) as usize, 0);
        self.proposal.fill(rng, &mut out.words);
        out.seen.cover(self.vocab());
        out.seen.keep_new(&mut out.words, 0);
        out.seen.clear(&out.words);
        out.correct(targets, |word| self.ln_inclusion(word));
    }
}

/// ln π = ln(1 − e^(−mean·q)).
fn ln_joined(ln_q: f64, mean: f64) -> f64 {
    let ln_expected = ln_q + mean.ln();
    // Below e^−40 both agree to the last bit, and q itself may underflow.
    if ln_expected < -40.0 { ln_expected } else { (-(-ln_expected.exp()).exp_m1()).ln() }
}
