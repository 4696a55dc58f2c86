//! Counts words, and numbers them by first appearance.

use super::Words;
use crate::error::Result;

/// The words seen so far, each with its count.
#[derive(Default)]
pub(crate) struct Interner {
    words: Words,
    counts: Vec<u64>,
}

impl Interner {
    /// The number of a word. Adds the word if it is new, and counts the occurrence.
    #[inline]
    pub(crate) fn intern(&mut self, word: &str) -> Result<u32> {
        let id = self.number(word)?;
        self.counts[id as usize] += 1;
        Ok(id)
    }

    /// The number of a word. Adds the word if it is new, without counting.
    #[inline]
    pub(crate) fn number(&mut self, word: &str) -> Result<u32> {
        let id = self.words.intern(word)?;
        if id as usize == self.counts.len() {
            self.counts.push(0);
        }
        Ok(id)
    }

    /// A word by its number.
    pub(crate) fn word(&self, id: u32) -> &str {
        self.words.get(id as usize)
    }

    /// The count of each word, by number.
    pub(crate) fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The counts, for correction after words were joined.
    pub(crate) fn counts_mut(&mut self) -> &mut [u64] {
        &mut self.counts
    }

    /// The words with their counts, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.words.iter().zip(self.counts.iter().copied())
    }
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
