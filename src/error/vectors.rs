//! What can be wrong with word vectors.

use super::shown::{self, quoted};
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
    #[error("no vector of {}, a word of the vocabulary; add one, or take vectors of all words", quoted(word))]
    MissingWord {
        /// The word.
        word: String,
    },
    /// A vector has an entry that is not finite.
    #[error("the vector of {} is not finite; correct or remove it", quoted(word))]
    NotFinite {
        /// The word.
        word: String,
    },
    /// A vector is longer than a number of the format can say, though all its entries are finite.
    #[error(
        "the length of the vector of {} is beyond the range of f32; choose a format other than finalfusion",
        quoted(word)
    )]
    Length {
        /// The word.
        word: String,
    },
    /// The file does not begin as one of the format.
    #[error("not {expected}; check the file and its format")]
    Header {
        /// How it should begin.
        expected: &'static str,
    },
    /// The file says that it holds more than it can.
    #[error("{words} words of {dim} numbers need {need} bytes or more, but {left} are left; check the format")]
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
    #[error("{words} words of {dim} numbers, but 1 to 2³¹ - 1 words of 1 to 2²⁰ numbers can be held; check the header")]
    TooLarge {
        /// Words, as the file says.
        words: u64,
        /// Numbers of a vector, as the file says.
        dim: u64,
    },
    /// The file ends too early.
    #[error("the file ends within {what}, after {words} whole words; write or copy it again")]
    Ends {
        /// What is cut.
        what: &'static str,
        /// Words before it.
        words: usize,
    },
    /// The file goes on after its last vector.
    #[error("the file goes on after its {words} words; correct the number of words, or remove the rest")]
    GoesOn {
        /// Words, as the file says.
        words: usize,
    },
    /// A number cannot be read.
    #[error("{} in the vector of {} is not a number; write it as 0.25 or 2.5e-1", quoted(text), quoted(word))]
    Number {
        /// The word.
        word: String,
        /// What stands there.
        text: String,
    },
    /// A vector is shorter or longer than others.
    #[error("the vector of {} has {found} numbers, expected {dim}; correct or remove it", quoted(word))]
    Size {
        /// The word.
        word: String,
        /// Numbers found.
        found: usize,
        /// Numbers that there must be.
        dim: usize,
    },
    /// The word is not UTF-8.
    #[error("word {number} is not UTF-8; convert the words, or check the format")]
    NotUtf8 {
        /// Its number, from 1.
        number: usize,
    },
    /// A word ends before it begins, or behind the last byte of all words.
    #[error("word {number} ends at byte {end}, before its beginning or beyond the last word; write the file again")]
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
        known: String,
    },
    /// A vector without a word.
    #[error("word {number} is empty; name or remove it")]
    EmptyWord {
        /// Its number, from 1.
        number: usize,
    },
    /// A word without end.
    #[error("word {number} has more than {limit} bytes; shorten it, or check the format")]
    LongWord {
        /// Its number, from 1.
        number: usize,
        /// The limit.
        limit: usize,
    },
    /// A word has two vectors.
    #[error("{} is word {first} already; remove one of them", quoted(word))]
    RepeatedWord {
        /// The word.
        word: String,
        /// The number of the first, from 1.
        first: usize,
    },
    /// Something of the format that is not read here.
    #[error("unsupported {what} {} (supported: {known}); convert the file", shown::value(value))]
    NotRead {
        /// What it is.
        what: &'static str,
        /// What the file has.
        value: String,
        /// What is read.
        known: &'static str,
    },
    /// The file is of another kind.
    #[error("this is {what}; {advice}")]
    Foreign {
        /// The kind, with its article.
        what: &'static str,
        /// What to do with it.
        advice: &'static str,
    },
    /// The file has nothing but white space.
    #[error("the file is empty; write or copy it again")]
    EmptyFile,
    /// The file of the words is not there.
    #[error("a {format} file keeps its words beside it, but there is no {names}; name the file of the words")]
    NoWords {
        /// The format.
        format: &'static str,
        /// Names that it may have.
        names: String,
    },
    /// A file of words for vectors that have their words with them.
    #[error("the words of a {format} file stand in it; leave out the file of words")]
    WordsInside {
        /// The format.
        format: &'static str,
    },
    /// All entries were passed over.
    #[error("no word is left: {passed_over}; check the format")]
    NothingLeft {
        /// What was passed over.
        passed_over: String,
    },
    /// Two files, or two parts of one, do not belong together.
    #[error("{vectors} vectors, but {words} words; give one vector for each word")]
    WordsMissVectors {
        /// Number of words.
        words: u64,
        /// Number of vectors.
        vectors: u64,
    },
}
