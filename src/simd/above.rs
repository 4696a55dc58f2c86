//! Scores at or above bounds.

use super::dispatch;
use pulp::{Simd, WithSimd, bytemuck};
use std::slice;

/// Appends the column and the score of every score that is at least its column's bound, row by row.
///
/// Rows are `stride` apart; the number of bounds is a multiple of 16.
pub fn collect(scores: &[f32], stride: usize, bounds: &[f32], found: &mut Vec<(u32, f32)>) {
    struct Op<'a>(&'a [f32], usize, &'a [f32], &'a mut Vec<(u32, f32)>);
    impl WithSimd for Op<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, s: S) {
            let Self(scores, stride, bounds, found) = self;
            let vectors = S::as_simd_f32s(bounds).0;
            // Every lane is stored; the next one overwrites it if it is below.
            let mut of_row = vec![(0, 0.0); bounds.len()];
            for row in scores.chunks(stride) {
                let (row, mut count) = (&row[..bounds.len()], 0);
                for (v, (z, bound)) in S::as_simd_f32s(row).0.iter().zip(vectors).enumerate() {
                    if any(s, s.greater_than_or_equal_f32s(*z, *bound)) {
                        let first = v * S::F32_LANES;
                        let (z, bound) = (&row[first..first + S::F32_LANES], &bounds[first..first + S::F32_LANES]);
                        let some = &mut of_row[count..count + S::F32_LANES];
                        let mut n = 0;
                        for l in 0..S::F32_LANES {
                            some[n] = ((first + l) as u32, z[l]);
                            n += usize::from(z[l] >= bound[l]);
                        }
                        count += n;
                    }
                }
                found.extend_from_slice(&of_row[..count]);
            }
        }
    }
    dispatch(Op(scores, stride, bounds, found));
}

/// Whether any lane of a mask is set.
#[inline(always)]
fn any<S: Simd>(s: S, mask: S::m32s) -> bool {
    if size_of::<S::m32s>() != size_of::<S::u32s>() {
        // One bit per lane. The index itself is not that of the first lane for every kind of mask.
        return s.first_true_m32s(mask) < S::F32_LANES;
    }
    let set = s.select_u32s(mask, s.splat_u32s(1), s.splat_u32s(0));
    let mut all = 0;
    for lanes in bytemuck::cast_slice::<S::u32s, u32>(slice::from_ref(&set)) {
        all |= lanes;
    }
    all != 0
}

/// Number of scores that are at least `bound`.
pub fn count(scores: &[f32], bound: f32) -> usize {
    struct Op<'a>(&'a [f32], f32);
    impl WithSimd for Op<'_> {
        type Output = usize;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            let mut count = 0_u32;
            for z in self.0 {
                count += u32::from(*z >= self.1);
            }
            count as usize
        }
    }
    dispatch(Op(scores, bound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agree_with_a_plain_loop() {
        for (rows, columns, stride) in [(1, 16, 16), (3, 32, 48), (100, 48, 64), (333, 16, 20)] {
            let mut z: Vec<f32> = (0..rows * stride).map(|i| ((i * 7919) % 1000) as f32 * 0.002 - 1.0).collect();
            z[0] = f32::NAN;
            let mut bounds: Vec<f32> = (0..columns).map(|c| c as f32 * 0.05 - 1.0).collect();
            (bounds[1], bounds[2]) = (f32::INFINITY, f32::NEG_INFINITY);
            let mut found = vec![(7, 7.0)];
            collect(&z, stride, &bounds, &mut found);
            let mut expected = vec![(7, 7.0)];
            for row in z.chunks(stride) {
                expected.extend((0..columns).filter(|c| row[*c] >= bounds[*c]).map(|c| (c as u32, row[c])));
            }
            assert_eq!(found, expected);
            assert_eq!(count(&z, 0.25), z.iter().filter(|z| **z >= 0.25).count());
        }
    }
}
