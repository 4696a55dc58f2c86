//! What is wrong with files that are read beside the text.

use super::shown::quoted;

/// What is wrong with a line of a vocabulary's file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VocabularyFault {
    /// The line is not a word and a count.
    #[error("not a word, a space and a count; correct or remove the line")]
    NotTwo,
    /// The count cannot be read.
    #[error("the count of {} is {}, but must be a whole number from 1 to 2⁶⁴ - 1", quoted(word), quoted(count))]
    BadCount {
        /// The word.
        word: String,
        /// Its count, the first 40 signs of it.
        count: String,
    },
    /// A word has two lines.
    #[error("{} has a line already, {first}; remove one of them", quoted(word))]
    RepeatedWord {
        /// The word.
        word: String,
        /// Its first line.
        first: u64,
    },
    /// The line has no end.
    #[error("the line has {limit} bytes or more; name a file of words with their counts")]
    TooLong {
        /// What is accepted.
        limit: u64,
    },
    /// No word is left.
    #[error("none of the {words} words occurs {min_count} times or more; lower min_count")]
    NoWord {
        /// Words in the file.
        words: usize,
        /// The least count.
        min_count: u64,
    },
}
