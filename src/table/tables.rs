//! Access to the tables of a layer. Every call passes through [`Tables`], which counts the work.

use super::{
    Bags, Coefficients, Fold, GroupCoefficients, Groups, Matrix, Rows, Stat, Table, TableGradient, TableShape,
    TileCoefficients, Traffic,
};
use crate::peers::Peers;
use ndarray::{ArrayView2, ArrayViewMut2};
use std::fmt;
use std::ops::{Add, AddAssign, Range};

/// Work done, in units that do not depend on the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Cost {
    /// Multiply-adds of the three verbs.
    pub multiply_adds: u64,
    /// Rows of parameters read.
    pub rows_read: u64,
    /// Rows of parameters updated.
    pub rows_written: u64,
    /// Random words drawn.
    pub draws: u64,
}

impl Cost {
    /// The cost of [`Table::step`] for B examples and C rows of size d.
    pub fn step(batch: usize, rows: usize, dim: usize) -> Self {
        let rows_moved = rows as u64;
        Self { multiply_adds: madds(3 * batch, rows, dim), rows_read: rows_moved, rows_written: rows_moved, draws: 0 }
    }

    /// The cost of drawing `draws` words and nothing else.
    pub fn of_draws(draws: usize) -> Self {
        Self { draws: draws as u64, ..Self::default() }
    }

    /// The cost of [`Table::scores`] for B examples and C rows of size d.
    pub fn scores(batch: usize, rows: usize, dim: usize) -> Self {
        Self { multiply_adds: madds(batch, rows, dim), rows_read: rows as u64, ..Self::default() }
    }

    /// The cost of a [`Table::scan`] and a [`Table::sweep`] over the same rows.
    pub fn scan_and_sweep(batch: usize, rows: usize, dim: usize) -> Self {
        let rows_moved = rows as u64;
        Self {
            multiply_adds: madds(3 * batch, rows, dim),
            rows_read: 2 * rows_moved,
            rows_written: rows_moved,
            draws: 0,
        }
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            multiply_adds: self.multiply_adds + other.multiply_adds,
            rows_read: self.rows_read + other.rows_read,
            rows_written: self.rows_written + other.rows_written,
            draws: self.draws + other.draws,
        }
    }
}

impl Cost {
    /// The work since `before`, divided by the number of equal pieces of work (rounded down).
    pub fn mean_since(self, before: Self, pieces: u64) -> Self {
        let mean = |after: u64, before: u64| (after - before) / pieces;
        Self {
            multiply_adds: mean(self.multiply_adds, before.multiply_adds),
            rows_read: mean(self.rows_read, before.rows_read),
            rows_written: mean(self.rows_written, before.rows_written),
            draws: mean(self.draws, before.draws),
        }
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), Add::add)
    }
}

fn madds(batch: usize, rows: usize, dim: usize) -> u64 {
    (batch as u64) * (rows as u64) * (dim as u64)
}

/// The tables of a layer or an encoder, in the order of its `tables()`. Its verbs are the verbs of [`Table`] with the
/// table's number as the first argument.
pub struct Tables<'a> {
    tables: Vec<Box<dyn Table + 'a>>,
    /// Cached shapes: every verb needs them to count.
    shapes: Vec<TableShape>,
    cost: Cost,
    bytes: u64,
    /// A divided table of which a scan has shown this rank's rows only.
    shown_in_part: Option<usize>,
}

impl fmt::Debug for Tables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Tables").field("shapes", &self.shapes).field("cost", &self.cost).finish_non_exhaustive()
    }
}

impl<'a> Tables<'a> {
    /// Wraps the handles.
    pub fn new(tables: Vec<Box<dyn Table + 'a>>) -> Self {
        let shapes = tables.iter().map(|table| table.shape()).collect();
        Self { tables, shapes, cost: Cost::default(), bytes: 0, shown_in_part: None }
    }

    /// The work done through these tables so far.
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// Returns the work done so far and restarts the count at 0.
    #[cfg(feature = "text")]
    pub(crate) fn take_cost(&mut self) -> Cost {
        std::mem::take(&mut self.cost)
    }

    /// Number of rows that the handles have moved between the shared memory and their own.
    pub fn traffic(&self) -> Traffic {
        self.tables.iter().map(|table| table.traffic()).sum()
    }

    /// Bytes of parameters read and updated through these tables so far, including biases: rows × row size.
    pub fn bytes_moved(&self) -> u64 {
        self.bytes
    }

    /// Adds `draws` drawn words to the cost.
    pub fn count_draws(&mut self, draws: usize) {
        self.cost.draws += draws as u64;
    }

    /// [`Table::prefetch`]; no work is counted.
    pub fn prefetch(&self, table: usize, rows: &[u32]) {
        self.tables[table].prefetch(rows);
    }

    /// Rows, size and bias of a table.
    pub fn shape(&self, table: usize) -> TableShape {
        self.shapes[table]
    }

    /// [`Table::scores`].
    pub fn scores(&mut self, table: usize, rows: &Rows, x: ArrayView2<f32>, out: ArrayViewMut2<f32>) {
        self.count(table, x.nrows(), rows.len(), 1, 1, 0);
        self.tables[table].scores(rows, x, out);
    }

    /// [`Table::weighted_sum`].
    pub fn weighted_sum(&mut self, table: usize, rows: &Rows, coef: ArrayView2<f32>, out: ArrayViewMut2<f32>) {
        self.count(table, coef.nrows(), rows.len(), 1, 1, 0);
        self.tables[table].weighted_sum(rows, coef, out);
    }

    /// [`Table::descend`].
    pub fn descend(&mut self, table: usize, rows: &Rows, coef: ArrayView2<f32>, x: ArrayView2<f32>) {
        self.count(table, coef.nrows(), rows.len(), 1, 0, 1);
        self.tables[table].descend(rows, coef, x);
    }

    /// [`Table::bag_means`].
    pub fn bag_means(&mut self, table: usize, bags: Bags, out: ArrayViewMut2<f32>) {
        self.count(table, 1, bags.rows.len(), 1, 1, 0);
        self.tables[table].bag_means(bags, out);
    }

    /// [`Table::shared_means`].
    pub fn shared_means(&mut self, table: usize, rows: &[u32], bags: Bags, out: ArrayViewMut2<f32>) {
        self.count(table, 1, rows.len(), 1, 1, 0);
        self.tables[table].shared_means(rows, bags, out);
    }

    /// [`Table::descend_bags`].
    pub fn descend_bags(&mut self, table: usize, bags: Bags, d_out: ArrayView2<f32>) {
        self.count(table, 1, bags.rows.len(), 1, 0, 1);
        self.tables[table].descend_bags(bags, d_out);
    }

    /// [`Table::descend_each`].
    pub fn descend_each(&mut self, table: usize, bags: Bags, d_out: ArrayView2<f32>) {
        self.count(table, 1, bags.rows.len(), 1, 0, 1);
        self.tables[table].descend_each(bags, d_out);
    }

    /// [`Table::descend_sums`].
    pub fn descend_sums(&mut self, table: usize, rows: &[u32], sums: Bags, gradients: ArrayView2<f32>) {
        self.count(table, 1, rows.len(), 1, 0, 1);
        self.tables[table].descend_sums(rows, sums, gradients);
    }

    /// [`Table::step`].
    pub fn step(
        &mut self,
        table: usize,
        rows: &[u32],
        x: ArrayView2<f32>,
        coef: &Coefficients,
        losses: &mut [f64],
        d_x: ArrayViewMut2<f32>,
    ) {
        self.count(table, x.nrows(), rows.len(), 3, 1, 1);
        self.tables[table].step(rows, x, coef, losses, d_x);
    }

    /// [`Table::step_groups`].
    pub fn step_groups(
        &mut self,
        table: usize,
        groups: Groups,
        x: ArrayView2<f32>,
        coef: &GroupCoefficients,
        losses: &mut [f64],
        d_x: ArrayViewMut2<f32>,
    ) {
        groups.iter().for_each(|group| self.count(table, group.examples.len(), group.rows.len(), 3, 1, 1));
        self.tables[table].step_groups(groups, x, coef, losses, d_x);
    }

    /// [`Table::scan`].
    pub fn scan(&mut self, table: usize, rows: Range<u32>, x: ArrayView2<f32>, fold: &Fold, out: &mut [Stat]) {
        self.count(table, x.nrows(), rows.len(), 1, 1, 0);
        self.rescan(table, rows, x, fold, out);
    }

    /// Repeats a [`Table::scan`] of the same rows and batch. Not counted as work: it looks at the same scores again.
    pub fn rescan(&mut self, table: usize, rows: Range<u32>, x: ArrayView2<f32>, fold: &Fold, out: &mut [Stat]) {
        if self.tables[table].team().is_some() {
            self.shown_in_part = Some(table);
        }
        self.tables[table].scan(rows, x, fold, out);
    }

    /// Makes scans that keep more than statistics. Gives other ranks what `own` returns, and returns what they found in
    /// the tiles that this rank did not see, in the order of the ranks. Nothing comes back, and `own` is not called, if
    /// this rank saw all tiles.
    ///
    /// All tables of a set that are scanned are divided, or none.
    pub(crate) fn find(&mut self, scans: impl FnOnce(&mut Self), own: impl FnOnce() -> Vec<u8>) -> Vec<Vec<u8>> {
        self.shown_in_part = None;
        scans(self);
        let Some(team) = self.shown_in_part.and_then(|table| self.tables[table].team()) else { return Vec::new() };
        let mut all = team.all_gather(&own());
        all.remove(team.rank());
        all
    }

    /// Tells a search that this rank sees all words that come now, whatever scans went before.
    pub(crate) fn all_shown(&mut self) {
        self.shown_in_part = None;
    }

    /// [`Table::sweep`].
    pub fn sweep(
        &mut self,
        table: usize,
        rows: Range<u32>,
        x: ArrayView2<f32>,
        coef: &TileCoefficients,
        d_x: ArrayViewMut2<f32>,
        last: bool,
    ) {
        self.count(table, x.nrows(), rows.len(), 2, 1, 1);
        self.tables[table].sweep(rows, x, coef, d_x, last);
    }

    /// Sets the learning rate of all later updates, for every table.
    pub fn set_rate(&mut self, rate: f32) {
        self.tables.iter_mut().for_each(|t| t.set_rate(rate));
    }

    /// Ends a mini-batch ([`Table::flush`]), for every table.
    pub fn flush(&mut self) {
        self.tables.iter_mut().for_each(|t| t.flush());
    }

    /// [`Table::matrix`].
    pub fn matrix(&self, table: usize) -> Option<&Matrix> {
        self.tables[table].matrix()
    }

    /// [`Table::matrix_mut`].
    pub fn matrix_mut(&mut self, table: usize) -> Option<&mut Matrix> {
        self.tables[table].matrix_mut()
    }

    /// [`Table::gradient`] of every table that has one; no work is counted.
    pub fn gradients(&mut self) -> Vec<TableGradient<'_>> {
        self.tables.iter_mut().filter_map(|table| table.gradient()).collect()
    }

    /// [`Table::gradient`]; no work is counted.
    pub fn gradient(&mut self, table: usize) -> Option<TableGradient<'_>> {
        self.tables[table].gradient()
    }

    /// [`Table::discard`], for every table.
    pub fn discard(&mut self) {
        self.tables.iter_mut().for_each(|t| t.discard());
    }

    fn count(&mut self, table: usize, batch: usize, rows: usize, passes: u64, read: u64, written: u64) {
        let TableShape { dim, bias, .. } = self.shapes[table];
        self.cost.multiply_adds += passes * madds(batch, rows, dim);
        self.bytes += (read + written) * madds(rows, dim + usize::from(bias), size_of::<f32>());
        self.cost.rows_read += read * rows as u64;
        self.cost.rows_written += written * rows as u64;
    }
}
