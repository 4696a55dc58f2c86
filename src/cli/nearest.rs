//! `lexmax nearest`.

use super::format::FormatName;
use super::prompt::{Asked, answer_lines, show_and_write};
use super::table::Format;
use clap::Args;
use lexmax::Result;
use lexmax::eval::neighbours;
use lexmax::report::check_writable;
use lexmax::vectors;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// File of word vectors.
    #[arg(value_name = "VECTORS")]
    vectors: PathBuf,
    /// Words; without any, lines of standard input are answered one by one.
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// Neighbours of each word.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    top: u32,
    /// The neighbours of the mean direction of all words, not of each.
    #[arg(long)]
    together: bool,
    /// Format of the vectors [what the ending or the beginning tells].
    #[arg(long, value_enum, value_name = "FORMAT")]
    from: Option<FormatName>,
    /// How the table is printed.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    table: Format,
    /// File for the neighbours of the words named.
    #[arg(long, value_name = "FILE", requires = "words")]
    json: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    if let Some(path) = &arguments.json {
        check_writable(path)?;
    }
    let vectors = vectors::read(&arguments.vectors, arguments.from.map(Into::into))?;
    let find = |words: &[&str]| -> Result<Asked> {
        let groups: Vec<&[&str]> = if arguments.together { vec![words] } else { words.chunks(1).collect() };
        let find = |words: &&[&str]| Ok((words.join(" "), neighbours(&vectors, words, arguments.top as usize)?));
        groups.iter().map(find).collect()
    };
    if arguments.words.is_empty() {
        return answer_lines("words", arguments.table, find);
    }
    let words: Vec<&str> = arguments.words.iter().map(String::as_str).collect();
    show_and_write(&find(&words)?, arguments.table, arguments.json.as_deref())
}
