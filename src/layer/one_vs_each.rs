//! One-vs-each: compares the target with every other word, one pair at a time.

use super::kit::candidates;
use super::kit::flat::{Flat, FlatLayer};
use super::{Batch, Bias, Scratch};
use crate::error::Result;
use crate::objective::one_vs_each;
use crate::sampler::{Hits, Sampler};
use crate::table::{Cost, Tables};
use crate::vocab::WordId;
use ndarray::ArrayViewMut2;

/// A bound on the softmax loss that is a sum over words, so that a sample of words estimates it without bias.
///
/// - *Model* at test time P(w | h) = softmax(v_w·h + b_w), as [`super::FullSoftmax`].
/// - *Criterion* L = −Σ_{j≠t} ln σ(z_t − z_j) ≥ −ln P(t | h), estimated from draws that the batch shares. Each draw has
///   the weight 1/(S·q): V/S if q is uniform, (V − 1)/S if q is uniform over the words other than t. A draw of a set
///   has the weight 1/π. A draw that hits the target adds nothing. At z = ln p + const the expected gradient is exactly
///   zero.
/// - *Gradient* ∂L/∂z_j = w_j·σ(z_j − z_t), where w_j is the weight of the draw times its number of occurrences; for t
///   minus the sum of these. It grows with 1/p(t): rare targets have large gradients, so plain descent needs a low
///   rate.
/// - *Cost* 3·B·U·d multiply-adds per step; U is the number of distinct words among the batch's targets and draws.
/// - *Reference* Titsias 2016, eq. 4 and sec. 2.2.
#[derive(Debug)]
pub struct OneVsEach {
    flat: Flat,
    sampler: Box<dyn Sampler>,
}

impl OneVsEach {
    /// Creates a layer over the words of `sampler` and hidden vectors of size `dim`.
    ///
    /// # Errors
    /// `dim` = 0.
    pub fn new(sampler: Box<dyn Sampler>, dim: usize, bias: Bias) -> Result<Self> {
        Ok(Self { flat: Flat::new(sampler.vocab(), dim, bias)?, sampler })
    }
}

impl FlatLayer for OneVsEach {
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
        let draws = match s.draws.hits {
            Hits::Keep => s.draws.words.len() as f32,
            Hits::Merge => 1.0,
        };
        candidates::correct(s, 0.0, |ln_q, drawn| drawn as f32 * (-ln_q).exp() / draws);
        let weights = std::mem::take(&mut s.correction);
        candidates::step_by_rows(w, &batch, s, d_hidden, |b, z, target| {
            one_vs_each(z, &weights, target, batch.weight(b))
        });
        s.correction = weights;
        s.total_loss(losses)
    }

    fn expected_cost(&self, targets: &[WordId]) -> Option<Cost> {
        Some(candidates::expected_cost(&*self.sampler, self.flat.dim(), targets))
    }
}
