//! The distinct words that a batch is scored against, each with its column and how often it was drawn.

use super::{Batch, Scratch};
use crate::objective::{TargetCorrection, corrected_softmax};
use crate::table::Tables;
use crate::vocab::WordId;
use ndarray::ArrayViewMut2;
use std::ops::Range;

/// Targets first, in order of appearance, then draws.
#[derive(Default)]
pub struct Candidates {
    /// The distinct words: the rows of the table that are read.
    pub rows: Vec<WordId>,
    /// How often each was drawn, 0 for a target that no draw hit.
    pub drawn: Vec<u32>,
    /// The column of each target of the batch.
    pub target_columns: Vec<u32>,
    /// For each word of the vocabulary 1 + its column, or 0.
    columns: Vec<u32>,
}

impl Candidates {
    /// Begins with the targets of a batch.
    pub fn begin(&mut self, vocab: usize, targets: &[WordId]) {
        for word in self.rows.drain(..) {
            self.columns[word as usize] = 0;
        }
        if self.columns.len() < vocab {
            self.columns.resize(vocab, 0);
        }
        self.drawn.clear();
        self.target_columns.clear();
        for target in targets {
            let column = self.column(*target);
            self.target_columns.push(column);
        }
    }

    /// Adds a draw and gives its column.
    pub fn draw(&mut self, word: WordId) -> usize {
        let column = self.column(word) as usize;
        self.drawn[column] += 1;
        column
    }

    /// Whether a word is a candidate already.
    pub fn contains(&self, word: WordId) -> bool {
        self.columns[word as usize] != 0
    }

    fn column(&mut self, word: WordId) -> u32 {
        let place = &mut self.columns[word as usize];
        if *place == 0 {
            self.rows.push(word);
            self.drawn.push(0);
            *place = self.rows.len() as u32;
        }
        *place - 1
    }
}

/// Number of distinct words.
pub fn distinct(targets: &[WordId]) -> usize {
    let mut sorted = targets.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.len()
}

/// A softmax step over the candidates in `s`, with its corrections.
pub fn step_over_candidates(
    w: &mut Tables,
    batch: &Batch,
    s: &mut Scratch,
    d_hidden: ArrayViewMut2<f32>,
    target_correction: impl Fn(usize) -> TargetCorrection + Sync,
) {
    let (candidates, correction) = (&s.candidates, &s.correction);
    let coef = |part: Range<usize>, mut z: ArrayViewMut2<f32>, losses: &mut [f64]| {
        for ((b, mut z), loss) in part.zip(z.rows_mut()).zip(losses) {
            let z = z.as_slice_mut().expect("contiguous rows");
            let target = candidates.target_columns[b] as usize;
            *loss += corrected_softmax(z, correction, target, target_correction(b), batch.weight(b));
        }
    };
    w.step(0, &candidates.rows, batch.hidden, &coef, &mut s.losses, d_hidden);
}
