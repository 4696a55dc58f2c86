//! The observer of a run's trainer.

use super::checkpoint::Folder;
use super::{Ended, Run};
use crate::error::{Error, Result};
use crate::model::{ModelWriter, SharedModel};
use crate::train::{AtRest, Next, Observer, Progress};
use serde_json::json;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Watches a trainer for its run, and tells `observe` where it stands.
pub(super) struct Supervisor<'r, 'a> {
    run: &'r mut Run<'a>,
    observe: &'r mut dyn FnMut(&Progress),
    observed: Option<Instant>,
    /// Whether an earlier run had ended by patience.
    was_over: bool,
    /// An error from a moment that cannot return it.
    failed: Option<Error>,
}

const OBSERVED_EVERY: Duration = Duration::from_millis(100);

impl<'r, 'a> Supervisor<'r, 'a> {
    pub fn new(run: &'r mut Run<'a>, observe: &'r mut dyn FnMut(&Progress)) -> Self {
        let was_over = run.validation.is_out_of_patience();
        Self { run, observe, observed: None, was_over, failed: None }
    }

    fn reason_to_end(&self) -> Option<Ended> {
        let Run { control, validation, opened, .. } = &*self.run;
        if validation.is_out_of_patience() {
            return Some(Ended::Patience);
        }
        if control.stop.as_ref().is_some_and(|stop| stop.load(Relaxed)) {
            return Some(Ended::Interrupted);
        }
        control.budget.is_some_and(|budget| opened.elapsed() >= budget).then_some(Ended::Budget)
    }

    fn is_checkpoint_due(&self) -> bool {
        self.run.folder.as_ref().is_some_and(Folder::is_due)
    }

    /// Takes the held-out NLL. After a pass it counts for the patience. At an end between two passes it only says what
    /// is left, so that a resumed run is the same as one without interruption.
    fn evaluate(&mut self, at: &AtRest, is_pass: bool) -> Result<()> {
        let run = &mut *self.run;
        let Some(line) = run.validation.measure(at, run.threads)? else { return Ok(()) };
        run.log.as_mut().map_or(Ok(()), |log| log.line("valid", line))?;
        if !(is_pass && run.validation.count_pass()) {
            return Ok(());
        }
        let Some(best) = &mut run.best else { return Ok(()) };
        best.put(&ModelWriter::shared(run.architecture, run.vocab, at.model)?, at.progress.words)?;
        self.checkpoint(at)
    }

    fn checkpoint(&mut self, at: &AtRest) -> Result<()> {
        let Run { folder, log, best, validation, architecture, vocab, .. } = &mut *self.run;
        let Some(folder) = folder else { return Ok(()) };
        let writer = ModelWriter::shared(architecture, vocab, at.model)?;
        match folder.write(writer, at.state(), validation.record.clone()) {
            // A disk that is full must not end the run: its results may go elsewhere.
            Err(error @ Error::Io { .. }) => return self.stop_checkpoints(&error),
            written => written?,
        }
        let words = validation.record.best.map(|best| best.words);
        best.as_ref().map_or(Ok(()), |keeper| keeper.keep_only(words))?;
        let line = json!({ "seconds": at.progress.seconds, "words": at.progress.words });
        log.as_mut().map_or(Ok(()), |log| log.line("checkpoint", line))
    }

    /// No more checkpoints: the last one that was written stays.
    fn stop_checkpoints(&mut self, error: &Error) -> Result<()> {
        let message = error.to_string();
        let line = json!({ "message": message });
        self.run.folder = None;
        self.run.checkpoint_failed = Some(message);
        self.run.log.as_mut().map_or(Ok(()), |log| log.line("checkpoint-failed", line))
    }
}

/// Refuses parameters that are not finite: they must reach no file.
fn check_finite(model: &SharedModel, at: &Progress) -> Result<()> {
    model.not_finite().map_or(Ok(()), |cause| Err(Error::diverged(cause, at.examples, at.rate)))
}

impl Observer for Supervisor<'_, '_> {
    fn progress(&mut self, at: &Progress) -> Next {
        if self.observed.is_none_or(|last| last.elapsed() >= OBSERVED_EVERY) {
            self.observed = Some(Instant::now());
            (self.observe)(at);
        }
        if let Some(Err(error)) = self.run.log.as_mut().map(|log| log.progress(at, false)) {
            self.failed = Some(error);
            return Next::Stop;
        }
        self.run.ended = self.reason_to_end();
        if self.run.ended.is_some() {
            return Next::Stop;
        }
        if self.is_checkpoint_due() || self.run.validation.is_due(at.words) { Next::Look } else { Next::Go }
    }

    fn look(&mut self, at: &AtRest) -> Result<Next> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        self.run.last = Some(at.progress);
        check_finite(at.model, &at.progress)?;
        if self.was_over {
            return Ok(Next::Stop);
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
