//! Heads as bytes in memory.

use super::Head;
use super::file::HeadFile;
use super::training::check_threads;
use crate::error::{Error, Result};
use crate::files::Tensors;
use std::io::Cursor;
use std::path::Path;

/// The name of the bytes, in errors.
const BYTES: &str = "the bytes of the head";

impl Head {
    /// Returns the bytes of the file that [`Head::save`] writes, for programs that keep heads outside of files.
    ///
    /// ```
    /// use lexmax::prelude::*;
    /// # fn main() -> lexmax::Result<()> {
    /// let counts = Counts::new(vec![50, 30, 15, 5])?;
    /// let head = Head::builder("hierarchical", &counts, 3).build()?;
    /// let again = Head::from_bytes(&head.to_bytes()?, 1)?;
    /// assert_eq!((again.name(), again.rate()), (head.name(), head.rate()));
    /// assert_eq!(again.to_bytes()?, head.to_bytes()?);
    /// assert!(Head::from_bytes(&head.to_bytes()?[..100], 1).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFinite`] for a weight that is not finite.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let (path, mut bytes) = (Path::new(BYTES), Vec::new());
        self.write(path, |write| write(&mut bytes).map_err(Error::io(path)))?;
        Ok(bytes)
    }

    /// Reads the bytes of [`Head::to_bytes`] or of a head's file. Steps use this number of threads.
    ///
    /// # Errors
    /// The errors of [`Head::load_with`].
    pub fn from_bytes(bytes: &[u8], threads: usize) -> Result<Self> {
        check_threads(threads)?;
        HeadFile::read(Tensors::open(Cursor::new(bytes), Path::new(BYTES))?)?.load(threads)
    }
}
