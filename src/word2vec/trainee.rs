//! The model of a run, in the storage that its trainer needs.

use super::train::{Reading, supervised};
use super::{Watch, Word2VecConfig};
use crate::corpus::{Examples, Sentences};
use crate::encoder::{Encoder, MeanEmbedding};
use crate::error::{Error, Result};
use crate::layer::Bias;
use crate::layer::catalogue;
use crate::model::{Encoding, Model, ModelOver, ModelView, SharedModel};
use crate::peers::Team;
use crate::table::stored::Stored;
use crate::table::{Matrix, SharedMatrix};
use crate::train::{self, Hogwild, Observer, Outcome, State};
use crate::vocab::{Counts, Vocabulary};
use crate::word2vec::facts::Supervised;

/// A model during training.
pub(super) enum Trainee {
    /// Model that workers share.
    Shared(SharedModel),
    /// Model for mini-batches.
    Plain(Model),
}

/// A text to train on, and the settings, which may have other passes than `config`.
pub(super) struct Job<'a> {
    pub config: &'a Word2VecConfig,
    pub corpus: &'a dyn Sentences,
    pub counts: &'a Counts,
    pub settings: &'a Hogwild,
    /// Processes that train together.
    pub team: &'a Team,
}

/// A storage with the trainer that uses it.
pub(super) trait Trained: Stored + Sized {
    fn train(model: &mut ModelOver<Self>, job: &Job, from: Option<&State>, heard: &mut dyn Observer)
    -> Result<Outcome>;
}

impl Trained for SharedMatrix {
    fn train(model: &mut SharedModel, job: &Job, from: Option<&State>, heard: &mut dyn Observer) -> Result<Outcome> {
        let Job { config, corpus, counts, settings, team } = *job;
        if config.deterministic {
            return train::deterministic_over(model, corpus, counts, settings, team, from, heard);
        }
        train::hogwild_watched(model, corpus, counts, settings, from, heard)
    }
}

impl Trained for Matrix {
    /// Mini-batches give the same bits on any number of threads, whether or not that is asked for.
    fn train(model: &mut Model, job: &Job, from: Option<&State>, heard: &mut dyn Observer) -> Result<Outcome> {
        train::batches_watched(model, job.corpus, job.counts, job.settings, job.config.batch, from, heard)
    }
}

impl Trainee {
    /// Creates the model at the start of training. Refuses a model that does not take the blocks or the optimizer that
    /// are asked for.
    pub fn new(config: &Word2VecConfig, vocab: &Vocabulary) -> Result<Self> {
        config.check_optimizer()?;
        let counts = vocab.counts();
        let context = catalogue::Shape::new(counts, config.dim, Bias::None).words(vocab);
        let encoder: Box<dyn Encoder> = match config.encoding {
            Encoding::Mean => Box::new(MeanEmbedding::new(vocab.len(), config.dim)?.with_gradient(config.gradient)),
            other => other.build(vocab.len(), &config.window, config.dim)?,
        };
        let layer = config.layer.build(&context)?;
        if config.batch > 1 {
            return Model::new(encoder, layer, counts, config.optimizer, config.seed).map(Self::Plain);
        }
        let model = SharedModel::new(encoder, layer, counts, config.seed)?;
        let in_layer = |source| Error::InLayer { layer: config.layer.to_string(), source: Box::new(source) };
        config.trainer().check_model(&model).map_err(in_layer)?;
        Ok(Self::Shared(model))
    }

    pub fn view(&self) -> ModelView<'_> {
        match self {
            Self::Shared(model) => model.into(),
            Self::Plain(model) => model.into(),
        }
    }

    /// Trains under supervision.
    pub fn supervised(
        &mut self,
        config: &Word2VecConfig,
        reading: &Reading,
        held_out: Option<Examples>,
        watch: &mut dyn Watch,
    ) -> Result<Supervised> {
        match self {
            Self::Shared(model) => supervised(config, reading, held_out, model, watch),
            Self::Plain(model) => supervised(config, reading, held_out, model, watch),
        }
    }

    /// Trains without supervision.
    pub fn train(&mut self, job: &Job) -> Result<Outcome> {
        match self {
            Self::Shared(model) => Trained::train(model, job, None, &mut Unwatched),
            Self::Plain(model) => Trained::train(model, job, None, &mut Unwatched),
        }
    }

    /// Drops the optimizer's state, which a finished model does not need.
    pub fn drop_state(&mut self) {
        if let Self::Plain(model) = self {
            model.drop_state();
        }
    }

    /// Converts to plain parameters, one table after the other.
    ///
    /// # Errors
    /// A table that does not fit in memory a second time.
    pub fn into_model(self) -> Result<Model> {
        match self {
            Self::Shared(model) => model.into_model(),
            Self::Plain(model) => Ok(model),
        }
    }
}

/// An observer of a run that nobody watches.
struct Unwatched;

impl Observer for Unwatched {
    fn progress(&mut self, _at: &train::Progress) -> train::Next {
        train::Next::Go
    }
}
