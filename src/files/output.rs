//! Outputs: the only place through which files are written.

use super::disk::{OnDisk, on};
use super::packing::{Packing, packed};
use super::place::folder;
#[cfg(feature = "text")]
use super::place::is_named_pipe;
use super::target::Target;
#[cfg(feature = "text")]
use super::temporary::Backup;
use super::temporary::Temporary;
use crate::error::{Error, OutputFault, Result};
use std::fs::{File, OpenOptions};
#[cfg(feature = "text")]
use std::io::IsTerminal;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::Path;

const BUFFER: usize = 1 << 18;

/// A destination that will be written.
///
/// A file is written completely or not at all. The content goes to a temporary file in the same folder, which then
/// replaces the target and takes over its permissions. A symbolic link stays; the file it leads to is replaced. A
/// device, a pipe or standard output (`-`) is written directly and never replaced.
#[derive(Debug)]
pub struct Output<'a> {
    path: &'a Path,
    target: Target,
    packing: Packing,
}

/// Complete content on the disk that has not replaced its target yet. For a stream, nothing remains to be done.
#[must_use]
#[derive(Debug)]
pub struct Staged<'a> {
    output: &'a Output<'a>,
    file: Option<(Temporary, &'a Path)>,
}

impl<'a> Output<'a> {
    /// An output that is compressed if its name ends in `.gz`, `.zst` or `.bz2`.
    ///
    /// # Errors
    /// [`Error::Io`] for a folder, and for a file that cannot be created at present; [`OutputFault::Kept`] for a file
    /// that may not be replaced; [`OutputFault::Packing`] for an ending of an unsupported format. Nothing is left
    /// behind.
    #[cfg(feature = "text")]
    pub fn new(path: &'a Path) -> Result<Self> {
        Ok(Self { path, packing: Packing::to_write(path)?, target: Target::of(path)? })
    }

    /// An output that is later read in parts, and so is neither compressed nor standard output. `what` names it in
    /// errors.
    ///
    /// # Errors
    /// The errors of [`Output::new`]; [`OutputFault::Packing`] for an ending of any compressed format, and
    /// [`OutputFault::NoStream`] for standard output.
    pub fn plain(path: &'a Path, what: &'static str) -> Result<Self> {
        Packing::refuse(path)?;
        match Target::of(path)? {
            Target::Stdout => Err(OutputFault::NoStream { path: path.into(), what }.into()),
            target => Ok(Self { path, target, packing: Packing::None }),
        }
    }

    /// An output that is written beside another; both must be files. `what` names both in errors.
    ///
    /// # Errors
    /// The errors of [`Output::new`], and [`OutputFault::NoStream`] for a device, a pipe or standard output.
    #[cfg(feature = "text")]
    pub fn file(path: &'a Path, what: &'static str) -> Result<Self> {
        let output = Self::new(path)?;
        if output.is_stream() { Err(OutputFault::NoStream { path: path.into(), what }.into()) } else { Ok(output) }
    }

    /// Whether the output is a device, a pipe or standard output, whose writes may wait for a reader.
    #[cfg(feature = "text")]
    pub fn is_stream(&self) -> bool {
        !matches!(self.target, Target::File(_))
    }

    /// Refuses a named pipe, whose reader may close it between two lines. `what` names the lines in errors.
    ///
    /// # Errors
    /// [`OutputFault::NoStream`].
    #[cfg(feature = "text")]
    pub fn check_lasting(&self, what: &'static str) -> Result<()> {
        if is_named_pipe(self.path) {
            return Err(OutputFault::NoStream { path: self.path.into(), what }.into());
        }
        Ok(())
    }

    /// Refuses a terminal, which words of a file could control.
    ///
    /// # Errors
    /// [`OutputFault::Kept`].
    #[cfg(feature = "text")]
    pub fn check_terminal(&self) -> Result<()> {
        let why = "standard output is a terminal, which words of a file could control";
        match self.target {
            Target::Stdout if std::io::stdout().is_terminal() => {
                Err(OutputFault::Kept { path: self.path.into(), why }.into())
            }
            _ => Ok(()),
        }
    }

    /// Writes the content produced by `write`, and creates folders as needed. A file is then on the disk.
    ///
    /// # Errors
    /// [`Error::Io`] with the path, and the errors of `write`. After an error, a file is unchanged.
    pub fn write(&self, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
        self.stage(write)?.commit()
    }

    /// Writes the content produced by `write` to a temporary file beside the target, which it will replace.
    ///
    /// # Errors
    /// The errors of [`Output::write`].
    pub fn stage(&self, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<Staged<'_>> {
        let io = |error| Error::io(self.path)(error);
        let mut file = None;
        match &self.target {
            Target::File(target) => {
                let folder = folder(target);
                on(|disk| disk.make_folder(folder)).map_err(Error::io(folder))?;
                let temporary = Temporary::beside(target, folder).map_err(Error::io(folder))?;
                self.pack(&mut OnDisk(temporary.as_file()), write)?;
                on(|disk| disk.sync(temporary.as_file())).map_err(io)?;
                file = Some((temporary, &**target));
            }
            Target::Stream => {
                let stream = OpenOptions::new().append(true).open(self.path).map_err(io)?;
                self.pack(&mut OnDisk(&stream), write)?;
            }
            Target::Stdout => match self.pack(&mut std::io::stdout().lock(), write) {
                // A reader that closed the pipe has all it wanted.
                Err(Error::Io { source, .. }) if source.kind() == ErrorKind::BrokenPipe => {}
                done => done?,
            },
        }
        Ok(Staged { output: self, file })
    }

    /// Like [`Output::write`], where only the system can fail.
    ///
    /// # Errors
    /// [`Error::Io`] with the path. After an error, a file is unchanged.
    pub fn stream(&self, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<()> {
        self.write(|out| write(out).map_err(Error::io(self.path)))
    }

    /// Writes complete contents.
    ///
    /// # Errors
    /// The errors of [`Output::stream`].
    #[cfg(any(all(test, feature = "text"), feature = "report"))]
    pub fn put(&self, contents: &[u8]) -> Result<()> {
        self.stream(|out| out.write_all(contents))
    }

    fn pack(&self, out: &mut dyn Write, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
        let mut buffer = BufWriter::with_capacity(BUFFER, out);
        packed(self.packing, &mut buffer, self.path, write)?;
        buffer.flush().map_err(Error::io(self.path))
    }
}

impl Staged<'_> {
    /// Replaces the target.
    ///
    /// # Errors
    /// [`Error::Io`] with the path. After an error, the target is unchanged.
    pub fn commit(self) -> Result<()> {
        let Some((temporary, target)) = self.file else { return Ok(()) };
        temporary.persist(target).map_err(Error::io(self.output.path))?;
        sync(folder(target));
        Ok(())
    }

    /// Replaces the target, and lets `second` replace its own. If that fails, the previous file of the first target is
    /// restored.
    ///
    /// # Errors
    /// [`Error::Io`] with the path. After an error, both targets are unchanged.
    #[cfg(feature = "text")]
    pub fn commit_with(self, second: Self) -> Result<()> {
        let Some((_, target)) = &self.file else { return self.commit().and_then(|()| second.commit()) };
        let target = *target;
        let (was_there, backup) = (target.exists(), Backup::of(target, folder(target)));
        self.commit()?;
        second.commit().inspect_err(|_| {
            match backup {
                Some(backup) => backup.restore(target).ok(),
                None if !was_there => on(|disk| disk.remove(target)).ok(),
                None => None,
            };
        })
    }
}

/// Flushes the new name of a file to the disk, as far as the system supports it.
fn sync(folder: &Path) {
    if cfg!(unix) {
        File::open(folder).and_then(|folder| on(|disk| disk.sync(&folder))).ok();
    }
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
        for mode in [0o600, 0o640, 0o751] {
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
        // A file that this process has open is still the same one afterwards.
        let (kept, mut seen) = (dir.path().join("kept"), String::new());
        put(&kept, "").unwrap();
        let mut open = OpenOptions::new().read(true).write(true).open(&kept).unwrap();
        let name = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&open));
        put(Path::new(&name), "seen").unwrap();
        open.read_to_string(&mut seen).unwrap();
        assert_eq!(seen, "seen");
        let read = File::open(&kept).unwrap();
        let name = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&read));
        assert!(matches!(put(Path::new(&name), "x"), Err(Error::Output(OutputFault::Kept { .. }))));
        // A descriptor number that this program has not opened.
        assert!(matches!(put(Path::new("/dev/fd/987654"), "x"), Err(Error::Io { .. })));
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
