//! Questions to word vectors: from the arguments, or line by line from standard input.

use super::prompt;
use super::reading::{self, Reading};
use super::table::{self, Table};
use crate::Result;
use crate::files::Output;
use crate::peers::Team;
use crate::report::answers;
use crate::vectors::{self, Answer, Loaded, WordVectors};
use clap::Args;
use std::path::PathBuf;

/// The options of all such questions. The command adds the words of a question, as `words`.
#[derive(Args)]
pub struct Query {
    /// File of word vectors, or a model of `train --save-model`.
    #[arg(value_name = "VECTORS")]
    vectors: PathBuf,
    /// Most answers to each question.
    #[arg(long, default_value_t = super::TOP, value_name = "N",
        value_parser = super::whole::<u32>(1..=u32::MAX.into()))]
    top: u32,
    #[command(flatten)]
    reading: Reading,
    /// Number of words to read from the file, from the first [default: all].
    #[arg(long, value_name = "N", value_parser = super::count)]
    first: Option<u64>,
    /// Format of the table on standard output.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    table: Table,
    /// File for the answers, as JSON; needs WORD [default: none].
    #[arg(long, value_name = "FILE", requires = "words")]
    json: Option<PathBuf>,
}

/// Questions with their answers.
type Asked = Vec<(String, Vec<Answer>)>;

impl Query {
    /// Answers `words`, or the lines of standard input if there are none. A terminal shows `hint` as the prompt. `find`
    /// receives words and the number of answers.
    pub fn answer(
        &self,
        hint: &str,
        words: &[String],
        find: impl Fn(&WordVectors, &[&str], usize) -> Result<Asked>,
    ) -> Result<()> {
        let options = self.reading.options(self.first.map(|n| n as usize));
        super::check_json(self.json.as_deref(), options.files(&self.vectors))?;
        let Loaded { vectors, passed_over } = vectors::read(&self.vectors, &options)?;
        reading::tell(&self.vectors, &passed_over);
        let find = |words: &[&str]| find(&vectors, words, self.top as usize);
        if words.is_empty() {
            return prompt::answer_lines(hint, &mut Team::default(), |line| {
                // A word with spaces may be alone on its line.
                let is_word = vectors.id(line.trim()).is_some();
                let words = if is_word { vec![line.trim()] } else { prompt::words(line) };
                Ok(self.shown(&find(&words)?))
            });
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let asked = find(&words)?;
        if let Some(path) = &self.json {
            Output::new(path)?.put(answers(&asked).to_json().as_bytes())?;
        }
        super::say(&self.shown(&asked), self.json.as_deref())
    }

    /// The table of the answers.
    fn shown(&self, asked: &Asked) -> String {
        table::formatted(&answers(asked), self.table, &[])
    }
}
