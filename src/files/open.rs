//! Files that may be compressed.

use super::zstd::ZstdFrames;
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

const BUFFER: usize = 1 << 18;

/// Opens a file, plain, gzip or Zstandard, of any number of members or frames, as one stream of bytes.
///
/// The first bytes tell which (neither magic number can begin a text in UTF-8); where they are silent, a name that ends in
/// `.gz` or `.zst` promises that format.
///
/// # Errors
/// What the system says; damage shows when it is read.
pub fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let mut file = BufReader::with_capacity(BUFFER, File::open(path)?);
    let start = file.fill_buf()?;
    let named = |end| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(end)) && !start.is_empty();
    Ok(if start.starts_with(&[0x1f, 0x8b]) || named("gz") {
        Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(file)))
    } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) || named("zst") {
        Box::new(BufReader::with_capacity(BUFFER, ZstdFrames::new(file)))
    } else {
        Box::new(file)
    })
}
