//! Recognizes files that are neither text nor word vectors by their first bytes.

/// A kind of file that is neither text nor word vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// The name of the kind, with its article.
    pub name: &'static str,
    /// The remedy.
    pub advice: &'static str,
}

/// The number of first bytes that identify all kinds.
pub const HEAD: usize = 512;

/// A kind with its first bytes, and the remedies where a text or word vectors were expected.
struct Kind {
    magic: &'static [u8],
    name: &'static str,
    of_text: &'static str,
    of_vectors: &'static str,
}

impl Kind {
    /// A kind with one remedy for all uses.
    const fn of(magic: &'static [u8], name: &'static str, advice: &'static str) -> Self {
        Self { magic, name, of_text: advice, of_vectors: advice }
    }

    const fn text(&self) -> Foreign {
        Foreign { name: self.name, advice: self.of_text }
    }

    const fn vectors(&self) -> Foreign {
        Foreign { name: self.name, advice: self.of_vectors }
    }
}

const UNPACK: &str = "unpack it first";
const CONVERT: &str = "convert it to plain text first";
const COLUMN: &str = "write its column of text as plain text first";
const GENSIM: &str = "load it and write its vectors with gensim's `save_word2vec_format`";
const OTHER: &str = "name another file";

/// First bytes that occur neither in a text nor in a row of numbers.
const BINARY: [Kind; 26] = [
    Kind {
        magic: b"PK\x03\x04",
        name: "a zip archive",
        of_text: "unpack it first, as with `unzip -p FILE`; convert a .docx, .odt or .epub to plain text",
        of_vectors: "unpack it first; PyTorch's .pt, DL4J's models and .npz are such archives too: load it there and \
                     write its vectors as word2vec's text",
    },
    Kind::of(b"PK\x05\x06", "an empty zip archive", OTHER),
    Kind::of(b"\xfd7zXZ\0", "an xz file", "unpack it first, as with `xz -dc FILE`"),
    Kind::of(b"\x5d\0\0", "an lzma file", "unpack it first, as with `xz --format=lzma -dc FILE`"),
    Kind::of(b"\x04\x22\x4d\x18", "an lz4 file", "unpack it first, as with `lz4 -dc FILE`"),
    Kind::of(b"\x02\x21\x4c\x18", "an lz4 file", "unpack it first, as with `lz4 -dc FILE`"),
    Kind::of(b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first, as with `7z x -so FILE`"),
    Kind::of(b"Rar!\x1a\x07", "a rar archive", UNPACK),
    Kind::of(b"LZIP\x01", "an lzip file", "unpack it first, as with `lzip -dc FILE`"),
    Kind::of(b"\x1f\x9d", "a file of `compress`", "unpack it first, as with `zcat FILE`"),
    Kind::of(b"\xff\x06\0\0sNaPpY", "a snappy file", UNPACK),
    Kind::of(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document", CONVERT),
    Kind { magic: b"\x89HDF\r\n\x1a\n", name: "an HDF5 file", of_text: COLUMN, of_vectors: GENSIM },
    Kind { magic: b"PAR1\x15", name: "a Parquet file", of_text: COLUMN, of_vectors: GENSIM },
    Kind { magic: b"ARROW1\0\0", name: "an Arrow file", of_text: COLUMN, of_vectors: GENSIM },
    Kind {
        magic: b"SQLite format 3\0",
        name: "an SQLite database",
        of_text: COLUMN,
        of_vectors: "load it, as pymagnitude loads Magnitude's files, and write its vectors as word2vec's text",
    },
    Kind::of(b"\x89PNG\r\n\x1a\n", "a picture (PNG)", OTHER),
    Kind::of(b"\xff\xd8\xff", "a picture (JPEG)", OTHER),
    Kind::of(b"\x7fELF", "a program (ELF)", OTHER),
    Kind {
        magic: b"\xba\x16\x4f\x2f",
        name: "a model of fastText",
        of_text: "name the text that it was trained on",
        of_vectors: "take its .vec file, or write one with `fasttext print-word-vectors`",
    },
    // Protocols 2 to 5.
    pickle(b"\x80\x02"),
    pickle(b"\x80\x03"),
    pickle(b"\x80\x04"),
    pickle(b"\x80\x05"),
    Kind::of(b"GGUF\x02\0\0\0", "a GGUF model", OTHER),
    Kind::of(b"GGUF\x03\0\0\0", "a GGUF model", OTHER),
];

const PICKLE: &str = "a pickle of Python";

const fn pickle(magic: &'static [u8]) -> Kind {
    Kind { magic, name: PICKLE, of_text: "load it and write what it holds as plain text", of_vectors: GENSIM }
}

/// First bytes of files that, like text, consist of letters.
const LETTERS: [Kind; 3] = [
    Kind::of(b"%PDF-", "a PDF", "convert it to plain text first, as with `pdftotext FILE -`"),
    Kind::of(b"{\\rtf", "an RTF document", CONVERT),
    Kind::of(
        b"version https://git-lfs.github.com/spec/",
        "a git-lfs pointer",
        "fetch the file that it stands for with `git lfs pull`",
    ),
];

const TAR: Foreign = Foreign { name: "a tar archive", advice: "unpack it first, as with `tar xOf FILE`" };
const PAGE: Foreign = Foreign {
    name: "an HTML page",
    advice: "if it came from a download, open the page to see what went wrong; to use its words, convert it to plain \
             text first",
};
const XML: Foreign = Foreign {
    name: "an XML document",
    advice: "if it came from a download, read it to see what went wrong; otherwise convert it to plain text first",
};
const JSON: Foreign = Foreign { name: "JSON", advice: "write its vectors as word2vec's text first" };
const SAFETENSORS: Foreign = Foreign { name: "a safetensors file", advice: OTHER };
const DL4J: Foreign = Foreign {
    name: "word vectors of DL4J with words in base64",
    advice: "keep the first two numbers of its first line, and decode the base64 of each word after `B64:`",
};

/// The kind of a file that starts with these bytes, if no text starts this way. Pass [`HEAD`] bytes, or the whole of a
/// shorter file.
pub fn not_text(head: &[u8]) -> Option<Foreign> {
    if is_safetensors(head) {
        return Some(SAFETENSORS);
    }
    let binary = BINARY.iter().find(|kind| head.starts_with(kind.magic)).map(Kind::text);
    if let Some(kind) = binary.or_else(|| tar(head)) {
        return Some(kind);
    }
    let start = unmarked(head).trim_ascii_start();
    let letters = LETTERS.iter().find(|kind| start.starts_with(kind.magic)).map(Kind::text);
    letters.or_else(|| page(start)).or_else(|| is_xml(start).then_some(XML))
}

/// The kind of a file that starts with these bytes, if no file of word vectors starts this way. Pass [`HEAD`] bytes, or
/// the whole of a shorter file.
pub fn not_vectors(head: &[u8]) -> Option<Foreign> {
    if is_safetensors(head) {
        return None;
    }
    let binary = BINARY.iter().find(|kind| head.starts_with(kind.magic)).map(Kind::vectors);
    if let Some(kind) = binary.or_else(|| tar(head)) {
        return Some(kind);
    }
    let head = unmarked(head);
    // Any word may precede its numbers.
    if is_row(head) {
        return dl4j(head);
    }
    let start = head.trim_ascii_start();
    let letters = LETTERS.iter().find(|kind| start.starts_with(kind.magic)).map(Kind::vectors);
    letters.or_else(|| page(start)).or_else(|| structured(head))
}

/// Such a file starts with the length of its header, which may equal any of the magic numbers above.
fn is_safetensors(head: &[u8]) -> bool {
    head.get(4..9) == Some(b"\0\0\0\0{")
}

/// A tar archive, recognized by the magic of its first header, or by its checksum for formats older than the magic.
fn tar(head: &[u8]) -> Option<Foreign> {
    let magic = head.get(257..265)?;
    (magic.starts_with(b"ustar\0") || magic == b"ustar  \0" || is_old_tar(head)).then_some(TAR)
}

/// Whether a header holds its own checksum, in octal, computed with spaces in place of the checksum field.
fn is_old_tar(head: &[u8]) -> bool {
    const SUM: std::ops::Range<usize> = 148..156;
    let Some(header) = head.get(..512).filter(|header| header[0] != 0) else { return false };
    let field = header[SUM].trim_ascii().split(|byte| matches!(byte, 0 | b' ')).next().unwrap_or_default();
    let sum = std::str::from_utf8(field).ok().and_then(|field| u32::from_str_radix(field, 8).ok());
    let others = header.iter().enumerate().filter(|(at, _)| !SUM.contains(at));
    let found = others.map(|(_, byte)| u32::from(*byte)).sum::<u32>() + 8 * u32::from(b' ');
    sum == Some(found)
}

/// An HTML page that starts with one of its tags, after comments and an XML declaration.
fn page(start: &[u8]) -> Option<Foreign> {
    let mut rest = start;
    while let Some(behind) = behind(rest, b"<!--", b"-->").or_else(|| behind(rest, b"<?xml", b"?>")) {
        rest = behind.trim_ascii_start();
    }
    let tag = match behind(rest, b"<!doctype", b"") {
        Some(kind) if kind.first().is_some_and(u8::is_ascii_whitespace) => begins(kind.trim_ascii_start(), b"html"),
        _ => [&b"<html"[..], b"<head", b"<body"].iter().any(|tag| begins(rest, tag)),
    };
    tag.then_some(PAGE)
}

/// The bytes after `end`, if these start with `start`.
fn behind<'a>(bytes: &'a [u8], start: &[u8], end: &[u8]) -> Option<&'a [u8]> {
    let (_, rest) = bytes.split_at_checked(start.len()).filter(|(first, _)| first.eq_ignore_ascii_case(start))?;
    let at = (0..=rest.len()).find(|at| rest[*at..].starts_with(end))?;
    Some(&rest[at + end.len()..])
}

/// Whether these bytes start with the name of a tag.
fn begins(bytes: &[u8], name: &[u8]) -> bool {
    let is_end = |end: Option<&u8>| end.is_none_or(|end| *end == b'>' || end.is_ascii_whitespace());
    behind(bytes, name, b"").is_some_and(|rest| is_end(rest.first()))
}

/// Whether these bytes start with an XML declaration.
fn is_xml(start: &[u8]) -> bool {
    behind(start, b"<?xml", b"").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"version"))
}

/// XML, JSON, and pickles of protocol 0.
fn structured(head: &[u8]) -> Option<Foreign> {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let start = head.trim_ascii_start();
    let opcodes: [&[u8]; 6] = [b"(dp", b"(lp", b"ccopy_reg", b"cnumpy", b"cgensim", b"c__builtin__"];
    match start.first()? {
        b'<' if start.starts_with(b"<?xml") => Some(XML),
        b'{' | b'[' => Some(JSON),
        b'(' | b'c' if line.len() < head.len() && !line.contains(&b' ') => {
            let is_pickle = opcodes.iter().any(|opcode| line.starts_with(opcode));
            is_pickle.then_some(Foreign { name: PICKLE, advice: GENSIM })
        }
        _ => None,
    }
}

/// Vectors of DL4J have a third number in their heading.
fn dl4j(head: &[u8]) -> Option<Foreign> {
    let mut lines = head.split(|byte| *byte == b'\n');
    let (first, second) = (std::str::from_utf8(lines.next()?).ok()?, lines.next()?);
    let mut numbers = first.split_ascii_whitespace();
    let is_heading = numbers.clone().count() == 3 && numbers.all(|number| number.parse::<u64>().is_ok());
    (is_heading && second.starts_with(b"B64:")).then_some(DL4J)
}

/// Whether the second field of the first line is a number.
fn is_row(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let field = line.split(|byte| matches!(byte, b' ' | b'\t')).nth(1);
    let number = field.and_then(|field| std::str::from_utf8(field).ok()).and_then(|field| field.trim().parse().ok());
    number.is_some_and(f64::is_finite)
}

/// The bytes after a byte order mark of UTF-8, if there is one.
fn unmarked(head: &[u8]) -> &[u8] {
    head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_their_first_bytes() {
        let tar = [&b"corpus.txt"[..], &[0; 247], b"ustar  \0root", &[0; 200]].concat();
        for (head, name) in [
            (&b"PK\x03\x04rest 2 3"[..], "a zip archive"),
            (b"\xfd7zXZ\0\0", "an xz file"),
            (b"\x04\x22\x4d\x18\x64\x40", "an lz4 file"),
            (b"7z\xbc\xaf\x27\x1c\0\x04", "a 7z archive"),
            (b"%PDF-1.7\n", "a PDF"),
            (b"\n%PDF-1.4\n%", "a PDF"),
            (b"\xef\xbb\xbf \r\n{\\rtf1\\ansi", "an RTF document"),
            (b"\n <!DOCTYPE HTML>\n", "an HTML page"),
            (b"<!DOCTYPE\thtml>", "an HTML page"),
            (b"<!doctype  html PUBLIC \"-//W3C//DTD XHTML 1.0\"", "an HTML page"),
            (b"<!-- saved from url=(0014)about:internet -->\n<!-- 2 -->\n<!DOCTYPE html>\n", "an HTML page"),
            (b"<?xml version=\"1.0\"?>\n<!-- 1 -->\n<!DOCTYPE html PUBLIC", "an HTML page"),
            (b"<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\">", "an HTML page"),
            (b"<head>\n<title>404</title>", "an HTML page"),
            (b"<BODY bgcolor=white>\n", "an HTML page"),
            (b"<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code>", "an XML document"),
            (b"\xef\xbb\xbf<html lang=en>", "an HTML page"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a git-lfs pointer"),
            (&tar, "a tar archive"),
            (b"\x80\x04\x95\x10", "a pickle of Python"),
            (b"\xba\x16\x4f\x2f\x0c\0\0\0", "a model of fastText"),
        ] {
            assert_eq!(not_text(head).map(|kind| kind.name), Some(name));
            assert_eq!(not_vectors(head).map(|kind| kind.name), Some(name));
        }
        // The header has 640 bytes, so that the file starts like a pickle of protocol 2.
        let header = b"\x80\x02\0\0\0\0\0\0{\"__metadata__\":{}}";
        assert_eq!((not_text(header), not_vectors(header)), (Some(SAFETENSORS), None));
        for (head, name) in [
            ("ccopy_reg\n_reconstructor\np0\n", "a pickle of Python"),
            ("(dp0\nVriver\np1\n", "a pickle of Python"),
            ("cnumpy.core.multiarray\n_reconstruct\n", "a pickle of Python"),
            ("[[0.1, 0.2], [0.3, 0.4]]", "JSON"),
            ("{\n  \"river\": [0.1, 0.2]\n}\n", "JSON"),
            ("\u{feff}{\"river\": [1, 2]}", "JSON"),
            ("3 2 40\nB64:cml2ZXI= 0.1 0.2\n", DL4J.name),
        ] {
            assert_eq!(not_vectors(head.as_bytes()).map(|kind| kind.name), Some(name), "{head}");
            assert_eq!(not_text(head.as_bytes()), None, "{head}");
        }
    }

    /// A header without the magic, as written by `tar --format=v7`.
    fn old_tar(name: &str, sum: impl Fn(u32) -> String) -> Vec<u8> {
        let mut header = [name.as_bytes(), &vec![0; 100 - name.len()], b"0000644\x000001750\x000001750\x00"].concat();
        header.extend(b"00000000022 14512345670 ");
        header.extend(b"        0");
        header.resize(512, 0);
        let total = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(sum(total).as_bytes());
        [&header, &b"river lake sea\n"[..]].concat()
    }

    #[test]
    fn old_archives_are_told_by_their_sum() {
        let sums: [fn(u32) -> String; 3] =
            [|sum| format!("{sum:06o}\0 "), |sum| format!("{sum:>6o} \0"), |sum| format!("{sum:07o}\0")];
        for name in ["corpus.txt", "\u{3b1}\u{3b2}.txt"] {
            for sum in sums {
                let file = old_tar(name, sum);
                assert_eq!((not_text(&file), not_vectors(&file)), (Some(TAR), Some(TAR)));
                assert_eq!(not_text(&file[..511]), None, "less than a header");
            }
            for file in [old_tar(name, |sum| format!("{:06o}\0 ", sum + 1)), old_tar("", sums[0])] {
                assert_eq!(not_text(&file), None);
            }
        }
    }

    #[test]
    fn words_that_look_like_a_kind_are_text_and_vectors() {
        for text in [
            "the river\n",
            "PK is a short word",
            "7zip LZIP PAR1",
            "LZIP packs",
            "<b>bold</b>",
            "<htmlish> 1 2",
            "<!-- a comment --> river",
            "<!-- a comment without an end <html>",
            "<!doctypes html>",
            "<!DOCTYPE svg>",
            "<header> <bodyguard>",
            "<doc id=12>\nriver\n</doc>",
            "a page begins with <html>",
            "river %PDF-1.4",
            "version 1",
            "3 2\nriver 1 2\n",
            "3 2 40\nriver 1 2\n",
            "",
        ] {
            assert_eq!((not_text(text.as_bytes()), not_vectors(text.as_bytes())), (None, None), "{text}");
        }
        assert_eq!(not_text(b"<?xml is how it begins"), None);
        for row in
            ["<html> 0.1 0.2\n", "[ 0.1 -2e-3\n", "{ 1\t2\n", "%PDF-1 1 2", "(dp0 1 2\n", "<?xml 1 2", "cnumpy 1 2\n"]
        {
            assert_eq!(not_vectors(row.as_bytes()), None, "{row}");
        }
    }
}
