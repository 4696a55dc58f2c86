//! ∂L/∂x and the update of the rows from the coefficients, blocked in registers.

use super::{add_vectors, in_blocks, one};
use pulp::{Simd, WithSimd};

/// d_x += K·W, then W ← W − rate·Kᵀ·X, row by row. A row may be repeated.
pub struct Descent<'a> {
    /// places × stride.
    pub weights: &'a mut [f32],
    pub stride: usize,
    pub places: &'a [u32],
    /// The batch, as row numbers of `x` and `d_x`.
    pub examples: &'a [u32],
    /// rows × stride.
    pub x: &'a [f32],
    /// batch × count.
    pub coef: &'a [f32],
    pub rate: f32,
    /// rows × `d_stride`, where `d_stride` is d or the stride.
    pub d_x: &'a mut [f32],
    pub d_stride: usize,
    pub dim: usize,
}

impl WithSimd for Descent<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, s: S) {
        let (batch, lanes) = (self.examples.len(), S::F32_LANES);
        let (width, step) = (self.dim.div_ceil(lanes), self.stride / lanes);
        if batch == 1 && one::are_distinct(self.places) {
            return in_blocks!(width, 8, |k, V| self.one_columns::<S, V>(s, k, step));
        }
        let mut b = 0;
        while b + 2 <= batch {
            in_blocks!(width, widest::<S>(), |k, V| self.d_x_columns::<S, 2, V>(s, b, k, step));
            b += 2;
        }
        if b < batch {
            in_blocks!(width, widest::<S>(), |k, V| self.d_x_columns::<S, 1, V>(s, b, k, step));
        }
        self.rows(s, width, step);
    }
}

impl Descent<'_> {
    /// V vectors of N rows of K·W, from index `b` of the example list and vector `k` on. Accumulators stay in registers
    /// only if no reference to them is taken.
    #[inline(always)]
    fn d_x_columns<S: Simd, const N: usize, const V: usize>(&mut self, s: S, b: usize, k: usize, step: usize) {
        let w = S::as_simd_f32s(self.weights).0;
        let count = self.places.len();
        let mut coef = [&[][..]; N];
        for n in 0..N {
            coef[n] = &self.coef[(b + n) * count..][..count];
        }
        let mut acc = [[s.splat_f32s(0.0); V]; N];
        for c in 0..count {
            let at = self.places[c] as usize * step + k;
            let row: &[S::f32s; V] = w[at..at + V].try_into().expect("V vectors");
            for n in 0..N {
                let a = s.splat_f32s(coef[n][c]);
                for v in 0..V {
                    acc[n][v] = s.mul_add_e_f32s(a, row[v], acc[n][v]);
                }
            }
        }
        for n in 0..N {
            let at = self.examples[b + n] as usize * self.d_stride;
            add_vectors(s, &mut self.d_x[at..at + self.d_stride], k, acc[n]);
        }
    }

    /// Updates all rows, two at a time: each vector of x that is read serves both.
    #[inline(always)]
    fn rows<S: Simd>(&mut self, s: S, width: usize, step: usize) {
        let count = self.places.len();
        let mut c = 0;
        while c + 2 <= count {
            in_blocks!(width, widest::<S>(), |k, V| self.columns::<S, 2, V>(s, c, k, step));
            c += 2;
        }
        if c < count {
            in_blocks!(width, widest::<S>(), |k, V| self.columns::<S, 1, V>(s, c, k, step));
        }
    }

    /// V vectors of N rows, from row `c` and vector `k` on.
    #[inline(always)]
    fn columns<S: Simd, const N: usize, const V: usize>(&mut self, s: S, c: usize, k: usize, step: usize) {
        let count = self.places.len();
        let x = S::as_simd_f32s(self.x).0;
        let mut acc = [[s.splat_f32s(0.0); V]; N];
        for (coef, example) in self.coef.chunks_exact(count).zip(self.examples) {
            let coef: &[f32; N] = coef[c..c + N].try_into().expect("N rows");
            let at = *example as usize * step + k;
            let x: &[S::f32s; V] = x[at..at + V].try_into().expect("V vectors");
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
            let at = self.places[c + n] as usize * step + k;
            let row: &mut [S::f32s; V] = (&mut w[at..at + V]).try_into().expect("V vectors");
            for v in 0..V {
                row[v] = s.sub_f32s(row[v], s.mul_f32s(rate, acc[n][v]));
            }
        }
    }
}

/// Most vectors per row such that two rows of accumulators stay in registers.
#[inline(always)]
fn widest<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 8 } else { 5 }
}
