//! One worker's handle on a shared matrix.

use super::cached::{Cached, WithSpill};
use super::local::Local;
use super::{CachedRows, SharedMatrix};
use crate::simd::{self, dispatch};
use crate::table::kernel::block::{Block, RowSource, is_small};
use crate::table::kernel::product::Products;
use crate::table::kernel::small::{Descend, Means, SmallBlock};
use crate::table::{Bags, Coefficients, Fold, Rows, Stat, Table, TableShape, Threads, TileCoefficients};
use ndarray::{ArrayView2, ArrayViewMut2};
use std::fmt;
use std::ops::Range;

/// The handle of one of several workers: updates at once, its most frequent rows in private copies.
///
/// With one worker alone all verbs give the same bits as [`Online`](crate::table::Online). With several, a worker sees
/// what the others do to a cached row only when it exchanges the row; [`Table::flush`] exchanges all. Verbs over whole
/// ranges work on a plain copy of the table: they are there for every layer, but not what this handle is for.
pub struct Shared<'a> {
    matrix: &'a SharedMatrix,
    cached: Cached,
    rate: f32,
    small: SmallBlock,
    places: Vec<u32>,
    block: Block,
    row: Vec<f32>,
    local: Option<Local>,
}

impl fmt::Debug for Shared<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Shared").field("rate", &self.rate).finish_non_exhaustive()
    }
}

impl<'a> Shared<'a> {
    /// One of `workers` handles on `matrix`, whose rate is `rate` at first and at most. Each cached row is exchanged so often that all
    /// other workers together make no more than `staleness` updates of it in between at that rate, or one each, nor move it
    /// further later on.
    pub fn new(matrix: &'a SharedMatrix, rate: f32, cached: CachedRows, workers: usize, staleness: usize) -> Self {
        let cached = Cached::new(matrix, rate, cached, workers, staleness);
        Self {
            matrix,
            cached,
            rate,
            small: SmallBlock::default(),
            places: Vec::new(),
            block: Block::default(),
            row: vec![0.0; matrix.shape.dim],
            local: None,
        }
    }

    /// The plain copy with these rows as they stand.
    fn gathered(&mut self, rows: &Range<u32>) -> &mut Local {
        // Made when a verb over a range comes, which the layers that this handle is for do not have.
        let local = self.local.get_or_insert_with(|| {
            Local::new(self.matrix).expect("memory for a worker's copy of a table that a dense layer asks for")
        });
        local.gather(self.matrix, &self.cached, rows);
        local.table.set_rate(self.rate);
        local
    }

    fn scatter(&mut self) {
        if let Some(local) = &mut self.local {
            local.scatter(self.matrix, &mut self.cached);
        }
    }

    fn descend_row(&mut self, row: u32, gradient: &[f32], bias: f32) {
        self.cached.descend_bias(self.matrix, row, self.rate, bias);
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
        self.forget();
        let table = &mut WithSpill { matrix: self.matrix, cached: &mut self.cached };
        dispatch(Descend { table, bags, mean, rate: self.rate, gradient, places: &mut self.places });
    }

    fn forget(&mut self) {
        if let Some(local) = &mut self.local {
            local.forget();
        }
    }
}

/// What a worker sees.
struct CachedView<'a> {
    matrix: &'a SharedMatrix,
    cached: &'a Cached,
}

impl RowSource for CachedView<'_> {
    #[inline(always)]
    fn copy_row(&self, row: u32, to: &mut [f32]) {
        if (row as usize) < self.cached.len() {
            to.copy_from_slice(&self.cached.row(row)[..to.len()]);
        } else {
            self.matrix.read_row(row, to);
        }
    }

    fn row_bias(&self, row: u32) -> f32 {
        self.cached.bias_of(self.matrix, row)
    }

    fn has_bias(&self) -> bool {
        self.matrix.has_bias()
    }
}

impl Table for Shared<'_> {
    fn shape(&self) -> TableShape {
        self.matrix.shape
    }

    fn scores(&mut self, rows: &Rows, x: ArrayView2<f32>, mut out: ArrayViewMut2<f32>) {
        match rows {
            Rows::Range(range) => {
                self.gathered(range).table.scores(rows, x, out);
                self.forget();
            }
            Rows::List(list) => {
                self.block.gather(&CachedView { matrix: self.matrix, cached: &self.cached }, list, &x);
                out.assign(&self.block.scores(&Threads::default()));
            }
        }
    }

    fn weighted_sum(&mut self, rows: &Rows, coef: ArrayView2<f32>, mut out: ArrayViewMut2<f32>) {
        match rows {
            Rows::Range(range) => {
                self.gathered(range).table.weighted_sum(rows, coef, out);
                self.forget();
            }
            Rows::List(list) => {
                let view = CachedView { matrix: self.matrix, cached: &self.cached };
                for (k, mut y) in coef.rows().into_iter().zip(out.rows_mut()) {
                    let y = y.as_slice_mut().expect("contiguous rows");
                    for (k, row) in k.iter().zip(*list) {
                        view.copy_row(*row, &mut self.row);
                        simd::add_scaled(y, *k, &self.row);
                    }
                }
            }
        }
    }

    fn descend(&mut self, rows: &Rows, coef: ArrayView2<f32>, x: ArrayView2<f32>) {
        match rows {
            Rows::Range(range) => {
                self.gathered(range).table.descend(rows, coef, x);
                self.scatter();
            }
            Rows::List(list) => {
                let descend = |c: usize, gradient: &[f32], bias: f32| self.descend_row(list[c], gradient, bias);
                Products::default().outer(coef, x, descend);
            }
        }
    }

    fn bag_means(&mut self, bags: Bags, mut out: ArrayViewMut2<f32>) {
        let (table, places) = (&mut WithSpill { matrix: self.matrix, cached: &mut self.cached }, &mut self.places);
        if let Some(out) = out.as_slice_mut() {
            return dispatch(Means { table, bags, places, out });
        }
        for (b, mut out) in out.rows_mut().into_iter().enumerate() {
            let out = out.as_slice_mut().expect("contiguous rows");
            let bags = Bags { rows: bags.rows, offsets: &bags.offsets[b..b + 2] };
            dispatch(Means { table, bags, places, out });
        }
    }

    fn descend_bags(&mut self, bags: Bags, d_out: ArrayView2<f32>) {
        self.descend_all(bags, d_out, true);
    }

    fn descend_each(&mut self, bags: Bags, d_out: ArrayView2<f32>) {
        self.descend_all(bags, d_out, false);
    }

    fn step(
        &mut self,
        rows: &[u32],
        x: ArrayView2<f32>,
        coef: &Coefficients,
        losses: &mut [f64],
        d_x: ArrayViewMut2<f32>,
    ) {
        self.forget();
        if is_small(x.nrows(), rows.len()) && x.is_standard_layout() && d_x.is_standard_layout() {
            let mut table = WithSpill { matrix: self.matrix, cached: &mut self.cached };
            return self.small.step(&mut table, rows, x, self.rate, coef, losses, d_x);
        }
        let threads = Threads::default();
        let mut block = std::mem::take(&mut self.block);
        block.gather(&CachedView { matrix: self.matrix, cached: &self.cached }, rows, &x);
        block.scores(&threads);
        block.coefficients(coef, losses, &threads);
        block.weighted_sum(d_x, &threads);
        block.outer(&threads);
        block.gradients(|c, gradient, bias| self.descend_row(rows[c], gradient, bias));
        self.block = block;
    }

    fn scan(&mut self, rows: Range<u32>, x: ArrayView2<f32>, fold: &Fold, out: &mut [Stat]) {
        self.gathered(&rows).table.scan(rows, x, fold, out);
    }

    fn sweep(
        &mut self,
        rows: Range<u32>,
        x: ArrayView2<f32>,
        coef: &TileCoefficients,
        d_x: ArrayViewMut2<f32>,
        last: bool,
    ) {
        let held = self.local.as_ref().is_some_and(|local| local.holds(&rows));
        let local = if held { self.local.as_mut().expect("held") } else { self.gathered(&rows) };
        local.table.sweep(rows, x, coef, d_x, last);
        if last {
            self.scatter();
        }
    }

    fn prefetch(&self, rows: &[u32]) {
        for row in rows {
            if self.cached.has(*row) {
                self.cached.prefetch(*row);
            } else {
                self.matrix.prefetch(*row);
            }
        }
    }

    fn set_rate(&mut self, rate: f32) {
        self.rate = rate;
        self.cached.set_rate(rate);
    }

    fn flush(&mut self) {
        self.forget();
        self.cached.flush(self.matrix);
    }
}
