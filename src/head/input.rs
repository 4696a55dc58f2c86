//! Input checks of a head, made before any weight moves.

use super::Head;
use crate::error::{Error, InputFault, Result};
use crate::layer::Batch;
use crate::objective::SoftTargets;
use crate::simd::all_finite;
use ndarray::ArrayView2;

const HIDDEN: &str = "hidden vectors";

/// Rejects an array of another shape.
pub(super) fn check_shape(what: &'static str, array: &ArrayView2<f32>, needed: [usize; 2]) -> Result<()> {
    let found = [array.nrows(), array.ncols()];
    if found == needed { Ok(()) } else { Err(InputFault::Shape { what, found, needed }.into()) }
}

/// Rejects numbers that are not finite.
#[inline(always)]
pub(super) fn check_finite(what: &'static str, array: &ArrayView2<f32>) -> Result<()> {
    match array.to_slice() {
        Some(all) if all_finite(all) => Ok(()),
        _ => check_each(what, array),
    }
}

/// Like [`check_finite`], one number at a time: for arrays that are not contiguous, and to locate the number.
#[inline(never)]
fn check_each(what: &'static str, array: &ArrayView2<f32>) -> Result<()> {
    match array.indexed_iter().find(|(_, x)| !x.is_finite()) {
        Some(((row, column), value)) => Err(InputFault::NotFinite { what, row, column, value: *value }.into()),
        None => Ok(()),
    }
}

/// Returns `hidden` with contiguous rows: itself or a copy.
#[inline(always)]
pub(super) fn contiguous<'a>(hidden: ArrayView2<'a, f32>, copied: &'a mut Vec<f32>) -> ArrayView2<'a, f32> {
    let [down, right] = [hidden.strides()[0], hidden.strides()[1]];
    if (right == 1 || hidden.ncols() == 1) && (down > 0 || hidden.nrows() == 1) {
        return hidden;
    }
    let shape = hidden.dim();
    copied.clear();
    copied.extend(hidden.iter());
    ArrayView2::from_shape(shape, copied).expect("as many numbers as were copied")
}

impl<M> Head<M> {
    /// Rejects hidden vectors of another size, and numbers that are not finite.
    pub(super) fn check_hidden(&self, hidden: &ArrayView2<f32>) -> Result<()> {
        check_shape(HIDDEN, hidden, [hidden.nrows(), self.shape.dim])?;
        check_finite(HIDDEN, hidden)
    }

    /// Rejects an invalid batch.
    pub(super) fn check_batch(&self, batch: &Batch) -> Result<()> {
        self.check_hidden(&batch.hidden)?;
        let examples = batch.hidden.nrows();
        if let Some(weights) = batch.weights {
            let row = ArrayView2::from_shape((1, weights.len()), weights).expect("one row");
            check_shape("weights of the examples", &row, [1, examples])?;
            check_finite("weights of the examples", &row)?;
        }
        match &batch.soft {
            Some(soft) if soft.len() == examples => self.check_soft(soft),
            Some(soft) => Err(InputFault::Targets { targets: soft.len(), examples }.into()),
            None => self.check_targets(batch.targets, examples, self.loss.ignored()),
        }
    }

    fn check_soft(&self, soft: &SoftTargets) -> Result<()> {
        if !self.loss.takes_soft_targets() {
            let layer = "a head that was built without `LossOptions::with_soft_targets`";
            return Err(Error::LossOption { layer, option: "soft targets" });
        }
        let vocab = self.shape.vocab;
        match soft.outside(vocab) {
            Some((example, target)) => Err(InputFault::Target { example, target, vocab }.into()),
            None => Ok(()),
        }
    }

    /// Rejects targets that are not words, except the ignored target.
    pub(super) fn check_targets(&self, targets: &[u32], examples: usize, ignored: Option<u32>) -> Result<()> {
        if targets.len() != examples {
            return Err(InputFault::Targets { targets: targets.len(), examples }.into());
        }
        let vocab = self.shape.vocab;
        let strange = |target: &u32| *target as usize >= vocab && Some(*target) != ignored;
        match targets.iter().position(strange) {
            Some(example) => Err(InputFault::Target { example, target: targets[example], vocab }.into()),
            None => Ok(()),
        }
    }

    /// Allocates one number for each example and word.
    pub(super) fn room(&self, examples: usize) -> Result<ndarray::Array2<f32>> {
        let (vocab, too_large) = (self.shape.vocab, || Error::TooLarge { rows: examples, dim: self.shape.vocab });
        let mut all = Vec::<f32>::new();
        let numbers = examples.checked_mul(vocab).ok_or_else(too_large)?;
        all.try_reserve_exact(numbers).map_err(|_| too_large())?;
        all.resize(numbers, 0.0);
        Ok(ndarray::Array2::from_shape_vec((examples, vocab), all).expect("examples × vocab numbers"))
    }
}
