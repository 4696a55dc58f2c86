//! Errors of the system, with the file that they are about.

use super::Error;
use std::path::PathBuf;

impl Error {
    /// Attaches a file to what the system said.
    pub fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
