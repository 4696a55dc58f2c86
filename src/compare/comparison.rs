//! The result of a comparison, as data.

use crate::corpus::Context;
use crate::eval::LnZ;
use crate::measure::RunFacts;
use crate::model::ModelKind;
use crate::optimizer::OptimizerKind;
use crate::train::Epoch;
use serde::Serialize;

/// The result of [`compare`](super::compare()), as written to `compare.json`.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// Version of the crate.
    pub lexmax: &'static str,
    /// Machine and time of the run.
    pub run: RunFacts,
    /// Data of training and evaluation.
    pub corpus: CorpusFacts,
    /// Settings of the comparison.
    pub config: ConfigFacts,
    /// One result per layer.
    pub layers: Vec<LayerRow>,
}

impl Comparison {
    /// Returns the comparison as indented JSON, with a line break at the end.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a comparison is plain data") + "\n"
    }
}

/// Data of training and evaluation.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct CorpusFacts {
    /// Files of the training text, or `synthetic language`.
    pub source: Vec<String>,
    /// Files of the held-out text. Empty if part of the training text was held out, and for the synthetic language.
    pub valid_source: Vec<String>,
    /// SHA-256 of each file of the training text, as stored; `None` for a source that is not a plain file.
    pub sha256: Vec<Option<String>>,
    /// SHA-256 of each file of the held-out text.
    pub valid_sha256: Vec<Option<String>>,
    /// Tokens of the training text that are in the vocabulary; `None` for text that is generated without end.
    pub tokens: Option<u64>,
    /// Tokens of the training text that were dropped as too rare or too long.
    pub dropped_tokens: Option<u64>,
    /// Tokens of all text that were dropped as too long, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub too_long_tokens: Option<u64>,
    /// Number of words, V.
    pub vocab: usize,
    /// Tokens of the held-out text, including unknown ones.
    pub valid_tokens: Option<u64>,
    /// Tokens of the held-out text outside the vocabulary; they are skipped.
    pub valid_unknown_tokens: Option<u64>,
    /// Held-out NLL of the unigram model, in nats per word.
    pub unigram_nll: f64,
    /// Entropy rate of the synthetic language, in nats per word: the lowest possible NLL.
    pub entropy_rate: Option<f64>,
}

/// The settings of a comparison.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ConfigFacts {
    /// Model below the output layer.
    pub model: ModelKind,
    /// Side of the context.
    pub context: Context,
    /// Size of hidden vectors, d.
    pub dim: usize,
    /// Size of embeddings.
    pub embedding: usize,
    /// Number of context words on each side.
    pub window: usize,
    /// Least count of a word that is kept.
    pub min_count: u64,
    /// Threshold of subsampling; 0 is off.
    pub sample: f64,
    /// Optimizer.
    pub optimizer: OptimizerKind,
    /// Seconds for each layer, if the budget is a time.
    pub budget_seconds: Option<f64>,
    /// Examples for each layer, if the budget is a number of examples.
    pub budget_examples: Option<u64>,
    /// Number of threads.
    pub threads: usize,
    /// Seed of everything random.
    pub seed: u64,
    /// Whether windows have a random size in training.
    pub dynamic: bool,
    /// Number of held-out examples that was asked for.
    pub valid_examples: usize,
    /// Held-out examples of a point of a curve: an evenly spaced part of all.
    pub curve_examples: usize,
    /// ε of `epsilon_perplexity`.
    pub epsilon: f64,
}

/// Result of one layer.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct LayerRow {
    /// Name of the layer, with its settings.
    pub layer: String,
    /// Learning rate at the start.
    pub rate: f32,
    /// Examples per batch.
    pub batch: usize,
    /// Seconds of training.
    pub seconds: f64,
    /// Examples seen.
    pub examples: u64,
    /// Time per example of encoder and layer, in nanoseconds.
    pub ns_per_example: f64,
    /// Work of the layer per example.
    pub cost_per_example: CostPerExample,
    /// Mean training criterion, in nats per example.
    pub train_loss: f64,
    /// Training criterion by pass of the text.
    pub epochs: Vec<Epoch>,
    /// Held-out NLL during the run.
    pub curve: Vec<CurvePoint>,
    /// Number of held-out examples.
    pub valid_examples: usize,
    /// Mean −ln P of the held-out examples, exact and normalized, in nats. Infinite (null in JSON) if the layer gives a
    /// target the probability 0.
    pub valid_nll: f64,
    /// exp of `valid_nll`.
    pub valid_perplexity: f64,
    /// Perplexity of (P + ε)/(1 + ε·V), which is finite for every layer.
    pub epsilon_perplexity: f64,
    /// ln Z of the scores, for layers that do not normalize in training.
    pub ln_z: Option<LnZ>,
    /// Distance from the truth on the synthetic language, in nats; `None` if it is infinite.
    pub excess_nats: Option<f64>,
    /// Method of `excess_nats`: `enumerated` or `held-out`.
    pub excess_by: Option<&'static str>,
}

/// A layer at one moment of its run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CurvePoint {
    /// Seconds of training so far, without evaluations.
    pub seconds: f64,
    /// Examples seen so far.
    pub examples: u64,
    /// Mean −ln P of a part of the held-out examples, exact and normalized, in nats. Infinite (null in JSON) as for all
    /// examples.
    pub valid_nll: f64,
    /// Distance from the truth on the synthetic language, nats; none where it is infinite or not known. For one word of
    /// context and at most 2,000 words it is exact; otherwise it is an estimate from the examples of `valid_nll`, and
    /// may be negative.
    pub excess_nats: Option<f64>,
}

/// Work of a layer per example.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct CostPerExample {
    /// Multiply-adds.
    pub multiply_adds: f64,
    /// Rows of parameters read.
    pub rows_read: f64,
    /// Rows of parameters updated.
    pub rows_written: f64,
    /// Random words drawn.
    pub draws: f64,
}
