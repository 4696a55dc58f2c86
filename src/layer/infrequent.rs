//! Infrequent normalization: computes ln Z for a random share of the examples only.

use super::kit::flat::{Flat, FlatLayer};
use super::kit::gathered::Gathered;
use super::kit::scan::{self, groups};
use super::{Batch, Bias, Scratch};
use crate::error::{Error, Result};
use crate::table::kernel::view;
use crate::table::{Cost, Tables};
use crate::vocab::WordId;
use ndarray::ArrayViewMut2;
use rand::RngExt;
use std::ops::Range;

/// The term that a normalized example adds to the loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Normalization {
    /// ln Z: the expected loss equals that of the full softmax.
    Linear,
    /// α·(ln Z)²: drives ln Z to 1/(2α), where the gradient equals that of the full softmax.
    Squared(f64),
}

/// Full softmax in which every example raises the score of its target, but only a random share γ of the examples
/// computes ln Z.
///
/// - *Model* P(w | h) = softmax(v_w·h + b_w).
/// - *Criterion* L = −z_t, plus ln Z / γ or α·(ln Z)² / γ for an example drawn with probability γ. With ln Z the
///   expected gradient equals that of the full softmax. Its variance is about 1/γ times as large.
/// - *Gradient* ∂L/∂z = −e_t, plus P / γ or 2·α·ln Z·P / γ for a drawn example.
/// - *Cost* 3·γ·B·V·d + 3·(1 − γ)·B·d multiply-adds per step on average.
/// - *Reference* Chen, Grangier & Auli 2016, sec. 2.6; Andreas & Klein 2015, eq. 8.
#[derive(Clone, Debug)]
pub struct InfrequentNormalization {
    flat: Flat,
    fraction: f64,
    normalization: Normalization,
}

impl InfrequentNormalization {
    /// Creates a layer over `vocab` words and hidden vectors of size `dim` that normalizes a share `fraction` of the
    /// examples.
    ///
    /// # Errors
    /// No word, 2³¹ words or more, `dim` = 0, a share that is not above 0 and at most 1, or an α that is not positive
    /// and finite.
    pub fn new(vocab: usize, dim: usize, fraction: f64, normalization: Normalization, bias: Bias) -> Result<Self> {
        if !(fraction > 0.0 && fraction <= 1.0) {
            return Err(Error::OutOfRange { name: "fraction", value: fraction, limit: "above 0 and at most 1" });
        }
        if let Normalization::Squared(alpha) = normalization
            && !(alpha > 0.0 && alpha.is_finite())
        {
            return Err(Error::OutOfRange { name: "alpha", value: alpha, limit: "above 0, and finite" });
        }
        Ok(Self { flat: Flat::new(vocab, dim, bias)?, fraction, normalization })
    }

    /// Returns the term that ln Z adds to the loss, and its derivative by ln Z.
    fn price(&self, ln_z: f64) -> (f64, f64) {
        match self.normalization {
            Normalization::Linear => (ln_z / self.fraction, 1.0 / self.fraction),
            Normalization::Squared(alpha) => (alpha * ln_z * ln_z / self.fraction, 2.0 * alpha * ln_z / self.fraction),
        }
    }

    /// Trains on the normalized examples: −z_t and the term of ln Z in one pass.
    fn normalized(&self, w: &mut Tables, chosen: &mut Gathered, s: &mut Scratch) {
        for part in scan::parts(chosen.len(), self.flat.vocab()) {
            let (batch, mut d_x, _) = chosen.split();
            let x = view::rows(&batch.hidden, &part);
            scan::scan(w, &[(*self.flat.block(), x)], &batch.targets[part.clone()], &mut s.stats);
            let stats = &s.stats;
            let of_all = |b: usize| self.price(stats[b].ln_z()).1;
            let d_x = view::rows_mut(&mut d_x, &part);
            scan::sweep_weighted(w, self.flat.block(), x, &batch, &part, (stats, &of_all), d_x);
            for (i, stat) in part.zip(&s.stats) {
                let loss = self.price(stat.ln_z()).0 - f64::from(stat.target);
                s.losses[chosen.examples[i]] = f64::from(chosen.weights[i]) * loss;
            }
        }
    }

    /// Trains on the other examples: −z_t alone, with one step per run of equal targets.
    fn unnormalized(&self, w: &mut Tables, others: &mut Gathered, runs: &[Range<usize>], s: &mut Scratch) {
        for run in runs {
            let (batch, mut d_x, losses) = others.split();
            let (x, target) = (view::rows(&batch.hidden, run), batch.targets[run.start]);
            let coef = |part: Range<usize>, mut z: ArrayViewMut2<f32>, losses: &mut [f64]| {
                for ((i, z), loss) in part.zip(z.iter_mut()).zip(losses) {
                    let weight = batch.weight(run.start + i);
                    *loss -= f64::from(weight) * f64::from(*z);
                    *z = -weight;
                }
            };
            w.step(0, &[target], x, &coef, &mut losses[run.clone()], view::rows_mut(&mut d_x, run));
        }
        others.add_losses_to(&mut s.losses);
    }
}

impl FlatLayer for InfrequentNormalization {
    fn flat(&self) -> &Flat {
        &self.flat
    }

    fn step(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        mut d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64 {
        s.clear_losses(&batch);
        // One random decision per example.
        w.count_draws(batch.len());
        let [mut chosen, mut others] = std::mem::take(&mut s.gathered);
        let (mut drawn, mut runs) = (std::mem::take(&mut s.examples), std::mem::take(&mut s.runs));
        // `drawn` holds the other examples from the front in order, and the chosen ones from the back.
        drawn.clear();
        drawn.resize(batch.len(), 0);
        runs.clear();
        let (mut first_chosen, mut count) = (batch.len(), 0);
        for group in groups(batch.targets) {
            let first = count;
            for b in group {
                let normalized = s.rng.random::<f64>() < self.fraction;
                if normalized {
                    first_chosen -= 1;
                    drawn[first_chosen] = b;
                } else {
                    drawn[count] = b;
                    count += 1;
                }
            }
            if count > first {
                runs.push(first..count);
            }
        }
        let target = |b: usize| batch.targets[b];
        others.gather(&batch, drawn[..count].iter().copied(), target);
        chosen.gather(&batch, drawn[first_chosen..].iter().rev().copied(), target);
        self.normalized(w, &mut chosen, s);
        self.unnormalized(w, &mut others, &runs, s);
        chosen.add_to(&mut d_hidden);
        others.add_to(&mut d_hidden);
        (s.gathered, s.examples, s.runs) = ([chosen, others], drawn, runs);
        s.total_loss(losses)
    }

    /// A row is read if a batch, or a run of equal targets, has any example of the kind; the probabilities are 1 − (1 −
    /// γ)^n and 1 − γ^n. For batches that are processed in parts, each part is assumed to have a chosen example.
    fn expected_cost(&self, targets: &[WordId]) -> Option<Cost> {
        let (batch, vocab, dim) = (targets.len() as f64, self.flat.vocab() as f64, self.flat.dim() as f64);
        let (gamma, part) = (self.fraction, crate::table::batch_part(self.flat.vocab()) as f64);
        let sweeps = if batch <= part { 1.0 - (1.0 - gamma).powf(batch) } else { (gamma * batch / part).ceil() };
        let runs: f64 = groups(targets).map(|g| 1.0 - gamma.powf(g.len() as f64)).sum();
        let madds = 3.0 * batch * dim * (gamma * vocab + 1.0 - gamma);
        Some(Cost {
            multiply_adds: madds.round() as u64,
            rows_read: (2.0 * sweeps * vocab + runs).round() as u64,
            rows_written: (sweeps * vocab + runs).round() as u64,
            draws: targets.len() as u64,
        })
    }
}
