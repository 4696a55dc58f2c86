//! Reads the bytes of a file with their position. Memory never exceeds the bytes that the file has delivered.

use crate::error::{Error, Place, Result, VectorsFault};
pub use crate::vocab::LONGEST_WORD;
use std::io::{BufRead, Read};
use std::path::Path;

/// The maximum size of a vector.
pub const LONGEST_VECTOR: u64 = 1 << 20;

/// The byte order mark of UTF-8.
pub const MARK: &[u8] = "\u{feff}".as_bytes();

/// Bytes read at a time.
const PIECE: usize = 1 << 16;

/// A stream with its position.
pub struct Input<'a> {
    source: &'a mut dyn BufRead,
    path: &'a Path,
    /// The total number of bytes, if known.
    len: Option<u64>,
    at: u64,
    line: u64,
    /// A buffer for the bytes of numbers.
    piece: Vec<u8>,
}

impl<'a> Input<'a> {
    pub fn new(source: &'a mut dyn BufRead, len: Option<u64>, path: &'a Path) -> Self {
        Self { source, path, len, at: 0, line: 0, piece: Vec::new() }
    }

    /// The number of bytes read.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The name of the file.
    pub fn path(&self) -> &'a Path {
        self.path
    }

    /// The number of the last line read, from 1.
    pub fn line_number(&self) -> u64 {
        self.line.max(1)
    }

    /// The next bytes of the file, without consuming them.
    pub fn peek(&mut self) -> Result<&[u8]> {
        self.source.fill_buf().map_err(Error::io(self.path))
    }

    pub fn fault(&self, place: Place, fault: VectorsFault) -> Error {
        Error::VectorsFile { path: self.path.into(), place, fault }
    }

    /// An error at the current byte.
    pub fn fault_here(&self, fault: VectorsFault) -> Error {
        self.fault(Place::Byte(self.at), fault)
    }

    /// An error in the last line read.
    pub fn fault_in_line(&self, fault: VectorsFault) -> Error {
        self.fault(Place::Line(self.line_number()), fault)
    }

    /// The number of remaining bytes, if known.
    pub fn left(&self) -> Option<u64> {
        self.len.map(|len| len.saturating_sub(self.at))
    }

    /// Refuses sizes that cannot be held, or for which too few bytes remain; `need` is the minimum number of bytes.
    /// Returns the number of values to allocate at once: 0 if the length of the file is unknown.
    pub fn check_size(&self, place: Place, words: u64, dim: u64, need: Option<u64>) -> Result<usize> {
        let numbers = words.checked_mul(dim).and_then(|n| usize::try_from(n).ok());
        let (Some(numbers), Some(need)) = (numbers.filter(|_| dim <= LONGEST_VECTOR && words <= i32::MAX as u64), need)
        else {
            return Err(self.fault(place, VectorsFault::TooLarge { words, dim }));
        };
        match self.left() {
            Some(left) if left < need => Err(self.fault(place, VectorsFault::TooShort { words, dim, need, left })),
            Some(_) => Ok(numbers),
            None => Ok(0),
        }
    }

    /// Reads up to and including `end`, or to the end of the file, but at most `limit` bytes. Returns false if nothing
    /// is left. A byte order mark at the start of the file is dropped.
    pub fn until(&mut self, end: u8, limit: usize, to: &mut Vec<u8>) -> Result<bool> {
        to.clear();
        let mut part = (&mut *self.source).take(limit as u64);
        let read = part.read_until(end, to).map_err(Error::io(self.path))?;
        if self.at == 0 && to.starts_with(MARK) {
            to.drain(..MARK.len());
        }
        self.at += read as u64;
        self.line += u64::from(end == b'\n' && read > 0);
        Ok(read > 0)
    }

    /// Reads a line without its end; `None` at the end of the file.
    pub fn line<'b>(&mut self, limit: usize, words: usize, to: &'b mut Vec<u8>) -> Result<Option<&'b str>> {
        if !self.until(b'\n', limit, to)? {
            return Ok(None);
        }
        if to.len() == limit && to.last() != Some(&b'\n') {
            return Err(self.fault_in_line(VectorsFault::LongWord { number: words + 1, limit: LONGEST_WORD }));
        }
        let text = std::str::from_utf8(to).map_err(|e| Error::NotUtf8 {
            path: self.path.into(),
            line: self.line,
            byte: e.valid_up_to() + 1,
        })?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        Ok(Some(text.strip_suffix('\r').unwrap_or(text)))
    }

    /// Reads the bytes of a line without its end; false at the end of the file.
    pub fn raw_line(&mut self, limit: usize, to: &mut Vec<u8>) -> Result<bool> {
        if !self.until(b'\n', limit, to)? {
            return Ok(false);
        }
        if to.pop_if(|last| *last == b'\n').is_none() && to.len() == limit {
            let number = self.line as usize;
            return Err(self.fault_in_line(VectorsFault::LongWord { number, limit: LONGEST_WORD }));
        }
        to.pop_if(|last| *last == b'\r');
        Ok(true)
    }

    /// Skips the rest of a line.
    pub fn skip_line(&mut self) -> Result<()> {
        let skipped = self.source.skip_until(b'\n').map_err(Error::io(self.path))?;
        self.at += skipped as u64;
        Ok(())
    }

    /// Fills `out`. An error at the end of the file mentions `what` and the number of `words` read before.
    pub fn exact(&mut self, out: &mut [u8], what: &'static str, words: usize) -> Result<()> {
        let mut filled = 0;
        while filled < out.len() {
            match self.source.read(&mut out[filled..]) {
                Ok(0) => return Err(self.fault_here(VectorsFault::Ends { what, words })),
                Ok(read) => {
                    filled += read;
                    self.at += read as u64;
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Error::io(self.path)(e)),
            }
        }
        Ok(())
    }

    pub fn u32(&mut self, what: &'static str, words: usize) -> Result<u32> {
        let mut bytes = [0; 4];
        self.exact(&mut bytes, what, words)?;
        Ok(u32::from_le_bytes(bytes))
    }

    pub fn u64(&mut self, what: &'static str, words: usize) -> Result<u64> {
        let mut bytes = [0; 8];
        self.exact(&mut bytes, what, words)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Appends `count` numbers of `N` bytes; memory grows as they arrive.
    pub fn numbers<const N: usize>(
        &mut self,
        count: usize,
        words: usize,
        read: impl Fn([u8; N]) -> f32,
        to: &mut Vec<f32>,
    ) -> Result<()> {
        let (mut piece, mut left) = (std::mem::take(&mut self.piece), count);
        piece.resize(piece.len().max(count.saturating_mul(N).min(PIECE)), 0);
        while left > 0 {
            let now = left.min(PIECE / N);
            let bytes = &mut piece[..now * N];
            self.exact(bytes, "a vector", words)?;
            to.extend(bytes.as_chunks::<N>().0.iter().map(|bytes| read(*bytes)));
            left -= now;
        }
        self.piece = piece;
        Ok(())
    }

    /// Reads `count` bytes; memory grows as they arrive.
    pub fn bytes(&mut self, count: u64, what: &'static str) -> Result<Vec<u8>> {
        let (mut bytes, mut left) = (Vec::new(), count);
        while left > 0 {
            let now = left.min(PIECE as u64) as usize;
            let start = bytes.len();
            bytes.resize(start + now, 0);
            self.exact(&mut bytes[start..], what, 0)?;
            left -= now as u64;
        }
        Ok(bytes)
    }

    /// Skips `count` bytes.
    pub fn skip(&mut self, count: u64, what: &'static str) -> Result<()> {
        let skipped = std::io::copy(&mut (&mut *self.source).take(count), &mut std::io::sink());
        let skipped = skipped.map_err(Error::io(self.path))?;
        self.at += skipped;
        if skipped < count { Err(self.fault_here(VectorsFault::Ends { what, words: 0 })) } else { Ok(()) }
    }

    /// Refuses bytes after the last vector, except line breaks.
    pub fn end(&mut self, words: usize) -> Result<()> {
        loop {
            let rest = self.source.fill_buf().map_err(Error::io(self.path))?;
            if rest.is_empty() {
                return Ok(());
            }
            let blank = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
            let all = blank == rest.len();
            self.source.consume(blank);
            self.at += blank as u64;
            if !all {
                return Err(self.fault_here(VectorsFault::GoesOn { words }));
            }
        }
    }
}

/// Refuses a vector with a value that is not finite.
pub fn check_finite(word: &str, vector: &[f32]) -> std::result::Result<(), VectorsFault> {
    if vector.iter().all(|x| x.is_finite()) { Ok(()) } else { Err(VectorsFault::NotFinite { word: word.into() }) }
}

/// Parses a decimal number as f32; a number that is too large becomes infinite.
pub fn number(word: &str, text: &str) -> std::result::Result<f32, VectorsFault> {
    text.parse().map_err(|_| VectorsFault::Number { word: word.into(), text: text.chars().take(40).collect() })
}
