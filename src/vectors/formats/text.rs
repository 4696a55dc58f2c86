//! Vectors as lines of text: the formats of word2vec and fastText with a header, and GloVe's without.
//!
//! The last numbers of a line are the vector. The rest is the word, which may contain spaces. A line whose word would
//! contain spaces and end in a number is refused, since it may be a vector that is too long.

use super::input::{Input, LONGEST_VECTOR, LONGEST_WORD, number};
use super::taken::Taken;
use super::word2vec::{header, is_header};
use crate::error::{Error, Place, Result, VectorsFault};

/// The maximum length of a number in bytes, including the space before it. The digits of the smallest f64 fit.
const LONGEST_NUMBER: usize = 1100;
/// The number of lines that determine the size of a vector.
const SEEN: usize = 1_000;

/// Reads lines after a header. Returns the size of a vector.
pub fn read(input: &mut Input, taken: &mut Taken) -> Result<usize> {
    if taken.options.skips() && !is_header(input.peek()?) {
        // The first line may be an entry.
        taken.wrong_header();
        return read_lines(input, taken, None);
    }
    let (count, dim) = header(input)?;
    let wanted = count.min(taken.options.first.map_or(u64::MAX, |first| first as u64));
    // The minimum for a line is a letter, two bytes a number, and a line break, which the last line may lack.
    let need =
        dim.checked_mul(2).and_then(|bytes| (bytes + 2).checked_mul(wanted)).map(|bytes| bytes.saturating_sub(1));
    let room = input.check_size(Place::Line(1), wanted, dim, need);
    if taken.options.skips() {
        return read_leniently(input, taken, (count, dim, room.is_ok()));
    }
    taken.values.reserve(room?);
    let dim = dim as usize;
    let mut line = Vec::new();
    while (taken.read() as u64) < count && !taken.is_full() {
        let Some(text) = next(input, longest(dim), taken.read(), &mut line)? else {
            return Err(input.fault_in_line(VectorsFault::Ends { what: "the lines", words: taken.read() }));
        };
        entry(input, taken, text, dim)?;
    }
    if !taken.is_full() {
        input.end(taken.read())?;
    }
    Ok(dim)
}

/// Reads lines after a header that may be wrong. The tuple holds the number of words, the size of a vector, and whether
/// the file can be that large. If fewer than a quarter of the visible lines have that size, the usual size of these
/// lines is used.
fn read_leniently(input: &mut Input, taken: &mut Taken, (count, dim, fits): (u64, u64, bool)) -> Result<usize> {
    let start = input.peek()?;
    let named = usize::try_from(dim).ok().filter(|_| dim <= LONGEST_VECTOR);
    let is_usual = |dim: &usize| {
        let has_it = |line: &&[u8]| size_of(&String::from_utf8_lossy(line)) == *dim;
        4 * whole_lines(start).filter(has_it).count() >= whole_lines(start).count()
    };
    let found = match named.filter(is_usual) {
        Some(dim) => Some(dim),
        None => usual_size(start).or(named),
    };
    if !fits || found != named {
        taken.wrong_header();
    }
    let dim = read_lines(input, taken, found)?;
    if !taken.is_full() && taken.read() as u64 != count {
        taken.wrong_header();
    }
    Ok(dim)
}

/// Reads lines to the end of the file. If no size is given, the first lines determine it.
pub fn read_lines(input: &mut Input, taken: &mut Taken, dim: Option<usize>) -> Result<usize> {
    let mut dim = match dim {
        Some(dim) => Some(dim),
        None => usual_size(input.peek()?),
    };
    let (mut line, mut blank) = (Vec::new(), 0);
    while !taken.is_full() {
        let limit = longest(dim.unwrap_or(LONGEST_VECTOR as usize));
        let text = match next(input, limit, taken.read(), &mut line) {
            Ok(Some("")) => {
                blank += 1;
                continue;
            }
            Ok(Some(text)) => text,
            Ok(None) => break,
            Err(error) => {
                let long = matches!(&error, Error::VectorsFile { fault: VectorsFault::LongWord { .. }, .. });
                taken.broken(error)?;
                if long {
                    input.skip_line()?;
                }
                continue;
            }
        };
        // Line breaks at the end of a file are not words.
        for _ in 0..std::mem::take(&mut blank) {
            let number = taken.read() + 1;
            taken.broken(input.fault(Place::Line(input.line_number() - 1), VectorsFault::EmptyWord { number }))?;
        }
        let size = *dim.get_or_insert_with(|| size_of(text));
        if input.line_number() == 1 && size_of(text) != size && text.split_ascii_whitespace().count() <= 3 {
            // Shorter than an entry, so more likely a header.
            let expected = "a line of two numbers, or of a word and its vector";
            taken.pass_over(input.fault_in_line(VectorsFault::Header { expected }))?;
            continue;
        }
        if size == 0 {
            dim = None;
            let word = text.split_ascii_whitespace().next().unwrap_or("").into();
            taken.broken(input.fault_in_line(VectorsFault::Size { word, found: 0, dim: 1 }))?;
            continue;
        }
        entry(input, taken, text, size)?;
    }
    Ok(dim.unwrap_or(1))
}

/// Reads a line. A line that is not UTF-8 is reported as such a word, since numbers are ASCII.
fn next<'b>(input: &mut Input, limit: usize, words: usize, to: &'b mut Vec<u8>) -> Result<Option<&'b str>> {
    input.line(limit, words, to).map_err(|error| match error {
        Error::NotUtf8 { .. } => input.fault_in_line(VectorsFault::NotUtf8 { number: words + 1 }),
        error => error,
    })
}

/// The maximum length of a line in bytes.
fn longest(dim: usize) -> usize {
    LONGEST_WORD + dim.min(LONGEST_VECTOR as usize) * LONGEST_NUMBER
}

/// The most frequent size of a vector in the first lines, among words without spaces. `None` if there is no such
/// complete line.
pub fn usual_size(start: &[u8]) -> Option<usize> {
    let size = |line: &[u8]| {
        let line = String::from_utf8_lossy(line);
        Some(size_of(&line)).filter(|size| *size > 0 && line.split_ascii_whitespace().count() == size + 1)
    };
    most_frequent(whole_lines(start).filter_map(size).take(SEEN))
}

/// The most frequent of several sizes; of equally frequent ones, the first.
pub fn most_frequent(sizes: impl Iterator<Item = usize>) -> Option<usize> {
    let mut counts: Vec<(usize, usize)> = Vec::new();
    for size in sizes {
        match counts.iter_mut().find(|(other, _)| *other == size) {
            Some((_, count)) => *count += 1,
            None => counts.push((size, 1)),
        }
    }
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map(|(size, _)| size)
}

/// The lines whose end is visible, without blank ones.
pub fn whole_lines(start: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = start.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    start[..end].split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty())
}

/// The number of numbers at the end of a line, after a word.
pub fn size_of(line: &str) -> usize {
    let numbers = line.rsplit([' ', '\t']).filter(|field| !field.trim_ascii().is_empty());
    let fields = line.split_ascii_whitespace().count();
    numbers.take_while(|field| field.trim_ascii().parse::<f32>().is_ok()).count().min(fields.saturating_sub(1))
}

/// Reads a line of a word and `dim` numbers.
fn entry(input: &Input, taken: &mut Taken, text: &str, dim: usize) -> Result<()> {
    let start = taken.values.len();
    match word(text, dim, &mut taken.values) {
        Ok(word) => {
            let place = Place::Line(input.line_number());
            taken.entry(word.as_bytes(), dim, input.path(), [place; 2])
        }
        Err(fault) => {
            taken.values.truncate(start);
            taken.broken(input.fault_in_line(fault))
        }
    }
}

/// Returns the word of a line, and appends its numbers to `to`.
fn word<'t>(text: &'t str, dim: usize, to: &mut Vec<f32>) -> std::result::Result<&'t str, VectorsFault> {
    let (word, numbers) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    let start = to.len();
    let fault = match push(word, numbers.split_ascii_whitespace(), to) {
        Ok(()) if to.len() - start == dim => return Ok(word),
        Ok(()) => VectorsFault::Size { word: word.into(), found: to.len() - start, dim },
        Err(fault) => fault,
    };
    to.truncate(start);
    // Either the word contains spaces, or a number is invalid.
    let (mut rest, mut fields) = (text.trim_ascii_end(), Vec::with_capacity(dim.min(64)));
    while fields.len() < dim {
        let Some((before, field)) = rest.rsplit_once(|c: char| c.is_ascii_whitespace()) else { return Err(fault) };
        fields.push(field);
        rest = before.trim_ascii_end();
    }
    let word = rest.trim_ascii_start();
    let last = word.rsplit(|c: char| c.is_ascii_whitespace()).next().unwrap_or("");
    if word.is_empty() {
        return Err(fault);
    }
    // A decimal comma counts too.
    if last.len() < word.len() && last.replace(',', ".").parse::<f32>().is_ok() {
        let found = text.split_ascii_whitespace().count() - 1;
        let word = text.split_ascii_whitespace().next().unwrap_or("").into();
        return Err(VectorsFault::Size { word, found, dim });
    }
    push(word, fields.into_iter().rev(), to).map(|()| word)
}

fn push<'t>(
    word: &str,
    numbers: impl Iterator<Item = &'t str>,
    to: &mut Vec<f32>,
) -> std::result::Result<(), VectorsFault> {
    for text in numbers {
        to.push(number(word, text)?);
    }
    Ok(())
}
