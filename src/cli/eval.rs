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
    /// Files of word vectors.
    ///
    /// Several files give means with 95 % intervals, too.
    #[arg(required = true, num_args = 1.., value_name = "VECTORS")]
    vectors: Vec<PathBuf>,
    /// Files of word pairs with scores, for Spearman's ρ [default: none].
    ///
    /// Examples are WordSim-353, SimLex-999, MEN and SCWS. A line is two words and a score. Tabs, commas, semicolons or
    /// white space separate them, the same in the whole file. Fields may be quoted as in CSV, and scores may have
    /// decimal commas. `#` begins a comment. A heading may name the columns: word1, word2, score. Ambiguous files are
    /// refused.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    similarity: Vec<PathBuf>,
    /// Files of analogy questions, as questions-words.txt [default: none].
    ///
    /// A line is four words with white space between them. A colon begins the heading of a section, `#` a comment.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    analogies: Vec<PathBuf>,
    /// Rules for counting questions.
    #[arg(long, value_enum, default_value_t, value_name = "RULES")]
    rules: AnalogyRules,
    /// Score of answers.
    #[arg(long, value_enum, default_value_t, value_name = "SCORE")]
    method: Method,
    /// Most frequent words that questions and answers may have; 0 is all [default: 30000].
    ///
    /// If N is given without --similarity, only the first N words are read.
    #[arg(long, value_name = "N", value_parser = super::whole::<u32>(0..=u32::MAX.into()))]
    first: Option<u32>,
    /// Adds a row for each section of questions.
    #[arg(long)]
    sections: bool,
    /// Distinguishes upper and lower case in the words of pairs.
    #[arg(long)]
    exact: bool,
    #[command(flatten)]
    reading: Reading,
    /// Threads [default: all cores].
    #[arg(long, value_name = "T", value_parser = super::whole::<u32>(1..=1024))]
    threads: Option<u32>,
    /// Format of the table on standard output.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    table: Table,
    /// File for all results with their sections, as JSON [default: none].
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
        let hint = "a file of words belongs to one file of vectors; evaluate the files one by one";
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
