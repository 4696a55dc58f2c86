//! The speed of the machine at hand, and what it is.

use crate::machine::{cores, memory_bytes};
use ndarray::Array2;
use ndarray::linalg::general_mat_mul;
use serde::Serialize;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Rows and columns of the matrices that are multiplied.
const SIZE: usize = 2048;
const REPEATS: usize = 5;

/// GFLOP/s of plain f32 products of 2,048 × 2,048 matrices, one on each of `threads` threads at once: the best of five,
/// summed over the threads.
pub fn sgemm_gflops(threads: usize) -> f64 {
    on_each(threads, || {
        let (a, b) = (Array2::from_elem((SIZE, SIZE), 0.5f32), Array2::from_elem((SIZE, SIZE), 0.25f32));
        let mut c = Array2::zeros((SIZE, SIZE));
        let mut best = f64::INFINITY;
        for _ in 0..REPEATS {
            let start = Instant::now();
            general_mat_mul(1.0, &a, &b, 0.0, &mut c);
            best = best.min(start.elapsed().as_secs_f64());
        }
        assert_eq!(c[[SIZE - 1, 0]], 0.125 * SIZE as f32);
        2.0 * (SIZE as f64).powi(3) / best * 1e-9
    })
}

/// Rounds of the loop of multiply-adds: a tenth of a second at most.
const ROUNDS: usize = 1 << 22;

/// GFLOP/s of multiply-adds that never leave the registers, on each of `threads` threads at once, on the vector path of
/// this process: the best of five, summed over the threads. No product of matrices can be faster.
pub fn peak_gflops(threads: usize) -> f64 {
    on_each(threads, || {
        let one = |_| {
            let start = Instant::now();
            let done = crate::simd::peak::multiply_adds(ROUNDS);
            2.0 * done as f64 / start.elapsed().as_secs_f64() * 1e-9
        };
        (0..REPEATS).map(one).fold(0.0, f64::max)
    })
}

/// The sum of what a function returns on each of so many threads at once.
fn on_each(threads: usize, one: impl Fn() -> f64 + Sync) -> f64 {
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(&one)).collect();
        workers.into_iter().map(|w| w.join().expect("a loop over constants")).sum()
    })
}

/// The vector path of this process, which `LEXMAX_SIMD` may choose: `scalar`, `avx2` or `avx512`, or `native` on a
/// processor that is not an x86.
pub fn vector_path() -> &'static str {
    crate::simd::path::name()
}

/// Where and when something was measured.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RunFacts {
    /// The command, if there was one.
    pub command: Option<String>,
    /// Seconds since 1970-01-01 UTC at the end of it.
    pub unix_seconds: u64,
    /// The processor, as the system calls it.
    pub processor: String,
    /// Threads that it runs at once.
    pub cores: usize,
    /// Bytes of memory; `None` where the system does not say.
    pub memory_bytes: Option<u64>,
    /// The system and the family of the machine.
    pub system: String,
    /// The compiler that made the program.
    pub rustc: &'static str,
}

impl RunFacts {
    /// Those of this machine, now.
    pub fn here() -> Self {
        let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let name = info.lines().find(|l| l.starts_with("model name")).and_then(|l| l.split_once(':'));
        Self {
            command: None,
            unix_seconds: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_secs()),
            processor: name.map_or("unknown", |(_, name)| name.trim()).into(),
            cores: cores(),
            memory_bytes: memory_bytes(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            rustc: env!("LEXMAX_RUSTC"),
        }
    }
}

/// A number of bytes in the unit of the options that limit them, or in one that shows more of a small one.
pub(super) fn written(bytes: u64) -> String {
    match bytes as f64 / (1u64 << 30) as f64 {
        gib if gib >= 0.1 => format!("{gib:.1} GiB"),
        gib => format!("{:.2} MiB", gib * 1024.0),
    }
}
