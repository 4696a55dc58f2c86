//! The part of this process among others, and text for people: results on standard output, all else on standard error.

use crate::error::{OutputFault, shown};
use crate::files::is_stdout;
use crate::{Error, Result};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Whether this process prints nothing but its errors, because another one prints the same.
static SILENT: AtomicBool = AtomicBool::new(false);
/// The name of the program, if it is not `lexmax`.
static PROGRAM: OnceLock<&str> = OnceLock::new();

/// The cores that this process may use, if others of its kind use the rest.
static CORES: OnceLock<usize> = OnceLock::new();

/// Leaves this process some of the cores of the machine.
pub fn share_cores(cores: usize) {
    CORES.set(cores).ok();
}

/// The cores that this process may use.
pub fn cores() -> usize {
    CORES.get().copied().unwrap_or_else(crate::measure::cores)
}

/// Makes this process print nothing but its errors.
pub fn fall_silent() {
    SILENT.store(true, Relaxed);
}

/// Whether this process prints nothing but its errors.
pub fn is_silent() -> bool {
    SILENT.load(Relaxed)
}

/// Names the program.
pub fn call_program(name: &'static str) {
    PROGRAM.set(name).ok();
}

/// The name of the program.
pub fn program() -> &'static str {
    PROGRAM.get().unwrap_or(&"lexmax")
}

/// Prints to standard output. A closed reader is not a failure.
pub fn print(text: &str) -> Result<()> {
    is_read(text).map(drop)
}

/// Prints to standard output. `false` if the reader is gone, so that printing can stop.
pub fn is_read(text: &str) -> Result<bool> {
    if cfg!(test) {
        // Visible if the test fails.
        print!("{text}");
        return Ok(true);
    }
    if is_silent() {
        return Ok(true);
    }
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(false),
        done => done.map(|()| true).map_err(Error::io("standard output")),
    }
}

/// Prints text that accompanies results: to standard error if one of the results goes to standard output.
pub fn say<'a>(text: &str, results: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    if results.into_iter().any(is_stdout) {
        warn(text.trim_end_matches('\n'));
        return Ok(());
    }
    print(text)
}

/// Prints a message to standard error, without control characters. A closed standard error is not a failure.
pub fn warn(text: &str) {
    if !is_silent() {
        tell(text).ok();
    }
}

/// Prints a message to standard error as [`warn`] does, also if the process is otherwise silent.
pub fn alarm(text: &str) {
    tell(text).ok();
}

/// Prints an error to standard error, or to standard output if standard error is an input file. A process that is
/// otherwise silent prints it, too.
pub fn report(error: Error) {
    let is_read = matches!(error, Error::Output(OutputFault::StreamIsInput { stream: "standard error", .. }));
    let text = format!("{}: {}", program(), super::message(error));
    if is_read { print(&format!("{text}\n")).unwrap_or_default() } else { alarm(&text) }
}

/// Prints a message to standard error, and returns whether that worked.
fn tell(text: &str) -> std::io::Result<()> {
    let text = shown::lines(text) + "\n";
    if cfg!(test) {
        // Visible if the test fails.
        eprint!("{text}");
        return Ok(());
    }
    std::io::stderr().lock().write_all(text.as_bytes())
}
