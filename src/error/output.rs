//! Faults of files that are to be written.

use super::shown::{file, value};
use std::path::PathBuf;

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
    #[error("{}: nothing is packed as .{} here; end the name in {known}", file(path), value(ending))]
    Packing {
        /// The file.
        path: PathBuf,
        /// The ending of its name.
        ending: String,
        /// The endings to take instead.
        known: &'static str,
    },
    /// Standard output cannot hold what is to go there.
    #[error("{}: {what} cannot go to standard output; name a file", file(path))]
    NoStream {
        /// The path that means standard output.
        path: PathBuf,
        /// The contents that were to go there.
        what: &'static str,
    },
}
