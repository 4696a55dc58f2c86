//! Which words of a text are kept.

use super::text::DROPPED;
use crate::corpus::{LONGEST_SENTENCE, Ledger, Phrases};
use crate::error::{Error, Result};
use crate::vocab::Interner;
use crate::vocab::{Vocabulary, WordId};
use std::path::PathBuf;
use std::sync::Arc;

/// Which words of a text are kept, and how long its sentences are.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TextRules {
    /// The least count that a word is kept at; of a vocabulary that is given too, by its own counts.
    pub min_count: u64,
    /// At most so many words, the most frequent ones.
    pub max_vocab: Option<usize>,
    /// A line is cut into sentences of this many kept words, at most [`LONGEST_SENTENCE`].
    pub longest_sentence: usize,
    /// Pairs of words that become one.
    pub phrases: Option<Phrases>,
    /// The vocabulary, its counts those of trees, noise and subsampling. Without, that of the text.
    pub vocabulary: Option<Arc<Vocabulary>>,
}

impl TextRules {
    /// All words that occur at least `min_count` times.
    pub fn min_count(min_count: u64) -> Self {
        Self { min_count, max_vocab: None, longest_sentence: LONGEST_SENTENCE, phrases: None, vocabulary: None }
    }

    /// # Errors
    /// A limit that leaves nothing.
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

    /// The vocabulary of what was seen `counts` times, and the new id of each old one; says in the ledger what is dropped.
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
        // Ties stay in the order of first appearance.
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
