//! How many rows a worker keeps to itself, and how often it exchanges them.

/// How many rows of each table a worker keeps to itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HotRows {
    /// As many as make it fast and caches and memory bear.
    #[default]
    Cached,
    /// The first so many of each table.
    First(u32),
}

/// Bytes of private rows a table at most. Rows beyond the second-level cache are worth it too: entry by entry, as shared
/// rows must be, reading and writing takes several times as long.
const HOT_BYTES: usize = 6 << 20;
/// The same for the workers together, so that many of them do not fill the memory.
const ALL_HOT_BYTES: usize = 128 << 20;

/// The updates of a row that all other workers together may make unseen. Each worker moves a row as far as all of them
/// should together, and the moves are added: with 24 the vectors of 4 to 16 workers were about as good as one worker's (README),
/// with 1,024 they diverged.
const UNSEEN_UPDATES: usize = 24;
/// The same for two workers. An exchange fetches a row from the other's cache: with 16 skip-gram takes up to a seventh longer,
/// CBOW a quarter; 64 costs the tree two points of syntactic analogies after five passes.
const UNSEEN_BY_TWO: usize = 64;

impl HotRows {
    pub(super) fn count(self, rows: u32, stride: usize, workers: usize) -> usize {
        let count = match self {
            Self::Cached => HOT_BYTES.min(ALL_HOT_BYTES / workers) / (stride * size_of::<f32>()),
            Self::First(n) => n as usize,
        };
        count.min(rows as usize)
    }
}

/// Updates of its own after which a worker exchanges a row.
pub(super) fn period(workers: usize) -> u16 {
    match workers {
        // Nobody looks.
        0 | 1 => u16::MAX,
        2 => UNSEEN_BY_TWO as u16,
        _ => (UNSEEN_UPDATES / (workers - 1)).max(1) as u16,
    }
}
