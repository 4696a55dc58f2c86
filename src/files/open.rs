//! Files as bytes, unpacked.

use super::zstd::ZstdFrames;
use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

const BUFFER: usize = 1 << 18;

/// The path that means standard input.
const STDIN: &str = "-";

/// The first bytes of a file that say what it is packed with.
const MAGIC: usize = 10;

/// Whether the path means standard input.
pub fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == STDIN
}

/// Opens a file, or standard input for `-`, plain, gzip, Zstandard or bzip2, of any number of members or frames, as one stream
/// of bytes.
///
/// The first bytes tell which (none of the magic numbers begins a text); where they are silent, a name that ends in
/// `.gz`, `.zst` or `.bz2` promises that format.
///
/// # Errors
/// What the system says; damage shows when it is read.
pub fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    if is_stdin(path) {
        return unpacked(BufReader::with_capacity(BUFFER, io::stdin()), path);
    }
    unpacked(BufReader::with_capacity(BUFFER, File::open(path)?), path)
}

fn unpacked<R: Read + 'static>(mut file: BufReader<R>, path: &Path) -> io::Result<Box<dyn BufRead>> {
    let start = file.fill_buf()?;
    if start.len() < MAGIC && !start.is_empty() {
        // A pipe may hand out its first bytes one by one.
        let mut head = Vec::new();
        (&mut file).take(MAGIC as u64).read_to_end(&mut head)?;
        let whole = Cursor::new(head.clone()).chain(file);
        return Ok(decoder(&head, whole, path));
    }
    let head = start[..start.len().min(MAGIC)].to_vec();
    Ok(decoder(&head, file, path))
}

fn decoder<R: BufRead + 'static>(head: &[u8], file: R, path: &Path) -> Box<dyn BufRead> {
    let named = |end| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(end)) && !head.is_empty();
    if head.starts_with(&[0x1f, 0x8b]) || named("gz") {
        Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(file)))
    } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) || named("zst") {
        Box::new(BufReader::with_capacity(BUFFER, ZstdFrames::new(file)))
    } else if is_bzip2(head) || named("bz2") {
        Box::new(BufReader::with_capacity(BUFFER, MultiBzDecoder::new(file)))
    } else {
        Box::new(file)
    }
}

/// `BZh`, the size of its blocks, and what a first block or the end of the stream begins with.
fn is_bzip2(head: &[u8]) -> bool {
    let blocks: [&[u8]; 2] = [&[0x31, 0x41, 0x59, 0x26, 0x53, 0x59], &[0x17, 0x72, 0x45, 0x38, 0x50, 0x90]];
    head.len() == MAGIC && head.starts_with(b"BZh") && matches!(head[3], b'1'..=b'9') && blocks.contains(&&head[4..])
}

/// Whether a file begins as a compressed one.
///
/// # Errors
/// What the system says.
pub fn is_compressed(path: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    File::open(path)?.take(4).read_to_end(&mut start)?;
    Ok(start.starts_with(&[0x1f, 0x8b]) || start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) || start.starts_with(b"BZh"))
}
