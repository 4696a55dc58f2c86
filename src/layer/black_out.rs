//! BlackOut: raises the target and lowers every draw.

use super::kit::candidates;
use super::kit::flat::{Flat, FlatLayer};
use super::{Batch, Bias, Scratch};
use crate::error::Result;
use crate::objective::{WeightedDraws, black_out};
use crate::sampler::{Sampler, WithReplacement};
use crate::table::{Cost, Tables};
use crate::vocab::WordId;
use ndarray::ArrayViewMut2;

/// Softmax over the target and a sample, trained to raise the target and to lower every draw.
///
/// - *Model* at test time P(w | h) = softmax(v_w·h + b_w), as [`super::FullSoftmax`].
/// - *Criterion* L = −ln p̃_t − Σ_j ln(1 − p̃_j) over S draws j ~ q with replacement, shared by the batch. p̃ ∝ e^z / q
///   over {t} ∪ draws; a draw that hits the target stays beside it. At z = ln p + const the expected gradient is
///   exactly zero. Without the weights 1/q, or with hits removed, it is not.
/// - *Gradient* ∂L/∂z = p̃·(1 − Σ_j o_j) − e_t for each member, plus o for each draw, with o = p̃ / (1 − p̃).
/// - *Cost* 3·B·U·d multiply-adds per step; U is the number of distinct words among the batch's targets and draws.
/// - *Reference* Ji, Vishwanathan, Satish, Anderson & Dubey 2016, eq. 5–7.
#[derive(Debug)]
pub struct BlackOut {
    flat: Flat,
    sampler: Box<dyn Sampler>,
}

impl BlackOut {
    /// Creates a layer over the words of `sampler` and hidden vectors of size `dim`.
    ///
    /// # Errors
    /// `dim` = 0.
    pub fn new(sampler: WithReplacement, dim: usize, bias: Bias) -> Result<Self> {
        Ok(Self { flat: Flat::new(sampler.vocab(), dim, bias)?, sampler: Box::new(sampler) })
    }
}

impl FlatLayer for BlackOut {
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
        candidates::draw(&*self.sampler, w, &batch, s);
        candidates::correct(s, f32::NEG_INFINITY, |ln_q, _| -ln_q);
        let (shift, drawn) = (std::mem::take(&mut s.correction), std::mem::take(&mut s.candidates.drawn));
        let target_ln_q = std::mem::take(&mut s.draws.target_ln_q);
        candidates::step_by_rows(w, &batch, s, d_hidden, |b, z, target| {
            let draws = WeightedDraws { shift: &shift, drawn: &drawn };
            black_out(z, draws, target, -target_ln_q[b], batch.weight(b))
        });
        (s.correction, s.candidates.drawn, s.draws.target_ln_q) = (shift, drawn, target_ln_q);
        s.total_loss(losses)
    }

    fn expected_cost(&self, targets: &[WordId]) -> Option<Cost> {
        Some(candidates::expected_cost(&*self.sampler, self.flat.dim(), targets))
    }
}
