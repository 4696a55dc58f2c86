//! What can be wrong with files of word pairs and of questions.

/// What is wrong with a line of a file to evaluate with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationFault {
    /// A question of other than four words.
    #[error("a question has four words, this line {words}")]
    NoQuestion {
        /// Words of the line.
        words: usize,
    },
    /// No two words, or no number behind them.
    #[error("not two words and a number")]
    NoPair,
    /// The number is none.
    #[error("{text:?} is no number")]
    Number {
        /// What stands there.
        text: String,
    },
    /// A line without end.
    #[error("the line has more than {limit} bytes")]
    LongLine {
        /// The limit.
        limit: u64,
    },
    /// The file has no pair or no question.
    #[error("the file has none")]
    Empty,
}
