//! Samplers draw candidate words, and know with which probability.
//!
//! A [`Proposal`] is a distribution q over the words. A [`Sampler`] is a scheme that draws S words from q for a batch,
//! and gives the corrections of their scores.
//!
//! # Which proposal
//!
//! | use | when | one draw | q(w) |
//! |---|---|---|---|
//! | [`Uniform`] | counts are unknown, or every word must be visited | O(1) | 1/V |
//! | [`LogUniform`] | only ranks are known, and counts follow Zipf's law | O(1), one exp | ln((w+2)/(w+1)) / ln(V+1) |
//! | [`Unigram`] | counts are known: α = 1 for softmax, 0.75 as in word2vec | O(1), 16 bytes per word | ∝ count^α |
//!
//! [`Quadratic`] and [`Midx`] are samplers whose q depends on the hidden vector and follows the weights. Use them when
//! fewer but better draws pay off: a draw costs O(d²·log(V/d)) with `Quadratic` and O(M) with `Midx` of M codes. Both
//! draw with replacement. Each is an [`AdaptiveProposal`]: q comes from the weights at the last `refresh`, so ln q is
//! exact.
//!
//! # Which scheme
//!
//! | use | when | candidates | correction | consistent |
//! |---|---|---|---|---|
//! | [`WithReplacement`] | any S; NCE, negative sampling, BlackOut | exactly S, repeats | − ln q, hits kept | yes |
//! | [`IndependentSet`] | repeats waste work | Poisson(S), merged | − ln π, π = 1 − e^(−S·q), hits merged | yes |
//! | [`DistinctDraws`] | repeats waste work, S fixed | S distinct | − ln(1 − (1 − q)^tries), hits merged | small bias |
//!
//! The rule: draws with replacement keep hits and use ln q; sets merge hits and use ln of the inclusion probability.
//! Never mix the two.

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

/// Maximum draws per batch. Their scores for a batch of 64 fill 4 GiB.
const MAX_SAMPLES: usize = 1 << 24;

/// A distribution q over the words 0..vocab.
///
/// Samplers hold it as a trait object and call it once for all draws of a batch. The code that runs for each draw is
/// compiled for the concrete type.
pub trait Proposal: Send + Sync {
    /// Number of words, V.
    fn vocab(&self) -> usize;

    /// ln q(word) of one draw, in nats. Σ exp(ln q) = 1.
    fn ln_prob(&self, word: WordId) -> f64;

    /// Draws one word.
    fn sample(&self, rng: &mut WorkerRng) -> WordId;

    /// Fills `out` with independent draws, the same as `out.len()` calls of `sample`.
    fn fill(&self, rng: &mut WorkerRng, out: &mut [WordId]) {
        out.iter_mut().for_each(|word| *word = self.sample(rng));
    }

    /// Appends ln q of each word to `out`.
    fn push_ln_probs(&self, words: &[WordId], out: &mut Vec<f32>) {
        out.extend(words.iter().map(|word| self.ln_prob(*word) as f32));
    }
}

/// Treatment of a draw that equals the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hits {
    /// The draw stays beside the target, as another class with the same score. Correct for draws with replacement.
    Keep,
    /// The draw is merged with the target, which counts once. Correct for sets.
    Merge,
}

/// The draws of one batch, each with the logarithm that corrects its score.
#[derive(Clone, Debug)]
pub struct Draws {
    /// The words drawn. A word that was drawn m times is listed m times.
    pub words: Vec<WordId>,
    /// ln q, or ln of the (expected or inclusion) count, of each draw.
    pub ln_q: Vec<f32>,
    /// The same logarithm for each target.
    pub target_ln_q: Vec<f32>,
    /// Treatment of a draw that equals the target.
    pub hits: Hits,
    seen: Seen,
    /// Reused buffers of a proposal that depends on hidden vectors.
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
    /// Sets the logarithms of draws and targets with `ln_count`.
    fn correct(&mut self, targets: &[WordId], ln_count: impl Fn(WordId) -> f64) {
        self.ln_q.clear();
        self.ln_q.extend(self.words.iter().map(|word| ln_count(*word) as f32));
        self.target_ln_q.clear();
        self.target_ln_q.extend(targets.iter().map(|word| ln_count(*word) as f32));
    }
}

/// Set of drawn words, one bit per word. It fits in a cache even if the table of the words does not. Empty between
/// batches.
#[derive(Clone, Debug, Default)]
struct Seen(Vec<u64>);

impl Seen {
    /// Makes room for `vocab` words.
    fn cover(&mut self, vocab: usize) {
        self.0.resize(vocab.div_ceil(64), 0);
    }

    fn contains(&self, word: WordId) -> bool {
        self.0[word as usize / 64] >> (word % 64) & 1 == 1
    }

    /// Removes the words of `words[from..]` that are already in the set, and adds the others to it.
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

    /// Removes `words` from the set; these must be all the words in it.
    fn clear(&mut self, words: &[WordId]) {
        words.iter().for_each(|word| self.0[*word as usize / 64] = 0);
    }
}

/// A scheme that draws candidates. It computes the corrections for every layer that samples.
///
/// `draw` overwrites `out`. All of `ln_q` and `target_ln_q` are finite.
pub trait Sampler: Send + Sync {
    /// Number of words, V.
    fn vocab(&self) -> usize;

    /// Expected number of draws per batch; exact for the schemes of fixed size.
    fn samples(&self) -> usize;

    /// ln q(word) of a single draw, in nats.
    fn ln_prob(&self, word: WordId) -> f64;

    /// ln of the probability that at least one draw of a batch is `word`. Exact, except for [`DistinctDraws`], which
    /// uses the expected number of tries.
    fn ln_inclusion(&self, word: WordId) -> f64;

    /// Draws candidates for a batch of `targets`. `hidden` (B×d) is needed by proposals that depend on it.
    fn draw(&self, hidden: Option<ArrayView2<f32>>, targets: &[WordId], rng: &mut WorkerRng, out: &mut Draws);

    /// Makes the same draws for a criterion that does not correct scores. `ln_q` and `target_ln_q` may stay empty.
    fn draw_plain(&self, hidden: ArrayView2<f32>, targets: &[WordId], rng: &mut WorkerRng, out: &mut Draws) {
        self.draw(Some(hidden), targets, rng, out);
    }

    /// The proposal that follows the weights, if this sampler draws from one. `None` by default.
    fn adaptive(&self) -> Option<&dyn AdaptiveProposal> {
        None
    }

    /// The proposal that follows the weights, mutable: to refresh or restore it.
    fn adaptive_mut(&mut self) -> Option<&mut dyn AdaptiveProposal> {
        None
    }
}

/// Refuses a vocabulary that is empty, or too large for word ids.
fn check_vocab(vocab: usize) -> Result<()> {
    let limit = i32::MAX as usize;
    match vocab {
        0 => Err(Error::EmptyVocabulary),
        words if words > limit => Err(Error::TooManyWords { words, limit }),
        _ => Ok(()),
    }
}

/// Refuses a number of draws per batch outside 1..=[`MAX_SAMPLES`].
fn check_samples(samples: usize) -> Result<()> {
    if (1..=MAX_SAMPLES).contains(&samples) {
        return Ok(());
    }
    Err(Error::OutOfRange { name: "samples", value: samples as f64, limit: "between 1 and 16777216" })
}

/// ln(1 − (1 − q)^tries), the log-probability that at least one of `tries` draws is the word. Finite for every finite
/// ln q.
fn ln_drawn(ln_q: f64, tries: f64) -> f64 {
    let ln_expected = ln_q + tries.ln();
    // Below e^−40 both agree to the last bit, and q itself may underflow.
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
