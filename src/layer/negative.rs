//! Negative sampling: is this the word, or is it noise?

use super::exact::{self, groups};
use super::flat::{Flat, FlatLayer};
use super::{Batch, Bias, Scratch};
use crate::error::Result;
use crate::objective::{SigmoidTable, logistic_block, logistic_by};
use crate::sampler::Sampler;
use crate::table::{Cost, Tables};
use crate::vocab::WordId;
use ndarray::{ArrayViewMut2, Axis, Slice};

/// Logistic regression of the target against k noise words, the noise shared by the batch.
///
/// - *Model* the scores learn ln P(w | h) − ln(k·q(w)); so P(w | h) = softmax(v_w·h + b_w + ln q(w)).
/// - *Criterion* L = −ln σ(z_t) − Σ_j ln σ(−z_j) over k words j ~ q with replacement. A noise word that equals the
///   target counts as noise (word2vec drops it, which bends what is learned).
///   [`NegativeSampling::dropping_hits`] does as word2vec.
/// - *Gradient* ∂L/∂z = σ(z) − \[is the target\]; σ from another program's table by [`NegativeSampling::with_sigmoid`].
/// - *Cost* 3·B·(1 + k)·d multiply-adds a step, at most that where hits are dropped.
/// - *Reference* Mikolov et al. 2013b, eq. 4; what it learns: Levy & Goldberg 2014, eq. 11.
pub struct NegativeSampling {
    flat: Flat,
    noise: Box<dyn Sampler>,
    ln_negatives: f64,
    sigmoid: Option<SigmoidTable>,
    drops_hits: bool,
}

impl NegativeSampling {
    /// Over the words of `noise`, a sampler with replacement, and hidden vectors of size `dim`.
    ///
    /// # Errors
    /// `dim` = 0.
    pub fn new(noise: crate::sampler::WithReplacement, dim: usize, bias: Bias) -> Result<Self> {
        let ln_negatives = (noise.samples() as f64).ln();
        Ok(Self {
            flat: Flat::new(noise.vocab(), dim, bias)?,
            noise: Box::new(noise),
            ln_negatives,
            sigmoid: None,
            drops_hits: false,
        })
    }

    /// With σ in training from a table.
    pub fn with_sigmoid(self, table: SigmoidTable) -> Self {
        Self { sigmoid: Some(table), ..self }
    }

    /// Noise that is the target is left out, as in word2vec.c and gensim: the scores of frequent words then learn less than
    /// ln P − ln(k·q), and no closed form makes probabilities of them. [`log_probs`](super::OutputLayer::log_probs) stays what it
    /// is.
    pub fn dropping_hits(self) -> Self {
        Self { drops_hits: true, ..self }
    }

    /// The noise in `s.rows` behind a place for the target, with the signs.
    fn draw(&self, w: &mut Tables, batch: &Batch, s: &mut Scratch) {
        self.noise.draw_plain(batch.hidden, batch.targets, &mut s.rng, &mut s.draws);
        w.count_draws(s.draws.words.len());
        s.rows.clear();
        s.rows.push(0);
        s.rows.extend(&s.draws.words);
        s.signs.clear();
        s.signs.resize(s.rows.len(), -1.0);
        s.signs[0] = 1.0;
    }

    /// Each target with what was drawn and is not it.
    fn step_without_hits(&self, w: &mut Tables, batch: &Batch, s: &mut Scratch, mut d_hidden: ArrayViewMut2<f32>) {
        for group in groups(batch.targets) {
            let target = batch.targets[group.start];
            s.rows.clear();
            s.rows.push(target);
            s.rows.extend(s.draws.words.iter().filter(|word| **word != target));
            let signs = &s.signs[..s.rows.len()];
            let coef = |part: std::ops::Range<usize>, z: ArrayViewMut2<f32>, losses: &mut [f64]| {
                let weight = |b: usize| batch.weight(group.start + part.start + b);
                logistic_by(self.sigmoid.as_ref(), signs, weight, z, losses);
            };
            let x = exact::rows(&batch.hidden, &group);
            let d_x = d_hidden.slice_axis_mut(Axis(0), Slice::from(group.clone()));
            w.step(0, &s.rows, x, &coef, &mut s.losses[group.clone()], d_x);
        }
    }
}

impl FlatLayer for NegativeSampling {
    fn flat(&self) -> &Flat {
        &self.flat
    }

    fn is_shifted(&self) -> bool {
        true
    }

    /// ln q: scores lack it.
    fn shift(&self, word: WordId) -> f64 {
        self.noise.ln_prob(word)
    }

    /// ln k: ln Σ exp(z + ln(k·q)) is 0 where the scores are what the criterion wants them to be.
    fn ln_z_shift(&self) -> f64 {
        self.ln_negatives
    }

    /// A batch with one target is one step over target and noise; else the noise meets the whole batch, and every
    /// target its own examples. Where hits are dropped every target meets the noise on its own.
    fn train(&self, w: &mut Tables, batch: Batch, s: &mut Scratch, mut d_hidden: ArrayViewMut2<f32>, each: bool) {
        self.draw(w, &batch, s);
        if self.drops_hits {
            self.step_without_hits(w, &batch, s, d_hidden);
            return;
        }
        let table = self.sigmoid.as_ref();
        let one_target = groups(batch.targets).nth(1).is_none() && !batch.is_empty();
        let noise_from = usize::from(!one_target);
        if one_target {
            s.rows[0] = batch.targets[0];
        }
        let summed = one_target && batch.weights.is_none() && !each && table.is_none();
        if summed {
            s.repeat_signs(batch.len());
        }
        let signs = &s.signs[noise_from..];
        let coef = |part: std::ops::Range<usize>, z: ArrayViewMut2<f32>, losses: &mut [f64]| {
            if summed {
                logistic_block(signs, z, losses);
            } else {
                logistic_by(table, signs, |b| batch.weight(part.start + b), z, losses);
            }
        };
        w.step(0, &s.rows[noise_from..], batch.hidden, &coef, &mut s.losses, d_hidden.view_mut());
        if !one_target {
            for group in groups(batch.targets) {
                let coef = |part: std::ops::Range<usize>, z: ArrayViewMut2<f32>, losses: &mut [f64]| {
                    logistic_by(table, &[1.0], |b| batch.weight(group.start + part.start + b), z, losses);
                };
                let x = exact::rows(&batch.hidden, &group);
                let d_x = d_hidden.slice_axis_mut(Axis(0), Slice::from(group.clone()));
                w.step(0, &[batch.targets[group.start]], x, &coef, &mut s.losses[group.clone()], d_x);
            }
        }
    }

    fn train_cost(&self, targets: &[WordId]) -> Cost {
        let (k, dim) = (self.noise.samples(), self.flat.dim());
        let draws = Cost { draws: k as u64, ..Cost::default() };
        let groups: Vec<_> = groups(targets).collect();
        if self.drops_hits {
            return draws + groups.iter().map(|g| Cost::step(g.len(), 1 + k, dim)).sum();
        }
        if groups.len() == 1 {
            return draws + Cost::step(targets.len(), 1 + k, dim);
        }
        draws + Cost::step(targets.len(), k, dim) + groups.iter().map(|g| Cost::step(g.len(), 1, dim)).sum()
    }
}
