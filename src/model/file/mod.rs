//! A model in one file, in the open safetensors format.
//!
//! The header's metadata have one entry, `lexmax`: JSON with the layer's name, the encoder, the window, sizes and the
//! optimizer, and where lines of the text were normalized, how (`text`: `lowercase`, true or a language, `tr`, `az` or
//! `lt`; `nfc`, true or another form, `nfkc`; and `split`, `space` or `words`).
//!
//! The tensors, numbers in little-endian bytes:
//!
//! | tensor | is |
//! |---|---|
//! | `vocab.counts`, U64 \[V\] | the counts, falling |
//! | `vocab.ends`, U64 \[V\] | where each word ends in `vocab.words` |
//! | `vocab.words`, U8 | all words, in UTF-8, one after the other |
//! | `tree.leaves`, U32 \[V\]; `tree.nodes`, U32 \[V − 1\] | the decision above each word and above each decision, `node << 1 \| code` |
//! | `encoder.N.weight`, F32 \[rows, dim\]; `encoder.N.bias`, F32 \[rows\] | the encoder's tables: `encoder.0.weight` has the word vectors |
//! | `layer.N.weight`, `layer.N.bias` | the layer's tables |
//! | `proposal.N`, F32 \[rows, dim\] | in a checkpoint: what a proposal that follows the weights has seen of them |
//! | `….adagrad` | Σ g² beside each of these, where Adagrad trained them |
//!
//! Where phrases were joined in the text, more tensors say which. Their words have numbers of their own, from 0:
//!
//! | tensor | is |
//! |---|---|
//! | `phrases.ends`, U64; `phrases.words`, U8 | the words of all pairs, and the phrases, as the vocabulary is stored |
//! | `phrases.passes`, U64 \[passes\] | where the pairs of each pass end |
//! | `phrases.pairs`, U32 \[3 · pairs\] | the first word, the second word and the phrase of each pair |
//!
//! Any other proposal follows from the layer's name and the counts. A training run's state may stand beside, in the metadata
//! `state`: that makes the file a checkpoint, which still is a model to whoever only reads.

mod phrases;
mod read;

use phrases::Phrases;
pub use read::ModelReader;

use super::architecture::Description;
use super::{Architecture, Model, ModelOver, SharedModel};
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
/// Names of tensors, beside those of the layer.
const ENDS: &str = "vocab.ends";
const WORDS: &str = "vocab.words";

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

/// A model that is fit to be written.
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
    /// Of a model with plain parameters.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite) for the first parameter that is not.
    pub fn new(architecture: &Architecture, vocab: &'a Vocabulary, model: &'a Model) -> Result<Self> {
        Self::of(architecture, vocab, model)
    }

    /// Of a model whose parameters no worker touches meanwhile.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite) for the first parameter that is not.
    pub fn shared(architecture: &Architecture, vocab: &'a Vocabulary, model: &'a SharedModel) -> Result<Self> {
        Self::of(architecture, vocab, model)
    }

    fn of<M: Stored>(architecture: &Architecture, vocab: &'a Vocabulary, model: &'a ModelOver<M>) -> Result<Self> {
        let layer = model.layer();
        assert_eq!(layer.vocab(), vocab.len(), "words of the layer and of the vocabulary");
        let named = |side| (0..).zip(model.tables(side)).map(move |(n, table)| (side, n, table as &dyn Stored));
        let tables: Vec<_> = named(Side::Encoder).chain(named(Side::Layer)).collect();
        for (side, number, table) in &tables {
            tables::check_finite(*table, || side.table(*number))?;
        }
        let description = serde_json::to_string(&Description::from(architecture)).expect("plain data");
        let metadata = HashMap::from([(DESCRIPTION.into(), description)]);
        let phrases = architecture.reading.joins.as_deref().map(Phrases::of);
        Ok(Self { vocab, layer, tables, proposal: Vec::new(), metadata, phrases })
    }

    /// With a training run's state beside it, and with the layer's proposal, where that follows the weights.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite) for a proposal that is not.
    pub fn with_state(mut self, state: String) -> Result<Self> {
        self.metadata.insert(STATE.into(), state);
        self.proposal = stored::state(self.layer);
        stored::check_state(&self.proposal)?;
        Ok(self)
    }

    /// Writes the file. The same model gives the same bytes.
    ///
    /// # Errors
    /// What the writer says.
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
