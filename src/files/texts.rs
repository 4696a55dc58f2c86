//! Texts as named by the user: files, folders and patterns.

use super::open::is_stdin;
use super::place::{folder, whole};
use crate::error::{Error, Result, TextFault};
use glob::Pattern;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};
use walkdir::WalkDir;

/// Expands paths, patterns and directories to files, in order.
///
/// - An existing path that is not a directory stands for itself, even with the characters of a pattern; `-` is standard
///   input, at most once.
/// - A directory stands for all files below it, in the order of their names. Files and folders whose name begins with a
///   dot are left out.
/// - A path with `*`, `?` or `[…]` is a pattern (`**` matches any number of directories). It stands for all files that
///   match, in the order of their names.
///
/// # Errors
/// [`Error::NoFiles`] for a pattern without a match or a directory without files; [`Error::Io`] for a missing path or
/// an unreadable directory; [`TextFault::BadPattern`]; [`TextFault::RepeatedInput`] for `-` twice.
pub fn files<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = Vec::new();
    for path in paths.iter().map(AsRef::as_ref) {
        if is_stdin(path) {
            if found.iter().any(|p| is_stdin(p)) {
                return Err(TextFault::RepeatedInput.into());
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

/// The places where a new file would become part of a text.
pub(super) enum Reach<'a> {
    /// Below these folders, given without links.
    Folders(Vec<PathBuf>),
    /// Places that match a pattern: its last part in these folders, or in a folder that does not exist yet.
    Pattern(&'a Path, Vec<PathBuf>),
    /// A single file, or standard input.
    File,
}

impl<'a> Reach<'a> {
    pub fn of(text: &'a Path) -> Self {
        if is_stdin(text) || text.is_file() {
            return Self::File;
        }
        if text.is_dir() {
            let linked = walk(text).flatten().filter(|entry| entry.path_is_symlink() && entry.file_type().is_dir());
            return Self::Folders(
                std::iter::once(whole(text)).chain(linked.map(|entry| whole(entry.path()))).collect(),
            );
        }
        let Some((_, parts)) =
            parts(text).ok().filter(|_| is_pattern(text)).and_then(|mut all| Some((all.pop()?, all)))
        else {
            return Self::File;
        };
        let mut folders = Vec::new();
        expand(PathBuf::new(), &parts, &mut |folder| folders.push(whole(&folder))).ok();
        Self::Pattern(text, folders)
    }

    /// Whether a file at `place` would be part of the text. `place` is absolute, without links, and need not exist.
    pub fn would_hold(&self, place: &Path) -> bool {
        let is_shown = |below: &Path| below.iter().all(|name| !is_hidden(name));
        match self {
            Self::File => false,
            Self::Folders(all) => all.iter().any(|folder| place.strip_prefix(folder).is_ok_and(is_shown)),
            Self::Pattern(pattern, folders) => {
                let last = parts(pattern).ok().and_then(|mut parts| parts.pop());
                let is_named = place.file_name().is_some_and(|name| last.is_some_and(|last| last.matches(name)));
                is_named && (folders.iter().any(|found| found == folder(place)) || would_match(pattern, place))
            }
        }
    }
}

/// Whether the pattern matches a file in a folder that does not exist yet.
fn would_match(pattern: &Path, place: &Path) -> bool {
    // Folders before the first pattern character may be links.
    let is_plain = |part: &Component| !is_pattern(part.as_os_str().as_ref());
    let plain: PathBuf = pattern.components().take_while(is_plain).collect();
    let rest: PathBuf = pattern.components().skip_while(is_plain).collect();
    let (start, rest) = (Pattern::escape(&whole(&plain).to_string_lossy()), rest.to_string_lossy().into_owned());
    let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
    let matches = |pattern: Pattern| pattern.matches_with(&place.to_string_lossy(), options);
    Pattern::new(&format!("{}/{rest}", start.trim_end_matches('/'))).is_ok_and(matches)
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}

fn non_empty(files: Vec<PathBuf>, path: &Path) -> Result<Vec<PathBuf>> {
    if files.is_empty() { Err(Error::NoFiles { path: path.into() }) } else { Ok(files) }
}

/// All entries below a folder without hidden names.
fn walk(folder: &Path) -> impl Iterator<Item = walkdir::Result<walkdir::DirEntry>> {
    let is_shown = |entry: &walkdir::DirEntry| entry.depth() == 0 || !is_hidden(entry.file_name());
    WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter().filter_entry(is_shown)
}

fn listed(entry: walkdir::Result<walkdir::DirEntry>, folder: &Path) -> Result<walkdir::DirEntry> {
    entry.map_err(|e| {
        let path = e.path().unwrap_or(folder).to_path_buf();
        Error::io(path)(e.into())
    })
}

fn below(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in walk(directory) {
        let entry = listed(entry, directory)?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

/// A part of a pattern, between two separators.
enum Part<'a> {
    /// A literal name.
    Name(&'a OsStr),
    /// A name with pattern characters. Bytes that are not UTF-8 are matched as U+FFFD.
    Signs(Pattern),
    /// Any number of folders, including none.
    Folders,
}

impl Part<'_> {
    fn matches(&self, name: &OsStr) -> bool {
        match self {
            Self::Name(own) => *own == name,
            Self::Signs(pattern) => pattern.matches(&name.to_string_lossy()),
            Self::Folders => false,
        }
    }
}

fn parts(pattern: &Path) -> Result<Vec<Part<'_>>> {
    let (mut parts, mut at) = (Vec::new(), 0);
    for component in pattern.components() {
        let (name, text) = (component.as_os_str(), component.as_os_str().to_string_lossy());
        let wrong = |e: glob::PatternError| TextFault::BadPattern { path: pattern.into(), at: at + e.pos, why: e.msg };
        match &*text {
            "**" if matches!(parts.last(), Some(Part::Folders)) => {}
            "**" => parts.push(Part::Folders),
            text if is_pattern(text.as_ref()) => parts.push(Part::Signs(Pattern::new(text).map_err(wrong)?)),
            _ => parts.push(Part::Name(name)),
        }
        at += name.len() + usize::from(component != Component::RootDir);
    }
    Ok(parts)
}

/// Passes all paths at or below `at` that match the parts to `found`.
fn expand(at: PathBuf, parts: &[Part], found: &mut dyn FnMut(PathBuf)) -> Result<()> {
    let Some((part, rest)) = parts.split_first() else {
        found(at);
        return Ok(());
    };
    if let Part::Name(name) = part {
        let next = at.join(name);
        return if next.exists() { expand(next, rest, found) } else { Ok(()) };
    }
    let folder = if at.as_os_str().is_empty() { Path::new(".") } else { &at };
    if !folder.is_dir() {
        return Ok(());
    }
    let all = WalkDir::new(folder).follow_links(true).min_depth(1);
    let depth = if matches!(part, Part::Folders) { usize::MAX } else { 1 };
    if let Part::Folders = part {
        expand(at.clone(), rest, found)?;
    }
    for entry in all.max_depth(depth) {
        let entry = match entry {
            // A link to a parent folder, or to nothing.
            Err(e) if e.loop_ancestor().is_some() || e.path().is_some_and(Path::is_symlink) => continue,
            entry => listed(entry, folder)?,
        };
        let is_match = match part {
            Part::Folders => entry.file_type().is_dir(),
            part => part.matches(entry.file_name()),
        };
        if is_match {
            let below = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            expand(at.join(below), rest, found)?;
        }
    }
    Ok(())
}

fn matching(pattern: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    expand(PathBuf::new(), &parts(pattern)?, &mut |path| files.push(path))?;
    files.retain(|path| path.is_file());
    files.sort();
    files.dedup();
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
        // An existing name stands for itself, even if it could be a pattern.
        assert_eq!(names(&["odd[1].txt"]), ["odd[1].txt"]);
        assert!(matches!(files(&[root.join("*.zip")]), Err(Error::NoFiles { .. })));
        assert!(matches!(files(&[root.join("empty")]), Err(Error::NoFiles { .. })));
        assert!(matches!(files(&[root.join("[a-")]), Err(Error::Text(TextFault::BadPattern { .. }))));
        assert!(matches!(files(&[root.join("nothing")]), Err(Error::Io { .. })));
        assert!(matches!(files(&["-", "-"]), Err(Error::Text(TextFault::RepeatedInput))));
        assert_eq!(names(&["*/*.txt"]), [".git/e.txt", "sub/d.txt"]);
        assert_eq!(names(&["sub/../*.gz"]), ["sub/../c.gz"]);
    }

    #[cfg(unix)]
    #[test]
    fn patterns_match_names_that_are_not_utf8_and_go_through_links() {
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let odd = root.join(OsStr::from_bytes(b"caf\xe9"));
        std::fs::create_dir_all(&odd).unwrap();
        std::fs::write(odd.join(OsStr::from_bytes(b"\xff.txt")), "x").unwrap();
        std::os::unix::fs::symlink(&odd, root.join("link")).unwrap();
        // A loop, and a link to nothing.
        std::os::unix::fs::symlink(root, odd.join("up")).unwrap();
        std::os::unix::fs::symlink("nothing", odd.join("gone")).unwrap();
        for (pattern, found) in [("*/*.txt", 2), ("caf*/?.txt", 1), ("**/*.txt", 2), ("link/*", 1), ("**/g*/x", 0)] {
            let found_here = files(&[root.join(pattern)]).map_or(0, |files| files.len());
            assert_eq!(found_here, found, "{pattern}");
        }
    }
}
