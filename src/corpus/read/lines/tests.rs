//! Tests of lines and words of files.

use super::*;
use bzip2::write::BzEncoder;
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

fn bz2(text: &[u8]) -> Vec<u8> {
    let mut encoder = BzEncoder::new(Vec::new(), bzip2::Compression::fast());
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
        ("a.bz2", [bz2(head), bz2(tail)].concat()),
        ("packed", bz2(text.as_bytes())),
    ] {
        assert!(lines(&[(name, &bytes)]).unwrap() == plain, "{name}");
    }
    let short = gz(text.as_bytes());
    assert!(matches!(lines(&[("a.gz", &short[..short.len() / 2])]), Err(Error::Io { .. })));
    let short = bz2(text.as_bytes());
    assert!(matches!(lines(&[("a.bz2", &short[..short.len() / 2])]), Err(Error::Io { .. })));
    assert!(matches!(lines(&[("a.bz2", b"no bzip2")]), Err(Error::Io { .. })));
    assert_eq!(lines(&[("a.bz2", &bz2(b""))]).unwrap(), [""; 0]);
    assert_eq!(lines(&[("a.txt", b"BZh9 is a word")]).unwrap(), ["BZh9 is a word"]);
    assert!(matches!(lines(&[("a.gz", b"no gzip")]), Err(Error::Io { .. })));
    assert!(matches!(lines(&[("a.zst", b"no zstd")]), Err(Error::Io { .. })));
}

#[test]
fn line_ends_and_byte_order_marks_are_no_part_of_a_line() {
    let got = lines(&[("a", b"\xef\xbb\xbfone two\r\n\r\nthree"), ("b", b""), ("c.gz", b""), ("d", b"\xef\xbb\xbf\n")]);
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

/// The lines that remain of `bytes`, and the counts.
fn lenient(bytes: &[u8], invalid: Invalid) -> Result<(Vec<String>, Ledger)> {
    pieces(bytes, invalid, LONGEST_LINE)
}

fn pieces(bytes: &[u8], invalid: Invalid, longest: usize) -> Result<(Vec<String>, Ledger)> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let (mut ledger, mut lines) = (Ledger::default(), Vec::new());
    let source = Source { invalid, ..Source::plain(&[file.path()]) };
    source.for_each_piece(longest, &mut ledger, |line| {
        lines.push(words(line).collect::<Vec<_>>().join(" "));
        Ok(())
    })?;
    Ok((lines, ledger))
}

#[test]
fn bad_bytes_are_replaced_or_their_words_dropped_and_counted() {
    let bytes = b"\xffone t\xe3\x80wo three\n\xc3\xa4\nx\xfey\xfez";
    let (lines, ledger) = lenient(bytes, Invalid::Replace).unwrap();
    assert_eq!(lines, ["\u{fffd}one t\u{fffd}wo three", "ä", "x\u{fffd}y\u{fffd}z"]);
    assert_eq!((ledger.files, ledger.lines, ledger.replaced, ledger.invalid), (1, 3, 4, 0));
    let (lines, ledger) = lenient(bytes, Invalid::Skip).unwrap();
    assert_eq!(lines, ["three", "ä", ""]);
    assert_eq!((ledger.replaced, ledger.invalid, ledger.tokens), (0, 3, 3));
}

#[test]
fn nuls_are_refused_replaced_or_dropped_with_their_words() {
    let bytes = b"one two\n\0 th\0r\0ee four\0\nfive\n";
    match lenient(bytes, Invalid::Refuse) {
        Err(Error::Text(TextFault::Nul { line: 2, byte: 1, .. })) => {}
        other => panic!("{other:?}"),
    }
    let (lines, ledger) = lenient(bytes, Invalid::Replace).unwrap();
    assert_eq!(lines, ["one two", "\u{fffd} th\u{fffd}r\u{fffd}ee four\u{fffd}", "five"]);
    assert_eq!((ledger.replaced, ledger.invalid, ledger.tokens), (4, 0, 0));
    let (lines, ledger) = lenient(bytes, Invalid::Skip).unwrap();
    assert_eq!(lines, ["one two", "", "five"]);
    assert_eq!((ledger.replaced, ledger.invalid, ledger.tokens), (0, 3, 3));
    // Both kinds in one word count as one word.
    let (lines, ledger) = lenient(b"a\0\xff b", Invalid::Skip).unwrap();
    assert_eq!((&*lines[0], ledger.invalid), ("b", 1));
    assert_eq!(lenient(b"a\0\xff b", Invalid::Replace).unwrap().1.replaced, 2);
    // Without a byte order mark, UTF-16 is refused under every rule.
    for invalid in [Invalid::Refuse, Invalid::Replace, Invalid::Skip] {
        let found = lenient(b"r\0i\0v\0e\0r\0 \0a\0b\0", invalid);
        assert!(matches!(found, Err(Error::Text(TextFault::NoMark { encoding: "UTF-16LE", .. }))), "{found:?}");
    }
}

#[test]
fn half_letters_of_utf16_and_utf32_are_bad_bytes_too() {
    let text = "\u{feff}река aXb море\nmore aX\n";
    let units = text.encode_utf16().map(|unit| if unit == 'X' as u16 { 0xd800 } else { unit });
    let mut utf16: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    utf16.push(b'c');
    let numbers = text.chars().map(|c| if c == 'X' { 0x11_0000 } else { u32::from(c) });
    let mut utf32: Vec<u8> = numbers.flat_map(u32::to_be_bytes).collect();
    utf32.extend([0, 0]);
    for bytes in [utf16, utf32] {
        let found = lenient(&bytes, Invalid::Refuse);
        assert!(
            matches!(&found, Err(Error::Io { source, .. }) if source.to_string().contains("begins no character")),
            "{found:?}"
        );
        let (lines, ledger) = lenient(&bytes, Invalid::Replace).unwrap();
        assert_eq!(lines, ["река a\u{fffd}b море", "more a\u{fffd}", "\u{fffd}"]);
        assert_eq!((ledger.replaced, ledger.invalid), (3, 0));
        let (lines, ledger) = lenient(&bytes, Invalid::Skip).unwrap();
        assert_eq!(lines, ["река море", "more", ""]);
        assert_eq!((ledger.replaced, ledger.invalid, ledger.tokens), (0, 3, 3));
    }
}

#[test]
fn long_lines_come_in_pieces_without_losing_a_word() {
    const LONGEST: usize = 1 << 12;
    let word = |i: usize| format!("wört{}", i % 9);
    let words: Vec<_> = (0..LONGEST * 5 / 2 / 7).map(word).collect();
    let long = "x".repeat(LONGEST + 3);
    let text = [words.join(" "), long.clone(), format!("a {long} b")].join("\n");
    let (lines, ledger) = pieces(text.as_bytes(), Invalid::Refuse, LONGEST).unwrap();
    let got = lines.iter().flat_map(|line| line.split(' '));
    assert!(got.eq(text.split_ascii_whitespace()));
    // The first line comes in three pieces. A word is never cut, so the last line can only be cut before it.
    assert_eq!(ledger.lines, 3);
    assert!((2..=4).contains(&ledger.cut_lines), "{}", ledger.cut_lines);
    // A place after a cut counts from the start of the line.
    let mut bytes = words.join(" ").into_bytes();
    bytes.push(0xff);
    match pieces(&bytes, Invalid::Refuse, LONGEST) {
        Err(Error::NotUtf8 { line: 1, byte, .. }) => assert_eq!(byte, bytes.len()),
        other => panic!("{:?}", other.map(|(_, ledger)| ledger)),
    }
}

proptest! {
    #[test]
    fn any_bytes_are_lines_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        // Input with a byte order mark is decoded.
        prop_assume!(!crate::files::is_wide(&bytes));
        let valid = std::str::from_utf8(&bytes);
        match lenient(&bytes, Invalid::Refuse) {
            Ok((lines, ledger)) => {
                // Damaged input that only looks compressed is an error as well.
                prop_assert_eq!(lines.len() as u64, ledger.lines);
                prop_assert!(valid.is_ok() && !bytes.contains(&0));
            }
            Err(Error::NotUtf8 { .. }) => prop_assert!(valid.is_err()),
            Err(Error::Text(TextFault::Nul { .. })) => prop_assert!(bytes.contains(&0)),
            Err(Error::Text(_) | Error::Io { .. }) => {}
            Err(e) => return Err(TestCaseError::fail(e.to_string())),
        }
        let words = bytes.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
        if let Ok((_, ledger)) = lenient(&bytes, Invalid::Skip) {
            let is_bad = |word: &&[u8]| std::str::from_utf8(word).is_err() || word.contains(&0);
            let bad = words.filter(is_bad).count() as u64;
            prop_assert_eq!((ledger.invalid, ledger.tokens), (bad, bad));
        }
        if let Ok((lines, ledger)) = lenient(&bytes, Invalid::Replace) {
            let clean = String::from_utf8_lossy(&bytes);
            prop_assert_eq!(lines.len(), clean.lines().count());
            let most = clean.matches(['\u{fffd}', '\0']).count() as u64;
            prop_assert!(ledger.replaced <= most);
        }
    }
}
