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

    /// The encoding of a text without a mark that begins with letters of ASCII: every other byte, or three of four, is 0.
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

    /// What it is called.
    pub fn name(self) -> &'static str {
        match (self.unit, self.is_little) {
            (4, true) => "UTF-32LE",
            (4, false) => "UTF-32BE",
            (_, true) => "UTF-16LE",
            (_, false) => "UTF-16BE",
        }
    }
}

/// The text as UTF-8.
pub struct Decoder<R> {
    from: R,
    wide: Wide,
    /// Bytes read before, the mark too.
    at: u64,
    out: Vec<u8>,
    next: usize,
}

impl<R: BufRead> Decoder<R> {
    /// Decodes what follows a mark of `mark` bytes, which was read.
    pub fn new(from: R, wide: Wide, mark: usize) -> Self {
        Self { from, wide, at: mark as u64, out: Vec::new(), next: 0 }
    }

    /// The next unit; `None` at the end.
    fn unit(&mut self) -> io::Result<Option<u32>> {
        let mut bytes = [0; 4];
        let unit = &mut bytes[..self.wide.unit];
        let mut read = 0;
        while read < unit.len() {
            match self.from.read(&mut unit[read..]) {
                Ok(0) if read == 0 => return Ok(None),
                Ok(0) => return Err(self.wrong("the file ends within a letter")),
                Ok(n) => read += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        self.at += unit.len() as u64;
        if !self.wide.is_little {
            unit.reverse();
        }
        Ok(Some(u32::from_le_bytes(bytes)))
    }

    /// The next letter; `None` at the end.
    fn letter(&mut self) -> io::Result<Option<char>> {
        let Some(first) = self.unit()? else { return Ok(None) };
        let is_pair = self.wide.unit == 2 && (0xd800..0xdc00).contains(&first);
        let code = match is_pair.then(|| self.unit()).transpose()?.flatten() {
            Some(second) if (0xdc00..0xe000).contains(&second) => {
                0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            Some(_) => return Err(self.wrong("half a letter")),
            None => first,
        };
        char::from_u32(code).map(Some).ok_or_else(|| self.wrong("no letter"))
    }

    fn wrong(&self, what: &str) -> io::Error {
        let message = format!("{what} of {}, before byte {}; convert the text again", self.wide.name(), self.at);
        io::Error::new(io::ErrorKind::InvalidData, message)
    }
}

/// Bytes that are decoded at a time.
const BLOCK: usize = 1 << 16;

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
            (self.next, _) = (0, self.out.clear());
            while self.out.len() < BLOCK {
                let Some(letter) = self.letter()? else { break };
                self.out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        Ok(&self.out[self.next..])
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
    fn texts_without_a_mark_are_told_and_damage_is_an_error() {
        for wide in ALL {
            assert_eq!(Wide::without_mark(&encoded("the river runs to the sea\n", wide)), Some(wide));
        }
        assert_eq!(Wide::without_mark(b"the river runs to the sea\n"), None);
        assert_eq!(Wide::without_mark(&[0; 64]), None);
        for bytes in [&b"a\0b"[..], b"\x00\xd8a\0", b"\x00\xdc", b"\x00\xd8"] {
            let damaged = Decoder::new(bytes, ALL[0], 2).read_to_string(&mut String::new());
            assert!(damaged.is_err(), "{bytes:?}");
        }
    }
}
