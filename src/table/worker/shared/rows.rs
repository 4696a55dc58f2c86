//! The rows of a shared matrix as one worker sees them.

use super::cached::Cached;
use super::local::Local;
use super::{CachedRows, SharedMatrix};
use crate::table::kernel::rows::{Access, Plain, RowSource, RowStore};
use crate::table::kernel::small::Buffers;
use crate::table::worker::WorkerTable;
use crate::table::{TableShape, Traffic};
use std::fmt;
use std::ops::Range;

/// The handle of one of several workers; it sees its own updates at once. It can keep private copies of its first rows
/// ([`CachedRows`]). Other rows are copied for a step and stored after it.
///
/// With one worker, all verbs give the same bits as [`Online`](crate::table::Online). With several, a worker sees the
/// others' moves of a cached row only when it exchanges the row. [`Table::flush`](crate::table::Table::flush) exchanges
/// all rows.
pub type Shared<'a> = WorkerTable<SharedRows<'a>>;

impl<'a> Shared<'a> {
    /// One of `workers` handles on `matrix`. `rate` is the initial and highest learning rate. Each cached row is
    /// exchanged after `period` of this worker's updates at that rate. A lower rate lengthens the period, so that a row
    /// moves equally far between two exchanges. A single worker exchanges no row before a flush.
    pub fn new(matrix: &'a SharedMatrix, rate: f32, cached: CachedRows, workers: usize, period: usize) -> Self {
        let cached = Cached::new(matrix, rate, cached, workers, period);
        Self::over(SharedRows { matrix, cached, local: None }, rate, Buffers::default())
    }
}

/// The cached rows, and copies of other rows for one step.
pub struct SharedRows<'a> {
    matrix: &'a SharedMatrix,
    cached: Cached,
    local: Option<Local>,
}

impl fmt::Debug for SharedRows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("SharedRows").field("cached", &self.cached.len()).finish_non_exhaustive()
    }
}

impl SharedRows<'_> {
    /// The plain copy with the current values of these rows. A sweep uses the copy of the scan before it.
    fn gathered(&mut self, rows: &Range<u32>, access: Access, rate: f32) -> &mut Plain {
        let mut local = self.local.take().unwrap_or_else(|| Local::new(self.matrix.shape));
        if !matches!(access, Access::Sweep { .. }) || !local.holds(rows) {
            local.gather(self, rows);
            local.set_rate(rate);
        }
        self.local.insert(local).plain()
    }
}

impl RowSource for SharedRows<'_> {
    #[inline(always)]
    fn copy_row(&self, row: u32, to: &mut [f32]) {
        if self.cached.has(row) {
            to.copy_from_slice(&self.cached.row(row)[..to.len()]);
        } else {
            self.cached.note_copied();
            self.matrix.read_row(row, to);
        }
    }

    fn row_bias(&self, row: u32) -> f32 {
        self.cached.bias_of(self.matrix, row)
    }

    fn has_bias(&self) -> bool {
        self.matrix.shape.bias
    }
}

impl RowStore for SharedRows<'_> {
    type Buffers = Buffers;

    fn shape(&self) -> TableShape {
        self.matrix.shape
    }

    #[inline(always)]
    fn dim(&self) -> usize {
        self.matrix.shape.dim
    }

    #[inline(always)]
    fn stride(&self) -> usize {
        self.cached.stride()
    }

    #[inline(never)]
    fn place(&mut self, rows: &[u32], places: &mut Vec<u32>) {
        self.cached.place(self.matrix, rows, places);
    }

    #[inline(always)]
    fn weights(&self) -> &[f32] {
        self.cached.weights()
    }

    #[inline(always)]
    fn weights_mut(&mut self) -> &mut [f32] {
        self.cached.weights_mut()
    }

    #[inline(always)]
    fn moved(&mut self, row: u32, place: u32, _examples: u32, groups: u32) {
        if self.cached.has(row) {
            self.cached.updated(self.matrix, row, groups);
        } else {
            self.cached.store(self.matrix, row, place);
        }
    }

    fn bias(&self, row: u32, _place: u32) -> f32 {
        self.cached.bias_of(self.matrix, row)
    }

    fn descend_bias(&mut self, row: u32, _place: u32, rate: f32, gradient: f32) {
        self.cached.descend_bias(self.matrix, row, rate, gradient);
    }

    #[inline(always)]
    fn prefetch(&self, row: u32) {
        if self.cached.has(row) {
            self.cached.prefetch(row);
        } else {
            self.matrix.prefetch(row);
        }
    }

    fn set_rate(&mut self, rate: f32) {
        self.cached.set_rate(rate);
    }

    fn flush(&mut self) {
        self.local.iter_mut().for_each(Local::forget);
        self.cached.forget_places();
        self.cached.flush(self.matrix);
    }

    fn renew(&mut self) {
        self.cached.forget_places();
    }

    fn traffic(&self) -> Traffic {
        self.cached.traffic(self.matrix)
    }

    #[inline(always)]
    fn plain(&mut self, rows: Option<&Range<u32>>, access: Access, rate: f32) -> Option<&mut Plain> {
        if let Some(rows) = rows {
            return Some(self.gathered(rows, access, rate));
        }
        if let (true, Some(local)) = (access.updates(), &mut self.local) {
            local.forget();
        }
        None
    }

    fn settle(&mut self, access: Access) {
        let Some(local) = &mut self.local else { return };
        match access {
            Access::Read => local.forget(),
            Access::Scan | Access::Sweep { last: false } => {}
            Access::Update | Access::Sweep { last: true } => {
                self.cached.forget_places();
                local.scatter(self.matrix, &mut self.cached);
            }
        }
    }
}
