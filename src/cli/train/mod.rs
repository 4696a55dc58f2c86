//! `lexmax train`. Options stand by topic, one file each.

mod control;
mod input;
mod model;
mod output;
mod schedule;
mod vocabulary;

use super::progress::Bars;
use crate::Result;
use crate::word2vec as embed;
use crate::word2vec::{Config, Text, Watch};
use crate::run::{Control, Ended};
use crate::files::{check_writable, write_atomically};
use crate::train::{Pass, Progress};
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
    model: model::Model,
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
    fn config(&self) -> Result<Config> {
        let Self { input, vocabulary, model, schedule, run, output } = self;
        let options = model.options(schedule.lr, schedule.lr_end)?;
        let (own, shape) = (options.defaults(), options.shape()?);
        Ok(Config {
            source: input.source()?,
            rules: vocabulary.rules(&own)?,
            spool: input.spool(),
            layer: options.layer()?,
            window: shape.window,
            encoding: shape.encoding,
            dim: shape.dim,
            whole_gradients: shape.whole_gradients,
            sample: vocabulary.sample.unwrap_or(own.sample),
            epochs: schedule.epochs.unwrap_or(own.epochs),
            threads: super::threads(schedule.threads),
            rate: options.rate()?,
            hot: schedule.hot()?,
            deterministic: schedule.deterministic,
            seed: schedule.seed,
            init: run.init.clone(),
            control: run.control(output.out.as_deref())?,
        })
    }
}

/// Says what the run would be.
fn dry_run(config: &Config, json: Option<&PathBuf>) -> Result<()> {
    let plan = embed::plan(config, MEASURED)?;
    if let Some(path) = json {
        write_atomically(path, plan.to_json().as_bytes())?;
    }
    super::print(&plan.to_string())
}

/// Shows how a run goes.
struct Shown(Bars);

impl Watch for Shown {
    fn read(&mut self, text: &Text) -> Result<()> {
        super::print(&format!("{text}\n"))
    }

    fn progress(&mut self, at: &Progress) {
        self.0.share(at);
    }
}

/// What the arguments ask for, if it makes sense and can be written.
fn checked(arguments: &Arguments) -> Result<Config> {
    arguments.output.check()?;
    let config = arguments.config()?;
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
    let vectors = embed::train(&config, start, &mut shown)?;
    shown.0.clear();
    vectors.write(path, output.format(arguments.model.preset))?;
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
        "{why}{best}subsampling dropped {dropped} of {read} words read\n{words:.0} words/s: {train:.2} s of training, {total:.2} s in all\n{out}\n"
    ))
}
