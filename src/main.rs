//! The command line: arguments become library calls, and no more.

mod cli;

use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    match cli::run(Instant::now()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lexmax: {error}");
            ExitCode::from(2)
        }
    }
}
