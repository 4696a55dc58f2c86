//! Faults of files that are to be written.

use std::path::PathBuf;

/// Reasons why a file must not be written, or cannot hold its contents. Nothing was read or written yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutputFault {
    /// The file is read, too, and would be lost.
    #[error(
        "{output}: this output is the file that is read as {input}, which would be lost; name another output",
        output = output.display(), input = input.display()
    )]
    IsInput {
        /// The output, as it was named.
        output: PathBuf,
        /// The input, as it was named.
        input: PathBuf,
    },
    /// Two outputs are one file.
    #[error(
        "{first} and {second}: two outputs that are one file, of which only the last would be left; name another one",
        first = first.display(), second = second.display()
    )]
    IsOutput {
        /// The one, as it was named.
        first: PathBuf,
        /// The other, as it was named.
        second: PathBuf,
    },
    /// The next run would read the file as text.
    #[error(
        "{output}: this output lies among the files of {input}, so that the next run would read it as text; put it \
         elsewhere, or name the texts one by one",
        output = output.display(), input = input.display()
    )]
    InText {
        /// The output, as it was named.
        output: PathBuf,
        /// The folder or pattern of texts, as it was named.
        input: PathBuf,
    },
    /// The name promises a way to pack that is not written.
    #[error("{path}: no .{ending} is written; {known}", path = path.display())]
    Packing {
        /// The file.
        path: PathBuf,
        /// The ending of its name.
        ending: String,
        /// What to do instead.
        known: &'static str,
    },
    /// Standard output cannot hold what is to go there.
    #[error("{path}: {what} cannot go to standard output, a device or a pipe; name a file", path = path.display())]
    NoStream {
        /// The path that means standard output.
        path: PathBuf,
        /// The contents that were to go there.
        what: &'static str,
    },
    /// A file, or an open one, cannot be written to or replaced.
    #[error("{path}: {why}, so it cannot be written; change that, or name another output", path = path.display())]
    Kept {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: &'static str,
    },
    /// An output lies below another one, which would have to be a folder.
    #[error(
        "{below}: this output lies below the output {file}, which is a file; name another one",
        below = below.display(), file = file.display()
    )]
    BelowFile {
        /// The output that is below.
        below: PathBuf,
        /// The output that would have to be a folder.
        file: PathBuf,
    },
    /// A standard stream leads to a file that is read.
    #[error(
        "{stream} leads to the file that is read as {input}, which would be changed; send it elsewhere",
        input = input.display()
    )]
    StreamIsInput {
        /// The stream.
        stream: &'static str,
        /// The input, as it was named.
        input: PathBuf,
    },
    /// A file that is written beside an output cannot be written.
    #[error("{fault} ({side} is written beside {main})", side = side.display(), main = main.display())]
    Beside {
        /// The file beside.
        side: PathBuf,
        /// The output, as it was named.
        main: PathBuf,
        /// What is wrong with the file beside.
        #[source]
        fault: Box<OutputFault>,
    },
    /// A file is there without the output beside which it would be written: it may be somebody's own.
    #[error(
        "{side}: this file would be written beside {main}, and is there although that is not; remove it, or name \
         another output",
        side = side.display(), main = main.display()
    )]
    Unasked {
        /// The file beside.
        side: PathBuf,
        /// The output, as it was named.
        main: PathBuf,
    },
}
