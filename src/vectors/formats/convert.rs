//! From one format to another.

use super::{Format, PassedOver, ReadOptions, read, write};
use crate::error::Result;
use crate::files::Plan;
use std::path::Path;

/// What was converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Converted {
    /// Words written.
    pub words: usize,
    /// Size of a vector.
    pub dim: usize,
    /// Entries that were read and not written.
    pub passed_over: PassedOver,
}

/// Reads one file and writes another. A format to write that is not given follows from the name.
///
/// # Errors
/// What [`read`] and [`write()`] say; what [`Format::to_write`] says of a name without a format to write;
/// [`Error::Output`](crate::Error::Output) if a file that is written is one that is read.
pub fn convert(from: &Path, options: &ReadOptions, to: &Path, write_as: Option<Format>) -> Result<Converted> {
    let format = write_as.map_or_else(|| Format::to_write(to), Ok)?;
    format.check_output(to)?;
    Plan::default().reads(options.files(from)).writes([to]).writes_beside(to, format.side_file(to)).check()?;
    let loaded = read(from, options)?;
    write(to, format, &loaded.vectors)?;
    Ok(Converted { words: loaded.vectors.len(), dim: loaded.vectors.dim(), passed_over: loaded.passed_over })
}
