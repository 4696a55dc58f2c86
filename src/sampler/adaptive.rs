//! Proposals that follow the weights.

use crate::error::Result;
use crate::table::Tables;
use ndarray::{Array2, CowArray, Ix2};

/// Whether an adaptive proposal looks at the weights after so many batches: after 16, and whenever there were half as many
/// again. Weights change most early on, and all looks together are no more than some dozens.
pub fn is_look_due(batches: u64) -> bool {
    let mut at = 16;
    while at < batches {
        at += at / 2;
    }
    at == batches
}

/// A proposal q that depends on the weights. It looks at them on a schedule; between two looks q does not change, so that
/// ln q is exact.
///
/// A layer or a sampler that draws from such a proposal offers it: see
/// [`OutputLayer::adaptive`](crate::layer::OutputLayer::adaptive) and [`Sampler::adaptive`](super::Sampler::adaptive).
pub trait AdaptiveProposal {
    /// Looks at the weights. Table 0 of `w` has the vector of every word, and the bias of every word where it has
    /// biases. Every training loop calls this now and then, while no worker runs.
    fn refresh(&mut self, w: &mut Tables);

    /// The numbers from which [`restore`](Self::restore) makes the same q again. A checkpoint holds them.
    fn state(&self) -> Vec<CowArray<'_, f32, Ix2>>;

    /// Takes back the [`state`](Self::state) of a proposal of the same settings.
    ///
    /// # Errors
    /// [`Error::StateField`](crate::Error::StateField) for numbers that are no state of such a proposal.
    ///
    /// # Panics
    /// If the arrays are not of the shapes of this proposal's own state.
    fn restore(&mut self, state: Vec<Array2<f32>>) -> Result<()>;
}
