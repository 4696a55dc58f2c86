//! The clock of a run, and its calls to the observer.

use super::super::watch::{AtRest, Next, Observer};
use super::super::{Epoch, Progress, State};
use super::Inputs;
use crate::error::Result;
use crate::model::ModelView;
use std::time::{Duration, Instant};

/// Measures the seconds of training, and the loss since the last report.
pub struct ProgressMeter {
    clock: Clock,
    /// Examples and summed loss at the last report.
    reported: (u64, f64),
}

/// Seconds of training. It counts the seconds of earlier runs and stands still while an observer looks at the model.
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

    /// Stops the clock until [`Clock::go_on`], and returns the seconds so far.
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
    /// A meter that continues from `seconds`, with these examples and this summed loss already reported.
    pub fn new(seconds: f64, reported: (u64, f64)) -> Self {
        Self { clock: Clock::new(seconds), reported }
    }

    pub fn seconds(&self) -> f64 {
        self.clock.seconds()
    }

    /// Makes a report after `sums` (examples and summed loss), when `words` words of all epochs have been read.
    pub fn progress(&mut self, inputs: &Inputs, sums: (u64, f64), words: u64) -> Progress {
        let examples = sums.0 - self.reported.0;
        let loss = if examples > 0 { (sums.1 - self.reported.1) / examples as f64 } else { f64::NAN };
        self.reported = sums;
        let (share, rate) = (inputs.share(words), inputs.rate(words));
        Progress { examples: sums.0, words, seconds: self.seconds(), share, rate, loss }
    }

    /// Shows the model to the observer at a barrier. At the end of a run the model is shown only if it is finite. The
    /// clock stands still meanwhile, and `state` is called with its seconds.
    ///
    /// # Errors
    /// The observer's error, and [`Error::Diverged`](crate::Error::Diverged) for a parameter that is not finite.
    pub fn show(
        &mut self,
        inputs: &Inputs,
        model: ModelView,
        (progress, is_end, epochs): (Progress, bool, Vec<Epoch>),
        state: &dyn Fn(f64) -> State,
        observer: &mut dyn Observer,
    ) -> Result<Next> {
        let seconds = self.clock.pause();
        if let (true, Some(cause)) = (is_end, model.not_finite()) {
            return Err(inputs.diverged(cause, progress.examples, progress.words));
        }
        let next = observer.look(&AtRest { progress, model, is_end, epochs, state: &|| state(seconds) });
        self.clock.go_on();
        next
    }
}
