//! The command line: turns arguments into library calls, and does no more.

use lexmax::cli;
use std::process::ExitCode;
use std::time::Instant;

#[global_allocator]
static HEAP: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

fn main() -> ExitCode {
    match cli::run(Instant::now()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            cli::report(error);
            ExitCode::from(2)
        }
    }
}
