//! Temporary files, removed when the program ends, except when it is killed without notice.

use super::disk::on;
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::NamedTempFile;

/// The existing temporary files.
static THERE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn there() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    THERE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes all temporary files of this program, for a signal that ends it at once.
#[cfg(feature = "cli")]
pub fn remove_temporaries() {
    for path in there().iter() {
        std::fs::remove_file(path).ok();
    }
}

/// A file that is removed when this value is dropped, or when a signal ends the program.
#[derive(Debug)]
pub struct Temporary {
    // Dropped before the path is removed from the list.
    file: Option<NamedTempFile>,
    path: PathBuf,
}

impl Temporary {
    /// A file readable by its owner only.
    ///
    /// # Errors
    /// The error of the system.
    #[cfg(feature = "text")]
    pub fn private(folder: &Path) -> io::Result<Self> {
        Self::build(&tempfile::Builder::new(), folder)
    }

    /// A file that will replace `target`, in its folder. It has the permissions of `target`, or the default ones of the
    /// system if `target` does not exist.
    ///
    /// # Errors
    /// The error of the system.
    pub fn beside(target: &Path, folder: &Path) -> io::Result<Self> {
        let old = match std::fs::metadata(target) {
            Ok(old) => Some(old),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(
            old.as_ref().map_or(std::os::unix::fs::PermissionsExt::from_mode(0o666), std::fs::Metadata::permissions),
        );
        let file = Self::build(&builder, folder)?;
        if let Some(old) = old {
            // A user without the right to change the owner keeps the file, with the same permissions for others.
            #[cfg(unix)]
            {
                use std::os::unix::fs::{MetadataExt, fchown};
                fchown(file.as_file(), Some(old.uid()), Some(old.gid())).ok();
            }
            // The system's mask has reduced the permissions, as for any new file.
            file.as_file().set_permissions(old.permissions())?;
        }
        Ok(file)
    }

    fn build(builder: &tempfile::Builder, folder: &Path) -> io::Result<Self> {
        // Locked first, so that a signal cannot miss the file.
        let mut there = there();
        let file = on(|disk| disk.create(builder, folder))?;
        let path = file.path().to_path_buf();
        there.insert(path.clone());
        Ok(Self { file: Some(file), path })
    }

    /// The path of the file.
    #[cfg(any(test, feature = "text"))]
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

    /// Opens the file again.
    ///
    /// # Errors
    /// The error of the system.
    #[cfg(feature = "text")]
    pub fn reopen(&self) -> io::Result<File> {
        self.file().reopen()
    }

    /// Replaces `target`.
    ///
    /// # Errors
    /// The error of the system. After an error, the file is removed, or still under its own name.
    pub fn persist(mut self, target: &Path) -> io::Result<()> {
        let file = self.file.take().expect("until it is dropped or takes a place");
        // Closed first, since some systems cannot rename open files.
        let mut path = file.into_temp_path();
        on(|disk| disk.rename(&path, target))?;
        path.disable_cleanup(true);
        Ok(())
    }
}

/// A second name of a file, from which it can be restored.
#[cfg(feature = "text")]
#[derive(Debug)]
pub(super) struct Backup {
    name: PathBuf,
}

#[cfg(feature = "text")]
impl Backup {
    /// Creates a second name beside the file. `None` if there is no file, or the system cannot create the name.
    pub fn of(target: &Path, folder: &Path) -> Option<Self> {
        // The name must be free, since the system refuses an existing one.
        let name = Temporary::build(&tempfile::Builder::new(), folder).ok()?.path().to_path_buf();
        there().insert(name.clone());
        let backup = Self { name };
        on(|disk| disk.link(target, &backup.name)).ok().map(|()| backup)
    }

    /// Restores the file under its original name.
    pub fn restore(&self, target: &Path) -> io::Result<()> {
        on(|disk| disk.rename(&self.name, target))
    }
}

#[cfg(feature = "text")]
impl Drop for Backup {
    fn drop(&mut self) {
        on(|disk| disk.remove(&self.name)).ok();
        there().remove(&self.name);
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
