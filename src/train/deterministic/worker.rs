//! A worker of deterministic training: its part of the text, its generators, its own rows.

use super::super::state::{WorkerState, cost_numbers, cost_of};
use super::super::{Ahead, NOISE_STREAM, Tally, Workspace, hogwild::WORKER_STREAM};
use super::{Inputs, RATE_WORDS, Settled, WORKERS};
use crate::corpus::{Examples, SentenceReader};
use crate::error::{Error, Result};
use crate::layer::LayerExt;
use crate::model::Handles;
use crate::rng::WorkerRng;
use crate::table::{Cost, Merged, Overlay, OwnRows, SharedMatrix, Table, Tables};
use crate::vocab::WordId;

/// What is known between two barriers.
#[derive(Clone, Copy, Default)]
struct Leg {
    /// Words, of those that subsampling leaves, to train on and trained on.
    words: u64,
    steps: u64,
    /// Words read by all at the barrier and by this worker there, and by this worker when the rate was changed last.
    read_by_all: u64,
    read: u64,
    rated: u64,
    is_done: bool,
}

/// All that a worker owns.
pub(super) struct Worker<'a> {
    reader: Box<dyn SentenceReader + 'a>,
    /// Why the text could not be read.
    pub unread: Option<Error>,
    pub encoder: Vec<OwnRows>,
    pub layer: Vec<OwnRows>,
    work: Workspace,
    rng: WorkerRng,
    /// The next sentence, over all epochs.
    next: usize,
    leg: Leg,
    /// The rest of the sentence at work, from `position` on.
    sentence: Vec<WordId>,
    position: usize,
    examples: Examples,
    /// Words read.
    pub words: u64,
    pub tally: Tally,
    /// The loss of the last step, or one that was not finite.
    pub loss: f64,
    pub layer_cost: Cost,
    pub encoder_cost: Cost,
}

impl<'a> Worker<'a> {
    pub fn new(inputs: &Inputs<'a>, number: usize) -> Result<Self> {
        let (seed, stream) = (inputs.settings.seed, WORKER_STREAM + 2 * number as u64);
        let own = |tables: &[SharedMatrix]| tables.iter().map(|t| OwnRows::new(t.shape())).collect();
        Ok(Self {
            reader: inputs.corpus.reader()?,
            unread: None,
            encoder: own(inputs.model.encoder_tables()),
            layer: own(inputs.model.layer_tables()),
            work: Workspace::new(
                inputs.model.layer().dim(),
                WorkerRng::new(seed, if number == 0 { NOISE_STREAM } else { stream + 1 }),
            ),
            rng: WorkerRng::new(seed, stream),
            next: number,
            leg: Leg::default(),
            sentence: Vec::new(),
            position: 0,
            examples: Examples::new(),
            words: 0,
            tally: Tally::default(),
            loss: 0.0,
            layer_cost: Cost::default(),
            encoder_cost: Cost::default(),
        })
    }

    pub fn state(&self) -> WorkerState {
        WorkerState {
            rng: self.rng.clone(),
            noise: self.work.scratch.rng.clone(),
            next: self.next as u64,
            end: self.next as u64,
            sentence: self.sentence.clone(),
            position: self.position,
            words: self.words,
            tally: self.tally.to_bits(),
            passes: self.tally.passes.clone(),
            layer_cost: cost_numbers(self.layer_cost),
            encoder_cost: cost_numbers(self.encoder_cost),
        }
    }

    pub fn restore(&mut self, state: &WorkerState) {
        self.rng = state.rng.clone();
        self.work.scratch.rng = state.noise.clone();
        self.next = state.next as usize;
        (self.sentence, self.position) = (state.sentence.clone(), state.position);
        self.words = state.words;
        self.tally = Tally::from_bits(&state.tally, &state.passes);
        self.layer_cost = cost_of(state.layer_cost);
        self.encoder_cost = cost_of(state.encoder_cost);
    }

    pub fn is_done(&self, inputs: &Inputs) -> bool {
        self.position >= self.sentence.len() && self.next >= inputs.settings.epochs as usize * inputs.corpus.len()
    }

    /// At a barrier, where all together have read `read` words: the next is due after `words` words that subsampling leaves.
    pub fn set_out(&mut self, words: u64, read: u64) {
        self.leg = Leg { words, steps: 0, read_by_all: read, read: self.words, rated: self.words, is_done: false };
    }

    /// Trains until only `leave` words are left before the barrier; says how many are.
    pub fn run(&mut self, inputs: &Inputs, merged: &Settled, leave: u64) -> u64 {
        let Leg { words, read_by_all, read, .. } = self.leg;
        if self.leg.steps == 0 {
            renew(inputs.model.encoder_tables(), &mut self.encoder, &merged.encoder);
            renew(inputs.model.layer_tables(), &mut self.layer, &merged.layer);
        }
        let decay = inputs.settings.rate;
        let rate = |now: u64| {
            let read = read_by_all + WORKERS as u64 * (now - read);
            decay.at((read as f64 / inputs.all_words as f64).min(1.0))
        };
        let mut handles = Handles {
            encoder: overlays(inputs.model.encoder_tables(), &mut self.encoder, rate(self.leg.rated)),
            layer: overlays(inputs.model.layer_tables(), &mut self.layer, rate(self.leg.rated)),
        };
        let (encoder, layer, window) = (inputs.model.encoder(), inputs.model.layer(), &inputs.settings.window);
        let (sentences, last) = (inputs.corpus.len(), inputs.settings.epochs as usize * inputs.corpus.len());
        while !self.leg.is_done && self.leg.steps + leave < words {
            if self.position >= self.sentence.len() {
                // A text that subsampling leaves little of comes to a barrier as well.
                if self.next >= last || self.words - read >= 4 * words {
                    self.leg.is_done = true;
                    break;
                }
                let sentence = match self.reader.sentence(inputs.order.sentence(self.next % sentences)) {
                    Ok(sentence) => sentence,
                    Err(error) => {
                        self.unread = Some(error);
                        self.leg.is_done = true;
                        break;
                    }
                };
                self.words += sentence.len() as u64;
                inputs.subsampler.sample(sentence, &mut self.rng, &mut self.sentence);
                let dropped = sentence.len() - self.sentence.len();
                self.tally.read(self.next / sentences, sentence.len() as u64, dropped as u64);
                (self.next, self.position) = (self.next + WORKERS, 0);
                if self.words - self.leg.rated >= RATE_WORDS {
                    self.leg.rated = self.words;
                    let rate = rate(self.leg.rated);
                    handles.encoder.set_rate(rate);
                    handles.layer.set_rate(rate);
                }
                continue;
            }
            self.examples.clear();
            let reduced = window.draw_size(&mut self.rng);
            window.examples_at(&self.sentence, self.position, reduced, &mut self.examples);
            self.leg.steps += 1;
            // What comes after a barrier draws its noise there: a state that is taken at a barrier has no noise in it.
            let is_last = self.leg.steps == words;
            let ahead = if is_last { Ahead::default() } else { Ahead::of(&self.sentence, self.position, window) };
            self.position += 1;
            if self.examples.is_empty() {
                continue;
            }
            self.loss = self.work.step(encoder, layer, &mut handles, &self.examples, ahead);
            let epoch = (self.next - WORKERS) / sentences;
            self.tally.add(epoch as u64, self.examples.len(), self.loss);
            if !self.loss.is_finite() {
                self.leg.is_done = true;
                break;
            }
        }
        self.layer_cost += handles.layer.cost();
        self.encoder_cost += handles.encoder.cost();
        if self.leg.is_done { 0 } else { words - self.leg.steps }
    }
}

fn renew(tables: &[SharedMatrix], own: &mut [OwnRows], merged: &[Merged]) {
    tables.iter().zip(own).zip(merged).for_each(|((table, own), merged)| own.renew(table, merged));
}

fn overlays<'a>(tables: &'a [SharedMatrix], own: &'a mut [OwnRows], rate: f32) -> Tables<'a> {
    let handle = |(table, own): (&'a SharedMatrix, &'a mut OwnRows)| -> Box<dyn Table + 'a> {
        Box::new(Overlay::new(table, own, rate))
    };
    Tables::new(tables.iter().zip(own).map(handle).collect())
}
