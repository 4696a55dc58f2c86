//! Reads whole files of word vectors.

use super::input::Input;
use super::options::{Loaded, ReadOptions, beside};
use super::taken::Taken;
use super::{Format, finalfusion, model, npy, projector, tell, text, word2vec};
use crate::error::{Error, Place, Result, VectorsFault};
use crate::files;
use std::fmt;
use std::io::BufRead;
use std::path::{Path, PathBuf};

/// A source of bytes, with its length and name.
pub struct Stream<'a> {
    /// The bytes.
    pub source: &'a mut dyn BufRead,
    /// The number of bytes, if known. A file that states a larger content is then refused at once.
    pub len: Option<u64>,
    /// The name used in errors.
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

/// Reads a file of word vectors. If no format is given, the first bytes of the file and its name decide. First bytes
/// that only one format has take precedence over the name. So do the contents of word2vec's formats and GloVe's, whose
/// files often have each other's endings.
///
/// # Errors
/// [`Error::Io`], [`Error::VectorsFormat`], [`Error::VectorsFile`] with the line or the byte, and [`Error::NotUtf8`].
pub fn read(path: &Path, options: &ReadOptions) -> Result<Loaded> {
    let (mut source, len) = open(path, plain_len(path))?;
    let format = tell::format(source.fill_buf().map_err(Error::io(path))?, path, options)?;
    let stream = Stream { source: &mut *source, len, path };
    let side = beside(format, path);
    if side.is_empty() {
        if options.words.is_some() {
            return Err(Error::VectorsFile {
                path: path.into(),
                place: Place::Whole,
                fault: VectorsFault::WordsInside { format: format.name() },
            });
        }
        return read_as(format, stream, None, options);
    }
    let side = match &options.words {
        Some(words) => words.clone(),
        None => side.iter().find(|file| file.exists()).cloned().ok_or_else(|| no_words(path, format, &side))?,
    };
    let (mut words, len) = open(&side, None)?;
    let words = Stream { source: &mut *words, len, path: &side };
    read_as(format, stream, Some(words), options)
}

/// Opens a file of vectors or of words: decompressed, with marked UTF-16 and UTF-32 as UTF-8 (then without a length).
fn open(path: &Path, len: Option<u64>) -> Result<(Box<dyn BufRead>, Option<u64>)> {
    let mut source = files::open(path).map_err(Error::io(path))?;
    let head = source.fill_buf().map_err(Error::io(path))?;
    // The header length of a model may look like a byte order mark.
    if files::is_wide(head) && !model::is_model(head) {
        return Ok((files::decoded(source).map_err(Error::io(path))?, None));
    }
    Ok((source, len))
}

/// The error for vectors without words.
fn no_words(path: &Path, format: Format, names: &[PathBuf]) -> Error {
    let format = format.name();
    // Compressed variants of the names are not mentioned.
    let names = names.iter().filter(|name| files::without_packing(name) == **name).map(|name| files::name(name));
    let fault = VectorsFault::NoWords { format, names: names.collect::<Vec<_>>().join(", ") };
    Error::VectorsFile { path: path.into(), place: Place::Whole, fault }
}

/// The length of a file that is neither compressed nor a pipe.
fn plain_len(path: &Path) -> Option<u64> {
    let metadata = std::fs::metadata(path).ok().filter(|m| m.is_file())?;
    let compressed = files::is_compressed(path).unwrap_or(true);
    (!compressed).then_some(metadata.len())
}

/// Reads vectors from `main`. `words` provides the words for formats that keep them in a separate file; other formats
/// do not read it. The options' file of words is not opened.
///
/// # Errors
/// The errors of [`read`].
pub fn read_streams(main: Stream, words: Option<Stream>, options: &ReadOptions) -> Result<Loaded> {
    let start = main.source.fill_buf().map_err(Error::io(main.path))?;
    let format = tell::format(start, main.path, options)?;
    read_as(format, main, words, options)
}

fn read_as(format: Format, main: Stream, words: Option<Stream>, options: &ReadOptions) -> Result<Loaded> {
    if options.first == Some(0) {
        return Err(Error::OutOfRange { name: "first", value: 0.0, limit: "1 or more" });
    }
    let path = main.path;
    let (mut input, mut taken) = (main.input(), Taken::new(options));
    let side = || words.map(Stream::input).ok_or_else(|| no_words(path, format, &[]));
    let dim = match format {
        Format::Binary => word2vec::read_binary(&mut input, &mut taken),
        Format::Text | Format::FastText => text::read(&mut input, &mut taken),
        Format::Glove => text::read_lines(&mut input, &mut taken, None),
        Format::Npy => npy::read(&mut input, &mut side()?, &mut taken),
        Format::Finalfusion => finalfusion::read(&mut input, &mut taken),
        Format::Projector => projector::read(&mut input, &mut side()?, &mut taken),
        Format::Model => model::read(&mut input, &mut taken),
    }?;
    taken.loaded(&input, dim)
}
