//! Faults in files of word pairs and of analogy questions.

#[cfg(feature = "text")]
use super::Error;
use super::shown::{did_you_mean, file, quoted, value};
#[cfg(feature = "text")]
use std::path::Path;
use std::path::PathBuf;

/// Advice about an unknown word. `similar` is the word itself if it is beyond the first words.
fn hint(word: &str, similar: &Option<String>) -> String {
    match similar {
        Some(same) if same == word => "; use more of the first words".into(),
        _ => did_you_mean(similar.as_slice()),
    }
}

#[cfg(feature = "text")]
impl EvaluationFault {
    /// The error for a line of a file.
    pub(crate) fn in_file(self, path: &Path, line: u64) -> Error {
        Error::EvaluationFile { path: path.into(), line, fault: Box::new(self) }
    }
}

/// A fault in a line of an evaluation file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationFault {
    /// A question has another number of words than four.
    #[error("the line has {words} words, but a question has 4; correct or remove it")]
    NoQuestion {
        /// Words of the line.
        words: usize,
    },
    /// A question has separators other than white space.
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
    /// A comment has another beginning than `#`.
    #[error("the line looks like a comment, but comments begin with \"#\"; begin it with that, or remove it")]
    Comment,
    /// Carriage returns without line feeds.
    #[error(
        "the line has a carriage return inside, an old form of line end; convert the file, for example with \
         `tr '\\r' '\\n'`"
    )]
    LineEnds,
    /// A line has the form of BATS.
    #[error("the line looks like BATS (a word and its answers); write each question as four words on a line")]
    Bats,
    /// A file of questions has a pair with its score.
    #[error("the line looks like two words and a score, not like four words; read the file as word pairs")]
    PairNoQuestion,
    /// A file of pairs has a question.
    #[error("the line belongs to analogy questions, not to two words and a score; read the file as questions")]
    QuestionNoPair,
    /// A file of pairs seems to hold word vectors.
    #[error("the second column holds numbers, as in word vectors; name a file with two words and a score on each line")]
    Vectors,
    /// A line is not two words and a number.
    #[error(
        "the line is not two words and a number with tabs, commas, semicolons or spaces between them; correct or \
         remove it"
    )]
    NoPair,
    /// A line has another number of fields than the lines before it.
    #[error(
        "the line has {found} fields, expected {expected} as in other lines (separated by {separator}); \
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
    /// A quotation mark is not closed.
    #[error(
        "the quotation mark before {} is not closed before the next separator; close it, or double the marks \
         that belong to the text",
        quoted(text)
    )]
    OpenQuote {
        /// The text after the mark.
        text: String,
    },
    /// A word is empty.
    #[error("the word in column {column} is empty; correct or remove the line")]
    EmptyWord {
        /// The column, from 1.
        column: usize,
    },
    /// The first column may be a word or not.
    #[error(
        "the first column (here {}) may be a word or not; remove it, or name the columns in a heading: word1, word2, \
         score",
        quoted(text)
    )]
    FirstColumn {
        /// Its text.
        text: String,
    },
    /// Several columns hold numbers, and none has a known name.
    #[error(
        "column {} and column {} may both hold the scores; name one of them \"score\" in the heading",
        columns[0],
        columns[1]
    )]
    ScoreName {
        /// Two of the columns, from 1.
        columns: [usize; 2],
    },
    /// A score is not a finite number.
    #[error("the score {} is not a finite number; correct it or remove the line", quoted(text))]
    Number {
        /// The text in its place.
        text: String,
    },
    /// A file has both decimal points and decimal commas.
    #[error(
        "the scores {} here and {} in line {line} have different decimal marks; write all with a decimal point",
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
    /// A comma may separate thousands or decimals.
    #[error(
        "the comma in the score {} may be a decimal mark or not; write a point, or leave the comma out",
        quoted(text)
    )]
    Thousands {
        /// The score.
        text: String,
    },
    /// A comma may separate fields or decimals.
    #[error(
        "{} may be one score or two columns, since commas separate the fields; put scores between quotation marks, \
         or name all columns in a heading: word1, word2, score",
        quoted(text)
    )]
    SplitScore {
        /// The score, or the two columns.
        text: String,
    },
    /// A line is too long.
    #[error("the line has more than {limit} bytes; name a text file of word pairs or of questions")]
    LongLine {
        /// The limit.
        limit: u64,
    },
    /// A file is too large.
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
        "Spearman's ρ needs two pairs of known words, but {known} of {pairs} are known: {} has no vector for {}{}",
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
        /// A similar word of the vectors.
        similar: Option<String>,
    },
    /// No question has four words with vectors.
    #[error(
        "none of the {questions} questions has four known words: {} has no vector for {} among its first {first}{}",
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
        /// A similar word of the vectors.
        similar: Option<String>,
    },
    /// A file has only one pair.
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
