//! The three matrix products of a tile, blocked in registers.
//!
//! The right factor is packed once into panels as wide as two vectors. The left factor is read in place. If it is
//! given by rows, a register block follows a few rows side by side; if by columns, it reads neighbours in one row.

use super::aligned::Aligned;
use super::registers::LANES;
use crate::simd::dispatch;
use pulp::{Simd, WithSimd};

/// A k × n matrix cut into panels of neighbouring columns. Each panel is row-major; the last one is padded with zeros.
#[derive(Default)]
pub struct Panels {
    data: Aligned,
    k: usize,
    /// Padded number of columns.
    n: usize,
    /// Columns per panel.
    width: usize,
}

/// Columns per panel: two vectors of this machine, or one if that is enough.
fn panel_width(n: usize) -> usize {
    struct Lanes;
    impl WithSimd for Lanes {
        type Output = usize;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            S::F32_LANES
        }
    }
    let lanes = dispatch(Lanes);
    if n <= lanes { lanes } else { 2 * lanes }
}

/// `n` rounded up to whole panels, and on every machine to a multiple of [`LANES`].
pub fn padded(n: usize) -> usize {
    n.next_multiple_of(LANES).next_multiple_of(panel_width(n))
}

impl Panels {
    fn resize(&mut self, k: usize, n: usize) {
        (self.k, self.n, self.width) = (k, padded(n), panel_width(n));
        self.data.grow(self.n * k);
    }

    /// The numbers of all panels.
    fn numbers(&mut self) -> &mut [f32] {
        &mut self.data.as_mut()[..self.n * self.k]
    }

    /// Packs a k × n matrix, given by its rows.
    pub fn pack<'a>(&mut self, k: usize, n: usize, rows: impl Fn(usize) -> &'a [f32]) {
        self.resize(k, n);
        let width = self.width;
        for (p, panel) in self.numbers().chunks_exact_mut(k * width).enumerate() {
            let columns = (p * width).min(n)..((p + 1) * width).min(n);
            for (i, to) in panel.chunks_exact_mut(width).enumerate() {
                to[..columns.len()].copy_from_slice(&rows(i)[columns.clone()]);
                to[columns.len()..].fill(0.0);
            }
        }
    }

    /// Packs the transpose of an n × k matrix, given by its rows.
    pub fn pack_transposed<'a>(&mut self, k: usize, n: usize, rows: impl Fn(usize) -> &'a [f32]) {
        self.resize(k, n);
        let width = self.width;
        for (p, panel) in self.numbers().chunks_exact_mut(k * width).enumerate() {
            for j in 0..width {
                let column = p * width + j;
                if column < n {
                    let from = &rows(column)[..k];
                    from.iter().zip(panel[j..].iter_mut().step_by(width)).for_each(|(x, to)| *to = *x);
                } else {
                    panel[j..].iter_mut().step_by(width).for_each(|to| *to = 0.0);
                }
            }
        }
    }
}

/// The summand that the product is added to.
#[derive(Clone, Copy)]
pub enum Start<'a> {
    /// Zero: the output is overwritten.
    Zero,
    /// One number for each row of the output.
    Rows(&'a [f32]),
    /// The present output.
    Output,
}

/// The left factor in memory.
#[derive(Clone, Copy)]
pub struct Left<'a> {
    /// Its entries.
    pub data: &'a [f32],
    /// Distance between consecutive rows.
    pub stride: usize,
}

/// out = start + A·P. A is m × k by rows; out is m × n with rows `stride` apart.
pub fn rows_times_panels(a: Left, m: usize, p: &Panels, start: Start, out: &mut [f32], stride: usize) {
    dispatch(Product { a, m, p, start, out, stride, by_columns: false });
}

/// out = start + Aᵀ·P. A is k × m by rows; out is m × n with rows `stride` apart.
pub fn columns_times_panels(a: Left, m: usize, p: &Panels, start: Start, out: &mut [f32], stride: usize) {
    dispatch(Product { a, m, p, start, out, stride, by_columns: true });
}

struct Product<'a> {
    a: Left<'a>,
    m: usize,
    p: &'a Panels,
    start: Start<'a>,
    out: &'a mut [f32],
    stride: usize,
    by_columns: bool,
}

/// A register block of accumulators: M rows of V vectors.
type Accumulators<S, const M: usize, const V: usize> = [[<S as Simd>::f32s; V]; M];

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, s: S) {
        // An unpadded output has no room beyond its own columns.
        for panel in 0..self.p.n.min(self.stride).div_ceil(self.p.width) {
            if self.p.width == S::F32_LANES {
                self.panel::<S, 1>(s, panel);
            } else {
                self.panel::<S, 2>(s, panel);
            }
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn panel<S: Simd, const V: usize>(&mut self, s: S, panel: usize) {
        let mut i = 0;
        if S::REGISTER_COUNT >= 32 {
            while i + 12 <= self.m {
                self.block::<S, 12, V>(s, panel, i);
                i += 12;
            }
        }
        while S::REGISTER_COUNT < 32 && i + 6 <= self.m {
            self.block::<S, 6, V>(s, panel, i);
            i += 6;
        }
        while i + 4 <= self.m {
            self.block::<S, 4, V>(s, panel, i);
            i += 4;
        }
        while i < self.m {
            self.block::<S, 1, V>(s, panel, i);
            i += 1;
        }
    }

    #[inline(always)]
    fn block<S: Simd, const M: usize, const V: usize>(&mut self, s: S, panel: usize, i: usize) {
        let p = &self.p.data.as_ref()[panel * self.p.k * self.p.width..][..self.p.k * self.p.width];
        let p = S::as_simd_f32s(p).0.as_chunks::<V>().0;
        let mut acc: Accumulators<S, M, V> = [[s.splat_f32s(0.0); V]; M];
        if let Start::Rows(start) = self.start {
            for m in 0..M {
                acc[m] = [s.splat_f32s(start[i + m]); V];
            }
        }
        if self.by_columns {
            let rows = self.a.data.chunks(self.a.stride);
            for (a, p) in rows.zip(p) {
                let a: &[f32; M] = a[i..i + M].try_into().expect("M columns");
                for m in 0..M {
                    let a = s.splat_f32s(a[m]);
                    for v in 0..V {
                        acc[m][v] = s.mul_add_e_f32s(a, p[v], acc[m][v]);
                    }
                }
            }
        } else {
            let mut rows = [&[][..]; M];
            for m in 0..M {
                rows[m] = &self.a.data[(i + m) * self.a.stride..][..p.len()];
            }
            for k in 0..p.len() {
                for m in 0..M {
                    let a = s.splat_f32s(rows[m][k]);
                    for v in 0..V {
                        acc[m][v] = s.mul_add_e_f32s(a, p[k][v], acc[m][v]);
                    }
                }
            }
        }
        self.store::<S, M, V>(s, panel, i, acc);
    }

    /// Accumulators stay in registers only if every loop over them unrolls: one plain loop per case.
    #[inline(always)]
    fn store<S: Simd, const M: usize, const V: usize>(
        &mut self,
        s: S,
        panel: usize,
        i: usize,
        acc: Accumulators<S, M, V>,
    ) {
        let (first, width, stride) = (panel * self.p.width, self.p.width, self.stride);
        let add = matches!(self.start, Start::Output);
        if first + width > stride {
            let mut spilled = acc;
            let spilled = pulp::bytemuck::cast_slice_mut::<_, f32>(spilled.as_flattened_mut());
            for (m, from) in spilled.chunks_exact(width).enumerate() {
                let out = &mut self.out[(i + m) * stride + first..(i + m + 1) * stride];
                for (out, x) in out.iter_mut().zip(from) {
                    *out = if add { *out + x } else { *x };
                }
            }
        } else if add {
            for m in 0..M {
                let out = S::as_mut_simd_f32s(&mut self.out[(i + m) * stride + first..][..width]).0;
                for v in 0..V {
                    out[v] = s.add_f32s(out[v], acc[m][v]);
                }
            }
        } else {
            for m in 0..M {
                let out = S::as_mut_simd_f32s(&mut self.out[(i + m) * stride + first..][..width]).0;
                out[..V].copy_from_slice(&acc[m]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, columns: usize, seed: usize) -> Vec<f32> {
        (0..rows * columns).map(|i| ((i * 2_654_435_761 + seed * 97) % 1009) as f32 / 504.5 - 1.0).collect()
    }

    #[test]
    fn agree_with_f64_for_every_shape() {
        for (m, k, n) in [(1, 1, 1), (5, 3, 7), (12, 16, 32), (13, 37, 33), (29, 100, 64), (7, 50, 100), (40, 8, 15)] {
            let (a, b) = (matrix(m, k, 1), matrix(k, n, 2));
            let at: Vec<f32> = (0..k * m).map(|i| a[(i % m) * k + i / m]).collect();
            let bt: Vec<f32> = (0..n * k).map(|i| b[(i % k) * n + i / k]).collect();
            let bias = matrix(m, 1, 3);
            let (mut packed, mut transposed) = (Panels::default(), Panels::default());
            packed.pack(k, n, |i| &b[i * n..(i + 1) * n]);
            transposed.pack_transposed(k, n, |j| &bt[j * k..(j + 1) * k]);
            assert_eq!(packed.numbers(), transposed.numbers());
            for stride in [n, padded(n)] {
                let check = |out: &[f32], start: &dyn Fn(usize) -> f64| {
                    for (i, j) in (0..m).flat_map(|i| (0..n).map(move |j| (i, j))) {
                        let dot: f64 = (0..k).map(|l| f64::from(a[i * k + l]) * f64::from(b[l * n + j])).sum();
                        let got = f64::from(out[i * stride + j]);
                        // k + 1 roundings of 2⁻²⁴ of partial sums of at most k + 1.
                        assert!(
                            (got - dot - start(i)).abs() <= ((k + 1) * (k + 1)) as f64 * 6e-8,
                            "{m} {k} {n}: {got}"
                        );
                    }
                };
                let mut out = vec![9.0; m * stride];
                rows_times_panels(Left { data: &a, stride: k }, m, &packed, Start::Rows(&bias), &mut out, stride);
                check(&out, &|i| f64::from(bias[i]));
                columns_times_panels(Left { data: &at, stride: m }, m, &packed, Start::Zero, &mut out, stride);
                check(&out, &|_| 0.0);
                out.fill(0.5);
                columns_times_panels(Left { data: &at, stride: m }, m, &packed, Start::Output, &mut out, stride);
                check(&out, &|_| 0.5);
                rows_times_panels(Left { data: &a, stride: k }, m, &packed, Start::Zero, &mut out, stride);
                check(&out, &|_| 0.0);
            }
        }
    }
}
