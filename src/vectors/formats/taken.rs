//! Words and vectors as a reader takes them from a file.

use super::input::{Input, LONGEST_WORD, check_finite};
use super::options::{Loaded, PassedOver, ReadOptions};
use super::word_list::WordList;
use crate::error::{Error, Place, Result, VectorsFault};
use crate::vectors::WordVectors;
use crate::vocab::Words;
use ndarray::Array2;
use std::path::Path;

/// What a reader took, and what it passed over. A reader puts the numbers of a vector behind `values`, and then says
/// which word they belong to.
pub struct Taken<'a> {
    pub options: &'a ReadOptions,
    /// The numbers of all vectors that were taken, and perhaps those of the one at hand.
    pub values: Vec<f32>,
    words: Words,
    passed_over: PassedOver,
    /// Entries read, taken or not.
    read: usize,
}

impl<'a> Taken<'a> {
    pub fn new(options: &'a ReadOptions) -> Self {
        let (values, words) = (Vec::new(), Words::default());
        Self { options, values, words, passed_over: PassedOver::default(), read: 0 }
    }

    /// Entries read, taken or not.
    pub fn read(&self) -> usize {
        self.read
    }

    /// Whether there are as many words as are wanted.
    pub fn is_full(&self) -> bool {
        self.options.is_full(self.words.len())
    }

    /// Takes the numbers behind those of the words before as the vector of this word, or passes over both. The places
    /// are those of the word and of its vector in the file.
    ///
    /// # Errors
    /// A word that is empty, too long or not UTF-8, and a vector that is not finite, unless such entries are passed
    /// over.
    pub fn entry(&mut self, word: &[u8], dim: usize, path: &Path, [at, vector_at]: [Place; 2]) -> Result<()> {
        self.entry_of(word, dim, (path, at), (path, vector_at))
    }

    /// The same for a word that stands apart from its vector.
    ///
    /// # Errors
    /// Those of [`Taken::entry`].
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

    /// Adds the word, unless something is wrong with it (an error), or with its vector (a fault).
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

    /// Says that an entry that cannot be read was met, of which no numbers are left.
    ///
    /// # Errors
    /// [`Taken::pass_over`].
    pub fn broken(&mut self, error: Error) -> Result<()> {
        self.read += 1;
        self.pass_over(error)
    }

    /// Counts a fault that is passed over.
    ///
    /// # Errors
    /// The fault, unless it is passed over.
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

    /// Says that the header gives other numbers than the file has.
    pub fn wrong_header(&mut self) {
        self.passed_over.wrong_header = 1;
    }

    /// The vectors, each of `dim` numbers.
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
