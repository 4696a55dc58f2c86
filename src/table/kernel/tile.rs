//! Many rows in tiles: scores, coefficients, ∂L/∂x and gradient of a tile, each as a matrix product.

use super::gemm::{Left, Panels, Start, columns_times_panels, padded, rows_times_panels};
use super::gemv;
use crate::simd;
use crate::table::exclusive::Strip;
use crate::table::{Fold, Stat, Tile, TileCoefficients};
use ndarray::{ArrayView2, ArrayViewMut2};
use std::ops::Range;

/// Maximum number of strips. Threads share the strips, and results are merged in their order.
const STRIPS: u32 = 16;
/// Minimum rows per strip.
const SHORTEST_STRIP: u32 = 256;
/// Scores per tile: 256 KB, so that a tile and the batch stay in the second-level cache.
const TILE_SCORES: usize = 64 << 10;

/// Words this many numbers apart in a tile would share a few sets of the first-level cache.
const CACHE_SETS: usize = 256;

/// Neighbouring rows cut into at most 16 strips, or some neighbouring strips of them. The cut depends only on the
/// number of all rows.
#[derive(Clone, Copy)]
pub struct Strips {
    /// All rows, and the strips that they are cut into.
    rows: u32,
    count: u32,
    /// The first of these strips, and how many there are.
    first: u32,
    len: u32,
    /// The row of the matrix where the first of these strips begins.
    start: u32,
    /// The number of that row for whoever looks at tiles.
    named: u32,
}

impl Strips {
    /// The strips of `rows`; there is at least one.
    pub fn of(rows: &Range<u32>) -> Self {
        let (len, start) = (rows.len() as u32, rows.start);
        let count = (len / SHORTEST_STRIP).clamp(1, STRIPS);
        Self { rows: len, count, first: 0, len: count, start, named: start }
    }

    /// The strips of `rows` rows that rank `rank` of `ranks` holds, in a matrix that holds nothing else. Tiles have the
    /// numbers that the rows have among all.
    pub fn of_rank(rows: u32, rank: usize, ranks: usize) -> Self {
        let all = Self::of(&(0..rows));
        let bound = |rank: usize| (all.count as usize * rank / ranks) as u32;
        let (first, next) = (bound(rank), bound(rank + 1));
        Self { first, len: next - first, named: all.bound(first), ..all }
    }

    /// Number of strips.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// The first row of strip `i` of all rows.
    fn cut_at(&self, i: u32) -> u32 {
        (u64::from(self.rows) * u64::from(i) / u64::from(self.count)) as u32
    }

    fn bound(&self, i: u32) -> u32 {
        self.start + self.cut_at(self.first + i) - self.cut_at(self.first)
    }

    /// The rows of the matrix in every strip.
    pub fn iter(self) -> impl Iterator<Item = Range<u32>> + Clone {
        (0..self.len).map(move |i| self.bound(i)..self.bound(i + 1))
    }

    /// The rows of the matrix in all these strips.
    pub fn range(&self) -> Range<u32> {
        self.start..self.bound(self.len)
    }

    /// The rows of a strip as tiles name them.
    pub fn named(&self, strip: &Range<u32>) -> Range<u32> {
        let shift = self.named - self.start;
        strip.start + shift..strip.end + shift
    }

    /// Cuts `whole`, which belongs to all rows, at the bounds of the strips. `split` separates the first rows from the
    /// rest.
    pub fn cut<T>(self, whole: T, split: impl Fn(T, usize) -> (T, T)) -> impl Iterator<Item = T> {
        let mut rest = Some(whole);
        self.iter().map_while(move |rows| {
            let (head, tail) = split(rest.take()?, rows.len());
            rest = Some(tail);
            Some(head)
        })
    }
}

/// The batch of a scan or a sweep, packed once for all tiles.
#[derive(Default)]
pub struct Packed {
    pub batch: usize,
    pub dim: usize,
    /// Distance between consecutive words in a tile.
    pub stride: usize,
    /// batch × dim, unpacked, for a very small batch.
    unpacked: Vec<f32>,
    /// dim × batch.
    transposed: Panels,
    /// batch × dim.
    plain: Panels,
}

impl Packed {
    /// The sizes for a batch, without its contents.
    pub fn sized(batch: usize, dim: usize) -> Self {
        let padded = padded(batch);
        let stride = if padded.is_multiple_of(CACHE_SETS) { padded + 16 } else { padded };
        Self { batch, dim, stride, ..Self::default() }
    }

    /// Packs the batch for a scan.
    pub fn for_scan(&mut self, x: &ArrayView2<f32>) {
        let Self { batch, dim, stride, .. } = Self::sized(x.nrows(), x.ncols());
        (self.batch, self.dim, self.stride) = (batch, dim, stride);
        if self.batch <= gemv::SMALL_BATCH {
            self.unpacked.clear();
            return self.unpacked.extend(x.iter());
        }
        let row = |b: usize| x.row(b).to_slice().expect("rows of x are contiguous");
        self.transposed.pack_transposed(self.dim, self.batch, row);
    }

    /// Packs the batch for a sweep, after the packing for its scan.
    pub fn for_sweep(&mut self, x: &ArrayView2<f32>) {
        let row = |b: usize| x.row(b).to_slice().expect("rows of x are contiguous");
        self.plain.pack(self.batch, self.dim, row);
    }

    /// Rows per tile: a multiple of the rows in a register block.
    pub fn tile_rows(&self) -> usize {
        (TILE_SCORES / self.stride / 12 * 12).clamp(48, 1020)
    }

    /// The tiles of a strip, counted from its first row.
    fn tiles(&self, rows: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let tile = self.tile_rows();
        (0..rows).step_by(tile).map(move |start| start..(start + tile).min(rows))
    }

    /// Zᵀ = W·Xᵀ + b over the rows of a tile.
    pub fn scores(&self, weights: &[f32], bias: &[f32], out: &mut [f32]) {
        if self.batch <= gemv::SMALL_BATCH {
            return gemv::scores(weights, &self.unpacked, self.dim, bias, out, self.stride);
        }
        let (rows, start) = (weights.len() / self.dim, if bias.is_empty() { Start::Zero } else { Start::Rows(bias) });
        let w = Left { data: weights, stride: self.dim };
        rows_times_panels(w, rows, &self.transposed, start, out, self.stride);
    }
}

/// The weights (rows × dim) and biases (one per row, or none) of a strip.
pub type Parameters<'a> = (&'a [f32], &'a [f32]);

/// Scans one strip. `scores` holds the whole strip if it is long enough, otherwise one tile at a time. If `kept` is
/// true it already holds the scores.
pub fn scan_strip(
    x: &Packed,
    rows: Range<u32>,
    (weights, bias): Parameters,
    (scores, kept): (&mut [f32], bool),
    fold: &Fold,
    stats: &mut [Stat],
) {
    let keeps = scores.len() == x.stride * rows.len();
    for tile in x.tiles(rows.len()) {
        let at = if keeps { x.stride * tile.start } else { 0 };
        let z = &mut scores[at..at + x.stride * tile.len()];
        if !kept {
            x.scores(&weights[tile.start * x.dim..tile.end * x.dim], bias_of_tile(bias, &tile), z);
        }
        fold(&Tile::new(rows_of_tile(&rows, &tile), x.batch, x.stride, z), stats);
    }
}

/// Buffers for one strip of a sweep.
#[derive(Default)]
pub struct Buffers {
    scores: Vec<f32>,
    /// batch × padded dim.
    pub d_x: Vec<f32>,
    weights: Panels,
    gradient: Vec<f32>,
    bias: Vec<f32>,
}

/// Sweeps one strip: writes ∂L/∂x to `buffers.d_x` and updates the strip. `kept` holds the scores of a scan, or is
/// empty.
pub fn sweep_strip(
    x: &Packed,
    rows: Range<u32>,
    strip: &mut Strip,
    kept: &mut [f32],
    buffers: &mut Buffers,
    coef: &TileCoefficients,
) {
    let (dim, d_stride) = (x.dim, padded(x.dim));
    buffers.d_x.clear();
    buffers.d_x.resize(x.batch * d_stride, 0.0);
    let recompute = kept.is_empty();
    if recompute {
        buffers.scores.resize(x.stride * x.tile_rows().min(rows.len()), 0.0);
    }
    for tile in x.tiles(rows.len()) {
        let z = if recompute {
            &mut buffers.scores[..x.stride * tile.len()]
        } else {
            &mut kept[x.stride * tile.start..x.stride * tile.end]
        };
        let (weights, bias) = strip.read();
        let weights = &weights[tile.start * dim..tile.end * dim];
        if recompute {
            x.scores(weights, bias_of_tile(bias, &tile), z);
        }
        coef(&mut Tile::new(rows_of_tile(&rows, &tile), x.batch, x.stride, z));
        let k = Left { data: z, stride: x.stride };
        if x.batch <= gemv::SMALL_BATCH {
            gemv::weighted_sum(z, x.stride, weights, dim, &mut buffers.d_x, d_stride);
        } else {
            buffers.weights.pack(tile.len(), dim, |row| &weights[row * dim..(row + 1) * dim]);
            columns_times_panels(k, x.batch, &buffers.weights, Start::Output, &mut buffers.d_x, d_stride);
        }
        buffers.bias.resize(if strip.has_bias() { tile.len() } else { 0 }, 0.0);
        simd::columns::row_sums(z, x.stride, x.batch, &mut buffers.bias);
        descend_tile(strip, tile, k, x, &mut buffers.gradient, &buffers.bias);
    }
}

/// Applies the gradient Kᵀ·X of a tile in the way of its strip: an update, a stored gradient, or nothing.
fn descend_tile(strip: &mut Strip, tile: Range<usize>, k: Left, x: &Packed, buffer: &mut Vec<f32>, bias: &[f32]) {
    let dim = x.dim;
    match strip {
        Strip::Frozen { .. } => {}
        Strip::Online { matrix, rate } => {
            buffer.resize(tile.len() * dim, 0.0);
            rows_times_panels(k, tile.len(), &x.plain, Start::Zero, buffer, dim);
            matrix.update(tile, *rate, buffer, bias);
        }
        Strip::Deferred { gradient, .. } => {
            let values = &mut gradient.values[tile.start * dim..tile.end * dim];
            let start = if gradient.fresh { Start::Zero } else { Start::Output };
            rows_times_panels(k, tile.len(), &x.plain, start, values, dim);
            if !bias.is_empty() {
                let sums = &mut gradient.bias[tile];
                if gradient.fresh { sums.copy_from_slice(bias) } else { simd::add(sums, bias) }
            }
        }
    }
}

/// Table rows of a tile within a strip.
fn rows_of_tile(strip: &Range<u32>, tile: &Range<usize>) -> Range<u32> {
    strip.start + tile.start as u32..strip.start + tile.end as u32
}

/// Biases of a tile; empty if `bias` is empty.
fn bias_of_tile<'a>(bias: &'a [f32], tile: &Range<usize>) -> &'a [f32] {
    if bias.is_empty() { bias } else { &bias[tile.clone()] }
}

/// d_x += the partial sums of all strips, in strip order.
pub fn merge_d_x(strips: &[Buffers], mut d_x: ArrayViewMut2<f32>) {
    let dim = d_x.ncols();
    for strip in strips {
        for (mut row, partial) in d_x.rows_mut().into_iter().zip(strip.d_x.chunks_exact(padded(dim))) {
            simd::add(row.as_slice_mut().expect("rows of d_x are contiguous"), &partial[..dim]);
        }
    }
}
