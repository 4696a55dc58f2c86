//! Files of word vectors: formats by name, and files as a whole.
//!
//! | format | ending | is | read by |
//! |---|---|---|---|
//! | [`Format::Binary`] | `.bin` | a line `words dim`, then for each word: the word, a space, dim little-endian f32, a line break | word2vec, gensim |
//! | [`Format::Text`] | `.txt` | a line `words dim`, then a line a word: the word and dim decimal numbers | those, and everything else |
//! | [`Format::FastText`] | `.vec` | the same with a space at the end of each line | fastText, gensim |
//! | [`Format::Glove`] | `.txt` | lines as in text, without a first line of sizes | GloVe, gensim |
//! | [`Format::Npy`] | `.npy` | the V×d matrix; the words beside it in `.words.txt`, one a line | NumPy |
//! | [`Format::Finalfusion`] | `.fifu` | chunks: the words, unit vectors, their norms | finalfusion |
//! | [`Format::Projector`] | `.tsv` | a line of numbers a word; the words beside them in `.metadata.tsv` | TensorBoard's projector |
//! | [`Format::Model`] | `.safetensors` | a lexmax model, whose word vectors are read; it is never written | lexmax |
//!
//! `.gz` or `.zst` behind the ending of a format means that the file is compressed; what lies beside it is not. Readers
//! take either form of word2vec's text, words with spaces too (the last numbers of a line are the vector), and of
//! `.npy` any order, f16 and f64 too; finalfusion's words are read with their vectors, subword units are passed over.
//! The words of the projector may also stand in its own pairs of names, `x_tensor.tsv` and `x_metadata.tsv`. Of a word
//! that is there twice the first vector is kept. What else a file may hold that cannot be read is an error, or is
//! passed over and counted ([`ReadOptions::on_bad`]). Numbers in text are the shortest that give the same f32 again, so
//! all formats but finalfusion, which keeps directions and lengths apart, come back to the bit. A rounded direction
//! times a rounded length cannot give every f32, so finalfusion's numbers come back within three roundings. A word that
//! a format cannot hold ([`Format::unfit`]) and a vector whose length is no f32 (finalfusion) are refused before
//! anything is written.
//!
//! Files may be hostile: whatever is wrong is an error with its line or byte, and memory stays within a small multiple
//! of what the file holds, whatever it says that it holds.

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
    /// word2vec's binary format; .bin.
    Binary,
    /// word2vec's text format; .txt.
    Text,
    /// fastText's text format; .vec.
    FastText,
    /// NumPy's matrix, with the words in a file .words.txt; .npy.
    Npy,
    /// finalfusion; .fifu.
    Finalfusion,
    /// TensorBoard's projector, with the words in a file .metadata.tsv; .tsv.
    Projector,
    /// GloVe's text format, without a header; .txt, recognized by its content.
    Glove,
    /// A lexmax model, of which the word vectors are read. It is never written.
    #[cfg_attr(feature = "cli", value(skip))]
    Model,
}

impl Format {
    /// All formats that are written. [`Format::Model`] is only read.
    pub const ALL: &'static [Self] =
        &[Self::Binary, Self::Text, Self::FastText, Self::Npy, Self::Finalfusion, Self::Projector, Self::Glove];

    /// What the format is called.
    pub fn name(self) -> &'static str {
        names::name(&self)
    }

    /// How its files end.
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

    /// The format that a file's name tells, of those that are written.
    pub fn of(path: &Path) -> Option<Self> {
        let plain = files::without_packing(path);
        let ending = plain.extension()?;
        Self::ALL.iter().copied().find(|format| ending.eq_ignore_ascii_case(format.ending()))
    }

    /// The format in which a file of this name is written.
    ///
    /// # Errors
    /// [`Error::VectorsFormat`] for a name that tells no format, and [`Error::VectorsFile`] for a model's.
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

    /// Whether vectors can be written to a file of this name in the format, as things stand. Leaves nothing behind.
    ///
    /// # Errors
    /// [`Error::VectorsFile`] for [`Format::Model`]; what [`files::Output::new`] says of the file and of the one beside
    /// it; [`OutputFault::NoStream`] for standard output in a format of two files.
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

    /// All files of vectors of this name, of which formats may keep the words beside.
    pub fn files(self, path: &Path) -> impl Iterator<Item = PathBuf> {
        std::iter::once(path.into()).chain(self.side_file(path))
    }

    /// The file of the words, for formats that keep them beside the vectors.
    pub fn side_file(self, path: &Path) -> Option<PathBuf> {
        let (stem, (_, is_partial)) = (files::without_packing(path), files::without_partial(path));
        let side = match self {
            Self::Npy => stem.with_extension("words.txt"),
            Self::Projector => stem.with_extension("metadata.tsv"),
            _ => return None,
        };
        Some(if is_partial { files::partial(&side) } else { side })
    }

    /// Whether the format is one of those that people call by each other's endings.
    fn is_word2vec(self) -> bool {
        matches!(self, Self::Binary | Self::Text | Self::FastText | Self::Glove)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Refuses to replace a file of words that is not this output's own: without the output, or with one that is packed in
/// another way.
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

/// Endings of names that promise something else than vectors.
const OTHERS: [&str; 17] = [
    "arrow", "csv", "feather", "htm", "html", "json", "jsonl", "kv", "md", "onnx", "pdf", "pickle", "pkl", "pt", "pth",
    "xml", "yaml",
];

/// Formats of which the words stand beside the vectors.
const TWO_FILES: &str = "a format of two files";

/// The error for a file whose name and beginning tell no format.
fn unknown(path: &Path) -> Error {
    Error::VectorsFormat {
        path: path.into(),
        known: Format::ALL.iter().map(|format| format.name()).collect::<Vec<_>>().join(", "),
    }
}

/// Writes all words of `source`, the file or files whole or not at all; compressed, where the name ends in `.gz`,
/// `.zst` or `.bz2`.
///
/// # Errors
/// [`Error::Io`], and [`Error::VectorsFile`] for a vector that is not finite, for no word or vectors too long, and for
/// [`Format::Model`]; [`Error::Output`] for a word that cannot stand in the format, and for a name that promises what
/// is not written. Nothing is written then.
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

/// Where vectors are written to.
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

/// Writes a byte order mark, where the first word begins with one: readers take the first for none of the word.
fn write_mark(out: &mut Output, source: &dyn VectorSource) -> Result<()> {
    let has_mark = source.word(0).as_bytes().starts_with(input::MARK);
    if has_mark { out.put(input::MARK) } else { Ok(()) }
}
