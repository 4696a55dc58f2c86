//! Tables hold the weights; layers and encoders say which rows.
//!
//! Every output layer is one linear map used in three ways over C chosen rows and a batch of B vectors of size d:
//!
//! | verb | is | used for |
//! |---|---|---|
//! | `scores` | S = X·W\[rows\]ᵀ + b (B×C) | forward |
//! | `weighted_sum` | Y += K·W\[rows\] (B×d) | ∂L/∂hidden |
//! | `descend` | ∂L/∂W\[rows\] = Kᵀ·X (C×d) | the update |
//!
//! with K = ∂L/∂S. [`Table::step`] does all three over few rows, [`Table::scan`] and [`Table::sweep`] over many, in
//! tiles. Which handle to take:
//!
//! | handle | of | sees its own updates | for |
//! |---|---|---|---|
//! | [`Frozen`] | `&Matrix` | has none | evaluation |
//! | [`Online`] | `&mut Matrix` | at once | examples one by one |
//! | [`Deferred`] | `&mut Matrix` | after `flush` | mini-batches; gradients can be read before `flush` |
//! | [`Exclusive`] over a [`FrozenStore`], an [`OnlineStore`] or a [`DeferredStore`] | `Matrix`, `Arc<Matrix>` | the same | handles that outlive the scope of a loan |
//! | [`Shared`] | `&SharedMatrix` | at once, others' later | several workers at a time, examples one by one |
//! | [`Overlay`] | `&SharedMatrix` | at once, others' after [`merge`] | the same, with bits that do not depend on the threads |

mod bags;
mod exclusive;
mod groups;
pub(crate) mod kernel;
mod matrix;
mod parameters;
pub(crate) mod stored;
mod tables;
mod threads;
mod traffic;
mod worker;

pub use crate::optimizer::Optimizer;
pub use bags::Bags;
pub use exclusive::{
    Deferred, DeferredStore, Exclusive, Frozen, FrozenStore, Online, OnlineStore, Storage, TableGradient,
};
#[cfg(feature = "eval")]
pub(crate) use exclusive::{Held, Ledger};
pub use groups::{Group, GroupCoefficients, Groups};
pub use matrix::Matrix;
pub use parameters::Parameters;
pub use tables::{Cost, Tables};
pub use threads::Threads;
pub use traffic::Traffic;
pub use worker::{CachedRows, Merged, Overlay, OwnRows, Shared, SharedMatrix, WorkerTable, merge};

use crate::rng::WorkerRng;
use ndarray::{ArrayView2, ArrayViewMut2};
use rand::RngExt;
use std::fmt;
use std::ops::Range;

/// The rows that a verb is about. A row may repeat; its effects add up.
#[derive(Clone, Debug)]
pub enum Rows<'a> {
    /// Neighbouring rows.
    Range(Range<u32>),
    /// Any rows, in any order.
    List(&'a [u32]),
}

impl Rows<'_> {
    /// Number of rows, C, repeats counted.
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

/// How the weights of a table begin. Biases begin at zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// All zero.
    Zero,
    /// Uniform in ±this.
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

/// What a layer or an encoder needs of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TableShape {
    /// Number of rows.
    pub rows: u32,
    /// Entries a row, d.
    pub dim: usize,
    /// Whether each row has a bias: `scores` adds it, `descend` trains it; it is not counted in multiply-adds.
    pub bias: bool,
    /// How the weights begin.
    pub init: Init,
}

impl TableShape {
    /// A table of `rows` rows of `dim` entries.
    pub fn new(rows: u32, dim: usize, bias: bool, init: Init) -> Self {
        Self { rows, dim, bias, init }
    }
}

/// What a scan keeps of the scores of a batch row: enough for ln Z and for ln P of a target.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stat {
    /// The largest score so far, −∞ at first.
    pub max: f32,
    /// Σ exp(z − max) over the scores so far.
    pub sum: f64,
    /// Another sum, for folds that need two; added as it is.
    pub second: f64,
    /// The target's score, −∞ until it was met.
    pub target: f32,
    /// Σ c·z over the scores so far, for criteria that need such a sum.
    pub linear: f64,
}

impl Stat {
    /// No score yet.
    pub const EMPTY: Self =
        Self { max: f32::NEG_INFINITY, sum: 0.0, second: 0.0, target: f32::NEG_INFINITY, linear: 0.0 };

    /// Takes in what another part of the vocabulary gave (the online normalizer of Milakov & Gimelshein 2018, eq. 4).
    pub fn merge(&mut self, other: &Self) {
        let max = self.max.max(other.max);
        if max > f32::NEG_INFINITY {
            let rescaled = |s: &Self| s.sum * f64::from(s.max - max).exp();
            self.sum = rescaled(self) + rescaled(other);
            self.max = max;
        }
        self.second += other.second;
        self.target = self.target.max(other.target);
        self.linear += other.linear;
    }

    /// Takes in a tile: `max` is the largest score so far, the tile's too, and `sum` the tile's Σ exp(z − max).
    #[inline]
    pub fn add(&mut self, max: f32, sum: f32) {
        if max > self.max {
            self.sum *= f64::from(self.max - max).exp();
            self.max = max;
        }
        self.sum += f64::from(sum);
    }

    /// ln Σ exp z over all scores, in nats.
    pub fn ln_z(&self) -> f64 {
        f64::from(self.max) + self.sum.ln()
    }

    /// −ln P(target) = ln Z − z_t, in nats.
    pub fn loss(&self) -> f64 {
        self.ln_z() - f64::from(self.target)
    }
}

/// Turns a block of scores into ∂L/∂scores in place and adds each row's loss (nats).
///
/// The range says which rows of the batch the block is; rows may come in parts, in any order, from several threads.
pub type Coefficients<'a> = dyn Fn(Range<usize>, ArrayViewMut2<f32>, &mut [f64]) + Sync + 'a;

/// The scores of neighbouring rows of a table for a batch: words × batch, so that the examples of a batch lie side by
/// side.
pub struct Tile<'a> {
    rows: Range<u32>,
    batch: usize,
    stride: usize,
    scores: &'a mut [f32],
}

impl fmt::Debug for Tile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Tile").field("rows", &self.rows).field("batch", &self.batch).finish_non_exhaustive()
    }
}

impl<'a> Tile<'a> {
    /// Scores of `rows` for `batch` examples; rows are `stride` apart, of which all up to a multiple of 16 hold
    /// numbers.
    pub fn new(rows: Range<u32>, batch: usize, stride: usize, scores: &'a mut [f32]) -> Self {
        assert!(stride >= batch.next_multiple_of(16) && scores.len() == stride * rows.len(), "a tile's shape");
        Self { rows, batch, stride, scores }
    }

    /// The rows of the table.
    pub fn rows(&self) -> Range<u32> {
        self.rows.clone()
    }

    /// Number of examples, B.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Examples padded to a multiple of 16.
    pub fn lanes(&self) -> usize {
        self.batch.next_multiple_of(16)
    }

    /// From one row to the next in `scores`.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// All scores, padding included.
    pub fn scores(&self) -> &[f32] {
        self.scores
    }

    /// All scores, to be changed.
    pub fn scores_mut(&mut self) -> &mut [f32] {
        self.scores
    }

    /// The scores of a row of the table, an example each.
    pub fn row(&self, row: u32) -> &[f32] {
        &self.scores[(row - self.rows.start) as usize * self.stride..][..self.batch]
    }

    /// The scores of a row of the table, to be changed.
    pub fn row_mut(&mut self, row: u32) -> &mut [f32] {
        &mut self.scores[(row - self.rows.start) as usize * self.stride..][..self.batch]
    }
}

/// Takes the scores of a tile into the statistics of each example.
pub type Fold<'a> = dyn Fn(&Tile, &mut [Stat]) + Sync + 'a;

/// Turns the scores of a tile into ∂L/∂scores in place.
pub type TileCoefficients<'a> = dyn Fn(&mut Tile) + Sync + 'a;

/// One worker's handle on a matrix of parameters.
///
/// `&mut self` throughout: a handle belongs to one worker and may keep what it gathered. The calls are coarse (a
/// window, a batch, a vocabulary), so that dynamic dispatch costs nothing that matters.
///
/// Contract: shapes agree, or the call panics with both; `x` and `d_x` have contiguous rows; rows lie below
/// `shape().rows`. An update is w ← w − rate·∂L/∂w in the sense of the handle's optimizer; repeated rows are merged
/// before it.
pub trait Table: Send {
    /// Rows, size and bias.
    fn shape(&self) -> TableShape;

    /// out = X·W\[rows\]ᵀ + b; `x` is B×d, `out` B×C.
    fn scores(&mut self, rows: &Rows, x: ArrayView2<f32>, out: ArrayViewMut2<f32>);

    /// out += K·W\[rows\]; `coef` is B×C, `out` B×d.
    fn weighted_sum(&mut self, rows: &Rows, coef: ArrayView2<f32>, out: ArrayViewMut2<f32>);

    /// Descends along Kᵀ·X; `coef` is B×C, `x` B×d.
    fn descend(&mut self, rows: &Rows, coef: ArrayView2<f32>, x: ArrayView2<f32>);

    /// out\[b\] = mean of the rows of bag b.
    fn bag_means(&mut self, bags: Bags, out: ArrayViewMut2<f32>);

    /// out\[b\] = mean of the members of bag b, which are numbers of `rows`. Rows that bags share are read once.
    fn shared_means(&mut self, rows: &[u32], bags: Bags, out: ArrayViewMut2<f32>) {
        groups::means_of_listed(self, rows, bags, out);
    }

    /// The adjoint of `bag_means`: each row of bag b descends along d_out\[b\] / |bag b|.
    fn descend_bags(&mut self, bags: Bags, d_out: ArrayView2<f32>);

    /// Each row of bag b descends along the whole of d_out\[b\], not its share. Biases stay.
    fn descend_each(&mut self, bags: Bags, d_out: ArrayView2<f32>);

    /// Row i of these, which may repeat, descends along the sum of the gradients in bag i. Biases stay.
    fn descend_sums(&mut self, rows: &[u32], sums: Bags, gradients: ArrayView2<f32>) {
        groups::descend_sum_by_sum(self, rows, sums, gradients);
    }

    /// Few rows, once: scores → `coef` in place → d_x += K·W (the weights from before) → the update.
    fn step(
        &mut self,
        rows: &[u32],
        x: ArrayView2<f32>,
        coef: &Coefficients,
        losses: &mut [f64],
        d_x: ArrayViewMut2<f32>,
    );

    /// [`step`](Self::step) where each group of examples has its own rows. An example may be in several groups, and a
    /// row too: a later group may see what an earlier one has moved.
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

    /// Many rows, in tiles: folds the scores of all `rows` into `out`, one [`Stat`] a batch row. The scores of a scan
    /// of the same rows and `x` just before are used again where they were kept.
    fn scan(&mut self, rows: Range<u32>, x: ArrayView2<f32>, fold: &Fold, out: &mut [Stat]);

    /// Many rows, in tiles: scores → `coef` in place → d_x += K·W → the update. The scores of a `scan` of the same rows
    /// and `x` just before are used again. A batch that comes in several parts (see [`batch_part`]) says `last` with
    /// its last part only: until then no weight changes.
    fn sweep(
        &mut self,
        rows: Range<u32>,
        x: ArrayView2<f32>,
        coef: &TileCoefficients,
        d_x: ArrayViewMut2<f32>,
        last: bool,
    );

    /// Has rows brought into the cache that a step is about to ask for: a hint, which changes nothing.
    fn prefetch(&self, _rows: &[u32]) {}

    /// The rate of the updates from now on.
    fn set_rate(&mut self, _rate: f32) {}

    /// The end of a mini-batch: what was deferred is applied.
    fn flush(&mut self) {}

    /// Rows that this handle has moved between the memory that several workers share and its own.
    fn traffic(&self) -> Traffic {
        Traffic::default()
    }

    /// The matrix under this handle; `None` for a handle that has none to itself.
    fn matrix(&self) -> Option<&Matrix> {
        None
    }

    /// The same matrix, to be changed; `None` for a handle that only reads or has none to itself. Scores that were kept
    /// are forgotten.
    fn matrix_mut(&mut self) -> Option<&mut Matrix> {
        None
    }

    /// ∂L/∂W since the last `flush`; `None` for a handle that defers nothing. A `flush` after it does the same as
    /// without it.
    ///
    /// A sweep makes the gradient [`TableGradient::Dense`]: the rows that other verbs touched are added in. Without a
    /// sweep it is [`TableGradient::Rows`].
    fn gradient(&mut self) -> Option<TableGradient<'_>> {
        None
    }

    /// Forgets the gradient since the last `flush`: no weight moves. Does nothing for a handle that defers nothing.
    fn discard(&mut self) {}
}

/// Scores that a handle may keep between a scan and its sweep: 235 MB of f32.
const KEPT_SCORES: usize = 56 << 20;
/// A part of a batch is not larger than this: what each strip adds to ∂L/∂x is kept apart.
const LARGEST_PART: usize = 2048;

/// Number of examples of a batch to scan and sweep at a time over `vocab` words, so that the scores between fit in
/// memory. Above 1.8 million words no scores are kept, and a sweep computes them again (which is not counted as work).
pub fn batch_part(vocab: usize) -> usize {
    match KEPT_SCORES / vocab.max(1) / 32 * 32 {
        0 => LARGEST_PART,
        part => part.min(LARGEST_PART),
    }
}
