//! The verbs over a plain matrix that belongs to one worker.

mod cache;
mod deferred;
mod divided;
mod frozen;
pub(in crate::table) mod gradient;
#[cfg(feature = "eval")]
mod ledger;
mod online;
mod strip;
#[cfg(test)]
mod tests;

pub use deferred::{Deferred, DeferredStore};
pub use divided::{Divided, Division};
pub use frozen::{Frozen, FrozenStore};
pub use gradient::TableGradient;
#[cfg(feature = "eval")]
pub(crate) use ledger::{Held, Ledger};
pub use online::{Online, OnlineStore};
pub use strip::Strip;

use super::kernel::block;
use super::kernel::product::Products;
use super::kernel::tile::{self, Buffers, Packed, Strips};
use super::matrix::Matrix;
use super::{Bags, Coefficients, Fold, Rows, Stat, Table, TableShape, Threads, TileCoefficients};
use crate::simd;
use cache::ScoreCache;
use ndarray::{ArrayView2, ArrayViewMut2};
use std::fmt;
use std::ops::Range;

mod sealed {
    /// Implemented by the stores of this crate only.
    pub trait Sealed {}
}

use sealed::Sealed;

/// Treatment of gradients: the only difference between `Frozen`, `Online` and `Deferred`. Sealed: there are no other
/// stores.
pub trait Storage: Sealed + Send {
    /// The matrix of parameters.
    fn matrix(&self) -> &Matrix;

    /// The matrix, mutable; `None` if it is read-only.
    fn matrix_mut(&mut self) -> Option<&mut Matrix> {
        None
    }

    /// Whether gradients are needed at all.
    fn trains(&self) -> bool {
        true
    }

    /// Adds scale·gradient (d numbers) to the gradient of a row, and scale·bias to that of its bias.
    fn add(&mut self, row: u32, scale: f32, gradient: &[f32], bias: f32);

    /// Neighbouring rows for a sweep, ready to be split among threads; `last` as in [`Table::sweep`].
    #[doc(hidden)]
    fn strip(&mut self, rows: &Range<u32>, last: bool) -> Strip<'_>;

    /// Called at the end of every verb.
    fn settle(&mut self, _threads: &Threads) {}

    /// See [`Table::set_rate`].
    fn set_rate(&mut self, _rate: f32) {}

    /// See [`Table::flush`].
    fn flush(&mut self, _threads: &Threads) {}

    /// See [`Table::gradient`].
    fn gradient(&mut self) -> Option<TableGradient<'_>> {
        None
    }

    /// See [`Table::discard`].
    fn discard(&mut self) {}
}

/// A handle on a matrix that no other worker touches, with the threads that it may use.
pub struct Exclusive<S> {
    store: S,
    threads: Threads,
    block: block::Block,
    products: Products,
    cache: ScoreCache,
    packed: Packed,
    /// Strips × batch.
    stats: Vec<Stat>,
    buffers: Vec<Buffers>,
}

impl<S: fmt::Debug> fmt::Debug for Exclusive<S> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Exclusive").field("store", &self.store).field("threads", &self.threads).finish_non_exhaustive()
    }
}

impl<S: Storage> Exclusive<S> {
    pub(super) fn over(store: S, threads: Threads) -> Self {
        Self {
            store,
            threads,
            block: block::Block::default(),
            products: Products::default(),
            cache: ScoreCache::default(),
            packed: Packed::default(),
            stats: Vec::new(),
            buffers: Vec::new(),
        }
    }

    pub(super) fn store(&self) -> &S {
        &self.store
    }

    pub(super) fn store_mut(&mut self) -> &mut S {
        self.cache.clear();
        &mut self.store
    }

    /// Takes a step over the rows in `block`. `row` gives the row of the matrix that a gathered row updates, if any.
    fn step_on_gathered(
        &mut self,
        row: impl Fn(usize) -> Option<u32>,
        coef: &Coefficients,
        losses: &mut [f64],
        d_x: ArrayViewMut2<f32>,
    ) {
        let Self { store, threads, block, cache, .. } = self;
        cache.clear();
        block.scores(threads);
        block.coefficients(coef, losses, threads);
        block.weighted_sum(d_x, threads);
        if store.trains() {
            block.outer(threads);
            block.gradients(|c, gradient, bias| {
                if let Some(row) = row(c) {
                    store.add(row, 1.0, gradient, bias);
                }
            });
            store.settle(threads);
        }
    }

    /// Leaves the statistics of each strip in `stats`, strip by strip.
    fn scan_strips(&mut self, strips: Strips, x: ArrayView2<f32>, fold: &Fold) {
        let (batch, rows) = (x.nrows(), strips.range());
        let scanned = self.cache.look(&rows, &x);
        if !scanned.complete {
            self.packed.for_scan(&x);
        }
        let packed = &self.packed;
        // A second scan of the same rows suggests more, so keep the scores even if nothing is trained.
        let room = self.cache.begin(strips, &x, packed, scanned, self.store.trains() || scanned.again);
        self.stats.clear();
        self.stats.resize(strips.len() * batch, Stat::EMPTY);
        let (matrix, mut scores) = (self.store.matrix(), self.cache.scores_mut());
        let items = strips.iter().zip(self.stats.chunks_mut(batch.max(1))).map(|(strip, stats)| {
            let (part, rest) = std::mem::take(&mut scores).split_at_mut(room.numbers_for(&strip));
            scores = rest;
            (strip, part, stats)
        });
        self.threads.each(items, |(strip, scores, stats)| {
            let parameters = matrix.rows_and_biases(&strip);
            tile::scan_strip(packed, strips.named(&strip), parameters, (scores, scanned.complete), fold, stats);
        });
    }

    /// Leaves ∂L/∂x of each strip in `buffers`.
    fn sweep_strips(&mut self, strips: Strips, x: ArrayView2<f32>, coef: &TileCoefficients, last: bool) {
        let rows = strips.range();
        let kept = self.cache.holds(&rows, &x);
        if !kept {
            self.packed.for_scan(&x);
        }
        self.packed.for_sweep(&x);
        let (packed, dim) = (&self.packed, self.packed.dim);
        self.cache.clear();
        self.buffers.resize_with(self.buffers.len().max(strips.len()), Buffers::default);
        let mut scores = if kept { self.cache.scores_mut() } else { &mut [] };
        let parts = strips.cut(self.store.strip(&rows, last), |strip, rows| strip.split(rows, dim));
        let items = strips.iter().zip(parts).zip(&mut self.buffers).map(|((rows, strip), buffers)| {
            let len = if kept { packed.stride * rows.len() } else { 0 };
            let (part, rest) = std::mem::take(&mut scores).split_at_mut(len);
            scores = rest;
            (rows, strip, part, buffers)
        });
        self.threads.each(items, |(rows, mut strip, kept, buffers)| {
            tile::sweep_strip(packed, strips.named(&rows), &mut strip, kept, buffers, coef);
        });
    }

    /// Updates each row of bag b with d_out\[b\] times `share(b)`.
    fn add_bags(&mut self, bags: Bags, d_out: ArrayView2<f32>, share: impl Fn(usize) -> f32) {
        self.cache.clear();
        if !self.store.trains() {
            return;
        }
        for (b, d) in d_out.rows().into_iter().enumerate() {
            let d = d.to_slice().expect("contiguous rows");
            let bag = bags.bag(b);
            bag.iter().for_each(|row| self.store.add(*row, share(b), d, 0.0));
        }
        self.store.settle(&self.threads);
    }
}

impl<S: Storage> Table for Exclusive<S> {
    fn shape(&self) -> TableShape {
        self.store.matrix().shape()
    }

    fn scores(&mut self, rows: &Rows, x: ArrayView2<f32>, mut out: ArrayViewMut2<f32>) {
        match rows {
            Rows::Range(range) => self.products.scores(self.store.matrix().rows_and_biases(range), x, out),
            Rows::List(list) => {
                self.block.gather(self.store.matrix(), list, &x);
                out.assign(&self.block.scores(&self.threads));
            }
        }
    }

    fn weighted_sum(&mut self, rows: &Rows, coef: ArrayView2<f32>, mut out: ArrayViewMut2<f32>) {
        match rows {
            Rows::Range(range) => self.products.weighted_sum(self.store.matrix().rows_and_biases(range).0, coef, out),
            Rows::List(list) => {
                let matrix = self.store.matrix();
                for (k, mut y) in coef.rows().into_iter().zip(out.rows_mut()) {
                    let y = y.as_slice_mut().expect("contiguous rows");
                    k.iter().zip(*list).for_each(|(k, row)| simd::add_scaled(y, *k, matrix.row(*row)));
                }
            }
        }
    }

    fn descend(&mut self, rows: &Rows, coef: ArrayView2<f32>, x: ArrayView2<f32>) {
        self.cache.clear();
        if !self.store.trains() {
            return;
        }
        let row = |c: usize| match rows {
            Rows::Range(range) => range.start + c as u32,
            Rows::List(list) => list[c],
        };
        self.products.outer(coef, x, |c, gradient, bias| self.store.add(row(c), 1.0, gradient, bias));
        self.store.settle(&self.threads);
    }

    fn bag_means(&mut self, bags: Bags, mut out: ArrayViewMut2<f32>) {
        let matrix = self.store.matrix();
        for (b, mut y) in out.rows_mut().into_iter().enumerate() {
            let y = y.as_slice_mut().expect("contiguous rows");
            let bag = bags.bag(b);
            y.fill(0.0);
            bag.iter().for_each(|row| simd::add(y, matrix.row(*row)));
            if bag.len() > 1 {
                simd::scale(y, 1.0 / bag.len() as f32);
            }
        }
    }

    fn descend_bags(&mut self, bags: Bags, d_out: ArrayView2<f32>) {
        self.add_bags(bags, d_out, |b| 1.0 / bags.bag(b).len() as f32);
    }

    fn descend_each(&mut self, bags: Bags, d_out: ArrayView2<f32>) {
        self.add_bags(bags, d_out, |_| 1.0);
    }

    fn step(
        &mut self,
        rows: &[u32],
        x: ArrayView2<f32>,
        coef: &Coefficients,
        losses: &mut [f64],
        d_x: ArrayViewMut2<f32>,
    ) {
        self.block.gather(self.store.matrix(), rows, &x);
        self.step_on_gathered(|c| Some(rows[c]), coef, losses, d_x);
    }

    fn scan(&mut self, rows: Range<u32>, x: ArrayView2<f32>, fold: &Fold, out: &mut [Stat]) {
        self.scan_strips(Strips::of(&rows), x, fold);
        for part in self.stats.chunks(x.nrows().max(1)) {
            out.iter_mut().zip(part).for_each(|(all, part)| all.merge(part));
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
        let strips = Strips::of(&rows);
        self.sweep_strips(strips, x, coef, last);
        tile::merge_d_x(&self.buffers[..strips.len()], d_x);
        if last {
            self.store.settle(&self.threads);
        }
    }

    fn matrix(&self) -> Option<&Matrix> {
        Some(self.store.matrix())
    }

    fn matrix_mut(&mut self) -> Option<&mut Matrix> {
        self.store_mut().matrix_mut()
    }

    fn gradient(&mut self) -> Option<TableGradient<'_>> {
        self.store.gradient()
    }

    fn discard(&mut self) {
        self.store.discard();
    }

    fn set_rate(&mut self, rate: f32) {
        self.store.set_rate(rate);
    }

    fn flush(&mut self) {
        self.cache.clear();
        self.store.flush(&self.threads);
    }
}
