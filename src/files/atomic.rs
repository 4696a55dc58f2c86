//! Files that are there whole or not at all.

use crate::error::{Error, Result};
use std::io::{BufWriter, Write};
use std::path::Path;

const BUFFER: usize = 1 << 18;

/// Writes `contents` to a temporary file beside `path` and renames it, making folders as needed.
///
/// # Errors
/// [`Error::Io`] with the path.
pub fn write_atomically(path: &Path, contents: &[u8]) -> Result<()> {
    stream_atomically(path, |out| out.write_all(contents))
}

/// The same for contents that are written bit by bit, through a buffer.
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

/// Whether [`write_atomically`] could write `path` as things stand. Leaves nothing behind.
///
/// # Errors
/// [`Error::Io`] with the path.
pub fn check_writable(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Err(Error::io(path)(std::io::ErrorKind::IsADirectory.into()));
    }
    // The nearest folder that is there stands for those below it that are yet to be made.
    let nearest = folder(path).ancestors().find(|p| p.exists()).unwrap_or(Path::new("."));
    tempfile::tempfile_in(nearest).map(drop).map_err(Error::io(folder(path)))
}

/// SHA-256 of a plain file, as `sha256sum` gives it; none for a pipe, which can be read once only.
pub fn sha256(path: &Path) -> Option<String> {
    use sha2::Digest;
    let mut file = std::fs::File::open(path).ok().filter(|f| f.metadata().is_ok_and(|m| m.is_file()))?;
    let (mut hash, mut buffer) = (sha2::Sha256::new(), vec![0; BUFFER]);
    loop {
        match std::io::Read::read(&mut file, &mut buffer).ok()? {
            0 => return Some(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            n => hash.update(&buffer[..n]),
        }
    }
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
    fn the_sum_is_that_of_the_standard() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        write_atomically(&path, b"abc").unwrap();
        // FIPS 180-2, appendix B.1.
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(&path).as_deref(), Some(sum));
        assert_eq!(sha256(folder.path()), None);
    }

    #[test]
    fn replaces_whole_files_and_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/file");
        write_atomically(&path, b"one").unwrap();
        write_atomically(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        let below_a_file = path.join("x");
        assert!(write_atomically(&below_a_file, b"").unwrap_err().to_string().contains("file"));
    }
}
