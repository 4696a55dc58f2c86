//! The products of a tile for a very small batch: nothing is packed, and every row of W is read once, in place.

use crate::simd::dispatch;
use pulp::{Simd, WithSimd};

/// Largest batch that uses these functions.
pub const SMALL_BATCH: usize = 4;
/// Vectors of ∂L/∂x that are held in registers.
const HELD: usize = 8;

/// Zᵀ = W·Xᵀ + b. W is rows × dim, X is batch × dim; `bias` has one entry per row or is empty. z\[row·stride + b\] is
/// the score of example b.
pub fn scores(w: &[f32], x: &[f32], dim: usize, bias: &[f32], z: &mut [f32], stride: usize) {
    for (b, x) in x.chunks_exact(dim).enumerate() {
        dispatch(Dots { w, x, z: &mut z[b..], stride });
        if !bias.is_empty() {
            z[b..].iter_mut().step_by(stride).zip(bias).for_each(|(z, bias)| *z += bias);
        }
    }
}

struct Dots<'a> {
    w: &'a [f32],
    x: &'a [f32],
    z: &'a mut [f32],
    stride: usize,
}

impl WithSimd for Dots<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let (dim, mut row) = (self.x.len(), 0);
        let mut fours = self.w.chunks_exact(4 * dim);
        for four in &mut fours {
            let (a, b) = four.split_at(2 * dim);
            let ((a, b), (c, d)) = (a.split_at(dim), b.split_at(dim));
            let z = dots::<S, 4>(s, self.x, [a, b, c, d]);
            for m in 0..4 {
                self.z[(row + m) * self.stride] = z[m];
            }
            row += 4;
        }
        for one in fours.remainder().chunks_exact(dim) {
            self.z[row * self.stride] = dots::<S, 1>(s, self.x, [one])[0];
            row += 1;
        }
    }
}

#[inline(always)]
fn dots<S: Simd, const M: usize>(s: S, x: &[f32], w: [&[f32]; M]) -> [f32; M] {
    let (body, tail) = S::as_simd_f32s(x);
    let mut rows = [&[][..]; M];
    let mut acc = [s.splat_f32s(0.0); M];
    for m in 0..M {
        let (row, rest) = S::as_simd_f32s(w[m]);
        rows[m] = &row[..body.len()];
        if !tail.is_empty() {
            acc[m] = s.mul_f32s(s.partial_load_f32s(tail), s.partial_load_f32s(rest));
        }
    }
    for k in 0..body.len() {
        for m in 0..M {
            acc[m] = s.mul_add_e_f32s(body[k], rows[m][k], acc[m]);
        }
    }
    let mut out = [0.0; M];
    for m in 0..M {
        out[m] = s.reduce_sum_f32s(acc[m]);
    }
    out
}

/// d_x += K·W. d_x is batch × d_stride, W is rows × dim; k\[row·stride + b\] is the coefficient of example b.
pub fn weighted_sum(k: &[f32], stride: usize, w: &[f32], dim: usize, d_x: &mut [f32], d_stride: usize) {
    for (b, d_x) in d_x.chunks_exact_mut(d_stride).enumerate() {
        dispatch(Sum { k: &k[b..], stride, w, dim, d_x: &mut d_x[..dim] });
    }
}

struct Sum<'a> {
    k: &'a [f32],
    stride: usize,
    w: &'a [f32],
    dim: usize,
    d_x: &'a mut [f32],
}

impl WithSimd for Sum<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let (body, tail) = S::as_mut_simd_f32s(self.d_x);
        let (wide, narrow) = body.as_chunks_mut::<HELD>();
        let mut from = 0;
        for acc in wide {
            let mut held = *acc;
            for (w, k) in self.w.chunks_exact(self.dim).zip(self.k.iter().step_by(self.stride)) {
                let w: &[S::f32s] = S::as_simd_f32s(&w[from..from + HELD * S::F32_LANES]).0;
                let (w, k): (&[S::f32s; HELD], _) = (w.try_into().expect("whole vectors"), s.splat_f32s(*k));
                for v in 0..HELD {
                    held[v] = s.mul_add_e_f32s(k, w[v], held[v]);
                }
            }
            *acc = held;
            from += HELD * S::F32_LANES;
        }
        for acc in narrow {
            let mut held = *acc;
            for (w, k) in self.w.chunks_exact(self.dim).zip(self.k.iter().step_by(self.stride)) {
                let w = S::as_simd_f32s(&w[from..from + S::F32_LANES]).0[0];
                held = s.mul_add_e_f32s(s.splat_f32s(*k), w, held);
            }
            *acc = held;
            from += S::F32_LANES;
        }
        if !tail.is_empty() {
            let mut held = s.partial_load_f32s(tail);
            for (w, k) in self.w.chunks_exact(self.dim).zip(self.k.iter().step_by(self.stride)) {
                held = s.mul_add_e_f32s(s.splat_f32s(*k), s.partial_load_f32s(&w[from..]), held);
            }
            s.partial_store_f32s(tail, held);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 2_654_435_761 + seed * 97) % 1009) as f32 / 504.5 - 1.0).collect()
    }

    #[test]
    fn agree_with_f64_for_every_shape() {
        for (batch, rows, dim) in
            [(1, 1, 1), (1, 7, 15), (2, 9, 16), (3, 4, 100), (4, 30, 300), (1, 33, 128), (1, 5, 257)]
        {
            let (x, w, bias, stride) = (numbers(batch * dim, 1), numbers(rows * dim, 2), numbers(rows, 3), 16);
            let mut z = vec![0.0; rows * stride];
            scores(&w, &x, dim, &bias, &mut z, stride);
            let (k, mut d_x) = (numbers(rows * stride, 4), vec![0.5; batch * (dim + 3)]);
            weighted_sum(&k, stride, &w, dim, &mut d_x, dim + 3);
            let at = |m: &[f32], i: usize| f64::from(m[i]);
            // n + 1 roundings of 2⁻²⁴ of partial sums of at most n + 1.
            let close = |a: f32, b: f64, n: usize| {
                assert!((f64::from(a) - b).abs() <= ((n + 1) * (n + 1)) as f64 * 6e-8, "{a} {b}")
            };
            for b in 0..batch {
                for r in 0..rows {
                    let exact: f64 = (0..dim).map(|i| at(&x, b * dim + i) * at(&w, r * dim + i)).sum();
                    close(z[r * stride + b], exact + at(&bias, r), dim);
                }
                for i in 0..dim {
                    let exact: f64 = (0..rows).map(|r| at(&k, r * stride + b) * at(&w, r * dim + i)).sum();
                    close(d_x[b * (dim + 3) + i], 0.5 + exact, rows);
                }
                assert_eq!(d_x[b * (dim + 3) + dim..][..3], [0.5; 3]);
            }
        }
    }
}
