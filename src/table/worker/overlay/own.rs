//! The rows of one table that a worker has touched, and their places for a step.

use super::{Merged, Whole};
use crate::table::TableShape;
use crate::table::kernel::aligned::Aligned;
use crate::table::kernel::registers as kernel;
use crate::table::kernel::rows::{Access, Plain, RowSource, RowStore};
use crate::table::kernel::small::Buffers;
use crate::table::worker::shared::SharedMatrix;
use std::fmt;
use std::ops::Range;

/// Examples of one worker that move a row before the row is due at the next barrier.
const DUE: u32 = 32;

/// Rows that are being prefetched while earlier rows are renewed.
const COMING: usize = 4;

/// The rows of one table that a worker has touched since the last barrier. The memory is reused.
///
/// It takes 4 bytes per row of the table, plus the touched rows. A verb over a range
/// ([`Table::scan`](crate::table::Table::scan) or [`Table::sweep`](crate::table::Table::sweep), used by dense layers)
/// makes it a copy of the whole table.
pub struct OwnRows {
    pub(super) rows: TouchedRows,
    pub(super) buffers: Buffers,
}

impl fmt::Debug for OwnRows {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let rows = &self.rows;
        f.debug_struct("OwnRows").field("dim", &rows.dim).field("rows", &rows.rows.len()).finish_non_exhaustive()
    }
}

impl OwnRows {
    /// An empty set of rows, for tables of this shape.
    pub fn new(shape: TableShape) -> Self {
        Self { rows: TouchedRows::new(shape), buffers: Buffers::default() }
    }

    /// Reads back the rows that a barrier has merged into `base`.
    pub fn renew(&mut self, base: &SharedMatrix, merged: &Merged) {
        self.rows.renew(base, merged);
    }

    /// Most examples that moved any one row since its last merge.
    pub fn most_updates(&self) -> u32 {
        self.rows.most_updates()
    }

    /// Whether it holds the whole table: a verb over a range has run since the last merge of all rows.
    pub fn is_whole(&self) -> bool {
        self.rows.is_whole()
    }
}

/// The touched rows and their state.
pub struct TouchedRows {
    pub(super) dim: usize,
    stride: usize,
    /// For each row of the table: its slot + 1, or 0.
    pub(super) slots: Vec<u32>,
    /// The rows that have a slot, one bit each.
    pub(super) touched: Vec<u64>,
    /// The row of each slot.
    rows: Vec<u32>,
    /// Examples that moved the row of each slot since its last merge.
    updates: Vec<u32>,
    /// slots × stride, padded with zeros.
    values: Aligned,
    room: usize,
    /// One per slot, or none.
    bias: Vec<f32>,
    /// Rows that are due to be merged.
    pub(super) due: Vec<u32>,
    whole: Option<Whole>,
    /// Whether these are rows of a worker on another rank that holds the whole table there.
    pub(super) is_whole_elsewhere: bool,
}

impl TouchedRows {
    /// An empty set of rows, for tables of this shape.
    pub fn new(shape: TableShape) -> Self {
        let rows = shape.rows as usize;
        Self {
            dim: shape.dim,
            stride: kernel::stride(shape.dim),
            slots: vec![0; rows],
            touched: vec![0; rows.div_ceil(64)],
            rows: Vec::new(),
            updates: Vec::new(),
            values: Aligned::default(),
            room: 0,
            bias: Vec::new(),
            due: Vec::new(),
            whole: None,
            is_whole_elsewhere: false,
        }
    }

    /// Reads back the rows that a barrier has merged into `base`.
    pub fn renew(&mut self, base: &SharedMatrix, merged: &Merged) {
        self.due.clear();
        let Merged::Rows(rows) = merged else { return self.clear() };
        for (i, row) in rows.iter().enumerate() {
            if let Some(coming) = rows.get(i + COMING).filter(|row| self.prefetch(**row)) {
                base.prefetch(*coming);
            }
            let Some(slot) = self.number(*row) else { continue };
            base.read_row(*row, &mut self.values.as_mut()[slot * self.stride..][..self.dim]);
            if let Some(bias) = self.bias.get_mut(slot) {
                *bias = base.row_bias(*row);
            }
            self.updates[slot] = 0;
        }
    }

    /// Drops all rows.
    pub(super) fn clear(&mut self) {
        for row in self.rows.drain(..) {
            self.slots[row as usize] = 0;
            self.touched[row as usize / 64] = 0;
        }
        self.updates.clear();
        self.bias.clear();
        self.is_whole_elsewhere = false;
        if let Some(whole) = &mut self.whole {
            whole.forget();
        }
    }

    /// The rows that have a slot, in the order of their slots.
    #[cfg(feature = "text")]
    pub(super) fn touched_rows(&self) -> impl Iterator<Item = u32> {
        self.rows.iter().copied()
    }

    /// Most examples that moved any one row since its last merge.
    pub fn most_updates(&self) -> u32 {
        self.updates.iter().copied().max().unwrap_or(0)
    }

    /// Whether it holds the whole table: a verb over a range has run since the last merge of all rows.
    pub fn is_whole(&self) -> bool {
        self.is_whole_elsewhere || self.whole.as_ref().is_some_and(Whole::is_held)
    }

    /// The slot of a row, if it has one.
    #[inline(always)]
    fn number(&self, row: u32) -> Option<usize> {
        (self.slots[row as usize] as usize).checked_sub(1)
    }

    /// The slot of a row. A row without a slot is copied from `base` into a new one.
    #[inline(always)]
    fn slot(&mut self, base: &SharedMatrix, row: u32) -> usize {
        match self.number(row) {
            None => self.touch(base, row),
            Some(slot) => slot,
        }
    }

    /// Prefetches a row into the cache if it has a slot, and returns whether it has.
    #[inline(always)]
    pub(super) fn prefetch(&self, row: u32) -> bool {
        let slot = self.number(row);
        if let Some(slot) = slot {
            self.values.prefetch(slot * self.stride, self.stride);
        }
        slot.is_some()
    }

    #[inline(never)]
    fn touch(&mut self, base: &SharedMatrix, row: u32) -> usize {
        let bias = base.has_bias().then(|| base.row_bias(row));
        let (slot, values) = self.add(row, bias, 0);
        base.read_row(row, values);
        slot
    }

    /// Gives a row without a slot the next one, with a bias if the table has biases. Returns the slot and its entries,
    /// which are to be filled.
    #[inline(always)]
    pub(super) fn add(&mut self, row: u32, bias: Option<f32>, updates: u32) -> (usize, &mut [f32]) {
        let slot = self.rows.len();
        if slot == self.room {
            self.room = (2 * slot).max(64);
            self.values.grow(self.room * self.stride);
        }
        self.bias.extend(bias);
        self.rows.push(row);
        self.updates.push(updates);
        self.slots[row as usize] = slot as u32 + 1;
        self.touched[row as usize / 64] |= 1 << (row % 64);
        (slot, &mut self.values.as_mut()[slot * self.stride..][..self.dim])
    }

    /// Counts the examples of an update, and marks the row as due when it reaches [`DUE`].
    #[inline(always)]
    fn count(&mut self, row: u32, slot: u32, examples: u32) {
        let updates = &mut self.updates[slot as usize];
        let before = *updates;
        *updates = before.saturating_add(examples);
        if before < DUE && *updates >= DUE {
            self.due.push(row);
        }
    }

    /// The entries of a slot, with padding.
    #[inline(always)]
    fn at(&self, slot: usize) -> &[f32] {
        &self.values.as_ref()[slot * self.stride..][..self.stride]
    }

    /// A row that this worker has moved: its weights, its bias (0 without) and the number of examples that moved it.
    pub(super) fn moved(&self, row: u32) -> Option<(&[f32], f32, u32)> {
        if let Some(whole) = self.whole.as_ref().filter(|w| w.is_held()) {
            return whole.moved(row);
        }
        let slot = self.number(row)?;
        let updates = self.updates[slot];
        let bias = self.bias.get(slot).copied().unwrap_or(0.0);
        (updates > 0).then(|| (&self.at(slot)[..self.dim], bias, updates))
    }
}

/// A worker's view of a matrix that does not change: its own copies of touched rows, base rows otherwise.
pub struct OverlayRows<'a> {
    pub(super) base: &'a SharedMatrix,
    pub(super) own: &'a mut TouchedRows,
}

impl fmt::Debug for OverlayRows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("OverlayRows").field("rows", &self.own.rows.len()).finish_non_exhaustive()
    }
}

impl RowSource for OverlayRows<'_> {
    #[inline(always)]
    fn copy_row(&self, row: u32, to: &mut [f32]) {
        match self.own.number(row) {
            None => self.base.read_row(row, to),
            Some(slot) => to.copy_from_slice(&self.own.at(slot)[..to.len()]),
        }
    }

    fn row_bias(&self, row: u32) -> f32 {
        let slot = self.own.number(row);
        slot.and_then(|s| self.own.bias.get(s).copied()).unwrap_or_else(|| self.base.row_bias(row))
    }

    fn has_bias(&self) -> bool {
        self.base.has_bias()
    }
}

impl<'a> RowStore for OverlayRows<'a> {
    type Buffers = &'a mut Buffers;

    fn shape(&self) -> TableShape {
        self.base.shape()
    }

    #[inline(always)]
    fn dim(&self) -> usize {
        self.own.dim
    }

    #[inline(always)]
    fn stride(&self) -> usize {
        self.own.stride
    }

    #[inline(never)]
    fn place(&mut self, rows: &[u32], places: &mut Vec<u32>) {
        places.clear();
        places.extend_from_slice(rows);
        for place in places {
            *place = self.own.slot(self.base, *place) as u32;
        }
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
    fn moved(&mut self, row: u32, place: u32, examples: u32, _groups: u32) {
        self.own.count(row, place, examples);
    }

    fn bias(&self, _row: u32, place: u32) -> f32 {
        self.own.bias[place as usize]
    }

    fn descend_bias(&mut self, _row: u32, place: u32, rate: f32, gradient: f32) {
        self.own.bias[place as usize] -= rate * gradient;
    }

    #[inline(always)]
    fn prefetch(&self, row: u32) {
        if !self.own.prefetch(row) {
            self.base.prefetch(row);
        }
    }

    /// After a verb over a range, all verbs use a copy of the whole table.
    #[inline(always)]
    fn plain(&mut self, rows: Option<&Range<u32>>, access: Access, rate: f32) -> Option<&mut Plain> {
        if rows.is_none() && !self.own.is_whole() {
            return None;
        }
        let mut whole = self.own.whole.take().unwrap_or_else(|| Whole::new(self.base.shape()));
        if !whole.is_held() {
            whole.gather(self);
        }
        whole.set_rate(rate);
        let whole = self.own.whole.insert(whole);
        Some(if access.updates() { whole.updated() } else { whole.table() })
    }
}
