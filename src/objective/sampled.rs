//! Criteria over a target and a sample, for one row of a batch at a time.

use crate::simd;

/// Returns `weight`·L for L = −Σ_j w_j·ln σ(z_t − z_j) over all columns except the target's. Turns scores into
/// `weight`·∂L/∂z.
pub fn one_vs_each(scores: &mut [f32], column_weights: &[f32], target: usize, weight: f32) -> f64 {
    let z_t = scores[target];
    let (mut loss, mut pull) = (0.0, 0.0);
    for (column, (z, w)) in scores.iter_mut().zip(column_weights).enumerate() {
        if *w == 0.0 || column == target {
            *z = 0.0;
            continue;
        }
        let gap = f64::from(*z - z_t);
        let e = (-gap.abs()).exp();
        loss += f64::from(*w) * (gap.max(0.0) + e.ln_1p());
        let wrong = f64::from(*w) * if gap > 0.0 { 1.0 } else { e } / (1.0 + e);
        pull += wrong;
        *z = (f64::from(weight) * wrong) as f32;
    }
    scores[target] = (-f64::from(weight) * pull) as f32;
    f64::from(weight) * loss
}

/// The draws of BlackOut, by column: the correction of its score and the number of draws.
#[derive(Clone, Copy, Debug)]
pub struct WeightedDraws<'a> {
    /// −ln q; −∞ for a column that was not drawn.
    pub shift: &'a [f32],
    /// Number of times m that the column was drawn.
    pub drawn: &'a [u32],
}

/// Returns `weight`·L for L = −ln p̃_t − Σ_draws ln(1 − p̃), with p̃ = softmax(z − ln q) over the target and all draws,
/// hits kept. Turns scores into `weight`·∂L/∂z.
///
/// With o = p̃ / (1 − p̃) and O = Σ_draws o, ∂L/∂z of one member is p̃·(1 − O) + \[drawn\]·o − \[target\]. Only the
/// largest member can have p̃ > 1/2. If that is a draw, it is handled apart: its o times the p̃ of another member
/// equals its own p̃ times the member's share of the rest. So nothing overflows or cancels.
pub fn black_out(scores: &mut [f32], draws: WeightedDraws, target: usize, target_shift: f32, weight: f32) -> f64 {
    let z_t = scores[target] + target_shift;
    simd::add(scores, draws.shift);
    scores[target] = z_t;
    let (largest, max) = top(scores);
    let alone = (largest != target && draws.drawn[largest] == 1).then_some(largest);
    if let Some(d) = alone {
        scores[d] = f32::NEG_INFINITY;
    }
    let shift = if alone.is_some() { simd::max(scores) } else { max };
    simd::scaled_exp(scores, shift, 1.0);
    let copies = |column: usize| f64::from(draws.drawn[column] + u32::from(column == target));
    let rest: f64 = scores.iter().enumerate().map(|(c, e)| copies(c) * f64::from(*e)).sum();
    let ln_rest = f64::from(shift) + rest.ln();
    // The member that is handled apart: its probability, and the probability left to the rest.
    let gap = if alone.is_some() { f64::from(max) - ln_rest } else { f64::NEG_INFINITY };
    let (p_alone, left) = (super::math::logistic(gap), super::math::logistic(-gap));
    let ln_left = super::math::ln_sigmoid(-gap);
    let mut loss = ln_rest - ln_left - f64::from(z_t) - if alone.is_some() { ln_left } else { 0.0 };
    let (mut odds, mut product) = (0.0, 1.0f64);
    for (e, drawn) in scores.iter().zip(draws.drawn) {
        let p = left * f64::from(*e) / rest;
        if *drawn > 0 && p > 0.0 {
            odds += f64::from(*drawn) * p / (1.0 - p);
            product *= (1.0 - p).powi(*drawn as i32);
            if product < 1e-200 {
                loss -= product.ln();
                product = 1.0;
            }
        }
    }
    loss -= product.ln();
    let weight = f64::from(weight);
    for (column, (z, drawn)) in scores.iter_mut().zip(draws.drawn).enumerate() {
        let share = f64::from(*z) / rest;
        let p = left * share;
        let all = copies(column) * (p * (1.0 - odds) - p_alone * share);
        let own = f64::from(*drawn) * p / (1.0 - p) - f64::from(u8::from(column == target));
        *z = (weight * (all + if p < 1.0 { own } else { -1.0 })) as f32;
    }
    if let Some(d) = alone {
        scores[d] = (weight * p_alone * (2.0 - odds)) as f32;
    }
    weight * loss
}

/// The index of the largest score, and the score.
fn top(scores: &[f32]) -> (usize, f32) {
    let max = simd::max(scores);
    (scores.iter().position(|z| *z == max).unwrap_or(0), max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All members except the largest have probabilities around e^−10⁴: no overflow and no NaN.
    #[test]
    fn far_apart_scores_stay_finite() {
        for (target, largest) in [(0, 0), (0, 1), (2, 1)] {
            let mut z = [0.0f32, -5.0, 3.0, 0.0];
            z[largest] = 1e4;
            let draws = WeightedDraws { shift: &[0.5, 0.1, 0.2, 0.3], drawn: &[1, 1, 2, 1] };
            let mut blacked = z;
            let loss = black_out(&mut blacked, draws, target, 0.5, 1.0);
            assert!(loss.is_finite() && blacked.iter().all(|k| k.is_finite()), "{loss} {blacked:?}");
            assert!(blacked.iter().sum::<f32>().abs() < 1e-5, "softmax does not see a constant: {blacked:?}");
            let loss = one_vs_each(&mut z, &[1.0, 2.0, 0.5, 0.0], target, 1.0);
            assert!(loss.is_finite() && z.iter().all(|k| k.is_finite()) && z[3] == 0.0);
        }
    }
}
