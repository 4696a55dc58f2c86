//! The settings of a run, every value filled in.

use crate::corpus::{Joins, Source, TextRules, Window};
use crate::encoder::{BagGradient, Encoder, MeanEmbedding};
use crate::error::{Error, Result};
use crate::layer::Bias;
use crate::layer::catalogue::{self, LayerSpec};
use crate::model::{Architecture, Encoding, Reading, SharedModel};
use crate::optimizer::Optimizer;
use crate::run::Control;
use crate::table::CachedRows;
use crate::train::{Hogwild, LinearDecay};
use crate::vectors::OnBad;
use crate::vocab::Vocabulary;
use std::path::PathBuf;

/// The settings of a run: see [`Word2Vec::config`](super::Word2Vec::config).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Word2VecConfig {
    /// The text, and how it becomes words.
    pub source: Source,
    /// The rules by which words are kept.
    pub rules: TextRules,
    /// A folder for the ids of a text that is larger than memory; memory without.
    pub spool: Option<PathBuf>,
    /// The output layer; without biases unless its name says otherwise.
    pub layer: LayerSpec,
    /// The window that makes examples of a text.
    pub window: Window,
    /// The encoding that makes the hidden vector.
    pub encoding: Encoding,
    /// Size of the hidden vectors, and of the word vectors unless the encoding has a size of its own.
    pub dim: usize,
    /// The gradient of the words of a bag.
    pub gradient: BagGradient,
    /// Threshold of subsampling; 0 is off.
    pub sample: f64,
    /// Passes over the text.
    pub epochs: u32,
    /// Neighbouring positions of a sentence that are one step: see [`Hogwild::block`].
    pub block: usize,
    /// Threads.
    pub threads: usize,
    /// The rate.
    pub rate: LinearDecay,
    /// Rows of each table that a thread keeps to itself.
    pub cached: CachedRows,
    /// Whether the bits do not depend on the threads: see [`deterministic`](crate::train::deterministic()).
    pub deterministic: bool,
    /// The seed.
    pub seed: u64,
    /// Vectors or a model to start from: see [`Warm`](super::Warm).
    pub init: Option<PathBuf>,
    /// The treatment of words and vectors of `init` that cannot be read.
    pub init_on_bad: OnBad,
    /// Checkpoints, a held-out text, a budget, a log.
    pub control: Control,
}

impl Word2VecConfig {
    /// The parts of the model.
    pub(super) fn architecture(&self, bias: Bias, joins: Option<&Joins>) -> Architecture {
        Architecture {
            layer: self.layer.clone(),
            bias,
            window: self.window,
            encoding: self.encoding,
            dim: self.dim,
            optimizer: Optimizer::Sgd,
            reading: Reading::new(self.source.normalizer, joins),
        }
    }

    /// The model at the start of training, if it takes the blocks that are asked for.
    pub(super) fn model(&self, vocab: &Vocabulary) -> Result<SharedModel> {
        let counts = vocab.counts();
        let context = catalogue::Shape::new(counts, self.dim, Bias::None).words(vocab);
        let encoder: Box<dyn Encoder> = match self.encoding {
            Encoding::Mean => Box::new(MeanEmbedding::new(vocab.len(), self.dim)?.with_gradient(self.gradient)),
            other => other.build(vocab.len(), &self.window, self.dim)?,
        };
        let model = SharedModel::new(encoder, self.layer.build(&context)?, counts, self.seed)?;
        let in_layer = |source| Error::InLayer { layer: self.layer.to_string(), source: Box::new(source) };
        self.trainer().check_model(&model).map_err(in_layer)?;
        Ok(model)
    }

    /// The settings of the trainer.
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
