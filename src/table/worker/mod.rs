//! Handles of one worker among several: on rows that are exchanged while all run, and on rows that are merged at barriers.

pub(in crate::table) mod overlay;
pub(in crate::table) mod shared;

pub use overlay::{Merged, Overlay, OwnRows, merge};
pub use shared::{CachedRows, Shared, SharedMatrix};
