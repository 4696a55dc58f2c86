//! Observers of a training run, which may stop it.

use super::{Epoch, Progress, State};
use crate::error::Result;
use crate::model::ModelView;
use std::fmt;
use std::time::Duration;

/// Answer of an observer: the next thing that the run must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Continue.
    Go,
    /// Show the model at the next barrier.
    Look,
    /// End the run at the next barrier.
    Stop,
}

/// Observes a run of [`hogwild_watched`](super::hogwild_watched()),
/// [`deterministic_watched`](super::deterministic_watched()) or [`batches_watched`](super::batches_watched()).
///
/// A *barrier* is a moment at which no worker runs and every update is in the tables. Under `deterministic` it is a
/// barrier at which all rows are merged. Under `hogwild` it is the end of each worker's current sentence, after the
/// worker has handed over its private rows. Under `batches` it is the end of a mini-batch.
pub trait Observer {
    /// Receives the progress of the run. Under `deterministic` and `batches` it is called at every barrier, which
    /// depends on the words alone; under `hogwild`, ten times a second.
    fn progress(&mut self, at: &Progress) -> Next;

    /// Sees the model, after `progress` asked for it, and once at the end. The answer [`Next::Look`] means the same as
    /// [`Next::Go`].
    ///
    /// # Errors
    /// Any error that the observer returns; the run ends with it.
    fn look(&mut self, _at: &AtRest) -> Result<Next> {
        Ok(Next::Go)
    }

    /// Whether `hogwild` and `batches` must show the model at the end of each pass, where `hogwild` comes to a barrier
    /// for it. The bits of one worker do not depend on it.
    fn looks_at_passes(&self) -> bool {
        false
    }
}

/// A run at a barrier.
#[non_exhaustive]
pub struct AtRest<'a> {
    /// Progress of the run.
    pub progress: Progress,
    /// The model.
    pub model: ModelView<'a>,
    /// Whether training is over: the text is read, or the run was stopped.
    pub is_end: bool,
    /// Training criterion of every pass that is complete.
    pub epochs: Vec<Epoch>,
    pub(super) state: &'a dyn Fn() -> State,
}

impl fmt::Debug for AtRest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("AtRest").field("progress", &self.progress).field("is_end", &self.is_end).finish_non_exhaustive()
    }
}

impl AtRest<'_> {
    /// Returns everything that the run needs to resume from here, except the parameters.
    pub fn state(&self) -> State {
        (self.state)()
    }
}

/// The mean loss over reports that are not passed on one by one.
#[derive(Default)]
pub(crate) struct MeanLoss {
    /// Examples of the last report.
    examples: u64,
    /// Summed loss, and the examples that it is of.
    sum: (f64, f64),
}

impl MeanLoss {
    /// Adds a report.
    pub fn add(&mut self, at: &Progress) {
        let examples = at.examples.saturating_sub(self.examples) as f64;
        self.examples = at.examples;
        if at.loss.is_finite() {
            self.sum = (self.sum.0 + examples * at.loss, self.sum.1 + examples);
        }
    }

    /// Returns the mean since the last call; NaN without an example.
    pub fn take(&mut self) -> f64 {
        let (sum, examples) = std::mem::take(&mut self.sum);
        sum / examples
    }
}

/// Passes reports on to a function, at most ten times a second.
pub(super) struct ProgressReporter<'a> {
    to: &'a mut dyn FnMut(&Progress),
    last: Option<f64>,
    loss: MeanLoss,
}

const REPORT_EVERY: Duration = Duration::from_millis(100);

impl<'a> ProgressReporter<'a> {
    pub fn new(to: &'a mut dyn FnMut(&Progress)) -> Self {
        Self { to, last: None, loss: MeanLoss::default() }
    }
}

impl Observer for ProgressReporter<'_> {
    fn progress(&mut self, at: &Progress) -> Next {
        self.loss.add(at);
        if self.last.is_none_or(|last| at.seconds - last >= REPORT_EVERY.as_secs_f64()) {
            self.last = Some(at.seconds);
            (self.to)(&Progress { loss: self.loss.take(), ..*at });
        }
        Next::Go
    }
}
