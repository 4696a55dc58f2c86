//! A long run of a trainer of this crate under supervision: checkpoints, the best model, a budget, patience, a stop
//! flag, and a log.
//!
//! [`Run::open`] reads the checkpoint, [`Run::train`] supervises a trainer, and [`Run::close`] restores the best model
//! and reports how the run ended. The trainer is a function that calls
//! [`hogwild_watched`](crate::train::hogwild_watched()),
//! [`deterministic_watched`](crate::train::deterministic_watched()) or
//! [`batches_watched`](crate::train::batches_watched()) with the [`State`] and the [`Observer`] that it is given.
//!
//! ```
//! use lexmax::corpus::{Context, Corpus, Direction, Sentences, Window};
//! use lexmax::layer::Bias;
//! use lexmax::model::{Architecture, SharedModel};
//! use lexmax::word2vec::{Checkpoints, Control, Ended, Run, Subject};
//! use lexmax::train::{Hogwild, LinearDecay, deterministic_watched};
//! use lexmax::table::Optimizer;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (text, checkpoints) = (folder.path().join("text.txt"), folder.path().join("checkpoints"));
//! # std::fs::write(&text, "the cat sees the dog\n".repeat(50))?;
//! let (vocab, corpus) = Corpus::load(&[text], 1)?;
//! let window = Window::new(Direction::Cbow, Context::Both, 2, true)?;
//! let layer = "hierarchical".parse()?;
//! let mut architecture = Architecture::new(layer, window, 8);
//! (architecture.bias, architecture.optimizer) = (Bias::None, Optimizer::Sgd);
//! let (encoder, layer) = (architecture.encoder(vocab.len())?, architecture.layer(&vocab, None)?);
//! let mut model = SharedModel::new(encoder, layer, vocab.counts(), 1)?;
//! let mut trainer = Hogwild::new(window, LinearDecay::new(0.05));
//! trainer.epochs = 3;
//!
//! let mut control = Control::default();
//! control.checkpoint = Some(Checkpoints::new(&checkpoints));
//! let mut subject = Subject::new(&architecture, &vocab, corpus.ledger().kept);
//! subject.settings.insert("epochs".into(), "3".into());
//! let mut run = Run::open(&control, subject, &mut model)?;
//! let outcome = run.train(&mut model, &mut |_| {}, |model, from, observer| {
//!     deterministic_watched(model, &corpus, vocab.counts(), &trainer, from, observer)
//! })?;
//! let closed = run.close(&mut model, &outcome)?;
//! assert_eq!(closed.ended, Ended::Complete);
//! assert!(checkpoints.join("checkpoint.safetensors").exists());
//! # Ok(())
//! # }
//! ```

mod best_model;
mod checkpoint;
mod control;
mod log;
mod ranks;
mod supervisor;
mod validation;

pub use control::{Checkpoints, Control, Ended, Valid};

use crate::corpus::Examples;
use crate::error::Result;
use crate::model::{Architecture, ModelOver, ModelView, Side};
use crate::peers::{Peers, Team};
use crate::table::TableShape;
use crate::table::stored::Stored;
use crate::train::{Observer, Outcome, Progress, State};
use crate::vocab::Vocabulary;
use best_model::BestModel;
use checkpoint::{Folder, RANKS, Saved};
use log::Log;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Instant;
use supervisor::Supervisor;
use validation::{Found, Record, Validation, examples_hash, patience_name};

/// Subject of a run: the model to train, and the text to train it on.
#[non_exhaustive]
pub struct Subject<'a> {
    /// Parts of the model.
    pub architecture: &'a Architecture,
    /// Words of the model.
    pub vocab: &'a Vocabulary,
    /// Everything that decides the result of the run, by name: settings, and a hash of the text. A checkpoint with
    /// other settings is refused. [`Run::open`] adds the version of the crate, the held-out examples and the patience.
    pub settings: BTreeMap<String, String>,
    /// Examples of the held-out text, if there is one.
    pub held_out: Option<Examples>,
    /// Words that a trainer reads in one pass.
    pub words_per_pass: u64,
    /// Threads for evaluations.
    pub threads: usize,
}

impl<'a> Subject<'a> {
    /// A model over `vocab`, trained in passes of `words_per_pass` words: no settings, no held-out text, one thread.
    pub fn new(architecture: &'a Architecture, vocab: &'a Vocabulary, words_per_pass: u64) -> Self {
        Self { architecture, vocab, settings: BTreeMap::new(), held_out: None, words_per_pass, threads: 1 }
    }
}

impl fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Subject")
            .field("architecture", &self.architecture)
            .field("vocab", &self.vocab.len())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// A run in progress.
pub struct Run<'a> {
    control: &'a Control,
    architecture: &'a Architecture,
    vocab: &'a Vocabulary,
    settings: BTreeMap<String, String>,
    threads: usize,
    folder: Option<Folder>,
    log: Option<Log>,
    validation: Validation,
    best: Option<BestModel>,
    /// State in the checkpoint from which the run is resumed.
    from: Option<State>,
    opened: Instant,
    /// Last progress seen.
    last: Option<Progress>,
    ended: Option<Ended>,
    /// Failures that did not end the run.
    warnings: Vec<String>,
    team: Team,
}

impl fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Run")
            .field("architecture", &self.architecture)
            .field("vocab", &self.vocab.len())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Result of a run.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Closed {
    /// Reason why the run ended.
    pub ended: Ended,
    /// Held-out NLL of the model that is left, in nats per example.
    pub valid_nll: Option<f64>,
    /// Words read when the model that is left was evaluated, if that model is not the final one.
    pub best_words: Option<u64>,
    /// Failures that did not end the run, such as a checkpoint on a full disk. In that case the last checkpoint that
    /// was written remains.
    pub warnings: Vec<String>,
}

impl<'a> Run<'a> {
    /// Opens a run. If it resumes a checkpoint, the parameters are read into `model`.
    ///
    /// # Errors
    /// [`Error::Checkpoint`](crate::Error::Checkpoint) for an existing checkpoint that is not to be resumed, or one
    /// with other settings; files that cannot be read or created.
    pub fn open<M: Stored>(control: &'a Control, subject: Subject<'a>, model: &mut ModelOver<M>) -> Result<Self> {
        Self::open_over(control, subject, model, &Team::default())
    }

    /// Opens a run on several ranks, all of which make the same calls. Rank 0 alone reads and writes files: the
    /// checkpoint, the log and the best model. It evaluates the held-out text, and decides when the run ends; the stop
    /// flag of any rank ends it, too. The others need no common disk.
    ///
    /// The checkpoint names the number of ranks, and is resumed by as many.
    ///
    /// # Errors
    /// The errors of [`Run::open`], on every rank, and
    /// [`RanksFault::Differ`](crate::error::RanksFault::Differ) if settings differ between ranks.
    pub fn open_over<M: Stored>(
        control: &'a Control,
        subject: Subject<'a>,
        model: &mut ModelOver<M>,
        team: &Team,
    ) -> Result<Self> {
        let mut team = team.clone();
        let Subject { architecture, vocab, mut settings, held_out, words_per_pass, threads } = subject;
        let opened = Instant::now();
        let patience = control.valid.as_ref().and_then(|valid| valid.patience);
        let own = [
            ("version", env!("CARGO_PKG_VERSION").into()),
            ("valid", held_out.as_ref().map(examples_hash).unwrap_or_default()),
            ("patience", patience_name(patience)),
        ];
        settings.extend(own.map(|(name, value)| (name.to_string(), value)));
        if !team.is_alone() {
            settings.insert(RANKS.into(), team.size().to_string());
        }
        ranks::compare(&mut team, &settings)?;
        let checkpoint = control.checkpoint.as_ref().filter(|_| team.is_first());
        let folder = team.agree(checkpoint.map(|c| Folder::new(c, settings.clone())).transpose())?;
        let with = (model, &architecture.reading.normalizer);
        let saved = ranks::resume(&mut team, folder.as_ref(), with, &settings)?;
        let (from, record) = match saved {
            Some(Saved { train, valid, .. }) => (Some(train), valid),
            None => (None, Record::default()),
        };
        let valid = control.valid.as_ref().filter(|_| team.is_first());
        let best = BestModel::new(valid, checkpoint.map(|c| &*c.dir));
        let best_of_record = best.as_ref().zip(record.best.as_ref());
        team.agree(best_of_record.map_or(Ok(()), |(best, found)| best.check(found.words)))?;
        let validation = Validation::new(held_out, control.valid.as_ref(), words_per_pass, record);
        let (log, last, ended) = (None, None, None);
        Ok(Self {
            control,
            architecture,
            vocab,
            settings,
            threads,
            folder,
            log,
            validation,
            best,
            from,
            opened,
            last,
            ended,
            warnings: Vec::new(),
            team,
        })
    }

    /// Whether the run resumes a checkpoint.
    pub fn is_resumed(&self) -> bool {
        self.from.is_some()
    }

    /// Opens the log, if one is asked for, and writes its first line. The line has the settings, the size of the model,
    /// and the fields of `more`, which must be an object.
    ///
    /// # Errors
    /// A log that cannot be written.
    pub fn log_start<'m>(&mut self, model: impl Into<ModelView<'m>>, more: &impl Serialize) -> Result<()> {
        let mut team = self.team.clone();
        team.on_first(|| self.open_log(model.into(), more))
    }

    fn open_log(&mut self, model: ModelView, more: &impl Serialize) -> Result<()> {
        let Some(path) = &self.control.log else { return Ok(()) };
        let numbers = |shape: TableShape| shape.rows as usize * (shape.dim + usize::from(shape.bias));
        let shapes = [Side::Encoder, Side::Layer].into_iter().flat_map(|side| model.shapes(side));
        let mut line = json!({
            "lexmax": env!("CARGO_PKG_VERSION"), "settings": self.settings, "vocab": self.vocab.len(),
            "parameters": shapes.map(numbers).sum::<usize>(), "threads": self.threads,
            "resumed_seconds": self.from.as_ref().map(State::seconds),
        });
        if let (Some(line), Ok(Value::Object(more))) = (line.as_object_mut(), serde_json::to_value(more)) {
            line.extend(more);
        }
        let mut log = Log::open(path, self.is_resumed())?;
        log.line("start", line)?;
        self.log = Some(log);
        Ok(())
    }

    /// Trains under supervision. `observe` receives the progress of the training, at most ten times a second.
    ///
    /// # Errors
    /// The errors of the trainer, parameters that are not finite, and files that cannot be written.
    pub fn train<M>(
        &mut self,
        model: &mut ModelOver<M>,
        observe: &mut dyn FnMut(&Progress),
        trainer: impl FnOnce(&mut ModelOver<M>, Option<&State>, &mut dyn Observer) -> Result<Outcome>,
    ) -> Result<Outcome> {
        let from = self.from.take();
        let outcome = trainer(model, from.as_ref(), &mut Supervisor::new(self, observe));
        // A log that cannot be written is not an error here.
        self.team.agree(outcome).inspect_err(|_| self.log_last())
    }

    /// Closes the run. With patience, `model` becomes the best of the evaluated models.
    ///
    /// # Errors
    /// A file of the best model that cannot be read.
    pub fn close<M: Stored>(mut self, model: &mut ModelOver<M>, outcome: &Outcome) -> Result<Closed> {
        let ended = if outcome.stopped { self.ended.unwrap_or(Ended::Interrupted) } else { Ended::Complete };
        let left = self.leave_best(ended, model);
        self.log_last();
        let (left, last) = (self.team.agree(left)?, self.validation.last);
        self.share_model(left.is_some(), model)?;
        let (valid_nll, best_words) = (left.or(last).map(|found| found.nll()), left.map(|left| left.words));
        let line = json!({
            "why": ended, "nll": valid_nll, "last_nll": last.map(|found| found.nll()), "best_words": best_words,
            "passes": outcome.passes,
        });
        self.log_line("end", line);
        let closed = Closed { ended, valid_nll, best_words, warnings: self.warnings };
        Ok(ranks::share_closed(&mut self.team, closed))
    }

    /// Restores the best model evaluated, if it is not the current one. Returns its evaluation in that case.
    fn leave_best<M: Stored>(&mut self, ended: Ended, model: &mut ModelOver<M>) -> Result<Option<Found>> {
        let (Some(keeper), Some(best)) = (&mut self.best, self.validation.record.best) else { return Ok(None) };
        let last = self.validation.last;
        // An interrupt may have broken off the evaluation of the current model.
        let is_known = last.zip(self.last).is_none_or(|(found, at)| found.words == at.words);
        let is_last = is_known && last.is_some_and(|last| last.words == best.words || last.nll() <= best.nll());
        if is_last && ended != Ended::Patience {
            return Ok(None);
        }
        keeper.restore(best.words, model)?;
        Ok(Some(best))
    }

    /// Logs the last known progress of the run.
    fn log_last(&mut self) {
        if let Some(at) = self.last {
            self.log_with(|log| log.progress(&at, true));
        }
    }

    /// Writes a line to the log, if there is one.
    fn log_line(&mut self, event: &str, what: Value) {
        self.log_with(|log| log.line(event, what));
    }

    /// Writes to the log, if there is one. After a failed write the log ends, and the run continues.
    fn log_with(&mut self, write: impl FnOnce(&mut Log) -> Result<()>) {
        if let Some(Err(error)) = self.log.as_mut().map(write) {
            self.log = None;
            self.warnings.push(format!("the log ended early: {error}"));
        }
    }
}
