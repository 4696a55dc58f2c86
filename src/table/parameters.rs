//! Storages of parameters, as whoever sets up a layer sees them.

use super::{Matrix, SharedMatrix, TableShape};
use crate::error::Result;
use crate::optimizer::Optimizer;
use crate::rng::WorkerRng;

/// A storage of parameters at the start of training.
pub trait Parameters: Sized {
    /// Weights drawn as the shape says, and biases of zero.
    ///
    /// # Errors
    /// They do not fit in memory, or the storage does not take the optimizer.
    fn new(shape: TableShape, optimizer: Optimizer, rng: &mut WorkerRng) -> Result<Self>;

    /// Sets all biases.
    ///
    /// # Panics
    /// If there is not one bias for each row.
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
