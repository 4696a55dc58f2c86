//! What can be wrong with files of word pairs and of questions.

use super::shown::quoted;

/// What is wrong with a line of a file to evaluate with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationFault {
    /// A question of other than four words.
    #[error("the line has {words} words, but a question has 4; correct or remove it")]
    NoQuestion {
        /// Words of the line.
        words: usize,
    },
    /// No two words, or no number behind them.
    #[error("the line is not two words and a number; correct or remove it")]
    NoPair,
    /// The number is none.
    #[error("the score {} is not a finite number; correct it or remove the line", quoted(text))]
    Number {
        /// What stands there.
        text: String,
    },
    /// A line without end.
    #[error("the line has more than {limit} bytes; name a text file of word pairs or of questions")]
    LongLine {
        /// The limit.
        limit: u64,
    },
    /// The file has no pair or no question.
    #[error("the file has no word pair and no question; add one, or name another file")]
    Empty,
}
