//! Workers whose number and text do not depend on the threads that run them.

mod ranks;
mod worker;

use super::base::{Barriers, Inputs, ProgressMeter, complete, outcome, sums};
use super::state::State;
use super::watch::{Next, Observer, ProgressReporter};
use super::{Hogwild, Outcome, Progress};
use crate::corpus::Sentences;
use crate::error::Result;
use crate::model::SharedModel;
use crate::peers::Team;
use crate::table::{Merged, OwnRows, SharedMatrix, Threads, add_moves, rows_to_merge};
use crate::vocab::Counts;
use ranks::Ranks;
pub(crate) use ranks::{check_ranks, same_program};
use worker::Worker;

/// Number of workers, for any number of threads; more threads than workers stay idle. Fewer workers drift apart less
/// between two barriers.
const WORKERS: usize = 4;
/// Words that a worker trains on in the first phase (between two barriers). Each phase doubles the one before, except
/// with a layer that moves whole tables: there every phase has this length.
const SHORTEST: u64 = 32;
/// Longest phase. Longer ones lose quality of the vectors; shorter ones cost time.
const LONGEST: u64 = 1_024;
/// Words that a worker trains on between two barriers at which all rows are merged: at the beginning, and after many
/// words. Other barriers merge only the rows that are due.
const ALL_ROWS: [u64; 2] = [8_192, 16_384];
/// Growth of that distance: one word for this many words read.
const SLOWLY: u64 = 64;
/// Words of all workers after which a layer with an adaptive proposal looks at the weights for the first time. Later
/// looks follow whenever half as many words have been added, at the next barrier.
const FIRST_LOOK: u64 = 1_000;
/// Words between two changes of the rate.
const RATE_WORDS: u64 = 1_000;

/// Trains `model` on a text as [`hogwild`](super::hogwild()) does, with the same bits for any number of threads.
///
/// # Contract
/// The weights and the losses are the same bit by bit for 1 thread or any other number (`settings.workers`). This holds
/// for the same binary on the same machine family, with the same seed, text, model and settings. (The instruction set
/// is chosen at run time.) `settings.cached` has no effect.
///
/// # Method
/// The text comes in pieces scattered over it, as in [`hogwild`](super::hogwild()), and is dealt to four workers
/// sentence by sentence. Each worker has its own random numbers and moves only its own copies of the rows that it
/// touches ([`Overlay`](crate::table::Overlay)). After a fixed number of words there is a barrier, where the moves of
/// all workers are added in the order of the workers ([`merge`](crate::table::merge())). Threads take workers in
/// portions as they become free, and share the rows of a merge. A layer with an adaptive proposal looks at the weights
/// at barriers at which all rows are merged.
///
/// `observe` hears of every barrier, but at most ten times a second.
///
/// # Memory
/// Each worker holds the rows that it has touched between two merges of all rows, and 4 bytes for every row of every
/// table. With a layer that moves whole tables, each worker holds a copy of those tables.
///
/// # Errors
/// - [`Error::OutOfRange`](crate::Error::OutOfRange) for a setting that makes no sense.
/// - [`Error::NoBlocks`](crate::Error::NoBlocks) if the settings ask for blocks and the model takes none.
/// - [`Error::NoExamples`](crate::Error::NoExamples) if no sentence has two words.
/// - [`Error::Diverged`](crate::Error::Diverged) if a loss or a parameter is not finite.
/// - [`Error::Io`](crate::Error::Io) for a file of ids that cannot be read.
pub fn deterministic(
    model: &mut SharedModel,
    corpus: &dyn Sentences,
    counts: &Counts,
    settings: &Hogwild,
    observe: &mut dyn FnMut(&Progress),
) -> Result<Outcome> {
    deterministic_watched(model, corpus, counts, settings, None, &mut ProgressReporter::new(observe))
}

/// Trains as [`deterministic`] does, with an [`Observer`], and from the [`State`] of an earlier run if `from` has one.
///
/// To resume, the settings must be those of the earlier run. `model` must have the parameters of the moment of the
/// state, and the adaptive proposal of the layer if it has one; a model file with a state holds all of these.
///
/// # Contract
/// Looking does not change the result. A run may be interrupted at any barrier and resumed from its state. It then
/// gives the bits of an uninterrupted run, on any number of threads before and after.
///
/// # Errors
/// The errors of [`deterministic`], the observer's error, and [`Error::StateField`](crate::Error::StateField) for the
/// state of another run.
pub fn deterministic_watched(
    model: &mut SharedModel,
    corpus: &dyn Sentences,
    counts: &Counts,
    settings: &Hogwild,
    from: Option<&State>,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    deterministic_over(model, corpus, counts, settings, &Team::default(), from, observer)
}

/// Trains as [`deterministic_watched`] does, on several processes. The four workers are dealt to 1, 2 or 4 ranks.
///
/// Every rank calls this with the same text, settings and state, and with a model that has the same parameters. Each
/// holds the whole text and the whole model. The number of threads may differ.
///
/// # Contract
/// The model, the losses and all counts of the outcome are the same bytes on every rank, and those of one process. A
/// state that one number of ranks has left serves any other.
///
/// # Method
/// At a barrier the ranks exchange where their workers stand, and then the rows to merge that these have moved. Every
/// rank merges the moves of all workers in the order of the workers. The progress is that of all ranks. The observers
/// of all ranks are asked at the same barriers: the run stops if one of them says so, and shows the model if one of
/// them asks. A text that one rank cannot read, or a loss that is not finite, ends the run on all ranks at the same
/// barrier.
///
/// # Cost
/// A barrier takes two messages from each rank to every other rank. The second one has 4 bytes for each worker and
/// table, and 8 + 4·(dim + bias) bytes for each row to merge and each worker that moved it. A barrier follows after at
/// most 4,096 trained words of all ranks, so this mode needs a fast network; it serves proofs and tests.
///
/// # Errors
/// The errors of [`deterministic_watched`], on every rank. The number of ranks gives
/// [`Error::OutOfRange`](crate::Error::OutOfRange) unless it is 1, 2 or 4. An input that differs between ranks gives
/// [`RanksFault::Differ`](crate::error::RanksFault::Differ). An error of another rank is
/// [`RanksFault::Other`](crate::error::RanksFault::Other).
pub fn deterministic_over(
    model: &mut SharedModel,
    corpus: &dyn Sentences,
    counts: &Counts,
    settings: &Hogwild,
    team: &Team,
    from: Option<&State>,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    let mut ranks = Ranks::new(team)?;
    let prepared = || {
        let inputs = Inputs::new(corpus, counts, settings)?;
        settings.check_model(model)?;
        if let Some(state) = from {
            inputs.check(state, WORKERS, WORKERS, SHORTEST..LONGEST + 1)?;
        }
        Ok(inputs)
    };
    let inputs = ranks.agree(prepared())?;
    ranks.compare(model, (&inputs, counts), from)?;
    let mut run = DeterministicRun::new(model, &inputs, ranks, from);
    let stopped = run.until_done(observer)?;
    let workers: Vec<_> = run.workers.iter().map(|worker| &worker.base).collect();
    Ok(outcome(&workers, 0, &run.meter, stopped))
}

/// All workers, on their way from barrier to barrier.
struct DeterministicRun<'a> {
    model: &'a mut SharedModel,
    inputs: &'a Inputs<'a>,
    ranks: Ranks,
    threads: Threads,
    workers: Vec<Worker<'a>>,
    /// Words of a phase, words since all rows were merged, and words read.
    words: u64,
    unmerged: u64,
    read: u64,
    merged: Settled,
    /// Number of words of all workers at which the layer next looks at the weights.
    look: u64,
    meter: ProgressMeter,
}

impl<'a> DeterministicRun<'a> {
    fn new(model: &'a mut SharedModel, inputs: &'a Inputs<'a>, ranks: Ranks, from: Option<&State>) -> Self {
        let worker = |number| Worker::new(inputs, model, number, from.map(|state| &state.workers[number]));
        let workers: Vec<_> = (0..WORKERS).map(worker).collect();
        let reported = sums(workers.iter().map(|w| &w.base.tally));
        let first = if model.layer().adaptive().is_some() { FIRST_LOOK } else { u64::MAX };
        Self {
            model,
            inputs,
            threads: Threads::new(inputs.settings.workers.min(WORKERS)),
            ranks,
            words: from.map_or(SHORTEST, |state| state.phase),
            unmerged: 0,
            read: workers.iter().map(|w| w.base.words).sum(),
            workers,
            merged: Settled::default(),
            look: from.map_or(first, |state| state.look),
            meter: ProgressMeter::new(from.map_or(0.0, State::seconds), reported),
        }
    }

    /// Runs until all rows are merged.
    fn until_merged(&mut self) -> Result<()> {
        while !self.phase()? {}
        Ok(())
    }

    /// Runs all workers once until the next barrier. Returns whether all rows are merged there.
    fn phase(&mut self) -> Result<bool> {
        let Self { model, inputs, ranks, threads, workers, words, read, merged, .. } = self;
        let (inputs, model) = (*inputs, &**model);
        let own = &mut workers[ranks.own()];
        own.iter_mut().for_each(|worker| worker.set_out(*words, *read));
        threads.each_in_portions(own.iter_mut().collect(), *words, |worker, leave| {
            worker.run(inputs, model, merged, leave)
        });
        ranks.exchange_places(workers);
        *read = workers.iter().map(|w| w.base.words).sum();
        let mut bases: Vec<_> = workers.iter_mut().map(|worker| &mut worker.base).collect();
        inputs.check_workers(&mut bases, *read)?;
        self.unmerged += self.words;
        let all = self.unmerged >= (self.read / SLOWLY).clamp(ALL_ROWS[0], ALL_ROWS[1])
            || self.read >= self.look
            || self.is_done();
        self.unmerged = if all { 0 } else { self.unmerged };
        self.merge(all);
        if self.read >= self.look {
            self.model.refresh();
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

    /// Adds the moves of all workers to the model: those of the rows that are due, or of all rows.
    fn merge(&mut self, all: bool) {
        let Self { model, ranks, threads, workers, merged, .. } = self;
        let model = &**model;
        let mut encoder = rows_to_merge(&moves(model, workers), all);
        let layer = encoder.split_off(model.encoder_tables().len());
        *merged = Settled { encoder, layer };
        ranks.exchange_rows(model, workers, merged);
        add_moves(&moves(model, workers), merged.encoder.iter().chain(&merged.layer), threads);
    }
}

impl Barriers for DeterministicRun<'_> {
    fn is_done(&self) -> bool {
        self.workers.iter().all(|w| w.is_done(self.inputs))
    }

    /// The barriers are those at which all rows are merged.
    fn until_barrier(&mut self, observer: &mut dyn Observer) -> Result<(Next, Progress)> {
        self.threads.clone().inside(|| self.until_merged())?;
        let progress = self.progress();
        let next = self.ranks.strongest(observer.progress(&progress));
        Ok((next, progress))
    }

    fn show(&mut self, progress: Progress, is_end: bool, observer: &mut dyn Observer) -> Result<Next> {
        let Self { model, inputs, ranks, workers, words, read, look, meter, .. } = self;
        ranks.exchange_states(workers);
        let passes = workers.iter().map(|worker| worker.passes(inputs)).min().unwrap_or_default();
        let epochs = complete(workers.iter().map(|w| &w.base.tally), passes);
        let state = |seconds: f64| State {
            seconds: seconds.to_bits(),
            phase: *words,
            read: *read,
            look: *look,
            portions: 1,
            workers: workers.iter().map(Worker::state).collect(),
        };
        let next = meter.show(inputs, (&**model).into(), (progress, is_end, epochs), &state, observer);
        let next = ranks.agree(next)?;
        Ok(ranks.strongest(next))
    }

    fn progress(&mut self) -> Progress {
        let sums = sums(self.workers.iter().map(|w| &w.base.tally));
        self.meter.progress(self.inputs, sums, self.read)
    }
}

/// The tables of a model, each with its rows from all workers.
fn moves<'m>(model: &'m SharedModel, workers: &'m [Worker]) -> Vec<(&'m SharedMatrix, Vec<&'m OwnRows>)> {
    let tables = model.encoder_tables().iter().chain(model.layer_tables()).enumerate();
    let own = |i| workers.iter().filter_map(|worker| worker.encoder.iter().chain(&worker.layer).nth(i)).collect();
    tables.map(|(i, base)| (base, own(i))).collect()
}

/// Rows of each table that the last barrier merged.
#[derive(Default)]
struct Settled {
    encoder: Vec<Merged>,
    layer: Vec<Merged>,
}
