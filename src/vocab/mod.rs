//! Vocabularies: words with ids in the order of falling counts.

mod file;
#[cfg(feature = "text")]
mod interner;
mod words;

#[cfg(feature = "text")]
pub(crate) use interner::Interner;
pub(crate) use words::Words;

use crate::error::{Error, Result};

/// The maximum length of a word in bytes, in files of vectors and models.
pub const LONGEST_WORD: usize = 1 << 16;

/// A word's id: its rank by falling count, from 0.
pub type WordId = u32;

/// The number of occurrences of each word, in falling order and never 0: the unigram model.
///
/// ```
/// use lexmax::vocab::Counts;
///
/// # fn main() -> lexmax::Result<()> {
/// let counts = Counts::new(vec![50, 30, 20])?;
/// assert_eq!((counts.len(), counts.total()), (3, 100));
/// assert!((counts.ln_probability(1) - 0.3f64.ln()).abs() < 1e-12);
/// assert!(Counts::new(vec![1, 2]).is_err()); // counts fall
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    counts: Vec<u64>,
    total: u64,
}

impl Counts {
    /// Takes the counts of words in falling order; equal neighbours are allowed.
    ///
    /// # Errors
    /// No word, a count of 0, a count above the one before it, 2³¹ words or more, or a sum of 2⁶⁴ or more.
    pub fn new(counts: Vec<u64>) -> Result<Self> {
        let limit = i32::MAX as usize;
        if counts.is_empty() {
            return Err(Error::EmptyVocabulary);
        }
        if counts.len() > limit {
            return Err(Error::TooManyWords { words: counts.len(), limit });
        }
        for word in 1..counts.len() {
            if counts[word] > counts[word - 1] {
                return Err(Error::CountsNotFalling { word, count: counts[word], previous: counts[word - 1] });
            }
        }
        if counts[counts.len() - 1] == 0 {
            let word = counts.iter().position(|&c| c == 0).unwrap_or(0);
            return Err(Error::ZeroCount { word });
        }
        let sum = counts.iter().map(|c| u128::from(*c)).sum::<u128>();
        let Ok(total) = u64::try_from(sum) else {
            return Err(Error::OutOfRange { name: "the sum of all counts", value: sum as f64, limit: "below 2⁶⁴" });
        };
        Ok(Self { counts, total })
    }

    /// Counts in proportion to `probabilities` (falling, positive), with an absolute error of about 2⁻⁴⁰ in each
    /// probability.
    ///
    /// # Errors
    /// The errors of [`Counts::new`].
    pub fn from_probabilities(probabilities: &[f64]) -> Result<Self> {
        let scale = (1u64 << 40) as f64;
        Self::new(probabilities.iter().map(|p| ((p * scale).round() as u64).max(1)).collect())
    }

    /// Number of words, V.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Always false, since there is at least one word.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The sum of all counts.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// All counts, in the order of ids.
    pub fn as_slice(&self) -> &[u64] {
        &self.counts
    }

    /// P(word) in the unigram model.
    pub fn probability(&self, word: WordId) -> f64 {
        self.counts[word as usize] as f64 / self.total as f64
    }

    /// ln P(word) in the unigram model, in nats.
    pub fn ln_probability(&self, word: WordId) -> f64 {
        self.probability(word).ln()
    }
}

/// Words with their counts, and a lookup from a word to its id.
///
/// ```
/// use lexmax::vocab::Vocabulary;
///
/// # fn main() -> lexmax::Result<()> {
/// let words = [("river", 3), ("the", 20), ("rare", 1)].map(|(word, count)| (word.into(), count));
/// let vocab = Vocabulary::new(words, 2)?; // words that occur twice at least, the most frequent first
/// assert_eq!((vocab.id("the"), vocab.id("river"), vocab.id("rare")), (Some(0), Some(1), None));
/// assert_eq!(vocab.word(1), "river");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Vocabulary {
    words: Words,
    counts: Counts,
}

impl Vocabulary {
    /// Sorts words by falling count, with ties in the given order, and drops words below `min_count`.
    ///
    /// # Errors
    /// The errors of [`Counts::new`]; most often, no word is left.
    pub fn new(words: impl IntoIterator<Item = (Box<str>, u64)>, min_count: u64) -> Result<Self> {
        let mut kept: Vec<_> = words.into_iter().filter(|(_, n)| *n >= min_count.max(1)).collect();
        kept.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let counts = Counts::new(kept.iter().map(|(_, n)| *n).collect())?;
        let mut words = Words::default();
        kept.iter().try_for_each(|(word, _)| words.push(word))?;
        Ok(Self { words, counts })
    }

    /// The vocabulary restricted to the `most` most frequent words, without words below `min_count`.
    ///
    /// # Errors
    /// No word is left.
    pub fn limited(&self, min_count: u64, most: usize) -> Result<Self> {
        let words = self.words.iter().map(Box::from).zip(self.counts.as_slice().iter().copied());
        Self::new(words.take(most), min_count)
    }

    /// Number of words, V.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Always false, since there is at least one word.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The word with an id.
    pub fn word(&self, id: WordId) -> &str {
        self.words.get(id as usize)
    }

    /// All words, in the order of ids.
    pub fn words(&self) -> impl ExactSizeIterator<Item = &str> {
        self.words.iter()
    }

    /// The id of a word, if it is known.
    pub fn id(&self, word: &str) -> Option<WordId> {
        self.words.find(word)
    }

    /// The counts.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_refuse_what_is_no_unigram_model() {
        assert!(matches!(Counts::new(vec![]), Err(Error::EmptyVocabulary)));
        assert!(matches!(Counts::new(vec![2, 3]), Err(Error::CountsNotFalling { word: 1, count: 3, previous: 2 })));
        assert!(matches!(Counts::new(vec![2, 0, 0]), Err(Error::ZeroCount { word: 1 })));
        let counts = Counts::new(vec![3, 1]).unwrap();
        assert_eq!(counts.total(), 4);
        assert_eq!(counts.probability(0), 0.75);
    }

    #[test]
    fn words_fall_by_count_and_ties_keep_their_order() {
        let words = [("b", 2), ("a", 5), ("c", 2), ("rare", 1)];
        let vocab = Vocabulary::new(words.map(|(w, n)| (w.into(), n)), 2).unwrap();
        assert_eq!((0..3).map(|i| vocab.word(i)).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(vocab.id("c"), Some(2));
        assert_eq!(vocab.id("rare"), None);
    }
}
