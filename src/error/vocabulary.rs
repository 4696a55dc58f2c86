//! Faults in vocabulary files.

use super::shown::quoted;

/// A fault in a line of a vocabulary file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VocabularyFault {
    /// The line is not a word and a count.
    #[error("the line is not a word, a space and a count; correct or remove it")]
    NotTwo,
    /// The count cannot be parsed.
    #[error(
        "the count of {} is {}, but must be a whole number from 1 to 2⁶⁴ - 1; correct it",
        quoted(word),
        quoted(count)
    )]
    BadCount {
        /// The word.
        word: String,
        /// Its count, the first 40 characters of it.
        count: String,
    },
    /// A word has two lines.
    #[error("{} has a line already (line {first}); remove one of them", quoted(word))]
    RepeatedWord {
        /// The word.
        word: String,
        /// Its first line.
        first: u64,
    },
    /// The line is too long.
    #[error("the line has {limit} bytes or more; name a file of words with their counts")]
    TooLong {
        /// The limit.
        limit: u64,
    },
    /// No word is frequent enough.
    #[error("none of the {words} words occurs {min_count} times or more; lower min_count")]
    NoWord {
        /// Words in the file.
        words: usize,
        /// The least count.
        min_count: u64,
    },
}
