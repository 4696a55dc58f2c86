//! A loop that only multiplies and adds in registers, to measure peak speed.

use super::dispatch;
use pulp::{Simd, WithSimd};
use std::hint::black_box;

/// Independent sums: more than the latency of an operation times the operations started per cycle.
const SUMS: usize = 12;

/// Multiplies and adds in registers, `rounds` times over 12 vectors, on this process's vector path. Returns the number
/// of multiply-adds.
pub fn multiply_adds(rounds: usize) -> usize {
    struct Op(usize);
    impl WithSimd for Op {
        type Output = usize;
        #[inline(always)]
        fn with_simd<S: Simd>(self, s: S) -> usize {
            // Each sum converges to 2 from any start.
            let (a, b) = (s.splat_f32s(black_box(0.5)), s.splat_f32s(black_box(1.0)));
            let mut sums = [s.splat_f32s(0.0); SUMS];
            for i in 0..SUMS {
                sums[i] = s.splat_f32s(black_box(i as f32));
            }
            for _ in 0..self.0 {
                for i in 0..SUMS {
                    sums[i] = s.mul_add_e_f32s(sums[i], a, b);
                }
            }
            let mut all = sums[0];
            for i in 1..SUMS {
                all = s.add_f32s(all, sums[i]);
            }
            black_box(s.reduce_sum_f32s(all));
            self.0 * SUMS * S::F32_LANES
        }
    }
    dispatch(Op(rounds))
}
