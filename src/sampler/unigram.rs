//! Words by a power of their counts.

use super::Proposal;
use crate::error::{Error, Result};
use crate::rng::WorkerRng;
use crate::vocab::{Counts, WordId};
use rand_distr::Distribution;
use rand_distr::weighted::WeightedAliasIndex;

/// q(w) = count(w)^α / Σ count^α, drawn by the alias method (Walker 1974; Vose 1991).
///
/// α = 1 is the unigram model, α = 0.75 word2vec's noise (Mikolov et al. 2013), α = 0 uniform.
#[derive(Clone, Debug)]
pub struct Unigram {
    alias: WeightedAliasIndex<f64>,
    ln_q: Box<[f64]>,
}

impl Unigram {
    /// The distribution in the proportion of counts to the power of `power`.
    ///
    /// # Errors
    /// A power that is NaN, negative or above 2.
    pub fn new(counts: &Counts, power: f64) -> Result<Self> {
        let refused = Error::OutOfRange { name: "power", value: power, limit: "between 0 and 2" };
        if !(0.0..=2.0).contains(&power) {
            return Err(refused);
        }
        // Counts fall: relative to the first, no weight is above 1.
        let first = counts.as_slice()[0] as f64;
        let weights: Vec<f64> = counts.as_slice().iter().map(|c| (*c as f64 / first).powf(power)).collect();
        let ln_sum = weights.iter().sum::<f64>().ln();
        let ln_q = weights.iter().map(|w| w.ln() - ln_sum).collect();
        let alias = WeightedAliasIndex::new(weights).map_err(|_| refused)?;
        Ok(Self { alias, ln_q })
    }
}

impl Proposal for Unigram {
    fn vocab(&self) -> usize {
        self.ln_q.len()
    }

    fn ln_prob(&self, word: WordId) -> f64 {
        self.ln_q[word as usize]
    }

    fn sample(&self, rng: &mut WorkerRng) -> WordId {
        self.alias.sample(rng) as WordId
    }
}
