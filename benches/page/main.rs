//! Fills the generated regions of README.md and docs/ with tables of the records in benches/records/.
//!
//! `cargo bench --bench page` rewrites the files; with `-- --check` it only says which regions are stale.
//! `benches/README.md` lists the tables.

// The tests include this module too.
#[path = "mod.rs"]
mod page;

use std::process::ExitCode;

fn main() -> ExitCode {
    page::main(std::env::args().skip(1)).into()
}
