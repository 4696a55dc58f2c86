//! What can be wrong with files of word pairs and of questions.

#[cfg(feature = "text")]
use super::Error;
use super::shown::{did_you_mean, file, quoted, value};
#[cfg(feature = "text")]
use std::path::Path;
use std::path::PathBuf;

/// A word that is perhaps meant; the same word where too few of the vectors were looked at.
fn hint(word: &str, similar: &Option<String>) -> String {
    match similar {
        Some(same) if same == word => "; ask about more words".into(),
        _ => did_you_mean(similar.as_slice()),
    }
}

#[cfg(feature = "text")]
impl EvaluationFault {
    /// The fault of a line of a file.
    pub(crate) fn in_file(self, path: &Path, line: u64) -> Error {
        Error::EvaluationFile { path: path.into(), line, fault: Box::new(self) }
    }
}

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
    /// A question, or parts of one, with signs between the words.
    #[error(
        "the line has {words} words with {separator} between them, but a question has 4 with white space between them; \
         correct or remove it"
    )]
    Separated {
        /// Words of the line.
        words: usize,
        /// The name of the separator.
        separator: &'static str,
    },
    /// A comment that does not begin as one.
    #[error("the line looks like a comment, but comments begin with \"#\"; write that before it, or remove it")]
    Comment,
    /// Carriage returns without line feeds.
    #[error(
        "the line has a carriage return inside, as old files have for the end of a line; convert the file, as with \
         `tr '\\r' '\\n'`"
    )]
    LineEnds,
    /// A line of BATS among questions or pairs.
    #[error("the line looks like BATS (a word and its answers); write each question as four words a line")]
    Bats,
    /// A pair with its score among questions.
    #[error("the line looks like two words and a score, not like four words; read the file as word pairs")]
    PairNoQuestion,
    /// A question among pairs.
    #[error("the line belongs to analogy questions, not to two words and a score; read the file as questions")]
    QuestionNoPair,
    /// Word vectors where pairs are expected.
    #[error("the second column holds numbers, as in word vectors; name a file of two words and a score a line")]
    Vectors,
    /// No two words, or no number behind them.
    #[error(
        "the line is not two words and a number with tabs, commas, semicolons or spaces between them; correct or \
         remove it"
    )]
    NoPair,
    /// Other fields than the file has.
    #[error(
        "fields are separated by {separator} in this file: expected {expected}, but the line has {found}; \
         write all lines alike, with quotation marks around fields that have the separator"
    )]
    Fields {
        /// Fields of the line.
        found: usize,
        /// Fields of the other lines.
        expected: usize,
        /// The name of the separator.
        separator: &'static str,
    },
    /// Quotation marks that do not enclose a field.
    #[error(
        "the quotation mark that begins {} has no end before the next separator; close it, or double the marks \
         that belong to the text",
        quoted(text)
    )]
    OpenQuote {
        /// The text behind the mark.
        text: String,
    },
    /// A word without a letter.
    #[error("the word in column {column} is empty; correct or remove the line")]
    EmptyWord {
        /// The column, from 1.
        column: usize,
    },
    /// A first column that is perhaps not the first word.
    #[error(
        "it is open whether the first column, here {}, is a word; remove it, or name the columns in a heading: word1, \
         word2, score",
        quoted(text)
    )]
    FirstColumn {
        /// Its text.
        text: String,
    },
    /// Several columns of numbers, and none with a known name.
    #[error(
        "it is open whether column {} or {} holds the scores; name it \"score\" in the heading",
        columns[0],
        columns[1]
    )]
    ScoreName {
        /// Two of the columns, from 1.
        columns: [usize; 2],
    },
    /// The number is none.
    #[error("the score {} is not a finite number; correct it or remove the line", quoted(text))]
    Number {
        /// What stands there.
        text: String,
    },
    /// Decimal points and commas in one file.
    #[error(
        "the scores {} here and {} in line {line} have different marks; write all with a decimal point",
        quoted(text),
        quoted(other)
    )]
    TwoMarks {
        /// The score.
        text: String,
        /// A score with the other mark.
        other: String,
        /// Its line.
        line: u64,
    },
    /// A comma between thousands, or a decimal one.
    #[error(
        "the comma of the score {} may be a decimal one or not; write it as a point, or leave it out",
        quoted(text)
    )]
    Thousands {
        /// The score.
        text: String,
    },
    /// A comma between fields, or a decimal one.
    #[error(
        "{} may be one score or two columns, since commas separate the fields; put scores between quotation marks, \
         or name all columns in a heading: word1, word2, score",
        quoted(text)
    )]
    SplitScore {
        /// The score, or the two columns.
        text: String,
    },
    /// A line without end.
    #[error("the line has more than {limit} bytes; name a text file of word pairs or of questions")]
    LongLine {
        /// The limit.
        limit: u64,
    },
    /// A file without end.
    #[error("the file has more than {limit} bytes; name a file of word pairs")]
    LargeFile {
        /// The limit.
        limit: u64,
    },
    /// The file has no pair or no question.
    #[error("the file has no word pair and no question; add one, or name another file")]
    Empty,
    /// Too few pairs have two words with vectors.
    #[error(
        "Spearman's ρ needs two pairs of known words, but of {pairs} there are {known}: {} has no vector of {}{}",
        file(vectors),
        quoted(word),
        hint(word, similar)
    )]
    UnknownPairs {
        /// Pairs of two known words.
        known: usize,
        /// All pairs.
        pairs: usize,
        /// The file of the vectors.
        vectors: PathBuf,
        /// A word without a vector.
        word: String,
        /// A word that is perhaps meant.
        similar: Option<String>,
    },
    /// No question has four words with vectors.
    #[error(
        "none of the {questions} questions has four known words: {} has no vector of {} among its first {first}{}",
        file(vectors),
        quoted(word),
        hint(word, similar)
    )]
    UnknownQuestions {
        /// Questions of the file.
        questions: u64,
        /// Words that questions are asked about.
        first: u64,
        /// The file of the vectors.
        vectors: PathBuf,
        /// A word without a vector.
        word: String,
        /// A word that is perhaps meant.
        similar: Option<String>,
    },
    /// A file of one pair.
    #[error("the file has one pair, but Spearman's ρ needs two; add pairs, or name another file")]
    OnePair,
    /// The scores of all known pairs are equal.
    #[error(
        "all {known} pairs with vectors in {} have the score {}, so that Spearman's ρ is not defined; add other pairs",
        file(vectors),
        value(score)
    )]
    EqualScores {
        /// Pairs of two known words.
        known: usize,
        /// Their score.
        score: String,
        /// The file of the vectors.
        vectors: PathBuf,
    },
    /// The cosines of all known pairs are equal.
    #[error(
        "the vectors in {} give all {known} pairs the cosine {}, so that Spearman's ρ is not defined; name \
         other vectors",
        file(vectors),
        value(cosine)
    )]
    EqualCosines {
        /// Pairs of two known words.
        known: usize,
        /// Their cosine.
        cosine: String,
        /// The file of the vectors.
        vectors: PathBuf,
    },
}
