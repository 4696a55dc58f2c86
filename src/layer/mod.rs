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
//! | [`Sparsemax`] | 3·B·V·d | yes | most words are to have no probability at all |
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
mod sparsemax;
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
pub use nce::{Contrast, NoiseContrastive};
pub use negative::NegativeSampling;
pub use one_vs_each::OneVsEach;
pub use sampled::SampledSoftmax;
pub use self_normalized::SelfNormalizedSoftmax;
pub use sparsemax::Sparsemax;
pub use target_sampling::TargetSampling;

use crate::error::Result;
use crate::objective::{LossOptions, Reduction, SoftTargets};
use crate::rng::Noise;
use crate::table::{Cost, Stat, TableShape, Tables};
use crate::tree::Tree;
use crate::vocab::{Counts, WordId};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, CowArray, Ix2};
use rand::RngExt;
use verbs::descent::Descent;
use verbs::{Sampling, Scored, WordFold};

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
}

impl<'a> Batch<'a> {
    /// A batch in which every example counts alike.
    ///
    /// # Panics
    /// If there are not as many targets as hidden vectors.
    pub fn new(hidden: ArrayView2<'a, f32>, targets: &'a [WordId]) -> Self {
        assert_eq!(hidden.nrows(), targets.len(), "hidden vectors and targets");
        Self { hidden, targets, soft: None, weights: None }
    }

    /// A batch whose targets are distributions.
    ///
    /// # Panics
    /// If there are not as many targets as hidden vectors.
    pub fn soft(hidden: ArrayView2<'a, f32>, targets: SoftTargets<'a>) -> Self {
        assert_eq!(hidden.nrows(), targets.len(), "hidden vectors and targets");
        Self { hidden, targets: &[], soft: Some(targets), weights: None }
    }

    /// The upstream factors that make a step's loss, and its gradients, those of a reduction of the batch's losses; to be
    /// set as `weights`.
    pub fn reduced(&self, reduction: Reduction, options: &LossOptions) -> Vec<f32> {
        reduction.weights(options, self.soft.is_none().then_some(self.targets), self.len())
    }

    /// Number of examples, B.
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
/// What an implementer owes, beside the shapes of its tables:
/// - `step` hands ∂L/∂W of Σ_b weight_b·loss_b to the tables, *adds* ∂L/∂hidden to `d_hidden`, and touches no weight
///   except through `w`; all rows of the batch see the weights from before the step where the handles defer;
/// - `log_probs` is exact, finite (but for sparse layers) and normalized: Σ exp = 1 for any weights, and it never samples;
/// - `expected_cost` is the closed form of what [`Tables`] counts in a step (its expectation where draws decide);
/// - with zero weights and `unigram_biases` the layer is the unigram model.
///
/// The laws in `tests/laws.rs` hold every layer of the catalogue to this. `examples/custom_layer.rs` is a whole
/// implementer.
pub trait OutputLayer: Send + Sync {
    /// Number of words, V.
    fn vocab(&self) -> usize;

    /// Size of the hidden vector, d.
    fn dim(&self) -> usize;

    /// Whether there are biases, and where they start.
    fn bias(&self) -> Bias;

    /// The tables that the layer needs, in the order in which it names them to [`Tables`].
    fn tables(&self) -> Vec<TableShape>;

    /// For each table the biases that, with zero weights, make the layer the unigram model; empty for a table without.
    fn unigram_biases(&self, counts: &Counts) -> Vec<Vec<f32>>;

    /// Sets the options of the loss, before training.
    ///
    /// # Errors
    /// [`Error::LossOption`](crate::Error::LossOption) for one that the layer cannot honour, and by default that is any.
    fn set_loss(&mut self, options: LossOptions) -> Result<()> {
        let name = std::any::type_name::<Self>();
        options.check(name.rsplit("::").next().unwrap_or(name), self.vocab(), &[])
    }

    /// One step of the training criterion. Returns Σ_b weight_b·loss_b in nats, and the single losses if asked.
    fn step(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64;

    /// Says that each of the next steps is one of examples with a single target, these in turn: what they will ask for comes into
    /// the cache while the worker does other things. Nothing that is computed changes; noise may be drawn before its step, so that
    /// the next step with this scratch must be one of this layer.
    fn prefetch(&self, _w: &Tables, _targets: &[WordId], _s: &mut Scratch) {}

    /// ln P(· | hidden) in nats: B×V, exact and normalized.
    fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, s: &mut Scratch, out: ArrayViewMut2<f32>);

    /// ln P(target | hidden) in nats, an example each; the weights of the batch do not count.
    fn log_prob(&self, w: &mut Tables, batch: Batch, s: &mut Scratch, out: &mut [f64]);

    /// ln Z of the scores as the training criterion means them (0 where it is self-normalized), for layers that do
    /// not normalize in training; `false`, and nothing done, for layers that do.
    fn ln_z(&self, _w: &mut Tables, _hidden: ArrayView2<f32>, _s: &mut Scratch, _out: &mut [f64]) -> bool {
        false
    }

    /// The tree that it decides along, if it does.
    fn tree(&self) -> Option<&Tree> {
        None
    }

    /// Whether words may have the probability 0.
    fn gives_zeros(&self) -> bool {
        false
    }

    /// Looks at the weights, for proposals that follow them. Every training loop calls it now and then, while no worker runs.
    fn refresh(&mut self, _w: &mut Tables) {}

    /// Whether [`OutputLayer::refresh`] does anything.
    fn follows_weights(&self) -> bool {
        false
    }

    /// What a proposal that follows the weights has seen of them, so that a run can go on with the same one: a checkpoint holds
    /// these numbers. Nothing where [`OutputLayer::follows_weights`] is false.
    fn proposal(&self) -> Vec<CowArray<'_, f32, Ix2>> {
        Vec::new()
    }

    /// Takes back the [`proposal`](OutputLayer::proposal) of a layer of the same settings, arrays of the same shapes.
    ///
    /// # Errors
    /// [`Error::StateField`](crate::Error::StateField) for numbers that are no proposal.
    fn restore_proposal(&mut self, _seen: Vec<Array2<f32>>) -> Result<()> {
        Ok(())
    }

    /// Whether probabilities may be exactly 0, so that ln P may be −∞.
    fn is_sparse(&self) -> bool {
        false
    }

    /// The closed form of a step's cost for these targets.
    fn expected_cost(&self, targets: &[WordId]) -> Cost;

    /// Shows the scores of all words in tiles, whose softmax is P(· | hidden), and merges what the folds kept of them. In
    /// this form `log_probs` gives them, a few examples at a time; layers that have tiles of words hand those over.
    fn scan_scores(&self, w: &mut Tables, hidden: ArrayView2<f32>, s: &mut Scratch, fold: &WordFold, out: &mut [Stat]) {
        verbs::scan_log_probs(self, w, hidden, s, fold, out);
    }

    /// The decisions for one hidden vector (1×d), for layers that decide from the top.
    fn descent<'a>(&'a self, _w: &'a mut Tables, _hidden: ArrayView2<'a, f32>) -> Option<Box<dyn Descent + 'a>> {
        None
    }

    /// For L = Σ d·ln P, `d_log_probs` = ∂L/∂ln P (B×V): adds ∂L/∂hidden to `d_hidden` and hands ∂L/∂W to the tables, as
    /// `step` does; with −q for d it is the step of cross-entropy with soft targets q. `false`, and nothing done, by
    /// layers that have no such gradient, or whose scores have a soft cap.
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

    /// The k most probable words of each hidden vector with their ln P, the best first; words as probable by rising id,
    /// words of probability 0 not at all. See [`verbs`].
    fn top_k(&self, w: &mut Tables, hidden: ArrayView2<f32>, k: usize, s: &mut Scratch) -> Vec<Vec<Scored>> {
        verbs::top_k(self, w, hidden, k, s)
    }

    /// 1 + the number of words that are more probable than the target, for each example: words as probable as one
    /// another share a rank.
    fn rank(&self, w: &mut Tables, batch: Batch, s: &mut Scratch) -> Vec<usize> {
        verbs::rank(self, w, batch, s)
    }

    /// Words drawn from P, for each hidden vector, with their ln P in the distribution drawn from. The randomness is that
    /// of `s`; the same seed gives the same words on any number of threads.
    fn sample(&self, w: &mut Tables, hidden: ArrayView2<f32>, how: Sampling, s: &mut Scratch) -> Vec<Vec<Scored>> {
        verbs::sample(self, w, hidden, how, s)
    }

    /// A sample from P in relaxed form, B×V: y = softmax((ln P + g)/τ), see [`verbs::relax`]. Row b's noise is the b-th
    /// number of `s.rng`.
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
        verbs::relax(&noise, temperature, out);
    }

    /// The way back from ∂L/∂y to hidden vectors and tables, given y of `gumbel_softmax`; as `log_probs_backward`.
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
        verbs::relax_backward(temperature, relaxed, d_relaxed, d_scores.view_mut());
        self.log_probs_backward(w, hidden, d_scores.view(), s, d_hidden)
    }
}
