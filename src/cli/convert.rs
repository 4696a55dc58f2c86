//! `lexmax convert`.

use super::reading::{self, Reading};
use crate::Result;
use crate::error::shown;
use crate::vectors::{Format, convert};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// File of word vectors, or a model of `train --save-model`.
    ///
    /// May be compressed (.gz, .zst, .bz2).
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// File to write; - is standard output.
    ///
    /// Compressed if its name ends in .gz, .zst or .bz2.
    #[arg(value_name = "OUT")]
    output: PathBuf,
    #[command(flatten)]
    reading: Reading,
    /// Format of OUT [default: by its ending].
    #[arg(long, value_enum, value_name = "FORMAT")]
    to: Option<Format>,
    /// Number of words to read and write, from the first [default: all].
    #[arg(long, value_name = "N", value_parser = super::count)]
    first: Option<u64>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let options = arguments.reading.options(arguments.first.map(|n| n as usize));
    let done = convert(&arguments.input, &options, &arguments.output, arguments.to)?;
    reading::tell(&arguments.input, &done.passed_over);
    let line = format!("{} words, {} numbers each\n{}\n", done.words, done.dim, shown::file(&arguments.output));
    super::say(&line, [arguments.output.as_path()])
}
