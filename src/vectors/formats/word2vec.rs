//! The formats of word2vec: the header, the binary format, and a common writer for all related formats.

use super::input::{Input, LONGEST_VECTOR, LONGEST_WORD, MARK};
use super::taken::Taken;
use super::{Output, each, write_mark};
use crate::error::{Place, Result, VectorsFault};
use crate::vectors::VectorSource;
use hashbrown::HashSet;
use std::io::{self, Write};

/// The maximum length of the first line in bytes.
const LONGEST_HEADER: usize = 64;

/// Reads the first line: the number of words, and the size of a vector.
pub fn header(input: &mut Input) -> Result<(u64, u64)> {
    let mut line = Vec::new();
    input.until(b'\n', LONGEST_HEADER, &mut line)?;
    let sizes = std::str::from_utf8(&line).ok().filter(|_| line.ends_with(b"\n")).and_then(|line| {
        let mut parts = line.split_ascii_whitespace().map(|n| n.parse::<u64>().ok().filter(|n| *n > 0));
        Some((parts.next()??, parts.next()??)).filter(|_| parts.next().is_none())
    });
    let expected =
        "the number of words and the size of a vector in the first line; a file without this line has the format glove";
    sizes.ok_or_else(|| input.fault(Place::Line(1), VectorsFault::Header { expected }))
}

/// The number of words, the size of a vector, and the bytes after the first line.
pub fn sized(start: &[u8]) -> Option<(usize, usize, &[u8])> {
    let end = start.iter().take(LONGEST_HEADER).position(|byte| *byte == b'\n')?;
    let mut sizes = std::str::from_utf8(&start[..end]).ok()?.split_ascii_whitespace().map(|size| size.parse().ok());
    let (words, dim): (usize, usize) = (sizes.next()??, sizes.next()??);
    Some((words, dim, &start[end + 1..])).filter(|_| dim > 0 && sizes.next().is_none())
}

pub fn is_blank(rest: &[u8]) -> bool {
    rest.iter().all(|byte| matches!(byte, b'\n' | b'\r'))
}

/// Whether a file starts with a header.
pub fn is_header(start: &[u8]) -> bool {
    sized(start.strip_prefix(MARK).unwrap_or(start)).is_some_and(|(words, ..)| words > 0)
}

/// Whether at least half of the visible entries have distinct words of letters. With a wrong vector size, entries would
/// begin inside vectors.
fn is_framed(start: &[u8], dim: usize) -> bool {
    let (mut rest, mut seen, mut good) = (start, 0, HashSet::new());
    while let Some(word) = rest.iter().take(LONGEST_WORD).position(|byte| *byte == b' ') {
        let bytes = rest[..word].trim_ascii_start();
        let is_word = |word: &str| !word.is_empty() && !word.contains(char::is_control);
        seen += 1;
        good.extend(std::str::from_utf8(bytes).ok().filter(|word| is_word(word)));
        let Some(next) = rest.get(dim.saturating_mul(4).saturating_add(word + 1)..) else { break };
        rest = next;
    }
    2 * good.len() >= seen
}

/// Whether the visible part of a file is in the binary format with line breaks, and contains at least one vector.
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

/// Reads the binary format. Returns the size of a vector. gensim and word2vec end every vector with a line break, other
/// programs do not.
pub fn read_binary(input: &mut Input, taken: &mut Taken) -> Result<usize> {
    let (count, dim) = header(input)?;
    let wanted = count.min(taken.options.first.map_or(u64::MAX, |first| first as u64));
    // A word takes at least one letter and a space.
    let need = dim.checked_mul(4).and_then(|bytes| (bytes + 2).checked_mul(wanted));
    match input.check_size(Place::Line(1), wanted, dim, need) {
        Ok(room) => taken.values.reserve(room),
        Err(_) if taken.options.skips() && dim <= LONGEST_VECTOR => taken.wrong_header(),
        Err(error) => return Err(error),
    }
    let (dim, mut bytes) = (dim as usize, Vec::new());
    if taken.options.skips() && !is_framed(input.peek()?, dim) {
        // The start of the next word cannot be determined.
        let expected = "a file of vectors of that size";
        return Err(input.fault(Place::Line(1), VectorsFault::Header { expected }));
    }
    while !taken.is_full() {
        if taken.read() as u64 >= count {
            match input.end(taken.read()) {
                Ok(()) => return Ok(dim),
                Err(error) => taken.pass_over(error)?,
            }
        }
        let number = taken.read();
        let place = Place::Byte(input.at());
        let limit = LONGEST_WORD + 2;
        input.until(b' ', limit, &mut bytes)?;
        if bytes.pop_if(|last| *last == b' ').is_none() {
            if bytes.len() >= limit {
                // The start of the next word cannot be determined.
                return Err(input.fault(place, VectorsFault::LongWord { number: number + 1, limit: LONGEST_WORD }));
            }
            let ends = input.fault_here(VectorsFault::Ends { what: "a word", words: number });
            if taken.options.skips() && is_blank(&bytes) {
                taken.wrong_header();
            } else {
                taken.pass_over(ends)?;
            }
            return Ok(dim);
        }
        let start = bytes.iter().take_while(|byte| **byte == b'\n').count();
        let (vector, known) = (Place::Byte(input.at()), taken.values.len());
        if let Err(error) = input.numbers(dim, number, f32::from_le_bytes, &mut taken.values) {
            taken.values.truncate(known);
            taken.pass_over(error)?;
            return Ok(dim);
        }
        taken.entry(&bytes[start..], dim, input.path(), [place, vector])?;
    }
    Ok(dim)
}

/// The format of an entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Binary,
    Word2vec,
    FastText,
    /// Like [`Self::Word2vec`], without a header.
    Glove,
}

/// Writes any of the four formats.
pub fn write(out: &mut Output, style: Style, source: &dyn VectorSource) -> Result<()> {
    match style {
        Style::Glove => write_mark(out, source)?,
        _ => out.put(format!("{} {}\n", source.len(), source.dim()).as_bytes())?,
    }
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
        Style::Word2vec | Style::Glove => vector.iter().try_for_each(|v| write!(line, " {v}"))?,
        Style::FastText => {
            line.push(b' ');
            vector.iter().try_for_each(|v| write!(line, "{v} "))?;
        }
    }
    line.push(b'\n');
    Ok(())
}
