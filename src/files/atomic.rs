//! Files that are there whole or not at all.

use crate::error::{Error, Result};
use std::io::{BufWriter, Write};
use std::path::Path;

const BUFFER: usize = 1 << 18;

/// [`stream_atomically`] of contents that are there whole.
///
/// # Errors
/// [`Error::Io`] with the path.
#[cfg(feature = "report")]
pub fn write_atomically(path: &Path, contents: &[u8]) -> Result<()> {
    stream_atomically(path, |out| out.write_all(contents))
}

/// Writes a temporary file beside `path` bit by bit, through a buffer, and renames it, making folders as needed.
///
/// # Errors
/// [`Error::Io`] with the path.
pub fn stream_atomically(path: &Path, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<()> {
    create_atomically(path, |out| write(out).map_err(Error::io(path)))
}

/// The same where other things than the system can fail.
///
/// # Errors
/// [`Error::Io`] with the path, and what `write` returns; then `path` is as it was.
pub fn create_atomically(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let folder = folder(path);
    std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    let mut file = builder().tempfile_in(folder).map_err(Error::io(folder))?;
    let mut buffer = BufWriter::with_capacity(BUFFER, &mut file);
    write(&mut buffer)?;
    buffer.flush().map_err(Error::io(path))?;
    drop(buffer);
    file.as_file().sync_all().map_err(Error::io(path))?;
    file.persist(path).map_err(|e| Error::io(path)(e.error))?;
    Ok(())
}

/// Whether [`stream_atomically`] could write `path` as things stand. Leaves nothing behind.
///
/// # Errors
/// [`Error::Io`] with the path.
#[cfg(feature = "text")]
pub fn check_writable(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Err(Error::io(path)(std::io::ErrorKind::IsADirectory.into()));
    }
    // The nearest folder that is there stands for those below it that are yet to be made.
    let nearest = folder(path).ancestors().find(|p| p.exists()).unwrap_or(Path::new("."));
    tempfile::tempfile_in(nearest).map(drop).map_err(Error::io(folder(path)))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Temporary files are for their owner only; what they become is for whom the system says.
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_whole_files_and_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/file");
        let write = |path: &Path, text: &[u8]| stream_atomically(path, |out| out.write_all(text));
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        let below_a_file = path.join("x");
        assert!(write(&below_a_file, b"").unwrap_err().to_string().contains("file"));
    }
}
