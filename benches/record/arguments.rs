//! The command line.

use clap::{Args, Parser, Subcommand, value_parser};
use serde::Serialize;
use std::path::PathBuf;

/// Runs programs by turns and records their times and their quality.
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
    /// Trains word vectors: every model through every layer with every number of threads.
    Train(Train),
    /// Takes steps of layers on synthetic data: every layer with every vocabulary and every number of threads.
    Step(Step),
}

/// The options of training. Numbers are handed on as they are written.
#[derive(Args, Serialize)]
pub struct Train {
    /// The text, plain, a sentence a line.
    #[arg(long, value_name = "FILE")]
    pub corpus: String,
    /// Models, joined by commas.
    #[arg(long, value_delimiter = ',', default_value = "skipgram,cbow", value_name = "MODEL,…")]
    pub models: Vec<String>,
    /// Layers, joined by commas.
    #[arg(long, value_delimiter = ',', default_value = "hierarchical,negative:samples=5", value_name = "LAYER,…")]
    pub layers: Vec<String>,
    /// Size of the vectors.
    #[arg(long, default_value = "100", value_name = "D")]
    pub dim: String,
    /// Words a side, at most.
    #[arg(long, default_value = "5", value_name = "N")]
    pub window: String,
    /// Least count of a word that is kept.
    #[arg(long, default_value = "5", value_name = "N")]
    pub min_count: String,
    /// Threshold of subsampling.
    #[arg(long, default_value = "1e-3", value_name = "T")]
    pub sample: String,
    /// Passes over the text.
    #[arg(long, default_value = "1", value_name = "N")]
    pub epochs: String,
    /// Rate at the start, the same for both models and all programs.
    #[arg(long, default_value = "0.025", value_name = "R")]
    pub lr: String,
    /// File of word pairs with judgements: a test set. Can be repeated.
    #[arg(long, value_name = "FILE")]
    pub similarity: Vec<PathBuf>,
    /// File of analogy questions: two test sets, all questions and the syntactic ones. Can be repeated.
    #[arg(long, value_name = "FILE")]
    pub analogies: Vec<PathBuf>,
    /// The entry that the quality of each other is held against, such as threads=1 or with=plain.
    #[arg(long, value_name = "KEY=VALUE,…")]
    pub reference: Option<String>,
    /// Folder in which the vectors of all runs are kept.
    #[arg(long, value_name = "FOLDER")]
    pub keep: Option<PathBuf>,
    #[command(flatten)]
    #[serde(flatten)]
    pub turns: Turns,
}

/// The options of single steps.
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
    /// Size of a word's vector.
    #[arg(long, default_value = "128", value_name = "D")]
    pub dim: String,
    /// Examples in a batch.
    #[arg(long, default_value = "1024", value_name = "B")]
    pub batch: String,
    /// Steps that a program times in one run; it tells their median.
    #[arg(long, default_value = "7", value_name = "N")]
    pub repeats: String,
    #[command(flatten)]
    #[serde(flatten)]
    pub turns: Turns,
}

/// The options of turns: who runs, how often, and where the record goes.
#[derive(Args, Serialize)]
pub struct Turns {
    /// Numbers of threads, joined by commas [default: all cores].
    #[arg(long, value_delimiter = ',', value_name = "N,…", value_parser = value_parser!(u32).range(1..=1024))]
    pub threads: Vec<u32>,
    /// A build of lexmax. Can be repeated; without PATH (`NAME=`) it is this build [default: lexmax=].
    #[arg(long = "program", value_name = "NAME=PATH")]
    pub programs: Vec<String>,
    /// Another program: a command line with placeholders such as {corpus} and {out}. Can be repeated.
    #[arg(long = "peer", value_name = "NAME=COMMAND")]
    pub peers: Vec<String>,
    /// More arguments for lexmax, which replace the recorder's own. Repeated, each is a variant; without NAME its name
    /// is ARGS, and `NAME=` has no arguments.
    #[arg(long, allow_hyphen_values = true, value_name = "[NAME=]ARGS")]
    pub with: Vec<String>,
    /// Rounds; in each every entry runs once [default: one a seed].
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=1000))]
    pub rounds: Option<u32>,
    /// Number of seeds, or a list joined by commas; the rounds take them in turn [default: one a round, or 3].
    #[arg(long, value_name = "N|SEED,…")]
    pub seeds: Option<String>,
    /// The entry whose times are divided by those of each other: a program, a peer, a variant, or KEY=VALUE,….
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
    /// The command of lexmax.
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
