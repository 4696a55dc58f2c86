//! Windows in blocks: the rows that several windows share are read once and written once.

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

/// The windows of some positions that follow one another in a sentence. Inputs are the distinct places of the sentence
/// that are in any window, in their order; the same word at two places is two inputs.
#[derive(Debug, Default)]
pub struct Block {
    /// The word of each input.
    inputs: Vec<WordId>,
    /// The word of each position that has a window.
    targets: Vec<WordId>,
    /// The inputs in the window of each target, end to end, and where they begin and end.
    members: Vec<u32>,
    offsets: Vec<u32>,
    /// The number of the input at each place that a window may reach, or [`NONE`].
    numbers: Vec<u32>,
    /// The places of each position's window, the position itself among them.
    windows: Vec<Range<usize>>,
    /// 0, 1, 2, …: bags of one row each.
    ones: Vec<u32>,
    /// The targets that have each input in their windows, end to end, and where they begin and end.
    of_input: Vec<u32>,
    ends: Vec<u32>,
    /// The hidden vectors, of inputs or of targets, × d, and the gradients.
    hidden: Vec<f32>,
    d_hidden: Vec<f32>,
}

/// A place that is no input.
const NONE: u32 = u32::MAX;

/// What is known of the block after this one.
#[derive(Clone, Copy, Default)]
pub struct NextBlock<'a> {
    /// Context words that this block does not have.
    pub words: &'a [WordId],
    /// Its targets.
    pub targets: &'a [WordId],
}

impl<'a> NextBlock<'a> {
    /// Of the next block's positions in a sentence: none where they have no windows.
    pub fn of(sentence: &'a [WordId], positions: Range<usize>, window: &Window) -> Self {
        let reach = |position: usize| (position + window.size()).min(sentence.len());
        let (from, to) = (reach(positions.start), reach(positions.end));
        Self { words: &sentence[from..to], targets: &sentence[positions] }
    }
}

impl Block {
    /// Takes the windows of these positions, each of which draws its size. Returns the number of examples.
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
                // All places beside the middle are inputs, so those of one side have numbers that follow one another.
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

    /// Forward, the layer's step, and back; see [`Workspace::step`]. Returns the summed loss.
    ///
    /// # Panics
    /// If the encoder's hidden vectors are not means.
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

    /// The hidden vectors are the inputs, each read and written once.
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

    /// The hidden vectors are the means of the windows; each input is written once.
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

    /// Which targets have each input in their windows.
    fn turn(&mut self) {
        self.ends.clear();
        self.ends.resize(self.inputs.len() + 1, 0);
        self.members.iter().for_each(|input| self.ends[*input as usize + 1] += 1);
        for i in 1..self.ends.len() {
            self.ends[i] += self.ends[i - 1];
        }
        self.of_input.resize(self.members.len(), 0);
        // The beginnings move to the ends, and so to the beginnings of those behind.
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

/// The places of a window before its position, and those after it.
fn around(position: usize, places: &Range<usize>) -> [Range<usize>; 2] {
    [places.start..position, position + 1..places.end]
}

/// Two buffers of so many numbers, the second of zeros.
fn room<'a>(first: &'a mut Vec<f32>, second: &'a mut Vec<f32>, entries: usize) -> (&'a mut [f32], &'a mut [f32]) {
    grow(first, entries);
    grow(second, entries);
    second[..entries].fill(0.0);
    (&mut first[..entries], &mut second[..entries])
}

/// Makes room for so many numbers.
fn grow(buffer: &mut Vec<f32>, entries: usize) {
    if buffer.len() < entries {
        buffer.resize(entries, 0.0);
    }
}

#[cfg(test)]
mod tests;
