//! A reader with lookahead and a byte position.

use std::io::{self, BufRead, ErrorKind, Read};

/// A reader that shows its next bytes, even if its source returns only a few at a time, and counts the bytes read.
pub struct Ahead<R> {
    source: R,
    /// Bytes that were shown but not yet read, starting at `next`.
    held: Vec<u8>,
    next: usize,
    at: u64,
}

impl<R: BufRead> Ahead<R> {
    /// A reader at the beginning of its source.
    pub fn new(source: R) -> Self {
        Self { source, held: Vec::new(), next: 0, at: 0 }
    }

    /// Bytes read so far, without bytes that were only shown.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Shows the next `n` bytes, or all that remain. `fill_buf` then shows them as well.
    ///
    /// # Errors
    /// The error of the source.
    pub fn ahead(&mut self, n: usize) -> io::Result<&[u8]> {
        if self.next == self.held.len() {
            (self.next, _) = (0, self.held.clear());
            let is_shown = match self.source.fill_buf() {
                Ok(shown) => shown.len() >= n,
                Err(e) if e.kind() == ErrorKind::Interrupted => false,
                Err(e) => return Err(e),
            };
            if is_shown {
                return Ok(&self.source.fill_buf()?[..n]);
            }
        }
        let missing = n.saturating_sub(self.held.len() - self.next);
        (&mut self.source).take(missing as u64).read_to_end(&mut self.held)?;
        let shown = &self.held[self.next..];
        Ok(&shown[..n.min(shown.len())])
    }

    /// Skips zero bytes.
    ///
    /// # Errors
    /// The error of the source.
    pub fn skip_zeros(&mut self) -> io::Result<()> {
        loop {
            let shown = match self.fill_buf() {
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                shown => shown?,
            };
            let zeros = shown.iter().take_while(|byte| **byte == 0).count();
            let is_over = zeros < shown.len() || zeros == 0;
            self.consume(zeros);
            if is_over {
                return Ok(());
            }
        }
    }
}

impl<R: BufRead> Read for Ahead<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = if self.next < self.held.len() {
            let read = (&self.held[self.next..]).read(out)?;
            self.next += read;
            read
        } else {
            self.source.read(out)?
        };
        self.at += read as u64;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Ahead<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.next < self.held.len() { Ok(&self.held[self.next..]) } else { self.source.fill_buf() }
    }

    fn consume(&mut self, bytes: usize) {
        self.at += bytes as u64;
        if self.next < self.held.len() {
            self.next += bytes;
        } else {
            self.source.consume(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::BufReader;

    proptest! {
        #[test]
        fn all_bytes_are_shown_and_read_in_order(
            bytes in prop::collection::vec(0u8..3, 0..60), buffer in 1usize..9,
            steps in prop::collection::vec((0u8..4, 0usize..12), 0..40),
        ) {
            let mut ahead = Ahead::new(BufReader::with_capacity(buffer, &bytes[..]));
            let mut at = 0;
            for (step, n) in steps {
                let rest = &bytes[at..];
                match step {
                    0 => prop_assert_eq!(ahead.ahead(n).unwrap(), &rest[..n.min(rest.len())]),
                    1 => {
                        let mut out = vec![0; n];
                        let read = ahead.read(&mut out).unwrap();
                        prop_assert_eq!(&out[..read], &rest[..read]);
                        prop_assert!(read > 0 || n == 0 || rest.is_empty());
                        at += read;
                    }
                    2 => {
                        let shown = ahead.fill_buf().unwrap();
                        prop_assert!(rest.starts_with(shown) && shown.is_empty() == rest.is_empty());
                        let read = n.min(shown.len());
                        ahead.consume(read);
                        at += read;
                    }
                    _ => {
                        ahead.skip_zeros().unwrap();
                        at += rest.iter().take_while(|byte| **byte == 0).count();
                    }
                }
                prop_assert_eq!(ahead.at(), at as u64);
            }
            let mut rest = Vec::new();
            ahead.read_to_end(&mut rest).unwrap();
            prop_assert_eq!(&rest, &bytes[at..]);
        }
    }
}
