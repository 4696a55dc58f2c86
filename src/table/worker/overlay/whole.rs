//! A worker's copy of a whole table, for the verbs over ranges.

use super::OverlayView;
use crate::table::exclusive::Exclusive;
use crate::table::kernel::block::RowSource;
use crate::table::{Matrix, OnlineStore, Storage, Table, TableShape, Threads};

/// An exclusive table that is brought up to date before its first verb of a phase.
pub struct Whole {
    table: Exclusive<OnlineStore<Matrix>>,
    held: bool,
    updates: u32,
}

impl Whole {
    pub fn new(shape: TableShape) -> Self {
        let matrix = Matrix::zeros(shape).expect("memory for a worker's copy of a table that a dense layer asks for");
        Self { table: Exclusive::<OnlineStore<Matrix>>::new(matrix, 0.0, Threads::default()), held: false, updates: 0 }
    }

    /// Whether the copy is in force.
    pub fn is_held(&self) -> bool {
        self.held
    }

    pub fn forget(&mut self) {
        (self.held, self.updates) = (false, 0);
    }

    pub fn set_rate(&mut self, rate: f32) {
        self.table.set_rate(rate);
    }

    /// For a verb that only reads.
    pub fn table(&mut self) -> &mut Exclusive<OnlineStore<Matrix>> {
        &mut self.table
    }

    /// For a verb that updates.
    pub fn updated(&mut self) -> &mut Exclusive<OnlineStore<Matrix>> {
        self.updates += 1;
        &mut self.table
    }

    /// Takes over all rows as the worker sees them.
    pub fn gather(&mut self, view: &OverlayView) {
        let matrix = self.table.matrix_mut();
        let dim = matrix.shape().dim;
        for (row, to) in (0..).zip(matrix.weights_mut().chunks_exact_mut(dim)) {
            view.copy_row(row, to);
        }
        for (row, to) in (0..).zip(matrix.bias_mut()) {
            *to = view.row_bias(row);
        }
        self.held = true;
        // What had moved before.
        self.updates = view.own.most_updates();
    }

    /// As [`OwnRows::moved`](super::OwnRows::moved), for all rows alike.
    pub fn moved(&self, row: u32) -> Option<(&[f32], f32, u32)> {
        let matrix = self.table.store().matrix();
        let bias = matrix.bias().get(row as usize).copied().unwrap_or(0.0);
        (self.updates > 0).then(|| (matrix.row(row), bias, self.updates))
    }
}
