//! Weighted decisions: one score, with a weight for each of its two answers.

use super::{dispatch, exp, lanes, with_tail};
use pulp::{Simd, WithSimd};

/// ln(1 + u) = 2·artanh(u/(2 + u)): coefficients of the powers 12, 10, …, 0 of u/(2 + u), which is at most 1/3. Each is
/// twice that of the artanh series. The omitted terms are less than 10⁻⁸ of the sum.
const LN_1P: [f32; 7] = [2.0 / 13.0, 2.0 / 11.0, 2.0 / 9.0, 2.0 / 7.0, 2.0 / 5.0, 2.0 / 3.0, 2.0];

/// Vectors whose losses are summed in f32 before they are added to the f64 sum.
const SUM_CHUNK: usize = 64;

/// Decisions with a weight `toward` 1 and a weight `against` it. Returns Σ −toward·ln σ(z) − against·ln σ(−z), and sets
/// z ← its derivative, against·σ(z) − toward·σ(−z). Two weights of 0 give no derivative and no loss.
pub fn votes(zs: &mut [f32], toward: &[f32], against: &[f32]) -> f64 {
    struct Op<'a>(&'a mut [f32], &'a [f32], &'a [f32]);
    impl WithSimd for Op<'_> {
        type Output = f64;
        #[inline(always)]
        fn with_simd<S: Simd>(self, s: S) -> f64 {
            let (body, tail) = S::as_mut_simd_f32s(self.0);
            let (toward, toward_tail) = S::as_simd_f32s(self.1);
            let (against, against_tail) = S::as_simd_f32s(self.2);
            let weights = toward.chunks(SUM_CHUNK).zip(against.chunks(SUM_CHUNK));
            let mut loss = 0.0;
            for (zs, (toward, against)) in body.chunks_mut(SUM_CHUNK).zip(weights) {
                loss += decisions(s, zs, toward, against);
            }
            if !tail.is_empty() {
                let zero = s.splat_f32s(0.0);
                let (mut z, mut toward, mut against) = ([zero], [zero], [zero]);
                with_tail(&mut lanes::<S>(&mut z)[..tail.len()], tail, |to, from| *to = from);
                with_tail(&mut lanes::<S>(&mut toward)[..tail.len()], toward_tail, |to, from| *to = from);
                with_tail(&mut lanes::<S>(&mut against)[..tail.len()], against_tail, |to, from| *to = from);
                loss += decisions(s, &mut z, &toward, &against);
                with_tail(tail, lanes::<S>(&mut z), |to, from| *to = from);
            }
            loss
        }
    }
    assert!(zs.len() == toward.len() && zs.len() == against.len(), "scores and weights");
    dispatch(Op(zs, toward, against))
}

/// [`votes`] over at most [`SUM_CHUNK`] vectors.
#[inline(always)]
fn decisions<S: Simd>(s: S, zs: &mut [S::f32s], toward: &[S::f32s], against: &[S::f32s]) -> f64 {
    let (zero, one) = (s.splat_f32s(0.0), s.splat_f32s(1.0));
    let mut sum = zero;
    for (z, (toward, against)) in zs.iter_mut().zip(toward.iter().zip(against)) {
        let u = exp(s, s.neg_f32s(s.abs_f32s(*z)));
        let (inverse, ratio) = (s.div_f32s(one, s.add_f32s(one, u)), s.div_f32s(u, s.add_f32s(u, s.splat_f32s(2.0))));
        let square = s.mul_f32s(ratio, ratio);
        let mut ln = s.splat_f32s(LN_1P[0]);
        for c in &LN_1P[1..] {
            ln = s.mul_add_f32s(ln, square, s.splat_f32s(*c));
        }
        let ln = s.mul_f32s(ln, ratio);
        // −ln σ(z) = max(−z, 0) + ln(1 + e^−|z|), and the same with −z for z.
        let wrong = s.add_f32s(s.max_f32s(zero, s.neg_f32s(*z)), ln);
        let right = s.add_f32s(s.max_f32s(zero, *z), ln);
        sum = s.mul_add_f32s(*toward, wrong, s.mul_add_f32s(*against, right, sum));
        let (large, small) = (inverse, s.mul_f32s(u, inverse));
        let positive = s.less_than_f32s(zero, *z);
        let sigma = s.select_f32s(positive, large, small);
        let other = s.select_f32s(positive, small, large);
        *z = s.sub_f32s(s.mul_f32s(*against, sigma), s.mul_f32s(*toward, other));
    }
    f64::from(s.reduce_sum_f32s(sum))
}

#[cfg(test)]
mod tests {
    use super::votes;

    #[test]
    fn votes_of_any_length_and_size() {
        for n in [0usize, 1, 5, 15, 16, 17, 40, 111, 500, 2_000] {
            let zs: Vec<f32> = (0..n).map(|i| ((i * 7919) % 1601) as f32 * 0.1 - 80.0).collect();
            let toward: Vec<f32> = (0..n).map(|i| [0.0, 1.0, 0.0, 2.5][i % 4]).collect();
            let against: Vec<f32> = (0..n).map(|i| [0.0, 0.0, 0.5, 3.0][i % 4]).collect();
            let mut ks = zs.clone();
            let loss = votes(&mut ks, &toward, &against);
            let mut exact = 0.0;
            for i in 0..n {
                let [z, t, a] = [zs[i], toward[i], against[i]].map(f64::from);
                let softplus = |z: f64| z.max(0.0) + (-z.abs()).exp().ln_1p();
                exact += t * softplus(-z) + a * softplus(z);
                let (sigma, other) = (1.0 / (1.0 + (-z).exp()), 1.0 / (1.0 + z.exp()));
                let k = a * sigma - t * other;
                assert!(
                    (f64::from(ks[i]) - k).abs() <= 4e-7 * (a * sigma + t * other) + 1e-37,
                    "{n} {i}: {} {k}",
                    ks[i]
                );
            }
            // Each term is rounded a few times, and a lane adds at most 64 × 2 of them.
            assert!((loss - exact).abs() <= 1e-5 * exact, "{n}: {loss} {exact}");
        }
    }

    #[test]
    fn no_weight_is_no_loss_and_no_gradient() {
        let mut zs = [3.0, -90.0, 0.0];
        assert_eq!((votes(&mut zs, &[0.0; 3], &[0.0; 3]), zs), (0.0, [0.0; 3]));
    }
}
