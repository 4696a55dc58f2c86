//! The verbs of one worker among several, over any store of its rows.

use crate::simd::{self, dispatch};
use crate::table::groups::step_by_step;
use crate::table::kernel::block::is_small;
use crate::table::kernel::product::Products;
use crate::table::kernel::rows::{Access, Plain, RowStore};
use crate::table::kernel::small::{Buffers, Descend, DescendSums, Means, SharedMeans};
use crate::table::kernel::view::matrix;
use crate::table::{
    Bags, Coefficients, Fold, GroupCoefficients, Groups, Rows, Stat, Table, TableShape, Threads, TileCoefficients,
    Traffic,
};
use ndarray::{ArrayView2, ArrayViewMut2};
use std::borrow::BorrowMut;
use std::fmt;
use std::ops::Range;

/// The handle of one of several workers; it sees its own updates at once. The store decides which rows the worker keeps
/// and when others see its moves: see [`Shared`](crate::table::Shared) and [`Overlay`](crate::table::Overlay).
///
/// Verbs over a few rows work on the rows at their places. Verbs over ranges work on a plain copy of the table: any
/// layer can use them, but the handle is not designed for them.
pub struct WorkerTable<S: RowStore> {
    store: S,
    rate: f32,
    buffers: S::Buffers,
}

impl<S: RowStore> fmt::Debug for WorkerTable<S> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("WorkerTable")
            .field("shape", &self.store.shape())
            .field("rate", &self.rate)
            .finish_non_exhaustive()
    }
}

impl<S: RowStore> WorkerTable<S> {
    pub(super) fn over(store: S, rate: f32, buffers: S::Buffers) -> Self {
        Self { store, rate, buffers }
    }

    /// Runs a verb on the plain copy of the table if the store has one for it. Returns whether it did.
    #[inline(always)]
    fn on_plain(&mut self, rows: Option<&Range<u32>>, access: Access, verb: impl FnOnce(&mut Plain)) -> bool {
        let Some(plain) = self.store.plain(rows, access, self.rate) else { return false };
        verb(plain);
        self.store.settle(access);
        true
    }

    fn descend_row(&mut self, row: u32, gradient: &[f32], bias: f32) {
        if self.store.has_bias() {
            let places = &mut self.buffers.borrow_mut().places;
            self.store.place(&[row], places);
            self.store.descend_bias(row, places[0], self.rate, bias);
        }
        self.descend_bag(Bags { rows: &[row], offsets: &[0, 1] }, false, gradient);
    }

    /// Updates each row of bag b with d_out\[b\], divided by the size of the bag if `mean`.
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
        let places = &mut self.buffers.borrow_mut().places;
        dispatch(Descend { table: &mut self.store, bags, mean, rate: self.rate, gradient, places });
    }
}

/// The range of `rows`, or `None` for a list.
fn range<'a>(rows: &'a Rows) -> Option<&'a Range<u32>> {
    match rows {
        Rows::Range(range) => Some(range),
        Rows::List(_) => None,
    }
}

impl<S: RowStore> Table for WorkerTable<S> {
    fn shape(&self) -> TableShape {
        self.store.shape()
    }

    fn scores(&mut self, rows: &Rows, x: ArrayView2<f32>, mut out: ArrayViewMut2<f32>) {
        if self.on_plain(range(rows), Access::Read, |plain| plain.scores(rows, x, out.view_mut())) {
            return;
        }
        let Rows::List(list) = rows else { return };
        let block = &mut self.buffers.borrow_mut().block;
        block.gather(&self.store, list, &x);
        out.assign(&block.scores(&Threads::default()));
    }

    fn weighted_sum(&mut self, rows: &Rows, coef: ArrayView2<f32>, mut out: ArrayViewMut2<f32>) {
        if self.on_plain(range(rows), Access::Read, |plain| plain.weighted_sum(rows, coef, out.view_mut())) {
            return;
        }
        let Rows::List(list) = rows else { return };
        let row = &mut self.buffers.borrow_mut().row;
        row.resize(self.store.dim(), 0.0);
        for (k, mut y) in coef.rows().into_iter().zip(out.rows_mut()) {
            let y = y.as_slice_mut().expect("contiguous rows");
            for (k, number) in k.iter().zip(*list) {
                self.store.copy_row(*number, row);
                simd::add_scaled(y, *k, row);
            }
        }
    }

    fn descend(&mut self, rows: &Rows, coef: ArrayView2<f32>, x: ArrayView2<f32>) {
        if self.on_plain(range(rows), Access::Update, |plain| plain.descend(rows, coef, x)) {
            return;
        }
        let Rows::List(list) = rows else { return };
        let descend = |c: usize, gradient: &[f32], bias: f32| self.descend_row(list[c], gradient, bias);
        Products::default().outer(coef, x, descend);
    }

    fn bag_means(&mut self, bags: Bags, mut out: ArrayViewMut2<f32>) {
        if self.on_plain(None, Access::Read, |plain| plain.bag_means(bags, out.view_mut())) {
            return;
        }
        self.store.renew();
        let (table, places) = (&mut self.store, &mut self.buffers.borrow_mut().places);
        if let Some(out) = out.as_slice_mut() {
            return dispatch(Means { table, bags, places, out });
        }
        for (b, mut out) in out.rows_mut().into_iter().enumerate() {
            let out = out.as_slice_mut().expect("contiguous rows");
            let bags = Bags { rows: bags.rows, offsets: &bags.offsets[b..b + 2] };
            dispatch(Means { table, bags, places, out });
        }
    }

    fn shared_means(&mut self, rows: &[u32], bags: Bags, mut out: ArrayViewMut2<f32>) {
        if self.on_plain(None, Access::Read, |plain| plain.shared_means(rows, bags, out.view_mut())) {
            return;
        }
        self.store.renew();
        let Buffers { places, bag, .. } = self.buffers.borrow_mut();
        let table = &mut self.store;
        if let Some(out) = out.as_slice_mut() {
            return dispatch(SharedMeans { table, rows, bags, places, bag, out });
        }
        let mut means = vec![0.0; out.len()];
        dispatch(SharedMeans { table, rows, bags, places, bag, out: &mut means });
        out.assign(&matrix(&means, bags.len()));
    }

    fn descend_bags(&mut self, bags: Bags, d_out: ArrayView2<f32>) {
        if !self.on_plain(None, Access::Update, |plain| plain.descend_bags(bags, d_out)) {
            self.descend_all(bags, d_out, true);
        }
    }

    fn descend_each(&mut self, bags: Bags, d_out: ArrayView2<f32>) {
        if !self.on_plain(None, Access::Update, |plain| plain.descend_each(bags, d_out)) {
            self.descend_all(bags, d_out, false);
        }
    }

    fn descend_sums(&mut self, rows: &[u32], sums: Bags, gradients: ArrayView2<f32>) {
        if self.on_plain(None, Access::Update, |plain| plain.descend_sums(rows, sums, gradients)) {
            return;
        }
        let Buffers { places, gradients: padded, .. } = self.buffers.borrow_mut();
        let gradients = gradients.to_slice().expect("gradients are contiguous");
        dispatch(DescendSums { table: &mut self.store, rows, sums, rate: self.rate, gradients, padded, places });
    }

    fn step(
        &mut self,
        rows: &[u32],
        x: ArrayView2<f32>,
        coef: &Coefficients,
        losses: &mut [f64],
        mut d_x: ArrayViewMut2<f32>,
    ) {
        if self.on_plain(None, Access::Update, |plain| plain.step(rows, x, coef, losses, d_x.view_mut())) {
            return;
        }
        let Buffers { small, block, .. } = self.buffers.borrow_mut();
        if is_small(x.nrows(), rows.len()) && x.is_standard_layout() && d_x.is_standard_layout() {
            return small.step(&mut self.store, rows, x, self.rate, coef, losses, d_x);
        }
        let threads = Threads::default();
        let mut block = std::mem::take(block);
        block.gather(&self.store, rows, &x);
        block.scores(&threads);
        block.coefficients(coef, losses, &threads);
        block.weighted_sum(d_x, &threads);
        block.outer(&threads);
        block.gradients(|c, gradient, bias| self.descend_row(rows[c], gradient, bias));
        self.buffers.borrow_mut().block = block;
    }

    fn step_groups(
        &mut self,
        groups: Groups,
        x: ArrayView2<f32>,
        coef: &GroupCoefficients,
        losses: &mut [f64],
        mut d_x: ArrayViewMut2<f32>,
    ) {
        let on_plain = |plain: &mut Plain| plain.step_groups(groups, x, coef, losses, d_x.view_mut());
        if self.on_plain(None, Access::Update, on_plain) {
            return;
        }
        if !(x.is_standard_layout() && d_x.is_standard_layout()) {
            return step_by_step(self, groups, x, coef, losses, d_x);
        }
        let small = &mut self.buffers.borrow_mut().small;
        small.step_groups(&mut self.store, groups, x, self.rate, coef, losses, d_x);
    }

    fn scan(&mut self, rows: Range<u32>, x: ArrayView2<f32>, fold: &Fold, out: &mut [Stat]) {
        self.on_plain(Some(&rows), Access::Scan, |plain| plain.scan(rows.clone(), x, fold, out));
    }

    fn sweep(
        &mut self,
        rows: Range<u32>,
        x: ArrayView2<f32>,
        coef: &TileCoefficients,
        d_x: ArrayViewMut2<f32>,
        last: bool,
    ) {
        self.on_plain(Some(&rows), Access::Sweep { last }, |plain| plain.sweep(rows.clone(), x, coef, d_x, last));
    }

    fn prefetch(&self, rows: &[u32]) {
        rows.iter().for_each(|row| self.store.prefetch(*row));
    }

    fn set_rate(&mut self, rate: f32) {
        self.rate = rate;
        self.store.set_rate(rate);
    }

    fn flush(&mut self) {
        self.store.flush();
    }

    fn traffic(&self) -> Traffic {
        self.store.traffic()
    }
}
