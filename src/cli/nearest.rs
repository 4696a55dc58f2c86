//! `lexmax nearest`.

use super::query::Query;
use crate::Result;
use crate::vectors::{Answer, WordVectors};
use clap::Args;

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    query: Query,
    /// Words to look up [default: lines of standard input].
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// Finds the neighbours of the mean direction of all words.
    #[arg(long)]
    together: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.query.answer("words", &arguments.words, |vectors, words, top| {
        let groups: Vec<&[&str]> = if arguments.together { vec![words] } else { words.chunks(1).collect() };
        groups.iter().map(|words| Ok((words.join(" "), nearest(vectors, words, top)?))).collect()
    })
}

fn nearest(vectors: &WordVectors, words: &[&str], top: usize) -> Result<Vec<Answer>> {
    let found = vectors.nearest_to_mean(words, top)?;
    Ok(found.into_iter().map(|near| Answer { word: near.word, score: near.cosine }).collect())
}
