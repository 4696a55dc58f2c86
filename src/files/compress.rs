//! Outputs that are compressed if their name says so.

use super::create_atomically;
use crate::error::{Error, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::io::{BufWriter, Write};
use std::path::Path;

/// Writes a file that is there whole or not at all, compressed where its name ends in `.gz` or `.zst`. What becomes Zstandard is
/// held in memory first.
///
/// # Errors
/// [`Error::Io`] with the path, and what `write` returns; then `path` is as it was.
pub fn create_compressed(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let named = |end| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(end));
    create_atomically(path, |out| {
        if named("gz") {
            let mut encoder = BufWriter::new(GzEncoder::new(out, Compression::default()));
            write(&mut encoder)?;
            let encoder = encoder.into_inner().map_err(|e| Error::io(path)(e.into_error()))?;
            encoder.finish().map(drop).map_err(Error::io(path))
        } else if named("zst") {
            let mut plain = Vec::new();
            write(&mut plain)?;
            out.write_all(&compress_to_vec(&plain[..], CompressionLevel::Fastest)).map_err(Error::io(path))
        } else {
            write(out)
        }
    })
}

/// The name without an ending that says how the file is compressed.
pub fn without_compression(path: &Path) -> &Path {
    let compressed = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz") || e.eq_ignore_ascii_case("zst"));
    match path.file_stem() {
        Some(stem) if compressed => Path::new(stem),
        _ => path,
    }
}
