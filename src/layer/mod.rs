//! Output layers, which turn a hidden vector into probabilities of words.
//!
//! # Which layer
//!
//! | layer | use it when | loses |
//! |---|---|---|
//! | [`FullSoftmax`] | V is a few thousand, or accuracy comes first | nothing; a step costs 3·B·V·d |
//! | [`HierarchicalSoftmax`] | V is large, and single probabilities must be cheap | some accuracy |
//! | [`DifferentiatedSoftmax`] | rare words deserve fewer parameters | capacity of rare words |
//! | [`SampledSoftmax`] | training must be fast, and evaluation may cost B·V·d | gradient noise |
//! | [`TargetSampling`] | batches are large, and a bias does no harm | scores of rare words end up too high |
//! | [`NegativeSampling`] | you need word vectors, not probabilities | accuracy of the probabilities |
//! | [`ClassBasedSoftmax`] | exact probabilities may cost about √V | a little accuracy |
//! | [`AdaptiveSoftmax`] | V is large, counts are Zipfian, memory is short | capacity of rare words |
//! | [`Entmax::sparsemax`] | most words must have a probability of exactly 0 | ln P may be −∞; slow |
//! | [`Entmax`] | as sparsemax, but less sparse | as sparsemax |
//! | [`NoiseContrastive`] | scores must be ln P without a sum over the words | Z is only near 1 |
//! | [`BlackOut`] | as sampled softmax, with more weight on likely wrong words | gradient noise |
//! | [`OneVsEach`] | you need an unbiased estimate of a bound on ln P | needs a low rate: rare targets pull hard |
//! | [`SelfNormalizedSoftmax`] | a score must serve as ln P, and training may be slow | some accuracy |
//! | [`InfrequentNormalization`] | as self-normalized, at a share γ of the cost | variance, about 1/γ times as large |
//!
//! `docs/which-layer.md` in the repository has the measured times and likelihoods.
//!
//! # Cost
//!
//! The cost of a training step with B examples and hidden vectors of size d, in multiply-adds. The page of each layer
//! explains its letters. *Normalized* says whether the training criterion has Σ P = 1.
//!
//! | layer | multiply-adds per step | normalized |
//! |---|---|---|
//! | [`FullSoftmax`] | 3·B·V·d | yes |
//! | [`HierarchicalSoftmax`] | 3·d·Σ_b \|code(t_b)\| | yes |
//! | [`DifferentiatedSoftmax`] | 3·B·Σ_i V_i·d_i (+ 3·B·d·Σ_i d_i with projections) | yes |
//! | [`SampledSoftmax`], [`BlackOut`], [`OneVsEach`] | 3·B·(distinct candidates)·d | no |
//! | [`TargetSampling`] | 3·B·(distinct targets + S)·d | no |
//! | [`NegativeSampling`] | 3·B·(1 + k)·d | no |
//! | [`ClassBasedSoftmax`] | 3·d·Σ_b (C + \|class of t_b\|) | yes |
//! | [`AdaptiveSoftmax`] | 3·Σ_b \[d·(V₀ + J) + (d + V_i)·d_i\] | yes |
//! | [`Entmax`], [`Entmax::sparsemax`] | 3·B·V·d (+ B·V·d/16 for a sample) | yes |
//! | [`NoiseContrastive`] | 3·B·(1 + S)·d | nearly |
//! | [`SelfNormalizedSoftmax`] | 3·B·V·d | nearly |
//! | [`InfrequentNormalization`] | 3·γ·B·V·d | nearly |
//!
//! A layer holds structure only. It chooses rows and gives the table a pure function from scores to ∂L/∂scores
//! ([`crate::objective`]). The table ([`crate::table`]) holds weights, optimizer and threads.

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
pub use kit::divisions::Divisions;
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

/// Whether a layer has biases, and their starting values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bias {
    /// No biases, as in word2vec.
    #[default]
    None,
    /// Biases that start at zero.
    Zero,
    /// Biases that start at the unigram model: with zero weights the layer *is* that model.
    Unigram,
}

/// A batch of B examples at the output layer.
///
/// ```
/// use lexmax::layer::Batch;
/// use ndarray::array;
///
/// let hidden = array![[0.5f32, -1.0], [2.0, 0.0]];
/// let batch = Batch::new(hidden.view(), &[3, 1]); // word 3 follows the first hidden vector, word 1 the second
/// assert_eq!((batch.len(), batch.weight(0)), (2, 1.0));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// B×d hidden vectors.
    pub hidden: ArrayView2<'a, f32>,
    /// B target words; empty if the targets are soft.
    pub targets: &'a [WordId],
    /// B distributions over words, for layers built with [`LossOptions::with_soft_targets`]; others panic.
    pub soft: Option<SoftTargets<'a>>,
    /// Upstream factors, one per example; 0 ignores the example. `None` means 1 for all.
    pub weights: Option<&'a [f32]>,
    /// In a block: the rows of `hidden` that belong to each target. `None` means that target b has row b.
    pub members: Option<Bags<'a>>,
}

impl<'a> Batch<'a> {
    /// Creates a batch of equally weighted examples.
    ///
    /// # Panics
    /// The number of targets differs from the number of hidden vectors.
    pub fn new(hidden: ArrayView2<'a, f32>, targets: &'a [WordId]) -> Self {
        assert_eq!(hidden.nrows(), targets.len(), "hidden vectors and targets");
        Self { hidden, targets, soft: None, weights: None, members: None }
    }

    /// Creates a batch whose targets are distributions.
    ///
    /// # Panics
    /// The number of targets differs from the number of hidden vectors.
    pub fn soft(hidden: ArrayView2<'a, f32>, targets: SoftTargets<'a>) -> Self {
        assert_eq!(hidden.nrows(), targets.len(), "hidden vectors and targets");
        Self { hidden, targets: &[], soft: Some(targets), weights: None, members: None }
    }

    /// Creates a block: each of N targets is predicted from several rows of `hidden`, and a row may belong to several
    /// targets. `members` are N bags; bag i holds the rows (0 to B − 1) of target i. The loss is the sum over all pairs
    /// of a target and one of its rows. A step reports one loss per row.
    ///
    /// Only layers with [`LayerShape::takes_blocks`] accept blocks.
    ///
    /// # Panics
    /// The number of bags differs from the number of targets.
    pub fn block(hidden: ArrayView2<'a, f32>, targets: &'a [WordId], members: Bags<'a>) -> Self {
        assert_eq!(members.len(), targets.len(), "bags of rows and targets");
        Self { hidden, targets, soft: None, weights: None, members: Some(members) }
    }

    /// Returns the upstream factors that turn the loss and the gradients of a step into those of a reduction of the
    /// batch. Assign them to `weights`.
    pub fn reduced(&self, reduction: Reduction, options: &LossOptions) -> Vec<f32> {
        reduction.weights(options, self.soft.is_none().then_some(self.targets), self.len())
    }

    /// Number of hidden vectors, B. It equals the number of examples, except in a block.
    pub fn len(&self) -> usize {
        self.hidden.nrows()
    }

    /// Whether the batch is empty.
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
/// An implementation provides three methods: [`shape`](Self::shape), [`step`](Self::step) and
/// [`log_probs`](Self::log_probs). All other methods have defaults, which a layer overrides to be faster or to support
/// more. The verbs of a trained layer (`top_k`, `rank`, `sample`, …) are in [`LayerExt`]; no layer overrides them.
///
/// Every layer must satisfy this contract:
/// - `step` passes ∂L/∂W of Σ_b weight_b·loss_b to the tables and *adds* ∂L/∂hidden to `d_hidden`. It accesses weights
///   only through `w`. If the handles are deferred, all rows of the batch see the weights from before the step.
/// - `log_probs` is exact and normalized: Σ exp = 1 for any weights. It is finite unless the layer gives zeros. It
///   never samples.
/// - `expected_cost`, if it returns a value, is the closed form of the cost that [`Tables`] counts in a step. If draws
///   decide the cost, it is the expectation.
/// - With zero weights and its `unigram_biases`, a layer with [`Bias::Unigram`] is the unigram model.
///
/// [`check::audit`](crate::check::audit()) checks any layer against this contract. The tests in `tests/all/laws/` check
/// every layer of the catalogue.
///
/// # Examples
/// The example is a complete layer, a softmax over all words. `examples/custom_layer.rs` has a layer that trains on a
/// sample, its audit, and its training beside full softmax.
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
    /// Returns the vocabulary size, the size of the hidden vectors, and the tables. The call allocates, so `step` uses
    /// the layer's own fields instead. [`LayerExt`] has a shortcut for each field.
    fn shape(&self) -> LayerShape;

    /// Takes one step of the training criterion and returns Σ_b weight_b·loss_b in nats. If `losses` is given, it
    /// receives the weighted loss of each example.
    fn step(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64;

    /// Writes ln P(· | hidden) in nats to `out`, B×V: exact and normalized.
    fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, s: &mut Scratch, out: ArrayViewMut2<f32>);

    /// Writes ln P(target | hidden) in nats to `out`, one number per example. The weights of the batch have no effect.
    ///
    /// The default calls `log_probs` for a few examples at a time, so that it never holds B×V numbers.
    fn log_prob(&self, w: &mut Tables, batch: Batch, s: &mut Scratch, out: &mut [f64]) {
        verbs::pick_log_probs(self, w, batch, s, out);
    }

    /// Returns biases for each table that, with zero weights, make the layer the unigram model. A table with an empty
    /// vector starts with zero biases.
    ///
    /// The default handles one case: a single table with biases and one row per word gets the ln p of each word.
    /// Otherwise every table gets an empty vector.
    fn unigram_biases(&self, counts: &Counts) -> Vec<Vec<f32>> {
        self.shape().unigram_biases(counts)
    }

    /// Returns the cost of a step for these targets in closed form.
    ///
    /// The default, `None`, means that there is no closed form. [`check::audit`](crate::check::audit()) then skips the
    /// comparison with the counted work and reports this.
    fn expected_cost(&self, _targets: &[WordId]) -> Option<Cost> {
        None
    }

    /// Sets the options of the loss, before training. The default rejects every option.
    ///
    /// # Errors
    /// [`Error::LossOption`](crate::Error::LossOption) for an option that the layer does not support.
    fn set_loss(&mut self, options: LossOptions) -> Result<()> {
        let name = std::any::type_name::<Self>();
        options.check(name.rsplit("::").next().unwrap_or(name), self.vocab(), &[])
    }

    /// Writes ln Z of the scores under the training criterion to `out` and returns `true`, for layers that do not
    /// normalize in training. A perfectly self-normalized layer has 0. Layers that normalize in training return `false`
    /// and leave `out` unchanged; so does the default.
    fn ln_z(&self, _w: &mut Tables, _hidden: ArrayView2<f32>, _s: &mut Scratch, _out: &mut [f64]) -> bool {
        false
    }

    /// Passes the scores of all words to `fold` in tiles, and merges the resulting statistics into `out`. The softmax
    /// of the scores is P(· | hidden). The default passes on `log_probs` of a few examples at a time; layers with tiled
    /// scores pass those.
    fn scan_scores(&self, w: &mut Tables, hidden: ArrayView2<f32>, s: &mut Scratch, fold: &WordFold, out: &mut [Stat]) {
        verbs::scan_log_probs(self, w, hidden, s, fold, out);
    }

    /// Returns the decisions for one hidden vector (1×d), for layers that decide from the top down. The default is
    /// `None`.
    fn descent<'a>(&'a self, _w: &'a mut Tables, _hidden: ArrayView2<'a, f32>) -> Option<Box<dyn Descent + 'a>> {
        None
    }

    /// Backpropagates through `log_probs`. For L = Σ d·ln P and `d_log_probs` = ∂L/∂ln P (B×V), it adds ∂L/∂hidden to
    /// `d_hidden` and passes ∂L/∂W to the tables, as `step` does. With d = −q this is the step of cross-entropy with
    /// soft targets q.
    ///
    /// Returns `false` and does nothing if the layer has no such gradient (the default) or has a soft cap on its
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

    /// Returns the tree along which the layer decides. The default is `None`.
    fn tree(&self) -> Option<&Tree> {
        None
    }

    /// Returns the proposal that depends on the weights, for layers that draw from one. The default is `None`. Training
    /// loops refresh it on a schedule, while no worker runs. A checkpoint holds its state.
    fn adaptive(&self) -> Option<&dyn AdaptiveProposal> {
        None
    }

    /// Returns the same proposal for refreshing or restoring.
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
