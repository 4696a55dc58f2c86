//! What can be wrong with a head: with its settings, its file, or its loss.

use super::shown::{file, value};
use std::path::PathBuf;

/// Why a head cannot be built or loaded, or could not take a step.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadFault {
    /// There are not as many counts as words.
    #[error("{counts} counts for {vocab} words; give one count for each word")]
    Counts {
        /// Counts given.
        counts: usize,
        /// Words of the layer, or of the vocabulary.
        vocab: usize,
    },
    /// The layer's biases start at the unigram model, which needs counts.
    #[error("the biases of this layer start at the unigram model: call `counts` on the builder")]
    NoCounts,
    /// A layer that is not in the catalogue has no rate of its own.
    #[error("a layer outside the catalogue has no rate of its own: call `rate` on the builder")]
    NoRate,
    /// A setting of the builder that a layer of the caller's own does not take.
    #[error("{setting} belongs to layers of the catalogue; set it on the layer before it is handed over")]
    NotOfOwnLayer {
        /// The setting.
        setting: &'static str,
    },
    /// The loss of a step is not finite.
    #[error(
        "the loss of this step is {loss} at rate {rate}, and no weight has moved: lower the rate or scale the hidden \
         vectors; if earlier steps spoiled the weights, build or load the head again"
    )]
    Loss {
        /// The loss.
        loss: f64,
        /// The rate in force.
        rate: f32,
    },
    /// The gradient of a relaxed sample is not finite.
    #[error(
        "the gradient of the relaxed samples is not finite at rate {rate}, and no weight has moved: raise the \
         temperature or scale the incoming gradients; if earlier steps spoiled the weights, load the head again"
    )]
    Gradient {
        /// The rate in force.
        rate: f32,
    },
    /// The layer has no gradient of ln P.
    #[error("this layer has no gradient of ln P, which a relaxed sample needs; give it `log_probs_backward`")]
    NoBackward,
    /// The file holds the weights of a layer that is not in the catalogue.
    #[error(
        "{}: it holds a layer outside the catalogue: build that layer, and call `Head::of(layer).load(path)`",
        file(path)
    )]
    OwnLayerInFile {
        /// The file.
        path: PathBuf,
    },
    /// The file holds another head than the builder describes.
    #[error(
        "{}: {setting} is {} in the file, but {} here; build the head as in the file",
        file(path),
        value(found),
        value(needed)
    )]
    OtherHead {
        /// The file.
        path: PathBuf,
        /// The setting.
        setting: &'static str,
        /// Its value in the file.
        found: String,
        /// Its value in the builder.
        needed: String,
    },
}
