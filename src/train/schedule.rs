//! Training budget and learning rate.

use crate::error::{Error, Result};
use std::time::Duration;

/// When training stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Budget {
    /// After this many examples: the same bits every time.
    Examples(u64),
    /// After this much time.
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

    /// Size of the next batch; the last batch may be smaller.
    pub(super) fn next_batch(&self, batch: usize, seen: u64) -> usize {
        match self {
            Self::Examples(n) => usize::try_from(n - seen).map_or(batch, |left| left.min(batch)),
            Self::Time(_) => batch,
        }
    }

    /// Share of the budget that is used, 0 to 1.
    pub(super) fn share(&self, examples: u64, seconds: f64) -> f64 {
        match self {
            Self::Examples(n) => examples as f64 / *n as f64,
            Self::Time(t) => (seconds / t.as_secs_f64()).min(1.0),
        }
    }
}

/// A learning rate that falls linearly with the used share of the budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearDecay {
    start: f32,
    end: f32,
}

impl LinearDecay {
    /// A rate that falls from `start` towards 0, but never below `start`/10,000, as in word2vec.
    pub fn new(start: f32) -> Self {
        Self { start, end: 0.0 }
    }

    /// A rate that falls from `start` to `end`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if a rate is negative or not finite, or if `end` > `start`.
    pub fn to(start: f32, end: f32) -> Result<Self> {
        let decay = Self { start, end };
        decay.check()?;
        Ok(decay)
    }

    pub(super) fn check(&self) -> Result<()> {
        for (name, rate) in [("rate", self.start), ("last rate", self.end)] {
            if !(rate >= 0.0 && rate.is_finite()) {
                return Err(Error::OutOfRange { name, value: f64::from(rate), limit: "0 or more, and finite" });
            }
        }
        if self.end > self.start {
            let value = f64::from(self.end);
            return Err(Error::OutOfRange { name: "last rate", value, limit: "the first rate or less" });
        }
        Ok(())
    }

    /// The rate at the beginning of the budget.
    pub fn start(&self) -> f32 {
        self.start
    }

    /// The rate at the end of the budget, at least `start`/10,000.
    pub fn end(&self) -> f32 {
        self.at(1.0)
    }

    /// The rate when `share` of the budget is used.
    pub fn at(&self, share: f64) -> f32 {
        let share = share.min(1.0) as f32;
        (self.start * (1.0 - share) + self.end * share).max(self.start * 1e-4)
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

    #[test]
    fn rates_fall_to_the_last_one() {
        let decay = LinearDecay::to(0.5, 0.25).unwrap();
        assert_eq!([decay.at(0.0), decay.at(0.5), decay.at(1.0)], [0.5, 0.375, 0.25]);
        for (start, end) in [(-1.0, 0.0), (f32::INFINITY, 0.0), (0.5, f32::NAN), (0.5, 0.75)] {
            assert!(LinearDecay::to(start, end).is_err(), "{start} to {end}");
        }
    }
}
