//! From one format to another.

use crate::error::Result;
use crate::files::Plan;
use crate::vectors::{Format, VectorSource, WordVectors, files_read, read, write};
use crate::vocab::WordId;
use std::path::Path;

/// What was converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Converted {
    /// Words written.
    pub words: usize,
    /// Words read.
    pub of: usize,
    /// Size of a vector.
    pub dim: usize,
}

/// Reads one file and writes another, the `first` words where that is given. Formats that are not given follow from the names.
///
/// # Errors
/// What [`read`] and [`write()`] say; what [`Format::to_write`] says of a name without a format to write;
/// [`Error::Output`](crate::Error::Output) if a file that is written is one that is read.
pub fn convert(
    (from, read_as): (&Path, Option<Format>),
    (to, write_as): (&Path, Option<Format>),
    first: Option<usize>,
) -> Result<Converted> {
    let format = write_as.map_or_else(|| Format::to_write(to), Ok)?;
    format.check_output(to)?;
    Plan::default().reads(files_read(from, read_as)).writes([to]).writes_beside(to, format.side_file(to)).check()?;
    let vectors = read(from, read_as)?;
    let head = FirstVectors { vectors: &vectors, len: first.unwrap_or(usize::MAX).min(vectors.len()) };
    write(to, format, &head)?;
    Ok(Converted { words: head.len, of: vectors.len(), dim: vectors.dim() })
}

/// The first words of vectors.
struct FirstVectors<'a> {
    vectors: &'a WordVectors,
    len: usize,
}

impl VectorSource for FirstVectors<'_> {
    fn len(&self) -> usize {
        self.len
    }

    fn dim(&self) -> usize {
        self.vectors.dim()
    }

    fn word(&self, id: WordId) -> &str {
        self.vectors.word(id)
    }

    fn row(&self, id: WordId, out: &mut [f32]) {
        out.copy_from_slice(self.vectors.vector(id));
    }
}
