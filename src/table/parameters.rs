//! Storages of parameters, as seen by code that sets up a layer.

use super::{Matrix, SharedMatrix, TableShape};
use crate::error::Result;
use crate::optimizer::Optimizer;
use crate::rng::WorkerRng;

/// A storage of parameters that can be created at the start of training.
pub trait Parameters: Sized {
    /// Draws the weights from `shape.init` and sets the biases to zero.
    ///
    /// # Errors
    /// The parameters do not fit in memory, or the storage does not support the optimizer.
    fn new(shape: TableShape, optimizer: Optimizer, rng: &mut WorkerRng) -> Result<Self>;

    /// Sets all biases; `bias` has one entry per row.
    ///
    /// # Panics
    /// If the number of biases is not the number of rows.
    fn set_bias(&mut self, bias: &[f32]);
}

impl Parameters for Matrix {
    fn new(shape: TableShape, optimizer: Optimizer, rng: &mut WorkerRng) -> Result<Self> {
        Self::new(shape, optimizer, rng)
    }

    fn set_bias(&mut self, bias: &[f32]) {
        self.bias_mut().copy_from_slice(bias);
    }
}

impl Parameters for SharedMatrix {
    fn new(shape: TableShape, optimizer: Optimizer, rng: &mut WorkerRng) -> Result<Self> {
        Self::check_optimizer(optimizer)?;
        Self::new(shape, rng)
    }

    fn set_bias(&mut self, bias: &[f32]) {
        Self::set_bias(self, bias);
    }
}
