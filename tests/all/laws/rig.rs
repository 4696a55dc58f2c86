//! A layer with weights, a batch for it, and the results of one step.

use super::cases;
use lexmax::WorkerRng;
use lexmax::check::Audit;
use lexmax::check::reference::{Expected, Params, Reference, Sample, Step, recorded};
use lexmax::layer::{Batch, LayerExt, OutputLayer, Scratch, set_up};
use lexmax::table::Optimizer;
use lexmax::table::{Deferred, Frozen, Matrix, Online, Table, Tables, Threads};
use lexmax::vocab::{Counts, WordId};
use ndarray::{Array2, ArrayView2, Axis, Slice};
use rand::RngExt;

/// A layer of the catalogue with weights.
pub struct Rig {
    pub name: String,
    pub layer: Box<dyn OutputLayer>,
    pub matrices: Vec<Matrix>,
    pub reference: Reference,
}

/// A batch that owns its data.
#[derive(Clone)]
pub struct Examples {
    pub hidden: Array2<f32>,
    pub targets: Vec<WordId>,
    /// None: all 1.
    pub weights: Option<Vec<f32>>,
}

/// When a trained table moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Updates {
    Online,
    Deferred,
}

pub const UPDATES: [Updates; 2] = [Updates::Online, Updates::Deferred];

impl Updates {
    pub fn handle<'a>(self, matrix: &'a mut Matrix, rate: f32, threads: &Threads) -> Box<dyn Table + 'a> {
        match self {
            Updates::Online => Box::new(Online::new(matrix, rate, threads.clone())),
            Updates::Deferred => Box::new(Deferred::new(matrix, rate, threads.clone())),
        }
    }
}

impl Examples {
    /// Hidden vectors in ±1 and targets in runs of 1 to 4, some of which come again; upstream factors from 0 to 2.
    pub fn random(batch: usize, vocab: usize, dim: usize, seed: u64) -> Self {
        Self::with_runs(4, batch, vocab, dim, seed)
    }

    /// The same with runs of equal targets up to `longest`.
    pub fn with_runs(longest: usize, batch: usize, vocab: usize, dim: usize, seed: u64) -> Self {
        let mut rng = WorkerRng::new(seed, 11);
        let hidden = Array2::from_shape_simple_fn((batch, dim), || rng.random::<f32>() * 2.0 - 1.0);
        let mut targets = Vec::new();
        while targets.len() < batch {
            let (target, run) = (rng.random_range(0..vocab as u32), rng.random_range(1..=longest));
            targets.extend(std::iter::repeat_n(target, run));
        }
        targets.truncate(batch);
        let weights = (0..batch).map(|b| [1.0, 0.0, 0.5, 2.0, 1.3][b % 5]).collect();
        Self { hidden, targets, weights: Some(weights) }
    }

    pub fn unweighted(mut self) -> Self {
        self.weights = None;
        self
    }

    pub fn batch(&self) -> Batch<'_> {
        Batch { weights: self.weights.as_deref(), ..Batch::new(self.hidden.view(), &self.targets) }
    }

    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Example b alone.
    pub fn one(&self, b: usize) -> Self {
        let hidden = self.hidden.slice_axis(Axis(0), Slice::from(b..b + 1)).to_owned();
        let weights = self.weights.as_ref().map(|w| vec![w[b]]);
        Self { hidden, targets: vec![self.targets[b]], weights }
    }

    /// The hidden vector of example b in f64.
    pub fn h(&self, b: usize) -> Vec<f64> {
        self.hidden.row(b).iter().map(|x| f64::from(*x)).collect()
    }

    pub fn weight(&self, b: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| f64::from(w[b]))
    }
}

impl Rig {
    /// A layer with weights and biases in ±`limit`.
    pub fn new(name: &str, vocab: usize, dim: usize, limit: f32) -> Self {
        let mut rig = Self::zero(name, cases::zipf(vocab), dim, Optimizer::Sgd);
        let mut rng = WorkerRng::new(5, 12);
        for matrix in &mut rig.matrices {
            matrix.weights_mut().iter_mut().for_each(|w| *w = (rng.random::<f32>() * 2.0 - 1.0) * limit);
            matrix.bias_mut().iter_mut().for_each(|b| *b = (rng.random::<f32>() * 2.0 - 1.0) * limit);
        }
        rig
    }

    /// A layer with zero weights and, if it has biases, those of the unigram model.
    pub fn zero(name: &str, counts: Counts, dim: usize, optimizer: Optimizer) -> Self {
        let layer = cases::build(name, &counts, dim);
        let mut matrices: Vec<Matrix> = set_up(&*layer, None, optimizer, &mut WorkerRng::new(0, 0)).unwrap();
        for (matrix, bias) in matrices.iter_mut().zip(layer.unigram_biases(&counts)) {
            matrix.weights_mut().fill(0.0);
            if matrix.shape().bias {
                matrix.bias_mut().copy_from_slice(&bias);
            }
        }
        Self { name: name.into(), reference: cases::reference(name, &counts, dim), layer, matrices }
    }

    /// The same weights under another optimizer.
    pub fn with_optimizer(mut self, optimizer: Optimizer) -> Self {
        for matrix in &mut self.matrices {
            let mut other = Matrix::new(matrix.shape(), optimizer, &mut WorkerRng::new(0, 0)).unwrap();
            other.weights_mut().copy_from_slice(matrix.weights());
            other.bias_mut().copy_from_slice(matrix.bias());
            *matrix = other;
        }
        self
    }

    pub fn vocab(&self) -> usize {
        self.layer.vocab()
    }

    /// Whether a step draws.
    pub fn draws(&self) -> bool {
        self.reference.criterion.draws()
    }

    /// The tables in f64.
    pub fn params(&self) -> Vec<Params> {
        self.matrices.iter().map(Params::of).collect()
    }

    /// Tables that only read.
    pub fn frozen(&self, threads: &Threads) -> Tables<'_> {
        let handle = |m| Box::new(Frozen::new(m, threads.clone())) as Box<dyn Table>;
        Tables::new(self.matrices.iter().map(handle).collect())
    }

    /// A step whose gradients are read and not applied. `d_hidden` starts at `from`.
    pub fn step_from(&self, examples: &Examples, seed: u64, threads: &Threads, from: f32) -> Step {
        self.step_of(examples.batch(), seed, threads, from)
    }

    /// The same for any batch.
    pub fn step_of(&self, batch: Batch, seed: u64, threads: &Threads, from: f32) -> Step {
        Step::take(&*self.layer, &self.matrices, batch, seed, threads, from)
    }

    /// What a step must give, given what it drew.
    pub fn expected(&self, examples: &Examples, sample: &Sample) -> Expected {
        Expected::new(&self.reference, &self.params(), &examples.batch(), sample)
    }

    pub fn step(&self, examples: &Examples, seed: u64) -> Step {
        self.step_from(examples, seed, &Threads::default(), 0.0)
    }

    /// ∂L/∂hidden and ∂L/∂W of L = Σ d·ln P.
    pub fn log_probs_backward(&self, examples: &Examples, d: ArrayView2<f32>) -> (Array2<f32>, Vec<Params>) {
        let (mut d_hidden, mut s) = (Array2::zeros(examples.hidden.raw_dim()), Scratch::new(WorkerRng::new(0, 0)));
        let (says, left) = recorded(&self.matrices, &Threads::default(), |w| {
            self.layer.log_probs_backward(w, examples.hidden.view(), d, &mut s, d_hidden.view_mut())
        });
        assert!(says, "{} has no gradient of ln P", self.name);
        (d_hidden, left.gradients)
    }

    /// Several steps that move the weights.
    pub fn train(&mut self, batches: &[Examples], updates: Updates, rate: f32, seed: u64, threads: &Threads) -> f64 {
        let mut w = Tables::new(self.matrices.iter_mut().map(|m| updates.handle(m, rate, threads)).collect());
        let mut s = Scratch::new(WorkerRng::new(seed, 0));
        let mut total = 0.0;
        for examples in batches {
            let mut d_hidden = Array2::zeros(examples.hidden.raw_dim());
            total += self.layer.step(&mut w, examples.batch(), &mut s, d_hidden.view_mut(), None);
            w.flush();
        }
        total
    }

    /// B×V ln P, and ln P of the targets.
    pub fn log_probs(&self, examples: &Examples, threads: &Threads) -> (Array2<f32>, Vec<f64>) {
        let (mut w, mut s) = (self.frozen(threads), Scratch::new(WorkerRng::new(0, 0)));
        let mut all = Array2::from_elem((examples.len(), self.vocab()), f32::NAN);
        let mut of_target = vec![f64::NAN; examples.len()];
        self.layer.log_probs(&mut w, examples.hidden.view(), &mut s, all.view_mut());
        self.layer.log_prob(&mut w, examples.batch(), &mut s, &mut of_target);
        (all, of_target)
    }
}

/// Holds every number of a step against what it must be.
pub trait Check {
    fn check(&self, name: &str, step: &Step);
}

impl Check for Expected {
    fn check(&self, name: &str, step: &Step) {
        let found = Audit::new(self.findings(step));
        assert!(found.passed(), "{name}:\n{found}");
    }
}

/// The bits of every parameter.
pub fn bits(matrices: &[Matrix]) -> Vec<u32> {
    matrices.iter().flat_map(|m| m.weights().iter().chain(m.bias())).map(|x| x.to_bits()).collect()
}
