//! Vector functions over the columns of a tile (words × batch). Each lane is another example, so nothing is summed
//! across lanes.

use super::{dispatch, exp};
use pulp::{Simd, WithSimd};
use std::array;

/// Rows that all columns go through before the next rows, so that they stay in the first-level cache. The sum of their
/// exponentials is added to that of earlier rows, which keeps the rounding error of long columns small.
const RUN: usize = 32;
/// Vectors of neighbouring columns that go down the rows together, so that a row is read in longer pieces.
const WIDE: usize = 4;

/// For every column: updates `max` with the largest score of the column, and sets `sum` to Σ e^(z − max) over the
/// column.
///
/// Rows are `stride` apart. `max` and `sum` have one entry per column; the number of columns is a multiple of 16.
pub fn max_and_sum_exp(scores: &[f32], stride: usize, max: &mut [f32], sum: &mut [f32]) {
    struct Op<'a>(&'a [f32], usize, &'a mut [f32], &'a mut [f32]);
    impl WithSimd for Op<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, s: S) {
            let Self(scores, stride, max, sum) = self;
            let (max, sum) = (S::as_mut_simd_f32s(max).0, S::as_mut_simd_f32s(sum).0);
            raise_all(s, (scores, stride), max);
            let ((maxes, max), (sums, sum)) = (max.as_chunks(), sum.as_chunks_mut());
            let wide = maxes.len() * WIDE;
            sums.as_flattened_mut().fill(s.splat_f32s(0.0));
            sum.fill(s.splat_f32s(0.0));
            for run in scores.chunks(stride * RUN) {
                for ((v, max), sum) in (0..).step_by(WIDE).zip(maxes).zip(&mut *sums) {
                    add_exp::<S, WIDE>(s, (run, stride), v, max, sum);
                }
                for ((v, max), sum) in (wide..).zip(max).zip(&mut *sum) {
                    add_exp::<S, 1>(s, (run, stride), v, array::from_ref(max), array::from_mut(sum));
                }
            }
        }
    }
    dispatch(Op(scores, stride, max, sum));
}

/// Raises `max` to the largest scores of all columns.
#[inline(always)]
fn raise_all<S: Simd>(s: S, (scores, stride): (&[f32], usize), max: &mut [S::f32s]) {
    let (maxes, max) = max.as_chunks_mut();
    let wide = maxes.len() * WIDE;
    for run in scores.chunks(stride * RUN) {
        for (v, max) in (0..).step_by(WIDE).zip(&mut *maxes) {
            raise::<S, WIDE>(s, (run, stride), v, max);
        }
        for (v, max) in (wide..).zip(&mut *max) {
            raise::<S, 1>(s, (run, stride), v, array::from_mut(max));
        }
    }
}

/// Raises `max` to the largest scores in V vectors of columns from vector `v` on.
#[inline(always)]
fn raise<S: Simd, const V: usize>(s: S, (run, stride): (&[f32], usize), v: usize, max: &mut [S::f32s; V]) {
    let columns = v * S::F32_LANES..(v + V) * S::F32_LANES;
    let mut top = *max;
    for row in run.chunks(stride) {
        let row = S::as_simd_f32s(&row[columns.clone()]).0;
        for i in 0..V {
            top[i] = s.max_f32s(top[i], row[i]);
        }
    }
    *max = top;
}

/// Adds the sum of e^(z − max) over a run to `sum`, in V vectors of columns from vector `v` on.
#[inline(always)]
fn add_exp<S: Simd, const V: usize>(
    s: S,
    (run, stride): (&[f32], usize),
    v: usize,
    max: &[S::f32s; V],
    sum: &mut [S::f32s; V],
) {
    let columns = v * S::F32_LANES..(v + V) * S::F32_LANES;
    let mut part = [s.splat_f32s(0.0); V];
    for row in run.chunks(stride) {
        let row = S::as_simd_f32s(&row[columns.clone()]).0;
        for i in 0..V {
            part[i] = s.add_f32s(part[i], exp(s, s.sub_f32s(row[i], max[i])));
        }
    }
    for i in 0..V {
        sum[i] = s.add_f32s(sum[i], part[i]);
    }
}

/// For every column: updates `max` with the largest score of the column. Rows and columns are laid out as for
/// [`max_and_sum_exp`].
pub fn max(scores: &[f32], stride: usize, max: &mut [f32]) {
    struct Op<'a>(&'a [f32], usize, &'a mut [f32]);
    impl WithSimd for Op<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, s: S) {
            raise_all(s, (self.0, self.1), S::as_mut_simd_f32s(self.2).0);
        }
    }
    dispatch(Op(scores, stride, max));
}

/// z ← scale·e^(z − shift), with a shift and a scale for each column.
pub fn scaled_exp(scores: &mut [f32], stride: usize, shift: &[f32], scale: &[f32]) {
    struct Op<'a>(&'a mut [f32], usize, &'a [f32], &'a [f32]);
    impl WithSimd for Op<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, s: S) {
            let (shift, scale) = (S::as_simd_f32s(self.2).0, S::as_simd_f32s(self.3).0);
            let lanes = shift.len() * S::F32_LANES;
            for row in self.0.chunks_mut(self.1) {
                let row = S::as_mut_simd_f32s(&mut row[..lanes]).0;
                for ((z, shift), scale) in row.iter_mut().zip(shift).zip(scale) {
                    *z = s.mul_f32s(exp(s, s.sub_f32s(*z, *shift)), *scale);
                }
            }
        }
    }
    dispatch(Op(scores, stride, shift, scale));
}

/// Sums the first `columns` entries of every row into `out`.
pub fn row_sums(scores: &[f32], stride: usize, columns: usize, out: &mut [f32]) {
    struct Op<'a>(&'a [f32], usize, usize, &'a mut [f32]);
    impl WithSimd for Op<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, s: S) {
            for (row, out) in self.0.chunks(self.1).zip(self.3) {
                let (body, tail) = S::as_simd_f32s(&row[..self.2]);
                let mut acc = s.splat_f32s(0.0);
                for x in body {
                    acc = s.add_f32s(acc, *x);
                }
                *out = s.reduce_sum_f32s(s.add_f32s(acc, s.partial_load_f32s(tail)));
            }
        }
    }
    dispatch(Op(scores, stride, columns, out));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agree_with_f64() {
        for (rows, columns, stride) in [(1, 16, 16), (3, 32, 48), (100, 48, 64), (333, 16, 20)] {
            let z: Vec<f32> = (0..rows * stride).map(|i| ((i * 7919) % 1000) as f32 * 0.02 - 10.0).collect();
            let before: Vec<f32> = (0..columns).map(|c| c as f32 - 8.0).collect();
            let (mut max, mut sum) = (before.clone(), vec![0.0; columns]);
            max_and_sum_exp(&z, stride, &mut max, &mut sum);
            let mut alone = before.clone();
            super::max(&z, stride, &mut alone);
            assert_eq!(alone, max);
            let mut scaled = z.clone();
            let scale: Vec<f32> = (0..columns).map(|c| 0.1 * c as f32).collect();
            scaled_exp(&mut scaled, stride, &max, &scale);
            for c in 0..columns {
                let column = (0..rows).map(|r| f64::from(z[r * stride + c]));
                let top = column.clone().fold(f64::from(before[c]), f64::max);
                assert_eq!(f64::from(max[c]), top);
                let exact: f64 = column.clone().map(|z| (z - top).exp()).sum();
                assert!((f64::from(sum[c]) - exact).abs() <= 4e-6 * exact, "{} {exact}", sum[c]);
                for (r, z) in column.enumerate() {
                    let exact = (z - top).exp() * f64::from(scale[c]);
                    // The error of e^x plus that of its argument.
                    let bound = 4e-7 + 6e-8 * (z - top).abs();
                    assert!((f64::from(scaled[r * stride + c]) - exact).abs() <= bound * exact);
                }
            }
            let mut sums = vec![0.0; rows];
            row_sums(&z, stride, columns - 3, &mut sums);
            for r in 0..rows {
                let exact: f64 = z[r * stride..][..columns - 3].iter().map(|z| f64::from(*z)).sum();
                assert!((f64::from(sums[r]) - exact).abs() <= 1e-4);
            }
        }
    }
}
