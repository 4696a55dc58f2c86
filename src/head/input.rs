//! Checks of what a head is given, before anything moves.

use super::Head;
use crate::error::{Error, InputFault, Result};
use crate::layer::Batch;
use crate::objective::SoftTargets;
use ndarray::ArrayView2;

const HIDDEN: &str = "hidden vectors";

/// Whether no number is infinite or NaN.
pub(super) fn all_finite(values: &[f32]) -> bool {
    // The exponent of such a number has all bits set: one more carries into the sign. No branch in the loop, so that it
    // runs over whole vectors.
    let carries = values.iter().fold(0u32, |seen, x| seen | ((x.to_bits() & 0x7f80_0000) + 0x0080_0000));
    carries & 0x8000_0000 == 0
}

/// Refuses an array of another shape.
pub(super) fn check_shape(what: &'static str, array: &ArrayView2<f32>, needed: [usize; 2]) -> Result<()> {
    let found = [array.nrows(), array.ncols()];
    if found == needed { Ok(()) } else { Err(InputFault::Shape { what, found, needed }.into()) }
}

/// Refuses a number that is not finite.
pub(super) fn check_finite(what: &'static str, array: &ArrayView2<f32>) -> Result<()> {
    let finite = match array.to_slice() {
        Some(all) => all_finite(all),
        None => array.rows().into_iter().all(|row| row.iter().all(|x| x.is_finite())),
    };
    if finite {
        return Ok(());
    }
    let bad = array.indexed_iter().find(|(_, x)| !x.is_finite());
    let ((row, column), value) = bad.map_or(((0, 0), f32::NAN), |(at, value)| (at, *value));
    Err(InputFault::NotFinite { what, row, column, value }.into())
}

/// `hidden` with contiguous rows: itself, or a copy.
pub(super) fn contiguous<'a>(hidden: ArrayView2<'a, f32>, copied: &'a mut Vec<f32>) -> ArrayView2<'a, f32> {
    if hidden.is_standard_layout() || (hidden.ncols() <= 1 || hidden.strides()[1] == 1) && hidden.strides()[0] > 0 {
        return hidden;
    }
    let shape = hidden.dim();
    copied.clear();
    copied.extend(hidden.iter());
    ArrayView2::from_shape(shape, copied).expect("as many numbers as were copied")
}

impl<M> Head<M> {
    /// Refuses hidden vectors of another size, and numbers that are not finite.
    pub(super) fn check_hidden(&self, hidden: &ArrayView2<f32>) -> Result<()> {
        check_shape(HIDDEN, hidden, [hidden.nrows(), self.shape.dim])?;
        check_finite(HIDDEN, hidden)
    }

    /// Refuses a batch that does not fit.
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

    /// Refuses targets that are no words, but for one that counts nothing.
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

    /// Room for one number for each example and word.
    pub(super) fn room(&self, examples: usize) -> Result<ndarray::Array2<f32>> {
        let (vocab, too_large) = (self.shape.vocab, || Error::TooLarge { rows: examples, dim: self.shape.vocab });
        let mut all = Vec::<f32>::new();
        let numbers = examples.checked_mul(vocab).ok_or_else(too_large)?;
        all.try_reserve_exact(numbers).map_err(|_| too_large())?;
        all.resize(numbers, 0.0);
        Ok(ndarray::Array2::from_shape_vec((examples, vocab), all).expect("examples × vocab numbers"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_not_finite_are_seen_wherever_they_stand() {
        let fine = [0.0, -0.0, 1.0, f32::MAX, f32::MIN, f32::MIN_POSITIVE, 1e-45, -3.5, 2.0, 7.0, -1e30];
        assert!(all_finite(&fine) && all_finite(&[]));
        for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for at in 0..fine.len() {
                let mut values = fine;
                values[at] = bad;
                assert!(!all_finite(&values), "{bad} at {at}");
            }
        }
    }
}
