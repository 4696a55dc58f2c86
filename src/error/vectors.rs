//! Faults of word vectors.

use super::shown::{self, quoted};
use std::fmt;

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The file as a whole.
    Whole,
    /// A line, from 1.
    Line(u64),
    /// A byte, from 0; in a compressed file, a byte of its contents.
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

/// A fault of a file of word vectors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VectorsFault {
    /// A word of the vocabulary has no vector.
    #[error("no vector for {}, a word of the vocabulary; add one, or use vectors that have all words", quoted(word))]
    MissingWord {
        /// The word.
        word: String,
    },
    /// A vector has an infinite or NaN entry.
    #[error("the vector of {} is not finite; correct or remove it", quoted(word))]
    NotFinite {
        /// The word.
        word: String,
    },
    /// The length of a vector is beyond the numbers of the format, although its entries are finite.
    #[error(
        "the length of the vector of {} is beyond the range of f32; choose a format other than finalfusion",
        quoted(word)
    )]
    Length {
        /// The word.
        word: String,
    },
    /// The file has another beginning than its format.
    #[error("this is not {expected}; check the file and its format")]
    Header {
        /// The expected kind of file.
        expected: &'static str,
    },
    /// The header promises more words than the file can hold.
    #[error(
        "the header says {words} words of {dim} numbers, which need {need} bytes, but {left} are left; check the format"
    )]
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
    /// The file has too many words, or too long vectors.
    #[error(
        "{words} words of {dim} numbers are out of range (1 to 2³¹ - 1 words of 1 to 2²⁰ numbers); check the header"
    )]
    TooLarge {
        /// Words, as the file says.
        words: u64,
        /// Numbers of a vector, as the file says.
        dim: u64,
    },
    /// The file ends too early.
    #[error("the file ends within {what}, after {words} whole words; write or copy it again")]
    Ends {
        /// The part that is cut.
        what: &'static str,
        /// Words before it.
        words: usize,
    },
    /// The file continues after its last vector.
    #[error("the file continues after its {words} words; correct the number of words, or remove the rest")]
    GoesOn {
        /// Words, as the file says.
        words: usize,
    },
    /// A number cannot be parsed.
    #[error("{} in the vector of {} is not a number; write it as 0.25 or 2.5e-1", quoted(text), quoted(word))]
    Number {
        /// The word.
        word: String,
        /// The text in its place.
        text: String,
    },
    /// A vector has another size than the others.
    #[error("the vector of {} has {found} numbers, expected {dim}; correct or remove it", quoted(word))]
    Size {
        /// The word.
        word: String,
        /// Numbers found.
        found: usize,
        /// Numbers expected.
        dim: usize,
    },
    /// The word is not UTF-8.
    #[error("word {number} is not UTF-8; convert the words, or check the format")]
    NotUtf8 {
        /// Its number, from 1.
        number: usize,
    },
    /// A word ends before it begins, or after the last byte of all words.
    #[error("word {number} ends at byte {end}, before its beginning or after the last word; write the file again")]
    WordEnd {
        /// Its number, from 1.
        number: usize,
        /// The end that the file gives.
        end: u64,
    },
    /// The format can be read, but not written.
    #[error("a {format} file cannot be written from word vectors alone; name one of {known}")]
    ReadOnly {
        /// The format.
        format: &'static str,
        /// The endings of formats that can be written.
        known: String,
    },
    /// A word is empty.
    #[error("word {number} is empty; give it a name or remove it")]
    EmptyWord {
        /// Its number, from 1.
        number: usize,
    },
    /// A word is too long.
    #[error("word {number} has more than {limit} bytes; shorten it, or check the format")]
    LongWord {
        /// Its number, from 1.
        number: usize,
        /// The limit.
        limit: usize,
    },
    /// A word has two vectors.
    #[error("{} is already word {first}; remove one of them", quoted(word))]
    RepeatedWord {
        /// The word.
        word: String,
        /// The number of the first, from 1.
        first: usize,
    },
    /// The file uses a part of the format that is not supported.
    #[error("unsupported {what} {} (supported: {known}); convert the file", shown::value(value))]
    NotRead {
        /// The part of the format.
        what: &'static str,
        /// Its value in the file.
        value: String,
        /// The supported values.
        known: &'static str,
    },
    /// The file has another kind.
    #[error("this is {what}; {advice}")]
    Foreign {
        /// The kind, with its article.
        what: &'static str,
        /// The advice.
        advice: &'static str,
    },
    /// The file has only white space.
    #[error("the file is empty; write or copy it again")]
    EmptyFile,
    /// The file of words is missing.
    #[error("a {format} file keeps its words beside it, but there is no {names}; name the file of the words")]
    NoWords {
        /// The format.
        format: &'static str,
        /// Possible names of the file.
        names: String,
    },
    /// A file of words was named, but the vectors contain their words.
    #[error("a {format} file contains its words; remove the separate file of words")]
    WordsInside {
        /// The format.
        format: &'static str,
    },
    /// All entries were skipped.
    #[error("no word is left: {passed_over}; check the format")]
    NothingLeft {
        /// The skipped entries.
        passed_over: String,
    },
    /// The number of vectors differs from the number of words.
    #[error("{vectors} vectors, but {words} words; give one vector for each word")]
    WordsMissVectors {
        /// Number of words.
        words: u64,
        /// Number of vectors.
        vectors: u64,
    },
}
