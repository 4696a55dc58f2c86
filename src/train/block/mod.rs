//! Windows in blocks: a row that several windows share is read once and written once.

use super::workspace::Workspace;
use crate::corpus::{Direction, Window};
use crate::encoder::{BagGradient, Encoder};
use crate::layer::{Batch, OutputLayer};
use crate::model::Handles;
use crate::rng::WorkerRng;
use crate::simd;
use crate::table::Bags;
use crate::table::kernel::view::{matrix, matrix_mut};
use crate::vocab::WordId;
use std::ops::Range;

/// The windows of consecutive positions of a sentence. The inputs are the distinct places of the sentence that lie in
/// any of these windows, in the order of the sentence. The same word at two places is two inputs.
#[derive(Debug, Default)]
pub struct Block {
    /// Word of each input.
    inputs: Vec<WordId>,
    /// Word of each position that has a window.
    targets: Vec<WordId>,
    /// The inputs in the window of each target, concatenated, and the offsets of the targets.
    members: Vec<u32>,
    offsets: Vec<u32>,
    /// Number of the input at each place that a window may reach, or [`NONE`].
    numbers: Vec<u32>,
    /// Places of the window of each position, including the position itself.
    windows: Vec<Range<usize>>,
    /// 0, 1, 2, …: bags of one row each.
    ones: Vec<u32>,
    /// The targets whose windows contain each input, concatenated, and the offsets of the inputs.
    of_input: Vec<u32>,
    ends: Vec<u32>,
    /// Hidden vectors (of inputs or of targets) × d, and their gradients.
    hidden: Vec<f32>,
    d_hidden: Vec<f32>,
}

/// Mark of a place that is not an input.
const NONE: u32 = u32::MAX;

/// The part of the next block that is known in advance.
#[derive(Clone, Copy, Default)]
pub struct NextBlock<'a> {
    /// Context words that are not in the current block.
    pub words: &'a [WordId],
    /// Targets of the next block.
    pub targets: &'a [WordId],
}

impl<'a> NextBlock<'a> {
    /// The next block, from its positions in a sentence. All of them must have windows.
    pub fn of(sentence: &'a [WordId], positions: Range<usize>, window: &Window) -> Self {
        let reach = |position: usize| (position + window.size()).min(sentence.len());
        let (from, to) = (reach(positions.start), reach(positions.end));
        Self { words: &sentence[from..to], targets: &sentence[positions] }
    }
}

impl Block {
    /// Collects the windows of these positions, and draws the size of each window. Returns the number of examples.
    pub fn fill(
        &mut self,
        sentence: &[WordId],
        positions: Range<usize>,
        window: &Window,
        rng: &mut WorkerRng,
    ) -> usize {
        let first = positions.start.saturating_sub(window.size());
        let end = sentence.len().min(positions.end + window.size());
        self.numbers.clear();
        self.numbers.resize(end - first, NONE);
        self.windows.clear();
        for position in positions.clone() {
            let reduced = window.draw_size(rng);
            let places = window.places(sentence.len(), position, reduced);
            for part in around(position, &places) {
                self.numbers[part.start - first..part.end - first].fill(0);
            }
            self.windows.push(places);
        }
        self.inputs.clear();
        for (number, word) in self.numbers.iter_mut().zip(&sentence[first..]).filter(|(number, _)| **number != NONE) {
            *number = self.inputs.len() as u32;
            self.inputs.push(*word);
        }
        self.targets.clear();
        self.members.clear();
        self.offsets.clear();
        self.offsets.push(0);
        for (position, places) in positions.zip(&self.windows) {
            for part in around(position, places).into_iter().filter(|part| !part.is_empty()) {
                // All places next to the middle are inputs, so the numbers of one side are consecutive.
                let number = self.numbers[part.start - first];
                self.members.extend(number..number + part.len() as u32);
            }
            if self.members.len() as u32 > self.offsets[self.offsets.len() - 1] {
                self.targets.push(sentence[position]);
                self.offsets.push(self.members.len() as u32);
            }
        }
        match window.direction() {
            Direction::SkipGram => self.members.len(),
            Direction::Cbow => self.targets.len(),
        }
    }

    /// Runs forward, the step of the layer, and backward; see [`Workspace::step`]. Returns the summed loss.
    ///
    /// # Panics
    /// If the hidden vectors of the encoder are not means.
    pub fn step(
        &mut self,
        work: &mut Workspace,
        (encoder, layer): (&dyn Encoder, &dyn OutputLayer),
        handles: &mut Handles,
        direction: Direction,
        next: NextBlock,
    ) -> f64 {
        encoder.prefetch(&handles.encoder, next.words);
        work.scratch.announce_block(next.targets);
        let (from, ones) = (self.ones.len() as u32, self.inputs.len().max(self.targets.len()) as u32 + 1);
        self.ones.extend(from..ones.max(from));
        match direction {
            Direction::SkipGram => self.step_of_inputs(work, (encoder, layer), handles),
            Direction::Cbow => self.step_of_means(work, (encoder, layer), handles),
        }
    }

    /// Step whose hidden vectors are the inputs. Each input is read once and written once.
    fn step_of_inputs(
        &mut self,
        work: &mut Workspace,
        (encoder, layer): (&dyn Encoder, &dyn OutputLayer),
        handles: &mut Handles,
    ) -> f64 {
        let inputs = self.inputs.len();
        let (hidden, d_hidden) = room(&mut self.hidden, &mut self.d_hidden, inputs * work.dim);
        let bags = Bags { rows: &self.inputs, offsets: &self.ones[..inputs + 1] };
        encoder.forward(&mut handles.encoder, bags, matrix_mut(hidden, inputs));
        let members = Bags { rows: &self.members, offsets: &self.offsets };
        let (hidden, d) = (matrix(hidden, inputs), matrix_mut(d_hidden, inputs));
        let batch = Batch::block(hidden, &self.targets, members);
        let loss = layer.step(&mut handles.layer, batch, &mut work.scratch, d, None);
        encoder.backward(&mut handles.encoder, bags, hidden, matrix(d_hidden, inputs));
        loss
    }

    /// Step whose hidden vectors are the means of the windows. Each input is written once.
    fn step_of_means(
        &mut self,
        work: &mut Workspace,
        (encoder, layer): (&dyn Encoder, &dyn OutputLayer),
        handles: &mut Handles,
    ) -> f64 {
        let targets = self.targets.len();
        let (hidden, d_hidden) = room(&mut self.hidden, &mut self.d_hidden, targets * work.dim);
        let windows = Bags { rows: &self.members, offsets: &self.offsets };
        handles.encoder.shared_means(0, &self.inputs, windows, matrix_mut(hidden, targets));
        let own = Bags { rows: &self.ones[..targets], offsets: &self.ones[..targets + 1] };
        let batch = Batch::block(matrix(hidden, targets), &self.targets, own);
        let loss = layer.step(&mut handles.layer, batch, &mut work.scratch, matrix_mut(d_hidden, targets), None);
        if encoder.mean_gradient().expect("hidden vectors that are means") == BagGradient::Mean {
            for (b, d) in d_hidden.chunks_exact_mut(work.dim).enumerate() {
                simd::scale(d, 1.0 / windows.bag(b).len() as f32);
            }
        }
        self.turn();
        let sums = Bags { rows: &self.of_input, offsets: &self.ends };
        handles.encoder.descend_sums(0, &self.inputs, sums, matrix(&self.d_hidden[..targets * work.dim], targets));
        loss
    }

    /// Inverts `members`: lists for each input the targets whose windows contain it.
    fn turn(&mut self) {
        self.ends.clear();
        self.ends.resize(self.inputs.len() + 1, 0);
        self.members.iter().for_each(|input| self.ends[*input as usize + 1] += 1);
        for i in 1..self.ends.len() {
            self.ends[i] += self.ends[i - 1];
        }
        self.of_input.resize(self.members.len(), 0);
        // The offsets move from the ends of the lists to their beginnings.
        for target in (0..self.targets.len()).rev() {
            for member in self.offsets[target]..self.offsets[target + 1] {
                let end = &mut self.ends[self.members[member as usize] as usize + 1];
                *end -= 1;
                self.of_input[*end as usize] = target as u32;
            }
        }
        self.ends.rotate_left(1);
        let last = self.ends.len() - 1;
        self.ends[last] = self.members.len() as u32;
    }
}

/// Places of a window before its position, and those after it.
fn around(position: usize, places: &Range<usize>) -> [Range<usize>; 2] {
    [places.start..position, position + 1..places.end]
}

/// Two buffers of `entries` numbers; the second one is filled with zeros.
fn room<'a>(first: &'a mut Vec<f32>, second: &'a mut Vec<f32>, entries: usize) -> (&'a mut [f32], &'a mut [f32]) {
    grow(first, entries);
    grow(second, entries);
    second[..entries].fill(0.0);
    (&mut first[..entries], &mut second[..entries])
}

/// Grows a buffer to at least `entries` numbers.
fn grow(buffer: &mut Vec<f32>, entries: usize) {
    if buffer.len() < entries {
        buffer.resize(entries, 0.0);
    }
}

#[cfg(test)]
mod tests;
