//! Description and speed of this machine.

use crate::machine::{cores, memory_bytes};
use ndarray::Array2;
use ndarray::linalg::general_mat_mul;
use serde::Serialize;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Rows and columns of the multiplied matrices.
const SIZE: usize = 2048;
const REPEATS: usize = 5;

/// Measures GFLOP/s of plain f32 products of 2,048 × 2,048 matrices. Each of `threads` threads runs its own products at
/// the same time; its best of five counts, and the sum over the threads is returned.
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

/// Rounds of the loop of multiply-adds. They take at most a tenth of a second.
const ROUNDS: usize = 1 << 22;
/// Times that the threads of that loop are started.
const TIMES: usize = 4;

/// Measures GFLOP/s of multiply-adds that never leave the registers, on the vector path of this process. Each of
/// `threads` threads runs at the same time; its best of five counts, and the sum over the threads is returned: the best
/// of four times, since new threads may share a core for a while. No matrix product can be faster.
pub fn peak_gflops(threads: usize) -> f64 {
    let one = || {
        let start = Instant::now();
        let done = crate::simd::peak::multiply_adds(ROUNDS);
        2.0 * done as f64 / start.elapsed().as_secs_f64() * 1e-9
    };
    let best_of_five = || (0..REPEATS).map(|_| one()).fold(0.0, f64::max);
    (0..TIMES).map(|_| on_each(threads, best_of_five)).fold(0.0, f64::max)
}

/// Runs a function on `threads` threads at once and returns the sum of its results.
fn on_each(threads: usize, one: impl Fn() -> f64 + Sync) -> f64 {
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(&one)).collect();
        workers.into_iter().map(|w| w.join().expect("a loop over constants")).sum()
    })
}

/// Returns the vector path of this process: `scalar`, `avx2` or `avx512`, or `native` on a processor that is not an
/// x86. The environment variable `LEXMAX_SIMD` may choose it.
pub fn vector_path() -> &'static str {
    crate::simd::path::name()
}

/// Machine and time of a measurement.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RunFacts {
    /// The command, if there was one.
    pub command: Option<String>,
    /// Time at the end of the measurement, in seconds since 1970-01-01 UTC.
    pub unix_seconds: u64,
    /// The processor, as the system calls it.
    pub processor: String,
    /// Number of threads that the machine runs at once.
    pub cores: usize,
    /// Bytes of memory; `None` if the system does not report them.
    pub memory_bytes: Option<u64>,
    /// Operating system and family of the machine.
    pub system: String,
    /// Compiler that built the program.
    pub rustc: &'static str,
}

impl RunFacts {
    /// Returns the facts of this machine, now.
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

/// Formats a number of bytes in the unit of the options that limit them, or in a smaller unit for a small number.
pub(super) fn written(bytes: u64) -> String {
    match bytes as f64 / (1u64 << 30) as f64 {
        gib if gib >= 0.1 => format!("{gib:.1} GiB"),
        gib => format!("{:.2} MiB", gib * 1024.0),
    }
}
