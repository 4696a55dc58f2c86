//! α-entmax: between softmax and sparsemax.

use super::kit::flat::Flat;
use super::kit::scan;
use super::kit::sparse;
use super::{Batch, Bias, LayerShape, OutputLayer, Scratch};
use crate::error::Result;
use crate::objective::Alpha;
use crate::table::{Cost, Tables};
use crate::vocab::{Counts, WordId};
use ndarray::{ArrayView2, ArrayViewMut2};

/// Probabilities that are exactly 0 for most words, and smoother than sparsemax's.
///
/// - *Model* P(w | h) = max(0, (α − 1)·z_w − τ)^(1/(α − 1)), z = (v·h + b)/T, τ so that Σ P = 1; α = 1.5 is solved exactly.
/// - *Criterion* the Fenchel–Young loss L = max_p (p·z + H(p)) − z_t, H(p) = (1 − Σ p^α) / (α·(α − 1)): 0 exactly where
///   P(t) = 1, finite also where P(t) = 0. Held-out text may have −ln P = ∞; see `epsilon_perplexity`.
/// - *Gradient* ∂L/∂(v·h + b) = (P − e_t)/T.
/// - *Cost* 3·B·V·d multiply-adds a step, and about ten looks at the scores to find τ.
/// - *Reference* Peters, Niculae & Martins 2019, eq. 4–9; Blondel, Martins & Niculae 2020.
#[derive(Clone, Debug)]
pub struct Entmax {
    flat: Flat,
    alpha: Alpha,
}

impl Entmax {
    /// Over `vocab` words and hidden vectors of size `dim`.
    ///
    /// # Errors
    /// No word, more than 2³¹ words, `dim` = 0, or an α that is not above 1 and at most 2.
    pub fn new(vocab: usize, dim: usize, alpha: f64, bias: Bias) -> Result<Self> {
        Ok(Self { flat: Flat::new(vocab, dim, bias)?, alpha: Alpha::new(alpha)? })
    }

    /// With scores divided by a temperature. Scores of this layer live on the scale of probabilities: a difference of 2·T
    /// makes a word certain, so that training with rates for other layers throws rare words out at once. A T above 1 slows
    /// the layer down and leaves the encoder its rate.
    ///
    /// # Errors
    /// A temperature that is not positive and finite.
    pub fn with_temperature(self, temperature: f64) -> Result<Self> {
        Ok(Self { alpha: self.alpha.at_temperature(temperature)?, ..self })
    }
}

impl OutputLayer for Entmax {
    fn shape(&self) -> LayerShape {
        self.flat.shape().giving_zeros()
    }

    fn unigram_biases(&self, counts: &Counts) -> Vec<Vec<f32>> {
        self.flat.biases(|word| self.alpha.score_of(counts.probability(word)))
    }

    fn step(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64 {
        sparse::step(w, self.flat.block(), self.alpha, &batch, s, d_hidden);
        s.total_loss(losses)
    }

    fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, _: &mut Scratch, out: ArrayViewMut2<f32>) {
        sparse::log_probs(w, self.flat.block(), self.alpha, hidden, out);
    }

    fn log_prob(&self, w: &mut Tables, batch: Batch, s: &mut Scratch, out: &mut [f64]) {
        sparse::log_prob(w, self.flat.block(), self.alpha, &batch, s, out);
    }

    fn expected_cost(&self, targets: &[WordId]) -> Option<Cost> {
        Some(scan::cost(targets.len(), self.flat.vocab(), self.flat.vocab(), self.flat.dim()))
    }
}
