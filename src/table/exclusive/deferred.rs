//! The exclusive handle that collects gradients and updates at the end of a mini-batch.

use super::gradient::{Gradient, TableGradient};
use super::{Exclusive, Sealed, Storage, Strip};
use crate::table::matrix::Matrix;
use crate::table::{Table, Threads};
use std::borrow::BorrowMut;
use std::fmt;
use std::ops::Range;

/// A matrix that is updated at `flush`, with the gradient until then. `M` lends the matrix (`&mut Matrix`) or owns it
/// (`Matrix`).
pub struct DeferredStore<M> {
    matrix: M,
    rate: f32,
    gradient: Gradient,
}

impl<M> fmt::Debug for DeferredStore<M> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("DeferredStore").field("rate", &self.rate).finish_non_exhaustive()
    }
}

/// The handle for mini-batches: all verbs of a batch see the weights from before the batch.
pub type Deferred<'a> = Exclusive<DeferredStore<&'a mut Matrix>>;

impl<M: BorrowMut<Matrix> + Send> Exclusive<DeferredStore<M>> {
    /// Trains `matrix` at `rate` with `threads`.
    pub fn new(matrix: M, rate: f32, threads: Threads) -> Self {
        let mut handle = Self::over(DeferredStore { matrix, rate, gradient: Gradient::default() }, threads);
        handle.set_rate(rate);
        handle
    }

    /// ∂L/∂W of a row (d numbers) and of its bias (0 for a table without biases), since the last `flush`.
    pub fn row_gradient(&self, row: u32) -> (Vec<f32>, f32) {
        let store = self.store();
        store.gradient.row(store.matrix.borrow(), row)
    }
}

impl<M> Sealed for DeferredStore<M> {}

impl<M: BorrowMut<Matrix> + Send> Storage for DeferredStore<M> {
    fn matrix(&self) -> &Matrix {
        self.matrix.borrow()
    }

    fn matrix_mut(&mut self) -> Option<&mut Matrix> {
        Some(self.matrix.borrow_mut())
    }

    fn add(&mut self, row: u32, scale: f32, gradient: &[f32], bias: f32) {
        self.gradient.add(self.matrix.borrow(), row, scale, gradient, bias);
    }

    fn strip(&mut self, rows: &Range<u32>, _last: bool) -> Strip<'_> {
        Strip::deferred(self.matrix.borrow(), &mut self.gradient, rows)
    }

    fn set_rate(&mut self, rate: f32) {
        self.rate = rate;
    }

    fn flush(&mut self, threads: &Threads) {
        self.gradient.apply(self.matrix.borrow_mut(), self.rate, threads);
    }

    fn gradient(&mut self) -> Option<TableGradient<'_>> {
        Some(self.gradient.read(self.matrix.borrow()))
    }

    fn discard(&mut self) {
        self.gradient.discard();
    }
}
