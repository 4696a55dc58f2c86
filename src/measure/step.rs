//! Time of one training step of a layer on synthetic data.

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
    /// Number of threads.
    pub threads: usize,
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
    /// GFLOP/s of plain matrix products on as many threads, in the same run.
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
