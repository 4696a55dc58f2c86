//! The feed-forward language model of Bengio: the words before, in their order, through one hidden layer.

use super::{Encoder, embeddings};
use crate::error::{Error, Result};
use crate::simd;
use crate::table::{Bags, Cost, Init, Rows, TableShape, Tables};
use ndarray::{Array2, ArrayView2, ArrayViewMut2};

/// h = tanh(H·x + b), where x has the embeddings of the n − 1 words before, the farthest first. Places before the start
/// of a sentence have the embedding of a padding word, the last row of the table.
///
/// Bags hold the words in the order of the text, as a window to the left gives them. Only the last n − 1 words of a
/// longer bag count. Embeddings start uniformly in ±1/2, and H in ±√(6/(inputs + outputs)) (Glorot & Bengio 2010).
///
/// - *Cost* 3·B·(n − 1)·m·(d + 1) multiply-adds forward and backward, with m the size of an embedding and d the size of
///   h.
/// - *Reference* Bengio, Ducharme, Vincent & Jauvin 2003, sec. 2, without direct connections.
#[derive(Clone, Debug)]
pub struct NGram {
    embeddings: TableShape,
    weights: TableShape,
    before: usize,
}

/// Numbers of the tables: the embeddings, and the hidden layer.
const EMBEDDINGS: usize = 0;
const HIDDEN: usize = 1;

impl NGram {
    /// An encoder for words that are predicted from the `order` − 1 words before them. It has `vocab` words with
    /// embeddings of size `embedding`, and a hidden layer of size `dim`.
    ///
    /// # Errors
    /// No word or more than 2³¹ − 2 words, a size of 0, `dim` above 2²⁴, an order below 2, or more than 2²⁴ inputs.
    pub fn new(vocab: usize, order: usize, embedding: usize, dim: usize) -> Result<Self> {
        let mut embeddings = embeddings(vocab, embedding, 1)?;
        embeddings.init = Init::Uniform(0.5);
        if order < 2 {
            return Err(Error::OutOfRange { name: "order", value: order as f64, limit: "2 or more" });
        }
        let limit = 1 << 24;
        if !(1..=limit).contains(&dim) {
            return Err(Error::OutOfRange { name: "dim", value: dim as f64, limit: "from 1 to 16777216" });
        }
        let before = order - 1;
        let inputs = before.saturating_mul(embedding);
        if inputs > limit {
            let name = "words before × embedding";
            return Err(Error::OutOfRange { name, value: inputs as f64, limit: "at most 16777216" });
        }
        let init = Init::Uniform((6.0 / (inputs + dim) as f32).sqrt());
        let weights = TableShape { rows: dim as u32, dim: inputs, bias: true, init };
        Ok(Self { embeddings, weights, before })
    }

    /// Rows of all inputs, n − 1 per example.
    fn rows(&self, contexts: Bags) -> Vec<u32> {
        let padding = self.embeddings.rows - 1;
        let mut rows = Vec::with_capacity(contexts.len() * self.before);
        for b in 0..contexts.len() {
            let bag = contexts.bag(b);
            let bag = &bag[bag.len().saturating_sub(self.before)..];
            rows.extend(std::iter::repeat_n(padding, self.before - bag.len()));
            rows.extend_from_slice(bag);
        }
        rows
    }

    /// x, B × (n − 1)·m.
    fn inputs(&self, w: &mut Tables, singles: Bags) -> Array2<f32> {
        let mut x = Array2::zeros((singles.len(), self.embeddings.dim));
        w.bag_means(EMBEDDINGS, singles, x.view_mut());
        let shape = (singles.len() / self.before, self.weights.dim);
        x.into_shape_with_order(shape).expect("rows one after the other")
    }

    fn all(&self) -> Rows<'static> {
        Rows::Range(0..self.weights.rows)
    }
}

/// Offsets of `rows` bags of one row each.
fn ones(rows: usize) -> Vec<u32> {
    (0..=rows as u32).collect()
}

impl Encoder for NGram {
    fn tables(&self) -> Vec<TableShape> {
        vec![self.embeddings, self.weights]
    }

    fn forward(&self, w: &mut Tables, contexts: Bags, mut hidden: ArrayViewMut2<f32>) {
        let rows = self.rows(contexts);
        let x = self.inputs(w, Bags { rows: &rows, offsets: &ones(rows.len()) });
        w.scores(HIDDEN, &self.all(), x.view(), hidden.view_mut());
        for mut row in hidden.rows_mut() {
            simd::soft_cap(row.as_slice_mut().expect("rows of `hidden` are contiguous"), 1.0);
        }
    }

    fn backward(&self, w: &mut Tables, contexts: Bags, hidden: ArrayView2<f32>, d_hidden: ArrayView2<f32>) {
        let rows = self.rows(contexts);
        let offsets = ones(rows.len());
        let singles = Bags { rows: &rows, offsets: &offsets };
        let x = self.inputs(w, singles);
        let mut d_scores = d_hidden.to_owned();
        d_scores.zip_mut_with(&hidden, |d, h| *d *= 1.0 - h * h);
        let mut d_x = Array2::zeros(x.raw_dim());
        w.weighted_sum(HIDDEN, &self.all(), d_scores.view(), d_x.view_mut());
        w.descend(HIDDEN, &self.all(), d_scores.view(), x.view());
        let d_x = d_x.into_shape_with_order((rows.len(), self.embeddings.dim)).expect("rows one after the other");
        w.descend_bags(EMBEDDINGS, singles, d_x.view());
    }

    fn expected_cost(&self, contexts: Bags) -> Cost {
        let inputs = (contexts.len() * self.before) as u64;
        let hidden = Cost::step(contexts.len(), self.weights.rows as usize, self.weights.dim);
        let embeddings = Cost {
            multiply_adds: 3 * inputs * self.embeddings.dim as u64,
            rows_read: 2 * inputs + u64::from(self.weights.rows),
            rows_written: inputs,
            draws: 0,
        };
        hidden + embeddings
    }
}
