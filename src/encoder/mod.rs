//! Encoders: from contexts to the hidden vector, and back.
//!
//! | encoder | h | an example costs | take it for |
//! |---|---|---|---|
//! | [`MeanEmbedding`] | the mean of the embeddings of n words | 2·n·d | word vectors: CBOW, and skip-gram with n = 1 |
//! | [`NGram`] | tanh(H·x + b), x the n − 1 embeddings side by side | 3·(n − 1)·m·(d + 1) | language models: the order of words counts |

mod mean;
mod ngram;

pub use mean::{BagGradient, MeanEmbedding};
pub use ngram::NGram;

use crate::error::{Error, Result};
use crate::table::{Bags, Cost, Init, TableShape, Tables};
use crate::vocab::WordId;
use ndarray::{ArrayView2, ArrayViewMut2};
use std::fmt;

/// Turns the context words of a batch into hidden vectors.
pub trait Encoder: Send + Sync {
    /// The tables that the encoder needs.
    fn tables(&self) -> Vec<TableShape>;

    /// hidden (B×d) from B bags of context words.
    fn forward(&self, w: &mut Tables, contexts: Bags, hidden: ArrayViewMut2<f32>);

    /// Hands ∂L/∂W to the tables, given ∂L/∂hidden (B×d) and what `forward` has given.
    fn backward(&self, w: &mut Tables, contexts: Bags, hidden: ArrayView2<f32>, d_hidden: ArrayView2<f32>);

    /// The gradient of the words of a bag, if hidden vectors are the means of the rows that words have in table 0: the
    /// windows of a block can then share rows. `None` by default.
    fn mean_gradient(&self) -> Option<BagGradient> {
        None
    }

    /// Has what these context words stand for brought into the cache: a hint.
    fn prefetch(&self, _w: &Tables, _words: &[WordId]) {}

    /// The closed form of what `forward` and `backward` cost together.
    fn expected_cost(&self, contexts: Bags) -> Cost;
}

/// A table of embeddings for `vocab` words and `others` rows behind them, starting as word2vec's: uniform in
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
