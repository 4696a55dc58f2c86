//! The time of one training step of a layer on synthetic data.

use super::machine::{peak_bytes, sgemm_gflops};
use crate::error::{Error, Result};
use crate::layer::catalogue::{Context, LayerSpec};
use crate::layer::{Batch, Bias, Scratch};
use crate::optimizer::Optimizer;
use crate::rng::WorkerRng;
use crate::sampler::{Proposal, Unigram};
use crate::table::{Deferred, Matrix, Table, Tables, Threads};
use crate::vocab::{Counts, WordId};
use ndarray::Array2;
use rand::RngExt;
use serde::Serialize;
use std::time::Instant;

/// What to time.
#[derive(Clone, Debug)]
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

/// What a step took.
#[derive(Clone, Debug, Serialize)]
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

/// Numbers that a batch of hidden vectors may have: 2 GiB.
const MOST_NUMBERS: usize = 1 << 29;
/// Steps before the clock starts.
const WARM_UP: usize = 2;

/// Times a step of plain descent (scores, loss, both gradients, the update) on Zipf-distributed targets; every step has
/// the same batch. Biases as the layer's name says, from zero without.
///
/// # Errors
/// Sizes that make no sense or do not fit in memory.
pub fn time_step(config: &StepConfig) -> Result<StepReport> {
    for (name, value) in [("batch", config.batch), ("vocab", config.vocab), ("repeats", config.repeats)] {
        if value == 0 {
            return Err(Error::OutOfRange { name, value: 0.0, limit: "1 or more" });
        }
    }
    let numbers = config.batch.saturating_mul(config.dim);
    if numbers > MOST_NUMBERS {
        let limit = "at most 536870912 to fit in memory";
        return Err(Error::OutOfRange { name: "batch × dim", value: numbers as f64, limit });
    }
    // Zipf's law; the total only has to dwarf the vocabulary.
    let counts = Counts::new((1..=config.vocab as u64).map(|rank| 1_000_000_000_000 / rank).collect())?;
    let layer = config.layer.build(&Context { counts: &counts, words: None, dim: config.dim, bias: Bias::Zero })?;
    let mut rng = WorkerRng::new(config.seed, 0);
    let mut matrices = Vec::new();
    for shape in layer.tables() {
        let mut matrix = Matrix::new(shape, Optimizer::Sgd, &mut rng)?;
        matrix.weights_mut().iter_mut().for_each(|w| *w = rng.random::<f32>() * 0.2 - 0.1);
        matrices.push(matrix);
    }
    let parameters: usize = matrices.iter().map(|m| m.weights().len() + m.bias().len()).sum();
    let targets = Unigram::new(&counts, 1.0)?;
    let targets: Vec<WordId> = (0..config.batch).map(|_| targets.sample(&mut rng)).collect();
    let hidden = Array2::from_shape_fn((config.batch, config.dim), |_| rng.random::<f32>() - 0.5);
    let mut d_hidden = Array2::zeros(hidden.raw_dim());
    let threads = Threads::new(config.threads);
    let rate = 0.01 / config.batch as f32;
    let handle = |m| -> Box<dyn Table> { Box::new(Deferred::new(m, rate, threads.clone())) };
    let mut w = Tables::new(matrices.iter_mut().map(handle).collect());
    let mut scratch = Scratch::new(rng);
    let mut step = || {
        let start = Instant::now();
        d_hidden.fill(0.0);
        let batch = Batch::new(hidden.view(), &targets);
        let loss = layer.step(&mut w, batch, &mut scratch, d_hidden.view_mut(), None);
        w.flush();
        (start.elapsed().as_secs_f64() * 1e3, loss / config.batch as f64, w.cost().multiply_adds)
    };
    let (_, _, warm) = (0..WARM_UP).map(|_| step()).last().expect("a step");
    let steps: Vec<_> = (0..config.repeats).map(|_| step()).collect();
    let (_, loss, madds) = steps[steps.len() - 1];
    let mut times: Vec<f64> = steps.iter().map(|s| s.0).collect();
    times.sort_by(f64::total_cmp);
    let step_ms = times[times.len() / 2];
    let multiply_adds = (madds - warm) / config.repeats as u64;
    let gflops = 2.0 * multiply_adds as f64 / step_ms * 1e-6;
    let peak_bytes = peak_bytes();
    let sgemm_gflops = sgemm_gflops(config.threads);
    Ok(StepReport {
        layer: config.layer.to_string(),
        vocab: config.vocab,
        dim: config.dim,
        batch: config.batch,
        threads: threads.count(),
        step_ms,
        range_ms: [times[0], times[times.len() - 1]],
        method: format!("median of {} steps after {WARM_UP} to warm up", config.repeats),
        multiply_adds,
        gflops,
        sgemm_gflops,
        sgemm_share: gflops / sgemm_gflops,
        parameter_bytes: 4 * parameters as u64,
        peak_bytes,
        loss,
    })
}
