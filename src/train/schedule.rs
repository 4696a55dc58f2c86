//! How long to train, and at what rate.

use crate::error::{Error, Result};
use std::time::Duration;

/// When to stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Budget {
    /// After so many examples: the same bits every time.
    Examples(u64),
    /// After so much time.
    Time(Duration),
}

impl Budget {
    pub(super) fn check(&self) -> Result<()> {
        let empty = match self {
            Self::Examples(n) => *n == 0,
            Self::Time(t) => t.is_zero(),
        };
        if empty {
            return Err(Error::OutOfRange { name: "budget", value: 0.0, limit: "more than 0" });
        }
        Ok(())
    }

    /// The size of the next batch: the last one may be smaller.
    pub(super) fn next_batch(&self, batch: usize, seen: u64) -> usize {
        match self {
            Self::Examples(n) => usize::try_from(n - seen).map_or(batch, |left| left.min(batch)),
            Self::Time(_) => batch,
        }
    }

    /// The share that is used.
    pub(super) fn share(&self, examples: u64, seconds: f64) -> f64 {
        match self {
            Self::Examples(n) => examples as f64 / *n as f64,
            Self::Time(t) => (seconds / t.as_secs_f64()).min(1.0),
        }
    }
}

/// A rate that falls linearly with the share of the budget, to a ten-thousandth at the end, as word2vec's.
#[derive(Clone, Copy, Debug)]
pub struct LinearDecay {
    start: f32,
}

impl LinearDecay {
    /// From `start` on.
    pub fn new(start: f32) -> Self {
        Self { start }
    }

    /// The rate when `share` of the budget is used.
    pub fn at(&self, share: f64) -> f32 {
        self.start * (1.0 - share as f32).max(1e-4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_batch_ends_the_budget_exactly() {
        let budget = Budget::Examples(100);
        assert_eq!(budget.next_batch(64, 0), 64);
        assert_eq!(budget.next_batch(64, 64), 36);
        assert_eq!(budget.share(100, 0.0), 1.0);
        assert!(Budget::Time(Duration::ZERO).check().is_err());
        assert_eq!(Budget::Time(Duration::from_secs(4)).share(0, 3.0), 0.75);
    }

    #[test]
    fn rates_fall_to_almost_nothing() {
        let decay = LinearDecay::new(0.5);
        assert_eq!(decay.at(0.0), 0.5);
        assert_eq!(decay.at(0.5), 0.25);
        assert_eq!(decay.at(1.0), 0.5e-4);
    }
}
