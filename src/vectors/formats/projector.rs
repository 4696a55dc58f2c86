//! The files of TensorBoard's projector: a line of numbers a word, joined by tabs, and a file of labels beside it.

use super::input::{Input, LONGEST_VECTOR, LONGEST_WORD};
use super::word2vec::push_numbers;
use super::{Output, each};
use crate::error::{Place, Result, VectorsFault};
use crate::vectors::words;
use crate::vectors::{VectorSource, WordVectors};
use crate::vocab::Words;
use ndarray::Array2;
use std::io::Write;

/// Bytes of the longest line.
const LONGEST_LINE: usize = 64 * LONGEST_VECTOR as usize;

/// Reads vectors and labels. Labels of one column have no heading; of several columns the first line is one, and the column `word`
/// or `label` has the words, or else the first.
pub fn read(input: &mut Input, labels: &mut Input) -> Result<WordVectors> {
    let words = words(labels)?;
    let (mut values, mut line) = (Vec::new(), Vec::new());
    let (mut dim, mut rows) = (0, 0);
    while let Some(text) = input.line(LONGEST_LINE, rows, &mut line)? {
        if rows == 0 {
            dim = text.split('\t').count();
        }
        if rows == words.len() {
            return Err(input.fault_in_line(VectorsFault::GoesOn { words: rows }));
        }
        let numbers = text.split('\t').map(str::trim);
        push_numbers(words.get(rows), numbers, dim, &mut values).map_err(|fault| input.fault_in_line(fault))?;
        rows += 1;
    }
    if rows != words.len() || rows == 0 {
        let fault = VectorsFault::WordsMissVectors { words: words.len() as u64, vectors: rows as u64 };
        return Err(input.fault(Place::Whole, fault));
    }
    let values = Array2::from_shape_vec((rows, dim), values).expect("dim numbers a word");
    Ok(WordVectors { words, values })
}

fn words(labels: &mut Input) -> Result<Words> {
    let (mut words, mut line) = (Words::default(), Vec::new());
    let (mut column, mut first) = (0, true);
    while let Some(text) = labels.line(LONGEST_WORD + 2, words.len(), &mut line)? {
        let heading = std::mem::take(&mut first) && text.contains('\t');
        if heading {
            let named = |name: &&str| name.eq_ignore_ascii_case("word") || name.eq_ignore_ascii_case("label");
            column = text.split('\t').position(|name| named(&name)).unwrap_or(0);
            continue;
        }
        let word = text.split('\t').nth(column).unwrap_or("");
        words::push(&mut words, word).map_err(|fault| labels.fault_in_line(fault))?;
    }
    Ok(words)
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
