//! What the coefficients of a small batch bring about: each row is read once more, and written.

use super::blocks::{Descent, Width};
use super::with_tail;
use crate::table::aligned::Aligned;
use pulp::{Simd, bytemuck};

/// The largest batch that it is done for.
pub const MOST_AT_ONCE: usize = 10;

/// What is wanted of all examples at once, example by example at its innermost.
#[derive(Default)]
pub struct Turned {
    /// Coefficients: count × batch.
    coef: Vec<f32>,
    /// X: vectors of a row × batch vectors.
    x: Aligned,
}

impl Descent<'_> {
    /// For a batch of B and rows none of which comes twice: all of K·W and, as each vector of a row is at hand, its update. In `d` K·W
    /// lies as X does when turned. That `b` is below B, the batch, is said again where it is an index, so that no bound is checked.
    #[inline(always)]
    pub fn at_once<S: Simd, const B: usize>(&mut self, s: S, Width { width, step }: Width) {
        let (count, stride) = (self.places.len(), self.stride);
        let Turned { coef, x } = &mut *self.turned;
        coef.resize(count * B, 0.0);
        let coef = coef.as_chunks_mut::<B>().0;
        for (b, from) in self.coef.chunks_exact(count).enumerate() {
            for (to, from) in coef.iter_mut().zip(from) {
                to[b.min(B - 1)] = *from;
            }
        }
        x.grow(B * stride);
        let x = &mut S::as_mut_simd_f32s(x.as_mut()).0.as_chunks_mut::<B>().0[..width];
        let d = &mut S::as_mut_simd_f32s(self.d).0.as_chunks_mut::<B>().0[..width];
        for (b, from) in S::as_simd_f32s(self.x).0.chunks_exact(step).enumerate() {
            for (to, from) in x.iter_mut().zip(from) {
                to[b.min(B - 1)] = *from;
            }
        }
        let rows = Rows { places: self.places, coef, step, rate: self.rate };
        let w = S::as_mut_simd_f32s(self.weights).0;
        let (twos, last) = x.as_chunks::<2>();
        let (d_twos, d_last) = d.as_chunks_mut::<2>();
        if (B + 2) * 2 + 2 <= S::REGISTER_COUNT {
            for (k, (x, d)) in twos.iter().zip(d_twos).enumerate() {
                *d = rows.columns::<S, 2>(s, &mut w[2 * k..], x);
            }
            if let ([x], [d]) = (last, d_last) {
                [*d] = rows.columns::<S, 1>(s, &mut w[width - 1..], &[*x]);
            }
        } else {
            for (k, (x, d)) in x.iter().zip(d.iter_mut()).enumerate() {
                [*d] = rows.columns::<S, 1>(s, &mut w[k..], &[*x]);
            }
        }
        let dim = self.d_x.len() / B;
        for (b, d_x) in self.d_x.chunks_exact_mut(dim).enumerate() {
            let (b, (body, tail)) = (b.min(B - 1), S::as_mut_simd_f32s(d_x));
            let (whole, last) = d.split_at(body.len());
            for (d_x, d) in body.iter_mut().zip(whole) {
                *d_x = s.add_f32s(*d_x, d[b]);
            }
            if let [last] = last {
                with_tail(tail, bytemuck::cast_slice(&last[b..=b]), |d_x, d| *d_x += d);
            }
        }
    }
}

/// Rows at their places, and what moves them.
#[derive(Clone, Copy)]
struct Rows<'a, const B: usize> {
    places: &'a [u32],
    /// For each place.
    coef: &'a [[f32; B]],
    /// Vectors from one row to the next.
    step: usize,
    rate: f32,
}

impl<const B: usize> Rows<'_, B> {
    /// V vectors of every row, of which the first begins at `w`: their K·W, and their update.
    #[inline(always)]
    fn columns<S: Simd, const V: usize>(&self, s: S, w: &mut [S::f32s], x: &[[S::f32s; B]; V]) -> [[S::f32s; B]; V] {
        let rate = s.splat_f32s(self.rate);
        let mut acc = [[s.splat_f32s(0.0); B]; V];
        for (place, coef) in self.places.iter().zip(self.coef) {
            let row: &mut [S::f32s; V] = (&mut w[*place as usize * self.step..][..V]).try_into().expect("V vectors");
            let mut gradient = [s.splat_f32s(0.0); V];
            for b in 0..B {
                let a = s.splat_f32s(coef[b]);
                for v in 0..V {
                    acc[v][b] = s.mul_add_e_f32s(a, row[v], acc[v][b]);
                    gradient[v] =
                        if b == 0 { s.mul_f32s(a, x[v][b]) } else { s.mul_add_e_f32s(a, x[v][b], gradient[v]) };
                }
            }
            for v in 0..V {
                row[v] = s.sub_f32s(row[v], s.mul_f32s(rate, gradient[v]));
            }
        }
        acc
    }
}
