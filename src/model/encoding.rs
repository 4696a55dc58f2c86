//! The encoders, and the windows that they go with.

use crate::corpus::{Context, Direction, LONGEST_SENTENCE, Window};
use crate::encoder::{Encoder, MeanEmbedding, NGram};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Kind of a model, by the context that predicts a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum), value(rename_all = "lower"))]
#[non_exhaustive]
pub enum ModelKind {
    /// Predicts a word from the mean of its context.
    #[default]
    Cbow,
    /// Predicts a word from each word of its context.
    SkipGram,
    /// Predicts a word from the words before it, in their order, through a hidden layer (Bengio et al. 2003).
    NGram,
}

/// Encoding: the way from context words to the hidden vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
#[non_exhaustive]
pub enum Encoding {
    /// [`MeanEmbedding`], of the hidden vector's size.
    #[default]
    Mean,
    /// [`NGram`] over the words of the window, which must be one of [`Encoding::window`].
    NGram {
        /// Size of an embedding.
        embedding: usize,
    },
}

impl Encoding {
    /// The largest order of an n-gram model: the word, and a whole sentence before it.
    pub const MOST_ORDER: usize = LONGEST_SENTENCE + 1;

    /// Returns the window that [`Encoding::NGram`] needs: the `order` − 1 words before a word.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for an order below 2 or above [`Encoding::MOST_ORDER`].
    pub fn window(order: usize) -> Result<Window> {
        if !(2..=Self::MOST_ORDER).contains(&order) {
            return Err(Error::OutOfRange { name: "order", value: order as f64, limit: "from 2 to 10001" });
        }
        Window::new(Direction::Cbow, Context::Left, order - 1, false)
    }

    /// Builds the encoder.
    ///
    /// # Errors
    /// Sizes that make no sense; for [`Encoding::NGram`], a window that is not fixed and to the left.
    pub fn build(self, vocab: usize, window: &Window, dim: usize) -> Result<Box<dyn Encoder>> {
        let Self::NGram { embedding } = self else { return Ok(Box::new(MeanEmbedding::new(vocab, dim)?)) };
        let order = window.size() + 1;
        if *window != Self::window(order)? {
            let limit = "the window that the order gives, on the left and fixed";
            return Err(Error::OutOfRange { name: "window of an n-gram", value: window.size() as f64, limit });
        }
        Ok(Box::new(NGram::new(vocab, order, embedding, dim)?))
    }

    /// Returns the kind of a model with this encoding and this window.
    pub fn kind(self, window: &Window) -> ModelKind {
        match (self, window.direction()) {
            (Self::NGram { .. }, _) => ModelKind::NGram,
            (Self::Mean, Direction::Cbow) => ModelKind::Cbow,
            (Self::Mean, Direction::SkipGram) => ModelKind::SkipGram,
        }
    }
}
