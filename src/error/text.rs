//! Faults of texts and of their names.

use super::shown::{file, quoted};
use std::path::PathBuf;

/// A fault of a text or of its name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextFault {
    /// The file is not a text.
    #[error("{}: this is {kind}, not text; {advice}", file(path))]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The kind, with its article.
        kind: &'static str,
        /// The remedy.
        advice: &'static str,
    },
    /// The text has an encoding that needs a byte order mark.
    #[error(
        "{}: this is {encoding} text without a byte order mark; convert it, as with `iconv -f {encoding} -t UTF-8`",
        file(path)
    )]
    NoMark {
        /// The file.
        path: PathBuf,
        /// The encoding, as it seems.
        encoding: &'static str,
    },
    /// A line has a NUL byte: binary data, or UTF-16 or UTF-32 without a byte order mark.
    #[error(
        "{}:{line}: byte {byte} of the line is NUL, which does not occur in text; if the file is UTF-16 or UTF-32 without \
         a byte order mark, convert it, as with `iconv -f UTF-16LE -t UTF-8`; if it is binary data, name another file",
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
    /// A pattern of file names is wrong.
    #[error("{}: the pattern is wrong at byte {at} ({why}); write special characters in brackets, as [*]", file(path))]
    BadPattern {
        /// The pattern.
        path: PathBuf,
        /// The byte of the fault, from 0.
        at: usize,
        /// The fault, in the words of the pattern's parser.
        why: &'static str,
    },
    /// Standard input is named twice.
    #[error("standard input (-) is given twice, but can be read only once; remove one of them")]
    RepeatedInput,
    /// The delimiter of phrases has white space, which would separate the words again.
    #[error("{} cannot join words: it has white space; choose another, such as \"_\"", quoted(delimiter))]
    BadDelimiter {
        /// The delimiter given.
        delimiter: String,
    },
}
