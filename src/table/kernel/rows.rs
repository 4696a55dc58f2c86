//! Access to rows for the kernels: copied from any storage, or at places in a worker's memory.

use super::small::Buffers;
use crate::table::exclusive::{Exclusive, OnlineStore};
use crate::table::{Matrix, TableShape, Traffic};
use std::borrow::BorrowMut;
use std::ops::Range;

/// Rows that can be copied out.
pub trait RowSource {
    /// Copies the weights of a row.
    fn copy_row(&self, row: u32, to: &mut [f32]);

    /// The bias of a row; 0 for a table without biases.
    fn row_bias(&self, row: u32) -> f32;

    /// Whether the table has biases.
    fn has_bias(&self) -> bool;
}

impl RowSource for Matrix {
    #[inline(always)]
    fn copy_row(&self, row: u32, to: &mut [f32]) {
        to.copy_from_slice(self.row(row));
    }

    fn row_bias(&self, row: u32) -> f32 {
        self.bias()[row as usize]
    }

    fn has_bias(&self) -> bool {
        self.shape().bias
    }
}

/// A plain matrix that belongs to one worker.
pub type Plain = Exclusive<OnlineStore<Matrix>>;

/// The effect of a verb on its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads the rows.
    Read,
    /// Reads the rows; a sweep of the same rows may follow.
    Scan,
    /// Updates the rows.
    Update,
    /// Updates the rows after a scan of them, with the last part of a batch.
    Sweep {
        /// Whether this is the last part.
        last: bool,
    },
}

impl Access {
    /// Whether rows may have changed afterwards.
    #[inline(always)]
    pub fn updates(self) -> bool {
        matches!(self, Self::Update | Self::Sweep { .. })
    }
}

/// One worker's view of the rows: each has a place in one padded, aligned slice.
pub trait RowStore: RowSource + Send {
    /// The buffers of the verbs, owned by the handle or lent to it.
    type Buffers: BorrowMut<Buffers> + Send;

    /// Number of rows, entries per row, and bias.
    fn shape(&self) -> TableShape;

    /// Entries per row, d.
    fn dim(&self) -> usize;

    /// Entries per row with padding.
    fn stride(&self) -> usize;

    /// Fills `places` with the places of `rows` and copies missing rows there. A repeated row has one place. The next
    /// call drops copies of rows that are not kept, unless it has the same rows and none has moved.
    ///
    /// Implementations must not be inlined: inside a large caller the compiler emits three times the instructions
    /// (measured).
    fn place(&mut self, rows: &[u32], places: &mut Vec<u32>);

    /// Makes the next call of [`place`](Self::place) copy all rows again, even if they are the same as before.
    fn renew(&mut self) {}

    /// All places, places × stride.
    fn weights(&self) -> &[f32];

    /// All places, mutable.
    fn weights_mut(&mut self) -> &mut [f32];

    /// Reports that a row was updated at its place by a sum over `examples` examples in `groups` groups or bags.
    fn moved(&mut self, row: u32, place: u32, examples: u32, groups: u32);

    /// The bias of a row that has a bias and a place.
    fn bias(&self, row: u32, place: u32) -> f32;

    /// bias ← bias − rate·gradient, for a row that has a bias and a place.
    fn descend_bias(&mut self, row: u32, place: u32, rate: f32, gradient: f32);

    /// Prefetches a row into the cache.
    fn prefetch(&self, row: u32);

    /// Reports the learning rate of all later updates.
    fn set_rate(&mut self, _rate: f32) {}

    /// Publishes all moves, for stores whose moves other workers see before a merge.
    fn flush(&mut self) {}

    /// Number of rows moved between the shared memory and this worker's.
    fn traffic(&self) -> Traffic {
        Traffic::default()
    }

    /// The plain copy for a verb over neighbouring `rows`, or over listed rows if `rows` is `None`. The result is
    /// `None` if the verb works by places, as only verbs over listed rows do. Call [`settle`](Self::settle) after a
    /// verb on the copy.
    fn plain(&mut self, rows: Option<&Range<u32>>, access: Access, rate: f32) -> Option<&mut Plain>;

    /// Reports that a verb on the plain copy is done.
    fn settle(&mut self, _access: Access) {}
}
