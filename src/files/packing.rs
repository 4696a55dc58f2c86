//! Packing of outputs, as their names promise.

#[cfg(feature = "text")]
use crate::error::Error;
use crate::error::{OutputFault, Result};
use std::io::Write;
use std::path::Path;
#[cfg(feature = "text")]
use std::path::PathBuf;

/// The packing of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    None,
    #[cfg(feature = "text")]
    Gzip,
    #[cfg(feature = "text")]
    Zstandard,
    #[cfg(feature = "text")]
    Bzip2,
}

/// Endings that promise something packed which is not written.
const FOREIGN: [&str; 29] = [
    "7z", "bgz", "br", "bz", "gzip", "h5", "hdf5", "jar", "lz", "lz4", "lzip", "lzma", "lzo", "npz", "parquet", "rar",
    "sz", "tar", "tbz", "tbz2", "tgz", "txz", "tzst", "xz", "z", "zip", "zlib", "zpaq", "zstd",
];

#[cfg(feature = "text")]
const PACKED: [(&str, Packing); 3] = [("gz", Packing::Gzip), ("zst", Packing::Zstandard), ("bz2", Packing::Bzip2)];

/// The ending behind the name of a result that is not a whole one.
const PARTIAL: &str = "partial";

/// The name beside `path` for a result that is not a whole one: in the same format, packed in the same way.
#[cfg(feature = "text")]
pub fn partial(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(PARTIAL);
    path.with_file_name(name)
}

/// The name of the whole result, and whether `path` is that of one that is not whole.
#[cfg(feature = "text")]
pub fn without_partial(path: &Path) -> (PathBuf, bool) {
    if path.extension().is_some_and(|ending| ending == PARTIAL) {
        (path.with_extension(""), true)
    } else {
        (path.into(), false)
    }
}

fn ending(path: &Path) -> String {
    let stem = path.file_stem().filter(|_| path.extension().is_some_and(|ending| ending == PARTIAL));
    let path = stem.map_or(path, Path::new);
    path.extension().map_or(String::new(), |ending| ending.to_string_lossy().to_lowercase())
}

impl Packing {
    /// The packing that the name tells.
    #[cfg(feature = "text")]
    pub fn of(path: &Path) -> Self {
        let ending = ending(path);
        PACKED.iter().find(|(name, _)| *name == ending).map_or(Self::None, |(_, packing)| *packing)
    }

    /// The packing that the name of an output promises.
    ///
    /// # Errors
    /// [`OutputFault::Packing`] for what is not written.
    #[cfg(feature = "text")]
    pub fn to_write(path: &Path) -> Result<Self> {
        let known = "end the name in .gz, .zst or .bz2, or in none of them";
        refuse(path, path, known, &FOREIGN)?;
        // As .tar.gz does.
        refuse(path, &without_packing(path), known, &FOREIGN)?;
        Ok(Self::of(path))
    }

    /// Refuses names that promise anything packed.
    ///
    /// # Errors
    /// [`OutputFault::Packing`].
    pub fn refuse(path: &Path) -> Result<()> {
        let known = "parts of this file are read, so it stays unpacked; name it without that ending";
        refuse(path, path, known, &FOREIGN)?;
        refuse(path, path, known, &["gz", "zst", "bz2"])
    }
}

/// Refuses names, but for how they are packed, that promise what is not written.
///
/// # Errors
/// [`OutputFault::Packing`].
#[cfg(feature = "text")]
pub fn refuse_endings(path: &Path, known: &'static str, endings: &[&str]) -> Result<()> {
    refuse(path, &without_packing(path), known, endings)
}

/// `named` is the path, or that without how it is packed.
fn refuse(path: &Path, named: &Path, known: &'static str, endings: &[&str]) -> Result<()> {
    let ending = ending(named);
    if !endings.contains(&ending.as_str()) {
        return Ok(());
    }
    Err(OutputFault::Packing { path: path.into(), ending, known }.into())
}

/// Lets `write` write to `out`, packed. What becomes Zstandard is held in memory first.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) with the path, and what `write` returns.
#[cfg(feature = "text")]
pub fn packed(
    packing: Packing,
    out: &mut dyn Write,
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    let io = |error| Error::io(path)(error);
    match packing {
        Packing::None => write(out),
        Packing::Gzip => {
            let encoder = flate2::write::GzEncoder::new(out, flate2::Compression::default());
            let encoder = buffered(encoder, path, write)?;
            encoder.finish().map(drop).map_err(io)
        }
        Packing::Bzip2 => {
            let encoder = bzip2::write::BzEncoder::new(out, bzip2::Compression::default());
            let encoder = buffered(encoder, path, write)?;
            encoder.finish().map(drop).map_err(io)
        }
        Packing::Zstandard => {
            use ruzstd::encoding::{CompressionLevel, compress_to_vec};
            let mut plain = Vec::new();
            write(&mut plain)?;
            out.write_all(&compress_to_vec(&plain[..], CompressionLevel::Fastest)).map_err(io)
        }
    }
}

#[cfg(feature = "text")]
fn buffered<W: Write>(encoder: W, path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<W> {
    let mut encoder = std::io::BufWriter::new(encoder);
    write(&mut encoder)?;
    encoder.into_inner().map_err(|e| Error::io(path)(e.into_error()))
}

/// Lets `write` write to `out`.
///
/// # Errors
/// What `write` returns.
#[cfg(not(feature = "text"))]
pub fn packed(
    _: Packing,
    out: &mut dyn Write,
    _: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    write(out)
}

/// The names that the same contents have, packed in any way or in none.
#[cfg(feature = "text")]
pub fn packings(path: &Path) -> Vec<PathBuf> {
    let plain = without_packing(path);
    let packed = |ending: &str| {
        let mut name = plain.clone().into_os_string();
        name.push(".");
        name.push(ending);
        PathBuf::from(name)
    };
    std::iter::once(plain.clone()).chain(PACKED.iter().map(|(ending, _)| packed(ending))).collect()
}

/// The name without endings that say how the file is packed, or that it is not whole.
#[cfg(feature = "text")]
pub fn without_packing(path: &Path) -> PathBuf {
    let (path, _) = without_partial(path);
    match path.file_stem() {
        Some(stem) if Packing::of(&path) != Packing::None => path.with_file_name(stem),
        _ => path,
    }
}
