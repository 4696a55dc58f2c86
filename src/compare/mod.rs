//! Comparison of output layers: the same model on the same text with each layer, with the cost of a step and the NLL
//! reached.

mod builder;
mod comparison;
mod curve;
mod data;
mod text;
mod truth;

pub use builder::Builder;
pub use comparison::{Comparison, ConfigFacts, CorpusFacts, CostPerExample, CurvePoint, LayerRow};
pub use data::{Data, DataSource};

use self::curve::Curve;
use crate::corpus::{Direction, Window};
use crate::error::{Divergence, Error, Result};
use crate::eval;
use crate::layer::catalogue::{self, LayerSpec};
use crate::layer::{Bias, LayerExt};
use crate::measure::RunFacts;
use crate::model::{Encoding, Model};
use crate::optimizer::Optimizer;
use crate::peers::Team;
use crate::table::{Cost, Threads};
use crate::train::{self, Budget, Outcome, Progress};

/// The settings of a comparison.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CompareConfig {
    /// Layers, in the order of the table.
    pub layers: Vec<LayerSpec>,
    /// Window around a position, and the direction of prediction.
    pub window: Window,
    /// Encoding that makes the hidden vector.
    pub encoding: Encoding,
    /// Size of hidden vectors.
    pub dim: usize,
    /// Optimizer.
    pub optimizer: Optimizer,
    /// Learning rate of every layer, instead of the layer's own.
    pub rate: Option<f32>,
    /// Batch size of every layer, instead of the layer's own.
    pub batch: Option<usize>,
    /// Budget of each layer.
    pub budget: Budget,
    /// Largest number of held-out examples.
    pub valid_examples: usize,
    /// Number of threads.
    pub threads: usize,
    /// Seed of everything random.
    pub seed: u64,
}

impl CompareConfig {
    /// A comparison of these layers over the mean of the context's vectors of size `dim`, on one thread. Each layer has
    /// its own rate and batch. [`Builder`] has the defaults of `lexmax compare`.
    pub fn new(layers: Vec<LayerSpec>, window: Window, dim: usize, budget: Budget) -> Self {
        Self {
            layers,
            window,
            encoding: Encoding::Mean,
            dim,
            optimizer: Optimizer::default(),
            rate: None,
            batch: None,
            budget,
            valid_examples: Builder::VALID_EXAMPLES,
            threads: 1,
            seed: Builder::SEED,
        }
    }

    /// Returns all layers of the catalogue with their defaults.
    pub fn all_layers() -> Vec<LayerSpec> {
        catalogue::all_layers()
    }

    /// Returns the layer with this name, `NAME[:key=value]…`, or all layers for the name `all`.
    ///
    /// # Errors
    /// The errors of parsing a [`LayerSpec`].
    pub fn named_layers(name: &str) -> Result<Vec<LayerSpec>> {
        if name == "all" { Ok(Self::all_layers()) } else { Ok(vec![name.parse()?]) }
    }

    /// Returns the layers that are compared if none is named: all except those that cost more than full softmax.
    pub fn usual_layers() -> Vec<LayerSpec> {
        Self::all_layers().into_iter().filter(|spec| !spec.entry().costly).collect()
    }

    /// Refuses settings that make no sense for any data, before a text is read.
    fn check(&self) -> Result<()> {
        let out_of_range = |name, value, limit| Err(Error::OutOfRange { name, value, limit });
        for (name, size) in [("dim", self.dim), ("threads", self.threads), ("valid_examples", self.valid_examples)] {
            if size == 0 {
                return out_of_range(name, 0.0, "1 or more");
            }
        }
        match (self.batch, self.rate) {
            (Some(0), _) => return out_of_range("batch", 0.0, "1 or more"),
            (_, Some(rate)) if !(rate >= 0.0 && rate.is_finite()) => {
                return out_of_range("rate", f64::from(rate), "0 or more, and finite");
            }
            _ => {}
        }
        match self.budget {
            Budget::Time(time) if time.is_zero() => out_of_range("budget", 0.0, "more than 0"),
            Budget::Examples(0) => out_of_range("examples", 0.0, "1 or more"),
            _ => Ok(()),
        }
    }
}

/// ε of the ε-perplexity.
pub const EPSILON: f64 = 1e-6;

/// Receives reports on the progress of a comparison.
pub trait Listener {
    /// Called when the training of a layer begins, with its number and the number of layers.
    fn begin(&mut self, _layer: &LayerSpec, _number: usize, _of: usize) {}

    /// Called after every batch.
    fn progress(&mut self, _progress: &Progress) {}

    /// Called when a layer was trained and evaluated.
    fn end(&mut self, _row: &LayerRow) {}
}

/// A listener that does nothing.
#[derive(Debug)]
pub struct Silent;

impl Listener for Silent {}

/// Trains and evaluates every layer. Initial embeddings, the order of examples and the held-out examples are the same
/// for all layers. A layer starts at the unigram model unless its name says otherwise.
///
/// # Errors
/// Sizes that make no sense (before anything is trained), and a loss that is not finite.
pub fn compare(config: &CompareConfig, data: &Data, observer: &mut dyn Listener) -> Result<Comparison> {
    compare_over(config, data, &Team::default(), observer)
}

/// [`compare()`] with every layer divided among the ranks of a team: see [`Model::over`]. All ranks pass the same
/// settings and data. After a number of examples the result is that of one process, but for its times; a budget of time
/// is that of rank 0.
///
/// # Errors
/// The errors of [`compare()`], and [`RanksFault::Differ`](crate::error::RanksFault::Differ) for settings, text or
/// files of layers that differ between ranks.
pub fn compare_over(
    config: &CompareConfig,
    data: &Data,
    team: &Team,
    observer: &mut dyn Listener,
) -> Result<Comparison> {
    config.check()?;
    check_ranks(config, data, &mut team.clone())?;
    let threads = Threads::new(config.threads);
    check_sizes(config, config.valid_examples, 1)?;
    // The first round only builds, so that a bad setting of the last layer is found before the others are trained.
    for spec in &config.layers {
        build(config, data, spec, team)?;
        let inputs = match config.encoding {
            Encoding::Mean => 0,
            Encoding::NGram { embedding } => embedding.saturating_mul(config.window.size()),
        };
        check_sizes(config, settings(config, spec, &threads).batch, config.dim.max(inputs))?;
    }
    let valid = data.held_out(config.window, config.valid_examples, config.seed)?;
    let unigram = |t: &u32| -data.counts().ln_probability(*t);
    let unigram_nll = valid.targets.iter().map(unigram).sum::<f64>() / valid.len() as f64;
    let truth = || data.truth(config.window);
    let mut curve = Curve::new(&valid, truth(), [data.counts().len(), config.dim], &threads);
    let mut layers = Vec::new();
    for (number, spec) in config.layers.iter().enumerate() {
        observer.begin(spec, number, config.layers.len());
        let mut model = build(config, data, spec, team)?;
        let settings = settings(config, spec, &threads);
        let mut source = data.examples(config.window, config.seed)?;
        let in_layer = |e| Error::InLayer { layer: spec.to_string(), source: Box::new(e) };
        let outcome = train::train_and_look(
            &mut model,
            &mut *source,
            &settings,
            &curve::STOPS,
            &mut |p| observer.progress(p),
            &mut |model, at| curve.look(model, at),
        );
        let outcome = outcome.map_err(in_layer)?;
        let held_out = eval::held_out(&model, &valid, &threads);
        let (excess_nats, excess_by) =
            truth().map(|t| t.excess(&model, &valid, &held_out, &threads)).filter(|e| e.0.is_finite()).unzip();
        let row = LayerRow {
            layer: spec.to_string(),
            rate: settings.rate,
            batch: settings.batch,
            seconds: outcome.seconds,
            examples: outcome.examples,
            ns_per_example: outcome.seconds * 1e9 / outcome.examples as f64,
            cost_per_example: per_example(&outcome),
            train_loss: outcome.train_loss,
            epochs: outcome.epochs,
            curve: curve.take(),
            valid_examples: valid.len(),
            valid_nll: held_out.nll(),
            valid_perplexity: held_out.perplexity(),
            epsilon_perplexity: held_out.epsilon_perplexity(EPSILON, data.counts().len()),
            ln_z: held_out.ln_z,
            excess_nats,
            excess_by,
        };
        // If a target may have the probability 0, an infinite NLL is not an error.
        let value = if model.layer().gives_zeros() { row.epsilon_perplexity } else { row.valid_perplexity };
        if !value.is_finite() {
            return Err(in_layer(Error::diverged(Divergence::Loss(row.valid_nll), row.examples, row.rate)));
        }
        observer.end(&row);
        layers.push(row);
    }
    let config = ConfigFacts { curve_examples: curve.examples(), ..facts(config, data, threads.count()) };
    let corpus = data.facts(unigram_nll);
    Ok(Comparison { lexmax: env!("CARGO_PKG_VERSION"), run: RunFacts::here(), corpus, config, layers })
}

/// Refuses ranks with other settings, data or files of layers than rank 0. They may have other numbers of threads.
fn check_ranks(config: &CompareConfig, data: &Data, team: &mut Team) -> Result<()> {
    if team.is_alone() {
        return Ok(());
    }
    let settings = format!("{:?}", CompareConfig { threads: 0, ..config.clone() });
    let files = catalogue::files_digest(&config.layers);
    team.compare(&[("settings", settings), ("the SHA-256 of the text", data.digest()), ("files of layers", files)])
}

/// Largest number of f32 that the examples of one call may take: 2 GiB.
const MOST_NUMBERS: usize = 1 << 29;

/// Refuses more examples at once than fit in memory. Each has a bag of words and `dim` numbers.
fn check_sizes(config: &CompareConfig, examples: usize, dim: usize) -> Result<()> {
    let words = match config.window.direction() {
        Direction::SkipGram => 1,
        Direction::Cbow => 2 * config.window.size(),
    };
    let numbers = examples.saturating_mul(words.max(dim));
    if numbers > MOST_NUMBERS {
        let limit = "at most 536870912 to fit in memory";
        let name = "examples at once × the larger of 2·window and dim";
        return Err(Error::OutOfRange { name, value: numbers as f64, limit });
    }
    Ok(())
}

fn build(config: &CompareConfig, data: &Data, spec: &LayerSpec, team: &Team) -> Result<Model> {
    let context = catalogue::Shape { counts: data.counts(), words: data.words(), dim: config.dim, bias: Bias::Unigram };
    let encoder = config.encoding.build(data.counts().len(), &config.window, config.dim)?;
    Model::over(encoder, spec.build(&context)?, data.counts(), config.optimizer, config.seed, team)
}

fn settings(config: &CompareConfig, spec: &LayerSpec, threads: &Threads) -> train::TrainConfig {
    let tuning = spec.entry().tuning;
    train::TrainConfig {
        batch: config.batch.unwrap_or(tuning.batch),
        rate: config.rate.unwrap_or_else(|| tuning.rate(&config.optimizer)),
        budget: config.budget,
        threads: threads.clone(),
        seed: config.seed,
    }
}

fn per_example(outcome: &Outcome) -> CostPerExample {
    let Cost { multiply_adds, rows_read, rows_written, draws } = outcome.layer_cost;
    let each = |n: u64| n as f64 / outcome.examples as f64;
    CostPerExample {
        multiply_adds: each(multiply_adds),
        rows_read: each(rows_read),
        rows_written: each(rows_written),
        draws: each(draws),
    }
}

fn facts(config: &CompareConfig, data: &Data, threads: usize) -> ConfigFacts {
    let (budget_seconds, budget_examples) = match config.budget {
        Budget::Time(t) => (Some(t.as_secs_f64()), None),
        Budget::Examples(n) => (None, Some(n)),
    };
    ConfigFacts {
        model: config.encoding.kind(&config.window),
        embedding: match config.encoding {
            Encoding::Mean => config.dim,
            Encoding::NGram { embedding } => embedding,
        },
        context: config.window.context(),
        dim: config.dim,
        window: config.window.size(),
        min_count: data.min_count(),
        sample: data.sample(),
        optimizer: config.optimizer.kind(),
        budget_seconds,
        budget_examples,
        threads,
        seed: config.seed,
        dynamic: config.window.is_dynamic(),
        valid_examples: config.valid_examples,
        curve_examples: 0,
        epsilon: EPSILON,
    }
}
