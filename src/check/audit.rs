//! Audit of any layer against its own contract, from outside: its steps, probabilities and costs.

use super::{Audit, Finding, ROUNDING};
use crate::layer::{Batch, LayerShape, OutputLayer, Scratch, set_up};
use crate::optimizer::Optimizer;
use crate::rng::WorkerRng;
use crate::sampler::Draws;
use crate::table::{Cost, Deferred, Frozen, Matrix, Table, Tables, Threads};
use crate::vocab::WordId;
use ndarray::{Array2, Axis};
use rand::RngExt;

/// Unit of weights, hidden vectors and steps, 1/1024. They are multiples of it, so that f32 moves a parameter exactly
/// by the step.
const GRID: i32 = 1024;
/// Widest step of the differences; it is halved twice.
const WIDEST: f32 = 0.5;
/// Factor by which the extrapolation of three central differences amplifies an error of the loss: Σ|weight|/step.
const AMPLIFIED: f64 = (1.0 / 45.0) / 0.5 + (20.0 / 45.0) / 0.25 + (64.0 / 45.0) / 0.125;
/// Largest number of entries of a table, and of the hidden vectors, that are moved.
const MOVED: usize = 192;
/// Steps over which the cost of a layer that draws is averaged.
const SEEDS: u64 = 2_000;
/// Quantile of a two-sided z-test at α = 10⁻⁶.
const QUANTILE: f64 = 4.891_638;

/// Settings of an audit.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AuditConfig {
    /// Examples in its batches.
    pub batch: usize,
    /// Seed of weights, hidden vectors, targets and draws.
    pub seed: u64,
}

impl AuditConfig {
    /// Default number of words of the layers that `lexmax check` audits.
    pub const VOCAB: u32 = 240;
    /// Default size of their hidden vectors.
    pub const DIM: u32 = 6;
    /// Default number of examples in a batch.
    pub const BATCH: u32 = 7;
    /// Default seed.
    pub const SEED: u64 = 1;
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self { batch: Self::BATCH as usize, seed: Self::SEED }
    }
}

/// Audits a layer. It checks that
///
/// - its probabilities are a distribution, and `log_prob` gives the probability of the target,
/// - its gradients are the differences of the loss that its step returns,
/// - the counted work is the work that the layer announces.
///
/// The last check is skipped if [`OutputLayer::expected_cost`] is `None`; its finding says so.
///
/// The differences are central and extrapolated (Richardson) from three steps, with the sample held fixed. Their
/// tolerance has two parts. One is the f32 rounding of the loss, 2⁻²⁴·(2·(2d + 4)·z + 16 + 6·√V + L) per example with
/// scores up to z. The other is the change by the last extrapolation.
///
/// The loss of a sparse layer has kinks in its slope. There the narrowest difference is used, with a tolerance of the
/// differences between the steps. If a proposal depends on the hidden vector and the sample moves with it, the entry is
/// left out, since the proposal counts as given.
///
/// For a layer that draws, the chance that a correct layer fails is 10⁻⁶ for each number of its cost; otherwise it is
/// 0.
pub fn audit(layer: &dyn OutputLayer, settings: &AuditConfig) -> Audit {
    let rig = Rig::new(layer, settings);
    let mut findings = rig.distribution();
    findings.extend(rig.gradients());
    findings.push(rig.cost());
    Audit { findings }
}

/// A layer with parameters and a batch.
pub(super) struct Rig<'a> {
    layer: &'a dyn OutputLayer,
    shape: LayerShape,
    pub(super) matrices: Vec<Matrix>,
    hidden: Array2<f32>,
    targets: Vec<WordId>,
    weights: Vec<f32>,
    seed: u64,
}

/// Losses of a step, and its draws.
struct Step {
    loss: f64,
    losses: Vec<f64>,
    draws: Draws,
}

impl<'a> Rig<'a> {
    pub(super) fn new(layer: &'a dyn OutputLayer, settings: &AuditConfig) -> Self {
        let shape = layer.shape();
        let mut rng = WorkerRng::new(settings.seed, 0);
        let mut entry = |limit: i32| rng.random_range(-limit..=limit) as f32 / GRID as f32;
        let hidden = Array2::from_shape_simple_fn((settings.batch, shape.dim), || entry(GRID));
        let mut matrices: Vec<Matrix> =
            set_up(layer, None, Optimizer::Sgd, &mut WorkerRng::new(0, 0)).expect("sizes of an audit");
        for matrix in &mut matrices {
            matrix.weights_mut().iter_mut().for_each(|w| *w = entry(GRID / 2));
            matrix.bias_mut().iter_mut().for_each(|b| *b = entry(GRID / 2));
        }
        let mut targets: Vec<WordId> = Vec::new();
        while targets.len() < settings.batch {
            // Some targets come twice in a row.
            let target = rng.random_range(0..shape.vocab as u32);
            targets.extend(std::iter::repeat_n(target, 1 + targets.len() % 2));
        }
        targets.truncate(settings.batch);
        let weights = (0..settings.batch).map(|b| [1.0, 0.5, 2.0, 0.0][b % 4]).collect();
        Self { layer, shape, matrices, hidden, targets, weights, seed: settings.seed }
    }

    pub(super) fn batch(&self) -> Batch<'_> {
        Batch { weights: Some(&self.weights), ..Batch::new(self.hidden.view(), &self.targets) }
    }

    pub(super) fn frozen(&self) -> Tables<'_> {
        let handle = |m| Box::new(Frozen::new(m, Threads::default())) as Box<dyn Table>;
        Tables::new(self.matrices.iter().map(handle).collect())
    }

    /// Takes a step that moves nothing.
    fn step(&self, w: &mut Tables) -> Step {
        let mut s = Scratch::new(WorkerRng::new(self.seed, 1));
        let mut losses = vec![0.0; self.targets.len()];
        let mut d_hidden = Array2::zeros(self.hidden.raw_dim());
        let loss = self.layer.step(w, self.batch(), &mut s, d_hidden.view_mut(), Some(&mut losses));
        Step { loss, losses, draws: s.draws }
    }

    /// Checks that Σ P = 1, that no P is NaN, and that both ways to compute P(target) agree.
    fn distribution(&self) -> Vec<Finding> {
        let (batch, vocab) = (self.targets.len(), self.shape.vocab);
        let (mut w, mut s) = (self.frozen(), Scratch::new(WorkerRng::new(self.seed, 1)));
        let mut all = Array2::zeros((batch, vocab));
        let mut of_target = vec![0.0; batch];
        self.layer.log_probs(&mut w, self.hidden.view(), &mut s, all.view_mut());
        self.layer.log_prob(&mut w, self.batch(), &mut s, &mut of_target);
        // Each ln P is rounded, and a normalizer may be off by 7 roundings; a path of decisions is as long as ln V.
        let ln_v = (vocab as f64).ln();
        let mut sums = Finding::new("Σ P = 1", (16.0 + 8.0 * ln_v) * ROUNDING);
        let mut same = Finding::new("ln P(target)", 0.0);
        for b in 0..batch {
            let row = all.index_axis(Axis(0), b);
            let sum: f64 = row.iter().map(|p| f64::from(*p).exp()).sum();
            sums.see((sum - 1.0).abs(), || format!("example {b}"));
            let target = f64::from(row[self.targets[b] as usize]);
            if target != of_target[b] {
                // The ln P of a word may be the sum of that many decisions.
                let tolerance = (1.0 + ln_v) * (2.0 * self.score_rounding() + (16.0 + target.abs()) * ROUNDING);
                same.see_against((target - of_target[b]).abs(), tolerance, || format!("example {b}"));
            }
        }
        vec![sums, same]
    }

    /// Bound on the error of a word's score: 2d + 4 roundings of its size. The size is at most the largest Σ|w·h| + |b|
    /// for all positions of a moved parameter. Vectors of other sizes than h are assumed to have the largest entries
    /// that h may have.
    fn score_rounding(&self) -> f64 {
        let sum = |row: &[f32], x: &dyn Fn(usize) -> f32| (0..row.len()).map(|k| (row[k] * x(k)).abs()).sum::<f32>();
        let mut largest = 0.0f32;
        for (m, r) in self.matrices.iter().flat_map(|m| (0..m.shape().rows).map(move |r| (m, r))) {
            let row = m.row(r);
            let size = if row.len() == self.hidden.ncols() {
                self.hidden.rows().into_iter().map(|h| sum(row, &|k| h[k])).fold(0.0, f32::max)
            } else {
                sum(row, &|_| 1.0)
            };
            largest = largest.max(size + m.bias().get(r as usize).map_or(0.0, |b| b.abs()));
        }
        (2.0 * self.shape.dim as f64 + 4.0) * f64::from(largest + WIDEST) * ROUNDING
    }

    /// Bound on the error of the batch's loss. An example has the error of two scores, 16 roundings and a sum over V
    /// words. The errors of sums and of examples are practically independent, so their squares are added.
    fn loss_rounding(&self, here: &Step) -> f64 {
        let words = 6.0 * (self.shape.vocab as f64).sqrt();
        let one = |(loss, weight): (&f64, &f32)| {
            let weight = f64::from(*weight);
            weight * (2.0 * self.score_rounding() + (16.0 + words) * ROUNDING) + loss.abs() * ROUNDING
        };
        here.losses.iter().zip(&self.weights).map(one).map(|e| e * e).sum::<f64>().sqrt()
    }

    /// Returns ∂L/∂hidden, and the parameters after a step at rate 1.
    fn own_step(&self) -> (Array2<f32>, Vec<Matrix>) {
        let mut moved = self.matrices.clone();
        let mut d_hidden = Array2::zeros(self.hidden.raw_dim());
        let handle = |m| Box::new(Deferred::new(m, 1.0, Threads::default())) as Box<dyn Table>;
        let mut w = Tables::new(moved.iter_mut().map(handle).collect());
        let mut s = Scratch::new(WorkerRng::new(self.seed, 1));
        self.layer.step(&mut w, self.batch(), &mut s, d_hidden.view_mut(), None);
        w.flush();
        drop(w);
        (d_hidden, moved)
    }

    /// Compares every gradient with the differences of the loss. If there are many entries, evenly spaced ones are
    /// used.
    fn gradients(&self) -> Vec<Finding> {
        let (d_hidden, moved) = self.own_step();
        let mut rig = Rig { matrices: self.matrices.clone(), hidden: self.hidden.clone(), ..self.shallow() };
        let mut of_hidden = Finding::new("∂L/∂hidden", 0.0);
        let columns = self.hidden.ncols();
        for i in spaced(self.hidden.len()) {
            let (b, k) = (i / columns, i % columns);
            let at = self.hidden[[b, k]];
            if let Some(want) = rig.difference(|rig, step| rig.hidden[[b, k]] = at + step) {
                let (got, place) = (f64::from(d_hidden[[b, k]]), || format!("example {b}, entry {k}"));
                of_hidden.see_against((got - want.slope).abs(), want.tolerance, place);
            }
        }
        let mut of_tables = Finding::new("∂L/∂W", 0.0);
        for (t, moved) in moved.iter().enumerate() {
            let before = &self.matrices[t];
            let mut see =
                |rig: &mut Rig, what: &str, i: usize, of: fn(&mut Matrix) -> &mut [f32], after: &[f32], at: f32| {
                    if let Some(want) = rig.difference(|rig, step| of(&mut rig.matrices[t])[i] = at + step) {
                        let got = f64::from(at) - f64::from(after[i]);
                        // The gradient is read from a weight that moved, which adds one rounding of the weight.
                        let tolerance = want.tolerance + 4.0 * ROUNDING * (1.0 + got.abs());
                        of_tables.see_against((got - want.slope).abs(), tolerance, || format!("table {t}, {what} {i}"));
                    }
                };
            for i in spaced(before.weights().len()) {
                see(&mut rig, "entry", i, Matrix::weights_mut, moved.weights(), before.weights()[i]);
            }
            for i in spaced(before.bias().len()) {
                see(&mut rig, "bias", i, Matrix::bias_mut, moved.bias(), before.bias()[i]);
            }
        }
        vec![of_hidden, of_tables]
    }

    fn shallow(&self) -> Rig<'a> {
        Rig {
            layer: self.layer,
            shape: self.shape.clone(),
            matrices: Vec::new(),
            hidden: Array2::zeros((0, 0)),
            targets: self.targets.clone(),
            weights: self.weights.clone(),
            seed: self.seed,
        }
    }

    /// Returns the slope of the loss in a parameter. `moved` places the parameter at a distance from its value, and at
    /// the value itself for 0. Returns `None` if the sample moves with the parameter.
    fn difference(&mut self, moved: impl Fn(&mut Self, f32)) -> Option<Slope> {
        let here = self.step(&mut self.frozen());
        let mut same_sample = true;
        let mut at = |step: f32| {
            moved(self, step);
            let there = self.step(&mut self.frozen());
            let (a, b) = (&here.draws, &there.draws);
            same_sample &= a.words == b.words && a.ln_q == b.ln_q && a.target_ln_q == b.target_ln_q;
            there.loss
        };
        let mut central = |step: f32| (at(step) - at(-step)) / (2.0 * f64::from(step));
        let [wide, middle, narrow] = [WIDEST, WIDEST / 2.0, WIDEST / 4.0].map(&mut central);
        let (rough, fine) = ((4.0 * middle - wide) / 3.0, (4.0 * narrow - middle) / 3.0);
        let slope = (16.0 * fine - rough) / 15.0;
        moved(self, 0.0);
        let rounding = AMPLIFIED * self.loss_rounding(&here);
        let slope = if self.shape.gives_zeros {
            // Where the support changes, the slope has a kink, and an extrapolation is meaningless. The tolerance is
            // then the difference between the steps.
            Slope { slope: narrow, tolerance: rounding + (narrow - middle).abs() + (middle - wide).abs() }
        } else {
            Slope { slope, tolerance: rounding + (slope - fine).abs() }
        };
        same_sample.then_some(slope)
    }

    /// Checks that the counted work is the announced work, on average if it depends on draws.
    fn cost(&self) -> Finding {
        let Some(expected) = self.layer.expected_cost(&self.targets) else {
            return Finding::skipped("cost", "the layer has no closed form of its cost");
        };
        let expected = numbers(&expected);
        let mut finding = Finding::new("cost", 0.0);
        let mut w = self.frozen();
        let mut s = Scratch::new(WorkerRng::new(self.seed, 1));
        let mut d_hidden = Array2::zeros(self.hidden.raw_dim());
        let draws = expected[3] > 0.0;
        let steps = if draws { SEEDS } else { 1 };
        let (mut sums, mut squares, mut before) = ([0.0; 4], [0.0; 4], [0.0; 4]);
        for _ in 0..steps {
            self.layer.step(&mut w, self.batch(), &mut s, d_hidden.view_mut(), None);
            let now = numbers(&w.cost());
            for i in 0..4 {
                let one = now[i] - before[i] - expected[i];
                sums[i] += one;
                squares[i] += one * one;
            }
            before = now;
        }
        let n = steps as f64;
        for (i, what) in ["multiply-adds", "rows read", "rows written", "draws"].into_iter().enumerate() {
            let mean = sums[i] / n;
            let variance = (squares[i] / n - mean * mean).max(0.0);
            // The closed form is rounded to whole numbers.
            let margin = if variance > 0.0 { QUANTILE * (variance / n).sqrt() + 0.5 } else { 0.0 };
            finding.see_against(mean.abs(), margin, || what.to_string());
        }
        finding
    }
}

/// A slope and its tolerance.
struct Slope {
    slope: f64,
    tolerance: f64,
}

/// At most [`MOVED`] of the numbers below `len`, evenly spaced.
fn spaced(len: usize) -> impl Iterator<Item = usize> {
    let count = len.min(MOVED);
    (0..count).map(move |i| i * len / count)
}

fn numbers(cost: &Cost) -> [f64; 4] {
    [cost.multiply_adds, cost.rows_read, cost.rows_written, cost.draws].map(|n| n as f64)
}
