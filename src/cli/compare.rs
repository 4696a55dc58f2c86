//! `lexmax compare`.

use super::progress::Bars;
use super::table::{self, Format};
use crate::Result;
use crate::compare::{Config, Data, Source, compare};
use crate::corpus::{Context, Model, Window};
use crate::files::{check_writable, write_atomically};
use crate::layer::catalogue::LayerSpec;
use crate::model::Encoding;
use crate::optimizer::Optimizer;
use crate::report::write_page;
use crate::synthetic::SyntheticLanguage;
use crate::train::Budget;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

#[derive(Args)]
pub struct Arguments {
    /// Training text: plain, .gz or .zst, a sentence a line. The synthetic language without.
    #[arg(long, num_args = 1.., value_name = "PATH")]
    corpus: Vec<PathBuf>,
    /// Held-out text. Every twentieth line of the training text without.
    #[arg(long, num_args = 1.., value_name = "PATH", requires = "corpus")]
    valid: Vec<PathBuf>,
    /// Layers as NAME[:key=value]…, joined by commas, or all. Those that cost no more than full softmax without.
    #[arg(long, value_delimiter = ',', value_name = "LAYER")]
    layers: Vec<Layers>,
    /// cbow: predict a word from the mean of its context; skipgram: from each word of it; ngram: from the words before, in
    /// their order, through a hidden layer (Bengio 2003).
    #[arg(long, value_enum, default_value_t = ModelName::Cbow)]
    model: ModelName,
    /// The n of ngram: a word and the n - 1 before it [5; 2 for the synthetic language].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=1_000))]
    order: Option<u32>,
    /// Size of ngram's embeddings [as --dim].
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u32).range(1..=16_384))]
    embedding: Option<u32>,
    /// The side of the context.
    #[arg(long, value_enum, default_value_t = ContextName::Left)]
    context: ContextName,
    /// Size of hidden vectors, and of embeddings [100; 24 for the synthetic language].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=16_384))]
    dim: Option<u32>,
    /// Words a side [5; 1 for the synthetic language].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    window: Option<u32>,
    /// Windows of random size up to --window in training, as word2vec's.
    #[arg(long)]
    dynamic: bool,
    /// Words that occur more rarely are dropped.
    #[arg(long, default_value_t = 5, value_name = "N", requires = "corpus")]
    min_count: u64,
    /// Threshold of word2vec's subsampling of frequent words; 0 is off.
    #[arg(long, default_value_t = 0.0, value_name = "T", value_parser = threshold, allow_negative_numbers = true, requires = "corpus")]
    sample: f64,
    /// How gradients move weights.
    #[arg(long, value_enum, default_value_t = OptimizerName::Adagrad)]
    optimizer: OptimizerName,
    /// Rate at the start, for all layers instead of each one's own.
    #[arg(long, value_name = "R", value_parser = rate, allow_negative_numbers = true)]
    lr: Option<f32>,
    /// Examples in a mini-batch, for all layers instead of each one's own.
    #[arg(long, value_name = "B", value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    batch: Option<u32>,
    /// Time to train each layer, as 60s or 2m; evaluation is not counted [60s with --corpus].
    #[arg(long, value_name = "TIME", value_parser = super::duration, conflicts_with = "examples")]
    budget: Option<Duration>,
    /// Examples to train each layer on: the same bits every time [1500000 for the synthetic language].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    examples: Option<u64>,
    /// Held-out examples, evenly spaced.
    #[arg(long, default_value_t = 20_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    valid_examples: u32,
    /// Threads [all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
    /// Decides all that is random.
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// Words of the synthetic language.
    #[arg(long, value_name = "K", default_value_t = SyntheticLanguage::DEFAULT_VOCAB, conflicts_with = "corpus")]
    vocab: usize,
    /// Classes of the synthetic language.
    #[arg(long, value_name = "C", default_value_t = SyntheticLanguage::DEFAULT_CLASSES, conflicts_with = "corpus")]
    classes: usize,
    /// How the table is printed.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    table: Format,
    /// Folder for compare.json, the report compare.html, and its pictures.
    #[arg(long, default_value = "lexmax-out", value_name = "DIR")]
    out: PathBuf,
}

#[derive(Clone)]
enum Layers {
    All,
    One(LayerSpec),
}

impl FromStr for Layers {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "all" { Ok(Self::All) } else { text.parse().map(Self::One) }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum ModelName {
    Cbow,
    Skipgram,
    Ngram,
}

#[derive(Clone, Copy, ValueEnum)]
enum ContextName {
    Both,
    Left,
}

#[derive(Clone, Copy, ValueEnum)]
enum OptimizerName {
    Sgd,
    Adagrad,
}

/// Where Adagrad's sums of squares start.
const ADAGRAD_INITIAL: f32 = 1e-2;
/// What a bare run trains each layer on.
const SYNTHETIC_EXAMPLES: u64 = 1_500_000;
const TEXT_BUDGET: Duration = Duration::from_secs(60);

fn rate(text: &str) -> std::result::Result<f32, String> {
    let rate = text.parse::<f32>().map_err(|e| e.to_string())?;
    if rate >= 0.0 && rate.is_finite() { Ok(rate) } else { Err("must be 0 or more, and finite".into()) }
}

fn threshold(text: &str) -> std::result::Result<f64, String> {
    let threshold = text.parse::<f64>().map_err(|e| e.to_string())?;
    if threshold >= 0.0 && threshold.is_finite() { Ok(threshold) } else { Err("must be 0 or a positive number".into()) }
}

impl Arguments {
    fn source(&self) -> Source {
        if self.corpus.is_empty() {
            return Source::Synthetic { vocab: self.vocab, classes: self.classes, seed: self.seed };
        }
        Source::Text {
            corpus: self.corpus.clone(),
            valid: self.valid.clone(),
            min_count: self.min_count,
            sample: self.sample,
        }
    }

    fn context(&self) -> Context {
        match self.context {
            ContextName::Both => Context::Both,
            ContextName::Left => Context::Left,
        }
    }

    /// The layers by name; `all` stands for every one.
    fn specs(&self) -> Vec<LayerSpec> {
        if self.layers.is_empty() {
            return Config::usual_layers();
        }
        let named = |layer: &Layers| match layer {
            Layers::All => Config::all_layers(),
            Layers::One(spec) => vec![spec.clone()],
        };
        self.layers.iter().flat_map(named).collect()
    }

    fn config(&self) -> Result<Config> {
        let synthetic = self.corpus.is_empty();
        let or = |value: Option<u32>, text, small| value.unwrap_or(if synthetic { small } else { text }) as usize;
        let model = match self.model {
            ModelName::Cbow | ModelName::Ngram => Model::Cbow,
            ModelName::Skipgram => Model::SkipGram,
        };
        let dim = or(self.dim, 100, 24);
        let both = matches!(self.context, ContextName::Both);
        super::check_ngram(
            matches!(self.model, ModelName::Ngram),
            &[("--order", self.order.is_some()), ("--embedding", self.embedding.is_some())],
            &[("--window", self.window.is_some()), ("--dynamic", self.dynamic), ("--context both", both)],
        )?;
        let (encoding, window) = match self.model {
            ModelName::Ngram => {
                let embedding = self.embedding.map_or(dim, |m| m as usize);
                (Encoding::NGram { embedding }, Encoding::window(or(self.order, 5, 2))?)
            }
            _ => (Encoding::Mean, Window::new(model, self.context(), or(self.window, 5, 1), self.dynamic)?),
        };
        let budget = match (self.budget, self.examples) {
            (Some(time), _) => Budget::Time(time),
            (None, Some(n)) => Budget::Examples(n),
            (None, None) if synthetic => Budget::Examples(SYNTHETIC_EXAMPLES),
            (None, None) => Budget::Time(TEXT_BUDGET),
        };
        Ok(Config {
            layers: self.specs(),
            window,
            encoding,
            dim,
            optimizer: match self.optimizer {
                OptimizerName::Sgd => Optimizer::Sgd,
                OptimizerName::Adagrad => Optimizer::adagrad(ADAGRAD_INITIAL)?,
            },
            rate: self.lr,
            batch: self.batch.map(|b| b as usize),
            budget,
            valid_examples: self.valid_examples as usize,
            threads: super::threads(self.threads),
            seed: self.seed,
        })
    }
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let config = arguments.config()?;
    let path = arguments.out.join("compare.json");
    // Before hours of training, not after.
    check_writable(&path)?;
    let data = Data::new(&arguments.source())?;
    let mut comparison = compare(&config, &data, &mut Bars::new())?;
    comparison.run.command = super::command();
    write_atomically(&path, comparison.to_json().as_bytes())?;
    let page = write_page(&comparison.page(), &arguments.out, "compare")?;
    let mut notes = comparison.notes();
    notes.extend([path, page].map(|path| path.display().to_string()));
    let picture = match arguments.table {
        Format::Text => table::picture(&comparison.nll_vs_time()),
        _ => String::new(),
    };
    super::print(&(picture + &table::formatted(&comparison.grid(), arguments.table, &notes)))
}
