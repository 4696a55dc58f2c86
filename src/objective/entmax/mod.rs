//! α-entmax: probabilities with exact zeros. Their threshold is found from few scores, or by repeated looks at all.

mod few;

pub(crate) use few::Few;

use super::{HELD, runs};
use crate::error::{Error, Result};
use crate::simd::columns;
use crate::simd::support::{self, Power};
use crate::table::{Stat, Tile};
use crate::vocab::WordId;
use std::ops::Range;

/// p_j = max(0, (α − 1)·z_j/T − τ)^(1/(α − 1)), with τ such that Σ p = 1 and temperature T. α = 2 is sparsemax; α → 1
/// is softmax.
///
/// The threshold is found from below. With d_j = max(0, (α − 1)·z_j/T − τ) and β = 1/(α − 1), the function g(τ) =
/// (Σ d^β)^(1/β) is falling and convex, and linear where all d are equal. So Newton's steps on g(τ) = 1 rise to the
/// root. They are few, and reach the last digits of f64. At α = 2 they are Michelot's steps, which are exact as soon as
/// the support stays the same. If rounding leads a step astray, bisection replaces it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alpha {
    alpha: f64,
    temperature: f64,
}

/// State of the search for an example's threshold. Scores are taken as z − `max`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// The largest score.
    pub max: f32,
    /// τ − (α − 1)·max/T; the solution is between −1 and 0.
    pub tau: f64,
    /// Bounds of the root.
    below: f64,
    above: f64,
    /// Whether the search has converged.
    pub found: bool,
}

/// The number of words with a probability, to a first approximation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Support {
    /// So few that most vectors of scores have none.
    Few,
    /// Perhaps all.
    Many,
}

/// Maximum number of looks at the scores. Each look at least halves the interval.
pub const MOST_LOOKS: usize = 64;
/// Steps of τ that end a search: the rounding error of sums over a million words.
const ENOUGH: f64 = 1e-12;
/// Same for α ≤ 1.5, where a step squares the error, up to a factor of at most half the words in the support.
const ENOUGH_WHERE_SMOOTH: f64 = 1e-7;

impl Alpha {
    /// The α of sparsemax.
    pub const SPARSEMAX: f64 = 2.0;

    /// The transformation for this α.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if `alpha` is not greater than 1 and at most 2.
    pub fn new(alpha: f64) -> Result<Self> {
        if !(alpha > 1.0 && alpha <= 2.0) {
            return Err(Error::OutOfRange { name: "alpha", value: alpha, limit: "above 1 and at most 2" });
        }
        Ok(Self { alpha, temperature: 1.0 })
    }

    /// Divides scores by `temperature`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if `temperature` is not positive and finite.
    pub fn at_temperature(self, temperature: f64) -> Result<Self> {
        if !(temperature > 0.0 && temperature.is_finite()) {
            let limit = "more than 0, and finite";
            return Err(Error::OutOfRange { name: "temperature", value: temperature, limit });
        }
        Ok(Self { temperature, ..self })
    }

    /// Whether this is sparsemax.
    pub fn is_sparsemax(&self) -> bool {
        self.alpha == Self::SPARSEMAX
    }

    /// Steps of τ that end a search. Above α = 1.5, words that leave the support bend the sums too sharply to stop at
    /// larger steps.
    pub(crate) fn enough(&self) -> f64 {
        if self.alpha <= 1.5 { ENOUGH_WHERE_SMOOTH } else { ENOUGH }
    }

    /// β = 1/(α − 1).
    fn power(&self) -> f64 {
        1.0 / (self.alpha - 1.0)
    }

    /// The start of a search over `words` scores: the largest score alone, which has p = 1 there.
    pub(crate) fn begin(&self, max: f32, words: usize) -> Threshold {
        // The threshold if all scores were equal to the largest.
        let above = -(words as f64).powf(1.0 - self.alpha);
        Threshold { max, tau: -1.0, below: -1.0, above, found: false }
    }

    /// d = (α − 1)·(z − max)/T − τ.
    fn gap(&self, z: f32, at: &Threshold) -> f64 {
        self.scale() * (f64::from(z) - f64::from(at.max)) - at.tau
    }

    /// P of a score; exactly 0 at and below the threshold.
    pub(crate) fn probability(&self, z: f32, at: &Threshold) -> f64 {
        match self.gap(z, at) {
            d if d <= 0.0 => 0.0,
            d => self.raise(d).1,
        }
    }

    /// ln P of a score, in nats; −∞ if P is 0.
    pub(crate) fn log_prob(&self, z: f32, at: &Threshold) -> f64 {
        match self.gap(z, at) {
            d if d <= 0.0 => f64::NEG_INFINITY,
            d => self.power() * d.ln(),
        }
    }

    /// d^(β − 1) and d^β, for d > 0.
    fn raise(&self, d: f64) -> (f64, f64) {
        match self.alpha {
            Self::SPARSEMAX => (1.0, d),
            1.5 => (d, d * d),
            _ => {
                let low = d.powf(self.power() - 1.0);
                (low, low * d)
            }
        }
    }

    /// Adds the terms of a score: Σ d^β and Σ d^(β − 1).
    fn look(&self, z: f32, at: &Threshold, sums: &mut [f64; 2]) {
        let d = self.gap(z, at);
        if d > 0.0 {
            let (low, high) = self.raise(d);
            sums[0] += high;
            sums[1] += low;
        }
    }

    /// Computes the next threshold from Σ d^β and Σ d^(β − 1) at this one.
    fn improve(&self, at: &mut Threshold, [high, low]: [f64; 2], enough: f64) {
        // Newton's step on (Σ d^β)^(1/β) = 1.
        let step = (high - high.powf(2.0 - self.alpha)) / low;
        let mut next = at.tau + step;
        if high < 1.0 {
            at.above = at.above.min(at.tau);
        } else {
            at.below = at.below.max(at.tau);
        }
        if !(next >= at.below && next <= at.above) {
            next = 0.5 * (at.below + at.above);
        }
        at.found = (next - at.tau).abs() <= enough;
        at.tau = next;
    }

    /// The threshold for a row of scores.
    pub(crate) fn threshold(&self, scores: &[f32]) -> Threshold {
        let mut at = self.begin(crate::simd::max(scores), scores.len());
        for _ in 0..MOST_LOOKS {
            let mut sums = [0.0; 2];
            scores.iter().for_each(|z| self.look(*z, &at, &mut sums));
            self.improve(&mut at, sums, self.enough());
            if at.found {
                break;
            }
        }
        at
    }

    /// The power for [`support`], for the two α that need no logarithm.
    fn whole_power(&self) -> Option<Power> {
        match self.alpha {
            Self::SPARSEMAX => Some(Power::One),
            1.5 => Some(Power::Two),
            _ => None,
        }
    }

    /// (α − 1)/T, the factor of the scores.
    fn scale(&self) -> f64 {
        (self.alpha - 1.0) / self.temperature
    }

    /// Threshold of (α − 1)·z/T for each example of a run; padding gets an unreachable one.
    fn bounds(&self, thresholds: &[Threshold], run: &Range<usize>) -> [f64; HELD] {
        let mut bounds = [f64::INFINITY; HELD];
        for (bound, at) in bounds.iter_mut().zip(thresholds.get(run.clone().start..).unwrap_or(&[])) {
            *bound = self.scale() * f64::from(at.max) + at.tau;
        }
        bounds
    }

    /// Adds the terms of a tile's scores, or of every n-th row of them, to the statistics, times n:
    /// Σ d^β to `sum`, Σ d^(β − 1) to `second` and Σ d^(β + 1) to `linear`.
    pub(crate) fn fold(&self, thresholds: &[Threshold], every: usize, tile: &Tile, stats: &mut [Stat]) {
        for run in runs(tile.lanes()) {
            let (mut low, mut high, mut above) = ([0.0; HELD], [0.0; HELD], [0.0; HELD]);
            let sums = [&mut low[..run.len()], &mut high[..run.len()], &mut above[..run.len()]];
            if let Some(power) = self.whole_power() {
                let bounds = self.bounds(thresholds, &run);
                let scores = tile.scores().get(run.start..).unwrap_or(&[]);
                support::sums(scores, every * tile.stride(), self.scale(), power, &bounds[..run.len()], sums);
            } else {
                self.look_at_each(thresholds, every, tile, &run, sums);
            }
            let n = every as f64;
            for (i, stat) in stats.iter_mut().skip(run.start).take(run.len()).enumerate() {
                // All parts share one maximum, so their sums add up without rescaling.
                stat.max = 0.0;
                stat.sum += n * high[i];
                stat.second += n * low[i];
                stat.linear += n * above[i];
            }
        }
    }

    /// Computes the same sums for a run of examples and any α.
    fn look_at_each(
        &self,
        thresholds: &[Threshold],
        every: usize,
        tile: &Tile,
        run: &Range<usize>,
        [low, high, above]: [&mut [f64]; 3],
    ) {
        let examples = run.start..run.end.min(tile.batch());
        for row in tile.rows().step_by(every) {
            let scores = tile.row(row)[examples.clone()].iter().zip(&thresholds[examples.clone()]);
            for (b, (z, at)) in scores.enumerate() {
                let d = self.gap(*z, at);
                if d > 0.0 {
                    let (of_low, of_high) = self.raise(d);
                    low[b] += of_low;
                    high[b] += of_high;
                    above[b] += d * of_high;
                }
            }
        }
    }

    /// Starts a search over all `words` scores from thresholds that a part of the scores gave.
    pub(crate) fn begin_again(&self, thresholds: &mut [Threshold], words: usize) {
        for at in thresholds {
            *at = Threshold { tau: at.tau, ..self.begin(at.max, words) };
        }
    }

    /// Computes the next thresholds after a look. Returns whether all have converged, with a last step of at most
    /// `enough`.
    pub(crate) fn improve_all(&self, thresholds: &mut [Threshold], stats: &[Stat], enough: f64) -> bool {
        for (at, stat) in thresholds.iter_mut().zip(stats) {
            if !at.found {
                self.improve(at, [stat.sum, stat.second], enough);
            }
        }
        thresholds.iter().all(|at| at.found)
    }

    /// Turns a tile's scores into weight·(p − e_t)/T.
    pub(crate) fn gradient(
        &self,
        targets: &[WordId],
        thresholds: &[Threshold],
        support: Support,
        weight: impl Fn(usize) -> f32,
        tile: &mut Tile,
    ) {
        let of = |b: usize, p: f64| (f64::from(weight(b)) * p / self.temperature) as f32;
        if let Some(power) = self.whole_power() {
            let (stride, skips) = (tile.stride(), support == Support::Few);
            for run in runs(tile.lanes()) {
                let (bounds, mut weights) = (self.bounds(thresholds, &run), [0.0; HELD]);
                for (lane, b) in run.clone().take_while(|b| *b < thresholds.len()).enumerate() {
                    weights[lane] = f64::from(weight(b)) / self.temperature;
                }
                let scores = tile.scores_mut().get_mut(run.start..).unwrap_or(&mut []);
                let (bounds, weights) = (&bounds[..run.len()], &weights[..run.len()]);
                support::probabilities(scores, stride, self.scale(), power, bounds, weights, skips);
            }
        } else {
            for row in tile.rows() {
                for (b, (z, at)) in tile.row_mut(row).iter_mut().zip(thresholds).enumerate() {
                    *z = of(b, self.probability(*z, at));
                }
            }
        }
        let rows = tile.rows();
        for (b, target) in targets.iter().enumerate().filter(|(_, target)| rows.contains(target)) {
            tile.row_mut(*target)[b] -= of(b, 1.0);
        }
    }

    /// The Fenchel–Young loss max_p (p·z/T + H(p)) − z_t/T with Tsallis' entropy H = (1 − Σ p^α) / (α·(α − 1)), from
    /// `power_sum` = Σ p^α. On the support z/T = (p^(α − 1) + τ) / (α − 1), so p·z/T = (Σ p^α + τ) / (α − 1).
    pub(crate) fn loss(&self, at: &Threshold, target: f32, power_sum: f64) -> f64 {
        let (a, ab) = (self.alpha - 1.0, self.alpha * (self.alpha - 1.0));
        (power_sum + at.tau) / a + (f64::from(at.max) - f64::from(target)) / self.temperature + (1.0 - power_sum) / ab
    }

    /// The score, up to a constant, at which a word has probability p.
    pub fn score_of(&self, p: f64) -> f64 {
        self.temperature * p.powf(self.alpha - 1.0) / (self.alpha - 1.0)
    }
}

/// Folds the largest score and the target's score of a tile into the statistics. Row r is word r.
pub fn fold_max(targets: &[WordId], tile: &Tile, stats: &mut [Stat]) {
    for run in runs(tile.lanes()) {
        let mut max = [f32::NEG_INFINITY; HELD];
        let max = &mut max[..run.len()];
        columns::max(tile.scores().get(run.start..).unwrap_or(&[]), tile.stride(), max);
        for (stat, max) in stats.iter_mut().skip(run.start).zip(max) {
            stat.max = stat.max.max(*max);
        }
    }
    for (b, (stat, target)) in stats.iter_mut().zip(targets).enumerate() {
        if tile.rows().contains(target) {
            stat.target = tile.row(*target)[b];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The threshold search by bisection, with far more steps than needed.
    fn slow(scores: &[f32], alpha: f64) -> f64 {
        let top = scores.iter().fold(f64::NEG_INFINITY, |m, z| m.max(f64::from(*z)));
        let total = |tau: f64| -> f64 {
            let d = scores.iter().map(|z| (alpha - 1.0) * (f64::from(*z) - top) - tau);
            d.filter(|d| *d > 0.0).map(|d| d.powf(1.0 / (alpha - 1.0))).sum()
        };
        let (mut low, mut high) = (-1.0, 0.0);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if total(middle) > 1.0 { low = middle } else { high = middle }
        }
        low
    }

    #[test]
    fn thresholds_are_those_of_bisection() {
        let spread = |n: usize, width: f32| -> Vec<f32> {
            (0..n).map(|i| ((i * 7919) % 1009) as f32 / 1009.0 * width - 3.0).collect()
        };
        for scores in
            [vec![4.0], vec![1.0, 1.0], vec![0.0; 5000], spread(3000, 0.001), spread(3000, 1.0), spread(50, 90.0)]
        {
            for alpha in [1.1, 1.25, 1.5, 1.75, 2.0] {
                let entmax = Alpha::new(alpha).unwrap();
                let at = entmax.threshold(&scores);
                let sum: f64 = scores.iter().map(|z| entmax.probability(*z, &at)).sum();
                assert!((sum - 1.0).abs() < 1e-10, "{alpha}, {}: Σ p = {sum}", scores.len());
                assert!((at.tau - slow(&scores, alpha)).abs() < 1e-10, "{alpha}, {}: {at:?}", scores.len());
            }
        }
    }

    #[test]
    fn senseless_alphas_are_refused() {
        for alpha in [1.0, 0.5, 2.1, f64::NAN, f64::INFINITY] {
            assert!(Alpha::new(alpha).is_err());
        }
    }
}
