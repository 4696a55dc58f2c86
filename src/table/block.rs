//! A few rows gathered beside a batch: scores, coefficients and gradients of one step.

use super::dense::Matrix;
use super::{Coefficients, Threads, kernel};
use crate::simd;
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, Axis, Slice};

/// Blocks up to this many scores go through the register kernels, larger ones through the general matrix product.
const SMALL: usize = 2048;
/// Parts that threads share of a large block; a constant, so that the parts do not depend on their number.
const PARTS: usize = 16;

/// Gathered rows and what comes of them; the memory is used again.
#[derive(Default)]
pub struct Block {
    batch: usize,
    count: usize,
    dim: usize,
    stride: usize,
    /// batch × stride.
    x: Vec<f32>,
    /// count × stride.
    w: Vec<f32>,
    /// count, or none.
    bias: Vec<f32>,
    /// batch × count: scores, then coefficients.
    z: Vec<f32>,
    /// batch × stride.
    d_x: Vec<f32>,
    /// count × stride.
    gradient: Vec<f32>,
    /// count.
    d_bias: Vec<f32>,
}

impl Block {
    /// Takes the rows and the batch, padded.
    pub fn gather(&mut self, matrix: &Matrix, rows: &[u32], x: &ArrayView2<f32>) {
        self.resize(x.nrows(), rows.len(), x.ncols());
        for (to, row) in self.w.chunks_exact_mut(self.stride).zip(rows) {
            to[..self.dim].copy_from_slice(matrix.row(*row));
        }
        for (to, from) in self.x.chunks_exact_mut(self.stride).zip(x.rows()) {
            to[..self.dim].copy_from_slice(from.to_slice().expect("rows of x are contiguous"));
        }
        self.bias.clear();
        if !matrix.bias().is_empty() {
            self.bias.extend(rows.iter().map(|row| matrix.bias()[*row as usize]));
        }
    }

    fn resize(&mut self, batch: usize, count: usize, dim: usize) {
        if dim != self.dim {
            // The padding must be zero for the new stride.
            (self.dim, self.stride) = (dim, kernel::stride(dim));
            self.x.clear();
            self.w.clear();
        }
        (self.batch, self.count) = (batch, count);
        self.x.resize(batch * self.stride, 0.0);
        self.w.resize(count * self.stride, 0.0);
        self.z.resize(batch * count, 0.0);
    }

    fn is_small(&self) -> bool {
        self.batch * self.count <= SMALL || self.batch < 8
    }

    fn view<'a>(&self, data: &'a [f32], rows: usize) -> ArrayView2<'a, f32> {
        let padded = ArrayView2::from_shape((rows, self.stride), data).expect("rows × stride");
        padded.split_at(Axis(1), self.dim).0
    }

    /// Z = X·Wᵀ + b.
    pub fn scores(&mut self, threads: &Threads) -> ArrayView2<'_, f32> {
        if self.count > 0 {
            if self.is_small() {
                kernel::scores(&self.x, &self.w, &self.bias, self.stride, &mut self.z);
            } else {
                self.large_scores(threads);
            }
        }
        ArrayView2::from_shape((self.batch, self.count), &self.z).expect("batch × count")
    }

    fn large_scores(&mut self, threads: &Threads) {
        let mut z = std::mem::take(&mut self.z);
        let mut all = ArrayViewMut2::from_shape((self.batch, self.count), &mut z).expect("batch × count");
        let (x, w) = (self.view(&self.x, self.batch), self.view(&self.w, self.count));
        let part = self.count.div_ceil(PARTS);
        let parts =
            all.axis_chunks_iter_mut(Axis(1), part).zip(w.axis_chunks_iter(Axis(0), part)).enumerate().collect();
        threads.each(parts, |(i, (mut z, w)): (usize, (ArrayViewMut2<f32>, ArrayView2<f32>))| {
            if self.bias.is_empty() {
                general_mat_mul(1.0, &x, &w.t(), 0.0, &mut z);
            } else {
                let bias = &self.bias[i * part..][..z.ncols()];
                let fill = |mut row: ndarray::ArrayViewMut1<f32>| {
                    row.as_slice_mut().expect("contiguous").copy_from_slice(bias);
                };
                z.rows_mut().into_iter().for_each(fill);
                general_mat_mul(1.0, &x, &w.t(), 1.0, &mut z);
            }
        });
        self.z = z;
    }

    /// Z becomes K = ∂L/∂Z.
    pub fn coefficients(&mut self, coef: &Coefficients, losses: &mut [f64], threads: &Threads) {
        let shape = (self.batch, self.count);
        let mut z = ArrayViewMut2::from_shape(shape, &mut self.z).expect("batch × count");
        if shape.0 * shape.1 <= SMALL {
            return coef(0..self.batch, z, losses);
        }
        let part = self.batch.div_ceil(PARTS);
        let parts = z.axis_chunks_iter_mut(Axis(0), part).zip(losses.chunks_mut(part)).enumerate().collect();
        threads.each(parts, |(i, (z, losses)): (usize, (ArrayViewMut2<f32>, &mut [f64]))| {
            coef(i * part..i * part + z.nrows(), z, losses);
        });
    }

    /// d_x += K·W.
    pub fn weighted_sum(&mut self, mut d_x: ArrayViewMut2<f32>, threads: &Threads) {
        if self.is_small() {
            self.d_x.clear();
            self.d_x.resize(self.batch * self.stride, 0.0);
            kernel::weighted_sum(&self.z, &self.w, self.stride, &mut self.d_x);
            for (mut to, from) in d_x.rows_mut().into_iter().zip(self.d_x.chunks_exact(self.stride)) {
                simd::add(to.as_slice_mut().expect("rows of d_x are contiguous"), &from[..self.dim]);
            }
            return;
        }
        let k = ArrayView2::from_shape((self.batch, self.count), &self.z).expect("batch × count");
        let w = self.view(&self.w, self.count);
        let part = self.batch.div_ceil(PARTS);
        let parts = d_x.axis_chunks_iter_mut(Axis(0), part).zip(k.axis_chunks_iter(Axis(0), part)).collect();
        threads.each(parts, |(mut d_x, k): (ArrayViewMut2<f32>, ArrayView2<f32>)| {
            general_mat_mul(1.0, &k, &w, 1.0, &mut d_x);
        });
    }

    /// G = Kᵀ·X, and its bias.
    pub fn outer(&mut self, threads: &Threads) {
        self.gradient.resize(self.count * self.stride, 0.0);
        if self.is_small() {
            kernel::outer(&self.z, &self.x, self.stride, &mut self.gradient);
        } else {
            self.large_outer(threads);
        }
        self.d_bias.clear();
        self.d_bias.resize(self.count, 0.0);
        if !self.bias.is_empty() {
            self.z.chunks_exact(self.count).for_each(|row| simd::add(&mut self.d_bias, row));
        }
    }

    fn large_outer(&mut self, threads: &Threads) {
        let mut gradient = std::mem::take(&mut self.gradient);
        let mut all = ArrayViewMut2::from_shape((self.count, self.stride), &mut gradient).expect("count × stride");
        let mut all = all.slice_axis_mut(Axis(1), Slice::from(..self.dim));
        let k = ArrayView2::from_shape((self.batch, self.count), &self.z).expect("batch × count");
        let x = self.view(&self.x, self.batch);
        let part = self.count.div_ceil(PARTS);
        let parts = all.axis_chunks_iter_mut(Axis(0), part).zip(k.axis_chunks_iter(Axis(1), part)).collect();
        threads.each(parts, |(mut g, k): (ArrayViewMut2<f32>, ArrayView2<f32>)| {
            general_mat_mul(1.0, &k.t(), &x, 0.0, &mut g);
        });
        self.gradient = gradient;
    }

    /// Hands out the gradient of every gathered row, with that of its bias.
    pub fn gradients(&self, mut take: impl FnMut(usize, &[f32], f32)) {
        for (c, gradient) in self.gradient.chunks_exact(self.stride).take(self.count).enumerate() {
            take(c, &gradient[..self.dim], self.d_bias[c]);
        }
    }
}
