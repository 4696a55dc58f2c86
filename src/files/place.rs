//! Places of files: what a path leads to.

use std::fs::Metadata;
use std::path::{Component, Path, PathBuf};

/// Links that are followed at most, as Linux does.
const LINKS: usize = 40;

/// Names of standard output, where a system has no links for them.
const STDOUT: [&str; 3] = ["-", "/dev/stdout", "/dev/fd/1"];

/// Whether the path means standard output: by its own name, or by one that leads to it.
pub fn is_stdout(path: &Path) -> bool {
    STDOUT.iter().any(|name| path.as_os_str() == *name) || descriptor(&followed(path)) == Some(1)
}

/// The number of an open file of this program that the path names, as `/dev/fd/3` does.
pub(super) fn descriptor(path: &Path) -> Option<u32> {
    if !is_of_process(path) {
        return None;
    }
    let own = [Path::new("/proc/self"), Path::new("/proc/thread-self")];
    let folder = folder(path).canonicalize().ok()?;
    let mut own = own.iter().filter_map(|own| own.join("fd").canonicalize().ok());
    own.any(|own| own == folder).then_some(())?;
    path.file_name()?.to_str()?.parse().ok()
}

/// The folder of a file.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Where the links of a path lead, whether something is there or not. The open files of a process are left as they are
/// named.
pub(super) fn followed(path: &Path) -> PathBuf {
    let mut target = path.to_path_buf();
    for _ in 0..LINKS {
        match std::fs::read_link(&target) {
            Ok(next) if !is_of_process(&target) => target = folder(&target).join(next),
            _ => break,
        }
    }
    target
}

/// Whether the name stands for an open file of a process. It may be a file on the disk, which still must not be
/// replaced: whoever has it open would see nothing of what is written.
pub(super) fn is_of_process(path: &Path) -> bool {
    folder(path).canonicalize().is_ok_and(|folder| folder.starts_with("/proc"))
}

/// The absolute path without links, as far as its folders are there. `..` below the last that is there goes up one.
pub(super) fn whole(path: &Path) -> PathBuf {
    let mut missing = Vec::new();
    let mut folder = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let mut found = loop {
        match folder.canonicalize() {
            Ok(found) => break found,
            Err(_) => {
                missing.extend(folder.components().next_back().map(|last| last.as_os_str().to_owned()));
                if !folder.pop() {
                    break folder;
                }
            }
        }
    };
    for name in missing.into_iter().rev() {
        if name == Component::ParentDir.as_os_str() {
            found.pop();
        } else {
            found.push(name);
        }
    }
    found
}

/// The identity of a file, which two names may share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// The device and the number of a file or a pipe that is there.
    #[cfg(unix)]
    Number(u64, u64),
    /// The whole path of a file that is not there yet, or of any where files have no numbers.
    Path(PathBuf),
    /// Standard output that is neither a file nor a pipe.
    Stdout,
}

impl Identity {
    /// The identity of a file that is read. Devices and sockets have none.
    pub fn of_input(path: &Path) -> Option<Self> {
        if super::open::is_stdin(path) { Self::of_standard(Standard::Input) } else { Self::of_file(path) }
    }

    /// The identity of a file that is written. Devices and sockets have none, except as standard output.
    pub fn of_output(path: &Path) -> Option<Self> {
        if is_stdout(path) {
            return Self::of_standard(Standard::Output).or(Some(Self::Stdout));
        }
        Self::of_file(path)
    }

    fn of_file(path: &Path) -> Option<Self> {
        match std::fs::metadata(path) {
            Ok(found) => Self::of(&found, path),
            Err(_) => Some(Self::Path(whole(&followed(path)))),
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

    /// The identity of a standard stream, where that is a file or a pipe.
    pub fn of_standard(stream: Standard) -> Option<Self> {
        stream.metadata().and_then(|found| Self::of(&found, Path::new("-")))
    }

    /// The identity of a standard stream, where that is a file.
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
