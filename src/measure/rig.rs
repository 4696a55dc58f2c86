//! A layer on synthetic data, ready to be timed: Zipf's law, random weights, batches of targets.

use super::heap::{self, Grown};
use crate::error::{Error, Result};
use crate::layer::catalogue::{Context, LayerSpec};
use crate::layer::{Batch, Bias, OutputLayer, Scratch};
use crate::optimizer::Optimizer;
use crate::rng::WorkerRng;
use crate::sampler::{Proposal, Unigram};
use crate::table::{Cost, Deferred, Frozen, Held, Ledger, Matrix, Table, TableShape, Tables, Threads};
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
    structure_bytes: u64,
}

impl Rig {
    /// # Errors
    /// Sizes that make no sense or do not fit in memory.
    pub fn new(spec: &LayerSpec, counts: &Counts, bias: Bias, sizes: Sizes) -> Result<Self> {
        sizes.check()?;
        let (layer, grown) = heap::of(|| spec.build(&Context { counts, words: None, dim: sizes.dim, bias }));
        let structure_bytes = grown.map_or(0, |grown| grown.held);
        let mut rng = WorkerRng::new(sizes.seed, TARGETS);
        let words = Unigram::new(counts, 1.0)?;
        let draw = |_| (0..sizes.batch).map(|_| words.sample(&mut rng)).collect();
        let batches = (0..BATCHES).map(draw).collect();
        Ok(Self { layer: layer?, sizes, batches, counts: counts.clone(), structure_bytes })
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

    /// Bytes that the layer itself holds: tree, proposal, classes; 0 where nobody counts (see [`heap`]).
    pub fn structure_bytes(&self) -> u64 {
        self.structure_bytes
    }

    /// Bytes that training takes, without any arithmetic: the layer and its parameters, what deferred handles would hold for
    /// its steps, what the layer allocates in them, and the vectors of a batch.
    pub fn training_bytes(&self) -> u64 {
        let shapes = self.layer.tables();
        let mut held = vec![Held::default(); shapes.len()];
        let ((), grown) = heap::of(|| self.walk(&mut held));
        let of_tables: u64 = held.iter().zip(&shapes).map(|(held, shape)| held.bytes(shape)).sum();
        let moved = held.iter().zip(&shapes).map(|(held, shape)| held.moved_bytes(shape)).max().unwrap_or(0);
        let of_layer = grown.map_or_else(|| self.batch_bytes(), |grown| grown.peak);
        self.structure_bytes + self.parameter_bytes() + of_tables + moved + of_layer
    }

    /// Hidden vectors with their gradient.
    fn batch_bytes(&self) -> u64 {
        8 * (self.sizes.batch * self.sizes.dim) as u64
    }

    /// Tables without weights.
    fn ledgers<'a>(&self, held: &'a mut [Held]) -> Tables<'a> {
        let ledger = |(shape, held)| -> Box<dyn Table + 'a> { Box::new(Ledger::new(shape, held)) };
        Tables::new(self.layer.tables().into_iter().zip(held).map(ledger).collect())
    }

    /// Whether the layer normalizes in training.
    pub fn is_normalized(&self) -> bool {
        let mut held = vec![Held::default(); self.layer.tables().len()];
        let mut scratch = Scratch::new(WorkerRng::new(self.sizes.seed, DRAWS));
        let hidden = Array2::zeros((1, self.sizes.dim));
        !self.layer.ln_z(&mut self.ledgers(&mut held), hidden.view(), &mut scratch, &mut [0.0])
    }

    /// Takes the steps over ledgers.
    fn walk(&self, held: &mut [Held]) {
        let hidden = Array2::zeros((self.sizes.batch, self.sizes.dim));
        let mut d_hidden = hidden.clone();
        let mut w = self.ledgers(held);
        let mut scratch = Scratch::new(WorkerRng::new(self.sizes.seed, DRAWS));
        for targets in &self.batches {
            self.layer.step(&mut w, Batch::new(hidden.view(), targets), &mut scratch, d_hidden.view_mut(), None);
            w.flush();
        }
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

    fn hidden(&self, stream: u64) -> Array2<f32> {
        let mut rng = WorkerRng::new(self.sizes.seed, stream);
        Array2::from_shape_fn((self.sizes.batch, self.sizes.dim), |_| rng.random::<f32>() - 0.5)
    }

    /// Times steps, then evaluations, twice, each time with its tables made anew: where in memory they lie matters as well. The
    /// quieter time of each counts. A layer that needs more than `patience` seconds is timed once. Also what training held
    /// beyond layer and parameters.
    ///
    /// # Errors
    /// Tables that do not fit in memory.
    pub fn time(&self, threads: &Threads, plans: [Plan; 2], patience: f64) -> Result<([Timed; 2], Option<Grown>)> {
        let start = Instant::now();
        let once = || -> Result<_> {
            let mut matrices = self.matrices()?;
            let (step, grown) = heap::of(|| self.time_steps(&mut matrices, threads, plans[0]));
            Ok(([step, self.time_evaluation(&matrices, threads, plans[1])], grown))
        };
        let (first, grown) = once()?;
        if start.elapsed().as_secs_f64() > patience {
            return Ok((first, grown));
        }
        let ([step, evaluation], _) = once()?;
        let [first_step, first_evaluation] = first;
        Ok(([first_step.quieter(step), first_evaluation.quieter(evaluation)], grown))
    }

    /// Times steps with their updates, plain descent at a rate that moves little.
    pub fn time_steps(&self, matrices: &mut [Matrix], threads: &Threads, plan: Plan) -> Timed {
        let hidden = self.hidden(HIDDEN);
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

    /// Times the exact ln P of a batch of targets. Two batches of hidden vectors take turns: a handle that has seen the same
    /// one before may have kept its scores.
    pub fn time_evaluation(&self, matrices: &[Matrix], threads: &Threads, plan: Plan) -> Timed {
        let hidden = [HIDDEN, OTHER_HIDDEN].map(|stream| self.hidden(stream));
        let mut log_probs = vec![0.0; self.sizes.batch];
        let handle = |m| -> Box<dyn Table> { Box::new(Frozen::new(m, threads.clone())) };
        let mut w = Tables::new(matrices.iter().map(handle).collect());
        let mut scratch = Scratch::new(WorkerRng::new(self.sizes.seed, DRAWS));
        let mut next = 0;
        let mut evaluate = |w: &mut Tables| {
            let batch = Batch::new(hidden[next % 2].view(), &self.batches[next % BATCHES]);
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
const OTHER_HIDDEN: u64 = 4;

/// Bytes of a table.
fn bytes(shape: &TableShape) -> u64 {
    4 * u64::from(shape.rows) * (shape.dim as u64 + u64::from(shape.bias))
}

/// How often to take a time: in windows, so that what else the machine does for a while spoils some of them only.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Runs before the clock counts.
    pub warm_up: usize,
    /// Windows one after the other; the one with the least median counts.
    pub windows: usize,
    /// Runs of a window, at least and at most; between, as many as fit in `seconds`.
    pub repeats: (usize, usize),
    pub seconds: f64,
    /// Seconds after which no other window begins.
    pub patience: f64,
}

/// Times of equal pieces of work.
#[derive(Clone, Debug)]
pub(super) struct Timed {
    /// Seconds in the window that counts, rising.
    pub seconds: Vec<f64>,
    /// Pieces in all windows.
    pub pieces: usize,
    /// Work of a piece, the mean.
    pub cost: Cost,
    /// Bytes of parameters moved by a piece, the mean.
    pub bytes: u64,
    /// Mean loss of the last step, nats.
    pub loss: f64,
}

impl Plan {
    fn time(&self, w: &mut Tables, work: &mut dyn FnMut(&mut Tables)) -> Timed {
        let start = Instant::now();
        (0..self.warm_up).for_each(|_| work(w));
        let (before, bytes) = (w.cost(), w.bytes_moved());
        let mut windows: Vec<Vec<f64>> = Vec::new();
        while windows.is_empty() || (windows.len() < self.windows && start.elapsed().as_secs_f64() < self.patience) {
            windows.push(self.window(w, work));
        }
        let pieces = windows.iter().map(Vec::len).sum();
        let after = w.cost();
        let mean = |after: u64, before: u64| (after - before) / pieces as u64;
        let cost = Cost {
            multiply_adds: mean(after.multiply_adds, before.multiply_adds),
            rows_read: mean(after.rows_read, before.rows_read),
            rows_written: mean(after.rows_written, before.rows_written),
            draws: mean(after.draws, before.draws),
        };
        let bytes = mean(w.bytes_moved(), bytes);
        let quietest = windows.into_iter().min_by(|a, b| middle(a).total_cmp(&middle(b)));
        Timed { seconds: quietest.expect("a window"), pieces, cost, bytes, loss: 0.0 }
    }

    /// The times of a window, rising.
    fn window(&self, w: &mut Tables, work: &mut dyn FnMut(&mut Tables)) -> Vec<f64> {
        let mut seconds: Vec<f64> = Vec::new();
        let start = Instant::now();
        let (least, most) = self.repeats;
        while seconds.len() < least || (seconds.len() < most && start.elapsed().as_secs_f64() < self.seconds) {
            let start = Instant::now();
            work(w);
            seconds.push(start.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        seconds
    }
}

/// The median of rising times.
fn middle(seconds: &[f64]) -> f64 {
    seconds[(seconds.len() - 1) / 2]
}

impl Timed {
    /// The one with the lower median, of as many pieces as both.
    fn quieter(self, other: Self) -> Self {
        let pieces = self.pieces + other.pieces;
        let quieter = if middle(&other.seconds) < middle(&self.seconds) { other } else { self };
        Self { pieces, ..quieter }
    }

    /// The time below which a share of the pieces are; 0.5 is the median.
    pub fn quantile(&self, share: f64) -> f64 {
        self.seconds[((self.seconds.len() - 1) as f64 * share).round() as usize]
    }
}
