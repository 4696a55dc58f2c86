//! The settings of a run, every value filled in.

use super::options;
use crate::corpus::{Joins, Source, TextRules, Window};
use crate::encoder::BagGradient;
use crate::error::Result;
use crate::layer::Bias;
use crate::layer::catalogue::LayerSpec;
use crate::model::{Architecture, Encoding, Reading};
use crate::optimizer::Optimizer;
use crate::peers::Team;
use crate::run::Control;
use crate::table::CachedRows;
use crate::train::{Hogwild, LinearDecay};
use crate::vectors::OnBad;
use std::path::PathBuf;

/// The settings of a run: see [`Word2Vec::config`](super::Word2Vec::config).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Word2VecConfig {
    /// Text, and the way in which it is cut into words.
    pub source: Source,
    /// Rules by which words are kept.
    pub rules: TextRules,
    /// Folder for the ids of a text that is larger than memory [default: none, the ids are in memory].
    pub spool: Option<PathBuf>,
    /// Output layer; it has no biases unless its name says otherwise.
    pub layer: LayerSpec,
    /// Window that makes examples of a text.
    pub window: Window,
    /// Encoding that makes the hidden vector.
    pub encoding: Encoding,
    /// Size of the hidden vectors, and of the word vectors unless the encoding has a size of its own.
    pub dim: usize,
    /// Gradient of the words of a bag.
    pub gradient: BagGradient,
    /// Threshold of subsampling; 0 turns it off.
    pub sample: f64,
    /// Passes over the text.
    pub epochs: u32,
    /// Neighbouring positions of a sentence that form one step: see [`Hogwild::block`].
    pub block: usize,
    /// Examples in a mini-batch: see [`batches`](crate::train::batches()). 1 trains position by position, or block by
    /// block.
    pub batch: usize,
    /// Optimizer; plain descent unless the run has mini-batches.
    pub optimizer: Optimizer,
    /// Number of threads.
    pub threads: usize,
    /// Learning rate.
    pub rate: LinearDecay,
    /// Rows of each table that a thread keeps as private copies.
    pub cached: CachedRows,
    /// Whether the bits are independent of the number of threads: see [`deterministic`](crate::train::deterministic()).
    pub deterministic: bool,
    /// Seed of everything random.
    pub seed: u64,
    /// Vectors or a model to start from: see [`Warm`](super::Warm).
    pub init: Option<PathBuf>,
    /// Treatment of words and vectors of `init` that cannot be read.
    pub init_on_bad: OnBad,
    /// Checkpoints, a held-out text, a budget, a log.
    pub control: Control,
    /// Processes that train together [default: this one alone].
    pub team: Team,
}

impl Word2VecConfig {
    /// Returns the parts of the model.
    pub(super) fn architecture(&self, bias: Bias, joins: Option<&Joins>) -> Architecture {
        Architecture {
            layer: self.layer.clone(),
            bias,
            window: self.window,
            encoding: self.encoding,
            dim: self.dim,
            optimizer: self.optimizer,
            reading: Reading::new(self.source.normalizer, joins),
        }
    }

    /// Refuses an optimizer that the trainer does not have.
    pub(super) fn check_optimizer(&self) -> Result<()> {
        options::check_optimizer(self.batch, self.optimizer.kind())
    }

    /// Returns the settings of the trainer.
    pub(super) fn trainer(&self) -> Hogwild {
        Hogwild {
            window: self.window,
            sample: self.sample,
            rate: self.rate,
            epochs: self.epochs,
            block: self.block,
            workers: self.threads,
            cached: self.cached,
            seed: self.seed,
        }
    }
}
