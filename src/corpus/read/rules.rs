//! Rules for the words of a text to keep.

use super::text::DROPPED;
use crate::corpus::{LONGEST_SENTENCE, Ledger, Phrases};
use crate::error::{Error, Result};
use crate::vocab::Interner;
use crate::vocab::{Vocabulary, WordId};
use std::path::PathBuf;
use std::sync::Arc;

/// Rules for the words of a text to keep, and for the length of its sentences.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TextRules {
    /// The minimum count of a kept word. For a given vocabulary, its own counts decide.
    pub min_count: u64,
    /// The maximum number of words; the most frequent ones are kept.
    pub max_vocab: Option<usize>,
    /// A line is split into sentences of this many kept words, at most [`LONGEST_SENTENCE`].
    pub longest_sentence: usize,
    /// Rules for joining pairs of words into phrases.
    pub phrases: Option<Phrases>,
    /// A given vocabulary, whose counts are used for trees, noise and subsampling. If `None`, it is built from the
    /// text.
    pub vocabulary: Option<Arc<Vocabulary>>,
}

impl TextRules {
    /// Keeps all words that occur at least `min_count` times.
    pub fn min_count(min_count: u64) -> Self {
        Self { min_count, max_vocab: None, longest_sentence: LONGEST_SENTENCE, phrases: None, vocabulary: None }
    }

    /// # Errors
    /// A limit that leaves no words.
    pub(in crate::corpus) fn check(&self) -> Result<()> {
        if self.max_vocab == Some(0) {
            return Err(Error::OutOfRange { name: "max_vocab", value: 0.0, limit: "1 or more" });
        }
        if !(1..=LONGEST_SENTENCE).contains(&self.longest_sentence) {
            let value = self.longest_sentence as f64;
            return Err(Error::OutOfRange { name: "longest_sentence", value, limit: "from 1 to 10000" });
        }
        Ok(())
    }

    /// Builds the vocabulary of words seen `counts` times, and maps each old id to its new one. Counts dropped words in
    /// the ledger.
    pub(in crate::corpus) fn number(
        &self,
        seen: &Interner,
        counts: &[u64],
        paths: &[PathBuf],
        ledger: &mut Ledger,
    ) -> Result<(Vocabulary, Vec<WordId>)> {
        let min_count = self.min_count.max(1);
        let limit = self.max_vocab.unwrap_or(usize::MAX);
        if let Some(given) = &self.vocabulary {
            let vocab = given.limited(min_count, limit)?;
            let new_ids: Vec<_> = seen.iter().map(|(word, _)| vocab.id(word).unwrap_or(DROPPED)).collect();
            ledger.unknown +=
                counts.iter().zip(&new_ids).filter(|(_, id)| **id == DROPPED).map(|(n, _)| n).sum::<u64>();
            if counts.iter().zip(&new_ids).all(|(n, id)| *n == 0 || *id == DROPPED) {
                return Err(Error::NoKnownWords { paths: paths.to_vec(), tokens: ledger.tokens });
            }
            return Ok((vocab, new_ids));
        }
        let count = |word: &u32| counts[*word as usize];
        let mut order: Vec<u32> = (0..counts.len() as u32).filter(|word| count(word) >= min_count).collect();
        if order.is_empty() {
            let Ledger { tokens, too_long, .. } = *ledger;
            return Err(Error::NoWords { paths: paths.to_vec(), tokens, too_long, min_count: self.min_count });
        }
        // Ties keep the order of first appearance.
        order.sort_by_key(|word| std::cmp::Reverse(count(word)));
        let all: u64 = counts.iter().sum();
        let frequent: u64 = order.iter().map(count).sum();
        order.truncate(limit);
        let kept: u64 = order.iter().map(count).sum();
        ledger.rare += all - frequent;
        ledger.over_limit += frequent - kept;
        let vocab = Vocabulary::new(order.iter().map(|word| (seen.word(*word).into(), count(word))), 1)?;
        let mut new_ids = vec![DROPPED; counts.len()];
        order.iter().zip(0..).for_each(|(word, id)| new_ids[*word as usize] = id);
        Ok((vocab, new_ids))
    }
}
