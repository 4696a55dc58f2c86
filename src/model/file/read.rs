//! Reading of model files, without trust in their contents.

use super::{DESCRIPTION, ENDS, STATE, Side, WORDS, phrases};
use crate::error::{Error, ModelFault, Result, WordFault};
use crate::files::{ANY, Tensors};
use crate::head::stored;
use crate::layer::LayerExt;
use crate::model::architecture::{Description, FORMAT};
use crate::model::{Architecture, Model, ModelOver, ModelView};
use crate::peers::Team;
use crate::table::TableShape;
use crate::table::stored::{self as tables, Stored};
use crate::tree::Tree;
use crate::vocab::Vocabulary;
use safetensors::Dtype;
use serde::de::DeserializeOwned;
use std::fmt;
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::Arc;

/// A model file whose header was read and fits the file.
///
/// Reading allocates at most a constant times the bytes of the file: sizes are used only after the tensors that they
/// describe were found.
pub struct ModelReader<R> {
    file: Tensors<R>,
    architecture: Architecture,
}

/// Returns the words that end at `ends` in a tensor of text.
pub(super) fn cut<R: Read + Seek>(file: &mut Tensors<R>, tensor: &str, ends: &[u64]) -> Result<Vec<Box<str>>> {
    let info = file.info(tensor, Dtype::U8, &[ANY])?;
    let (at, text) = file.bytes(&info)?;
    let mut words: Vec<Box<str>> = Vec::with_capacity(ends.len());
    let mut start = 0;
    for (word, end) in ends.iter().enumerate() {
        let fault = |fault| file.fault(ModelFault::Word { word, byte: at + start, fault });
        let Some(bytes) = usize::try_from(*end).ok().and_then(|end| text.get(start as usize..end)) else {
            return Err(fault(WordFault::End { end: *end }));
        };
        words.push(std::str::from_utf8(bytes).map_err(|_| fault(WordFault::NotUtf8))?.into());
        start = *end;
    }
    if start != text.len() as u64 {
        let (word, fault) = (words.len().saturating_sub(1), WordFault::End { end: start });
        return Err(file.fault(ModelFault::Word { word, byte: at + start, fault }));
    }
    Ok(words)
}

impl<R> fmt::Debug for ModelReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("ModelReader").field("architecture", &self.architecture).finish_non_exhaustive()
    }
}

impl<R: Read + Seek> ModelReader<R> {
    /// Reads the header; `path` is for errors.
    ///
    /// # Errors
    /// Errors of the reader, and [`Error::ModelFile`] with the byte or the field.
    pub fn open(input: R, path: &Path) -> Result<Self> {
        let file = Tensors::open(input, path)?;
        let description: Description = file.json_of_format(DESCRIPTION, FORMAT)?;
        let senseless = |(field, source)| file.fault(ModelFault::Senseless { field, source: Box::new(source) });
        let architecture = description.architecture().map_err(senseless)?;
        Ok(Self { file, architecture })
    }

    /// Returns the parts of the model. The phrases are missing here; [`ModelReader::read`] returns them.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Returns the state of a training run, if the file is a checkpoint.
    pub fn state(&self) -> Option<&str> {
        self.file.entry(STATE)
    }

    /// Parses the state of a training run from JSON.
    ///
    /// # Errors
    /// [`Error::ModelFile`] if there is no state, or if it cannot be parsed.
    pub fn read_state<T: DeserializeOwned>(&self) -> Result<T> {
        self.file.json(STATE)
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Reads the words with their counts.
    ///
    /// # Errors
    /// Errors of the reader, and [`Error::ModelFile`].
    pub fn vocab(&mut self) -> Result<Vocabulary> {
        let counts = self.file.u64s(stored::COUNTS, ANY)?;
        let ends = self.file.u64s(ENDS, counts.len())?;
        // The counts are checked before a vocabulary sorts them.
        stored::counts(&self.file, counts.clone())?;
        let words = cut(&mut self.file, WORDS, &ends)?;
        let vocab = Vocabulary::new(words.into_iter().zip(counts), 0)?;
        // For a repeated word, the ids know only one place.
        for word in 0..vocab.len() as u32 {
            let other = vocab.id(vocab.word(word)).unwrap_or(word);
            if other != word {
                let (first, word) = (word.min(other), word.max(other) as usize);
                let (at, _) = self.file.bytes(&self.file.info(WORDS, Dtype::U8, &[ANY])?)?;
                let byte = at + ends[word - 1];
                return Err(self.file.fault(ModelFault::Word { word, byte, fault: WordFault::Repeated { first } }));
            }
        }
        Ok(vocab)
    }

    /// Reads the tree over `vocab` words; `None` if the layer has no tree.
    ///
    /// # Errors
    /// Errors of the reader, and [`Error::ModelFile`].
    pub fn tree(&mut self, vocab: usize) -> Result<Option<Tree>> {
        if !self.architecture.layer.has_tree() {
            return Ok(None);
        }
        stored::read_tree(&mut self.file, vocab).map(Some)
    }

    /// Checks whether all tensors of tables of these shapes exist.
    ///
    /// # Errors
    /// [`Error::ModelFile`] with the first tensor that is missing or has another shape.
    fn check(&self, side: Side, shapes: &[TableShape]) -> Result<()> {
        let state = self.architecture.optimizer.initial_state().is_some();
        for (number, shape) in shapes.iter().enumerate() {
            for (name, shape) in tables::tensors(&side.table(number), shape, state) {
                self.file.info(&name, Dtype::F32, &shape)?;
            }
        }
        Ok(())
    }

    /// Reads the parameters into an existing model; from a checkpoint, also the layer's proposal.
    ///
    /// # Errors
    /// Errors of the reader, [`Error::ModelFile`], above all for tensors of other shapes, and
    /// [`RanksFault::Divided`](crate::error::RanksFault::Divided) for a model whose layer is divided among ranks.
    pub fn read_into<M: Stored>(&mut self, model: &mut ModelOver<M>) -> Result<()> {
        ModelView::from(&*model).divisions().check_whole("read from a file into existing tables")?;
        for side in [Side::Encoder, Side::Layer] {
            self.check(side, &ModelView::from(&*model).shapes(side))?;
            for (number, table) in model.tables_mut(side).iter_mut().enumerate() {
                table.restore(&mut self.file, &side.table(number))?;
            }
        }
        if self.state().is_some() {
            let state = stored::read_state(&mut self.file, model.layer())?;
            model.restore_proposal(state)?;
        }
        Ok(())
    }

    /// Reads the whole model.
    ///
    /// # Errors
    /// Errors of the reader, [`Error::ModelFile`], and parameters that do not fit in memory.
    pub fn read(self) -> Result<(Architecture, Vocabulary, Model)> {
        self.read_over(&Team::default())
    }

    /// Reads the whole model, except for the rows of the layer's tables that other ranks hold: see [`Model::over`].
    /// Every rank reads the file.
    ///
    /// # Errors
    /// The errors of [`ModelReader::read`].
    pub fn read_over(mut self, team: &Team) -> Result<(Architecture, Vocabulary, Model)> {
        let vocab = self.vocab()?;
        let mut architecture = self.architecture.clone();
        architecture.reading.joins = phrases::read(&mut self.file)?.map(Arc::new);
        let path = self.path().to_path_buf();
        let senseless = |field, source| {
            let fault = ModelFault::Senseless { field, source: Box::new(source) };
            Error::ModelFile { path: path.clone(), fault: Box::new(fault) }
        };
        let encoder = architecture.encoder(vocab.len()).map_err(|e| senseless("dim", e))?;
        self.check(Side::Encoder, &encoder.tables())?;
        // The encoder's tables are known to be in the file, so their size bounds the memory that a layer may allocate
        // per word.
        let tree = self.tree(vocab.len())?;
        let layer = architecture.layer(&vocab, tree).map_err(|e| senseless("layer", e))?;
        self.check(Side::Layer, &layer.tables())?;
        let proposals = if self.state().is_some() { stored::state(&*layer).len() } else { 0 };
        self.check_all_known(&encoder.tables(), &layer.tables(), proposals)?;
        let mut model = Model::over(encoder, layer, vocab.counts(), architecture.optimizer, 0, team)?;
        for side in [Side::Encoder, Side::Layer] {
            for number in 0..model.tables(side).len() {
                let division = (side == Side::Layer).then(|| model.divisions().of_table(number)).flatten();
                tables::read(&mut self.file, &side.table(number), &mut model.tables_mut(side)[number], division)?;
            }
        }
        Ok((architecture, vocab, model))
    }

    /// Checks whether every tensor of the file is a known one.
    fn check_all_known(&self, encoder: &[TableShape], layer: &[TableShape], proposals: usize) -> Result<()> {
        let state = self.architecture.optimizer.initial_state().is_some();
        let tables = |side: Side, shapes: &[TableShape]| {
            let named = shapes.iter().enumerate().flat_map(|(n, shape)| tables::tensors(&side.table(n), shape, state));
            named.map(|(name, _)| name).collect::<Vec<_>>()
        };
        let mut known = [stored::COUNTS, ENDS, WORDS].map(String::from).to_vec();
        if self.architecture.layer.has_tree() {
            known.extend([stored::LEAVES, stored::NODES].map(String::from));
        }
        known.extend(tables(Side::Encoder, encoder));
        known.extend(tables(Side::Layer, layer));
        known.extend(phrases::names(&self.file));
        known.extend((0..proposals).map(stored::proposal));
        self.file.check_known(&known)
    }
}
