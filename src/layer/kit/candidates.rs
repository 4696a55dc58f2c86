//! The distinct words that a batch is scored against, with their columns and their numbers of draws.

use crate::layer::{Batch, Scratch};
use crate::objective::{TargetCorrection, corrected_softmax};
use crate::sampler::{Draws, Hits, Sampler};
use crate::table::{Cost, Tables};
use crate::vocab::WordId;
use ndarray::ArrayViewMut2;
use std::ops::Range;

/// Distinct candidates: targets first, in order of appearance, then draws.
#[derive(Default)]
pub struct Candidates {
    /// The distinct words, which are the rows of the table to read.
    pub rows: Vec<WordId>,
    /// Number of draws of each word; 0 for a target that no draw hit.
    pub drawn: Vec<u32>,
    /// The column of each target of the batch.
    pub target_columns: Vec<u32>,
    /// 1 + the column of each word of the vocabulary, or 0 for a word that is no candidate.
    columns: Vec<u32>,
}

impl Candidates {
    /// Starts over with the targets of a batch.
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

    /// Adds a draw and returns its column.
    pub fn draw(&mut self, word: WordId) -> usize {
        let column = self.column(word) as usize;
        self.drawn[column] += 1;
        column
    }

    /// Whether a word is already a candidate.
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

/// Draws for a batch into `s.draws`, and collects targets and draws as candidates.
pub fn draw(sampler: &dyn Sampler, w: &mut Tables, batch: &Batch, s: &mut Scratch) {
    sampler.draw(Some(batch.hidden), batch.targets, &mut s.rng, &mut s.draws);
    w.count_draws(s.draws.words.len());
    s.candidates.begin(sampler.vocab(), batch.targets);
    for word in &s.draws.words {
        s.candidates.draw(*word);
    }
}

/// Sets the correction of each candidate to `of_draw(ln q, times drawn)`, or to `undrawn` if no draw hit it.
pub fn correct(s: &mut Scratch, undrawn: f32, of_draw: impl Fn(f32, u32) -> f32) {
    s.correction.clear();
    s.correction.resize(s.candidates.rows.len(), undrawn);
    for (word, ln_q) in s.draws.words.iter().zip(&s.draws.ln_q) {
        let column = s.candidates.columns[*word as usize] as usize - 1;
        s.correction[column] = of_draw(*ln_q, s.candidates.drawn[column]);
    }
}

/// Takes a softmax step over targets and draws. Every score is corrected by −ln q: ln (times drawn) − ln q per column.
pub fn step_over_draws(
    sampler: &dyn Sampler,
    w: &mut Tables,
    batch: &Batch,
    s: &mut Scratch,
    d_hidden: ArrayViewMut2<f32>,
) {
    draw(sampler, w, batch, s);
    correct(s, f32::NEG_INFINITY, |ln_q, drawn| (drawn as f32).ln() - ln_q);
    let mut corrections = std::mem::take(&mut s.corrections);
    corrections.clear();
    corrections.extend((0..batch.len()).map(|b| target_correction(b, &s.draws, &s.candidates)));
    step_over_candidates(w, batch, s, d_hidden, |b| corrections[b]);
    s.corrections = corrections;
}

/// Returns the correction of the target's score: its own class once, plus its hits if they are kept.
fn target_correction(b: usize, draws: &Draws, candidates: &Candidates) -> TargetCorrection {
    let hits = match draws.hits {
        Hits::Keep => candidates.drawn[candidates.target_columns[b] as usize],
        Hits::Merge => 0,
    };
    TargetCorrection { shift: -draws.target_ln_q[b], hits }
}

/// Returns the expected cost of one step over the distinct words among targets and draws.
pub fn expected_cost(sampler: &dyn Sampler, dim: usize, targets: &[WordId]) -> Cost {
    let mut is_target = vec![false; sampler.vocab()];
    targets.iter().for_each(|t| is_target[*t as usize] = true);
    let candidate = |(word, target): (WordId, bool)| if target { 1.0 } else { sampler.ln_inclusion(word).exp() };
    let rows: f64 = (0..).zip(is_target).map(candidate).sum();
    let madds = 3.0 * targets.len() as f64 * rows * dim as f64;
    let rows = rows.round() as u64;
    let draws = sampler.samples() as u64;
    Cost { multiply_adds: madds.round() as u64, rows_read: rows, rows_written: rows, draws }
}

/// Takes a step over the candidates in `s`. `row(b, scores, column of the target)` turns the scores of example b into
/// its coefficients and returns its loss.
pub fn step_by_rows(
    w: &mut Tables,
    batch: &Batch,
    s: &mut Scratch,
    d_hidden: ArrayViewMut2<f32>,
    row: impl Fn(usize, &mut [f32], usize) -> f64 + Sync,
) {
    let candidates = &s.candidates;
    let coef = |part: Range<usize>, mut z: ArrayViewMut2<f32>, losses: &mut [f64]| {
        for ((b, mut z), loss) in part.zip(z.rows_mut()).zip(losses) {
            let z = z.as_slice_mut().expect("contiguous rows");
            *loss += row(b, z, candidates.target_columns[b] as usize);
        }
    };
    w.step(0, &candidates.rows, batch.hidden, &coef, &mut s.losses, d_hidden);
}

/// Takes a softmax step over the candidates in `s`, with its corrections.
pub fn step_over_candidates(
    w: &mut Tables,
    batch: &Batch,
    s: &mut Scratch,
    d_hidden: ArrayViewMut2<f32>,
    target_correction: impl Fn(usize) -> TargetCorrection + Sync,
) {
    let correction = std::mem::take(&mut s.correction);
    step_by_rows(w, batch, s, d_hidden, |b, z, target| {
        corrected_softmax(z, &correction, target, target_correction(b), batch.weight(b))
    });
    s.correction = correction;
}
