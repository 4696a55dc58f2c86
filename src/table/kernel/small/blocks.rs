//! What the coefficients bring about, blocked in registers.

use super::{add_vectors, in_blocks, one};
use pulp::{Simd, WithSimd};

/// d_x += K·W, then W ← W − rate·Kᵀ·X, row by row: one may be repeated.
pub struct Descent<'a> {
    /// places × stride.
    pub weights: &'a mut [f32],
    pub stride: usize,
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
        let (count, lanes) = (self.places.len(), S::F32_LANES);
        let batch = self.coef.len() / count;
        let dim = self.d_x.len() / batch;
        let (width, step) = (dim.div_ceil(lanes), self.stride / lanes);
        let wide = Width { width, step, dim };
        if batch == 1 && one::are_distinct(self.places) {
            return in_blocks!(width, 8, |k, V| self.one_columns::<S, V>(s, wide, k));
        }
        let mut b = 0;
        while b + 2 <= batch {
            in_blocks!(width, widest::<S>(), |k, V| self.d_x_columns::<S, 2, V>(s, b, k, wide));
            b += 2;
        }
        if b < batch {
            in_blocks!(width, widest::<S>(), |k, V| self.d_x_columns::<S, 1, V>(s, b, k, wide));
        }
        match batch {
            2 => self.rows::<S, 2>(s, wide),
            3 => self.rows::<S, 3>(s, wide),
            4 => self.rows::<S, 4>(s, wide),
            5 => self.rows::<S, 5>(s, wide),
            6 => self.rows::<S, 6>(s, wide),
            7 => self.rows::<S, 7>(s, wide),
            8 => self.rows::<S, 8>(s, wide),
            9 => self.rows::<S, 9>(s, wide),
            10 => self.rows::<S, 10>(s, wide),
            _ => self.all_rows(s, wide),
        }
    }
}

/// A row, in vectors.
#[derive(Clone, Copy)]
pub struct Width {
    /// Vectors that hold entries.
    pub width: usize,
    /// Vectors from one row to the next.
    pub step: usize,
    /// Entries.
    pub dim: usize,
}

impl Descent<'_> {
    /// V vectors of N rows of K·W, from row `b` and vector `k` on. Accumulators stay in registers only if no reference to them is taken.
    #[inline(always)]
    fn d_x_columns<S: Simd, const N: usize, const V: usize>(&mut self, s: S, b: usize, k: usize, wide: Width) {
        let w = S::as_simd_f32s(self.weights).0;
        let count = self.places.len();
        let mut coef = [&[][..]; N];
        for n in 0..N {
            coef[n] = &self.coef[(b + n) * count..][..count];
        }
        let mut acc = [[s.splat_f32s(0.0); V]; N];
        for c in 0..count {
            let at = self.places[c] as usize * wide.step + k;
            let row: &[S::f32s; V] = w[at..at + V].try_into().expect("V vectors");
            for n in 0..N {
                let a = s.splat_f32s(coef[n][c]);
                for v in 0..V {
                    acc[n][v] = s.mul_add_e_f32s(a, row[v], acc[n][v]);
                }
            }
        }
        for n in 0..N {
            add_vectors(s, &mut self.d_x[(b + n) * wide.dim..][..wide.dim], k, acc[n]);
        }
    }

    /// All rows, for a batch of B, whose coefficients of a row stay in registers.
    #[inline(always)]
    fn rows<S: Simd, const B: usize>(&mut self, s: S, Width { width, step, .. }: Width) {
        let count = self.places.len();
        let (mut x, mut coef) = ([&[][..]; B], [&[][..]; B]);
        for b in 0..B {
            x[b] = &S::as_simd_f32s(self.x).0[b * step..][..width];
            coef[b] = &self.coef[b * count..][..count];
        }
        let rate = s.splat_f32s(self.rate);
        let w = S::as_mut_simd_f32s(self.weights).0;
        for c in 0..count {
            let mut a = [s.splat_f32s(0.0); B];
            for b in 0..B {
                a[b] = s.splat_f32s(coef[b][c]);
            }
            let row = &mut w[self.places[c] as usize * step..][..width];
            for v in 0..width {
                let mut gradient = s.mul_f32s(a[0], x[0][v]);
                for b in 1..B {
                    gradient = s.mul_add_e_f32s(a[b], x[b][v], gradient);
                }
                row[v] = s.sub_f32s(row[v], s.mul_f32s(rate, gradient));
            }
        }
    }

    /// All rows, two at a time, for a batch of any size.
    #[inline(always)]
    fn all_rows<S: Simd>(&mut self, s: S, Width { width, step, .. }: Width) {
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

    /// V vectors of N rows from row `c` and vector `k` on.
    #[inline(always)]
    fn columns<S: Simd, const N: usize, const V: usize>(&mut self, s: S, c: usize, k: usize, step: usize) {
        let count = self.places.len();
        let x = S::as_simd_f32s(self.x).0;
        let mut acc = [[s.splat_f32s(0.0); V]; N];
        for (coef, x) in self.coef.chunks_exact(count).zip(x.chunks_exact(step)) {
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
            let at = self.places[c + n] as usize * step + k;
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
