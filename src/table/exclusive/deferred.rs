//! The exclusive handle that gathers gradients and updates at the end of a mini-batch.

use super::gradient::Gradient;
use super::{Exclusive, Storage, Strip};
use crate::table::matrix::Matrix;
use crate::table::{Table, Threads};
use std::ops::Range;

/// A matrix that moves at `flush`, and the gradient until then.
pub struct DeferredStore<'a> {
    matrix: &'a mut Matrix,
    rate: f32,
    gradient: Gradient,
}

/// The handle for mini-batches: all rows of a batch see the weights from before it.
pub type Deferred<'a> = Exclusive<DeferredStore<'a>>;

impl<'a> Exclusive<DeferredStore<'a>> {
    /// Trains `matrix` at `rate` with `threads`.
    pub fn new(matrix: &'a mut Matrix, rate: f32, threads: Threads) -> Self {
        let mut handle = Self::over(DeferredStore { matrix, rate, gradient: Gradient::default() }, threads);
        handle.set_rate(rate);
        handle
    }

    /// ∂L/∂W of a row, and of its bias (0 without), since the last `flush`.
    pub fn gradient(&self, row: u32) -> (Vec<f32>, f32) {
        let store = self.store();
        store.gradient.row(store.matrix, row)
    }
}

impl Storage for DeferredStore<'_> {
    fn matrix(&self) -> &Matrix {
        self.matrix
    }

    fn add(&mut self, row: u32, scale: f32, gradient: &[f32], bias: f32) {
        self.gradient.add(self.matrix, row, scale, gradient, bias);
    }

    fn strips(&mut self, bounds: &[Range<u32>], _last: bool) -> Vec<Strip<'_>> {
        Strip::deferred(self.matrix, &mut self.gradient, bounds)
    }

    fn set_rate(&mut self, rate: f32) {
        self.rate = rate;
    }

    fn flush(&mut self, threads: &Threads) {
        self.gradient.apply(self.matrix, self.rate, threads);
    }
}
