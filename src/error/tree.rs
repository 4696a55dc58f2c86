//! What is wrong with files of trees.

use super::shown::quoted;

/// What is wrong with a line of a tree's file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeFault {
    /// A code has other signs than 0 and 1.
    #[error("the code {} of {} is not made of 0 and 1; write a 0 or a 1 for each decision", quoted(code), quoted(word))]
    BadCode {
        /// The word.
        word: String,
        /// Its code.
        code: String,
    },
    /// The line is not a word, a space and a code.
    #[error("not a word, a space and a code; correct or remove the line")]
    NoWord,
    /// The vocabulary lacks the word.
    #[error("{} is not in the vocabulary; remove the line", quoted(word))]
    UnknownWord {
        /// The word.
        word: String,
    },
    /// A word has two lines.
    #[error("{} has a line already, {first}; remove one of them", quoted(word))]
    RepeatedWord {
        /// The word.
        word: String,
        /// Its first line.
        first: u64,
    },
    /// A word of the vocabulary has no line.
    #[error("the file ends without {} of the vocabulary; add a line for it", quoted(word))]
    MissingWord {
        /// The word.
        word: String,
    },
    /// The way to a word leads through another, or two words share a place: the paths are of no one tree.
    #[error(
        "one of the codes of {} and of {}, line {line}, is a prefix of the other; change one of them",
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
    /// Far more decisions than words: most have one child.
    #[error("the codes up to that of {} make more than {limit} decisions; shorten them", quoted(word))]
    TooManyDecisions {
        /// The word of this line.
        word: String,
        /// What is accepted at most.
        limit: usize,
    },
    /// A decision leads only one way.
    #[error(
        "decision {decision} on the way to {} has one child: no code goes the other way; leave it out",
        quoted(word)
    )]
    OneChild {
        /// A word below it.
        word: String,
        /// Which of its decisions, from 1.
        decision: usize,
    },
}
