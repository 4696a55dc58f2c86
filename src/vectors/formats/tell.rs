//! Recognizes the format of a file by its first bytes.

use super::input::MARK;
use super::options::ReadOptions;
use super::text::{size_of, usual_size, whole_lines};
use super::word2vec::{is_binary, is_blank, sized};
use super::{Format, finalfusion, model, npy, unknown};
use crate::error::{Error, Place, Result, TextFault, VectorsFault};
use crate::files;
use std::path::Path;

/// The number of lines that are examined for GloVe's format.
const SEEN: usize = 32;
/// At least this many values whose bytes are all digits are taken for text, whatever the name of the file.
const MANY: usize = 6;

/// The format of a file that starts with these bytes: the given one, the one recognized from the bytes, or the one of
/// the name. First bytes that only one format has take precedence over the name. So do the contents of word2vec's
/// formats and GloVe's, whose files often have each other's endings.
///
/// # Errors
/// [`Error::VectorsFormat`] if nothing indicates a format, [`VectorsFault::Foreign`] for a file of another kind, and
/// [`TextFault::NoMark`] for UTF-16 or UTF-32 without a byte order mark.
pub fn format(start: &[u8], path: &Path, options: &ReadOptions) -> Result<Format> {
    let start = start.strip_prefix(MARK).unwrap_or(start);
    // The last line of a file may lack its line break.
    let line = (!start.contains(&b'\n')).then(|| [start, b"\n"].concat());
    let start = line.as_deref().unwrap_or(start);
    let named = Format::of(path).or(Format::is_model_name(path).then_some(Format::Model));
    if options.format.is_none() && start.trim_ascii().is_empty() {
        return Err(Error::VectorsFile { path: path.into(), place: Place::Whole, fault: VectorsFault::EmptyFile });
    }
    let told = by_content(start, named).filter(|_| base64(start).is_none());
    // GloVe's lines may start with any word.
    let is_row = |line: &[u8]| size_of(&String::from_utf8_lossy(line)) > 0;
    let is_glove = options.format == Some(Format::Glove) && whole_lines(start).next().is_some_and(is_row);
    if told.is_none()
        && !is_glove
        && let Some(kind) = files::not_vectors(start).or_else(|| base64(start)).or_else(|| three_numbers(start))
    {
        let fault = VectorsFault::Foreign { what: kind.name, advice: kind.advice };
        return Err(Error::VectorsFile { path: path.into(), place: Place::Whole, fault });
    }
    if told.is_none()
        && let Some(encoding) = files::unmarked(start)
    {
        return Err(TextFault::NoMark { path: path.into(), encoding }.into());
    }
    let told = told.filter(|found| match named {
        None => true,
        // No other file starts with the bytes of these formats.
        Some(_) if matches!(found, Format::Npy | Format::Finalfusion | Format::Model) => true,
        // A text whose first line is damaged is still a text.
        Some(Format::Text | Format::FastText) => *found == Format::Glove || start.contains(&0) || is_binary(start),
        Some(Format::Binary) => matches!(found, Format::Text | Format::Glove),
        Some(Format::Projector) => *found == Format::Glove,
        Some(_) => false,
    });
    options.format.or(told).or(named).ok_or_else(|| unknown(path))
}

/// Recognizes the format by the first bytes of a file. These are one of two magic numbers, the header of a model,
/// word2vec's first line, or lines of a word and equally many numbers. After word2vec's first line, lines of text mean
/// the text format. If the bytes of values happen to be digits, the name decides between word2vec's formats; without a
/// name, the text format is assumed.
fn by_content(start: &[u8], named: Option<Format>) -> Option<Format> {
    if start.starts_with(npy::MAGIC) {
        return Some(Format::Npy);
    }
    if start.starts_with(finalfusion::MAGIC) {
        return Some(Format::Finalfusion);
    }
    if model::is_model(start) {
        return Some(Format::Model);
    }
    let Some((_, dim, _)) = sized(start) else { return is_glove(start).then_some(Format::Glove) };
    let first = start.split(|byte| *byte == b'\n').nth(1)?;
    let line = String::from_utf8_lossy(first);
    let number = line.split_ascii_whitespace().nth(1).is_some_and(|number| number.parse::<f64>().is_ok());
    let has_spaces = || dim > 1 && std::str::from_utf8(first).is_ok() && size_of(&line) >= dim;
    let text = (number || has_spaces()) && !first.contains(&0) || is_plain(start) && !is_binary(start);
    // A few values may consist of digits by chance.
    let is_short = named == Some(Format::Binary) && whole_lines(start).skip(1).take(SEEN).count() * dim < MANY;
    let text = text && !(is_binary(start) && (is_short || !is_text(start)));
    Some(if text { Format::Text } else { Format::Binary })
}

/// Whether the visible part of a file contains only letters, spaces and line ends.
fn is_plain(start: &[u8]) -> bool {
    // The visible part may end inside a character.
    let valid = std::str::from_utf8(start).map_or_else(|e| e.error_len().map_or(e.valid_up_to(), |_| 0), str::len);
    let text = String::from_utf8_lossy(&start[..valid]);
    valid > 0 && !text.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}

/// Whether the visible part of a file is in the text format.
fn is_text(start: &[u8]) -> bool {
    let Some((words, dim, rest)) = sized(start) else { return false };
    let mut lines = rest.split_inclusive(|byte| *byte == b'\n');
    let are_lines = lines.by_ref().take(words).filter(|line| line.ends_with(b"\n")).all(|line| {
        let line = String::from_utf8_lossy(line);
        line.split_ascii_whitespace().count() == dim + 1 && size_of(&line) == dim
    });
    are_lines && lines.all(is_blank)
}

/// Whether most visible lines are a word and equally many numbers. At least two numbers are required, to exclude lists
/// of words with counts. Half of the words must not be numbers, to exclude matrices.
fn is_glove(start: &[u8]) -> bool {
    let Some(dim) = usual_size(start).filter(|dim| *dim >= 2) else { return false };
    let lines: Vec<_> = whole_lines(start).take(SEEN).collect();
    if lines.iter().any(|line| line.contains(&0)) || three_numbers(start).is_some() {
        return false;
    }
    let lines: Vec<_> = lines.into_iter().map(String::from_utf8_lossy).collect();
    let entries = lines.iter().filter(|line| size_of(line) == dim).count();
    let numbers = lines.iter().filter(|line| begins_with_number(line)).count();
    2 * entries > lines.len() && 2 * numbers <= lines.len()
}

fn begins_with_number(line: &str) -> bool {
    line.split_ascii_whitespace().next().is_some_and(|word| word.parse::<f64>().is_ok())
}

/// A header of three numbers, the second of which is the size of the vectors.
fn three_numbers(start: &[u8]) -> Option<files::Foreign> {
    let header = String::from_utf8_lossy(whole_lines(start).next()?);
    let sizes = header.split_ascii_whitespace().map(|size| size.parse::<usize>().ok()).collect::<Option<Vec<_>>>()?;
    let rest = &start[start.iter().position(|byte| *byte == b'\n')?..];
    let usual = usual_size(rest)?;
    let lines: Vec<_> = whole_lines(rest).take(SEEN).map(String::from_utf8_lossy).collect();
    // A matrix without words has numbers in place of the words.
    let numbers = lines.iter().filter(|line| begins_with_number(line)).count();
    let is_one = matches!(sizes[..], [_, dim, _] if dim == usual) && 2 * numbers <= lines.len();
    is_one.then_some(files::Foreign {
        name: "a text of DL4J (its header has three numbers)",
        advice: "keep only the first two numbers of the header",
    })
}

/// Recognizes DL4J files, whose words are in base64.
fn base64(start: &[u8]) -> Option<files::Foreign> {
    let mut lines = whole_lines(start).take(SEEN + 1);
    let (all, coded) =
        lines.by_ref().fold((0, 0), |(all, coded), line| (all + 1, coded + usize::from(line.starts_with(b"B64:"))));
    (coded > 0 && 2 * coded + 1 >= all).then_some(files::Foreign {
        name: "a text of DL4J with its words in base64",
        advice: "decode the base64 of each word after `B64:`, and keep only two numbers in the first line",
    })
}
