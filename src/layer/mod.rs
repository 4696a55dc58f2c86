//! Output layers: from a hidden vector to the probability of a word.
//!
//! | layer | a step costs, in multiply-adds | normalized | take it when |
//! |---|---|---|---|
//! | [`FullSoftmax`] | 3·B·V·d | yes | V is small, or nothing but the truth will do |
//! | [`HierarchicalSoftmax`] | 3·d·Σ_b \|code(t_b)\| | yes | V is large and single probabilities are wanted |
//! | [`DifferentiatedSoftmax`] | 3·B·Σ_i V_i·d_i (+ 3·B·d·Σ_i d_i with projections) | yes | rare words deserve fewer parameters |
//! | [`SampledSoftmax`] | 3·B·(distinct candidates)·d | no | training must be fast, softmax exact at test time |
//! | [`TargetSampling`] | 3·B·(distinct targets + S)·d | no | batches are large |
//! | [`NegativeSampling`] | 3·B·(1 + k)·d | no | the vectors are wanted, not the probabilities |
//! | [`ClassBasedSoftmax`] | 3·d·Σ_b (C + \|class of t_b\|) | yes | as the tree, with wide rather than deep decisions |
//! | [`AdaptiveSoftmax`] | 3·Σ_b \[d·(V₀ + J) + (d + V_i)·d_i\] | yes | V is large and words follow Zipf's law |
//! | [`Entmax::sparsemax`] | 3·B·V·d | yes | most words are to have no probability at all |
//! | [`Entmax`] | 3·B·V·d | yes | the same, less steeply |
//! | [`NoiseContrastive`] | 3·B·(1 + S)·d | nearly | scores are to be ln P without a sum over the words |
//! | [`BlackOut`] | 3·B·(distinct candidates)·d | no | as sampled softmax, with more weight on what is wrongly likely |
//! | [`OneVsEach`] | 3·B·(distinct candidates)·d | no | an unbiased estimate of a bound is wanted |
//! | [`SelfNormalizedSoftmax`] | 3·B·V·d | nearly | training may cost, single scores must do for ln P |
//! | [`InfrequentNormalization`] | 3·γ·B·V·d | nearly | as before, at a share γ of the cost |
//!
//! A layer holds structure only: it picks rows and hands the table a pure function from scores to ∂L/∂scores
//! ([`crate::objective`]); the table ([`crate::table`]) holds weights, optimizer and threads.

mod adaptive;
mod black_out;
pub mod catalogue;
mod class_based;
mod differentiated;
mod entmax;
mod full;
mod hierarchical;
mod infrequent;
mod kit;
mod nce;
mod negative;
mod one_vs_each;
mod sampled;
mod self_normalized;
mod target_sampling;
pub mod verbs;

pub use adaptive::{AdaptiveSoftmax, CostModel, CutoffPlan, Cutoffs};
pub use black_out::BlackOut;
pub use class_based::{ClassBasedSoftmax, Classes};
pub use differentiated::{Blocks, DifferentiatedSoftmax};
pub use entmax::Entmax;
pub use full::FullSoftmax;
pub use hierarchical::HierarchicalSoftmax;
pub use infrequent::{InfrequentNormalization, Normalization};
pub use kit::flat::{Flat, FlatLayer};
pub use kit::scratch::Scratch;
pub use kit::set_up::set_up;
pub use kit::shape::LayerShape;
pub use nce::{Contrast, NoiseContrastive};
pub use negative::{NegativeSampling, NoiseHits};
pub use one_vs_each::OneVsEach;
pub use sampled::SampledSoftmax;
pub use self_normalized::SelfNormalizedSoftmax;
pub use target_sampling::TargetSampling;
pub use verbs::LayerExt;

use crate::error::Result;
use crate::objective::{LossOptions, Reduction, SoftTargets};
use crate::sampler::AdaptiveProposal;
use crate::table::{Bags, Cost, Stat, Tables};
use crate::tree::Tree;
use crate::vocab::{Counts, WordId};
use ndarray::{ArrayView2, ArrayViewMut2};
use serde::{Deserialize, Serialize};
use std::fmt;
use verbs::WordFold;
use verbs::descent::Descent;

/// Whether a layer has biases, and where they start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bias {
    /// No biases, as word2vec has it.
    #[default]
    None,
    /// From zero.
    Zero,
    /// From the unigram model: with zero weights the layer then *is* that model.
    Unigram,
}

/// A batch of B examples at the output layer.
///
/// ```
/// use lexmax::layer::Batch;
/// use ndarray::array;
///
/// let hidden = array![[0.5f32, -1.0], [2.0, 0.0]];
/// let batch = Batch::new(hidden.view(), &[3, 1]); // the word 3 follows the first hidden vector, 1 the second
/// assert_eq!((batch.len(), batch.weight(0)), (2, 1.0));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// B×d hidden vectors.
    pub hidden: ArrayView2<'a, f32>,
    /// B target words; none where targets are soft.
    pub targets: &'a [WordId],
    /// B distributions over words, for layers built with [`LossOptions::with_soft_targets`]; others panic.
    pub soft: Option<SoftTargets<'a>>,
    /// An upstream factor an example; 0 ignores it. All 1 without.
    pub weights: Option<&'a [f32]>,
    /// The rows of `hidden` that belong to each target, in a block; without, target b has row b.
    pub members: Option<Bags<'a>>,
}

impl<'a> Batch<'a> {
    /// A batch in which every example counts alike.
    ///
    /// # Panics
    /// If there are not as many targets as hidden vectors.
    pub fn new(hidden: ArrayView2<'a, f32>, targets: &'a [WordId]) -> Self {
        assert_eq!(hidden.nrows(), targets.len(), "hidden vectors and targets");
        Self { hidden, targets, soft: None, weights: None, members: None }
    }

    /// A batch whose targets are distributions.
    ///
    /// # Panics
    /// If there are not as many targets as hidden vectors.
    pub fn soft(hidden: ArrayView2<'a, f32>, targets: SoftTargets<'a>) -> Self {
        assert_eq!(hidden.nrows(), targets.len(), "hidden vectors and targets");
        Self { hidden, targets: &[], soft: Some(targets), weights: None, members: None }
    }

    /// A block: each of N targets is predicted from several rows of `hidden`, and a row may belong to several targets.
    /// `members` are N bags, bag i the rows (0 to B − 1) that belong to target i. The loss is that of all pairs of a
    /// target and one of its rows; the single losses of a step are those of the rows.
    ///
    /// For layers whose [`LayerShape`] says that they take blocks.
    ///
    /// # Panics
    /// If there are not as many bags as targets.
    pub fn block(hidden: ArrayView2<'a, f32>, targets: &'a [WordId], members: Bags<'a>) -> Self {
        assert_eq!(members.len(), targets.len(), "bags of rows and targets");
        Self { hidden, targets, soft: None, weights: None, members: Some(members) }
    }

    /// The upstream factors that make a step's loss, and its gradients, those of a reduction of the batch's losses; to be
    /// set as `weights`.
    pub fn reduced(&self, reduction: Reduction, options: &LossOptions) -> Vec<f32> {
        reduction.weights(options, self.soft.is_none().then_some(self.targets), self.len())
    }

    /// Number of hidden vectors, B, which is that of the examples but in a block.
    pub fn len(&self) -> usize {
        self.hidden.nrows()
    }

    /// Whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The upstream factor of example b.
    pub fn weight(&self, b: usize) -> f32 {
        self.weights.map_or(1.0, |w| w[b])
    }
}

/// An output layer over V words and hidden vectors of size d: structure without weights.
///
/// An implementer writes three methods: [`shape`](Self::shape), [`step`](Self::step) and
/// [`log_probs`](Self::log_probs). Every other method has a default, and a layer overrides one where it has a faster
/// or a better answer. The verbs of a trained layer (`top_k`, `rank`, `sample`, …) are in [`LayerExt`]; no layer
/// overrides them.
///
/// A layer owes the following:
/// - `step` hands ∂L/∂W of Σ_b weight_b·loss_b to the tables and *adds* ∂L/∂hidden to `d_hidden`. It touches weights
///   only through `w`. Where the handles defer, all rows of the batch see the weights from before the step.
/// - `log_probs` is exact and normalized: Σ exp = 1 for any weights. It is finite unless the layer gives zeros. It
///   never samples.
/// - `expected_cost`, if there is one, is the closed form of what [`Tables`] counts in a step (the expectation where
///   draws decide).
/// - With zero weights and its `unigram_biases` the layer is the unigram model, if its shape says [`Bias::Unigram`].
///
/// [`check::audit`](crate::check::audit()) holds any layer to this, and `tests/all/laws/` every layer of the catalogue.
///
/// # Examples
/// The example contains a whole implementer, a softmax over all words. `examples/custom_layer.rs` has a layer
/// that trains on a sample, its audit, and its training beside full softmax.
/// ```
/// # #[cfg(feature = "check")]
/// use lexmax::check::{AuditConfig, audit};
/// use lexmax::layer::{Batch, Bias, LayerShape, OutputLayer, Scratch};
/// use lexmax::table::{Rows, Tables};
/// use ndarray::{Array2, ArrayView2, ArrayViewMut2};
///
/// struct Plain {
///     vocab: usize,
///     dim: usize,
/// }
///
/// impl OutputLayer for Plain {
///     fn shape(&self) -> LayerShape {
///         LayerShape::flat(self.vocab, self.dim, Bias::Unigram)
///     }
///
///     fn step(
///         &self,
///         w: &mut Tables,
///         batch: Batch,
///         s: &mut Scratch,
///         d_hidden: ArrayViewMut2<f32>,
///         losses: Option<&mut [f64]>,
///     ) -> f64 {
///         let mut k = Array2::zeros((batch.len(), self.vocab));
///         self.log_probs(w, batch.hidden, s, k.view_mut());
///         let mut own = vec![0.0; batch.len()];
///         for (b, target) in batch.targets.iter().enumerate() {
///             let (weight, mut k) = (batch.weight(b), k.row_mut(b));
///             own[b] = -f64::from(weight * k[*target as usize]);
///             // ∂L/∂scores = softmax − e_t.
///             k.mapv_inplace(|ln_p| weight * ln_p.exp());
///             k[*target as usize] -= weight;
///         }
///         let all = Rows::Range(0..self.vocab as u32);
///         w.weighted_sum(0, &all, k.view(), d_hidden);
///         w.descend(0, &all, k.view(), batch.hidden);
///         if let Some(losses) = losses {
///             losses.copy_from_slice(&own);
///         }
///         own.iter().sum()
///     }
///
///     fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, _: &mut Scratch, mut out: ArrayViewMut2<f32>) {
///         w.scores(0, &Rows::Range(0..self.vocab as u32), hidden, out.view_mut());
///         for mut row in out.rows_mut() {
///             let max = row.iter().fold(f32::MIN, |max, z| max.max(*z));
///             let sum: f64 = row.iter().map(|z| f64::from(z - max).exp()).sum();
///             row.mapv_inplace(|z| (f64::from(z - max) - sum.ln()) as f32);
///         }
///     }
/// }
///
/// # #[cfg(feature = "check")]
/// # fn main() {
/// let found = audit(&Plain { vocab: 40, dim: 6 }, &AuditConfig::default());
/// assert!(found.passed(), "{found}");
/// # }
/// # #[cfg(not(feature = "check"))]
/// # fn main() {}
/// ```
pub trait OutputLayer: Send + Sync {
    /// The vocabulary size, the size of hidden vectors, and the tables. The call allocates: a `step` uses the layer's
    /// own fields. [`LayerExt`] has a shortcut for each field.
    fn shape(&self) -> LayerShape;

    /// One step of the training criterion. Returns Σ_b weight_b·loss_b in nats. Copies the single weighted losses to
    /// `losses` if asked.
    fn step(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64;

    /// ln P(· | hidden) in nats: B×V, exact and normalized.
    fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, s: &mut Scratch, out: ArrayViewMut2<f32>);

    /// ln P(target | hidden) in nats, one number per example. The weights of the batch do not count.
    ///
    /// The default takes the numbers from `log_probs`, a few examples at a time, so that B×V numbers are never held at
    /// once.
    fn log_prob(&self, w: &mut Tables, batch: Batch, s: &mut Scratch, out: &mut [f64]) {
        verbs::pick_log_probs(self, w, batch, s, out);
    }

    /// Biases for each table that, with zero weights, make the layer the unigram model. A table with an empty vector
    /// starts with biases of zero.
    ///
    /// The default knows one case: a single table with biases and a row per word gets ln p of each word. In any other
    /// case every table gets an empty vector.
    fn unigram_biases(&self, counts: &Counts) -> Vec<Vec<f32>> {
        self.shape().unigram_biases(counts)
    }

    /// The closed form of a step's cost for these targets.
    ///
    /// The default, `None`, says that there is no closed form. [`check::audit`](crate::check::audit()) then skips the
    /// comparison with the work counted, and its finding says so.
    fn expected_cost(&self, _targets: &[WordId]) -> Option<Cost> {
        None
    }

    /// Sets the options of the loss, before training. The default refuses every option.
    ///
    /// # Errors
    /// [`Error::LossOption`](crate::Error::LossOption) for an option that the layer cannot honour.
    fn set_loss(&mut self, options: LossOptions) -> Result<()> {
        let name = std::any::type_name::<Self>();
        options.check(name.rsplit("::").next().unwrap_or(name), self.vocab(), &[])
    }

    /// ln Z of the scores as the training criterion means them (0 where it is self-normalized), for layers that do not
    /// normalize in training. Layers that do return `false` and leave `out` alone: so does the default.
    fn ln_z(&self, _w: &mut Tables, _hidden: ArrayView2<f32>, _s: &mut Scratch, _out: &mut [f64]) -> bool {
        false
    }

    /// Shows `fold` the scores of all words in tiles, whose softmax is P(· | hidden), and merges into `out` what the
    /// folds kept. The default shows `log_probs`, a few examples at a time. Layers that have tiles of words show
    /// those.
    fn scan_scores(&self, w: &mut Tables, hidden: ArrayView2<f32>, s: &mut Scratch, fold: &WordFold, out: &mut [Stat]) {
        verbs::scan_log_probs(self, w, hidden, s, fold, out);
    }

    /// The decisions for one hidden vector (1×d), for layers that decide from the top. `None` by default.
    fn descent<'a>(&'a self, _w: &'a mut Tables, _hidden: ArrayView2<'a, f32>) -> Option<Box<dyn Descent + 'a>> {
        None
    }

    /// The gradient through `log_probs`: for L = Σ d·ln P and `d_log_probs` = ∂L/∂ln P (B×V), adds ∂L/∂hidden to
    /// `d_hidden` and hands ∂L/∂W to the tables, as `step` does. With d = −q it is the step of cross-entropy with soft
    /// targets q.
    ///
    /// Returns `false`, and does nothing, where the layer has no such gradient (the default) or a soft cap on its
    /// scores.
    fn log_probs_backward(
        &self,
        _w: &mut Tables,
        _hidden: ArrayView2<f32>,
        _d_log_probs: ArrayView2<f32>,
        _s: &mut Scratch,
        _d_hidden: ArrayViewMut2<f32>,
    ) -> bool {
        false
    }

    /// The tree along which the layer decides. `None` by default.
    fn tree(&self) -> Option<&Tree> {
        None
    }

    /// The proposal that follows the weights, for layers that draw from one. `None` by default. Every training loop
    /// refreshes it now and then, while no worker runs; a checkpoint holds its state.
    fn adaptive(&self) -> Option<&dyn AdaptiveProposal> {
        None
    }

    /// The same proposal, to be refreshed or restored.
    fn adaptive_mut(&mut self) -> Option<&mut dyn AdaptiveProposal> {
        None
    }
}

impl<'a, L: OutputLayer + 'a> From<L> for Box<dyn OutputLayer + 'a> {
    fn from(layer: L) -> Self {
        Box::new(layer)
    }
}

impl fmt::Debug for dyn OutputLayer + '_ {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("OutputLayer")
            .field("vocab", &self.shape().vocab)
            .field("dim", &self.shape().dim)
            .finish_non_exhaustive()
    }
}
