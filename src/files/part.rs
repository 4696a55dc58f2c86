//! Parts of a text that begin and end with a line, for readers that share it.

use super::open::{BUFFER, is_compressed, is_stdin};
use super::place::{followed, is_of_process};
use super::text::{MARK, is_wide, text};
use crate::error::{Error, Result};
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

/// Whether only one process can read the text: standard input, a pipe, or an open file of a process.
pub fn is_stream(path: &Path) -> bool {
    let is_file = || std::fs::metadata(path).map_or(true, |found| found.is_file());
    is_stdin(path) || is_of_process(&followed(path)) || !is_file()
}

/// The size of a file that can be read in parts: plain text in UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Bytes of the byte order mark.
    pub mark: u64,
    /// Bytes of the whole file.
    pub bytes: u64,
}

impl Extent {
    /// The size of a file. `None` for a file that can be read only as a whole: a stream, a compressed file, UTF-16,
    /// UTF-32, and a file that cannot be read.
    pub fn of(path: &Path) -> Option<Self> {
        if is_stream(path) || is_compressed(path).ok()? {
            return None;
        }
        let (mut file, mut head) = (File::open(path).ok()?, Vec::new());
        let bytes = file.metadata().ok()?.len();
        (&mut file).take(MARK.len() as u64 + 1).read_to_end(&mut head).ok()?;
        let mark = if head.starts_with(MARK) { MARK.len() } else { 0 };
        (!is_wide(&head)).then_some(Self { mark: mark as u64, bytes })
    }

    /// One of `parts` parts of about equal size.
    pub fn part(self, number: usize, parts: usize) -> Part {
        let text = u128::from(self.bytes - self.mark.min(self.bytes));
        // The first line always begins in the first part, even if there are more parts than bytes.
        let bound =
            |number: usize| self.mark + (text * number as u128 / parts as u128).max(number.min(1) as u128) as u64;
        // The last part has no end, in case the file has grown.
        let end = if number + 1 == parts { u64::MAX } else { bound(number + 1) };
        Part { is_first: number == 0, bytes: bound(number)..end }
    }
}

/// Lines of a file: all that begin within a range of its bytes. Parts that cover the file have each of its lines once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    is_first: bool,
    bytes: Range<u64>,
}

impl Part {
    /// Whether the file begins with this part.
    pub fn is_first(&self) -> bool {
        self.is_first
    }

    /// Opens the lines of this part, as UTF-8 without a byte order mark. The first part shows the kind of the file.
    ///
    /// # Errors
    /// The errors of [`text`] for the first part; otherwise [`Error::Io`].
    pub fn open(&self, path: &Path) -> Result<Box<dyn BufRead>> {
        let Range { start, end } = self.bytes;
        if self.is_first {
            return Ok(Box::new(Lines::new(text(path)?, start, end)));
        }
        let io = |error| Error::io(path)(error);
        let mut file = File::open(path).map_err(io)?;
        // A line begins after the end of the line before it.
        let before = start.saturating_sub(1);
        file.seek(SeekFrom::Start(before)).map_err(io)?;
        let mut source = BufReader::with_capacity(BUFFER, file);
        let start = before + skip_line(&mut source, end - before).map_err(io)?;
        Ok(Box::new(Lines::new(source, start, end)))
    }
}

/// Passes over a line, but not over more bytes than `most` and a buffer. Returns the number of bytes.
fn skip_line(source: &mut impl BufRead, most: u64) -> io::Result<u64> {
    let mut passed = 0;
    while passed < most {
        let shown = match source.fill_buf() {
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            shown => shown?,
        };
        let line = line_end(shown);
        let (n, is_over) = (line.unwrap_or(shown.len()), line.is_some() || shown.is_empty());
        source.consume(n);
        passed += n as u64;
        if is_over {
            break;
        }
    }
    Ok(passed)
}

/// Bytes of a line with its end, if its end is shown.
fn line_end(shown: &[u8]) -> Option<usize> {
    shown.iter().position(|byte| *byte == b'\n').map(|at| at + 1)
}

/// Reads on to the end of the last line that begins before a place.
struct Lines<R> {
    source: R,
    /// Bytes in which a line end is not the last one.
    within: u64,
    /// Bytes to the last line end, once it was shown.
    last: Option<usize>,
}

impl<R: BufRead> Lines<R> {
    /// `source` stands at a line that begins at `start`.
    fn new(source: R, start: u64, end: u64) -> Self {
        Self { source, within: end.saturating_sub(start + 1), last: (start >= end).then_some(0) }
    }
}

impl<R: BufRead> BufRead for Lines<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.last == Some(0) {
            return Ok(&[]);
        }
        let shown = self.source.fill_buf()?;
        if self.last.is_none() && self.within < shown.len() as u64 {
            let within = self.within as usize;
            self.last = line_end(&shown[within..]).map(|line| within + line);
        }
        Ok(&shown[..self.last.unwrap_or(shown.len())])
    }

    fn consume(&mut self, bytes: usize) {
        self.source.consume(bytes);
        self.within = self.within.saturating_sub(bytes as u64);
        self.last = self.last.map(|last| last - bytes);
    }
}

impl<R: BufRead> Read for Lines<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(bytes: &[u8]) -> (tempfile::NamedTempFile, Option<Extent>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let extent = Extent::of(file.path());
        (file, extent)
    }

    #[test]
    fn only_plain_files_in_utf8_have_parts() {
        let gzip = {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            io::Write::write_all(&mut encoder, b"text\n").unwrap();
            encoder.finish().unwrap()
        };
        for whole in [&b"\xff\xfea\0"[..], b"\0\0\xfe\xff\0\0\0a", &gzip] {
            assert_eq!(of(whole).1, None, "{whole:?}");
        }
        assert_eq!(of(b"\xef\xbb\xbfa").1, Some(Extent { mark: 3, bytes: 4 }));
        assert_eq!(of(b"").1, Some(Extent { mark: 0, bytes: 0 }));
        for path in ["-", "/dev/null", "/no/such/file", "/tmp"] {
            assert_eq!(Extent::of(path.as_ref()), None, "{path}");
        }
        assert!(is_stream("-".as_ref()) && is_stream("/dev/stdin".as_ref()) && !is_stream("/no/such/file".as_ref()));
    }

    #[test]
    fn parts_of_large_files_have_lines_of_about_equal_size() {
        let line = |i: usize| format!("{}\n", "x".repeat(i % 50));
        let text: String = (0..60_000).map(line).collect();
        let (file, extent) = of(text.as_bytes());
        for number in 0..4 {
            let mut lines = Vec::new();
            extent.unwrap().part(number, 4).open(file.path()).unwrap().read_to_end(&mut lines).unwrap();
            assert!(lines.len().abs_diff(text.len() / 4) < 100 && lines.ends_with(b"\n"), "{}", lines.len());
        }
    }

    proptest! {
        #[test]
        fn parts_have_each_line_once(
            mark: bool,
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>(), Just(b'a')], 0..60),
            parts in 1usize..9,
            room in 1usize..5,
        ) {
            let all = if mark { [MARK, &bytes].concat() } else { bytes.clone() };
            let (file, extent) = of(&all);
            let Some(extent) = extent else { return Ok(()) };
            let mut together = Vec::new();
            for number in 0..parts {
                let part = extent.part(number, parts);
                let Ok(reader) = part.open(file.path()) else { return Ok(()) };
                let mut lines = Vec::new();
                BufReader::with_capacity(room, reader).read_to_end(&mut lines).unwrap();
                prop_assert!(together.is_empty() || lines.is_empty() || together.ends_with(b"\n"));
                prop_assert!(number + 1 < parts || part.bytes.end == u64::MAX);
                together.extend(lines);
            }
            prop_assert_eq!(together, &all[extent.mark as usize..]);
        }
    }
}
