//! Zstandard files with any number of frames, as one stream of bytes.

use super::damage::{damaged, early, fault, invalid, rubbish, source};
use crate::files::ahead::Ahead;
use ruzstd::decoding::errors::{FrameDecoderError, FrameHeaderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, BufRead, ErrorKind, Read};

const NAME: &str = "zstd";

/// The longest supported window in bytes, the default limit of `zstd`.
const LONGEST_WINDOW: u64 = 128 << 20;

/// The longest window of `zstd --long`, as a power of 2.
const LONGEST_LONG: u32 = 31;

/// The number of bytes that identify a frame.
const MAGIC: usize = 4;

const LZ4: u32 = 0x184d_2204;

/// Reads the frames of `source` in order. Skips frames without data, and zeros between and after frames. Checks the
/// checksum of each frame against its content. Memory is bounded by the window of a frame (at most 128 MiB).
pub struct ZstdFrames<R> {
    source: Ahead<R>,
    decoder: FrameDecoder,
    inside: bool,
}

impl<R: BufRead> ZstdFrames<R> {
    pub fn new(source: Ahead<R>) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(LONGEST_WINDOW);
        Self { source, decoder, inside: false }
    }

    /// Moves to the next frame with data. Returns false at the end of the file.
    fn open_frame(&mut self) -> io::Result<bool> {
        loop {
            let end = self.source.at();
            self.source.skip_zeros()?;
            let start = self.source.ahead(MAGIC)?;
            if start.is_empty() {
                return Ok(false);
            }
            // Too few bytes for a frame may be the start of one.
            if start.len() < MAGIC && !is_cut_magic(start) {
                return Err(rubbish(NAME, end));
            }
            match self.decoder.init(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(error)) => match error {
                    ReadFrameHeaderError::SkipFrame { length, .. } => {
                        let skipped = io::copy(&mut (&mut self.source).take(length.into()), &mut io::sink())?;
                        if skipped < length.into() {
                            return Err(early(NAME, self.source.at()));
                        }
                    }
                    ReadFrameHeaderError::BadMagicNumber(LZ4) => {
                        return Err(invalid("an lz4 file; unpack it first, as with `lz4 -dc FILE`"));
                    }
                    ReadFrameHeaderError::BadMagicNumber(_) => return Err(rubbish(NAME, end)),
                    other => return Err(self.fault(&other)),
                },
                Err(other) => return Err(self.fault(&other)),
            }
        }
    }

    /// Converts an error of the decoder to plain words.
    fn fault(&self, error: &(dyn std::error::Error + 'static)) -> io::Error {
        let at = self.source.at();
        if let Some(error) = error.downcast_ref() {
            match error {
                FrameDecoderError::WindowSizeTooBig { requested: window, .. }
                | FrameDecoderError::FrameHeaderError(FrameHeaderError::WindowTooBig { got: window }) => {
                    return too_long(*window);
                }
                FrameDecoderError::DictNotProvided { dict_id } => {
                    let unpack = "unpack it first, as with `zstd -dc -D DICTIONARY FILE`";
                    return invalid(format!("the zstd data needs its dictionary, number {dict_id}; {unpack}"));
                }
                _ => {}
            }
        }
        match source(error) {
            Some(error) if error.raw_os_error().is_some() => {
                io::Error::from_raw_os_error(error.raw_os_error().unwrap_or(0))
            }
            Some(error) if error.kind() == ErrorKind::UnexpectedEof => early(NAME, at),
            _ => damaged(NAME, at),
        }
    }

    fn check_sum(&self) -> io::Result<()> {
        match self.decoder.get_checksum_from_data() {
            sum @ Some(_) if sum != self.decoder.get_calculated_checksum() => Err(damaged(NAME, self.source.at())),
            _ => Ok(()),
        }
    }
}

/// Whether the bytes are the start of a magic number, of a frame with data or of a skippable one.
fn is_cut_magic(start: &[u8]) -> bool {
    let is_skipped = matches!(start.first(), Some(0x50..=0x5f)) && [0x2a, 0x4d, 0x18].starts_with(&start[1..]);
    [0x28, 0xb5, 0x2f, 0xfd].starts_with(start) || is_skipped
}

/// The error for a window that needs too much memory.
fn too_long(window: u64) -> io::Error {
    let log = u64::BITS - (window - 1).leading_zeros();
    let command = match log {
        ..=LONGEST_LONG => format!("unpack it first, as with `zstd -dc --long={log} FILE`"),
        _ => "pack it again with a shorter window".into(),
    };
    invalid(format!("its zstd window has {window} bytes, above the limit of {LONGEST_WINDOW}; {command}"))
}

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.inside {
                self.inside = self.open_frame()?;
                if !self.inside {
                    return Ok(0);
                }
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.source, one).map_err(|e| self.fault(&e))?;
            }
            let read = self.decoder.read(out).map_err(|e| fault(NAME, self.source.at(), e))?;
            if read > 0 {
                return Ok(read);
            }
            self.check_sum()?;
            self.inside = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    fn decode(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        ZstdFrames::new(Ahead::new(bytes)).read_to_end(&mut out).map(|_| out)
    }

    fn refused(bytes: &[u8]) -> String {
        decode(bytes).unwrap_err().to_string()
    }

    const SKIPPABLE: [u8; 11] = [0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];

    #[test]
    fn frames_follow_each_other_and_empty_or_skippable_ones_add_nothing() {
        let text: Vec<u8> = (0..400_000u32).flat_map(|i| (i % 1_013).to_string().into_bytes()).collect();
        let mut file = SKIPPABLE.to_vec();
        file.extend(compress_to_vec(&text[..300_000], CompressionLevel::Fastest));
        file.extend(SKIPPABLE);
        file.extend([0; 300]);
        file.extend(compress_to_vec(&[][..], CompressionLevel::Fastest));
        file.extend(compress_to_vec(&text[300_000..], CompressionLevel::Uncompressed));
        file.extend(SKIPPABLE);
        file.extend([0; 3]);
        assert!(decode(&file).unwrap() == text);
        assert!(decode(&[]).unwrap().is_empty());
    }

    /// A header and a raw block of three bytes. The logarithm of the window is 10 + `exponent`.
    fn frame(exponent: u8) -> Vec<u8> {
        [&[0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3, 3 << 3 | 1, 0, 0][..], b"abc"].concat()
    }

    #[test]
    fn windows_are_as_long_as_zstd_itself_takes_them() {
        assert_eq!(decode(&frame(17)).unwrap(), b"abc");
        for (exponent, window, command) in [
            (18, "268435456", "`zstd -dc --long=28 FILE`"),
            (21, "2147483648", "`zstd -dc --long=31 FILE`"),
            (22, "4294967296", "shorter window"),
            (31, "2199023255552", "shorter window"),
        ] {
            let message = refused(&frame(exponent));
            assert!(message.contains(window) && message.contains("134217728"), "{message}");
            assert!(message.contains(command), "{message}");
        }
        // A window between two powers of 2, and a single-segment frame of 2⁶⁴ − 1 bytes.
        let mut between = frame(17);
        between[5] |= 1;
        assert!(refused(&between).contains("--long=28"));
        let whole = [&[0x28, 0xb5, 0x2f, 0xfd, 0xe0][..], &[0xff; 8]].concat();
        assert!(refused(&whole).contains("18446744073709551615"));
    }

    #[test]
    fn damage_is_an_error() {
        let whole = compress_to_vec(&b"one two three"[..], CompressionLevel::Uncompressed);
        for end in 1..whole.len() {
            let message = refused(&whole[..end]);
            assert!(message.starts_with(&format!("the zstd data ends early, at byte {end};")), "{message}");
        }
        let mut changed = whole.clone();
        let at = whole.windows(3).position(|w| w == b"two").unwrap();
        changed[at] ^= 1;
        assert!(refused(&changed).contains("damaged near byte"));
        assert!(refused(&SKIPPABLE[..9]).contains("ends early, at byte 9"));
        let text: Vec<u8> = (0..3_000u32).flat_map(|i| (i * 7_919 % 1_013).to_string().into_bytes()).collect();
        let packed = compress_to_vec(&text[..], CompressionLevel::Fastest);
        for end in 1..packed.len() {
            let message = refused(&packed[..end]);
            assert!(message.starts_with(&format!("the zstd data ends early, at byte {end};")), "{message}");
        }
        for at in 6..packed.len() {
            let mut changed = packed.clone();
            changed[at] ^= 0x10;
            // Some bytes of the header are not checked.
            let Err(error) = decode(&changed) else { continue };
            let message = error.to_string();
            assert!(message.contains("damaged near byte") || message.contains("ends early"), "{message}");
        }
    }

    #[test]
    fn other_kinds_of_frames_are_named() {
        let whole = compress_to_vec(&b"one"[..], CompressionLevel::Uncompressed);
        let message = refused(&[&whole[..], b"rubbish"].concat());
        assert!(message.contains(&format!("the bytes after byte {} are no zstd data", whole.len())), "{message}");
        let zeros = [0; 5];
        for rest in [&b"r"[..], b"\r\n", b"abc", b"\x50\x2a\x4e", b"\x28\xb5\x2e"] {
            for message in [refused(&[&whole[..], rest].concat()), refused(&[&whole[..], &zeros, rest].concat())] {
                assert!(message.contains(&format!("the bytes after byte {} are no", whole.len())), "{message}");
            }
        }
        for rest in [&SKIPPABLE[..1], &SKIPPABLE[..3], &whole[..1], &whole[..3]] {
            let message = refused(&[&whole[..], rest].concat());
            assert!(message.contains(&format!("ends early, at byte {};", whole.len() + rest.len())), "{message}");
        }
        let message = refused(&[&SKIPPABLE[..], &[0x04, 0x22, 0x4d, 0x18, 0x64]].concat());
        assert!(message.starts_with("an lz4 file; "), "{message}");
        // A frame of three bytes that needs dictionary 7.
        let message = refused(&[&[0x28, 0xb5, 0x2f, 0xfd, 1, 0, 7, 3 << 3 | 1, 0, 0][..], b"abc"].concat());
        assert!(message.contains("dictionary, number 7;") && message.contains("`zstd -dc -D"), "{message}");
    }
}
