//! Rates and sizes of the machine at hand.

use ndarray::Array2;
use ndarray::linalg::general_mat_mul;
use std::time::Instant;

/// Rows and columns of the matrices that are multiplied.
const SIZE: usize = 2048;
const REPEATS: usize = 5;

/// GFLOP/s of plain f32 products of 2,048 × 2,048 matrices, one on each of `threads` threads at once: the best of five,
/// summed over the threads.
pub fn sgemm_gflops(threads: usize) -> f64 {
    let one = || {
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
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(one)).collect();
        workers.into_iter().map(|w| w.join().expect("a product of constants")).sum()
    })
}

/// The most memory that this process has had, in bytes; `None` where the system does not say.
pub fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kb| kb * 1024)
}
