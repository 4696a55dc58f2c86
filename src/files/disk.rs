//! System operations that create and write files.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use tempfile::{Builder, NamedTempFile};

/// The system operations that create and write files. All writers use this trait, so that tests can make any single
/// operation fail.
pub trait Disk {
    /// Creates a folder and its missing parents.
    ///
    /// # Errors
    /// The error of the system. The other methods return it as well.
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)
    }

    /// Creates a file with a new name in the folder.
    fn create(&self, file: &Builder, folder: &Path) -> io::Result<NamedTempFile> {
        use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem, StorageFull};
        // The temporary name would not help the user.
        file.tempfile_in(folder).map_err(|error| match error.kind() {
            kind @ (NotADirectory | NotFound | PermissionDenied | ReadOnlyFilesystem | StorageFull) => kind.into(),
            _ => error,
        })
    }

    /// Writes some of the bytes and returns their number.
    fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<usize> {
        file.write(bytes)
    }

    /// Flushes the written bytes to the disk.
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    /// Creates a second name (hard link) for a file.
    #[cfg(feature = "text")]
    fn link(&self, file: &Path, name: &Path) -> io::Result<()> {
        std::fs::hard_link(file, name)
    }

    /// Renames a file, replacing `to` if it exists.
    fn rename(&self, file: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(file, to)
    }

    /// Removes a name of a file.
    #[cfg(feature = "text")]
    fn remove(&self, file: &Path) -> io::Result<()> {
        std::fs::remove_file(file)
    }
}

/// The file system itself.
struct System;

impl Disk for System {}

/// Calls `f` with the disk.
#[cfg(not(all(test, feature = "cli")))]
pub fn on<T>(f: impl FnOnce(&dyn Disk) -> T) -> T {
    f(&System)
}

/// Calls `f` with the disk, or with its replacement on this thread.
#[cfg(all(test, feature = "cli"))]
pub fn on<T>(f: impl FnOnce(&dyn Disk) -> T) -> T {
    test::INSTEAD.with(|instead| match &*instead.borrow() {
        Some(disk) => f(&**disk),
        None => f(&System),
    })
}

/// A file that is written through [`Disk`].
pub struct OnDisk<'a>(pub &'a File);

impl Write for OnDisk<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        on(|disk| disk.write(self.0, bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(all(test, feature = "cli"))]
pub mod test {
    use super::{Builder, Disk, File, NamedTempFile, Path, System, io};
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    thread_local! {
        pub static INSTEAD: RefCell<Option<Rc<dyn Disk>>> = const { RefCell::new(None) };
    }

    /// A disk on which one operation fails. If `is_full`, all later writes and creations fail too.
    pub struct Failing {
        nth: usize,
        is_full: bool,
        done: Cell<usize>,
        failed: Cell<Option<&'static str>>,
    }

    impl Failing {
        /// Counts an operation, and fails if it is the chosen one.
        fn count(&self, operation: &'static str) -> io::Result<()> {
            let done = self.done.get();
            self.done.set(done + 1);
            let is_full = self.is_full && matches!(operation, "write" | "create") && done > self.nth;
            if done != self.nth && !is_full {
                return Ok(());
            }
            if self.failed.get().is_none() {
                self.failed.set(Some(operation));
            }
            Err(if self.is_full { io::ErrorKind::StorageFull } else { io::ErrorKind::Other }.into())
        }
    }

    impl Disk for Failing {
        fn make_folder(&self, folder: &Path) -> io::Result<()> {
            self.count("folder").and_then(|()| System.make_folder(folder))
        }

        fn create(&self, file: &Builder, folder: &Path) -> io::Result<NamedTempFile> {
            self.count("create").and_then(|()| System.create(file, folder))
        }

        /// A failing write has written half of its bytes.
        fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize> {
            self.count("write").inspect_err(|_| {
                System.write(file, &bytes[..bytes.len() / 2]).ok();
            })?;
            System.write(file, bytes)
        }

        fn sync(&self, file: &File) -> io::Result<()> {
            self.count("sync").and_then(|()| System.sync(file))
        }

        fn link(&self, file: &Path, name: &Path) -> io::Result<()> {
            self.count("link").and_then(|()| System.link(file, name))
        }

        fn rename(&self, file: &Path, to: &Path) -> io::Result<()> {
            self.count("rename").and_then(|()| System.rename(file, to))
        }

        fn remove(&self, file: &Path) -> io::Result<()> {
            self.count("remove").and_then(|()| System.remove(file))
        }
    }

    /// Calls `f` with a disk on which operation `nth` of this thread (from 0) fails. Returns the result of `f`, the
    /// number of operations, and the name of the one that failed.
    pub fn failing<T>(nth: usize, is_full: bool, f: impl FnOnce() -> T) -> (T, usize, Option<&'static str>) {
        let disk = Rc::new(Failing { nth, is_full, done: Cell::new(0), failed: Cell::new(None) });
        INSTEAD.set(Some(disk.clone()));
        let done = f();
        INSTEAD.set(None);
        (done, disk.done.get(), disk.failed.get())
    }
}
