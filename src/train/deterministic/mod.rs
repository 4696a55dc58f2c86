//! Workers whose number and text do not depend on the threads that run them.

mod worker;

use super::order::Order;
use super::state::{Fit, State};
use super::watch::{AtRest, Next, Observer, ProgressReporter};
use super::{Clock, Hogwild, Outcome, Progress, Tally};
use crate::corpus::{Sentences, Subsampler};
use crate::error::{Divergence, Error, Result};
use crate::model::SharedModel;
use crate::table::{Merged, OwnRows, Threads, merge};
use crate::vocab::Counts;
use worker::Worker;

/// Workers, whatever the number of threads: more threads than this find nothing to do. The fewer there are, the less
/// they drift apart between two barriers.
const WORKERS: usize = 4;
/// Words that a worker trains on between two barriers: in the beginning, and always where a layer moves whole tables.
/// Each phase doubles the one before.
const SHORTEST: u64 = 32;
/// At most. With twice as many, vectors of novels lost half a point of analogies; with half as many training took longer.
const LONGEST: u64 = 1_024;
/// Words that a worker trains on between two barriers at which all rows are merged, not just those that are due: in the beginning,
/// and when many have been read.
const ALL_ROWS: [u64; 2] = [8_192, 16_384];
/// So many words read make one word between such barriers.
const SLOWLY: u64 = 64;
/// Words of all after which a layer whose proposal follows the weights looks at them; then whenever there were half as many
/// again, at the barrier that follows.
const FIRST_LOOK: u64 = 1_000;
/// Words between two changes of the rate.
const RATE_WORDS: u64 = 1_000;

/// What all workers look at.
struct Inputs<'a> {
    model: &'a mut SharedModel,
    corpus: &'a dyn Sentences,
    subsampler: Subsampler,
    settings: &'a Hogwild,
    order: Order,
    all_words: u64,
}

/// Trains `model` on a text, as [`hogwild`](super::hogwild()) does, with the same bits for any number of threads.
///
/// # Contract
/// The same binary on the same machine family (the instruction set is chosen at run time), with the same seed, text,
/// model and settings, gives the same weights and the same losses bit by bit, for 1 thread or any other number
/// (`settings.workers`; `settings.cached` does not count).
///
/// # How
/// The text, in pieces scattered over it as in [`hogwild`](super::hogwild()), is dealt to four workers, sentence by sentence; each
/// has random numbers of its own and moves only its own copies of the rows that it touches ([`Overlay`](crate::table::Overlay)).
/// After a fixed number of words comes a barrier: the moves of all are added in the order of the workers ([`merge()`]). Threads take
/// workers in portions as they come and share the rows of a merge. A layer whose proposal follows the weights looks at them at barriers, when
/// all rows are merged.
/// Memory: the rows that each worker has touched between two merges of all rows, and 4 bytes for every row of every table a
/// worker; with a layer that moves whole tables a copy of those for every worker. `observe` hears of every barrier, but
/// not more than ten times a second.
///
/// # Errors
/// Settings that make no sense, [`Error::NoExamples`] if no sentence has two words, [`Error::Diverged`] if a loss or a
/// parameter is not finite, and a file of ids that cannot be read.
pub fn deterministic(
    model: &mut SharedModel,
    corpus: &dyn Sentences,
    counts: &Counts,
    settings: &Hogwild,
    observe: &mut dyn FnMut(&Progress),
) -> Result<Outcome> {
    deterministic_watched(model, corpus, counts, settings, None, &mut ProgressReporter::new(observe))
}

/// The same under the eyes of an [`Observer`], and from where an earlier run of the same settings stood, if `from` says so
/// and `model` has the parameters, and the layer's proposal where that follows them, of that moment: a file with the state has
/// all.
///
/// # Contract
/// Looking leaves no trace: a run that is interrupted at any barrier and goes on from its state gives the bits of one that
/// was not, on any number of threads before and after.
///
/// # Errors
/// As [`deterministic`], what the observer says, and [`Error::StateField`] for a state of another run.
pub fn deterministic_watched(
    model: &mut SharedModel,
    corpus: &dyn Sentences,
    counts: &Counts,
    settings: &Hogwild,
    from: Option<&State>,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    settings.check()?;
    if !corpus.has_pairs() {
        return Err(Error::NoExamples { paths: corpus.paths().to_vec() });
    }
    let all_words = u64::from(settings.epochs) * corpus.ledger().kept;
    let subsampler = Subsampler::new(counts, settings.sample)?;
    let order = Order::new(corpus.len(), corpus.ledger().kept);
    let inputs = Inputs { model, corpus, subsampler, settings, order, all_words };
    if let Some(state) = from {
        let sentences = settings.epochs as u64 * corpus.len() as u64 + WORKERS as u64;
        let (vocab, epochs) = (counts.len(), settings.epochs as usize);
        let fit = Fit { workers: WORKERS, vocab, sentences, epochs, words: all_words, phase: SHORTEST..LONGEST + 1 };
        state.check(&fit)?;
    }
    let mut run = DeterministicRun::new(inputs, from)?;
    run.until_done(observer)?;
    let DeterministicRun { workers, stopped, clock, .. } = run;
    let seconds = clock.seconds();
    let mut tally = Tally::default();
    workers.iter().for_each(|worker| tally.merge(&worker.tally));
    let (epochs, passes, train_loss) = (tally.epochs(), tally.passes.clone(), tally.mean());
    let examples = epochs.iter().map(|e| e.examples).sum();
    let words = workers.iter().map(|w| w.words).sum();
    let layer_cost = workers.iter().map(|w| w.layer_cost).sum();
    let encoder_cost = workers.iter().map(|w| w.encoder_cost).sum();
    Ok(Outcome { examples, words, seconds, train_loss, epochs, passes, layer_cost, encoder_cost, stopped })
}

/// All workers on their way from barrier to barrier.
struct DeterministicRun<'a> {
    inputs: Inputs<'a>,
    threads: Threads,
    workers: Vec<Worker<'a>>,
    /// Words between two barriers, those since all rows were merged, and those read.
    words: u64,
    unmerged: u64,
    read: u64,
    merged: Settled,
    /// Words of all after which the layer looks at the weights.
    look: u64,
    clock: Clock,
    stopped: bool,
    /// Examples and summed loss when the observer heard of them last.
    reported: (u64, f64),
}

impl<'a> DeterministicRun<'a> {
    fn new(inputs: Inputs<'a>, from: Option<&State>) -> Result<Self> {
        let mut workers = (0..WORKERS).map(|number| Worker::new(&inputs, number)).collect::<Result<Vec<_>>>()?;
        let (mut words, mut before) = (SHORTEST, 0.0);
        if let Some(state) = from {
            (words, before) = (state.phase, state.seconds());
            workers.iter_mut().zip(&state.workers).for_each(|(worker, state)| worker.restore(state));
        }
        let read = workers.iter().map(|w| w.words).sum();
        let threads = Threads::new(inputs.settings.workers.min(WORKERS));
        let (clock, merged) = (Clock::new(before), Settled::default());
        let first = if inputs.model.layer().adaptive().is_some() { FIRST_LOOK } else { u64::MAX };
        let look = from.map_or(first, |state| state.look);
        let mut run = Self {
            inputs,
            threads,
            workers,
            words,
            unmerged: 0,
            read,
            merged,
            look,
            clock,
            stopped: false,
            reported: (0, 0.0),
        };
        run.reported = run.sums();
        Ok(run)
    }

    /// Until the text is read, the observer stops, or something is not finite.
    fn until_done(&mut self, observer: &mut dyn Observer) -> Result<()> {
        while !self.is_done() && !self.stopped {
            self.threads.clone().inside(|| self.until_merged())?;
            let progress = self.progress();
            let next = observer.progress(&progress);
            self.stopped = next == Next::Stop;
            if next == Next::Look && !self.is_done() {
                self.stopped = self.show(progress, false, observer)? == Next::Stop;
            }
        }
        self.stopped &= !self.is_done();
        let rate = self.inputs.settings.rate.at(self.share());
        if let Some(error) = self.inputs.model.not_finite() {
            return Err(Error::diverged(error, self.sums().0, rate));
        }
        let progress = self.progress();
        self.show(progress, true, observer).map(|_| ())
    }

    fn show(&mut self, progress: Progress, is_end: bool, observer: &mut dyn Observer) -> Result<Next> {
        let seconds = self.clock.pause();
        let state = || State {
            seconds: seconds.to_bits(),
            phase: self.words,
            read: self.read,
            look: self.look,
            workers: self.workers.iter().map(Worker::state).collect(),
        };
        let next = observer.look(&AtRest { progress, model: self.inputs.model, is_end, state: &state });
        self.clock.go_on();
        next
    }

    fn is_done(&self) -> bool {
        self.workers.iter().all(|w| w.is_done(&self.inputs))
    }

    /// Until all rows are merged.
    fn until_merged(&mut self) -> Result<()> {
        while !self.phase()? {}
        Ok(())
    }

    /// All workers once until they meet; whether all rows are merged now.
    fn phase(&mut self) -> Result<bool> {
        let Self { inputs, threads, workers, words, read, merged, .. } = self;
        let inputs = &*inputs;
        workers.iter_mut().for_each(|worker| worker.set_out(*words, *read));
        threads
            .each_in_portions(workers.iter_mut().collect(), *words, |worker, leave| worker.run(inputs, merged, leave));
        if let Some(error) = workers.iter_mut().find_map(|w| w.unread.take()) {
            return Err(error);
        }
        self.unmerged += self.words;
        self.read = self.workers.iter().map(|w| w.words).sum();
        let all = self.unmerged >= (self.read / SLOWLY).clamp(ALL_ROWS[0], ALL_ROWS[1])
            || self.read >= self.look
            || self.is_done();
        self.unmerged = if all { 0 } else { self.unmerged };
        self.merged = self.inputs.merge(&self.workers, all, &self.threads);
        if let Some(worker) = self.workers.iter().find(|w| !w.loss.is_finite()) {
            let rate = self.inputs.settings.rate.at(self.share());
            return Err(Error::diverged(Divergence::Loss(worker.loss), self.sums().0, rate));
        }
        if self.read >= self.look {
            self.inputs.model.refresh();
            self.look = self.read + self.read / 2;
        }
        let is_whole = |w: &Worker| w.encoder.iter().chain(&w.layer).any(OwnRows::is_whole);
        // Whole tables are merged at every barrier.
        let whole = self.workers.iter().any(is_whole);
        if !whole {
            self.words = (2 * self.words).min(LONGEST);
        }
        Ok(all)
    }

    fn share(&self) -> f64 {
        self.read as f64 / self.inputs.all_words as f64
    }

    /// Examples and summed loss of all epochs and workers.
    fn sums(&self) -> (u64, f64) {
        let parts = self.workers.iter().flat_map(|w| &w.tally.epochs);
        parts.fold((0, 0.0), |sum, part| (sum.0 + part.0, sum.1 + part.1))
    }

    fn progress(&mut self) -> Progress {
        let (sums, share) = (self.sums(), self.share());
        let examples = sums.0 - self.reported.0;
        let loss = if examples > 0 { (sums.1 - self.reported.1) / examples as f64 } else { f64::NAN };
        self.reported = sums;
        let rate = self.inputs.settings.rate.at(share);
        Progress { examples: sums.0, words: self.read, seconds: self.clock.seconds(), share, rate, loss }
    }
}

impl Inputs<'_> {
    /// The moves of all workers go into the model.
    fn merge(&self, workers: &[Worker], all: bool, threads: &Threads) -> Settled {
        let (encoder, layer) = (self.model.encoder_tables(), self.model.layer_tables());
        let own = |i| workers.iter().filter_map(|worker| worker.encoder.iter().chain(&worker.layer).nth(i)).collect();
        let tables: Vec<_> = encoder.iter().chain(layer).enumerate().map(|(i, base)| (base, own(i))).collect();
        let mut merged = merge(&tables, all, threads);
        let layer = merged.split_off(encoder.len());
        Settled { encoder: merged, layer }
    }
}

/// What the last barrier has merged of each table.
#[derive(Default)]
struct Settled {
    encoder: Vec<Merged>,
    layer: Vec<Merged>,
}
