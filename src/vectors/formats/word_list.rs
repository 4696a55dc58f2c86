//! Words stored separately from their vectors, exactly as in the file: possibly invalid UTF-8, possibly repeated.

use super::input::{Input, LONGEST_WORD};
use super::options::ReadOptions;
use crate::error::{Place, Result, VectorsFault};
use hashbrown::HashSet;
use std::path::{Path, PathBuf};

/// Words in the order of their vectors.
pub struct WordList {
    path: PathBuf,
    text: Vec<u8>,
    /// For each word, its end in `text` and its position in the file.
    ends: Vec<(usize, Place)>,
    /// Whether reading stopped early because there were enough words.
    is_part: bool,
}

impl WordList {
    /// An empty list for the file with this path.
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

    /// A word and its position in the file.
    pub fn get(&self, number: usize) -> (&[u8], Place) {
        let start = if number == 0 { 0 } else { self.ends[number - 1].0 };
        let (end, place) = self.ends[number];
        (&self.text[start..end], place)
    }

    /// The number of vectors to read to obtain the wanted number of words. Repeated words, and entries that are passed
    /// over, require further vectors.
    pub fn needed(&self, options: &ReadOptions) -> usize {
        let Some(first) = options.first.filter(|_| !options.skips()) else { return self.len() };
        let mut seen = HashSet::new();
        (0..self.len())
            .position(|number| seen.insert(self.get(number).0) && seen.len() == first)
            .map_or(self.len(), |n| n + 1)
    }

    /// Reads one word a line, up to the wanted number. `column` extracts the word from its line.
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
            // Line breaks at the end of the file are not words.
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

    /// Refuses a number of words that differs from the number of vectors.
    ///
    /// # Errors
    /// [`VectorsFault::WordsMissVectors`] at the last line.
    pub fn check_count(&self, vectors: u64, input: &Input, place: Place) -> Result<()> {
        match self.len() as u64 {
            words if words == vectors || self.is_part && words < vectors => Ok(()),
            words => Err(input.fault(place, VectorsFault::WordsMissVectors { words, vectors })),
        }
    }
}
