//! Words drawn by Zipf's law, from their ranks alone.

use super::{Proposal, check_vocab};
use crate::error::Result;
use crate::rng::WorkerRng;
use crate::vocab::WordId;
use rand::RngExt;

/// q(w) = ln((w+2)/(w+1)) / ln(V+1), so that ln(w+1) is about uniform. *Words must be sorted* by falling count.
///
/// Same distribution as TensorFlow's `log_uniform_candidate_sampler`.
#[derive(Clone, Debug)]
pub struct LogUniform {
    vocab: WordId,
    ln_range: f64,
}

impl LogUniform {
    /// The log-uniform distribution over `vocab` words.
    ///
    /// # Errors
    /// [`Error`](crate::Error) if `vocab` is 0, or 2³¹ or more.
    pub fn new(vocab: usize) -> Result<Self> {
        check_vocab(vocab)?;
        Ok(Self { vocab: vocab as WordId, ln_range: (vocab as f64).ln_1p() })
    }
}

impl Proposal for LogUniform {
    fn vocab(&self) -> usize {
        self.vocab as usize
    }

    fn ln_prob(&self, word: WordId) -> f64 {
        ((1.0 / (f64::from(word) + 1.0)).ln_1p() / self.ln_range).ln()
    }

    fn sample(&self, rng: &mut WorkerRng) -> WordId {
        // (V+1)^u − 1 lies in 0..V; rounding may reach V.
        let word = (self.ln_range * rng.random::<f64>()).exp() - 1.0;
        (word as WordId).min(self.vocab - 1)
    }
}
