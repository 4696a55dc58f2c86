//! The parts of a model, as its file describes them.

use super::{Encoding, Reading};
use crate::corpus::{Context, Direction, Normalizer, Window};
use crate::encoder::Encoder;
use crate::error::{Error, Result};
use crate::layer::catalogue::{self, LayerSpec};
use crate::layer::{Bias, OutputLayer};
use crate::optimizer::Optimizer;
use crate::tree::Tree;
use crate::vocab::Vocabulary;
use serde::{Deserialize, Serialize};

/// Everything that defines a model, except its vocabulary, its tree and its numbers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Architecture {
    /// Output layer.
    pub layer: LayerSpec,
    /// Biases of the layer.
    pub bias: Bias,
    /// Window around a position, and the direction of prediction.
    pub window: Window,
    /// Encoding that makes the hidden vector.
    pub encoding: Encoding,
    /// Size of the hidden vector, d.
    pub dim: usize,
    /// Optimizer, which turns gradients into updates of the parameters.
    pub optimizer: Optimizer,
    /// Rules by which the text was cut into words.
    pub reading: Reading,
}

impl Architecture {
    /// A layer with unigram biases over the mean of the context's vectors, with the default optimizer, for a text that
    /// is cut at white space.
    pub fn new(layer: LayerSpec, window: Window, dim: usize) -> Self {
        Self {
            layer,
            bias: Bias::Unigram,
            window,
            encoding: Encoding::Mean,
            dim,
            optimizer: Optimizer::default(),
            reading: Reading::default(),
        }
    }

    /// Builds the encoder. The cost does not depend on the size of the model.
    ///
    /// # Errors
    /// Sizes that make no sense.
    pub fn encoder(&self, vocab: usize) -> Result<Box<dyn Encoder>> {
        self.encoding.build(vocab, &self.window, self.dim)
    }

    /// Builds the output layer. An existing `tree` replaces the tree settings of the layer; other layers ignore it.
    ///
    /// # Errors
    /// The errors of [`LayerSpec::build`].
    pub fn layer(&self, vocab: &Vocabulary, tree: Option<Tree>) -> Result<Box<dyn OutputLayer>> {
        self.layer.build_over(tree, &catalogue::Shape::new(vocab.counts(), self.dim, self.bias).words(vocab))
    }
}

/// An [`Architecture`] in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Description {
    pub format: u32,
    /// Version of the crate that wrote it.
    lexmax: String,
    layer: String,
    bias: Bias,
    encoder: Encoding,
    window: WindowSettings,
    dim: usize,
    optimizer: Optimizer,
    #[serde(default, skip_serializing_if = "Normalizer::is_identity")]
    text: Normalizer,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowSettings {
    model: Direction,
    context: Context,
    size: usize,
    dynamic: bool,
}

/// Number of the format that this version writes and reads.
pub(super) const FORMAT: u32 = 1;

impl From<&Architecture> for Description {
    fn from(a: &Architecture) -> Self {
        Self {
            format: FORMAT,
            lexmax: env!("CARGO_PKG_VERSION").into(),
            layer: a.layer.to_string(),
            bias: a.bias,
            encoder: a.encoding,
            window: WindowSettings {
                model: a.window.direction(),
                context: a.window.context(),
                size: a.window.size(),
                dynamic: a.window.is_dynamic(),
            },
            dim: a.dim,
            optimizer: a.optimizer,
            text: a.reading.normalizer,
        }
    }
}

impl Description {
    /// Returns the architecture, or the name of the field that makes no sense.
    pub fn architecture(self) -> std::result::Result<Architecture, (&'static str, Error)> {
        let WindowSettings { model, context, size, dynamic } = self.window;
        Ok(Architecture {
            layer: self.layer.parse().map_err(|e| ("layer", e))?,
            bias: self.bias,
            window: Window::new(model, context, size, dynamic).map_err(|e| ("window", e))?,
            encoding: self.encoder,
            dim: self.dim,
            optimizer: match self.optimizer {
                Optimizer::Sgd => Optimizer::Sgd,
                Optimizer::Adagrad { initial } => Optimizer::adagrad(initial).map_err(|e| ("optimizer", e))?,
            },
            reading: Reading::new(self.text, None),
        })
    }
}
