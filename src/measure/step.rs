//! Time of one training step of a layer on synthetic data.

use super::machine::{peak_gflops, sgemm_gflops};
use super::rig::{Rig, Sizes, zipf};
use super::timing::Plan;
use crate::error::{Error, Result};
use crate::layer::catalogue::{self, LayerSpec};
use crate::layer::{Bias, Divisions};
use crate::machine::peak_bytes;
use crate::peers::{Peers, Team};
use crate::table::Threads;
use serde::Serialize;
use std::sync::Arc;

/// Settings of the timing of one step.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StepConfig {
    /// Layer to time.
    pub layer: LayerSpec,
    /// Number of words, V.
    pub vocab: usize,
    /// Size of the hidden vector, d.
    pub dim: usize,
    /// Examples in the batch, B.
    pub batch: usize,
    /// Number of threads.
    pub threads: usize,
    /// Number of timed steps; their median is reported.
    pub repeats: usize,
    /// Seed of weights, hidden vectors and targets.
    pub seed: u64,
}

impl StepConfig {
    /// Default number of words.
    pub const VOCAB: u32 = 100_000;
    /// Default size of the hidden vector.
    pub const DIM: u32 = 128;
    /// Default number of examples in the batch.
    pub const BATCH: u32 = 1_024;
    /// Default number of timed steps.
    pub const REPEATS: u32 = 7;
    /// Default seed.
    pub const SEED: u64 = 1;

    /// The settings for a layer: the defaults, on one thread.
    pub fn new(layer: LayerSpec) -> Self {
        Self {
            layer,
            vocab: Self::VOCAB as usize,
            dim: Self::DIM as usize,
            batch: Self::BATCH as usize,
            threads: 1,
            repeats: Self::REPEATS as usize,
            seed: Self::SEED,
        }
    }
}

/// Time and work of one step.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct StepReport {
    /// Name of the layer, with its settings.
    pub layer: String,
    /// Number of words, V.
    pub vocab: usize,
    /// Size of the hidden vector, d.
    pub dim: usize,
    /// Examples in the batch, B.
    pub batch: usize,
    /// Number of threads of each process.
    pub threads: usize,
    /// Number of processes that the layer's tables are divided among.
    pub ranks: usize,
    /// Number of processes that hold no row, because the tables have too few strips.
    pub idle_ranks: usize,
    /// Bytes that all processes send in a step, and their messages: see [`Divided`](crate::table::Divided).
    pub sent_bytes: u64,
    /// Messages of these bytes.
    pub sent_messages: u64,
    /// Median time of a step with its update, in milliseconds.
    pub step_ms: f64,
    /// Times of the fastest and the slowest step, in milliseconds.
    pub range_ms: [f64; 2],
    /// Description of the method.
    pub method: String,
    /// Multiply-adds of the layer in a step.
    pub multiply_adds: u64,
    /// 2·multiply-adds divided by the median time, in GFLOP/s.
    pub gflops: f64,
    /// GFLOP/s of plain matrix products on as many threads, in the same run, times the processes.
    pub sgemm_gflops: f64,
    /// `gflops` divided by `sgemm_gflops`.
    pub sgemm_share: f64,
    /// GFLOP/s of multiply-adds in registers on as many threads, in the same run. It is the maximum of this process's
    /// vector path.
    pub peak_gflops: f64,
    /// `gflops` divided by `peak_gflops`.
    pub peak_share: f64,
    /// Bytes of the parameters.
    pub parameter_bytes: u64,
    /// Peak memory of the process in bytes, if the system reports it.
    pub peak_bytes: Option<u64>,
    /// Mean loss of the last step, in nats per example.
    pub loss: f64,
}

impl StepReport {
    /// Returns the report as indented JSON, with a line break at the end.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report is plain data") + "\n"
    }
}

/// Number of steps before the timed ones.
const WARM_UP: usize = 2;

/// Times a step of plain SGD (scores, loss, both gradients, the update) on Zipf-distributed targets, in batches that
/// take turns. Biases follow the layer's name, and start from zero by default.
///
/// # Errors
/// Sizes that make no sense or do not fit in memory.
pub fn time_step(config: &StepConfig) -> Result<StepReport> {
    time_step_over(config, &mut Team::default())
}

/// Times a training step as [`time_step`] does, with the layer's tables divided among the ranks of a team. All ranks
/// pass the same settings; the times are those of the rank that calls.
///
/// # Errors
/// The errors of [`time_step`], and [`RanksFault::Differ`](crate::error::RanksFault::Differ) for settings or files of
/// layers that differ between ranks.
pub fn time_step_over(config: &StepConfig, team: &mut Team) -> Result<StepReport> {
    for (name, value) in [("batch", config.batch), ("vocab", config.vocab), ("repeats", config.repeats)] {
        if value == 0 {
            return Err(Error::OutOfRange { name, value: 0.0, limit: "1 or more" });
        }
    }
    if !team.is_alone() {
        let settings = format!("{:?}", StepConfig { threads: 0, ..config.clone() });
        let files = catalogue::files_digest(std::slice::from_ref(&config.layer));
        team.compare(&[("settings", settings), ("files of layers", files)])?;
    }
    let sizes = Sizes { dim: config.dim, batch: config.batch, seed: config.seed };
    let counts = Arc::new(zipf(config.vocab)?);
    let rig = Rig::new(&config.layer, &counts, Bias::Zero, sizes)?;
    let divisions = Divisions::new(&*rig.layer, team);
    let mut matrices = team.agree(rig.matrices_over(&divisions))?;
    let threads = Threads::new(config.threads);
    let plan = Plan {
        warm_up: WARM_UP,
        runs: (config.repeats, config.repeats),
        window: 0.0,
        seconds: 0.0,
        patience: f64::INFINITY,
    };
    let before = team.exchanged();
    let timed = rig.time_steps_over(&mut matrices, &divisions, &threads, plan);
    let after = team.exchanged();
    let steps = (WARM_UP + config.repeats) as u64;
    let mut sent = [after.bytes - before.bytes, after.messages - before.messages].map(|n| (n / steps) as f64);
    team.sum(&mut sent);
    let step_ms = 1e3 * timed.quantile(0.5);
    let gflops = 2.0 * timed.cost.multiply_adds as f64 / step_ms * 1e-6;
    let peak_bytes = peak_bytes();
    let ranks = team.size();
    let all = |gflops: f64| ranks as f64 * gflops;
    let (sgemm_gflops, peak_gflops) = (all(sgemm_gflops(config.threads)), all(peak_gflops(config.threads)));
    Ok(StepReport {
        layer: config.layer.to_string(),
        vocab: config.vocab,
        dim: config.dim,
        batch: config.batch,
        threads: threads.count(),
        ranks,
        idle_ranks: divisions.idle_ranks(),
        sent_bytes: sent[0] as u64,
        sent_messages: sent[1] as u64,
        step_ms,
        range_ms: [0.0, 1.0].map(|share| 1e3 * timed.quantile(share)),
        method: format!("median of {} steps after {WARM_UP} to warm up", config.repeats),
        multiply_adds: timed.cost.multiply_adds,
        gflops,
        sgemm_gflops,
        sgemm_share: gflops / sgemm_gflops,
        peak_gflops,
        peak_share: gflops / peak_gflops,
        parameter_bytes: rig.parameter_bytes(),
        peak_bytes,
        loss: timed.loss,
    })
}
