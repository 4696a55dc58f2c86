//! Which words are kept.

use clap::Args;

#[derive(Args)]
#[command(next_help_heading = "Vocabulary")]
pub struct Vocabulary {
    /// Words that occur more rarely are dropped.
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub min_count: u64,
    /// Threshold of subsampling of frequent words; 0 is off.
    #[arg(long, default_value_t = 1e-3, value_name = "T")]
    pub sample: f64,
}
