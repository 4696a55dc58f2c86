//! Words by number, and the way back.

use crate::error::VectorsFault;
use crate::vocab::WordId;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// Words, none twice, in one piece of memory.
#[derive(Clone, Debug, Default)]
pub struct Words {
    text: String,
    /// Where each word ends in `text`.
    ends: Vec<usize>,
    table: HashTable<WordId>,
    hasher: DefaultHashBuilder,
}

impl Words {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn get(&self, number: usize) -> &str {
        word(&self.text, &self.ends, number)
    }

    pub fn find(&self, word: &str) -> Option<WordId> {
        let hash = self.hasher.hash_one(word);
        self.table.find(hash, |id| self.get(*id as usize) == word).copied()
    }

    /// Adds a word.
    pub fn push(&mut self, new: &str) -> Result<(), VectorsFault> {
        let number = self.len() + 1;
        if new.is_empty() {
            return Err(VectorsFault::EmptyWord { number });
        }
        if let Some(first) = self.find(new) {
            return Err(VectorsFault::RepeatedWord { word: new.into(), first: first as usize + 1 });
        }
        let Ok(id) = i32::try_from(self.len()) else {
            return Err(VectorsFault::TooLarge { words: number as u64, dim: 0 });
        };
        self.text.push_str(new);
        self.ends.push(self.text.len());
        let Self { text, ends, table, hasher } = self;
        table.insert_unique(hasher.hash_one(new), id as WordId, |id| hasher.hash_one(word(text, ends, *id as usize)));
        Ok(())
    }
}

fn word<'a>(text: &'a str, ends: &[usize], number: usize) -> &'a str {
    let start = if number == 0 { 0 } else { ends[number - 1] };
    &text[start..ends[number]]
}
