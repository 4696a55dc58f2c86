//! Samplers that draw what a test says.

use lexmax::rng::WorkerRng;
use lexmax::sampler::{Draws, Hits, Proposal, Sampler};
use lexmax::vocab::WordId;
use ndarray::ArrayView2;

/// Always the same draws.
#[derive(Clone)]
pub struct Fixed {
    pub words: Vec<WordId>,
    /// What is subtracted from the score of each word of the vocabulary.
    pub ln_q: Vec<f64>,
    pub hits: Hits,
}

impl Sampler for Fixed {
    fn vocab(&self) -> usize {
        self.ln_q.len()
    }

    fn samples(&self) -> usize {
        self.words.len()
    }

    fn ln_prob(&self, word: WordId) -> f64 {
        self.ln_q[word as usize]
    }

    fn ln_inclusion(&self, word: WordId) -> f64 {
        self.ln_q[word as usize]
    }

    fn draw(&self, _: Option<ArrayView2<f32>>, targets: &[WordId], _: &mut WorkerRng, out: &mut Draws) {
        let ln_q = |words: &[WordId]| words.iter().map(|w| self.ln_q[*w as usize] as f32).collect();
        out.words.clone_from(&self.words);
        (out.ln_q, out.target_ln_q) = (ln_q(&self.words), ln_q(targets));
        out.hits = self.hits;
    }
}

impl Proposal for Fixed {
    fn vocab(&self) -> usize {
        self.ln_q.len()
    }

    fn ln_prob(&self, word: WordId) -> f64 {
        self.ln_q[word as usize]
    }

    fn sample(&self, _: &mut WorkerRng) -> WordId {
        self.words[0]
    }

    fn fill(&self, _: &mut WorkerRng, out: &mut [WordId]) {
        out.copy_from_slice(&self.words);
    }
}
