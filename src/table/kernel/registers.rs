//! The three verbs on small gathered blocks, blocked in registers.
//!
//! Blocks are row-major. Rows are padded with zeros to `stride`, a multiple of [`LANES`], so no kernel has a tail.

use crate::simd::dispatch;
use pulp::{Simd, WithSimd, bytemuck};

/// Lanes of the widest vector of any instruction set, in f32.
pub const LANES: usize = 16;

/// Stride of rows with `dim` entries.
pub fn stride(dim: usize) -> usize {
    dim.next_multiple_of(LANES)
}

/// out = X·Wᵀ + b. X is B×stride, W is C×stride, out is B×C; `bias` has C entries or none.
pub fn scores(x: &[f32], w: &[f32], bias: &[f32], stride: usize, out: &mut [f32]) {
    dispatch(Scores { x, w, stride, out });
    if !bias.is_empty() {
        out.chunks_exact_mut(bias.len()).for_each(|row| row.iter_mut().zip(bias).for_each(|(z, b)| *z += b));
    }
}

/// out += K·W. K is B×C, W is C×stride, out is B×stride.
pub fn weighted_sum(coef: &[f32], w: &[f32], stride: usize, out: &mut [f32]) {
    let (batch, count) = (out.len() / stride, w.len() / stride);
    dispatch(Combine { coef, step: (count, 1), sources: w, count, stride, out, rows: batch, keep: true });
}

/// out = Kᵀ·X. K is B×C, X is B×stride, out is C×stride.
pub fn outer(coef: &[f32], x: &[f32], stride: usize, out: &mut [f32]) {
    let (batch, count) = (x.len() / stride, out.len() / stride);
    dispatch(Combine { coef, step: (1, count), sources: x, count: batch, stride, out, rows: count, keep: false });
}

struct Scores<'a> {
    x: &'a [f32],
    w: &'a [f32],
    stride: usize,
    out: &'a mut [f32],
}

impl WithSimd for Scores<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { x, w, stride, out } = self;
        let count = w.len() / stride;
        if count == 0 {
            return;
        }
        let mut xs = x.chunks_exact(2 * stride);
        let mut outs = out.chunks_exact_mut(2 * count);
        for (pair, out) in (&mut xs).zip(&mut outs) {
            let (a, b) = out.split_at_mut(count);
            dots(s, [&pair[..stride], &pair[stride..]], w, stride, [a, b]);
        }
        let last = xs.remainder();
        if !last.is_empty() {
            dots(s, [last], w, stride, [outs.into_remainder()]);
        }
    }
}

/// Dot products of N rows of X with every row of W, four rows of W at a time.
#[inline(always)]
fn dots<S: Simd, const N: usize>(s: S, x: [&[f32]; N], w: &[f32], stride: usize, out: [&mut [f32]; N]) {
    let (mut groups, mut c) = (w.chunks_exact(4 * stride), 0);
    for group in &mut groups {
        let (a, b) = group.split_at(2 * stride);
        let ((a, b), (d, e)) = (a.split_at(stride), b.split_at(stride));
        let z = block::<S, N, 4>(s, x, [a, b, d, e]);
        for n in 0..N {
            out[n][c..c + 4].copy_from_slice(&z[n]);
        }
        c += 4;
    }
    for row in groups.remainder().chunks_exact(stride) {
        let z = block::<S, N, 1>(s, x, [row]);
        for n in 0..N {
            out[n][c] = z[n][0];
        }
        c += 1;
    }
}

/// Dot products of N vectors with M others.
#[inline(always)]
pub fn block<S: Simd, const N: usize, const M: usize>(s: S, x: [&[f32]; N], w: [&[f32]; M]) -> [[f32; M]; N] {
    let (mut xs, mut ws) = ([&[][..]; N], [&[][..]; M]);
    let len = x[0].len() / S::F32_LANES;
    for n in 0..N {
        xs[n] = &S::as_simd_f32s(x[n]).0[..len];
    }
    for m in 0..M {
        ws[m] = &S::as_simd_f32s(w[m]).0[..len];
    }
    let mut acc = [[s.splat_f32s(0.0); M]; N];
    for k in 0..len {
        for n in 0..N {
            for m in 0..M {
                acc[n][m] = s.mul_add_e_f32s(xs[n][k], ws[m][k], acc[n][m]);
            }
        }
    }
    let mut out = [[0.0; M]; N];
    for n in 0..N {
        if M == 4 {
            out[n].copy_from_slice(&sums(s, [acc[n][0], acc[n][1 % M], acc[n][2 % M], acc[n][3 % M]]));
            continue;
        }
        for m in 0..M {
            out[n][m] = s.reduce_sum_f32s(acc[n][m]);
        }
    }
    out
}

/// Sums over the lanes of four vectors. One transposition and three additions replace four reductions.
#[inline(always)]
fn sums<S: Simd>(s: S, vectors: [S::f32s; 4]) -> [f32; 4] {
    // The source vector of each lane, if it depends only on the lane's index modulo 4. The compiler sees constants.
    let from = s.deinterleave_shfl_f32s([s.splat_f32s(0.0), s.splat_f32s(1.0), s.splat_f32s(2.0), s.splat_f32s(3.0)]);
    let (from, _) = bytemuck::cast_slice::<S::f32s, f32>(&from).as_chunks::<4>();
    let mut out = [0.0; 4];
    if from.iter().any(|four| *four != from[0]) || S::F32_LANES < 4 {
        for m in 0..4 {
            out[m] = s.reduce_sum_f32s(vectors[m]);
        }
        return out;
    }
    let [a, b, c, d] = s.deinterleave_shfl_f32s(vectors);
    let sum = [s.add_f32s(s.add_f32s(a, b), s.add_f32s(c, d))];
    let mut fours = [0.0; 4];
    for four in bytemuck::cast_slice::<S::f32s, f32>(&sum).as_chunks::<4>().0 {
        for m in 0..4 {
            fours[m] += four[m];
        }
    }
    for m in 0..4 {
        out[from[0][m] as usize] = fours[m];
    }
    out
}

/// out\[i\] (+)= Σ_j coef\[i·step.0 + j·step.1\] · sources\[j\].
struct Combine<'a> {
    coef: &'a [f32],
    step: (usize, usize),
    sources: &'a [f32],
    count: usize,
    stride: usize,
    out: &'a mut [f32],
    rows: usize,
    keep: bool,
}

impl WithSimd for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, s: S) {
        let mut i = 0;
        while i + 2 <= self.rows {
            self.rows_from::<S, 2>(s, i);
            i += 2;
        }
        if i < self.rows {
            self.rows_from::<S, 1>(s, i);
        }
    }
}

impl Combine<'_> {
    /// N rows of `out` from row `i` on: four vectors at a time, then one at a time.
    #[inline(always)]
    fn rows_from<S: Simd, const N: usize>(&mut self, s: S, i: usize) {
        let width = self.stride / S::F32_LANES;
        let mut k = 0;
        while k + 4 <= width {
            self.columns::<S, N, 4>(s, i, k);
            k += 4;
        }
        while k < width {
            self.columns::<S, N, 1>(s, i, k);
            k += 1;
        }
    }

    #[expect(clippy::manual_memcpy, reason = "a reference to the accumulators would keep them in memory")]
    #[inline(always)]
    fn columns<S: Simd, const N: usize, const V: usize>(&mut self, s: S, i: usize, k: usize) {
        let width = self.stride / S::F32_LANES;
        let out = S::as_mut_simd_f32s(self.out).0;
        let sources = S::as_simd_f32s(self.sources).0;
        let mut acc = [[s.splat_f32s(0.0); V]; N];
        if self.keep {
            for n in 0..N {
                let out = &out[(i + n) * width + k..][..V];
                for v in 0..V {
                    acc[n][v] = out[v];
                }
            }
        }
        for j in 0..self.count {
            let source: &[S::f32s; V] = sources[j * width + k..][..V].try_into().expect("V vectors");
            for n in 0..N {
                let a = s.splat_f32s(self.coef[(i + n) * self.step.0 + j * self.step.1]);
                for v in 0..V {
                    acc[n][v] = s.mul_add_e_f32s(a, source[v], acc[n][v]);
                }
            }
        }
        for n in 0..N {
            let out = &mut out[(i + n) * width + k..][..V];
            for v in 0..V {
                out[v] = acc[n][v];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, dim: usize, seed: usize) -> Vec<f32> {
        let stride = stride(dim);
        let entry = |i: usize| ((i * 2_654_435_761 + seed * 97) % 1009) as f32 / 504.5 - 1.0;
        (0..rows * stride).map(|i| if i % stride < dim { entry(i) } else { 0.0 }).collect()
    }

    #[test]
    fn agree_with_f64_for_every_shape() {
        for (batch, count, dim) in
            [(1, 1, 1), (1, 5, 50), (2, 6, 100), (3, 7, 37), (5, 11, 16), (8, 40, 300), (32, 24, 129)]
        {
            let (ld, x, w) = (stride(dim), matrix(batch, dim, 1), matrix(count, dim, 2));
            let coef: Vec<f32> = matrix(batch * count, 1, 3).into_iter().step_by(LANES).collect();
            let bias: Vec<f32> = (0..count).map(|c| c as f32).collect();
            let (mut z, mut y, mut g) = (vec![9.0; batch * count], vec![1.0; batch * ld], vec![9.0; count * ld]);
            scores(&x, &w, &bias, ld, &mut z);
            weighted_sum(&coef, &w, ld, &mut y);
            outer(&coef, &x, ld, &mut g);
            // |error| ≤ n·2⁻²⁴·Σ|a·b|, with n terms and |a·b| ≤ 1.
            let close =
                |a: f32, b: f64, n: usize| assert!((f64::from(a) - b).abs() <= (n * n) as f64 * 6e-8 + 3e-6, "{a} {b}");
            let at = |m: &[f32], i: usize| f64::from(m[i]);
            for b in 0..batch {
                for c in 0..count {
                    let exact: f64 = (0..dim).map(|k| at(&x, b * ld + k) * at(&w, c * ld + k)).sum();
                    close(z[b * count + c], exact + c as f64, dim);
                }
                for k in 0..dim {
                    let exact: f64 = (0..count).map(|c| at(&coef, b * count + c) * at(&w, c * ld + k)).sum();
                    close(y[b * ld + k], 1.0 + exact, count);
                }
            }
            for (c, k) in (0..count).flat_map(|c| (0..dim).map(move |k| (c, k))) {
                let exact: f64 = (0..batch).map(|b| at(&coef, b * count + c) * at(&x, b * ld + k)).sum();
                close(g[c * ld + k], exact, batch);
            }
        }
    }
}
