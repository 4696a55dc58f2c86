//! What the coefficients of several examples bring about, blocked in registers.

use super::{add_to, in_blocks};
use pulp::{Simd, WithSimd};

/// d_x += K·W, then W ← W − rate·Kᵀ·X, row by row: one may be repeated.
pub struct Descent<'a> {
    /// places × stride.
    pub weights: &'a mut [f32],
    pub stride: usize,
    pub dim: usize,
    pub places: &'a [u32],
    /// batch × stride.
    pub x: &'a [f32],
    /// batch × count.
    pub coef: &'a [f32],
    pub rate: f32,
    /// batch × d.
    pub d_x: &'a mut [f32],
}

impl WithSimd for Descent<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, s: S) {
        let (count, width) = (self.places.len(), self.stride / S::F32_LANES);
        let batch = self.coef.len() / count;
        let mut b = 0;
        while b + 2 <= batch {
            in_blocks!(width, widest::<S>(), |k, V| self.d_x_columns::<S, 2, V>(s, b, k, width));
            b += 2;
        }
        if b < batch {
            in_blocks!(width, widest::<S>(), |k, V| self.d_x_columns::<S, 1, V>(s, b, k, width));
        }
        let mut c = 0;
        while c + 2 <= count {
            in_blocks!(width, widest::<S>(), |k, V| self.columns::<S, 2, V>(s, c, k, width));
            c += 2;
        }
        if c < count {
            in_blocks!(width, widest::<S>(), |k, V| self.columns::<S, 1, V>(s, c, k, width));
        }
    }
}

impl Descent<'_> {
    /// V vectors of N rows of d_x, from row `b` and vector `k` on.
    #[inline(always)]
    fn d_x_columns<S: Simd, const N: usize, const V: usize>(&mut self, s: S, b: usize, k: usize, width: usize) {
        let w = S::as_simd_f32s(self.weights).0;
        let count = self.places.len();
        let mut coef = [&[][..]; N];
        for n in 0..N {
            coef[n] = &self.coef[(b + n) * count..][..count];
        }
        let mut acc = [[s.splat_f32s(0.0); V]; N];
        for c in 0..count {
            let at = self.places[c] as usize * width + k;
            let row: &[S::f32s; V] = w[at..at + V].try_into().expect("V vectors");
            for n in 0..N {
                let a = s.splat_f32s(coef[n][c]);
                for v in 0..V {
                    acc[n][v] = s.mul_add_e_f32s(a, row[v], acc[n][v]);
                }
            }
        }
        for n in 0..N {
            add_to(s, &mut self.d_x[(b + n) * self.dim..][..self.dim], k, acc[n]);
        }
    }

    /// V vectors of N rows from row `c` and vector `k` on.
    #[inline(always)]
    fn columns<S: Simd, const N: usize, const V: usize>(&mut self, s: S, c: usize, k: usize, width: usize) {
        let count = self.places.len();
        let x = S::as_simd_f32s(self.x).0;
        let mut acc = [[s.splat_f32s(0.0); V]; N];
        for (coef, x) in self.coef.chunks_exact(count).zip(x.chunks_exact(width)) {
            let coef: &[f32; N] = coef[c..c + N].try_into().expect("N rows");
            let x: &[S::f32s; V] = x[k..k + V].try_into().expect("V vectors");
            for n in 0..N {
                let a = s.splat_f32s(coef[n]);
                for v in 0..V {
                    acc[n][v] = s.mul_add_e_f32s(a, x[v], acc[n][v]);
                }
            }
        }
        let rate = s.splat_f32s(self.rate);
        let w = S::as_mut_simd_f32s(self.weights).0;
        for n in 0..N {
            let at = self.places[c + n] as usize * width + k;
            let row: &mut [S::f32s; V] = (&mut w[at..at + V]).try_into().expect("V vectors");
            for v in 0..V {
                row[v] = s.sub_f32s(row[v], s.mul_f32s(rate, acc[n][v]));
            }
        }
    }
}

/// Vectors of two rows of accumulators that stay in registers.
#[inline(always)]
fn widest<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 8 } else { 5 }
}
