//! A line of standard input after the other, each asked and answered.

use super::table::{self, Format};
use lexmax::eval::Neighbour;
use lexmax::report::{neighbours, write_atomically};
use lexmax::{Error, Result};
use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

/// What was asked, and what was found.
pub type Asked = Vec<(String, Vec<Neighbour>)>;

/// Prints what was found.
pub fn show(asked: &Asked, format: Format) -> Result<()> {
    super::print(&table::formatted(&neighbours(asked), format, &[]))
}

/// The same, and into a file where one is named.
pub fn show_and_write(asked: &Asked, format: Format, json: Option<&Path>) -> Result<()> {
    if let Some(path) = json {
        write_atomically(path, neighbours(asked).to_json().as_bytes())?;
    }
    show(asked, format)
}

/// Answers each line of standard input until its end, or until the line `EXIT`. What cannot be answered is told, and the next line
/// is read. `hint` says on a terminal what to type.
pub fn answer_lines(hint: &str, format: Format, mut answer: impl FnMut(&[&str]) -> Result<Asked>) -> Result<()> {
    let terminal = std::io::stdin().is_terminal();
    let mut lines = std::io::stdin().lock().split(b'\n');
    loop {
        if terminal {
            eprint!("{hint} (EXIT to end): ");
            std::io::stderr().flush().ok();
        }
        let Some(line) = lines.next() else { return Ok(()) };
        let line = line.map_err(Error::io("standard input"))?;
        let line = String::from_utf8_lossy(&line);
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [] => continue,
            ["EXIT"] => return Ok(()),
            _ => {}
        }
        match answer(&words) {
            Ok(asked) => show(&asked, format)?,
            Err(error) => eprintln!("{error}"),
        }
    }
}
