//! Parts of the trainers over texts that do not depend on how the workers are scheduled.

mod meter;
mod stepper;
mod worker;

pub use meter::ProgressMeter;
pub use stepper::Stepper;
pub use worker::WorkerBase;

use super::order::Order;
use super::state::{Fit, State};
use super::watch::{Next, Observer};
use super::{Epoch, Hogwild, Outcome, Progress, Tally};
use crate::corpus::{Sentences, Subsampler};
use crate::error::{Divergence, Error, Result};
use crate::vocab::Counts;
use std::ops::Range;

/// The text and the settings, read by all workers.
pub struct Inputs<'a> {
    pub corpus: &'a dyn Sentences,
    pub subsampler: Subsampler,
    pub settings: &'a Hogwild,
    pub order: Order,
    /// Words over all epochs.
    pub all_words: u64,
    vocab: usize,
}

impl<'a> Inputs<'a> {
    /// Checks the settings and prepares the order of the text.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a setting that makes no sense, and [`Error::NoExamples`] if no sentence has two words.
    pub fn new(corpus: &'a dyn Sentences, counts: &Counts, settings: &'a Hogwild) -> Result<Self> {
        settings.check()?;
        if !corpus.has_pairs() {
            return Err(Error::NoExamples { paths: corpus.paths().to_vec() });
        }
        let kept = corpus.ledger().kept;
        let all_words = u64::from(settings.epochs) * kept;
        let subsampler = Subsampler::new(counts, settings.sample)?;
        let order = Order::new(corpus.len(), kept);
        Ok(Self { corpus, subsampler, settings, order, all_words, vocab: counts.len() })
    }

    /// Sentences over all epochs.
    pub fn sentences(&self) -> usize {
        self.epochs() * self.corpus.len()
    }

    pub fn epochs(&self) -> usize {
        self.settings.epochs as usize
    }

    /// Share of all words (over all epochs) after `read` words.
    pub fn share(&self, read: u64) -> f64 {
        read as f64 / self.all_words as f64
    }

    /// Learning rate after `read` words of all epochs.
    pub fn rate(&self, read: u64) -> f32 {
        self.settings.rate.at(self.share(read))
    }

    /// Checks whether `workers` workers can resume from a state. The next sentence of a worker is at most `beyond`
    /// sentences behind the last one of the text; `phase` is the range that [`State::phase`](State) may have.
    ///
    /// # Errors
    /// [`Error::StateField`] for the state of another run.
    pub fn check(&self, state: &State, workers: usize, beyond: usize, phase: Range<u64>) -> Result<()> {
        let sentences = (self.sentences() + beyond) as u64;
        let (vocab, epochs, words) = (self.vocab, self.epochs(), self.all_words);
        state.check(&Fit { workers, vocab, sentences, epochs, words, phase })
    }

    /// Error of a run that diverged after `examples` examples, when `read` words of all epochs were read.
    pub fn diverged(&self, cause: Divergence, examples: u64, read: u64) -> Error {
        Error::diverged(cause, examples, self.rate(read))
    }

    /// Returns the error of the first worker with a loss that is not finite. If there is none, returns the error of the
    /// first worker that could not read the text.
    pub fn check_workers(&self, workers: &mut [&mut WorkerBase], read: u64) -> Result<()> {
        if let Some(loss) = workers.iter().find_map(|w| w.diverged) {
            let (examples, _) = sums(workers.iter().map(|w| &w.tally));
            return Err(self.diverged(Divergence::Loss(loss), examples, read));
        }
        workers.iter_mut().find_map(|w| w.unread.take()).map_or(Ok(()), Err)
    }
}

/// A run from barrier to barrier.
pub trait Barriers {
    /// Whether the text is read and trained on.
    fn is_done(&self) -> bool;

    /// Trains to a barrier. Returns what the observer asks for there, and the progress that it has heard of.
    fn until_barrier(&mut self, observer: &mut dyn Observer) -> Result<(Next, Progress)>;

    /// The progress of this moment.
    fn progress(&mut self) -> Progress;

    /// Shows the model to the observer.
    fn show(&mut self, progress: Progress, is_end: bool, observer: &mut dyn Observer) -> Result<Next>;

    /// Runs until the text is read, the observer stops, or a number is not finite. Returns whether the observer stopped
    /// the run before its end.
    fn until_done(&mut self, observer: &mut dyn Observer) -> Result<bool> {
        let mut stopped = false;
        while !self.is_done() && !stopped {
            let (next, progress) = self.until_barrier(observer)?;
            stopped = next == Next::Stop;
            if next == Next::Look && !self.is_done() {
                stopped = self.show(progress, false, observer)? == Next::Stop;
            }
        }
        stopped &= !self.is_done();
        let progress = self.progress();
        self.show(progress, true, observer)?;
        Ok(stopped)
    }
}

/// Examples and summed loss over all epochs.
pub fn sums<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> (u64, f64) {
    let epochs = tallies.into_iter().flat_map(|tally| &tally.epochs);
    epochs.fold((0, 0.0), |sum, epoch| (sum.0 + epoch.0, sum.1 + epoch.1))
}

/// Training criterion of the first `complete` passes.
pub fn complete<'a>(tallies: impl IntoIterator<Item = &'a Tally>, complete: usize) -> Vec<Epoch> {
    let mut all = Tally::default();
    tallies.into_iter().for_each(|tally| all.merge(tally));
    all.epochs.resize(complete, (0, 0.0));
    all.epochs.iter().map(|(n, sum)| Epoch { examples: *n, train_loss: sum / *n as f64 }).collect()
}

/// Outcome of a run whose workers are at rest. `words` are the words that no worker's own count contains.
pub fn outcome(workers: &[&WorkerBase], words: u64, meter: &ProgressMeter, stopped: bool) -> Outcome {
    let mut tally = Tally::default();
    workers.iter().for_each(|worker| tally.merge(&worker.tally));
    let epochs = tally.epochs();
    Outcome {
        examples: epochs.iter().map(|e| e.examples).sum(),
        words: words + workers.iter().map(|w| w.words).sum::<u64>(),
        seconds: meter.seconds(),
        train_loss: tally.mean(),
        epochs,
        passes: tally.passes,
        layer_cost: workers.iter().map(|w| w.layer_cost).sum(),
        encoder_cost: workers.iter().map(|w| w.encoder_cost).sum(),
        traffic: workers.iter().map(|w| w.traffic).sum(),
        stopped,
    }
}
