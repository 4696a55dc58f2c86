//! Means of draws, and their allowed deviations.

use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

/// The chance that a right layer fails one such test, had its seed been random.
const ALPHA: f64 = 1e-6;

/// Mean, and its standard error times the quantile of a two-sided z-test at α.
pub fn mean_and_margin(xs: &[f64]) -> (f64, f64) {
    let n = xs.len() as f64;
    let mean = xs.iter().sum::<f64>() / n;
    let variance = xs.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    let quantile = Normal::new(0.0, 1.0).unwrap().inverse_cdf(1.0 - ALPHA / 2.0);
    (mean, quantile * (variance / n).sqrt())
}

/// χ² of how often each of F words was in `sets` sets of S words without repeats: every set as likely, the counts have the
/// variance n·f·(1 − f), f = S/F, and the covariance of a fixed sum, so Σ(count − n·f)²·(F − 1)/(F·n·f·(1 − f)) ~ χ²(F − 1).
pub fn assert_uniform_sets(seen: &[u64], size: usize, sets: u64) {
    let words = seen.len() as f64;
    let (f, n) = (size as f64 / words, sets as f64);
    let squares: f64 = seen.iter().map(|count| (*count as f64 - n * f).powi(2)).sum();
    if size == seen.len() {
        assert_eq!(squares, 0.0, "every word is in every set");
        return;
    }
    let statistic = squares * (words - 1.0) / (words * n * f * (1.0 - f));
    let limit = ChiSquared::new(words - 1.0).unwrap().inverse_cdf(1.0 - ALPHA);
    assert!(statistic < limit, "S = {size}: χ² = {statistic}, at most {limit}");
}

/// χ² of what was seen against its probabilities; what is expected less than ten times is counted together.
pub fn assert_fits(what: &str, seen: &[u64], probabilities: &[f64]) {
    let n = seen.iter().sum::<u64>() as f64;
    let (mut rare, mut statistic, mut bins) = ((0.0, 0.0), 0.0, 0.0);
    let mut bin = |seen: f64, expected: f64| {
        statistic += (seen - expected).powi(2) / expected;
        bins += 1.0;
    };
    for (seen, p) in seen.iter().zip(probabilities) {
        if n * p < 10.0 {
            rare = (rare.0 + *seen as f64, rare.1 + n * p);
        } else {
            bin(*seen as f64, n * p);
        }
    }
    if rare.1 >= 10.0 {
        bin(rare.0, rare.1);
    } else {
        // As Poisson: more than 40 where fewer than ten are expected has less than α = 10⁻¹¹.
        assert!(rare.0 <= 40.0, "{what}: {} of the rare, {} expected", rare.0, rare.1);
    }
    assert!(bins > 1.0, "{what}: nothing to compare");
    let limit = ChiSquared::new(bins - 1.0).unwrap().inverse_cdf(1.0 - ALPHA);
    assert!(statistic < limit, "{what}: χ² = {statistic}, at most {limit}");
}
