//! Faults in files of trees.

use super::shown::quoted;

/// A fault in a line of a tree file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeFault {
    /// A code has other characters than 0 and 1.
    #[error("the code {} of {} is not made of 0 and 1; write a 0 or a 1 for each decision", quoted(code), quoted(word))]
    BadCode {
        /// The word.
        word: String,
        /// Its code.
        code: String,
    },
    /// The line is not a word, a space and a code.
    #[error("the line is not a word, a space and a code; correct or remove it")]
    NoWord,
    /// The word is not in the vocabulary.
    #[error("{} is not in the vocabulary; remove the line", quoted(word))]
    UnknownWord {
        /// The word.
        word: String,
    },
    /// A word has two lines.
    #[error("{} has a line already (line {first}); remove one of them", quoted(word))]
    RepeatedWord {
        /// The word.
        word: String,
        /// Its first line.
        first: u64,
    },
    /// A word of the vocabulary has no line.
    #[error("the file has no line for {}, a word of the vocabulary; add one", quoted(word))]
    MissingWord {
        /// The word.
        word: String,
    },
    /// A code is a prefix of another, or equal to it, so that the codes are no tree.
    #[error(
        "the codes of {} and {} (line {line}) conflict, since one is a prefix of the other; change one of them",
        quoted(word),
        quoted(other)
    )]
    Crossing {
        /// The word of this line.
        word: String,
        /// The other word.
        other: String,
        /// Its line.
        line: u64,
    },
    /// The codes make far more decisions than there are words.
    #[error("the codes up to that of {} make more than {limit} decisions; shorten them", quoted(word))]
    TooManyDecisions {
        /// The word of this line.
        word: String,
        /// The most decisions that are accepted.
        limit: usize,
    },
    /// A decision has only one child.
    #[error("decision {decision} on the path to {} has only one child; remove its digit from all codes", quoted(word))]
    OneChild {
        /// A word below it.
        word: String,
        /// The number of the decision on its path, from 1.
        decision: usize,
    },
}
