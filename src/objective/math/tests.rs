//! Known values, laws, limits and finite differences.

use super::*;
use proptest::prelude::*;

const INF: f64 = f64::INFINITY;

fn softmax_of(scores: &[f64], beta: f64) -> Vec<f64> {
    let mut out = vec![0.0; scores.len()];
    softmax(scores, beta, &mut out);
    out
}

fn log_softmax_of(scores: &[f64], beta: f64) -> Vec<f64> {
    let mut out = vec![0.0; scores.len()];
    log_softmax(scores, beta, &mut out);
    out
}

fn assert_close(left: &[f64], right: &[f64], tolerance: f64) {
    assert_eq!(left.len(), right.len());
    for (l, r) in left.iter().zip(right) {
        assert!(l == r || (l - r).abs() <= tolerance, "{left:?} differs from {right:?}");
    }
}

/// The tolerance is half of the last printed digit.
#[test]
fn softmax_has_the_well_known_values() {
    let scores = [1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0];
    let cold = [0.02364054, 0.06426166, 0.1746813, 0.474833, 0.02364054, 0.06426166, 0.1746813];
    for (p, (e, half)) in
        softmax_of(&scores, 1.0).iter().zip(cold.iter().zip([5e-9, 5e-9, 5e-8, 5e-7, 5e-9, 5e-9, 5e-8]))
    {
        assert!((p - e).abs() <= half, "{p} is not {e}");
    }
    let hot = [0.125, 0.138, 0.153, 0.169, 0.125, 0.138, 0.153];
    assert_close(&softmax_of(&scores, temperature(10.0)), &hot, 5e-4);
}

/// Scores and log-probabilities of one row: torch 2.15.0+cu132, float64.
#[test]
fn log_softmax_agrees_with_torch() {
    #[rustfmt::skip]
    let scores = [
        -4.824618437554269, -6.042555487658857, -1.5214095383322697, 2.970731984262455, -7.623361919426789,
        11.905633882974115, -3.523753537610843, -3.586675167998007, 11.001863135671941, 2.4707283182202238,
        -1.7038794543730318, -1.8416485847127266, -4.611216682859403, -5.28063108593165, 1.4681525687256782,
        5.113224138140993, 4.607445277360671, -2.8981152004610555, 0.03190478175599187, 4.636841839871799,
        -0.636380004878498, -2.958908767191515, -0.08632966647131679,
    ];
    #[rustfmt::skip]
    let expected = [
        -17.072279215173836, -18.29021626527842, -13.769070315951835, -9.27692879335711, -19.871022697046353,
        -0.34202689464544944, -15.771414315230409, -15.834335945617571, -1.2457976419476213, -9.77693245939934,
        -13.951540231992597, -14.089309362332292, -16.858877460478965, -17.528291863551214, -10.779508208893887,
        -7.1344366394785705, -7.640215500258893, -15.145775978080621, -12.215755995863574, -7.610818937747766,
        -12.884040782498063, -15.20656954481108, -12.333990444090881,
    ];
    // The scores carry an error of 8 sums of rounded products, each at most 20 in size.
    assert_close(&log_softmax_of(&scores, 1.0), &expected, 8.0 * 20.0 * f64::EPSILON);
}

#[test]
fn limits_in_beta() {
    let z = [1.0, 3.0, -2.0, 3.0, -2.0];
    assert_eq!(softmax_of(&z, temperature(0.0)), [0.0, 0.5, 0.0, 0.5, 0.0]);
    assert_eq!(softmax_of(&z, -INF), [0.0, 0.0, 0.5, 0.0, 0.5]);
    assert_eq!(softmax_of(&z, temperature(INF)), [0.2; 5]);
    assert_close(&softmax_of(&z, -0.7), &softmax_of(&z.map(|x| -x), 0.7), 0.0);
    assert_close(&log_softmax_of(&z, INF), &[-INF, 0.5f64.ln(), -INF, 0.5f64.ln(), -INF], 0.0);
    assert_close(&softmax_of(&[1.0, 3.0], base(2.0)), &[0.2, 0.8], 2.0 * f64::EPSILON);
    assert!(softmax_of(&z, f64::NAN).iter().all(|p| p.is_nan()));
}

#[test]
fn limits_in_the_scores() {
    for beta in [0.0, 0.5, 1.0, INF] {
        assert_eq!(softmax_of(&[INF, 0.0, INF, -INF], beta), [0.5, 0.0, 0.5, 0.0]);
        assert_eq!(softmax_of(&[-INF, -INF], beta), [0.5, 0.5]);
        assert_eq!(softmax_of(&[-INF, 2.0, 2.0], beta), [0.0, 0.5, 0.5]);
        assert!(log_softmax_of(&[0.0, f64::NAN], beta).iter().all(|p| p.is_nan()));
    }
    assert_eq!(softmax_of(&[INF, 0.0, -INF], -1.0), [0.0, 0.0, 1.0]);
    assert_eq!(log_softmax_of(&[-INF, 0.0], 1.0), [-INF, 0.0]);
    assert!(softmax_of(&[], 1.0).is_empty());
    // The widest finite scores, and β outside the range in which β·z is finite.
    assert_eq!(softmax_of(&[f64::MAX, f64::MIN], f64::MAX), [1.0, 0.0]);
    assert_close(&softmax_of(&[f64::MAX, f64::MIN], 0.5 / f64::MAX), &softmax_of(&[1.0, 0.0], 1.0), 1e-15);
}

#[test]
fn limits_of_the_sum() {
    assert_eq!(ln_sum_exp(&[]), -INF);
    assert_eq!(ln_sum_exp_scaled(&[], -1.0), -INF);
    assert_eq!(ln_sum_exp(&[-INF, -INF]), -INF);
    assert_eq!(ln_sum_exp(&[-INF, INF, 0.0]), INF);
    assert_eq!(ln_sum_exp_scaled(&[-INF, 0.0], -1.0), INF);
    assert_eq!(ln_sum_exp_scaled(&[INF, INF], -1.0), -INF);
    assert_eq!(ln_sum_exp_scaled(&[3.0, -INF, 5.0], 0.0), 2f64.ln());
    assert_eq!(ln_sum_exp_scaled(&[0.0, -1.0, 0.0], INF), 2f64.ln());
    assert_eq!(ln_sum_exp_scaled(&[5e-324, 0.0], -INF), 0.0);
    assert_eq!(ln_sum_exp_scaled(&[-1.0, -2.0], INF), -INF);
    assert_eq!(ln_sum_exp_scaled(&[1.0, 2.0], -INF), -INF);
    assert!(ln_sum_exp(&[f64::NAN, INF]).is_nan());
    assert!((ln_sum_exp(&[1e4, 1e4]) - (1e4 + 2f64.ln())).abs() <= 1e4 * f64::EPSILON);
    // e^−50 is below the precision of 1, but is not lost.
    assert!((log_softmax_of(&[50.0, 0.0], 1.0)[0] + (-50f64).exp()).abs() <= (-50f64).exp() * 1e-14);
}

#[test]
fn logistic_and_its_kin_hold_over_the_whole_range() {
    for x in [-INF, -1e300, -745.0, -40.0, -1.0, -1e-300, 0.0, 1e-9, 2.0, 37.0, 1e300, INF] {
        assert_close(&[logistic(x) + logistic(-x)], &[1.0], f64::EPSILON);
        assert_close(&[logistic(x), logistic(-x)], &softmax_of(&[x, 0.0], 1.0), f64::EPSILON);
        assert_close(&[ln_sigmoid(x), ln_sigmoid(-x)], &log_softmax_of(&[x, 0.0], 1.0), x.abs().min(1.0) * 1e-15);
    }
    assert_eq!(ln_sigmoid(-1e300), -1e300);
    assert_eq!(ln_sigmoid(50.0), -(-50f64).exp());
    assert!(logistic(f64::NAN).is_nan() && ln_sigmoid(f64::NAN).is_nan() && logit(f64::NAN).is_nan());
    assert_eq!([logit(0.0), logit(0.5), logit(1.0)], [-INF, 0.0, INF]);
    assert!(logit(-0.1).is_nan() && logit(1.1).is_nan());
    assert_close(&[logit(0.5 + 1e-12)], &[4.0 * ((0.5 + 1e-12) - 0.5)], 1e-27);
}

#[test]
fn the_inverse_has_mean_zero_over_what_is_finite() {
    let mut z = [0.0; 4];
    inverse_softmax(&[0.5, 0.0, 0.3, 0.2], &mut z);
    assert_eq!(z[1], -INF);
    assert!((z[0] + z[2] + z[3]).abs() <= 4.0 * f64::EPSILON);
    assert_close(&softmax_of(&z, 1.0), &[0.5, 0.0, 0.3, 0.2], 4.0 * f64::EPSILON);
    inverse_softmax(&[0.0; 4], &mut z);
    assert_eq!(z, [-INF; 4]);
}

/// Central differences with step h. With R = |β|·(range of v), the third derivative of every function below is at most
/// 3R³, so the truncation error is h²R³/2. Each value is off by a few ε per unit of its exponent, which is divided by
/// h.
#[test]
fn gradients_are_the_slopes() {
    let (z, v): ([f64; 5], [f64; 5]) = ([0.3, -1.2, 2.0, 0.1, 1.9], [1.0, -0.5, 0.25, 2.0, -1.0]);
    let h = 1e-5;
    for beta in [1.0, -0.8, 2.5, 0.0] {
        let r = 3.0 * f64::abs(beta);
        let tolerance = 0.5 * h * h * r * r * r + 16.0 * (1.0 + r) * f64::EPSILON / h;
        let moved = |by: f64| -> Vec<f64> { z.iter().zip(v).map(|(z, v)| z + by * v).collect() };
        let slope =
            |up: &[f64], down: &[f64]| -> Vec<f64> { up.iter().zip(down).map(|(u, d)| (u - d) / (2.0 * h)).collect() };
        let (up, down, p) = (moved(h), moved(-h), softmax_of(&z, beta));
        let mut out = [0.0; 5];
        softmax_jvp(&p, beta, &v, &mut out);
        assert_close(&slope(&softmax_of(&up, beta), &softmax_of(&down, beta)), &out, tolerance);
        ln_sum_exp_gradient(&z, beta, &mut out);
        let sums = (ln_sum_exp_scaled(&up, beta), ln_sum_exp_scaled(&down, beta));
        assert_close(&slope(&[sums.0], &[sums.1]), &[dot(&out, &v)], tolerance);
        let weights = [0.2, -1.0, 3.0, 0.0, 0.5];
        log_softmax_vjp(&p, beta, &weights, &mut out);
        let slopes = slope(&log_softmax_of(&up, beta), &log_softmax_of(&down, beta));
        assert_close(&[dot(&slopes, &weights)], &[dot(&out, &v)], 5.0 * tolerance);
    }
}

#[test]
#[should_panic(expected = "slices of 2 and 3 entries")]
fn lengths_must_agree() {
    softmax(&[0.0; 2], 1.0, &mut [0.0; 3]);
}

proptest! {
    /// A shift by s costs ε·|s| per score, which the exponential passes on.
    #[test]
    fn a_shift_changes_nothing(z in prop::collection::vec(-30.0..30.0f64, 1..20), s in -1e3..1e3f64, beta in -3.0..3.0f64) {
        let shifted: Vec<f64> = z.iter().map(|x| x + s).collect();
        let tolerance = beta.abs() * 4.0 * (s.abs() + 60.0) * f64::EPSILON + 1e-14;
        assert_close(&softmax_of(&z, beta), &softmax_of(&shifted, beta), tolerance);
        let p = softmax_of(&z, beta);
        prop_assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-14);
        assert_close(&log_softmax_of(&z, beta).iter().map(|x| x.exp()).collect::<Vec<_>>(), &p, 1e-13);
    }

    #[test]
    fn the_logistic_is_the_softmax_of_two(x in -700.0..700.0f64, y in -700.0..700.0f64) {
        let tolerance = 2.0 * (x.abs() + y.abs() + 1.0) * f64::EPSILON;
        assert_close(&[logistic(x - y)], &softmax_of(&[x, y], 1.0)[..1], tolerance);
        assert_close(&[ln_sigmoid(x - y)], &log_softmax_of(&[x, y], 1.0)[..1], tolerance);
    }

    #[test]
    fn logit_undoes_the_logistic(x in -30.0..10.0f64) {
        // p is off by ε/2. Its logit is off by that over p·(1 − p); relative to p this is at most e^x.
        prop_assert!((logit(logistic(x)) - x).abs() <= (4.0 + x.exp() + x.abs()) * f64::EPSILON);
    }
}
