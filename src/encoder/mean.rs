//! The mean of the context words' embeddings: CBOW, and with bags of one word skip-gram.

use super::{Encoder, embeddings};
use crate::error::Result;
use crate::table::{Bags, Cost, TableShape, Tables};
use crate::vocab::WordId;
use ndarray::{ArrayView2, ArrayViewMut2};

/// The gradient along which each word of a bag descends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum BagGradient {
    /// The gradient of the mean itself, as in word2vec.
    Whole,
    /// The gradient of the mean divided by its number of words, which is exact.
    #[default]
    Mean,
}

/// h = (1/n) Σ e_c over the n words of the bag.
///
/// The gradient of each embedding is ∂L/∂h / n. word2vec leaves out the factor 1/n, and so does [`BagGradient::Whole`].
/// Embeddings start uniformly in ±1/(2·d), as in word2vec.
///
/// - *Cost* n·d multiply-adds forward and n·d backward; n rows read and n rows written.
/// - *Reference* Mikolov et al. 2013a, sec. 3.1 (CBOW) and 3.2 (skip-gram).
#[derive(Clone, Debug)]
pub struct MeanEmbedding {
    shape: TableShape,
    gradient: BagGradient,
}

impl MeanEmbedding {
    /// An encoder over `vocab` words, with embeddings of size `dim`.
    ///
    /// # Errors
    /// No word, more than 2³¹ − 1 words, or `dim` = 0.
    pub fn new(vocab: usize, dim: usize) -> Result<Self> {
        Ok(Self { shape: embeddings(vocab, dim, 0)?, gradient: BagGradient::default() })
    }

    /// Sets the gradient of the words of a bag. [`BagGradient::Whole`] uses all of ∂L/∂h, n times the true gradient;
    /// the learning rates of word2vec are made for it.
    pub fn with_gradient(self, gradient: BagGradient) -> Self {
        Self { gradient, ..self }
    }
}

impl Encoder for MeanEmbedding {
    fn tables(&self) -> Vec<TableShape> {
        vec![self.shape]
    }

    fn forward(&self, w: &mut Tables, contexts: Bags, hidden: ArrayViewMut2<f32>) {
        w.bag_means(0, contexts, hidden);
    }

    fn backward(&self, w: &mut Tables, contexts: Bags, _: ArrayView2<f32>, d_hidden: ArrayView2<f32>) {
        match self.gradient {
            BagGradient::Whole => w.descend_each(0, contexts, d_hidden),
            BagGradient::Mean => w.descend_bags(0, contexts, d_hidden),
        }
    }

    fn mean_gradient(&self) -> Option<BagGradient> {
        Some(self.gradient)
    }

    fn prefetch(&self, w: &Tables, words: &[WordId]) {
        w.prefetch(0, words);
    }

    fn expected_cost(&self, contexts: Bags) -> Cost {
        let rows = contexts.rows.len() as u64;
        Cost { multiply_adds: 2 * rows * self.shape.dim as u64, rows_read: rows, rows_written: rows, draws: 0 }
    }
}
