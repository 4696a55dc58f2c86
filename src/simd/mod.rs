//! Vector functions on f32 slices: portable SIMD on the vector path that [`path`] chose.
//!
//! Error bounds, tested over the whole range against f64:
//!
//! - `exp`: relative error of 1.5·10⁻⁷ (2 units in the last place), and 0 below −87.33;
//! - `soft_cap`: relative error of 6·10⁻⁷;
//! - logarithms: as in f64.

pub mod above;
pub mod columns;
mod finite;
pub mod path;
#[cfg(feature = "eval")]
pub mod peak;
pub mod support;
mod tail;
mod votes;

pub use finite::all_finite;
pub(crate) use path::dispatch;
use pulp::{Simd, WithSimd};
pub(crate) use tail::with_tail;
pub use votes::votes;

const LOG2_E: f32 = std::f32::consts::LOG2_E;
/// ln 2 in two parts (Cody & Waite). The first has so few bits that n·LN2_HI is exact.
const LN2_HI: f32 = 0.693_359_4;
const LN2_LO: f32 = -2.121_944_4e-4;
/// 1.5·2²³. Adding it rounds to an integer and leaves that integer in the low bits.
const MAGIC: f32 = 12_582_912.0;
/// Smaller arguments give 0 (e^x leaves the normal numbers); larger ones are clamped to the largest finite power.
const EXP_LO: f32 = -87.33;
const EXP_HI: f32 = 88.37;
/// Minimax polynomial of (e^f − 1 − f)/f² on ±ln 2 / 2 (Cephes, expf).
const EXP_POLY: [f32; 6] = [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5];

/// e^x, lane by lane.
///
/// Vector code has no closures: a closure is compiled without the instruction set of the dispatch.
#[inline(always)]
fn exp<S: Simd>(s: S, x: S::f32s) -> S::f32s {
    let low = s.splat_f32s(EXP_LO);
    let below = s.less_than_f32s(x, low);
    let x = s.min_f32s(s.max_f32s(x, low), s.splat_f32s(EXP_HI));
    let shifted = s.mul_add_f32s(x, s.splat_f32s(LOG2_E), s.splat_f32s(MAGIC));
    let n = s.sub_f32s(shifted, s.splat_f32s(MAGIC));
    let f = s.mul_add_f32s(n, s.splat_f32s(-LN2_HI), x);
    let f = s.mul_add_f32s(n, s.splat_f32s(-LN2_LO), f);
    let mut p = s.splat_f32s(EXP_POLY[0]);
    for c in &EXP_POLY[1..] {
        p = s.mul_add_f32s(p, f, s.splat_f32s(*c));
    }
    let p = s.add_f32s(s.mul_add_f32s(s.mul_f32s(f, f), p, f), s.splat_f32s(1.0));
    // The low bits of `shifted` hold n; n + 127 becomes the exponent of 2ⁿ.
    let bits = s.add_u32s(s.transmute_u32s_f32s(shifted), s.splat_u32s(127));
    let scale = s.transmute_f32s_u32s(s.wrapping_dyn_shl_u32s(bits, s.splat_u32s(23)));
    s.select_f32s(below, s.splat_f32s(0.0), s.mul_f32s(p, scale))
}

/// x ← scale·e^(x − shift).
pub fn scaled_exp(xs: &mut [f32], shift: f32, scale: f32) {
    struct Op<'a>(&'a mut [f32], f32, f32);
    impl WithSimd for Op<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, s: S) {
            let (shift, scale) = (s.splat_f32s(self.1), s.splat_f32s(self.2));
            let (body, tail) = S::as_mut_simd_f32s(self.0);
            let (pairs, rest) = body.as_chunks_mut::<2>();
            for [x, y] in pairs {
                *x = s.mul_f32s(exp(s, s.sub_f32s(*x, shift)), scale);
                *y = s.mul_f32s(exp(s, s.sub_f32s(*y, shift)), scale);
            }
            for x in rest {
                *x = s.mul_f32s(exp(s, s.sub_f32s(*x, shift)), scale);
            }
            if !tail.is_empty() {
                let x = s.sub_f32s(s.partial_load_f32s(tail), shift);
                s.partial_store_f32s(tail, s.mul_f32s(exp(s, x), scale));
            }
        }
    }
    dispatch(Op(xs, shift, scale));
}

/// The largest entry; −∞ for an empty slice.
pub fn max(xs: &[f32]) -> f32 {
    struct Op<'a>(&'a [f32]);
    impl WithSimd for Op<'_> {
        type Output = f32;
        #[inline(always)]
        fn with_simd<S: Simd>(self, s: S) -> f32 {
            let (body, tail) = S::as_simd_f32s(self.0);
            let low = s.splat_f32s(f32::NEG_INFINITY);
            let (four, rest) = body.as_chunks::<4>();
            let mut acc = [low; 4];
            for x in four {
                for i in 0..4 {
                    acc[i] = s.max_f32s(acc[i], x[i]);
                }
            }
            for x in rest {
                acc[0] = s.max_f32s(acc[0], *x);
            }
            let all = s.max_f32s(s.max_f32s(acc[0], acc[1]), s.max_f32s(acc[2], acc[3]));
            let mut top = s.reduce_max_f32s(all);
            for x in tail {
                top = top.max(*x);
            }
            top
        }
    }
    dispatch(Op(xs))
}

/// Vectors whose exponentials are summed in f32 before they are added to the f64 sum.
const SUM_CHUNK: usize = 64;

/// Σ e^(x − shift), in f64 beyond 64 vectors. With `shift` = max the relative error is less than 4·10⁻⁷.
pub fn sum_exp(xs: &[f32], shift: f32) -> f64 {
    struct Op<'a>(&'a [f32], f32);
    impl WithSimd for Op<'_> {
        type Output = f64;
        #[inline(always)]
        fn with_simd<S: Simd>(self, s: S) -> f64 {
            let shift = s.splat_f32s(self.1);
            let mut total = 0.0;
            for chunk in self.0.chunks(SUM_CHUNK * S::F32_LANES) {
                let (body, tail) = S::as_simd_f32s(chunk);
                let (pairs, rest) = body.as_chunks::<2>();
                let mut acc = [s.splat_f32s(0.0); 2];
                for x in pairs {
                    for i in 0..2 {
                        acc[i] = s.add_f32s(acc[i], exp(s, s.sub_f32s(x[i], shift)));
                    }
                }
                for x in rest {
                    acc[0] = s.add_f32s(acc[0], exp(s, s.sub_f32s(*x, shift)));
                }
                total += f64::from(s.reduce_sum_f32s(s.add_f32s(acc[0], acc[1])));
                if !tail.is_empty() {
                    // Lanes beyond the end are so small that they add nothing.
                    let mut last = [s.splat_f32s(f32::MIN)];
                    lanes::<S>(&mut last)[..tail.len()].copy_from_slice(tail);
                    total += f64::from(s.reduce_sum_f32s(exp(s, s.sub_f32s(last[0], shift))));
                }
            }
            total
        }
    }
    dispatch(Op(xs, shift))
}

/// Vectors whose factors 1 + e^−|t| are multiplied before a logarithm is taken. 7 × 16 factors of at most 2 stay below
/// 2¹²⁷.
const PRODUCT_CHUNK: usize = 7;
/// Limit of a product of such chunks, in f64. It leaves room for one more chunk.
const PRODUCT_MAX: f64 = 1e250;

/// Independent decisions: returns Σ −ln σ(sign·z), and sets z ← its derivative, −sign·σ(−sign·z). Signs are ±1. A sign
/// of 0 gives a derivative of 0 and a loss of ln 2.
///
/// A logarithm of a product replaces the sum of logarithms: Σ ln(1 + u) = ln Π(1 + u).
pub fn logistic(zs: &mut [f32], signs: &[f32]) -> f64 {
    struct Op<'a>(&'a mut [f32], &'a [f32]);
    impl WithSimd for Op<'_> {
        type Output = f64;
        #[inline(always)]
        fn with_simd<S: Simd>(self, s: S) -> f64 {
            let (body, tail) = S::as_mut_simd_f32s(self.0);
            let (sign_body, sign_tail) = S::as_simd_f32s(self.1);
            let (mut loss, mut product) = (0.0, 1.0);
            for (zs, signs) in body.chunks_mut(PRODUCT_CHUNK).zip(sign_body.chunks(PRODUCT_CHUNK)) {
                let (linear, factor) = decisions(s, zs, signs);
                loss += linear;
                product *= factor;
                if product > PRODUCT_MAX {
                    loss += product.ln();
                    product = 1.0;
                }
            }
            if !tail.is_empty() {
                // Lanes beyond the end are right decisions of full certainty: their loss is 0.
                let (mut z, mut sign) = ([s.splat_f32s(1e4)], [s.splat_f32s(1.0)]);
                with_tail(&mut lanes::<S>(&mut z)[..tail.len()], tail, |to, from| *to = from);
                with_tail(&mut lanes::<S>(&mut sign)[..tail.len()], sign_tail, |to, from| *to = from);
                let (linear, factor) = decisions(s, &mut z, &sign);
                loss += linear;
                product *= factor;
                with_tail(tail, lanes::<S>(&mut z), |to, from| *to = from);
            }
            loss + product.ln()
        }
    }
    assert_eq!(zs.len(), signs.len(), "scores and signs");
    dispatch(Op(zs, signs))
}

/// The lanes of vectors, as one slice.
#[inline(always)]
fn lanes<S: Simd>(vectors: &mut [S::f32s]) -> &mut [f32] {
    pulp::bytemuck::cast_slice_mut(vectors)
}

/// [`logistic`] over at most [`PRODUCT_CHUNK`] vectors. The loss is the first number plus the logarithm of the second.
#[inline(always)]
fn decisions<S: Simd>(s: S, zs: &mut [S::f32s], signs: &[S::f32s]) -> (f64, f64) {
    let (zero, one) = (s.splat_f32s(0.0), s.splat_f32s(1.0));
    let (mut product, mut linear) = (one, zero);
    for (z, sign) in zs.iter_mut().zip(signs) {
        let t = s.mul_f32s(*z, *sign);
        let u = exp(s, s.neg_f32s(s.abs_f32s(t)));
        let both = s.add_f32s(one, u);
        product = s.mul_f32s(product, both);
        linear = s.add_f32s(linear, s.max_f32s(zero, s.neg_f32s(t)));
        let right = s.less_than_f32s(zero, t);
        let wrong = s.div_f32s(s.select_f32s(right, u, one), both);
        *z = s.neg_f32s(s.mul_f32s(*sign, wrong));
    }
    (f64::from(s.reduce_sum_f32s(linear)), f64::from(s.reduce_product_f32s(product)))
}

/// From here on tanh is ±1 in f32.
const TANH_END: f32 = 7.905_311;
/// tanh x ≈ x·p(x²)/q(x²), minimax over ±[`TANH_END`] (Eigen, ptanh). Highest powers come first.
const TANH_P: [f32; 7] =
    [-2.760_768_5e-16, 2.000_188e-13, -8.604_672e-11, 5.122_297e-8, 1.485_722_4e-5, 6.372_619e-4, 4.893_524_6e-3];
const TANH_Q: [f32; 4] = [1.198_258_4e-6, 1.185_347_1e-4, 2.268_434_6e-3, 4.893_525e-3];

/// x ← cap·tanh(x/cap).
pub fn soft_cap(xs: &mut [f32], cap: f32) {
    dispatch(|| {
        for x in xs {
            let t = (*x / cap).clamp(-TANH_END, TANH_END);
            let u = t * t;
            let p = TANH_P.iter().fold(0.0, |p, c| p * u + c);
            let q = TANH_Q.iter().fold(0.0, |q, c| q * u + c);
            *x = (cap * (t * p / q)).clamp(-cap, cap);
        }
    });
}

/// x ← x + y.
pub fn add(xs: &mut [f32], ys: &[f32]) {
    dispatch(|| xs.iter_mut().zip(ys).for_each(|(x, y)| *x += y));
}

/// x ← x + a·y.
pub fn add_scaled(xs: &mut [f32], a: f32, ys: &[f32]) {
    dispatch(|| xs.iter_mut().zip(ys).for_each(|(x, y)| *x += a * y));
}

/// x ← scale·x.
pub fn scale(xs: &mut [f32], scale: f32) {
    dispatch(|| xs.iter_mut().for_each(|x| *x *= scale));
}

/// Keeps the largest score of each lane and its row. Rows of scores are `stride` apart; the first is row `first`. Among
/// equal scores the first row stays; NaN is ignored.
#[cfg(feature = "text")]
pub fn keep_best(best: &mut [f32], at: &mut [u32], scores: &[f32], stride: usize, first: u32) {
    dispatch(|| {
        for (row, scores) in (first..).zip(scores.chunks_exact(stride)) {
            for ((best, at), score) in best.iter_mut().zip(at.iter_mut()).zip(scores) {
                let better = *score > *best;
                *best = if better { *score } else { *best };
                *at = if better { row } else { *at };
            }
        }
    });
}

/// b ← (1 + b)/2·(1 + c)/2 / ((1 + a)/2 + ε), where a, b and c are cosines.
#[cfg(feature = "text")]
pub fn cos_mul(bs: &mut [f32], cs: &[f32], as_: &[f32], epsilon: f32) {
    dispatch(|| {
        for ((b, c), a) in bs.iter_mut().zip(cs).zip(as_) {
            *b = ((1.0 + *b) / 2.0) * ((1.0 + c) / 2.0) / ((1.0 + a) / 2.0 + epsilon);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from −90 to 90 in steps that reach all exponents and many mantissas.
    fn grid() -> Vec<f32> {
        (0..2_000_003).map(|i| (-90.0 + f64::from(i) * 9e-5) as f32).chain([-1e-30, 0.0, 1e-30, -1e-6, 1e-6]).collect()
    }

    fn worst(approximate: &[f32], exact: impl Fn(usize) -> f64) -> f64 {
        let error = |(i, a): (usize, &f32)| (f64::from(*a) / exact(i) - 1.0).abs();
        approximate.iter().enumerate().map(error).fold(0.0, f64::max)
    }

    #[test]
    fn exp_keeps_its_bound_over_the_whole_range() {
        let xs: Vec<f32> = grid().into_iter().filter(|x| (EXP_LO..=88.3).contains(x)).collect();
        let mut ys = xs.clone();
        scaled_exp(&mut ys, 0.0, 1.0);
        let worst = worst(&ys, |i| f64::from(xs[i]).exp());
        assert!(worst < 1.5e-7, "{worst:e}");
    }

    #[test]
    fn exp_at_the_ends() {
        let mut xs = [-200.0, f32::NEG_INFINITY, 200.0, -87.4, 0.0];
        scaled_exp(&mut xs, 0.0, 1.0);
        assert_eq!([xs[0], xs[1], xs[3], xs[4]], [0.0, 0.0, 0.0, 1.0]);
        assert!(xs[2].is_finite() && xs[2] > 1e38);
    }

    #[test]
    fn soft_cap_keeps_its_bound_over_the_whole_range() {
        for cap in [1.0f32, 5.0, 30.0] {
            let xs: Vec<f32> = grid().into_iter().filter(|x| *x != 0.0).collect();
            let mut ys = xs.clone();
            soft_cap(&mut ys, cap);
            let worst = worst(&ys, |i| f64::from(cap) * (f64::from(xs[i]) / f64::from(cap)).tanh());
            assert!(worst < 6e-7, "{worst:e}");
        }
        let mut ends = [0.0, f32::NEG_INFINITY, 1e30];
        soft_cap(&mut ends, 5.0);
        assert!(ends[0] == 0.0 && [-5.0, 5.0].iter().zip(&ends[1..]).all(|(want, got)| (got - want).abs() < 3e-6));
    }

    #[test]
    fn logistic_of_any_length_and_size() {
        for n in [0usize, 1, 5, 15, 16, 17, 40, 111, 112, 113, 500] {
            let zs: Vec<f32> = (0..n).map(|i| ((i * 7919) % 1601) as f32 * 0.1 - 80.0).collect();
            let signs: Vec<f32> = (0..n).map(|i| if i % 3 == 0 { 1.0 } else { -1.0 }).collect();
            let mut ks = zs.clone();
            let loss = logistic(&mut ks, &signs);
            let mut exact = 0.0;
            for i in 0..n {
                let t = f64::from(zs[i] * signs[i]);
                exact += (-t).max(0.0) + (-t.abs()).exp().ln_1p();
                let k = -f64::from(signs[i]) / (1.0 + t.exp());
                assert!((f64::from(ks[i]) - k).abs() <= 3e-7 * k.abs() + 1e-37, "{n} {i}: {} {k}", ks[i]);
            }
            // One rounding of 2⁻²⁴ per factor, and of the partial sums in the at most 7 + 4 additions of a term.
            assert!((loss - exact).abs() <= 6e-8 * (n as f64 + 11.0 * exact), "{n}: {loss} {exact}");
        }
        // Factors of 2 whose product overflows.
        let n = 5_000;
        let loss = logistic(&mut vec![0.0; n], &vec![1.0; n]);
        assert!((loss / (n as f64 * std::f64::consts::LN_2) - 1.0).abs() < 1e-12, "{loss}");
    }

    #[test]
    fn sums_and_maxima_of_any_length() {
        for n in [0usize, 1, 2, 7, 15, 16, 17, 33, 100, 1023, 1024, 1025, 5000] {
            let xs: Vec<f32> = (0..n).map(|i| ((i * 7919) % 1000) as f32 * 0.02 - 10.0).collect();
            let top = xs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            assert_eq!(max(&xs), top);
            let exact: f64 = xs.iter().map(|x| (f64::from(*x) - 3.0).exp()).sum();
            assert!((sum_exp(&xs, 3.0) - exact).abs() <= 4e-7 * exact, "{n}");
        }
    }
}
