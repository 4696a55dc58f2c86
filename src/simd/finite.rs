//! Test for finite numbers.

use super::dispatch;
use pulp::{Simd, WithSimd};

/// Whether no number is infinite or NaN. Costs one multiply-add per vector.
pub fn all_finite(xs: &[f32]) -> bool {
    struct Op<'a>(&'a [f32]);
    impl WithSimd for Op<'_> {
        type Output = f32;
        #[inline(always)]
        fn with_simd<S: Simd>(self, s: S) -> f32 {
            // x·0 is 0 for a finite x and NaN otherwise; a sum keeps a NaN.
            let (body, tail) = S::as_simd_f32s(self.0);
            let zero = s.splat_f32s(0.0);
            let (four, rest) = body.as_chunks::<4>();
            let mut sums = [zero; 4];
            for x in four {
                for i in 0..4 {
                    sums[i] = s.mul_add_f32s(x[i], zero, sums[i]);
                }
            }
            for x in rest {
                sums[0] = s.mul_add_f32s(*x, zero, sums[0]);
            }
            let sum = s.add_f32s(s.add_f32s(sums[0], sums[1]), s.add_f32s(sums[2], sums[3]));
            tail.iter().fold(s.reduce_sum_f32s(sum), |sum, x| sum + x * 0.0)
        }
    }
    dispatch(Op(xs)) == 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_not_finite_are_seen_wherever_they_stand() {
        let some = [0.0, -0.0, 1.0, f32::MAX, f32::MIN, f32::MIN_POSITIVE, 1e-45, -3.5, 2.0, 7.0, -1e30];
        for len in 0..150 {
            let mut values: Vec<f32> = some.iter().copied().cycle().take(len).collect();
            assert!(all_finite(&values), "{len}");
            for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                for at in 0..len {
                    let before = std::mem::replace(&mut values[at], bad);
                    assert!(!all_finite(&values), "{bad} at {at} of {len}");
                    values[at] = before;
                }
            }
        }
    }
}
