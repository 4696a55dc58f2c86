//! Some examples of a batch side by side, and the way back for their ∂L/∂hidden.

use crate::layer::Batch;
use crate::simd;
use crate::vocab::WordId;
use ndarray::{ArrayView2, ArrayViewMut2};

/// A part of a batch, copied.
pub struct Gathered {
    /// Which examples of the batch.
    pub examples: Vec<usize>,
    /// Their weights.
    pub weights: Vec<f32>,
    targets: Vec<WordId>,
    hidden: Vec<f32>,
    d_hidden: Vec<f32>,
    dim: usize,
}

impl Gathered {
    /// These examples of a batch; `targets` has one for every example of the whole batch.
    pub fn new(batch: &Batch, examples: Vec<usize>, targets: &[WordId]) -> Self {
        let dim = batch.hidden.ncols();
        let mut hidden = Vec::with_capacity(examples.len() * dim);
        for b in &examples {
            hidden.extend(batch.hidden.row(*b));
        }
        Self {
            weights: examples.iter().map(|b| batch.weight(*b)).collect(),
            targets: examples.iter().map(|b| targets[*b]).collect(),
            d_hidden: vec![0.0; hidden.len()],
            examples,
            hidden,
            dim,
        }
    }

    /// Number of examples.
    pub fn len(&self) -> usize {
        self.examples.len()
    }

    /// The examples as a batch, and where its ∂L/∂hidden goes.
    pub fn split(&mut self) -> (Batch<'_>, ArrayViewMut2<'_, f32>) {
        let shape = (self.examples.len(), self.dim);
        let hidden = ArrayView2::from_shape(shape, &self.hidden).expect("examples × dim");
        let d_hidden = ArrayViewMut2::from_shape(shape, &mut self.d_hidden).expect("examples × dim");
        (Batch { hidden, targets: &self.targets, weights: Some(&self.weights), soft: None }, d_hidden)
    }

    /// Adds ∂L/∂hidden where it belongs in the whole batch.
    pub fn add_to(&self, d_hidden: &mut ArrayViewMut2<f32>) {
        for (b, d) in self.examples.iter().zip(self.d_hidden.chunks_exact(self.dim)) {
            simd::add(d_hidden.row_mut(*b).as_slice_mut().expect("contiguous rows"), d);
        }
    }
}
