//! The results of a step according to the naive layer, and the tolerance for f32.

use super::params::abs;
use super::{Params, Reference, Sample, Step};
use crate::check::{Finding, ROUNDING};
use crate::layer::Batch;
use ndarray::Array2;

/// Bound on underflow. e^x is 0 in f32 below x = −87.3, where it is 10⁻³⁸; a few of these with a weight of 10⁴ stay
/// below the bound.
const UNDERFLOW: f64 = 1e-30;

/// Losses and gradients, each with the sum of the absolute values of its terms.
///
/// Every number of a step is a sum. n roundings, each of a relative size of 2⁻²⁴, change it by at most n·2⁻²⁴ times the
/// sum of its terms' absolute values. These are the parts of n:
///
/// - A score has at most 2d + 4 roundings (projected: d, then d). Its size is at most z, the largest
///   Σ|w·h| + |b| + |ln q|. It changes a softmax or a sigmoid by twice that, relatively.
/// - The exponentials, their sum and the factor before it add at most 4·10⁻⁷ + 1.5·10⁻⁷ + 3 roundings, which is less
///   than 16.
/// - K is summed over the words or over the batch, and over d if it is projected.
///
/// Together n = 2·(2d + 4)·z + 16 + V + B + 2d, for all numbers.
#[derive(Debug)]
pub struct Expected {
    /// Weighted loss of each example.
    pub losses: Vec<f64>,
    /// ∂L/∂hidden of each example.
    pub d_hidden: Vec<Vec<f64>>,
    /// ∂L/∂W of each table.
    pub gradients: Vec<Params>,
    loss_sizes: Vec<f64>,
    d_hidden_sizes: Vec<Vec<f64>>,
    gradient_sizes: Vec<Params>,
    /// n·2⁻²⁴, the relative tolerance.
    pub tolerance: f64,
}

/// Returns the largest Σ|w·h| + |b| of the scores of an example, the size of the summed terms.
pub fn score_size(reference: &Reference, tables: &[Params], h: &[f64]) -> f64 {
    let tables: Vec<Params> = tables.iter().map(Params::abs).collect();
    reference.scores(&tables, &abs(h)).into_iter().fold(0.0, f64::max)
}

/// Hidden vector of example b in f64.
fn wide(batch: &Batch, b: usize) -> Vec<f64> {
    batch.hidden.row(b).iter().map(|x| f64::from(*x)).collect()
}

impl Expected {
    /// Computes the results of the naive layer for a batch whose targets are words, with the given draws.
    pub fn new(reference: &Reference, tables: &[Params], batch: &Batch, sample: &Sample) -> Self {
        let tables_abs: Vec<Params> = tables.iter().map(Params::abs).collect();
        let zeros = || tables.iter().map(Params::zero_like).collect::<Vec<_>>();
        let (examples, dim) = batch.hidden.dim();
        let mut all = Self {
            losses: Vec::new(),
            d_hidden: vec![vec![0.0; dim]; examples],
            gradients: zeros(),
            loss_sizes: Vec::new(),
            d_hidden_sizes: vec![vec![0.0; dim]; examples],
            gradient_sizes: zeros(),
            tolerance: 0.0,
        };
        let largest_ln_q = sample.ln_q.iter().chain(&sample.target_ln_q).fold(0.0f64, |m, q| m.max(q.abs()));
        let (mut largest, mut words) = (0.0f64, 0.0);
        for b in 0..examples {
            let (h, weight) = (wide(batch, b), f64::from(batch.weight(b)));
            let z = reference.scores(tables, &h);
            let loss = reference.loss(&z, b, batch.targets[b], sample);
            let weighted = |xs: &[f64]| -> Vec<f64> { xs.iter().map(|x| weight * x).collect() };
            all.losses.push(weight * loss.value);
            all.loss_sizes.push(weight * (loss.terms + loss.value));
            let (d_z, size) = (weighted(&loss.d_z), weighted(&loss.size));
            reference.back(tables, &h, &d_z, &mut all.d_hidden[b], &mut all.gradients);
            let (d_h, d_tables) = (&mut all.d_hidden_sizes[b], &mut all.gradient_sizes);
            reference.back(&tables_abs, &abs(&h), &size, d_h, d_tables);
            let scores_abs = reference.scores(&tables_abs, &abs(&h));
            words = scores_abs.len() as f64;
            largest = scores_abs.into_iter().fold(largest, f64::max);
        }
        let (terms, b) = ((2 * dim + 4) as f64, examples as f64);
        all.tolerance = (2.0 * terms * (largest + largest_ln_q) + 16.0 + words + b + 2.0 * dim as f64) * ROUNDING;
        all
    }

    /// Adds up the results of examples that belong to the same of `rows` rows; `of` has the row of each example.
    pub fn fold_rows(&mut self, of: &[usize], rows: usize) {
        let dim = self.d_hidden[0].len();
        let scalar = |xs: &[f64]| {
            let mut sums = vec![0.0; rows];
            of.iter().zip(xs).for_each(|(row, x)| sums[*row] += x);
            sums
        };
        let vectors = |xs: &[Vec<f64>]| {
            let mut sums = vec![vec![0.0; dim]; rows];
            of.iter().zip(xs).for_each(|(row, x)| (0..dim).for_each(|k| sums[*row][k] += x[k]));
            sums
        };
        (self.losses, self.loss_sizes) = (scalar(&self.losses), scalar(&self.loss_sizes));
        (self.d_hidden, self.d_hidden_sizes) = (vectors(&self.d_hidden), vectors(&self.d_hidden_sizes));
    }

    /// Returns the tolerance of the loss of example b.
    pub fn loss_tolerance(&self, b: usize) -> f64 {
        self.tolerance * self.loss_sizes[b]
    }

    /// Returns the sum of terms and losses over all examples.
    pub fn loss_size(&self) -> f64 {
        self.loss_sizes.iter().sum()
    }

    /// Compares every number of a step with its expected value.
    ///
    /// # Panics
    /// If the step has a different number of examples or parameters.
    pub fn findings(&self, step: &Step) -> Vec<Finding> {
        let mut losses = Finding::new("loss, naive", 0.0);
        assert_eq!(step.losses.len(), self.losses.len(), "examples");
        for (b, (loss, want)) in step.losses.iter().zip(&self.losses).enumerate() {
            losses.see_against((loss - want).abs(), self.loss_tolerance(b), || format!("example {b}"));
        }
        let total: f64 = step.losses.iter().sum();
        losses.see_against((step.total - total).abs(), 1e-12 * total.abs(), || "the sum of all".into());
        let mut of_hidden = Finding::new("∂L/∂hidden, naive", 0.0);
        for b in 0..self.losses.len() {
            let got: Vec<f64> = step.d_hidden.row(b).iter().map(|x| f64::from(*x)).collect();
            let place = |k: usize| format!("example {b}, entry {k}");
            self.see(&mut of_hidden, &got, &self.d_hidden[b], &self.d_hidden_sizes[b], place);
        }
        let mut of_tables = Finding::new("∂L/∂W, naive", 0.0);
        assert_eq!(step.gradients.len(), self.gradients.len(), "tables");
        for (t, got) in step.gradients.iter().enumerate() {
            let (want, sizes) = (&self.gradients[t], &self.gradient_sizes[t]);
            for r in 0..got.weights.len() {
                let place = |k: usize| format!("table {t}, row {r}, entry {k}");
                self.see(&mut of_tables, &got.weights[r], &want.weights[r], &sizes.weights[r], place);
            }
            self.see(&mut of_tables, &got.bias, &want.bias, &sizes.bias, |r| format!("table {t}, bias {r}"));
        }
        vec![losses, of_hidden, of_tables]
    }

    fn see(&self, to: &mut Finding, got: &[f64], want: &[f64], sizes: &[f64], place: impl Fn(usize) -> String) {
        assert_eq!((got.len(), want.len()), (sizes.len(), sizes.len()), "numbers");
        for i in 0..got.len() {
            to.see_against((got[i] - want[i]).abs(), self.tolerance * sizes[i] + UNDERFLOW, || place(i));
        }
    }
}

/// Returns the tolerance of ln P: 2d + 4 roundings per score, 16 more, and two of the result. A path has as many scores
/// as its depth, a softmax has two.
pub fn log_prob_tolerance(reference: &Reference, tables: &[Params], h: &[f64]) -> impl Fn(f64) -> f64 + use<> {
    let (d, size) = (h.len() as f64, score_size(reference, tables, h).max(10.0));
    let terms = reference.criterion.depth();
    move |ln_p| (terms * ((2.0 * d + 4.0) * size + 16.0) + 2.0 * ln_p.abs()) * ROUNDING
}

/// Compares ln P of all words (B×V) and of the targets with the naive values. If P may be 0, probabilities are
/// compared: each changes by at most as much as a score, and so does the threshold.
pub fn log_prob_findings(
    reference: &Reference,
    tables: &[Params],
    batch: &Batch,
    (all, of_target): (&Array2<f32>, &[f64]),
) -> Vec<Finding> {
    let mut words = Finding::new("ln P, naive", 0.0);
    let mut targets = Finding::new("ln P(target), naive", 0.0);
    for (b, target) in batch.targets.iter().enumerate() {
        let h = wide(batch, b);
        let naive = reference.log_probs(&reference.scores(tables, &h));
        let tolerance = log_prob_tolerance(reference, tables, &h);
        let sparse = reference.criterion.is_sparse();
        let apart = |got: f64, want: f64| match sparse {
            true => ((got.exp() - want.exp()).abs(), tolerance(0.0)),
            false => ((got - want).abs(), tolerance(want)),
        };
        for (w, want) in naive.iter().enumerate() {
            let (error, tolerance) = apart(f64::from(all[[b, w]]), *want);
            words.see_against(error, tolerance, || format!("example {b}, word {w}"));
        }
        let (error, tolerance) = apart(of_target[b], naive[*target as usize]);
        targets.see_against(error, tolerance, || format!("example {b}"));
    }
    vec![words, targets]
}
