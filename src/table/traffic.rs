//! Rows that workers pass to one another.

use std::ops::Add;

/// Rows that several workers of `hogwild` moved between the memory that all share and their own: on a machine with many
/// cores such a row often comes from another core's cache.
///
/// Nothing is counted of one worker alone, nor under `deterministic`, whose workers meet at barriers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Traffic {
    /// Rows of which a worker has its own copy that it exchanged with the others: each is read and written once.
    pub exchanges: u64,
    /// Rows read where all share them, those of exchanges too.
    pub rows_read: u64,
    /// Rows written there, those of exchanges too.
    pub rows_written: u64,
    /// Bytes of these rows, read and written.
    pub bytes: u64,
}

impl Add for Traffic {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            exchanges: self.exchanges + other.exchanges,
            rows_read: self.rows_read + other.rows_read,
            rows_written: self.rows_written + other.rows_written,
            bytes: self.bytes + other.bytes,
        }
    }
}

impl std::iter::Sum for Traffic {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}
