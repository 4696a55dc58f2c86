//! The steps over the positions of a sentence.

use super::super::block::{Block, NextBlock};
use super::super::workspace::{Ahead, Workspace};
use crate::corpus::{Examples, Subsampler, Window};
use crate::model::{Handles, SharedModel};
use crate::rng::WorkerRng;
use crate::vocab::WordId;

/// Goes over the positions of one sentence after the other, with a window at each.
pub struct Stepper {
    work: Workspace,
    /// The generator of subsampling and windows.
    rng: WorkerRng,
    /// The sentence at work, as subsampling left it, and the next position in it.
    sentence: Vec<WordId>,
    position: usize,
    examples: Examples,
    block: Block,
}

/// The outcome of one step.
pub struct Step {
    /// Positions that it went over.
    pub positions: u64,
    pub examples: usize,
    /// Summed over the examples; 0 without any.
    pub loss: f64,
}

/// Where a stepper stands: the generators of subsampling and windows and of what layers draw, the sentence and the
/// position.
pub type Standing = (WorkerRng, WorkerRng, Vec<WordId>, usize);

impl Stepper {
    /// At no sentence yet, for hidden vectors of size `dim`; `noise` is the generator of what layers draw.
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

    /// Begins a sentence. Returns the number of words that subsampling dropped.
    pub fn begin(&mut self, sentence: &[WordId], subsampler: &Subsampler) -> usize {
        subsampler.sample(sentence, &mut self.rng, &mut self.sentence);
        self.position = 0;
        sentence.len() - self.sentence.len()
    }

    /// Forgets a sentence, so that a state has no part of it.
    pub fn forget(&mut self) {
        self.sentence.clear();
        self.position = 0;
    }

    /// Whether the sentence has no more positions.
    #[inline(always)]
    pub fn is_at_end(&self) -> bool {
        self.position >= self.sentence.len()
    }

    /// Takes the next position of the sentence, which has one. A barrier comes after `left` positions, one or more.
    pub fn step(&mut self, model: &SharedModel, handles: &mut Handles, window: &Window, left: u64) -> Step {
        self.examples.clear();
        let reduced = window.draw_size(&mut self.rng);
        window.examples_at(&self.sentence, self.position, reduced, &mut self.examples);
        let position = self.position;
        self.position += 1;
        if self.examples.is_empty() {
            return Step { positions: 1, examples: 0, loss: 0.0 };
        }
        // What comes after a barrier draws its noise there: a state that is taken at a barrier has no noise in it.
        let ahead = if left == 1 { Ahead::default() } else { Ahead::of(&self.sentence, position, window) };
        let loss = self.work.step(model.encoder(), model.layer(), handles, &self.examples, ahead);
        Step { positions: 1, examples: self.examples.len(), loss }
    }

    /// Takes up to `most` positions of the sentence, which has one, as one step. A barrier comes after `left`
    /// positions, one or more: a block ends there.
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
        // As in `step`, no noise is drawn for what comes after a barrier. Positions but the first of a sentence have
        // windows.
        let next = match positions.end..end(positions.end, left - count) {
            none if none.is_empty() => NextBlock::default(),
            next => NextBlock::of(&self.sentence, next, window),
        };
        let loss = self.block.step(&mut self.work, (model.encoder(), model.layer()), handles, window.direction(), next);
        Step { positions: count, examples, loss }
    }
}
