//! What is known of a training run.

use super::run::Watched;
use super::{Config, Ended, Warm};
use crate::corpus::Ledger;
use crate::model::Encoding;
use serde::Serialize;

/// What a training run came to.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    /// The version of the crate.
    pub lexmax: &'static str,
    /// The layer, with its settings.
    pub layer: String,
    /// `cbow`, `skipgram` or `ngram`.
    pub model: &'static str,
    /// Size of the vectors.
    pub dim: usize,
    /// Words a side, at most.
    pub window: usize,
    /// The least count that a word is kept at.
    pub min_count: u64,
    /// Threshold of subsampling.
    pub sample: f64,
    /// Passes over the text.
    pub epochs: u32,
    /// Threads.
    pub threads: usize,
    /// Whether the bits do not depend on the threads.
    pub deterministic: bool,
    /// Rate at the start.
    pub rate: f32,
    /// Rate at the end.
    pub last_rate: f32,
    /// The seed.
    pub seed: u64,
    /// Number of words in the vocabulary.
    pub vocab: usize,
    /// What became of the words of the text.
    pub ledger: Ledger,
    /// Words of those kept that subsampling drops in a pass, on average. Another choice is made in every pass.
    pub subsampled_per_epoch: f64,
    /// Words of the text, rare ones too, times passes.
    pub words: u64,
    /// Seconds for reading the text.
    pub load_seconds: f64,
    /// Seconds of training.
    pub train_seconds: f64,
    /// Seconds from the start of the program until the vectors were written.
    pub total_seconds: f64,
    /// `words / train_seconds`.
    pub words_per_second: f64,
    /// The most memory that the program has held, where the system tells.
    pub peak_bytes: Option<u64>,
    /// Examples trained on.
    pub examples: u64,
    /// Why the run ended.
    pub ended: Ended,
    /// The held-out NLL of the model that is left, nats an example.
    pub valid_nll: Option<f64>,
    /// Words read when the model that is left was the best by the held-out text, where that is not the last one.
    pub best_words: Option<u64>,
    /// What was taken over from earlier vectors.
    pub warm: Option<Warm>,
    /// Mean training criterion of each pass, nats an example.
    pub loss: Vec<f64>,
}

impl Facts {
    /// As JSON, indented, with a line break at the end.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("facts are plain data") + "\n"
    }
}

/// What is known of the text.
pub(super) struct Text {
    pub ledger: Ledger,
    pub vocab: usize,
    pub subsampled: f64,
    pub load_seconds: f64,
}

pub(super) fn facts(config: &Config, done: &Watched, text: Text) -> Facts {
    let outcome = &done.outcome;
    // Of a run that was stopped, those up to there.
    let passes = outcome.words as f64 / text.ledger.kept as f64;
    let words = (text.ledger.tokens as f64 * passes).round() as u64;
    Facts {
        lexmax: env!("CARGO_PKG_VERSION"),
        layer: config.layer.to_string(),
        model: config.encoding.name(&config.window),
        dim: match config.encoding {
            Encoding::Mean => config.dim,
            Encoding::NGram { embedding } => embedding,
        },
        window: config.window.size(),
        min_count: config.rules.min_count,
        sample: config.sample,
        epochs: config.epochs,
        threads: config.threads,
        deterministic: config.deterministic,
        rate: config.rate.start(),
        last_rate: config.rate.end(),
        seed: config.seed,
        vocab: text.vocab,
        ledger: text.ledger,
        subsampled_per_epoch: text.subsampled,
        words,
        load_seconds: text.load_seconds,
        train_seconds: outcome.seconds,
        total_seconds: f64::NAN,
        words_per_second: words as f64 / outcome.seconds,
        peak_bytes: None,
        examples: outcome.examples,
        ended: done.ended,
        valid_nll: done.nll,
        best_words: done.best_words,
        warm: done.warm.clone(),
        loss: outcome.epochs.iter().map(|e| e.train_loss).collect(),
    }
}
