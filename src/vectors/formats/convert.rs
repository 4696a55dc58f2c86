//! Converts files of word vectors between formats.

use super::{Format, Loaded, PassedOver, ReadOptions, read, write};
use crate::error::Result;
use crate::files::Plan;
use crate::vectors::{VectorSource, WordVectors};
use crate::vocab::WordId;
use std::path::Path;

/// The result of a conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Converted {
    /// The number of words written.
    pub words: usize,
    /// The size of a vector.
    pub dim: usize,
    /// Entries that were read but not written.
    pub passed_over: PassedOver,
}

/// Reads one file and writes another. If `write_as` is `None`, the name of the output decides its format. With
/// [`OnBad::Skip`](super::OnBad::Skip), words that the output cannot hold ([`Format::unfit`]) are left out and counted.
///
/// # Errors
/// The errors of [`read`] and [`write()`]; the errors of [`Format::to_write`] for a name that indicates no format;
/// [`Error::Output`](crate::Error::Output) if an output file is also an input.
pub fn convert(from: &Path, options: &ReadOptions, to: &Path, write_as: Option<Format>) -> Result<Converted> {
    let format = write_as.map_or_else(|| Format::to_write(to), Ok)?;
    format.check_output(to)?;
    Plan::default().reads(options.files(from)).writes([to]).writes_beside(to, format.side_file(to)).check()?;
    let Loaded { vectors, mut passed_over } = read(from, options)?;
    let fits = |id: &WordId| !options.skips() || format.unfit(vectors.word(*id)).is_none();
    let kept = Kept { ids: (0..vectors.len() as WordId).filter(fits).collect(), vectors: &vectors };
    passed_over.unfit = (vectors.len() - kept.len()) as u64;
    write(to, format, &kept)?;
    Ok(Converted { words: kept.len(), dim: vectors.dim(), passed_over })
}

/// The words that a file can hold.
struct Kept<'a> {
    vectors: &'a WordVectors,
    ids: Vec<WordId>,
}

impl VectorSource for Kept<'_> {
    fn len(&self) -> usize {
        self.ids.len()
    }

    fn dim(&self) -> usize {
        self.vectors.dim()
    }

    fn word(&self, id: WordId) -> &str {
        self.vectors.word(self.ids[id as usize])
    }

    fn row(&self, id: WordId, out: &mut [f32]) {
        out.copy_from_slice(self.vectors.vector(self.ids[id as usize]));
    }
}
