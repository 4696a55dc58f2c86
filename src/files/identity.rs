//! Identities of files, which can be equal for two names.

use super::open::is_stdin;
use super::place::{followed, is_stdout, whole};
use std::fs::Metadata;
use std::path::{Path, PathBuf};

/// The identity of a file, which can be equal for two names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// The device and inode number of an existing file or pipe.
    #[cfg(unix)]
    Number(u64, u64),
    /// The absolute path of a file that does not exist yet, or of any file on systems without inode numbers.
    Path(PathBuf),
    /// Standard output that is neither a file nor a pipe.
    Stdout,
}

impl Identity {
    /// The identity of an input file. Devices and sockets have none.
    pub fn of_input(path: &Path) -> Option<Self> {
        if is_stdin(path) { Self::of_standard(Standard::Input) } else { Self::of_file(path) }
    }

    /// The identity of an output file. Devices and sockets have none, except as standard output.
    pub fn of_output(path: &Path) -> Option<Self> {
        if is_stdout(path) {
            return Self::of_standard(Standard::Output).or(Some(Self::Stdout));
        }
        Self::of_file(path)
    }

    fn of_file(path: &Path) -> Option<Self> {
        match std::fs::metadata(path) {
            Ok(found) => Self::of(&found, path),
            Err(_) => {
                // `..` after a folder that does not exist yet may lead to an existing file.
                let place = whole(&followed(path));
                std::fs::metadata(&place).map_or(Some(Self::Path(place.clone())), |found| Self::of(&found, &place))
            }
        }
    }

    #[cfg(unix)]
    fn of(found: &Metadata, _: &Path) -> Option<Self> {
        use std::os::unix::fs::{FileTypeExt, MetadataExt};
        let has_one = found.is_file() || found.file_type().is_fifo();
        has_one.then(|| Self::Number(found.dev(), found.ino()))
    }

    #[cfg(not(unix))]
    fn of(found: &Metadata, path: &Path) -> Option<Self> {
        found.is_file().then(|| Self::Path(path.canonicalize().unwrap_or_else(|_| path.into())))
    }

    /// The identity of a standard stream, if it is a file or a pipe.
    pub fn of_standard(stream: Standard) -> Option<Self> {
        stream.metadata().and_then(|found| Self::of(&found, Path::new("-")))
    }

    /// The identity of a standard stream, if it is a file.
    pub fn of_redirected(stream: Standard) -> Option<Self> {
        stream.metadata().filter(Metadata::is_file).and_then(|found| Self::of(&found, Path::new("-")))
    }
}

/// The standard streams.
#[derive(Clone, Copy)]
pub(super) enum Standard {
    Input,
    Output,
    Error,
}

impl Standard {
    #[cfg(unix)]
    fn metadata(self) -> Option<Metadata> {
        use std::os::fd::AsFd;
        let file = match self {
            Self::Input => std::io::stdin().as_fd().try_clone_to_owned(),
            Self::Output => std::io::stdout().as_fd().try_clone_to_owned(),
            Self::Error => std::io::stderr().as_fd().try_clone_to_owned(),
        };
        std::fs::File::from(file.ok()?).metadata().ok()
    }

    #[cfg(not(unix))]
    fn metadata(self) -> Option<Metadata> {
        None
    }
}
