//! The time of one training step of a layer on synthetic data.

use super::machine::{peak_gflops, sgemm_gflops};
use super::rig::{Rig, Sizes, zipf};
use super::timing::Plan;
use crate::error::{Error, Result};
use crate::layer::Bias;
use crate::layer::catalogue::LayerSpec;
use crate::machine::peak_bytes;
use crate::table::Threads;
use serde::Serialize;
use std::sync::Arc;

/// What to time.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StepConfig {
    /// The layer.
    pub layer: LayerSpec,
    /// Number of words, V.
    pub vocab: usize,
    /// Size of the hidden vector, d.
    pub dim: usize,
    /// Examples in the batch, B.
    pub batch: usize,
    /// Threads.
    pub threads: usize,
    /// Steps that are timed; the median counts.
    pub repeats: usize,
    /// Decides weights, hidden vectors and targets.
    pub seed: u64,
}

impl StepConfig {
    /// Number of words without another.
    pub const VOCAB: u32 = 100_000;
    /// The size of the hidden vector without another.
    pub const DIM: u32 = 128;
    /// Examples in the batch without another number.
    pub const BATCH: u32 = 1_024;
    /// Steps that are timed without another number.
    pub const REPEATS: u32 = 7;
    /// The seed without another.
    pub const SEED: u64 = 1;

    /// A layer with the defaults, on one thread.
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

/// What a step took.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct StepReport {
    /// The layer, with its settings.
    pub layer: String,
    /// Number of words, V.
    pub vocab: usize,
    /// Size of the hidden vector, d.
    pub dim: usize,
    /// Examples in the batch, B.
    pub batch: usize,
    /// Threads.
    pub threads: usize,
    /// Median time of a step with its update, milliseconds.
    pub step_ms: f64,
    /// The fastest and the slowest step, milliseconds.
    pub range_ms: [f64; 2],
    /// How that was taken.
    pub method: String,
    /// Multiply-adds of the layer in a step.
    pub multiply_adds: u64,
    /// 2·multiply-adds over the time, GFLOP/s.
    pub gflops: f64,
    /// What plain matrix products reach on as many threads, GFLOP/s, in the same run.
    pub sgemm_gflops: f64,
    /// The share of that.
    pub sgemm_share: f64,
    /// GFLOP/s of multiply-adds in registers on as many threads, in the same run: the most that the vector path of this
    /// process can do.
    pub peak_gflops: f64,
    /// The share of that.
    pub peak_share: f64,
    /// Bytes of parameters.
    pub parameter_bytes: u64,
    /// The most memory that the process has had.
    pub peak_bytes: Option<u64>,
    /// The mean loss of the last step, nats.
    pub loss: f64,
}

impl StepReport {
    /// The report as JSON, indented, with a line break at the end.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report is plain data") + "\n"
    }
}

/// Steps before the clock starts.
const WARM_UP: usize = 2;

/// Times a step of plain descent (scores, loss, both gradients, the update) on Zipf-distributed targets, in batches
/// that come in turn. Biases as the layer's name says, from zero without.
///
/// # Errors
/// Sizes that make no sense or do not fit in memory.
pub fn time_step(config: &StepConfig) -> Result<StepReport> {
    for (name, value) in [("batch", config.batch), ("vocab", config.vocab), ("repeats", config.repeats)] {
        if value == 0 {
            return Err(Error::OutOfRange { name, value: 0.0, limit: "1 or more" });
        }
    }
    let sizes = Sizes { dim: config.dim, batch: config.batch, seed: config.seed };
    let counts = Arc::new(zipf(config.vocab)?);
    let rig = Rig::new(&config.layer, &counts, Bias::Zero, sizes)?;
    let mut matrices = rig.matrices()?;
    let threads = Threads::new(config.threads);
    let plan = Plan {
        warm_up: WARM_UP,
        runs: (config.repeats, config.repeats),
        window: 0.0,
        seconds: 0.0,
        patience: f64::INFINITY,
    };
    let timed = rig.time_steps(&mut matrices, &threads, plan);
    let step_ms = 1e3 * timed.quantile(0.5);
    let gflops = 2.0 * timed.cost.multiply_adds as f64 / step_ms * 1e-6;
    let peak_bytes = peak_bytes();
    let (sgemm_gflops, peak_gflops) = (sgemm_gflops(config.threads), peak_gflops(config.threads));
    Ok(StepReport {
        layer: config.layer.to_string(),
        vocab: config.vocab,
        dim: config.dim,
        batch: config.batch,
        threads: threads.count(),
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
