//! Targets: the place where an output is written, with checks that it is writable.

use super::disk::on;
use super::place::{descriptor, folder, followed, is_of_process, is_stdout, whole};
use crate::error::{Error, OutputFault, Result};
use std::fs::{File, Metadata, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The target of an output.
#[derive(Debug)]
pub(super) enum Target {
    /// A file, which may not exist yet.
    File(PathBuf),
    /// A device, a pipe, or an open file of a process.
    Stream,
    /// Standard output.
    Stdout,
}

impl Target {
    /// The target of a path, checked against the present state of the file system.
    ///
    /// # Errors
    /// [`Error::Io`] and [`OutputFault::Kept`] for a target that cannot be written.
    pub fn of(path: &Path) -> Result<Self> {
        if is_stdout(path) {
            return Ok(Self::Stdout);
        }
        let target = followed(path);
        if target.is_symlink() && !is_of_process(&target) {
            // Links that only lead to each other: the system's error describes this case.
            std::fs::metadata(path).map_err(Error::io(path))?;
        }
        if is_of_process(&target) {
            return check_descriptor(path, &target).map(|()| Self::Stream);
        }
        let target = if target.exists() {
            target
        } else {
            check_new(path)?;
            // `..` after a folder that does not exist removes its name, and the folder is not created.
            whole(&target)
        };
        let mut old = None;
        match std::fs::metadata(&target) {
            Ok(found) if found.is_file() => old = Some(found),
            Ok(found) if found.is_dir() => return Err(Error::io(path)(ErrorKind::IsADirectory.into())),
            Ok(found) if is_socket(&found) => return Err(kept(path, "it is a socket")),
            Ok(_) => return Ok(Self::Stream),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io(path)(error)),
        }
        // The nearest existing folder is checked in place of the ones to be created below it.
        let nearest = folder(&target).ancestors().find(|p| p.exists()).unwrap_or(Path::new("."));
        for name in target.strip_prefix(nearest).unwrap_or(&target) {
            match std::fs::symlink_metadata(nearest.join(name)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(Error::io(path)(error)),
                _ => {}
            }
        }
        let file = on(|disk| disk.create(&tempfile::Builder::new(), nearest)).map_err(Error::io(path))?;
        if let Some(found) = old {
            check_old(path, &target, &found, file.as_file())?;
        }
        Ok(Self::File(target))
    }
}

fn kept(path: &Path, why: &'static str) -> Error {
    OutputFault::Kept { path: path.into(), why }.into()
}

/// Checks that an open file of a process can be written to.
fn check_descriptor(path: &Path, target: &Path) -> Result<()> {
    let link = std::fs::symlink_metadata(target).map_err(Error::io(path))?;
    let own = descriptor(target).is_some();
    if own && !may_write(&link) { Err(kept(path, "it was opened for reading only")) } else { Ok(()) }
}

/// Checks the name of a file that does not exist yet.
fn check_new(path: &Path) -> Result<()> {
    let text = path.as_os_str().as_encoded_bytes();
    let is_folder = text.ends_with(b"/") || text.ends_with(std::path::MAIN_SEPARATOR_STR.as_bytes());
    if is_folder || path.file_name().is_none() {
        return Err(Error::io(path)(ErrorKind::IsADirectory.into()));
    }
    Ok(())
}

/// Checks that an existing file may be replaced.
fn check_old(path: &Path, target: &Path, found: &Metadata, own: &File) -> Result<()> {
    // Nothing is written here; opening shows whether the file is writable or protected.
    OpenOptions::new().write(true).open(target).map(drop).map_err(Error::io(path))?;
    if is_mounted(target) {
        return Err(kept(path, "it is mounted from elsewhere as a single file"));
    }
    if !may_remove(target, found, own) {
        return Err(kept(path, "it and its folder belong to others, and only they may replace it there"));
    }
    Ok(())
}

#[cfg(unix)]
fn may_write(link: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    link.permissions().mode() & 0o200 != 0
}

#[cfg(not(unix))]
fn may_write(_: &Metadata) -> bool {
    true
}

#[cfg(unix)]
fn is_socket(found: &Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_socket(&found.file_type())
}

#[cfg(not(unix))]
fn is_socket(_: &Metadata) -> bool {
    false
}

/// Whether something is mounted at exactly this file. Only Linux reports it.
fn is_mounted(target: &Path) -> bool {
    let Ok(whole) = target.canonicalize() else { return false };
    let mounts = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    let mut points = mounts.split(|byte| *byte == b'\n').filter_map(|line| line.split(|byte| *byte == b' ').nth(4));
    points.any(|point| unescaped(point) == whole.as_os_str().as_encoded_bytes())
}

/// A field of mountinfo, in which some bytes are written like `\040`.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = field;
    while let Some((first, more)) = rest.split_first() {
        let code = more.get(..3).filter(|_| *first == b'\\');
        let code = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 8).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &more[3..] } else { more };
    }
    bytes
}

/// Whether the file may be replaced in a folder that reserves this to owners, such as `/tmp`.
#[cfg(unix)]
fn may_remove(target: &Path, found: &Metadata, own: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    const STICKY: u32 = 0o1000;
    let Ok(around) = std::fs::metadata(folder(target)) else { return true };
    // The user of this process is the owner of a file that it has created.
    let Ok(own) = own.metadata() else { return true };
    around.mode() & STICKY == 0 || [0, found.uid(), around.uid()].contains(&own.uid())
}

#[cfg(not(unix))]
fn may_remove(_: &Path, _: &Metadata, _: &File) -> bool {
    true
}
