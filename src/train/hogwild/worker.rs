//! A Hogwild worker: its handles, its generators, its piece of the text.

use super::super::state::{WorkerState, cost_numbers, cost_of};
use super::super::{Ahead, NOISE_STREAM, Tally, Workspace};
use super::{Hogwild, HogwildRun, RATE_WORDS, WORKER_STREAM};
use crate::corpus::{Direction, Examples};
use crate::error::{Error, Result};
use crate::layer::LayerExt;
use crate::model::Handles;
use crate::rng::WorkerRng;
use crate::table::Cost;
use crate::vocab::WordId;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

/// All that a worker owns.
pub(super) struct Worker<'a> {
    run: &'a HogwildRun<'a>,
    number: usize,
    pub handles: Handles<'a>,
    work: Workspace,
    rng: WorkerRng,
    /// The sentences of its piece that are yet to be read, counted over all epochs.
    pub left: Range<usize>,
    /// Words read that the others do not know of.
    pub unreported: u64,
    sentence: Vec<WordId>,
    examples: Examples,
    pub tally: Tally,
    /// The work of earlier runs.
    pub layer_cost: Cost,
    pub encoder_cost: Cost,
    /// A loss that was not finite.
    pub diverged: Option<f64>,
    /// Why the text could not be read.
    pub unread: Option<Error>,
}

impl<'a> Worker<'a> {
    pub fn new(run: &'a HogwildRun<'a>, number: usize, from: Option<&WorkerState>) -> Self {
        let Hogwild { rate, cached, workers, seed, .. } = *run.settings;
        let stream = WORKER_STREAM + 2 * number as u64;
        let noise = if number == 0 { NOISE_STREAM } else { stream + 1 };
        let mut worker = Self {
            run,
            number,
            handles: run.model.handles(rate.start(), cached, workers, staleness(run)),
            work: Workspace::new(run.model.layer().dim(), WorkerRng::new(seed, noise)),
            rng: WorkerRng::new(seed, stream),
            left: 0..0,
            unreported: 0,
            sentence: Vec::new(),
            examples: Examples::new(),
            tally: Tally::default(),
            layer_cost: Cost::default(),
            encoder_cost: Cost::default(),
            diverged: None,
            unread: None,
        };
        if let Some(state) = from {
            worker.rng = state.rng.clone();
            worker.work.scratch.rng = state.noise.clone();
            worker.left = state.next as usize..state.end as usize;
            worker.unreported = state.words;
            worker.tally = Tally::from_bits(&state.tally, &state.passes);
            worker.layer_cost = cost_of(state.layer_cost);
            worker.encoder_cost = cost_of(state.encoder_cost);
            worker.set_rate();
        }
        worker
    }

    pub fn state(&self) -> WorkerState {
        WorkerState {
            rng: self.rng.clone(),
            noise: self.work.scratch.rng.clone(),
            next: self.left.start as u64,
            end: self.left.end as u64,
            sentence: Vec::new(),
            position: 0,
            words: self.unreported,
            tally: self.tally.to_bits(),
            passes: self.tally.passes.clone(),
            layer_cost: cost_numbers(self.handles.layer.cost() + self.layer_cost),
            encoder_cost: cost_numbers(self.handles.encoder.cost() + self.encoder_cost),
        }
    }

    pub fn run(&mut self) {
        if let Err(error) = self.read() {
            self.unread = Some(error);
            self.run.halt.store(true, Relaxed);
        }
        self.handles.encoder.flush();
        self.handles.layer.flush();
    }

    fn set_rate(&mut self) {
        let rate = self.run.settings.rate.at(self.run.share());
        self.handles.encoder.set_rate(rate);
        self.handles.layer.set_rate(rate);
    }

    /// Takes pieces until the text is read or a rest is asked for.
    fn read(&mut self) -> Result<()> {
        let run = self.run;
        let mut reader = run.corpus.reader()?;
        let sentences = run.corpus.len();
        while !run.halt.load(Relaxed) {
            let Some(number) = self.left.next() else {
                let following = |next| (next < run.until).then_some(next + 1);
                let Ok(piece) = run.next.fetch_update(Relaxed, Relaxed, following) else {
                    run.words.fetch_add(self.unreported, Relaxed);
                    self.unreported = 0;
                    self.tell();
                    break;
                };
                let (epoch, piece) = (piece / run.order.pieces(), piece % run.order.pieces());
                let of_text = run.order.piece(piece);
                self.left = epoch * sentences + of_text.start..epoch * sentences + of_text.end;
                continue;
            };
            let sentence = reader.sentence(number % sentences)?;
            self.unreported += sentence.len() as u64;
            if self.unreported >= RATE_WORDS {
                run.words.fetch_add(self.unreported, Relaxed);
                self.unreported = 0;
                self.set_rate();
                self.tell();
            }
            self.sentence(sentence, number / sentences);
        }
        Ok(())
    }

    /// Tells those who watch what it has done.
    fn tell(&self) {
        let counter = &self.run.counters[self.number];
        let sum = self.tally.epochs.iter().fold((0, 0.0), |sum, e| (sum.0 + e.0, sum.1 + e.1));
        counter.examples.store(sum.0, Relaxed);
        counter.loss.store(sum.1.to_bits(), Relaxed);
    }

    /// The steps of a sentence.
    fn sentence(&mut self, sentence: &[WordId], epoch: usize) {
        let (run, window) = (self.run, &self.run.settings.window);
        run.subsampler.sample(sentence, &mut self.rng, &mut self.sentence);
        self.tally.read(epoch, sentence.len() as u64, (sentence.len() - self.sentence.len()) as u64);
        let (encoder, layer) = (run.model.encoder(), run.model.layer());
        let (mut examples, mut loss) = (0, 0.0);
        for position in 0..self.sentence.len() {
            self.examples.clear();
            let reduced = window.draw_size(&mut self.rng);
            window.examples_at(&self.sentence, position, reduced, &mut self.examples);
            if self.examples.is_empty() {
                continue;
            }
            let ahead = Ahead::of(&self.sentence, position, window);
            loss += self.work.step(encoder, layer, &mut self.handles, &self.examples, ahead);
            examples += self.examples.len();
        }
        self.tally.add(epoch as u64, examples, loss);
        if !loss.is_finite() {
            self.diverged = Some(loss);
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
    let Hogwild { rate, window, workers, .. } = run.settings;
    let (of_two, of_many) = match run.model.layer().tree() {
        Some(_) => ((TREE_MOVES / rate.start()) as usize, TREE_STALENESS_OF_MANY),
        None => (STALENESS[usize::from(window.direction() == Direction::SkipGram)], STALENESS_OF_MANY),
    };
    if *workers > 2 { of_two.min(of_many) } else { of_two }
}
