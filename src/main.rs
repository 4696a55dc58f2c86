//! The command line: arguments become library calls, and no more.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lexmax: {error}");
            ExitCode::from(2)
        }
    }
}
