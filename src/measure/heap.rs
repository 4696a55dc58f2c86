//! Memory that the program has allocated, where the program counts it.

use peak_alloc::PeakAlloc;

/// Bytes that are allocated now; `None` where nobody counts.
fn now() -> Option<usize> {
    Some(PeakAlloc.current_usage()).filter(|bytes| *bytes > 0)
}

/// Bytes that are held when `work` is done and were not before, and the most that were held meanwhile; `None` where nobody
/// counts. Other threads had better be still.
pub(super) fn measured<T>(work: impl FnOnce() -> T) -> (T, Option<Grown>) {
    let before = now();
    PeakAlloc.reset_peak_usage();
    let out = work();
    let grown = before.map(|before| Grown {
        held: PeakAlloc.current_usage().saturating_sub(before) as u64,
        peak: PeakAlloc.peak_usage().saturating_sub(before) as u64,
    });
    (out, grown)
}

/// Bytes beyond those from before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Grown {
    pub held: u64,
    pub peak: u64,
}
