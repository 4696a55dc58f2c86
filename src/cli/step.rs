//! `lexmax step`.

use crate::Result;
use crate::files::Output;
use crate::layer::catalogue::LayerSpec;
use crate::measure::{StepConfig, StepReport, time_step_over};
use crate::peers::Team;
use crate::table::Division;
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// Layer, as NAME[:key=value]…
    #[arg(long, value_name = "LAYER")]
    layer: LayerSpec,
    /// Words in the vocabulary.
    #[arg(
        long, default_value_t = StepConfig::VOCAB, value_name = "V",
        value_parser = super::whole::<u32>(1..=100_000_000)
    )]
    vocab: u32,
    /// Size of hidden vectors, and of the layer's word vectors.
    #[arg(
        long, default_value_t = StepConfig::DIM, value_name = "D",
        value_parser = super::dim()
    )]
    dim: u32,
    /// Examples in a batch.
    #[arg(
        long, default_value_t = StepConfig::BATCH, value_name = "B",
        value_parser = super::whole::<u32>(1..=1_048_576)
    )]
    batch: u32,
    /// Threads [default: all cores].
    #[arg(long, value_name = "T", value_parser = super::whole::<u32>(1..=1024))]
    threads: Option<u32>,
    /// Steps to time; the result is their median.
    #[arg(
        long, default_value_t = StepConfig::REPEATS, value_name = "N",
        value_parser = super::whole::<u32>(1..=100_000)
    )]
    repeats: u32,
    /// Seed of weights, hidden vectors and targets.
    #[arg(long, value_name = "N", default_value_t = StepConfig::SEED, value_parser = super::natural::<u64>())]
    seed: u64,
    /// File for the report, as JSON [default: none].
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    run_over(arguments, &mut Team::default())
}

/// Times a step of a layer whose tables are divided among the ranks of a team. Rank 0 reports.
pub fn run_over(arguments: &Arguments, team: &mut Team) -> Result<()> {
    let config = StepConfig {
        layer: arguments.layer.clone(),
        vocab: arguments.vocab as usize,
        dim: arguments.dim as usize,
        batch: arguments.batch as usize,
        threads: super::threads(arguments.threads),
        repeats: arguments.repeats as usize,
        seed: arguments.seed,
    };
    team.agree(super::check_json(arguments.json.as_deref(), config.layer.files()))?;
    super::ranks::warn_of_idle(&Division::over(arguments.vocab, team));
    let timed = time_step_over(&config, team)?;
    let reported = if team.is_first() { report(arguments, &timed) } else { Ok(()) };
    team.agree(reported)
}

/// Writes and prints the report.
fn report(arguments: &Arguments, report: &StepReport) -> Result<()> {
    if let Some(path) = &arguments.json {
        Output::new(path)?.put(report.to_json().as_bytes())?;
    }
    let ranks = match report.ranks {
        1 => String::new(),
        ranks => format!(
            "; {ranks} ranks, {} of them idle, send {:.3e} bytes in {} messages",
            report.idle_ranks, report.sent_bytes as f64, report.sent_messages
        ),
    };
    let line = format!(
        "{}: {:.3} ms a step ({:.3} to {:.3}; {}), {:.3e} multiply-adds, {:.1} GFLOP/s: {:.0} % of \
         the peak's {:.1}, {:.0} % of sgemm's {:.1}{ranks}\n",
        report.layer,
        report.step_ms,
        report.range_ms[0],
        report.range_ms[1],
        report.method,
        report.multiply_adds as f64,
        report.gflops,
        100.0 * report.peak_share,
        report.peak_gflops,
        100.0 * report.sgemm_share,
        report.sgemm_gflops,
    );
    super::say(&line, arguments.json.as_deref())
}
