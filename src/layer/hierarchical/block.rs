//! A block of windows: one step over the paths of all targets, each with the hidden vectors of its target.

use super::HierarchicalSoftmax;
use crate::layer::{Batch, Scratch};
use crate::simd;
use crate::table::{Bags, Groups, Tables};
use crate::vocab::WordId;
use ndarray::ArrayViewMut2;
use std::ops::Range;

impl HierarchicalSoftmax {
    /// Takes one step over a block. Each target is a group of the rows of `hidden` that belong to it and the nodes of
    /// its path.
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
        // Prefetches the paths of the next block, which the look-ahead below reads.
        s.announced_block.iter().for_each(|target| self.frequent.prefetch(*target));
        self.gather_paths(batch.targets, members, s);
        let Scratch { rows, repeated, ends, losses: own, .. } = s;
        let groups = Groups { examples: members, rows: Bags { rows, offsets: ends } };
        let (table, signs, each) = (self.sigmoid.as_ref(), &repeated[..], losses.is_some());
        let logistic = |zs: &mut [f32], signs: &[f32]| match table {
            Some(table) => table.logistic(zs, signs),
            None => simd::logistic(zs, signs),
        };
        let coef = |pairs: Range<usize>, z: &mut [f32], losses: &mut [f64]| {
            if let (false, Some(first)) = (each, losses.first_mut()) {
                *first += logistic(z, &signs[pairs]);
                return;
            }
            for group in groups.iter().filter(|group| pairs.contains(&group.pairs.start) && !group.rows.is_empty()) {
                let of_group = group.pairs.start - pairs.start..group.pairs.end - pairs.start;
                let rows = z[of_group].chunks_exact_mut(group.rows.len());
                let signs = signs[group.pairs].chunks_exact(group.rows.len());
                for (example, (z, signs)) in group.examples.iter().zip(rows.zip(signs)) {
                    losses[*example as usize] += logistic(z, signs);
                }
            }
        };
        w.step_groups(0, groups, batch.hidden, &coef, own, d_hidden);
        self.look_ahead_of_block(w, s);
        s.total_loss(losses)
    }

    /// Collects the paths of all targets in `rows`, their ends in `ends`, and the signs of all pairs in `repeated`.
    fn gather_paths(&self, targets: &[WordId], members: Bags, s: &mut Scratch) {
        let Scratch { rows, signs, repeated, ends, climbed, .. } = s;
        rows.clear();
        repeated.clear();
        ends.clear();
        ends.push(0);
        for (i, target) in targets.iter().enumerate() {
            let (nodes, signs) = self.path(*target, &mut None, climbed, signs);
            rows.extend_from_slice(nodes);
            ends.push(rows.len() as u32);
            members.bag(i).iter().for_each(|_| repeated.extend_from_slice(signs));
        }
    }

    /// Prefetches the nodes of the announced targets.
    fn look_ahead_of_block(&self, w: &Tables, s: &mut Scratch) {
        let Scratch { signs, climbed, announced_block, .. } = s;
        for target in announced_block.drain(..) {
            let (nodes, _) = self.path(target, &mut None, climbed, signs);
            w.prefetch(0, nodes);
        }
    }
}
