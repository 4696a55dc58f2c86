//! Errors of the system, with their file.

use super::Error;
use std::path::PathBuf;

impl Error {
    /// Attaches a file to an error of the system.
    pub fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
