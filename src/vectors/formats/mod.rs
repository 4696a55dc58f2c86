//! Files of word vectors: formats by name, and files as a whole.
//!
//! | format | ending | is | read by |
//! |---|---|---|---|
//! | [`Format::Binary`] | `.bin` | a line `words dim`, then for each word: the word, a space, dim little-endian f32, a line break | word2vec, gensim |
//! | [`Format::Text`] | `.txt` | a line `words dim`, then a line a word: the word and dim decimal numbers | those, and everything else |
//! | [`Format::FastText`] | `.vec` | the same with a space at the end of each line | fastText, gensim |
//! | [`Format::Npy`] | `.npy` | the V×d matrix; the words beside it in `.words.txt`, one a line | NumPy |
//! | [`Format::Finalfusion`] | `.fifu` | chunks: the words, unit vectors, their norms | finalfusion |
//! | [`Format::Projector`] | `.tsv` | a line of numbers a word; the words beside them in `.metadata.tsv` | TensorBoard's projector |
//! | [`Format::Model`] | `.safetensors` | a lexmax model, whose word vectors are read; it is never written | lexmax |
//!
//! `.gz` or `.zst` behind the ending of a format means that the file is compressed; what lies beside it is not. Readers
//! take either form of word2vec's text, and of `.npy` any order and f64 too; finalfusion's words are read with their
//! vectors, subword units are passed over. Numbers in text are the shortest that give the same f32 again, so all
//! formats but finalfusion, which keeps directions and lengths apart, come back to the bit. A rounded
//! direction times a rounded length cannot give every f32, so finalfusion's numbers come back within three roundings.
//! A word that a format cannot hold ([`Format::unfit`]) and a vector whose length is no f32 (finalfusion) are refused
//! before anything is written.
//!
//! Files may be hostile: whatever is wrong is an error with its line or byte, and memory stays within a small multiple
//! of what the file holds, whatever it says that it holds.

mod convert;
mod finalfusion;
mod fit;
mod input;
mod model;
mod npy;
mod projector;
mod word2vec;

pub use convert::{Converted, convert};

use self::input::Input;
use self::word2vec::Style;
use super::{VectorSource, WordVectors};
use crate::error::{Error, OutputFault, Place, Result, VectorsFault};
use crate::files;
use crate::names;
use crate::vocab::WordId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{BufRead, Write};
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
    /// NumPy's matrix, the words beside it in .words.txt; .npy.
    Npy,
    /// finalfusion; .fifu.
    Finalfusion,
    /// TensorBoard's projector, the words beside the vectors in .metadata.tsv; .tsv.
    Projector,
    /// A lexmax model, of which the word vectors are read. It is never written.
    #[cfg_attr(feature = "cli", value(skip))]
    Model,
}

impl Format {
    /// All formats that are written. [`Format::Model`] is only read.
    pub const ALL: &'static [Self] =
        &[Self::Binary, Self::Text, Self::FastText, Self::Npy, Self::Finalfusion, Self::Projector];

    /// What the format is called.
    pub fn name(self) -> &'static str {
        names::name(&self)
    }

    /// How its files end.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Binary => "bin",
            Self::Text => "txt",
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
            let known = Self::ALL.iter().map(|format| format!(".{}", format.ending())).collect::<Vec<_>>().join(", ");
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

    /// The format that the first bytes of a file tell: the magic numbers of two, a model's header, or word2vec's first
    /// line and whether a word and a decimal number follow it. Where the bytes of numbers happen to be digits, the name
    /// decides between word2vec's formats, and without a name the text.
    fn sniff(start: &[u8], named: Option<Self>) -> Option<Self> {
        if start.starts_with(npy::MAGIC) {
            return Some(Self::Npy);
        }
        if start.starts_with(finalfusion::MAGIC) {
            return Some(Self::Finalfusion);
        }
        if model::is_model(start) {
            return Some(Self::Model);
        }
        let mut lines = start.split(|byte| *byte == b'\n');
        let (header, first) = (lines.next()?, lines.next()?);
        let numbers = header.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_whitespace());
        let number = String::from_utf8_lossy(first).split_ascii_whitespace().nth(1).map(|n| n.parse::<f64>().is_ok());
        let text = number == Some(true) && !first.contains(&0);
        let text = text && !(word2vec::is_binary(start) && (named == Some(Self::Binary) || !word2vec::is_text(start)));
        (numbers && !header.is_empty()).then_some(if text { Self::Text } else { Self::Binary })
    }

    /// Whether the format is one of those that people call by each other's endings.
    fn is_word2vec(self) -> bool {
        matches!(self, Self::Binary | Self::Text | Self::FastText)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Bytes, and what is known of them.
pub struct Stream<'a> {
    /// The bytes.
    pub source: &'a mut dyn BufRead,
    /// How many there are, where that is known: then a file that says it holds more is refused at once.
    pub len: Option<u64>,
    /// What errors call it.
    pub path: &'a Path,
}

impl fmt::Debug for Stream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Stream").field("path", &self.path).field("len", &self.len).finish_non_exhaustive()
    }
}

impl<'a> Stream<'a> {
    fn input(self) -> Input<'a> {
        Input::new(self.source, self.len, self.path)
    }
}

/// Reads a file, of the format that its name tells, or else its beginning, where none is given. A beginning that only
/// one format has counts more than the name; word2vec's formats go by each other's endings, so there it counts, too.
///
/// # Errors
/// [`Error::Io`], [`Error::VectorsFormat`], [`Error::VectorsFile`] with the line or the byte, and [`Error::NotUtf8`].
pub fn read(path: &Path, format: Option<Format>) -> Result<WordVectors> {
    let mut source = files::open(path).map_err(Error::io(path))?;
    let format = match (format, Format::of(path)) {
        (Some(format), _) => format,
        (None, named) => {
            let start = source.fill_buf().map_err(Error::io(path))?;
            let sniffed = Format::sniff(start, named).filter(|found| match named {
                None => true,
                // No other file begins with their bytes.
                Some(_) if matches!(found, Format::Npy | Format::Finalfusion | Format::Model) => true,
                // A text whose first line is damaged is still one.
                Some(Format::Text | Format::FastText) => start.contains(&0) || word2vec::is_binary(start),
                Some(Format::Binary) => *found == Format::Text,
                Some(_) => false,
            });
            let model = Format::is_model_name(path).then_some(Format::Model);
            sniffed.or(named).or(model).ok_or_else(|| unknown(path))?
        }
    };
    let stream = Stream { source: &mut *source, len: plain_len(path), path };
    let Some(side) = format.side_file(path) else { return read_streams(stream, None, format) };
    let mut words = files::open(&side).map_err(Error::io(&side))?;
    let words = Stream { source: &mut *words, len: None, path: &side };
    read_streams(stream, Some(words), format)
}

/// The files that [`read`] opens.
pub(crate) fn files_read(path: &Path, format: Option<Format>) -> Vec<PathBuf> {
    format.or_else(|| Format::of(path)).map_or_else(|| vec![path.into()], |format| format.files(path).collect())
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

/// The length of a file that is neither compressed nor a pipe.
fn plain_len(path: &Path) -> Option<u64> {
    let metadata = std::fs::metadata(path).ok().filter(|m| m.is_file())?;
    let compressed = files::is_compressed(path).unwrap_or(true);
    (!compressed).then_some(metadata.len())
}

/// Reads vectors from `main`; `words` holds the words of formats that keep them apart, and is left alone by others.
///
/// # Errors
/// As [`read`].
///
/// # Panics
/// A format that keeps words apart, without them.
pub fn read_streams(main: Stream, words: Option<Stream>, format: Format) -> Result<WordVectors> {
    let side = || words.expect("a stream of words").input();
    let mut input = main.input();
    match format {
        Format::Binary => word2vec::read_binary(&mut input),
        Format::Text | Format::FastText => word2vec::read_text(&mut input),
        Format::Npy => npy::read(&mut input, &mut side()),
        Format::Finalfusion => finalfusion::read(&mut input),
        Format::Projector => projector::read(&mut input, &mut side()),
        Format::Model => model::read(&mut input),
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
    (0..source.len() as WordId).try_for_each(|id| out.put(format!("{}\n", source.word(id)).as_bytes()))
}
