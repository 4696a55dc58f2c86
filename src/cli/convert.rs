//! `lexmax convert`.

use crate::Result;
use crate::error::shown;
use crate::vectors::{Format, convert};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// File of word vectors, or a model of `train --save-model`; .gz, .zst and .bz2 too.
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// File to write, compressed if its name ends in .gz, .zst or .bz2; - for standard output.
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// Format of IN [default: what its ending or its beginning tells].
    #[arg(long, value_enum, value_name = "FORMAT")]
    from: Option<Format>,
    /// Format of OUT [default: what its ending tells].
    #[arg(long, value_enum, value_name = "FORMAT")]
    to: Option<Format>,
    /// Words to write, from the first [default: all].
    #[arg(long, value_name = "N", value_parser = super::count)]
    first: Option<u64>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let from = (arguments.input.as_path(), arguments.from);
    let to = (arguments.output.as_path(), arguments.to);
    let done = convert(from, to, arguments.first.map(|n| n as usize))?;
    let (words, of, dim) = (done.words, done.of, done.dim);
    let line = format!("{words} of {of} words, {dim} numbers each\n{}\n", shown::file(&arguments.output));
    super::say(&line, [arguments.output.as_path()])
}
