//! What is asked of word vectors: once, or a line of standard input after the other.

use super::table::{self, Table};
use crate::files::Output;
use crate::report::answers;
use crate::vectors::{self, Answer, Format, WordVectors, files_read};
use crate::{Error, Result};
use clap::Args;
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

/// The options of all such questions. The command has the words of a question beside them, as `words`.
#[derive(Args)]
pub struct Query {
    /// File of word vectors, or a model of `train --save-model`.
    #[arg(value_name = "VECTORS")]
    vectors: PathBuf,
    /// Answers, at most.
    #[arg(long, default_value_t = super::TOP, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    top: u32,
    /// Format of the vectors [default: what the ending or the beginning tells].
    #[arg(long, value_enum, value_name = "FORMAT")]
    from: Option<Format>,
    /// Form of the table.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    table: Table,
    /// File for the answers to the words named.
    #[arg(long, value_name = "FILE", requires = "words")]
    json: Option<PathBuf>,
}

/// What was asked, and what was found.
type Asked = Vec<(String, Vec<Answer>)>;

impl Query {
    /// Answers `words`, or without any the lines of standard input. `hint` says on a terminal what to type; `find` gets words and
    /// how many answers are wanted.
    pub fn answer(
        &self,
        hint: &str,
        words: &[String],
        find: impl Fn(&WordVectors, &[&str], usize) -> Result<Asked>,
    ) -> Result<()> {
        super::check_json(self.json.as_deref(), files_read(&self.vectors, self.from))?;
        let vectors = vectors::read(&self.vectors, self.from)?;
        let find = |words: &[&str]| find(&vectors, words, self.top as usize);
        if words.is_empty() {
            return self.answer_lines(hint, find);
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let asked = find(&words)?;
        if let Some(path) = &self.json {
            Output::new(path)?.put(answers(&asked).to_json().as_bytes())?;
        }
        super::say(&self.shown(&asked), self.json.as_deref())
    }

    /// The table of what was found.
    fn shown(&self, asked: &Asked) -> String {
        table::formatted(&answers(asked), self.table, &[])
    }

    /// Answers each line of standard input until its end, or until the line `EXIT`. What cannot be answered is told, and the next
    /// line is read.
    fn answer_lines(&self, hint: &str, answer: impl Fn(&[&str]) -> Result<Asked>) -> Result<()> {
        let terminal = std::io::stdin().is_terminal();
        let mut lines = std::io::stdin().lock().split(b'\n');
        loop {
            if terminal {
                let mut stderr = std::io::stderr().lock();
                write!(stderr, "{hint} (EXIT to end): ").and_then(|()| stderr.flush()).ok();
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
                Ok(asked) if !super::is_read(&self.shown(&asked))? => return Ok(()),
                Ok(_) => {}
                Err(error) => super::warn(&error.to_string()),
            }
        }
    }
}
