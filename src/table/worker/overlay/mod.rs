//! A worker's own copies of the rows that it touched, over a base matrix that does not change meanwhile.
//!
//! Several workers train side by side without seeing each other. A worker copies a row when it first touches it, and
//! then updates its copy. At a barrier [`merge`] adds the moves of all workers to the matrix, in worker order: often
//! moved rows at every barrier, all rows now and then. The result depends on the workers, never on the threads that ran
//! them.

#[cfg(feature = "text")]
mod exchange;
mod merge;
mod own;
mod whole;

pub use merge::{Merged, merge};
#[cfg(feature = "text")]
pub(crate) use merge::{add_moves, rows_to_merge};
pub use own::OwnRows;

use super::WorkerTable;
use super::shared::SharedMatrix;
use own::OverlayRows;
use whole::Whole;

/// The handle of one of several workers on a matrix that none of them changes. This worker sees its updates at once;
/// the others see them after [`merge`].
///
/// With one worker, all verbs give the same bits as [`Online`](crate::table::Online).
pub type Overlay<'a> = WorkerTable<OverlayRows<'a>>;

impl<'a> Overlay<'a> {
    /// A handle that keeps its rows in `own`, which may hold the rows of an earlier handle.
    ///
    /// # Panics
    /// If `own` was made for another shape.
    pub fn new(base: &'a SharedMatrix, own: &'a mut OwnRows, rate: f32) -> Self {
        let OwnRows { rows: own, buffers } = own;
        assert_eq!((own.slots.len(), own.dim), (base.shape().rows as usize, base.shape().dim), "the table's shape");
        Self::over(OverlayRows { base, own }, rate, buffers)
    }
}
