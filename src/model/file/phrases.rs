//! The phrases of a model's text, as tensors.

use super::read::cut;
use crate::corpus::Joins;
use crate::error::{ModelFault, Result};
use crate::files::{ANY, Layout, Numbers, Tensors};
use crate::vocab::Words;
use safetensors::Dtype;
use std::io::{self, Read, Seek};

/// Names of tensors.
const ENDS: &str = "phrases.ends";
const PAIRS: &str = "phrases.pairs";
const PASSES: &str = "phrases.passes";
const WORDS: &str = "phrases.words";

/// Phrases in the form in which they are written.
pub struct Phrases {
    ends: Vec<u64>,
    passes: Vec<u64>,
    pairs: Vec<u32>,
    words: String,
}

impl Phrases {
    /// Prepares phrases for writing. The same phrases give the same bytes.
    pub fn of(joins: &Joins) -> Self {
        let (words, passes) = joins.parts();
        let (mut text, mut ends) = (String::new(), Vec::new());
        for word in words.iter() {
            text += word;
            ends.push(text.len() as u64);
        }
        let sum = |sum: &mut u64, pass: &Vec<_>| {
            *sum += pass.len() as u64;
            Some(*sum)
        };
        Self { ends, passes: passes.iter().scan(0, sum).collect(), pairs: passes.concat().concat(), words: text }
    }

    /// Adds the tensors of numbers to the layout. Wider numbers come first, so that all of them are aligned.
    pub fn push_numbers(&self, layout: &mut Layout) {
        layout.push(ENDS.into(), Dtype::U64, vec![self.ends.len()]);
        layout.push(PASSES.into(), Dtype::U64, vec![self.passes.len()]);
        layout.push(PAIRS.into(), Dtype::U32, vec![self.pairs.len()]);
    }

    pub fn push_words(&self, layout: &mut Layout) {
        layout.push(WORDS.into(), Dtype::U8, vec![self.words.len()]);
    }

    pub fn write_numbers(&self, out: &mut Numbers) -> io::Result<()> {
        self.ends.iter().chain(&self.passes).try_for_each(|n| out.push(&n.to_le_bytes()))?;
        self.pairs.iter().try_for_each(|n| out.push(&n.to_le_bytes()))
    }

    pub fn write_words(&self, out: &mut Numbers) -> io::Result<()> {
        out.push(self.words.as_bytes())
    }
}

/// Names of the tensors of a file that has phrases.
pub fn names<R: Read + Seek>(file: &Tensors<R>) -> impl Iterator<Item = String> {
    [ENDS, PAIRS, PASSES, WORDS].into_iter().filter(|_| file.has(PAIRS)).map(String::from)
}

/// Reads the phrases of a file; `None` if it has none.
///
/// # Errors
/// Errors of the reader, and [`Error::ModelFile`](crate::Error::ModelFile).
pub fn read<R: Read + Seek>(file: &mut Tensors<R>) -> Result<Option<Joins>> {
    if !file.has(PAIRS) {
        return Ok(None);
    }
    let ends = file.u64s(ENDS, ANY)?;
    let mut words = Words::default();
    for word in cut(file, WORDS, &ends)? {
        words.push(&word)?;
    }
    let pairs = file.u32s(PAIRS, ANY)?;
    let (pairs, rest) = pairs.as_chunks::<3>();
    let strange = |tensor, at: usize| file.fault(ModelFault::Reference { tensor, at });
    if let Some(at) = pairs.as_flattened().iter().position(|word| *word as usize >= words.len()) {
        return Err(strange(PAIRS, at));
    }
    if !rest.is_empty() {
        return Err(strange(PAIRS, pairs.len() * 3));
    }
    Ok(Some(Joins::of(words, passes(file, pairs)?)))
}

/// Splits the pairs by pass.
fn passes<R: Read + Seek>(file: &mut Tensors<R>, pairs: &[[u32; 3]]) -> Result<Vec<Vec<[u32; 3]>>> {
    let ends = file.u64s(PASSES, ANY)?;
    let (mut passes, mut start) = (Vec::new(), 0);
    for (at, end) in ends.iter().enumerate() {
        let pass = usize::try_from(*end).ok().and_then(|end| pairs.get(start..end));
        let pass = pass.ok_or_else(|| file.fault(ModelFault::Reference { tensor: PASSES, at }))?;
        passes.push(pass.to_vec());
        start += pass.len();
    }
    match start == pairs.len() {
        true => Ok(passes),
        false => Err(file.fault(ModelFault::Reference { tensor: PASSES, at: ends.len().saturating_sub(1) })),
    }
}
