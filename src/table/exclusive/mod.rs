//! The verbs over a plain matrix that one worker has to itself.

mod deferred;
mod frozen;
pub(in crate::table) mod gradient;
mod ledger;
mod online;

pub use deferred::Deferred;
pub use frozen::Frozen;
pub use ledger::{Held, Ledger};
pub use online::Online;

use super::kernel::block;
use super::kernel::tile::{self, Buffers, Packed};
use super::matrix::{Matrix, MatrixStrip};
use super::{Bags, Coefficients, Fold, KEPT_SCORES, Rows, Stat, Table, TableShape, Threads, TileCoefficients};
use crate::simd;
use gradient::{Gradient, GradientStrip, outer};
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};
use std::ops::Range;

/// What a handle does with gradients: this is where `Frozen`, `Online` and `Deferred` differ.
pub trait Storage: Send {
    /// The parameters.
    fn matrix(&self) -> &Matrix;

    /// Whether gradients are wanted at all.
    fn trains(&self) -> bool {
        true
    }

    /// Takes scale·gradient for a row, and scale·bias for its bias.
    fn add(&mut self, row: u32, scale: f32, gradient: &[f32], bias: f32);

    /// Cuts the table into strips for a sweep; `last` as in [`Table::sweep`].
    fn strips(&mut self, bounds: &[Range<u32>], last: bool) -> Vec<Strip<'_>>;

    /// The end of a verb.
    fn settle(&mut self, _threads: &Threads) {}

    /// See [`Table::set_rate`].
    fn set_rate(&mut self, _rate: f32) {}

    /// See [`Table::flush`].
    fn flush(&mut self, _threads: &Threads) {}
}

/// Neighbouring rows for one thread of a sweep.
pub enum Strip<'a> {
    /// Read only.
    Frozen {
        /// rows × dim.
        weights: &'a [f32],
        /// rows, or none.
        bias: &'a [f32],
    },
    /// Updated at once.
    Online {
        /// The rows.
        matrix: MatrixStrip<'a>,
        /// The rate of the update.
        rate: f32,
    },
    /// Read, with the gradient kept.
    Deferred {
        /// rows × dim.
        weights: &'a [f32],
        /// rows, or none.
        bias: &'a [f32],
        /// Where ∂L/∂W goes.
        gradient: GradientStrip<'a>,
    },
}

impl<'a> Strip<'a> {
    /// The strips of a matrix beside those of its gradient.
    pub fn deferred(matrix: &'a Matrix, gradient: &'a mut Gradient, bounds: &[Range<u32>]) -> Vec<Self> {
        let gradients = gradient.strips(matrix, bounds);
        let strip = |(gradient, rows): (GradientStrip<'a>, &Range<u32>)| {
            let bias = matrix.bias();
            let bias = if bias.is_empty() { bias } else { &bias[rows.start as usize..rows.end as usize] };
            Strip::Deferred { weights: &matrix.weights()[matrix.entries(rows.clone())], bias, gradient }
        };
        gradients.into_iter().zip(bounds).map(strip).collect()
    }

    pub(super) fn read(&self) -> (&[f32], &[f32]) {
        match self {
            Strip::Frozen { weights, bias } | Strip::Deferred { weights, bias, .. } => (weights, bias),
            Strip::Online { matrix, .. } => (matrix.weights, matrix.bias),
        }
    }

    pub(super) fn has_bias(&self) -> bool {
        !self.read().1.is_empty()
    }
}

/// A handle on a matrix that no other worker touches, with the threads it may use.
pub struct Exclusive<S> {
    store: S,
    threads: Threads,
    block: block::Block,
    kept: Kept,
    packed: Packed,
    buffers: Vec<Buffers>,
}

/// The scores of the last scan, for the sweep that follows.
#[derive(Default)]
struct Kept {
    /// What was scanned; `None` where nothing is kept.
    rows: Option<Range<u32>>,
    /// What was scanned, kept or not.
    seen: Option<Range<u32>>,
    x: Vec<f32>,
    scores: Vec<f32>,
}

impl Kept {
    /// Forgets what was kept, as any change of the weights must.
    fn clear(&mut self) {
        (self.rows, self.seen) = (None, None);
    }

    fn holds(&self, rows: &Range<u32>, x: &ArrayView2<f32>) -> bool {
        self.rows.as_ref() == Some(rows) && x.iter().eq(&self.x)
    }
}

impl<S: Storage> Exclusive<S> {
    pub(super) fn over(store: S, threads: Threads) -> Self {
        let (block, kept, packed) = (block::Block::default(), Kept::default(), Packed::default());
        Self { store, threads, block, kept, packed, buffers: Vec::new() }
    }

    pub(super) fn store(&self) -> &S {
        &self.store
    }

    pub(super) fn store_mut(&mut self) -> &mut S {
        self.kept.clear();
        &mut self.store
    }

    /// Each row of bag b descends along a share of d_out\[b\] that depends on the bag's size.
    fn add_bags(&mut self, bags: Bags, d_out: ArrayView2<f32>, share: impl Fn(usize) -> f32) {
        self.kept.clear();
        if !self.store.trains() {
            return;
        }
        for (b, d) in d_out.rows().into_iter().enumerate() {
            let d = d.to_slice().expect("contiguous rows");
            let bag = bags.bag(b);
            bag.iter().for_each(|row| self.store.add(*row, share(bag.len()), d, 0.0));
        }
        self.store.settle(&self.threads);
    }

    /// All weights of a range, as a matrix.
    fn weights(&self, rows: &Range<u32>) -> ArrayView2<'_, f32> {
        let matrix = self.store.matrix();
        let shape = (rows.len(), matrix.shape().dim);
        ArrayView2::from_shape(shape, &matrix.weights()[matrix.entries(rows.clone())]).expect("rows × dim")
    }
}

impl<S: Storage> Table for Exclusive<S> {
    fn shape(&self) -> TableShape {
        self.store.matrix().shape()
    }

    fn scores(&mut self, rows: &Rows, x: ArrayView2<f32>, mut out: ArrayViewMut2<f32>) {
        match rows {
            Rows::Range(range) => {
                general_mat_mul(1.0, &x, &self.weights(range).t(), 0.0, &mut out);
                let bias = self.store.matrix().bias();
                if !bias.is_empty() {
                    let bias = &bias[range.start as usize..range.end as usize];
                    out.rows_mut().into_iter().for_each(|mut row| row += &ndarray::ArrayView1::from(bias));
                }
            }
            Rows::List(list) => {
                self.block.gather(self.store.matrix(), list, &x);
                out.assign(&self.block.scores(&self.threads));
            }
        }
    }

    fn weighted_sum(&mut self, rows: &Rows, coef: ArrayView2<f32>, mut out: ArrayViewMut2<f32>) {
        match rows {
            Rows::Range(range) => general_mat_mul(1.0, &coef, &self.weights(range), 1.0, &mut out),
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
        self.kept.clear();
        if !self.store.trains() {
            return;
        }
        let gradient = outer(&coef, &x);
        let mut add = |c: usize, row: u32| {
            let bias = coef.column(c).sum();
            self.store.add(row, 1.0, gradient.row(c).to_slice().expect("contiguous rows"), bias);
        };
        match rows {
            Rows::Range(range) => range.clone().enumerate().for_each(|(c, row)| add(c, row)),
            Rows::List(list) => list.iter().enumerate().for_each(|(c, row)| add(c, *row)),
        }
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
        self.add_bags(bags, d_out, |bag| 1.0 / bag as f32);
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
        self.kept.clear();
        self.block.gather(self.store.matrix(), rows, &x);
        self.block.scores(&self.threads);
        self.block.coefficients(coef, losses, &self.threads);
        self.block.weighted_sum(d_x, &self.threads);
        if self.store.trains() {
            self.block.outer(&self.threads);
            self.block.gradients(|c, gradient, bias| self.store.add(rows[c], 1.0, gradient, bias));
            self.store.settle(&self.threads);
        }
    }

    fn scan(&mut self, rows: Range<u32>, x: ArrayView2<f32>, fold: &Fold, out: &mut [Stat]) {
        let batch = x.nrows();
        let bounds = tile::strips(&rows);
        // What is looked at twice is looked at more often, also by handles that do not train.
        let again = self.kept.seen.as_ref() == Some(&rows) && x.iter().eq(&self.kept.x);
        let kept = again && self.kept.rows.is_some();
        if !kept {
            self.packed.for_scan(&x);
        }
        self.kept.clear();
        let (packed, stride, tile) = (&self.packed, self.packed.stride, self.packed.tile_rows());
        // The padding of a part is small beside what may be kept.
        let keep = (self.store.trains() || again) && batch.next_multiple_of(32) * rows.len() <= KEPT_SCORES;
        let size = |strip: &Range<u32>| stride * if keep { strip.len() } else { strip.len().min(tile) };
        let total = bounds.iter().map(size).sum();
        if self.kept.scores.len() < total {
            self.kept.scores.resize(total, 0.0);
        }
        self.kept.seen = Some(rows.clone());
        if keep {
            self.kept.rows = Some(rows.clone());
        }
        if !again {
            self.kept.x.clear();
            self.kept.x.extend(x.iter());
        }
        let mut stats = vec![Stat::EMPTY; bounds.len() * batch];
        let mut scores = &mut self.kept.scores[..];
        let matrix = self.store.matrix();
        let mut items = Vec::with_capacity(bounds.len());
        for (strip, stats) in bounds.into_iter().zip(stats.chunks_mut(batch.max(1))) {
            let (part, rest) = std::mem::take(&mut scores).split_at_mut(size(&strip));
            scores = rest;
            items.push((strip, part, stats));
        }
        self.threads.each(items, |(rows, scores, stats)| {
            let bias = matrix.bias();
            let bias = if bias.is_empty() { bias } else { &bias[rows.start as usize..rows.end as usize] };
            let weights = &matrix.weights()[matrix.entries(rows.clone())];
            tile::scan_strip(packed, rows, (weights, bias), (scores, kept), fold, stats);
        });
        for part in stats.chunks(batch.max(1)) {
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
        let bounds = tile::strips(&rows);
        let kept = self.kept.holds(&rows, &x);
        if !kept {
            self.packed.for_scan(&x);
        }
        self.packed.for_sweep(&x);
        let packed = &self.packed;
        self.kept.clear();
        self.buffers.resize_with(self.buffers.len().max(bounds.len()), Buffers::default);
        let mut scores = if kept { &mut self.kept.scores[..] } else { &mut [] };
        let strips = self.store.strips(&bounds, last);
        let mut items = Vec::with_capacity(bounds.len());
        for ((rows, strip), buffers) in bounds.iter().zip(strips).zip(&mut self.buffers) {
            let len = if kept { packed.stride * rows.len() } else { 0 };
            let (part, rest) = std::mem::take(&mut scores).split_at_mut(len);
            scores = rest;
            items.push((rows.clone(), strip, part, buffers));
        }
        self.threads.each(items, |(rows, mut strip, kept, buffers)| {
            tile::sweep_strip(packed, rows, &mut strip, kept, buffers, coef);
        });
        tile::merge_d_x(&self.buffers[..bounds.len()], d_x);
        if last {
            self.store.settle(&self.threads);
        }
    }

    fn set_rate(&mut self, rate: f32) {
        self.store.set_rate(rate);
    }

    fn flush(&mut self) {
        self.kept.clear();
        self.store.flush(&self.threads);
    }
}
