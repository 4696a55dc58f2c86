//! The one who watches a run for its [`Control`].

use crate::word2vec::Watch;
use super::best_model::Best;
use super::checkpoint::{Folder, Found, ValidState};
use super::control::{Control, Ended};
use super::log::Log;
use crate::corpus::Examples;
use crate::error::{Error, Result};
use crate::eval::held_out_by;
use crate::model::{Architecture, Handles, ModelWriter, SharedModel, Side};
use crate::table::Threads;
use crate::train::{Next, Observer, Outcome, Progress, Quiet};
use crate::vocab::Vocabulary;
use serde_json::json;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

pub(super) struct Supervisor<'a> {
    pub control: &'a Control,
    pub architecture: &'a Architecture,
    pub vocab: &'a Vocabulary,
    pub observe: &'a mut dyn Watch,
    pub folder: Option<Folder>,
    pub log: Option<Log>,
    /// The held-out examples.
    pub valid: Option<Examples>,
    pub valid_state: ValidState,
    /// The last held-out NLL, of a pass or of the end.
    pub found: Option<Found>,
    /// The best model, where patience may end the run.
    pub best: Option<Best>,
    /// Whether an earlier run had ended by patience.
    pub was_over: bool,
    pub words_an_epoch: u64,
    pub threads: usize,
    pub began: Instant,
    pub observed: Option<Instant>,
    /// Where the run stood when it was seen last.
    pub last: Option<Progress>,
    pub ended: Option<Ended>,
    /// What went wrong while the run could not be told.
    pub failed: Option<Error>,
}

const OBSERVED_EVERY: Duration = Duration::from_millis(100);

impl Supervisor<'_> {
    fn is_valid_due(&self, words: u64) -> bool {
        self.valid.is_some() && words >= (self.valid_state.passes + 1) * self.words_an_epoch
    }

    pub fn is_out_of_patience(&self) -> bool {
        let patience = self.control.valid.as_ref().and_then(|valid| valid.patience);
        patience.is_some_and(|patience| self.valid_state.since >= patience)
    }

    fn reason_to_end(&self) -> Option<Ended> {
        if self.is_out_of_patience() {
            return Some(Ended::Patience);
        }
        if self.control.stop.as_ref().is_some_and(|stop| stop.load(Relaxed)) {
            return Some(Ended::Interrupted);
        }
        self.control.budget.is_some_and(|budget| self.began.elapsed() >= budget).then_some(Ended::Budget)
    }

    /// Takes the held-out NLL. That after a pass counts for the patience; one at an end in between just says what is left, so
    /// that a run that goes on from there is as if nothing had been.
    fn evaluate(&mut self, at: &Quiet, is_pass: bool) -> Result<()> {
        let Some(examples) = &self.valid else { return Ok(()) };
        let threads = Threads::new(self.threads);
        let (encoder, layer) = (at.model.copy(Side::Encoder)?, at.model.copy(Side::Layer)?);
        let mut handles = Handles::frozen(&encoder, &layer, &threads);
        let found = held_out_by(at.model.encoder(), at.model.layer(), &mut handles, examples);
        let (nll, words) = (found.nll(), at.progress.words);
        let now = Some(Found::new(words, nll));
        self.found = now;
        let line = json!({
            "seconds": at.progress.seconds, "words": words, "share": at.progress.share, "nll": nll,
            "perplexity": found.perplexity(), "examples": examples.len(),
        });
        self.log.as_mut().map_or(Ok(()), |log| log.line("valid", line))?;
        if !is_pass {
            return Ok(());
        }
        let state = &mut self.valid_state;
        (state.last, state.passes) = (now, words / self.words_an_epoch.max(1));
        if !state.best.is_none_or(|best| nll < best.nll()) {
            state.since += 1;
            return Ok(());
        }
        (state.best, state.since) = (now, 0);
        let Some(best) = &mut self.best else { return Ok(()) };
        best.put(&ModelWriter::shared(self.architecture, self.vocab, at.model)?, words)?;
        self.checkpoint(at)
    }

    /// Makes the model the best one of those that were evaluated, if it is not; says then what that was.
    pub fn leave_best(&mut self, ended: Ended, model: &mut SharedModel) -> Result<Option<Found>> {
        let (Some(keeper), Some(best)) = (&mut self.best, self.valid_state.best) else { return Ok(None) };
        let is_last = self.found.is_some_and(|last| last.words == best.words || last.nll() <= best.nll());
        if is_last && ended != Ended::Patience {
            return Ok(None);
        }
        keeper.restore(best.words, model)?;
        Ok(Some(best))
    }

    fn checkpoint(&mut self, at: &Quiet) -> Result<()> {
        let Some(folder) = &mut self.folder else { return Ok(()) };
        let writer = ModelWriter::shared(self.architecture, self.vocab, at.model)?;
        folder.write(writer, at.state(), self.valid_state.clone())?;
        let best = self.valid_state.best.map(|best| best.words);
        self.best.as_ref().map_or(Ok(()), |keeper| keeper.keep_only(best))?;
        let line = json!({ "seconds": at.progress.seconds, "words": at.progress.words });
        self.log.as_mut().map_or(Ok(()), |log| log.line("checkpoint", line))
    }

    /// Writes down where the run stood, and how it ended if not with an error.
    pub fn close(&mut self, end: Option<(Ended, Option<Found>, &Outcome)>) -> Result<()> {
        let (Some(log), last) = (&mut self.log, &self.last) else { return Ok(()) };
        if let Some(at) = last {
            log.progress(at, true)?;
        }
        let Some((why, left, outcome)) = end else { return Ok(()) };
        let (last, best_words) = (self.found.map(|found| found.nll()), left.map(|left| left.words));
        let nll = left.map(|left| left.nll()).or(last);
        let line = json!({
            "why": why, "nll": nll, "last_nll": last, "best_words": best_words, "passes": outcome.passes,
        });
        log.line("end", line)
    }
}

/// A run must not write down parameters that are not finite.
fn check_finite(model: &SharedModel, at: &Progress) -> Result<()> {
    model.not_finite().map_or(Ok(()), |cause| Err(Error::diverged(cause, at.examples, at.rate)))
}

impl Observer for Supervisor<'_> {
    fn progress(&mut self, at: &Progress) -> Next {
        if self.observed.is_none_or(|last| last.elapsed() >= OBSERVED_EVERY) {
            self.observed = Some(Instant::now());
            self.observe.progress(at);
        }
        if let Some(Err(error)) = self.log.as_mut().map(|log| log.progress(at, false)) {
            self.failed = Some(error);
            return Next::Stop;
        }
        self.ended = self.reason_to_end();
        if self.ended.is_some() {
            return Next::Stop;
        }
        let is_due = self.folder.as_ref().is_some_and(Folder::is_due);
        if is_due || self.is_valid_due(at.words) { Next::Look } else { Next::Go }
    }

    fn look(&mut self, at: &Quiet) -> Result<Next> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        self.last = Some(at.progress);
        check_finite(at.model, &at.progress)?;
        if self.was_over {
            return Ok(Next::Stop);
        }
        let is_pass = self.is_valid_due(at.progress.words);
        if is_pass || at.is_end && self.found.is_none_or(|found| found.words != at.progress.words) {
            self.evaluate(at, is_pass)?;
        }
        if at.is_end || self.folder.as_ref().is_some_and(Folder::is_due) {
            self.checkpoint(at)?;
        }
        let out = !at.is_end && self.is_out_of_patience();
        if out {
            self.ended = Some(Ended::Patience);
        }
        Ok(if out { Next::Stop } else { Next::Go })
    }
}
