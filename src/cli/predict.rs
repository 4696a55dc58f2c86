//! `lexmax predict`.

use crate::Result;
use crate::model::Predictor;
use crate::table::Threads;
use clap::Args;
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// A model's file, as train --save-model or --checkpoint writes it.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// The words around (cbow, skipgram) or before (ngram) the one that is asked for; without, every line of standard
    /// input is a context.
    #[arg(value_name = "CONTEXT")]
    context: Vec<String>,
    /// Words to show, the most probable first.
    #[arg(long, default_value_t = super::TOP, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    top: u32,
    /// Instead, how probable these words are.
    #[arg(long, num_args = 1.., value_name = "WORD", value_delimiter = ',')]
    of: Vec<String>,
    /// Threads [default: all cores].
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let predictor = Predictor::open(&arguments.model, Threads::new(super::threads(arguments.threads)))?;
    if !arguments.context.is_empty() {
        let context: Vec<&str> = arguments.context.iter().flat_map(|words| words.split_whitespace()).collect();
        return super::print(&answer(arguments, &predictor, &context)?);
    }
    let input = std::io::stdin().lock();
    let asks = input.is_terminal();
    let prompt = || if asks { super::print("> ") } else { Ok(()) };
    prompt()?;
    for line in input.split(b'\n') {
        let line = line.map_err(crate::Error::io("standard input"))?;
        let line = String::from_utf8_lossy(&line);
        let context: Vec<&str> = line.split_whitespace().collect();
        if !context.is_empty() {
            match answer(arguments, &predictor, &context) {
                Ok(text) if !super::is_read(&format!("{text}\n"))? => return Ok(()),
                Ok(_) => {}
                Err(error) => super::warn(&error.to_string()),
            }
        }
        prompt()?;
    }
    Ok(())
}

/// A line a word: the word, its probability, ln P in nats.
fn answer(arguments: &Arguments, predictor: &Predictor, context: &[&str]) -> Result<String> {
    let line = |word: &str, ln_p: f64| format!("{word}\t{:.6e}\t{ln_p:.6}\n", ln_p.exp());
    if !arguments.of.is_empty() {
        let words: Vec<&str> = arguments.of.iter().map(String::as_str).collect();
        let found = predictor.log_prob(context, &words)?;
        return Ok(words.iter().zip(found).map(|(word, ln_p)| line(word, ln_p)).collect());
    }
    let found = predictor.top(context, arguments.top as usize)?;
    if !found.unknown.is_empty() {
        super::warn(&format!("unknown: {}", found.unknown.join(" ")));
    }
    Ok(found.words.iter().map(|(word, ln_p)| line(word, *ln_p)).collect())
}
