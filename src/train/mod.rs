//! The training loops. They serve every output layer and every optimizer, online (one position a step) and in
//! mini-batches.
//!
//! # Choosing a trainer
//!
//! | trainer | use it when | gives the same bits |
//! |---|---|---|
//! | [`train()`] | the examples come from any [`ExampleSource`]; any optimizer | yes, under a budget of examples |
//! | [`train_and_look()`] | as [`train()`], and the model is evaluated on the way | as [`train()`] |
//! | [`hogwild()`] | word vectors from a text are needed fast | with one worker only |
//! | [`deterministic()`] | word vectors must be reproducible on several threads | for any number of threads |
//! | [`batches()`] | word vectors come from a dense layer, or any optimizer | for any number of threads |
//!
//! Use [`train()`] for language models and for comparisons of layers. Use [`hogwild()`] for word vectors. Use
//! [`deterministic()`] if the same vectors must come out again on several threads; on one thread, [`hogwild()`] with
//! one worker is reproducible as well. Use [`batches()`] for word vectors with a layer that reads most of its rows in
//! every step, such as full softmax, or with Adagrad.
//!
//! The costs:
//!
//! - [`train()`] runs one loop. Dense layers use up to [`TrainConfig::threads`] threads.
//! - [`train_and_look()`] costs as much; its looks do not count as training time.
//! - [`hogwild()`] runs one thread per worker, without locks.
//! - [`deterministic()`] is slower than [`hogwild()`]: workers wait at barriers. It holds private copies of the rows
//!   that its four workers touch.
//! - [`batches()`] runs one loop; dense layers use all threads. With full softmax it is much faster than the others,
//!   which read and write the whole table for every example.
//!
//! [`hogwild_watched()`], [`deterministic_watched()`] and [`batches_watched()`] also take an [`Observer`], which can
//! evaluate or stop the run, and a [`State`] from which an earlier run is resumed. [`deterministic_over()`] trains on
//! several processes.
//!
//! [`train()`] and [`batches()`] take a [`Model`]. [`hogwild()`] and [`deterministic()`] take a
//! [`SharedModel`](crate::model::SharedModel), which has plain SGD as its optimizer. The trainers of texts have the
//! settings [`Hogwild`].

mod base;
mod batches;
mod block;
mod deterministic;
mod hogwild;
mod order;
mod schedule;
mod state;
mod watch;
mod workspace;

pub use batches::{batches, batches_watched};
pub(crate) use deterministic::{check_ranks, same_program};
pub use deterministic::{deterministic, deterministic_over, deterministic_watched};
pub use hogwild::{Hogwild, hogwild, hogwild_watched};
pub use schedule::{Budget, LinearDecay};
pub use state::State;
pub(crate) use watch::MeanLoss;
pub use watch::{AtRest, Next, Observer};

use crate::corpus::{ExampleSource, Examples};
use crate::error::{Divergence, Error, Result};
use crate::layer::LayerExt;
use crate::model::{Model, Trainable, Updates};
use crate::rng::WorkerRng;
use crate::sampler::is_look_due;
use crate::table::{Cost, Threads, Traffic};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};
use workspace::{Ahead, Workspace};

/// Settings of [`train()`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TrainConfig {
    /// Examples in a mini-batch; 1 updates online.
    pub batch: usize,
    /// Initial learning rate. It falls linearly to almost 0 at the end of the budget ([`LinearDecay::new`]).
    pub rate: f32,
    /// Budget after which training stops.
    pub budget: Budget,
    /// Threads that dense layers may use. Results do not depend on their number.
    pub threads: Threads,
    /// Seed of the random draws of the layer.
    pub seed: u64,
}

impl TrainConfig {
    /// Mini-batches of `batch` examples, on one thread, with seed 1.
    pub fn new(batch: usize, rate: f32, budget: Budget) -> Self {
        Self { batch, rate, budget, threads: Threads::default(), seed: 1 }
    }

    fn check(&self) -> Result<()> {
        if self.batch == 0 {
            return Err(Error::OutOfRange { name: "batch", value: 0.0, limit: "1 or more" });
        }
        if !(self.rate >= 0.0 && self.rate.is_finite()) {
            let value = f64::from(self.rate);
            return Err(Error::OutOfRange { name: "rate", value, limit: "0 or more, and finite" });
        }
        self.budget.check()
    }
}

/// Progress of a training run, as reported to its observer.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress {
    /// Examples seen.
    pub examples: u64,
    /// Words read, including those that subsampling drops.
    pub words: u64,
    /// Training time, in seconds.
    pub seconds: f64,
    /// Share of the budget that is used, 0 to 1.
    pub share: f64,
    /// Learning rate in force.
    pub rate: f32,
    /// Mean training criterion since the last report, in nats per example; NaN if there was no example since.
    pub loss: f64,
}

/// Training criterion over one pass of the text.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Epoch {
    /// Examples of the pass.
    pub examples: u64,
    /// Mean loss, in nats per example, summed in f64.
    pub train_loss: f64,
}

/// Words of one pass of the text. `read - dropped` words are trained on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Pass {
    /// Words read.
    pub read: u64,
    /// Words that subsampling dropped (counted, not expected).
    pub dropped: u64,
}

/// Result of a training run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// Examples seen.
    pub examples: u64,
    /// Words read, including those that subsampling drops.
    pub words: u64,
    /// Training time in seconds, including the time before a resumed run was interrupted.
    pub seconds: f64,
    /// Mean training criterion over all examples, in nats per example.
    pub train_loss: f64,
    /// Training criterion of every pass of the text that was begun.
    pub epochs: Vec<Epoch>,
    /// Words of every pass that was begun. Empty under [`train`], whose source subsamples by itself.
    pub passes: Vec<Pass>,
    /// Work of the output layer.
    pub layer_cost: Cost,
    /// Work of the encoder.
    pub encoder_cost: Cost,
    /// Rows moved between the shared tables and the workers' copies, since this run began or was resumed.
    pub traffic: Traffic,
    /// Whether an observer stopped the run before its end.
    pub stopped: bool,
}

/// Sums of the losses in f64, one per pass of the text.
#[derive(Clone, Debug, Default)]
struct Tally {
    epochs: Vec<(u64, f64)>,
    passes: Vec<Pass>,
}

impl Tally {
    fn add(&mut self, epoch: u64, examples: usize, loss: f64) {
        let epoch = epoch as usize;
        if self.epochs.len() <= epoch {
            self.epochs.resize(epoch + 1, (0, 0.0));
        }
        self.epochs[epoch].0 += examples as u64;
        self.epochs[epoch].1 += loss;
    }

    fn merge(&mut self, other: &Self) {
        for (epoch, (examples, loss)) in other.epochs.iter().enumerate() {
            self.add(epoch as u64, *examples as usize, *loss);
        }
        for (epoch, Pass { read, dropped }) in other.passes.iter().enumerate() {
            self.read(epoch, *read, *dropped);
        }
    }

    /// Counts words of a pass that were read, and those of them that subsampling dropped.
    fn read(&mut self, epoch: usize, read: u64, dropped: u64) {
        if self.passes.len() <= epoch {
            self.passes.resize(epoch + 1, Pass::default());
        }
        self.passes[epoch].read += read;
        self.passes[epoch].dropped += dropped;
    }

    fn mean(&self) -> f64 {
        let sum = self.epochs.iter().fold((0, 0.0), |sum, e| (sum.0 + e.0, sum.1 + e.1));
        sum.1 / sum.0.max(1) as f64
    }

    fn epochs(&self) -> Vec<Epoch> {
        let begun = self.epochs.iter().filter(|e| e.0 > 0);
        begun.map(|(n, sum)| Epoch { examples: *n, train_loss: sum / *n as f64 }).collect()
    }
}

/// Trains `model` on the examples of `source` until the budget is used. `observe` is called after every batch.
///
/// The same seed, source and number of examples give the same bits. Under a time budget only the order of the examples
/// is the same.
///
/// # Errors
/// [`Error::OutOfRange`] for a setting that makes no sense, and [`Error::Diverged`] as soon as a loss is not finite.
pub fn train(
    model: &mut Model,
    source: &mut dyn ExampleSource,
    settings: &TrainConfig,
    observe: &mut dyn FnMut(&Progress),
) -> Result<Outcome> {
    train_and_look(model, source, settings, &[], observe, &mut |_, _| {})
}

/// Trains as [`train`] does, and shows the model to `look` on the way.
///
/// `look` is called whenever a share of the budget in `stops` (in rising order) is used, and at the end. Its time does
/// not count as training time, and it does not change the result: the bits are those of [`train`].
///
/// # Errors
/// The errors of [`train`].
pub fn train_and_look(
    model: &mut Model,
    source: &mut dyn ExampleSource,
    settings: &TrainConfig,
    stops: &[f64],
    observe: &mut dyn FnMut(&Progress),
    look: &mut dyn FnMut(&Model, &Progress),
) -> Result<Outcome> {
    settings.check()?;
    let mut run = BatchRun::new(model.layer().dim(), settings);
    while run.at.share < 1.0 {
        let stop = stops.iter().copied().find(|stop| *stop > run.at.share).unwrap_or(1.0);
        run.until(stop.min(1.0), model, source, observe)?;
        let now = Instant::now();
        look(model, &run.at);
        run.watched += now.elapsed();
    }
    let BatchRun { at, tally, layer_cost, encoder_cost, .. } = run;
    Ok(Outcome {
        examples: at.examples,
        words: at.words,
        seconds: at.seconds,
        train_loss: tally.mean(),
        epochs: tally.epochs(),
        passes: Vec::new(),
        layer_cost,
        encoder_cost,
        traffic: Traffic::default(),
        stopped: false,
    })
}

/// A training run in progress.
struct BatchRun<'a> {
    settings: &'a TrainConfig,
    work: Workspace,
    examples: Examples,
    tally: Tally,
    layer_cost: Cost,
    encoder_cost: Cost,
    at: Progress,
    batches: u64,
    start: Instant,
    /// Time spent in observers, which is not training time.
    watched: Duration,
}

impl<'a> BatchRun<'a> {
    fn new(dim: usize, settings: &'a TrainConfig) -> Self {
        Self {
            settings,
            work: Workspace::new(dim, WorkerRng::new(settings.seed, NOISE_STREAM)),
            examples: Examples::new(),
            tally: Tally::default(),
            layer_cost: Cost::default(),
            encoder_cost: Cost::default(),
            at: Progress { examples: 0, words: 0, seconds: 0.0, share: 0.0, rate: settings.rate, loss: 0.0 },
            batches: 0,
            start: Instant::now(),
            watched: Duration::ZERO,
        }
    }

    /// Trains until `share` of the budget is used.
    fn until(
        &mut self,
        share: f64,
        model: &mut Model,
        source: &mut dyn ExampleSource,
        observe: &mut dyn FnMut(&Progress),
    ) -> Result<()> {
        let TrainConfig { batch, rate, budget, threads, .. } = self.settings;
        let mut team = model.divisions().team().clone();
        let updates = if *batch == 1 { Updates::Online } else { Updates::Deferred };
        let mut model = model.trainable(updates, *rate, threads);
        let decay = LinearDecay::new(*rate);
        let at = &mut self.at;
        while at.share < share {
            let epoch = source.epoch();
            let count = source.fill(budget.next_batch(*batch, at.examples), &mut self.examples);
            at.rate = decay.at(at.share);
            begin_batch(&mut model, at.rate, self.batches);
            self.batches += 1;
            let loss =
                self.work.step(model.encoder, &*model.layer, &mut model.handles, &self.examples, Ahead::default());
            model.handles.layer.flush();
            model.handles.encoder.flush();
            self.tally.add(epoch, count, loss);
            at.examples += count as u64;
            at.words = source.tokens();
            at.loss = loss / count as f64;
            if !loss.is_finite() {
                return Err(Error::diverged(Divergence::Loss(loss), at.examples, at.rate));
            }
            let now = Instant::now();
            at.seconds = (now - self.start - self.watched).as_secs_f64();
            if matches!(budget, Budget::Time(_)) {
                // Ranks stop after the same batch.
                at.seconds = team.of_first(at.seconds);
            }
            at.share = budget.share(at.examples, at.seconds);
            observe(at);
            self.watched += now.elapsed();
        }
        self.layer_cost += model.handles.layer.cost();
        self.encoder_cost += model.handles.encoder.cost();
        Ok(())
    }
}

/// Sets the rate of a batch. An adaptive proposal looks at the weights if its time has come.
fn begin_batch(model: &mut Trainable, rate: f32, batches: u64) {
    model.handles.encoder.set_rate(rate);
    model.handles.layer.set_rate(rate);
    if is_look_due(batches)
        && let Some(proposal) = model.layer.adaptive_mut()
    {
        proposal.refresh(&mut model.handles.layer);
    }
}

/// Stream number of the random numbers that layers draw.
const NOISE_STREAM: u64 = 3;
