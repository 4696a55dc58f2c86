//! Steps over the positions of a sentence.

use super::super::block::{Block, NextBlock};
use super::super::workspace::{Ahead, Workspace};
use crate::corpus::{Examples, Subsampler, Window};
use crate::encoder::Encoder;
use crate::layer::OutputLayer;
use crate::model::{Handles, SharedModel};
use crate::rng::WorkerRng;
use crate::vocab::WordId;

/// Walks over the positions of one sentence after another and trains on the window of each.
pub struct Stepper {
    work: Workspace,
    /// Random numbers for subsampling and window sizes.
    rng: WorkerRng,
    /// The current sentence after subsampling, and the next position in it.
    sentence: Vec<WordId>,
    position: usize,
    examples: Examples,
    block: Block,
}

/// Result of one step.
pub struct Step {
    /// Positions that the step covered.
    pub positions: u64,
    pub examples: usize,
    /// Loss summed over the examples; 0 if there are none.
    pub loss: f64,
}

/// State of a stepper: the generator of subsampling and windows, the generator of the layer's draws, the sentence,
/// and the next position in it.
pub type Standing = (WorkerRng, WorkerRng, Vec<WordId>, usize);

impl Stepper {
    /// A stepper without a sentence, for hidden vectors of size `dim`. `noise` generates the random draws of the layer.
    pub fn new(dim: usize, rng: WorkerRng, noise: WorkerRng) -> Self {
        Self {
            work: Workspace::new(dim, noise),
            rng,
            sentence: Vec::new(),
            position: 0,
            examples: Examples::new(),
            block: Block::default(),
        }
    }

    pub fn standing(&self) -> Standing {
        (self.rng.clone(), self.work.scratch.rng.clone(), self.sentence.clone(), self.position)
    }

    pub fn restore(&mut self, standing: Standing) {
        (self.rng, self.work.scratch.rng, self.sentence, self.position) = standing;
    }

    /// Begins a sentence: subsamples it. Returns the number of words that subsampling dropped.
    pub fn begin(&mut self, sentence: &[WordId], subsampler: &Subsampler) -> usize {
        subsampler.sample(sentence, &mut self.rng, &mut self.sentence);
        self.position = 0;
        sentence.len() - self.sentence.len()
    }

    /// Forgets the sentence, so that a state does not contain it.
    pub fn forget(&mut self) {
        self.sentence.clear();
        self.position = 0;
    }

    /// Whether the sentence has no more positions.
    #[inline(always)]
    pub fn is_at_end(&self) -> bool {
        self.position >= self.sentence.len()
    }

    /// Trains on the next position of the sentence, which must have one. The next barrier follows after `left`
    /// positions (at least one).
    pub fn step(&mut self, model: &SharedModel, handles: &mut Handles, window: &Window, left: u64) -> Step {
        self.examples.clear();
        let reduced = window.draw_size(&mut self.rng);
        window.examples_at(&self.sentence, self.position, reduced, &mut self.examples);
        let position = self.position;
        self.position += 1;
        if self.examples.is_empty() {
            return Step { positions: 1, examples: 0, loss: 0.0 };
        }
        // A step after a barrier draws its noise after the barrier, so that a state taken there contains no noise.
        let ahead = if left == 1 { Ahead::default() } else { Ahead::of(&self.sentence, position, window) };
        let loss = self.work.step(model.encoder(), model.layer(), handles, &self.examples, ahead);
        Step { positions: 1, examples: self.examples.len(), loss }
    }

    /// Adds the examples of the next position of the sentence, which must have one, to those of the next batch.
    pub fn gather(&mut self, window: &Window) {
        let reduced = window.draw_size(&mut self.rng);
        window.examples_at(&self.sentence, self.position, reduced, &mut self.examples);
        self.position += 1;
    }

    /// Number of examples of the next batch.
    pub fn gathered(&self) -> usize {
        self.examples.len()
    }

    /// Number of context words of the next batch.
    pub fn gathered_words(&self) -> usize {
        self.examples.words.len()
    }

    /// Trains on the examples that were gathered, of which there must be one, as one step.
    pub fn step_gathered(&mut self, encoder: &dyn Encoder, layer: &dyn OutputLayer, handles: &mut Handles) -> Step {
        let (examples, ahead) = (self.examples.len(), Ahead::default());
        let loss = self.work.step(encoder, layer, handles, &self.examples, ahead);
        self.examples.clear();
        Step { positions: 0, examples, loss }
    }

    /// Trains on up to `most` positions of the sentence, which must have one, as one step. The next barrier follows
    /// after `left` positions (at least one); a block ends there.
    pub fn step_block(
        &mut self,
        model: &SharedModel,
        handles: &mut Handles,
        window: &Window,
        most: usize,
        left: u64,
    ) -> Step {
        let len = self.sentence.len();
        let end = |start: usize, left: u64| len.min(start + most).min(start.saturating_add(left as usize));
        let positions = self.position..end(self.position, left);
        self.position = positions.end;
        let count = positions.len() as u64;
        let examples = self.block.fill(&self.sentence, positions.clone(), window, &mut self.rng);
        if examples == 0 {
            return Step { positions: count, examples, loss: 0.0 };
        }
        // As in `step`, no noise is drawn for a step after a barrier. Every position but the first of a sentence has a
        // window.
        let next = match positions.end..end(positions.end, left - count) {
            none if none.is_empty() => NextBlock::default(),
            next => NextBlock::of(&self.sentence, next, window),
        };
        let loss = self.block.step(&mut self.work, (model.encoder(), model.layer()), handles, window.direction(), next);
        Step { positions: count, examples, loss }
    }
}
