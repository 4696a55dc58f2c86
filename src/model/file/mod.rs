//! A model in one file, in the open safetensors format.
//!
//! The header's metadata have one entry, `lexmax`: JSON with the layer's name, the encoder, the window, sizes and the
//! optimizer. The tensors, numbers in little-endian bytes:
//!
//! | tensor | is |
//! |---|---|
//! | `vocab.counts`, U64 \[K\] | the counts, falling |
//! | `vocab.ends`, U64 \[K\] | where each word ends in `vocab.words` |
//! | `vocab.words`, U8 | all words, in UTF-8, one after the other |
//! | `tree.leaves`, U32 \[K\]; `tree.nodes`, U32 \[K − 1\] | the decision above each word and above each decision, `node << 1 \| code` |
//! | `encoder.N.weight`, F32 \[rows, dim\]; `encoder.N.bias`, F32 \[rows\] | the encoder's tables: `encoder.0.weight` has the word vectors |
//! | `layer.N.weight`, `layer.N.bias` | the layer's tables |
//! | `proposal.N`, F32 \[rows, dim\] | in a checkpoint: what a proposal that follows the weights has seen of them |
//! | `….adagrad` | Σ g² beside each of these, where Adagrad trained them |
//!
//! Any other proposal follows from the layer's name and the counts. A training run's state may stand beside, in the metadata
//! `state`: that makes the file a checkpoint, which still is a model to whoever only reads.

mod read;

pub use read::ModelReader;

use super::architecture::Description;
use super::{Architecture, Model, SharedModel};
use crate::error::{Error, Result};
use crate::layer::{LayerExt, OutputLayer};
use crate::table::{Matrix, SharedMatrix, TableShape};
use crate::vocab::Vocabulary;
use ndarray::{CowArray, Ix2};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use std::collections::HashMap;
use std::io::{self, Write};

/// Names of the metadata.
const DESCRIPTION: &str = "lexmax";
const STATE: &str = "state";
/// Names of tensors.
const COUNTS: &str = "vocab.counts";
const ENDS: &str = "vocab.ends";
const WORDS: &str = "vocab.words";
const LEAVES: &str = "tree.leaves";
const NODES: &str = "tree.nodes";
const ADAGRAD: &str = ".adagrad";

/// A header of more bytes is refused.
const LONGEST_HEADER: u64 = 16 << 20;

/// The kinds of tables of a model, as files call them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The encoder's.
    Encoder,
    /// The output layer's.
    Layer,
}

impl Side {
    /// The name of a table.
    pub fn table(self, number: usize) -> String {
        match self {
            Self::Encoder => format!("encoder.{number}"),
            Self::Layer => format!("layer.{number}"),
        }
    }
}

/// Parameters that can be written, of several storages.
trait Source {
    fn shape(&self) -> TableShape;
    fn read(&self, row: u32, out: &mut [f32]);
    fn biases(&self) -> Vec<f32>;
    /// What an optimizer keeps beside weights and biases.
    fn state(&self) -> Option<[&[f32]; 2]>;
}

impl Source for Matrix {
    fn shape(&self) -> TableShape {
        Matrix::shape(self)
    }

    fn read(&self, row: u32, out: &mut [f32]) {
        out.copy_from_slice(self.row(row));
    }

    fn biases(&self) -> Vec<f32> {
        self.bias().to_vec()
    }

    fn state(&self) -> Option<[&[f32]; 2]> {
        self.optimizer().initial_state().map(|_| self.optimizer_state())
    }
}

impl Source for SharedMatrix {
    fn shape(&self) -> TableShape {
        SharedMatrix::shape(self)
    }

    fn read(&self, row: u32, out: &mut [f32]) {
        self.read_row(row, out);
    }

    fn biases(&self) -> Vec<f32> {
        self.bias()
    }

    fn state(&self) -> Option<[&[f32]; 2]> {
        None
    }
}

/// A model that is fit to be written.
pub struct ModelWriter<'a> {
    vocab: &'a Vocabulary,
    layer: &'a dyn OutputLayer,
    tables: Vec<(Side, usize, &'a dyn Source)>,
    proposal: Vec<CowArray<'a, f32, Ix2>>,
    metadata: HashMap<String, String>,
}

impl<'a> ModelWriter<'a> {
    /// Of a model with plain parameters.
    ///
    /// # Errors
    /// [`Error::NotFinite`] for the first parameter that is not.
    pub fn new(architecture: &Architecture, vocab: &'a Vocabulary, model: &'a Model) -> Result<Self> {
        let tables = [model.encoder_tables(), model.layer_tables()].map(|t| t.iter().map(|t| t as _).collect());
        Self::of(architecture, vocab, model.layer(), tables)
    }

    /// Of a model whose parameters no worker touches meanwhile.
    ///
    /// # Errors
    /// [`Error::NotFinite`] for the first parameter that is not.
    pub fn shared(architecture: &Architecture, vocab: &'a Vocabulary, model: &'a SharedModel) -> Result<Self> {
        let tables = [model.encoder_tables(), model.layer_tables()].map(|t| t.iter().map(|t| t as _).collect());
        Self::of(architecture, vocab, model.layer(), tables)
    }

    fn of(
        architecture: &Architecture,
        vocab: &'a Vocabulary,
        layer: &'a dyn OutputLayer,
        [encoder, own]: [Vec<&'a dyn Source>; 2],
    ) -> Result<Self> {
        assert_eq!(layer.vocab(), vocab.len(), "words of the layer and of the vocabulary");
        let named = |side, tables: Vec<&'a dyn Source>| tables.into_iter().enumerate().map(move |(n, t)| (side, n, t));
        let tables: Vec<_> = named(Side::Encoder, encoder).chain(named(Side::Layer, own)).collect();
        for (side, number, table) in &tables {
            check_finite(*table).map_err(|(row, value)| Error::NotFinite { table: side.table(*number), row, value })?;
        }
        let description = serde_json::to_string(&Description::from(architecture)).expect("plain data");
        let metadata = HashMap::from([(DESCRIPTION.into(), description)]);
        Ok(Self { vocab, layer, tables, proposal: Vec::new(), metadata })
    }

    /// With a training run's state beside it, and with the layer's proposal, where that follows the weights.
    ///
    /// # Errors
    /// [`Error::NotFinite`] for a proposal that is not.
    pub fn with_state(mut self, state: String) -> Result<Self> {
        self.metadata.insert(STATE.into(), state);
        self.proposal = self.layer.adaptive().map_or_else(Vec::new, |proposal| proposal.state());
        for (number, seen) in self.proposal.iter().enumerate() {
            let bad = seen.indexed_iter().find(|(_, value)| !value.is_finite());
            if let Some(((row, _), value)) = bad {
                return Err(Error::NotFinite { table: proposal(number), row: row as u32, value: *value });
            }
        }
        Ok(self)
    }

    /// Writes the file. The same model gives the same bytes.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let ends = self.vocab_ends();
        let (header, _) = self.header(ends.last().copied().unwrap_or(0))?;
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(&header)?;
        let mut out = Numbers { out, bytes: Vec::with_capacity(PART + 64) };
        self.vocab.counts().as_slice().iter().try_for_each(|n| out.push(&n.to_le_bytes()))?;
        ends.iter().try_for_each(|n| out.push(&n.to_le_bytes()))?;
        for links in self.layer.tree().into_iter().flat_map(|tree| tree.links()) {
            links.iter().try_for_each(|link| out.push(&link.to_le_bytes()))?;
        }
        for (_, _, table) in &self.tables {
            let shape = table.shape();
            let mut row = vec![0.0; shape.dim];
            for number in 0..shape.rows {
                table.read(number, &mut row);
                out.floats(&row)?;
            }
            out.floats(&table.biases())?;
            for state in table.state().into_iter().flatten() {
                out.floats(state)?;
            }
        }
        for value in self.proposal.iter().flatten() {
            out.push(&value.to_le_bytes())?;
        }
        for word in 0..self.vocab.len() as u32 {
            out.push(self.vocab.word(word).as_bytes())?;
        }
        out.finish()
    }

    /// Bytes of the file.
    ///
    /// # Errors
    /// A header that is none.
    pub fn bytes(&self) -> io::Result<u64> {
        let (header, tensors) = self.header(self.vocab_ends().last().copied().unwrap_or(0))?;
        Ok((8 + header.len() + tensors) as u64)
    }

    fn vocab_ends(&self) -> Vec<u64> {
        let lengths = (0..self.vocab.len() as u32).map(|word| self.vocab.word(word).len() as u64);
        lengths
            .scan(0, |sum, len| {
                *sum += len;
                Some(*sum)
            })
            .collect()
    }

    /// The header, padded to whole 8 bytes, and the bytes behind it: wider numbers come first, so that all of them are aligned.
    fn header(&self, word_bytes: u64) -> io::Result<(Vec<u8>, usize)> {
        let words = self.vocab.len();
        let mut tensors = Vec::new();
        let mut at = 0;
        let mut push = |name: String, dtype: Dtype, shape: Vec<usize>| {
            let end = at + shape.iter().product::<usize>() * dtype.bitsize() / 8;
            tensors.push((name, TensorInfo { dtype, shape, data_offsets: (at, end) }));
            at = end;
        };
        push(COUNTS.into(), Dtype::U64, vec![words]);
        push(ENDS.into(), Dtype::U64, vec![words]);
        if let Some(tree) = self.layer.tree() {
            push(LEAVES.into(), Dtype::U32, vec![tree.vocab()]);
            push(NODES.into(), Dtype::U32, vec![tree.nodes()]);
        }
        for (side, number, table) in &self.tables {
            let state = table.state().is_some();
            for (name, shape) in parts(&side.table(*number), &table.shape(), state) {
                push(name, Dtype::F32, shape);
            }
        }
        for (number, seen) in self.proposal.iter().enumerate() {
            push(proposal(number), Dtype::F32, seen.shape().to_vec());
        }
        push(WORDS.into(), Dtype::U8, vec![word_bytes as usize]);
        let metadata = Metadata::new(Some(self.metadata.clone()), tensors).map_err(io::Error::other)?;
        let mut header = serde_json::to_vec(&metadata)?;
        header.resize(header.len().next_multiple_of(8), b' ');
        Ok((header, at))
    }
}

/// The name of one of the tensors of what a proposal has seen.
fn proposal(number: usize) -> String {
    format!("proposal.{number}")
}

/// The tensors of a table, in their order.
fn parts(table: &str, shape: &TableShape, state: bool) -> Vec<(String, Vec<usize>)> {
    let (weight, bias) = (format!("{table}.weight"), format!("{table}.bias"));
    let matrix = vec![shape.rows as usize, shape.dim];
    let mut parts = vec![(weight.clone(), matrix.clone())];
    if shape.bias {
        parts.push((bias.clone(), vec![shape.rows as usize]));
    }
    if state {
        parts.push((weight + ADAGRAD, matrix));
        if shape.bias {
            parts.push((bias + ADAGRAD, vec![shape.rows as usize]));
        }
    }
    parts
}

/// The first row with a number that is not finite.
fn check_finite(table: &dyn Source) -> std::result::Result<(), (u32, f32)> {
    let shape = table.shape();
    let mut row = vec![0.0; shape.dim];
    let bad = |values: &[f32]| values.iter().copied().find(|x| !x.is_finite());
    for number in 0..shape.rows {
        table.read(number, &mut row);
        if let Some(value) = bad(&row) {
            return Err((number, value));
        }
    }
    for (row, bias) in (0..).zip(table.biases()) {
        if !bias.is_finite() {
            return Err((row, bias));
        }
    }
    for (state, width) in table.state().into_iter().flatten().zip([shape.dim.max(1), 1]) {
        if let Some(at) = state.iter().position(|x| !x.is_finite()) {
            return Err(((at / width) as u32, state[at]));
        }
    }
    Ok(())
}

/// Bytes that are handed on at a time.
const PART: usize = 1 << 16;

/// Numbers as bytes, handed on in parts.
struct Numbers<'a> {
    out: &'a mut dyn Write,
    bytes: Vec<u8>,
}

impl Numbers<'_> {
    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() < PART {
            return Ok(());
        }
        self.out.write_all(&self.bytes)?;
        self.bytes.clear();
        Ok(())
    }

    fn floats(&mut self, values: &[f32]) -> io::Result<()> {
        values.iter().try_for_each(|value| self.push(&value.to_le_bytes()))
    }

    fn finish(self) -> io::Result<()> {
        self.out.write_all(&self.bytes)
    }
}
