//! Words that stand apart from their vectors, as a file has them: perhaps not UTF-8, perhaps twice.

use super::input::{Input, LONGEST_WORD};
use super::options::ReadOptions;
use crate::error::{Place, Result, VectorsFault};
use hashbrown::HashSet;
use std::path::{Path, PathBuf};

/// Words in the order of their vectors.
pub struct WordList {
    path: PathBuf,
    text: Vec<u8>,
    /// Where each word ends in `text`, and where it stands in the file.
    ends: Vec<(usize, Place)>,
    /// Enough words were there, so that the file was read no further.
    is_part: bool,
}

impl WordList {
    /// No words yet, of a file of this name.
    pub fn new(path: &Path) -> Self {
        Self { path: path.into(), text: Vec::new(), ends: Vec::new(), is_part: false }
    }

    pub fn push(&mut self, word: &[u8], place: Place) {
        self.text.extend_from_slice(word);
        self.ends.push((self.text.len(), place));
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A word, and where it stands.
    pub fn get(&self, number: usize) -> (&[u8], Place) {
        let start = if number == 0 { 0 } else { self.ends[number - 1].0 };
        let (end, place) = self.ends[number];
        (&self.text[start..end], place)
    }

    /// How many vectors are to be read for as many words as are wanted: words that repeat need further ones, and so may
    /// entries that are passed over.
    pub fn needed(&self, options: &ReadOptions) -> usize {
        let Some(first) = options.first.filter(|_| !options.skips()) else { return self.len() };
        let mut seen = HashSet::new();
        (0..self.len())
            .position(|number| seen.insert(self.get(number).0) && seen.len() == first)
            .map_or(self.len(), |n| n + 1)
    }

    /// Reads a word a line, as many as are wanted. `column` cuts the word out of its line.
    ///
    /// # Errors
    /// A line that is too long.
    pub fn read(
        input: &mut Input,
        options: &ReadOptions,
        mut column: impl FnMut(&[u8]) -> Option<&[u8]>,
    ) -> Result<Self> {
        let (mut names, mut line, mut blank) = (Self::new(input.path()), Vec::new(), 0);
        let first = options.first.filter(|_| !options.skips());
        let mut seen = HashSet::new();
        while !names.is_part && input.raw_line(LONGEST_WORD + 2, &mut line)? {
            // Line breaks at the end of the file are no words.
            if line.is_empty() {
                blank += 1;
                continue;
            }
            for before in (1..=std::mem::take(&mut blank)).rev() {
                names.push(b"", Place::Line(input.line_number() - before));
            }
            if let Some(word) = column(&line) {
                names.push(word, Place::Line(input.line_number()));
                names.is_part = first.is_some_and(|first| seen.insert(word.to_vec()) && seen.len() == first);
            }
        }
        Ok(names)
    }

    /// Refuses another number of words than of vectors.
    ///
    /// # Errors
    /// [`VectorsFault::WordsMissVectors`] in the last line.
    pub fn check_count(&self, vectors: u64, input: &Input, place: Place) -> Result<()> {
        match self.len() as u64 {
            words if words == vectors || self.is_part && words < vectors => Ok(()),
            words => Err(input.fault(place, VectorsFault::WordsMissVectors { words, vectors })),
        }
    }
}
