//! The mean of the context words' embeddings: CBOW, and with bags of one word skip-gram.

use super::Encoder;
use crate::error::{Error, Result};
use crate::table::{Bags, Init, TableShape, Tables};
use ndarray::{ArrayView2, ArrayViewMut2};

/// h = (1/n) Σ e_c over the n words of the bag.
///
/// The gradient of each embedding is ∂L/∂h / n; word2vec leaves out the 1/n, and so does
/// [`MeanEmbedding::with_whole_gradients`]. Embeddings start uniformly in ±1/(2·d),
/// as word2vec's.
///
/// - *Cost* n·d multiply-adds forward and as many back, n rows read and written.
/// - *Reference* Mikolov et al. 2013a, sec. 3.1 (CBOW) and 3.2 (skip-gram).
#[derive(Clone, Debug)]
pub struct MeanEmbedding {
    shape: TableShape,
    whole: bool,
}

impl MeanEmbedding {
    /// Over `vocab` words, with embeddings of size `dim`.
    ///
    /// # Errors
    /// No word, more than 2³¹, or `dim` = 0.
    pub fn new(vocab: usize, dim: usize) -> Result<Self> {
        let limit = i32::MAX as usize;
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
        Ok(Self { shape: TableShape { rows: vocab as u32, dim, bias: false, init }, whole: false })
    }

    /// Every word of a bag descends along the whole of ∂L/∂h, as in word2vec: n times the gradient, which rates are made for
    /// there.
    pub fn with_whole_gradients(self) -> Self {
        Self { whole: true, ..self }
    }
}

impl Encoder for MeanEmbedding {
    fn tables(&self) -> Vec<TableShape> {
        vec![self.shape]
    }

    fn forward(&self, w: &mut Tables, contexts: Bags, hidden: ArrayViewMut2<f32>) {
        w.bag_means(0, contexts, hidden);
    }

    fn backward(&self, w: &mut Tables, contexts: Bags, d_hidden: ArrayView2<f32>) {
        if self.whole {
            w.descend_each(0, contexts, d_hidden);
        } else {
            w.descend_bags(0, contexts, d_hidden);
        }
    }
}
