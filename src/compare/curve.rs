//! Held-out NLL during a run.

use super::CurvePoint;
use super::truth::{CurveTruth, Truth};
use crate::corpus::Examples;
use crate::eval;
use crate::model::Model;
use crate::table::Threads;
use crate::train::Progress;

/// Shares of a budget at which the model is evaluated. They are dense at first, while the model learns fast.
pub(super) const STOPS: [f64; 10] =
    [1.0 / 64.0, 1.0 / 32.0, 1.0 / 16.0, 1.0 / 8.0, 3.0 / 16.0, 1.0 / 4.0, 3.0 / 8.0, 1.0 / 2.0, 3.0 / 4.0, 1.0];

/// Largest number of held-out examples of a point of a curve.
const MOST: usize = 2_000;
/// Smallest number of held-out examples of a point, for any vocabulary.
const LEAST: usize = 200;
/// Largest number of multiply-adds of a point of a curve in which all words are scored.
const WORK: f64 = 4e10;

/// The held-out examples of the curves, and the current curve.
pub(super) struct Curve<'a> {
    examples: Examples,
    threads: &'a Threads,
    truth: Option<CurveTruth>,
    points: Vec<CurvePoint>,
}

impl<'a> Curve<'a> {
    /// Takes an evenly spaced part of the held-out examples, the same part for every layer.
    pub fn new(valid: &Examples, truth: Option<Truth>, [vocab, dim]: [usize; 2], threads: &'a Threads) -> Self {
        let affordable = (WORK / (vocab as f64 * dim as f64)) as usize;
        let count = affordable.clamp(LEAST, MOST).min(valid.len());
        let mut examples = Examples::new();
        for b in (0..count).map(|i| i * valid.len() / count) {
            examples.push(valid.contexts(b).iter().copied(), valid.targets[b]);
        }
        let truth = truth.map(|truth| truth.of_curve(&examples));
        Self { examples, threads, truth, points: Vec::new() }
    }

    /// Returns the number of examples of a point.
    pub fn examples(&self) -> usize {
        self.examples.len()
    }

    /// Evaluates the model and adds a point.
    pub fn look(&mut self, model: &Model, at: &Progress) {
        let valid_nll = eval::held_out(model, &self.examples, self.threads).nll();
        let excess_nats = self.truth.as_ref().and_then(|truth| truth.excess(model, valid_nll, self.threads));
        self.points.push(CurvePoint { seconds: at.seconds, examples: at.examples, valid_nll, excess_nats });
    }

    /// Returns the curve and begins the next one.
    pub fn take(&mut self) -> Vec<CurvePoint> {
        std::mem::take(&mut self.points)
    }
}
