//! Errors of the recorder.

use std::path::PathBuf;

/// A reason why no record was written.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("{what} {text:?} has no name; write {form}")]
    Unnamed { what: &'static str, text: String, form: &'static str },
    #[error("two of the programs, peers, variants or test sets are called {name:?}; give each a name of its own")]
    Repeated { name: String },
    #[error("the label {label:?} is part of a file's name; use letters, digits, `-`, `_` and `.`")]
    Label { label: String },
    #[error("the command of {name} has a quote without its end: {command}")]
    Quoting { name: String, command: String },
    #[error("the command of {name} is empty; name a program and its arguments")]
    Empty { name: String },
    #[error("the command of {name} has {{{placeholder}}}, which is none of {known}")]
    Placeholder { name: String, placeholder: String, known: String },
    #[error("the command of {name} lacks {{out}}, the file for its vectors, which the test sets need")]
    NoOut { name: String },
    #[error("seeds are {text:?}; write their number, such as 5, or a list, such as 1,2,9")]
    Seeds { text: String },
    #[error("{rounds} rounds cannot hold {seeds} seeds, since a round has one seed; ask for {seeds} rounds or more")]
    Rounds { rounds: usize, seeds: usize },
    #[error("{text:?} names no entry: {part:?} is none of {known}")]
    Selector { text: String, part: String, known: String },
    #[error("{text:?} writes no report; name `compare` or `scale` first, such as `-- scale --threads 2`")]
    Command { text: String },
    #[error("{}: {source}; expected the compare.json or scale.json of a run", path.display())]
    Report { path: PathBuf, source: serde_json::Error },
    #[error("a report of the record {label} lacks its command and its date; expected compare.json or scale.json")]
    NoReport { label: String },
    #[error("the reports of the record {label} differ in command, version or machine; write a record for each")]
    Mixed { label: String },
    #[error("{}: {source}", path.display())]
    Input { path: PathBuf, source: std::io::Error },
    #[error("{}: {source}", path.display())]
    Output { path: PathBuf, source: std::io::Error },
    #[error("{name} cannot be started: {source}; the command was: {command}")]
    Start { name: String, command: String, source: std::io::Error },
    #[error("{name} failed ({status}); the command was: {command}\n{said}")]
    Failed { name: String, command: String, status: std::process::ExitStatus, said: String },
    #[error("{name} did not tell {key}, a number in a line of JSON; the command was: {command}")]
    Untold { name: String, command: String, key: &'static str },
    #[error("{name} told what cannot be read: {source}; the command was: {command}")]
    Told { name: String, command: String, source: serde_json::Error },
    #[error("the vectors of {name} cannot be scored: {source}; the command was: {command}")]
    Scores { name: String, command: String, source: Box<lexmax::Error> },
}

impl Fault {
    /// 2 for invalid arguments, 1 for a later failure.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Output { .. }
            | Self::Start { .. }
            | Self::Failed { .. }
            | Self::Untold { .. }
            | Self::Told { .. }
            | Self::Scores { .. } => 1,
            _ => 2,
        }
    }
}
