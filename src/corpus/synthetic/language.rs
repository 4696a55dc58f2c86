//! The synthetic language, whose true distribution is known.

use super::chain::{ClassChain, entropy};
use crate::error::{Error, Result};
use crate::rng::WorkerRng;
use crate::vocab::{Counts, Vocabulary, WordId};
use rand_distr::Distribution;
use rand_distr::weighted::WeightedAliasIndex;

/// Separates the random numbers drawn here from others under the same seed.
const PURPOSE: u64 = u64::from_be_bytes(*b"language");

/// q in the law of Zipf and Mandelbrot.
const RANK_SHIFT: f64 = 2.7;

/// A language whose next word depends on the class of the previous one: a test bench with a known truth.
///
/// *Model.* Each of V words belongs to exactly one of C classes of about V/C words, and
///
/// P(next | prev) = T\[c(prev), c(next)\] · E(next), T = (1 − ε)·S + ε/C, E(w) ∝ 1/(rank of w in its class + q),
///
/// with ε = 0.01, q = 2.7 and ranks from 1. S leads from each class to three classes (possibly including itself), with
/// weights uniform on the simplex. One of the three follows a cycle through all classes. Every word can therefore
/// follow every word, and the matrix of ln P has rank ≤ C + 1. The stationary distribution π(w) = π(c(w))·E(w), the
/// entropy rate and the lowest loss that a model can reach have closed forms.
///
/// *Words* are numbered by falling π, as layers require. *Memory* is O(V + C²). The same seed gives the same language
/// on every platform, since it is computed with sums, products and quotients of floating-point numbers only.
///
/// ```
/// use lexmax::corpus::synthetic::SyntheticLanguage;
///
/// # fn main() -> lexmax::Result<()> {
/// let language = SyntheticLanguage::new(200, 8, 1)?;
/// let mut next = vec![0.0; 200];
/// language.next_distribution(7, &mut next);
/// assert!((next.iter().sum::<f64>() - 1.0).abs() < 1e-12);
/// assert!(language.entropy_rate() < language.unigram_entropy());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SyntheticLanguage {
    chain: ClassChain,
    /// c(w).
    class_of: Vec<u16>,
    /// E(w).
    emission: Vec<f64>,
    /// π(w).
    unigram: Vec<f64>,
    /// The words of each class by rank.
    members: Vec<Vec<WordId>>,
    /// The distribution of the rank in each class.
    ranks: Vec<WeightedAliasIndex<f64>>,
}

impl SyntheticLanguage {
    /// The default of V.
    pub const DEFAULT_VOCAB: usize = 2_000;
    /// The default of C.
    pub const DEFAULT_CLASSES: usize = 16;

    /// A language of `vocab` = V words in `classes` = C classes.
    ///
    /// # Errors
    /// V outside of 1 to 2²⁴, C outside of 1 to min(V, 1,024).
    pub fn new(vocab: usize, classes: usize, seed: u64) -> Result<Self> {
        if !(1..=1 << 24).contains(&vocab) {
            return Err(Error::OutOfRange { name: "vocab", value: vocab as f64, limit: "from 1 to 16777216" });
        }
        if !(1..=vocab.min(1_024)).contains(&classes) {
            let limit = "from 1 to 1024, and at most the number of words";
            return Err(Error::OutOfRange { name: "classes", value: classes as f64, limit });
        }
        let chain = ClassChain::new(classes, &mut WorkerRng::new(seed ^ PURPOSE, 0));
        let mut words = Vec::with_capacity(vocab);
        let mut ranks = Vec::with_capacity(classes);
        for (class, p) in chain.stationary().iter().enumerate() {
            let size = vocab / classes + usize::from(class < vocab % classes);
            let weights: Vec<f64> = (1..=size).map(|rank| 1.0 / (rank as f64 + RANK_SHIFT)).collect();
            let sum: f64 = weights.iter().rev().sum();
            words.extend(weights.iter().map(|w| (p * (w / sum), w / sum, class as u16)));
            ranks.push(WeightedAliasIndex::new(weights).expect("a class has a word, and weights are positive"));
        }
        words.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut members = vec![Vec::new(); classes];
        for (word, (_, _, class)) in words.iter().enumerate() {
            members[usize::from(*class)].push(word as WordId);
        }
        let class_of = words.iter().map(|w| w.2).collect();
        let emission = words.iter().map(|w| w.1).collect();
        let unigram = words.iter().map(|w| w.0).collect();
        Ok(Self { chain, class_of, emission, unigram, members, ranks })
    }

    /// Number of words, V.
    pub fn vocab(&self) -> usize {
        self.unigram.len()
    }

    /// Number of classes, C.
    pub fn classes(&self) -> usize {
        self.chain.len()
    }

    /// The class of a word, c(w).
    pub fn class(&self, word: WordId) -> usize {
        usize::from(self.class_of[word as usize])
    }

    /// The probability that a word of class `to` follows one of class `from`, T\[from, to\].
    pub fn transition(&self, from: usize, to: usize) -> f64 {
        self.chain.row(from)[to]
    }

    /// π: the long-run frequency of each word.
    pub fn unigram(&self) -> &[f64] {
        &self.unigram
    }

    /// π as counts.
    pub fn counts(&self) -> Counts {
        Counts::from_probabilities(&self.unigram).expect("π falls and is positive")
    }

    /// The words w0, w1, … with π as their counts.
    ///
    /// # Errors
    /// None for a valid language; the type is the one of [`Vocabulary::new`].
    pub fn vocabulary(&self) -> Result<Vocabulary> {
        let counts = self.counts();
        let words = counts.as_slice().iter().enumerate();
        Vocabulary::new(words.map(|(id, n)| (format!("w{id}").into(), *n)), 1)
    }

    /// ln P(next | prev), in nats.
    pub fn ln_prob(&self, prev: WordId, next: WordId) -> f64 {
        (self.transition(self.class(prev), self.class(next)) * self.emission[next as usize]).ln()
    }

    /// Writes P(· | prev) into `out`, which has V entries.
    pub fn next_distribution(&self, prev: WordId, out: &mut [f64]) {
        assert_eq!(out.len(), self.vocab(), "a distribution has an entry for each word");
        let row = self.chain.row(self.class(prev));
        for (p, (class, emission)) in out.iter_mut().zip(self.class_of.iter().zip(&self.emission)) {
            *p = row[usize::from(*class)] * emission;
        }
    }

    /// −Σ π(prev) Σ P(next | prev) ln P(next | prev), in nats: the lowest loss of any model of the next word.
    pub fn entropy_rate(&self) -> f64 {
        self.chain.entropy_rate() + self.emission_entropy()
    }

    /// −Σ π ln π, in nats: the loss of the unigram model.
    pub fn unigram_entropy(&self) -> f64 {
        entropy(self.chain.stationary()) + self.emission_entropy()
    }

    /// Draws a word from π.
    pub fn sample_first(&self, rng: &mut WorkerRng) -> WordId {
        self.sample_in(self.chain.sample_first(rng), rng)
    }

    /// Draws the word after `prev`, in constant time.
    #[inline]
    pub fn sample_next(&self, prev: WordId, rng: &mut WorkerRng) -> WordId {
        self.sample_in(self.chain.sample_next(self.class(prev), rng), rng)
    }

    #[inline]
    fn sample_in(&self, class: usize, rng: &mut WorkerRng) -> WordId {
        self.members[class][self.ranks[class].sample(rng)]
    }

    /// The entropy of a word given its class, in nats.
    fn emission_entropy(&self) -> f64 {
        self.unigram.iter().zip(&self.emission).map(|(p, e)| -p * e.ln()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use statrs::distribution::{ChiSquared, ContinuousCDF};

    fn language() -> SyntheticLanguage {
        let (vocab, classes) = (SyntheticLanguage::DEFAULT_VOCAB, SyntheticLanguage::DEFAULT_CLASSES);
        SyntheticLanguage::new(vocab, classes, 1).unwrap()
    }

    /// Asserts that χ² of counts against probabilities stays below its quantile at 1 − 10⁻⁶. Every cell expects at
    /// least 10.
    fn assert_fits(counts: &[u64], probabilities: &[f64]) {
        let n = counts.iter().sum::<u64>() as f64;
        assert!(probabilities.iter().all(|p| n * p > 10.0));
        let chi2: f64 = counts.iter().zip(probabilities).map(|(c, p)| (*c as f64 - n * p).powi(2) / (n * p)).sum();
        let limit = ChiSquared::new(counts.len() as f64 - 1.0).unwrap().inverse_cdf(1.0 - 1e-6);
        assert!(chi2 < limit, "χ² {chi2} against {limit}");
    }

    proptest! {
        #[test]
        fn closed_forms_agree_with_enumeration(vocab in 1usize..60, classes in 1usize..20, seed: u64) {
            let classes = classes.min(vocab);
            let l = SyntheticLanguage::new(vocab, classes, seed).unwrap();
            let size = |class| l.class_of.iter().filter(|c| usize::from(**c) == class).count();
            prop_assert!((0..classes).all(|c| size(c) == vocab / classes || size(c) == vocab.div_ceil(classes)));
            let (mut next, mut after) = (vec![0.0; vocab], vec![0.0; vocab]);
            let mut rate = 0.0;
            let eps = f64::EPSILON * vocab as f64;
            for (prev, p) in l.unigram().iter().enumerate() {
                l.next_distribution(prev as WordId, &mut next);
                prop_assert!((next.iter().sum::<f64>() - 1.0).abs() <= eps);
                for word in 0..vocab {
                    prop_assert_eq!(next[word].ln(), l.ln_prob(prev as WordId, word as WordId));
                    after[word] += p * next[word];
                    rate -= p * next[word] * next[word].ln();
                }
            }
            prop_assert!(l.unigram().is_sorted_by(|a, b| a >= b));
            prop_assert!((l.unigram().iter().sum::<f64>() - 1.0).abs() <= eps);
            prop_assert!(l.unigram().iter().zip(&after).all(|(p, q)| (p - q).abs() <= eps));
            prop_assert!((l.entropy_rate() - rate).abs() < 1e-12);
            prop_assert!((l.unigram_entropy() - entropy(l.unigram())).abs() < 1e-12);
        }
    }

    #[test]
    fn words_of_a_class_follow_zipf_and_mandelbrot() {
        let l = language();
        let words = &l.members[5];
        assert_eq!(words.len(), 125);
        for rank in 1..=125 {
            let ratio = l.ln_prob(0, words[0]) - l.ln_prob(0, words[rank - 1]);
            assert!((ratio - ((rank as f64 + 2.7) / 3.7).ln()).abs() < 1e-13);
        }
    }

    #[test]
    fn samples_follow_the_model() {
        let l = language();
        let mut rng = WorkerRng::new(2, 0);
        let mut steps = vec![vec![0u64; l.classes()]; l.classes()];
        let mut words = vec![0u64; l.vocab()];
        for class in 0..l.classes() {
            for _ in 0..100_000 {
                let next = l.sample_next(l.members[class][0], &mut rng);
                steps[class][l.class(next)] += 1;
                words[next as usize] += 1;
            }
        }
        for (class, members) in l.members.iter().enumerate() {
            assert_fits(&steps[class], l.chain.row(class));
            let pick = |w: &WordId| (words[*w as usize], l.emission[*w as usize]);
            let (counts, probabilities): (Vec<_>, Vec<_>) = members.iter().map(pick).unzip();
            assert_fits(&counts, &probabilities);
        }
    }

    #[test]
    fn the_mean_loss_of_the_truth_is_the_entropy_rate() {
        let l = language();
        let mut rng = WorkerRng::new(3, 0);
        let (n, mut sum, mut squares) = (200_000.0, 0.0, 0.0);
        for _ in 0..n as usize {
            let prev = l.sample_first(&mut rng);
            let loss = -l.ln_prob(prev, l.sample_next(prev, &mut rng));
            sum += loss;
            squares += loss * loss;
        }
        let mean = sum / n;
        let deviation = ((squares / n - mean * mean) / n).sqrt();
        // |z| exceeds 5.3 with probability 1.2·10⁻⁷.
        assert!((mean - l.entropy_rate()).abs() < 5.3 * deviation, "{mean} against {}", l.entropy_rate());
    }

    #[test]
    fn first_words_follow_the_unigram_model() {
        let l = SyntheticLanguage::new(40, 6, 3).unwrap();
        let mut rng = WorkerRng::new(4, 0);
        let mut counts = vec![0; 40];
        (0..100_000).for_each(|_| counts[l.sample_first(&mut rng) as usize] += 1);
        assert_fits(&counts, l.unigram());
    }

    #[test]
    fn a_seed_keeps_its_language() {
        let l = language();
        assert_eq!(l.unigram()[..3], [0.01566827007310059, 0.012334595589462169, 0.010170631450960033]);
        // Logarithms differ between platforms in the last digit.
        assert!((l.entropy_rate() - 5.315464306726451).abs() < 1e-12);
        assert!((l.unigram_entropy() - 6.851872031981497).abs() < 1e-12);
        let mut rng = WorkerRng::new(1, 0);
        let first = l.sample_first(&mut rng);
        let text = std::iter::successors(Some(first), |w| Some(l.sample_next(*w, &mut rng))).take(12);
        assert_eq!(text.collect::<Vec<_>>(), [0, 574, 8, 312, 6, 203, 197, 9, 725, 608, 33, 160]);
    }

    #[test]
    fn counts_and_words_come_with_it() {
        let l = language();
        let vocabulary = l.vocabulary().unwrap();
        assert_eq!(vocabulary.counts().as_slice(), l.counts().as_slice());
        assert_eq!((vocabulary.word(17), vocabulary.id("w1999"), vocabulary.len()), ("w17", Some(1_999), 2_000));
        assert!((0..2_000).all(|w| (l.counts().probability(w) - l.unigram()[w as usize]).abs() < 2f64.powi(-40)));
    }

    #[test]
    fn sizes_without_sense_are_refused() {
        for (vocab, classes) in [(0, 0), (0, 1), (5, 0), (5, 6), ((1 << 24) + 1, 4), (1 << 20, 1_025)] {
            assert!(matches!(SyntheticLanguage::new(vocab, classes, 1), Err(Error::OutOfRange { .. })));
        }
        assert_eq!(SyntheticLanguage::new(1, 1, 1).unwrap().entropy_rate(), 0.0);
    }
}
