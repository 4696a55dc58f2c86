//! The threshold of one example from few of its scores.
//!
//! Words at or below the threshold do not count. So a list of all scores at or above a bound gives the exact threshold
//! of all words, if that threshold turns out not to be below the bound. A sample of the words tells where to put the
//! bound.

use super::{Alpha, MOST_LOOKS, Threshold};
use crate::simd::{self, above, support};

/// Σ d^β over all words, as a sample estimates it, at the bound that it suggests. At the threshold the sum is 1; a
/// larger one puts the bound lower, which covers the error of the estimate.
const MARGIN: f64 = 3.0;
/// Steps of τ that end the search for such a bound.
const ROUGH: f64 = 1e-3;
/// At most one score in `SHARE` of a sample is looked at closely.
const SHARE: usize = 8;
/// Bisections for that share.
const BISECTIONS: usize = 16;

impl Alpha {
    /// A bound that no word of the support is below, from one of the scores. The largest one gives the best bound.
    pub(crate) fn certain_bound(&self, score: f32) -> f32 {
        // The threshold is at most 1 below the largest score, on the scale of (α − 1)·z/T.
        ((f64::from(score) - 1.0 / self.scale()) as f32).next_down()
    }

    /// A bound that words of the support are rarely below, from the scores of one word in `every`.
    pub(crate) fn likely_bound(&self, sample: &[f32], every: usize, few: &mut Few) -> f32 {
        const LANES: usize = 16;
        let top = simd::max(sample);
        let certain = self.certain_bound(top);
        let Some(low) = lower_end(sample, certain, top) else { return certain };
        few.found.clear();
        let whole = sample.len() / LANES * LANES;
        above::collect(&sample[..whole], LANES, &[low; LANES], &mut few.found);
        let rest = sample[whole..].iter().copied().filter(|z| *z >= low);
        self.scale_scores(few.found.iter().map(|(_, z)| *z).chain(rest), top, &mut few.scaled);
        let (every, margin) = (every as f64, MARGIN.powf(self.alpha - 1.0));
        let mut at = Threshold { max: top, tau: -margin, below: -margin, above: 0.0, found: false };
        for _ in 0..MOST_LOOKS {
            let [of_low, of_high, _] = self.sums(&few.scaled, at.tau);
            // The largest score stands for itself, not for others of its size.
            let (top_low, top_high) = self.raise(-at.tau);
            let sum = |all: f64, top: f64| (every * (all - top) + top) / MARGIN;
            self.improve(&mut at, [sum(of_high, top_high), sum(of_low, top_low)], ROUGH);
            if at.found {
                break;
            }
        }
        let bound = f64::from(top) + at.tau / self.scale();
        (bound as f32).next_down().max(certain)
    }

    /// The threshold over all `words`, and Σ d^(β + 1) there, from all scores that are at least `bound`. `None` if the
    /// support reaches below the bound.
    pub(crate) fn solve_few(
        &self,
        scores: &[f32],
        bound: f32,
        words: usize,
        few: &mut Few,
    ) -> Option<(Threshold, f64)> {
        let mut at = self.begin(simd::max(scores), words);
        self.scale_scores(scores.iter().copied(), at.max, &mut few.scaled);
        let lowest = self.scale() * (f64::from(bound) - f64::from(at.max));
        at.tau = at.tau.max(lowest);
        for _ in 0..MOST_LOOKS {
            let [low, high, _] = self.sums(&few.scaled, at.tau);
            // Words below the bound would have to make up for what is missing.
            if high < 1.0 && at.tau <= lowest {
                return None;
            }
            self.improve(&mut at, [high, low], self.enough());
            if at.found {
                break;
            }
        }
        (at.found && at.tau >= lowest).then(|| (at, self.sums(&few.scaled, at.tau)[2]))
    }

    /// (α − 1)·(z − max)/T of every score.
    fn scale_scores(&self, scores: impl Iterator<Item = f32>, max: f32, scaled: &mut Vec<f64>) {
        let (scale, max) = (self.scale(), f64::from(max));
        scaled.clear();
        scaled.extend(scores.map(|z| scale * (f64::from(z) - max)));
    }

    /// Σ d^(β − 1) over scores with d > 0, Σ d^β and Σ d^(β + 1).
    fn sums(&self, scaled: &[f64], tau: f64) -> [f64; 3] {
        if let Some(power) = self.whole_power() {
            return support::sums_of_list(scaled, power, tau);
        }
        let mut sums = [0.0; 3];
        for d in scaled.iter().map(|scaled| scaled - tau).filter(|d| *d > 0.0) {
            let (low, high) = self.raise(d);
            sums = [sums[0] + low, sums[1] + high, sums[2] + d * high];
        }
        sums
    }
}

/// Buffers of the searches over few scores.
#[derive(Default)]
pub struct Few {
    found: Vec<(u32, f32)>,
    scaled: Vec<f64>,
}

/// A score that few, but not too few, of the sample reach, and that is at least `certain`; `None` if there is none.
fn lower_end(sample: &[f32], certain: f32, top: f32) -> Option<f32> {
    let most = sample.len() / SHARE;
    if above::count(sample, certain) <= most {
        return Some(certain);
    }
    let (mut low, mut high) = (certain, top);
    for _ in 0..BISECTIONS {
        let middle = 0.5 * (low + high);
        match above::count(sample, middle) {
            count if count > most => low = middle,
            count if count < most / 4 => high = middle,
            _ => return Some(middle),
        }
    }
    // Equal scores may take the count from too few to too many.
    (high < top).then_some(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALPHAS: [f64; 5] = [1.1, 1.25, 1.5, 1.75, 2.0];

    fn spread(words: usize, width: f32) -> Vec<f32> {
        (0..words).map(|i| ((i * 7919) % 10_007) as f32 / 10_007.0 * width - 3.0).collect()
    }

    /// Few scores give the threshold of all, or say that they cannot.
    #[test]
    fn few_scores_give_the_threshold_of_all() {
        for scores in [vec![4.0], vec![1.0; 300], spread(3000, 0.001), spread(3000, 1.0), spread(3000, 90.0)] {
            for alpha in ALPHAS {
                let entmax = Alpha::new(alpha).unwrap();
                let (all, top) = (entmax.threshold(&scores), simd::max(&scores));
                let exact = top + (all.tau / entmax.scale()) as f32;
                for (bound, enough) in [
                    (entmax.certain_bound(top), true),
                    (exact - 0.01, true),
                    (0.5 * (exact + top) + 1e-3, false),
                    (f32::NEG_INFINITY, true),
                ] {
                    let few: Vec<f32> = scores.iter().copied().filter(|z| *z >= bound).collect();
                    let found = entmax.solve_few(&few, bound, scores.len(), &mut Few::default());
                    let Some((at, power_sum)) = found else {
                        assert!(!enough, "{alpha}, {}, {bound}", scores.len());
                        continue;
                    };
                    assert!(enough || few.len() == scores.len(), "{alpha}, {}, {bound}", scores.len());
                    assert!((at.tau - all.tau).abs() < 1e-10, "{alpha}: {at:?} {all:?}");
                    let exact: f64 = scores.iter().map(|z| entmax.probability(*z, &all).powf(alpha)).sum();
                    assert!((power_sum - exact).abs() < 1e-9, "{alpha}: {power_sum} {exact}");
                }
            }
        }
    }

    #[test]
    fn no_scores_and_no_numbers_give_no_threshold() {
        let entmax = Alpha::new(1.5).unwrap();
        assert_eq!(entmax.solve_few(&[], f32::INFINITY, 9, &mut Few::default()), None);
        for z in [f32::NAN, f32::INFINITY] {
            assert_eq!(entmax.solve_few(&[z, 1.0], z, 9, &mut Few::default()), None, "{z}");
            entmax.likely_bound(&[z; 64], 16, &mut Few::default());
        }
    }

    /// Over many samples the bound is below the threshold of all words but for few, and few words reach it.
    #[test]
    fn likely_bounds_are_below_the_threshold() {
        for alpha in [1.25, 1.5, 2.0] {
            let entmax = Alpha::new(alpha).unwrap();
            let (mut below, mut reach, n) = (0, 0, 40);
            for seed in 0..n {
                // Sums of four uniform numbers, with a standard deviation of 1.
                let mut state = seed as u64 + 1;
                let mut uniform = || {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (state >> 40) as f32 / (1 << 24) as f32
                };
                let scores: Vec<f32> =
                    (0..32_000).map(|_| 1.732 * ((0..4).map(|_| uniform()).sum::<f32>() - 2.0)).collect();
                let sample: Vec<f32> = scores.iter().copied().skip(8).step_by(16).collect();
                let bound = entmax.likely_bound(&sample, 16, &mut Few::default());
                let all = entmax.threshold(&scores);
                below += usize::from(entmax.gap(bound, &all) <= 0.0);
                reach += above::count(&scores, bound);
            }
            assert!(below >= n * 95 / 100, "{alpha}: {below} of {n}");
            assert!(reach / n <= 32_000 / 4, "{alpha}: {}", reach / n);
        }
    }
}
