//! Outputs: the one door through which files are written.

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

/// A place where something will be written.
///
/// A file is there whole or not at all: what is written goes to a temporary file beside it, which then takes its place
/// and its permissions. A symbolic link stays, and what it leads to is replaced. A device or a pipe is written to and
/// never replaced, and so is standard output (`-`).
#[derive(Debug)]
pub struct Output<'a> {
    path: &'a Path,
    target: Target,
    packing: Packing,
}

/// Contents that are on the disk, whole, and have not taken their place yet. Of a stream nothing is left to be done.
#[must_use]
#[derive(Debug)]
pub struct Staged<'a> {
    output: &'a Output<'a>,
    file: Option<(Temporary, &'a Path)>,
}

impl<'a> Output<'a> {
    /// An output that is compressed where its name ends in `.gz`, `.zst` or `.bz2`.
    ///
    /// # Errors
    /// [`Error::Io`] for a folder, and for a file that could not be made as things stand; [`OutputFault::Kept`] for a
    /// file that may not be replaced; [`OutputFault::Packing`] for a name that promises what is not written. Nothing is
    /// left behind.
    #[cfg(feature = "text")]
    pub fn new(path: &'a Path) -> Result<Self> {
        Ok(Self { path, packing: Packing::to_write(path)?, target: Target::of(path)? })
    }

    /// An output of which parts are read, so that it is neither compressed nor standard output. `what` says what it is.
    ///
    /// # Errors
    /// Those of [`Output::new`]; [`OutputFault::Packing`] for a name that promises any compression, and
    /// [`OutputFault::NoStream`] for standard output.
    pub fn plain(path: &'a Path, what: &'static str) -> Result<Self> {
        Packing::refuse(path)?;
        match Target::of(path)? {
            Target::Stdout => Err(OutputFault::NoStream { path: path.into(), what }.into()),
            target => Ok(Self { path, target, packing: Packing::None }),
        }
    }

    /// An output that stands beside another, which is no stream either. `what` says what both are.
    ///
    /// # Errors
    /// Those of [`Output::new`], and [`OutputFault::NoStream`] for a device, a pipe or standard output.
    #[cfg(feature = "text")]
    pub fn file(path: &'a Path, what: &'static str) -> Result<Self> {
        let output = Self::new(path)?;
        if output.is_stream() { Err(OutputFault::NoStream { path: path.into(), what }.into()) } else { Ok(output) }
    }

    /// Whether it is a device, a pipe or standard output: what is written there may wait for a reader.
    #[cfg(feature = "text")]
    pub fn is_stream(&self) -> bool {
        !matches!(self.target, Target::File(_))
    }

    /// Refuses a named pipe, whose reader may go away between two lines. `what` says what goes there line by line.
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

    /// Refuses a terminal: words of files must not control it.
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

    /// Writes what `write` writes, making folders as needed. A file is then on the disk.
    ///
    /// # Errors
    /// [`Error::Io`] with the path, and what `write` returns; then a file is as it was.
    pub fn write(&self, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
        self.stage(write)?.commit()
    }

    /// Writes what `write` writes beside the file whose place it will take.
    ///
    /// # Errors
    /// Those of [`Output::write`].
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
                // A reader that went away has had what it wanted.
                Err(Error::Io { source, .. }) if source.kind() == ErrorKind::BrokenPipe => {}
                done => done?,
            },
        }
        Ok(Staged { output: self, file })
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

    fn pack(&self, out: &mut dyn Write, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
        let mut buffer = BufWriter::with_capacity(BUFFER, out);
        packed(self.packing, &mut buffer, self.path, write)?;
        buffer.flush().map_err(Error::io(self.path))
    }
}

impl Staged<'_> {
    /// Takes its place.
    ///
    /// # Errors
    /// [`Error::Io`] with the path; then a file is as it was.
    pub fn commit(self) -> Result<()> {
        let Some((temporary, target)) = self.file else { return Ok(()) };
        temporary.persist(target).map_err(Error::io(self.output.path))?;
        sync(folder(target));
        Ok(())
    }

    /// Takes its place, and lets `second` take its own. If that fails, the file is put back that was here before.
    ///
    /// # Errors
    /// [`Error::Io`] with the path; then both files are as they were.
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

/// Puts the new name of a file on the disk. A system that cannot do that has done what it can.
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
        // A file that this process has open: it is the same one afterwards.
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
        // A number that no file of this program has.
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
