//! How long, how fast, and on what.

use clap::Args;
use lexmax::Result;
use lexmax::table::HotRows;
use lexmax::train::LinearDecay;

#[derive(Args)]
#[command(next_help_heading = "Training")]
pub struct Schedule {
    /// Passes over the text.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub epochs: u32,
    /// Threads [all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub threads: Option<u32>,
    /// Rate at the start [0.025 for skipgram, 0.05 for cbow].
    #[arg(long, value_name = "R")]
    pub lr: Option<f32>,
    /// Rate at the end, to which it falls linearly with the words read [a ten-thousandth of the first].
    #[arg(long, value_name = "R")]
    pub lr_end: Option<f32>,
    /// Rows of each table that a thread keeps to itself [6 MB of them, less with many threads].
    #[arg(long, value_name = "N")]
    pub hot_rows: Option<u32>,
    /// The same bits for any number of threads: same binary, same machine family (the instruction set is chosen at run
    /// time), same seed, text and settings. Slower, and --hot-rows does not count.
    #[arg(long)]
    pub deterministic: bool,
    /// Decides all that is random.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Schedule {
    /// The rate, where the model starts at `first` unless told otherwise.
    pub fn rate(&self, first: f32) -> Result<LinearDecay> {
        LinearDecay::to(self.lr.unwrap_or(first), self.lr_end.unwrap_or(0.0))
    }

    /// Rows that a thread keeps to itself.
    pub fn hot(&self) -> HotRows {
        self.hot_rows.map_or(HotRows::Cached, HotRows::First)
    }
}
