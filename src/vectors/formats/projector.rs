//! The files of TensorBoard's projector: a line of tab-separated numbers for each word, and a file of labels beside it.

use super::input::{Input, LONGEST_VECTOR, number};
use super::options::ReadOptions;
use super::taken::Taken;
use super::text::{most_frequent, whole_lines};
use super::word_list::WordList;
use super::{Output, each};
use crate::error::{Error, Place, Result, VectorsFault};
use crate::vectors::VectorSource;
use std::io::Write;

/// Headings of a column of words.
const HEADINGS: [&[u8]; 8] = [b"word", b"words", b"label", b"labels", b"name", b"names", b"token", b"text"];
/// The number of lines that determine the size of a vector.
const SEEN: usize = 32;
/// The maximum length of a line in bytes.
const LONGEST_LINE: usize = 64 * LONGEST_VECTOR as usize;

/// Reads vectors and labels. Returns the size of a vector. Labels of one column have no heading. For several columns,
/// the first line is the heading. The words are in the column `word` or `label`, otherwise in the first one.
pub fn read(input: &mut Input, labels: &mut Input, taken: &mut Taken) -> Result<usize> {
    let names = names(labels, taken.options)?;
    let (mut line, mut dim) = (Vec::new(), None);
    if taken.options.skips() {
        dim = usual_size(input.peek()?);
    }
    while !taken.is_full() {
        let row = taken.read();
        let text = match input.line(LONGEST_LINE, row, &mut line) {
            Ok(Some(text)) => text,
            Ok(None) => break,
            Err(Error::NotUtf8 { .. }) if row < names.len() => {
                let word = String::from_utf8_lossy(names.get(row).0).into();
                let fault =
                    VectorsFault::Number { word, text: String::from_utf8_lossy(&line).chars().take(40).collect() };
                taken.broken(input.fault_in_line(fault))?;
                continue;
            }
            Err(error) => return Err(error),
        };
        // Line breaks at the end of the file are not vectors.
        if text.is_empty() && row == names.len() {
            continue;
        }
        let dim = *dim.get_or_insert_with(|| text.split('\t').count());
        if row == names.len() {
            return Err(input.fault_in_line(VectorsFault::GoesOn { words: row }));
        }
        let (start, here) = (taken.values.len(), Place::Line(input.line_number()));
        match numbers(&String::from_utf8_lossy(names.get(row).0), text, dim, &mut taken.values) {
            Ok(()) => taken.named_entry(&names, row, dim, (input.path(), here))?,
            Err(fault) => {
                taken.values.truncate(start);
                taken.broken(input.fault(here, fault))?;
            }
        }
    }
    if !taken.is_full() || taken.read() == 0 {
        names.check_count(taken.read() as u64, input, Place::Whole)?;
    }
    if taken.read() == 0 {
        return Err(input.fault(Place::Whole, VectorsFault::WordsMissVectors { words: 0, vectors: 0 }));
    }
    Ok(dim.unwrap_or(1))
}

/// The most frequent size of a vector in the first lines.
fn usual_size(start: &[u8]) -> Option<usize> {
    let fields = |line: &[u8]| line.split(|byte| *byte == b'\t').count();
    most_frequent(whole_lines(start).take(SEEN).map(fields))
}

/// Parses the numbers of a line.
fn numbers(word: &str, text: &str, dim: usize, to: &mut Vec<f32>) -> std::result::Result<(), VectorsFault> {
    let start = to.len();
    for text in text.split('\t').map(str::trim) {
        to.push(number(word, text)?);
    }
    match to.len() - start {
        found if found == dim => Ok(()),
        found => Err(VectorsFault::Size { word: word.into(), found, dim }),
    }
}

fn names(labels: &mut Input, options: &ReadOptions) -> Result<WordList> {
    let (mut column, mut first) = (0, true);
    WordList::read(labels, options, |line| {
        let mut fields = line.split(|byte| *byte == b'\t');
        if std::mem::take(&mut first) && line.contains(&b'\t') {
            let is_named = |name: &[u8]| HEADINGS.iter().any(|known| name.eq_ignore_ascii_case(known));
            column = fields.position(is_named).unwrap_or(0);
            return None;
        }
        Some(fields.nth(column).unwrap_or(b""))
    })
}

/// Writes the vectors.
pub fn write(out: &mut Output, source: &dyn VectorSource) -> Result<()> {
    let mut line = Vec::new();
    each(source, &mut |_, vector| {
        line.clear();
        for (k, x) in vector.iter().enumerate() {
            write!(line, "{}{x}", if k == 0 { "" } else { "\t" }).expect("memory takes all");
        }
        line.push(b'\n');
        out.put(&line)
    })
}
