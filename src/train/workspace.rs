//! One step of a worker: forward, through the layer, and backward.

use crate::corpus::{Examples, Window};
use crate::encoder::Encoder;
use crate::layer::{Batch, OutputLayer, Scratch};
use crate::model::Handles;
use crate::rng::WorkerRng;
use crate::table::Bags;
use crate::table::kernel::view::{matrix, matrix_mut};
use crate::vocab::WordId;

/// The part of the next steps that is known in advance.
#[derive(Clone, Copy, Default)]
pub(super) struct Ahead<'a> {
    /// The context word that the next step has and this one does not.
    word: &'a [WordId],
    /// Targets of the next step and of the one after it.
    targets: &'a [WordId],
}

impl<'a> Ahead<'a> {
    /// The steps after this position of a sentence. The next position has examples if this one has.
    pub fn of(sentence: &'a [WordId], position: usize, window: &Window) -> Self {
        let (word, rest) = (position + 1 + window.size(), &sentence[position + 1..]);
        Self { word: sentence.get(word..word + 1).unwrap_or_default(), targets: &rest[..rest.len().min(2)] }
    }
}

/// Buffers and random numbers for the steps of one worker.
pub(super) struct Workspace {
    pub dim: usize,
    pub scratch: Scratch,
    /// Hidden vectors and their gradients, batch × dim each.
    hidden: Vec<f32>,
    d_hidden: Vec<f32>,
}

impl Workspace {
    pub fn new(dim: usize, rng: WorkerRng) -> Self {
        Self { dim, scratch: Scratch::new(rng), hidden: Vec::new(), d_hidden: Vec::new() }
    }

    /// Runs forward, the step of the layer, and backward. Meanwhile the rows that the `next` steps need are prefetched
    /// into the cache. Returns the summed loss, in nats.
    pub fn step(
        &mut self,
        encoder: &dyn Encoder,
        layer: &dyn OutputLayer,
        handles: &mut Handles,
        examples: &Examples,
        next: Ahead,
    ) -> f64 {
        let batch = examples.len();
        let entries = batch * self.dim;
        if self.hidden.len() < entries {
            self.hidden.resize(entries, 0.0);
            self.d_hidden.resize(entries, 0.0);
        }
        let (hidden, d_hidden) = (&mut self.hidden[..entries], &mut self.d_hidden[..entries]);
        d_hidden.fill(0.0);
        let bags = Bags { rows: &examples.words, offsets: &examples.offsets };
        let out = matrix_mut(hidden, batch);
        encoder.prefetch(&handles.encoder, next.word);
        encoder.forward(&mut handles.encoder, bags, out);
        let hidden = matrix(hidden, batch);
        let d_out = matrix_mut(d_hidden, batch);
        let examples = Batch::new(hidden, &examples.targets);
        self.scratch.announce(next.targets);
        let loss = layer.step(&mut handles.layer, examples, &mut self.scratch, d_out, None);
        let d_out = matrix(d_hidden, batch);
        encoder.backward(&mut handles.encoder, bags, hidden, d_out);
        loss
    }
}
