//! Errors of the generator.

use std::path::PathBuf;

/// A reason why a page cannot be filled.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("{}: {source}", path.display())]
    Input { path: PathBuf, source: std::io::Error },
    #[error("{}: {source}", path.display())]
    Output { path: PathBuf, source: std::io::Error },
    #[error("{}: not a record: {source}", path.display())]
    Record { path: PathBuf, source: serde_json::Error },
    #[error("{}: form {form} is unknown; expected {known}", path.display())]
    Form { path: PathBuf, form: u32, known: u32 },
    #[error("{}: expected a name such as 2026-01-31-LABEL.json", path.display())]
    Name { path: PathBuf },
    #[error("{}:{line}: this region has no `<!-- end generated -->`", path.display())]
    Unclosed { path: PathBuf, line: usize },
    #[error("{}:{line}: `<!-- end generated -->` without a region before it", path.display())]
    Unopened { path: PathBuf, line: usize },
    #[error("{place}: unknown table {name:?} (known: {known})")]
    Table { place: String, name: String, known: String },
    #[error("{place}: no record {label:?} in benches/records (there are: {known})")]
    NoRecord { place: String, label: String, known: String },
    #[error("{place}: the table needs {needs}; write `<!-- begin generated: {form} -->`")]
    Words { place: String, needs: &'static str, form: &'static str },
    #[error("{place}: unknown {kind} {text:?} (known: {known})")]
    Unknown { place: String, kind: &'static str, text: String, known: String },
    #[error("{place}: the record {label} has no {what}")]
    NoData { place: String, label: String, what: String },
    #[error("stale: {}; run `cargo bench --bench page`", regions.join("; "))]
    Stale { regions: Vec<String> },
}
