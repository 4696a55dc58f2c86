//! The full softmax: every word, every time.

use super::exact::{self, Block};
use super::verbs::WordFold;
use super::{Batch, Bias, OutputLayer, Scratch};
use crate::error::Result;
use crate::table::{Cost, Stat, TableShape, Tables};
use crate::vocab::{Counts, WordId};
use ndarray::{ArrayView2, ArrayViewMut2, Axis, Slice};

/// The softmax over all words.
///
/// - *Model* P(w | h) = exp(v_w·h + b_w) / Σ_k exp(v_k·h + b_k).
/// - *Criterion* L = −ln P(t | h).
/// - *Gradient* ∂L/∂z = P − e_t.
/// - *Cost* 3·B·V·d multiply-adds a step, V rows written.
/// - *Reference* Bridle 1990; tiled with the online normalizer of Milakov & Gimelshein 2018, eq. 4.
#[derive(Clone, Debug)]
pub struct FullSoftmax {
    block: Block,
    bias: Bias,
}

impl FullSoftmax {
    /// Over `vocab` words and hidden vectors of size `dim`.
    ///
    /// # Errors
    /// No word, more than 2³¹ words, or `dim` = 0.
    pub fn new(vocab: usize, dim: usize, bias: Bias) -> Result<Self> {
        Ok(Self { block: super::checked_block(vocab, dim)?, bias })
    }
}

impl OutputLayer for FullSoftmax {
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
            exact::sweep(w, &self.block, x, &batch, &part, &s.stats, d_x);
            exact::losses(&batch, &part, &s.stats, &mut s.losses);
        }
        s.total_loss(losses)
    }

    fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, _: &mut Scratch, out: ArrayViewMut2<f32>) {
        exact::log_probs(w, &[(self.block, hidden)], None, out);
    }

    fn log_prob(&self, w: &mut Tables, batch: Batch, s: &mut Scratch, out: &mut [f64]) {
        exact::log_prob(w, &self.block, &batch, None, s, |b, stat| out[b] = -stat.loss());
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
