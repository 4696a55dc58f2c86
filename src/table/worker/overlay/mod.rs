//! A worker's own copies of the rows that it touched, over a matrix that stands still meanwhile.
//!
//! Several workers train side by side without seeing each other: the first time that one touches a row it copies it,
//! and moves its copy from then on. At a barrier [`merge`] adds the moves of all to the matrix, in the order of the
//! workers: of rows that were moved often at every barrier, of all rows now and then. What comes out depends on the
//! workers, never on the threads that ran them.

mod merge;
mod own;
mod whole;

pub use merge::{Merged, merge};
pub use own::OwnRows;

use super::WorkerTable;
use super::shared::SharedMatrix;
use own::OverlayRows;
use whole::Whole;

/// The handle of one of several workers on a matrix that none of them changes: updates are seen at once by this
/// worker, and by the others after [`merge`].
///
/// Alone, all verbs give the same bits as [`Online`](crate::table::Online).
pub type Overlay<'a> = WorkerTable<OverlayRows<'a>>;

impl<'a> Overlay<'a> {
    /// A handle that puts its rows into `own`, where those of an earlier handle may stand.
    ///
    /// # Panics
    /// If `own` was made for another shape.
    pub fn new(base: &'a SharedMatrix, own: &'a mut OwnRows, rate: f32) -> Self {
        let OwnRows { rows: own, buffers } = own;
        assert_eq!((own.slots.len(), own.dim), (base.shape().rows as usize, base.shape().dim), "the table's shape");
        Self::over(OverlayRows { base, own }, rate, buffers)
    }
}
