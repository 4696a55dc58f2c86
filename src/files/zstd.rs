//! Zstandard files of any number of frames, as one stream of bytes.

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, BufRead, Read};

/// Reads the frames of `source` one after the other, skips those that hold no data, and holds each frame's checksum against
/// its content. Memory is bounded by the frame's window (at most 128 MiB).
pub(super) struct ZstdFrames<R> {
    source: R,
    decoder: FrameDecoder,
    inside: bool,
}

impl<R: BufRead> ZstdFrames<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, decoder: FrameDecoder::new(), inside: false }
    }

    /// Goes to the next frame with data; false at the end of the file.
    fn open_frame(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let skipped = io::copy(&mut (&mut self.source).take(length.into()), &mut io::sink())?;
                    if skipped < length.into() {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(e) => return Err(io::Error::other(e)),
            }
        }
        Ok(false)
    }

    fn check_sum(&self) -> io::Result<()> {
        match self.decoder.get_checksum_from_data() {
            sum @ Some(_) if sum != self.decoder.get_calculated_checksum() => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum of a zstd frame does not match"))
            }
            _ => Ok(()),
        }
    }
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
                self.decoder.decode_blocks(&mut self.source, one).map_err(io::Error::other)?;
            }
            let read = self.decoder.read(out)?;
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
        ZstdFrames::new(bytes).read_to_end(&mut out).map(|_| out)
    }

    #[test]
    fn frames_follow_each_other_and_empty_or_skippable_ones_add_nothing() {
        let text: Vec<u8> = (0..400_000u32).flat_map(|i| (i % 1_013).to_string().into_bytes()).collect();
        let mut file = compress_to_vec(&text[..300_000], CompressionLevel::Fastest);
        file.extend([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
        file.extend(compress_to_vec(&[][..], CompressionLevel::Fastest));
        file.extend(compress_to_vec(&text[300_000..], CompressionLevel::Uncompressed));
        assert!(decode(&file).unwrap() == text);
        assert!(decode(&[]).unwrap().is_empty());
    }

    /// A header and a raw block of three bytes; 10 more than `exponent` is the logarithm of the window.
    fn frame(exponent: u8) -> Vec<u8> {
        [&[0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3, 3 << 3 | 1, 0, 0][..], b"abc"].concat()
    }

    #[test]
    fn windows_are_as_long_as_zstd_itself_takes_them() {
        assert_eq!(decode(&frame(17)).unwrap(), b"abc");
        let refused = decode(&frame(18)).unwrap_err().to_string();
        assert!(refused.contains("268435456") && refused.contains("134217728"), "{refused}");
    }

    #[test]
    fn damage_is_an_error() {
        let whole = compress_to_vec(&b"one two three"[..], CompressionLevel::Uncompressed);
        for end in 1..whole.len() {
            assert!(decode(&whole[..end]).is_err(), "cut at {end}");
        }
        let mut changed = whole.clone();
        let at = whole.windows(3).position(|w| w == b"two").unwrap();
        changed[at] ^= 1;
        assert!(decode(&changed).is_err());
        assert!(decode(&[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1]).is_err());
    }
}
