//! All that a comparison found, as data.

use crate::corpus::Context;
use crate::eval::LnZ;
use crate::measure::RunFacts;
use crate::model::ModelKind;
use crate::optimizer::OptimizerKind;
use crate::train::Epoch;
use serde::Serialize;

/// All that `compare` found; `compare.json` is this.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// The version of the crate.
    pub lexmax: &'static str,
    /// Where and when.
    pub run: RunFacts,
    /// What was trained and tested on.
    pub corpus: CorpusFacts,
    /// With which settings.
    pub config: ConfigFacts,
    /// What each layer came to.
    pub layers: Vec<LayerRow>,
}

impl Comparison {
    /// The comparison as JSON, indented, with a line break at the end.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a comparison is plain data") + "\n"
    }
}

/// What was trained and tested on.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct CorpusFacts {
    /// Files of the training text, or `synthetic language`.
    pub source: Vec<String>,
    /// Files of the held-out text; none where part of the training text was held out, or for the synthetic language.
    pub valid_source: Vec<String>,
    /// SHA-256 of each file of the training text, as it lies there; none for what is no plain file.
    pub sha256: Vec<Option<String>>,
    /// The same of each file of the held-out text.
    pub valid_sha256: Vec<Option<String>>,
    /// Tokens of training text in the vocabulary; none where text is generated without end.
    pub tokens: Option<u64>,
    /// Tokens of training text that are too rare or too long to be in it.
    pub dropped_tokens: Option<u64>,
    /// Tokens of all text that are too long to be in it, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub too_long_tokens: Option<u64>,
    /// Number of words, V.
    pub vocab: usize,
    /// Tokens of held-out text, known or not.
    pub valid_tokens: Option<u64>,
    /// Tokens of held-out text outside the vocabulary; they are passed over.
    pub valid_unknown_tokens: Option<u64>,
    /// Held-out NLL of the unigram model, nats a word.
    pub unigram_nll: f64,
    /// Entropy rate of the synthetic language, nats a word: the least NLL there is.
    pub entropy_rate: Option<f64>,
}

/// The settings of a comparison.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ConfigFacts {
    /// The model under the layers.
    pub model: ModelKind,
    /// The side of the context.
    pub context: Context,
    /// Size of hidden vectors, d.
    pub dim: usize,
    /// Size of embeddings.
    pub embedding: usize,
    /// Words a side.
    pub window: usize,
    /// The least count that a word is kept at.
    pub min_count: u64,
    /// Threshold of subsampling; 0 is off.
    pub sample: f64,
    /// The optimizer.
    pub optimizer: OptimizerKind,
    /// Seconds for each layer, if that is the budget.
    pub budget_seconds: Option<f64>,
    /// Examples for each layer, if that is the budget.
    pub budget_examples: Option<u64>,
    /// Threads.
    pub threads: usize,
    /// The seed.
    pub seed: u64,
    /// Windows of random size in training.
    pub dynamic: bool,
    /// Held-out examples that were asked for.
    pub valid_examples: usize,
    /// Held-out examples of a point of a curve: an evenly spaced part of all.
    pub curve_examples: usize,
    /// ε of `epsilon_perplexity`.
    pub epsilon: f64,
}

/// What one layer came to.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct LayerRow {
    /// Its name, with its settings.
    pub layer: String,
    /// Rate at the start.
    pub rate: f32,
    /// Examples a batch.
    pub batch: usize,
    /// Seconds of training.
    pub seconds: f64,
    /// Examples seen.
    pub examples: u64,
    /// Time an example, encoder and layer, nanoseconds.
    pub ns_per_example: f64,
    /// Work of the layer an example.
    pub cost_per_example: CostPerExample,
    /// Mean training criterion, nats an example.
    pub train_loss: f64,
    /// The same by pass of the text.
    pub epochs: Vec<Epoch>,
    /// Held-out NLL along the run.
    pub curve: Vec<CurvePoint>,
    /// Held-out examples.
    pub valid_examples: usize,
    /// Mean −ln P of held-out examples, exact and normalized, nats. Infinite, and null in JSON, where a layer gives a
    /// target the probability 0.
    pub valid_nll: f64,
    /// exp of that.
    pub valid_perplexity: f64,
    /// The perplexity of (P + ε) / (1 + ε·V): finite for every layer.
    pub epsilon_perplexity: f64,
    /// ln Z of the scores, for layers that do not normalize in training.
    pub ln_z: Option<LnZ>,
    /// Distance from the truth on the synthetic language, nats; none where it is infinite.
    pub excess_nats: Option<f64>,
    /// `enumerated` or `held-out`: how `excess_nats` was found.
    pub excess_by: Option<&'static str>,
}

/// A layer on its way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CurvePoint {
    /// Seconds of training until then; evaluations are not counted.
    pub seconds: f64,
    /// Examples seen until then.
    pub examples: u64,
    /// Mean −ln P of a part of the held-out examples, exact and normalized, nats; infinite, and null in JSON, as that
    /// of all examples.
    pub valid_nll: f64,
}

/// Work of a layer, an example.
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
