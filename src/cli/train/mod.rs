//! `lexmax train`. Options stand by topic, one file each.

mod input;
mod model;
mod output;
mod schedule;
mod vocabulary;

use super::progress::Bars;
use clap::Args;
use lexmax::Result;
use lexmax::embed::{self, Config};
use lexmax::report::{check_writable, write_atomically};
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
    output: output::Output,
}

impl Arguments {
    fn config(&self) -> Result<Config> {
        let Self { input, vocabulary, model, schedule, .. } = self;
        let (encoding, window, dim) = model.encoding()?;
        Ok(Config {
            corpus: input.corpus.clone(),
            spool: input.spool.clone(),
            layer: model.layer.clone(),
            window,
            encoding,
            dim,
            min_count: vocabulary.min_count,
            sample: vocabulary.sample,
            epochs: schedule.epochs,
            threads: super::threads(schedule.threads),
            rate: schedule.rate(Config::default_rate(model.kind()))?,
            hot: schedule.hot(),
            deterministic: schedule.deterministic,
            seed: schedule.seed,
        })
    }
}

pub fn run(arguments: &Arguments, start: Instant) -> Result<()> {
    let config = arguments.config()?;
    let output = &arguments.output;
    output.files().try_for_each(|path| check_writable(path))?;
    let mut bar = Bars::single(&config.layer);
    let vectors = embed::train(&config, start, &mut |progress| bar.share(progress))?;
    bar.clear();
    vectors.write(&output.out, output.format())?;
    if let Some(path) = &output.save_model {
        vectors.save_model(path)?;
    }
    let facts = vectors.facts();
    if let Some(path) = &output.json {
        write_atomically(path, facts.to_json().as_bytes())?;
    }
    let (words, train, total) = (facts.words_per_second, facts.train_seconds, facts.total_seconds);
    let out = output.out.display();
    super::print(&format!("{words:.0} words/s: {train:.2} s of training, {total:.2} s in all\n{out}\n"))
}
