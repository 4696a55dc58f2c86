//! Tables hold the weights. Layers and encoders only name rows of tables.
//!
//! Every output layer is one linear map, used in three ways on C chosen rows and a batch of B vectors of size d:
//!
//! | verb | computes | used for |
//! |---|---|---|
//! | `scores` | S = X·W\[rows\]ᵀ + b (B×C) | forward |
//! | `weighted_sum` | Y += K·W\[rows\] (B×d) | ∂L/∂hidden |
//! | `descend` | ∂L/∂W\[rows\] = Kᵀ·X (C×d) | the update |
//!
//! with K = ∂L/∂S. [`Table::step`] does all three on a few rows. [`Table::scan`] and [`Table::sweep`] do them on many
//! rows, in tiles.
//!
//! # Which handle to use
//!
//! | use | on | when | its updates show |
//! |---|---|---|---|
//! | [`Frozen`] | `&Matrix` | you evaluate | never: it only reads |
//! | [`Online`] | `&mut Matrix` | one worker trains example by example | at once |
//! | [`Deferred`] | `&mut Matrix` | you train mini-batches, or read ∂L/∂W before the update | at `flush` |
//! | [`Shared`] | `&SharedMatrix` | several workers train at once, example by example | at once; to others later |
//! | [`Overlay`] | `&SharedMatrix` | like `Shared`, with reproducible bits | at once; to others at [`merge`] |
//!
//! [`Divided`] is one of the first three over rows that several processes share out among themselves.
//!
//! [`Exclusive`] over a [`FrozenStore`], an [`OnlineStore`] or a [`DeferredStore`] is the general form of the first
//! three. Use it for a handle that owns its matrix (`Matrix`) or shares it to read (`Arc<Matrix>`).
//!
//! Memory beside the matrix: `Deferred` keeps a gradient of d numbers per touched row, or rows×d after a sweep.
//! `Shared` keeps copies of its [`CachedRows`]; `Overlay` keeps a copy of every row that it touched. `Shared` and
//! `Overlay` take plain descent only.

mod bags;
mod exclusive;
mod groups;
pub(crate) mod kernel;
mod matrix;
mod parameters;
mod seen;
pub(crate) mod stored;
mod tables;
mod threads;
mod traffic;
mod worker;

pub use crate::optimizer::{Optimizer, OptimizerKind};
pub use bags::Bags;
pub use exclusive::{
    Deferred, DeferredStore, Divided, Division, Exclusive, Frozen, FrozenStore, Online, OnlineStore, Storage,
    TableGradient,
};
#[cfg(feature = "eval")]
pub(crate) use exclusive::{Held, Ledger};
pub use groups::{Group, GroupCoefficients, Groups};
pub use matrix::Matrix;
pub use parameters::Parameters;
pub use seen::{Fold, Stat, Tile, TileCoefficients};
pub use tables::{Cost, Tables};
pub use threads::Threads;
pub use traffic::Traffic;
pub use worker::{CachedRows, Merged, Overlay, OwnRows, Shared, SharedMatrix, WorkerTable, merge};
#[cfg(feature = "text")]
pub(crate) use worker::{add_moves, rows_to_merge};

use crate::peers::Team;
use crate::rng::WorkerRng;
use ndarray::{ArrayView2, ArrayViewMut2};
use rand::RngExt;
use std::ops::Range;

/// The rows that a verb works on. A row may repeat; its effects add up.
#[derive(Clone, Debug)]
pub enum Rows<'a> {
    /// Neighbouring rows.
    Range(Range<u32>),
    /// Any rows, in any order.
    List(&'a [u32]),
}

impl Rows<'_> {
    /// Number of rows, C. Repeated rows count each time.
    pub fn len(&self) -> usize {
        match self {
            Rows::Range(r) => r.len(),
            Rows::List(l) => l.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Initial distribution of a table's weights. Biases start at zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// All zero.
    Zero,
    /// Uniform in ±limit, with this limit.
    Uniform(f32),
}

impl Init {
    fn draw(self, rng: &mut WorkerRng) -> f32 {
        match self {
            Self::Zero => 0.0,
            Self::Uniform(limit) => (rng.random::<f32>() * 2.0 - 1.0) * limit,
        }
    }
}

/// Size, bias and initial weights of a table that a layer or an encoder needs.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TableShape {
    /// Number of rows.
    pub rows: u32,
    /// Entries per row, d.
    pub dim: usize,
    /// Whether each row has a bias. `scores` adds it and `descend` trains it; [`Cost`] does not count its
    /// multiply-adds.
    pub bias: bool,
    /// Initial distribution of the weights.
    pub init: Init,
}

impl TableShape {
    /// A table of `rows` rows of `dim` entries.
    pub fn new(rows: u32, dim: usize, bias: bool, init: Init) -> Self {
        Self { rows, dim, bias, init }
    }
}

/// Turns a block of scores into ∂L/∂scores in place and adds each row's loss (nats).
///
/// The range gives the rows of the batch that the block holds. Blocks may come in any order and from several threads.
pub type Coefficients<'a> = dyn Fn(Range<usize>, ArrayViewMut2<f32>, &mut [f64]) + Sync + 'a;

/// One worker's handle on a matrix of parameters.
///
/// Every verb takes `&mut self`: a handle belongs to one worker and may keep gathered rows. The calls are coarse (a
/// window, a batch, a vocabulary), so dynamic dispatch costs nothing noticeable.
///
/// Contract: shapes agree, or the call panics with both shapes; `x` and `d_x` have contiguous rows; row numbers are
/// less than `shape().rows`. An update is w ← w − rate·∂L/∂w, in the sense of the handle's optimizer. Gradients of
/// repeated rows are summed before the update.
pub trait Table: Send {
    /// Number of rows, entries per row, and bias.
    fn shape(&self) -> TableShape;

    /// out = X·W\[rows\]ᵀ + b; `x` is B×d, `out` B×C.
    fn scores(&mut self, rows: &Rows, x: ArrayView2<f32>, out: ArrayViewMut2<f32>);

    /// out += K·W\[rows\]; `coef` is B×C, `out` B×d.
    fn weighted_sum(&mut self, rows: &Rows, coef: ArrayView2<f32>, out: ArrayViewMut2<f32>);

    /// Updates the rows with the gradient Kᵀ·X; `coef` is B×C, `x` B×d.
    fn descend(&mut self, rows: &Rows, coef: ArrayView2<f32>, x: ArrayView2<f32>);

    /// out\[b\] = mean of the rows of bag b; `out` is B×d.
    fn bag_means(&mut self, bags: Bags, out: ArrayViewMut2<f32>);

    /// out\[b\] = mean of the members of bag b, which are indices into `rows`. A row that bags share is read once.
    fn shared_means(&mut self, rows: &[u32], bags: Bags, out: ArrayViewMut2<f32>) {
        groups::means_of_listed(self, rows, bags, out);
    }

    /// The adjoint of `bag_means`: updates each row of bag b with the gradient d_out\[b\] / |bag b|.
    fn descend_bags(&mut self, bags: Bags, d_out: ArrayView2<f32>);

    /// Updates each row of bag b with the whole of d_out\[b\], not divided by the bag's size. Biases do not change.
    fn descend_each(&mut self, bags: Bags, d_out: ArrayView2<f32>);

    /// Updates row i of `rows` with the sum of the gradients in bag i. Rows may repeat. Biases do not change.
    fn descend_sums(&mut self, rows: &[u32], sums: Bags, gradients: ArrayView2<f32>) {
        groups::descend_sum_by_sum(self, rows, sums, gradients);
    }

    /// One step over a few rows: scores → `coef` in place → d_x += K·W (with the weights before the update) → update.
    /// `x` and `d_x` are B×d; `losses` has B entries.
    fn step(
        &mut self,
        rows: &[u32],
        x: ArrayView2<f32>,
        coef: &Coefficients,
        losses: &mut [f64],
        d_x: ArrayViewMut2<f32>,
    );

    /// Does a [`step`](Self::step) for groups of examples, each with its own rows. An example or a row may be in
    /// several groups; a later group may see the updates of an earlier one.
    fn step_groups(
        &mut self,
        groups: Groups,
        x: ArrayView2<f32>,
        coef: &GroupCoefficients,
        losses: &mut [f64],
        d_x: ArrayViewMut2<f32>,
    ) {
        groups::step_by_step(self, groups, x, coef, losses, d_x);
    }

    /// Folds the scores of many `rows` into `out`, in tiles; `out` has one [`Stat`] per example. If the handle kept the
    /// scores of a preceding scan of the same rows and `x`, it uses them again.
    fn scan(&mut self, rows: Range<u32>, x: ArrayView2<f32>, fold: &Fold, out: &mut [Stat]);

    /// One step over many rows, in tiles: scores → `coef` in place → d_x += K·W → update. The scores of a preceding
    /// `scan` of the same rows and `x` are used again. `last` marks the last part of a batch that comes in parts (see
    /// [`batch_part`]); no weight changes before it.
    fn sweep(
        &mut self,
        rows: Range<u32>,
        x: ArrayView2<f32>,
        coef: &TileCoefficients,
        d_x: ArrayViewMut2<f32>,
        last: bool,
    );

    /// Prefetches the rows of the next step into the cache. This hint does not change any result.
    fn prefetch(&self, _rows: &[u32]) {}

    /// Sets the learning rate of all later updates.
    fn set_rate(&mut self, _rate: f32) {}

    /// Ends a mini-batch: applies deferred updates.
    fn flush(&mut self) {}

    /// Number of rows that this handle has moved between the shared memory and its own.
    fn traffic(&self) -> Traffic {
        Traffic::default()
    }

    /// The matrix behind this handle; `None` if the handle has no matrix of its own.
    fn matrix(&self) -> Option<&Matrix> {
        None
    }

    /// The matrix behind this handle, mutable. `None` if the handle only reads or has no matrix of its own. Drops kept
    /// scores.
    fn matrix_mut(&mut self) -> Option<&mut Matrix> {
        None
    }

    /// ∂L/∂W since the last `flush`; `None` for a handle that defers nothing. Reading does not change the effect of the
    /// next `flush`.
    ///
    /// The result is [`TableGradient::Dense`] after a sweep, with the rows of other verbs added in. Without a sweep it
    /// is [`TableGradient::Rows`].
    fn gradient(&mut self) -> Option<TableGradient<'_>> {
        None
    }

    /// The ranks among which the rows of this table are divided; `None` if this handle has all rows. A scan of a
    /// divided table shows this rank's tiles only, while its statistics are those of all rows.
    fn team(&mut self) -> Option<&mut Team> {
        None
    }

    /// Drops the gradient since the last `flush`, so no weight moves. Does nothing for a handle that defers nothing.
    fn discard(&mut self) {}
}

/// Number of scores that a handle may keep between a scan and its sweep: 235 MB of f32.
const KEPT_SCORES: usize = 56 << 20;
/// Largest part of a batch, in examples. Each strip keeps its own share of ∂L/∂x, so memory grows with the part.
const LARGEST_PART: usize = 2048;

/// Whether handles keep scores for a vocabulary of this size: those of 32 examples fit.
pub(crate) fn keeps_scores(vocab: usize) -> bool {
    vocab <= KEPT_SCORES / 32
}

/// Number of examples to scan and sweep at a time over `vocab` words, so that their scores fit in memory. Above 1.8
/// million words no scores are kept: a sweep computes them again, and [`Cost`] does not count that. The same holds for
/// more than 8 million scores of rows with at most 64 numbers, which are computed again faster than read from memory.
pub fn batch_part(vocab: usize) -> usize {
    match KEPT_SCORES / vocab.max(1) / 32 * 32 {
        0 => LARGEST_PART,
        part => part.min(LARGEST_PART),
    }
}
