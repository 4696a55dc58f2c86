//! Self-normalized softmax: a penalty drives ln Z towards 0.

use super::kit::flat::{Flat, FlatLayer};
use super::kit::scan;
use super::{Batch, Bias, Scratch};
use crate::error::{Error, Result};
use crate::table::kernel::view;
use crate::table::{Cost, Tables};
use crate::vocab::WordId;
use ndarray::ArrayViewMut2;

/// Full softmax with a penalty that drives ln Z towards 0, so that a score alone approximates ln P.
///
/// - *Model* P(w | h) = softmax(v_w·h + b_w).
/// - *Criterion* L = −z_t + ln Z + α·(ln Z)².
/// - *Gradient* ∂L/∂z = (1 + 2·α·ln Z)·P − e_t.
/// - *Cost* 3·B·V·d multiply-adds per step, V rows written.
/// - *Reference* Devlin et al. 2014, eq. 3; Andreas & Klein 2015.
#[derive(Clone, Debug)]
pub struct SelfNormalizedSoftmax {
    flat: Flat,
    alpha: f64,
}

impl SelfNormalizedSoftmax {
    /// Creates a layer over `vocab` words and hidden vectors of size `dim`; `alpha` is the weight of the penalty.
    ///
    /// # Errors
    /// No word, 2³¹ words or more, `dim` = 0, or an α that is negative or not finite.
    pub fn new(vocab: usize, dim: usize, alpha: f64, bias: Bias) -> Result<Self> {
        if !(alpha >= 0.0 && alpha.is_finite()) {
            return Err(Error::OutOfRange { name: "alpha", value: alpha, limit: "0 or more, and finite" });
        }
        Ok(Self { flat: Flat::new(vocab, dim, bias)?, alpha })
    }
}

impl FlatLayer for SelfNormalizedSoftmax {
    fn flat(&self) -> &Flat {
        &self.flat
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
        for part in scan::parts(batch.len(), self.flat.vocab()) {
            let x = view::rows(&batch.hidden, &part);
            scan::scan(w, &[(*self.flat.block(), x)], &batch.targets[part.clone()], &mut s.stats);
            let d_x = view::rows_mut(&mut d_hidden, &part);
            let stats = &s.stats;
            let of_all = |b: usize| 1.0 + 2.0 * self.alpha * stats[b].ln_z();
            scan::sweep_weighted(w, self.flat.block(), x, &batch, &part, (stats, &of_all), d_x);
            for (b, stat) in part.zip(&s.stats) {
                s.losses[b] = f64::from(batch.weight(b)) * (stat.loss() + self.alpha * stat.ln_z().powi(2));
            }
        }
        s.total_loss(losses)
    }

    fn expected_cost(&self, targets: &[WordId]) -> Option<Cost> {
        Some(scan::cost(targets.len(), self.flat.vocab(), self.flat.vocab(), self.flat.dim()))
    }
}
