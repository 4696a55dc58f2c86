//! A plain copy of a worker's view of a table, for the verbs over ranges.

use super::{Cached, SharedMatrix, merged, pack, unpack};
use crate::error::Result;
use crate::table::exclusive::{Exclusive, OnlineStore, Storage};
use crate::table::{Matrix, Threads};
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

/// The copy: an exclusive table that is brought up to date before a verb, and whose moves are handed back after it.
pub struct Local {
    pub table: Exclusive<OnlineStore<Matrix>>,
    /// The weights and biases as they were gathered.
    before: Vec<f32>,
    bias_before: Vec<f32>,
    gathered: Option<Range<u32>>,
}

impl Local {
    /// Nothing gathered yet; needs twice the memory of the table.
    pub fn new(shared: &SharedMatrix) -> Result<Self> {
        let matrix = Matrix::zeros(shared.shape())?;
        let (before, bias_before) = (matrix.weights().to_vec(), matrix.bias().to_vec());
        let table = Exclusive::<OnlineStore<Matrix>>::new(matrix, 0.0, Threads::default());
        Ok(Self { table, before, bias_before, gathered: None })
    }

    /// Whether these rows are those of the last gathering, and no verb has come in between.
    pub fn holds(&self, rows: &Range<u32>) -> bool {
        self.gathered.as_ref() == Some(rows)
    }

    /// The shared rows may have moved.
    pub fn forget(&mut self) {
        self.gathered = None;
    }

    pub fn gather(&mut self, shared: &SharedMatrix, cached: &Cached, rows: &Range<u32>) {
        let matrix = self.table.matrix_mut();
        let dim = shared.shape().dim;
        for row in rows.clone() {
            let entries = matrix.entries(row..row + 1);
            let to = &mut matrix.weights_mut()[entries.clone()];
            if (row as usize) < cached.len() {
                to.copy_from_slice(&cached.row(row)[..dim]);
            } else {
                shared.read_row(row, to);
            }
            self.before[entries].copy_from_slice(to);
            if shared.shape().bias {
                let at = row as usize;
                let bias = cached.bias_of(shared, row);
                matrix.bias_mut()[at] = bias;
                self.bias_before[at] = bias;
            }
        }
        self.gathered = Some(rows.clone());
    }

    /// Adds what the rows have moved since they were gathered.
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
                cached.exchange(shared, row);
                continue;
            }
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
