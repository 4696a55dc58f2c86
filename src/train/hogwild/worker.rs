//! A Hogwild worker: its handles, and its portion of the text.

use super::super::base::{WorkerBase, sums};
use super::super::state::WorkerState;
use super::{Hogwild, HogwildRun, RATE_WORDS};
use crate::error::Result;
use crate::layer::LayerExt;
use crate::model::Handles;
use crate::table::CachedRows;
use std::iter::once;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

/// Everything that one worker owns.
pub(super) struct Worker<'a> {
    run: &'a HogwildRun<'a>,
    number: usize,
    pub base: WorkerBase<'a>,
    handles: Handles<'a>,
    /// Sentences of the portion that are still to be read, counted over all epochs.
    pub left: Range<usize>,
    /// Positions since the thread last yielded.
    since: u64,
}

impl<'a> Worker<'a> {
    pub fn new(run: &'a HogwildRun<'a>, number: usize, from: Option<&WorkerState>) -> Self {
        let Hogwild { rate, workers, .. } = *run.inputs.settings;
        let (cached, period) = sharing(run);
        let base = WorkerBase::new(run.inputs, run.model.layer().dim(), number, from);
        let handles = run.model.handles_caching(rate.start(), cached, workers, period);
        let left = from.map_or(0..0, |state| state.next as usize..state.end as usize);
        let mut worker = Self { run, number, base, handles, left, since: 0 };
        if from.is_some() {
            worker.set_rate();
        }
        worker
    }

    pub fn state(&self) -> WorkerState {
        self.base.state(self.left.clone())
    }

    pub fn run(&mut self) {
        if let Err(error) = self.read() {
            self.base.unread = Some(error);
            self.run.halt.store(true, Relaxed);
        }
        self.handles.encoder.flush();
        self.handles.layer.flush();
        self.base.take_costs(&mut self.handles);
    }

    fn set_rate(&mut self) {
        let rate = self.run.inputs.rate(self.run.words.load(Relaxed));
        self.handles.encoder.set_rate(rate);
        self.handles.layer.set_rate(rate);
    }

    /// Takes portions until the text is read or a rest is asked for.
    fn read(&mut self) -> Result<()> {
        let (run, inputs) = (self.run, self.run.inputs);
        let sentences = inputs.corpus.len();
        while !run.halt.load(Relaxed) {
            let Some(number) = self.left.next() else {
                let rest = run.rest.load(Relaxed);
                let following = |next| (next < rest).then_some(next + 1);
                let Ok(portion) = run.next.fetch_update(Relaxed, Relaxed, following) else {
                    // At the end of a pass the words stay uncounted, so that the rate changes where it does anyway.
                    if rest == run.until {
                        self.tell()
                    } else {
                        self.tell_sums()
                    }
                    break;
                };
                self.left = run.deal.sentences(portion, inputs);
                continue;
            };
            let epoch = number / sentences;
            self.base.read(inputs, number % sentences, epoch)?;
            if self.base.words >= RATE_WORDS {
                self.tell();
                self.set_rate();
            }
            self.sentence(epoch);
        }
        Ok(())
    }

    /// Publishes what this worker has done, for the other workers and the observer.
    fn tell(&mut self) {
        self.run.words.fetch_add(std::mem::take(&mut self.base.words), Relaxed);
        self.tell_sums();
    }

    /// Publishes examples and losses, for the observer.
    fn tell_sums(&self) {
        let (counter, sum) = (&self.run.counters[self.number], sums(once(&self.base.tally)));
        counter.examples.store(sum.0, Relaxed);
        counter.loss.store(sum.1.to_bits(), Relaxed);
    }

    /// Takes the steps of the current sentence.
    fn sentence(&mut self, epoch: usize) {
        let Self { run, base, handles, since, .. } = self;
        let (mut examples, mut loss) = (0, 0.0);
        while !base.stepper.is_at_end() {
            let step = base.step(run.inputs, run.model, handles, u64::MAX);
            examples += step.examples;
            loss += step.loss;
            *since += step.positions;
            if *since >= GIVE_WAY {
                *since = 0;
                thread::yield_now();
            }
        }
        base.stepper.forget();
        base.add(epoch, examples, loss);
        if base.diverged.is_some() {
            run.halt.store(true, Relaxed);
        }
    }
}

/// Positions after which a thread yields to others that wait for its core. A thread that is stopped during a step later
/// writes rows without the updates that others made in the meantime. With more threads than cores that raises the loss.
const GIVE_WAY: u64 = 256;

/// Nodes of a tree, from the root on, of which each of several workers has its own copy. Every path passes the first of
/// these nodes, so that all workers would otherwise wait for one another.
const OWN_NODES: u32 = 512;
/// Sum of the rates of a worker's updates of such a node after which the worker exchanges the node. A block counts as
/// as many updates as it has paths through the node.
const NODE_MOVES: f32 = 0.2;

/// Number of rows of the encoder's and of the layer's tables that a worker keeps as private copies, and the period of
/// their exchange.
///
/// A single worker keeps as many as fit. Several workers work on the shared rows directly, except for the nodes near
/// the root of a tree. A private copy of an embedding misses the updates of others until the word occurs again; that
/// costs more loss than the copy saves time. With two workers or more nothing here depends on their number, so the work
/// per word does not grow with it.
fn sharing(run: &HogwildRun) -> ([CachedRows; 2], usize) {
    let Hogwild { cached, workers, rate, .. } = *run.inputs.settings;
    let period = (NODE_MOVES / rate.start()).round() as usize;
    if workers == 1 || cached != CachedRows::Fitting {
        return ([cached; 2], period);
    }
    let nodes = if run.model.layer().tree().is_some() { OWN_NODES } else { 0 };
    ([CachedRows::First(0), CachedRows::First(nodes)], period)
}
