//! The scores of a scan, for whoever asks for the same ones next.

use crate::table::KEPT_SCORES;
use crate::table::kernel::tile::{Packed, Strips};
use ndarray::ArrayView2;
use std::ops::Range;

/// Remembers the last scan: its rows, its batch and, where they fit, its scores. They serve a second scan, or the sweep, of
/// the same rows and batch. The first change of a weight ends that.
#[derive(Default)]
pub struct ScoreCache {
    /// Rows of the last scan; `None` once a weight has moved.
    scanned: Option<Range<u32>>,
    /// Whether `scores` has all scores of that scan.
    complete: bool,
    /// The batch of that scan.
    x: Vec<f32>,
    scores: Vec<f32>,
}

/// What a scan may expect of the cache.
#[derive(Clone, Copy)]
pub struct Scanned {
    /// The last scan was of the same rows and batch, and no weight has moved since.
    pub again: bool,
    /// Its scores are all there.
    pub complete: bool,
}

/// How a scan is to leave its scores.
#[derive(Clone, Copy)]
pub struct Room {
    /// Scores from one word to the next.
    stride: usize,
    /// Words of a strip whose scores have room; the next tile overwrites those of the one before where that is a tile.
    words: usize,
}

impl Room {
    /// The scores of a strip take so many numbers.
    pub fn numbers_for(&self, strip: &Range<u32>) -> usize {
        self.stride * self.words.min(strip.len())
    }
}

impl ScoreCache {
    /// Forgets the last scan, as any change of a weight must.
    pub fn clear(&mut self) {
        (self.scanned, self.complete) = (None, false);
    }

    /// What is there for a scan of these rows and this batch.
    pub fn look(&self, rows: &Range<u32>, x: &ArrayView2<f32>) -> Scanned {
        let again = self.scanned.as_ref() == Some(rows) && x.iter().eq(&self.x);
        Scanned { again, complete: again && self.complete }
    }

    /// Whether all scores of these rows and this batch are there.
    pub fn holds(&self, rows: &Range<u32>, x: &ArrayView2<f32>) -> bool {
        self.complete && self.look(rows, x).complete
    }

    /// Makes room for a scan that begins: for all its scores if they are to be kept and fit, else for one tile per strip.
    pub fn begin(
        &mut self,
        rows: &Range<u32>,
        x: &ArrayView2<f32>,
        packed: &Packed,
        scanned: Scanned,
        keep: bool,
    ) -> Room {
        self.complete = keep && fits(rows, x.nrows());
        self.scanned = Some(rows.clone());
        if !scanned.again {
            self.x.clear();
            self.x.extend(x.iter());
        }
        let words = if self.complete { rows.len() } else { packed.tile_rows() };
        let room = Room { stride: packed.stride, words };
        let total = Strips::of(rows).iter().map(|strip| room.numbers_for(&strip)).sum();
        if self.scores.len() < total {
            self.scores.resize(total, 0.0);
        }
        room
    }

    /// The memory of the scores, strip after strip.
    pub fn scores_mut(&mut self) -> &mut [f32] {
        &mut self.scores
    }
}

/// Whether the scores of a scan may be kept. The padding of a batch to 32 is small beside them.
pub fn fits(rows: &Range<u32>, batch: usize) -> bool {
    batch.next_multiple_of(32) * rows.len() <= KEPT_SCORES
}
