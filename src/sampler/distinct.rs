//! Draws of a fixed number of distinct words.

use super::{Draws, Hits, Proposal, Sampler, Seen, check_samples, ln_drawn};
use crate::error::{Error, Result};
use crate::rng::WorkerRng;
use crate::vocab::WordId;
use ndarray::ArrayView2;
use rand::RngExt;
use rand_distr::Exp1;

/// Draws from q until S words are distinct, and counts the tries. Every score is corrected by −ln(1 − (1 − q)^tries),
/// where 1 − (1 − q)^tries is the expected count of a word. Hits are merged.
///
/// This is TensorFlow's scheme (`unique=True`). It has a small bias, because the number of tries depends on the words
/// drawn. With S = V all words are drawn without correction, which is the full softmax.
///
/// *Cost* the tries: a small multiple of S if S is well below V. If there are many, an exponential race over the words
/// not yet drawn yields the rest in O(V). Its number of tries has the same distribution.
#[derive(Debug)]
pub struct DistinctDraws {
    proposal: Box<dyn Proposal>,
    samples: usize,
    expected_tries: f64,
    /// Number of tries after which the race starts.
    patience: usize,
}

impl DistinctDraws {
    /// Draws `samples` distinct words from `proposal` for each batch.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if `samples` is less than 1, more than 2²⁴, or more than the number of words.
    pub fn new(proposal: Box<dyn Proposal>, samples: usize) -> Result<Self> {
        check_samples(samples)?;
        if samples > proposal.vocab() {
            return Err(Error::OutOfRange { name: "samples", value: samples as f64, limit: "at most the vocabulary" });
        }
        let expected_tries = expected_tries(&*proposal, samples);
        Ok(Self { proposal, samples, expected_tries, patience: 16 * samples + 64 })
    }

    /// Sets `words` to S distinct words and returns the number of tries.
    fn draw_words(&self, rng: &mut WorkerRng, words: &mut Vec<WordId>, seen: &mut Seen) -> f64 {
        words.clear();
        if self.samples == self.vocab() {
            words.extend(0..self.samples as WordId);
            return f64::INFINITY;
        }
        seen.cover(self.vocab());
        let mut tries = 0;
        while words.len() < self.samples && tries < self.patience {
            // Draws no more than are missing, so that the last try completes the set.
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

    /// Draws the missing words and returns the number of tries that they take.
    ///
    /// If word w arrives after a time Exp(q_w), the words arrive in the order in which draws from q would first show
    /// them. Between two arrivals lie draws of words already present. Their number is geometric, with the mass of the
    /// absent words as the success probability.
    fn race(&self, rng: &mut WorkerRng, words: &mut Vec<WordId>, seen: &Seen) -> f64 {
        let missing = self.samples - words.len();
        let arrival = |word| (rng.sample::<f64, _>(Exp1).ln() - self.proposal.ln_prob(word), word);
        let absent = (0..self.vocab() as WordId).filter(|word| !seen.contains(*word));
        let mut runners: Vec<(f64, WordId)> = absent.map(arrival).collect();
        runners.select_nth_unstable_by(missing - 1, |a, b| a.0.total_cmp(&b.0));
        let (first, rest) = runners.split_at_mut(missing);
        first.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        // Summed from the last word, so that a small mass keeps its digits.
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

    /// Inclusion in n independent draws, with n such that Σ_w 1 − (1 − q)^n = S.
    fn ln_inclusion(&self, word: WordId) -> f64 {
        ln_drawn(self.proposal.ln_prob(word), self.expected_tries)
    }

    fn draw(&self, _hidden: Option<ArrayView2<f32>>, targets: &[WordId], rng: &mut WorkerRng, out: &mut Draws) {
        out.hits = Hits::Merge;
        let tries = self.draw_words(rng, &mut out.words, &mut out.seen);
        out.correct(targets, |word| ln_drawn(self.proposal.ln_prob(word), tries));
    }
}

/// Number of failures before the first success, in trials of probability p. An f64, since 1/p may exceed every integer
/// type.
fn failures(rng: &mut WorkerRng, p: f64) -> f64 {
    let wait: f64 = rng.sample(Exp1);
    (wait / -(-p.clamp(f64::MIN_POSITIVE, 1.0)).ln_1p()).floor()
}

/// The n with Σ_w 1 − (1 − q)^n = S. The sum is concave in n, and at most S at n = S, so Newton's method rises to the
/// root without passing it.
fn expected_tries(proposal: &dyn Proposal, samples: usize) -> f64 {
    if samples == proposal.vocab() {
        return f64::INFINITY;
    }
    // q < 1 because there is a second word, so every rate is finite.
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

    /// With 3 words and S = 2, the pair i, j after n tries has probability q_i^(n−1)·q_j. This must also hold if the
    /// race begins at once, or after some tries.
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
