//! Resolves paths to the places they lead to.

use std::path::{Component, Path, PathBuf};

/// The maximum number of links followed, as in Linux.
const LINKS: usize = 40;

/// Names of standard output, for systems without links for them.
const STDOUT: [&str; 3] = ["-", "/dev/stdout", "/dev/fd/1"];

/// Whether the path means standard output, directly or through links.
pub fn is_stdout(path: &Path) -> bool {
    STDOUT.iter().any(|name| path.as_os_str() == *name) || descriptor(&followed(path)) == Some(1)
}

/// The descriptor of an open file of this program, if the path names one, such as `/dev/fd/3`.
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

/// The target of a path's links, whether it exists or not. Names of open files of a process are not followed.
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

/// Whether the name stands for an open file of a process. Even if that is a file on the disk, it must not be replaced:
/// a process that has it open would not see the new content.
pub(super) fn is_of_process(path: &Path) -> bool {
    folder(path).canonicalize().is_ok_and(|folder| folder.starts_with("/proc"))
}

/// The absolute path, without links as far as its folders exist. After the last existing folder, `..` removes one name.
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

/// Whether the path is a named pipe in a folder, rather than an open pipe of a process.
#[cfg(all(unix, feature = "text"))]
pub(super) fn is_named_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let is_pipe = std::fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo());
    is_pipe && !is_of_process(&followed(path))
}

#[cfg(all(not(unix), feature = "text"))]
pub(super) fn is_named_pipe(_: &Path) -> bool {
    false
}
