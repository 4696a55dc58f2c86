//! What a step must give, from the naive layer, and how far f32 may be from it.
//!
//! Every number of a step is a sum; n roundings of a relative 2⁻²⁴ each move it by at most n·2⁻²⁴ times the sum of its
//! terms' absolute values. A score has at most 2d + 4 roundings (projected: d, then d), of a size up to z, the largest
//! Σ|w·h| + |b| + |ln q|; it moves a softmax or a sigmoid by twice that, relatively. The exponentials, their sum and
//! the factor in front add at most 4·10⁻⁷ + 1.5·10⁻⁷ + 3 roundings, less than 16. Then K is summed over the words or
//! over the batch, and over d where it is projected. So n = 2·(2d + 4)·z + 16 + V + B + 2d, for all of them.

use crate::reference::{Params, Reference, Sample, abs, zero_like};
use crate::rig::{Examples, Rig, Step};

/// 2⁻²⁴, the relative error of one rounding to f32.
pub const ROUNDING: f64 = 1.0 / (1u64 << 24) as f64;

/// e^x is 0 in f32 below x = −87.3, where it is 10⁻³⁸; a few times a weight of 10⁴ stays below this.
const UNDERFLOW: f64 = 1e-30;

/// Losses and gradients, each beside the sum of the absolute values of its terms.
pub struct Expected {
    pub losses: Vec<f64>,
    pub d_hidden: Vec<Vec<f64>>,
    pub gradients: Vec<Params>,
    loss_sizes: Vec<f64>,
    d_hidden_sizes: Vec<Vec<f64>>,
    gradient_sizes: Vec<Params>,
    /// n·2⁻²⁴.
    pub tolerance: f64,
}

/// The losses of all examples, weighted, given what was drawn.
pub fn losses(reference: &Reference, tables: &[Params], examples: &Examples, hidden: &[Vec<f64>], s: &Sample) -> f64 {
    let loss = |b: usize| {
        let z = reference.scores(tables, &hidden[b]);
        examples.weight(b) * reference.loss(&z, b, examples.targets[b], s).value
    };
    (0..examples.len()).map(loss).sum()
}

/// Σ|w·h| + |b| of the scores of an example: the size of what is summed.
pub fn score_size(reference: &Reference, tables: &[Params], h: &[f64]) -> f64 {
    let tables: Vec<Params> = tables.iter().map(Params::abs).collect();
    reference.scores(&tables, &abs(h)).into_iter().fold(0.0, f64::max)
}

impl Expected {
    pub fn new(rig: &Rig, examples: &Examples, sample: &Sample) -> Self {
        let (reference, tables) = (&rig.reference, rig.params());
        let tables_abs: Vec<Params> = tables.iter().map(Params::abs).collect();
        let (batch, dim) = examples.hidden.dim();
        let mut all = Self {
            losses: Vec::new(),
            d_hidden: vec![vec![0.0; dim]; batch],
            gradients: zero_like(&tables),
            loss_sizes: Vec::new(),
            d_hidden_sizes: vec![vec![0.0; dim]; batch],
            gradient_sizes: zero_like(&tables),
            tolerance: 0.0,
        };
        let largest_ln_q = sample.ln_q.iter().chain(&sample.target_ln_q).fold(0.0f64, |m, q| m.max(q.abs()));
        let mut largest: f64 = 0.0;
        for b in 0..batch {
            let (h, weight) = (examples.h(b), examples.weight(b));
            let z = reference.scores(&tables, &h);
            let loss = reference.loss(&z, b, examples.targets[b], sample);
            let weighted = |xs: &[f64]| -> Vec<f64> { xs.iter().map(|x| weight * x).collect() };
            all.losses.push(weight * loss.value);
            all.loss_sizes.push(weight * (loss.terms + loss.value));
            let (d_z, size) = (weighted(&loss.d_z), weighted(&loss.size));
            reference.back(&tables, &h, &d_z, &mut all.d_hidden[b], &mut all.gradients);
            let (d_h, d_tables) = (&mut all.d_hidden_sizes[b], &mut all.gradient_sizes);
            reference.back(&tables_abs, &abs(&h), &size, d_h, d_tables);
            let scores_abs = reference.scores(&tables_abs, &abs(&h));
            largest = scores_abs.into_iter().fold(largest, f64::max);
        }
        let (terms, v, b) = ((2 * dim + 4) as f64, rig.vocab() as f64, batch as f64);
        all.tolerance = (2.0 * terms * (largest + largest_ln_q) + 16.0 + v + b + 2.0 * dim as f64) * ROUNDING;
        all
    }

    /// Adds up what examples of the same of `rows` rows give: `of` says which row each example is of.
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

    /// How far the loss of example b may be off.
    pub fn loss_tolerance(&self, b: usize) -> f64 {
        self.tolerance * self.loss_sizes[b]
    }

    /// Terms and losses of all examples.
    pub fn loss_size(&self) -> f64 {
        self.loss_sizes.iter().sum()
    }

    /// Holds every number of a step against this.
    pub fn check(&self, name: &str, step: &Step) {
        for (b, loss) in step.losses.iter().enumerate() {
            let tolerance = self.loss_tolerance(b);
            let want = self.losses[b];
            assert!((loss - want).abs() <= tolerance, "{name}: loss {b} is {loss}, not {want} ± {tolerance:e}");
        }
        let total: f64 = step.losses.iter().sum();
        assert!((step.total - total).abs() <= 1e-12 * total.abs(), "{name}: {} is not Σ = {total}", step.total);
        for b in 0..self.losses.len() {
            let got: Vec<f64> = step.d_hidden.row(b).iter().map(|x| f64::from(*x)).collect();
            self.close(&format!("{name}: ∂L/∂h_{b}"), &got, &self.d_hidden[b], &self.d_hidden_sizes[b]);
        }
        for (t, got) in step.gradients.iter().enumerate() {
            let (want, sizes) = (&self.gradients[t], &self.gradient_sizes[t]);
            for r in 0..got.weights.len() {
                let what = format!("{name}: table {t}, ∂L/∂w_{r}");
                self.close(&what, &got.weights[r], &want.weights[r], &sizes.weights[r]);
            }
            self.close(&format!("{name}: table {t}, ∂L/∂b"), &got.bias, &want.bias, &sizes.bias);
        }
    }

    fn close(&self, what: &str, got: &[f64], want: &[f64], sizes: &[f64]) {
        assert_eq!((got.len(), want.len()), (sizes.len(), sizes.len()), "{what}");
        for i in 0..got.len() {
            let tolerance = self.tolerance * sizes[i] + UNDERFLOW;
            let error = (got[i] - want[i]).abs();
            assert!(error <= tolerance, "{what}[{i}] is {}, not {} ± {tolerance:e}", got[i], want[i]);
        }
    }
}
