//! The facts of a training run.

use super::train::word_vectors;
use super::{Warm, Word2VecConfig};
use crate::corpus::Ledger;
use crate::error::Result;
use crate::model::{Encoding, ModelKind, ModelView};
use crate::optimizer::OptimizerKind;
use crate::peers::{Exchanged, Peers};
use crate::run::{Closed, Ended};
use crate::table::Traffic;
use crate::train::{AtRest, Epoch, Next, Observer, Outcome, Pass, Progress, State};
use crate::vectors::WordVectors;
use crate::vocab::Vocabulary;
use serde::Serialize;
use std::cell::RefCell;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The facts of a training run, as written to its JSON file.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Facts {
    /// Version of the crate.
    pub lexmax: &'static str,
    /// Layer, with its settings.
    pub layer: String,
    /// `cbow`, `skipgram` or `ngram`.
    pub model: ModelKind,
    /// Size of the vectors.
    pub dim: usize,
    /// Largest number of context words on each side.
    pub window: usize,
    /// Least count of a word that is kept.
    pub min_count: u64,
    /// Threshold of subsampling; 0 is off.
    pub sample: f64,
    /// Passes over the text.
    pub epochs: u32,
    /// Positions of a sentence that form one step.
    pub block: usize,
    /// Examples in a mini-batch; 1 without mini-batches.
    pub batch: usize,
    /// Optimizer.
    pub optimizer: OptimizerKind,
    /// Number of threads.
    pub threads: usize,
    /// Whether the bits are independent of the number of threads.
    pub deterministic: bool,
    /// Processes that trained together; not written to the file if there was one.
    #[serde(skip_serializing_if = "is_one")]
    pub ranks: usize,
    /// Messages that this process has sent to other ranks; not written to the file if there was none.
    #[serde(skip_serializing_if = "is_none")]
    pub exchanged: Exchanged,
    /// Learning rate at the start.
    pub rate: f32,
    /// Learning rate at the end.
    pub last_rate: f32,
    /// Seed of everything random.
    pub seed: u64,
    /// Number of words in the vocabulary.
    pub vocab: usize,
    /// Counts of the words of the text: read, kept, dropped.
    pub ledger: Ledger,
    /// Counts of the words of the held-out text.
    pub valid_ledger: Option<Ledger>,
    /// Kept words that subsampling is expected to drop in a pass. Every pass drops different ones.
    pub expected_subsampled_per_epoch: f64,
    /// Words read and words dropped by subsampling (counted), for every pass that was begun.
    pub passes: Vec<Pass>,
    /// Tokens in the text (including those below `min_count`) × passes.
    pub words: u64,
    /// Seconds for reading the text.
    pub load_seconds: f64,
    /// Seconds of training.
    pub train_seconds: f64,
    /// Seconds from the start of the program until the vectors were written.
    pub total_seconds: f64,
    /// `words / train_seconds`.
    pub words_per_second: f64,
    /// Peak memory of the program in bytes, if the system reports it.
    pub peak_bytes: Option<u64>,
    /// Examples trained on.
    pub examples: u64,
    /// Reason why the run ended.
    pub ended: Ended,
    /// Held-out NLL of the model that is left, in nats per example.
    pub valid_nll: Option<f64>,
    /// Words read when the model that is left was evaluated, if it is the best model and not the final one.
    pub best_words: Option<u64>,
    /// Warnings about the text ([`Text::warnings`]), followed by failures that did not end the run, such as a
    /// checkpoint on a full disk.
    pub warnings: Vec<String>,
    /// Start from earlier vectors or from a model.
    pub warm: Option<Warm>,
    /// Mean training criterion of each pass, in nats per example.
    pub loss: Vec<f64>,
    /// Rows moved between the shared tables and the threads' copies, since this run began or was resumed.
    pub traffic: Traffic,
}

fn is_one(ranks: &usize) -> bool {
    *ranks == 1
}

fn is_none(exchanged: &Exchanged) -> bool {
    *exchanged == Exchanged::default()
}

impl Facts {
    /// Returns the words read and the words dropped by subsampling (counted), over all passes.
    pub fn subsampled(&self) -> Pass {
        let sum = |sum: Pass, pass: &Pass| Pass { read: sum.read + pass.read, dropped: sum.dropped + pass.dropped };
        self.passes.iter().fold(Pass::default(), sum)
    }

    /// Returns the facts as indented JSON, with a line break at the end.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("facts are plain data") + "\n"
    }
}

/// The facts of a text after it was read.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Text {
    /// Counts of its words: read, kept, dropped.
    pub ledger: Ledger,
    /// Counts of the words of the held-out text.
    pub valid: Option<Ledger>,
    /// Number of words in the vocabulary.
    pub vocab: usize,
    /// Kept words that subsampling is expected to drop in a pass.
    pub expected_subsampled: f64,
    /// Seconds for reading.
    pub load_seconds: f64,
}

impl Text {
    /// Returns warnings about the text or the held-out text that do not end the run.
    pub fn warnings(&self) -> Vec<String> {
        let valid = self.valid.and_then(|valid| valid.warning()).map(|warning| format!("held out: {warning}"));
        self.ledger.warning().into_iter().chain(valid).collect()
    }
}

impl fmt::Display for Text {
    /// Writes one line for people, and one for the held-out text.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}, a vocabulary of {} words", self.ledger, self.vocab)?;
        if self.expected_subsampled > 0.0 {
            write!(f, "; subsampling is expected to drop {:.0} in a pass", self.expected_subsampled)?;
        }
        self.valid.map_or(Ok(()), |valid| write!(f, "\nheld out: {valid}"))
    }
}

/// The model at the end of a pass.
#[non_exhaustive]
pub struct EpochEnd<'a> {
    /// Training criterion of this pass and of all before it.
    pub epochs: &'a [Epoch],
    /// Whether the run goes on after this pass.
    pub goes_on: bool,
    /// Words of the model.
    pub vocab: &'a Vocabulary,
    /// The model.
    pub model: ModelView<'a>,
}

impl fmt::Debug for EpochEnd<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("EpochEnd").field("epochs", &self.epochs).finish_non_exhaustive()
    }
}

impl EpochEnd<'_> {
    /// Returns a copy of the word vectors at this moment.
    ///
    /// # Errors
    /// A table that does not fit in memory a second time, and a vector that is not finite.
    pub fn vectors(&self) -> Result<WordVectors> {
        word_vectors(self.vocab, self.model)
    }
}

/// Observes a run for a [`Watch`] that hears of epochs, and for the observer of the run.
pub(super) struct Epochs<'a, 'w> {
    observer: &'a mut dyn Observer,
    watch: &'a RefCell<&'w mut dyn Watch>,
    vocab: &'a Vocabulary,
    words_per_pass: u64,
    /// Flag that the watch may have set.
    stop: Option<&'a AtomicBool>,
    /// Passes that ended, here or in the run that this one resumes.
    told: usize,
}

impl<'a, 'w> Epochs<'a, 'w> {
    pub fn new(
        observer: &'a mut dyn Observer,
        watch: &'a RefCell<&'w mut dyn Watch>,
        (vocab, words_per_pass): (&'a Vocabulary, u64),
        (from, stop): (Option<&State>, Option<&'a AtomicBool>),
    ) -> Self {
        let told = from.map_or(0, |state| state.complete_passes(words_per_pass));
        Self { observer, watch, vocab, words_per_pass, stop, told }
    }
}

impl Observer for Epochs<'_, '_> {
    fn progress(&mut self, at: &Progress) -> Next {
        let is_due = self.looks_at_passes() && at.words >= (self.told as u64 + 1) * self.words_per_pass;
        match self.observer.progress(at) {
            Next::Go if is_due => Next::Look,
            next => next,
        }
    }

    fn look(&mut self, at: &AtRest) -> Result<Next> {
        let next = self.observer.look(at)?;
        while self.looks_at_passes() && self.told < at.epochs.len() {
            self.told += 1;
            let goes_on = self.told < at.epochs.len() || !at.is_end && next != Next::Stop;
            let end = EpochEnd { epochs: &at.epochs[..self.told], goes_on, vocab: self.vocab, model: at.model };
            self.watch.borrow_mut().epoch(&end)?;
        }
        Ok(if self.stop.is_some_and(|stop| stop.load(Relaxed)) { Next::Stop } else { next })
    }

    fn looks_at_passes(&self) -> bool {
        self.watch.borrow().hears_epochs()
    }
}

/// Receives reports about a run.
pub trait Watch {
    /// Called when the vocabulary is known and nothing is trained yet. This is the moment to find a word that an
    /// output cannot hold.
    ///
    /// # Errors
    /// An error of its own choice, which ends the run.
    fn vocabulary(&mut self, _vocab: &Vocabulary) -> Result<()> {
        Ok(())
    }

    /// Called when the text is read and nothing is trained yet.
    ///
    /// # Errors
    /// An error of its own choice, which ends the run.
    fn read(&mut self, _text: &Text) -> Result<()> {
        Ok(())
    }

    /// Receives the progress of the training, at most ten times a second.
    fn progress(&mut self, at: &Progress);

    /// Whether [`Watch::epoch`] is to be called. Then the workers come to rest at the end of each pass.
    fn hears_epochs(&self) -> bool {
        false
    }

    /// Called once for each pass that ends in this run, while no worker runs. With `deterministic` this is the first
    /// barrier after the pass, so that short passes may end together.
    ///
    /// # Errors
    /// An error of its own choice, which ends the run.
    fn epoch(&mut self, _end: &EpochEnd) -> Result<()> {
        Ok(())
    }
}

impl<F: FnMut(&Progress)> Watch for F {
    fn progress(&mut self, at: &Progress) {
        self(at);
    }
}

/// The results of a supervised run.
pub(super) struct Supervised {
    pub outcome: Outcome,
    pub closed: Closed,
    pub warm: Option<Warm>,
}

pub(super) fn facts(config: &Word2VecConfig, text: &Text, done: Supervised) -> Facts {
    let Supervised { outcome, closed, warm } = done;
    // A run that was stopped counts the words up to that moment.
    let passes = outcome.words as f64 / text.ledger.kept as f64;
    let words = (text.ledger.tokens as f64 * passes).round() as u64;
    Facts {
        lexmax: env!("CARGO_PKG_VERSION"),
        layer: config.layer.to_string(),
        model: config.encoding.kind(&config.window),
        dim: match config.encoding {
            Encoding::Mean => config.dim,
            Encoding::NGram { embedding } => embedding,
        },
        window: config.window.size(),
        min_count: config.rules.min_count,
        sample: config.sample,
        epochs: config.epochs,
        block: config.block,
        batch: config.batch,
        optimizer: config.optimizer.kind(),
        threads: config.threads,
        deterministic: config.deterministic,
        ranks: config.team.size(),
        exchanged: config.team.exchanged(),
        rate: config.rate.start(),
        last_rate: config.rate.end(),
        seed: config.seed,
        vocab: text.vocab,
        ledger: text.ledger,
        valid_ledger: text.valid,
        expected_subsampled_per_epoch: text.expected_subsampled,
        passes: outcome.passes,
        words,
        load_seconds: text.load_seconds,
        train_seconds: outcome.seconds,
        total_seconds: f64::NAN,
        words_per_second: words as f64 / outcome.seconds,
        peak_bytes: None,
        examples: outcome.examples,
        ended: closed.ended,
        valid_nll: closed.valid_nll,
        best_words: closed.best_words,
        warnings: [text.warnings(), closed.warnings].concat(),
        warm,
        loss: outcome.epochs.iter().map(|e| e.train_loss).collect(),
        traffic: outcome.traffic,
    }
}
