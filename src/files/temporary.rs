//! Temporary files, which vanish with the program however it ends, as long as it can see that.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::NamedTempFile;

/// The temporary files that are there.
static THERE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn there() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    THERE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes all temporary files of this program: for a signal that ends it at once.
#[cfg(feature = "cli")]
pub fn remove_temporaries() {
    for path in there().iter() {
        std::fs::remove_file(path).ok();
    }
}

/// A file that is removed when this value is dropped, or when a signal ends the program.
#[derive(Debug)]
pub struct Temporary {
    // Dropped before its name is forgotten.
    file: Option<NamedTempFile>,
    path: PathBuf,
}

impl Temporary {
    /// A file for its owner only.
    ///
    /// # Errors
    /// What the system says.
    #[cfg(feature = "text")]
    pub fn private(folder: &Path) -> io::Result<Self> {
        Self::build(&tempfile::Builder::new(), folder)
    }

    /// A file that will take the place of `target`, in its folder: for whom that is, or else for whom the system says.
    ///
    /// # Errors
    /// What the system says.
    pub fn beside(target: &Path, folder: &Path) -> io::Result<Self> {
        let old = match std::fs::metadata(target) {
            Ok(old) => Some(old.permissions()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(old.clone().unwrap_or(std::os::unix::fs::PermissionsExt::from_mode(0o666)));
        let file = Self::build(&builder, folder)?;
        // The system took from them what it takes from new files.
        old.map_or(Ok(()), |old| file.as_file().set_permissions(old))?;
        Ok(file)
    }

    fn build(builder: &tempfile::Builder, folder: &Path) -> io::Result<Self> {
        // Known before a signal can come between.
        let mut there = there();
        let file = builder.tempfile_in(folder)?;
        let path = file.path().to_path_buf();
        there.insert(path.clone());
        Ok(Self { file: Some(file), path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn file(&self) -> &NamedTempFile {
        self.file.as_ref().expect("until it is dropped or takes a place")
    }

    /// The open file.
    pub fn as_file(&self) -> &File {
        self.file().as_file()
    }

    /// Opens it once more.
    ///
    /// # Errors
    /// What the system says.
    #[cfg(feature = "text")]
    pub fn reopen(&self) -> io::Result<File> {
        self.file().reopen()
    }

    /// Takes the place of `target`.
    ///
    /// # Errors
    /// What the system says; then the file is gone.
    pub fn persist(mut self, target: &Path) -> io::Result<()> {
        let file = self.file.take().expect("until it is dropped or takes a place");
        file.persist(target).map(drop).map_err(|error| error.error)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let mut there = there();
        self.file.take();
        there.remove(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_file_goes_away_or_takes_a_place() {
        let dir = tempfile::tempdir().unwrap();
        let known = |path: &Path| there().contains(path);
        let dropped = Temporary::beside(&dir.path().join("kept"), dir.path()).unwrap();
        let path = dropped.path().to_path_buf();
        assert!(known(&path) && path.exists());
        drop(dropped);
        assert!(!known(&path) && !path.exists());
        let kept = Temporary::beside(&dir.path().join("kept"), dir.path()).unwrap();
        let (path, target) = (kept.path().to_path_buf(), dir.path().join("kept"));
        kept.persist(&target).unwrap();
        assert!(!known(&path) && !path.exists() && target.exists());
    }
}
