//! The command line of lexmax over several processes, with MPI.

#![forbid(unsafe_code)]

use lexmax::cli;
use std::process::ExitCode;
use std::time::Instant;

#[global_allocator]
static HEAP: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

fn main() -> ExitCode {
    let start = Instant::now();
    ExitCode::from(lexmax_mpi::run(move |team, library| cli::run_over_ranks(start, team, library)))
}
