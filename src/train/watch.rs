//! Those who watch a training run, and may stop it.

use super::{Progress, State};
use crate::error::Result;
use crate::model::SharedModel;
use std::fmt;
use std::time::Duration;

/// What an observer wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// To go on.
    Go,
    /// To see the model at the next barrier.
    Look,
    /// The run to end at the next barrier.
    Stop,
}

/// Watches a run of [`hogwild_watched`](super::hogwild_watched()) or
/// [`deterministic_watched`](super::deterministic_watched()).
///
/// A *barrier* is a moment at which no worker is at work and every move of every worker is in the shared tables: under
/// `deterministic` a barrier at which all rows are merged, under `hogwild` the end of the sentence that each worker is at,
/// after it has handed over its private rows.
pub trait Observer {
    /// Hears where the run stands: under `deterministic` at every barrier, which depends on the words alone; under
    /// `hogwild` ten times a second.
    fn progress(&mut self, at: &Progress) -> Next;

    /// Sees the model, after `progress` asked for it, and once at the end. To ask for a look again means to go on.
    ///
    /// # Errors
    /// Whatever it likes: the run ends with it.
    fn look(&mut self, _at: &AtRest) -> Result<Next> {
        Ok(Next::Go)
    }
}

/// A run at a barrier.
#[non_exhaustive]
pub struct AtRest<'a> {
    /// Where it stands.
    pub progress: Progress,
    /// The model.
    pub model: &'a SharedModel,
    /// Whether no word will follow: the text is read, or the run was stopped.
    pub is_end: bool,
    pub(super) state: &'a dyn Fn() -> State,
}

impl fmt::Debug for AtRest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("AtRest").field("progress", &self.progress).field("is_end", &self.is_end).finish_non_exhaustive()
    }
}

impl AtRest<'_> {
    /// All that the run would need to go on from here, beside the parameters.
    pub fn state(&self) -> State {
        (self.state)()
    }
}

/// Hands on what it hears to a function, ten times a second at most.
pub(super) struct ProgressReporter<'a> {
    to: &'a mut dyn FnMut(&Progress),
    last: Option<f64>,
}

const REPORT_EVERY: Duration = Duration::from_millis(100);

impl<'a> ProgressReporter<'a> {
    pub fn new(to: &'a mut dyn FnMut(&Progress)) -> Self {
        Self { to, last: None }
    }
}

impl Observer for ProgressReporter<'_> {
    fn progress(&mut self, at: &Progress) -> Next {
        if self.last.is_none_or(|last| at.seconds - last >= REPORT_EVERY.as_secs_f64()) {
            self.last = Some(at.seconds);
            (self.to)(at);
        }
        Next::Go
    }
}
