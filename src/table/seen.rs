//! The things that a scan or a sweep of many rows shows and keeps: tiles of scores, statistics of each example.

use std::fmt;
use std::ops::Range;

/// Statistics that a scan keeps for each example: enough for ln Z and for ln P of a target.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stat {
    /// The largest score so far; −∞ at the start.
    pub max: f32,
    /// Σ exp(z − max) over the scores so far.
    pub sum: f64,
    /// A second sum for folds that need two. [`Self::merge`] adds it without rescaling.
    pub second: f64,
    /// The target's score; −∞ until the scan meets the target.
    pub target: f32,
    /// Σ c·z over the scores so far, for criteria that need this sum.
    pub linear: f64,
}

impl Stat {
    /// No score yet.
    pub const EMPTY: Self =
        Self { max: f32::NEG_INFINITY, sum: 0.0, second: 0.0, target: f32::NEG_INFINITY, linear: 0.0 };

    /// Merges the statistics of another part of the vocabulary (online normalizer, Milakov & Gimelshein 2018, eq. 4).
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

    /// Adds a tile. `max` is the largest score so far, including the tile; `sum` is Σ exp(z − max) over the tile.
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

/// The scores of neighbouring rows of a table for a batch: words × batch. The examples of a batch lie side by side.
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
    /// Scores of `rows` for `batch` examples. Consecutive rows are `stride` apart. The first `batch` entries of a row,
    /// rounded up to a multiple of 16, hold numbers.
    ///
    /// # Panics
    /// If `stride` is less than `batch` rounded up to a multiple of 16, or `scores` does not have `stride` · rows
    /// entries.
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

    /// Number of examples, rounded up to a multiple of 16.
    pub fn lanes(&self) -> usize {
        self.batch.next_multiple_of(16)
    }

    /// Distance between consecutive rows in `scores`.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// All scores, padding included.
    pub fn scores(&self) -> &[f32] {
        self.scores
    }

    /// All scores, mutable, padding included.
    pub fn scores_mut(&mut self) -> &mut [f32] {
        self.scores
    }

    /// The scores of one row of the table, one per example.
    pub fn row(&self, row: u32) -> &[f32] {
        &self.scores[(row - self.rows.start) as usize * self.stride..][..self.batch]
    }

    /// The scores of one row of the table, mutable.
    pub fn row_mut(&mut self, row: u32) -> &mut [f32] {
        &mut self.scores[(row - self.rows.start) as usize * self.stride..][..self.batch]
    }
}

/// Folds the scores of a tile into the statistics of each example.
pub type Fold<'a> = dyn Fn(&Tile, &mut [Stat]) + Sync + 'a;

/// Turns the scores of a tile into ∂L/∂scores in place.
pub type TileCoefficients<'a> = dyn Fn(&mut Tile) + Sync + 'a;
