//! The one who watches a run for its [`Control`].

use super::checkpoint::{Folder, ValidState};
use super::control::{Control, Ended};
use super::log::Log;
use crate::corpus::Examples;
use crate::error::{Error, Result};
use crate::eval::held_out_by;
use crate::model::{Architecture, Handles, ModelWriter, SharedModel, Side};
use crate::table::Threads;
use crate::train::{Next, Observer, Progress, Quiet};
use crate::vocab::Vocabulary;
use serde_json::json;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

pub(super) struct Supervisor<'a> {
    pub control: &'a Control,
    pub architecture: &'a Architecture,
    pub vocab: &'a Vocabulary,
    pub observe: &'a mut dyn FnMut(&Progress),
    pub folder: Option<Folder>,
    pub log: Option<Log>,
    /// The held-out examples.
    pub valid: Option<Examples>,
    pub valid_state: ValidState,
    /// The last held-out NLL.
    pub nll: Option<f64>,
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

    fn is_out_of_patience(&self) -> bool {
        let patience = self.control.valid.as_ref().and_then(|valid| valid.patience);
        patience.is_some_and(|patience| self.valid_state.since >= patience)
    }

    fn reason_to_end(&self) -> Option<Ended> {
        if self.control.stop.as_ref().is_some_and(|stop| stop.load(Relaxed)) {
            return Some(Ended::Interrupted);
        }
        if self.control.budget.is_some_and(|budget| self.began.elapsed() >= budget) {
            return Some(Ended::Budget);
        }
        self.is_out_of_patience().then_some(Ended::Patience)
    }

    /// The held-out NLL, nats an example.
    fn evaluate(&mut self, at: &Quiet) -> Result<()> {
        let Some(examples) = &self.valid else { return Ok(()) };
        let threads = Threads::new(self.threads);
        let (encoder, layer) = (at.model.copy(Side::Encoder)?, at.model.copy(Side::Layer)?);
        let mut handles = Handles::frozen(&encoder, &layer, &threads);
        let found = held_out_by(at.model.encoder(), at.model.layer(), &mut handles, examples);
        let nll = found.nll();
        self.nll = Some(nll);
        let best = self.valid_state.best.map_or(f64::INFINITY, f64::from_bits);
        (self.valid_state.best, self.valid_state.since) = match nll < best {
            true => (Some(nll.to_bits()), 0),
            false => (Some(best.to_bits()), self.valid_state.since + 1),
        };
        self.valid_state.passes = at.progress.words / self.words_an_epoch.max(1);
        let line = json!({
            "seconds": at.progress.seconds, "words": at.progress.words, "share": at.progress.share, "nll": nll,
            "perplexity": found.perplexity(), "examples": examples.len(),
        });
        self.log.as_mut().map_or(Ok(()), |log| log.line("valid", line))
    }

    fn checkpoint(&mut self, at: &Quiet) -> Result<()> {
        let Some(folder) = &mut self.folder else { return Ok(()) };
        let writer = ModelWriter::shared(self.architecture, self.vocab, at.model)?;
        folder.write(writer, at.state(), self.valid_state.clone())?;
        let line = json!({ "seconds": at.progress.seconds, "words": at.progress.words });
        self.log.as_mut().map_or(Ok(()), |log| log.line("checkpoint", line))
    }

    /// Writes down how the run ended.
    pub fn close(&mut self, end: std::result::Result<Ended, &Error>) -> Result<()> {
        let (Some(log), last) = (&mut self.log, &self.last) else { return Ok(()) };
        if let Some(at) = last {
            log.progress(at, true)?;
        }
        match end {
            Ok(why) => log.line("end", json!({ "why": why, "nll": self.nll })),
            Err(error) => log.line("end", json!({ "why": "error", "message": error.to_string() })),
        }
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
            (self.observe)(at);
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
        let passes = at.progress.words / self.words_an_epoch.max(1);
        if self.is_valid_due(at.progress.words) || at.is_end && self.valid_state.passes < passes.max(1) {
            self.evaluate(at)?;
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
