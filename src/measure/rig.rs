//! A layer on synthetic data, ready to be timed: Zipf's law, random weights, batches of targets.

use super::machine;
use crate::error::{Error, Result};
use crate::layer::catalogue::{Context, LayerSpec};
use crate::layer::{Batch, Bias, OutputLayer, Scratch};
use crate::optimizer::Optimizer;
use crate::rng::WorkerRng;
use crate::sampler::{Proposal, Unigram};
use crate::table::{Cost, Deferred, Frozen, Matrix, Table, TableShape, Tables, Threads, batch_part};
use crate::vocab::{Counts, WordId};
use ndarray::Array2;
use rand::RngExt;
use std::time::Instant;

/// Counts of `vocab` words by Zipf's law, 10¹² / rank; the total only has to dwarf the vocabulary.
///
/// # Errors
/// No word, or more than 10⁸.
pub fn zipf(vocab: usize) -> Result<Counts> {
    if vocab > MOST_WORDS {
        return Err(Error::TooManyWords { words: vocab, limit: MOST_WORDS });
    }
    Counts::new((1..=vocab as u64).map(|rank| 1_000_000_000_000 / rank).collect())
}

/// Sizes of what is timed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub dim: usize,
    pub batch: usize,
    pub seed: u64,
}

impl Sizes {
    /// # Errors
    /// No batch, or one that does not fit in memory.
    pub fn check(&self) -> Result<()> {
        let Self { batch, dim, .. } = *self;
        if batch == 0 {
            return Err(Error::OutOfRange { name: "batch", value: 0.0, limit: "1 or more" });
        }
        let numbers = batch.saturating_mul(dim);
        if numbers > MOST_NUMBERS {
            let limit = "at most 536870912 to fit in memory";
            return Err(Error::OutOfRange { name: "batch × dim", value: numbers as f64, limit });
        }
        Ok(())
    }
}

/// Words that counts are made for, at most.
const MOST_WORDS: usize = 100_000_000;
/// Numbers that a batch of hidden vectors may have: 2 GiB.
const MOST_NUMBERS: usize = 1 << 29;
/// Batches that steps take in turn, so that no step finds the rows of the one before in the cache.
const BATCHES: usize = 16;
/// Random numbers that fill the tables over and over: a prime, so that no two rows are alike.
const NUMBERS: usize = 65_521;

/// A layer without its weights, and batches of targets for it.
pub(super) struct Rig {
    pub layer: Box<dyn OutputLayer>,
    pub sizes: Sizes,
    pub batches: Vec<Vec<WordId>>,
    counts: Counts,
}

impl Rig {
    /// # Errors
    /// Sizes that make no sense or do not fit in memory.
    pub fn new(spec: &LayerSpec, counts: &Counts, bias: Bias, sizes: Sizes) -> Result<Self> {
        sizes.check()?;
        let layer = spec.build(&Context { counts, words: None, dim: sizes.dim, bias })?;
        let mut rng = WorkerRng::new(sizes.seed, TARGETS);
        let words = Unigram::new(counts, 1.0)?;
        let draw = |_| (0..sizes.batch).map(|_| words.sample(&mut rng)).collect();
        Ok(Self { layer, sizes, batches: (0..BATCHES).map(draw).collect(), counts: counts.clone() })
    }

    /// The closed form of a step's cost, over the batches.
    pub fn expected_cost(&self) -> Cost {
        let sum: Cost = self.batches.iter().map(|targets| self.layer.expected_cost(targets)).sum();
        let mean = |n: u64| n / self.batches.len() as u64;
        Cost {
            multiply_adds: mean(sum.multiply_adds),
            rows_read: mean(sum.rows_read),
            rows_written: mean(sum.rows_written),
            draws: mean(sum.draws),
        }
    }

    /// Bytes of the layer's parameters.
    pub fn parameter_bytes(&self) -> u64 {
        self.layer.tables().iter().map(bytes).sum()
    }

    /// Bytes that training takes, by closed form: parameters, the gradient that waits for the end of a batch, the scores
    /// between, and the vectors of a batch.
    pub fn training_bytes(&self) -> u64 {
        let Sizes { dim, batch, .. } = self.sizes;
        let tables = self.layer.tables();
        let rows: u64 = tables.iter().map(|t| u64::from(t.rows)).sum();
        let written = self.expected_cost().rows_written;
        // A layer that writes most of its rows sweeps them: gradient and scores are those of all.
        let swept = 2 * written > rows;
        let part = batch.min(batch_part(self.layer.vocab())) as u64;
        let of_batch =
            if swept { self.parameter_bytes() + 4 * rows * part } else { 8 * written * (dim as u64 + batch as u64) };
        // Slots of touched rows, and the hidden vectors with their gradient.
        let rest = if swept { 0 } else { 4 * rows } + 8 * (batch * dim) as u64;
        self.parameter_bytes() + of_batch + rest
    }

    /// Random weights in ±0.1, and the biases that the layer wants.
    pub fn matrices(&self) -> Result<Vec<Matrix>> {
        let mut rng = WorkerRng::new(self.sizes.seed, WEIGHTS);
        let numbers: Vec<f32> = (0..NUMBERS).map(|_| rng.random::<f32>() * 0.2 - 0.1).collect();
        let mut matrices = Vec::new();
        for shape in self.layer.tables() {
            let mut matrix = Matrix::new(shape, Optimizer::Sgd, &mut rng)?;
            matrix.weights_mut().chunks_mut(NUMBERS).for_each(|part| part.copy_from_slice(&numbers[..part.len()]));
            matrices.push(matrix);
        }
        if self.layer.bias() == Bias::Unigram {
            let with_bias = |m: &&mut Matrix| m.shape().bias;
            for (matrix, bias) in matrices.iter_mut().zip(self.layer.unigram_biases(&self.counts)) {
                if with_bias(&matrix) {
                    matrix.bias_mut().copy_from_slice(&bias);
                }
            }
        }
        Ok(matrices)
    }

    fn hidden(&self) -> Array2<f32> {
        let mut rng = WorkerRng::new(self.sizes.seed, HIDDEN);
        Array2::from_shape_fn((self.sizes.batch, self.sizes.dim), |_| rng.random::<f32>() - 0.5)
    }

    /// Times steps with their updates, plain descent at a rate that moves little.
    pub fn time_steps(&self, matrices: &mut [Matrix], threads: &Threads, plan: Plan) -> Timed {
        let hidden = self.hidden();
        let mut d_hidden = Array2::zeros(hidden.raw_dim());
        let rate = 0.01 / self.sizes.batch as f32;
        let handle = |m| -> Box<dyn Table> { Box::new(Deferred::new(m, rate, threads.clone())) };
        let mut w = Tables::new(matrices.iter_mut().map(handle).collect());
        let mut scratch = Scratch::new(WorkerRng::new(self.sizes.seed, DRAWS));
        let (mut loss, mut next) = (0.0, 0);
        let mut step = |w: &mut Tables| {
            let targets = &self.batches[next % BATCHES];
            next += 1;
            d_hidden.fill(0.0);
            let batch = Batch::new(hidden.view(), targets);
            loss = self.layer.step(w, batch, &mut scratch, d_hidden.view_mut(), None);
            w.flush();
        };
        let timed = plan.time(&mut w, &mut step);
        Timed { loss: loss / self.sizes.batch as f64, ..timed }
    }

    /// Times the exact ln P of a batch of targets.
    pub fn time_evaluation(&self, matrices: &[Matrix], threads: &Threads, plan: Plan) -> Timed {
        let hidden = self.hidden();
        let mut log_probs = vec![0.0; self.sizes.batch];
        let handle = |m| -> Box<dyn Table> { Box::new(Frozen::new(m, threads.clone())) };
        let mut w = Tables::new(matrices.iter().map(handle).collect());
        let mut scratch = Scratch::new(WorkerRng::new(self.sizes.seed, DRAWS));
        let mut next = 0;
        let mut evaluate = |w: &mut Tables| {
            let batch = Batch::new(hidden.view(), &self.batches[next % BATCHES]);
            next += 1;
            self.layer.log_prob(w, batch, &mut scratch, &mut log_probs);
        };
        plan.time(&mut w, &mut evaluate)
    }
}

/// Streams of random numbers.
const TARGETS: u64 = 0;
const WEIGHTS: u64 = 1;
const HIDDEN: u64 = 2;
const DRAWS: u64 = 3;

/// Bytes of a table.
fn bytes(shape: &TableShape) -> u64 {
    4 * u64::from(shape.rows) * (shape.dim as u64 + u64::from(shape.bias))
}

/// How often to take a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Runs before the clock counts.
    pub warm_up: usize,
    /// Runs that count, at least and at most; between, as many as fit in `seconds`.
    pub repeats: (usize, usize),
    pub seconds: f64,
}

/// Times of equal pieces of work.
#[derive(Clone, Debug)]
pub(super) struct Timed {
    /// Seconds, rising.
    pub seconds: Vec<f64>,
    /// Work of a piece, the mean.
    pub cost: Cost,
    /// Bytes of parameters moved by a piece, the mean.
    pub bytes: u64,
    /// Mean loss of the last step, nats.
    pub loss: f64,
}

impl Plan {
    fn time(&self, w: &mut Tables, work: &mut dyn FnMut(&mut Tables)) -> Timed {
        (0..self.warm_up).for_each(|_| work(w));
        let (before, bytes) = (w.cost(), w.bytes_moved());
        let mut seconds: Vec<f64> = Vec::new();
        let start = Instant::now();
        let (least, most) = self.repeats;
        while seconds.len() < least || (seconds.len() < most && start.elapsed().as_secs_f64() < self.seconds) {
            let start = Instant::now();
            work(w);
            seconds.push(start.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        let after = w.cost();
        let mean = |after: u64, before: u64| (after - before) / seconds.len() as u64;
        let cost = Cost {
            multiply_adds: mean(after.multiply_adds, before.multiply_adds),
            rows_read: mean(after.rows_read, before.rows_read),
            rows_written: mean(after.rows_written, before.rows_written),
            draws: mean(after.draws, before.draws),
        };
        let bytes = mean(w.bytes_moved(), bytes);
        Timed { seconds, cost, bytes, loss: 0.0 }
    }
}

impl Timed {
    /// The time below which a share of the pieces are; 0.5 is the median.
    pub fn quantile(&self, share: f64) -> f64 {
        self.seconds[((self.seconds.len() - 1) as f64 * share).round() as usize]
    }
}

/// The most memory that `work` took beyond what the process had before, but no less than `least`, which it surely took.
pub(super) fn peak_of<T>(least: u64, work: impl FnOnce() -> Result<T>) -> Result<(T, u64)> {
    let before = machine::restart_peak();
    let out = work()?;
    let peak = before.and_then(|before| machine::peak_bytes().map(|peak| peak.saturating_sub(before)));
    Ok((out, peak.unwrap_or(0).max(least)))
}
