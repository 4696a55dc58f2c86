//! The lines of evaluation files, with limits on their length and number.

use crate::error::{Error, EvaluationFault, Result, TextFault};
use std::io::{BufRead, Read};
use std::path::Path;

/// The maximum length of a line in an evaluation file, in bytes.
pub const LONGEST_LINE: u64 = 1 << 16;

/// The maximum size of a file of pairs in bytes; it is held in memory until its columns are known.
pub const LARGEST_FILE: usize = 1 << 26;

/// Whether a line is blank or a comment.
pub fn is_silent(text: &str) -> bool {
    let text = text.trim_start();
    text.is_empty() || text.starts_with('#')
}

/// Calls `f` with each line and its number, from 1. One line at a time is in memory.
pub fn lines(source: &mut dyn BufRead, path: &Path, f: &mut dyn FnMut(u64, &str) -> Result<()>) -> Result<()> {
    let (mut bytes, mut line) = (Vec::new(), 0);
    loop {
        bytes.clear();
        let read = Read::take(&mut *source, LONGEST_LINE).read_until(b'\n', &mut bytes);
        if read.map_err(Error::io(path))? == 0 {
            return Ok(());
        }
        line += 1;
        if bytes.len() as u64 == LONGEST_LINE && bytes.last() != Some(&b'\n') {
            let ends = bytes.iter().filter(|byte| **byte == b'\r').count() > 1;
            let long = EvaluationFault::LongLine { limit: LONGEST_LINE };
            return Err(if ends { EvaluationFault::LineEnds } else { long }.in_file(path, line));
        }
        let text = std::str::from_utf8(&bytes).map_err(|e| Error::NotUtf8 {
            path: path.into(),
            line,
            byte: e.valid_up_to() + 1,
        })?;
        if let Some(at) = text.find('\0') {
            return Err(TextFault::Nul { path: path.into(), line, byte: at + 1 }.into());
        }
        let text = text.trim_end_matches(['\n', '\r']);
        if text.contains('\r') {
            return Err(EvaluationFault::LineEnds.in_file(path, line));
        }
        f(line, if line == 1 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text })?;
    }
}

/// The lines of a file that are neither blank nor comments, with their numbers.
pub struct Text {
    text: String,
    /// For each line, its number and its end in `text`.
    ends: Vec<(u64, usize)>,
    /// The number of the last line of the file.
    pub last: u64,
}

impl Text {
    /// Reads a whole file.
    pub fn read(source: &mut dyn BufRead, path: &Path) -> Result<Self> {
        let mut read = Self { text: String::new(), ends: Vec::new(), last: 0 };
        let mut size = 0;
        lines(source, path, &mut |line, text| {
            read.last = line;
            size += text.len() + 1;
            if size > LARGEST_FILE {
                let fault = EvaluationFault::LargeFile { limit: LARGEST_FILE as u64 };
                return Err(fault.in_file(path, line));
            }
            if !is_silent(text) {
                read.text.push_str(text);
                read.ends.push((line, read.text.len()));
            }
            Ok(())
        })?;
        Ok(read)
    }

    /// The lines in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &str)> + Clone {
        self.ends.iter().scan(0, |start, (line, end)| {
            let text = &self.text[*start..*end];
            *start = *end;
            Some((*line, text))
        })
    }

    /// Number of lines.
    pub fn len(&self) -> usize {
        self.ends.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_blank_lines_are_left_out_and_counted() {
        let text = Text::read(&mut &b"\xef\xbb\xbf# x\r\n\n  \t\na b\r\n  # y\nc"[..], Path::new("p")).unwrap();
        assert_eq!(text.iter().collect::<Vec<_>>(), [(4, "a b"), (6, "c")]);
        assert_eq!((text.len(), text.last), (2, 6));
    }

    #[test]
    fn a_nul_is_no_text() {
        let found = Text::read(&mut &b"a b 1\nc\0 d 2\n"[..], Path::new("p"));
        assert!(matches!(found, Err(Error::Text(TextFault::Nul { line: 2, byte: 2, .. }))));
    }

    #[test]
    fn old_line_ends_are_refused() {
        let fault = |text: &str| match Text::read(&mut text.as_bytes(), Path::new("p")) {
            Err(Error::EvaluationFile { line, fault, .. }) => Some((line, *fault)),
            _ => None,
        };
        for text in ["a b 1\rc d 2\r", "# x\ra b 1\rc d 2", &"a b 1\r".repeat(20_000)] {
            assert_eq!(fault(text), Some((1, EvaluationFault::LineEnds)));
        }
        assert_eq!(fault("a b 1\r\r\nc d 2\r\n\r\n"), None);
    }

    #[test]
    fn a_file_without_end_is_refused() {
        struct Endless;
        impl Read for Endless {
            fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
                let pair = b"river lake 7.35\n";
                out.chunks_mut(pair.len()).for_each(|part| part.copy_from_slice(&pair[..part.len()]));
                Ok(out.len() / pair.len() * pair.len())
            }
        }
        let mut source = std::io::BufReader::new(Endless);
        let Err(Error::EvaluationFile { line, fault, .. }) = Text::read(&mut source, Path::new("p")) else {
            panic!("read");
        };
        assert_eq!(*fault, EvaluationFault::LargeFile { limit: LARGEST_FILE as u64 });
        assert_eq!(line, LARGEST_FILE as u64 / 16 + 1);
    }
}
