//! `lexmax eval`.

use super::reading::{self, Reading};
use super::table::{self, Table};
use crate::files::Output;
use crate::vectors::{AnalogyOptions, AnalogyRules, Case, EvaluationOptions, Method, evaluate};
use crate::{Error, Result};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// Files of word vectors; of several the means are told too, with 95 % intervals.
    #[arg(required = true, num_args = 1.., value_name = "VECTORS")]
    vectors: Vec<PathBuf>,
    /// Files of word pairs and judgements, such as WordSim-353, SimLex-999, MEN or SCWS: Spearman's ρ.
    ///
    /// A line is two words and a score, with tabs, commas, semicolons or white space between them, the same in the
    /// whole file. Fields may be quoted as in CSV, scores may have decimal commas, `#` begins a comment, and a heading
    /// may name the columns: word1, word2, score. What can be read in two ways is refused.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    similarity: Vec<PathBuf>,
    /// Files of analogy questions, such as questions-words.txt.
    ///
    /// A line is four words with white space between them; a colon begins the heading of a section, `#` a comment.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    analogies: Vec<PathBuf>,
    /// How questions are counted.
    #[arg(long, value_enum, default_value_t)]
    rules: AnalogyRules,
    /// How answers are scored.
    #[arg(long, value_enum, default_value_t)]
    method: Method,
    /// Questions and answers are among the first N words; 0 is all. Without pairs, no more words are read [default:
    /// 30000, but all are read].
    #[arg(long, value_name = "N")]
    first: Option<u32>,
    /// A row for each section of questions.
    #[arg(long)]
    sections: bool,
    /// Words of pairs are compared letter by letter, not without regard to case.
    #[arg(long)]
    exact: bool,
    #[command(flatten)]
    reading: Reading,
    /// Threads [default: all cores].
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
    /// How the table is printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    table: Table,
    /// File for all that was found, sections too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    if arguments.similarity.is_empty() && arguments.analogies.is_empty() {
        return Err(Error::NothingToEvaluate);
    }
    let first = arguments.first.map(|n| n as usize).filter(|n| *n > 0);
    let read = arguments.reading.options(first.filter(|_| arguments.similarity.is_empty()));
    if let (Some(_), [_, _, ..]) = (&read.words, &arguments.vectors[..]) {
        let hint = "one file of words belongs to one file of vectors";
        return Err(Error::Contradiction { first: "--words", second: "several files of vectors", hint });
    }
    let vectors = arguments.vectors.iter().flat_map(|path| read.files(path));
    let inputs = vectors.chain(arguments.similarity.iter().chain(&arguments.analogies).cloned());
    super::check_json(arguments.json.as_deref(), inputs)?;
    let options = EvaluationOptions {
        case: if arguments.exact { Case::Exact } else { Case::Fold },
        analogies: AnalogyOptions {
            rules: arguments.rules,
            method: arguments.method,
            first: arguments.first.map_or(Some(AnalogyOptions::FIRST as usize), |_| first),
            threads: super::threads(arguments.threads),
        },
        read,
    };
    let found = evaluate(&arguments.vectors, &arguments.similarity, &arguments.analogies, &options)?;
    for (path, file) in arguments.vectors.iter().zip(&found.files) {
        reading::tell(path, &file.passed_over);
    }
    if let Some(path) = &arguments.json {
        Output::new(path)?.put(found.to_json().as_bytes())?;
    }
    super::say(&table::formatted(&found.grid(arguments.sections), arguments.table, &[]), arguments.json.as_deref())
}
