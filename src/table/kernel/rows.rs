//! The rows that kernels work on: copied from anywhere, or each at a place of a worker's memory.

use super::small::Buffers;
use crate::table::exclusive::{Exclusive, OnlineStore};
use crate::table::{Matrix, TableShape, Traffic};
use std::borrow::BorrowMut;
use std::ops::Range;

/// Rows that can be copied.
pub trait RowSource {
    /// Copies the weights of a row.
    fn copy_row(&self, row: u32, to: &mut [f32]);

    /// The bias of a row; 0 without.
    fn row_bias(&self, row: u32) -> f32;

    /// Whether there are biases.
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

/// A table as a plain matrix that one worker has to itself.
pub type Plain = Exclusive<OnlineStore<Matrix>>;

/// The effect of a verb on the rows that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads them.
    Read,
    /// Reads them; a sweep of the same rows may follow.
    Scan,
    /// Updates them.
    Update,
    /// Updates them after a scan of the same rows, with the last part of a batch.
    Sweep {
        /// Whether this is the last part.
        last: bool,
    },
}

impl Access {
    /// Whether rows may have moved afterwards.
    #[inline(always)]
    pub fn updates(self) -> bool {
        matches!(self, Self::Update | Self::Sweep { .. })
    }
}

/// The rows of one worker among several, as it sees them: each at a place of one padded, aligned slice.
pub trait RowStore: RowSource + Send {
    /// The memory of the verbs, in the handle or on loan to it.
    type Buffers: BorrowMut<Buffers> + Send;

    /// Rows, size and bias.
    fn shape(&self) -> TableShape;

    /// d.
    fn dim(&self) -> usize;

    /// d with the padding.
    fn stride(&self) -> usize;

    /// Fills `places` with those of rows, which are brought there if need be: one place if a row comes twice. Copies of
    /// rows that are not kept are forgotten at the next call, unless that is for the same rows and none has moved.
    ///
    /// Implementations are not inlined: inside a large caller the compiler emits three times the instructions
    /// (measured).
    fn place(&mut self, rows: &[u32], places: &mut Vec<u32>);

    /// Has the next call of [`place`](Self::place) copy rows anew, even those of the call before.
    fn renew(&mut self) {}

    /// Rows by place: places × stride.
    fn weights(&self) -> &[f32];

    /// The same, to be changed.
    fn weights_mut(&mut self) -> &mut [f32];

    /// Takes note that a row was moved at its place by the sum of so many examples, in so many groups or bags.
    fn moved(&mut self, row: u32, place: u32, examples: u32, groups: u32);

    /// The bias of a row that has one and was placed.
    fn bias(&self, row: u32, place: u32) -> f32;

    /// The bias of a row that has one and was placed ← itself − rate·gradient.
    fn descend_bias(&mut self, row: u32, place: u32, rate: f32, gradient: f32);

    /// Has a row brought into the cache.
    fn prefetch(&self, row: u32);

    /// Takes note of the rate from now on.
    fn set_rate(&mut self, _rate: f32) {}

    /// Hands over all moves, where others see them before a merge.
    fn flush(&mut self) {}

    /// Rows moved between the memory that workers share and this worker's.
    fn traffic(&self) -> Traffic {
        Traffic::default()
    }

    /// The plain copy on which a verb over these neighbouring rows, or over listed ones, is done; none if it is done by
    /// places, as only verbs over listed rows are. [`settle`](Self::settle) follows a verb on the copy.
    fn plain(&mut self, rows: Option<&Range<u32>>, access: Access, rate: f32) -> Option<&mut Plain>;

    /// Takes note that a verb on the plain copy is done.
    fn settle(&mut self, _access: Access) {}
}
