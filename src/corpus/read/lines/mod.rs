//! Text files as lines, and lines as words.

use crate::corpus::{Ledger, Normalizer};
use crate::error::{Error, Result, TextFault};
use crate::files::{Part, is_stdin, text, text_with_half_letters};
use crate::vocab::LONGEST_WORD;
use std::borrow::Cow;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

/// A longer line is passed on in pieces, cut at white space. This bounds the memory for a text without line breaks.
pub const LONGEST_LINE: usize = 1 << 24;

/// The rule for bytes that are not UTF-8, and for NUL, which does not occur in text. In UTF-16 and UTF-32 with a byte
/// order mark, the rule applies to incomplete characters, such as an unpaired surrogate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Invalid {
    /// Ends with an error that names the place.
    ///
    /// The error is [`Error::NotUtf8`] or [`TextFault::Nul`], and [`Error::Io`] for an incomplete character of UTF-16
    /// or UTF-32.
    #[default]
    #[cfg_attr(feature = "cli", value(name = "error"))]
    Refuse,
    /// Replaces each bad sequence and each NUL by U+FFFD, and counts them.
    ///
    /// The sequences are the ones of [`String::from_utf8_lossy`].
    Replace,
    /// Drops the words that contain them, and counts these words.
    ///
    /// Here a word extends from ASCII white space to ASCII white space.
    Skip,
}

/// The files of a text, and the rules that turn them into lines of words.
///
/// Files are plain, gzip, Zstandard or bzip2, with any number of members or frames; `-` is standard input. The first
/// bytes decide the format. The text is UTF-8, or UTF-16 or UTF-32 with a byte order mark, which is not part of the
/// first line. Files of other kinds are refused if their first bytes identify them. Lines end in `\n` or `\r\n`. One
/// line at a time is in memory: at most [`LONGEST_LINE`] bytes of it, or a single word if that is longer.
///
/// ```
/// use lexmax::corpus::{Form, Invalid, Ledger, Lowercase, Normalizer, Source, Split, words};
/// # fn main() -> lexmax::Result<()> {
/// # let file = tempfile::NamedTempFile::new().unwrap();
/// # std::fs::write(file.path(), b"Hello, WORLD!\nbad\xff byte").unwrap();
/// # let path = file.path();
/// let mut normalizer = Normalizer::default();
/// (normalizer.lowercase, normalizer.form, normalizer.split) = (Lowercase::Unicode, Form::Nfc, Split::Words);
/// let mut source = Source::plain(&[path]);
/// (source.invalid, source.normalizer) = (Invalid::Skip, normalizer);
/// let (mut ledger, mut all) = (Ledger::default(), Vec::new());
/// source.for_each_line(&mut ledger, |line| {
///     all.extend(words(line).map(String::from));
///     Ok(())
/// })?;
/// assert_eq!(all, ["hello", "world", "byte"]);
/// assert_eq!((ledger.lines, ledger.invalid), (2, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// The files; [`files`](super::files()) expands patterns and directories.
    pub paths: Vec<PathBuf>,
    /// The treatment of bytes that are not UTF-8.
    pub invalid: Invalid,
    /// The steps applied to every line.
    pub normalizer: Normalizer,
    /// The maximum length of a word in bytes of UTF-8, after normalization: from 1 to [`LONGEST_WORD`]. Longer words
    /// are dropped and counted. They are usually remains of binary data or of text without spaces.
    pub max_word_bytes: usize,
}

impl Default for Source {
    /// No files, read without changes.
    fn default() -> Self {
        let (invalid, normalizer) = (Invalid::default(), Normalizer::default());
        Self { paths: Vec::new(), invalid, normalizer, max_word_bytes: Self::MAX_WORD_BYTES }
    }
}

impl Source {
    /// The default for `max_word_bytes`.
    pub const MAX_WORD_BYTES: usize = 1_000;

    /// Files to be read without changes.
    pub fn plain<P: AsRef<Path>>(paths: &[P]) -> Self {
        Self { paths: paths.iter().map(|p| p.as_ref().into()).collect(), ..Self::default() }
    }

    /// Calls `f` with every line in order, normalized and without its line end. Counts files, lines, and words that
    /// contain invalid bytes.
    ///
    /// # Errors
    /// [`Error::Io`] with the file that is missing, unreadable or damaged; [`Error::Text`] for a file that is not text;
    /// [`Error::NotUtf8`] with the place; and the errors of `f`.
    pub fn for_each_line(&self, ledger: &mut Ledger, f: impl FnMut(&str) -> Result<()>) -> Result<()> {
        self.for_each_piece(LONGEST_LINE, ledger, f)
    }

    /// # Errors
    /// A maximum word length outside the supported range.
    pub(in crate::corpus) fn check(&self) -> Result<()> {
        if (1..=LONGEST_WORD).contains(&self.max_word_bytes) {
            return Ok(());
        }
        let value = self.max_word_bytes as f64;
        Err(Error::OutOfRange { name: "max_word_bytes", value, limit: "from 1 to 65536" })
    }

    /// The words of a line within the length limit; the others are counted in `too_long`.
    pub(in crate::corpus) fn words<'a>(&self, line: &'a str, too_long: &mut u64) -> impl Iterator<Item = &'a str> {
        words(line).filter(move |word| {
            let fits = word.len() <= self.max_word_bytes;
            *too_long += u64::from(!fits);
            fits
        })
    }

    /// Passes lines on in pieces of at most `longest` bytes.
    fn for_each_piece(&self, longest: usize, ledger: &mut Ledger, mut f: impl FnMut(&str) -> Result<()>) -> Result<()> {
        self.paths.iter().try_for_each(|path| self.for_each_piece_of((path, None), longest, ledger, &mut f))
    }

    /// Calls `f` with every line of a file or of a part of it. A part that does not begin the file is not counted as a
    /// file, and errors count the lines from the first of the part.
    pub(super) fn for_each_line_of(
        &self,
        file: (&Path, Option<&Part>),
        ledger: &mut Ledger,
        mut f: impl FnMut(&str) -> Result<()>,
    ) -> Result<()> {
        self.for_each_piece_of(file, LONGEST_LINE, ledger, &mut f)
    }

    fn for_each_piece_of(
        &self,
        (path, part): (&Path, Option<&Part>),
        longest: usize,
        ledger: &mut Ledger,
        f: &mut impl FnMut(&str) -> Result<()>,
    ) -> Result<()> {
        let name = || if is_stdin(path) { Path::new("standard input") } else { path };
        let reader = match (part, self.invalid) {
            (Some(part), _) => part.open(path)?,
            (None, Invalid::Refuse) => text(path)?,
            (None, Invalid::Replace | Invalid::Skip) => text_with_half_letters(path)?,
        };
        ledger.files += u64::from(part.is_none_or(Part::is_first));
        let (mut normal, mut lines) = (String::new(), Lines::new(reader, longest));
        while lines.next().map_err(|e| Error::io(name())(e))? {
            let text = match (checked(&lines.line), self.invalid) {
                (Ok(text), _) => Cow::Borrowed(text),
                (Err(bad), Invalid::Refuse) => {
                    let (path, line) = (name().into(), lines.number);
                    let byte = |at: usize| lines.offset + at + 1;
                    return Err(match bad {
                        Bad::Nul { at } => TextFault::Nul { path, line, byte: byte(at) }.into(),
                        Bad::NotUtf8 { at } => Error::NotUtf8 { path, line, byte: byte(at) },
                    });
                }
                (Err(_), Invalid::Replace) => Cow::Owned(replaced(&lines.line, ledger)),
                (Err(_), Invalid::Skip) => Cow::Owned(without_bad_words(&lines.line, ledger)),
            };
            f(self.normalizer.apply_counting(trim(&text), &mut normal, &mut ledger.unsplit))?;
            ledger.cut_lines += u64::from(lines.is_cut());
        }
        ledger.lines += lines.number;
        Ok(())
    }
}

/// Calls `f` with every line of the files in order: [`Source::for_each_line`] of [`Source::plain`].
///
/// # Errors
/// The errors of [`Source::for_each_line`].
pub fn for_each_line<P: AsRef<Path>>(paths: &[P], f: impl FnMut(&str) -> Result<()>) -> Result<()> {
    Source::plain(paths).for_each_line(&mut Ledger::default(), f)
}

/// A file, read line by line.
struct Lines {
    reader: Box<dyn BufRead>,
    longest: usize,
    /// The current line, or a piece of it.
    line: Vec<u8>,
    /// Bytes of a long line that were read beyond the current piece.
    rest: Vec<u8>,
    cut: bool,
    /// The line number, from 1, and the offset of the piece in its line.
    number: u64,
    offset: usize,
}

impl Lines {
    fn new(reader: Box<dyn BufRead>, longest: usize) -> Self {
        Self { reader, longest, line: Vec::new(), rest: Vec::new(), cut: false, number: 0, offset: 0 }
    }

    /// Whether the line continues after the current piece.
    fn is_cut(&self) -> bool {
        self.cut
    }

    /// Moves to the next line, or to the next piece of a long line. Returns false at the end of the file.
    fn next(&mut self) -> io::Result<bool> {
        let continued = std::mem::take(&mut self.cut);
        if continued {
            self.offset += self.line.len() + 1;
            std::mem::swap(&mut self.line, &mut self.rest);
            self.rest.clear();
        } else {
            self.line.clear();
            self.offset = 0;
        }
        loop {
            let read = (&mut self.reader).take(self.longest as u64).read_until(b'\n', &mut self.line)?;
            if read < self.longest || self.line.ends_with(b"\n") {
                break;
            }
            // A word longer than a piece is read completely.
            if let Some(space) = self.line.iter().rposition(u8::is_ascii_whitespace) {
                self.rest.extend_from_slice(&self.line[space + 1..]);
                self.line.truncate(space);
                self.cut = true;
                break;
            }
        }
        let more = self.cut || !self.line.is_empty();
        self.number += u64::from(more && !continued);
        Ok(more)
    }
}

/// Bytes that cannot occur in text, and the offset of the first in its piece, from 0.
enum Bad {
    Nul { at: usize },
    NotUtf8 { at: usize },
}

/// The text of a piece, or its first invalid bytes.
fn checked(line: &[u8]) -> std::result::Result<&str, Bad> {
    if line.contains(&0) {
        let at = line.iter().position(|byte| *byte == 0).unwrap_or_default();
        return Err(Bad::Nul { at });
    }
    std::str::from_utf8(line).map_err(|e| Bad::NotUtf8 { at: e.valid_up_to() })
}

fn replaced(line: &[u8], ledger: &mut Ledger) -> String {
    let bad = line.utf8_chunks().filter(|chunk| !chunk.invalid().is_empty()).count();
    let nuls = line.iter().filter(|byte| **byte == 0).count();
    ledger.replaced += (bad + nuls) as u64;
    String::from_utf8_lossy(line).replace('\0', "\u{fffd}")
}

fn without_bad_words(line: &[u8], ledger: &mut Ledger) -> String {
    let mut text = String::with_capacity(line.len());
    for word in line.split(u8::is_ascii_whitespace) {
        match checked(word) {
            Ok(word) => {
                text.push_str(word);
                text.push(' ');
            }
            Err(_) => {
                ledger.tokens += 1;
                ledger.invalid += 1;
            }
        }
    }
    text
}

/// The words of a line, split on Unicode white space.
pub fn words(line: &str) -> Words<'_> {
    Words { rest: line, ascii: line.is_ascii() }
}

/// The iterator returned by [`words`].
#[derive(Clone, Debug)]
pub struct Words<'a> {
    rest: &'a str,
    ascii: bool,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        let (start, end) = if self.ascii {
            let bytes = self.rest.as_bytes();
            let start = bytes.iter().position(|b| !is_space(*b))?;
            let len = bytes[start..].iter().position(|b| is_space(*b));
            (start, len.map_or(bytes.len(), |len| start + len))
        } else {
            let start = self.rest.find(|c: char| !c.is_whitespace())?;
            let len = self.rest[start..].find(char::is_whitespace);
            (start, len.map_or(self.rest.len(), |len| start + len))
        };
        let word = &self.rest[start..end];
        self.rest = &self.rest[end..];
        Some(word)
    }
}

/// ASCII white space according to Unicode; `u8::is_ascii_whitespace` lacks the vertical tab.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

fn trim(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

#[cfg(test)]
mod tests;
