//! What can be wrong with texts, and with what names them.

use super::shown::{file, quoted};
use std::path::PathBuf;

/// What is wrong with a text, or with what names it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextFault {
    /// The file is of another kind.
    #[error("{}: {kind}, not text; {advice}", file(path))]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The kind, with its article.
        kind: &'static str,
        /// The remedy.
        advice: &'static str,
    },
    /// The text is of an encoding that only a byte order mark tells.
    #[error(
        "{}: {encoding} text without a byte order mark; convert it, as with `iconv -f {encoding} -t UTF-8`",
        file(path)
    )]
    NoMark {
        /// The file.
        path: PathBuf,
        /// The encoding, as it seems.
        encoding: &'static str,
    },
    /// A line has a NUL byte, as binary data has, and UTF-16 or UTF-32 without a mark.
    #[error(
        "{}:{line}: byte {byte} of the line is NUL, which no text has; if the file is UTF-16 or UTF-32 without a byte \
         order mark, convert it, as with `iconv -f UTF-16LE -t UTF-8`; if it is binary data, name another file",
        file(path)
    )]
    Nul {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The first such byte in the line, from 1.
        byte: usize,
    },
    /// A pattern for names of files cannot be read.
    #[error("{}: not a pattern: {why}, at {at}; write a sign that stands for itself as [*]", file(path))]
    BadPattern {
        /// The pattern.
        path: PathBuf,
        /// Where in it, from 0.
        at: usize,
        /// The fault, as the pattern's reader says it.
        why: &'static str,
    },
    /// Standard input can be read once.
    #[error("- (standard input) is given twice, but can be read once; remove one of them")]
    RepeatedInput,
    /// The delimiter of phrases has white space, which would part the words again.
    #[error("{} cannot join words: it has white space; take another, such as \"_\"", quoted(delimiter))]
    BadDelimiter {
        /// The delimiter given.
        delimiter: String,
    },
}
