//! A table without weights that counts the memory a deferred handle would hold for the same calls.

use super::cache::fits;
use crate::table::kernel::block::{self, PART};
use crate::table::kernel::gemm::padded;
use crate::table::kernel::product::Products;
use crate::table::kernel::tile::{Packed, Strips};
use crate::table::kernel::{gemv, registers as kernel};
use crate::table::{Bags, Coefficients, Fold, Rows, Stat, Table, TableShape, TileCoefficients};
use hashbrown::HashSet;
use ndarray::{ArrayView2, ArrayViewMut2};
use std::fmt;
use std::ops::Range;

/// The memory that [`crate::table::Deferred`] holds beside the matrix: the largest size so far of each buffer, in
/// numbers.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// Gathered rows; their gradient takes the same space.
    gathered: usize,
    /// Panels of gathered rows and of the batch.
    panels: usize,
    /// The batch that goes with gathered rows, and its gradient.
    beside: usize,
    /// Scores of gathered rows.
    scores: usize,
    /// Rows that a batch touched one by one.
    touched: usize,
    /// Whether a range was swept.
    swept: bool,
    kept_scores: usize,
    packed: usize,
    of_strips: usize,
    /// Matrix products over ranges.
    products: usize,
    /// The longest vector that existed twice while it grew.
    moved: usize,
}

impl Held {
    /// Total bytes, for a table of this shape.
    pub fn bytes(&self, shape: &TableShape) -> u64 {
        let (rows, dim) = (shape.rows as usize, shape.dim);
        let of_row = dim + usize::from(shape.bias);
        let swept = if self.swept { rows * of_row } else { 0 };
        // Vectors of touched rows grow by doubling.
        let room = self.touched.next_power_of_two();
        let touched = if self.touched > 0 { rows + room * (dim + 2) } else { 0 };
        let gathered = 2 * self.gathered + self.panels + self.beside + self.scores;
        let of_verbs = self.kept_scores + self.packed + self.of_strips + self.products;
        let numbers = gathered + touched + swept + of_verbs;
        (numbers * size_of::<f32>()) as u64
    }

    /// Bytes that exist twice for a moment while a vector grows.
    pub fn moved_bytes(&self, shape: &TableShape) -> u64 {
        let touched = self.touched.next_power_of_two() / 2 * shape.dim;
        (self.moved.max(touched) * size_of::<f32>()) as u64
    }
}

/// The counting handle. All scores are zero and nothing is learned; functions of scores are not called.
pub struct Ledger<'a> {
    shape: TableShape,
    held: &'a mut Held,
    touched: HashSet<u32>,
    /// Rows of the last scan, and whether its scores are kept.
    scanned: Option<(Range<u32>, bool)>,
}

impl fmt::Debug for Ledger<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Ledger").field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl<'a> Ledger<'a> {
    /// A handle for a table of this shape.
    pub fn new(shape: TableShape, held: &'a mut Held) -> Self {
        Self { shape, held, touched: HashSet::new(), scanned: None }
    }

    fn touch(&mut self, rows: &Rows) {
        match rows {
            Rows::Range(range) => self.touched.extend(range.clone()),
            Rows::List(list) => self.touched.extend(*list),
        }
        self.held.touched = self.held.touched.max(self.touched.len());
    }

    /// Counts matrix products over a range.
    fn multiply(&mut self, batch: usize, rows: usize) {
        self.held.products = self.held.products.max(Products::sizes(batch, rows, self.shape.dim));
    }

    /// Counts a block of gathered rows.
    fn gather(&mut self, batch: usize, count: usize) {
        let dim = self.shape.dim;
        let stride = kernel::stride(dim);
        grow(&mut self.held.gathered, &mut self.held.moved, count * stride);
        let (panels, d_x, scores) = match block::is_small(batch, count) {
            true => (0, stride, count),
            false => {
                let transposed = dim * padded(count.min(PART)) * count.div_ceil(PART);
                (transposed + (count + batch) * padded(dim), padded(dim), padded(count))
            }
        };
        self.held.panels = self.held.panels.max(panels);
        self.held.beside = self.held.beside.max(batch * (stride + d_x));
        grow(&mut self.held.scores, &mut self.held.moved, batch * scores);
    }
}

/// Grows a vector that is too short: to twice its capacity, or to `wanted` if that is more.
fn grow(capacity: &mut usize, moved: &mut usize, wanted: usize) {
    if wanted > *capacity {
        *moved = (*moved).max(*capacity);
        *capacity = wanted.max(2 * *capacity);
    }
}

impl Table for Ledger<'_> {
    fn shape(&self) -> TableShape {
        self.shape
    }

    fn scores(&mut self, rows: &Rows, x: ArrayView2<f32>, mut out: ArrayViewMut2<f32>) {
        match rows {
            Rows::List(list) => self.gather(x.nrows(), list.len()),
            Rows::Range(range) => self.multiply(x.nrows(), range.len()),
        }
        out.fill(0.0);
    }

    fn weighted_sum(&mut self, rows: &Rows, coef: ArrayView2<f32>, _out: ArrayViewMut2<f32>) {
        if let Rows::Range(range) = rows {
            self.multiply(coef.nrows(), range.len());
        }
    }

    fn descend(&mut self, rows: &Rows, _coef: ArrayView2<f32>, x: ArrayView2<f32>) {
        self.multiply(x.nrows(), rows.len());
        self.touch(rows);
    }

    fn bag_means(&mut self, _bags: Bags, mut out: ArrayViewMut2<f32>) {
        out.fill(0.0);
    }

    fn descend_bags(&mut self, bags: Bags, _d_out: ArrayView2<f32>) {
        self.touch(&Rows::List(bags.rows));
    }

    fn descend_each(&mut self, bags: Bags, _d_out: ArrayView2<f32>) {
        self.touch(&Rows::List(bags.rows));
    }

    fn step(
        &mut self,
        rows: &[u32],
        x: ArrayView2<f32>,
        _coef: &Coefficients,
        _losses: &mut [f64],
        _d_x: ArrayViewMut2<f32>,
    ) {
        self.gather(x.nrows(), rows.len());
        self.touch(&Rows::List(rows));
    }

    fn scan(&mut self, rows: Range<u32>, x: ArrayView2<f32>, _fold: &Fold, out: &mut [Stat]) {
        let packed = Packed::sized(x.nrows(), self.shape.dim);
        let again = self.scanned.as_ref().is_some_and(|(last, _)| *last == rows);
        let is_kept = fits(&rows, x.dim(), again);
        self.scanned = Some((rows.clone(), is_kept));
        let size = |strip: Range<u32>| match is_kept {
            true => packed.stride * strip.len(),
            false => packed.stride * strip.len().min(packed.tile_rows()),
        };
        let scores = Strips::of(&rows).iter().map(size).sum();
        grow(&mut self.held.kept_scores, &mut self.held.moved, scores);
        self.held.packed = self.held.packed.max(pack_size(&packed));
        let sum = rows.len() as f64;
        out.iter_mut().for_each(|stat| stat.merge(&Stat { max: 0.0, sum, target: 0.0, ..Stat::EMPTY }));
    }

    fn sweep(
        &mut self,
        rows: Range<u32>,
        x: ArrayView2<f32>,
        _coef: &TileCoefficients,
        _d_x: ArrayViewMut2<f32>,
        _last: bool,
    ) {
        let packed = Packed::sized(x.nrows(), self.shape.dim);
        let d_stride = padded(packed.dim);
        let is_kept = self.scanned.take().is_some_and(|(last, is_kept)| last == rows && is_kept);
        let of_strip = |strip: Range<u32>| {
            let tile = packed.tile_rows().min(strip.len());
            let scores = if is_kept { 0 } else { packed.stride * tile };
            let weights = if packed.batch > gemv::SMALL_BATCH { tile * d_stride } else { 0 };
            packed.batch * d_stride + scores + weights + tile
        };
        let of_strips = Strips::of(&rows).iter().map(of_strip).sum();
        self.held.of_strips = self.held.of_strips.max(of_strips);
        self.held.packed = self.held.packed.max(pack_size(&packed) + packed.batch * d_stride);
        self.held.swept = true;
    }

    fn flush(&mut self) {
        self.touched.clear();
    }
}

/// Size of a scan's batch, in addition to its copy.
fn pack_size(packed: &Packed) -> usize {
    let of_scan = if packed.batch <= gemv::SMALL_BATCH { packed.batch } else { padded(packed.batch) };
    packed.dim * (packed.batch + of_scan)
}
