//! A handle that passes all calls on and records the rows of a step.

use crate::table::{Bags, Coefficients, Fold, Rows, Stat, Table, TableShape, TileCoefficients};
use ndarray::{ArrayView2, ArrayViewMut2};
use std::ops::Range;

pub(super) struct Spy<'a> {
    pub(super) inner: &'a mut dyn Table,
    /// Rows of every [`Table::step`].
    pub(super) rows: &'a mut Vec<u32>,
    /// Vectors of every [`Table::scan`].
    pub(super) scanned: &'a mut Vec<Vec<f32>>,
}

impl Table for Spy<'_> {
    fn shape(&self) -> TableShape {
        self.inner.shape()
    }

    fn scores(&mut self, rows: &Rows, x: ArrayView2<f32>, out: ArrayViewMut2<f32>) {
        self.inner.scores(rows, x, out);
    }

    fn weighted_sum(&mut self, rows: &Rows, coef: ArrayView2<f32>, out: ArrayViewMut2<f32>) {
        self.inner.weighted_sum(rows, coef, out);
    }

    fn descend(&mut self, rows: &Rows, coef: ArrayView2<f32>, x: ArrayView2<f32>) {
        self.inner.descend(rows, coef, x);
    }

    fn bag_means(&mut self, bags: Bags, out: ArrayViewMut2<f32>) {
        self.inner.bag_means(bags, out);
    }

    fn descend_bags(&mut self, bags: Bags, d_out: ArrayView2<f32>) {
        self.inner.descend_bags(bags, d_out);
    }

    fn descend_each(&mut self, bags: Bags, d_out: ArrayView2<f32>) {
        self.inner.descend_each(bags, d_out);
    }

    fn step(
        &mut self,
        rows: &[u32],
        x: ArrayView2<f32>,
        coef: &Coefficients,
        losses: &mut [f64],
        d_x: ArrayViewMut2<f32>,
    ) {
        self.rows.extend(rows);
        self.inner.step(rows, x, coef, losses, d_x);
    }

    fn scan(&mut self, rows: Range<u32>, x: ArrayView2<f32>, fold: &Fold, out: &mut [Stat]) {
        self.scanned.extend(x.rows().into_iter().map(|row| row.to_vec()));
        self.inner.scan(rows, x, fold, out);
    }

    fn sweep(
        &mut self,
        rows: Range<u32>,
        x: ArrayView2<f32>,
        coef: &TileCoefficients,
        d_x: ArrayViewMut2<f32>,
        last: bool,
    ) {
        self.inner.sweep(rows, x, coef, d_x, last);
    }

    fn set_rate(&mut self, rate: f32) {
        self.inner.set_rate(rate);
    }

    fn flush(&mut self) {
        self.inner.flush();
    }
}
