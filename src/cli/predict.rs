//! `lexmax predict`.

use super::prompt;
use crate::error::shown::{self, escaped};
use crate::model::Predictor;
use crate::peers::Team;
use crate::table::{Division, Threads};
use crate::{Error, Result};
use clap::{ArgMatches, Args};
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// Model file of `train --save-model` or `train --checkpoint`.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Words around (cbow, skipgram) or before (ngram) the predicted word [default: lines of standard input].
    ///
    /// Each line of standard input is one context. The rules for words are those of the training text.
    #[arg(value_name = "CONTEXT")]
    context: Vec<String>,
    /// Number of words to show, the most probable first.
    #[arg(long, default_value_t = super::TOP, value_name = "N",
        value_parser = super::whole::<u32>(1..=u32::MAX.into()))]
    top: u32,
    /// Shows the probability of WORD instead; may be repeated [default: the most probable words].
    ///
    /// After a CONTEXT it takes several words.
    #[arg(long, value_name = "WORD")]
    of: Vec<String>,
    /// Threads [default: all cores].
    #[arg(long, value_name = "T", value_parser = super::whole::<u32>(1..=1024))]
    threads: Option<u32>,
}

impl Arguments {
    /// Assigns the words after `--of` to it, if a context stands before it: `the old --of river bank`.
    pub fn part(&mut self, matches: &ArgMatches) {
        let at = |id: &str| matches.indices_of(id).map_or(Vec::new(), Iterator::collect);
        let (context, of): (Vec<usize>, Vec<usize>) = (at("context"), at("of"));
        let Some(first) = of.first() else { return };
        let before = context.iter().filter(|place| *place < first).count();
        if before == 0 {
            return;
        }
        let behind = context[before..].iter().copied().zip(self.context.split_off(before));
        let mut words: Vec<_> = of.iter().copied().zip(self.of.drain(..)).chain(behind).collect();
        words.sort();
        self.of = words.into_iter().map(|(_, word)| word).collect();
    }
}

pub fn run(arguments: &Arguments) -> Result<()> {
    run_over(arguments, &mut Team::default())
}

/// Predicts with a model whose layer is divided among the ranks of a team. Rank 0 reads standard input and answers.
pub fn run_over(arguments: &Arguments, team: &mut Team) -> Result<()> {
    let threads = Threads::new(super::threads(arguments.threads));
    let predictor = Predictor::open_over(&arguments.model, threads, team)?;
    super::ranks::warn_of_idle(&Division::over(predictor.vocab().len() as u32, team));
    if !arguments.context.is_empty() {
        let context: Vec<&str> = arguments.context.iter().map(String::as_str).collect();
        let read = non_empty(predictor.words_of(&context), &context);
        return super::print(&answer(arguments, &predictor, read)?);
    }
    let unknown: Vec<_> =
        arguments.of.iter().filter(|word| predictor.vocab().id(&predictor.word(word)).is_none()).collect();
    if !unknown.is_empty() {
        hint_at_commas(arguments, &predictor);
        return Err(Error::NotInVocabulary(unknown.into_iter().cloned().collect()));
    }
    prompt::answer_lines("context", team, |line| {
        let read = if line.contains('\t') { predictor.words_of(&prompt::words(line)) } else { predictor.words(line) };
        Ok(answer(arguments, &predictor, non_empty(read, &[line]))? + "\n")
    })
}

/// The words that were read, or the text itself if it has no word (for example no letter).
fn non_empty(read: Vec<String>, text: &[&str]) -> Vec<String> {
    if read.is_empty() { text.iter().map(|part| part.to_string()).collect() } else { read }
}

/// One line for each word: the word, its probability, ln P in nats.
fn answer(arguments: &Arguments, predictor: &Predictor, context: Vec<String>) -> Result<String> {
    let line = |word: &str, ln_p: f64| format!("{}\t{:.6e}\t{ln_p:.6}\n", escaped(word), ln_p.exp());
    let (known, unknown): (Vec<_>, Vec<_>) = context.into_iter().partition(|word| predictor.vocab().id(word).is_some());
    if known.is_empty() {
        return Err(Error::NotInVocabulary(unknown));
    }
    if !unknown.is_empty() {
        super::warn(&format!("unknown: {}", shown::words(&unknown)));
    }
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    if arguments.of.is_empty() {
        let found = predictor.top(&known, arguments.top as usize)?;
        return Ok(found.words.iter().map(|(word, ln_p)| line(word, *ln_p)).collect());
    }
    let words: Vec<String> = arguments.of.iter().map(|word| predictor.word(word)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let found = predictor.log_prob(&known, &words).inspect_err(|_| hint_at_commas(arguments, predictor))?;
    Ok(words.iter().zip(found).map(|(word, ln_p)| line(word, ln_p)).collect())
}

/// Warns about the first unknown word whose parts between commas are known: commas do not separate words.
fn hint_at_commas(arguments: &Arguments, predictor: &Predictor) {
    let is_known = |word: &str| predictor.vocab().id(&predictor.word(word)).is_some();
    let list = |word: &&String| word.contains(',') && !is_known(word) && word.split(',').all(is_known);
    if let Some(word) = arguments.of.iter().find(list) {
        let repeated: Vec<_> = word.split(',').map(|part| format!("--of {}", shown::value(part))).collect();
        super::warn(&format!(
            "a comma is part of a word; repeat --of for each word: {}",
            shown::value(repeated.join(" "))
        ));
    }
}
