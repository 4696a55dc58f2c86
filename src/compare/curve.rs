//! Held-out NLL along a run.

use super::CurvePoint;
use crate::corpus::Examples;
use crate::eval;
use crate::model::Model;
use crate::table::Threads;
use crate::train::Progress;

/// The shares of a budget at which the model is evaluated: dense at first, where it learns fast.
pub(super) const STOPS: [f64; 10] =
    [1.0 / 64.0, 1.0 / 32.0, 1.0 / 16.0, 1.0 / 8.0, 3.0 / 16.0, 1.0 / 4.0, 3.0 / 8.0, 1.0 / 2.0, 3.0 / 4.0, 1.0];

/// Held-out examples of a point of a curve, at most.
const MOST: usize = 2_000;
/// And at least, however many words there are.
const LEAST: usize = 200;
/// Multiply-adds of a point of a curve where all words are scored, at most.
const WORK: f64 = 4e10;

/// The held-out examples that curves are taken on, and the curve so far.
pub(super) struct Curve<'a> {
    examples: Examples,
    threads: &'a Threads,
    points: Vec<CurvePoint>,
}

impl<'a> Curve<'a> {
    /// An evenly spaced part of the held-out examples, the same for every layer.
    pub fn new(valid: &Examples, vocab: usize, dim: usize, threads: &'a Threads) -> Self {
        let affordable = (WORK / (vocab as f64 * dim as f64)) as usize;
        let count = affordable.clamp(LEAST, MOST).min(valid.len());
        let mut examples = Examples::new();
        for b in (0..count).map(|i| i * valid.len() / count) {
            examples.push(valid.contexts(b).iter().copied(), valid.targets[b]);
        }
        Self { examples, threads, points: Vec::new() }
    }

    /// Number of examples of a point.
    pub fn examples(&self) -> usize {
        self.examples.len()
    }

    /// Adds a point.
    pub fn look(&mut self, model: &Model, at: &Progress) {
        let valid_nll = eval::held_out(model, &self.examples, self.threads).nll();
        self.points.push(CurvePoint { seconds: at.seconds, examples: at.examples, valid_nll });
    }

    /// The curve; the next one begins.
    pub fn take(&mut self) -> Vec<CurvePoint> {
        std::mem::take(&mut self.points)
    }
}
