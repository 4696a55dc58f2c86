//! `lexmax analogy`.

use super::eval::MethodName;
use super::format::FormatName;
use super::prompt::{Asked, answer_lines, show_and_write};
use super::table::Format;
use clap::Args;
use lexmax::eval::answers;
use lexmax::report::check_writable;
use lexmax::{Error, Result, vectors};
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// File of word vectors.
    #[arg(value_name = "VECTORS")]
    vectors: PathBuf,
    /// a b c: a is to b as c is to which word? Without them, lines of standard input are answered one by one.
    #[arg(value_name = "WORD", num_args = 3)]
    words: Vec<String>,
    /// Answers.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    top: u32,
    /// How answers are scored.
    #[arg(long, value_enum, default_value_t = MethodName::Add)]
    method: MethodName,
    /// Format of the vectors [what the ending or the beginning tells].
    #[arg(long, value_enum, value_name = "FORMAT")]
    from: Option<FormatName>,
    /// How the table is printed.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    table: Format,
    /// File for the answers to the words named.
    #[arg(long, value_name = "FILE", requires = "words")]
    json: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    if let Some(path) = &arguments.json {
        check_writable(path)?;
    }
    let vectors = vectors::read(&arguments.vectors, arguments.from.map(Into::into))?;
    let find = |words: &[&str]| -> Result<Asked> {
        let three = <[&str; 3]>::try_from(words).map_err(|_| Error::NotThreeWords { words: words.len() })?;
        let found = answers(&vectors, three, arguments.method.into(), arguments.top as usize)?;
        Ok(vec![(three.join(" "), found)])
    };
    if arguments.words.is_empty() {
        return answer_lines("three words", arguments.table, find);
    }
    let words: Vec<&str> = arguments.words.iter().map(String::as_str).collect();
    show_and_write(&find(&words)?, arguments.table, arguments.json.as_deref())
}
