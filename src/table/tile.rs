//! Many rows in tiles: scores, coefficients, ∂L/∂x and the gradient of a tile, each a matrix product.

use super::exclusive::Strip;
use super::{Fold, Stat, TileCoefficients};
use crate::simd;
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};
use std::ops::Range;

/// At most so many strips: what threads share, and the order in which results are merged.
const STRIPS: u32 = 16;
/// A strip is not shorter than this.
const SHORTEST_STRIP: u32 = 256;
/// Scores in a tile, so that it stays in the second-level cache: 512 KB.
const TILE_SCORES: usize = 128 << 10;

/// Cuts rows into strips, by their number alone.
pub fn strips(rows: &Range<u32>) -> Vec<Range<u32>> {
    let len = rows.len() as u32;
    let n = (len / SHORTEST_STRIP).clamp(1, STRIPS);
    let bound = |i: u32| rows.start + (u64::from(len) * u64::from(i) / u64::from(n)) as u32;
    (0..n).map(|i| bound(i)..bound(i + 1)).collect()
}

/// Rows in a tile for a batch.
pub fn tile_rows(batch: usize) -> usize {
    (TILE_SCORES / batch.max(1)).clamp(64, 2048)
}

/// The tiles of a strip, counted from its first row.
fn tiles(rows: usize, batch: usize) -> impl Iterator<Item = Range<usize>> {
    let tile = tile_rows(batch);
    (0..rows).step_by(tile).map(move |start| start..(start + tile).min(rows))
}

/// out = X·Wᵀ + b over the rows of a tile.
fn scores(weights: &[f32], bias: &[f32], x: &ArrayView2<f32>, out: &mut [f32]) {
    let (batch, dim) = x.dim();
    let rows = weights.len() / dim;
    let w = ArrayView2::from_shape((rows, dim), weights).expect("rows × dim");
    let mut z = ArrayViewMut2::from_shape((batch, rows), out).expect("batch × rows");
    if bias.is_empty() {
        general_mat_mul(1.0, x, &w.t(), 0.0, &mut z);
    } else {
        z.rows_mut().into_iter().for_each(|mut row| row.as_slice_mut().expect("contiguous").copy_from_slice(bias));
        general_mat_mul(1.0, x, &w.t(), 1.0, &mut z);
    }
}

/// The weights (rows × dim) and biases (rows, or none) of a strip.
pub type Parameters<'a> = (&'a [f32], &'a [f32]);

/// One strip's part in a scan: `kept` takes the scores of the whole strip (batch × rows) if it is long enough, else
/// those of one tile.
pub fn scan_strip(
    x: &ArrayView2<f32>,
    rows: Range<u32>,
    (weights, bias): Parameters,
    kept: &mut [f32],
    fold: &Fold,
    stats: &mut [Stat],
) {
    let (batch, dim) = x.dim();
    let keeps = kept.len() == batch * rows.len();
    for tile in tiles(rows.len(), batch) {
        let at = if keeps { batch * tile.start } else { 0 };
        let z = &mut kept[at..at + batch * tile.len()];
        scores(&weights[tile.start * dim..tile.end * dim], part(bias, &tile), x, z);
        let z = ArrayView2::from_shape((batch, tile.len()), &*z).expect("batch × rows");
        fold(rows.start + tile.start as u32..rows.start + tile.end as u32, z, stats);
    }
}

/// Buffers of one strip of a sweep.
#[derive(Default)]
pub struct Buffers {
    pub tile: Vec<f32>,
    pub d_x: Vec<f32>,
    gradient: Vec<f32>,
    bias: Vec<f32>,
}

/// One strip's part in a sweep: ∂L/∂x into `buffers.d_x`, the update into the strip. `kept` has the scores of a scan,
/// or nothing.
pub fn sweep_strip(
    x: &ArrayView2<f32>,
    rows: Range<u32>,
    strip: &mut Strip,
    kept: &mut [f32],
    buffers: &mut Buffers,
    coef: &TileCoefficients,
) {
    let (batch, dim) = x.dim();
    buffers.d_x.clear();
    buffers.d_x.resize(batch * dim, 0.0);
    let recompute = kept.is_empty();
    if recompute {
        buffers.tile.resize(batch * tile_rows(batch).min(rows.len()), 0.0);
    }
    for tile in tiles(rows.len(), batch) {
        let z = if recompute {
            &mut buffers.tile[..batch * tile.len()]
        } else {
            &mut kept[batch * tile.start..batch * tile.end]
        };
        let (weights, bias) = strip.read();
        let weights = &weights[tile.start * dim..tile.end * dim];
        if recompute {
            scores(weights, part(bias, &tile), x, z);
        }
        let mut k = ArrayViewMut2::from_shape((batch, tile.len()), z).expect("batch × rows");
        coef(rows.start + tile.start as u32..rows.start + tile.end as u32, k.view_mut());
        let w = ArrayView2::from_shape((tile.len(), dim), weights).expect("rows × dim");
        let mut d_x = ArrayViewMut2::from_shape((batch, dim), &mut buffers.d_x[..]).expect("batch × dim");
        general_mat_mul(1.0, &k, &w, 1.0, &mut d_x);
        buffers.bias.clear();
        if strip.has_bias() {
            buffers.bias.resize(tile.len(), 0.0);
            k.rows().into_iter().for_each(|row| simd::add(&mut buffers.bias, row.to_slice().expect("contiguous")));
        }
        descend_tile(strip, tile, &k.view(), x, &mut buffers.gradient, &buffers.bias);
    }
}

/// The gradient Kᵀ·X of a tile goes where the strip wants it.
fn descend_tile(
    strip: &mut Strip,
    tile: Range<usize>,
    k: &ArrayView2<f32>,
    x: &ArrayView2<f32>,
    buffer: &mut Vec<f32>,
    bias: &[f32],
) {
    let dim = x.ncols();
    match strip {
        Strip::Frozen { .. } => {}
        Strip::Online { matrix, rate } => {
            buffer.resize(tile.len() * dim, 0.0);
            let mut g = ArrayViewMut2::from_shape((tile.len(), dim), &mut buffer[..]).expect("rows × dim");
            general_mat_mul(1.0, &k.t(), x, 0.0, &mut g);
            matrix.update(tile, *rate, buffer, bias);
        }
        Strip::Deferred { gradient, .. } => {
            let values = &mut gradient.values[tile.start * dim..tile.end * dim];
            let mut g = ArrayViewMut2::from_shape((tile.len(), dim), values).expect("rows × dim");
            let keep = if gradient.fresh { 0.0 } else { 1.0 };
            general_mat_mul(1.0, &k.t(), x, keep, &mut g);
            if !bias.is_empty() {
                let sums = &mut gradient.bias[tile];
                if gradient.fresh { sums.copy_from_slice(bias) } else { simd::add(sums, bias) }
            }
        }
    }
}

/// The part of `bias` that belongs to a tile; nothing of nothing.
fn part<'a>(bias: &'a [f32], tile: &Range<usize>) -> &'a [f32] {
    if bias.is_empty() { bias } else { &bias[tile.clone()] }
}

/// d_x += the partial sums of all strips, in their order.
pub fn merge_d_x<'a>(partials: impl Iterator<Item = &'a [f32]>, mut d_x: ArrayViewMut2<f32>) {
    let dim = d_x.ncols();
    for partial in partials {
        for (b, mut row) in d_x.rows_mut().into_iter().enumerate() {
            simd::add(row.as_slice_mut().expect("rows of d_x are contiguous"), &partial[b * dim..(b + 1) * dim]);
        }
    }
}
