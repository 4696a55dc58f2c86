//! NumPy's `.npy` (NEP 1): a matrix, with the words in a text file beside it, one a line.

use super::input::Input;
use super::taken::Taken;
use super::word_list::WordList;
use super::{Output, each};
use crate::error::{Error, Place, Result, VectorsFault};
use crate::vectors::VectorSource;
use half::f16;
use ndarray::{Array2, ShapeBuilder};

pub const MAGIC: &[u8] = b"\x93NUMPY";
/// The maximum header length in bytes, which is NumPy's own limit.
const LONGEST_HEADER: usize = 10_000;
/// The matrix starts at a multiple of this many bytes.
const ALIGNMENT: usize = 64;
const EXPECTED: &str = "a file of NumPy, of version 1 to 3, with a matrix";

/// Reads the matrix and its words. Returns the size of a vector.
pub fn read(input: &mut Input, beside: &mut Input, taken: &mut Taken) -> Result<usize> {
    let (header, place) = header(input)?;
    let &[rows, dim] = &header.shape[..] else { return Err(bad(input)) };
    let numbers = Numbers::of(&header.kind).ok_or_else(|| {
        let known = "<f2, >f2, <f4, >f4, <f8, >f8";
        input.fault(place, VectorsFault::NotRead { what: "type of the numbers", value: header.kind.clone(), known })
    })?;
    let wanted = taken.options.first.map_or(rows, |first| rows.min(first as u64));
    let wanted = if header.by_columns { rows } else { wanted };
    let need = wanted.checked_mul(dim).and_then(|n| n.checked_mul(numbers.bytes()));
    input.check_size(place, rows, dim, Some(0))?;
    let room = input.check_size(place, wanted, dim, need)?;
    if rows == 0 || dim == 0 {
        return Err(input.fault(place, VectorsFault::TooLarge { words: rows, dim }));
    }
    let (rows, dim) = (rows as usize, dim as usize);
    let names = WordList::read(beside, taken.options, |line| Some(line))?;
    names.check_count(rows as u64, beside, Place::Line(beside.line_number()))?;
    let needed = names.needed(taken.options);
    if header.by_columns {
        let mut values = Vec::with_capacity(room);
        numbers.read(input, rows * dim, &mut values)?;
        let values = Array2::from_shape_vec((rows, dim).f(), values).expect("rows times dim numbers");
        for (row, values) in values.rows().into_iter().enumerate().take(needed) {
            taken.values.extend(values);
            entry(input, taken, &names, row, dim)?;
        }
    } else {
        taken.values.reserve(room);
        for row in 0..needed {
            numbers.read(input, dim, &mut taken.values)?;
            entry(input, taken, &names, row, dim)?;
        }
    }
    if needed == rows {
        input.end(rows)?;
    }
    Ok(dim)
}

/// Adds a row, unless there are already enough words.
fn entry(input: &Input, taken: &mut Taken, names: &WordList, row: usize, dim: usize) -> Result<()> {
    if taken.is_full() {
        taken.values.truncate(taken.values.len() - dim);
        return Ok(());
    }
    taken.named_entry(names, row, dim, (input.path(), Place::Whole))
}

fn bad(input: &Input) -> Error {
    input.fault(Place::Byte(0), VectorsFault::Header { expected: EXPECTED })
}

/// Reads the header. Returns it with its position.
fn header(input: &mut Input) -> Result<(Header, Place)> {
    let mut start = [0; 8];
    input.exact(&mut start, "the first bytes", 0)?;
    if &start[..6] != MAGIC {
        return Err(bad(input));
    }
    let mut len = [0; 4];
    match start[6] {
        1 => input.exact(&mut len[..2], "the header", 0)?,
        2 | 3 => input.exact(&mut len, "the header", 0)?,
        _ => return Err(bad(input)),
    }
    let len = u32::from_le_bytes(len) as usize;
    if len > LONGEST_HEADER {
        return Err(bad(input));
    }
    let (mut header, place) = (vec![0; len], Place::Byte(input.at()));
    input.exact(&mut header, "the header", 0)?;
    let header = std::str::from_utf8(&header).ok().and_then(Header::parse).ok_or_else(|| bad(input))?;
    Ok((header, place))
}

/// The supported types of numbers.
#[derive(Clone, Copy)]
enum Numbers {
    F16,
    F32,
    F64,
    BigF16,
    BigF32,
    BigF64,
}

impl Numbers {
    fn of(kind: &str) -> Option<Self> {
        Some(match kind {
            "<f2" => Self::F16,
            "<f4" => Self::F32,
            "<f8" => Self::F64,
            ">f2" => Self::BigF16,
            ">f4" => Self::BigF32,
            ">f8" => Self::BigF64,
            _ => return None,
        })
    }

    fn bytes(self) -> u64 {
        match self {
            Self::F16 | Self::BigF16 => 2,
            Self::F32 | Self::BigF32 => 4,
            Self::F64 | Self::BigF64 => 8,
        }
    }

    fn read(self, input: &mut Input, count: usize, to: &mut Vec<f32>) -> Result<()> {
        match self {
            Self::F16 => input.numbers(count, 0, |bytes| f16::from_le_bytes(bytes).to_f32(), to),
            Self::BigF16 => input.numbers(count, 0, |bytes| f16::from_be_bytes(bytes).to_f32(), to),
            Self::F32 => input.numbers(count, 0, f32::from_le_bytes, to),
            Self::BigF32 => input.numbers(count, 0, f32::from_be_bytes, to),
            Self::F64 => input.numbers(count, 0, |bytes| f64::from_le_bytes(bytes) as f32, to),
            Self::BigF64 => input.numbers(count, 0, |bytes| f64::from_be_bytes(bytes) as f32, to),
        }
    }
}

/// The content of the header, a Python literal.
struct Header {
    kind: String,
    by_columns: bool,
    shape: Vec<u64>,
}

impl Header {
    fn parse(text: &str) -> Option<Self> {
        let (mut kind, mut by_columns, mut shape) = (None, None, None);
        let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
        while !rest.is_empty() {
            let (key, after) = quoted(rest)?;
            let value = after.trim_start().strip_prefix(':')?.trim_start();
            let after = match key {
                "descr" => {
                    let (name, after) = quoted(value)?;
                    kind = Some(name.to_string());
                    after
                }
                "fortran_order" => {
                    let yes = value.strip_prefix("True");
                    by_columns = Some(yes.is_some());
                    yes.or_else(|| value.strip_prefix("False"))?
                }
                "shape" => {
                    let (numbers, after) = value.strip_prefix('(')?.split_once(')')?;
                    let numbers = numbers.split(',').map(str::trim).filter(|n| !n.is_empty());
                    shape = Some(numbers.map(|n| n.parse().ok()).collect::<Option<Vec<u64>>>()?);
                    after
                }
                _ => return None,
            };
            rest = after.trim_start();
            rest = match rest.strip_prefix(',') {
                Some(next) => next.trim_start(),
                None if rest.is_empty() => rest,
                None => return None,
            };
        }
        Some(Self { kind: kind?, by_columns: by_columns?, shape: shape? })
    }
}

/// A string in single or double quotes, and the text after it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text[1..].split_once(quote)
}

/// Writes the matrix.
pub fn write(out: &mut Output, source: &dyn VectorSource) -> Result<()> {
    let mut header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", source.len(), source.dim());
    // Six bytes of magic, two of version, two of length, and a line break.
    let plain = MAGIC.len() + 4 + header.len() + 1;
    header.extend(std::iter::repeat_n(' ', plain.next_multiple_of(ALIGNMENT) - plain));
    header.push('\n');
    out.put(&[MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes()].concat())?;
    let mut bytes = Vec::new();
    each(source, &mut |_, vector| {
        bytes.clear();
        vector.iter().for_each(|x| bytes.extend_from_slice(&x.to_le_bytes()));
        out.put(&bytes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_literals_of_python() {
        let parse = |text| Header::parse(text).map(|h| (h.kind, h.by_columns, h.shape));
        let want = Some(("<f4".to_string(), false, vec![3, 2]));
        assert_eq!(parse("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }     \n"), want);
        assert_eq!(parse("{\"shape\":(3,2),\"fortran_order\":False,\"descr\":\"<f4\"}"), want);
        for bad in ["", "{}", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': 0, 'shape': (3, 2)}", "{'descr: 1"]
        {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(parse("{'descr': '<f4', 'fortran_order': True, 'shape': (3,)}").unwrap().2, [3]);
        assert_eq!(parse("{'descr': '<f4', 'fortran_order': True, 'shape': (-3, 1)}"), None);
    }
}
