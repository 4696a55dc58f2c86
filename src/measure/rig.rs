//! A layer on synthetic data, ready for timing: Zipf's law, random weights, batches of targets.

use super::heap::{self, Grown};
use super::timing::{Plan, Timed};
use crate::error::{Error, Result};
use crate::layer::catalogue::{LayerSpec, Shape};
use crate::layer::{Batch, Bias, Divisions, LayerExt, OutputLayer, Scratch};
use crate::optimizer::Optimizer;
use crate::rng::WorkerRng;
use crate::sampler::{Proposal, Unigram};
use crate::table::{Cost, Deferred, Frozen, Held, Ledger, Matrix, Table, TableShape, Tables, Threads};
use crate::vocab::{Counts, WordId};
use ndarray::Array2;
use rand::RngExt;
use std::cell::OnceCell;
use std::sync::Arc;

/// Returns counts of `vocab` words by Zipf's law, 10¹²/rank. The total only has to be much larger than the vocabulary.
///
/// # Errors
/// No word, or more than 10⁸.
pub fn zipf(vocab: usize) -> Result<Counts> {
    if vocab > MOST_WORDS {
        return Err(Error::TooManyWords { words: vocab, limit: MOST_WORDS });
    }
    Counts::new((1..=vocab as u64).map(|rank| 1_000_000_000_000 / rank).collect())
}

/// Sizes of the timed layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub dim: usize,
    pub batch: usize,
    pub seed: u64,
}

impl Sizes {
    /// Checks the sizes.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a batch of 0, or for one that does not fit in memory.
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

/// Largest vocabulary for which counts are made.
const MOST_WORDS: usize = 100_000_000;
/// Largest number of f32 in a batch of hidden vectors: 2 GiB.
const MOST_NUMBERS: usize = 1 << 29;
/// Examples of the batches that the steps use in turn. They are so many that rare words are as rare as in a text, and
/// that their rows are not in a cache.
const EXAMPLES: usize = 1 << 16;
/// Least and largest number of batches, for any batch size.
const BATCHES: (usize, usize) = (16, 4096);
/// Number of batches over which closed forms are averaged.
const CLOSED: usize = 4;
/// Number of drawn words after which the steps over ledgers end.
const WALKED_DRAWS: u64 = 1 << 20;
/// Random numbers that fill the tables repeatedly. Their number is a prime, so that no two rows are equal.
const NUMBERS: usize = 65_521;

/// A layer without its weights, and batches of targets for it.
pub(super) struct Rig {
    pub layer: Box<dyn OutputLayer>,
    pub sizes: Sizes,
    batches: Vec<Vec<WordId>>,
    counts: Arc<Counts>,
    cost: OnceCell<Cost>,
    /// Batches that need the most memory in the buffers of the tables, once that is known.
    dearest: OnceCell<Vec<usize>>,
    structure: Grown,
}

impl Rig {
    /// Builds the layer and draws the batches.
    ///
    /// # Errors
    /// Sizes that make no sense or do not fit in memory.
    pub fn new(spec: &LayerSpec, counts: &Arc<Counts>, bias: Bias, sizes: Sizes) -> Result<Self> {
        sizes.check()?;
        let (layer, grown) = heap::measured(|| spec.build(&Shape::new(counts, sizes.dim, bias)));
        let structure = grown.unwrap_or_default();
        let mut rng = WorkerRng::new(sizes.seed, TARGETS);
        let words = Unigram::new(counts, 1.0)?;
        let draw = |_| (0..sizes.batch).map(|_| words.sample(&mut rng)).collect();
        let batches = (0..(EXAMPLES / sizes.batch).clamp(BATCHES.0, BATCHES.1)).map(draw).collect();
        Ok(Self {
            layer: layer?,
            sizes,
            batches,
            counts: counts.clone(),
            cost: OnceCell::new(),
            dearest: OnceCell::new(),
            structure,
        })
    }

    /// Number of words, V.
    pub fn vocab(&self) -> usize {
        self.counts.len()
    }

    /// Returns the closed form of the cost of a step. For a layer without one, counts a step over tables without
    /// weights.
    fn cost_of(&self, targets: &[WordId]) -> Cost {
        self.layer.expected_cost(targets).unwrap_or_else(|| {
            let mut held = vec![Held::default(); self.layer.tables().len()];
            let mut w = self.ledgers(&mut held);
            let hidden = Array2::zeros((targets.len(), self.sizes.dim));
            let mut d_hidden = hidden.clone();
            let mut scratch = Scratch::new(WorkerRng::new(self.sizes.seed, DRAWS));
            self.layer.step(&mut w, Batch::new(hidden.view(), targets), &mut scratch, d_hidden.view_mut(), None);
            w.cost()
        })
    }

    /// Returns the cost of a step by closed form, averaged over some of the batches.
    pub fn expected_cost(&self) -> Cost {
        *self.cost.get_or_init(|| {
            let sum: Cost = self.batches[..CLOSED].iter().map(|targets| self.cost_of(targets)).sum();
            sum.mean_since(Cost::default(), CLOSED as u64)
        })
    }

    /// Returns the rows of parameters per example that a step over a part of a batch reads.
    pub fn rows_per_example(&self, part: usize) -> f64 {
        self.cost_of(&self.batches[0][..part]).rows_read as f64 / part as f64
    }

    /// Returns the multiply-adds of the exact ln P of a batch, counted without any arithmetic.
    pub fn evaluation_multiply_adds(&self) -> u64 {
        let mut held = vec![Held::default(); self.layer.tables().len()];
        let mut w = self.ledgers(&mut held);
        let hidden = Array2::zeros((self.sizes.batch, self.sizes.dim));
        let mut scratch = Scratch::new(WorkerRng::new(self.sizes.seed, DRAWS));
        let mut log_probs = vec![0.0; self.sizes.batch];
        self.layer.log_prob(&mut w, Batch::new(hidden.view(), &self.batches[0]), &mut scratch, &mut log_probs);
        w.cost().multiply_adds
    }

    /// Returns the bytes of the layer's parameters.
    pub fn parameter_bytes(&self) -> u64 {
        self.layer.tables().iter().map(bytes).sum()
    }

    /// Returns the bytes that the layer itself holds (tree, proposal, classes), and their peak while it was built. Both
    /// are 0 if the program does not count allocations (see [`heap`]).
    pub fn structure(&self) -> Grown {
        self.structure
    }

    /// Returns the bytes that training takes, without any arithmetic. They are the layer and its parameters, the
    /// buffers of deferred handles, the allocations of the layer during steps, and the vectors of a batch.
    pub fn training_bytes(&self) -> u64 {
        let shapes = self.layer.tables();
        let mut held = vec![Held::default(); shapes.len()];
        let ((), grown) = heap::measured(|| self.walk(&mut held));
        let of_tables: u64 = held.iter().zip(&shapes).map(|(held, shape)| held.bytes(shape)).sum();
        let moved = held.iter().zip(&shapes).map(|(held, shape)| held.moved_bytes(shape)).max().unwrap_or(0);
        let of_layer = grown.map_or_else(|| self.batch_bytes(), |grown| grown.peak);
        self.structure.held + self.parameter_bytes() + of_tables + moved + of_layer
    }

    /// Bytes of the hidden vectors of a batch with their gradient.
    fn batch_bytes(&self) -> u64 {
        8 * (self.sizes.batch * self.sizes.dim) as u64
    }

    /// Tables without weights, which only count.
    fn ledgers<'h>(&self, held: &'h mut [Held]) -> Tables<'h> {
        let ledger = |(shape, held)| -> Box<dyn Table + 'h> { Box::new(Ledger::new(shape, held)) };
        Tables::new(self.layer.tables().into_iter().zip(held).map(ledger).collect())
    }

    /// Whether words may have the probability 0.
    pub fn gives_zeros(&self) -> bool {
        self.layer.gives_zeros()
    }

    /// Whether the layer normalizes in training.
    pub fn is_normalized(&self) -> bool {
        let mut held = vec![Held::default(); self.layer.tables().len()];
        let mut scratch = Scratch::new(WorkerRng::new(self.sizes.seed, DRAWS));
        let hidden = Array2::zeros((1, self.sizes.dim));
        !self.layer.ln_z(&mut self.ledgers(&mut held), hidden.view(), &mut scratch, &mut [0.0])
    }

    /// Runs steps over ledgers. All batches are used, because the most expensive one counts, unless they draw too many
    /// words.
    fn walk(&self, held: &mut [Held]) {
        let hidden = Array2::zeros((self.sizes.batch, self.sizes.dim));
        let mut d_hidden = hidden.clone();
        let mut scratch = Scratch::new(WorkerRng::new(self.sizes.seed, DRAWS));
        let shapes = self.layer.tables();
        let mut dearest = vec![(0, 0); shapes.len()];
        let mut draws = 0;
        for (n, targets) in self.batches.iter().enumerate() {
            if n >= BATCHES.0 && draws > WALKED_DRAWS {
                break;
            }
            let mut w = self.ledgers(held);
            self.layer.step(&mut w, Batch::new(hidden.view(), targets), &mut scratch, d_hidden.view_mut(), None);
            w.flush();
            draws += w.cost().draws;
            drop(w);
            for ((most, at), (held, shape)) in dearest.iter_mut().zip(held.iter().zip(&shapes)) {
                let bytes = held.bytes(shape);
                if bytes > *most {
                    (*most, *at) = (bytes, n);
                }
            }
        }
        let mut batches: Vec<_> = dearest.into_iter().map(|(_, at)| at).collect();
        batches.sort_unstable();
        batches.dedup();
        self.dearest.get_or_init(|| batches);
    }

    /// Returns random weights in ±0.1, and the initial biases of the layer.
    pub fn matrices(&self) -> Result<Vec<Matrix>> {
        self.matrices_over(&Divisions::default())
    }

    /// Returns this rank's rows of the tables: those of [`Rig::matrices`].
    pub fn matrices_over(&self, divisions: &Divisions) -> Result<Vec<Matrix>> {
        let mut rng = WorkerRng::new(self.sizes.seed, WEIGHTS);
        let numbers: Vec<f32> = (0..NUMBERS).map(|_| rng.random::<f32>() * 0.2 - 0.1).collect();
        let mut matrices = divisions.set_up(&*self.layer, Some(&self.counts), Optimizer::Sgd, &mut rng)?;
        for (number, matrix) in matrices.iter_mut().enumerate() {
            let first = divisions.of_table(number).map_or(0, |division| division.own().start as usize);
            let mut numbers = numbers.clone();
            numbers.rotate_left(first * matrix.shape().dim % NUMBERS);
            matrix.weights_mut().chunks_mut(NUMBERS).for_each(|part| part.copy_from_slice(&numbers[..part.len()]));
        }
        Ok(matrices)
    }

    fn hidden(&self, stream: u64) -> Array2<f32> {
        let mut rng = WorkerRng::new(self.sizes.seed, stream);
        Array2::from_shape_fn((self.sizes.batch, self.sizes.dim), |_| rng.random::<f32>() - 0.5)
    }

    /// Times steps with their updates: plain SGD at a rate that moves little. The batches that are known to need the
    /// most memory come first, as a warm-up.
    pub fn time_steps(&self, matrices: &mut [Matrix], threads: &Threads, plan: Plan) -> Timed {
        self.time_steps_over(matrices, &Divisions::default(), threads, plan)
    }

    /// Times steps as [`Rig::time_steps`] does, over tables that are divided among ranks. The number of steps must
    /// follow from the plan and not from the time.
    pub fn time_steps_over(
        &self,
        matrices: &mut [Matrix],
        divisions: &Divisions,
        threads: &Threads,
        plan: Plan,
    ) -> Timed {
        let hidden = self.hidden(HIDDEN);
        let mut d_hidden = Array2::zeros(hidden.raw_dim());
        let rate = 0.01 / self.sizes.batch as f32;
        let handle = |(number, m)| divisions.handle(number, Deferred::new(m, rate, threads.clone()));
        let mut w = Tables::new(matrices.iter_mut().enumerate().map(handle).collect());
        let mut scratch = Scratch::new(WorkerRng::new(self.sizes.seed, DRAWS));
        let dearest = self.dearest.get().map_or(&[][..], Vec::as_slice);
        let mut batches = dearest.iter().copied().chain((0..self.batches.len()).cycle());
        let plan = Plan { warm_up: plan.warm_up.max(dearest.len()), ..plan };
        let mut loss = 0.0;
        let mut step = |w: &mut Tables| {
            let targets = &self.batches[batches.next().expect("batches without end")];
            d_hidden.fill(0.0);
            let batch = Batch::new(hidden.view(), targets);
            loss = self.layer.step(w, batch, &mut scratch, d_hidden.view_mut(), None);
            w.flush();
        };
        let timed = plan.time(&mut w, &mut step);
        Timed { loss: loss / self.sizes.batch as f64, ..timed }
    }

    /// Times the exact ln P of a batch of targets. Two batches of hidden vectors take turns, because a handle may keep
    /// the scores of a batch that it has seen before.
    pub fn time_evaluation(&self, matrices: &[Matrix], threads: &Threads, plan: Plan) -> Timed {
        let hidden = [HIDDEN, OTHER_HIDDEN].map(|stream| self.hidden(stream));
        let mut log_probs = vec![0.0; self.sizes.batch];
        let handle = |m| -> Box<dyn Table> { Box::new(Frozen::new(m, threads.clone())) };
        let mut w = Tables::new(matrices.iter().map(handle).collect());
        let mut scratch = Scratch::new(WorkerRng::new(self.sizes.seed, DRAWS));
        let mut next = 0;
        let mut evaluate = |w: &mut Tables| {
            let batch = Batch::new(hidden[next % 2].view(), &self.batches[next % self.batches.len()]);
            next += 1;
            self.layer.log_prob(w, batch, &mut scratch, &mut log_probs);
        };
        plan.time(&mut w, &mut evaluate)
    }
}

/// Stream numbers of the random numbers.
const TARGETS: u64 = 0;
const WEIGHTS: u64 = 1;
const HIDDEN: u64 = 2;
const DRAWS: u64 = 3;
const OTHER_HIDDEN: u64 = 4;

/// Bytes of the parameters of a table.
fn bytes(shape: &TableShape) -> u64 {
    4 * u64::from(shape.rows) * (shape.dim as u64 + u64::from(shape.bias))
}
