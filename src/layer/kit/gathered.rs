//! Gathers some examples of a batch, and scatters their losses and ∂L/∂hidden back.

use crate::layer::Batch;
use crate::simd;
use crate::vocab::WordId;
use ndarray::{ArrayView2, ArrayViewMut2};

/// A part of a batch, copied into reused memory.
#[derive(Default)]
pub struct Gathered {
    /// Numbers of the examples in the batch.
    pub examples: Vec<usize>,
    /// Their weights.
    pub weights: Vec<f32>,
    /// Their losses, zero after `gather`.
    pub losses: Vec<f64>,
    targets: Vec<WordId>,
    hidden: Vec<f32>,
    d_hidden: Vec<f32>,
    dim: usize,
}

impl Gathered {
    /// Copies these examples of a batch, each with the target that `target` gives it.
    pub fn gather(&mut self, batch: &Batch, examples: impl Iterator<Item = usize>, target: impl Fn(usize) -> WordId) {
        self.examples.clear();
        self.examples.extend(examples);
        self.dim = batch.hidden.ncols();
        self.weights.clear();
        self.targets.clear();
        self.hidden.clear();
        for b in &self.examples {
            self.weights.push(batch.weight(*b));
            self.targets.push(target(*b));
            self.hidden.extend(batch.hidden.row(*b));
        }
        self.d_hidden.clear();
        self.d_hidden.resize(self.hidden.len(), 0.0);
        self.losses.clear();
        self.losses.resize(self.examples.len(), 0.0);
    }

    /// Number of examples.
    pub fn len(&self) -> usize {
        self.examples.len()
    }

    /// Returns the examples as a batch, and the buffers for its ∂L/∂hidden and its losses.
    pub fn split(&mut self) -> (Batch<'_>, ArrayViewMut2<'_, f32>, &mut [f64]) {
        let shape = (self.examples.len(), self.dim);
        let hidden = ArrayView2::from_shape(shape, &self.hidden).expect("examples × dim");
        let d_hidden = ArrayViewMut2::from_shape(shape, &mut self.d_hidden).expect("examples × dim");
        let batch = Batch { hidden, targets: &self.targets, weights: Some(&self.weights), soft: None, members: None };
        (batch, d_hidden, &mut self.losses)
    }

    /// Adds the losses to those of the whole batch.
    pub fn add_losses_to(&self, losses: &mut [f64]) {
        self.examples.iter().zip(&self.losses).for_each(|(b, loss)| losses[*b] += loss);
    }

    /// Adds ∂L/∂hidden to that of the whole batch.
    pub fn add_to(&self, d_hidden: &mut ArrayViewMut2<f32>) {
        for (b, d) in self.examples.iter().zip(self.d_hidden.chunks_exact(self.dim)) {
            simd::add(d_hidden.row_mut(*b).as_slice_mut().expect("contiguous rows"), d);
        }
    }
}
