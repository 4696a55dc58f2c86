//! `lexmax train`. Options stand by topic, one file each.

mod control;
mod input;
mod model;
mod output;
mod schedule;
mod vocabulary;

use super::progress::Bars;
use crate::Result;
use crate::files::{check_writable, write_atomically};
use crate::run::{Control, Ended};
use crate::train::{Pass, Progress};
use crate::word2vec::{self, Options, Text, Watch, Word2Vec, Word2VecConfig};
use clap::Args;
use std::path::PathBuf;
use std::time::Instant;

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    input: input::Input,
    #[command(flatten)]
    vocabulary: vocabulary::Vocabulary,
    #[command(flatten)]
    model: model::ModelOptions,
    #[command(flatten)]
    schedule: schedule::Schedule,
    #[command(flatten)]
    run: control::RunControl,
    #[command(flatten)]
    output: output::Output,
}

/// Seconds of a dry run's measurement.
const MEASURED: f64 = 2.0;

impl Arguments {
    fn word2vec(&self) -> Result<Word2Vec> {
        let Self { input, vocabulary, model, schedule, run, output } = self;
        let mut options = Options { init: run.init.clone(), ..model.options()? };
        schedule.set(&mut options);
        vocabulary.set(&mut options);
        let word2vec = Word2Vec::options(options)
            .invalid(input.invalid_utf8)
            .normalizer(input.normalizer())
            .control(run.control(output.out.as_deref())?);
        Ok(input.spool().into_iter().fold(word2vec, Word2Vec::spool))
    }
}

/// Prints the plan of the run.
fn dry_run(config: &Word2VecConfig, json: Option<&PathBuf>) -> Result<()> {
    let plan = word2vec::plan(config, MEASURED)?;
    if let Some(path) = json {
        write_atomically(path, plan.to_json().as_bytes())?;
    }
    super::print(&plan.to_string())
}

/// Shows the progress of a run.
struct Shown(Bars);

impl Watch for Shown {
    fn read(&mut self, text: &Text) -> Result<()> {
        super::print(&format!("{text}\n"))
    }

    fn progress(&mut self, at: &Progress) {
        self.0.share(at);
    }
}

/// The settings that the arguments ask for, if they make sense and their files can be written.
fn checked(arguments: &Arguments) -> Result<Word2VecConfig> {
    arguments.output.check()?;
    let config = arguments.word2vec()?.config(&arguments.input.corpus)?;
    let files = arguments.output.files().chain(&arguments.vocabulary.save_vocab).chain(&arguments.run.log);
    files.into_iter().try_for_each(|path| check_writable(path))?;
    Ok(config)
}

pub fn run(arguments: &Arguments, start: Instant) -> Result<()> {
    let (output, vocabulary) = (&arguments.output, &arguments.vocabulary.save_vocab);
    let log = || Control { log: arguments.run.log.clone(), ..Control::default() };
    let config = checked(arguments).inspect_err(|error| log().log_failure(error))?;
    let Some(path) = &output.out else { return dry_run(&config, output.json.as_ref()) };
    let mut shown = Shown(Bars::single(&config.layer, config.threads));
    let vectors = word2vec::train(&config, start, &mut shown)?;
    shown.0.clear();
    vectors.write(path, output.format(path, arguments.model.preset))?;
    vocabulary.as_ref().map_or(Ok(()), |path| vectors.write_vocabulary(path))?;
    if let Some(path) = &output.save_model {
        vectors.save_model(path)?;
    }
    let facts = vectors.facts();
    if let Some(path) = &output.json {
        write_atomically(path, facts.to_json().as_bytes())?;
    }
    let (words, train, total) = (facts.words_per_second, facts.train_seconds, facts.total_seconds);
    let why = match facts.ended {
        Ended::Complete => "",
        Ended::Budget => "ended by the budget\n",
        Ended::Patience => "ended by patience\n",
        Ended::Interrupted => "interrupted\n",
    };
    let best = facts.best_words.map(|at| format!("left is the best model by the held-out text, after {at} words\n"));
    let best = best.unwrap_or_default();
    let (out, Pass { read, dropped }) = (path.display(), facts.subsampled());
    super::print(&format!(
        "{why}{best}subsampling dropped {dropped} of {read} words read\n\
         {words:.0} words/s: {train:.2} s of training, {total:.2} s in all\n{out}\n"
    ))
}
