//! Words and vectors collected while a file is read.

use super::input::{Input, LONGEST_WORD, check_finite};
use super::options::{Loaded, PassedOver, ReadOptions};
use super::word_list::WordList;
use crate::error::{Error, Place, Result, VectorsFault};
use crate::vectors::WordVectors;
use crate::vocab::Words;
use ndarray::Array2;
use std::path::Path;

/// The entries accepted by a reader, and counts of the ones passed over. A reader first appends the numbers of a vector
/// to `values`, and then states the word that they belong to.
pub struct Taken<'a> {
    pub options: &'a ReadOptions,
    /// The numbers of all accepted vectors, and possibly of the current one.
    pub values: Vec<f32>,
    words: Words,
    passed_over: PassedOver,
    /// Entries read, accepted or not.
    read: usize,
}

impl<'a> Taken<'a> {
    pub fn new(options: &'a ReadOptions) -> Self {
        let (values, words) = (Vec::new(), Words::default());
        Self { options, values, words, passed_over: PassedOver::default(), read: 0 }
    }

    /// Entries read, accepted or not.
    pub fn read(&self) -> usize {
        self.read
    }

    /// Whether the wanted number of words is reached.
    pub fn is_full(&self) -> bool {
        self.options.is_full(self.words.len())
    }

    /// Accepts the last `dim` numbers of `values` as the vector of this word, or passes over both. The places are the
    /// positions of the word and of its vector in the file.
    ///
    /// # Errors
    /// A word that is empty, too long or not UTF-8, and a vector that is not finite, unless such entries are passed
    /// over.
    pub fn entry(&mut self, word: &[u8], dim: usize, path: &Path, [at, vector_at]: [Place; 2]) -> Result<()> {
        self.entry_of(word, dim, (path, at), (path, vector_at))
    }

    /// Like [`Taken::entry`], for a word stored separately from its vector.
    ///
    /// # Errors
    /// The errors of [`Taken::entry`].
    pub fn named_entry(&mut self, names: &WordList, row: usize, dim: usize, vector: (&Path, Place)) -> Result<()> {
        let (word, place) = names.get(row);
        self.entry_of(word, dim, (names.path(), place), vector)
    }

    fn entry_of(&mut self, word: &[u8], dim: usize, named: (&Path, Place), vector: (&Path, Place)) -> Result<()> {
        self.read += 1;
        let start = self.values.len() - dim;
        let ((path, place), fault) = match self.check(word, start) {
            Ok(None) => return Ok(()),
            Ok(Some(fault)) => (vector, fault),
            Err(fault) => (named, fault),
        };
        self.values.truncate(start);
        self.pass_over(Error::VectorsFile { path: path.into(), place, fault })
    }

    /// Adds the word. Returns a fault of the vector in `Ok`, and a fault of the word as an error.
    fn check(&mut self, word: &[u8], start: usize) -> std::result::Result<Option<VectorsFault>, VectorsFault> {
        let number = self.read;
        let word = std::str::from_utf8(word).map_err(|_| VectorsFault::NotUtf8 { number })?;
        if word.is_empty() {
            return Err(VectorsFault::EmptyWord { number });
        }
        if word.len() > LONGEST_WORD {
            return Err(VectorsFault::LongWord { number, limit: LONGEST_WORD });
        }
        if let Err(fault) = check_finite(word, &self.values[start..]) {
            return Ok(Some(fault));
        }
        let known = self.words.len();
        let too_large = || VectorsFault::TooLarge { words: number as u64, dim: 0 };
        if i32::try_from(known).is_err() {
            return Err(too_large());
        }
        if self.words.intern(word).map_err(|_| too_large())? as usize != known {
            self.passed_over.repeated += 1;
            self.values.truncate(start);
        }
        Ok(None)
    }

    /// Records an entry that cannot be read and whose numbers are already removed.
    ///
    /// # Errors
    /// The errors of [`Taken::pass_over`].
    pub fn broken(&mut self, error: Error) -> Result<()> {
        self.read += 1;
        self.pass_over(error)
    }

    /// Counts a fault that is passed over.
    ///
    /// # Errors
    /// The fault itself, unless faults are passed over.
    pub fn pass_over(&mut self, error: Error) -> Result<()> {
        if !self.options.skips() {
            return Err(error);
        }
        let passed = &mut self.passed_over;
        let count = match &error {
            Error::VectorsFile { fault, .. } => match fault {
                VectorsFault::NotUtf8 { .. } => &mut passed.not_utf8,
                VectorsFault::EmptyWord { .. } => &mut passed.empty,
                VectorsFault::LongWord { .. } => &mut passed.too_long,
                VectorsFault::Size { .. } => &mut passed.wrong_size,
                VectorsFault::Number { .. } => &mut passed.no_number,
                VectorsFault::NotFinite { .. } => &mut passed.not_finite,
                VectorsFault::Header { .. } | VectorsFault::TooShort { .. } | VectorsFault::GoesOn { .. } => {
                    passed.wrong_header = 1;
                    return Ok(());
                }
                VectorsFault::Ends { .. } => &mut passed.cut,
                _ => return Err(error),
            },
            _ => return Err(error),
        };
        *count += 1;
        Ok(())
    }

    /// Records that the numbers in the header differ from the file.
    pub fn wrong_header(&mut self) {
        self.passed_over.wrong_header = 1;
    }

    /// The accepted vectors, with `dim` numbers each.
    ///
    /// # Errors
    /// No word, or none that could be read.
    pub fn loaded(self, input: &Input, dim: usize) -> Result<Loaded> {
        let Self { values, words, passed_over, .. } = self;
        if words.len() == 0 {
            let fault = match passed_over.is_empty() {
                true => VectorsFault::Header { expected: "a file with a word and a number" },
                false => VectorsFault::NothingLeft { passed_over: passed_over.to_string() },
            };
            return Err(input.fault(Place::Whole, fault));
        }
        let values = Array2::from_shape_vec((words.len(), dim), values).expect("dim numbers a word");
        Ok(Loaded { vectors: WordVectors { words, values }, passed_over })
    }
}
