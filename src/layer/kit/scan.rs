//! The tiled, exact softmax over all words, in one or several tables. The flat layers share it.

use crate::error::{Error, Result};
use crate::layer::verbs::{WordFold, WordScores};
use crate::layer::{Batch, Scratch};
use crate::objective::{fold_ln_z, fold_softmax, softmax_gradient, weighted_softmax_gradient};
use crate::table::kernel::view;
use crate::table::{Cost, Init, Rows, Stat, TableShape, Tables, Tile, batch_part};
use crate::vocab::WordId;
use ndarray::{ArrayView2, ArrayViewMut2, Axis, Slice};
use std::ops::Range;

/// A table that holds neighbouring words.
#[derive(Clone, Copy, Debug)]
pub struct WordTable {
    /// Number of the table in [`Tables`].
    pub table: usize,
    /// The first word.
    pub first: WordId,
    /// Number of words.
    pub words: u32,
    /// Size of a row.
    pub dim: usize,
}

impl WordTable {
    /// Creates one table over all words, if the sizes are valid.
    ///
    /// # Errors
    /// No word, 2³¹ words or more, or `dim` = 0.
    pub fn over(vocab: usize, dim: usize) -> Result<Self> {
        let limit = i32::MAX as usize;
        if vocab == 0 {
            return Err(Error::EmptyVocabulary);
        }
        if vocab > limit {
            return Err(Error::TooManyWords { words: vocab, limit });
        }
        if dim == 0 {
            return Err(Error::OutOfRange { name: "dim", value: 0.0, limit: "1 or more" });
        }
        Ok(Self { table: 0, first: 0, words: vocab as u32, dim })
    }
}

/// Returns the table of a projection from vectors of size `dim` to vectors of size `to`. Entries of variance 1/dim
/// preserve the length of the vectors.
pub fn projection(dim: usize, to: usize) -> TableShape {
    let init = Init::Uniform((3.0 / dim as f32).sqrt());
    TableShape { rows: to as u32, dim, bias: false, init }
}

/// Splits the examples of a batch into parts, so that the scores of each part fit in memory.
pub fn parts(batch: usize, vocab: usize) -> impl Iterator<Item = Range<usize>> {
    let part = batch_part(vocab);
    (0..batch).step_by(part).map(move |start| start..(start + part).min(batch))
}

/// Returns the runs of equal targets, which share their work.
pub fn groups(targets: &[WordId]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    targets.chunk_by(|a, b| a == b).map(move |run| {
        start += run.len();
        start - run.len()..start
    })
}

/// Computes the statistics of the softmax over all blocks. Each block has its own hidden vectors.
pub fn scan(w: &mut Tables, blocks: &[(WordTable, ArrayView2<f32>)], targets: &[WordId], stats: &mut Vec<Stat>) {
    stats.clear();
    stats.resize(targets.len(), Stat::EMPTY);
    for (block, x) in blocks {
        w.scan(
            block.table,
            0..block.words,
            x.view(),
            &|tile, stats| fold_softmax(targets, block.first, tile, stats),
            stats,
        );
    }
}

/// Descends along softmax − e_t in one block, and adds ∂L/∂x to `d_x`.
pub fn sweep(
    w: &mut Tables,
    block: &WordTable,
    x: ArrayView2<f32>,
    batch: &Batch,
    part: &Range<usize>,
    stats: &[Stat],
    d_x: ArrayViewMut2<f32>,
) {
    let targets = &batch.targets[part.clone()];
    let weight = |b: usize| batch.weight(part.start + b);
    w.sweep(
        block.table,
        0..block.words,
        x,
        &|tile| softmax_gradient(targets, stats, weight, block.first, tile),
        d_x,
        part.end == batch.len(),
    );
}

/// Like [`sweep`], with a factor for the softmax of each example of the part: of_all(b)·softmax − e_t, times its
/// weight.
pub fn sweep_weighted(
    w: &mut Tables,
    block: &WordTable,
    x: ArrayView2<f32>,
    batch: &Batch,
    part: &Range<usize>,
    (stats, of_all): (&[Stat], &(dyn Fn(usize) -> f64 + Sync)),
    d_x: ArrayViewMut2<f32>,
) {
    let targets = &batch.targets[part.clone()];
    let weight = |b: usize| batch.weight(part.start + b);
    let of_all = |b: usize| f64::from(weight(b)) * of_all(b);
    w.sweep(
        block.table,
        0..block.words,
        x,
        &|tile| weighted_softmax_gradient(targets, stats, of_all, weight, block.first, tile),
        d_x,
        part.end == batch.len(),
    );
}

/// Computes the losses of a part of a batch from its statistics.
pub fn losses(batch: &Batch, part: &Range<usize>, stats: &[Stat], out: &mut [f64]) {
    for (b, stat) in part.clone().zip(stats) {
        out[b] = f64::from(batch.weight(b)) * stat.loss();
    }
}

/// Writes ln P of all words, B×V, from blocks that each have their own hidden vectors. `shift(word)` is added to the
/// scores.
pub fn log_probs(
    w: &mut Tables,
    blocks: &[(WordTable, ArrayView2<f32>)],
    shift: Option<&dyn Fn(WordId) -> f64>,
    mut out: ArrayViewMut2<f32>,
) {
    for (block, x) in blocks {
        let words = block.first as usize..(block.first + block.words) as usize;
        let mut z = out.slice_axis_mut(Axis(1), Slice::from(words));
        w.scores(block.table, &Rows::Range(0..block.words), x.view(), z.view_mut());
    }
    normalize(shift, out);
}

/// Turns scores into ln P in place, row by row, after adding `shift(word)`.
pub fn normalize(shift: Option<&dyn Fn(WordId) -> f64>, mut out: ArrayViewMut2<f32>) {
    for mut row in out.rows_mut() {
        let row = row.as_slice_mut().expect("rows of `out` are contiguous");
        if let Some(shift) = shift {
            (0..).zip(row.iter_mut()).for_each(|(word, z)| *z = (f64::from(*z) + shift(word)) as f32);
        }
        normalize_row(row, 0.0);
    }
}

/// Writes X·W\[rows\]ᵀ + b of neighbouring rows into a buffer of size B × rows.
pub fn scores(w: &mut Tables, table: usize, rows: Range<u32>, x: ArrayView2<f32>, out: &mut [f32]) {
    let out = ArrayViewMut2::from_shape((x.nrows(), rows.len()), out).expect("B × rows");
    w.scores(table, &Rows::Range(rows), x, out);
}

/// Adds K·W to d_x, and descends along Kᵀ·X in W, for all rows of a table; `coef` is K, B × rows.
pub fn descend(w: &mut Tables, table: usize, coef: &[f32], x: ArrayView2<f32>, d_x: &mut ArrayViewMut2<f32>) {
    let rows = w.shape(table).rows;
    let coef = ArrayView2::from_shape((x.nrows(), rows as usize), coef).expect("B × rows");
    w.weighted_sum(table, &Rows::Range(0..rows), coef, d_x.view_mut());
    w.descend(table, &Rows::Range(0..rows), coef, x);
}

/// Turns scores into ln softmax + `ln_mass`.
pub fn normalize_row(row: &mut [f32], ln_mass: f64) {
    let max = crate::simd::max(row);
    let ln_sum = crate::simd::sum_exp(row, max).ln();
    row.iter_mut().for_each(|z| *z = (f64::from(*z - max) - ln_sum + ln_mass) as f32);
}

/// A constant per word, added to its score before normalization.
pub type Shift<'a> = &'a (dyn Fn(WordId) -> f32 + Sync);

/// Computes −ln P of the targets and ln Z, as statistics, if one table holds all words.
pub fn log_prob(
    w: &mut Tables,
    block: &WordTable,
    batch: &Batch,
    shift: Option<Shift>,
    s: &mut Scratch,
    mut out: impl FnMut(usize, &Stat),
) {
    for part in parts(batch.len(), block.words as usize) {
        let (x, targets) = (view::rows(&batch.hidden, &part), &batch.targets[part.clone()]);
        s.stats.clear();
        s.stats.resize(targets.len(), Stat::EMPTY);
        let fold = |tile: &Tile, stats: &mut [Stat]| {
            shifted(tile, block.first, shift, |tile| fold_softmax(targets, block.first, tile, stats));
        };
        w.scan(block.table, 0..block.words, x, &fold, &mut s.stats);
        part.zip(&s.stats).for_each(|(b, stat)| out(b, stat));
    }
}

/// Calls `f` with the scores of a tile after adding the shift. The first row of the table is word `first`.
fn shifted(tile: &Tile, first: WordId, shift: Option<Shift>, f: impl FnOnce(&Tile)) {
    let Some(shift) = shift else { return f(tile) };
    let mut scores = tile.scores().to_vec();
    for (row, scores) in tile.rows().zip(scores.chunks_mut(tile.stride())) {
        let shift = shift(first + row);
        scores.iter_mut().for_each(|z| *z += shift);
    }
    f(&Tile::new(tile.rows(), tile.batch(), tile.stride(), &mut scores));
}

/// Implements [`crate::layer::OutputLayer::scan_scores`] for blocks that each have their own hidden vectors.
pub fn scan_scores(
    w: &mut Tables,
    blocks: &[(WordTable, ArrayView2<f32>)],
    shift: Option<Shift>,
    fold: &WordFold,
    out: &mut [Stat],
) {
    let vocab = blocks.iter().map(|(block, _)| block.words as usize).sum();
    for part in parts(out.len(), vocab) {
        for (block, x) in blocks {
            let see = |tile: &Tile, stats: &mut [Stat]| {
                shifted(tile, block.first, shift, |tile| {
                    let first = block.first + tile.rows().start;
                    fold(&WordScores { first, examples: part.clone(), tile }, stats);
                });
            };
            w.scan(block.table, 0..block.words, view::rows(x, &part), &see, &mut out[part.clone()]);
        }
    }
}

/// Implements [`crate::layer::OutputLayer::log_probs_backward`] for blocks that each have their own hidden vectors and
/// their own ∂L/∂x: ∂L/∂z = d − P·Σd.
pub fn log_probs_backward(
    w: &mut Tables,
    blocks: &mut [(WordTable, ArrayView2<f32>, ArrayViewMut2<f32>)],
    shift: Option<Shift>,
    d_log_probs: ArrayView2<f32>,
) {
    let batch = d_log_probs.nrows();
    for part in parts(batch, d_log_probs.ncols()) {
        let mut stats = vec![Stat::EMPTY; part.len()];
        for (block, x, _) in &*blocks {
            let fold = |tile: &Tile, stats: &mut [Stat]| {
                shifted(tile, block.first, shift, |tile| fold_ln_z(tile, 1.0, stats));
            };
            w.scan(block.table, 0..block.words, view::rows(x, &part), &fold, &mut stats);
        }
        let d = view::rows(&d_log_probs, &part);
        let sums: Vec<f32> =
            d.rows().into_iter().map(|d| d.iter().map(|d| f64::from(*d)).sum::<f64>() as f32).collect();
        for (block, x, d_x) in &mut *blocks {
            let coef = |tile: &mut Tile| {
                for row in tile.rows() {
                    let word = block.first + row;
                    let shift = shift.map_or(0.0, |shift| shift(word));
                    let scores = tile.row_mut(row).iter_mut().zip(d.column(word as usize));
                    for ((z, d), (stat, sum)) in scores.zip(stats.iter().zip(&sums)) {
                        let ln_p = f64::from(*z + shift) - stat.ln_z();
                        *z = d - sum * ln_p.exp() as f32;
                    }
                }
            };
            let d_x = view::rows_mut(d_x, &part);
            w.sweep(block.table, 0..block.words, view::rows(x, &part), &coef, d_x, part.end == batch);
        }
    }
}

/// Computes ln Z of every hidden vector if one table holds all words.
pub fn ln_z(
    w: &mut Tables,
    block: &WordTable,
    hidden: ArrayView2<f32>,
    shift: Option<Shift>,
    s: &mut Scratch,
    out: &mut [f64],
) {
    let targets = vec![0; hidden.nrows()];
    log_prob(w, block, &Batch::new(hidden, &targets), shift, s, |b, stat| out[b] = stat.ln_z());
}

/// Returns the cost of a scan and a sweep over `words` rows for a batch, which is split into parts by the size of the
/// vocabulary.
pub fn cost(batch: usize, vocab: usize, words: usize, dim: usize) -> Cost {
    parts(batch, vocab).map(|part| Cost::scan_and_sweep(part.len(), words, dim)).sum()
}
