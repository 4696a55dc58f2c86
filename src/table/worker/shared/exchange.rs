//! Size of a worker's set of cached rows, and the period of its exchanges.

/// Number of rows of each table that a worker keeps as private copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CachedRows {
    /// The number of rows that helps speed and fits in caches and memory. Under `hogwild` this applies to a single
    /// worker; each of several workers keeps only the nodes near the root of a tree.
    #[default]
    Fitting,
    /// The first n rows of each table.
    First(u32),
}

/// Maximum bytes of private rows per table. Rows beyond the second-level cache still pay off: shared rows are read and
/// written entry by entry, which is slow.
const CACHED_BYTES: usize = 6 << 20;
/// Maximum bytes for all workers together, so that many workers do not fill the memory.
const ALL_CACHED_BYTES: usize = 128 << 20;

/// Cap on the growth of the period. It grows as first_rate / rate, so that a row moves equally far between two
/// exchanges. An exchange fetches a row from another core's cache, which takes as long as several updates.
const LATE: f32 = 16.0;

impl CachedRows {
    pub(super) fn count(self, rows: u32, stride: usize, workers: usize) -> usize {
        let count = match self {
            Self::Fitting => CACHED_BYTES.min(ALL_CACHED_BYTES / workers) / (stride * size_of::<f32>()),
            Self::First(n) => n as usize,
        };
        count.min(rows as usize)
    }
}

/// Number of its own updates after which a worker exchanges a row. It grows as the rate falls.
#[derive(Clone, Copy)]
pub(super) struct Period {
    /// Period at the first rate.
    first: u16,
    first_rate: f32,
    now: u16,
}

impl Period {
    /// The period of one of `workers`: `updates` of its own at the initial and highest rate `rate`.
    pub fn new(workers: usize, rate: f32, updates: usize) -> Self {
        // A single worker has nobody to exchange with.
        let first = if workers <= 1 { u16::MAX } else { updates.clamp(1, usize::from(u16::MAX)) as u16 };
        Self { first, first_rate: rate, now: first }
    }

    pub fn set_rate(&mut self, rate: f32) {
        // A rate of 0 moves nothing.
        let growth = (self.first_rate / rate).clamp(1.0, LATE);
        self.now = if growth.is_nan() { self.first } else { (f32::from(self.first) * growth) as u16 };
    }

    /// Updates between two exchanges.
    #[inline(always)]
    pub fn updates(&self) -> u16 {
        self.now
    }
}
