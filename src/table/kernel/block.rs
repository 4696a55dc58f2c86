//! A few gathered rows and a batch: the scores, coefficients and gradients of one step.

use super::gemm::{Left, Panels, Start, columns_times_panels, padded, rows_times_panels};
use super::registers as kernel;
use super::rows::RowSource;
use crate::simd;
use crate::table::{Coefficients, Threads};
use ndarray::{ArrayView2, ArrayViewMut2, Axis};

/// Largest number of scores in a block for the register kernels. Larger blocks use the general matrix product.
const SMALL: usize = 2048;
/// Rows that are packed together in a large block. They stay in the second-level cache.
pub const PART: usize = 512;
/// Shares of the batch among threads. Constant, so results do not depend on the number of threads.
const SHARES: usize = 16;
/// Products with fewer multiply-adds run on one thread: waking others takes as long as such a product.
const ALONE: usize = 4 << 20;

/// Whether a block of scores uses the register kernels.
pub fn is_small(batch: usize, count: usize) -> bool {
    batch * count <= SMALL || batch < 8
}

/// Parts of `count` gathered rows that one thread takes at a time. There are at most [`SHARES`] such shares.
fn share(count: usize) -> usize {
    count.div_ceil(PART).div_ceil(SHARES).max(1)
}

/// The parts of gathered rows, each with its panels, cut into shares for the threads.
fn parts_of<'a>(
    w: &'a [f32],
    stride: usize,
    panels: &'a mut [Panels],
) -> impl Iterator<Item = (&'a [f32], &'a mut [Panels])> {
    let share = share(w.len() / stride);
    w.chunks(share * PART * stride).zip(panels.chunks_mut(share))
}

/// Gathered rows with their scores and gradients. The memory is reused.
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
    /// count; empty without biases.
    bias: Vec<f32>,
    /// batch × z_stride: scores, then coefficients.
    z: Vec<f32>,
    /// count, padded for a large block.
    z_stride: usize,
    /// batch × stride.
    d_x: Vec<f32>,
    /// count × stride.
    gradient: Vec<f32>,
    /// count.
    d_bias: Vec<f32>,
    /// Wᵀ and W in parts, and X, for a large block.
    transposed: Vec<Panels>,
    plain: Vec<Panels>,
    packed_x: Panels,
}

impl Block {
    /// Copies the rows and the batch, both padded.
    pub fn gather(&mut self, source: &impl RowSource, rows: &[u32], x: &ArrayView2<f32>) {
        self.resize(x.nrows(), rows.len(), x.ncols());
        for (to, row) in self.w.chunks_exact_mut(self.stride).zip(rows) {
            source.copy_row(*row, &mut to[..self.dim]);
        }
        for (to, from) in self.x.chunks_exact_mut(self.stride).zip(x.rows()) {
            to[..self.dim].copy_from_slice(from.to_slice().expect("rows of x are contiguous"));
        }
        self.bias.clear();
        if source.has_bias() {
            self.bias.extend(rows.iter().map(|row| source.row_bias(*row)));
        }
    }

    fn resize(&mut self, batch: usize, count: usize, dim: usize) {
        if dim != self.dim {
            // The padding must be zero at the new stride.
            (self.dim, self.stride) = (dim, kernel::stride(dim));
            self.x.clear();
            self.w.clear();
        }
        (self.batch, self.count) = (batch, count);
        self.x.resize(batch * self.stride, 0.0);
        self.w.resize(count * self.stride, 0.0);
        self.z_stride = if is_small(batch, count) { count } else { padded(count) };
        self.z.resize(batch * self.z_stride, 0.0);
        if !is_small(batch, count) {
            let parts = count.div_ceil(PART).max(self.plain.len());
            self.transposed.resize_with(parts, Panels::default);
            self.plain.resize_with(parts, Panels::default);
        }
    }

    fn is_small(&self) -> bool {
        is_small(self.batch, self.count)
    }

    /// The threads that are worth waking for this block.
    fn awake<'a>(&self, threads: &'a Threads) -> &'a Threads {
        if self.batch * self.count * self.dim < ALONE { Threads::alone() } else { threads }
    }

    /// Z = X·Wᵀ + b, B×C.
    pub fn scores(&mut self, threads: &Threads) -> ArrayView2<'_, f32> {
        if self.count > 0 {
            if self.is_small() {
                kernel::scores(&self.x, &self.w, &self.bias, self.stride, &mut self.z);
            } else {
                self.large_scores(self.awake(threads));
            }
        }
        let z = ArrayView2::from_shape((self.batch, self.z_stride), &self.z).expect("batch × stride of z");
        z.split_at(Axis(1), self.count).0
    }

    /// Packs every part of W, then multiplies every part of the batch by all of them.
    fn large_scores(&mut self, threads: &Threads) {
        let (stride, dim, zs) = (self.stride, self.dim, self.z_stride);
        threads.each(parts_of(&self.w, stride, &mut self.transposed), |(w, panels)| {
            for (w, panels) in w.chunks(PART * stride).zip(panels) {
                panels.pack_transposed(dim, w.len() / stride, |c| &w[c * stride..(c + 1) * stride]);
            }
        });
        let (bias, transposed) = (&self.bias, &self.transposed);
        let part = self.batch.div_ceil(SHARES);
        let parts = self.z.chunks_mut(part * zs).zip(self.x.chunks(part * stride));
        threads.each(parts, |(z, x)| {
            let x = Left { data: x, stride };
            for (p, panels) in transposed.iter().take(self.count.div_ceil(PART)).enumerate() {
                rows_times_panels(x, x.data.len() / stride, panels, Start::Zero, &mut z[p * PART..], zs);
            }
            if !bias.is_empty() {
                z.chunks_mut(zs).for_each(|row| simd::add(&mut row[..bias.len()], bias));
            }
        });
    }

    /// Turns Z into K = ∂L/∂Z.
    pub fn coefficients(&mut self, coef: &Coefficients, losses: &mut [f64], threads: &Threads) {
        let awake = self.awake(threads);
        let shape = (self.batch, self.count);
        let padded = (self.batch, self.z_stride);
        let z = ArrayViewMut2::from_shape(padded, &mut self.z).expect("batch × stride of z");
        let mut z = z.split_at(Axis(1), self.count).0;
        if shape.0 * shape.1 <= SMALL {
            return coef(0..self.batch, z, losses);
        }
        let part = self.batch.div_ceil(SHARES);
        let parts = z.axis_chunks_iter_mut(Axis(0), part).zip(losses.chunks_mut(part)).enumerate();
        awake.each(parts, |(i, (z, losses))| {
            coef(i * part..i * part + z.nrows(), z, losses);
        });
    }

    /// d_x += K·W; `d_x` is B×d.
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
        let awake = self.awake(threads);
        let (stride, dim, zs, d_stride) = (self.stride, self.dim, self.z_stride, padded(self.dim));
        awake.each(parts_of(&self.w, stride, &mut self.plain), |(w, panels)| {
            for (w, panels) in w.chunks(PART * stride).zip(panels) {
                panels.pack(w.len() / stride, dim, |c| &w[c * stride..(c + 1) * stride]);
            }
        });
        self.d_x.clear();
        self.d_x.resize(self.batch * d_stride, 0.0);
        let (plain, part) = (&self.plain, self.batch.div_ceil(SHARES));
        let parts = self.d_x.chunks_mut(part * d_stride).zip(self.z.chunks(part * zs));
        awake.each(parts, |(d_x, z)| {
            for (p, panels) in plain.iter().take(self.count.div_ceil(PART)).enumerate() {
                let k = Left { data: &z[p * PART..], stride: zs };
                rows_times_panels(k, z.len() / zs, panels, Start::Output, d_x, d_stride);
            }
        });
        for (mut to, from) in d_x.rows_mut().into_iter().zip(self.d_x.chunks_exact(d_stride)) {
            simd::add(to.as_slice_mut().expect("rows of d_x are contiguous"), &from[..dim]);
        }
    }

    /// G = Kᵀ·X and the gradient of the biases.
    pub fn outer(&mut self, threads: &Threads) {
        self.gradient.resize(self.count * self.stride, 0.0);
        if self.is_small() {
            kernel::outer(&self.z, &self.x, self.stride, &mut self.gradient);
        } else {
            self.large_outer(self.awake(threads));
        }
        self.d_bias.clear();
        self.d_bias.resize(self.count, 0.0);
        if !self.bias.is_empty() {
            self.z.chunks_exact(self.z_stride).for_each(|row| simd::add(&mut self.d_bias, &row[..self.count]));
        }
    }

    fn large_outer(&mut self, threads: &Threads) {
        let (stride, dim, zs) = (self.stride, self.dim, self.z_stride);
        let mut x = std::mem::take(&mut self.packed_x);
        x.pack(self.batch, dim, |b| &self.x[b * stride..(b + 1) * stride]);
        let z = &self.z;
        let share = share(self.count) * PART;
        let parts = self.gradient.chunks_mut(share * stride).enumerate();
        threads.each(parts, |(i, gradient)| {
            for (p, gradient) in gradient.chunks_mut(PART * stride).enumerate() {
                let k = Left { data: &z[i * share + p * PART..], stride: zs };
                columns_times_panels(k, gradient.len() / stride, &x, Start::Zero, gradient, stride);
            }
        });
        self.packed_x = x;
    }

    /// Calls `take` with the number of each gathered row, its gradient and that of its bias.
    pub fn gradients(&self, mut take: impl FnMut(usize, &[f32], f32)) {
        for (c, gradient) in self.gradient.chunks_exact(self.stride).take(self.count).enumerate() {
            take(c, &gradient[..self.dim], self.d_bias[c]);
        }
    }
}
