//! word2vec's formats, and fastText's `.vec`.

use super::input::{Input, LONGEST_WORD, check_finite, number};
use super::{Output, each};
use crate::error::{Place, Result, VectorsFault};
use crate::vectors::words;
use crate::vectors::{VectorSource, WordVectors};
use crate::vocab::Words;
use ndarray::Array2;
use std::io::{self, Write};

/// Bytes of the longest first line.
const LONGEST_HEADER: usize = 64;
/// Bytes of the longest number in text, with the space before it: the digits of the smallest f64 fit.
const LONGEST_NUMBER: usize = 1100;

/// The first line.
fn header(input: &mut Input) -> Result<(u64, u64)> {
    let mut line = Vec::new();
    input.until(b'\n', LONGEST_HEADER, &mut line)?;
    let sizes = std::str::from_utf8(&line).ok().filter(|_| line.ends_with(b"\n")).and_then(|line| {
        let mut parts = line.split_ascii_whitespace().map(|n| n.parse::<u64>().ok().filter(|n| *n > 0));
        Some((parts.next()??, parts.next()??)).filter(|_| parts.next().is_none())
    });
    let expected = "a line of two numbers from 1, the words and the size of a vector";
    sizes.ok_or_else(|| input.fault(Place::Line(1), VectorsFault::Header { expected }))
}

/// The number of words and the size of a vector by the first line, and what follows that line.
fn sized(start: &[u8]) -> Option<(usize, usize, &[u8])> {
    let end = start.iter().take(LONGEST_HEADER).position(|byte| *byte == b'\n')?;
    let mut sizes = std::str::from_utf8(&start[..end]).ok()?.split_ascii_whitespace().map(|size| size.parse().ok());
    let (words, dim): (usize, usize) = (sizes.next()??, sizes.next()??);
    Some((words, dim, &start[end + 1..])).filter(|_| dim > 0)
}

fn is_blank(rest: &[u8]) -> bool {
    rest.iter().all(|byte| matches!(byte, b'\n' | b'\r'))
}

/// Whether all that can be seen of a file is in the binary format, with line breaks, and one vector at least is there.
pub fn is_binary(start: &[u8]) -> bool {
    let Some((words, dim, mut rest)) = sized(start) else { return false };
    for seen in 0..words {
        let Some(word) = rest.iter().position(|byte| *byte == b' ') else { return seen > 0 };
        let end = dim.saturating_mul(4).saturating_add(word + 1);
        let Some(after) = rest.get(end) else { return seen > 0 };
        let is_word = word > 0 && std::str::from_utf8(&rest[..word]).is_ok_and(|word| !word.contains('\n'));
        if !is_word || *after != b'\n' {
            return false;
        }
        rest = &rest[end + 1..];
    }
    is_blank(rest)
}

/// Whether all that can be seen of a file is in the text format.
pub fn is_text(start: &[u8]) -> bool {
    let Some((words, dim, mut rest)) = sized(start) else { return false };
    for _ in 0..words {
        // What is cut off by the end of what can be seen tells nothing.
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { return true };
        let line = String::from_utf8_lossy(&rest[..end]);
        let mut numbers = line.split_ascii_whitespace().skip(1);
        if numbers.by_ref().take(dim).filter(|text| text.parse::<f32>().is_ok()).count() != dim
            || numbers.next().is_some()
        {
            return false;
        }
        rest = &rest[end + 1..];
    }
    is_blank(rest)
}

/// Reads the binary format. gensim and word2vec end every vector with a line break, others do not.
pub fn read_binary(input: &mut Input) -> Result<WordVectors> {
    let (count, dim) = header(input)?;
    // A word is a letter and a space at least.
    let need = dim.checked_mul(4).and_then(|bytes| (bytes + 2).checked_mul(count));
    let (mut words, mut values) = (Words::default(), Vec::new());
    values.reserve(input.check_size(Place::Line(1), count, dim, need)?);
    let (dim, mut bytes) = (dim as usize, Vec::new());
    for number in 0..count as usize {
        let place = Place::Byte(input.at());
        let limit = LONGEST_WORD + 2;
        input.until(b' ', limit, &mut bytes)?;
        if bytes.pop() != Some(b' ') {
            return Err(if bytes.len() + 1 >= limit {
                input.fault(place, VectorsFault::LongWord { number: number + 1, limit: LONGEST_WORD })
            } else {
                input.fault_here(VectorsFault::Ends { what: "a word", words: number })
            });
        }
        let start = bytes.iter().take_while(|byte| **byte == b'\n').count();
        input.word(&bytes[start..], &mut words, place)?;
        let place = Place::Byte(input.at());
        input.numbers(dim, number, f32::from_le_bytes, &mut values)?;
        let vector = &values[number * dim..];
        check_finite(words.get(number), vector).map_err(|fault| input.fault(place, fault))?;
    }
    input.end(words.len())?;
    let values = Array2::from_shape_vec((words.len(), dim), values).expect("dim numbers a word");
    Ok(WordVectors { words, values })
}

/// Reads the text format, of word2vec, gensim and fastText alike.
pub fn read_text(input: &mut Input) -> Result<WordVectors> {
    let (count, dim) = header(input)?;
    // A line is a letter, two bytes a number, and a line break, but perhaps the last.
    let need = dim.checked_mul(2).and_then(|bytes| (bytes + 2).checked_mul(count)).map(|bytes| bytes - 1);
    let (mut words, mut values) = (Words::default(), Vec::new());
    values.reserve(input.check_size(Place::Line(1), count, dim, need)?);
    let (dim, mut line) = (dim as usize, Vec::new());
    let limit = LONGEST_WORD + dim * LONGEST_NUMBER;
    for number in 0..count as usize {
        let Some(text) = input.line(limit, number, &mut line)? else {
            return Err(input.fault_in_line(VectorsFault::Ends { what: "the lines", words: number }));
        };
        let (word, numbers) = text.split_once([' ', '\t']).unwrap_or((text, ""));
        if word.len() > LONGEST_WORD {
            let fault = VectorsFault::LongWord { number: number + 1, limit: LONGEST_WORD };
            return Err(input.fault_in_line(fault));
        }
        words::push(&mut words, word).map_err(|fault| input.fault_in_line(fault))?;
        push_numbers(word, numbers.split_ascii_whitespace(), dim, &mut values).map_err(|f| input.fault_in_line(f))?;
    }
    input.end(words.len())?;
    let values = Array2::from_shape_vec((words.len(), dim), values).expect("dim numbers a word");
    Ok(WordVectors { words, values })
}

/// The numbers of a line.
pub fn push_numbers<'a>(
    word: &str,
    numbers: impl Iterator<Item = &'a str>,
    dim: usize,
    to: &mut Vec<f32>,
) -> std::result::Result<(), VectorsFault> {
    let start = to.len();
    for text in numbers {
        to.push(number(word, text)?);
    }
    let found = to.len() - start;
    if found != dim {
        return Err(VectorsFault::Size { word: word.into(), found, dim });
    }
    check_finite(word, &to[start..])
}

/// How a line of text ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Binary,
    Word2vec,
    FastText,
}

/// Writes any of the three.
pub fn write(out: &mut Output, style: Style, source: &dyn VectorSource) -> Result<()> {
    out.put(format!("{} {}\n", source.len(), source.dim()).as_bytes())?;
    let mut line = Vec::new();
    each(source, &mut |word, vector| {
        line.clear();
        line.extend_from_slice(word.as_bytes());
        numbers(&mut line, style, vector).expect("memory takes all");
        out.put(&line)
    })
}

fn numbers(line: &mut Vec<u8>, style: Style, vector: &[f32]) -> io::Result<()> {
    match style {
        Style::Binary => {
            line.push(b' ');
            vector.iter().for_each(|v| line.extend_from_slice(&v.to_le_bytes()));
        }
        Style::Word2vec => vector.iter().try_for_each(|v| write!(line, " {v}"))?,
        Style::FastText => {
            line.push(b' ');
            vector.iter().try_for_each(|v| write!(line, "{v} "))?;
        }
    }
    line.push(b'\n');
    Ok(())
}
