//! The scores of the last scan, kept for the next scan or sweep of the same rows and batch.

use crate::table::KEPT_SCORES;
use crate::table::kernel::tile::{Packed, Strips};
use ndarray::ArrayView2;
use std::ops::Range;

/// Remembers the last scan: its rows, its batch and, if they fit, its scores. A second scan or the sweep of the same
/// rows and batch uses them. The first change of a weight clears the cache.
#[derive(Default)]
pub struct ScoreCache {
    /// Rows of the last scan; `None` once a weight has moved.
    scanned: Option<Range<u32>>,
    /// Whether `scores` holds all scores of that scan.
    complete: bool,
    /// The batch of that scan.
    x: Vec<f32>,
    scores: Vec<f32>,
}

/// Contents of the cache that a scan can use.
#[derive(Clone, Copy)]
pub struct Scanned {
    /// The last scan had the same rows and batch, and no weight has moved since.
    pub again: bool,
    /// All scores of that scan are kept.
    pub complete: bool,
}

/// Memory layout for the scores of a scan.
#[derive(Clone, Copy)]
pub struct Room {
    /// Distance between the scores of consecutive words.
    stride: usize,
    /// Words per strip that have room. If that is one tile, each tile overwrites the one before.
    words: usize,
}

impl Room {
    /// Numbers that the scores of a strip take.
    pub fn numbers_for(&self, strip: &Range<u32>) -> usize {
        self.stride * self.words.min(strip.len())
    }
}

impl ScoreCache {
    /// Forgets the last scan. Every change of a weight must call this.
    pub fn clear(&mut self) {
        (self.scanned, self.complete) = (None, false);
    }

    /// Looks up a scan of these rows and this batch.
    pub fn look(&self, rows: &Range<u32>, x: &ArrayView2<f32>) -> Scanned {
        let again = self.scanned.as_ref() == Some(rows) && x.iter().eq(&self.x);
        Scanned { again, complete: again && self.complete }
    }

    /// Whether the cache has all scores of these rows and this batch.
    pub fn holds(&self, rows: &Range<u32>, x: &ArrayView2<f32>) -> bool {
        self.complete && self.look(rows, x).complete
    }

    /// Makes room for a new scan: for all its scores if they are to be kept and fit, otherwise for one tile per strip.
    pub fn begin(
        &mut self,
        strips: Strips,
        x: &ArrayView2<f32>,
        packed: &Packed,
        scanned: Scanned,
        keep: bool,
    ) -> Room {
        let rows = &strips.range();
        self.complete = keep && fits(rows, x.dim(), scanned.again);
        self.scanned = Some(rows.clone());
        if !scanned.again {
            self.x.clear();
            self.x.extend(x.iter());
        }
        let words = if self.complete { rows.len() } else { packed.tile_rows() };
        let room = Room { stride: packed.stride, words };
        let total = strips.iter().map(|strip| room.numbers_for(&strip)).sum();
        if self.scores.len() < total {
            self.scores.resize(total, 0.0);
        }
        room
    }

    /// The buffer of the scores, strip by strip.
    pub fn scores_mut(&mut self) -> &mut [f32] {
        &mut self.scores
    }
}

/// Longest rows whose scores are computed again faster than they are read from memory.
const SHORT: usize = 64;
/// Scores that stay in the last-level cache: 32 MB.
const IN_CACHE: usize = 8 << 20;

/// Whether the scores of a scan of a batch × dim matrix are kept: if they are few enough, and cost more than reading
/// them from memory. Scores that are needed `again` are always worth it. A batch is padded to a multiple of 32, which
/// adds little.
pub fn fits(rows: &Range<u32>, (batch, dim): (usize, usize), again: bool) -> bool {
    let scores = batch.next_multiple_of(32) * rows.len();
    scores <= if again || dim > SHORT { KEPT_SCORES } else { IN_CACHE }
}
