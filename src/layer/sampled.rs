//! Sampled softmax: importance sampling with any sampler.

use super::kit::candidates;
use super::kit::flat::{Flat, FlatLayer};
use super::{Batch, Bias, Scratch};
use crate::error::Result;
use crate::sampler::{AdaptiveProposal, Sampler};
use crate::table::{Cost, Tables};
use crate::vocab::WordId;
use ndarray::ArrayViewMut2;

/// Softmax over the target and words drawn from a proposal q. The batch shares the draws.
///
/// - *Model* at test time P(w | h) = softmax(v_w·h + b_w), as [`super::FullSoftmax`].
/// - *Criterion* L = −ln softmax(z − ln q)_t over {t} ∪ draws. With replacement, ln q is that of one draw, and a draw
///   that hits the target stays beside it. For a set, ln q is the ln of the inclusion probability, and hits are merged.
///   Both are consistent: at z = ln p + const the expected gradient is exactly zero. TensorFlow's fixed-size distinct
///   draws are slightly biased.
/// - *Gradient* ∂L/∂z = softmax(z − ln q) − e_t over the candidates.
/// - *Cost* 3·B·U·d multiply-adds per step. U is the number of distinct words among the batch's targets and draws, at
///   most B + S: candidates are scored once for the whole batch.
/// - *Reference* Bengio & Senécal 2003, eq. 9; Jean et al. 2015; Jozefowicz et al. 2016, sec. 3.1.
#[derive(Debug)]
pub struct SampledSoftmax {
    flat: Flat,
    sampler: Box<dyn Sampler>,
}

impl SampledSoftmax {
    /// Creates a layer over the words of `sampler` and hidden vectors of size `dim`.
    ///
    /// # Errors
    /// `dim` = 0.
    pub fn new(sampler: Box<dyn Sampler>, dim: usize, bias: Bias) -> Result<Self> {
        Ok(Self { flat: Flat::new(sampler.vocab(), dim, bias)?, sampler })
    }
}

impl FlatLayer for SampledSoftmax {
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
        candidates::step_over_draws(&*self.sampler, w, &batch, s, d_hidden);
        s.total_loss(losses)
    }

    fn adaptive(&self) -> Option<&dyn AdaptiveProposal> {
        self.sampler.adaptive()
    }

    fn adaptive_mut(&mut self) -> Option<&mut dyn AdaptiveProposal> {
        self.sampler.adaptive_mut()
    }

    fn expected_cost(&self, targets: &[WordId]) -> Option<Cost> {
        Some(candidates::expected_cost(&*self.sampler, self.flat.dim(), targets))
    }
}
