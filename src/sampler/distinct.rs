//! A fixed number of words without repeats.

use super::{Draws, Hits, Proposal, Sampler, Seen, check_samples, ln_drawn};
use crate::error::{Error, Result};
use crate::rng::WorkerRng;
use crate::vocab::WordId;
use ndarray::ArrayView2;
use rand::RngExt;
use rand_distr::Exp1;

/// Draws from q until S words are distinct, with the number of tries that this took. Every score is corrected by
/// −ln(1 − (1 − q)^tries), the expected count of a word among so many draws at most once each, and hits are merged.
///
/// This is TensorFlow's scheme (`unique=True`), with a small bias: the number of tries depends on what was drawn. With
/// S = V all words are drawn at no correction, which is the full softmax.
///
/// *Cost* the tries, a few S as long as S is well below V. Where they are many, an exponential race over the words not
/// yet drawn gives the rest in O(V), with tries from the same distribution.
#[derive(Debug)]
pub struct DistinctDraws {
    proposal: Box<dyn Proposal>,
    samples: usize,
    expected_tries: f64,
    /// The tries after which the race starts.
    patience: usize,
}

impl DistinctDraws {
    /// `samples` distinct words from `proposal` for a batch.
    ///
    /// # Errors
    /// Less than 1 sample, more than 2²⁴, or more than there are words.
    pub fn new(proposal: Box<dyn Proposal>, samples: usize) -> Result<Self> {
        check_samples(samples)?;
        if samples > proposal.vocab() {
            return Err(Error::OutOfRange { name: "samples", value: samples as f64, limit: "at most the vocabulary" });
        }
        let expected_tries = expected_tries(&*proposal, samples);
        Ok(Self { proposal, samples, expected_tries, patience: 16 * samples + 64 })
    }

    /// Sets `words` to S distinct ones, and returns the number of tries.
    fn draw_words(&self, rng: &mut WorkerRng, words: &mut Vec<WordId>, seen: &mut Seen) -> f64 {
        words.clear();
        if self.samples == self.vocab() {
            words.extend(0..self.samples as WordId);
            return f64::INFINITY;
        }
        seen.cover(self.vocab());
        let mut tries = 0;
        while words.len() < self.samples && tries < self.patience {
            // No more at once than are missing, so that the last try is the one that completes the set.
            let kept = words.len();
            words.resize(self.samples, 0);
            self.proposal.fill(rng, &mut words[kept..]);
            seen.keep_new(words, kept);
            tries += self.samples - kept;
        }
        let more = if words.len() < self.samples { self.race(rng, words, seen) } else { 0.0 };
        seen.clear(words);
        tries as f64 + more
    }

    /// The words still missing, and the tries that they take.
    ///
    /// When each word arrives after a time Exp(q), the words come in the order in which draws from q would show them
    /// first. Between two of them lie draws of words that are there already: a geometric number, by the mass of those
    /// that are not.
    fn race(&self, rng: &mut WorkerRng, words: &mut Vec<WordId>, seen: &Seen) -> f64 {
        let missing = self.samples - words.len();
        let arrival = |word| (rng.sample::<f64, _>(Exp1).ln() - self.proposal.ln_prob(word), word);
        let absent = (0..self.vocab() as WordId).filter(|word| !seen.contains(*word));
        let mut runners: Vec<(f64, WordId)> = absent.map(arrival).collect();
        runners.select_nth_unstable_by(missing - 1, |a, b| a.0.total_cmp(&b.0));
        let (first, rest) = runners.split_at_mut(missing);
        first.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        // Summed from the last, so that a small mass keeps its digits.
        let mut mass: f64 = rest.iter().map(|(_, word)| self.proposal.ln_prob(*word).exp()).sum();
        let mut tries = 0.0;
        for (_, word) in first.iter().rev() {
            mass += self.proposal.ln_prob(*word).exp();
            tries += 1.0 + failures(rng, mass);
        }
        words.extend(first.iter().map(|(_, word)| *word));
        tries
    }
}

impl Sampler for DistinctDraws {
    fn vocab(&self) -> usize {
        self.proposal.vocab()
    }

    fn samples(&self) -> usize {
        self.samples
    }

    fn ln_prob(&self, word: WordId) -> f64 {
        self.proposal.ln_prob(word)
    }

    /// Of n independent draws, with the n at which Σ_w 1 − (1 − q)^n = S.
    fn ln_inclusion(&self, word: WordId) -> f64 {
        ln_drawn(self.proposal.ln_prob(word), self.expected_tries)
    }

    fn draw(&self, _hidden: Option<ArrayView2<f32>>, targets: &[WordId], rng: &mut WorkerRng, out: &mut Draws) {
        out.hits = Hits::Merge;
        let tries = self.draw_words(rng, &mut out.words, &mut out.seen);
        out.correct(targets, |word| ln_drawn(self.proposal.ln_prob(word), tries));
    }
}

/// Trials of probability p that fail before one succeeds. As f64, since 1/p may exceed every integer type.
fn failures(rng: &mut WorkerRng, p: f64) -> f64 {
    let wait: f64 = rng.sample(Exp1);
    (wait / -(-p.clamp(f64::MIN_POSITIVE, 1.0)).ln_1p()).floor()
}

/// The n at which Σ_w 1 − (1 − q)^n = S. The sum is concave in n and at n = S not above S, so Newton's method rises to
/// the root without passing it.
fn expected_tries(proposal: &dyn Proposal, samples: usize) -> f64 {
    if samples == proposal.vocab() {
        return f64::INFINITY;
    }
    // q < 1, so that every rate is finite: there is a second word.
    let rate = |word| -(-proposal.ln_prob(word).exp().min(1.0 - f64::EPSILON)).ln_1p();
    let rates: Vec<f64> = (0..proposal.vocab() as WordId).map(rate).collect();
    let mut n = samples as f64;
    for _ in 0..200 {
        let (mut sum, mut slope) = (0.0, 0.0);
        for rate in &rates {
            let missed = (-rate * n).exp_m1();
            sum -= missed;
            slope += rate * (1.0 + missed);
        }
        let step = (samples as f64 - sum) / slope;
        if !(step > 1e-12 * n && step.is_finite()) {
            break;
        }
        n += step;
    }
    n
}

#[cfg(test)]
mod tests {
    use super::super::Unigram;
    use super::super::tests::assert_chi_squared;
    use super::*;
    use crate::vocab::Counts;

    /// Of 3 words with S = 2, the pair i, j after n tries has the probability q_i^(n−1)·q_j; so also where the race begins at
    /// once, and where it begins after some tries.
    #[test]
    fn distinct_words_and_tries_follow_the_process() {
        let counts = Counts::new(vec![5, 4, 2]).unwrap();
        let q: Vec<f64> = (0..3).map(|word| counts.probability(word)).collect();
        for patience in [0, 1, 3, 1000] {
            let (mut seen, mut expected) = (vec![], vec![]);
            let pairs = [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)];
            for (i, j) in pairs {
                let two_to_four = (2..5).map(|n| q[i].powi(n - 1) * q[j]);
                expected.extend(two_to_four.chain([q[i].powi(4) / (1.0 - q[i]) * q[j]]));
            }
            seen.resize(expected.len(), 0);
            let mut sampler = DistinctDraws::new(Box::new(Unigram::new(&counts, 1.0).unwrap()), 2).unwrap();
            sampler.patience = patience;
            let (mut rng, mut out) = (WorkerRng::new(6, patience as u64), Draws::default());
            for _ in 0..300_000 {
                let tries = sampler.draw_words(&mut rng, &mut out.words, &mut out.seen);
                let pair = pairs.iter().position(|(i, j)| out.words == [*i as WordId, *j as WordId]).unwrap();
                seen[4 * pair + (tries as usize - 2).min(3)] += 1;
            }
            assert_chi_squared(&seen, &expected);
        }
    }
}
