//! Proposals that depend on the weights.

use crate::error::Result;
use crate::table::Tables;
use ndarray::{Array2, CowArray, Ix2};

/// Whether an adaptive proposal should look at the weights after this number of batches. Looks come after 16 batches
/// and each time the number has grown by half. Weights change most early on; a whole training has only a few dozen
/// looks.
pub fn is_look_due(batches: u64) -> bool {
    let mut at = 16;
    while at < batches {
        at += at / 2;
    }
    at == batches
}

/// A proposal q that depends on the weights. It looks at them on a schedule. Between two looks q does not change, so ln
/// q is exact.
///
/// Layers and samplers that draw from such a proposal give access to it: see
/// [`OutputLayer::adaptive`](crate::layer::OutputLayer::adaptive) and [`Sampler::adaptive`](super::Sampler::adaptive).
pub trait AdaptiveProposal {
    /// Looks at the weights. Table 0 of `w` has one row per word: its vector and, if the table has biases, its bias. A
    /// training loop calls this on the schedule, while no worker runs.
    fn refresh(&mut self, w: &mut Tables);

    /// The numbers from which [`restore`](Self::restore) rebuilds the same q. Checkpoints store them.
    fn state(&self) -> Vec<CowArray<'_, f32, Ix2>>;

    /// Restores the [`state`](Self::state) of a proposal with the same settings.
    ///
    /// # Errors
    /// [`Error::StateField`](crate::Error::StateField) if the numbers are not a valid state of such a proposal.
    ///
    /// # Panics
    /// If the arrays differ in shape from this proposal's own state.
    fn restore(&mut self, state: Vec<Array2<f32>>) -> Result<()>;
}
