//! Word vectors in word2vec's file formats.
//!
//! | format | is | read by |
//! |---|---|---|
//! | [`Format::Binary`] | a line `words dim`, then for each word: the word, a space, dim little-endian f32, a line break | word2vec, gensim |
//! | [`Format::Text`] | a line `words dim`, then a line a word: the word and dim decimal numbers | those, and everything else |

use crate::vocab::{Vocabulary, WordId};
use std::io::{self, BufRead, Write};

/// A file format of word vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// word2vec's binary format.
    Binary,
    /// word2vec's text format.
    Text,
}

/// Writes all words of `vocab`, in falling count order, with vectors of size `dim` that `row` gives.
///
/// Numbers in text are the shortest that give the same f32 again.
///
/// # Errors
/// What the writer says.
pub fn write(
    out: &mut dyn Write,
    format: Format,
    vocab: &Vocabulary,
    dim: usize,
    mut row: impl FnMut(WordId, &mut [f32]),
) -> io::Result<()> {
    writeln!(out, "{} {dim}", vocab.len())?;
    let (mut vector, mut line) = (vec![0.0; dim], Vec::new());
    for id in 0..vocab.len() as WordId {
        row(id, &mut vector);
        line.clear();
        line.extend_from_slice(vocab.word(id).as_bytes());
        match format {
            Format::Binary => {
                line.push(b' ');
                vector.iter().for_each(|v| line.extend_from_slice(&v.to_le_bytes()));
            }
            Format::Text => vector.iter().try_for_each(|v| write!(line, " {v}"))?,
        }
        line.push(b'\n');
        out.write_all(&line)?;
    }
    Ok(())
}

/// Words and their vectors, as read from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct WordVectors {
    /// The words, in the order of the file.
    pub words: Vec<String>,
    /// Size of a vector.
    pub dim: usize,
    /// words × dim.
    pub values: Vec<f32>,
}

impl WordVectors {
    /// Reads either format.
    ///
    /// # Errors
    /// What the reader says, and [`io::ErrorKind::InvalidData`] with the word's number for what is not of the format.
    pub fn read(input: &mut dyn BufRead, format: Format) -> io::Result<Self> {
        let mut line = String::new();
        input.read_line(&mut line)?;
        let sizes: Vec<usize> = line.split_whitespace().filter_map(|n| n.parse().ok()).collect();
        let [count, dim] = sizes[..] else { return Err(invalid(0, "the first line is not: words dim")) };
        let mut read = Self { words: Vec::new(), dim, values: Vec::new() };
        for number in 1..=count {
            match format {
                Format::Binary => read.binary(input, number)?,
                Format::Text => read.text(input, &mut line, number)?,
            }
        }
        Ok(read)
    }

    /// The vector of the word with this number in the file, from 0.
    pub fn vector(&self, number: usize) -> &[f32] {
        &self.values[number * self.dim..][..self.dim]
    }

    fn binary(&mut self, input: &mut dyn BufRead, number: usize) -> io::Result<()> {
        let mut word = Vec::new();
        input.read_until(b' ', &mut word)?;
        if word.pop() != Some(b' ') {
            return Err(invalid(number, "no space after the word"));
        }
        // gensim and word2vec end every vector with a line break, others do not.
        let word = String::from_utf8(word).map_err(|_| invalid(number, "not UTF-8"))?;
        self.words.push(word.trim_start_matches('\n').into());
        let mut bytes = [0; 4];
        for _ in 0..self.dim {
            input.read_exact(&mut bytes)?;
            self.values.push(f32::from_le_bytes(bytes));
        }
        Ok(())
    }

    fn text(&mut self, input: &mut dyn BufRead, line: &mut String, number: usize) -> io::Result<()> {
        line.clear();
        input.read_line(line)?;
        let mut parts = line.trim_end_matches(['\n', '\r']).rsplitn(self.dim + 1, ' ');
        let start = self.values.len();
        for _ in 0..self.dim {
            let value = parts.next().and_then(|v| v.parse().ok());
            self.values.push(value.ok_or_else(|| invalid(number, "too few numbers"))?);
        }
        self.values[start..].reverse();
        self.words.push(parts.next().ok_or_else(|| invalid(number, "too few numbers"))?.into());
        Ok(())
    }
}

fn invalid(number: usize, what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("word {number}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_come_back_to_the_bit() {
        let words = ["the", "größe", "数", "a_b", "e\u{301}"];
        let vocab = Vocabulary::new((0..).zip(words).map(|(i, w)| (w.into(), 10 - i)), 1).unwrap();
        let value = |id: WordId, k: usize| match k {
            0 => f32::MIN_POSITIVE / 8.0,
            1 => -0.0,
            2 => f32::MAX,
            // The bytes of a line break and of a space.
            3 => f32::from_le_bytes([10, 32, 10, 65]),
            _ => (id as f32 + 0.1) / 3.0,
        };
        for format in [Format::Binary, Format::Text] {
            let mut file = Vec::new();
            let row = |id: WordId, to: &mut [f32]| to.iter_mut().enumerate().for_each(|(k, v)| *v = value(id, k));
            write(&mut file, format, &vocab, 5, row).unwrap();
            let read = WordVectors::read(&mut &file[..], format).unwrap();
            assert_eq!(read.words, words);
            for id in 0..5 {
                let same = |(k, v): (usize, &f32)| v.to_bits() == value(id as WordId, k).to_bits();
                assert!(read.vector(id).iter().enumerate().all(same), "{format:?} {id}");
            }
            assert!(WordVectors::read(&mut &file[..file.len() - 60], format).is_err());
        }
    }
}
