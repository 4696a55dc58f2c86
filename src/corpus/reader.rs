//! Text files as lines, lines as words.

use crate::error::{Error, Result};
use crate::files;
use std::io::BufRead;
use std::path::Path;

/// Calls `f` with every line of the files in turn, without its line end and without a byte order mark at a file's start.
///
/// Files are plain, gzip or Zstandard, of any number of members or frames. The first bytes tell which (neither magic number
/// can begin a text in UTF-8); where they are silent, a name that ends in `.gz` or `.zst` promises that format. Lines end in
/// `\n` or `\r\n`. One line at a time is in memory.
///
/// # Errors
/// [`Error::Io`] with the file that is missing, unreadable or damaged, [`Error::NotUtf8`] with the place, and what `f` returns.
pub fn for_each_line<P: AsRef<Path>>(paths: &[P], mut f: impl FnMut(&str) -> Result<()>) -> Result<()> {
    let mut line = Vec::new();
    for path in paths.iter().map(AsRef::as_ref) {
        let mut reader = files::open(path).map_err(Error::io(path))?;
        let mut number = 0;
        loop {
            line.clear();
            if reader.read_until(b'\n', &mut line).map_err(Error::io(path))? == 0 {
                break;
            }
            number += 1;
            let text = std::str::from_utf8(&line).map_err(|e| Error::NotUtf8 {
                path: path.into(),
                line: number,
                byte: e.valid_up_to() + 1,
            })?;
            f(trim(text, number == 1))?;
        }
    }
    Ok(())
}

/// The words of a line, split on Unicode white space.
pub fn words(line: &str) -> Words<'_> {
    Words { rest: line, ascii: line.is_ascii() }
}

/// What [`words`] returns.
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

/// The white space of Unicode that is ASCII; `u8::is_ascii_whitespace` lacks the vertical tab.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

fn trim(line: &str, first: bool) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if first { line.strip_prefix('\u{feff}').unwrap_or(line) } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    use std::io::Write;
    use std::path::PathBuf;

    fn gz(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn lines(files: &[(&str, &[u8])]) -> Result<Vec<String>> {
        let dir = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = files.iter().map(|(name, _)| dir.path().join(name)).collect();
        for (path, (_, bytes)) in paths.iter().zip(files) {
            std::fs::write(path, bytes).unwrap();
        }
        let mut out = Vec::new();
        for_each_line(&paths, |line| {
            out.push(line.to_owned());
            Ok(())
        })?;
        Ok(out)
    }

    #[test]
    fn plain_gzip_and_zstd_give_the_same_lines() {
        let text: String = (0..30_000).map(|i| format!("word{} füñf {i}\n", i % 97)).collect();
        let (head, tail) = text.as_bytes().split_at(100_001);
        let zst = |b| compress_to_vec(b, CompressionLevel::Fastest);
        let plain = lines(&[("a.txt", text.as_bytes())]).unwrap();
        assert_eq!(plain.len(), 30_000);
        for (name, bytes) in [
            ("a.gz", [gz(head), gz(tail)].concat()),
            ("A.GZ", gz(text.as_bytes())),
            ("a.zst", [zst(head), zst(tail)].concat()),
            ("nameless", gz(text.as_bytes())),
            ("other.txt", zst(text.as_bytes())),
        ] {
            assert!(lines(&[(name, &bytes)]).unwrap() == plain, "{name}");
        }
        let short = gz(text.as_bytes());
        assert!(matches!(lines(&[("a.gz", &short[..short.len() / 2])]), Err(Error::Io { .. })));
        assert!(matches!(lines(&[("a.gz", b"no gzip")]), Err(Error::Io { .. })));
        assert!(matches!(lines(&[("a.zst", b"no zstd")]), Err(Error::Io { .. })));
    }

    #[test]
    fn line_ends_and_byte_order_marks_are_no_part_of_a_line() {
        let got =
            lines(&[("a", b"\xef\xbb\xbfone two\r\n\r\nthree"), ("b", b""), ("c.gz", b""), ("d", b"\xef\xbb\xbf\n")]);
        assert_eq!(got.unwrap(), ["one two", "", "three", ""]);
    }

    #[test]
    fn bad_bytes_are_located() {
        let got = lines(&[("good", b"a\n"), ("bad", "ok\nfü\u{a0}".as_bytes()), ("worse", b"one\n\xc3\xa4 \xff\n")]);
        match got {
            Err(Error::NotUtf8 { path, line, byte }) => {
                assert_eq!((path.file_name().unwrap().to_str().unwrap(), line, byte), ("worse", 2, 4));
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(lines(&[("cut", b"\xe3\x80")]), Err(Error::NotUtf8 { line: 1, byte: 1, .. })));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let dir = tempfile::tempdir().unwrap();
        for path in [dir.path().join("missing"), dir.path().to_path_buf()] {
            match for_each_line(&[&path], |_| Ok(())) {
                Err(Error::Io { path: named, .. }) => assert_eq!(named, path),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn words_split_on_every_white_space_of_unicode() {
        let got: Vec<_> = words("\u{a0}un\u{3000}deux\u{2003}\u{85}trois\u{2028}\tquatre\u{200b}cinq ").collect();
        assert_eq!(got, ["un", "deux", "trois", "quatre\u{200b}cinq"]);
        assert_eq!(words("\x0ba\x0bb\x0c c\x1cd\r").collect::<Vec<_>>(), ["a", "b", "c\x1cd"]);
        assert_eq!(words(" \t ").next(), None);
    }

    proptest! {
        #[test]
        fn words_are_those_of_the_standard_library(line in "[a-zé\\t\\x0b\\x0c \u{a0}\u{3000}]{0,40}", ascii in "[!-~\\s&&[ -~\\t\\r]]{0,40}") {
            prop_assert!(words(&line).eq(line.split_whitespace()));
            prop_assert!(words(&ascii).eq(ascii.split_whitespace()));
        }
    }
}
