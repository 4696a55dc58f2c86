//! The criterion of a softmax step: −ln P(target) by the plain path, or a criterion with options.

use super::scan::{self, WordTable};
use crate::layer::{Batch, Scratch};
use crate::objective::{LossOptions, LossWithOptions};
use crate::simd;
use crate::table::kernel::view;
use crate::table::{Rows, Stat, Tables, Tile};
use ndarray::{ArrayView2, ArrayViewMut2, Axis, Slice};
use std::ops::Range;

/// The criterion of a batch.
pub enum Goal<'o, 'a> {
    /// −ln P(target).
    Plain(Batch<'a>),
    /// A criterion with options, and the size of the batch.
    Options(LossWithOptions<'o, 'a>, usize),
}

impl<'o, 'a> Goal<'o, 'a> {
    /// Creates the criterion of a batch over `vocab` words, and clears the losses in `s`.
    pub fn new(options: &'o LossOptions, batch: Batch<'a>, vocab: usize, s: &mut Scratch) -> Self {
        if options.is_plain() {
            s.clear_losses(&batch);
            return Self::Plain(batch);
        }
        s.losses.clear();
        s.losses.resize(batch.len(), 0.0);
        Self::Options(LossWithOptions::new(options, batch.targets, batch.soft, batch.weights, vocab), batch.len())
    }

    /// Creates the unweighted −ln P(target) for evaluation. Only the options that are part of the model (the soft cap)
    /// have an effect.
    pub fn evaluation(options: &'o LossOptions, batch: &Batch<'a>) -> Self {
        match options.soft_cap() {
            None => Self::Plain(Batch { weights: None, ..*batch }),
            Some(_) => Self::Options(LossWithOptions::evaluation(options, batch.targets), batch.len()),
        }
    }

    /// Computes the statistics of the softmax over all blocks. Each block has its own hidden vectors.
    pub fn scan(
        &self,
        w: &mut Tables,
        blocks: &[(WordTable, ArrayView2<f32>)],
        part: &Range<usize>,
        stats: &mut Vec<Stat>,
    ) {
        let options = match self {
            Self::Plain(batch) => return scan::scan(w, blocks, &batch.targets[part.clone()], stats),
            Self::Options(options, _) => options,
        };
        stats.clear();
        stats.resize(part.len(), Stat::EMPTY);
        for (block, x) in blocks {
            let fold = |tile: &Tile, stats: &mut [Stat]| options.fold(part.start, block.first, tile, stats);
            w.scan(block.table, 0..block.words, x.view(), &fold, stats);
        }
    }

    /// Descends in one block, and adds ∂L/∂x to `d_x`.
    pub fn sweep(
        &self,
        w: &mut Tables,
        block: &WordTable,
        x: ArrayView2<f32>,
        part: &Range<usize>,
        stats: &[Stat],
        d_x: ArrayViewMut2<f32>,
    ) {
        match self {
            Self::Plain(batch) => scan::sweep(w, block, x, batch, part, stats, d_x),
            Self::Options(options, batch) => {
                let coef = |tile: &mut Tile| options.gradient(part.start, block.first, tile, stats);
                w.sweep(block.table, 0..block.words, x, &coef, d_x, part.end == *batch);
            }
        }
    }

    /// Computes the losses of a part of a batch from its statistics.
    pub fn losses(&self, part: &Range<usize>, stats: &[Stat], out: &mut [f64]) {
        match self {
            Self::Plain(batch) => scan::losses(batch, part, stats, out),
            Self::Options(options, _) => part.clone().zip(stats).for_each(|(b, stat)| out[b] = options.loss(b, stat)),
        }
    }
}

/// Writes ln P of all words, B×V, from blocks that each have their own hidden vectors.
pub fn log_probs(
    w: &mut Tables,
    blocks: &[(WordTable, ArrayView2<f32>)],
    options: &LossOptions,
    mut out: ArrayViewMut2<f32>,
) {
    let Some(cap) = options.soft_cap() else { return scan::log_probs(w, blocks, None, out) };
    for (block, x) in blocks {
        let words = block.first as usize..(block.first + block.words) as usize;
        let z = out.slice_axis_mut(Axis(1), Slice::from(words));
        w.scores(block.table, &Rows::Range(0..block.words), x.view(), z);
    }
    for mut row in out.rows_mut() {
        simd::soft_cap(row.as_slice_mut().expect("rows of `out` are contiguous"), cap);
    }
    scan::normalize(None, out);
}

/// Writes ln P(target) of each example, from blocks that each have their own hidden vectors.
pub fn log_prob(
    w: &mut Tables,
    blocks: &[(WordTable, ArrayView2<f32>)],
    options: &LossOptions,
    batch: &Batch,
    stats: &mut Vec<Stat>,
    out: &mut [f64],
) {
    let vocab = blocks.iter().map(|(block, _)| block.words as usize).sum();
    let goal = Goal::evaluation(options, batch);
    for part in scan::parts(batch.len(), vocab) {
        let of_part: Vec<_> = blocks.iter().map(|(block, x)| (*block, view::rows(x, &part))).collect();
        goal.scan(w, &of_part, &part, stats);
        goal.losses(&part, stats, out);
    }
    out.iter_mut().for_each(|loss| *loss = -*loss);
}

/// Returns the biases that make the capped scores ln p + const: the inverse of the cap around the middle of the ln p.
/// Words whose ln p is out of reach of the cap get a bias just below the cap.
pub fn uncap(options: &LossOptions, mut biases: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
    let Some(cap) = options.soft_cap().map(f64::from) else { return biases };
    let all = || biases.iter().flatten().map(|b| f64::from(*b));
    let middle = (all().fold(f64::INFINITY, f64::min) + all().fold(f64::NEG_INFINITY, f64::max)) / 2.0;
    for bias in biases.iter_mut().flatten() {
        let share = ((f64::from(*bias) - middle) / cap).clamp(-0.9999, 0.9999);
        *bias = (cap * share.atanh()) as f32;
    }
    biases
}
