//! The training loop: one for every layer, every optimizer, online and mini-batch.

mod base;
mod block;
mod deterministic;
mod hogwild;
mod order;
mod schedule;
mod state;
mod watch;
mod workspace;

pub use deterministic::{deterministic, deterministic_watched};
pub use hogwild::{Hogwild, hogwild, hogwild_watched};
pub use schedule::{Budget, LinearDecay};
pub use state::State;
pub use watch::{AtRest, Next, Observer};

use crate::corpus::{ExampleSource, Examples};
use crate::error::{Divergence, Error, Result};
use crate::layer::LayerExt;
use crate::model::{Model, Updates};
use crate::rng::WorkerRng;
use crate::sampler::is_look_due;
use crate::table::{Cost, Threads, Traffic};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};
use workspace::{Ahead, Workspace};

/// How to train.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TrainConfig {
    /// Examples in a mini-batch; 1 updates online.
    pub batch: usize,
    /// The rate at the start; it falls linearly to nothing at the end of the budget.
    pub rate: f32,
    /// When to stop.
    pub budget: Budget,
    /// The threads that dense layers may use. Results do not depend on their number.
    pub threads: Threads,
    /// The seed of what layers draw.
    pub seed: u64,
}

impl TrainConfig {
    /// Mini-batches of this size, on one thread, with seed 1.
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

/// Where a training run stands.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress {
    /// Examples seen.
    pub examples: u64,
    /// Words read, those too that subsampling drops.
    pub words: u64,
    /// Seconds of training.
    pub seconds: f64,
    /// The share of the budget that is used, 0 to 1.
    pub share: f64,
    /// The rate in force.
    pub rate: f32,
    /// Mean training criterion since the last report, nats an example; NaN where no example came since.
    pub loss: f64,
}

/// The training criterion over one pass of the text.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Epoch {
    /// Examples in it.
    pub examples: u64,
    /// Mean loss, nats an example, in f64.
    pub train_loss: f64,
}

/// What became of the words of one pass of the text: `read - dropped` are trained on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Pass {
    /// Words read.
    pub read: u64,
    /// Words dropped by subsampling, as counted.
    pub dropped: u64,
}

/// What a training run came to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// Examples seen.
    pub examples: u64,
    /// Words read, those too that subsampling drops.
    pub words: u64,
    /// Seconds of training, those before a resumed run too.
    pub seconds: f64,
    /// Mean training criterion, nats an example, over all examples.
    pub train_loss: f64,
    /// The same for every pass of the text that was begun.
    pub epochs: Vec<Epoch>,
    /// The words of every pass that was begun; empty under [`train`], whose source subsamples on its own.
    pub passes: Vec<Pass>,
    /// The work of the output layer.
    pub layer_cost: Cost,
    /// The work of the encoder.
    pub encoder_cost: Cost,
    /// Rows that the workers moved between the memory that all share and their own, since this run began or was resumed.
    pub traffic: Traffic,
    /// Whether an observer stopped the run before its end.
    pub stopped: bool,
}

/// Sums of losses, in f64, by pass of the text.
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

    /// Notes words of a pass that were read, and how many of them subsampling dropped.
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

/// Trains `model` on what `source` gives until the budget is used; `observe` hears of every batch.
///
/// The same seed, source and number of examples give the same bits; under a time budget only the order is the same.
///
/// # Errors
/// Settings that make no sense, and [`Error::Diverged`] as soon as a loss is not finite.
pub fn train(
    model: &mut Model,
    source: &mut dyn ExampleSource,
    settings: &TrainConfig,
    observe: &mut dyn FnMut(&Progress),
) -> Result<Outcome> {
    train_and_look(model, source, settings, &[], observe, &mut |_, _| {})
}

/// The same; whenever a share of the budget in `stops` (rising) is used, and at the end, `look` sees the model as it
/// stands. Looking is not training time and leaves no trace: the bits are those of [`train`].
///
/// # Errors
/// As [`train`].
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

/// A training run on its way.
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
    /// Observers' time is not training time.
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

    /// Trains until that share of the budget is used.
    fn until(
        &mut self,
        share: f64,
        model: &mut Model,
        source: &mut dyn ExampleSource,
        observe: &mut dyn FnMut(&Progress),
    ) -> Result<()> {
        let TrainConfig { batch, rate, budget, threads, .. } = self.settings;
        let updates = if *batch == 1 { Updates::Online } else { Updates::Deferred };
        let mut model = model.trainable(updates, *rate, threads);
        let decay = LinearDecay::new(*rate);
        let at = &mut self.at;
        while at.share < share {
            let epoch = source.epoch();
            let count = source.fill(budget.next_batch(*batch, at.examples), &mut self.examples);
            at.rate = decay.at(at.share);
            model.handles.encoder.set_rate(at.rate);
            model.handles.layer.set_rate(at.rate);
            if is_look_due(self.batches)
                && let Some(proposal) = model.layer.adaptive_mut()
            {
                proposal.refresh(&mut model.handles.layer);
            }
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
            at.share = budget.share(at.examples, at.seconds);
            observe(at);
            self.watched += now.elapsed();
        }
        self.layer_cost += model.handles.layer.cost();
        self.encoder_cost += model.handles.encoder.cost();
        Ok(())
    }
}

/// The stream of random numbers that layers draw from.
const NOISE_STREAM: u64 = 3;
