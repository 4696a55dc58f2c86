//! Memory that the program has allocated, if the program counts it.

use peak_alloc::PeakAlloc;

/// Bytes that are allocated now; `None` if the program does not count them.
fn now() -> Option<usize> {
    Some(PeakAlloc.current_usage()).filter(|bytes| *bytes > 0)
}

/// Runs `work` and measures the bytes that it leaves allocated and the peak meanwhile; `None` if the program does not
/// count them. Other threads should not allocate during the call.
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

/// Bytes beyond those that were allocated before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Grown {
    pub held: u64,
    pub peak: u64,
}
