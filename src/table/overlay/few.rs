//! A step over few rows, in two passes: scores, and then all that the coefficients bring about.
//!
//! Rows are worked on where they are. Each entry is computed in the order of [`kernel`](crate::table::kernel)'s
//! functions, so that the bits are the same.

use super::OwnRows;
use crate::simd::dispatch;
use crate::table::shared::{Aligned, SharedMatrix};
use crate::table::{Coefficients, kernel};
use ndarray::{ArrayView2, ArrayViewMut2};
use pulp::{Simd, WithSimd};

/// The memory of a step, used again.
#[derive(Default)]
pub struct Few {
    /// The slot of each row.
    places: Vec<u32>,
    /// batch × stride.
    x: Aligned,
    /// batch × count: scores, then coefficients.
    z: Vec<f32>,
}

impl Few {
    /// Scores → `coef` in place → d_x += K·W → the update, as [`Table::step`](crate::table::Table::step) has it.
    #[allow(clippy::too_many_arguments)]
    pub fn step(
        &mut self,
        base: &SharedMatrix,
        own: &mut OwnRows,
        rows: &[u32],
        x: ArrayView2<f32>,
        rate: f32,
        coef: &Coefficients,
        losses: &mut [f64],
        mut d_x: ArrayViewMut2<f32>,
    ) {
        let (batch, count, stride) = (x.nrows(), rows.len(), own.stride);
        if count == 0 || batch == 0 {
            let z = ArrayViewMut2::from_shape((batch, count), &mut []).expect("no scores");
            return coef(0..batch, z, losses);
        }
        self.x.grow(batch * stride);
        if self.z.len() < batch * count {
            self.z.resize(batch * count, 0.0);
        }
        self.places.clear();
        for row in rows {
            let slot = own.slot(base, *row);
            own.count(slot, batch as u32);
            self.places.push(slot as u32);
        }
        let (z, places) = (&mut self.z[..batch * count], &self.places[..]);
        let (weights, dim) = (own.values.as_mut(), own.dim);
        let flat = x.to_slice().expect("hidden vectors are contiguous");
        dispatch(Scores { weights, places, x: flat, dim, stride, padded: &mut self.x, z });
        if !own.bias.is_empty() {
            for row in z.chunks_exact_mut(count) {
                row.iter_mut().zip(places).for_each(|(z, place)| *z += own.bias[*place as usize]);
            }
        }
        coef(0..batch, ArrayViewMut2::from_shape((batch, count), &mut *z).expect("batch × count"), losses);
        if !own.bias.is_empty() {
            for (c, place) in places.iter().enumerate() {
                let mut sum = 0.0;
                z.chunks_exact(count).for_each(|k| sum += k[c]);
                own.bias[*place as usize] -= rate * sum;
            }
        }
        let d_x = d_x.as_slice_mut().expect("∂L/∂x is contiguous");
        dispatch(Descent { weights, places, x: &self.x, coef: z, dim, stride, rate, d_x });
    }
}

/// X padded, and z = X·Wᵀ.
struct Scores<'a> {
    weights: &'a [f32],
    places: &'a [u32],
    /// batch × d.
    x: &'a [f32],
    dim: usize,
    stride: usize,
    padded: &'a mut Aligned,
    z: &'a mut [f32],
}

impl WithSimd for Scores<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { weights, places, x, dim, stride, padded, z } = self;
        let count = places.len();
        for (to, from) in padded.as_mut().chunks_exact_mut(stride).zip(x.chunks_exact(dim)) {
            let (body, tail) = S::as_simd_f32s(from);
            let to = S::as_mut_simd_f32s(to).0;
            to[..body.len()].copy_from_slice(body);
            if !tail.is_empty() {
                to[body.len()] = s.partial_load_f32s(tail);
            }
        }
        let (x, w) = (padded.as_ref(), weights);
        let batch = z.len() / count;
        let mut b = 0;
        while b + 2 <= batch {
            let (first, second) = z[b * count..][..2 * count].split_at_mut(count);
            let x = [&x[b * stride..][..stride], &x[(b + 1) * stride..][..stride]];
            dots(s, x, w, stride, places, [first, second]);
            b += 2;
        }
        if b < batch {
            dots(s, [&x[b * stride..][..stride]], w, stride, places, [&mut z[b * count..][..count]]);
        }
    }
}

/// The products of N vectors with all rows at `places`, four rows at a time.
#[inline(always)]
fn dots<S: Simd, const N: usize>(s: S, x: [&[f32]; N], w: &[f32], stride: usize, places: &[u32], out: [&mut [f32]; N]) {
    let (fours, rest) = places.as_chunks::<4>();
    let mut c = 0;
    for places in fours {
        let mut rows = [&[][..]; 4];
        for m in 0..4 {
            rows[m] = &w[places[m] as usize * stride..][..stride];
        }
        let z = kernel::block::<S, N, 4>(s, x, rows);
        for n in 0..N {
            out[n][c..c + 4].copy_from_slice(&z[n]);
        }
        c += 4;
    }
    for place in rest {
        let z = kernel::block::<S, N, 1>(s, x, [&w[*place as usize * stride..][..stride]]);
        for n in 0..N {
            out[n][c] = z[n][0];
        }
        c += 1;
    }
}

/// d_x += K·W, then W ← W − rate·Kᵀ·X.
struct Descent<'a> {
    weights: &'a mut [f32],
    places: &'a [u32],
    x: &'a Aligned,
    coef: &'a [f32],
    dim: usize,
    stride: usize,
    rate: f32,
    /// batch × d.
    d_x: &'a mut [f32],
}

impl WithSimd for Descent<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, s: S) {
        let (count, dim) = (self.places.len(), self.dim);
        let batch = self.coef.len() / count;
        let mut b = 0;
        while b + 2 <= batch {
            self.d_x_rows::<S, 2>(s, b, count, dim);
            b += 2;
        }
        if b < batch {
            self.d_x_rows::<S, 1>(s, b, count, dim);
        }
        let mut c = 0;
        while c + 2 <= count {
            self.rows::<S, 2>(s, c, count, batch);
            c += 2;
        }
        if c < count {
            self.rows::<S, 1>(s, c, count, batch);
        }
    }
}

impl Descent<'_> {
    /// N rows of d_x from row `b` on.
    #[inline(always)]
    fn d_x_rows<S: Simd, const N: usize>(&mut self, s: S, b: usize, count: usize, dim: usize) {
        let width = self.stride / S::F32_LANES;
        let mut k = 0;
        while k < width {
            k += match (width - k).min(widest::<S>()) {
                8.. => self.d_x_columns::<S, N, 8>(s, b, k, count, dim),
                7 => self.d_x_columns::<S, N, 7>(s, b, k, count, dim),
                6 => self.d_x_columns::<S, N, 6>(s, b, k, count, dim),
                5 => self.d_x_columns::<S, N, 5>(s, b, k, count, dim),
                4 => self.d_x_columns::<S, N, 4>(s, b, k, count, dim),
                3 => self.d_x_columns::<S, N, 3>(s, b, k, count, dim),
                2 => self.d_x_columns::<S, N, 2>(s, b, k, count, dim),
                _ => self.d_x_columns::<S, N, 1>(s, b, k, count, dim),
            };
        }
    }

    /// V vectors of N rows of d_x, from vector `k` on.
    #[inline(always)]
    fn d_x_columns<S: Simd, const N: usize, const V: usize>(
        &mut self,
        s: S,
        b: usize,
        k: usize,
        count: usize,
        dim: usize,
    ) -> usize {
        let width = self.stride / S::F32_LANES;
        let w = S::as_simd_f32s(self.weights).0;
        let mut acc = [[s.splat_f32s(0.0); V]; N];
        for (c, place) in self.places.iter().enumerate() {
            let row: &[S::f32s; V] = w[*place as usize * width + k..][..V].try_into().expect("V vectors");
            for n in 0..N {
                let a = s.splat_f32s(self.coef[(b + n) * count + c]);
                for v in 0..V {
                    acc[n][v] = s.mul_add_e_f32s(a, row[v], acc[n][v]);
                }
            }
        }
        for n in 0..N {
            let (body, tail) = S::as_mut_simd_f32s(&mut self.d_x[(b + n) * dim..][..dim]);
            for v in 0..V {
                if k + v < body.len() {
                    body[k + v] = s.add_f32s(body[k + v], acc[n][v]);
                } else if k + v == body.len() && !tail.is_empty() {
                    let sum = s.add_f32s(s.partial_load_f32s(tail), acc[n][v]);
                    s.partial_store_f32s(tail, sum);
                }
            }
        }
        V
    }

    /// Gradients and updates of N rows of the table, one after the other: a row may be repeated.
    #[inline(always)]
    fn rows<S: Simd, const N: usize>(&mut self, s: S, c: usize, count: usize, batch: usize) {
        let width = self.stride / S::F32_LANES;
        let mut k = 0;
        while k < width {
            k += match (width - k).min(widest::<S>()) {
                8.. => self.columns::<S, N, 8>(s, c, k, count, batch),
                7 => self.columns::<S, N, 7>(s, c, k, count, batch),
                6 => self.columns::<S, N, 6>(s, c, k, count, batch),
                5 => self.columns::<S, N, 5>(s, c, k, count, batch),
                4 => self.columns::<S, N, 4>(s, c, k, count, batch),
                3 => self.columns::<S, N, 3>(s, c, k, count, batch),
                2 => self.columns::<S, N, 2>(s, c, k, count, batch),
                _ => self.columns::<S, N, 1>(s, c, k, count, batch),
            };
        }
    }

    /// V vectors of N rows from vector `k` on. Accumulators stay in registers only if no reference to them is taken.
    #[inline(always)]
    fn columns<S: Simd, const N: usize, const V: usize>(
        &mut self,
        s: S,
        c: usize,
        k: usize,
        count: usize,
        batch: usize,
    ) -> usize {
        let width = self.stride / S::F32_LANES;
        let x = S::as_simd_f32s(self.x.as_ref()).0;
        let mut acc = [[s.splat_f32s(0.0); V]; N];
        for b in 0..batch {
            let coef = &self.coef[b * count + c..][..N];
            let x: &[S::f32s; V] = x[b * width + k..][..V].try_into().expect("V vectors");
            for n in 0..N {
                let a = s.splat_f32s(coef[n]);
                for v in 0..V {
                    acc[n][v] = s.mul_add_e_f32s(a, x[v], acc[n][v]);
                }
            }
        }
        let rate = s.splat_f32s(self.rate);
        for n in 0..N {
            let at = self.places[c + n] as usize * width + k;
            let to = &mut S::as_mut_simd_f32s(self.weights).0[at..][..V];
            for v in 0..V {
                to[v] = s.sub_f32s(to[v], s.mul_f32s(rate, acc[n][v]));
            }
        }
        V
    }
}

/// Vectors that two rows of accumulators may fill.
#[inline(always)]
fn widest<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 8 } else { 4 }
}
