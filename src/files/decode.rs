//! UTF-16 and UTF-32 with a byte order mark, as UTF-8.

use std::io::{self, BufRead, Read};

/// An encoding that a mark at the beginning of a file tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wide {
    /// Bytes of a unit: 2 or 4.
    unit: usize,
    is_little: bool,
}

impl Wide {
    /// The encoding that the first bytes tell, and the bytes of its mark.
    pub fn of(head: &[u8]) -> Option<(Self, usize)> {
        // UTF-32 first: its mark begins as that of UTF-16 does.
        let marks: [(&[u8], usize, bool); 4] =
            [(b"\xff\xfe\0\0", 4, true), (b"\0\0\xfe\xff", 4, false), (b"\xff\xfe", 2, true), (b"\xfe\xff", 2, false)];
        let (mark, unit, is_little) = marks.into_iter().find(|(mark, ..)| head.starts_with(mark))?;
        Some((Self { unit, is_little }, mark.len()))
    }

    /// The encoding of a text without a mark that begins with letters of ASCII: every other byte, or three of four, are
    /// 0.
    pub fn without_mark(head: &[u8]) -> Option<Self> {
        let head = &head[..head.len() / 4 * 4];
        let share = |n: usize, zero: usize| {
            let all = head.chunks_exact(n);
            let total = all.len();
            all.filter(|unit| unit[zero] == 0).count() as f64 / total.max(1) as f64
        };
        let is = |unit: usize, is_little: bool| {
            let letter = if is_little { 0 } else { unit - 1 };
            let mut others = (0..unit).filter(|byte| *byte != letter);
            head.len() >= 8 && others.all(|zero| share(unit, zero) > 0.9) && share(unit, letter) < 0.1
        };
        let all = [(4, true), (4, false), (2, true), (2, false)];
        all.into_iter().find(|(unit, little)| is(*unit, *little)).map(|(unit, is_little)| Self { unit, is_little })
    }

    /// The number of a unit.
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

/// A text of such an encoding as UTF-8.
pub struct Decoder<R> {
    from: R,
    wide: Wide,
    /// Bytes of the file before those of `rest`.
    at: u64,
    /// Bytes that were read and are no whole letter yet.
    rest: Vec<u8>,
    out: String,
    next: usize,
}

impl<R: BufRead> Decoder<R> {
    /// Decodes what follows a mark of `mark` bytes, which was read.
    pub fn new(from: R, wide: Wide, mark: usize) -> Self {
        Self { from, wide, at: mark as u64, rest: Vec::new(), out: String::new(), next: 0 }
    }

    /// Decodes the next block; nothing is there after it at the end.
    fn decode(&mut self) -> io::Result<()> {
        (self.next, _) = (0, self.out.clear());
        while self.out.is_empty() {
            let before = self.rest.len();
            (&mut self.from).take(BLOCK).read_to_end(&mut self.rest)?;
            let is_end = self.rest.len() == before;
            let mut units = self.rest.chunks_exact(self.wide.unit).map(|bytes| self.wide.unit_of(bytes));
            let mut read = 0;
            while let Some(first) = units.next() {
                let (code, bytes) = match self.wide.unit {
                    2 if (0xd800..0xdc00).contains(&first) => match units.next() {
                        Some(second @ 0xdc00..0xe000) => (0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00), 4),
                        None if !is_end => break,
                        _ => (first, 2),
                    },
                    unit => (first, unit),
                };
                let Some(letter) = char::from_u32(code) else { return Err(self.wrong(read)) };
                self.out.push(letter);
                read += bytes;
            }
            self.rest.drain(..read);
            self.at += read as u64;
            if is_end {
                return if self.rest.is_empty() { Ok(()) } else { Err(self.wrong(0)) };
            }
        }
        Ok(())
    }

    /// The error of a letter that begins after `read` bytes of `rest`.
    fn wrong(&self, read: usize) -> io::Error {
        let (name, at) = (self.wide.name(), self.at + read as u64 + 1);
        let convert = format!("convert it, as with `iconv -c -f {name} -t UTF-8`, which leaves such out");
        io::Error::new(io::ErrorKind::InvalidData, format!("no letter of {name} begins at byte {at}; {convert}"))
    }
}

/// Bytes that are decoded at a time.
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
        Ok(&self.out.as_bytes()[self.next..])
    }

    fn consume(&mut self, bytes: usize) {
        self.next += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(text: &str, wide: Wide) -> Vec<u8> {
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

    const ALL: [Wide; 4] = [
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
                // Little-endian UTF-16 that begins with NUL has the mark of UTF-32.
                prop_assert_eq!(found, wide);
                let mut decoded = String::new();
                Decoder::new(&bytes[mark..], wide, mark).read_to_string(&mut decoded).unwrap();
                prop_assert_eq!(&decoded, &text);
            }
        }
    }

    #[test]
    fn texts_without_a_mark_are_told() {
        for wide in ALL {
            assert_eq!(Wide::without_mark(&encoded("the river runs to the sea\n", wide)), Some(wide));
            assert_eq!(Wide::without_mark(&encoded("ab", wide)), (wide.unit == 4).then_some(wide));
        }
        for head in [&b"the river runs to the sea\n"[..], &[0; 64], b"river\0\0\0\0\0lake", b"1\0\0\0river\0\0\0", b""]
        {
            assert_eq!(Wide::without_mark(head), None);
        }
    }

    #[test]
    fn damage_is_an_error_with_its_place() {
        let [little, big, wide, _] = ALL;
        for (bytes, encoding, at) in [
            (&b"a\0b"[..], little, 5),
            (b"a\0\x00\xd8a\0", little, 5),
            (b"\x00\xdc", little, 3),
            (b"\x00\xd8", little, 3),
            (b"\x00\xd8a", little, 3),
            (b"\0a\xd8\x00\xd8\x00\xdc\x00", big, 5),
            (b"a\0\0\0\0\0\x11\0", wide, 9),
            (b"a\0\0", wide, 5),
        ] {
            let mark = encoding.unit;
            let mut decoder = Decoder::new(bytes, encoding, mark);
            let message = decoder.read_to_string(&mut String::new()).unwrap_err().to_string();
            let begins = format!("no letter of {} begins at byte {at};", encoding.name());
            assert!(message.starts_with(&begins), "{bytes:?}: {message}");
        }
    }

    #[test]
    fn long_texts_are_decoded_block_by_block() {
        // A pair, so that blocks end between its halves.
        let text = format!("a{}", "\u{1f30a}\n".repeat(70_000));
        for wide in ALL {
            let bytes = encoded(&text, wide);
            let mut decoded = String::new();
            Decoder::new(std::io::BufReader::with_capacity(7, &bytes[..]), wide, 0)
                .read_to_string(&mut decoded)
                .unwrap();
            assert!(decoded == text, "{}", wide.name());
        }
    }
}
