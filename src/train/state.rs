//! State of a run, saved so that the run can be resumed.

use super::{Pass, Tally};
use crate::error::{Error, Result};
use crate::rng::WorkerRng;
use crate::table::Cost;
use crate::vocab::WordId;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Everything that a run needs to resume from a barrier, except the parameters. It holds the random number generators
/// of each worker, its place in the text, and its sums. Floating-point numbers are stored as their bits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Seconds of training so far, as bits of an f64.
    pub(super) seconds: u64,
    /// Under `deterministic`, the words of a phase; under `hogwild`, the next portion; under `batches`, their number.
    pub(super) phase: u64,
    /// Words read by all workers; under `batches`, those of sentences that are trained on to their end.
    pub(super) read: u64,
    /// Next look of an adaptive proposal at the weights: a count of words under `deterministic`, a portion under
    /// `hogwild`, 0 under `batches`.
    pub(super) look: u64,
    /// Portions of a piece under `hogwild`. It is 1 in states of earlier versions, which dealt out whole pieces.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub(super) portions: u64,
    pub(super) workers: Vec<WorkerState>,
}

fn one() -> u64 {
    1
}

fn is_one(portions: &u64) -> bool {
    *portions == 1
}

/// State of one worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkerState {
    /// Generators of subsampling and windows, and of the draws of the layer.
    pub rng: WorkerRng,
    pub noise: WorkerRng,
    /// The next sentence over all epochs, and under `hogwild` the end of the portion.
    pub next: u64,
    pub end: u64,
    /// The current sentence, and the next position in it; empty under `hogwild`.
    pub sentence: Vec<WordId>,
    pub position: usize,
    /// Words read; under `hogwild`, words not yet counted in `read`.
    pub words: u64,
    /// Examples of each epoch, and the bits of their summed loss.
    pub tally: Vec<(u64, u64)>,
    pub passes: Vec<Pass>,
    pub layer_cost: [u64; 4],
    pub encoder_cost: [u64; 4],
}

/// Sizes of a run, which a state must fit.
pub(super) struct Fit {
    pub workers: usize,
    pub vocab: usize,
    /// Sentences over all epochs.
    pub sentences: u64,
    pub epochs: usize,
    /// Words over all epochs.
    pub words: u64,
    pub phase: Range<u64>,
}

impl State {
    /// Seconds of training so far.
    pub fn seconds(&self) -> f64 {
        f64::from_bits(self.seconds)
    }

    /// Portions of a piece.
    pub(super) fn portions(&self) -> usize {
        self.portions as usize
    }

    /// Examples and summed loss so far.
    pub(super) fn sums(&self) -> (u64, f64) {
        self.workers.iter().map(WorkerState::sums).fold((0, 0.0), |all, sum| (all.0 + sum.0, all.1 + sum.1))
    }

    /// Passes over a text of `words` words that are complete, by the words read.
    pub(crate) fn complete_passes(&self, words: u64) -> usize {
        let read = |epoch: usize| -> u64 {
            self.workers.iter().filter_map(|worker| worker.passes.get(epoch)).map(|pass| pass.read).sum()
        };
        // A sentence counts as read once it is open; its pass is not complete.
        let open = self.workers.iter().filter(|worker| worker.position < worker.sentence.len());
        let open = open.map(|worker| worker.passes.len().saturating_sub(1)).min().unwrap_or(usize::MAX);
        (0..open).take_while(|epoch| read(*epoch) >= words.max(1)).count()
    }

    /// Checks whether a run of these sizes can resume from this state.
    pub(super) fn check(&self, fit: &Fit) -> Result<()> {
        let seconds = self.seconds();
        let all = [
            ("seconds", seconds.is_finite() && seconds >= 0.0),
            ("phase", fit.phase.contains(&self.phase)),
            ("read", self.read <= fit.words),
            ("workers", self.workers.len() == fit.workers),
            ("portions", self.portions == 1 || self.portions == fit.workers as u64),
        ];
        let fits = |w: &WorkerState| {
            [
                ("next", w.next <= w.end && w.end <= fit.sentences),
                ("sentence", w.sentence.iter().all(|word| (*word as usize) < fit.vocab)),
                ("position", w.position <= w.sentence.len()),
                ("next", w.sentence.is_empty() || w.next >= fit.workers as u64),
                ("words", w.words <= fit.words),
                ("tally", w.tally.len() <= fit.epochs),
                ("passes", w.passes.len() <= fit.epochs),
                ("passes", w.passes.iter().all(|pass| pass.dropped <= pass.read && pass.read <= fit.words)),
                ("tally", w.tally.iter().all(|(_, loss)| f64::from_bits(*loss).is_finite())),
            ]
        };
        let wrong = all.into_iter().chain(self.workers.iter().flat_map(fits)).find(|(_, fits)| !fits);
        wrong.map_or(Ok(()), |(field, _)| Err(Error::StateField { field }))
    }
}

impl WorkerState {
    /// Examples and summed loss over all epochs.
    pub fn sums(&self) -> (u64, f64) {
        self.tally.iter().fold((0, 0.0), |sum, (examples, loss)| (sum.0 + examples, sum.1 + f64::from_bits(*loss)))
    }
}

impl Tally {
    pub(super) fn to_bits(&self) -> Vec<(u64, u64)> {
        self.epochs.iter().map(|(n, loss)| (*n, loss.to_bits())).collect()
    }

    pub(super) fn from_bits(bits: &[(u64, u64)], passes: &[Pass]) -> Self {
        Self { epochs: bits.iter().map(|(n, loss)| (*n, f64::from_bits(*loss))).collect(), passes: passes.to_vec() }
    }
}

/// The fields of a cost as numbers, in their order.
pub(super) fn cost_numbers(cost: Cost) -> [u64; 4] {
    let Cost { multiply_adds, rows_read, rows_written, draws } = cost;
    [multiply_adds, rows_read, rows_written, draws]
}

pub(super) fn cost_of([multiply_adds, rows_read, rows_written, draws]: [u64; 4]) -> Cost {
    Cost { multiply_adds, rows_read, rows_written, draws }
}
