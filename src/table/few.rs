//! A step over few rows, in two passes: scores, and then all that the coefficients bring about.
//!
//! Rows that the worker keeps are worked on where they are, others beside them. Each entry is computed in the order of
//! [`kernel`]'s functions, so that the bits are the same.

use super::aligned::Aligned;
use super::{Coefficients, kernel};
use crate::simd::dispatch;
use ndarray::{ArrayView2, ArrayViewMut2};
use pulp::{Simd, WithSimd};

/// Where a worker has its rows: each at a place of one padded, aligned slice.
pub trait Placed {
    /// d.
    fn dim(&self) -> usize;

    /// d with the padding.
    fn stride(&self) -> usize;

    /// Makes room for so many rows that are not kept.
    fn reserve(&mut self, _count: usize) {}

    /// Brings all rows that a batch is about to move to a place, which are written to `places`.
    fn place(&mut self, rows: &[u32], batch: usize, places: &mut Vec<u32>);

    /// Whether a placed row is the worker's own, to be updated there.
    fn is_kept(&self, row: u32) -> bool;

    /// Rows by place: places × stride.
    fn weights(&self) -> &[f32];

    /// The same.
    fn weights_mut(&mut self) -> &mut [f32];

    /// A kept row has been updated.
    fn updated(&mut self, row: u32);

    /// A row that is not kept ← itself − rate·gradient.
    fn descend<S: Simd>(&mut self, s: S, row: u32, rate: f32, gradient: &[f32]);

    /// Whether rows have a bias.
    fn has_bias(&self) -> bool;

    /// The bias of a row that has one.
    fn bias(&self, row: u32, place: u32) -> f32;

    /// Its bias ← itself − rate·gradient.
    fn descend_bias(&mut self, row: u32, place: u32, rate: f32, gradient: f32);
}

/// The memory of a step, used again.
#[derive(Default)]
pub struct Few {
    places: Vec<u32>,
    /// batch × stride.
    x: Aligned,
    /// batch × count: scores, then coefficients.
    z: Vec<f32>,
    /// The gradients of two rows.
    gradient: Aligned,
}

impl Few {
    /// Scores → `coef` in place → d_x += K·W → the update, as [`Table::step`](crate::table::Table::step) has it.
    #[allow(clippy::too_many_arguments)]
    pub fn step(
        &mut self,
        table: &mut impl Placed,
        rows: &[u32],
        x: ArrayView2<f32>,
        rate: f32,
        coef: &Coefficients,
        losses: &mut [f64],
        mut d_x: ArrayViewMut2<f32>,
    ) {
        let (batch, count, stride) = (x.nrows(), rows.len(), table.stride());
        if count == 0 || batch == 0 {
            let z = ArrayViewMut2::from_shape((batch, count), &mut []).expect("no scores");
            return coef(0..batch, z, losses);
        }
        self.x.grow(batch * stride);
        self.gradient.grow(2 * stride);
        if self.z.len() < batch * count {
            self.z.resize(batch * count, 0.0);
        }
        table.reserve(count);
        let z = &mut self.z[..batch * count];
        let flat = x.to_slice().expect("hidden vectors are contiguous");
        dispatch(Scores { table, rows, x: flat, padded: &mut self.x, places: &mut self.places, z });
        if table.has_bias() {
            for z in z.chunks_exact_mut(count) {
                z.iter_mut().zip(rows).zip(&self.places).for_each(|((z, row), place)| *z += table.bias(*row, *place));
            }
        }
        coef(0..batch, ArrayViewMut2::from_shape((batch, count), &mut *z).expect("batch × count"), losses);
        if table.has_bias() {
            for (c, (row, place)) in rows.iter().zip(&self.places).enumerate() {
                let mut sum = 0.0;
                z.chunks_exact(count).for_each(|k| sum += k[c]);
                table.descend_bias(*row, *place, rate, sum);
            }
        }
        let d_x = d_x.as_slice_mut().expect("∂L/∂x is contiguous");
        let gradient = &mut self.gradient;
        dispatch(Descent { table, rows, places: &self.places, x: &self.x, coef: z, rate, d_x, gradient });
    }
}

/// X padded, the places of the rows, and z = X·Wᵀ.
struct Scores<'a, T> {
    table: &'a mut T,
    rows: &'a [u32],
    /// batch × d.
    x: &'a [f32],
    padded: &'a mut Aligned,
    places: &'a mut Vec<u32>,
    z: &'a mut [f32],
}

impl<T: Placed> WithSimd for Scores<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { table, rows, x, padded, places, z } = self;
        let (dim, stride, count) = (table.dim(), table.stride(), rows.len());
        let batch = z.len() / count;
        table.place(rows, batch, places);
        for (to, from) in padded.as_mut().chunks_exact_mut(stride).zip(x.chunks_exact(dim)) {
            let (body, tail) = S::as_simd_f32s(from);
            let to = S::as_mut_simd_f32s(to).0;
            to[..body.len()].copy_from_slice(body);
            if !tail.is_empty() {
                to[body.len()] = s.partial_load_f32s(tail);
            }
        }
        let (x, w) = (padded.as_ref(), table.weights());
        let mut b = 0;
        while S::REGISTER_COUNT >= 32 && b + 4 <= batch {
            let (left, right) = z[b * count..][..4 * count].split_at_mut(2 * count);
            let ((z0, z1), (z2, z3)) = (left.split_at_mut(count), right.split_at_mut(count));
            let mut four = [&[][..]; 4];
            for n in 0..4 {
                four[n] = &x[(b + n) * stride..][..stride];
            }
            dots(s, four, w, stride, places, [z0, z1, z2, z3]);
            b += 4;
        }
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
            rows[m] = row(w, stride, places[m]);
        }
        let z = kernel::block::<S, N, 4>(s, x, rows);
        for n in 0..N {
            out[n][c..c + 4].copy_from_slice(&z[n]);
        }
        c += 4;
    }
    match rest {
        [p, q, r] => some(s, x, [row(w, stride, *p), row(w, stride, *q), row(w, stride, *r)], c, out),
        [p, q] => some(s, x, [row(w, stride, *p), row(w, stride, *q)], c, out),
        [p] => some(s, x, [row(w, stride, *p)], c, out),
        _ => {}
    }
}

#[inline(always)]
fn row(w: &[f32], stride: usize, place: u32) -> &[f32] {
    &w[place as usize * stride..][..stride]
}

/// The products of N vectors with M others, to place `c` of the rows of `out`.
#[inline(always)]
fn some<S: Simd, const N: usize, const M: usize>(
    s: S,
    x: [&[f32]; N],
    rows: [&[f32]; M],
    c: usize,
    out: [&mut [f32]; N],
) {
    let z = kernel::block::<S, N, M>(s, x, rows);
    for n in 0..N {
        for m in 0..M {
            out[n][c + m] = z[n][m];
        }
    }
}

/// d_x += K·W, then W ← W − rate·Kᵀ·X.
struct Descent<'a, T> {
    table: &'a mut T,
    rows: &'a [u32],
    places: &'a [u32],
    x: &'a Aligned,
    coef: &'a [f32],
    rate: f32,
    /// batch × d.
    d_x: &'a mut [f32],
    gradient: &'a mut Aligned,
}

impl<T: Placed> WithSimd for Descent<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, s: S) {
        let (count, dim) = (self.rows.len(), self.table.dim());
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

impl<T: Placed> Descent<'_, T> {
    /// N rows of d_x from row `b` on.
    #[inline(always)]
    fn d_x_rows<S: Simd, const N: usize>(&mut self, s: S, b: usize, count: usize, dim: usize) {
        let width = self.table.stride() / S::F32_LANES;
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
        let width = self.table.stride() / S::F32_LANES;
        let w = S::as_simd_f32s(self.table.weights()).0;
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
        let width = self.table.stride() / S::F32_LANES;
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
        for n in 0..N {
            let row = self.rows[c + n];
            if self.table.is_kept(row) {
                self.table.updated(row);
            } else {
                let gradient = &self.gradient.as_ref()[n * self.table.stride()..];
                self.table.descend(s, row, self.rate, gradient);
            }
        }
    }

    /// V vectors of N rows from vector `k` on. Accumulators stay in registers only if no reference to them is taken.
    #[expect(clippy::manual_memcpy, reason = "a reference to the accumulators would keep them in memory")]
    #[inline(always)]
    fn columns<S: Simd, const N: usize, const V: usize>(
        &mut self,
        s: S,
        c: usize,
        k: usize,
        count: usize,
        batch: usize,
    ) -> usize {
        let width = self.table.stride() / S::F32_LANES;
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
            if self.table.is_kept(self.rows[c + n]) {
                let at = self.places[c + n] as usize * width + k;
                let to = &mut S::as_mut_simd_f32s(self.table.weights_mut()).0[at..][..V];
                for v in 0..V {
                    to[v] = s.sub_f32s(to[v], s.mul_f32s(rate, acc[n][v]));
                }
            } else {
                let to = &mut S::as_mut_simd_f32s(self.gradient.as_mut()).0[n * width + k..][..V];
                for v in 0..V {
                    to[v] = acc[n][v];
                }
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
