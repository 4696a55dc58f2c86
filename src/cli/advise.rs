//! `lexmax advise`.

use super::table::{self, Table};
use crate::Result;
use crate::compare::CompareConfig;
use crate::error::shown;
use crate::files::Output;
use crate::layer::catalogue::LayerSpec;
use crate::measure::{AdviseConfig, Need, STEP_SECONDS, advise};
use clap::Args;
use indicatif::ProgressBar;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Args)]
pub struct Arguments {
    /// Words in the vocabulary, as 50000 or 5e4.
    #[arg(long, value_name = "V", value_parser = super::count)]
    vocab: u64,
    /// Size of hidden vectors, and of the layer's word vectors.
    #[arg(long, value_name = "D", value_parser = super::dim())]
    dim: u32,
    /// Words of the training text, as 1e9; each is one example.
    #[arg(long, value_name = "N", value_parser = super::count)]
    tokens: u64,
    /// Memory limit in GiB [default: the free memory].
    #[arg(long, value_name = "GIB", value_parser = super::gib, allow_negative_numbers = true)]
    memory: Option<u64>,
    /// Time limit, as 90s or 2h [default: none].
    #[arg(long, value_name = "TIME", value_parser = super::duration, allow_negative_numbers = true)]
    time: Option<Duration>,
    /// Purpose of the model.
    #[arg(long, value_enum, default_value_t, value_name = "NEED")]
    need: Need,
    /// Layers to choose from, as NAME[:key=value]… joined by commas [default: all].
    #[arg(long, value_delimiter = ',', value_name = "LAYER")]
    layers: Vec<LayerSpec>,
    /// Examples in a batch.
    #[arg(
        long, default_value_t = AdviseConfig::BATCH, value_name = "B",
        value_parser = super::whole::<u32>(1..=1_048_576)
    )]
    batch: u32,
    /// Words drawn for each batch, in layers that draw [default: each layer's own].
    #[arg(long, value_name = "S", value_parser = super::whole::<u32>(1..=u32::MAX.into()))]
    samples: Option<u32>,
    /// Threads [default: all cores].
    #[arg(long, value_name = "T", value_parser = super::whole::<u32>(1..=1024))]
    threads: Option<u32>,
    /// Seed of weights, hidden vectors and targets.
    #[arg(long, value_name = "N", default_value_t = AdviseConfig::SEED, value_parser = super::natural::<u64>())]
    seed: u64,
    /// Format of the table on standard output.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    table: Table,
    /// File for the advice, as JSON [default: none].
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let config = AdviseConfig {
        layers: if arguments.layers.is_empty() { CompareConfig::all_layers() } else { arguments.layers.clone() },
        vocab: arguments.vocab as usize,
        dim: arguments.dim as usize,
        tokens: arguments.tokens,
        batch: arguments.batch as usize,
        samples: arguments.samples.map(|s| s as usize),
        threads: super::threads(arguments.threads),
        memory_bytes: arguments.memory,
        seconds: arguments.time.map(|t| t.as_secs_f64()),
        need: arguments.need,
        step_seconds: STEP_SECONDS,
        seed: arguments.seed,
    };
    super::check_json(arguments.json.as_deref(), super::layer_files(&config.layers))?;
    let spinner = ProgressBar::new_spinner();
    let mut advice = advise(&config, &mut |layer| {
        spinner.set_message(shown::value(format!("timing {layer}")));
        spinner.tick();
    })?;
    spinner.finish_and_clear();
    advice.run.command = super::command();
    if let Some(path) = &arguments.json {
        Output::new(path)?.put(advice.to_json().as_bytes())?;
    }
    if arguments.table != Table::Text {
        advice.refused.iter().for_each(|(layer, why)| super::warn(&format!("lexmax: not {layer}: {why}")));
    }
    super::say(&table::formatted(&advice.grid(), arguments.table, &advice.notes()), arguments.json.as_deref())
}
