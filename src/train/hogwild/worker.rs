//! A Hogwild worker: its handles, and its piece of the text.

use super::super::base::{WorkerBase, sums};
use super::super::state::WorkerState;
use super::{Hogwild, HogwildRun, RATE_WORDS};
use crate::corpus::Direction;
use crate::error::Result;
use crate::model::Handles;
use std::iter::once;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

/// All that a worker owns.
pub(super) struct Worker<'a> {
    run: &'a HogwildRun<'a>,
    number: usize,
    pub base: WorkerBase<'a>,
    handles: Handles<'a>,
    /// The sentences of its piece that are yet to be read, counted over all epochs.
    pub left: Range<usize>,
}

impl<'a> Worker<'a> {
    pub fn new(run: &'a HogwildRun<'a>, number: usize, from: Option<&WorkerState>) -> Self {
        let Hogwild { rate, cached, workers, .. } = *run.inputs.settings;
        let base = WorkerBase::new(run.inputs, run.model, number, from);
        let handles = run.model.handles(rate.start(), cached, workers, staleness(run));
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

    /// Takes pieces until the text is read or a rest is asked for.
    fn read(&mut self) -> Result<()> {
        let (run, inputs) = (self.run, self.run.inputs);
        let sentences = inputs.corpus.len();
        while !run.halt.load(Relaxed) {
            let Some(number) = self.left.next() else {
                let following = |next| (next < run.until).then_some(next + 1);
                let Ok(piece) = run.next.fetch_update(Relaxed, Relaxed, following) else {
                    self.tell();
                    break;
                };
                let (epoch, piece) = (piece / inputs.order.pieces(), piece % inputs.order.pieces());
                let of_text = inputs.order.piece(piece);
                self.left = epoch * sentences + of_text.start..epoch * sentences + of_text.end;
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

/// The distance, in first rates, that the other of two workers may move a row between two exchanges where the layer is a tree.
/// Each example moves the nodes near the root, nearly all in the same direction, and its words along the sum of a whole path.
const TREE_MOVES: f32 = 0.8;
/// The staleness bound of two workers with other layers, where an update is one example's and where it is that of all examples of
/// a position. An exchange takes as long as several updates of the first kind.
const STALENESS: [usize; 2] = [64, 16];
/// The largest staleness bound of more than two workers, with a tree and with other layers.
const TREE_STALENESS_OF_MANY: usize = 4;
const STALENESS_OF_MANY: usize = 16;

/// The staleness bound at the first rate: the updates of a row that all other workers together may make between two exchanges.
/// With two to four times this bound, two workers lost one to two points of similarity or of syntactic analogies in a pass
/// over novels. Four and eight workers lost as much with the bound of two.
fn staleness(run: &HogwildRun) -> usize {
    let Hogwild { rate, window, workers, .. } = run.inputs.settings;
    let (of_two, of_many) = match run.model.layer().tree() {
        Some(_) => ((TREE_MOVES / rate.start()) as usize, TREE_STALENESS_OF_MANY),
        None => (STALENESS[usize::from(window.direction() == Direction::SkipGram)], STALENESS_OF_MANY),
    };
    if *workers > 2 { of_two.min(of_many) } else { of_two }
}
