//! A worker's copy of a whole table, for verbs over ranges.

use super::own::OverlayRows;
use crate::table::kernel::rows::Plain;
use crate::table::worker::plain;
use crate::table::{Storage, Table, TableShape};

/// An exclusive table that is brought up to date before its first verb between two barriers.
pub struct Whole {
    table: Plain,
    held: bool,
    updates: u32,
}

impl Whole {
    pub fn new(shape: TableShape) -> Self {
        Self { table: plain::zeros(shape), held: false, updates: 0 }
    }

    /// Whether the copy is in use.
    pub fn is_held(&self) -> bool {
        self.held
    }

    pub fn forget(&mut self) {
        (self.held, self.updates) = (false, 0);
    }

    pub fn set_rate(&mut self, rate: f32) {
        self.table.set_rate(rate);
    }

    /// The table, for a verb that only reads.
    pub fn table(&mut self) -> &mut Plain {
        &mut self.table
    }

    /// The table, for a verb that updates.
    pub fn updated(&mut self) -> &mut Plain {
        self.updates += 1;
        &mut self.table
    }

    /// Copies all rows as the worker sees them.
    pub fn gather(&mut self, from: &OverlayRows) {
        let rows = 0..self.table.shape().rows;
        plain::gather(&mut self.table, from, rows);
        self.held = true;
        // Keeps the count of earlier moves.
        self.updates = from.own.most_updates();
    }

    /// Same as [`TouchedRows::moved`](super::own::TouchedRows::moved), with one count for all rows.
    pub fn moved(&self, row: u32) -> Option<(&[f32], f32, u32)> {
        let matrix = self.table.store().matrix();
        let bias = matrix.bias().get(row as usize).copied().unwrap_or(0.0);
        (self.updates > 0).then(|| (matrix.row(row), bias, self.updates))
    }
}
