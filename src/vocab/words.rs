//! Words stored with numbers, and a lookup from a word to its number.

use crate::error::{Error, Result};
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// Words numbered from 0 by insertion order, in a single buffer. Texts, vocabularies, phrases and word vectors use it
/// for lookups.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    text: String,
    /// The end of each word in `text`.
    ends: Vec<usize>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Words {
    /// Numbers stay below this limit, so that `u32::MAX` can mean none.
    const LIMIT: usize = u32::MAX as usize;

    /// The number of words.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// A word by its number.
    pub(crate) fn get(&self, number: usize) -> &str {
        word(&self.text, &self.ends, number)
    }

    /// All words by number.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|number| self.get(number))
    }

    /// The number of a word, if it is present.
    pub(crate) fn find(&self, word: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(word.as_bytes());
        self.table.find(hash, |number| self.get(*number as usize) == word).copied()
    }

    /// The number of a word. A new word is added with the next number.
    ///
    /// # Errors
    /// More than 2³² − 1 words.
    #[inline]
    pub(crate) fn intern(&mut self, word: &str) -> Result<u32> {
        let hash = self.hasher.hash_one(word.as_bytes());
        match self.table.find(hash, |number| self.get(*number as usize) == word) {
            Some(number) => Ok(*number),
            None => self.add(hash, word),
        }
    }

    /// Adds a word with the next number, even if it is already present. `find` then returns its last number.
    ///
    /// # Errors
    /// More than 2³² − 1 words.
    pub(crate) fn push(&mut self, new: &str) -> Result<()> {
        let hash = self.hasher.hash_one(new.as_bytes());
        let Self { text, ends, table, .. } = self;
        if let Ok(entry) = table.find_entry(hash, |number| word(text, ends, *number as usize) == new) {
            entry.remove();
        }
        self.add(hash, new).map(|_| ())
    }

    #[cold]
    fn add(&mut self, hash: u64, new: &str) -> Result<u32> {
        let number = self.len();
        if number >= Self::LIMIT {
            return Err(Error::TooManyWords { words: number + 1, limit: Self::LIMIT });
        }
        self.text.push_str(new);
        self.ends.push(self.text.len());
        let Self { text, ends, table, hasher } = self;
        let rehash = |number: &u32| hasher.hash_one(word(text, ends, *number as usize).as_bytes());
        table.insert_unique(hash, number as u32, rehash);
        Ok(number as u32)
    }
}

#[inline]
fn word<'a>(text: &'a str, ends: &[usize], number: usize) -> &'a str {
    let start = if number == 0 { 0 } else { ends[number - 1] };
    &text[start..ends[number]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_word_pushed_twice_the_last_number_is_found() {
        let mut words = Words::default();
        ["a", "b", "a", "c"].iter().try_for_each(|word| words.push(word)).unwrap();
        assert!(words.iter().eq(["a", "b", "a", "c"]));
        assert_eq!(["a", "b", "c", "d"].map(|word| words.find(word)), [Some(2), Some(1), Some(3), None]);
        assert_eq!((words.intern("a").unwrap(), words.intern("d").unwrap(), words.len()), (2, 4, 5));
    }
}
