//! A model in one file, in the open safetensors format.
//!
//! The metadata of the header have one entry, `lexmax`: JSON with the layer's name, the encoder, the window, sizes and
//! the optimizer. If lines of the text were normalized, the entry also has `text`, with these fields:
//!
//! - `lowercase`: true or a language, `tr`, `az` or `lt`;
//! - `nfc`: true or another form, `nfkc`;
//! - `split`: `space` or `words`.
//!
//! The tensors; their numbers are little-endian:
//!
//! | tensor | is |
//! |---|---|
//! | `vocab.counts`, U64 \[V\] | the counts, in falling order |
//! | `vocab.ends`, U64 \[V\] | the end of each word in `vocab.words` |
//! | `vocab.words`, U8 | all words in UTF-8, concatenated |
//! | `tree.leaves`, U32 \[V\]; `tree.nodes`, U32 \[V − 1\] | parent of each word and node: `node << 1 \| code` |
//! | `encoder.N.weight`, F32 \[rows, dim\]; `encoder.N.bias`, F32 \[rows\] | the encoder's tables; word vectors first |
//! | `layer.N.weight`, `layer.N.bias` | the layer's tables |
//! | `proposal.N`, F32 \[rows, dim\] | in a checkpoint: the state of an adaptive proposal |
//! | `….adagrad` | Σ g² of each tensor of a table that Adagrad trained |
//!
//! If phrases were joined in the text, more tensors describe them. Their words have their own numbers, from 0:
//!
//! | tensor | is |
//! |---|---|
//! | `phrases.ends`, U64; `phrases.words`, U8 | the words of all pairs and the phrases, stored like the vocabulary |
//! | `phrases.passes`, U64 \[passes\] | the end of the pairs of each pass |
//! | `phrases.pairs`, U32 \[3 · pairs\] | the first word, the second word and the phrase of each pair |
//!
//! All other proposals follow from the layer's name and the counts. The metadata may also have `state`, the state of a
//! training run. Such a file is a checkpoint; readers of models can read it as a model.

mod phrases;
mod read;

use phrases::Phrases;
pub use read::ModelReader;

use super::architecture::Description;
use super::{Architecture, ModelView};
use crate::error::Result;
use crate::files::{Layout, Numbers};
use crate::head::stored;
use crate::layer::{LayerExt, OutputLayer};
use crate::table::stored::{self as tables, Stored};
use crate::vocab::Vocabulary;
use ndarray::{CowArray, Ix2};
use safetensors::Dtype;
use std::collections::HashMap;
use std::fmt;
use std::io::{self, Write};

/// Names of the metadata.
const DESCRIPTION: &str = "lexmax";
const STATE: &str = "state";
/// Names of tensors, except those of the layer.
const ENDS: &str = "vocab.ends";
const WORDS: &str = "vocab.words";

/// The two kinds of tables of a model, as files name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Tables of the encoder.
    Encoder,
    /// Tables of the output layer.
    Layer,
}

impl Side {
    /// Returns the name of table `number` in files: `encoder.N` or `layer.N`.
    pub fn table(self, number: usize) -> String {
        match self {
            Self::Encoder => format!("encoder.{number}"),
            Self::Layer => format!("layer.{number}"),
        }
    }
}

/// A model that was checked and can be written.
pub struct ModelWriter<'a> {
    vocab: &'a Vocabulary,
    layer: &'a dyn OutputLayer,
    tables: Vec<(Side, usize, &'a dyn Stored)>,
    proposal: Vec<CowArray<'a, f32, Ix2>>,
    metadata: HashMap<String, String>,
    phrases: Option<Phrases>,
}

impl fmt::Debug for ModelWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("ModelWriter")
            .field("vocab", &self.vocab.len())
            .field("layer", &self.layer)
            .finish_non_exhaustive()
    }
}

impl<'a> ModelWriter<'a> {
    /// Prepares a model: a [`Model`](super::Model), a [`SharedModel`](super::SharedModel), or a view of one. No worker
    /// may change shared parameters meanwhile.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite) for the first parameter that is infinite or NaN, and
    /// [`RanksFault::Divided`](crate::error::RanksFault::Divided) for a model whose layer is divided among ranks.
    pub fn new(architecture: &Architecture, vocab: &'a Vocabulary, model: impl Into<ModelView<'a>>) -> Result<Self> {
        let model: ModelView = model.into();
        model.divisions().check_whole("written to a file")?;
        let layer = model.layer();
        assert_eq!(layer.vocab(), vocab.len(), "words of the layer and of the vocabulary");
        let named = |side| (0..).zip(model.tables(side)).map(move |(n, table)| (side, n, table));
        let tables: Vec<_> = named(Side::Encoder).chain(named(Side::Layer)).collect();
        for (side, number, table) in &tables {
            tables::check_finite(*table, || side.table(*number))?;
        }
        let description = serde_json::to_string(&Description::from(architecture)).expect("plain data");
        let metadata = HashMap::from([(DESCRIPTION.into(), description)]);
        let phrases = architecture.reading.joins.as_deref().map(Phrases::of);
        Ok(Self { vocab, layer, tables, proposal: Vec::new(), metadata, phrases })
    }

    /// Adds the state of a training run, and the layer's adaptive proposal if it has one.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite) for a proposal with a number that is infinite or NaN.
    pub fn with_state(mut self, state: String) -> Result<Self> {
        self.metadata.insert(STATE.into(), state);
        self.proposal = stored::state(self.layer);
        stored::check_state(&self.proposal)?;
        Ok(self)
    }

    /// Writes the file. The same model gives the same bytes.
    ///
    /// # Errors
    /// Errors of the writer.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let ends = self.vocab_ends();
        let (header, _) = self.header(ends.last().copied().unwrap_or(0))?;
        let mut out = Numbers::behind(&header, out)?;
        self.vocab.counts().as_slice().iter().try_for_each(|n| out.push(&n.to_le_bytes()))?;
        ends.iter().try_for_each(|n| out.push(&n.to_le_bytes()))?;
        self.phrases.as_ref().map_or(Ok(()), |phrases| phrases.write_numbers(&mut out))?;
        self.layer.tree().map_or(Ok(()), |tree| stored::write_tree(tree, &mut out))?;
        self.tables.iter().try_for_each(|(_, _, table)| tables::write(*table, &mut out))?;
        stored::write_state(&self.proposal, &mut out)?;
        for word in 0..self.vocab.len() as u32 {
            out.push(self.vocab.word(word).as_bytes())?;
        }
        self.phrases.as_ref().map_or(Ok(()), |phrases| phrases.write_words(&mut out))?;
        out.finish()
    }

    /// Returns the size of the file in bytes.
    ///
    /// # Errors
    /// A header that cannot be serialized.
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

    /// Returns the header, padded to a multiple of 8 bytes, and the number of bytes behind it. Wider numbers come
    /// first, so that all of them are aligned.
    fn header(&self, word_bytes: u64) -> io::Result<(Vec<u8>, usize)> {
        let words = self.vocab.len();
        let mut layout = Layout::new(self.metadata.clone());
        layout.push(stored::COUNTS.into(), Dtype::U64, vec![words]);
        layout.push(ENDS.into(), Dtype::U64, vec![words]);
        self.phrases.iter().for_each(|phrases| phrases.push_numbers(&mut layout));
        if let Some(tree) = self.layer.tree() {
            stored::push_tree(&mut layout, tree);
        }
        for (side, number, table) in &self.tables {
            let state = table.state().is_some();
            for (name, shape) in tables::tensors(&side.table(*number), &table.shape(), state) {
                layout.push(name, Dtype::F32, shape);
            }
        }
        stored::push_state(&mut layout, &self.proposal);
        layout.push(WORDS.into(), Dtype::U8, vec![word_bytes as usize]);
        self.phrases.iter().for_each(|phrases| phrases.push_words(&mut layout));
        layout.header()
    }
}
