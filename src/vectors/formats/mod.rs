//! Files of word vectors: the formats, and reading and writing of whole files.
//!
//! | format | ending | content | read by |
//! |---|---|---|---|
//! | [`Format::Binary`] | `.bin` | line `words dim`; each word, a space, dim f32, a line break | word2vec, gensim |
//! | [`Format::Text`] | `.txt` | line `words dim`; a line a word: the word and dim decimal numbers | almost all tools |
//! | [`Format::FastText`] | `.vec` | like text, with a space at the end of each line | fastText, gensim |
//! | [`Format::Glove`] | `.txt` | like text, without the line of sizes | GloVe, gensim |
//! | [`Format::Npy`] | `.npy` | the V×d matrix; the words in `.words.txt` beside it, one a line | NumPy |
//! | [`Format::Finalfusion`] | `.fifu` | chunks: the words, unit vectors, their norms | finalfusion |
//! | [`Format::Projector`] | `.tsv` | line of numbers a word; words in `.metadata.tsv` beside it | TensorBoard |
//! | [`Format::Model`] | `.safetensors` | a lexmax model, whose word vectors are read; never written | lexmax |
//!
//! The f32 of the binary format are little-endian. `.gz`, `.zst` or `.bz2` after the ending of a format means that the
//! file is compressed; a file of words beside it is not.
//!
//! Readers accept more than writers produce:
//!
//! - both forms of word2vec's text, and words with spaces (the last numbers of a line are the vector),
//! - `.npy` in any element order, and with f16 and f64,
//! - finalfusion with subword units, which are passed over,
//! - the projector's own pairs of names, `x_tensor.tsv` and `x_metadata.tsv`.
//!
//! For a repeated word, the first vector is kept. Other entries that cannot be read are errors, or are passed over and
//! counted ([`ReadOptions::on_bad`]).
//!
//! Numbers in text are the shortest that give the same f32 again, so that all formats except finalfusion preserve every
//! bit. finalfusion stores directions and lengths separately. The product of a rounded direction and a rounded length
//! cannot give every f32, so its numbers are restored within three roundings. Before anything is written, writers
//! refuse words that a format cannot hold ([`Format::unfit`]) and, for finalfusion, vectors whose length is not an f32.
//!
//! Files may be hostile: every fault is an error with its line or byte. Memory stays within a small multiple of the
//! actual file size, whatever sizes the file states.

mod convert;
mod finalfusion;
mod fit;
mod input;
mod model;
mod npy;
mod options;
mod projector;
mod read;
mod taken;
mod tell;
mod text;
mod word2vec;
mod word_list;

pub use convert::{Converted, convert};
pub use options::{Loaded, OnBad, PassedOver, ReadOptions};
pub use read::{Stream, read, read_streams};

use self::word2vec::Style;
use super::VectorSource;
use crate::error::{Error, OutputFault, Place, Result, VectorsFault};
use crate::files;
use crate::names;
use crate::vocab::WordId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A file format of word vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum), value(rename_all = "lower"))]
#[non_exhaustive]
pub enum Format {
    /// The binary format of word2vec; .bin.
    Binary,
    /// The text format of word2vec; .txt.
    Text,
    /// The text format of fastText; .vec.
    FastText,
    /// NumPy's matrix, with the words in a file .words.txt; .npy.
    Npy,
    /// The finalfusion format; .fifu.
    Finalfusion,
    /// TensorBoard's projector, with the words in a file .metadata.tsv; .tsv.
    Projector,
    /// GloVe's text format, without a header; .txt, recognized by its content.
    Glove,
    /// A lexmax model, whose word vectors are read. Never written.
    #[cfg_attr(feature = "cli", value(skip))]
    Model,
}

impl Format {
    /// All formats that can be written. [`Format::Model`] can only be read.
    pub const ALL: &'static [Self] =
        &[Self::Binary, Self::Text, Self::FastText, Self::Npy, Self::Finalfusion, Self::Projector, Self::Glove];

    /// The name of the format.
    pub fn name(self) -> &'static str {
        names::name(&self)
    }

    /// The ending of its files.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Binary => "bin",
            Self::Text | Self::Glove => "txt",
            Self::FastText => "vec",
            Self::Npy => "npy",
            Self::Finalfusion => "fifu",
            Self::Projector => "tsv",
            Self::Model => "safetensors",
        }
    }

    /// The format that the name of a file indicates, among the ones that can be written.
    pub fn of(path: &Path) -> Option<Self> {
        let plain = files::without_packing(path);
        let ending = plain.extension()?;
        Self::ALL.iter().copied().find(|format| ending.eq_ignore_ascii_case(format.ending()))
    }

    /// The format in which a file of this name is written.
    ///
    /// # Errors
    /// [`Error::VectorsFormat`] for a name that indicates no format, and [`Error::VectorsFile`] for the name of a
    /// model.
    pub fn to_write(path: &Path) -> Result<Self> {
        match Self::of(path) {
            Some(format) => Ok(format),
            None if Self::is_model_name(path) => Self::Model.check_output(path).map(|()| Self::Model),
            None => Err(unknown(path)),
        }
    }

    fn is_model_name(path: &Path) -> bool {
        path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(Self::Model.ending()))
    }

    /// Checks that vectors can at present be written to a file of this name in the format. Leaves nothing behind.
    ///
    /// # Errors
    /// [`Error::VectorsFile`] for [`Format::Model`]; the errors of [`files::Output::new`] for the file and the one
    /// beside it; [`OutputFault::NoStream`] for standard output in a format of two files.
    pub(crate) fn check_output(self, path: &Path) -> Result<()> {
        if !Self::ALL.contains(&self) {
            let own = Self::ALL.iter().filter(|format| **format != Self::Glove);
            let known = own.map(|format| format!(".{}", format.ending())).collect::<Vec<_>>().join(", ");
            let fault = VectorsFault::ReadOnly { format: self.name(), known };
            return Err(Error::VectorsFile { path: path.into(), place: Place::Whole, fault });
        }
        files::refuse_endings(path, "end the name in .bin, .txt, .vec, .npy, .fifu or .tsv", &OTHERS)?;
        let named = Self::of(path).or(Self::is_model_name(path).then_some(Self::Model));
        if let Some(named) = named.filter(|named| *named != self && !(named.is_word2vec() && self.is_word2vec())) {
            let (format, named) = (self.name(), named.name());
            return Err(OutputFault::Ending { path: path.into(), format, named, ending: self.ending() }.into());
        }
        match self.side_file(path) {
            Some(side) => {
                files::Output::file(path, TWO_FILES)?;
                check_side(path, &side)?;
                files::Output::file(&side, TWO_FILES).map(drop).map_err(|error| match error {
                    Error::Output(fault) => {
                        OutputFault::Beside { side: side.clone(), main: path.into(), fault: Box::new(fault) }.into()
                    }
                    other => other,
                })
            }
            None => files::Output::new(path)?.check_terminal(),
        }
    }

    /// All files of vectors with this name, including a file of words beside it.
    pub fn files(self, path: &Path) -> impl Iterator<Item = PathBuf> {
        std::iter::once(path.into()).chain(self.side_file(path))
    }

    /// The file of words, for formats that keep it beside the vectors.
    pub fn side_file(self, path: &Path) -> Option<PathBuf> {
        let (stem, (_, is_partial)) = (files::without_packing(path), files::without_partial(path));
        let side = match self {
            Self::Npy => stem.with_extension("words.txt"),
            Self::Projector => stem.with_extension("metadata.tsv"),
            _ => return None,
        };
        Some(if is_partial { files::partial(&side) } else { side })
    }

    /// Whether the format is one of those whose files often have the ending of another.
    fn is_word2vec(self) -> bool {
        matches!(self, Self::Binary | Self::Text | Self::FastText | Self::Glove)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Refuses to replace a file of words that does not belong to this output: the output does not exist, or exists with
/// another compression.
fn check_side(path: &Path, side: &Path) -> Result<()> {
    if !side.exists() {
        return Ok(());
    }
    let (side, main) = (side.to_path_buf(), path.to_path_buf());
    if !path.exists() {
        return Err(OutputFault::Unasked { side, main }.into());
    }
    match files::packings(path).into_iter().find(|other| other != path && other.exists()) {
        Some(other) => Err(OutputFault::OfOther { side, main, other }.into()),
        None => Ok(()),
    }
}

/// Endings that indicate content other than vectors.
const OTHERS: [&str; 17] = [
    "arrow", "csv", "feather", "htm", "html", "json", "jsonl", "kv", "md", "onnx", "pdf", "pickle", "pkl", "pt", "pth",
    "xml", "yaml",
];

/// Describes formats with the words in a file beside the vectors.
const TWO_FILES: &str = "a format of two files";

/// The error for a file whose name and first bytes indicate no format.
fn unknown(path: &Path) -> Error {
    Error::VectorsFormat {
        path: path.into(),
        known: Format::ALL.iter().map(|format| format.name()).collect::<Vec<_>>().join(", "),
    }
}

/// Writes all words of `source`. The file or files are written completely or not at all. They are compressed if the
/// name ends in `.gz`, `.zst` or `.bz2`.
///
/// # Errors
/// Nothing is written after an error. [`Error::Io`]; [`Error::VectorsFile`] for a vector that is not finite, for no
/// words, for vectors that are too long, and for [`Format::Model`]; [`Error::Output`] for a word that the format cannot
/// hold, and for a compression that is not written.
pub fn write(path: &Path, format: Format, source: &dyn VectorSource) -> Result<()> {
    format.check_output(path)?;
    format.check_source(path, source)?;
    let main = files::Output::new(path)?;
    let main = main.stage(|out| {
        let mut out = Output { out, path };
        match format {
            Format::Binary => word2vec::write(&mut out, Style::Binary, source),
            Format::Text => word2vec::write(&mut out, Style::Word2vec, source),
            Format::FastText => word2vec::write(&mut out, Style::FastText, source),
            Format::Glove => word2vec::write(&mut out, Style::Glove, source),
            Format::Npy => npy::write(&mut out, source),
            Format::Finalfusion => finalfusion::write(&mut out, source),
            Format::Projector => projector::write(&mut out, source),
            Format::Model => unreachable!("refused above"),
        }
    })?;
    let Some(side) = format.side_file(path) else { return main.commit() };
    let words = files::Output::new(&side)?;
    let words = words.stage(|out| write_words(&mut Output { out, path: &side }, source))?;
    main.commit_with(words)
}

/// The destination of a writer.
pub struct Output<'a> {
    out: &'a mut dyn Write,
    path: &'a Path,
}

impl Output<'_> {
    pub fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(Error::io(self.path))
    }
}

/// Calls `f` with each word and its vector.
pub fn each(source: &dyn VectorSource, f: &mut dyn FnMut(&str, &[f32]) -> Result<()>) -> Result<()> {
    let mut vector = vec![0.0; source.dim()];
    (0..source.len() as WordId).try_for_each(|id| {
        source.row(id, &mut vector);
        f(source.word(id), &vector)
    })
}

/// Writes the words, one a line.
fn write_words(out: &mut Output, source: &dyn VectorSource) -> Result<()> {
    write_mark(out, source)?;
    (0..source.len() as WordId).try_for_each(|id| out.put(format!("{}\n", source.word(id)).as_bytes()))
}

/// Writes a byte order mark if the first word begins with one, since readers drop the first mark of a file.
fn write_mark(out: &mut Output, source: &dyn VectorSource) -> Result<()> {
    let has_mark = source.word(0).as_bytes().starts_with(input::MARK);
    if has_mark { out.put(input::MARK) } else { Ok(()) }
}
