//! Words drawn with equal probability.

use super::{Proposal, check_vocab};
use crate::error::Result;
use crate::rng::WorkerRng;
use crate::vocab::WordId;
use rand::RngExt;

/// q(w) = 1/V.
#[derive(Clone, Debug)]
pub struct Uniform {
    vocab: WordId,
    ln_q: f64,
}

impl Uniform {
    /// The uniform distribution over `vocab` words.
    ///
    /// # Errors
    /// [`Error`](crate::Error) if `vocab` is 0, or 2³¹ or more.
    pub fn new(vocab: usize) -> Result<Self> {
        check_vocab(vocab)?;
        Ok(Self { vocab: vocab as WordId, ln_q: -(vocab as f64).ln() })
    }
}

impl Proposal for Uniform {
    fn vocab(&self) -> usize {
        self.vocab as usize
    }

    fn ln_prob(&self, _word: WordId) -> f64 {
        self.ln_q
    }

    fn sample(&self, rng: &mut WorkerRng) -> WordId {
        rng.random_range(0..self.vocab)
    }
}
