//! Options for reading a file of vectors, and counts of entries passed over.

use super::Format;
use crate::files;
use crate::vectors::WordVectors;
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// The treatment of words and vectors that cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum OnBad {
    /// Ends with an error that names the place.
    #[default]
    Error,
    /// Skips the entry, and reports the number of skipped entries.
    Skip,
}

/// Options for reading a file of word vectors.
///
/// ```
/// use lexmax::vectors::{OnBad, ReadOptions, read};
/// # fn main() -> lexmax::Result<()> {
/// # let file = tempfile::NamedTempFile::new().unwrap();
/// # std::fs::write(file.path(), "river 0.5 1\nlake 0.25 0.75\nsea 1 x\nriver 2 2\n").unwrap();
/// # let glove_txt = file.path();
/// let mut options = ReadOptions::default();
/// options.on_bad = OnBad::Skip;
/// let loaded = read(glove_txt, &options)?;
/// assert_eq!(loaded.vectors.len(), 2);
/// assert_eq!((loaded.passed_over.repeated, loaded.passed_over.no_number), (1, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadOptions {
    /// The format. If `None`, the first bytes of the file and its name decide.
    pub format: Option<Format>,
    /// The file of words, for formats that keep it beside the vectors. If `None`, its name follows from the name of the
    /// vectors.
    pub words: Option<PathBuf>,
    /// The maximum number of words, from the first. The file is read only as far as they need.
    pub first: Option<usize>,
    /// The treatment of words and vectors that cannot be read.
    pub on_bad: OnBad,
}

impl From<Format> for ReadOptions {
    /// Reads files of this format.
    fn from(format: Format) -> Self {
        Self { format: Some(format), ..Self::default() }
    }
}

impl ReadOptions {
    /// Whether the wanted number of words is reached.
    pub(super) fn is_full(&self, words: usize) -> bool {
        self.first.is_some_and(|first| words >= first)
    }

    /// Whether entries that cannot be read are passed over.
    pub(super) fn skips(&self) -> bool {
        self.on_bad == OnBad::Skip
    }

    /// The files read for these vectors, as far as their names are known.
    pub(crate) fn files(&self, path: &Path) -> Vec<PathBuf> {
        let side = self.words.clone().or_else(|| {
            let format = self.format.or_else(|| Format::of(path))?;
            beside(format, path).into_iter().find(|file| file.exists())
        });
        std::iter::once(path.into()).chain(side).collect()
    }
}

/// Possible names of the file of words, the most likely first; empty for formats of one file.
pub fn beside(format: Format, path: &Path) -> Vec<PathBuf> {
    let Some(own) = format.side_file(path) else { return Vec::new() };
    let mut names = vec![own];
    if format == Format::Projector {
        // gensim's word2vec2tensor writes x_tensor.tsv and x_metadata.tsv; the projector's page offers vectors.tsv and
        // metadata.tsv.
        let stem = files::without_packing(path).with_extension("");
        let stem = stem.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let other = match stem.strip_suffix("tensor").or_else(|| stem.strip_suffix("tensors")) {
            Some(start) => Some(format!("{start}metadata.tsv")),
            None => stem.strip_suffix("vectors").map(|start| format!("{start}metadata.tsv")),
        };
        names.extend(other.map(|name| path.with_file_name(name)));
    }
    let packed = names.iter().flat_map(|name| files::packings(name).into_iter().skip(1)).collect::<Vec<_>>();
    names.extend(packed);
    names
}

/// Word vectors read from a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The words and their vectors.
    pub vectors: WordVectors,
    /// Entries of the file that were passed over.
    pub passed_over: PassedOver,
}

/// Counts of entries in a file of vectors that were passed over. Repeated words are always counted, and their first
/// vector is kept. The other kinds are errors unless [`OnBad::Skip`] is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PassedOver {
    /// Words that occur earlier in the file.
    pub repeated: u64,
    /// Words that are not UTF-8.
    pub not_utf8: u64,
    /// Vectors without a word.
    pub empty: u64,
    /// Words that exceed the maximum length.
    pub too_long: u64,
    /// Vectors whose size differs from the others in the file.
    pub wrong_size: u64,
    /// Vectors with a value that is not a number.
    pub no_number: u64,
    /// Vectors with a number that is infinite, NaN or beyond the range of f32.
    pub not_finite: u64,
    /// Missing or invalid headers, or headers whose number or size of vectors differs from the file: 0 or 1.
    pub wrong_header: u64,
    /// Entries cut off by the end of the file: 0 or 1.
    pub cut: u64,
    /// Words that the output of [`convert`](super::convert()) cannot hold.
    pub unfit: u64,
}

impl PassedOver {
    /// Whether nothing was passed over.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for PassedOver {
    /// One line of text; counts of 0 are omitted.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let kinds = [
            (
                self.repeated,
                "repeated word (the first vector is kept)",
                "repeated words (their first vectors are kept)",
            ),
            (self.not_utf8, "word that is not UTF-8", "words that are not UTF-8"),
            (self.empty, "empty word", "empty words"),
            (self.too_long, "word that is too long", "words that are too long"),
            (self.wrong_size, "vector of another size", "vectors of another size"),
            (self.no_number, "vector with something else than numbers", "vectors with something else than numbers"),
            (self.not_finite, "vector that is not finite", "vectors that are not finite"),
            (self.wrong_header, "wrong header", "wrong headers"),
            (self.cut, "vector cut by the end of the file", "vectors cut by the end of the file"),
            (self.unfit, "word that the output cannot hold", "words that the output cannot hold"),
        ];
        let met = kinds.iter().filter(|(count, ..)| *count > 0);
        met.enumerate().try_for_each(|(n, (count, one, several))| {
            write!(f, "{}{count} {}", if n == 0 { "" } else { ", " }, if *count == 1 { one } else { several })
        })
    }
}
