//! The few kinds of draws for reading and generating text. They are implemented here, so that a seed keeps its text.

use super::WorkerRng;
use rand::Rng;

/// A number in 0..n. All have equal probability up to 2⁻⁶⁴.
#[inline]
pub(crate) fn below(rng: &mut WorkerRng, n: u64) -> u64 {
    ((u128::from(rng.next_u64()) * u128::from(n)) >> 64) as u64
}

/// Uniform in [0, 1), 53 bits.
#[inline]
pub(crate) fn uniform(rng: &mut WorkerRng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// Shuffles uniformly (Fisher and Yates).
pub(crate) fn shuffle<T>(items: &mut [T], rng: &mut WorkerRng) {
    for i in (1..items.len()).rev() {
        items.swap(i, below(rng, i as u64 + 1) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_equally_likely() {
        let mut rng = WorkerRng::new(5, 0);
        let mut seen = std::collections::HashMap::new();
        let mut order = [0, 1, 2, 3];
        for _ in 0..24_000 {
            shuffle(&mut order, &mut rng);
            *seen.entry(order).or_insert(0.0) += 1.0;
        }
        let chi2: f64 = seen.values().map(|n: &f64| (n - 1e3).powi(2) / 1e3).sum();
        // χ² with 23 degrees of freedom exceeds this with probability 10⁻⁶.
        assert!(seen.len() == 24 && chi2 < 70.6, "{chi2}");
    }
}
