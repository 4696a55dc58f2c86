//! `lexmax analogy`.

use super::query::Query;
use crate::vectors::Method;
use crate::{Error, Result};
use clap::Args;

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    query: Query,
    /// a b c: a is to b as c is to which word? Without them, lines of standard input are answered one by one.
    #[arg(value_name = "WORD", num_args = 3)]
    words: Vec<String>,
    /// How answers are scored.
    #[arg(long, value_enum, default_value_t)]
    method: Method,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.query.answer("three words", &arguments.words, |vectors, words, top| {
        let three = <[&str; 3]>::try_from(words).map_err(|_| Error::NotThreeWords(words.len()))?;
        Ok(vec![(three.join(" "), vectors.analogy_by(arguments.method, three, top)?)])
    })
}
