//! Sampled softmax: importance sampling over any sampler.

use super::candidates;
use super::exact::{self, Block};
use super::verbs::WordFold;
use super::{Batch, Bias, OutputLayer, Scratch};
use crate::error::Result;
use crate::sampler::Sampler;
use crate::table::{Cost, Stat, TableShape, Tables};
use crate::vocab::{Counts, WordId};
use ndarray::{ArrayView2, ArrayViewMut2};

/// Softmax over the target and words drawn from a proposal q, the draws shared by the batch.
///
/// - *Model* at test time P(w | h) = softmax(v_w·h + b_w), as [`super::FullSoftmax`].
/// - *Criterion* L = −ln softmax(z − ln q)_t over {t} ∪ draws: with replacement ln q of one draw and a draw that hits
///   the target kept beside it; for a set ln of the inclusion probability and hits merged. Both are consistent: at
///   z = ln p + const the expected gradient is exactly zero. TensorFlow's fixed-size distinct draws are not quite.
/// - *Gradient* ∂L/∂z = softmax(z − ln q) − e_t over the candidates.
/// - *Cost* 3·B·U·d multiply-adds a step, U the number of distinct words among the batch's targets and draws (at most
///   B + S): candidates are scored once for the whole batch.
/// - *Reference* Bengio & Senécal 2003, eq. 9; Jean et al. 2015; Jozefowicz et al. 2016, sec. 3.1.
pub struct SampledSoftmax {
    block: Block,
    bias: Bias,
    sampler: Box<dyn Sampler>,
}

impl SampledSoftmax {
    /// Over the words of `sampler` and hidden vectors of size `dim`.
    ///
    /// # Errors
    /// `dim` = 0.
    pub fn new(sampler: Box<dyn Sampler>, dim: usize, bias: Bias) -> Result<Self> {
        Ok(Self { block: super::checked_block(sampler.vocab(), dim)?, bias, sampler })
    }
}

impl OutputLayer for SampledSoftmax {
    fn vocab(&self) -> usize {
        self.block.words as usize
    }

    fn dim(&self) -> usize {
        self.block.dim
    }

    fn bias(&self) -> Bias {
        self.bias
    }

    fn tables(&self) -> Vec<TableShape> {
        super::one_table(&self.block, self.bias)
    }

    fn unigram_biases(&self, counts: &Counts) -> Vec<Vec<f32>> {
        super::ln_unigram(counts)
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
        candidates::step_over_draws(&*self.sampler, w, &batch, s, d_hidden);
        s.total_loss(losses)
    }

    fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, _: &mut Scratch, out: ArrayViewMut2<f32>) {
        exact::log_probs(w, &[(self.block, hidden)], None, out);
    }

    fn log_prob(&self, w: &mut Tables, batch: Batch, s: &mut Scratch, out: &mut [f64]) {
        exact::log_prob(w, &self.block, &batch, None, s, |b, stat| out[b] = -stat.loss());
    }

    fn ln_z(&self, w: &mut Tables, hidden: ArrayView2<f32>, s: &mut Scratch, out: &mut [f64]) -> bool {
        exact::ln_z(w, &self.block, hidden, None, s, out);
        true
    }

    fn scan_scores(&self, w: &mut Tables, hidden: ArrayView2<f32>, _: &mut Scratch, fold: &WordFold, out: &mut [Stat]) {
        exact::scan_scores(w, &[(self.block, hidden)], None, fold, out);
    }

    fn log_probs_backward(
        &self,
        w: &mut Tables,
        hidden: ArrayView2<f32>,
        d_log_probs: ArrayView2<f32>,
        _: &mut Scratch,
        d_hidden: ArrayViewMut2<f32>,
    ) -> bool {
        exact::log_probs_backward(w, &mut [(self.block, hidden, d_hidden)], None, d_log_probs);
        true
    }

    fn refresh(&mut self, w: &mut Tables) {
        self.sampler.refresh(w, self.block.table);
    }

    fn follows_weights(&self) -> bool {
        self.sampler.follows_weights()
    }

    fn expected_cost(&self, targets: &[WordId]) -> Cost {
        candidates::expected_cost(&*self.sampler, self.dim(), targets)
    }
}
