//! Objectives: pure functions that turn scores into ∂L/∂scores in place and return the loss. They know no weights and
//! no learning rate.
//!
//! | objective | loss of a row | ∂L/∂z |
//! |---|---|---|
//! | [`logistic`] | −Σ_n ln σ(s_n·z_n), s_n = ±1 | −s_n·σ(−s_n·z_n) |
//! | [`SigmoidTable`] | the same | as in word2vec.c, gensim or fastText |
//! | `votes` | −Σ_n t_n·ln σ(z_n) + a_n·ln σ(−z_n) | a_n·σ(z_n) − t_n·σ(−z_n) |
//! | [`corrected_softmax`] | −ln softmax(z + a)_t | softmax(z + a) − e_t |
//! | [`softmax_row`] | −ln softmax(z)_t | softmax(z) − e_t |
//! | [`one_vs_each`] | −Σ_j w_j·ln σ(z_t − z_j) | w_j·σ(z_j − z_t), and minus their sum for t |
//! | [`black_out`] | −ln p̃_t − Σ_draws ln(1 − p̃) | see there |
//! | [`Alpha`] | Fenchel–Young over tiles | p − e_t, p with exact zeros |
//! | [`fold_softmax`], then [`softmax_gradient`] | ln Z − z_t over tiles | softmax(z) − e_t |
//! | [`LossWithOptions`], over tiles | the same with [`LossOptions`]: smoothing, soft targets, z-loss, … | see there |

mod loss;
pub mod math;
mod with_options;

pub use loss::{LossOption, LossOptions, Reduction, SoftTargets};
pub use with_options::LossWithOptions;

mod entmax;
mod sampled;
mod sigmoid;

pub use entmax::Alpha;
pub(crate) use entmax::{Few, MOST_LOOKS, Support, Threshold, fold_max};
pub use sampled::{WeightedDraws, black_out, one_vs_each};
pub use sigmoid::{Sigmoid, SigmoidTable};

use crate::simd;
use crate::simd::support::HELD;
use crate::table::{Stat, Tile};
use crate::vocab::WordId;
use ndarray::ArrayViewMut2;
use std::ops::Range;

/// Independent decisions on every row of a B×C block, with the same `signs` (±1, one per column). `weight(b)` scales
/// row b. Adds each row's loss (nats) to `losses`.
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

/// [`logistic`] with σ from a table, if one is given.
pub fn logistic_by(
    table: Option<&SigmoidTable>,
    signs: &[f32],
    weight: impl Fn(usize) -> f32,
    mut scores: ArrayViewMut2<f32>,
    losses: &mut [f64],
) {
    let Some(table) = table else { return logistic(signs, weight, scores, losses) };
    for (b, (mut row, loss)) in scores.rows_mut().into_iter().zip(losses).enumerate() {
        let row = row.as_slice_mut().expect("contiguous rows");
        *loss += f64::from(weight(b)) * table.logistic(row, signs);
        simd::scale(row, weight(b));
    }
}

/// [`logistic`] of a whole block in one call, without weights and without the loss of each row. `signs` has one sign
/// per score, row-major, the same for every row. The loss of the block is added to that of the first row.
pub(crate) fn logistic_block(signs: &[f32], mut scores: ArrayViewMut2<f32>, losses: &mut [f64]) {
    let Some(first) = losses.first_mut() else { return };
    if let Some(all) = scores.as_slice_mut() {
        *first += simd::logistic(all, &signs[..all.len()]);
        return;
    }
    // The rows of a large block are padded.
    for mut row in scores.rows_mut() {
        let row = row.as_slice_mut().expect("contiguous rows");
        *first += simd::logistic(row, &signs[..row.len()]);
    }
}

/// Decisions with two weights each, `toward` 1 and `against` it. The weights are laid out as the scores of the whole
/// batch; the block holds its rows from `first` on. Adds each row's loss if `each` is set. Otherwise the loss of the
/// block may be added to the first row's, which is faster.
pub(crate) fn votes(
    table: Option<&SigmoidTable>,
    (toward, against): (&[f32], &[f32]),
    first: usize,
    each: bool,
    mut scores: ArrayViewMut2<f32>,
    losses: &mut [f64],
) {
    let count = scores.ncols();
    let of = |rows: Range<usize>| {
        let entries = rows.start * count..rows.end * count;
        (&toward[entries.clone()], &against[entries])
    };
    let by = |zs: &mut [f32], (toward, against): (&[f32], &[f32])| match table {
        Some(table) => table.votes(zs, toward, against),
        None => simd::votes(zs, toward, against),
    };
    let rows = first..first + scores.nrows();
    if let (false, Some(all), Some(loss)) = (each, scores.as_slice_mut(), losses.first_mut()) {
        *loss += by(all, of(rows));
        return;
    }
    for ((mut row, b), loss) in scores.rows_mut().into_iter().zip(rows).zip(losses) {
        *loss += by(row.as_slice_mut().expect("contiguous rows"), of(b..b + 1));
    }
}

/// Correction of the score of a target.
#[derive(Clone, Copy, Debug, Default)]
pub struct TargetCorrection {
    /// Summand of the score.
    pub shift: f32,
    /// Number of draws that hit the target and stay beside it, as further classes with the same score.
    pub hits: u32,
}

/// Softmax over the candidates of one row. `correction` is added to the scores (−∞ leaves a candidate out); the
/// target's score gets `of_target` instead. Returns −ln softmax(target)·weight in nats, with the probability of the
/// target itself, without its hits.
pub fn corrected_softmax(
    scores: &mut [f32],
    correction: &[f32],
    target: usize,
    of_target: TargetCorrection,
    weight: f32,
) -> f64 {
    let z_t = scores[target] + of_target.shift;
    simd::add(scores, correction);
    scores[target] = z_t + (1.0 + of_target.hits as f32).ln();
    let max = simd::max(scores);
    let sum = simd::sum_exp(scores, max);
    simd::scaled_exp(scores, max, (f64::from(weight) / sum) as f32);
    scores[target] -= weight;
    f64::from(weight) * (f64::from(max) - f64::from(z_t) + sum.ln())
}

/// Softmax over all scores of one row. Returns −ln softmax(target)·weight in nats.
pub fn softmax_row(scores: &mut [f32], target: usize, weight: f32) -> f64 {
    let z_t = scores[target];
    let max = simd::max(scores);
    let sum = simd::sum_exp(scores, max);
    simd::scaled_exp(scores, max, (f64::from(weight) / sum) as f32);
    scores[target] -= weight;
    f64::from(weight) * (f64::from(max) - f64::from(z_t) + sum.ln())
}

/// ln softmax of the score `at` of a row, in nats.
pub fn ln_softmax_at(scores: &[f32], at: usize) -> f64 {
    let max = simd::max(scores);
    f64::from(scores[at]) - f64::from(max) - simd::sum_exp(scores, max).ln()
}

/// Turns scores into ∂L/∂z = d − softmax·Σd, given d = ∂L/∂ln softmax.
pub fn ln_softmax_gradient(scores: &mut [f32], d: &[f32]) {
    let max = simd::max(scores);
    let sum = simd::sum_exp(scores, max);
    let total: f64 = d.iter().map(|d| f64::from(*d)).sum();
    simd::scaled_exp(scores, max, (-total / sum) as f32);
    simd::add(scores, d);
}

/// Folds a tile's scores into the statistics of softmax. `targets` are words; the table's first row is word `first`.
pub fn fold_softmax(targets: &[WordId], first: WordId, tile: &Tile, stats: &mut [Stat]) {
    fold_ln_z(tile, 1.0, stats);
    for (b, stat) in stats.iter_mut().enumerate() {
        if let Some(row) = row_of(targets[b], first, &tile.rows()) {
            stat.target = tile.row(row)[b];
        }
    }
}

/// Splits the examples of a tile, including padding, into runs of at most [`HELD`].
fn runs(lanes: usize) -> impl Iterator<Item = Range<usize>> {
    (0..lanes).step_by(HELD).map(move |start| start..(start + HELD).min(lanes))
}

/// Folds a tile's scores, times the inverse temperature β, into maxima and sums of exponentials.
pub fn fold_ln_z(tile: &Tile, beta: f32, stats: &mut [Stat]) {
    if beta == 1.0 {
        return fold_scores(tile.scores(), tile, stats);
    }
    // A score of f32::MIN has probability 0 and stays finite.
    let scaled: Vec<f32> = tile.scores().iter().map(|z| (beta * z).max(f32::MIN)).collect();
    fold_scores(&scaled, tile, stats);
}

/// Folds scores with the layout of a tile into maxima and sums of exponentials.
fn fold_scores(scores: &[f32], tile: &Tile, stats: &mut [Stat]) {
    for run in runs(tile.lanes()) {
        let (mut max, mut sum) = ([f32::NEG_INFINITY; HELD], [0.0; HELD]);
        let (max, sum) = (&mut max[..run.len()], &mut sum[..run.len()]);
        let stats = &mut stats[run.start.min(tile.batch())..run.end.min(tile.batch())];
        max.iter_mut().zip(&*stats).for_each(|(max, stat)| *max = stat.max);
        simd::columns::max_and_sum_exp(scores.get(run.start..).unwrap_or(&[]), tile.stride(), max, sum);
        for ((stat, max), sum) in stats.iter_mut().zip(max).zip(sum) {
            stat.add(*max, *sum);
        }
    }
}

/// Turns a tile's scores into weight·(softmax − e_t), given the statistics over all tiles.
pub fn softmax_gradient(
    targets: &[WordId],
    stats: &[Stat],
    weight: impl Fn(usize) -> f32,
    first: WordId,
    tile: &mut Tile,
) {
    weighted_softmax_gradient(targets, stats, |b| f64::from(weight(b)), &weight, first, tile);
}

/// Turns a tile's scores into of_all·softmax − of_target·e_t, with separate factors for softmax and target.
pub fn weighted_softmax_gradient(
    targets: &[WordId],
    stats: &[Stat],
    of_all: impl Fn(usize) -> f64,
    of_target: impl Fn(usize) -> f32,
    first: WordId,
    tile: &mut Tile,
) {
    let stride = tile.stride();
    for run in runs(tile.lanes()) {
        let (mut shift, mut scale) = ([0.0; HELD], [0.0; HELD]);
        for (i, b) in run.clone().take_while(|b| *b < stats.len()).enumerate() {
            (shift[i], scale[i]) = (stats[b].max, (of_all(b) / stats[b].sum) as f32);
        }
        let scores = tile.scores_mut().get_mut(run.start..).unwrap_or(&mut []);
        simd::columns::scaled_exp(scores, stride, &shift[..run.len()], &scale[..run.len()]);
    }
    for (b, target) in targets.iter().enumerate() {
        if let Some(row) = row_of(*target, first, &tile.rows()) {
            tile.row_mut(row)[b] -= of_target(b);
        }
    }
}

/// The table row of a word, if it is in `rows`.
fn row_of(word: WordId, first: WordId, rows: &Range<u32>) -> Option<u32> {
    word.checked_sub(first).filter(|row| rows.contains(row))
}
