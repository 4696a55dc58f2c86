//! Outputs: the one door through which files are written.

use super::packing::{Packing, packed};
use super::temporary::Temporary;
use crate::error::{Error, OutputFault, Result};
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

const BUFFER: usize = 1 << 18;

/// Links that are followed at most, as Linux does.
const LINKS: usize = 40;

/// Names of standard output.
const STDOUT: [&str; 4] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/// Whether the path means standard output.
pub fn is_stdout(path: &Path) -> bool {
    STDOUT.iter().any(|name| path.as_os_str() == *name)
}

/// A place where something will be written.
///
/// A file is there whole or not at all: what is written goes to a temporary file beside it, which then takes its place
/// and its permissions. A symbolic link stays, and what it leads to is replaced. A device, a pipe or a socket is
/// written to and never replaced, and so is standard output (`-`).
pub struct Output<'a> {
    path: &'a Path,
    target: Target,
    packing: Packing,
}

enum Target {
    /// A file, or where it will be.
    File(PathBuf),
    /// A device, a pipe, a socket, or an open file of a process.
    Stream,
    /// Standard output.
    Stdout,
}

impl<'a> Output<'a> {
    /// An output that is compressed where its name ends in `.gz`, `.zst` or `.bz2`.
    ///
    /// # Errors
    /// [`Error::Io`] for a folder, and for a file that could not be made as things stand; [`OutputFault::Packing`] for
    /// a name that promises what is not written. Nothing is left behind.
    #[cfg(feature = "text")]
    pub fn new(path: &'a Path) -> Result<Self> {
        let output = Self { path, target: target(path)?, packing: Packing::to_write(path)? };
        output.check()?;
        Ok(output)
    }

    /// An output of which parts are read, so that it is neither compressed nor a stream. `what` says what it is.
    ///
    /// # Errors
    /// Those of [`Output::new`]; [`OutputFault::Packing`] for a name that promises any compression, and
    /// [`OutputFault::NoStream`] for standard output.
    pub fn plain(path: &'a Path, what: &'static str) -> Result<Self> {
        Packing::refuse(path)?;
        let output = Self { path, target: target(path)?, packing: Packing::None };
        if matches!(output.target, Target::Stdout) {
            return Err(OutputFault::NoStream { path: path.into(), what }.into());
        }
        output.check()?;
        Ok(output)
    }

    /// Whether a file could be made, as things stand.
    fn check(&self) -> Result<()> {
        let Target::File(target) = &self.target else { return Ok(()) };
        if target.is_dir() {
            return Err(Error::io(self.path)(ErrorKind::IsADirectory.into()));
        }
        // The nearest folder that is there stands for those below it that are yet to be made.
        let nearest = folder(target).ancestors().find(|p| p.exists()).unwrap_or(Path::new("."));
        tempfile::tempfile_in(nearest).map(drop).map_err(Error::io(self.path))
    }

    /// Writes what `write` writes, making folders as needed. A file is then on the disk.
    ///
    /// # Errors
    /// [`Error::Io`] with the path, and what `write` returns; then a file is as it was.
    pub fn write(&self, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
        let io = |error| Error::io(self.path)(error);
        match &self.target {
            Target::File(target) => self.replace(target, write),
            Target::Stream => self.pack(&mut OpenOptions::new().append(true).open(self.path).map_err(io)?, write),
            Target::Stdout => self.pack(&mut std::io::stdout().lock(), write),
        }
    }

    /// [`Output::write`] where only the system can fail.
    ///
    /// # Errors
    /// [`Error::Io`] with the path; then a file is as it was.
    pub fn stream(&self, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<()> {
        self.write(|out| write(out).map_err(Error::io(self.path)))
    }

    /// Writes contents that are there whole.
    ///
    /// # Errors
    /// Those of [`Output::stream`].
    #[cfg(any(all(test, feature = "text"), feature = "report"))]
    pub fn put(&self, contents: &[u8]) -> Result<()> {
        self.stream(|out| out.write_all(contents))
    }

    fn replace(&self, target: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
        let io = |error| Error::io(self.path)(error);
        let folder = folder(target);
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        let file = Temporary::beside(target, folder).map_err(Error::io(folder))?;
        self.pack(&mut file.as_file(), write)?;
        file.as_file().sync_all().map_err(io)?;
        file.persist(target).map_err(io)?;
        sync(folder);
        Ok(())
    }

    fn pack(&self, out: &mut dyn Write, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
        let mut buffer = BufWriter::with_capacity(BUFFER, out);
        packed(self.packing, &mut buffer, self.path, write)?;
        buffer.flush().map_err(Error::io(self.path))
    }
}

/// Puts the new name of a file on the disk. A system that cannot do that has done what it can.
fn sync(folder: &Path) {
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).ok();
    }
}

/// The target of a path.
fn target(path: &Path) -> Result<Target> {
    if is_stdout(path) {
        return Ok(Target::Stdout);
    }
    let target = followed(path);
    if target.is_symlink() && !is_of_process(&target) {
        // Links that lead nowhere but to each other: the system has words for that.
        std::fs::metadata(path).map_err(Error::io(path))?;
    }
    let is_stream = std::fs::metadata(&target).is_ok_and(|found| !found.is_file() && !found.is_dir());
    Ok(if is_stream || is_of_process(&target) { Target::Stream } else { Target::File(target) })
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
fn is_of_process(path: &Path) -> bool {
    folder(path).canonicalize().is_ok_and(|folder| folder.starts_with("/proc"))
}

/// The folder of a file.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(all(test, feature = "text"))]
mod tests {
    use super::*;
    use std::io::Read;

    fn put(path: &Path, text: &str) -> Result<()> {
        Output::new(path)?.put(text.as_bytes())
    }

    #[test]
    fn replaces_whole_files_and_names_the_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/er/file");
        put(&path, "one").unwrap();
        put(&path, "two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        let failed = Output::new(&path).unwrap().write(|out| {
            out.write_all(b"three").map_err(Error::io("three"))?;
            Err(Error::EmptyVocabulary)
        });
        assert!(matches!(failed, Err(Error::EmptyVocabulary)));
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert!(put(&path.join("x"), "").unwrap_err().to_string().contains("file"));
        assert!(matches!(put(dir.path(), ""), Err(Error::Io { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        put(&at("file"), "one").unwrap();
        for mode in [0o600, 0o640, 0o444] {
            std::fs::set_permissions(at("file"), std::fs::Permissions::from_mode(mode)).unwrap();
            put(&at("file"), "two").unwrap();
            assert_eq!(std::fs::metadata(at("file")).unwrap().permissions().mode() & 0o7777, mode);
        }
        std::fs::create_dir(at("sub")).unwrap();
        symlink("../file", at("sub/link")).unwrap();
        symlink("sub/link", at("chain")).unwrap();
        symlink("later", at("dangling")).unwrap();
        for (link, target) in [("sub/link", "file"), ("chain", "file"), ("dangling", "later")] {
            put(&at(link), link).unwrap();
            assert!(at(link).is_symlink(), "{link}");
            assert_eq!(std::fs::read_to_string(at(target)).unwrap(), link);
        }
        symlink("loop", at("loop")).unwrap();
        assert!(matches!(put(&at("loop"), ""), Err(Error::Io { .. })));
        assert!(at("loop").is_symlink());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn devices_and_pipes_are_written_to() {
        use std::os::unix::fs::FileTypeExt;
        let dir = tempfile::tempdir().unwrap();
        put(Path::new("/dev/null"), "gone").unwrap();
        assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        std::os::unix::fs::symlink("/dev/null", dir.path().join("null")).unwrap();
        put(&dir.path().join("null"), "gone").unwrap();
        assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        let pipe = dir.path().join("pipe");
        if !std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
            return;
        }
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || {
                let mut text = String::new();
                File::open(pipe).unwrap().read_to_string(&mut text).unwrap();
                text
            }
        });
        put(&pipe, "through").unwrap();
        assert_eq!(reader.join().unwrap(), "through");
        assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
        // A file that this process has open: it is the same one afterwards.
        let (kept, mut seen) = (dir.path().join("kept"), String::new());
        put(&kept, "").unwrap();
        let mut open = File::open(&kept).unwrap();
        let name = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&open));
        put(Path::new(&name), "seen").unwrap();
        open.read_to_string(&mut seen).unwrap();
        assert_eq!(seen, "seen");
    }

    #[test]
    fn what_an_ending_promises_is_written_or_refused() {
        let dir = tempfile::tempdir().unwrap();
        for ending in ["gz", "GZ", "zst", "bz2"] {
            let path = dir.path().join(format!("v.txt.{ending}"));
            put(&path, &"river ".repeat(1000)).unwrap();
            assert!(crate::files::is_compressed(&path).unwrap(), "{ending}");
            let mut text = String::new();
            crate::files::open(&path).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "river ".repeat(1000), "{ending}");
            let refused = Output::plain(&path, "a model").err();
            assert!(matches!(refused, Some(Error::Output(OutputFault::Packing { .. }))), "{ending}");
        }
        for ending in ["xz", "zip", "7z", "XZ", "lz4", "tgz", "br"] {
            let refused = put(&dir.path().join(format!("v.txt.{ending}")), "");
            assert!(matches!(refused, Err(Error::Output(OutputFault::Packing { .. }))), "{ending}");
        }
    }
}
