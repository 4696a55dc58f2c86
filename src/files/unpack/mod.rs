//! Reads compressed files as plain ones.

mod damage;
mod members;
mod zstd;

use super::ahead::Ahead;
use super::foreign::HEAD;
use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use members::Members;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use zstd::ZstdFrames;

/// Bytes decompressed at a time.
const BUFFER: usize = 1 << 18;

/// The compression of an input file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packed {
    Gzip,
    Zstandard,
    Bzip2,
}

/// All compressions with their names and file endings.
const ALL: [(Packed, &str, &str); 3] =
    [(Packed::Gzip, "gzip", "gz"), (Packed::Zstandard, "zstd", "zst"), (Packed::Bzip2, "bzip2", "bz2")];

impl Packed {
    /// The number of first bytes that identify a compression.
    const MAGIC: usize = 10;

    /// The compression of a file that starts with these bytes.
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstandard),
            _ => is_bzip2(head).then_some(Self::Bzip2),
        }
    }

    /// The compression of a file by its first bytes, or by its ending if the file ends within them.
    ///
    /// # Errors
    /// A name whose ending does not match the content.
    fn of_file(head: &[u8], path: &Path) -> io::Result<Option<Self>> {
        let found = Self::of(head);
        let is_named = |end: &str| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(end));
        let Some((packed, name, end)) = ALL.into_iter().find(|(.., end)| is_named(end)) else { return Ok(found) };
        if found.is_some() || head.is_empty() {
            return Ok(found);
        }
        let magic: &[u8] = match packed {
            Self::Gzip => &[0x1f],
            Self::Zstandard => &[0x28, 0xb5, 0x2f],
            Self::Bzip2 => b"BZh",
        };
        let is_cut =
            head.len() < Self::MAGIC && (magic.starts_with(head) || packed == Self::Bzip2 && head.starts_with(magic));
        match is_cut {
            true => Ok(Some(packed)),
            false => {
                let message = format!("its name ends in .{end}, but it holds no {name} data; rename it");
                Err(damage::invalid(message))
            }
        }
    }
}

/// Whether the bytes are `BZh`, the block size, and the start of a first block or of the end of the stream.
fn is_bzip2(head: &[u8]) -> bool {
    let blocks: [&[u8]; 2] = [&[0x31, 0x41, 0x59, 0x26, 0x53, 0x59], &[0x17, 0x72, 0x45, 0x38, 0x50, 0x90]];
    let is_block = |head: &[u8]| blocks.iter().any(|block| head.starts_with(block));
    head.starts_with(b"BZh") && matches!(head.get(3), Some(b'1'..=b'9')) && is_block(&head[4..])
}

/// The decompressed bytes of a file called `path`. The first `fill_buf` shows [`HEAD`] of them, or all of a shorter
/// file.
///
/// # Errors
/// The error of the system, a name whose ending does not match the content, and damage within the first bytes.
pub fn unpacked<R: BufRead + 'static>(file: R, path: &Path) -> io::Result<Box<dyn BufRead>> {
    let mut file = Ahead::new(file);
    let head = file.ahead(HEAD)?;
    match Packed::of_file(head, path)? {
        None => Ok(Box::new(file)),
        Some(Packed::Gzip) => plain(Members::<GzDecoder<_>>::new(file)),
        Some(Packed::Zstandard) => plain(ZstdFrames::new(file)),
        Some(Packed::Bzip2) => plain(Members::<BzDecoder<_>>::new(file)),
    }
}

fn plain(decoder: impl Read + 'static) -> io::Result<Box<dyn BufRead>> {
    let mut plain = Ahead::new(BufReader::with_capacity(BUFFER, decoder));
    plain.ahead(HEAD)?;
    Ok(Box::new(plain))
}

/// Whether a file called `path` is read as a compressed one.
///
/// # Errors
/// The error of the system, and a name whose ending does not match the content.
pub fn is_packed(file: impl Read, path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    file.take(Packed::MAGIC as u64).read_to_end(&mut head)?;
    Packed::of_file(&head, path).map(|packed| packed.is_some())
}
