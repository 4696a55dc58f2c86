//! Several workers on one shared model, each with its own part of the text.

mod worker;

use super::base::{Inputs, ProgressMeter, complete, outcome};
use super::state::State;
use super::watch::{Next, Observer, ProgressReporter};
use super::{LinearDecay, Outcome, Progress};
use crate::corpus::{Sentences, Window};
use crate::error::{Error, Result};
use crate::model::SharedModel;
use crate::table::CachedRows;
use crate::vocab::Counts;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use worker::Worker;

/// Settings of [`hogwild()`], [`deterministic()`](super::deterministic()) and [`batches()`](super::batches()).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Hogwild {
    /// Window around a position, and the direction of prediction.
    pub window: Window,
    /// Threshold of subsampling, as a share of the text; 0 turns it off.
    pub sample: f64,
    /// Learning rate, which falls with the words read.
    pub rate: LinearDecay,
    /// Passes over the text.
    pub epochs: u32,
    /// Neighbouring positions of a sentence that form one step, 1 to [`Hogwild::MOST_BLOCK`]. The windows of a block
    /// share their rows, and whatever else the layer can share: see [`Batch::block`](crate::layer::Batch::block). A
    /// block ends with its sentence.
    pub block: usize,
    /// Workers, one thread each; under `batches`, threads of its one worker.
    pub workers: usize,
    /// Rows of each table that a worker keeps as private copies.
    pub cached: CachedRows,
    /// Seed of subsampling, windows, and the draws of the layer.
    pub seed: u64,
}

/// Words between two updates of the common word count.
const RATE_WORDS: u64 = 2_000;
const OBSERVED_EVERY: Duration = Duration::from_millis(100);

impl Hogwild {
    /// Largest number of positions in a block.
    pub const MOST_BLOCK: usize = 256;

    /// One pass of one worker over single positions, without subsampling, with seed 1.
    pub fn new(window: Window, rate: LinearDecay) -> Self {
        Self { window, sample: 0.0, rate, epochs: 1, block: 1, workers: 1, cached: CachedRows::Fitting, seed: 1 }
    }

    pub(super) fn check(&self) -> Result<()> {
        let positive = [("epochs", f64::from(self.epochs)), ("workers", self.workers as f64)];
        for (name, value) in positive {
            if value == 0.0 {
                return Err(Error::OutOfRange { name, value, limit: "1 or more" });
            }
        }
        if !(1..=Self::MOST_BLOCK).contains(&self.block) {
            return Err(Error::OutOfRange { name: "block", value: self.block as f64, limit: "from 1 to 256" });
        }
        self.rate.check()
    }

    /// Checks whether the encoder and the layer of a model take blocks of this size. All of them take single positions.
    ///
    /// # Errors
    /// [`Error::NoBlocks`] if one of them takes no blocks.
    pub fn check_model(&self, model: &SharedModel) -> Result<()> {
        let parts = [
            ("the encoder", model.encoder().mean_gradient().is_some(), "one whose hidden vectors are means"),
            ("the layer", model.layer().shape().takes_blocks, "hierarchical or negative"),
        ];
        match parts.into_iter().find(|(_, takes_blocks, _)| self.block > 1 && !takes_blocks) {
            Some((part, _, other)) => Err(Error::NoBlocks { part, block: self.block, other }),
            None => Ok(()),
        }
    }
}

/// State of a run that all workers share.
struct HogwildRun<'a> {
    model: &'a SharedModel,
    inputs: &'a Inputs<'a>,
    /// The dealing of the text in portions.
    deal: Deal,
    /// Next portion to deal out, counted over all epochs.
    next: AtomicUsize,
    /// Portion before which the workers come to rest and end.
    until: usize,
    /// Portion before which the workers next come to rest: `until`, or the end of a pass before it.
    rest: AtomicUsize,
    /// Words read by all workers.
    words: AtomicU64,
    /// Whether workers must come to rest at the end of their sentence.
    halt: AtomicBool,
    /// Examples and loss of each worker, for the observer.
    counters: Vec<Done>,
}

/// Examples of a worker, and the bits of their summed loss.
struct Done {
    examples: AtomicU64,
    loss: AtomicU64,
}

impl Done {
    fn new(from: Option<&State>, number: usize) -> Self {
        let (examples, loss) = from.map_or((0, 0.0), |state| state.workers[number].sums());
        Self { examples: AtomicU64::new(examples), loss: AtomicU64::new(loss.to_bits()) }
    }
}

/// Trains `model` on a text with several workers at once, without locks (Hogwild).
///
/// One step takes the examples of one position, or of a block of positions, with the subsampling and the windows of
/// word2vec. `observe` is called ten times a second.
///
/// Words are read from memory or, block by block, from a file. The sentences are dealt out in pieces of about 20,000
/// consecutive words that lie scattered over the text. So each part of the text is read at high and at low rates. The
/// workers share each piece. One worker alone gives the same bits every time; several workers do not.
///
/// A layer with an adaptive proposal looks at the weights while no worker runs. For this all workers come to rest and
/// start again. The first look follows the first piece of 20,000 words; later looks follow whenever half as many words
/// have been added.
///
/// # Errors
/// - [`Error::OutOfRange`] for a setting that makes no sense.
/// - [`Error::NoBlocks`] if the settings ask for blocks and the model takes none.
/// - [`Error::NoExamples`] if no sentence has two words.
/// - [`Error::Diverged`] if a loss or a parameter is not finite.
/// - [`Error::Io`] for a file of ids that cannot be read.
pub fn hogwild(
    model: &mut SharedModel,
    corpus: &dyn Sentences,
    counts: &Counts,
    settings: &Hogwild,
    observe: &mut dyn FnMut(&Progress),
) -> Result<Outcome> {
    hogwild_watched(model, corpus, counts, settings, None, &mut ProgressReporter::new(observe))
}

/// Trains as [`hogwild`] does, with an [`Observer`], and from the [`State`] of an earlier run if `from` has one.
///
/// To resume, the settings must be those of the earlier run. `model` must have the parameters of the moment of the
/// state, and the adaptive proposal of the layer if it has one; a model file with a state holds all of these.
///
/// With one worker, a resumed run gives the bits of an uninterrupted one. With several workers it is one of the
/// possible runs of these settings.
///
/// # Errors
/// The errors of [`hogwild`], the observer's error, and [`Error::StateField`] for the state of another run.
pub fn hogwild_watched(
    model: &mut SharedModel,
    corpus: &dyn Sentences,
    counts: &Counts,
    settings: &Hogwild,
    from: Option<&State>,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    let inputs = Inputs::new(corpus, counts, settings)?;
    settings.check_model(model)?;
    let deal = Deal { portions: from.map_or(settings.workers, State::portions) };
    let last = deal.portions(inputs.epochs() * inputs.order.pieces());
    if let Some(state) = from {
        inputs.check(state, settings.workers, 0, 0..last as u64 + 1)?;
    }
    let mut meter = ProgressMeter::new(from.map_or(0.0, State::seconds), from.map_or((0, 0.0), State::sums));
    let mut from = from.cloned();
    loop {
        let dealt = from.as_ref().map_or(0, |state| state.phase as usize);
        let look = from.as_ref().map_or(deal.next_look(0), |state| state.look as usize);
        let until = if model.layer().adaptive().is_some() { look.min(last) } else { last };
        let is_open = from.as_ref().is_some_and(|state| state.workers.iter().any(|worker| worker.next < worker.end));
        let pass = if observer.looks_at_passes() { deal.portions(inputs.order.pieces()) } else { last };
        let run = HogwildRun {
            model,
            inputs: &inputs,
            deal,
            next: AtomicUsize::new(dealt),
            until,
            rest: AtomicUsize::new(until.min(deal.pass_end(dealt - usize::from(is_open), pass))),
            words: AtomicU64::new(from.as_ref().map_or(0, |state| state.read)),
            halt: AtomicBool::new(false),
            counters: (0..settings.workers).map(|number| Done::new(from.as_ref(), number)).collect(),
        };
        let (workers, end) = run.run(from.as_ref(), pass, &mut meter, observer)?;
        let stopped = match end {
            End::Done => false,
            End::Stopped => true,
            End::Rest(mut state) => {
                drop(workers);
                model.refresh();
                state.look = deal.next_look(state.phase as usize) as u64;
                from = Some(state);
                continue;
            }
        };
        let workers: Vec<_> = workers.iter().map(|worker| &worker.base).collect();
        return Ok(outcome(&workers, run.words.load(Relaxed), &meter, stopped));
    }
}

/// Deals out a text. Each piece is cut into one portion per worker, so that all workers read in the same piece. With a
/// whole piece each, w workers would read in w pieces at once. A text would then lie further from the text just
/// learned, which raises the training loss.
#[derive(Clone, Copy)]
struct Deal {
    portions: usize,
}

impl Deal {
    /// Number of portions of `pieces` pieces.
    fn portions(self, pieces: usize) -> usize {
        pieces * self.portions
    }

    /// Sentences of a portion, counted over all epochs.
    fn sentences(self, portion: usize, inputs: &Inputs) -> Range<usize> {
        let (piece, portion) = (portion / self.portions, portion % self.portions);
        let (epoch, piece) = (piece / inputs.order.pieces(), piece % inputs.order.pieces());
        let Range { start, end } = inputs.order.piece(piece);
        let at = |n: usize| epoch * inputs.corpus.len() + start + (end - start) * n / self.portions;
        at(portion)..at(portion + 1)
    }

    /// The end of the pass of `pass` portions that portion `next` is in.
    fn pass_end(self, next: usize, pass: usize) -> usize {
        (next / pass + 1) * pass
    }

    /// The portion before which a layer next looks at the weights, after `portion`.
    fn next_look(self, portion: usize) -> usize {
        portion + (portion / 2).max(self.portions)
    }
}

/// Reason why workers came to rest.
enum End {
    /// The text is read.
    Done,
    /// The observer stopped the run.
    Stopped,
    /// The layer is to look at the weights.
    Rest(State),
}

impl HogwildRun<'_> {
    /// Runs all workers, one thread each, from barrier to barrier. The calling thread reports. It shows the model at
    /// the end of each pass of `pass` portions.
    fn run<'a>(
        &'a self,
        from: Option<&State>,
        pass: usize,
        meter: &mut ProgressMeter,
        observer: &mut dyn Observer,
    ) -> Result<(Vec<Worker<'a>>, End)> {
        let (inputs, model) = (self.inputs, self.model);
        let mut slots: Vec<Option<Worker>> = (0..inputs.settings.workers).map(|_| None).collect();
        let mut stopped = false;
        loop {
            self.halt.store(false, Relaxed);
            let asked = self.until_rest(&mut slots, from, meter, observer);
            let mut bases: Vec<_> = slots.iter_mut().flatten().map(|worker| &mut worker.base).collect();
            inputs.check_workers(&mut bases, self.words.load(Relaxed))?;
            let workers = || slots.iter().flatten();
            let at = self.rest.load(Relaxed);
            let is_dealt = self.next.load(Relaxed) >= at && workers().all(|w| w.left.is_empty());
            let rests = is_dealt && at == self.until;
            let is_done = rests && self.until >= self.deal.portions(inputs.epochs() * inputs.order.pieces());
            stopped |= asked == Next::Stop;
            let state = |seconds: f64| State {
                seconds: seconds.to_bits(),
                phase: self.next.load(Relaxed) as u64,
                read: self.words.load(Relaxed),
                look: self.until as u64,
                portions: self.deal.portions as u64,
                workers: workers().map(Worker::state).collect(),
            };
            let is_pass = is_dealt && at.is_multiple_of(pass);
            self.rest.store(if is_dealt { self.until.min(self.deal.pass_end(at, pass)) } else { at }, Relaxed);
            let epochs = || {
                let started =
                    workers().filter(|w| !w.left.is_empty()).map(|w| w.left.start / inputs.corpus.len()).min();
                let next = self.next.load(Relaxed) / self.deal.portions(inputs.order.pieces());
                complete(workers().map(|w| &w.base.tally), started.map_or(next, |started| started.min(next)))
            };
            let is_end = is_done || stopped;
            if rests && !is_end && !(is_pass && observer.looks_at_passes()) {
                let state = state(meter.seconds());
                return Ok((slots.into_iter().flatten().collect(), End::Rest(state)));
            }
            let mut progress = self.progress(meter);
            if is_pass {
                progress.words += workers().map(|w| w.base.words).sum::<u64>();
                progress.share = inputs.share(progress.words);
            }
            let next = meter.show(inputs, model.into(), (progress, is_end, epochs()), &state, observer)?;
            if !is_end && next == Next::Stop {
                stopped = true;
                meter.show(inputs, model.into(), (progress, true, epochs()), &state, observer)?;
            }
            if is_done || stopped {
                let end = if is_done { End::Done } else { End::Stopped };
                return Ok((slots.into_iter().flatten().collect(), end));
            }
            if rests {
                let state = state(meter.seconds());
                return Ok((slots.into_iter().flatten().collect(), End::Rest(state)));
            }
        }
    }

    /// Runs until all workers rest: the text is read, a number is not finite, or the observer asked for it.
    fn until_rest<'a>(
        &'a self,
        slots: &mut [Option<Worker<'a>>],
        from: Option<&State>,
        meter: &mut ProgressMeter,
        observer: &mut dyn Observer,
    ) -> Next {
        std::thread::scope(|scope| {
            let (done, reports) = mpsc::channel::<()>();
            let mut workers = Vec::new();
            for (number, slot) in slots.iter_mut().enumerate() {
                let done = done.clone();
                let state = from.map(|state| &state.workers[number]);
                workers.push(scope.spawn(move || {
                    // Each worker is created by its own thread, so that its memory lies near to that thread's core.
                    slot.get_or_insert_with(|| Worker::new(self, number, state)).run();
                    drop(done);
                }));
            }
            drop(done);
            let mut asked = Next::Go;
            while reports.recv_timeout(OBSERVED_EVERY) == Err(RecvTimeoutError::Timeout) {
                let next = observer.progress(&self.progress(meter));
                if asked == Next::Go && next != Next::Go {
                    asked = next;
                    self.halt.store(true, Relaxed);
                }
            }
            for worker in workers {
                if let Err(panic) = worker.join() {
                    std::panic::resume_unwind(panic);
                }
            }
            asked
        })
    }

    fn progress(&self, meter: &mut ProgressMeter) -> Progress {
        let sum = |sum: (u64, f64), t: &Done| {
            (sum.0 + t.examples.load(Relaxed), sum.1 + f64::from_bits(t.loss.load(Relaxed)))
        };
        meter.progress(self.inputs, self.counters.iter().fold((0, 0.0), sum), self.words.load(Relaxed))
    }
}

#[cfg(test)]
mod tests;
