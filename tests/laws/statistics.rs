//! Means of draws, and how far they may be from what they should be.

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
