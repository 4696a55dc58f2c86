//! A worker of deterministic training: its part of the text, and its own rows.

use super::super::base::{Inputs, WorkerBase};
use super::super::state::WorkerState;
use super::{RATE_WORDS, Settled, WORKERS};
use crate::layer::LayerExt;
use crate::model::{Handles, SharedModel};
use crate::table::{Merged, Overlay, OwnRows, SharedMatrix, Table, Tables};

/// Counts of a worker between two barriers.
#[derive(Clone, Copy, Default)]
struct Leg {
    /// Words left by subsampling: those to train on, and those trained on.
    words: u64,
    steps: u64,
    /// Words read at the barrier by all workers and by this one, and by this one when the rate was last changed.
    read_by_all: u64,
    read: u64,
    rated: u64,
    is_done: bool,
}

/// Everything that one worker owns.
pub(super) struct Worker<'a> {
    pub base: WorkerBase<'a>,
    pub encoder: Vec<OwnRows>,
    pub layer: Vec<OwnRows>,
    /// The next sentence, counted over all epochs.
    next: usize,
    leg: Leg,
}

impl<'a> Worker<'a> {
    pub fn new(inputs: &Inputs<'a>, model: &SharedModel, number: usize, from: Option<&WorkerState>) -> Self {
        let own = |tables: &[SharedMatrix]| tables.iter().map(|t| OwnRows::new(t.shape())).collect();
        Self {
            base: WorkerBase::new(inputs, model.layer().dim(), number, from),
            encoder: own(model.encoder_tables()),
            layer: own(model.layer_tables()),
            next: from.map_or(number, |state| state.next as usize),
            leg: Leg::default(),
        }
    }

    pub fn state(&self) -> WorkerState {
        self.base.state(self.next..self.next)
    }

    pub fn is_done(&self, inputs: &Inputs) -> bool {
        self.base.stepper.is_at_end() && self.next >= inputs.sentences()
    }

    /// Passes of which this worker has done its part.
    pub fn passes(&self, inputs: &Inputs) -> usize {
        let undone = if self.base.stepper.is_at_end() { self.next } else { self.next - WORKERS };
        (undone / inputs.corpus.len()).min(inputs.epochs())
    }

    /// Starts a phase at a barrier, where all workers together have read `read` words. The next barrier follows after
    /// `words` words that subsampling leaves.
    pub fn set_out(&mut self, words: u64, read: u64) {
        let now = self.base.words;
        self.leg = Leg { words, steps: 0, read_by_all: read, read: now, rated: now, is_done: false };
    }

    /// Trains until at most `leave` words remain before the barrier. Returns how many remain.
    pub fn run(&mut self, inputs: &Inputs<'a>, model: &SharedModel, merged: &Settled, leave: u64) -> u64 {
        let Self { base, encoder, layer, next, leg } = self;
        if leg.steps == 0 {
            renew(model.encoder_tables(), encoder, &merged.encoder);
            renew(model.layer_tables(), layer, &merged.layer);
        }
        let rate = inputs.rate(leg.expected(leg.rated));
        let mut handles = Handles {
            encoder: overlays(model.encoder_tables(), encoder, rate),
            layer: overlays(model.layer_tables(), layer, rate),
        };
        let sentences = inputs.corpus.len();
        while !leg.is_done && leg.steps + leave < leg.words {
            if base.stepper.is_at_end() {
                // A text of which subsampling leaves little also comes to a barrier.
                if *next >= inputs.sentences() || base.words - leg.read >= 4 * leg.words {
                    leg.is_done = true;
                    break;
                }
                if let Err(error) = base.read(inputs, inputs.order.sentence(*next % sentences), *next / sentences) {
                    base.unread = Some(error);
                    leg.is_done = true;
                    break;
                }
                *next += WORKERS;
                if base.words - leg.rated >= RATE_WORDS {
                    leg.rated = base.words;
                    let rate = inputs.rate(leg.expected(leg.rated));
                    handles.encoder.set_rate(rate);
                    handles.layer.set_rate(rate);
                }
                continue;
            }
            let step = base.step(inputs, model, &mut handles, leg.words - leg.steps);
            leg.steps += step.positions;
            if step.examples > 0 {
                base.add((*next - WORKERS) / sentences, step.examples, step.loss);
                leg.is_done = base.diverged.is_some();
            }
        }
        base.take_costs(&mut handles);
        if leg.is_done { 0 } else { leg.words - leg.steps }
    }
}

impl Leg {
    /// Words that all workers have read when this one has read `now`, if all read equally fast.
    fn expected(&self, now: u64) -> u64 {
        self.read_by_all + WORKERS as u64 * (now - self.read)
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
