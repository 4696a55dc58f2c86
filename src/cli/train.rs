//! `lexmax train`.

use super::progress::Bars;
use clap::{Args, ValueEnum};
use lexmax::Result;
use lexmax::corpus::{Context, Model, Window};
use lexmax::embed::{self, Config};
use lexmax::layer::catalogue::LayerSpec;
use lexmax::model::Encoding;
use lexmax::report::{check_writable, write_atomically};
use lexmax::table::HotRows;
use lexmax::train::LinearDecay;
use lexmax::vectors::Format;
use std::path::PathBuf;
use std::time::Instant;

#[derive(Args)]
pub struct Arguments {
    /// Text: plain, .gz or .zst, a sentence a line.
    #[arg(long, num_args = 1.., required = true, value_name = "PATH")]
    corpus: Vec<PathBuf>,
    /// Folder for a temporary file of word ids, for a text that is larger than memory [ids are kept in memory].
    #[arg(long, value_name = "DIR")]
    spool: Option<PathBuf>,
    /// The output layer as NAME[:key=value]…, e.g. hierarchical or negative:samples=5.
    #[arg(long, default_value = "negative", value_name = "LAYER")]
    layer: LayerSpec,
    /// skipgram: predict a word from each word of its context; cbow: from the mean of it; ngram: from the words before, in
    /// their order, through a hidden layer (Bengio 2003).
    #[arg(long, value_enum, default_value_t = ModelName::Skipgram)]
    model: ModelName,
    /// The n of ngram: a word and the n - 1 before it [5].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=1_000))]
    order: Option<u32>,
    /// Size of ngram's hidden layer [as --dim].
    #[arg(long, value_name = "D", value_parser = clap::value_parser!(u32).range(1..=16_384))]
    hidden: Option<u32>,
    /// The side of the context [both; left for ngram].
    #[arg(long, value_enum)]
    context: Option<ContextName>,
    /// Size of the vectors.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=16_384))]
    dim: u32,
    /// Words a side, at most: each position draws its own number [5].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    window: Option<u32>,
    /// Words that occur more rarely are dropped.
    #[arg(long, default_value_t = 5, value_name = "N")]
    min_count: u64,
    /// Threshold of subsampling of frequent words; 0 is off.
    #[arg(long, default_value_t = 1e-3, value_name = "T")]
    sample: f64,
    /// Passes over the text.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    epochs: u32,
    /// Threads [all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
    /// Rate at the start [0.025 for skipgram, 0.05 for cbow].
    #[arg(long, value_name = "R")]
    lr: Option<f32>,
    /// Rate at the end, to which it falls linearly with the words read [a ten-thousandth of the first].
    #[arg(long, value_name = "R")]
    lr_end: Option<f32>,
    /// Rows of each table that a thread keeps to itself [6 MB of them, less with many threads].
    #[arg(long, value_name = "N")]
    hot_rows: Option<u32>,
    /// The same bits for any number of threads: same binary, same machine family (the instruction set is chosen at run
    /// time), same seed, text and settings. Slower, and --hot-rows does not count.
    #[arg(long)]
    deterministic: bool,
    /// Decides all that is random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// File for the vectors.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Format of the vectors: word2vec's.
    #[arg(long, value_enum, default_value_t = FormatName::Binary)]
    format: FormatName,
    /// File for what is known of the training.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum ModelName {
    Skipgram,
    Cbow,
    Ngram,
}

#[derive(Clone, Copy, ValueEnum)]
enum ContextName {
    Both,
    Left,
}

#[derive(Clone, Copy, ValueEnum)]
enum FormatName {
    Binary,
    Text,
}

impl Arguments {
    fn config(&self) -> Result<Config> {
        let model = match self.model {
            ModelName::Skipgram => Model::SkipGram,
            ModelName::Cbow | ModelName::Ngram => Model::Cbow,
        };
        let context = match self.context {
            Some(ContextName::Left) => Context::Left,
            Some(ContextName::Both) | None => Context::Both,
        };
        let rate = self.lr.unwrap_or(Config::default_rate(model));
        let dim = self.dim as usize;
        super::check_ngram(
            matches!(self.model, ModelName::Ngram),
            &[("--order", self.order.is_some()), ("--hidden", self.hidden.is_some())],
            &[("--window", self.window.is_some()), ("--context both", matches!(self.context, Some(ContextName::Both)))],
        )?;
        let (encoding, window, hidden) = match self.model {
            ModelName::Ngram => {
                let hidden = self.hidden.map_or(dim, |d| d as usize);
                (Encoding::NGram { embedding: dim }, Encoding::window(self.order.unwrap_or(5) as usize)?, hidden)
            }
            _ => (Encoding::Mean, Window::new(model, context, self.window.unwrap_or(5) as usize, true)?, dim),
        };
        Ok(Config {
            corpus: self.corpus.clone(),
            spool: self.spool.clone(),
            layer: self.layer.clone(),
            window,
            encoding,
            dim: hidden,
            min_count: self.min_count,
            sample: self.sample,
            epochs: self.epochs,
            threads: super::threads(self.threads),
            rate: LinearDecay::to(rate, self.lr_end.unwrap_or(0.0))?,
            hot: self.hot_rows.map_or(HotRows::Cached, HotRows::First),
            deterministic: self.deterministic,
            seed: self.seed,
        })
    }
}

pub fn run(arguments: &Arguments, start: Instant) -> Result<()> {
    let config = arguments.config()?;
    [Some(&arguments.out), arguments.json.as_ref()].into_iter().flatten().try_for_each(|path| check_writable(path))?;
    let mut bar = Bars::single(&config.layer);
    let vectors = embed::train(&config, start, &mut |progress| bar.share(progress))?;
    bar.clear();
    let format = match arguments.format {
        FormatName::Binary => Format::Binary,
        FormatName::Text => Format::Text,
    };
    vectors.write(&arguments.out, format)?;
    let facts = vectors.facts();
    if let Some(path) = &arguments.json {
        write_atomically(path, facts.to_json().as_bytes())?;
    }
    let (words, train, total) = (facts.words_per_second, facts.train_seconds, facts.total_seconds);
    let out = arguments.out.display();
    super::print(&format!("{words:.0} words/s: {train:.2} s of training, {total:.2} s in all\n{out}\n"))
}
