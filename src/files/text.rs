//! Files of text as UTF-8 without a byte order mark. Files of other kinds are refused by name.

use super::ahead::Ahead;
use super::decode::{Decoder, HalfLetters, Wide};
use super::foreign::{Foreign, HEAD, not_text};
use super::open::{is_stdin, open};
use super::unpack::Packed;
use crate::error::{Error, Result, TextFault};
use std::io::{self, BufRead};
use std::path::Path;

/// The byte order mark of UTF-8.
pub(super) const MARK: &[u8] = "\u{feff}".as_bytes();

/// Opens a text, compressed or not, as UTF-8. UTF-16 and UTF-32 are recognized by their byte order mark and decoded. A
/// byte order mark at the start is removed. UTF-8 is not validated.
///
/// # Errors
/// [`Error::Io`]; [`TextFault::Foreign`] for a file of another kind; [`TextFault::NoMark`] for UTF-16 or UTF-32 without
/// a byte order mark.
pub fn text(path: &Path) -> Result<Box<dyn BufRead>> {
    text_with(path, HalfLetters::Refuse)
}

/// Like [`text`], but replaces invalid units of UTF-16 or UTF-32 by a byte that never occurs in UTF-8.
///
/// # Errors
/// The errors of [`text`].
pub fn text_with_half_letters(path: &Path) -> Result<Box<dyn BufRead>> {
    text_with(path, HalfLetters::Mark)
}

fn text_with(path: &Path, halves: HalfLetters) -> Result<Box<dyn BufRead>> {
    let path_of = || named(path).into();
    let io = |error| Error::io(named(path))(error);
    let mut source = open(path).map_err(io)?;
    let head = source.fill_buf().map_err(io)?;
    if let (None, Some(wide)) = (Wide::of(head), Wide::without_mark(head)) {
        return Err(TextFault::NoMark { path: path_of(), encoding: wide.name() }.into());
    }
    let mut text = behind_blanks(decoded_with(source, halves).map_err(io)?).map_err(io)?;
    let head = text.fill_buf().map_err(io)?;
    match Packed::of(head).map(packed_twice).or_else(|| not_text(head)) {
        Some(Foreign { name: kind, advice }) => Err(TextFault::Foreign { path: path_of(), kind, advice }.into()),
        None => Ok(text),
    }
}

/// The maximum leading white space that is passed over to recognize the kind of a file.
const BLANKS: usize = 1 << 16;

/// Returns the same text; its first `fill_buf` also shows the bytes after leading white space.
fn behind_blanks(mut text: Box<dyn BufRead>) -> io::Result<Box<dyn BufRead>> {
    let is_blank = |shown: &[u8]| !shown.is_empty() && shown.trim_ascii_start().len() < HEAD.min(shown.len());
    if !is_blank(text.fill_buf()?) {
        return Ok(text);
    }
    let mut text = Ahead::new(text);
    text.ahead(BLANKS)?;
    Ok(Box::new(text))
}

/// The name of UTF-16 or UTF-32, if a text in it without a byte order mark starts with these bytes.
pub fn unmarked(head: &[u8]) -> Option<&'static str> {
    Wide::without_mark(head).map(Wide::name)
}

/// Whether these first bytes are the byte order mark of UTF-16 or UTF-32.
pub fn is_wide(head: &[u8]) -> bool {
    Wide::of(head).is_some()
}

/// The name of a text in errors.
fn named(path: &Path) -> &Path {
    if is_stdin(path) { Path::new("standard input") } else { path }
}

/// Converts a source, positioned at its byte order mark, to UTF-8 without the mark.
///
/// # Errors
/// The errors of the source.
pub fn decoded(source: Box<dyn BufRead>) -> io::Result<Box<dyn BufRead>> {
    decoded_with(source, HalfLetters::Refuse)
}

fn decoded_with(mut source: Box<dyn BufRead>, halves: HalfLetters) -> io::Result<Box<dyn BufRead>> {
    let head = source.fill_buf()?;
    if let Some((wide, mark)) = Wide::of(head) {
        source.consume(mark);
        let mut text = Ahead::new(Decoder::new(source, wide, mark, halves));
        text.ahead(HEAD)?;
        return Ok(Box::new(text));
    }
    let mark = if head.starts_with(MARK) { MARK.len() } else { 0 };
    source.consume(mark);
    Ok(source)
}

/// The error for a compressed file inside a compressed file.
fn packed_twice(inner: Packed) -> Foreign {
    let (name, advice) = match inner {
        Packed::Gzip => ("gzip data inside a packed file", "unpack it first, as with `gzip -dc FILE`"),
        Packed::Zstandard => ("zstd data inside a packed file", "unpack it first, as with `zstd -dc FILE`"),
        Packed::Bzip2 => ("bzip2 data inside a packed file", "unpack it first, as with `bzip2 -dc FILE`"),
    };
    Foreign { name, advice }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::{Read, Write};

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Vec<u8>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let mut all = Vec::new();
        super::text(file.path())?.read_to_end(&mut all).map_err(Error::io("text"))?;
        Ok(all)
    }

    /// A text with a byte order mark in each encoding that has one.
    fn encodings(text: &str) -> Vec<(&'static str, Vec<u8>)> {
        let marked = format!("\u{feff}{text}");
        let wide = |bytes: fn(char) -> Vec<u8>| marked.chars().flat_map(bytes).collect();
        let units = |bytes: fn(u16) -> [u8; 2]| marked.encode_utf16().flat_map(bytes).collect();
        vec![
            ("UTF-8", marked.clone().into_bytes()),
            ("UTF-16LE", units(u16::to_le_bytes)),
            ("UTF-16BE", units(u16::to_be_bytes)),
            ("UTF-32LE", wide(|c| u32::from(c).to_le_bytes().into())),
            ("UTF-32BE", wide(|c| u32::from(c).to_be_bytes().into())),
        ]
    }

    #[test]
    fn marked_texts_are_read_as_utf8_without_the_mark() {
        for text in ["", "a", "the river\nгруша 数 \u{1f30a}\r\n", "\u{feff}twice", &"long\u{e9} ".repeat(20_000)]
        {
            for (encoding, bytes) in encodings(text) {
                for bytes in [gzip(&bytes), bytes] {
                    assert!(read(&bytes).unwrap() == text.as_bytes(), "{encoding}: {text:.20}");
                }
            }
        }
    }

    #[test]
    fn texts_without_a_mark_are_refused_but_for_utf8() {
        for (encoding, bytes) in encodings("the river runs to the sea\n") {
            let mark = if encoding.contains("16") { 2 } else { 4 };
            let found = read(&gzip(&bytes[mark..]));
            match found {
                Err(Error::Text(TextFault::NoMark { encoding: named, .. })) => assert_eq!(named, encoding),
                found => assert_eq!((encoding, &*found.unwrap()), ("UTF-8", &bytes[mark..])),
            }
        }
    }

    #[test]
    fn other_kinds_are_refused() {
        for (bytes, name) in [
            (&b"PK\x03\x04\x14\0"[..], "a zip archive"),
            (&gzip(b"PK\x03\x04\x14\0"), "a zip archive"),
            (b"\xef\xbb\xbf<!doctype html>", "an HTML page"),
            (&encodings("<html>")[1].1, "an HTML page"),
            (&[&b" \r\n".repeat(9_000)[..], b"<html>"].concat(), "an HTML page"),
            (&encodings("\n%PDF-1.4\n")[2].1, "a PDF"),
            (&gzip(&gzip(b"river\n")), "gzip data inside a packed file"),
            (&gzip(b"BZh91AY&SY"), "bzip2 data inside a packed file"),
            (&gzip(b"P*M\x18\0\0\0\0"), "zstd data inside a packed file"),
        ] {
            match read(bytes) {
                Err(Error::Text(TextFault::Foreign { kind, .. })) => assert_eq!(kind, name),
                found => panic!("{name}: {found:?}"),
            }
        }
    }

    #[test]
    fn what_is_behind_blanks_is_shown_however_little_the_source_shows() {
        for blanks in [0, 1, 40, 5_000, BLANKS - 6] {
            let bytes = [&b"\n".repeat(blanks)[..], b"<html>", &b"river ".repeat(200)].concat();
            for capacity in [512, 700, 1 << 18] {
                let source = io::BufReader::with_capacity(capacity, io::Cursor::new(bytes.clone()));
                let mut text = behind_blanks(Box::new(source)).unwrap();
                let kind = not_text(text.fill_buf().unwrap()).map(|kind| kind.name);
                assert_eq!(kind, Some("an HTML page"), "{blanks} {capacity}");
                let mut all = Vec::new();
                text.read_to_end(&mut all).unwrap();
                assert!(all == bytes);
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_text_or_an_error(
            start in prop::sample::select(vec![
                &b""[..], b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"\xef\xbb\xbf",
                b"\x1f\x8b\x08\0", b"BZh91AY&SY", b"\x28\xb5\x2f\xfd",
                b"P*M\x18\x02\0\0\0ab", b"P*M\x18\0\0\0\0\x28\xb5\x2f\xfd\0\0",
            ]),
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0u8..3], 0..700),
            is_packed: bool,
        ) {
            let file = [start, &bytes].concat();
            let file = if is_packed { gzip(&file) } else { file };
            match read(&file) {
                // One byte of UTF-16 or UTF-32 becomes at most one and a half of UTF-8, and the data here unpacks to
                // little.
                Ok(text) => prop_assert!(text.len() <= 2_000_000),
                Err(Error::Io { .. } | Error::Text(_)) => {}
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
    }
}
