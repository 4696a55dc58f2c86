//! Files as bytes, decompressed.

use super::unpack::{is_packed, unpacked};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

pub(super) const BUFFER: usize = 1 << 18;

/// The path that means standard input.
const STDIN: &str = "-";

/// Whether the path means standard input.
pub fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == STDIN
}

/// Opens a file, or standard input for `-`, as one stream of bytes. Files are plain, gzip, Zstandard or bzip2, with any
/// number of members or frames.
///
/// The first bytes decide; no text starts with one of the magic numbers. A file whose name ends in `.gz`, `.zst` or
/// `.bz2` must start with one of them. Zeros between and after members are skipped. The first `fill_buf` shows 512
/// bytes, or the whole of a shorter file.
///
/// # Errors
/// The error of the system. Damage, other bytes after the last member, and Zstandard windows above 128 MiB are errors
/// when they are read.
pub fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    if is_stdin(path) {
        return unpacked(BufReader::with_capacity(BUFFER, io::stdin()), path);
    }
    unpacked(BufReader::with_capacity(BUFFER, File::open(path)?), path)
}

/// Whether [`open`] decompresses a file.
///
/// # Errors
/// The error of the system, and a name whose ending does not match the content.
pub fn is_compressed(path: &Path) -> io::Result<bool> {
    is_packed(File::open(path)?, path)
}
