//! A worker's own copies of the rows that it touched, over a matrix that stands still meanwhile.
//!
//! Several workers train side by side without seeing each other: the first time that one touches a row it copies it,
//! and moves its copy from then on. At a barrier [`merge`] adds the moves of all to the matrix, in the order of the
//! workers: of rows that were moved often at every barrier, of all rows now and then. What comes out depends on the workers, never on the threads that ran them.

mod merge;
mod own;
mod whole;

pub use merge::{Merged, merge};
pub use own::OwnRows;

use super::shared::SharedMatrix;
use crate::simd::{self, dispatch};
use crate::table::kernel::block::{RowSource, is_small};
use crate::table::kernel::product::Products;
use crate::table::kernel::small::{Descend, Means};
use crate::table::{Bags, Coefficients, Fold, Rows, Stat, Table, TableShape, Threads, TileCoefficients};
use ndarray::{ArrayView2, ArrayViewMut2};
use own::{Moved, OverlayView};
use std::fmt;
use std::ops::Range;
use whole::Whole;

/// The handle of one of several workers on a matrix that none of them changes: updates are seen at once by this
/// worker, and by the others after [`merge`].
///
/// Alone, all verbs give the same bits as [`Online`](crate::table::Online).
pub struct Overlay<'a> {
    base: &'a SharedMatrix,
    own: &'a mut OwnRows,
    rate: f32,
}

impl fmt::Debug for Overlay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Overlay").field("rate", &self.rate).finish_non_exhaustive()
    }
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
            whole.gather(&OverlayView { base: self.base, own: self.own });
        }
        whole.set_rate(self.rate);
        Some(self.own.whole.insert(whole))
    }

    fn descend_row(&mut self, row: u32, gradient: &[f32], bias: f32) {
        let slot = self.own.slot(self.base, row);
        if let Some(to) = self.own.bias.get_mut(slot) {
            *to -= self.rate * bias;
        }
        self.descend_bag(Bags { rows: &[row], offsets: &[0, 1] }, false, gradient);
    }

    /// Each row of bag b descends along d_out\[b\], divided by the size of the bag if `mean`.
    fn descend_all(&mut self, bags: Bags, d_out: ArrayView2<f32>, mean: bool) {
        if let Some(gradient) = d_out.to_slice() {
            return self.descend_bag(bags, mean, gradient);
        }
        for (b, gradient) in d_out.rows().into_iter().enumerate() {
            let gradient = gradient.to_slice().expect("contiguous rows");
            self.descend_bag(Bags { rows: bags.rows, offsets: &bags.offsets[b..b + 2] }, mean, gradient);
        }
    }

    fn descend_bag(&mut self, bags: Bags, mean: bool, gradient: &[f32]) {
        let mut places = std::mem::take(&mut self.own.places);
        let table = &mut Moved { base: self.base, own: self.own };
        dispatch(Descend { table, bags, mean, rate: self.rate, gradient, places: &mut places });
        self.own.places = places;
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
            block.gather(&OverlayView { base: self.base, own: self.own }, list, &x);
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
        let view = OverlayView { base: self.base, own: self.own };
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
        let descend = |c: usize, gradient: &[f32], bias: f32| self.descend_row(list[c], gradient, bias);
        Products::default().outer(coef, x, descend);
    }

    fn bag_means(&mut self, bags: Bags, mut out: ArrayViewMut2<f32>) {
        if let Some(whole) = self.whole(false) {
            return whole.table().bag_means(bags, out);
        }
        let mut places = std::mem::take(&mut self.own.places);
        let table = &mut Moved { base: self.base, own: self.own };
        if let Some(out) = out.as_slice_mut() {
            dispatch(Means { table, bags, places: &mut places, out });
        } else {
            for (b, mut out) in out.rows_mut().into_iter().enumerate() {
                let out = out.as_slice_mut().expect("contiguous rows");
                let bags = Bags { rows: bags.rows, offsets: &bags.offsets[b..b + 2] };
                dispatch(Means { table, bags, places: &mut places, out });
            }
        }
        self.own.places = places;
    }

    fn descend_bags(&mut self, bags: Bags, d_out: ArrayView2<f32>) {
        match self.whole(false) {
            Some(whole) => whole.updated().descend_bags(bags, d_out),
            None => self.descend_all(bags, d_out, true),
        }
    }

    fn descend_each(&mut self, bags: Bags, d_out: ArrayView2<f32>) {
        match self.whole(false) {
            Some(whole) => whole.updated().descend_each(bags, d_out),
            None => self.descend_all(bags, d_out, false),
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
            let mut small = std::mem::take(&mut self.own.small);
            small.step(&mut Moved { base: self.base, own: self.own }, rows, x, self.rate, coef, losses, d_x);
            self.own.small = small;
            return;
        }
        let threads = Threads::default();
        let mut block = std::mem::take(&mut self.own.block);
        block.gather(&OverlayView { base: self.base, own: self.own }, rows, &x);
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

    fn prefetch(&self, rows: &[u32]) {
        for row in rows {
            if !self.own.prefetch(*row) {
                self.base.prefetch(*row);
            }
        }
    }

    fn set_rate(&mut self, rate: f32) {
        self.rate = rate;
    }
}
