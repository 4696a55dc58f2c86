//! What the layers whose probabilities may be 0 share.

use super::scan::{self, WordTable};
use crate::layer::{Batch, Scratch};
use crate::objective::{Alpha, MOST_LOOKS, fold_max};
use crate::table::kernel::view;
use crate::table::{Rows, Stat, Tables};
use ndarray::{ArrayView2, ArrayViewMut2};
use std::ops::Range;

/// The thresholds of a part of a batch, by looking at the scores until none moves, in `s.thresholds`; `s.stats` has the
/// targets' scores.
fn thresholds(w: &mut Tables, block: &WordTable, alpha: Alpha, batch: &Batch, s: &mut Scratch) {
    let (all, targets) = (0..block.words, batch.targets);
    let Scratch { stats, thresholds, looks, .. } = s;
    clear(stats, batch.len());
    w.scan(block.table, all.clone(), batch.hidden, &|tile, stats| fold_max(targets, tile, stats), stats);
    thresholds.clear();
    thresholds.extend(stats.iter().map(|stat| alpha.begin(stat.max, block.words as usize)));
    for _ in 0..MOST_LOOKS {
        clear(looks, batch.len());
        let now = &*thresholds;
        w.rescan(block.table, all.clone(), batch.hidden, &|tile, stats| alpha.fold(now, tile, stats), looks);
        if alpha.improve_all(thresholds, looks) {
            break;
        }
    }
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
    block: &WordTable,
    alpha: Alpha,
    batch: &Batch,
    s: &mut Scratch,
    mut d_hidden: ArrayViewMut2<f32>,
) {
    s.clear_losses(batch);
    for part in scan::parts(batch.len(), block.words as usize) {
        let (of_part, all) = (part_of(batch, &part), 0..block.words);
        thresholds(w, block, alpha, &of_part, s);
        let Scratch { stats, thresholds, looks: sums, losses, .. } = s;
        clear(sums, part.len());
        let fold = |tile: &crate::table::Tile, stats: &mut [Stat]| alpha.fold_entropy(thresholds, tile, stats);
        w.rescan(block.table, all.clone(), of_part.hidden, &fold, sums);
        for (i, b) in part.clone().enumerate() {
            let loss = alpha.loss(&thresholds[i], stats[i].target, sums[i].sum);
            losses[b] = f64::from(batch.weight(b)) * loss;
        }
        let coef = |tile: &mut crate::table::Tile| {
            alpha.gradient(of_part.targets, thresholds, |b| of_part.weight(b), tile);
        };
        let d_x = view::rows_mut(&mut d_hidden, &part);
        w.sweep(block.table, all, of_part.hidden, &coef, d_x, part.end == batch.len());
    }
}

/// ln P of all words, B×V; −∞ where P is 0.
pub fn log_probs(
    w: &mut Tables,
    block: &WordTable,
    alpha: Alpha,
    hidden: ArrayView2<f32>,
    mut out: ArrayViewMut2<f32>,
) {
    w.scores(block.table, &Rows::Range(0..block.words), hidden, out.view_mut());
    for mut row in out.rows_mut() {
        let row = row.as_slice_mut().expect("rows of `out` are contiguous");
        let at = alpha.threshold(row);
        row.iter_mut().for_each(|z| *z = alpha.log_prob(*z, &at) as f32);
    }
}

/// ln P of the targets; −∞ where P is 0.
pub fn log_prob(w: &mut Tables, block: &WordTable, alpha: Alpha, batch: &Batch, s: &mut Scratch, out: &mut [f64]) {
    for part in scan::parts(batch.len(), block.words as usize) {
        thresholds(w, block, alpha, &part_of(batch, &part), s);
        for (b, (at, stat)) in part.zip(s.thresholds.iter().zip(&s.stats)) {
            out[b] = alpha.log_prob(stat.target, at);
        }
    }
}
