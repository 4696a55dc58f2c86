//! How long, how fast, and on what.

use crate::word2vec::Options;
use clap::Args;

#[derive(Args)]
#[command(next_help_heading = "Training")]
pub struct Schedule {
    /// Passes over the text [default: 5].
    #[arg(long, value_name = "N", alias = "iter", alias = "epoch",
        value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub epochs: Option<u32>,
    /// Neighbouring positions of a sentence that are trained in one step, for the layers hierarchical and negative:
    /// their windows share what is read and written, which is faster, and see each other's moves later
    /// [default: 8 for these layers, else 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub block: Option<u32>,
    /// Threads [default: all cores].
    #[arg(long, value_name = "N", alias = "workers", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub threads: Option<u32>,
    /// Rate at the start [default: 0.025 for skipgram, 0.05 for cbow].
    #[arg(long, value_name = "R", alias = "alpha", allow_negative_numbers = true)]
    pub lr: Option<f32>,
    /// Rate at the end, to which it falls linearly with the words read [default: a ten-thousandth of the first].
    #[arg(long, value_name = "R", alias = "min-alpha", allow_negative_numbers = true)]
    pub lr_end: Option<f32>,
    /// Rows of each table that a thread keeps to itself [default: 6 MB of them with one thread; with more
    /// only 512 nodes of a tree].
    #[arg(long, value_name = "N", alias = "hot-rows")]
    pub cached_rows: Option<u32>,
    /// The same bits for any number of threads: same binary, same instruction set (the best of the machine, or
    /// the one named by LEXMAX_SIMD), same seed, text and settings. Slower, and without --cached-rows.
    #[arg(long)]
    pub deterministic: bool,
    /// Decides all that is random.
    #[arg(long, default_value_t = Options::SEED)]
    pub seed: u64,
}

impl Schedule {
    /// Hands the options on.
    pub fn set(&self, options: &mut Options) {
        options.epochs = self.epochs;
        options.block = self.block.map(|n| n as usize);
        options.threads = self.threads.map(|n| n as usize);
        options.rate = self.lr;
        options.last_rate = self.lr_end;
        options.cached_rows = self.cached_rows;
        options.deterministic = self.deterministic;
        options.seed = Some(self.seed);
    }
}
