//! What can be wrong with word vectors.

use std::fmt;

/// Where in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The file as a whole.
    Whole,
    /// A line, from 1.
    Line(u64),
    /// A byte, from 0; of a compressed file, what it holds is counted.
    Byte(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::Line(line) => write!(f, ":{line}"),
            Self::Byte(byte) => write!(f, ", byte {byte}"),
        }
    }
}

/// What is wrong with a file of word vectors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VectorsFault {
    /// A word of the vocabulary has no vector.
    #[error("no vector of {word:?}, a word of the vocabulary")]
    MissingWord {
        /// The word.
        word: String,
    },
    /// A vector has an entry that is not finite.
    #[error("the vector of {word:?} is not finite")]
    NotFinite {
        /// The word.
        word: String,
    },
    /// The file does not begin as one of the format.
    #[error("not {expected}")]
    Header {
        /// How it should begin.
        expected: &'static str,
    },
    /// The file says that it holds more than it can.
    #[error("{words} words of {dim} numbers need {need} bytes or more, but {left} are left")]
    TooShort {
        /// Words, as the file says.
        words: u64,
        /// Numbers of a vector, as the file says.
        dim: u64,
        /// The least number of bytes for them.
        need: u64,
        /// Bytes that are left.
        left: u64,
    },
    /// More words than ids, or longer vectors than can be.
    #[error("{words} words of {dim} numbers are more than can be held")]
    TooLarge {
        /// Words, as the file says.
        words: u64,
        /// Numbers of a vector, as the file says.
        dim: u64,
    },
    /// The file ends too early.
    #[error("the file ends within {what}, after {words} whole words")]
    Ends {
        /// What is cut.
        what: &'static str,
        /// Words before it.
        words: usize,
    },
    /// The file goes on after its last vector.
    #[error("the file goes on after its {words} words")]
    GoesOn {
        /// Words, as the file says.
        words: usize,
    },
    /// A number cannot be read.
    #[error("{text:?} of the vector of {word:?} is no number")]
    Number {
        /// The word.
        word: String,
        /// What stands there.
        text: String,
    },
    /// A vector is shorter or longer than others.
    #[error("{found} numbers of {word:?}, but vectors have {dim}")]
    Size {
        /// The word.
        word: String,
        /// Numbers found.
        found: usize,
        /// Numbers that there must be.
        dim: usize,
    },
    /// The word is not UTF-8.
    #[error("word {number} is not UTF-8")]
    NotUtf8 {
        /// Its number, from 1.
        number: usize,
    },
    /// A word ends before it begins, or behind the last byte of all words.
    #[error("word {number} ends at byte {end} of all words: before its beginning, or behind the last of them")]
    WordEnd {
        /// Its number, from 1.
        number: usize,
        /// The end that the file gives.
        end: u64,
    },
    /// A format that is read and not written.
    #[error("a {format} file cannot be written from word vectors alone; name one of {known}")]
    ReadOnly {
        /// The format.
        format: &'static str,
        /// The endings of formats that can be written.
        known: &'static str,
    },
    /// A vector without a word.
    #[error("word {number} is empty")]
    EmptyWord {
        /// Its number, from 1.
        number: usize,
    },
    /// A word without end.
    #[error("word {number} has more than {limit} bytes")]
    LongWord {
        /// Its number, from 1.
        number: usize,
        /// The limit.
        limit: usize,
    },
    /// A word has two vectors.
    #[error("{word:?} is word {first} already")]
    RepeatedWord {
        /// The word.
        word: String,
        /// The number of the first, from 1.
        first: usize,
    },
    /// Something of the format that is not read here.
    #[error("{what} is {value}; read are {known}")]
    NotRead {
        /// What it is.
        what: &'static str,
        /// What the file has.
        value: String,
        /// What is read.
        known: &'static str,
    },
    /// Two files, or two parts of one, do not belong together.
    #[error("{vectors} vectors, but {words} words")]
    WordsMissVectors {
        /// Number of words.
        words: u64,
        /// Number of vectors.
        vectors: u64,
    },
    /// A word cannot be written in the format.
    #[error("{word:?} cannot stand in a file of this format: {reason}")]
    NotWritable {
        /// The word.
        word: String,
        /// Why.
        reason: &'static str,
    },
}
