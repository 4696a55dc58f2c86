//! The time of a run, and what its observer hears and sees.

use super::super::watch::{AtRest, Next, Observer};
use super::super::{Progress, State};
use super::Inputs;
use crate::error::Result;
use crate::model::SharedModel;
use std::time::{Duration, Instant};

/// Measures the seconds of training, and the loss since the last report.
pub struct ProgressMeter {
    clock: Clock,
    /// Examples and summed loss when the observer heard of them last.
    reported: (u64, f64),
}

/// Seconds of training: those of earlier runs too, and none while someone looks.
struct Clock {
    before: Duration,
    since: Instant,
}

impl Clock {
    fn new(before: f64) -> Self {
        Self { before: Duration::try_from_secs_f64(before).unwrap_or_default(), since: Instant::now() }
    }

    fn seconds(&self) -> f64 {
        (self.before + self.since.elapsed()).as_secs_f64()
    }

    /// Stands still, at the seconds that it gives, until it goes on.
    fn pause(&mut self) -> f64 {
        self.before += self.since.elapsed();
        self.since = Instant::now();
        self.before.as_secs_f64()
    }

    fn go_on(&mut self) {
        self.since = Instant::now();
    }
}

impl ProgressMeter {
    /// A meter that goes on after so many seconds, at these examples and this summed loss.
    pub fn new(seconds: f64, reported: (u64, f64)) -> Self {
        Self { clock: Clock::new(seconds), reported }
    }

    pub fn seconds(&self) -> f64 {
        self.clock.seconds()
    }

    /// A report after these examples, with this summed loss, and so many words of all.
    pub fn progress(&mut self, inputs: &Inputs, sums: (u64, f64), words: u64) -> Progress {
        let examples = sums.0 - self.reported.0;
        let loss = if examples > 0 { (sums.1 - self.reported.1) / examples as f64 } else { f64::NAN };
        self.reported = sums;
        let (share, rate) = (inputs.share(words), inputs.rate(words));
        Progress { examples: sums.0, words, seconds: self.seconds(), share, rate, loss }
    }

    /// Shows the model at a barrier, at an end only if it is finite. The clock stands still meanwhile; `state` is given
    /// the seconds.
    ///
    /// # Errors
    /// What the observer says, and [`Error::Diverged`](crate::Error::Diverged).
    pub fn show(
        &mut self,
        inputs: &Inputs,
        model: &SharedModel,
        (progress, is_end): (Progress, bool),
        state: &dyn Fn(f64) -> State,
        observer: &mut dyn Observer,
    ) -> Result<Next> {
        let seconds = self.clock.pause();
        if let (true, Some(cause)) = (is_end, model.not_finite()) {
            return Err(inputs.diverged(cause, progress.examples, progress.words));
        }
        let next = observer.look(&AtRest { progress, model, is_end, state: &|| state(seconds) });
        self.clock.go_on();
        next
    }
}
