//! Rows that workers exchange.

use std::ops::Add;

/// Number of rows that `hogwild` workers moved between the shared memory and their own. On a machine with many cores
/// such a row often comes from another core's cache.
///
/// A single worker counts nothing. Neither does `deterministic`, whose workers meet at barriers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Traffic {
    /// Exchanges of cached rows with the other workers; each reads and writes one row.
    pub exchanges: u64,
    /// Rows read from the shared memory, including exchanges.
    pub rows_read: u64,
    /// Rows written to the shared memory, including exchanges.
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
