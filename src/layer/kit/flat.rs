//! Shared code of the layers that are one softmax over one table at test time, however they are trained.

use super::scan::{self, WordTable};
use crate::error::Result;
use crate::layer::verbs::WordFold;
use crate::layer::{Batch, Bias, LayerShape, OutputLayer, Scratch};
use crate::sampler::AdaptiveProposal;
use crate::table::{Cost, Stat, Tables};
use crate::vocab::{Counts, WordId};
use ndarray::{ArrayView2, ArrayViewMut2};

/// One table with the vector, and optionally the bias, of every word. It starts at zero.
#[derive(Clone, Copy, Debug)]
pub struct Flat {
    block: WordTable,
    bias: Bias,
}

impl Flat {
    /// Creates a table for `vocab` words and hidden vectors of size `dim`.
    ///
    /// # Errors
    /// No word, 2³¹ words or more, or `dim` = 0.
    pub fn new(vocab: usize, dim: usize, bias: Bias) -> Result<Self> {
        Ok(Self { block: WordTable::over(vocab, dim)?, bias })
    }

    /// Number of words, V.
    pub fn vocab(&self) -> usize {
        self.block.words as usize
    }

    /// Size of the hidden vector, d.
    pub fn dim(&self) -> usize {
        self.block.dim
    }

    pub(in crate::layer) fn block(&self) -> &WordTable {
        &self.block
    }

    /// Returns the shape of a layer that has only this table.
    pub fn shape(&self) -> LayerShape {
        LayerShape::flat(self.vocab(), self.dim(), self.bias)
    }

    /// Returns one bias per word.
    pub fn biases(&self, of: impl Fn(WordId) -> f64) -> Vec<Vec<f32>> {
        vec![(0..self.block.words).map(|word| of(word) as f32).collect()]
    }
}

/// A layer with P(w | h) = softmax(v_w·h + b_w + c_w) at test time, and all words in one table. An implementation
/// defines the training step, and the constant c, if any, that turns its scores into those of P. All methods of
/// [`OutputLayer`] follow from these. A method here with the name of a method of [`OutputLayer`] is that method.
pub trait FlatLayer: Send + Sync {
    /// The table of the words.
    fn flat(&self) -> &Flat;

    /// [`OutputLayer::step`].
    fn step(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64;

    /// [`OutputLayer::expected_cost`].
    fn expected_cost(&self, _targets: &[WordId]) -> Option<Cost> {
        None
    }

    /// Whether the layer has a [`FlatLayer::shift`].
    fn is_shifted(&self) -> bool {
        false
    }

    /// The constant c_w of a word.
    fn shift(&self, _word: WordId) -> f64 {
        0.0
    }

    /// The constant to add to ln Σ exp(z + c) to obtain the ln Z that the training criterion models.
    fn ln_z_shift(&self) -> f64 {
        0.0
    }

    /// [`LayerShape::takes_blocks`].
    fn takes_blocks(&self) -> bool {
        false
    }

    /// [`OutputLayer::adaptive`].
    fn adaptive(&self) -> Option<&dyn AdaptiveProposal> {
        None
    }

    /// [`OutputLayer::adaptive_mut`].
    fn adaptive_mut(&mut self) -> Option<&mut dyn AdaptiveProposal> {
        None
    }
}

/// Calls `f` with the shift plus `more`, or with `None` if both are absent.
fn with_shift<L: FlatLayer + ?Sized, T>(layer: &L, more: f64, f: impl FnOnce(Option<scan::Shift>) -> T) -> T {
    let shift = |word| (layer.shift(word) + more) as f32;
    f(if layer.is_shifted() || more != 0.0 { Some(&shift) } else { None })
}

impl<L: FlatLayer> OutputLayer for L {
    fn shape(&self) -> LayerShape {
        let shape = self.flat().shape();
        if self.takes_blocks() { shape.taking_blocks() } else { shape }
    }

    fn unigram_biases(&self, counts: &Counts) -> Vec<Vec<f32>> {
        self.flat().biases(|word| counts.ln_probability(word) - self.shift(word) - self.ln_z_shift())
    }

    fn step(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64 {
        let loss = FlatLayer::step(self, w, batch, s, d_hidden, losses);
        // The layer may have taken the announcement already.
        if let Some((target, _)) = s.take_announced() {
            w.prefetch(0, &[target]);
        }
        loss
    }

    fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, _: &mut Scratch, out: ArrayViewMut2<f32>) {
        let shift = |word| self.shift(word);
        let shift: Option<&dyn Fn(WordId) -> f64> = if self.is_shifted() { Some(&shift) } else { None };
        scan::log_probs(w, &[(*self.flat().block(), hidden)], shift, out);
    }

    fn log_prob(&self, w: &mut Tables, batch: Batch, s: &mut Scratch, out: &mut [f64]) {
        let block = self.flat().block();
        with_shift(self, 0.0, |shift| scan::log_prob(w, block, &batch, shift, s, |b, stat| out[b] = -stat.loss()));
    }

    fn ln_z(&self, w: &mut Tables, hidden: ArrayView2<f32>, s: &mut Scratch, out: &mut [f64]) -> bool {
        with_shift(self, self.ln_z_shift(), |shift| scan::ln_z(w, self.flat().block(), hidden, shift, s, out));
        true
    }

    fn scan_scores(&self, w: &mut Tables, hidden: ArrayView2<f32>, _: &mut Scratch, fold: &WordFold, out: &mut [Stat]) {
        with_shift(self, 0.0, |shift| scan::scan_scores(w, &[(*self.flat().block(), hidden)], shift, fold, out));
    }

    fn log_probs_backward(
        &self,
        w: &mut Tables,
        hidden: ArrayView2<f32>,
        d_log_probs: ArrayView2<f32>,
        _: &mut Scratch,
        d_hidden: ArrayViewMut2<f32>,
    ) -> bool {
        let blocks = &mut [(*self.flat().block(), hidden, d_hidden)];
        with_shift(self, 0.0, |shift| scan::log_probs_backward(w, blocks, shift, d_log_probs));
        true
    }

    fn expected_cost(&self, targets: &[WordId]) -> Option<Cost> {
        FlatLayer::expected_cost(self, targets)
    }

    fn adaptive(&self) -> Option<&dyn AdaptiveProposal> {
        FlatLayer::adaptive(self)
    }

    fn adaptive_mut(&mut self) -> Option<&mut dyn AdaptiveProposal> {
        FlatLayer::adaptive_mut(self)
    }
}
