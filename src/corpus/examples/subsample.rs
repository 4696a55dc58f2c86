//! Subsampling of frequent words.

use crate::error::{Error, Result};
use crate::rng::WorkerRng;
use crate::vocab::{Counts, WordId};
use rand::Rng;

/// word2vec's subsampling (Mikolov et al. 2013, in the form of word2vec.c). An occurrence of a word with share f of the
/// text is kept with probability min(1, (√(f/t) + 1)·t/f), independently of the others and before windows are formed.
#[derive(Clone, Debug)]
pub struct Subsampler {
    /// A word is kept if 32 random bits do not exceed its entry. Empty if subsampling is off.
    limits: Vec<u32>,
}

impl Subsampler {
    /// Subsampling with threshold `threshold` = t, usually from 1e-5 to 1e-3; 0 turns it off.
    ///
    /// # Errors
    /// A threshold that is negative or not finite.
    pub fn new(counts: &Counts, threshold: f64) -> Result<Self> {
        if !(threshold >= 0.0 && threshold.is_finite()) {
            return Err(Error::OutOfRange { name: "sample", value: threshold, limit: "0 or a positive number" });
        }
        if threshold == 0.0 {
            return Ok(Self { limits: Vec::new() });
        }
        let total = counts.total() as f64;
        let limit = |&count: &u64| {
            let ratio = threshold * total / count as f64;
            let keep = (ratio.sqrt() + ratio).min(1.0);
            // Rounded up, so that every word keeps a positive probability.
            ((keep * (1u64 << 32) as f64).ceil() - 1.0) as u32
        };
        Ok(Self { limits: counts.as_slice().iter().map(limit).collect() })
    }

    /// Whether every word is kept.
    pub fn is_off(&self) -> bool {
        self.limits.is_empty()
    }

    /// The probability that an occurrence of a word is kept.
    pub fn keep_probability(&self, word: WordId) -> f64 {
        if self.is_off() { 1.0 } else { (f64::from(self.limits[word as usize]) + 1.0) / (1u64 << 32) as f64 }
    }

    /// The expected number of words dropped in one pass over a text with these counts.
    pub fn expected_drops(&self, counts: &Counts) -> f64 {
        let drops = |(id, n): (WordId, &u64)| *n as f64 * (1.0 - self.keep_probability(id));
        (0..).zip(counts.as_slice()).map(drops).sum()
    }

    /// Replaces the content of `out` by the kept words of a sentence.
    pub fn sample(&self, sentence: &[WordId], rng: &mut WorkerRng, out: &mut Vec<WordId>) {
        out.clear();
        if self.is_off() {
            out.extend_from_slice(sentence);
        } else {
            out.extend(sentence.iter().filter(|&&word| rng.next_u32() <= self.limits[word as usize]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_at_the_rate_of_the_formula() {
        let counts = Counts::new(vec![60_000, 30_000, 9_000, 900, 100]).unwrap();
        let threshold = 1e-2;
        let sampler = Subsampler::new(&counts, threshold).unwrap();
        let mut rng = WorkerRng::new(7, 0);
        let n = 200_000;
        for word in 0..5 {
            let share = counts.probability(word);
            let keep = (((share / threshold).sqrt() + 1.0) * threshold / share).min(1.0);
            assert!((sampler.keep_probability(word) - keep).abs() <= 2f64.powi(-32));
            let mut out = Vec::new();
            sampler.sample(&vec![word; n], &mut rng, &mut out);
            // |z| exceeds 5.3 with probability 1.2·10⁻⁷.
            let deviation = 5.3 * (n as f64 * keep * (1.0 - keep)).sqrt();
            assert!((out.len() as f64 - n as f64 * keep).abs() <= deviation, "word {word}: {} of {n}", out.len());
        }
        assert_eq!(sampler.keep_probability(3), 1.0);
        let drops: f64 =
            (0..5).map(|w| counts.as_slice()[w as usize] as f64 * (1.0 - sampler.keep_probability(w))).sum();
        assert_eq!(sampler.expected_drops(&counts), drops);
    }

    #[test]
    fn zero_is_off_and_nonsense_is_refused() {
        let counts = Counts::new(vec![3, 1]).unwrap();
        let off = Subsampler::new(&counts, 0.0).unwrap();
        let mut out = vec![9];
        off.sample(&[0, 1, 0], &mut WorkerRng::new(1, 0), &mut out);
        assert!(off.is_off() && out == [0, 1, 0] && off.keep_probability(0) == 1.0);
        for threshold in [-1e-3, f64::NAN, f64::INFINITY] {
            assert!(matches!(Subsampler::new(&counts, threshold), Err(Error::OutOfRange { name: "sample", .. })));
        }
        let least = Subsampler::new(&counts, f64::MIN_POSITIVE).unwrap();
        assert_eq!(least.keep_probability(0), 2f64.powi(-32));
    }
}
