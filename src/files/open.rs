//! Files as bytes, unpacked.

use super::unpack::{is_packed, unpacked};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

const BUFFER: usize = 1 << 18;

/// The path that means standard input.
const STDIN: &str = "-";

/// Whether the path means standard input.
pub fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == STDIN
}

/// Opens a file, or standard input for `-`, plain, gzip, Zstandard or bzip2, of any number of members or frames, as one stream
/// of bytes.
///
/// The first bytes tell which; none of the magic numbers begins a text. A file whose name ends in `.gz`, `.zst` or
/// `.bz2` must begin with one of them. Zeros between and behind members are read over. The first `fill_buf` shows 512
/// bytes, or the whole of a shorter file.
///
/// # Errors
/// The error of the system. Damage, other bytes behind the last member, and windows of Zstandard above 128 MiB are
/// errors as well, when they are read.
pub fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    if is_stdin(path) {
        return unpacked(BufReader::with_capacity(BUFFER, io::stdin()), path);
    }
    unpacked(BufReader::with_capacity(BUFFER, File::open(path)?), path)
}

/// Whether [`open`] unpacks a file.
///
/// # Errors
/// The error of the system, and a name that promises what the file does not hold.
pub fn is_compressed(path: &Path) -> io::Result<bool> {
    is_packed(File::open(path)?, path)
}
