//! Handles of one worker among several: on rows that are exchanged while all run, and on rows that are merged at
//! barriers.

mod handle;
pub(in crate::table) mod overlay;
mod plain;
pub(in crate::table) mod shared;

pub use handle::WorkerTable;
pub use overlay::{Merged, Overlay, OwnRows, merge};
pub use shared::{CachedRows, Shared, SharedMatrix};
