//! Names of files out of what a user types.

use crate::error::{Error, Result};
use crate::files::is_stdin;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// The files that paths, patterns and directories mean, in their order.
///
/// - a path that exists and is no directory is itself, whatever signs it has; `-` is standard input, once;
/// - a directory is all files below it, in the order of their names, but for those whose name, or whose folder's, begins with a dot;
/// - a path with `*`, `?` or `[…]` is a pattern (`**` goes through directories): all files that it matches, in the order of their names.
///
/// # Errors
/// [`Error::NoFiles`] for a pattern without a match or a directory without a file, [`Error::Io`] for a path that is missing
/// or a directory that cannot be listed, [`Error::BadPattern`], [`Error::RepeatedInput`] for `-` twice.
pub fn files<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = Vec::new();
    for path in paths.iter().map(AsRef::as_ref) {
        if is_stdin(path) {
            if found.iter().any(|p| is_stdin(p)) {
                return Err(Error::RepeatedInput);
            }
            found.push(path.into());
        } else if path.is_dir() {
            found.extend(non_empty(below(path)?, path)?);
        } else if path.exists() {
            found.push(path.into());
        } else if is_pattern(path) {
            found.extend(non_empty(matching(path)?, path)?);
        } else {
            std::fs::metadata(path).map_err(Error::io(path))?;
        }
    }
    Ok(found)
}

fn is_pattern(path: &Path) -> bool {
    path.to_str().is_some_and(|path| path.contains(['*', '?', '[']))
}

fn non_empty(files: Vec<PathBuf>, path: &Path) -> Result<Vec<PathBuf>> {
    if files.is_empty() { Err(Error::NoFiles { path: path.into() }) } else { Ok(files) }
}

fn below(directory: &Path) -> Result<Vec<PathBuf>> {
    let shown =
        |entry: &walkdir::DirEntry| entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".");
    let mut files = Vec::new();
    for entry in WalkDir::new(directory).follow_links(true).sort_by_file_name().into_iter().filter_entry(shown) {
        let entry = entry.map_err(|e| {
            let path = e.path().unwrap_or(directory).to_path_buf();
            Error::io(path)(e.into())
        })?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

fn matching(pattern: &Path) -> Result<Vec<PathBuf>> {
    let text = pattern.to_str().unwrap_or_default();
    let wrong = |e: glob::PatternError| Error::BadPattern { path: pattern.into(), at: e.pos, why: e.msg };
    let mut files = Vec::new();
    for path in glob::glob(text).map_err(wrong)? {
        let path = path.map_err(|e| Error::io(e.path())(std::io::Error::from(e.error().kind())))?;
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_patterns_and_plain_names() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for name in ["b.txt", "a.txt", "c.gz", "sub/d.txt", "sub/.hidden", ".git/e.txt", "odd[1].txt"] {
            std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            std::fs::write(root.join(name), "x").unwrap();
        }
        std::fs::create_dir(root.join("empty")).unwrap();
        let names = |paths: &[&str]| -> Vec<String> {
            let paths: Vec<_> = paths.iter().map(|p| if *p == "-" { p.into() } else { root.join(p) }).collect();
            let short = |p: PathBuf| p.strip_prefix(root).map_or(p.clone(), Path::to_path_buf).display().to_string();
            files(&paths).unwrap().into_iter().map(short).collect()
        };
        assert_eq!(names(&["."]).len(), 5);
        assert_eq!(names(&["sub", "-", "a.txt"]), ["sub/d.txt", "-", "a.txt"]);
        assert_eq!(names(&["*.txt"]), ["a.txt", "b.txt", "odd[1].txt"]);
        assert_eq!(names(&["**/*.txt"]).len(), 5);
        // A name that exists is itself, though it could be a pattern.
        assert_eq!(names(&["odd[1].txt"]), ["odd[1].txt"]);
        assert!(matches!(files(&[root.join("*.zip")]), Err(Error::NoFiles { .. })));
        assert!(matches!(files(&[root.join("empty")]), Err(Error::NoFiles { .. })));
        assert!(matches!(files(&[root.join("[a-")]), Err(Error::BadPattern { .. })));
        assert!(matches!(files(&[root.join("nothing")]), Err(Error::Io { .. })));
        assert!(matches!(files(&["-", "-"]), Err(Error::RepeatedInput)));
    }
}
