//! Faults of files that are to be written.

use super::shown::{self, file, quoted, value};
use std::path::PathBuf;

/// Why a file cannot hold a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// It has no letter.
    #[error("it is empty")]
    Empty,
    /// Readers take no word of so many bytes.
    #[error("it has {bytes} bytes, but at most {limit} can be read again")]
    Long {
        /// Its bytes.
        bytes: usize,
        /// The most that are read.
        limit: usize,
    },
    /// Readers part words from what follows by its white space.
    #[error("it has white space, at which a reader would cut it")]
    Space,
    /// Programs in C take a word to end there.
    #[error("it has a NUL byte, at which other programs would cut it")]
    Nul,
    /// It begins as a compressed file does, and would begin the file of the words.
    #[error("it begins as a compressed file does")]
    Packed,
}

/// Reasons why a file must not be written, or cannot hold its contents. Nothing was read or written yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutputFault {
    /// The file is read, too, and would be lost.
    #[error(
        "{}: this output is the file that is read as {}, which would be lost; name another output",
        file(output),
        file(input)
    )]
    IsInput {
        /// The output, as it was named.
        output: PathBuf,
        /// The input, as it was named.
        input: PathBuf,
    },
    /// Two outputs are one file.
    #[error(
        "{} and {}: two outputs that are one file, of which only the last would be left; name another one",
        file(first),
        file(second)
    )]
    IsOutput {
        /// The one, as it was named.
        first: PathBuf,
        /// The other, as it was named.
        second: PathBuf,
    },
    /// The next run would read the file as text.
    #[error(
        "{}: this output lies among the files of {}, so that the next run would read it as text; put it \
         elsewhere, or name the texts one by one",
        file(output),
        file(input)
    )]
    InText {
        /// The output, as it was named.
        output: PathBuf,
        /// The folder or pattern of texts, as it was named.
        input: PathBuf,
    },
    /// The name promises a way to pack that is not written.
    #[error("{}: no .{} is written; {known}", file(path), value(ending))]
    Packing {
        /// The file.
        path: PathBuf,
        /// The ending of its name.
        ending: String,
        /// What to do instead.
        known: &'static str,
    },
    /// A word cannot stand in the file.
    #[error(
        "{}: the word {} cannot stand in {what}: {unfit}; {advice}",
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
    /// Standard output cannot hold what is to go there.
    #[error("{}: {what} cannot go to standard output, a device or a pipe; name a file", file(path))]
    NoStream {
        /// The path that means standard output.
        path: PathBuf,
        /// The contents that were to go there.
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
    /// An output lies below another one, which would have to be a folder.
    #[error(
        "{}: this output lies below the output {}, which is a file; name another one",
        shown::file(below),
        shown::file(file)
    )]
    BelowFile {
        /// The output that is below.
        below: PathBuf,
        /// The output that would have to be a folder.
        file: PathBuf,
    },
    /// A standard stream leads to a file that is read.
    #[error("{stream} leads to the file that is read as {}, which would be changed; send it elsewhere", file(input))]
    StreamIsInput {
        /// The stream.
        stream: &'static str,
        /// The input, as it was named.
        input: PathBuf,
    },
    /// A file that is written beside an output cannot be written.
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
    /// The name promises another format than the one that is asked for, and would be misread.
    #[error(
        "{}: the name promises the format {named}, and {format} is asked for; end it in .{ending}, or choose {named}",
        file(path)
    )]
    Ending {
        /// The file.
        path: PathBuf,
        /// The format that is asked for.
        format: &'static str,
        /// The format that the name promises.
        named: &'static str,
        /// The ending of the format that is asked for.
        ending: &'static str,
    },
    /// The file beside an output belongs to another one of the same name, packed in another way.
    #[error(
        "{}: this file would be written beside {}, and belongs to {}; name another output",
        file(side),
        file(main),
        file(other)
    )]
    OfOther {
        /// The file beside.
        side: PathBuf,
        /// The output, as it was named.
        main: PathBuf,
        /// The file that it belongs to.
        other: PathBuf,
    },
    /// A file is there without the output beside which it would be written: it may be somebody's own.
    #[error(
        "{}: this file would be written beside {}, and is there although that is not; remove it, or name \
         another output",
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
            "lower max_word_bytes, join fewer phrases, or take it out of the vocabulary that is read".into()
        }
        (_, []) => "leave the word out, or this file".into(),
        (_, others) => format!("choose another format ({}), or leave the word out", others.join(", ")),
    }
}
