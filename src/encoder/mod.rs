//! Encoders: from contexts to hidden vectors, and back.
//!
//! | encoder | h | multiply-adds per example | use it for |
//! |---|---|---|---|
//! | [`MeanEmbedding`] | the mean of the embeddings of n words | 2·n·d | word vectors: CBOW, and skip-gram with n = 1 |
//! | [`NGram`] | tanh(H·x + b), x: the n − 1 embeddings in their order | 3·(n − 1)·m·(d + 1) | language models |

mod mean;
mod ngram;

pub use mean::{BagGradient, MeanEmbedding};
pub use ngram::NGram;

use crate::error::{Error, Result};
use crate::table::{Bags, Cost, Init, TableShape, Tables};
use crate::vocab::WordId;
use ndarray::{ArrayView2, ArrayViewMut2};
use std::fmt;

/// Computes hidden vectors from the context words of a batch.
pub trait Encoder: Send + Sync {
    /// Returns the shapes of the tables that the encoder needs.
    fn tables(&self) -> Vec<TableShape>;

    /// Computes `hidden` (B×d) from B bags of context words.
    fn forward(&self, w: &mut Tables, contexts: Bags, hidden: ArrayViewMut2<f32>);

    /// Passes ∂L/∂W to the tables, given ∂L/∂hidden (B×d) and the result of `forward`.
    fn backward(&self, w: &mut Tables, contexts: Bags, hidden: ArrayView2<f32>, d_hidden: ArrayView2<f32>);

    /// Returns the gradient of the words of a bag if hidden vectors are the means of the words' rows in table 0. The
    /// windows of a block can then share rows. The default is `None`.
    fn mean_gradient(&self) -> Option<BagGradient> {
        None
    }

    /// Prefetches the rows of these context words into the cache. It is only a hint.
    fn prefetch(&self, _w: &Tables, _words: &[WordId]) {}

    /// Returns the closed form of the cost of `forward` and `backward` together.
    fn expected_cost(&self, contexts: Bags) -> Cost;
}

/// A table of embeddings for `vocab` words, followed by `others` rows. It starts as in word2vec, uniformly in
/// ±1/(2·dim).
fn embeddings(vocab: usize, dim: usize, others: usize) -> Result<TableShape> {
    let limit = i32::MAX as usize - others;
    if vocab == 0 {
        return Err(Error::EmptyVocabulary);
    }
    if vocab > limit {
        return Err(Error::TooManyWords { words: vocab, limit });
    }
    if dim == 0 {
        return Err(Error::OutOfRange { name: "dim", value: 0.0, limit: "1 or more" });
    }
    let init = Init::Uniform(0.5 / dim as f32);
    Ok(TableShape { rows: (vocab + others) as u32, dim, bias: false, init })
}

impl fmt::Debug for dyn Encoder + '_ {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Encoder").field("tables", &self.tables()).finish_non_exhaustive()
    }
}
