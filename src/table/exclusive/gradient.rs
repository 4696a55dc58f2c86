//! Gradients that wait: of single rows, merged by row, and of whole ranges.

use crate::simd;
use crate::table::Threads;
use crate::table::matrix::{Matrix, take};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2};
use std::ops::Range;

/// ∂L/∂W since the last time it was applied.
#[derive(Default)]
pub struct Gradient {
    /// For each row of the table 1 + its place in `touched`, or 0.
    slots: Vec<u32>,
    touched: Vec<u32>,
    /// touched × dim.
    values: Vec<f32>,
    bias: Vec<f32>,
    swept: Option<Range<u32>>,
    /// rows × dim, meaningful within `swept`.
    swept_values: Vec<f32>,
    swept_bias: Vec<f32>,
}

/// Kᵀ·X, row by row in memory whatever the layout of the two: C×d.
pub fn outer(coef: &ArrayView2<f32>, x: &ArrayView2<f32>) -> Array2<f32> {
    let mut gradient = Array2::zeros((coef.ncols(), x.ncols()));
    general_mat_mul(1.0, &coef.t(), x, 0.0, &mut gradient);
    gradient
}

/// Neighbouring rows of a gradient.
pub struct GradientStrip<'a> {
    pub values: &'a mut [f32],
    pub bias: &'a mut [f32],
    /// Whether what stands there is to be overwritten.
    pub fresh: bool,
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

    /// The gradient of whole ranges, cut into strips.
    pub fn strips(&mut self, matrix: &Matrix, bounds: &[Range<u32>]) -> Vec<GradientStrip<'_>> {
        let (rows, dim) = (matrix.shape().rows as usize, matrix.shape().dim);
        let range = bounds[0].start..bounds[bounds.len() - 1].end;
        self.swept_values.resize(rows * dim, 0.0);
        self.swept_bias.resize(matrix.bias().len(), 0.0);
        let fresh = self.swept.is_none();
        match &self.swept {
            None => self.swept = Some(range),
            Some(swept) if *swept == range => {}
            Some(swept) => {
                let (start, end) = (swept.start as usize, swept.end as usize);
                self.swept_values[..start * dim].fill(0.0);
                self.swept_values[end * dim..].fill(0.0);
                if !self.swept_bias.is_empty() {
                    self.swept_bias[..start].fill(0.0);
                    self.swept_bias[end..].fill(0.0);
                }
                self.swept = Some(0..rows as u32);
            }
        }
        let (mut values, mut bias, mut at) = (&mut self.swept_values[..], &mut self.swept_bias[..], 0);
        let mut strips = Vec::with_capacity(bounds.len());
        for rows in bounds {
            let (skip, len) = ((rows.start - at) as usize, rows.len());
            let (values, bias) = (take(&mut values, skip * dim, len * dim), take(&mut bias, skip, len));
            strips.push(GradientStrip { values, bias, fresh });
            at = rows.end;
        }
        strips
    }

    /// Moves the matrix along what has gathered, and begins anew.
    pub fn apply(&mut self, matrix: &mut Matrix, rate: f32, threads: &Threads) {
        let dim = matrix.shape().dim;
        let swept = self.swept.take().unwrap_or(0..0);
        for (at, row) in self.touched.iter().enumerate() {
            let (values, bias) = (&self.values[at * dim..(at + 1) * dim], &self.bias[at..at + 1]);
            if swept.contains(row) {
                let row = *row as usize;
                simd::add(&mut self.swept_values[row * dim..(row + 1) * dim], values);
                if !self.swept_bias.is_empty() {
                    self.swept_bias[row] += bias[0];
                }
            } else {
                matrix.update(*row..*row + 1, rate, values, bias);
            }
            self.slots[*row as usize] = 0;
        }
        self.touched.clear();
        self.values.clear();
        self.bias.clear();
        if !swept.is_empty() {
            self.apply_swept(matrix, swept, rate, threads);
        }
    }

    fn apply_swept(&self, matrix: &mut Matrix, swept: Range<u32>, rate: f32, threads: &Threads) {
        let dim = matrix.shape().dim;
        let bounds = crate::table::kernel::tile::strips(&swept);
        let strips = matrix.strips_mut(&bounds).into_iter().zip(bounds.iter().cloned()).collect();
        threads.each(strips, |(mut strip, rows): (crate::table::matrix::MatrixStrip, Range<u32>)| {
            let rows = rows.start as usize..rows.end as usize;
            let bias = if self.swept_bias.is_empty() { &[][..] } else { &self.swept_bias[rows.clone()] };
            strip.update(0..rows.len(), rate, &self.swept_values[rows.start * dim..rows.end * dim], bias);
        });
    }

    /// ∂L/∂W of a row and its bias, as it stands.
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
