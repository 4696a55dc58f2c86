//! Target sampling: softmax over the batch's targets and uniformly drawn other words.

use super::kit::candidates::{distinct, step_over_candidates};
use super::kit::flat::{Flat, FlatLayer};
use super::{Batch, Bias, Scratch};
use crate::error::{Error, Result};
use crate::objective::TargetCorrection;
use crate::table::{Cost, Tables};
use crate::vocab::WordId;
use ndarray::ArrayViewMut2;
use rand::RngExt;

/// Softmax over V' = the batch's targets ∪ S other words, drawn uniformly without replacement.
///
/// - *Model* at test time P(w | h) = softmax(v_w·h + b_w), as [`super::FullSoftmax`].
/// - *Criterion* L = −ln softmax(z)_t over V', without a correction. It is correct only if V' is a uniform sample, and
///   the targets of a batch are not. Frequent words are nearly always in V', rare words in a share S/V of the steps.
///   The scores of rare words end up too high by about ln(V/S). S should therefore be a large part of V; the
///   catalogue's default is a quarter.
/// - *Gradient* ∂L/∂z = softmax(z) − e_t over V'.
/// - *Cost* 3·B·|V'|·d multiply-adds per step; |V'| = distinct targets + S, at most V.
/// - *Reference* Jean, Cho, Memisevic & Bengio 2015, sec. 3.1–3.2.
#[derive(Clone, Debug)]
pub struct TargetSampling {
    flat: Flat,
    samples: usize,
}

impl TargetSampling {
    /// Creates a layer over `vocab` words and hidden vectors of size `dim`, with `samples` words beside the targets.
    ///
    /// # Errors
    /// No word, 2³¹ words or more, `dim` = 0 or `samples` = 0.
    pub fn new(vocab: usize, dim: usize, samples: usize, bias: Bias) -> Result<Self> {
        if samples == 0 {
            return Err(Error::OutOfRange { name: "samples", value: 0.0, limit: "1 or more" });
        }
        Ok(Self { flat: Flat::new(vocab, dim, bias)?, samples })
    }

    /// Adds the words beside the targets. If most words are free it uses rejection sampling, otherwise a partial
    /// shuffle of the free words.
    fn draw_others(&self, s: &mut Scratch) {
        let vocab = self.flat.vocab() as u32;
        let free = vocab as usize - s.candidates.rows.len();
        let wanted = self.samples.min(free);
        if 2 * wanted <= free {
            let until = s.candidates.rows.len() + wanted;
            while s.candidates.rows.len() < until {
                let word = s.rng.random_range(0..vocab);
                if !s.candidates.contains(word) {
                    s.candidates.draw(word);
                }
            }
            return;
        }
        s.rows.clear();
        s.rows.extend((0..vocab).filter(|word| !s.candidates.contains(*word)));
        for i in 0..wanted {
            s.rows.swap(i, s.rng.random_range(i..free));
            s.candidates.draw(s.rows[i]);
        }
    }
}

impl FlatLayer for TargetSampling {
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
        s.candidates.begin(self.flat.vocab(), batch.targets);
        let targets = s.candidates.rows.len();
        self.draw_others(s);
        w.count_draws(s.candidates.rows.len() - targets);
        s.correction.clear();
        s.correction.resize(s.candidates.rows.len(), 0.0);
        step_over_candidates(w, &batch, s, d_hidden, |_| TargetCorrection::default());
        s.total_loss(losses)
    }

    fn expected_cost(&self, targets: &[WordId]) -> Option<Cost> {
        let distinct = distinct(targets);
        let draws = self.samples.min(self.flat.vocab() - distinct);
        Some(Cost { draws: draws as u64, ..Cost::step(targets.len(), distinct + draws, self.flat.dim()) })
    }
}
