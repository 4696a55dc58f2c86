//! Methods that every layer has and no layer implements.

use super::{Sampling, Scored};
use crate::layer::{Batch, Bias, OutputLayer, Scratch};
use crate::rng::Noise;
use crate::table::{TableShape, Tables};
use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use rand::RngExt;

/// Shortcuts to the [`shape`](OutputLayer::shape) of a layer, and the verbs of a trained layer. Every [`OutputLayer`]
/// has them, also as a trait object. They call the methods of [`OutputLayer`]; no layer overrides them.
///
/// Each shortcut builds the whole shape, which allocates. Call `shape()` once if you need several fields.
pub trait LayerExt: OutputLayer {
    /// Number of words, V.
    fn vocab(&self) -> usize {
        self.shape().vocab
    }

    /// Size of the hidden vector, d.
    fn dim(&self) -> usize {
        self.shape().dim
    }

    /// Whether there are biases, and their starting values.
    fn bias(&self) -> Bias {
        self.shape().bias
    }

    /// The tables that the layer needs, in the order of their numbers in [`Tables`].
    fn tables(&self) -> Vec<TableShape> {
        self.shape().tables
    }

    /// Whether a word may have the probability 0, so that its ln P is −∞.
    fn gives_zeros(&self) -> bool {
        self.shape().gives_zeros
    }

    /// Returns the k most probable words of each hidden vector with their ln P, best first. Equally probable words come
    /// by rising id. Words of probability 0 are left out. [`verbs`](super) has the costs.
    fn top_k(&self, w: &mut Tables, hidden: ArrayView2<f32>, k: usize, s: &mut Scratch) -> Vec<Vec<Scored>> {
        super::top_k(self, w, hidden, k, s)
    }

    /// Returns 1 + the number of words that are more probable than the target, for each example. Equally probable words
    /// share a rank.
    fn rank(&self, w: &mut Tables, batch: Batch, s: &mut Scratch) -> Vec<usize> {
        super::rank(self, w, batch, s)
    }

    /// Draws words from P for each hidden vector, with their ln P in the distribution that they were drawn from. The
    /// random numbers come from `s`: the same seed gives the same words with any number of threads.
    fn sample(&self, w: &mut Tables, hidden: ArrayView2<f32>, how: Sampling, s: &mut Scratch) -> Vec<Vec<Scored>> {
        super::sample(self, w, hidden, how, s)
    }

    /// Writes a relaxed sample from P, B×V: y = softmax((ln P + g)/τ), see [`relax`](super::relax). The b-th number of
    /// `s.rng` is the key of the noise of row b.
    fn gumbel_softmax(
        &self,
        w: &mut Tables,
        hidden: ArrayView2<f32>,
        temperature: f64,
        s: &mut Scratch,
        mut out: ArrayViewMut2<f32>,
    ) {
        let noise: Vec<Noise> = (0..hidden.nrows()).map(|_| Noise::new(s.rng.random())).collect();
        self.log_probs(w, hidden, s, out.view_mut());
        super::relax(&noise, temperature, out);
    }

    /// Backpropagates ∂L/∂y to hidden vectors and tables, given y of `gumbel_softmax`. Returns `false` and does nothing
    /// if [`OutputLayer::log_probs_backward`] does.
    fn gumbel_softmax_backward(
        &self,
        w: &mut Tables,
        hidden: ArrayView2<f32>,
        temperature: f64,
        (relaxed, d_relaxed): (ArrayView2<f32>, ArrayView2<f32>),
        s: &mut Scratch,
        d_hidden: ArrayViewMut2<f32>,
    ) -> bool {
        let mut d_scores = Array2::zeros(relaxed.raw_dim());
        super::relax_backward(temperature, relaxed, d_relaxed, d_scores.view_mut());
        self.log_probs_backward(w, hidden, d_scores.view(), s, d_hidden)
    }
}

impl<L: OutputLayer + ?Sized> LayerExt for L {}
