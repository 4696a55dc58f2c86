//! Words as numbers in the order of their first appearance.

use crate::error::{Error, Result};
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// The words met so far, all in one piece of memory, each with its count.
#[derive(Default)]
pub(crate) struct Interner {
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
    text: String,
    /// Where each word ends in `text`.
    ends: Vec<usize>,
    counts: Vec<u64>,
}

impl Interner {
    /// Ids stay below this, so that `u32::MAX` is free to mean none.
    const LIMIT: usize = u32::MAX as usize;

    /// The number of a word, which is new if the word is; counts it.
    #[inline]
    pub(crate) fn intern(&mut self, word: &str) -> Result<u32> {
        let hash = self.hasher.hash_one(word.as_bytes());
        let same = |id: &u32| word_of(&self.text, &self.ends, *id) == word;
        if let Some(&id) = self.table.find(hash, same) {
            self.counts[id as usize] += 1;
            return Ok(id);
        }
        self.add(hash, word)
    }

    #[cold]
    fn add(&mut self, hash: u64, word: &str) -> Result<u32> {
        let words = self.counts.len();
        if words >= Self::LIMIT {
            return Err(Error::TooManyWords { words: words + 1, limit: Self::LIMIT });
        }
        self.text.push_str(word);
        self.ends.push(self.text.len());
        self.counts.push(1);
        let rehash = |id: &u32| self.hasher.hash_one(word_of(&self.text, &self.ends, *id).as_bytes());
        self.table.insert_unique(hash, words as u32, rehash);
        Ok(words as u32)
    }

    /// The number of a word, which is new if the word is; does not count it.
    pub(crate) fn number(&mut self, word: &str) -> Result<u32> {
        let id = self.intern(word)?;
        self.counts[id as usize] -= 1;
        Ok(id)
    }

    /// A word by its number.
    pub(crate) fn word(&self, id: u32) -> &str {
        word_of(&self.text, &self.ends, id)
    }

    /// How often each word was met, by number.
    pub(crate) fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The same, to be corrected where words were joined.
    pub(crate) fn counts_mut(&mut self) -> &mut [u64] {
        &mut self.counts
    }

    /// The words with their counts, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts.iter().enumerate().map(|(id, n)| (word_of(&self.text, &self.ends, id as u32), *n))
    }
}

#[inline]
fn word_of<'a>(text: &'a str, ends: &[usize], id: u32) -> &'a str {
    let id = id as usize;
    let start = if id == 0 { 0 } else { ends[id - 1] };
    &text[start..ends[id]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_first_appearance() {
        let mut words = Interner::default();
        let text = "the cat saw the other cat thé";
        let ids: Vec<_> = text.split(' ').map(|w| words.intern(w).unwrap()).collect();
        assert_eq!(ids, [0, 1, 2, 0, 3, 1, 4]);
        assert!(words.iter().eq([("the", 2), ("cat", 2), ("saw", 1), ("other", 1), ("thé", 1)]));
    }

    #[test]
    fn many_words_keep_their_numbers_as_the_table_grows() {
        let mut words = Interner::default();
        for pass in 1..=2 {
            for i in 0..20_000u32 {
                assert_eq!(words.intern(&i.to_string()).unwrap(), i);
            }
            assert!(words.iter().all(|(_, n)| n == pass));
        }
    }
}
