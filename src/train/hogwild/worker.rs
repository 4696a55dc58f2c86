//! A Hogwild worker: its handles, and its portion of the text.

use super::super::base::{WorkerBase, sums};
use super::super::state::WorkerState;
use super::{Hogwild, HogwildRun, RATE_WORDS};
use crate::corpus::Direction;
use crate::error::Result;
use crate::model::Handles;
use crate::table::CachedRows;
use std::iter::once;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

/// All that a worker owns.
pub(super) struct Worker<'a> {
    run: &'a HogwildRun<'a>,
    number: usize,
    pub base: WorkerBase<'a>,
    handles: Handles<'a>,
    /// The sentences of its portion that are yet to be read, counted over all epochs.
    pub left: Range<usize>,
}

impl<'a> Worker<'a> {
    pub fn new(run: &'a HogwildRun<'a>, number: usize, from: Option<&WorkerState>) -> Self {
        let Hogwild { rate, workers, .. } = *run.inputs.settings;
        let (cached, period) = sharing(run);
        let base = WorkerBase::new(run.inputs, run.model, number, from);
        let handles = run.model.handles(rate.start(), cached, workers, period);
        let left = from.map_or(0..0, |state| state.next as usize..state.end as usize);
        let mut worker = Self { run, number, base, handles, left };
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
                let following = |next| (next < run.until).then_some(next + 1);
                let Ok(portion) = run.next.fetch_update(Relaxed, Relaxed, following) else {
                    self.tell();
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

    /// Tells the others and those who watch what it has done.
    fn tell(&mut self) {
        self.run.words.fetch_add(std::mem::take(&mut self.base.words), Relaxed);
        let (counter, sum) = (&self.run.counters[self.number], sums(once(&self.base.tally)));
        counter.examples.store(sum.0, Relaxed);
        counter.loss.store(sum.1.to_bits(), Relaxed);
    }

    /// The steps of the sentence that was read.
    fn sentence(&mut self, epoch: usize) {
        let Self { run, base, handles, .. } = self;
        let (mut examples, mut loss) = (0, 0.0);
        while !base.stepper.is_at_end() {
            let step = base.step(run.inputs, run.model, handles, u64::MAX);
            examples += step.examples;
            loss += step.loss;
        }
        base.stepper.forget();
        base.add(epoch, examples, loss);
        if base.diverged.is_some() {
            run.halt.store(true, Relaxed);
        }
    }
}

/// Rows of each table that a worker of more than two keeps to itself, with a tree and with other layers: those so hot
/// that all workers would wait for them. What others make of them it sees late, so the fewer the better.
const HOT_ROWS: [u32; 2] = [1_024, 64];
/// Updates of its own after which it exchanges such a row, at the first rate.
const PERIOD_OF_MANY: [usize; 2] = [4, 8];
/// The distance, in first rates, that one of two workers may move a row between two exchanges where the layer is a
/// tree.
const TREE_MOVES: f32 = 0.8;
/// The period of two workers with other layers, where an update is one example's and where it is that of all examples
/// of a position. An exchange takes as long as several updates of the first kind.
const PERIOD_OF_TWO: [usize; 2] = [64, 16];

/// The rows that a worker keeps to itself, and the period of their exchange.
///
/// Of two workers each keeps as many rows as fit: one other is seldom ahead by much. Of more, each keeps the hottest
/// rows alone, and neither their number nor the period depends on the number of workers, so that the work a word does
/// not grow with it.
fn sharing(run: &HogwildRun) -> (CachedRows, usize) {
    let Hogwild { cached, workers, window, rate, .. } = *run.inputs.settings;
    let is_tree = run.model.layer().tree().is_some();
    if workers > 2 {
        let kind = usize::from(!is_tree);
        let hot = CachedRows::First(HOT_ROWS[kind]);
        return (if cached == CachedRows::Fitting { hot } else { cached }, PERIOD_OF_MANY[kind]);
    }
    let period = if is_tree {
        (TREE_MOVES / rate.start()) as usize
    } else {
        PERIOD_OF_TWO[usize::from(window.direction() == Direction::SkipGram)]
    };
    (cached, period)
}
