//! The observer of the trainer of a run.

use super::checkpoint::Folder;
use super::{Ended, Run};
use crate::error::{Error, Result};
use crate::model::{ModelView, ModelWriter};
use crate::train::{AtRest, MeanLoss, Next, Observer, Progress};
use serde_json::json;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Observes a trainer for its run, and reports the progress to `observe`. On ranks other than the first it asks for
/// nothing, except for the end once the stop flag is set.
pub(super) struct Supervisor<'r, 'a> {
    run: &'r mut Run<'a>,
    observe: &'r mut dyn FnMut(&Progress),
    observed: Option<Instant>,
    loss: MeanLoss,
    /// Whether an earlier run had ended by patience.
    was_over: bool,
}

const OBSERVED_EVERY: Duration = Duration::from_millis(100);

impl<'r, 'a> Supervisor<'r, 'a> {
    pub fn new(run: &'r mut Run<'a>, observe: &'r mut dyn FnMut(&Progress)) -> Self {
        let was_over = run.validation.is_out_of_patience();
        Self { run, observe, observed: None, loss: MeanLoss::default(), was_over }
    }

    fn reason_to_end(&self) -> Option<Ended> {
        let Run { control, validation, opened, team, .. } = &*self.run;
        if team.is_first() && validation.is_out_of_patience() {
            return Some(Ended::Patience);
        }
        if control.stop.as_ref().is_some_and(|stop| stop.load(Relaxed)) {
            return Some(Ended::Interrupted);
        }
        let is_used_up = |budget| team.is_first() && opened.elapsed() >= budget;
        control.budget.is_some_and(is_used_up).then_some(Ended::Budget)
    }

    fn is_checkpoint_due(&self) -> bool {
        self.run.folder.as_ref().is_some_and(Folder::is_due)
    }

    /// Measures the held-out NLL. After a pass it counts for the patience. At an end between two passes it only
    /// describes the model that is left, so that a resumed run equals an uninterrupted one.
    fn evaluate(&mut self, at: &AtRest, is_pass: bool) -> Result<()> {
        let run = &mut *self.run;
        let Some(line) = run.validation.measure(at, run.threads, run.control.stop.as_deref())? else { return Ok(()) };
        run.log_line("valid", line);
        if !(is_pass && run.validation.count_pass()) {
            return Ok(());
        }
        let Some(best) = &mut run.best else { return Ok(()) };
        let writer = ModelWriter::new(run.architecture, run.vocab, at.model)?;
        if let Err(error) = passed_over(best.put(&writer, at.progress.words))? {
            // Without the file, no checkpoint may name it.
            run.best = None;
            run.warnings.push(format!("the best model could not be kept, and what is left is the last one: {error}"));
            return self.stop_checkpoints(&error);
        }
        self.checkpoint(at)
    }

    fn checkpoint(&mut self, at: &AtRest) -> Result<()> {
        let Run { folder, best, validation, architecture, vocab, .. } = &mut *self.run;
        let Some(folder) = folder else { return Ok(()) };
        let writer = ModelWriter::new(architecture, vocab, at.model)?;
        let words = validation.record.best.map(|best| best.words);
        let written = folder.write(writer, at.state(), validation.record.clone());
        let written = written.and_then(|()| best.as_ref().map_or(Ok(()), |keeper| keeper.keep_only(words)));
        if let Err(error) = passed_over(written)? {
            return self.stop_checkpoints(&error);
        }
        self.run.log_line("checkpoint", json!({ "seconds": at.progress.seconds, "words": at.progress.words }));
        Ok(())
    }

    /// Stops writing checkpoints; the last one that was written remains.
    fn stop_checkpoints(&mut self, error: &Error) -> Result<()> {
        if self.run.folder.take().is_some() {
            let message = error.to_string();
            self.run.warnings.push(format!("checkpoints stopped: {message}"));
            self.run.log_line("checkpoint-failed", json!({ "message": message }));
        }
        Ok(())
    }
}

/// Separates file errors from others. A full disk must not end the run, whose results may go to another place.
fn passed_over(written: Result<()>) -> Result<Result<()>> {
    match written {
        Err(error @ (Error::Io { .. } | Error::Output(_))) => Ok(Err(error)),
        other => other.map(Ok),
    }
}

/// Refuses parameters that are not finite, which must not be written to a file.
fn check_finite(model: ModelView, at: &Progress) -> Result<()> {
    model.not_finite().map_or(Ok(()), |cause| Err(Error::diverged(cause, at.examples, at.rate)))
}

impl Observer for Supervisor<'_, '_> {
    fn progress(&mut self, at: &Progress) -> Next {
        self.loss.add(at);
        if self.observed.is_none_or(|last| last.elapsed() >= OBSERVED_EVERY) {
            self.observed = Some(Instant::now());
            (self.observe)(&Progress { loss: self.loss.take(), ..*at });
        }
        self.run.log_with(|log| log.progress(at, false));
        self.run.ended = self.reason_to_end();
        if self.run.ended.is_some() {
            return Next::Stop;
        }
        if !self.run.team.is_first() {
            return Next::Go;
        }
        if self.is_checkpoint_due() || self.run.validation.is_due(at.words) { Next::Look } else { Next::Go }
    }

    fn look(&mut self, at: &AtRest) -> Result<Next> {
        self.run.last = Some(at.progress);
        check_finite(at.model, &at.progress)?;
        if self.was_over {
            return Ok(Next::Stop);
        }
        if !self.run.team.is_first() {
            return Ok(Next::Go);
        }
        let (words, validation) = (at.progress.words, &self.run.validation);
        let is_pass = validation.is_due(words);
        if is_pass || at.is_end && validation.last.is_none_or(|found| found.words != words) {
            self.evaluate(at, is_pass)?;
        }
        if at.is_end || self.is_checkpoint_due() {
            self.checkpoint(at)?;
        }
        let out = !at.is_end && self.run.validation.is_out_of_patience();
        if out {
            self.run.ended = Some(Ended::Patience);
        }
        Ok(if out { Next::Stop } else { Next::Go })
    }
}
