//! The facts of a training run.

use super::{Warm, Word2VecConfig};
use crate::corpus::Ledger;
use crate::error::Result;
use crate::model::{Encoding, ModelKind};
use crate::run::{Closed, Ended};
use crate::table::Traffic;
use crate::train::{Outcome, Pass, Progress};
use crate::vocab::Vocabulary;
use serde::Serialize;
use std::fmt;

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
    /// Number of threads.
    pub threads: usize,
    /// Whether the bits are independent of the number of threads.
    pub deterministic: bool,
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
        threads: config.threads,
        deterministic: config.deterministic,
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
