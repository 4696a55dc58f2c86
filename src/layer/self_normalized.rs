//! Self-normalized softmax: a penalty that brings ln Z near 0.

use super::exact::{self, Block};
use super::verbs::WordFold;
use super::{Batch, Bias, OutputLayer, Scratch};
use crate::error::{Error, Result};
use crate::table::{Cost, Stat, TableShape, Tables};
use crate::vocab::{Counts, WordId};
use ndarray::{ArrayView2, ArrayViewMut2, Axis, Slice};

/// Full softmax whose scores are drawn towards ln Z = 0, so that a score alone will do for ln P where time is short.
///
/// - *Model* P(w | h) = softmax(v_w·h + b_w).
/// - *Criterion* L = −z_t + ln Z + α·(ln Z)².
/// - *Gradient* ∂L/∂z = (1 + 2·α·ln Z)·P − e_t.
/// - *Cost* 3·B·V·d multiply-adds a step, V rows written.
/// - *Reference* Devlin et al. 2014, eq. 3; Andreas & Klein 2015.
#[derive(Clone, Debug)]
pub struct SelfNormalizedSoftmax {
    block: Block,
    bias: Bias,
    alpha: f64,
}

impl SelfNormalizedSoftmax {
    /// Over `vocab` words and hidden vectors of size `dim`; `alpha` weighs the penalty.
    ///
    /// # Errors
    /// No word, more than 2³¹ words, `dim` = 0, or an α that is negative or not finite.
    pub fn new(vocab: usize, dim: usize, alpha: f64, bias: Bias) -> Result<Self> {
        if !(alpha >= 0.0 && alpha.is_finite()) {
            return Err(Error::OutOfRange { name: "alpha", value: alpha, limit: "0 or more, and finite" });
        }
        Ok(Self { block: super::checked_block(vocab, dim)?, bias, alpha })
    }
}

impl OutputLayer for SelfNormalizedSoftmax {
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
        mut d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64 {
        s.clear_losses(&batch);
        for part in exact::parts(batch.len(), self.vocab()) {
            let x = exact::rows(&batch.hidden, &part);
            exact::scan(w, &[(self.block, x)], &batch.targets[part.clone()], &mut s.stats);
            let d_x = d_hidden.slice_axis_mut(Axis(0), Slice::from(part.clone()));
            let stats = &s.stats;
            let of_all = |b: usize| 1.0 + 2.0 * self.alpha * stats[b].ln_z();
            exact::sweep_weighted(w, &self.block, x, &batch, &part, (stats, &of_all), d_x);
            for (b, stat) in part.zip(&s.stats) {
                s.losses[b] = f64::from(batch.weight(b)) * (stat.loss() + self.alpha * stat.ln_z().powi(2));
            }
        }
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

    fn expected_cost(&self, targets: &[WordId]) -> Cost {
        exact::cost(targets.len(), self.vocab(), self.vocab(), self.dim())
    }
}
