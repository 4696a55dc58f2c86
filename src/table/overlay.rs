//! A worker's own copies of the rows that it touched, over a matrix that stands still meanwhile.
//!
//! Several workers train side by side without seeing each other: the first time that one touches a row it copies it,
//! and moves its copy from then on. At a barrier [`merge`] adds the moves of all to the matrix, in the order of the
//! workers: of rows that were moved often at every barrier, of all rows now and then. What comes out depends on the workers, never on the threads that ran them.

mod bags;
mod few;
mod merge;
mod whole;

pub use merge::{Merged, merge};

use super::block::{Block, RowSource, is_small};
use super::shared::{Aligned, SharedMatrix};
use super::{Bags, Coefficients, Fold, Rows, Stat, Table, TableShape, Threads, TileCoefficients, kernel};
use crate::simd::{self, dispatch};
use bags::{Descend, Mean};
use few::Few;
use ndarray::{ArrayView2, ArrayViewMut2};
use std::ops::Range;
use whole::Whole;

/// The examples that one worker may move a row by before the row is due to be merged at the next barrier.
const DUE: u32 = 32;

/// The rows of one table that a worker has touched since the last barrier. The memory is used again.
///
/// It needs 4 bytes a row of the table beside the rows themselves. Only a verb over a whole range ([`Table::scan`],
/// [`Table::sweep`]), as dense layers use it, makes it a copy of the table.
pub struct OwnRows {
    dim: usize,
    stride: usize,
    /// For each row of the table 1 + its slot, or 0.
    slots: Vec<u32>,
    /// The rows that have a slot, a bit each.
    touched: Vec<u64>,
    /// The row of each slot.
    rows: Vec<u32>,
    /// slots × stride, padded with zeros.
    values: Aligned,
    room: usize,
    /// slots, or none.
    bias: Vec<f32>,
    /// Examples that moved each slot since it was last merged.
    updates: Vec<u32>,
    /// The rows that are due to be merged.
    due: Vec<u32>,
    whole: Option<Whole>,
    few: Few,
    block: Block,
    row: Vec<f32>,
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
    fn slot(&mut self, base: &SharedMatrix, row: u32) -> usize {
        match self.slots[row as usize] {
            0 => self.touch(base, row),
            slot => slot as usize - 1,
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
    fn count(&mut self, slot: usize, examples: u32) {
        let before = self.updates[slot];
        self.updates[slot] = before.saturating_add(examples);
        if before < DUE && self.updates[slot] >= DUE {
            self.due.push(self.rows[slot]);
        }
    }

    /// A slot with its padding.
    #[inline(always)]
    fn at(&self, slot: usize) -> &[f32] {
        &self.values.as_ref()[slot * self.stride..][..self.stride]
    }

    #[inline(always)]
    fn at_mut(&mut self, slot: usize) -> &mut [f32] {
        &mut self.values.as_mut()[slot * self.stride..][..self.stride]
    }

    /// A row that was moved: its weights, its bias (0 without), and how many examples moved it.
    fn moved(&self, row: u32) -> Option<(&[f32], f32, u32)> {
        if let Some(whole) = self.whole.as_ref().filter(|w| w.is_held()) {
            return whole.moved(row);
        }
        let slot = (self.slots[row as usize] as usize).checked_sub(1)?;
        let updates = self.updates[slot];
        let bias = self.bias.get(slot).copied().unwrap_or(0.0);
        (updates > 0).then(|| (&self.at(slot)[..self.dim], bias, updates))
    }
}

/// The handle of one of several workers on a matrix that none of them changes: updates are seen at once by this
/// worker, and by the others after [`merge`].
///
/// Alone, all verbs give the same bits as [`Online`](super::Online).
pub struct Overlay<'a> {
    base: &'a SharedMatrix,
    own: &'a mut OwnRows,
    rate: f32,
}

impl<'a> Overlay<'a> {
    /// A handle that puts its rows into `own`, where those of an earlier handle may stand.
    ///
    /// # Panics
    /// If `own` was made for another shape.
    pub fn new(base: &'a SharedMatrix, own: &'a mut OwnRows, rate: f32) -> Self {
        assert_eq!((own.slots.len(), own.dim), (base.shape().rows as usize, base.shape().dim), "the table's shape");
        Self { base, own, rate }
    }

    /// The copy of the whole table, if there is one or `wanted`.
    fn whole(&mut self, wanted: bool) -> Option<&mut Whole> {
        if !wanted && !self.own.is_whole() {
            return None;
        }
        let mut whole = self.own.whole.take().unwrap_or_else(|| Whole::new(self.base.shape()));
        if !whole.is_held() {
            whole.gather(&View { base: self.base, own: self.own });
        }
        whole.set_rate(self.rate);
        Some(self.own.whole.insert(whole))
    }

    fn descend_row(&mut self, row: u32, gradient: &[f32], bias: f32) {
        let slot = self.own.slot(self.base, row);
        if let Some(to) = self.own.bias.get_mut(slot) {
            *to -= self.rate * bias;
        }
        let bags = Bags { rows: &[row], offsets: &[0, 1] };
        dispatch(Descend { base: self.base, own: self.own, bags, mean: false, rate: self.rate, gradient });
    }
}

/// What a worker sees.
struct View<'a> {
    base: &'a SharedMatrix,
    own: &'a OwnRows,
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

impl Table for Overlay<'_> {
    fn shape(&self) -> TableShape {
        self.base.shape()
    }

    fn scores(&mut self, rows: &Rows, x: ArrayView2<f32>, mut out: ArrayViewMut2<f32>) {
        if let Some(whole) = self.whole(matches!(rows, Rows::Range(_))) {
            return whole.table().scores(rows, x, out);
        }
        if let Rows::List(list) = rows {
            let mut block = std::mem::take(&mut self.own.block);
            block.gather(&View { base: self.base, own: self.own }, list, &x);
            out.assign(&block.scores(&Threads::default()));
            self.own.block = block;
        }
    }

    fn weighted_sum(&mut self, rows: &Rows, coef: ArrayView2<f32>, mut out: ArrayViewMut2<f32>) {
        if let Some(whole) = self.whole(matches!(rows, Rows::Range(_))) {
            return whole.table().weighted_sum(rows, coef, out);
        }
        let Rows::List(list) = rows else { return };
        let mut row = std::mem::take(&mut self.own.row);
        let view = View { base: self.base, own: self.own };
        for (k, mut y) in coef.rows().into_iter().zip(out.rows_mut()) {
            let y = y.as_slice_mut().expect("contiguous rows");
            for (k, number) in k.iter().zip(*list) {
                view.copy_row(*number, &mut row);
                simd::add_scaled(y, *k, &row);
            }
        }
        self.own.row = row;
    }

    fn descend(&mut self, rows: &Rows, coef: ArrayView2<f32>, x: ArrayView2<f32>) {
        if let Some(whole) = self.whole(matches!(rows, Rows::Range(_))) {
            return whole.updated().descend(rows, coef, x);
        }
        let Rows::List(list) = rows else { return };
        let gradient = coef.t().dot(&x);
        for (c, row) in list.iter().enumerate() {
            let bias = coef.column(c).sum();
            self.descend_row(*row, gradient.row(c).to_slice().expect("contiguous rows"), bias);
        }
    }

    fn bag_means(&mut self, bags: Bags, mut out: ArrayViewMut2<f32>) {
        if let Some(whole) = self.whole(false) {
            return whole.table().bag_means(bags, out);
        }
        for (b, mut y) in out.rows_mut().into_iter().enumerate() {
            let y = y.as_slice_mut().expect("contiguous rows");
            dispatch(Mean { base: self.base, own: self.own, bag: bags.bag(b), out: y });
        }
    }

    fn descend_bags(&mut self, bags: Bags, d_out: ArrayView2<f32>) {
        if let Some(whole) = self.whole(false) {
            return whole.updated().descend_bags(bags, d_out);
        }
        let (base, rate) = (self.base, self.rate);
        for (b, gradient) in d_out.rows().into_iter().enumerate() {
            let gradient = gradient.to_slice().expect("contiguous rows");
            let bags = Bags { rows: bags.rows, offsets: &bags.offsets[b..b + 2] };
            dispatch(Descend { base, own: self.own, bags, mean: true, rate, gradient });
        }
    }

    fn descend_each(&mut self, bags: Bags, d_out: ArrayView2<f32>) {
        if let Some(whole) = self.whole(false) {
            return whole.updated().descend_each(bags, d_out);
        }
        let (base, rate) = (self.base, self.rate);
        for (b, gradient) in d_out.rows().into_iter().enumerate() {
            let gradient = gradient.to_slice().expect("contiguous rows");
            let bags = Bags { rows: bags.rows, offsets: &bags.offsets[b..b + 2] };
            dispatch(Descend { base, own: self.own, bags, mean: false, rate, gradient });
        }
    }

    fn step(
        &mut self,
        rows: &[u32],
        x: ArrayView2<f32>,
        coef: &Coefficients,
        losses: &mut [f64],
        d_x: ArrayViewMut2<f32>,
    ) {
        if let Some(whole) = self.whole(false) {
            return whole.updated().step(rows, x, coef, losses, d_x);
        }
        if is_small(x.nrows(), rows.len()) && x.is_standard_layout() && d_x.is_standard_layout() {
            let mut few = std::mem::take(&mut self.own.few);
            few.step(self.base, self.own, rows, x, self.rate, coef, losses, d_x);
            self.own.few = few;
            return;
        }
        let threads = Threads::default();
        let mut block = std::mem::take(&mut self.own.block);
        block.gather(&View { base: self.base, own: self.own }, rows, &x);
        block.scores(&threads);
        block.coefficients(coef, losses, &threads);
        block.weighted_sum(d_x, &threads);
        block.outer(&threads);
        block.gradients(|c, gradient, bias| self.descend_row(rows[c], gradient, bias));
        self.own.block = block;
    }

    fn scan(&mut self, rows: Range<u32>, x: ArrayView2<f32>, fold: &Fold, out: &mut [Stat]) {
        if let Some(whole) = self.whole(true) {
            whole.table().scan(rows, x, fold, out);
        }
    }

    fn sweep(
        &mut self,
        rows: Range<u32>,
        x: ArrayView2<f32>,
        coef: &TileCoefficients,
        d_x: ArrayViewMut2<f32>,
        last: bool,
    ) {
        if let Some(whole) = self.whole(true) {
            whole.updated().sweep(rows, x, coef, d_x, last);
        }
    }

    fn set_rate(&mut self, rate: f32) {
        self.rate = rate;
    }
}
