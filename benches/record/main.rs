//! Runs training or single steps in turn, with lexmax and other programs, and writes a record of times and quality.
//!
//! `cargo bench --bench record -- train --corpus FILE …` and `… -- step …`; `--help` after either lists the options.
//! `benches/README.md` shows commands and the format of a record.

// The tests include this module too.
#[path = "mod.rs"]
mod recorder;

use std::process::ExitCode;

fn main() -> ExitCode {
    recorder::main(std::env::args()).into()
}
