//! The tiled, exact softmax over all words, in one table or in several: what the flat layers share.

use super::{Batch, Scratch};
use crate::objective::{fold_softmax, softmax_gradient};
use crate::table::{Cost, Rows, Stat, Tables, Tile, batch_part};
use crate::vocab::WordId;
use ndarray::{ArrayView2, ArrayViewMut2, Axis, Slice};
use std::ops::Range;

/// A table that holds neighbouring words.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// Number of the table.
    pub table: usize,
    /// The first word.
    pub first: WordId,
    /// Number of words.
    pub words: u32,
    /// Size of a row.
    pub dim: usize,
}

/// The examples of a batch in parts, the scores of each of which fit in memory.
pub fn parts(batch: usize, vocab: usize) -> impl Iterator<Item = Range<usize>> {
    let part = batch_part(vocab);
    (0..batch).step_by(part).map(move |start| start..(start + part).min(batch))
}

/// Rows of a block of vectors.
pub fn rows<'a>(x: &ArrayView2<'a, f32>, range: &Range<usize>) -> ArrayView2<'a, f32> {
    x.slice_axis_move(Axis(0), Slice::from(range.clone()))
}

/// Runs of equal targets, which share their work.
pub fn groups(targets: &[WordId]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    targets.chunk_by(|a, b| a == b).map(move |run| {
        start += run.len();
        start - run.len()..start
    })
}

/// The statistics of softmax over all blocks; each block sees its own hidden vectors.
pub fn scan(w: &mut Tables, blocks: &[(Block, ArrayView2<f32>)], targets: &[WordId], stats: &mut Vec<Stat>) {
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

/// Descends along softmax − e_t in one block; adds to `d_x`.
pub fn sweep(
    w: &mut Tables,
    block: &Block,
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

/// The losses that the statistics of a part of a batch give.
pub fn losses(batch: &Batch, part: &Range<usize>, stats: &[Stat], out: &mut [f64]) {
    for (b, stat) in part.clone().zip(stats) {
        out[b] = f64::from(batch.weight(b)) * stat.loss();
    }
}

/// ln P of all words, B×V, from blocks that each see their own hidden vectors. `shift(word)` is added to the scores.
pub fn log_probs(
    w: &mut Tables,
    blocks: &[(Block, ArrayView2<f32>)],
    shift: Option<&dyn Fn(WordId) -> f64>,
    mut out: ArrayViewMut2<f32>,
) {
    for (block, x) in blocks {
        let words = block.first as usize..(block.first + block.words) as usize;
        let mut z = out.slice_axis_mut(Axis(1), Slice::from(words));
        w.scores(block.table, &Rows::Range(0..block.words), x.view(), z.view_mut());
    }
    for mut row in out.rows_mut() {
        let row = row.as_slice_mut().expect("rows of `out` are contiguous");
        if let Some(shift) = shift {
            (0..).zip(row.iter_mut()).for_each(|(word, z)| *z = (f64::from(*z) + shift(word)) as f32);
        }
        let max = crate::simd::max(row);
        let ln_sum = crate::simd::sum_exp(row, max).ln();
        row.iter_mut().for_each(|z| *z = (f64::from(*z - max) - ln_sum) as f32);
    }
}

/// Added to the score of a word before it is normalized.
pub type Shift<'a> = &'a (dyn Fn(WordId) -> f32 + Sync);

/// −ln P of the targets and ln Z, as statistics, where one table holds all words.
pub fn log_prob(
    w: &mut Tables,
    block: &Block,
    batch: &Batch,
    shift: Option<Shift>,
    s: &mut Scratch,
    mut out: impl FnMut(usize, &Stat),
) {
    for part in parts(batch.len(), block.words as usize) {
        let (x, targets) = (rows(&batch.hidden, &part), &batch.targets[part.clone()]);
        s.stats.clear();
        s.stats.resize(targets.len(), Stat::EMPTY);
        let fold = |tile: &Tile, stats: &mut [Stat]| match shift {
            None => fold_softmax(targets, block.first, tile, stats),
            Some(shift) => {
                let mut scores = tile.scores().to_vec();
                for (row, scores) in tile.rows().zip(scores.chunks_mut(tile.stride())) {
                    let shift = shift(row);
                    scores.iter_mut().for_each(|z| *z += shift);
                }
                let shifted = Tile::new(tile.rows(), tile.batch(), tile.stride(), &mut scores);
                fold_softmax(targets, block.first, &shifted, stats);
            }
        };
        w.scan(block.table, 0..block.words, x, &fold, &mut s.stats);
        part.zip(&s.stats).for_each(|(b, stat)| out(b, stat));
    }
}

/// ln Z of every hidden vector where one table holds all words.
pub fn ln_z(
    w: &mut Tables,
    block: &Block,
    hidden: ArrayView2<f32>,
    shift: Option<Shift>,
    s: &mut Scratch,
    out: &mut [f64],
) {
    let targets = vec![0; hidden.nrows()];
    log_prob(w, block, &Batch::new(hidden, &targets), shift, s, |b, stat| out[b] = stat.ln_z());
}

/// The cost of a scan and a sweep over `words` rows for a batch, in its parts over a vocabulary.
pub fn cost(batch: usize, vocab: usize, words: usize, dim: usize) -> Cost {
    parts(batch, vocab).map(|part| Cost::scan_and_sweep(part.len(), words, dim)).sum()
}
