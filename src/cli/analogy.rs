//! `lexmax analogy`.

use super::query::Query;
use crate::vectors::Method;
use crate::{Error, Result};
use clap::Args;

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    query: Query,
    /// Words a, b and c: a is to b as c is to the answer [default: lines of standard input].
    #[arg(value_name = "WORD", num_args = 3)]
    words: Vec<String>,
    /// Score of answers.
    #[arg(long, value_enum, default_value_t, value_name = "SCORE")]
    method: Method,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.query.answer("three words", &arguments.words, |vectors, words, top| {
        let three = <[&str; 3]>::try_from(words).map_err(|_| Error::NotThreeWords(words.len()))?;
        Ok(vec![(three.join(" "), vectors.analogy_by(arguments.method, three, top)?)])
    })
}
