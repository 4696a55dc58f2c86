//! `lexmax check`.

use super::audit;
use clap::Args;
use lexmax::Result;
use lexmax::check::{self, Settings};
use lexmax::layer::catalogue::LayerSpec;

#[derive(Args)]
pub struct Arguments {
    /// Layers as NAME[:key=value]…, joined by commas. All without, and the corrections of samplers too.
    #[arg(long, value_delimiter = ',', value_name = "LAYER")]
    layers: Vec<LayerSpec>,
    /// Number of words.
    #[arg(long, default_value_t = 240, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    vocab: u32,
    /// Size of the hidden vector.
    #[arg(long, default_value_t = 6, value_name = "D", value_parser = clap::value_parser!(u32).range(1..=1_024))]
    dim: u32,
    /// Examples in the batch.
    #[arg(long, default_value_t = 7, value_name = "B", value_parser = clap::value_parser!(u32).range(1..=1_024))]
    batch: u32,
    /// Decides weights, hidden vectors, targets and draws.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Prints what was found; `false` if anything failed.
pub fn run(arguments: &Arguments) -> Result<bool> {
    let settings = Settings { batch: arguments.batch as usize, seed: arguments.seed };
    let (vocab, dim) = (arguments.vocab as usize, arguments.dim as usize);
    let all = arguments.layers.is_empty();
    let layers = if all { check::all_layers() } else { arguments.layers.clone() };
    let audits = check::catalogue(&layers, vocab, dim, &settings)?;
    let mut text = audit::of_audits(&audits) + "\n";
    let mut passed = audits.iter().all(|(_, audit)| audit.passed());
    if all {
        let corrections = check::corrections();
        passed &= corrections.iter().all(check::Correction::passed);
        text += &format!("\n{}\n", audit::of_corrections(&corrections));
    }
    text += if passed { "all checks passed\n" } else { "SOME CHECKS FAILED\n" };
    super::print(&text)?;
    Ok(passed)
}
