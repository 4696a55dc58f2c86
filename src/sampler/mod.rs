//! Where candidates come from, and with what probability.
//!
//! A [`Proposal`] is a distribution q over the words; a [`Sampler`] is a scheme of drawing S words from it for a
//! batch. Which to choose:
//!
//! | proposal | one draw | q(w) | take it when |
//! |---|---|---|---|
//! | [`Uniform`] | O(1) | 1/V | every word shall be visited, or nothing is known of the counts |
//! | [`LogUniform`] | O(1), one exp | ln((w+2)/(w+1)) / ln(V+1) | counts follow Zipf's law and only the ranks are known |
//! | [`Unigram`] | O(1), 16 bytes a word | ∝ count^α | counts are known: α = 1 fits softmax, 0.75 word2vec |
//!
//! [`Quadratic`] and [`Midx`] are samplers whose q depends on the hidden vector and follows the weights: a draw costs
//! more, and fewer are needed. Both draw with replacement; each is an [`AdaptiveProposal`], whose q comes from the
//! weights as they were at the last `refresh`, so ln q is exact.
//!
//! | scheme | candidates | correction | consistent |
//! |---|---|---|---|
//! | [`WithReplacement`] | exactly S, repeats | − ln q, hits kept | yes |
//! | [`IndependentSet`] | Poisson(S), merged | − ln π, π = 1 − e^(−S·q), hits merged | yes |
//! | [`DistinctDraws`] | exactly S, no repeats | − ln E, E = 1 − (1 − q)^tries, hits merged | no: a small bias stays |
//!
//! The rule: with replacement ↔ keep hits ↔ ln q; a set ↔ merge hits ↔ ln of the inclusion probability; never mix.

mod adaptive;
mod distinct;
mod log_uniform;
mod midx;
mod mixture;
mod quadratic;
mod replacement;
mod set;
mod uniform;
mod unigram;

pub use adaptive::{AdaptiveProposal, is_look_due};
pub use distinct::DistinctDraws;
pub use log_uniform::LogUniform;
pub use midx::Midx;
pub use quadratic::Quadratic;
pub use replacement::WithReplacement;
pub use set::IndependentSet;
pub use uniform::Uniform;
pub use unigram::Unigram;

#[cfg(test)]
mod tests;

use crate::error::{Error, Result};
use crate::rng::WorkerRng;
use crate::vocab::WordId;
use ndarray::ArrayView2;
use std::fmt;

/// The greatest number of draws for a batch: their scores for a batch of 64 fill 4 GiB.
const MAX_SAMPLES: usize = 1 << 24;

/// A distribution q over the words 0..vocab.
///
/// Samplers hold it as a trait object, and call it for a whole batch of draws at once: what runs for each draw is compiled
/// for the type.
pub trait Proposal: Send + Sync {
    /// Number of words, V.
    fn vocab(&self) -> usize;

    /// ln q(word) of one draw, in nats. Σ exp(ln q) = 1.
    fn ln_prob(&self, word: WordId) -> f64;

    /// One draw.
    fn sample(&self, rng: &mut WorkerRng) -> WordId;

    /// Independent draws, the same as by so many calls of `sample`.
    fn fill(&self, rng: &mut WorkerRng, out: &mut [WordId]) {
        out.iter_mut().for_each(|word| *word = self.sample(rng));
    }

    /// ln q of each word, after what stands in `out`.
    fn push_ln_probs(&self, words: &[WordId], out: &mut Vec<f32>) {
        out.extend(words.iter().map(|word| self.ln_prob(*word) as f32));
    }
}

/// What becomes of a draw that equals the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hits {
    /// It stays beside the target, as another class of the same score: right for draws with replacement.
    Keep,
    /// It is the target, counted once: right for sets.
    Merge,
}

/// The draws of one batch, each with the logarithm of what its score is to be corrected by.
#[derive(Clone, Debug)]
pub struct Draws {
    /// The words drawn; a word drawn m times stands here m times.
    pub words: Vec<WordId>,
    /// ln q, or ln of the (expected or inclusion) count, of each draw.
    pub ln_q: Vec<f32>,
    /// The same for each target.
    pub target_ln_q: Vec<f32>,
    /// What becomes of a draw that equals the target.
    pub hits: Hits,
    seen: Seen,
    /// Numbers of a proposal that depends on hidden vectors: memory that is used again.
    numbers: Vec<f32>,
    sums: Vec<f64>,
}

impl Default for Draws {
    fn default() -> Self {
        Self {
            words: Vec::new(),
            ln_q: Vec::new(),
            target_ln_q: Vec::new(),
            hits: Hits::Keep,
            seen: Seen::default(),
            numbers: Vec::new(),
            sums: Vec::new(),
        }
    }
}

impl Draws {
    /// Sets the logarithms of draws and targets by `ln_count`.
    fn correct(&mut self, targets: &[WordId], ln_count: impl Fn(WordId) -> f64) {
        self.ln_q.clear();
        self.ln_q.extend(self.words.iter().map(|word| ln_count(*word) as f32));
        self.target_ln_q.clear();
        self.target_ln_q.extend(targets.iter().map(|word| ln_count(*word) as f32));
    }
}

/// Which words were drawn, a bit a word: it fits a cache where the words' table does not. Empty between the batches.
#[derive(Clone, Debug, Default)]
struct Seen(Vec<u64>);

impl Seen {
    /// Makes room for the words of a vocabulary.
    fn cover(&mut self, vocab: usize) {
        self.0.resize(vocab.div_ceil(64), 0);
    }

    fn contains(&self, word: WordId) -> bool {
        self.0[word as usize / 64] >> (word % 64) & 1 == 1
    }

    /// Removes from `words[from..]` what was seen before, and marks the rest.
    fn keep_new(&mut self, words: &mut Vec<WordId>, from: usize) {
        let mut kept = from;
        for i in from..words.len() {
            let word = words[i];
            let (bits, bit) = (&mut self.0[word as usize / 64], 1 << (word % 64));
            words[kept] = word;
            kept += usize::from(*bits & bit == 0);
            *bits |= bit;
        }
        words.truncate(kept);
    }

    /// Forgets `words`, which must be all that were kept.
    fn clear(&mut self, words: &[WordId]) {
        words.iter().for_each(|word| self.0[*word as usize / 64] = 0);
    }
}

/// A scheme of drawing candidates. The correction is computed here, once, for every layer that samples.
///
/// `draw` overwrites `out`. All of `ln_q` and `target_ln_q` are finite.
pub trait Sampler: Send + Sync {
    /// Number of words, V.
    fn vocab(&self) -> usize;

    /// Draws to expect for a batch (exact for the fixed-size schemes).
    fn samples(&self) -> usize;

    /// ln q(word) of a single draw, in nats.
    fn ln_prob(&self, word: WordId) -> f64;

    /// ln of the probability that at least one draw of a batch is `word`. Exact, but for distinct draws of a fixed
    /// number, where it is that of the expected number of tries.
    fn ln_inclusion(&self, word: WordId) -> f64;

    /// Draws for a batch of `targets`. `hidden` (B×d) is for proposals that depend on it.
    fn draw(&self, hidden: Option<ArrayView2<f32>>, targets: &[WordId], rng: &mut WorkerRng, out: &mut Draws);

    /// The same draws for a criterion that corrects no score: `ln_q` and `target_ln_q` may be left empty.
    fn draw_plain(&self, hidden: ArrayView2<f32>, targets: &[WordId], rng: &mut WorkerRng, out: &mut Draws) {
        self.draw(Some(hidden), targets, rng, out);
    }

    /// The proposal that follows the weights, if this sampler draws from one. `None` by default.
    fn adaptive(&self) -> Option<&dyn AdaptiveProposal> {
        None
    }

    /// The same proposal, to be refreshed or restored.
    fn adaptive_mut(&mut self) -> Option<&mut dyn AdaptiveProposal> {
        None
    }
}

/// Refuses a vocabulary that has no word, or more than ids.
fn check_vocab(vocab: usize) -> Result<()> {
    let limit = i32::MAX as usize;
    match vocab {
        0 => Err(Error::EmptyVocabulary),
        words if words > limit => Err(Error::TooManyWords { words, limit }),
        _ => Ok(()),
    }
}

/// Refuses a number of draws that makes no sense for a batch.
fn check_samples(samples: usize) -> Result<()> {
    if (1..=MAX_SAMPLES).contains(&samples) {
        return Ok(());
    }
    Err(Error::OutOfRange { name: "samples", value: samples as f64, limit: "between 1 and 16777216" })
}

/// ln(1 − (1 − q)^tries): that at least one of so many draws is the word. Finite for every finite ln q.
fn ln_drawn(ln_q: f64, tries: f64) -> f64 {
    let ln_expected = ln_q + tries.ln();
    // Below e^−40 the two agree to the last bit, and q itself may underflow.
    if ln_expected < -40.0 {
        return ln_expected;
    }
    let q = ln_q.exp().clamp(f64::MIN_POSITIVE, 1.0);
    (-(tries * (-q).ln_1p()).exp_m1()).ln()
}

impl fmt::Debug for dyn Sampler + '_ {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Sampler")
            .field("vocab", &self.vocab())
            .field("samples", &self.samples())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for dyn Proposal + '_ {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Proposal").field("vocab", &self.vocab()).finish_non_exhaustive()
    }
}
