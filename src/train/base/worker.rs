//! The part of a worker that does not depend on how workers are scheduled.

use super::super::state::{WorkerState, cost_numbers, cost_of};
use super::super::{NOISE_STREAM, Tally};
use super::stepper::Step;
use super::{Inputs, Stepper};
use crate::corpus::SentenceReader;
use crate::error::{Error, Result};
use crate::model::{Handles, SharedModel};
use crate::rng::WorkerRng;
use crate::table::{Cost, Traffic};
use std::ops::Range;

/// First stream number of the workers' random numbers; each worker has two streams.
const WORKER_STREAM: u64 = 1 << 32;

/// Position of a worker in the text, its random number generators, and its sums.
pub struct WorkerBase<'a> {
    /// The reader of the text. The thread that reads the first sentence opens it.
    reader: Option<Box<dyn SentenceReader + 'a>>,
    pub stepper: Stepper,
    /// Words read. Under `hogwild`: words read that are not yet in the common count.
    pub words: u64,
    pub tally: Tally,
    pub layer_cost: Cost,
    pub encoder_cost: Cost,
    pub traffic: Traffic,
    /// A loss that was not finite.
    pub diverged: Option<f64>,
    /// Error that occurred when the text was read.
    pub unread: Option<Error>,
}

impl<'a> WorkerBase<'a> {
    /// Worker `number`, for hidden vectors of size `dim`, at its start, or at the position of `from`.
    pub fn new(inputs: &Inputs, dim: usize, number: usize, from: Option<&WorkerState>) -> Self {
        let (seed, stream) = (inputs.settings.seed, WORKER_STREAM + 2 * number as u64);
        let noise = if number == 0 { NOISE_STREAM } else { stream + 1 };
        let stepper = Stepper::new(dim, WorkerRng::new(seed, stream), WorkerRng::new(seed, noise));
        let mut worker = Self {
            reader: None,
            stepper,
            words: 0,
            tally: Tally::default(),
            layer_cost: Cost::default(),
            encoder_cost: Cost::default(),
            traffic: Traffic::default(),
            diverged: None,
            unread: None,
        };
        if let Some(from) = from {
            worker.restore(from);
        }
        worker
    }

    /// Takes over the position, the generators and the sums of a state.
    pub fn restore(&mut self, from: &WorkerState) {
        self.stepper.restore((from.rng.clone(), from.noise.clone(), from.sentence.clone(), from.position));
        self.words = from.words;
        self.tally = Tally::from_bits(&from.tally, &from.passes);
        self.layer_cost = cost_of(from.layer_cost);
        self.encoder_cost = cost_of(from.encoder_cost);
    }

    /// State of the worker; `next` are its next sentences, counted over all epochs.
    pub fn state(&self, next: Range<usize>) -> WorkerState {
        let (rng, noise, sentence, position) = self.stepper.standing();
        WorkerState {
            rng,
            noise,
            next: next.start as u64,
            end: next.end as u64,
            sentence,
            position,
            words: self.words,
            tally: self.tally.to_bits(),
            passes: self.tally.passes.clone(),
            layer_cost: cost_numbers(self.layer_cost),
            encoder_cost: cost_numbers(self.encoder_cost),
        }
    }

    /// Reads a sentence of the text and subsamples it.
    ///
    /// # Errors
    /// A file of ids that cannot be read.
    pub fn read(&mut self, inputs: &Inputs<'a>, sentence: usize, epoch: usize) -> Result<()> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None => self.reader.insert(inputs.corpus.reader()?),
        };
        let sentence = reader.sentence(sentence)?;
        let dropped = self.stepper.begin(sentence, &inputs.subsampler);
        self.words += sentence.len() as u64;
        self.tally.read(epoch, sentence.len() as u64, dropped as u64);
        Ok(())
    }

    /// Takes one step: [`Stepper::step`] with the window of the settings, or [`Stepper::step_block`] if the settings
    /// ask for blocks.
    #[inline(always)]
    pub fn step(&mut self, inputs: &Inputs, model: &SharedModel, handles: &mut Handles, left: u64) -> Step {
        match (&inputs.settings.window, inputs.settings.block) {
            (window, 1) => self.stepper.step(model, handles, window, left),
            (window, most) => self.stepper.step_block(model, handles, window, most, left),
        }
    }

    /// Adds to the sums. A loss that is not finite is recorded in `diverged`.
    pub fn add(&mut self, epoch: usize, examples: usize, loss: f64) {
        self.tally.add(epoch as u64, examples, loss);
        if !loss.is_finite() {
            self.diverged = Some(loss);
        }
    }

    /// Takes over the costs that the handles have counted.
    pub fn take_costs(&mut self, handles: &mut Handles) {
        self.layer_cost += handles.layer.take_cost();
        self.encoder_cost += handles.encoder.take_cost();
        self.traffic = handles.layer.traffic() + handles.encoder.traffic();
    }
}
