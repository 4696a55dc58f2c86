//! The command line of the recorder.

use clap::{Args, Parser, Subcommand, value_parser};
use serde::Serialize;
use std::path::PathBuf;

/// Runs programs in turn and records their times and their quality.
#[derive(Parser)]
#[command(name = "record")]
pub struct Arguments {
    #[command(subcommand)]
    pub asked: Asked,
}

#[derive(Subcommand)]
pub enum Asked {
    #[command(flatten)]
    Turns(Box<Task>),
    /// Runs `lexmax compare` or `lexmax scale` and records its report.
    Report(Report),
}

#[derive(Subcommand)]
pub enum Task {
    /// Trains word vectors with every combination of model, layer and number of threads.
    Train(Train),
    /// Runs steps of layers on synthetic data, for every combination of layer, vocabulary size and number of threads.
    Step(Step),
}

/// Options for training. Numbers are passed on as written.
#[derive(Args, Serialize)]
pub struct Train {
    /// The text: an uncompressed file with one sentence a line.
    #[arg(long, value_name = "FILE")]
    pub corpus: String,
    /// Models, joined by commas.
    #[arg(long, value_delimiter = ',', default_value = "skipgram,cbow", value_name = "MODEL,…")]
    pub models: Vec<String>,
    /// Layers, joined by commas.
    #[arg(long, value_delimiter = ',', default_value = "hierarchical,negative:samples=5", value_name = "LAYER,…")]
    pub layers: Vec<String>,
    /// Size of the word vectors.
    #[arg(long, default_value = "100", value_name = "D")]
    pub dim: String,
    /// Maximum number of words on each side.
    #[arg(long, default_value = "5", value_name = "N")]
    pub window: String,
    /// Minimum count of a kept word.
    #[arg(long, default_value = "5", value_name = "N")]
    pub min_count: String,
    /// Threshold of subsampling.
    #[arg(long, default_value = "1e-3", value_name = "T")]
    pub sample: String,
    /// Passes over the text.
    #[arg(long, default_value = "1", value_name = "N")]
    pub epochs: String,
    /// Initial learning rate, the same for both models and all programs.
    #[arg(long, default_value = "0.025", value_name = "R")]
    pub lr: String,
    /// File of word pairs with judgements, which is a test set. Can be repeated.
    #[arg(long, value_name = "FILE")]
    pub similarity: Vec<PathBuf>,
    /// File of analogy questions, which gives two test sets: all questions and the syntactic ones. Can be repeated.
    #[arg(long, value_name = "FILE")]
    pub analogies: Vec<PathBuf>,
    /// Entry that the quality of all others is compared with, such as threads=1 or with=plain.
    #[arg(long, value_name = "KEY=VALUE,…")]
    pub reference: Option<String>,
    /// Folder in which the vectors of all runs are stored.
    #[arg(long, value_name = "FOLDER")]
    pub keep: Option<PathBuf>,
    #[command(flatten)]
    #[serde(flatten)]
    pub turns: Turns,
}

/// Options for single steps.
#[derive(Args, Serialize)]
pub struct Step {
    /// Layers, joined by commas.
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "LAYER,…",
        default_value = "full,sampled:samples=8192:proposal=log-uniform:correction=distinct"
    )]
    pub layers: Vec<String>,
    /// Vocabulary sizes, joined by commas.
    #[arg(long, value_delimiter = ',', default_value = "36000,100000,300000", value_name = "V,…")]
    pub vocab: Vec<String>,
    /// Size of a word vector.
    #[arg(long, default_value = "128", value_name = "D")]
    pub dim: String,
    /// Examples in a batch.
    #[arg(long, default_value = "1024", value_name = "B")]
    pub batch: String,
    /// Steps that a program times in one run; it reports their median.
    #[arg(long, default_value = "7", value_name = "N")]
    pub repeats: String,
    #[command(flatten)]
    #[serde(flatten)]
    pub turns: Turns,
}

/// Options for the turns: the programs, the number of rounds, and the record.
#[derive(Args, Serialize)]
pub struct Turns {
    /// Numbers of threads, joined by commas [default: all cores].
    #[arg(long, value_delimiter = ',', value_name = "N,…", value_parser = value_parser!(u32).range(1..=1024))]
    pub threads: Vec<u32>,
    /// A build of lexmax. Can be repeated; `NAME=` without PATH is this build [default: lexmax=].
    #[arg(long = "program", value_name = "NAME=PATH")]
    pub programs: Vec<String>,
    /// Another program: a command line with placeholders such as {corpus} and {out}. Can be repeated.
    #[arg(long = "peer", value_name = "NAME=COMMAND")]
    pub peers: Vec<String>,
    /// More arguments for lexmax, which replace the recorder's own. Each repetition is a variant. Without NAME, ARGS is
    /// its name; `NAME=` has no arguments.
    #[arg(long, allow_hyphen_values = true, value_name = "[NAME=]ARGS")]
    pub with: Vec<String>,
    /// Number of rounds; each entry runs once in every round [default: one for each seed].
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=1000))]
    pub rounds: Option<u32>,
    /// Number of seeds, or a list joined by commas; the rounds use them in turn [default: one for each round, or 3].
    #[arg(long, value_name = "N|SEED,…")]
    pub seeds: Option<String>,
    /// Entry whose times are divided by the times of all others: a program, a peer, a variant, or KEY=VALUE,….
    #[arg(long, value_name = "NAME")]
    pub against: Option<String>,
    /// Part of the record's name, after the date.
    #[arg(long, value_name = "LABEL")]
    pub label: Option<String>,
    /// Folder for the record [default: benches/records].
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}

/// The options of reports.
#[derive(Args)]
pub struct Report {
    /// Part of the record's name, after the date.
    #[arg(long, value_name = "LABEL")]
    pub label: String,
    /// More arguments for one run. Can be repeated: one run each, all in one record.
    #[arg(long, allow_hyphen_values = true, value_name = "ARGS", conflicts_with = "from")]
    pub with: Vec<String>,
    /// A finished report, compare.json or scale.json; nothing is run. Can be repeated.
    #[arg(long, value_name = "FILE", requires_all = ["commit", "simd"])]
    pub from: Vec<PathBuf>,
    /// Commit of the build that wrote the reports of `--from`.
    #[arg(long, value_name = "HASH", requires = "from")]
    pub commit: Option<String>,
    /// Vector path of the build that wrote the reports of `--from`.
    #[arg(long, value_name = "PATH", requires = "from", value_parser = ["scalar", "avx2", "avx512", "native"])]
    pub simd: Option<String>,
    /// Folder for the record [default: benches/records].
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// Behind `--`: compare or scale, with its arguments, without `--out`.
    #[arg(last = true, value_name = "COMMAND", required_unless_present = "from", conflicts_with = "from")]
    pub command: Vec<String>,
}

impl Task {
    /// The lexmax subcommand.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Train(_) => "train",
            Self::Step(_) => "step",
        }
    }

    pub fn turns(&self) -> &Turns {
        match self {
            Self::Train(train) => &train.turns,
            Self::Step(step) => &step.turns,
        }
    }
}
