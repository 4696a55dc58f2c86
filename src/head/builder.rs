//! The builder of heads.

use super::training::{Training, check_rate, check_threads};
use super::{Head, LAYER_STREAM, NOISE_STREAM, SharedLayer, file};
use crate::error::{Error, HeadFault, Result};
use crate::layer::catalogue::{LayerSpec, Shape};
use crate::layer::{Bias, OutputLayer, Scratch, set_up};
use crate::objective::LossOptions;
use crate::optimizer::Optimizer;
use crate::rng::WorkerRng;
use crate::table::{DeferredStore, Exclusive, Matrix, Table, Tables, Threads};
use crate::tree::Tree;
use crate::vocab::{Counts, Vocabulary};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// The settings of a [`Head`]. Each method names the default of its setting.
///
/// ```
/// use lexmax::layer::Bias;
/// use lexmax::objective::LossOptions;
/// use lexmax::prelude::*;
///
/// # fn main() -> lexmax::Result<()> {
/// let counts = Counts::new(vec![50, 30, 15, 5])?;
/// let smoothed = LossOptions::new().with_smoothing(0.1)?;
/// let builder = Head::builder("full", &counts, 8).optimizer(Optimizer::Sgd).rate(0.1);
/// let head = builder.bias(Bias::Zero).loss(smoothed).build()?;
/// assert_eq!((head.vocab(), head.dim(), head.rate()), (4, 8, 0.1));
/// assert!(Head::builder("ful", &counts, 8).build().is_err()); // there is no such layer
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct HeadBuilder<'a> {
    layer: LayerSource<'a>,
    counts: Option<&'a Counts>,
    optimizer: Optimizer,
    rate: Option<f32>,
    seed: u64,
    threads: usize,
    loss: Option<LossOptions>,
}

impl fmt::Debug for HeadBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("HeadBuilder")
            .field("layer", &self.layer)
            .field("optimizer", &self.optimizer)
            .field("rate", &self.rate)
            .field("seed", &self.seed)
            .field("threads", &self.threads)
            .field("loss", &self.loss)
            .finish_non_exhaustive()
    }
}

enum LayerSource<'a> {
    Named {
        name: String,
        dim: usize,
        bias: Option<Bias>,
        words: Option<&'a Vocabulary>,
        tree: Option<Tree>,
    },
    Own {
        layer: Box<dyn OutputLayer>,
        /// A setting that was made but has no effect on your own layer.
        misplaced: Option<&'static str>,
    },
}

impl fmt::Debug for LayerSource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Named { name, .. } => name.fmt(f),
            Self::Own { layer, .. } => layer.fmt(f),
        }
    }
}

impl Head {
    /// Creates a builder for a layer of the [catalogue](crate::layer::catalogue) by its name, as in
    /// `sampled:samples=512`. `counts` are the counts of the words, and `dim` is the size of the hidden vectors. The id
    /// of a word, in targets and in answers, is its rank by falling count, as [`Vocabulary::new`] numbers words.
    pub fn builder<'a>(name: impl ToString, counts: &'a Counts, dim: usize) -> HeadBuilder<'a> {
        let layer = LayerSource::Named { name: name.to_string(), dim, bias: None, words: None, tree: None };
        HeadBuilder { counts: Some(counts), ..HeadBuilder::over(layer) }
    }

    /// Creates a builder for your own layer. Set [`HeadBuilder::rate`], and [`HeadBuilder::counts`] for biases that
    /// start at the unigram model.
    pub fn of<'a>(layer: impl Into<Box<dyn OutputLayer>>) -> HeadBuilder<'a> {
        HeadBuilder::over(LayerSource::Own { layer: layer.into(), misplaced: None })
    }
}

impl<'a> HeadBuilder<'a> {
    fn over(layer: LayerSource<'a>) -> Self {
        Self { layer, counts: None, optimizer: Optimizer::default(), rate: None, seed: 1, threads: 1, loss: None }
    }

    /// Sets the counts of the words, in falling order, for your own layer. [`Head::builder`] already has them.
    pub fn counts(mut self, counts: &'a Counts) -> Self {
        self.counts = Some(counts);
        self
    }

    /// Sets the words, for layers whose name refers to a file about words: a tree, or vectors to cluster [default: the
    /// ids serve as names].
    pub fn words(mut self, vocab: &'a Vocabulary) -> Self {
        match &mut self.layer {
            LayerSource::Named { words, .. } => *words = Some(vocab),
            LayerSource::Own { misplaced, .. } => *misplaced = Some("words"),
        }
        self
    }

    /// Sets the start of the biases, unless the name of the layer sets it [default: the unigram model].
    pub fn bias(mut self, start: Bias) -> Self {
        match &mut self.layer {
            LayerSource::Named { bias, .. } => *bias = Some(start),
            LayerSource::Own { misplaced, .. } => *misplaced = Some("bias"),
        }
        self
    }

    /// Sets the tree of a layer that decides along one [default: the tree in the name of the layer].
    pub fn tree(mut self, given: Tree) -> Self {
        match &mut self.layer {
            LayerSource::Named { tree, .. } => *tree = Some(given),
            LayerSource::Own { misplaced, .. } => *misplaced = Some("tree"),
        }
        self
    }

    /// Sets the optimizer [default: Adagrad from 0.01].
    pub fn optimizer(mut self, optimizer: Optimizer) -> Self {
        self.optimizer = optimizer;
        self
    }

    /// Sets the rate, on the summed loss of a batch [default: the catalogue's rate for the layer and the optimizer].
    /// The default suits batches of the size in the layer's [`Tuning`](crate::layer::catalogue::Tuning). Your own layer
    /// has no default.
    pub fn rate(mut self, rate: f32) -> Self {
        self.rate = Some(rate);
        self
    }

    /// Sets the seed of the initial weights and of all draws [default: 1].
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the number of threads for layers that process all words [default: 1]. Results do not depend on it.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Sets the options of the loss [default: those in the name of the layer].
    pub fn loss(mut self, options: LossOptions) -> Self {
        self.loss = Some(options);
        self
    }

    /// Builds the head with initial weights.
    ///
    /// # Errors
    /// A name that is not in the catalogue, invalid settings, or counts for another number of words. Loss options that
    /// the layer does not support, or weights that do not fit in memory. Your own layer also needs a rate, and counts
    /// if its biases start at the unigram model.
    pub fn build(self) -> Result<Head> {
        let (plan, counts) = self.plan()?;
        let tables = set_up(&*plan.layer, counts, plan.optimizer, &mut WorkerRng::new(plan.seed, LAYER_STREAM))?;
        plan.head(tables, counts)
    }

    /// Builds the head from a file. A file of [`Head::save`] provides the weights, the state of the optimizer, the rate
    /// and the random numbers; the file of a model provides the weights. The layer, the biases, the counts and the
    /// optimizer of the builder must equal those of the file. Loss options that are set here must equal those of a
    /// head's file; if none are set, the file's apply. A rate that is set here replaces that of the file.
    ///
    /// # Errors
    /// The errors of [`HeadBuilder::build`] and [`Head::load`], and a file with another layer, other counts or another
    /// optimizer.
    pub fn load(self, path: impl AsRef<Path>) -> Result<Head> {
        let (plan, counts) = self.plan()?;
        file::load_into(path.as_ref(), plan, counts)
    }

    /// Builds the layer and checks all settings.
    fn plan(self) -> Result<(Plan, Option<&'a Counts>)> {
        if let Some(rate) = self.rate {
            check_rate(rate)?;
        }
        check_threads(self.threads)?;
        if let Optimizer::Adagrad { initial } = self.optimizer {
            Optimizer::adagrad(initial)?;
        }
        let (mut layer, spec, mut loss, tuned) = match self.layer {
            LayerSource::Own { misplaced: Some(setting), .. } => {
                return Err(HeadFault::NotOfOwnLayer { setting }.into());
            }
            LayerSource::Own { layer, .. } => (layer, None, LossOptions::new(), None),
            LayerSource::Named { name, dim, bias, words, tree } => {
                let (spec, counts) = (name.parse::<LayerSpec>()?, self.counts.ok_or(HeadFault::NoCounts)?);
                let context = Shape { counts, words, dim, bias: bias.unwrap_or(Bias::Unigram) };
                if tree.is_some() && !spec.has_tree() {
                    return Err(Error::NotWith { setting: "tree", other: spec.entry().name });
                }
                if let Some(words) = words.filter(|words| words.len() != counts.len()) {
                    return Err(HeadFault::Counts { counts: counts.len(), vocab: words.len() }.into());
                }
                let tuning = spec.entry().tuning;
                (spec.build_over(tree, &context)?, Some(spec.clone()), spec.loss()?, Some(tuning))
            }
        };
        let loss_given = self.loss.is_some();
        if let Some(options) = self.loss {
            let in_layer = |error| match &spec {
                Some(spec) => spec.in_layer(error),
                None => error,
            };
            layer.set_loss(options.clone()).map_err(in_layer)?;
            loss = options;
        }
        let vocab = layer.shape().vocab;
        if vocab == 0 {
            return Err(Error::EmptyVocabulary);
        }
        match self.counts {
            Some(counts) if counts.len() != vocab => {
                return Err(HeadFault::Counts { counts: counts.len(), vocab }.into());
            }
            None if layer.shape().bias == Bias::Unigram => return Err(HeadFault::NoCounts.into()),
            _ => {}
        }
        let rate = match (self.rate, tuned, self.optimizer) {
            (Some(rate), _, _) => Some(rate),
            (None, Some(tuning), optimizer) => Some(tuning.rate(&optimizer)),
            (None, None, _) => None,
        };
        let (name, given) = (spec.map(|spec| spec.to_string()), self.rate);
        let (optimizer, seed, threads) = (self.optimizer, self.seed, Threads::new(self.threads));
        Ok((Plan { layer, name, loss, loss_given, optimizer, rate, given, seed, threads }, self.counts))
    }
}

/// The layer and the settings of a head without weights.
pub(super) struct Plan {
    pub layer: Box<dyn OutputLayer>,
    pub name: Option<String>,
    pub loss: LossOptions,
    /// Whether the loss options were set in the builder.
    pub loss_given: bool,
    pub optimizer: Optimizer,
    /// The rate that was set, or the catalogue's.
    pub rate: Option<f32>,
    /// The rate that was set.
    pub given: Option<f32>,
    pub seed: u64,
    pub threads: Threads,
}

impl Plan {
    /// Returns the rate.
    ///
    /// # Errors
    /// No rate was set, and the layer is not in the catalogue.
    pub fn rate(&self) -> Result<f32> {
        Ok(self.rate.ok_or(HeadFault::NoRate)?)
    }

    /// Builds the head over these weights.
    pub fn head(self, matrices: Vec<Matrix>, counts: Option<&Counts>) -> Result<Head> {
        let rate = self.rate()?;
        let handle = |matrix| -> Box<dyn Table> {
            Box::new(Exclusive::<DeferredStore<Matrix>>::new(matrix, rate, self.threads.clone()))
        };
        Ok(Head {
            shape: self.layer.shape(),
            mode: Training::new(self.optimizer, rate, self.layer.adaptive().is_some()),
            layer: SharedLayer::new(self.layer),
            name: self.name,
            counts: counts.cloned().map(Arc::new),
            loss: self.loss,
            tables: Tables::new(matrices.into_iter().map(handle).collect()),
            scratch: Scratch::new(WorkerRng::new(self.seed, NOISE_STREAM)),
            threads: self.threads,
            copied: Vec::new(),
        })
    }
}
