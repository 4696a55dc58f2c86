//! Reading, without trust in what the file says.

use super::{ADAGRAD, COUNTS, DESCRIPTION, ENDS, LEAVES, LONGEST_HEADER, NODES, STATE, Side, WORDS, parts, proposal};
use crate::error::{Error, ModelFault, Result, WordFault};
use crate::layer::LayerExt;
use crate::model::architecture::{Description, FORMAT};
use crate::model::{Architecture, Model, SharedModel};
use crate::optimizer::Optimizer;
use crate::sampler::AdaptiveProposal;
use crate::table::TableShape;
use crate::tree::Tree;
use crate::vocab::{Counts, Vocabulary};
use ndarray::Array2;
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// A model's file, of which the header is read and known to fit the file.
///
/// No more memory is asked for than the file has bytes, times a constant: sizes count only once the tensors that they
/// speak of are known to be there.
pub struct ModelReader<R> {
    input: R,
    path: PathBuf,
    /// Where the tensors begin.
    start: u64,
    tensors: Metadata,
    architecture: Architecture,
    state: Option<String>,
}

/// Bytes that are read at a time.
const PART: usize = 1 << 16;

type Faulty<T> = std::result::Result<T, ModelFault>;

impl<R: Read + Seek> ModelReader<R> {
    /// Reads the header; `path` is for errors.
    ///
    /// # Errors
    /// What the reader says, and [`Error::ModelFile`] with the byte or the field.
    pub fn open(mut input: R, path: &Path) -> Result<Self> {
        let fault = |fault| Error::ModelFile { path: path.into(), fault: Box::new(fault) };
        let size = input.seek(SeekFrom::End(0)).and_then(|size| input.rewind().map(|()| size));
        let size = size.map_err(Error::io(path))?;
        if size < 8 {
            return Err(fault(ModelFault::TooShort { bytes: size }));
        }
        let mut length = [0; 8];
        input.read_exact(&mut length).map_err(Error::io(path))?;
        let length = u64::from_le_bytes(length);
        let limit = LONGEST_HEADER.min(size - 8);
        if length > limit {
            return Err(fault(ModelFault::HeaderLength { length, limit }));
        }
        let mut header = vec![0; length as usize];
        input.read_exact(&mut header).map_err(Error::io(path))?;
        let tensors = header_of(&header).map_err(fault)?;
        let (said, found) = (tensors.data_len() as u64, size - 8 - length);
        if said != found {
            return Err(fault(ModelFault::Size { said, found }));
        }
        let (architecture, state) = described(&tensors).map_err(fault)?;
        Ok(Self { input, path: path.into(), start: 8 + length, tensors, architecture, state })
    }

    /// What the model is made of.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// The state of a training run, if the file is a checkpoint.
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The state of a training run, read from JSON.
    ///
    /// # Errors
    /// [`Error::ModelFile`]: there is none, or it cannot be read.
    pub fn read_state<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        let text = self.state().ok_or_else(|| self.fault(ModelFault::NoField { field: STATE }))?;
        let fault = |source: serde_json::Error| ModelFault::Field { field: STATE, column: source.column(), source };
        serde_json::from_str(text).map_err(|e| self.fault(fault(e)))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// An error about this file.
    fn fault(&self, fault: ModelFault) -> Error {
        Error::ModelFile { path: self.path.clone(), fault: Box::new(fault) }
    }

    /// A tensor of this type and shape; a size of 0 may be any.
    fn info(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<TensorInfo> {
        let Some(info) = self.tensors.info(name) else {
            return Err(self.fault(ModelFault::NoTensor { tensor: name.into() }));
        };
        let fits = |(found, needed): (&usize, &usize)| *needed == 0 || found == needed;
        if info.dtype != dtype || info.shape.len() != shape.len() || !info.shape.iter().zip(shape).all(fits) {
            return Err(self.fault(ModelFault::Shape {
                tensor: name.into(),
                found: info.dtype,
                found_shape: info.shape.clone(),
                needed: dtype,
                needed_shape: shape.to_vec(),
            }));
        }
        Ok(info.clone())
    }

    fn seek(&mut self, info: &TensorInfo) -> Result<u64> {
        let at = self.start + info.data_offsets.0 as u64;
        self.input.seek(SeekFrom::Start(at)).map_err(Error::io(&self.path))
    }

    fn bytes(&mut self, info: &TensorInfo) -> Result<Vec<u8>> {
        self.seek(info)?;
        let mut bytes = vec![0; info.data_offsets.1 - info.data_offsets.0];
        self.input.read_exact(&mut bytes).map_err(Error::io(&self.path))?;
        Ok(bytes)
    }

    fn u64s(&mut self, name: &str, len: usize) -> Result<Vec<u64>> {
        let info = self.info(name, Dtype::U64, &[len])?;
        Ok(self.bytes(&info)?.as_chunks::<8>().0.iter().map(|b| u64::from_le_bytes(*b)).collect())
    }

    fn u32s(&mut self, name: &str, len: usize) -> Result<Vec<u32>> {
        let info = self.info(name, Dtype::U32, &[len])?;
        Ok(self.bytes(&info)?.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)).collect())
    }

    /// The words with their counts.
    ///
    /// # Errors
    /// What the reader says, and [`Error::ModelFile`].
    pub fn vocab(&mut self) -> Result<Vocabulary> {
        let counts = self.u64s(COUNTS, 0)?;
        let ends = self.u64s(ENDS, counts.len())?;
        let info = self.info(WORDS, Dtype::U8, &[0])?;
        let at = self.seek(&info)?;
        let text = self.bytes(&info)?;
        // Checked before a vocabulary sorts them.
        if let Err(source) = Counts::new(counts.clone()) {
            return Err(self.fault(ModelFault::Counts { source: Box::new(source) }));
        }
        let mut words: Vec<Box<str>> = Vec::with_capacity(counts.len());
        let mut start = 0;
        for (word, end) in ends.iter().enumerate() {
            let fault = |fault| self.fault(ModelFault::Word { word, byte: at + start, fault });
            let Some(bytes) = usize::try_from(*end).ok().and_then(|end| text.get(start as usize..end)) else {
                return Err(fault(WordFault::End { end: *end }));
            };
            words.push(std::str::from_utf8(bytes).map_err(|_| fault(WordFault::NotUtf8))?.into());
            start = *end;
        }
        if start != text.len() as u64 {
            let (word, fault) = (words.len() - 1, WordFault::End { end: start });
            return Err(self.fault(ModelFault::Word { word, byte: at + start, fault }));
        }
        let vocab = Vocabulary::new(words.into_iter().zip(counts), 0)?;
        // Of a word that is there twice the ids know one place.
        for word in 0..vocab.len() as u32 {
            let other = vocab.id(vocab.word(word)).unwrap_or(word);
            if other != word {
                let (first, word) = (word.min(other), word.max(other) as usize);
                let byte = at + ends[word - 1];
                return Err(self.fault(ModelFault::Word { word, byte, fault: WordFault::Repeated { first } }));
            }
        }
        Ok(vocab)
    }

    /// The tree over so many words; none if the layer decides along none.
    ///
    /// # Errors
    /// What the reader says, and [`Error::ModelFile`].
    pub fn tree(&mut self, vocab: usize) -> Result<Option<Tree>> {
        if !self.architecture.layer.has_tree() {
            return Ok(None);
        }
        let (leaves, nodes) = (self.u32s(LEAVES, vocab)?, self.u32s(NODES, vocab.saturating_sub(1))?);
        Tree::from_raw_links(leaves, nodes).map(Some).map_err(|fault| self.fault(ModelFault::Tree { fault }))
    }

    /// Whether all tensors of tables of these shapes are there.
    ///
    /// # Errors
    /// [`Error::ModelFile`] with the first that is not.
    fn check(&self, side: Side, shapes: &[TableShape]) -> Result<()> {
        let state = self.architecture.optimizer.initial_state().is_some();
        for (number, shape) in shapes.iter().enumerate() {
            for (name, shape) in parts(&side.table(number), shape, state) {
                self.info(&name, Dtype::F32, &shape)?;
            }
        }
        Ok(())
    }

    /// Reads the rows of a tensor: `put` is given each.
    fn rows(&mut self, name: &str, shape: &[usize], least: f32, mut put: impl FnMut(usize, &[f32])) -> Result<()> {
        let info = self.info(name, Dtype::F32, shape)?;
        let mut at = self.seek(&info)?;
        let (rows, width) = (info.shape[0], info.shape.get(1).copied().unwrap_or(1));
        let rows_a_part = (PART / 4 / width.max(1)).max(1);
        let (mut bytes, mut values) = (Vec::new(), Vec::new());
        for first in (0..rows).step_by(rows_a_part) {
            let part = rows_a_part.min(rows - first);
            bytes.resize(part * width * 4, 0);
            self.input.read_exact(&mut bytes).map_err(Error::io(&self.path))?;
            values.clear();
            values.extend(bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)));
            if let Some(bad) = values.iter().position(|x| !(x.is_finite() && *x >= least)) {
                let (row, byte, value) = (first + bad / width, at + 4 * bad as u64, values[bad]);
                return Err(self.fault(ModelFault::Number { tensor: name.into(), row, byte, value }));
            }
            (first..).zip(values.chunks_exact(width.max(1))).for_each(|(row, values)| put(row, values));
            at += bytes.len() as u64;
        }
        Ok(())
    }

    /// Reads the parameters of a model in training into a model that is already there; from a checkpoint the layer's proposal too.
    ///
    /// # Errors
    /// What the reader says, and [`Error::ModelFile`]; above all, tensors of other shapes.
    pub fn read_into(&mut self, model: &mut SharedModel) -> Result<()> {
        let shapes = |tables: &[crate::table::SharedMatrix]| tables.iter().map(|t| t.shape()).collect::<Vec<_>>();
        for side in [Side::Encoder, Side::Layer] {
            let shapes = shapes(model.tables(side));
            self.check(side, &shapes)?;
            for (number, shape) in shapes.iter().enumerate() {
                let table = &mut model.tables_mut(side)[number];
                for (name, dims) in parts(&side.table(number), shape, false) {
                    if dims.len() == 1 {
                        let mut bias = vec![0.0; dims[0]];
                        self.rows(&name, &dims, f32::MIN, |row, value| bias[row] = value[0])?;
                        table.set_bias(&bias);
                    } else {
                        self.rows(&name, &dims, f32::MIN, |row, values| table.write_row(row as u32, values))?;
                    }
                }
            }
        }
        if self.state.is_some() {
            let of = |proposal: &dyn AdaptiveProposal| proposal.state().iter().map(|part| part.dim().into()).collect();
            let shapes: Vec<[usize; 2]> = model.layer().adaptive().map_or_else(Vec::new, of);
            let mut all = Vec::with_capacity(shapes.len());
            for (number, shape) in shapes.into_iter().enumerate() {
                let mut seen = Array2::zeros(shape);
                self.rows(&proposal(number), &shape, f32::MIN, |row, values| {
                    seen.row_mut(row).iter_mut().zip(values).for_each(|(to, from)| *to = *from);
                })?;
                all.push(seen);
            }
            model.restore_proposal(all)?;
        }
        Ok(())
    }

    /// The whole model.
    ///
    /// # Errors
    /// What the reader says, [`Error::ModelFile`], and parameters that do not fit in memory.
    pub fn read(mut self) -> Result<(Architecture, Vocabulary, Model)> {
        let vocab = self.vocab()?;
        let architecture = self.architecture.clone();
        let path = self.path.clone();
        let senseless = |field, source| {
            let fault = ModelFault::Senseless { field, source: Box::new(source) };
            Error::ModelFile { path: path.clone(), fault: Box::new(fault) }
        };
        let encoder = architecture.encoder(vocab.len()).map_err(|e| senseless("dim", e))?;
        self.check(Side::Encoder, &encoder.tables())?;
        // The file has room for as many numbers a word: only now a layer may count on them.
        let tree = self.tree(vocab.len())?;
        let layer = architecture.layer(&vocab, tree).map_err(|e| senseless("layer", e))?;
        self.check(Side::Layer, &layer.tables())?;
        let proposals = match layer.adaptive() {
            Some(proposal) if self.state.is_some() => proposal.state().len(),
            _ => 0,
        };
        self.check_all_known(&encoder.tables(), &layer.tables(), proposals)?;
        let mut model = Model::new(encoder, layer, vocab.counts(), architecture.optimizer, 0)?;
        let state = architecture.optimizer != Optimizer::Sgd;
        for side in [Side::Encoder, Side::Layer] {
            for number in 0..model.tables(side).len() {
                let matrix = &mut model.tables_mut(side)[number];
                let shape = matrix.shape();
                for (name, dims) in parts(&side.table(number), &shape, state) {
                    let (is_state, is_bias) = (name.ends_with(ADAGRAD), dims.len() == 1);
                    let width = dims.get(1).copied().unwrap_or(1);
                    let to = match (is_state, is_bias) {
                        (true, _) => &mut *matrix.optimizer_state_mut()[usize::from(is_bias)],
                        (false, true) => matrix.bias_mut(),
                        (false, false) => matrix.weights_mut(),
                    };
                    let least = if is_state { 0.0 } else { f32::MIN };
                    self.rows(&name, &dims, least, |row, values| {
                        to[row * width..][..width].copy_from_slice(values);
                    })?;
                }
            }
        }
        Ok((architecture, vocab, model))
    }

    /// Whether every tensor of the file belongs to something.
    fn check_all_known(&self, encoder: &[TableShape], layer: &[TableShape], proposals: usize) -> Result<()> {
        let state = self.architecture.optimizer.initial_state().is_some();
        let tables = |side: Side, shapes: &[TableShape]| {
            let named = shapes.iter().enumerate().flat_map(|(n, shape)| parts(&side.table(n), shape, state));
            named.map(|(name, _)| name).collect::<Vec<_>>()
        };
        let mut known = [COUNTS, ENDS, WORDS].map(String::from).to_vec();
        if self.architecture.layer.has_tree() {
            known.extend([LEAVES, NODES].map(String::from));
        }
        known.extend(tables(Side::Encoder, encoder));
        known.extend(tables(Side::Layer, layer));
        known.extend((0..proposals).map(proposal));
        match self.tensors.offset_keys().into_iter().find(|name| !known.contains(name)) {
            Some(tensor) => Err(self.fault(ModelFault::StrangeTensor { tensor })),
            None => Ok(()),
        }
    }
}

fn header_of(header: &[u8]) -> Faulty<Metadata> {
    let fault = |source: serde_json::Error| {
        // In what way the sizes are wrong is said of no place.
        let byte = 8 + if source.line() == 1 { source.column().saturating_sub(1) as u64 } else { 0 };
        ModelFault::Header { byte, source }
    };
    serde_json::from_slice(header).map_err(fault)
}

fn described(tensors: &Metadata) -> Faulty<(Architecture, Option<String>)> {
    let metadata = tensors.metadata().as_ref();
    let text = metadata.and_then(|m| m.get(DESCRIPTION)).ok_or(ModelFault::NoField { field: DESCRIPTION })?;
    let field = |source: serde_json::Error| ModelFault::Field { field: DESCRIPTION, column: source.column(), source };
    // What is known of every format, before the rest is held against this one.
    #[derive(serde::Deserialize)]
    struct Version {
        format: u32,
    }
    let Version { format } = serde_json::from_str(text).map_err(field)?;
    if format != FORMAT {
        return Err(ModelFault::Format { found: format, known: FORMAT });
    }
    let description: Description = serde_json::from_str(text).map_err(field)?;
    let senseless = |(field, source)| ModelFault::Senseless { field, source: Box::new(source) };
    let architecture = description.architecture().map_err(senseless)?;
    Ok((architecture, metadata.and_then(|m| m.get(STATE)).cloned()))
}
