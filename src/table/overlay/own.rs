//! The rows of one table that a worker has touched, and where a step finds them.

use super::{Merged, Whole};
use crate::table::aligned::Aligned;
use crate::table::block::{Block, RowSource};
use crate::table::few::{Few, Placed};
use crate::table::shared::SharedMatrix;
use crate::table::{TableShape, kernel};
use pulp::Simd;

/// The examples that one worker may move a row by before the row is due to be merged at the next barrier.
const DUE: u32 = 32;

/// The rows of one table that a worker has touched since the last barrier. The memory is used again.
///
/// It needs 4 bytes a row of the table beside the rows themselves. Only a verb over a whole range ([`Table::scan`](crate::table::Table::scan),
/// [`Table::sweep`](crate::table::Table::sweep)), as dense layers use it, makes it a copy of the table.
pub struct OwnRows {
    pub(super) dim: usize,
    stride: usize,
    /// For each row of the table 1 + its slot, or 0.
    pub(super) slots: Vec<u32>,
    /// The rows that have a slot, a bit each.
    pub(super) touched: Vec<u64>,
    /// The row of each slot.
    rows: Vec<u32>,
    /// slots × stride, padded with zeros.
    values: Aligned,
    room: usize,
    /// slots, or none.
    pub(super) bias: Vec<f32>,
    /// Examples that moved each slot since it was last merged.
    pub(super) updates: Vec<u32>,
    /// The rows that are due to be merged.
    pub(super) due: Vec<u32>,
    pub(super) whole: Option<Whole>,
    pub(super) few: Few,
    pub(super) block: Block,
    pub(super) row: Vec<f32>,
}

impl OwnRows {
    /// No row yet, for tables of this shape.
    pub fn new(shape: TableShape) -> Self {
        let rows = shape.rows as usize;
        Self {
            dim: shape.dim,
            stride: kernel::stride(shape.dim),
            slots: vec![0; rows],
            touched: vec![0; rows.div_ceil(64)],
            rows: Vec::new(),
            values: Aligned::default(),
            room: 0,
            bias: Vec::new(),
            updates: Vec::new(),
            due: Vec::new(),
            whole: None,
            few: Few::default(),
            block: Block::default(),
            row: vec![0.0; shape.dim],
        }
    }

    /// Takes note of what a barrier has merged into `base`.
    pub fn renew(&mut self, base: &SharedMatrix, merged: &Merged) {
        self.due.clear();
        let Merged::Rows(rows) = merged else { return self.clear() };
        for row in rows {
            let Some(slot) = (self.slots[*row as usize] as usize).checked_sub(1) else { continue };
            base.read_row(*row, &mut self.values.as_mut()[slot * self.stride..][..self.dim]);
            if let Some(bias) = self.bias.get_mut(slot) {
                *bias = base.row_bias(*row);
            }
            self.updates[slot] = 0;
        }
    }

    /// Forgets all rows.
    fn clear(&mut self) {
        for row in self.rows.drain(..) {
            self.slots[row as usize] = 0;
            self.touched[row as usize / 64] = 0;
        }
        self.bias.clear();
        self.updates.clear();
        if let Some(whole) = &mut self.whole {
            whole.forget();
        }
    }

    /// Whether a verb over a range has come since all rows were merged.
    pub fn is_whole(&self) -> bool {
        self.whole.as_ref().is_some_and(Whole::is_held)
    }

    /// The slot of a row, which is copied from `base` if it had none.
    #[inline(always)]
    pub(super) fn slot(&mut self, base: &SharedMatrix, row: u32) -> usize {
        match self.slots[row as usize] {
            0 => self.touch(base, row),
            slot => slot as usize - 1,
        }
    }

    /// Has a row brought into the cache, from where it is.
    #[inline(always)]
    pub(super) fn prefetch(&self, base: &SharedMatrix, row: u32) {
        match self.slots[row as usize] {
            0 => base.prefetch(row),
            slot => self.values.prefetch((slot as usize - 1) * self.stride, self.stride),
        }
    }

    #[inline(never)]
    fn touch(&mut self, base: &SharedMatrix, row: u32) -> usize {
        let slot = self.rows.len();
        if slot == self.room {
            self.room = (2 * slot).max(64);
            self.values.grow(self.room * self.stride);
        }
        base.read_row(row, &mut self.values.as_mut()[slot * self.stride..][..self.dim]);
        if base.has_bias() {
            self.bias.push(base.row_bias(row));
        }
        self.rows.push(row);
        self.updates.push(0);
        self.slots[row as usize] = slot as u32 + 1;
        self.touched[row as usize / 64] |= 1 << (row % 64);
        slot
    }

    /// Counts what an update of a slot has summed up.
    #[inline(always)]
    pub(super) fn count(&mut self, slot: usize, examples: u32) {
        let before = self.updates[slot];
        self.updates[slot] = before.saturating_add(examples);
        if before < DUE && self.updates[slot] >= DUE {
            self.due.push(self.rows[slot]);
        }
    }

    /// A slot with its padding.
    #[inline(always)]
    pub(super) fn at(&self, slot: usize) -> &[f32] {
        &self.values.as_ref()[slot * self.stride..][..self.stride]
    }

    #[inline(always)]
    pub(super) fn at_mut(&mut self, slot: usize) -> &mut [f32] {
        &mut self.values.as_mut()[slot * self.stride..][..self.stride]
    }

    /// A row that was moved: its weights, its bias (0 without), and how many examples moved it.
    pub(super) fn moved(&self, row: u32) -> Option<(&[f32], f32, u32)> {
        if let Some(whole) = self.whole.as_ref().filter(|w| w.is_held()) {
            return whole.moved(row);
        }
        let slot = (self.slots[row as usize] as usize).checked_sub(1)?;
        let updates = self.updates[slot];
        let bias = self.bias.get(slot).copied().unwrap_or(0.0);
        (updates > 0).then(|| (&self.at(slot)[..self.dim], bias, updates))
    }
}

/// The rows that a worker has touched, all its own.
pub struct Moved<'a> {
    pub base: &'a SharedMatrix,
    pub own: &'a mut OwnRows,
}

impl Placed for Moved<'_> {
    #[inline(always)]
    fn dim(&self) -> usize {
        self.own.dim
    }

    #[inline(always)]
    fn stride(&self) -> usize {
        self.own.stride
    }

    #[inline(always)]
    fn place(&mut self, rows: &[u32], batch: usize, places: &mut Vec<u32>) {
        places.clear();
        for row in rows {
            let slot = self.own.slot(self.base, *row);
            self.own.count(slot, batch as u32);
            places.push(slot as u32);
        }
    }

    #[inline(always)]
    fn is_kept(&self, _row: u32) -> bool {
        true
    }

    #[inline(always)]
    fn weights(&self) -> &[f32] {
        self.own.values.as_ref()
    }

    #[inline(always)]
    fn weights_mut(&mut self) -> &mut [f32] {
        self.own.values.as_mut()
    }

    #[inline(always)]
    fn updated(&mut self, _row: u32) {}

    #[inline(always)]
    fn descend<S: Simd>(&mut self, _s: S, _row: u32, _rate: f32, _gradient: &[f32]) {}

    fn has_bias(&self) -> bool {
        self.base.has_bias()
    }

    fn bias(&self, _row: u32, place: u32) -> f32 {
        self.own.bias[place as usize]
    }

    fn descend_bias(&mut self, _row: u32, place: u32, rate: f32, gradient: f32) {
        self.own.bias[place as usize] -= rate * gradient;
    }
}

/// What a worker sees.
pub struct View<'a> {
    pub base: &'a SharedMatrix,
    pub own: &'a OwnRows,
}

impl RowSource for View<'_> {
    #[inline(always)]
    fn copy_row(&self, row: u32, to: &mut [f32]) {
        match self.own.slots[row as usize] {
            0 => self.base.read_row(row, to),
            slot => to.copy_from_slice(&self.own.at(slot as usize - 1)[..to.len()]),
        }
    }

    fn row_bias(&self, row: u32) -> f32 {
        let slot = (self.own.slots[row as usize] as usize).checked_sub(1);
        slot.and_then(|s| self.own.bias.get(s).copied()).unwrap_or_else(|| self.base.row_bias(row))
    }

    fn has_bias(&self) -> bool {
        self.base.has_bias()
    }
}
