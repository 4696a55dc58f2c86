//! Compression of outputs, decided by their names.

#[cfg(feature = "text")]
use crate::error::Error;
use crate::error::{OutputFault, Result};
use std::io::Write;
use std::path::Path;
#[cfg(feature = "text")]
use std::path::PathBuf;

/// The compression of an output.
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

/// Endings of compressed formats and archives that are not written.
const FOREIGN: [&str; 29] = [
    "7z", "bgz", "br", "bz", "gzip", "h5", "hdf5", "jar", "lz", "lz4", "lzip", "lzma", "lzo", "npz", "parquet", "rar",
    "sz", "tar", "tbz", "tbz2", "tgz", "txz", "tzst", "xz", "z", "zip", "zlib", "zpaq", "zstd",
];

#[cfg(feature = "text")]
const PACKED: [(&str, Packing); 3] = [("gz", Packing::Gzip), ("zst", Packing::Zstandard), ("bz2", Packing::Bzip2)];

/// The additional ending of an incomplete result.
const PARTIAL: &str = "partial";

/// The name beside `path` for an incomplete result, in the same format and compression.
#[cfg(feature = "text")]
pub fn partial(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(PARTIAL);
    path.with_file_name(name)
}

/// The name of the complete result, and whether `path` names an incomplete one.
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
    /// The compression that the name indicates.
    #[cfg(feature = "text")]
    pub fn of(path: &Path) -> Self {
        let ending = ending(path);
        PACKED.iter().find(|(name, _)| *name == ending).map_or(Self::None, |(_, packing)| *packing)
    }

    /// The compression that the name of an output indicates.
    ///
    /// # Errors
    /// [`OutputFault::Packing`] for a format that is not written.
    #[cfg(feature = "text")]
    pub fn to_write(path: &Path) -> Result<Self> {
        let known = "end the name in .gz, .zst or .bz2, or in none of them";
        refuse(path, path, known, &FOREIGN)?;
        // For instance .tar.gz.
        refuse(path, &without_packing(path), known, &FOREIGN)?;
        Ok(Self::of(path))
    }

    /// Refuses names of any compressed format.
    ///
    /// # Errors
    /// [`OutputFault::Packing`].
    pub fn refuse(path: &Path) -> Result<()> {
        let known = "parts of this file are read, so it stays unpacked; name it without that ending";
        refuse(path, path, known, &FOREIGN)?;
        refuse(path, path, known, &["gz", "zst", "bz2"])
    }
}

/// Refuses names whose ending, without the one for compression, is among `endings`.
///
/// # Errors
/// [`OutputFault::Packing`].
#[cfg(feature = "text")]
pub fn refuse_endings(path: &Path, known: &'static str, endings: &[&str]) -> Result<()> {
    refuse(path, &without_packing(path), known, endings)
}

/// `named` is the path, or the path without its compression ending.
fn refuse(path: &Path, named: &Path, known: &'static str, endings: &[&str]) -> Result<()> {
    let ending = ending(named);
    if !endings.contains(&ending.as_str()) {
        return Ok(());
    }
    Err(OutputFault::Packing { path: path.into(), ending, known }.into())
}

/// Calls `write` with a writer that compresses into `out`. Content for Zstandard is held in memory first.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) with the path, and the errors of `write`.
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

/// Calls `write` with `out`.
///
/// # Errors
/// The errors of `write`.
#[cfg(not(feature = "text"))]
pub fn packed(
    _: Packing,
    out: &mut dyn Write,
    _: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    write(out)
}

/// The names of the same contents under every compression and without any.
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

/// The name without the endings for compression and for an incomplete result.
#[cfg(feature = "text")]
pub fn without_packing(path: &Path) -> PathBuf {
    let (path, _) = without_partial(path);
    match path.file_stem() {
        Some(stem) if Packing::of(&path) != Packing::None => path.with_file_name(stem),
        _ => path,
    }
}
