//! The exclusive handle that updates at once.

use super::gradient::Gradient;
use super::{Exclusive, Storage, Strip};
use crate::optimizer::Optimizer;
use crate::table::matrix::Matrix;
use crate::table::{Table, Threads};
use std::ops::Range;

/// A matrix that moves with every verb.
pub struct OnlineStore<'a> {
    matrix: &'a mut Matrix,
    rate: f32,
    /// What must be merged before it counts: repeated rows under Adagrad, a batch that comes in parts.
    pending: Gradient,
}

/// The handle for examples one by one: every verb updates before it returns.
pub type Online<'a> = Exclusive<OnlineStore<'a>>;

impl<'a> Exclusive<OnlineStore<'a>> {
    /// Trains `matrix` at `rate` with `threads`.
    pub fn new(matrix: &'a mut Matrix, rate: f32, threads: Threads) -> Self {
        let mut handle = Self::over(OnlineStore { matrix, rate, pending: Gradient::default() }, threads);
        handle.set_rate(rate);
        handle
    }
}

impl Storage for OnlineStore<'_> {
    fn matrix(&self) -> &Matrix {
        self.matrix
    }

    fn add(&mut self, row: u32, scale: f32, gradient: &[f32], bias: f32) {
        if self.matrix.optimizer() == Optimizer::Sgd {
            // Plain descent is linear: repeated rows need no merging.
            self.matrix.update(row..row + 1, self.rate * scale, gradient, &[bias]);
        } else {
            self.pending.add(self.matrix, row, scale, gradient, bias);
        }
    }

    fn settle(&mut self, threads: &Threads) {
        if !self.pending.is_empty() {
            self.pending.apply(self.matrix, self.rate, threads);
        }
    }

    fn strips(&mut self, bounds: &[Range<u32>], last: bool) -> Vec<Strip<'_>> {
        if last && self.pending.is_empty() {
            let rate = self.rate;
            return self.matrix.strips_mut(bounds).into_iter().map(|matrix| Strip::Online { matrix, rate }).collect();
        }
        Strip::deferred(self.matrix, &mut self.pending, bounds)
    }

    fn set_rate(&mut self, rate: f32) {
        self.rate = rate;
    }
}
