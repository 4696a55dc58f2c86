//! gzip and bzip2 files with any number of members, as one stream of bytes.

use super::damage::{fault, rubbish};
use crate::files::ahead::Ahead;
use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, Read};

/// A decoder of one member.
pub trait Member: Read {
    /// The source of compressed bytes.
    type Source: BufRead;
    /// The name of the format.
    const NAME: &'static str;
    /// The first bytes of each member.
    const MAGIC: &'static [u8];

    /// A decoder of the member at the position of the source.
    fn of(source: Ahead<Self::Source>) -> Self;

    /// The source. Once the member has been read, it is positioned after the member.
    fn source(&self) -> &Ahead<Self::Source>;

    /// Returns the source.
    fn into_source(self) -> Ahead<Self::Source>;
}

impl<R: BufRead> Member for GzDecoder<Ahead<R>> {
    type Source = R;
    const NAME: &'static str = "gzip";
    const MAGIC: &'static [u8] = &[0x1f, 0x8b];

    fn of(source: Ahead<R>) -> Self {
        Self::new(source)
    }

    fn source(&self) -> &Ahead<R> {
        self.get_ref()
    }

    fn into_source(self) -> Ahead<R> {
        self.into_inner()
    }
}

impl<R: BufRead> Member for BzDecoder<Ahead<R>> {
    type Source = R;
    const NAME: &'static str = "bzip2";
    const MAGIC: &'static [u8] = b"BZh";

    fn of(source: Ahead<R>) -> Self {
        Self::new(source)
    }

    fn source(&self) -> &Ahead<R> {
        self.get_ref()
    }

    fn into_source(self) -> Ahead<R> {
        self.into_inner()
    }
}

/// Reads all members in order, and skips zeros between and after them.
pub struct Members<M> {
    /// The decoder of the current member; `None` at the end.
    member: Option<M>,
}

impl<M: Member> Members<M> {
    pub fn new(source: Ahead<M::Source>) -> Self {
        Self { member: Some(M::of(source)) }
    }
}

impl<M: Member> Read for Members<M> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        while let Some(member) = &mut self.member {
            let read = member.read(out).map_err(|e| fault(M::NAME, member.source().at(), e))?;
            if read > 0 {
                return Ok(read);
            }
            let mut source = self.member.take().expect("a member").into_source();
            let end = source.at();
            source.skip_zeros()?;
            match source.ahead(M::MAGIC.len())? {
                [] => {}
                next if next == M::MAGIC => self.member = Some(M::of(source)),
                _ => return Err(rubbish(M::NAME, end)),
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufReader, Write};

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn bzip2(text: &[u8]) -> Vec<u8> {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// The decompressed bytes, or the error message.
    fn read<'a, M: Member<Source = BufReader<&'a [u8]>>>(bytes: &'a [u8]) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        let source = Ahead::new(BufReader::with_capacity(5, bytes));
        Members::<M>::new(source).read_to_end(&mut out).map(|_| out).map_err(|e| e.to_string())
    }

    type Packer = fn(&[u8]) -> Vec<u8>;
    type Reader = fn(&[u8]) -> Result<Vec<u8>, String>;

    /// Both formats with their name, writer and reader.
    const BOTH: [(&str, Packer, Reader); 2] = [
        ("gzip", gzip, |bytes| read::<GzDecoder<Ahead<BufReader<&[u8]>>>>(bytes)),
        ("bzip2", bzip2, |bytes| read::<BzDecoder<Ahead<BufReader<&[u8]>>>>(bytes)),
    ];

    #[test]
    fn members_follow_each_other_with_zeros_between_and_behind_them() {
        for (name, pack, read) in BOTH {
            let (one, none, two) = (pack(b"one "), pack(b""), pack(b"two"));
            let zeros = [0; 1_000];
            for file in [
                [&one[..], &none, &two].concat(),
                [&one[..], &two, &none].concat(),
                [&one[..], &two, &zeros].concat(),
                [&one[..], &zeros, &none, &zeros[..1], &two, &zeros[..7]].concat(),
            ] {
                assert_eq!(read(&file).as_deref(), Ok(&b"one two"[..]), "{name}");
            }
        }
    }

    #[test]
    fn other_bytes_behind_the_last_member_are_named_with_their_place() {
        for (name, pack, read) in BOTH {
            let whole = pack(b"one two");
            let place = format!("the bytes after byte {} are no {name} data", whole.len());
            for rubbish in [&b"\n"[..], b"\x1f", b"B", b"\0\0rubbish"] {
                let message = read(&[&whole[..], rubbish].concat()).unwrap_err();
                let command = format!("`head -c {} FILE`", whole.len());
                assert!(message.contains(&place) && message.contains(&command), "{message}");
            }
        }
    }

    #[test]
    fn cut_and_damaged_files_are_told_apart_with_the_place() {
        let text: Vec<u8> = (0..3_000u32).flat_map(|i| (i * 7_919 % 1_013).to_string().into_bytes()).collect();
        for (name, pack, read) in BOTH {
            let whole = pack(&text);
            let second = [&whole[..], &pack(b"two")].concat();
            for end in (1..whole.len()).chain(whole.len() + M..second.len()) {
                let message = read(&second[..end]).unwrap_err();
                assert!(
                    message.starts_with(&format!("the {name} data ends early, at byte {end};")),
                    "{end}: {message}"
                );
            }
            let mut damaged = whole.clone();
            damaged[whole.len() / 2] ^= 0x10;
            let message = read(&damaged).unwrap_err();
            assert!(message.starts_with(&format!("the {name} data is damaged near byte ")), "{message}");
        }
    }

    /// The length of the longer magic number in bytes.
    const M: usize = 3;
}
