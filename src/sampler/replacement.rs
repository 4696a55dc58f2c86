//! Independent draws with repeats.

use super::{Draws, Hits, Proposal, Sampler, check_samples, ln_drawn};
use crate::error::Result;
use crate::rng::WorkerRng;
use crate::vocab::WordId;
use ndarray::ArrayView2;

/// S independent draws from q. Every score is corrected by −ln q, and hits are kept. Consistent, even for S = 1.
///
/// *Cost* S draws and S logarithms of q. *Reference* Bengio & Senécal 2003.
#[derive(Debug)]
pub struct WithReplacement {
    proposal: Box<dyn Proposal>,
    samples: usize,
}

impl WithReplacement {
    /// Makes `samples` draws from `proposal` for each batch.
    ///
    /// # Errors
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) if `samples` is less than 1 or more than 2²⁴.
    pub fn new(proposal: Box<dyn Proposal>, samples: usize) -> Result<Self> {
        check_samples(samples)?;
        Ok(Self { proposal, samples })
    }
}

impl Sampler for WithReplacement {
    fn vocab(&self) -> usize {
        self.proposal.vocab()
    }

    fn samples(&self) -> usize {
        self.samples
    }

    fn ln_prob(&self, word: WordId) -> f64 {
        self.proposal.ln_prob(word)
    }

    fn ln_inclusion(&self, word: WordId) -> f64 {
        ln_drawn(self.proposal.ln_prob(word), self.samples as f64)
    }

    fn draw(&self, _hidden: Option<ArrayView2<f32>>, targets: &[WordId], rng: &mut WorkerRng, out: &mut Draws) {
        out.hits = Hits::Keep;
        out.words.resize(self.samples, 0);
        self.proposal.fill(rng, &mut out.words);
        out.ln_q.clear();
        self.proposal.push_ln_probs(&out.words, &mut out.ln_q);
        out.target_ln_q.clear();
        self.proposal.push_ln_probs(targets, &mut out.target_ln_q);
    }

    fn draw_plain(&self, _hidden: ArrayView2<f32>, _targets: &[WordId], rng: &mut WorkerRng, out: &mut Draws) {
        out.hits = Hits::Keep;
        out.words.resize(self.samples, 0);
        self.proposal.fill(rng, &mut out.words);
        out.ln_q.clear();
        out.target_ln_q.clear();
    }
}
