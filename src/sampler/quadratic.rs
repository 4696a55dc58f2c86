//! Draws in proportion to a quadratic kernel of hidden vector and word vector.

use super::mixture::{self, AtBatch, dot, pick};
use super::{AdaptiveProposal, Draws, Sampler, check_samples, ln_drawn};
use crate::error::{Error, Result};
use crate::rng::WorkerRng;
use crate::simd;
use crate::table::Tables;
use crate::vocab::{Counts, WordId};
use ndarray::{Array2, ArrayView2, CowArray, Ix2};
use rand::RngExt;
use std::fmt;

/// q(w | h) ∝ p(w)·(α·(v_w·h)² + 1), with p and v from the last look at the weights.
///
/// Σ_w p·(v·h)² = hᵀ·M·h with M = Σ p·v·vᵀ. A tree of such matrices over the words therefore leads to a draw: each node
/// gives the shares of its two halves in d² operations. A leaf has about d words, which are examined one by one.
///
/// p is e^bias if the layer has biases, otherwise the unigram model. With zero weights q is the unigram model. The
/// draws of a batch come from the mixture of its q(· | h_b) in equal parts. The share of every word in the mixture is
/// known, so the correction is exact.
///
/// *Cost* S·d²·log₂(V/d) for the draws of a batch, B·d for the q of each distinct word; memory of 2·V·d numbers.
/// *Reference* Blanc & Rendle 2018, sec. 3.2–3.3.
pub struct Quadratic {
    samples: usize,
    alpha: f32,
    dim: usize,
    snapshot: Snapshot,
}

impl fmt::Debug for Quadratic {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Quadratic")
            .field("dim", &self.dim)
            .field("samples", &self.samples)
            .field("alpha", &self.alpha)
            .finish_non_exhaustive()
    }
}

/// The weights at the last look, and the sums of a tree over them.
struct Snapshot {
    /// p of every word.
    prior: Vec<f32>,
    /// V × dim.
    vectors: Vec<f32>,
    /// Σ p of the words of each node: a complete tree in heap order, with the root at 1.
    mass: Vec<f64>,
    /// Σ p·v·vᵀ of each node, dim × dim; empty while all vectors are zero.
    moments: Vec<f32>,
    /// Words per leaf; the last leaves may have fewer or none.
    leaf: usize,
    leaves: usize,
}

impl Snapshot {
    fn new(prior: Vec<f32>, vectors: Vec<f32>, dim: usize) -> Self {
        let words = prior.len();
        let leaf = dim.max(8);
        let leaves = words.div_ceil(leaf).next_power_of_two();
        let (mut mass, mut moments) = (vec![0.0; 2 * leaves], vec![0.0; 2 * leaves * dim * dim]);
        for word in 0..words {
            let node = leaves + word / leaf;
            let v = &vectors[word * dim..][..dim];
            mass[node] += f64::from(prior[word]);
            for (row, x) in moments[node * dim * dim..][..dim * dim].chunks_exact_mut(dim).zip(v) {
                simd::add_scaled(row, prior[word] * x, v);
            }
        }
        for node in (1..leaves).rev() {
            mass[node] = mass[2 * node] + mass[2 * node + 1];
            let (up, below) = moments.split_at_mut(2 * node * dim * dim);
            let up = &mut up[node * dim * dim..][..dim * dim];
            let (left, right) = below.split_at(dim * dim);
            up.copy_from_slice(left);
            simd::add(up, &right[..dim * dim]);
        }
        Self { prior, vectors, mass, moments, leaf, leaves }
    }

    /// Same as [`Snapshot::new`] with vectors of zeros, without the moments.
    fn of_prior(prior: Vec<f32>, dim: usize) -> Self {
        let leaf = dim.max(8);
        let leaves = prior.len().div_ceil(leaf).next_power_of_two();
        let mut mass = vec![0.0; 2 * leaves];
        prior.chunks(leaf).zip(&mut mass[leaves..]).for_each(|(words, sum)| {
            *sum = words.iter().fold(0.0, |sum, p| sum + f64::from(*p));
        });
        for node in (1..leaves).rev() {
            mass[node] = mass[2 * node] + mass[2 * node + 1];
        }
        Self { vectors: vec![0.0; prior.len() * dim], prior, mass, moments: Vec::new(), leaf, leaves }
    }

    fn vector(&self, word: usize, dim: usize) -> &[f32] {
        &self.vectors[word * dim..][..dim]
    }

    /// α·hᵀMh + Σ p of a node.
    fn node(&self, node: usize, h: &[f32], alpha: f32) -> f64 {
        if self.moments.is_empty() {
            return self.mass[node];
        }
        let dim = h.len();
        let rows = self.moments[node * dim * dim..][..dim * dim].chunks_exact(dim);
        let form: f64 = rows.zip(h).map(|(row, x)| f64::from(*x) * f64::from(dot(row, h))).sum();
        f64::from(alpha) * form.max(0.0) + self.mass[node]
    }

    /// p·(α·(v·h)² + 1) of a word.
    fn word(&self, word: usize, h: &[f32], alpha: f32) -> f64 {
        let dot = f64::from(dot(self.vector(word, h.len()), h));
        f64::from(self.prior[word]) * (f64::from(alpha) * dot * dot + 1.0)
    }
}

impl Quadratic {
    /// Makes `samples` draws per batch for hidden vectors of size `dim`; `alpha` weighs the square against the
    /// constant. Until the first look at the weights, q is the unigram model of `counts`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if `samples` is not in 1..=2²⁴, `alpha` is negative or not finite, or `dim` is 0.
    /// [`Error::TooLarge`] if the tree and the vectors do not fit in memory.
    pub fn new(counts: &Counts, dim: usize, samples: usize, alpha: f64) -> Result<Self> {
        check_samples(samples)?;
        if !(alpha >= 0.0 && alpha.is_finite()) {
            return Err(Error::OutOfRange { name: "alpha", value: alpha, limit: "0 or more, and finite" });
        }
        if dim == 0 {
            return Err(Error::OutOfRange { name: "dim", value: 0.0, limit: "1 or more" });
        }
        // Size of the tree and of the vectors, in numbers.
        let leaves = counts.len().div_ceil(dim.max(8)).next_power_of_two();
        let numbers = leaves.saturating_mul(2).saturating_mul(dim).saturating_mul(dim);
        let numbers = numbers.saturating_add(counts.len().saturating_mul(dim));
        let refused = |_| Error::TooLarge { rows: counts.len(), dim };
        Vec::<f32>::new().try_reserve_exact(numbers).map_err(refused)?;
        let prior = (0..counts.len() as WordId).map(|w| counts.probability(w) as f32).collect();
        let snapshot = Snapshot::of_prior(prior, dim);
        Ok(Self { samples, alpha: alpha as f32, dim, snapshot })
    }
}

/// The proposal at the hidden vectors of a batch.
struct At<'a> {
    snapshot: &'a Snapshot,
    alpha: f32,
    dim: usize,
    /// B × dim.
    hidden: &'a [f32],
    /// Σ_w p·(α·(v·h)² + 1) for every hidden vector.
    totals: &'a [f64],
}

impl At<'_> {
    fn vector(&self, b: usize) -> &[f32] {
        &self.hidden[b * self.dim..][..self.dim]
    }
}

impl AtBatch for At<'_> {
    fn draw(&self, b: usize, rng: &mut WorkerRng) -> WordId {
        let (s, h) = (self.snapshot, self.vector(b));
        let mut node = 1;
        while node < s.leaves {
            let (left, right) = (s.node(2 * node, h, self.alpha), s.node(2 * node + 1, h, self.alpha));
            node = 2 * node + usize::from(rng.random::<f64>() * (left + right) >= left);
        }
        let first = ((node - s.leaves) * s.leaf).min(s.prior.len() - 1);
        let words = first..(first + s.leaf).min(s.prior.len());
        (first + pick(words.map(|word| s.word(word, h, self.alpha)), rng)) as WordId
    }

    fn share(&self, b: usize, word: WordId) -> f64 {
        self.snapshot.word(word as usize, self.vector(b), self.alpha) / self.totals[b]
    }
}

impl Sampler for Quadratic {
    fn vocab(&self) -> usize {
        self.snapshot.prior.len()
    }

    fn samples(&self) -> usize {
        self.samples
    }

    /// p, which is q for a hidden vector of zeros.
    fn ln_prob(&self, word: WordId) -> f64 {
        (f64::from(self.snapshot.prior[word as usize]) / self.snapshot.mass[1]).ln()
    }

    fn ln_inclusion(&self, word: WordId) -> f64 {
        ln_drawn(self.ln_prob(word), self.samples as f64)
    }

    fn draw(&self, hidden: Option<ArrayView2<f32>>, targets: &[WordId], rng: &mut WorkerRng, out: &mut Draws) {
        let hidden = hidden.expect("a proposal that depends on hidden vectors is given them");
        let (mut numbers, mut totals) = (std::mem::take(&mut out.numbers), std::mem::take(&mut out.sums));
        numbers.clear();
        numbers.extend(hidden.iter());
        totals.clear();
        totals.extend(numbers.chunks_exact(self.dim).map(|h| self.snapshot.node(1, h, self.alpha)));
        let at = At { snapshot: &self.snapshot, alpha: self.alpha, dim: self.dim, hidden: &numbers, totals: &totals };
        mixture::draw(&at, &hidden, targets, self.samples, rng, out);
        (out.numbers, out.sums) = (numbers, totals);
    }

    fn adaptive(&self) -> Option<&dyn AdaptiveProposal> {
        Some(self)
    }

    fn adaptive_mut(&mut self) -> Option<&mut dyn AdaptiveProposal> {
        Some(self)
    }
}

impl AdaptiveProposal for Quadratic {
    fn refresh(&mut self, w: &mut Tables) {
        let vectors = mixture::vectors(w);
        let prior = mixture::exp_biases(w).unwrap_or_else(|| std::mem::take(&mut self.snapshot.prior));
        self.snapshot = Snapshot::new(prior, vectors, self.dim);
    }

    /// p, V × 1, and the vectors, V × d.
    fn state(&self) -> Vec<CowArray<'_, f32, Ix2>> {
        let words = self.vocab();
        [(1, &self.snapshot.prior), (self.dim, &self.snapshot.vectors)]
            .map(|(width, of)| ArrayView2::from_shape((words, width), of).expect("as many").into())
            .into()
    }

    fn restore(&mut self, state: Vec<Array2<f32>>) -> Result<()> {
        let [prior, vectors] = mixture::flattened(self, state);
        mixture::check_prior(&prior)?;
        // Before the first look there is no tree of moments.
        self.snapshot = match vectors.iter().all(|x| *x == 0.0) {
            true => Snapshot::of_prior(prior, self.dim),
            false => Snapshot::new(prior, vectors, self.dim),
        };
        Ok(())
    }
}
