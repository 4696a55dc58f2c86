//! Decodes UTF-16 and UTF-32 with a byte order mark into UTF-8.

mod unmarked;

use std::io::{self, BufRead, Read};

/// An encoding identified by the byte order mark of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wide {
    /// Bytes of a code unit: 2 or 4.
    unit: usize,
    is_little: bool,
}

impl Wide {
    /// The encoding identified by the first bytes, and the length of its byte order mark.
    pub fn of(head: &[u8]) -> Option<(Self, usize)> {
        // UTF-32 comes first, since its mark starts with the mark of UTF-16.
        let marks: [(&[u8], usize, bool); 4] =
            [(b"\xff\xfe\0\0", 4, true), (b"\0\0\xfe\xff", 4, false), (b"\xff\xfe", 2, true), (b"\xfe\xff", 2, false)];
        let (mark, unit, is_little) = marks.into_iter().find(|(mark, ..)| head.starts_with(mark))?;
        Some((Self { unit, is_little }, mark.len()))
    }

    /// The value of a code unit.
    fn unit_of(self, bytes: &[u8]) -> u32 {
        let number = |sum: u32, byte: &u8| sum << 8 | u32::from(*byte);
        if self.is_little { bytes.iter().rev().fold(0, number) } else { bytes.iter().fold(0, number) }
    }

    /// The name of the encoding.
    pub fn name(self) -> &'static str {
        match (self.unit, self.is_little) {
            (4, true) => "UTF-32LE",
            (4, false) => "UTF-32BE",
            (_, true) => "UTF-16LE",
            (_, false) => "UTF-16BE",
        }
    }
}

/// The treatment of bytes that do not form a character of the encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HalfLetters {
    /// End the text with an error.
    Refuse,
    /// Decode each to [`NO_UTF8`].
    Mark,
}

/// A byte that never occurs in UTF-8.
const NO_UTF8: u8 = 0xff;

/// A reader that converts text of such an encoding to UTF-8.
pub struct Decoder<R> {
    from: R,
    wide: Wide,
    /// The number of bytes of the file before `rest`.
    at: u64,
    /// Bytes that were read but do not yet form a whole character.
    rest: Vec<u8>,
    halves: HalfLetters,
    out: Vec<u8>,
    next: usize,
}

impl<R: BufRead> Decoder<R> {
    /// Decodes the text that follows a byte order mark of `mark` bytes, which was already read.
    pub fn new(from: R, wide: Wide, mark: usize, halves: HalfLetters) -> Self {
        Self { from, wide, at: mark as u64, rest: Vec::new(), halves, out: Vec::new(), next: 0 }
    }

    /// Decodes the next block; `out` is empty afterwards only at the end.
    fn decode(&mut self) -> io::Result<()> {
        (self.next, _) = (0, self.out.clear());
        while self.out.is_empty() {
            let before = self.rest.len();
            (&mut self.from).take(BLOCK).read_to_end(&mut self.rest)?;
            let is_end = self.rest.len() == before;
            let mut units = self.rest.chunks_exact(self.wide.unit).map(|bytes| self.wide.unit_of(bytes)).peekable();
            let mut read = 0;
            while let Some(first) = units.next() {
                let (code, bytes) = match self.wide.unit {
                    2 if (0xd800..0xdc00).contains(&first) => match units.peek() {
                        Some(second @ 0xdc00..0xe000) => {
                            let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                            units.next();
                            (code, 4)
                        }
                        None if !is_end => break,
                        _ => (first, 2),
                    },
                    unit => (first, unit),
                };
                match char::from_u32(code) {
                    Some(letter) => self.out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
                    None if self.halves == HalfLetters::Mark => self.out.push(NO_UTF8),
                    None => return Err(self.wrong(read)),
                }
                read += bytes;
            }
            self.rest.drain(..read);
            self.at += read as u64;
            if is_end {
                match self.halves {
                    _ if self.rest.is_empty() => {}
                    HalfLetters::Refuse => return Err(self.wrong(0)),
                    HalfLetters::Mark => self.out.push(NO_UTF8),
                }
                self.rest.clear();
                return Ok(());
            }
        }
        Ok(())
    }

    /// The error for a character that begins after `read` bytes of `rest`.
    fn wrong(&self, read: usize) -> io::Error {
        let (name, at) = (self.wide.name(), self.at + read as u64 + 1);
        let convert = format!("convert it, as with `iconv -c -f {name} -t UTF-8`, which drops such bytes");
        io::Error::new(io::ErrorKind::InvalidData, format!("byte {at} begins no character of {name}; {convert}"))
    }
}

/// Bytes decoded at a time.
const BLOCK: u64 = 1 << 16;

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut from = self.fill_buf()?;
        let read = from.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Decoder<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.next == self.out.len() {
            self.decode()?;
        }
        Ok(&self.out[self.next..])
    }

    fn consume(&mut self, bytes: usize) {
        self.next += bytes;
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use proptest::prelude::*;

    pub fn encoded(text: &str, wide: Wide) -> Vec<u8> {
        let units: Vec<u32> = match wide.unit {
            2 => text.encode_utf16().map(u32::from).collect(),
            _ => text.chars().map(u32::from).collect(),
        };
        let bytes = |unit: u32| match (wide.unit, wide.is_little) {
            (2, true) => (unit as u16).to_le_bytes().to_vec(),
            (2, false) => (unit as u16).to_be_bytes().to_vec(),
            (_, true) => unit.to_le_bytes().to_vec(),
            (_, false) => unit.to_be_bytes().to_vec(),
        };
        units.into_iter().flat_map(bytes).collect()
    }

    pub const ALL: [Wide; 4] = [
        Wide { unit: 2, is_little: true },
        Wide { unit: 2, is_little: false },
        Wide { unit: 4, is_little: true },
        Wide { unit: 4, is_little: false },
    ];

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(text in "\\PC{0,300}") {
            for wide in ALL {
                let bytes = encoded(&format!("\u{feff}{text}"), wide);
                let (found, mark) = Wide::of(&bytes).unwrap();
                // Little-endian UTF-16 that starts with NUL has the byte order mark of UTF-32.
                prop_assert_eq!(found, wide);
                let mut decoded = String::new();
                Decoder::new(&bytes[mark..], wide, mark, HalfLetters::Refuse).read_to_string(&mut decoded).unwrap();
                prop_assert_eq!(&decoded, &text);
            }
        }
    }

    #[test]
    fn damage_is_an_error_with_its_place() {
        let [little, big, wide, _] = ALL;
        for (bytes, encoding, at, marked) in [
            (&b"a\0b"[..], little, 5, &b"a\xff"[..]),
            (b"a\0\x00\xd8a\0", little, 5, b"a\xffa"),
            (b"\x00\xdc", little, 3, b"\xff"),
            (b"\x00\xd8", little, 3, b"\xff"),
            (b"\x00\xd8a", little, 3, b"\xff\xff"),
            (b"\0a\xd8\x00\xd8\x00\xdc\x00", big, 5, b"a\xff\xf0\x90\x80\x80"),
            (b"a\0\0\0\0\0\x11\0", wide, 9, b"a\xff"),
            (b"a\0\0", wide, 5, b"\xff"),
        ] {
            let mark = encoding.unit;
            let mut decoder = Decoder::new(bytes, encoding, mark, HalfLetters::Refuse);
            let message = decoder.read_to_string(&mut String::new()).unwrap_err().to_string();
            let begins = format!("byte {at} begins no character of {};", encoding.name());
            assert!(message.starts_with(&begins), "{bytes:?}: {message}");
            let mut all = Vec::new();
            Decoder::new(bytes, encoding, mark, HalfLetters::Mark).read_to_end(&mut all).unwrap();
            assert_eq!(all, marked, "{bytes:?}");
        }
    }

    #[test]
    fn long_texts_are_decoded_block_by_block() {
        // A character of two units, so that blocks end inside a surrogate pair.
        let text = format!("a{}", "\u{1f30a}\n".repeat(70_000));
        for wide in ALL {
            let bytes = encoded(&text, wide);
            let mut decoded = String::new();
            let from = std::io::BufReader::with_capacity(7, &bytes[..]);
            Decoder::new(from, wide, 0, HalfLetters::Refuse).read_to_string(&mut decoded).unwrap();
            assert!(decoded == text, "{}", wide.name());
        }
    }
}
