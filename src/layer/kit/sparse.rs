//! What the layers whose probabilities may be 0 share.

use super::exact::{self, Block};
use crate::layer::{Batch, Scratch};
use crate::objective::{Entmax, MOST_LOOKS, Threshold, fold_max};
use crate::table::kernel::view;
use crate::table::{Rows, Stat, Tables};
use ndarray::{ArrayView2, ArrayViewMut2};
use std::ops::Range;

/// The thresholds of a part of a batch, by looking at the scores until none moves; `s.stats` has the targets' scores.
fn thresholds(w: &mut Tables, block: &Block, entmax: Entmax, batch: &Batch, s: &mut Scratch) -> Vec<Threshold> {
    let (all, targets) = (0..block.words, batch.targets);
    clear(&mut s.stats, batch.len());
    w.scan(block.table, all.clone(), batch.hidden, &|tile, stats| fold_max(targets, tile, stats), &mut s.stats);
    let mut thresholds: Vec<_> = s.stats.iter().map(|stat| entmax.begin(stat.max, block.words as usize)).collect();
    let mut looks = Vec::new();
    for _ in 0..MOST_LOOKS {
        clear(&mut looks, batch.len());
        let now = &thresholds;
        w.rescan(block.table, all.clone(), batch.hidden, &|tile, stats| entmax.fold(now, tile, stats), &mut looks);
        if entmax.improve_all(&mut thresholds, &looks) {
            break;
        }
    }
    thresholds
}

fn clear(stats: &mut Vec<Stat>, len: usize) {
    stats.clear();
    stats.resize(len, Stat::EMPTY);
}

/// A part of a batch.
fn part_of<'a>(batch: &Batch<'a>, part: &Range<usize>) -> Batch<'a> {
    Batch {
        hidden: view::rows(&batch.hidden, part),
        targets: &batch.targets[part.clone()],
        weights: batch.weights.map(|weights| &weights[part.clone()]),
        soft: None,
    }
}

/// One step of the Fenchel–Young loss; the losses go to `s`.
pub fn step(
    w: &mut Tables,
    block: &Block,
    entmax: Entmax,
    batch: &Batch,
    s: &mut Scratch,
    mut d_hidden: ArrayViewMut2<f32>,
) {
    s.clear_losses(batch);
    for part in exact::parts(batch.len(), block.words as usize) {
        let (of_part, all) = (part_of(batch, &part), 0..block.words);
        let thresholds = thresholds(w, block, entmax, &of_part, s);
        let mut sums = Vec::new();
        clear(&mut sums, part.len());
        let fold = |tile: &crate::table::Tile, stats: &mut [Stat]| entmax.fold_entropy(&thresholds, tile, stats);
        w.rescan(block.table, all.clone(), of_part.hidden, &fold, &mut sums);
        for (i, b) in part.clone().enumerate() {
            let loss = entmax.loss(&thresholds[i], s.stats[i].target, sums[i].sum);
            s.losses[b] = f64::from(batch.weight(b)) * loss;
        }
        let coef = |tile: &mut crate::table::Tile| {
            entmax.gradient(of_part.targets, &thresholds, |b| of_part.weight(b), tile);
        };
        let d_x = view::rows_mut(&mut d_hidden, &part);
        w.sweep(block.table, all, of_part.hidden, &coef, d_x, part.end == batch.len());
    }
}

/// ln P of all words, B×V; −∞ where P is 0.
pub fn log_probs(w: &mut Tables, block: &Block, entmax: Entmax, hidden: ArrayView2<f32>, mut out: ArrayViewMut2<f32>) {
    w.scores(block.table, &Rows::Range(0..block.words), hidden, out.view_mut());
    for mut row in out.rows_mut() {
        let row = row.as_slice_mut().expect("rows of `out` are contiguous");
        let at = entmax.threshold(row);
        row.iter_mut().for_each(|z| *z = entmax.log_prob(*z, &at) as f32);
    }
}

/// ln P of the targets; −∞ where P is 0.
pub fn log_prob(w: &mut Tables, block: &Block, entmax: Entmax, batch: &Batch, s: &mut Scratch, out: &mut [f64]) {
    for part in exact::parts(batch.len(), block.words as usize) {
        let thresholds = thresholds(w, block, entmax, &part_of(batch, &part), s);
        for (b, (at, stat)) in part.zip(thresholds.iter().zip(&s.stats)) {
            out[b] = entmax.log_prob(stat.target, at);
        }
    }
}
