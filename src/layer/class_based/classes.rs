//! A partition of the words into classes.

use crate::error::{Error, Result};
use crate::vocab::{Counts, WordId};
use std::ops::Range;

/// The class of each word. A class is a range of rows: its words have neighbouring rows, in the order of their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    /// The class of each word.
    of_word: Vec<u32>,
    /// The row of each word.
    row_of: Vec<u32>,
    /// The word of each row.
    word_at: Vec<WordId>,
    /// The first row of each class, then the number of rows.
    bounds: Vec<u32>,
}

impl Classes {
    /// Groups neighbouring words into `classes` classes of nearly equal size. If the words are in order of falling
    /// counts, these are classes by frequency. There are at most as many classes as words.
    ///
    /// # Errors
    /// No class, or no word.
    pub fn by_frequency(vocab: usize, classes: usize) -> Result<Self> {
        let classes = check(classes)?.min(vocab);
        let of_word = |word: usize| (((word + 1) * classes - 1) / vocab) as u32;
        Self::given(&(0..vocab).map(of_word).collect::<Vec<_>>())
    }

    /// Groups neighbouring words into classes of nearly equal mass in the text. A word that is heavier than a class
    /// forms a class alone, so there may be fewer than `classes`.
    ///
    /// # Errors
    /// No class.
    pub fn by_mass(counts: &Counts, classes: usize) -> Result<Self> {
        let (classes, total) = (check(classes)? as f64, counts.total() as f64);
        let mut sum = 0.0;
        let of_word = |count: &u64| {
            // The class that contains the middle of the word's mass.
            let class = ((sum + 0.5 * *count as f64) / total * classes) as u32;
            sum += *count as f64;
            class
        };
        Self::given(&counts.as_slice().iter().map(of_word).collect::<Vec<_>>())
    }

    /// Creates classes from the class of each word. Class numbers without words are left out, so that no class is
    /// empty.
    ///
    /// # Errors
    /// No word.
    pub fn given(of_word: &[u32]) -> Result<Self> {
        if of_word.is_empty() {
            return Err(Error::EmptyVocabulary);
        }
        let mut words: Vec<WordId> = (0..of_word.len() as WordId).collect();
        words.sort_by_key(|word| of_word[*word as usize]);
        let (mut number, mut row_of, mut bounds) = (vec![0; of_word.len()], vec![0; of_word.len()], Vec::new());
        let mut last = None;
        for (row, word) in (0..).zip(&words) {
            let class = of_word[*word as usize];
            if last != Some(class) {
                bounds.push(row);
                last = Some(class);
            }
            number[*word as usize] = bounds.len() as u32 - 1;
            row_of[*word as usize] = row;
        }
        bounds.push(of_word.len() as u32);
        Ok(Self { of_word: number, row_of, word_at: words, bounds })
    }

    /// Number of words, V.
    pub fn vocab(&self) -> usize {
        self.of_word.len()
    }

    /// Number of classes, C; none is empty.
    pub fn len(&self) -> usize {
        self.bounds.len() - 1
    }

    /// Always false; exists because `len` does.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The class of a word.
    pub fn class(&self, word: WordId) -> u32 {
        self.of_word[word as usize]
    }

    /// The rows of a class.
    pub fn rows(&self, class: u32) -> Range<u32> {
        self.bounds[class as usize]..self.bounds[class as usize + 1]
    }

    /// The row of a word.
    pub fn row(&self, word: WordId) -> u32 {
        self.row_of[word as usize]
    }

    /// The words of a class, in the order of their rows.
    pub fn words(&self, class: u32) -> &[WordId] {
        let rows = self.rows(class);
        &self.word_at[rows.start as usize..rows.end as usize]
    }
}

fn check(classes: usize) -> Result<usize> {
    match classes {
        0 => Err(Error::OutOfRange { name: "classes", value: 0.0, limit: "1 or more" }),
        n => Ok(n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_every_shape() {
        let sizes = |c: &Classes| (0..c.len() as u32).map(|i| c.rows(i).len()).collect::<Vec<_>>();
        assert_eq!(sizes(&Classes::by_frequency(10, 3).unwrap()), [3, 3, 4]);
        assert_eq!(sizes(&Classes::by_frequency(2, 9).unwrap()), [1, 1]);
        let counts = Counts::new(vec![60, 10, 10, 10, 4, 3, 3]).unwrap();
        assert_eq!(sizes(&Classes::by_mass(&counts, 5).unwrap()), [1, 2, 4]);
        // Words that are not neighbours, a number without words, and a class of one word.
        let given = Classes::given(&[7, 0, 7, 3, 0]).unwrap();
        assert_eq!(sizes(&given), [2, 1, 2]);
        assert_eq!(
            (0..5).map(|w| (given.class(w), given.row(w))).collect::<Vec<_>>(),
            [(2, 3), (0, 0), (2, 4), (1, 2), (0, 1)]
        );
        assert!(Classes::by_frequency(5, 0).is_err() && Classes::by_frequency(0, 5).is_err());
        assert!(Classes::by_mass(&counts, 0).is_err());
    }
}
