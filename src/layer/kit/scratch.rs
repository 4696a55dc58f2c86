//! The state of a worker besides the weights.

use super::candidates::Candidates;
use super::gathered::Gathered;
use super::shortlist::Shortlist;
use crate::layer::Batch;
use crate::objective::{Few, TargetCorrection, Threshold};
use crate::rng::WorkerRng;
use crate::sampler::Draws;
use crate::table::Stat;
use crate::vocab::WordId;
use std::fmt;
use std::ops::Range;

/// The random numbers and the reused buffers of one worker. The contents of a buffer have no meaning between two calls,
/// except `draws` after a step: the sample of that step.
pub struct Scratch {
    /// The worker's random numbers.
    pub rng: WorkerRng,
    /// The draws of the last step that sampled.
    pub draws: Draws,
    /// The announced targets of the next two steps.
    announced: [Option<WordId>; 2],
    /// The announced targets of the next block.
    pub(in crate::layer) announced_block: Vec<WordId>,
    /// The target of the next step, or the first target of the next block, if the buffers hold what was prepared for
    /// it.
    pub(in crate::layer) ahead: Option<WordId>,
    pub(in crate::layer) losses: Vec<f64>,
    pub(in crate::layer) stats: Vec<Stat>,
    pub(in crate::layer) rows: Vec<u32>,
    /// The ends of the bags of `rows`, after a 0.
    pub(in crate::layer) ends: Vec<u32>,
    /// A path that is not cached.
    pub(in crate::layer) climbed: Vec<u32>,
    pub(in crate::layer) signs: Vec<f32>,
    pub(in crate::layer) repeated: Vec<f32>,
    pub(in crate::layer) correction: Vec<f32>,
    pub(in crate::layer) candidates: Candidates,
    pub(in crate::layer) corrections: Vec<TargetCorrection>,
    pub(in crate::layer) thresholds: Vec<Threshold>,
    pub(in crate::layer) looks: Vec<Stat>,
    pub(in crate::layer) shortlist: Shortlist,
    pub(in crate::layer) few: Few,
    pub(in crate::layer) blocks: Vec<Vec<f32>>,
    pub(in crate::layer) d_blocks: Vec<Vec<f32>>,
    /// Examples of a batch in an order that the layer chooses.
    pub(in crate::layer) examples: Vec<usize>,
    /// Examples of a batch in the order of their groups.
    pub(in crate::layer) grouped: Vec<u64>,
    pub(in crate::layer) runs: Vec<Range<usize>>,
    pub(in crate::layer) gathered: [Gathered; 2],
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Scratch").finish_non_exhaustive()
    }
}

impl Scratch {
    /// Creates the scratch of a worker; `rng` determines its draws.
    pub fn new(rng: WorkerRng) -> Self {
        Self {
            rng,
            draws: Draws::default(),
            announced: [None; 2],
            announced_block: Vec::new(),
            ahead: None,
            losses: Vec::new(),

            stats: Vec::new(),
            rows: Vec::new(),
            ends: Vec::new(),
            climbed: Vec::new(),
            signs: Vec::new(),
            repeated: Vec::new(),
            correction: Vec::new(),
            candidates: Candidates::default(),
            corrections: Vec::new(),
            thresholds: Vec::new(),
            looks: Vec::new(),
            shortlist: Shortlist::default(),
            few: Few::default(),
            blocks: Vec::new(),
            d_blocks: Vec::new(),
            examples: Vec::new(),
            grouped: Vec::new(),
            runs: Vec::new(),
            gathered: Default::default(),
        }
    }

    /// Announces the targets of the steps after the coming one, in their order. Each of those steps must have a single
    /// target; the scratch keeps two of them. The layer takes them at the end of the coming step, and may prefetch
    /// their rows. No result changes. A layer may draw the noise of the next step early, so the next step with this
    /// scratch must be a step of the same layer.
    #[doc(hidden)]
    pub fn announce(&mut self, targets: &[WordId]) {
        self.announced = [targets.first().copied(), targets.get(1).copied()];
    }

    /// Announces the targets of the next block, like [`announce`](Self::announce) for single steps.
    #[doc(hidden)]
    pub fn announce_block(&mut self, targets: &[WordId]) {
        self.announced_block.clear();
        self.announced_block.extend_from_slice(targets);
    }

    /// Takes the announcement: the target of the next step, and the target of the step after it.
    pub(in crate::layer) fn take_announced(&mut self) -> Option<(WordId, Option<WordId>)> {
        let [next, then] = std::mem::take(&mut self.announced);
        next.map(|next| (next, then))
    }

    /// Returns two buffers of the given lengths.
    pub(in crate::layer) fn two_blocks(&mut self, first: usize, second: usize) -> [&mut Vec<f32>; 2] {
        two_blocks(&mut self.blocks, first, second)
    }

    /// Resets `losses` to one zero per example. The batch must have single words as targets.
    ///
    /// # Panics
    /// The batch has soft targets, which layers that support them handle elsewhere, or it is a block.
    pub(in crate::layer) fn clear_losses(&mut self, batch: &Batch) {
        assert!(batch.soft.is_none(), "soft targets for a layer that was not built for them");
        assert!(batch.members.is_none(), "a block for a step that takes none");
        self.losses.clear();
        self.losses.resize(batch.len(), 0.0);
    }

    /// Resets `losses` to one zero per hidden vector of a block.
    ///
    /// # Panics
    /// The batch has weights: the pairs of a block are weighted equally.
    pub(in crate::layer) fn clear_block_losses(&mut self, batch: &Batch) {
        assert!(batch.weights.is_none(), "weights for a block");
        self.losses.clear();
        self.losses.resize(batch.len(), 0.0);
    }

    /// Returns the sum of the losses, and copies them to `losses` if it is given.
    pub(in crate::layer) fn total_loss(&self, losses: Option<&mut [f64]>) -> f64 {
        if let Some(out) = losses {
            out.copy_from_slice(&self.losses);
        }
        self.losses.iter().sum()
    }
}

/// Returns the first two of some buffers, resized to the given lengths.
pub(in crate::layer) fn two_blocks(blocks: &mut Vec<Vec<f32>>, first: usize, second: usize) -> [&mut Vec<f32>; 2] {
    blocks.resize_with(blocks.len().max(2), Vec::new);
    let [a, b, ..] = &mut blocks[..] else { unreachable!("two blocks") };
    a.resize(first, 0.0);
    b.resize(second, 0.0);
    [a, b]
}

/// Returns the signs of a row, repeated for each of `batch` rows; `buffer` holds them if there are several rows.
pub(in crate::layer) fn repeat<'a>(signs: &'a [f32], batch: usize, buffer: &'a mut Vec<f32>) -> &'a [f32] {
    if batch <= 1 {
        return signs;
    }
    buffer.clear();
    (0..batch).for_each(|_| buffer.extend_from_slice(signs));
    buffer
}
