//! Pending gradients: of single rows, merged by row, and of whole ranges.

use crate::simd;
use crate::table::Threads;
use crate::table::kernel::tile::Strips;
use crate::table::matrix::{Matrix, MatrixStrip, take};
use ndarray::{ArrayView1, ArrayView2};
use std::ops::Range;

/// ∂L/∂W of a table and of its biases.
#[derive(Clone, Copy, Debug)]
pub enum TableGradient<'a> {
    /// Every row of the table has its entries.
    Dense {
        /// The gradient of the weights, rows × dim.
        weights: ArrayView2<'a, f32>,
        /// One number per row; empty for a table without biases.
        bias: ArrayView1<'a, f32>,
    },
    /// All rows except these have a gradient of zero.
    Rows {
        /// Distinct rows of the table, in the order in which they were first touched.
        rows: &'a [u32],
        /// One row of `dim` numbers for each of `rows`.
        weights: ArrayView2<'a, f32>,
        /// One number for each of `rows`; empty for a table without biases.
        bias: ArrayView1<'a, f32>,
    },
}

/// ∂L/∂W since the last update.
#[derive(Default)]
pub struct Gradient {
    /// For each row of the table: its position in `touched` + 1, or 0.
    slots: Vec<u32>,
    touched: Vec<u32>,
    /// touched × dim.
    values: Vec<f32>,
    bias: Vec<f32>,
    swept: Option<Range<u32>>,
    /// rows × dim, valid within `swept`.
    swept_values: Vec<f32>,
    swept_bias: Vec<f32>,
}

/// Neighbouring rows of a gradient.
#[derive(Debug)]
pub struct GradientStrip<'a> {
    pub values: &'a mut [f32],
    pub bias: &'a mut [f32],
    /// Whether to overwrite the present contents.
    pub fresh: bool,
}

impl GradientStrip<'_> {
    /// Splits into the first `rows` rows and the rest.
    pub fn split(self, rows: usize, dim: usize) -> (Self, Self) {
        let (mut values, mut bias, fresh) = (self.values, self.bias, self.fresh);
        let head = Self { values: take(&mut values, 0, rows * dim), bias: take(&mut bias, 0, rows), fresh };
        (head, Self { values, bias, fresh })
    }
}

impl Gradient {
    pub fn is_empty(&self) -> bool {
        self.touched.is_empty() && self.swept.is_none()
    }

    /// Adds scale·gradient to a row, and scale·bias to its bias.
    pub fn add(&mut self, matrix: &Matrix, row: u32, scale: f32, gradient: &[f32], bias: f32) {
        let dim = matrix.shape().dim;
        self.slots.resize(matrix.shape().rows as usize, 0);
        let slot = &mut self.slots[row as usize];
        if *slot == 0 {
            self.touched.push(row);
            *slot = self.touched.len() as u32;
            self.values.extend(gradient.iter().map(|g| scale * g));
            self.bias.push(scale * bias);
        } else {
            let at = *slot as usize - 1;
            simd::add_scaled(&mut self.values[at * dim..(at + 1) * dim], scale, gradient);
            self.bias[at] += scale * bias;
        }
    }

    /// The gradient of a range, as one strip.
    pub fn strip(&mut self, matrix: &Matrix, range: &Range<u32>) -> GradientStrip<'_> {
        let (rows, dim) = (matrix.shape().rows as usize, matrix.shape().dim);
        self.swept_values.resize(rows * dim, 0.0);
        self.swept_bias.resize(matrix.bias().len(), 0.0);
        let fresh = self.swept.is_none();
        match &self.swept {
            None => self.swept = Some(range.clone()),
            Some(swept) if swept == range => {}
            Some(_) => self.widen(matrix),
        }
        let (mut values, mut bias) = (&mut self.swept_values[..], &mut self.swept_bias[..]);
        let (start, len) = (range.start as usize, range.len());
        GradientStrip { values: take(&mut values, start * dim, len * dim), bias: take(&mut bias, start, len), fresh }
    }

    /// Widens the swept range to the whole table; rows outside the old range get zeros.
    fn widen(&mut self, matrix: &Matrix) {
        let Some(swept) = &mut self.swept else { return };
        let dim = matrix.shape().dim;
        let (start, end) = (swept.start as usize, swept.end as usize);
        self.swept_values[..start * dim].fill(0.0);
        self.swept_values[end * dim..].fill(0.0);
        if !self.swept_bias.is_empty() {
            self.swept_bias[..start].fill(0.0);
            self.swept_bias[end..].fill(0.0);
        }
        *swept = 0..matrix.shape().rows;
    }

    /// Adds the gradients of single rows inside the swept range to that range. Passes the other rows to `apart`.
    fn merge_touched(&mut self, dim: usize, swept: &Range<u32>, mut apart: impl FnMut(u32, &[f32], &[f32])) {
        for (at, row) in self.touched.iter().enumerate() {
            let (values, bias) = (&self.values[at * dim..(at + 1) * dim], &self.bias[at..at + 1]);
            if swept.contains(row) {
                let row = *row as usize;
                simd::add(&mut self.swept_values[row * dim..(row + 1) * dim], values);
                if !self.swept_bias.is_empty() {
                    self.swept_bias[row] += bias[0];
                }
            } else {
                apart(*row, values, bias);
            }
        }
        self.clear_touched();
    }

    fn clear_touched(&mut self) {
        self.touched.iter().for_each(|row| self.slots[*row as usize] = 0);
        self.touched.clear();
        self.values.clear();
        self.bias.clear();
    }

    /// Updates the matrix with the gradient, then clears it.
    pub fn apply(&mut self, matrix: &mut Matrix, rate: f32, threads: &Threads) {
        let (swept, dim) = (self.swept.take().unwrap_or(0..0), matrix.shape().dim);
        let apart = |row: u32, values: &[f32], bias: &[f32]| matrix.update(row..row + 1, rate, values, bias);
        self.merge_touched(dim, &swept, apart);
        if !swept.is_empty() {
            self.apply_swept(matrix, swept, rate, threads);
        }
    }

    fn apply_swept(&self, matrix: &mut Matrix, swept: Range<u32>, rate: f32, threads: &Threads) {
        let dim = matrix.shape().dim;
        let strips = Strips::of(&swept);
        let parts = strips.cut(matrix.strip(&swept), MatrixStrip::split).zip(strips.iter());
        threads.each(parts, |(mut strip, rows)| {
            let rows = rows.start as usize..rows.end as usize;
            let bias = if self.swept_bias.is_empty() { &[][..] } else { &self.swept_bias[rows.clone()] };
            strip.update(0..rows.len(), rate, &self.swept_values[rows.start * dim..rows.end * dim], bias);
        });
    }

    /// Clears the gradient.
    pub fn discard(&mut self) {
        self.swept = None;
        self.clear_touched();
    }

    /// The current gradient. If a range was swept, the gradient is widened to the whole table.
    pub fn read(&mut self, matrix: &Matrix) -> TableGradient<'_> {
        let (rows, dim, has_bias) = (matrix.shape().rows as usize, matrix.shape().dim, matrix.shape().bias);
        let by_rows = |rows, values| ArrayView2::from_shape((rows, dim), values).expect("rows × dim");
        if self.swept.is_none() {
            let bias = if has_bias { &self.bias[..] } else { &[] };
            let (rows, weights) = (&self.touched[..], by_rows(self.touched.len(), &self.values[..]));
            return TableGradient::Rows { rows, weights, bias: bias.into() };
        }
        self.widen(matrix);
        self.merge_touched(dim, &(0..rows as u32), |_, _, _| {});
        TableGradient::Dense { weights: by_rows(rows, &self.swept_values[..]), bias: self.swept_bias[..].into() }
    }

    /// The current ∂L/∂W of a row and of its bias.
    pub fn row(&self, matrix: &Matrix, row: u32) -> (Vec<f32>, f32) {
        let dim = matrix.shape().dim;
        let at = |at: usize| at * dim..(at + 1) * dim;
        let (mut values, mut bias) = (vec![0.0; dim], 0.0);
        if let Some(slot) = self.slots.get(row as usize).filter(|s| **s > 0) {
            values.copy_from_slice(&self.values[at(*slot as usize - 1)]);
            bias = self.bias[*slot as usize - 1];
        }
        if self.swept.as_ref().is_some_and(|s| s.contains(&row)) {
            simd::add(&mut values, &self.swept_values[at(row as usize)]);
            bias += self.swept_bias.get(row as usize).copied().unwrap_or(0.0);
        }
        (values, bias)
    }
}
