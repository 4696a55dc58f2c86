//! An output layer in one owner: the layer, its tables, its optimizer and its scratch.
//!
//! A [`Head`] sits on top of your own model. It takes hidden vectors and targets, moves its weights, and returns the
//! loss and ∂L/∂hidden for the rest of the model. The layer is either a layer of the
//! [catalogue](crate::layer::catalogue) by name, or your own.
//!
//! ```
//! use lexmax::prelude::*;
//! # use lexmax::ndarray::{Array2, ArrayView2, array};
//! # fn backward(_: ArrayView2<f32>) {}
//! # fn main() -> lexmax::Result<()> {
//! # let (counts, dim) = (Counts::new(vec![50, 30, 15, 5])?, 3);
//! # let batches: Vec<(Array2<f32>, Vec<u32>)> = vec![(array![[0.1, -0.2, 0.3], [0.0, 1.0, -1.0]], vec![2, 0])];
//! # let hidden = array![[0.1f32, -0.2, 0.3]];
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("head.safetensors");
//! let mut head =
//!     Head::builder("hierarchical", &counts, dim).optimizer(Optimizer::adagrad(0.1)?).rate(0.2).seed(1).build()?;
//! for (hidden, targets) in batches {
//!     let step = head.step(hidden.view(), &targets)?; // step.loss in nats, step.d_hidden B×d: the weights have moved
//!     backward(step.d_hidden);
//! }
//! let best = head.top_k(hidden.view(), 5)?; // best[b][i].word, .ln_p
//! head.save(&path)?;
//! # assert_eq!(best[0].len(), 4);
//! let again = Head::load(&path)?;
//! # assert_eq!(again.rate(), 0.2);
//! # Ok(())
//! # }
//! ```
//!
//! The id of a word is its rank by falling count, from 0. The counts must be in falling order, and targets are such
//! ids.
//!
//! All input is checked before any weight moves: shapes, targets, and numbers that are not finite. Invalid input
//! returns an [`Error`](crate::Error); no batch and no file makes a head panic. Your own layer may panic if it breaks
//! the contract of [`OutputLayer`].

mod builder;
mod bytes;
mod file;
mod input;
pub(crate) mod stored;
mod training;
mod verbs;

pub use builder::HeadBuilder;
pub use training::{Gradients, Step, Training};

use crate::error::Result;
use crate::layer::{LayerShape, OutputLayer, Scratch};
use crate::objective::LossOptions;
use crate::rng::WorkerRng;
use crate::table::{Cost, Exclusive, FrozenStore, Matrix, Table, Tables, Threads};
use crate::vocab::Counts;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// An output layer with its weights and everything that a step needs, in one owner.
///
/// - [`Head::builder`] builds a layer of the catalogue by name, [`Head::of`] takes your own layer, and [`Head::load`]
///   reads a file.
/// - [`step`](Head::step) trains; [`gradients`](Head::gradients) only differentiates, for your own optimizer.
/// - [`log_prob`](Head::log_prob), [`log_probs`](Head::log_probs), [`top_k`](Head::top_k), [`rank`](Head::rank),
///   [`sample`](Head::sample), [`ln_z`](Head::ln_z) and [`gumbel_softmax`](Head::gumbel_softmax) query the trained
///   layer. They are exact, independent of the training criterion.
/// - [`save`](Head::save) writes a file; [`clone_frozen`](Head::clone_frozen) makes a read-only copy for other threads.
///
/// Once the buffers have their size, a step with one thread allocates nothing for full, hierarchical, negative and
/// sampled softmax. Other layers allocate nothing that grows with the batch, the vocabulary or the hidden vector.
pub struct Head<M = Training> {
    layer: SharedLayer,
    shape: LayerShape,
    /// The name of the layer in the catalogue, with its settings; `None` for your own layer.
    name: Option<String>,
    counts: Option<Arc<Counts>>,
    /// The options of the loss, which decide the valid targets.
    loss: LossOptions,
    tables: Tables<'static>,
    scratch: Scratch,
    threads: Threads,
    /// A copy of hidden vectors whose rows were not contiguous.
    copied: Vec<f32>,
    mode: M,
}

impl<M: fmt::Debug> fmt::Debug for Head<M> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Head")
            .field("name", &self.name)
            .field("vocab", &self.vocab())
            .field("dim", &self.dim())
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// A head that answers but does not train. [`Head::clone_frozen`] creates it.
pub type FrozenHead = Head<ReadOnly>;

/// The mode of a head that does not train.
pub struct ReadOnly {
    tables: Vec<Arc<Matrix>>,
}

impl fmt::Debug for ReadOnly {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("ReadOnly").finish_non_exhaustive()
    }
}

/// A layer that a head shares with its frozen copies. Only the refresh of an adaptive proposal writes to it.
#[derive(Clone)]
struct SharedLayer(Arc<RwLock<Box<dyn OutputLayer>>>);

impl SharedLayer {
    fn new(layer: Box<dyn OutputLayer>) -> Self {
        Self(Arc::new(RwLock::new(layer)))
    }

    fn read(&self) -> RwLockReadGuard<'_, Box<dyn OutputLayer>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Box<dyn OutputLayer>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M> Head<M> {
    /// Number of words, V.
    pub fn vocab(&self) -> usize {
        self.shape.vocab
    }

    /// Size of a hidden vector, d.
    pub fn dim(&self) -> usize {
        self.shape.dim
    }

    /// Sizes and tables of the layer.
    pub fn shape(&self) -> &LayerShape {
        &self.shape
    }

    /// The name of the layer in the catalogue, with its settings; `None` for your own layer.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Number of threads that a step may use.
    pub fn threads(&self) -> usize {
        self.threads.count()
    }

    /// Returns the work done by this head so far: multiply-adds, rows read and written, words drawn.
    pub fn cost(&self) -> Cost {
        self.tables.cost()
    }

    /// Returns the weights and biases of a table, by its number in [`LayerShape::tables`]; `None` if the number is too
    /// large.
    pub fn table(&self, number: usize) -> Option<&Matrix> {
        (number < self.shape.tables.len()).then(|| self.tables.matrix(number)).flatten()
    }

    /// Creates a read-only copy with the current weights, for queries on another thread. `seed` determines its random
    /// numbers.
    ///
    /// # Errors
    /// The weights do not fit in memory a second time.
    pub fn clone_frozen(&self, seed: u64) -> Result<FrozenHead> {
        let copy = |number| self.table(number).map(|matrix| matrix.without_state().map(Arc::new));
        let tables = (0..self.shape.tables.len()).filter_map(copy).collect::<Result<Vec<_>>>()?;
        Ok(self.frozen_over(tables, seed))
    }

    fn frozen_over(&self, tables: Vec<Arc<Matrix>>, seed: u64) -> FrozenHead {
        let handle = |matrix: &Arc<Matrix>| -> Box<dyn Table> {
            Box::new(Exclusive::<FrozenStore<Arc<Matrix>>>::new(matrix.clone(), self.threads.clone()))
        };
        Head {
            layer: self.layer.clone(),
            shape: self.shape.clone(),
            name: self.name.clone(),
            counts: self.counts.clone(),
            loss: self.loss.clone(),
            tables: Tables::new(tables.iter().map(handle).collect()),
            scratch: Scratch::new(WorkerRng::new(seed, SAMPLING_STREAM)),
            threads: self.threads.clone(),
            copied: Vec::new(),
            mode: ReadOnly { tables },
        }
    }
}

impl Head<ReadOnly> {
    /// Creates another head over the same weights without copying them. `seed` determines its random numbers.
    pub fn another(&self, seed: u64) -> Self {
        self.frozen_over(self.mode.tables.clone(), seed)
    }
}

/// Streams of random numbers under one seed: the initial weights (as in a model), draws in training, and samples of
/// frozen heads.
const LAYER_STREAM: u64 = 2;
const NOISE_STREAM: u64 = 3;
const SAMPLING_STREAM: u64 = 4;
