//! The exclusive handle that updates at once.

use super::gradient::Gradient;
use super::{Exclusive, Sealed, Storage, Strip};
use crate::optimizer::Optimizer;
use crate::table::matrix::Matrix;
use crate::table::{Table, Threads};
use std::borrow::BorrowMut;
use std::fmt;
use std::ops::Range;

/// A matrix that every verb updates at once. `M` lends the matrix (`&mut Matrix`) or owns it (`Matrix`).
pub struct OnlineStore<M> {
    matrix: M,
    rate: f32,
    /// Gradients that must be summed before the update: repeated rows under Adagrad, and a batch that comes in parts.
    pending: Gradient,
}

impl<M> fmt::Debug for OnlineStore<M> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("OnlineStore").field("rate", &self.rate).finish_non_exhaustive()
    }
}

/// The handle for training example by example: every verb updates before it returns.
pub type Online<'a> = Exclusive<OnlineStore<&'a mut Matrix>>;

impl<M: BorrowMut<Matrix> + Send> Exclusive<OnlineStore<M>> {
    /// Trains `matrix` at `rate` with `threads`.
    pub fn new(matrix: M, rate: f32, threads: Threads) -> Self {
        let mut handle = Self::over(OnlineStore { matrix, rate, pending: Gradient::default() }, threads);
        handle.set_rate(rate);
        handle
    }

    /// The matrix, mutable, for changes outside the verbs.
    pub(in crate::table) fn matrix_mut(&mut self) -> &mut Matrix {
        self.store_mut().matrix.borrow_mut()
    }
}

impl<M> Sealed for OnlineStore<M> {}

impl<M: BorrowMut<Matrix> + Send> Storage for OnlineStore<M> {
    fn matrix(&self) -> &Matrix {
        self.matrix.borrow()
    }

    fn matrix_mut(&mut self) -> Option<&mut Matrix> {
        Some(self.matrix.borrow_mut())
    }

    fn add(&mut self, row: u32, scale: f32, gradient: &[f32], bias: f32) {
        let matrix = self.matrix.borrow_mut();
        if matrix.optimizer() == Optimizer::Sgd {
            // Plain descent is linear, so repeated rows need no merging.
            matrix.update(row..row + 1, self.rate * scale, gradient, &[bias]);
        } else {
            self.pending.add(matrix, row, scale, gradient, bias);
        }
    }

    fn settle(&mut self, threads: &Threads) {
        if !self.pending.is_empty() {
            self.pending.apply(self.matrix.borrow_mut(), self.rate, threads);
        }
    }

    fn strip(&mut self, rows: &Range<u32>, last: bool) -> Strip<'_> {
        if last && self.pending.is_empty() {
            return Strip::Online { matrix: self.matrix.borrow_mut().strip(rows), rate: self.rate };
        }
        Strip::deferred(self.matrix.borrow(), &mut self.pending, rows)
    }

    fn set_rate(&mut self, rate: f32) {
        self.rate = rate;
    }
}
