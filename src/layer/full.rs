//! The full softmax over all words.

use super::kit::flat::Flat;
use super::kit::goal::{self, Goal};
use super::kit::scan;
use super::verbs::{self, WordFold};
use super::{Batch, Bias, LayerShape, OutputLayer, Scratch};
use crate::error::Result;
use crate::objective::{LossOption, LossOptions};
use crate::table::kernel::view;
use crate::table::{Cost, Stat, Tables};
use crate::vocab::{Counts, WordId};
use ndarray::{ArrayView2, ArrayViewMut2};

/// The softmax over all words. It is the reference for all other layers.
///
/// - *Model* P(w | h) = exp(v_w·h + b_w) / Σ_k exp(v_k·h + b_k).
/// - *Criterion* L = −ln P(t | h). Supports all [`LossOptions`].
/// - *Gradient* ∂L/∂z = P − e_t.
/// - *Cost* 3·B·V·d multiply-adds per step, V rows written.
/// - *Reference* Bridle 1990. Computed in tiles with the online normalizer of Milakov & Gimelshein 2018, eq. 4.
#[derive(Clone, Debug)]
pub struct FullSoftmax {
    flat: Flat,
    loss: LossOptions,
}

impl FullSoftmax {
    /// Creates a layer over `vocab` words and hidden vectors of size `dim`.
    ///
    /// # Errors
    /// No word, 2³¹ words or more, or `dim` = 0.
    pub fn new(vocab: usize, dim: usize, bias: Bias) -> Result<Self> {
        Ok(Self { flat: Flat::new(vocab, dim, bias)?, loss: LossOptions::new() })
    }

    /// Sets the options of the loss.
    ///
    /// # Errors
    /// Word weights whose number differs from the number of words.
    pub fn with_loss(mut self, loss: LossOptions) -> Result<Self> {
        self.set_loss(loss)?;
        Ok(self)
    }
}

impl OutputLayer for FullSoftmax {
    fn shape(&self) -> LayerShape {
        self.flat.shape()
    }

    fn unigram_biases(&self, counts: &Counts) -> Vec<Vec<f32>> {
        goal::uncap(&self.loss, self.flat.biases(|word| counts.ln_probability(word)))
    }

    fn set_loss(&mut self, loss: LossOptions) -> Result<()> {
        loss.check("FullSoftmax", self.flat.vocab(), LossOption::ALL)?;
        self.loss = loss;
        Ok(())
    }

    fn step(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        mut d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64 {
        let goal = Goal::new(&self.loss, batch, self.flat.vocab(), s);
        for part in scan::parts(batch.len(), self.flat.vocab()) {
            let x = view::rows(&batch.hidden, &part);
            goal.scan(w, &[(*self.flat.block(), x)], &part, &mut s.stats);
            let d_x = view::rows_mut(&mut d_hidden, &part);
            goal.sweep(w, self.flat.block(), x, &part, &s.stats, d_x);
            goal.losses(&part, &s.stats, &mut s.losses);
        }
        s.total_loss(losses)
    }

    fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, _: &mut Scratch, out: ArrayViewMut2<f32>) {
        goal::log_probs(w, &[(*self.flat.block(), hidden)], &self.loss, out);
    }

    fn log_prob(&self, w: &mut Tables, batch: Batch, s: &mut Scratch, out: &mut [f64]) {
        goal::log_prob(w, &[(*self.flat.block(), batch.hidden)], &self.loss, &batch, &mut s.stats, out);
    }

    fn scan_scores(&self, w: &mut Tables, hidden: ArrayView2<f32>, s: &mut Scratch, fold: &WordFold, out: &mut [Stat]) {
        if self.loss.soft_cap().is_some() {
            return verbs::scan_log_probs(self, w, hidden, s, fold, out);
        }
        scan::scan_scores(w, &[(*self.flat.block(), hidden)], None, fold, out);
    }

    fn log_probs_backward(
        &self,
        w: &mut Tables,
        hidden: ArrayView2<f32>,
        d_log_probs: ArrayView2<f32>,
        _: &mut Scratch,
        d_hidden: ArrayViewMut2<f32>,
    ) -> bool {
        if self.loss.soft_cap().is_some() {
            return false;
        }
        scan::log_probs_backward(w, &mut [(*self.flat.block(), hidden, d_hidden)], None, d_log_probs);
        true
    }

    fn expected_cost(&self, targets: &[WordId]) -> Option<Cost> {
        Some(scan::cost(targets.len(), self.flat.vocab(), self.flat.vocab(), self.flat.dim()))
    }
}
