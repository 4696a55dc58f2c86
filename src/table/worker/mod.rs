//! Handles of one worker among several: [`Shared`] exchanges rows while all run, [`Overlay`] merges rows at barriers.

mod handle;
pub(in crate::table) mod overlay;
mod plain;
pub(in crate::table) mod shared;

pub use handle::WorkerTable;
pub use overlay::{Merged, Overlay, OwnRows, merge};
#[cfg(feature = "text")]
pub(crate) use overlay::{add_moves, rows_to_merge};
pub use shared::{CachedRows, Shared, SharedMatrix};
