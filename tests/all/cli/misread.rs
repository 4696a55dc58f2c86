//! No file is misread silently: it is read for what it is, or refused by the name of its kind.

use super::place::{Place, text};
use std::io::Write;

/// What trains on a corpus in no time.
const TRAIN: &str = "train --dim 4 --epochs 1 --threads 1 --min-count 1 --seed 3";

fn gz(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn bz2(text: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zst(text: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
}

/// A frame that zstd skips, as pzstd puts one before every other.
const SKIPPABLE: [u8; 12] = [0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 9, 9, 0, 0];

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

fn utf32(text: &str, bytes: fn(u32) -> [u8; 4]) -> Vec<u8> {
    text.chars().flat_map(|c| bytes(c.into())).collect()
}

/// Runs a command that must be refused with a message that has all the words; nothing is written.
fn refused(place: &Place, arguments: &str, words: &[&str]) {
    let before = place.files();
    let output = place.run(arguments);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "lexmax {arguments}: {message}");
    assert!(message.chars().all(|c| c == '\n' || !c.is_control()), "lexmax {arguments}: {message:?}");
    // Rust's debug text has braces and paths of types.
    assert!(!message.contains("::") && !message.contains('{'), "lexmax {arguments}: {message}");
    for word in words {
        assert!(message.contains(word), "lexmax {arguments}: {word}: {message}");
    }
    assert_eq!(place.files(), before, "lexmax {arguments}");
}

/// The vectors that come of a corpus.
fn vectors(place: &Place, corpus: &str) -> Vec<u8> {
    place.success(&format!("{TRAIN} --corpus {corpus} --out v.bin"));
    std::fs::read(place.path().join("v.bin")).unwrap()
}

/// The same from standard input.
fn from_stdin(place: &Place, bytes: &[u8]) -> Vec<u8> {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("lexmax");
    let arguments = format!("{TRAIN} --corpus - --out v.bin");
    command.args(arguments.split(' ')).current_dir(place.path()).write_stdin(bytes).assert().success();
    std::fs::read(place.path().join("v.bin")).unwrap()
}

#[test]
fn marked_texts_give_the_vectors_of_the_plain_one() {
    let place = Place::new();
    let plain = text(60) + "гора 山 \u{1f30a} гора\r\n";
    place.file("plain", &plain);
    let want = vectors(&place, "plain");
    let marked = format!("\u{feff}{plain}");
    for bytes in [
        utf16(&marked, u16::to_le_bytes),
        utf16(&marked, u16::to_be_bytes),
        utf32(&marked, u32::to_le_bytes),
        utf32(&marked, u32::to_be_bytes),
        marked.clone().into_bytes(),
    ] {
        place.file("marked", &bytes);
        assert!(vectors(&place, "marked") == want);
        assert!(from_stdin(&place, &bytes) == want && from_stdin(&place, &gz(&bytes)) == want);
    }
}

#[test]
fn packed_texts_give_the_vectors_of_the_plain_one() {
    let place = Place::new();
    let plain = text(60);
    let (head, tail) = plain.as_bytes().split_at(500);
    place.file("plain", &plain);
    let want = vectors(&place, "plain");
    let zeros = [0; 777];
    for (name, bytes) in [
        ("a.gz", [&gz(head)[..], &zeros, &gz(tail), &zeros].concat()),
        ("b", [&bz2(head)[..], &bz2(tail), &zeros].concat()),
        ("c.zst", [&SKIPPABLE[..], &zst(head), &SKIPPABLE, &zst(tail), &SKIPPABLE].concat()),
        // The name promises another packing than the first bytes tell.
        ("d.gz", zst(plain.as_bytes())),
    ] {
        place.file(name, &bytes);
        assert!(vectors(&place, name) == want, "{name}");
        assert!(from_stdin(&place, &bytes) == want, "{name}");
    }
}

#[test]
fn texts_without_a_mark_are_refused() {
    let place = Place::new();
    let plain = text(60);
    for (bytes, name) in [
        (utf16(&plain, u16::to_le_bytes), "UTF-16LE"),
        (utf16(&plain, u16::to_be_bytes), "UTF-16BE"),
        (utf32(&plain, u32::to_le_bytes), "UTF-32LE"),
        (utf32(&plain, u32::to_be_bytes), "UTF-32BE"),
    ] {
        place.file("c.txt", &bytes);
        let says = format!("c.txt: this is {name} text without a byte order mark");
        let command = format!("`iconv -f {name} -t UTF-8`");
        for rule in ["error", "skip", "replace"] {
            let arguments = format!("{TRAIN} --corpus c.txt --out v.bin --invalid-utf8 {rule}");
            refused(&place, &arguments, &[&says, &command]);
        }
    }
    // Letters of other scripts.
    for plain in ["река течёт к морю\n".repeat(60), "江水流入大海。\r\n".repeat(60)] {
        for (bytes, name) in
            [(utf16(&plain, u16::to_le_bytes), "UTF-16LE"), (utf32(&plain, u32::to_be_bytes), "UTF-32BE")]
        {
            place.file("c.txt", &bytes);
            for rule in ["error", "skip", "replace"] {
                let arguments = format!("{TRAIN} --corpus c.txt --out v.bin --invalid-utf8 {rule}");
                refused(&place, &arguments, &[&format!("c.txt: this is {name} text without a byte order mark")]);
            }
        }
    }
    // Half a letter.
    place.file("c.txt", b"\xff\xfea\0b\0\n\0\x00\xd8\n\0");
    refused(&place, &format!("{TRAIN} --corpus c.txt --out v.bin"), &["c.txt: byte 9 begins no character of UTF-16LE"]);
    let halved = [utf16(&format!("\u{feff}{}", text(60)), u16::to_le_bytes), b"\x00\xd8\n\0".to_vec()].concat();
    place.file("c.txt", &halved);
    for (rule, says) in [("skip", "1 dropped for bytes"), ("replace", "1 sequences of bytes replaced")] {
        let output = place.success(&format!("{TRAIN} --corpus c.txt --out v.bin --invalid-utf8 {rule}"));
        assert!(String::from_utf8(output.stdout).unwrap().contains(says));
    }
}

#[test]
fn nuls_are_refused_with_their_place_for_every_format() {
    let place = Place::new();
    let mut bytes = text(60).into_bytes();
    let line = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
    bytes.extend(b"w1 w\x002 w3\n");
    bytes.extend(text(60).into_bytes());
    place.file("c.txt", &bytes);
    let says = format!("c.txt:{line}: byte 5 of the line is NUL");
    for out in ["v.bin", "v.vec", "v.txt.gz", "v.npy", "v.tsv", "v.fifu"] {
        refused(
            &place,
            &format!("{TRAIN} --corpus c.txt --out {out}"),
            &[&says, "UTF-16 or UTF-32", "`iconv -f UTF-16LE", "binary"],
        );
    }
    refused(&place, &format!("{TRAIN} --corpus c.txt --out v.bin --save-model m.safetensors"), &[&says]);
    let output = place.success(&format!("{TRAIN} --corpus c.txt --out v.vec --invalid-utf8 skip"));
    assert!(String::from_utf8(output.stdout).unwrap().contains("1 dropped"));
    let read = |name: &str| std::fs::read_to_string(place.path().join(name)).unwrap();
    assert!(!read("v.vec").contains('\0'));
    let output = place.success(&format!("{TRAIN} --corpus c.txt --out w.vec --invalid-utf8 replace"));
    assert!(String::from_utf8(output.stdout).unwrap().contains("1 sequences of bytes replaced"));
    assert!(read("w.vec").contains("w\u{fffd}2") && !read("w.vec").contains('\0'));
}

#[test]
fn other_kinds_of_files_are_refused_by_name_with_what_to_do() {
    let place = Place::new();
    let tar = [&b"corpus.txt"[..], &[0; 247], b"ustar\x0000", &[0; 247]].concat();
    for (bytes, words) in [
        (&b"PK\x03\x04\x14\0\0\0"[..], ["a zip archive", "`unzip -p FILE`"]),
        (b"\xfd7zXZ\0\0\x04", ["an xz file", "`xz -dc FILE`"]),
        (b"\x04\x22\x4d\x18\x64\x40", ["an lz4 file", "`lz4 -dc FILE`"]),
        (b"7z\xbc\xaf\x27\x1c\0\x04", ["a 7z archive", "`7z x -so FILE`"]),
        (&tar, ["a tar archive", "`tar xOf FILE`"]),
        (b"%PDF-1.7\n%\xe2\xe3", ["a PDF", "`pdftotext FILE -`"]),
        (b"<!DOCTYPE html>\n<html><body>404</body></html>\n", ["an HTML page", "download"]),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n",
            ["a git-lfs pointer", "`git lfs pull`"],
        ),
        (b"\x80\x04\x95\x10\0\0", ["a pickle of Python", "as plain text"]),
        (&gz(b"river lake\n"), ["gzip data inside a packed file", "`gzip -dc FILE`"]),
    ] {
        let words = [words[0], words[1], ", not text; "];
        place.file("file", bytes);
        if !words[0].starts_with("gzip") {
            for flags in
                ["--corpus file", "--corpus plain --read-vocab file", "--corpus plain --layer hierarchical:tree=file"]
            {
                place.file("plain", text(9));
                refused(&place, &format!("{TRAIN} {flags} --out v.bin"), &words);
            }
        }
        place.file("file", gz(bytes));
        refused(&place, &format!("{TRAIN} --corpus file --out v.bin"), &words);
    }
    place.file("file", [&SKIPPABLE[..], &[0x04, 0x22, 0x4d, 0x18, 0x64, 0x40]].concat());
    refused(&place, &format!("{TRAIN} --corpus file --out v.bin"), &["file: an lz4 file; ", "`lz4 -dc FILE`"]);
}

#[test]
fn cut_and_damaged_files_are_refused_with_the_byte() {
    let place = Place::new();
    let plain = text(2_000);
    for (name, whole) in
        [("gzip", gz(plain.as_bytes())), ("bzip2", bz2(plain.as_bytes())), ("zstd", zst(plain.as_bytes()))]
    {
        let train = format!("{TRAIN} --corpus file --out v.bin");
        for end in [whole.len() / 2, whole.len() - 1] {
            place.file("file", &whole[..end]);
            let says = format!("file: the {name} data ends early, at byte {end}; copy or download the file again");
            refused(&place, &train, &[&says]);
        }
        place.file("file", [&whole[..], b"rubbish"].concat());
        let says = format!("the bytes after byte {0} are no {name} data; keep the first {0}", whole.len());
        refused(&place, &train, &[&says]);
        let mut damaged = whole;
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0x55;
        place.file("file", &damaged);
        refused(&place, &train, &[&format!("file: the {name} data is damaged near byte ")]);
    }
    // What `zstd --long=31` writes of a text from a pipe: a window of 2 GiB.
    place.file("file", [&[0x28, 0xb5, 0x2f, 0xfd, 0, 0xa8, 3 << 3 | 1, 0, 0][..], b"a b"].concat());
    let words = ["2147483648 bytes", "134217728", "`zstd -dc --long=31 FILE`"];
    refused(&place, &format!("{TRAIN} --corpus file --out v.bin"), &words);
}

#[test]
fn marks_are_no_part_of_words_in_files_beside_the_text() {
    let place = Place::new();
    place.file("c.txt", "river lake sea river lake\n".repeat(20));
    place.file("plain", "river 40\nlake 40\nsea 20\n");
    place.file("crlf", "\u{feff}river 40\r\nlake 40\r\nsea 20\r\n");
    place.file("wide", utf16("\u{feff}river 40\r\nlake 40\r\nsea 20\r\n", u16::to_le_bytes));
    let read = |vocabulary: &str| vectors(&place, &format!("c.txt --read-vocab {vocabulary}"));
    let want = read("plain");
    assert!(want.starts_with(b"3 4\nriver "));
    assert!(read("crlf") == want && read("wide") == want);
    place.file("nul", "river 40\nla\0ke 40\n");
    refused(
        &place,
        &format!("{TRAIN} --corpus c.txt --read-vocab nul --out v.bin"),
        &["nul:2: byte 3 of the line is NUL"],
    );
    place.file("tree", "river 0\nlake 10\nsea 11\n");
    place.file("marked-tree", "\u{feff}river 0\r\nlake 10\r\nsea 11\r\n");
    let tree = |tree: &str| vectors(&place, &format!("c.txt --layer hierarchical:tree={tree}"));
    assert!(tree("tree") == tree("marked-tree"));
}
