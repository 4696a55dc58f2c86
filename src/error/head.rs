//! Faults of a head: in its settings, its file, or its loss.

use super::shown::{file, value};
use std::path::PathBuf;

/// The reason why a head cannot be built or loaded, or could not take a step.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadFault {
    /// The number of counts differs from the number of words.
    #[error("{counts} counts for {vocab} words; give one count for each word")]
    Counts {
        /// Counts given.
        counts: usize,
        /// Words of the layer, or of the vocabulary.
        vocab: usize,
    },
    /// The biases start at the unigram model, which needs counts.
    #[error(
        "the biases of this layer start at the unigram model, which needs word counts; call `counts` on the builder"
    )]
    NoCounts,
    /// The layer is not in the catalogue, and so has no default rate.
    #[error("a layer outside the catalogue has no default rate; call `rate` on the builder")]
    NoRate,
    /// A setting of the builder does not apply to a layer of the caller.
    #[error("{setting} applies only to layers of the catalogue; set it on your layer before you pass it")]
    NotOfOwnLayer {
        /// The setting.
        setting: &'static str,
    },
    /// The loss of a step is not finite.
    #[error(
        "the loss of this step is {loss} at rate {rate}, and no weight was changed; lower the rate or scale the hidden \
         vectors; if earlier steps spoiled the weights, build or load the head again"
    )]
    Loss {
        /// The loss.
        loss: f64,
        /// The current rate.
        rate: f32,
    },
    /// The gradient of a relaxed sample is not finite.
    #[error(
        "the gradient of the relaxed samples is not finite at rate {rate}, and no weight was changed; raise the \
         temperature or scale the incoming gradients; if earlier steps spoiled the weights, load the head again"
    )]
    Gradient {
        /// The current rate.
        rate: f32,
    },
    /// The layer has no gradient of ln P.
    #[error("this layer has no gradient of ln P, which a relaxed sample needs; implement `log_probs_backward`")]
    NoBackward,
    /// The file holds a layer that is not in the catalogue.
    #[error(
        "{}: the file holds a layer outside the catalogue; build that layer, and call `Head::of(layer).load(path)`",
        file(path)
    )]
    OwnLayerInFile {
        /// The file.
        path: PathBuf,
    },
    /// The head in the file differs from the builder.
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
