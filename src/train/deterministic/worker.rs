//! A worker of deterministic training: its part of the text, and its own rows.

use super::super::base::{Inputs, WorkerBase};
use super::super::state::WorkerState;
use super::super::{Pass, Tally};
use super::{RATE_WORDS, Settled, WORKERS};
use crate::error::RanksFault;
use crate::layer::LayerExt;
use crate::model::{Handles, SharedModel};
use crate::peers::{Packer, Unpacker};
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
    /// The first epoch and the first pass whose sums may change.
    sums: [usize; 2],
}

/// Everything that one worker owns.
pub(super) struct Worker<'a> {
    pub base: WorkerBase<'a>,
    pub encoder: Vec<OwnRows>,
    pub layer: Vec<OwnRows>,
    /// The next sentence, counted over all epochs.
    next: usize,
    /// Whether the current sentence has more positions.
    is_open: bool,
    leg: Leg,
}

impl<'a> Worker<'a> {
    pub fn new(inputs: &Inputs<'a>, model: &SharedModel, number: usize, from: Option<&WorkerState>) -> Self {
        let own = |tables: &[SharedMatrix]| tables.iter().map(|t| OwnRows::new(t.shape())).collect();
        let base = WorkerBase::new(inputs, model.layer().dim(), number, from);
        Self {
            is_open: !base.stepper.is_at_end(),
            base,
            encoder: own(model.encoder_tables()),
            layer: own(model.layer_tables()),
            next: from.map_or(number, |state| state.next as usize),
            leg: Leg::default(),
        }
    }

    pub fn state(&self) -> WorkerState {
        self.base.state(self.next..self.next)
    }

    /// Takes over a state, which may come from another rank.
    pub fn restore(&mut self, state: &WorkerState) {
        self.base.restore(state);
        self.next = state.next as usize;
        self.is_open = !self.base.stepper.is_at_end();
    }

    pub fn is_done(&self, inputs: &Inputs) -> bool {
        !self.is_open && self.next >= inputs.sentences()
    }

    /// Passes of which this worker has done its part.
    pub fn passes(&self, inputs: &Inputs) -> usize {
        let undone = if self.is_open { self.next - WORKERS } else { self.next };
        (undone / inputs.corpus.len()).min(inputs.epochs())
    }

    /// Starts a phase at a barrier, where all workers together have read `read` words. The next barrier follows after
    /// `words` words that subsampling leaves.
    pub fn set_out(&mut self, words: u64, read: u64) {
        let now = self.base.words;
        let Tally { epochs, passes } = &self.base.tally;
        let sums = [epochs.len().saturating_sub(1), passes.len().saturating_sub(1)];
        self.leg = Leg { words, steps: 0, read_by_all: read, read: now, rated: now, is_done: false, sums };
    }

    /// Trains until at most `leave` words remain before the barrier. Returns how many remain.
    pub fn run(&mut self, inputs: &Inputs<'a>, model: &SharedModel, merged: &Settled, leave: u64) -> u64 {
        let Self { base, encoder, layer, next, leg, is_open } = self;
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
        *is_open = !base.stepper.is_at_end();
        if leg.is_done { 0 } else { leg.words - leg.steps }
    }

    /// Writes what the other ranks need to know of this worker at a barrier: its place, its sums since the barrier
    /// before, its failure, and the rows that are due.
    pub fn pack(&self, to: &mut Packer) {
        let Self { base, encoder, layer, next, is_open, leg } = self;
        [base.words, *next as u64, u64::from(*is_open)].into_iter().for_each(|number| to.u64(number));
        let Tally { epochs, passes } = &base.tally;
        [epochs.len() as u64, leg.sums[0] as u64].into_iter().for_each(|number| to.u64(number));
        for (examples, loss) in &epochs[leg.sums[0]..] {
            to.u64(*examples);
            to.f64(*loss);
        }
        [passes.len() as u64, leg.sums[1] as u64].into_iter().for_each(|number| to.u64(number));
        for Pass { read, dropped } in &passes[leg.sums[1]..] {
            to.u64(*read);
            to.u64(*dropped);
        }
        to.u32(base.diverged.is_some().into());
        base.diverged.iter().for_each(|loss| to.f64(*loss));
        to.u32(base.unread.is_some().into());
        base.unread.iter().for_each(|error| to.text(&error.to_string()));
        encoder.iter().chain(layer).for_each(|own| own.pack_due(to));
    }

    /// Reads what [`Worker::pack`] has written on another rank.
    pub fn unpack(&mut self, rank: usize, from: &mut Unpacker) {
        let Self { base, encoder, layer, next, is_open, .. } = self;
        (base.words, *next, *is_open) = (from.u64(), from.u64() as usize, from.u64() != 0);
        let Tally { epochs, passes } = &mut base.tally;
        epochs.resize(from.u64() as usize, (0, 0.0));
        let first = from.u64() as usize;
        epochs[first..].iter_mut().for_each(|epoch| *epoch = (from.u64(), from.f64()));
        passes.resize(from.u64() as usize, Pass::default());
        let first = from.u64() as usize;
        passes[first..].iter_mut().for_each(|pass| *pass = Pass { read: from.u64(), dropped: from.u64() });
        base.diverged = (from.u32() != 0).then(|| from.f64());
        base.unread = (from.u32() != 0).then(|| RanksFault::Other { rank, message: from.text() }.into());
        encoder.iter_mut().chain(layer).for_each(|own| own.unpack_due(from));
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
