//! A plain copy of a worker's view of a table, for verbs over ranges.

use super::{Cached, SharedMatrix, merged, pack, unpack};
use crate::table::kernel::rows::{Plain, RowSource};
use crate::table::worker::plain;
use crate::table::{Storage, Table, TableShape};
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

/// The copy. It is brought up to date before a verb; its moves are added to the shared table after it.
pub struct Local {
    table: Plain,
    /// The weights and biases when they were gathered.
    before: Vec<f32>,
    bias_before: Vec<f32>,
    gathered: Option<Range<u32>>,
}

impl Local {
    /// An empty copy. It takes twice the memory of the table.
    pub fn new(shape: TableShape) -> Self {
        let table = plain::zeros(shape);
        let matrix = table.store().matrix();
        let (before, bias_before) = (matrix.weights().to_vec(), matrix.bias().to_vec());
        Self { table, before, bias_before, gathered: None }
    }

    pub fn plain(&mut self) -> &mut Plain {
        &mut self.table
    }

    pub fn set_rate(&mut self, rate: f32) {
        self.table.set_rate(rate);
    }

    /// Whether these rows were gathered last, and no other verb has run since.
    pub fn holds(&self, rows: &Range<u32>) -> bool {
        self.gathered.as_ref() == Some(rows)
    }

    /// Drops the gathered rows, because shared rows may have moved.
    pub fn forget(&mut self) {
        self.gathered = None;
    }

    /// Copies these rows as the worker sees them.
    pub fn gather(&mut self, from: &impl RowSource, rows: &Range<u32>) {
        plain::gather(&mut self.table, from, rows.clone());
        let matrix = self.table.store().matrix();
        let entries = matrix.entries(rows.clone());
        self.before[entries.clone()].copy_from_slice(&matrix.weights()[entries]);
        if matrix.shape().bias {
            let rows = rows.start as usize..rows.end as usize;
            self.bias_before[rows.clone()].copy_from_slice(&matrix.bias()[rows]);
        }
        self.gathered = Some(rows.clone());
    }

    /// Adds the moves since the rows were gathered to the shared table.
    pub fn scatter(&mut self, shared: &SharedMatrix, cached: &mut Cached) {
        let Some(rows) = self.gathered.take() else { return };
        let matrix = self.table.store().matrix();
        let dim = shared.shape().dim;
        for row in rows {
            let at = row as usize;
            let (now, before) = (matrix.row(row), &self.before[at * dim..][..dim]);
            if at < cached.len() {
                cached.row_mut(row)[..dim].copy_from_slice(now);
                if let Some(bias) = cached.bias_mut(row) {
                    *bias = matrix.bias()[at];
                }
                // A sweep costs far more than an exchange, and moves every row.
                cached.exchange(shared, row, false);
                continue;
            }
            cached.note_stored();
            for (to, (now, before)) in shared.row(row).iter().zip(now.chunks(2).zip(before.chunks(2))) {
                let mut pair = unpack(to.load(Relaxed));
                for (entry, (now, before)) in pair.iter_mut().zip(now.iter().zip(before)) {
                    *entry = merged(*entry, *before, *now);
                }
                to.store(pack(pair), Relaxed);
            }
            if let Some(to) = shared.bias.get(at) {
                let bias = merged(f32::from_bits(to.load(Relaxed)), self.bias_before[at], matrix.bias()[at]);
                to.store(bias.to_bits(), Relaxed);
            }
        }
    }
}
