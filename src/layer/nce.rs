//! Noise-contrastive estimation: tells the target from noise of a known distribution.

use super::kit::candidates;
use super::kit::flat::{Flat, FlatLayer};
use super::kit::scan::groups;
use super::{Batch, Bias, Scratch};
use crate::error::Result;
use crate::objective::logistic;
use crate::sampler::{Sampler, WithReplacement};
use crate::simd;
use crate::table::kernel::view;
use crate::table::{Cost, Tables};
use crate::vocab::WordId;
use ndarray::ArrayViewMut2;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The task that tells the target from the noise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Contrast {
    /// Classifies target and noise words one by one: data or noise?
    #[default]
    Binary,
    /// Ranks target and noise words together: which one is the data?
    Ranking,
}

/// Classifier of the target against S noise words that the batch shares.
///
/// - *Model* at test time P(w | h) = softmax(v_w·h + b_w). Binary: the scores themselves learn ln P, with Z ≈ 1, so
///   biases that start at ln unigram start near the solution. Ranking: the scores learn ln P + c(h).
/// - *Criterion* binary L = −ln σ(z_t − ln S·q_t) − Σ_j ln σ(−(z_j − ln S·q_j)), j ~ q with replacement. Noise that
///   hits the target counts as noise. Ranking L = −ln softmax(z − ln q)_t over {t} ∪ noise, with hits kept beside the
///   target: the criterion of [`super::SampledSoftmax`] with replacement.
/// - *Gradient* binary ∂L/∂z = σ(z − ln S·q) − \[is the target\]; ranking ∂L/∂z = softmax(z − ln q) − e_t.
/// - *Cost* binary 3·B·(1 + S)·d multiply-adds per step; ranking 3·B·U·d, with U distinct words among targets and
///   noise.
/// - *Reference* Gutmann & Hyvärinen 2010, eq. 3; Mnih & Teh 2012, eq. 8; ranking: Ma & Collins 2018, eq. 4.
#[derive(Debug)]
pub struct NoiseContrastive {
    flat: Flat,
    contrast: Contrast,
    noise: WithReplacement,
    ln_samples: f32,
}

impl NoiseContrastive {
    /// Creates a layer over the words of `noise` and hidden vectors of size `dim`.
    ///
    /// # Errors
    /// `dim` = 0.
    pub fn new(noise: WithReplacement, contrast: Contrast, dim: usize, bias: Bias) -> Result<Self> {
        let ln_samples = (noise.samples() as f64).ln() as f32;
        Ok(Self { flat: Flat::new(noise.vocab(), dim, bias)?, contrast, noise, ln_samples })
    }

    /// Takes a binary step. A batch with a single target is one step over target and noise. Otherwise the noise is
    /// scored against the whole batch, and every target against its own examples.
    fn binary(&self, w: &mut Tables, batch: &Batch, s: &mut Scratch, mut d_hidden: ArrayViewMut2<f32>) {
        self.noise.draw(Some(batch.hidden), batch.targets, &mut s.rng, &mut s.draws);
        w.count_draws(s.draws.words.len());
        let one_target = groups(batch.targets).nth(1).is_none() && !batch.is_empty();
        let (mut rows, mut shift) = (std::mem::take(&mut s.rows), std::mem::take(&mut s.correction));
        rows.clear();
        shift.clear();
        s.signs.clear();
        if one_target {
            rows.push(batch.targets[0]);
            shift.push(-s.draws.target_ln_q[0] - self.ln_samples);
            s.signs.push(1.0);
        }
        rows.extend(&s.draws.words);
        shift.extend(s.draws.ln_q.iter().map(|ln_q| -ln_q - self.ln_samples));
        s.signs.resize(rows.len(), -1.0);
        decide(w, batch, &(0..batch.len()), (&rows, &shift, &s.signs), &mut s.losses, d_hidden.view_mut());
        if !one_target {
            for group in groups(batch.targets) {
                let shift = [-s.draws.target_ln_q[group.start] - self.ln_samples];
                let d_x = view::rows_mut(&mut d_hidden, &group);
                let decision = (&[batch.targets[group.start]][..], &shift[..], &[1.0][..]);
                decide(w, batch, &group, decision, &mut s.losses, d_x);
            }
        }
        (s.rows, s.correction) = (rows, shift);
    }
}

/// Takes one step of binary decisions on some rows, each with its shift and its sign, for a part of a batch.
fn decide(
    w: &mut Tables,
    batch: &Batch,
    part: &Range<usize>,
    (rows, shift, signs): (&[u32], &[f32], &[f32]),
    losses: &mut [f64],
    d_x: ArrayViewMut2<f32>,
) {
    let coef = |of_part: Range<usize>, mut z: ArrayViewMut2<f32>, losses: &mut [f64]| {
        z.rows_mut().into_iter().for_each(|mut row| simd::add(row.as_slice_mut().expect("contiguous rows"), shift));
        logistic(signs, |b| batch.weight(part.start + of_part.start + b), z, losses);
    };
    w.step(0, rows, view::rows(&batch.hidden, part), &coef, &mut losses[part.clone()], d_x);
}

impl FlatLayer for NoiseContrastive {
    fn flat(&self) -> &Flat {
        &self.flat
    }

    fn step(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64 {
        s.clear_losses(&batch);
        match self.contrast {
            Contrast::Binary => self.binary(w, &batch, s, d_hidden),
            Contrast::Ranking => candidates::step_over_draws(&self.noise, w, &batch, s, d_hidden),
        }
        s.total_loss(losses)
    }

    fn expected_cost(&self, targets: &[WordId]) -> Option<Cost> {
        if self.contrast == Contrast::Ranking {
            return Some(candidates::expected_cost(&self.noise, self.flat.dim(), targets));
        }
        let (k, dim) = (self.noise.samples(), self.flat.dim());
        let draws = Cost::of_draws(k);
        let groups: Vec<_> = groups(targets).collect();
        let steps = match groups.len() {
            1 => Cost::step(targets.len(), 1 + k, dim),
            _ => Cost::step(targets.len(), k, dim) + groups.iter().map(|g| Cost::step(g.len(), 1, dim)).sum(),
        };
        Some(draws + steps)
    }
}
