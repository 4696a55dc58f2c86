//! A block of windows: all hidden vectors share the same noise.

use super::{NegativeSampling, NoiseHits};
use crate::layer::kit::scratch::two_blocks;
use crate::layer::{Batch, Scratch};
use crate::objective::votes;
use crate::simd;
use crate::table::{Bags, Tables};
use ndarray::{ArrayView2, ArrayViewMut2};
use std::ops::Range;

/// Noise words of a block, in multiples of the k of a target. Each pair of a row and a target has every noise word with
/// the weight 1 / `SHARED`, so the expected gradient is that of k noise words.
const SHARED: usize = 3;

impl NegativeSampling {
    /// Takes one step over the targets and the noise for all hidden vectors. A combination of a row and a target that
    /// do not belong together has no weight.
    pub(super) fn step_block(
        &self,
        w: &mut Tables,
        batch: &Batch,
        members: Bags,
        s: &mut Scratch,
        d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64 {
        s.clear_block_losses(batch);
        if s.ahead.take().is_none() {
            self.draw_shared(s);
        }
        w.count_draws(s.draws.words.len());
        s.rows.clear();
        s.rows.extend_from_slice(batch.targets);
        s.rows.extend_from_slice(&s.draws.words);
        let Scratch { rows, blocks, losses: own, .. } = s;
        let (columns, targets) = (rows.len(), batch.targets.len());
        let [toward, against] = two_blocks(blocks, batch.len() * columns, batch.len() * columns);
        self.weigh(rows, targets, members, toward, against);
        let (weights, each) = ((&toward[..], &against[..]), losses.is_some());
        let coef = |part: Range<usize>, z: ArrayViewMut2<f32>, losses: &mut [f64]| {
            votes(self.sigmoid.as_ref(), weights, part.start, each, z, losses);
        };
        w.step(0, rows, batch.hidden, &coef, own, d_hidden);
        self.look_ahead_of_block(w, s);
        s.total_loss(losses)
    }

    /// Sets the weights of all scores: 1 towards a target for its rows, and against each noise word the number of the
    /// row's targets.
    fn weigh(&self, rows: &[u32], targets: usize, members: Bags, toward: &mut [f32], against: &mut [f32]) {
        let columns = rows.len();
        toward.fill(0.0);
        against.fill(0.0);
        for i in 0..targets {
            for row in members.bag(i) {
                let at = *row as usize * columns;
                toward[at + i] += 1.0;
                against[at + targets] += 1.0;
            }
        }
        for row in against.chunks_exact_mut(columns) {
            let of_row = row[targets];
            row[targets..].fill(of_row);
        }
        if self.hits == NoiseHits::Drop {
            let (targets, noise) = rows.split_at(targets);
            for (i, target) in targets.iter().enumerate() {
                for (j, _) in noise.iter().enumerate().filter(|(_, word)| *word == target) {
                    let column = targets.len() + j;
                    members.bag(i).iter().for_each(|row| against[*row as usize * columns + column] -= 1.0);
                }
            }
        }
        simd::scale(against, 1.0 / SHARED as f32);
    }

    /// Draws the noise of a block.
    fn draw_shared(&self, s: &mut Scratch) {
        let Scratch { rng, draws, rows, .. } = s;
        let hidden = ArrayView2::from_shape((0, 0), &[]).expect("none");
        rows.clear();
        for _ in 0..SHARED {
            self.noise.draw_plain(hidden, &[], rng, draws);
            rows.extend_from_slice(&draws.words);
        }
        std::mem::swap(rows, &mut draws.words);
    }

    /// Draws the noise of the next block, if that block was announced, and prefetches its rows.
    fn look_ahead_of_block(&self, w: &Tables, s: &mut Scratch) {
        let Some(first) = s.announced_block.first().copied() else { return };
        self.draw_shared(s);
        s.ahead = Some(first);
        w.prefetch(0, &s.announced_block);
        w.prefetch(0, &s.draws.words);
        s.announced_block.clear();
    }
}
