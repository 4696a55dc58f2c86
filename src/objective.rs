//! Objectives: pure functions from scores to ∂L/∂scores in place, and the loss. They know no weights and no rate.
//!
//! | objective | loss of a row | ∂L/∂z |
//! |---|---|---|
//! | [`logistic`] | −Σ_n ln σ(s_n·z_n), s_n = ±1 | −s_n·σ(−s_n·z_n) |
//! | [`corrected_softmax`] | −ln softmax(z + a)_t | softmax(z + a) − e_t |
//! | [`fold_softmax`], then [`softmax_gradient`] | ln Z − z_t over tiles | softmax(z) − e_t |

use crate::simd;
use crate::table::Stat;
use crate::vocab::WordId;
use ndarray::{ArrayView2, ArrayViewMut2};
use std::ops::Range;

/// Independent decisions on every row of a block, with the same `signs` (±1, a column); row b is scaled by `weight(b)`.
/// Adds each row's loss.
pub fn logistic(signs: &[f32], weight: impl Fn(usize) -> f32, mut scores: ArrayViewMut2<f32>, losses: &mut [f64]) {
    for (b, (mut row, loss)) in scores.rows_mut().into_iter().zip(losses).enumerate() {
        let row = row.as_slice_mut().expect("contiguous rows");
        let weight = weight(b);
        *loss += f64::from(weight) * simd::logistic(row, signs);
        if weight != 1.0 {
            simd::scale(row, weight);
        }
    }
}

/// Softmax over the candidates of one row. `correction` is added to the scores (−∞ leaves a candidate out), and
/// `target_correction` to the target's instead. Returns −ln softmax(target)·weight.
pub fn corrected_softmax(
    scores: &mut [f32],
    correction: &[f32],
    target: usize,
    target_correction: f32,
    weight: f32,
) -> f64 {
    let z_t = scores[target] + target_correction;
    simd::add(scores, correction);
    scores[target] = z_t;
    let max = simd::max(scores);
    let sum = simd::sum_exp(scores, max);
    simd::scaled_exp(scores, max, (f64::from(weight) / sum) as f32);
    scores[target] -= weight;
    f64::from(weight) * (f64::from(max) - f64::from(z_t) + sum.ln())
}

/// Takes a tile's scores into the statistics of softmax. `targets` are words, the tile's first row is word
/// `tile.start + first`.
pub fn fold_softmax(targets: &[WordId], first: WordId, tile: Range<u32>, scores: ArrayView2<f32>, stats: &mut [Stat]) {
    let words = tile.start + first..tile.end + first;
    for ((row, stat), target) in scores.rows().into_iter().zip(stats).zip(targets) {
        let row = row.to_slice().expect("contiguous rows");
        let max = simd::max(row);
        let here = words.contains(target).then(|| row[(target - words.start) as usize]);
        stat.merge(&Stat { max, sum: simd::sum_exp(row, max), target: here.unwrap_or(f32::NEG_INFINITY) });
    }
}

/// A tile's scores become weight·(softmax − e_t), given the statistics over all tiles.
pub fn softmax_gradient(
    targets: &[WordId],
    stats: &[Stat],
    weight: impl Fn(usize) -> f32,
    first: WordId,
    tile: Range<u32>,
    mut scores: ArrayViewMut2<f32>,
) {
    let words = tile.start + first..tile.end + first;
    for (b, (mut row, stat)) in scores.rows_mut().into_iter().zip(stats).enumerate() {
        let row = row.as_slice_mut().expect("contiguous rows");
        let weight = weight(b);
        simd::scaled_exp(row, stat.max, (f64::from(weight) / stat.sum) as f32);
        if words.contains(&targets[b]) {
            row[(targets[b] - words.start) as usize] -= weight;
        }
    }
}
