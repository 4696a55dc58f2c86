//! `lexmax scale`.

use super::table::{self, Table};
use crate::Result;
use crate::compare::CompareConfig;
use crate::error::shown;
use crate::files::{Output, Plan};
use crate::layer::catalogue::LayerSpec;
use crate::measure::{Event, PASSES, POINT_SECONDS, Scale, ScaleConfig, Vocabs, scale};
use crate::report::{page_files, write_page};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// Layers, as NAME[:key=value]… joined by commas [default: all].
    #[arg(long, value_delimiter = ',', value_name = "LAYER")]
    layers: Vec<LayerSpec>,
    /// Vocabulary sizes: FIRST..LAST, or a list joined by commas.
    ///
    /// FIRST..LAST stands for two sizes in each factor of 10.
    #[arg(long, default_value = ScaleConfig::VOCABS, value_name = "V")]
    vocab: Vocabs,
    /// Size of hidden vectors, and of the layer's word vectors.
    #[arg(
        long, default_value_t = ScaleConfig::DIM, value_name = "D",
        value_parser = super::dim()
    )]
    dim: u32,
    /// Examples in a batch.
    #[arg(
        long, default_value_t = ScaleConfig::BATCH, value_name = "B",
        value_parser = super::whole::<u32>(1..=1_048_576)
    )]
    batch: u32,
    /// Words drawn for each batch, in layers that draw [default: each layer's own].
    #[arg(long, value_name = "S", value_parser = super::whole::<u32>(1..=u32::MAX.into()))]
    samples: Option<u32>,
    /// Threads [default: all cores].
    #[arg(long, value_name = "T", value_parser = super::whole::<u32>(1..=1024))]
    threads: Option<u32>,
    /// Time limit of a point, in seconds; slower points are skipped.
    #[arg(
        long, default_value_t = POINT_SECONDS, value_name = "SECONDS", value_parser = super::seconds,
        allow_negative_numbers = true
    )]
    point_budget: f64,
    /// Memory limit of a point, in GiB; larger points are skipped [default: 4/5 of the free memory].
    #[arg(long, value_name = "GIB", value_parser = super::gib, allow_negative_numbers = true)]
    memory: Option<u64>,
    /// Seed of weights, hidden vectors and targets.
    #[arg(long, value_name = "N", default_value_t = ScaleConfig::SEED, value_parser = super::natural::<u64>())]
    seed: u64,
    /// Format of the table on standard output.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    table: Table,
    /// Folder for scale.json, scale.html and pictures.
    #[arg(long, default_value = super::OUT, value_name = "DIR")]
    out: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let layers = if arguments.layers.is_empty() { CompareConfig::all_layers() } else { arguments.layers.clone() };
    let config = ScaleConfig {
        vocabs: arguments.vocab.clone(),
        dim: arguments.dim as usize,
        batch: arguments.batch as usize,
        samples: arguments.samples.map(|s| s as usize),
        seed: arguments.seed,
        point_seconds: arguments.point_budget,
        memory_bytes: arguments.memory,
        ..ScaleConfig::new(layers, super::threads(arguments.threads))
    };
    let path = arguments.out.join("scale.json");
    let page = page_files(&arguments.out, "scale", &Scale::CHARTS);
    super::check_outputs(
        Plan::default().reads(super::layer_files(&config.layers)),
        [path.clone()].into_iter().chain(page),
    )?;
    let bar = ProgressBar::new((PASSES * config.layers.len() * config.vocabs.as_slice().len()) as u64);
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}").unwrap_or(ProgressStyle::default_bar()));
    let mut found = scale(&config, &mut |event| match event {
        Event::Begin(layer, vocab) => {
            bar.set_message(shown::value(format!("{layer}, V = {vocab}")));
            bar.inc(1);
        }
        Event::Skipped(_) => bar.inc(PASSES as u64 - 1),
        Event::Point(_) => {}
    })?;
    bar.finish_and_clear();
    found.run.command = super::command();
    Output::new(&path)?.put(found.to_json().as_bytes())?;
    let mut notes = found.notes();
    notes.push(shown::name(&path));
    if !found.points.is_empty() {
        notes.push(shown::name(&write_page(&found.page(), &arguments.out, "scale")?));
    }
    if arguments.table != Table::Text {
        // Standard output holds nothing but the table.
        found.skips().iter().for_each(|skip| super::warn(&skip.to_string()));
    }
    super::print(&match arguments.table {
        Table::Text if found.points.is_empty() => table::lines(&notes),
        Table::Text => table::picture(&found.cost_vs_vocabulary()) + &table::overview(&found.overview(), &notes),
        other => table::formatted(&found.grid(), other, &[]),
    })
}
