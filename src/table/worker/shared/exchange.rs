//! How many rows a worker keeps to itself, and how often it exchanges them.

/// How many rows of each table a worker keeps to itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CachedRows {
    /// The most that make it fast and that caches and memory bear. Under `hogwild` that is for one worker alone: each of
    /// several keeps only the nodes near the root of a tree.
    #[default]
    Fitting,
    /// The first so many of each table.
    First(u32),
}

/// Bytes of private rows a table at most. Rows beyond the second-level cache are worth it too: entry by entry, as
/// shared rows must be, reading and writing takes several times as long.
const CACHED_BYTES: usize = 6 << 20;
/// The bytes of all workers together at most, so that many of them do not fill the memory.
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

/// When a worker exchanges a row: after a number of its own updates that grows as the rate falls.
#[derive(Clone, Copy)]
pub(super) struct Period {
    /// At the first rate.
    first: u16,
    first_rate: f32,
    now: u16,
}

impl Period {
    /// For one of `workers`, whose rate is `rate` at most: `updates` of its own at that rate.
    pub fn new(workers: usize, rate: f32, updates: usize) -> Self {
        // Of one worker nobody looks.
        let first = if workers <= 1 { u16::MAX } else { updates.clamp(1, usize::from(u16::MAX)) as u16 };
        Self { first, first_rate: rate, now: first }
    }

    pub fn set_rate(&mut self, rate: f32) {
        // A rate of 0 moves nothing.
        let growth = (self.first_rate / rate).clamp(1.0, LATE);
        self.now = if growth.is_nan() { self.first } else { (f32::from(self.first) * growth) as u16 };
    }

    /// Updates.
    #[inline(always)]
    pub fn updates(&self) -> u16 {
        self.now
    }
}
