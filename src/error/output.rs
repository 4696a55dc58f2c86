//! Faults of output files.

use super::shown::{self, file, quoted, value};
use std::path::PathBuf;

/// The reason why a file cannot hold a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// The word is empty.
    #[error("it is empty")]
    Empty,
    /// The word is longer than readers accept.
    #[error("it has {bytes} bytes, but at most {limit} can be read again")]
    Long {
        /// Bytes of the word.
        bytes: usize,
        /// The most bytes that are read.
        limit: usize,
    },
    /// The word has white space, where readers end it.
    #[error("it has white space, at which a reader would cut it")]
    Space,
    /// The word has a NUL byte, where programs in C end it.
    #[error("it has a NUL byte, at which other programs would cut it")]
    Nul,
    /// The word begins as a compressed file does, and would begin the file of words.
    #[error("it begins as a compressed file does")]
    Packed,
}

/// A reason why a file must not be written, or cannot hold its contents. Nothing was read or written yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutputFault {
    /// The output is also an input, and would be lost.
    #[error("{}: this output would overwrite the input {}; name another output", file(output), file(input))]
    IsInput {
        /// The output, as it was named.
        output: PathBuf,
        /// The input, as it was named.
        input: PathBuf,
    },
    /// Two outputs are the same file.
    #[error(
        "{} and {}: these outputs are the same file, and only the last would be left; name another one",
        file(first),
        file(second)
    )]
    IsOutput {
        /// The first output, as it was named.
        first: PathBuf,
        /// The second output, as it was named.
        second: PathBuf,
    },
    /// The next run would read the file as text.
    #[error(
        "{}: this output lies among the input files of {}, so that the next run would read it as text; name \
         another place, or name the texts one by one",
        file(output),
        file(input)
    )]
    InText {
        /// The output, as it was named.
        output: PathBuf,
        /// The folder or pattern of texts, as it was named.
        input: PathBuf,
    },
    /// The ending names a compression that is not supported for output.
    #[error("{}: lexmax does not write .{} files; {known}", file(path), value(ending))]
    Packing {
        /// The file.
        path: PathBuf,
        /// The ending of its name.
        ending: String,
        /// The advice.
        known: &'static str,
    },
    /// The file cannot hold a word.
    #[error(
        "{}: the word {} cannot be written to {what}: {unfit}; {advice}",
        file(path), quoted(word), advice = advice(*unfit, others)
    )]
    Word {
        /// The file.
        path: PathBuf,
        /// The kind of file, as `a file of the format text`.
        what: Box<str>,
        /// The word, whole.
        word: String,
        /// The reason.
        unfit: Unfit,
        /// The names of formats that can hold the word.
        others: Box<[&'static str]>,
    },
    /// Standard output, a device or a pipe cannot hold the contents.
    #[error("{}: {what} cannot go to standard output, a device or a pipe; name a file", file(path))]
    NoStream {
        /// The path that means standard output.
        path: PathBuf,
        /// The contents.
        what: &'static str,
    },
    /// A file, or an open one, cannot be written to or replaced.
    #[error("{}: {why}, so it cannot be written; change that, or name another output", file(path))]
    Kept {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: &'static str,
    },
    /// An output lies below another output, which is a file.
    #[error(
        "{}: this output lies below the output {}, which is a file; name another one",
        shown::file(below),
        shown::file(file)
    )]
    BelowFile {
        /// The output below it.
        below: PathBuf,
        /// The output that would need to be a folder.
        file: PathBuf,
    },
    /// A standard stream leads to an input file.
    #[error("{stream} leads to the input {}, which would be changed; redirect it elsewhere", file(input))]
    StreamIsInput {
        /// The stream.
        stream: &'static str,
        /// The input, as it was named.
        input: PathBuf,
    },
    /// The file beside an output cannot be written.
    #[error("{fault} ({} is written beside {})", file(side), file(main))]
    Beside {
        /// The file beside.
        side: PathBuf,
        /// The output, as it was named.
        main: PathBuf,
        /// The fault of the file beside.
        #[source]
        fault: Box<OutputFault>,
    },
    /// The ending stands for another format than the chosen one.
    #[error(
        "{}: the ending stands for the format {named}, but {format} was chosen; end it in .{ending}, or choose {named}",
        file(path)
    )]
    Ending {
        /// The file.
        path: PathBuf,
        /// The chosen format.
        format: &'static str,
        /// The format of the ending.
        named: &'static str,
        /// The ending of the chosen format.
        ending: &'static str,
    },
    /// The file beside an output belongs to another output of the same name, with another compression.
    #[error(
        "{}: this file would be written beside {}, but belongs to {}; name another output",
        file(side),
        file(main),
        file(other)
    )]
    OfOther {
        /// The file beside.
        side: PathBuf,
        /// The output, as it was named.
        main: PathBuf,
        /// The output that it belongs to.
        other: PathBuf,
    },
    /// The file beside an output exists, but the output does not. The file may belong to the user.
    #[error(
        "{}: this file would be written beside {}, but exists already without it; remove it, or name another output",
        file(side),
        file(main)
    )]
    Unasked {
        /// The file beside.
        side: PathBuf,
        /// The output, as it was named.
        main: PathBuf,
    },
}

fn advice(unfit: Unfit, others: &[&str]) -> String {
    match (unfit, others) {
        (Unfit::Long { .. }, _) => {
            "lower max_word_bytes, join fewer phrases, or remove the word from the vocabulary file".into()
        }
        (_, []) => "leave out the word or this file".into(),
        (_, others) => format!("choose another format ({}), or leave the word out", others.join(", ")),
    }
}
