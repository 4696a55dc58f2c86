//! Reads tensors without trusting the content of the file.

use super::{ANY, LONGEST_HEADER, PART};
use crate::error::{Error, ModelFault, Result};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use serde::de::DeserializeOwned;
use std::fmt;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// A file of tensors whose header has been read and fits the file.
///
/// Memory use is at most a constant times the file size: stated sizes count only after the tensors that they describe
/// are known to exist.
pub struct Tensors<R> {
    input: R,
    path: PathBuf,
    /// The offset of the first tensor.
    start: u64,
    metadata: Metadata,
}

impl<R> fmt::Debug for Tensors<R> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Tensors").field("path", &self.path).finish_non_exhaustive()
    }
}

impl<R: Read + Seek> Tensors<R> {
    /// Reads the header; `path` is used in errors.
    ///
    /// # Errors
    /// The errors of the reader, and [`Error::ModelFile`] with the byte.
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
        let metadata = parse(&header).map_err(fault)?;
        let (said, found) = (metadata.data_len() as u64, size - 8 - length);
        if said != found {
            return Err(fault(ModelFault::Size { said, found }));
        }
        Ok(Self { input, path: path.into(), start: 8 + length, metadata })
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// An error about this file.
    pub fn fault(&self, fault: ModelFault) -> Error {
        Error::ModelFile { path: self.path.clone(), fault: Box::new(fault) }
    }

    /// An entry of the metadata.
    pub fn entry(&self, field: &str) -> Option<&str> {
        self.metadata.metadata().as_ref().and_then(|entries| entries.get(field)).map(String::as_str)
    }

    /// An entry of the metadata that holds JSON.
    ///
    /// # Errors
    /// [`Error::ModelFile`] for an entry that is missing or cannot be read.
    pub fn json<T: DeserializeOwned>(&self, field: &'static str) -> Result<T> {
        let text = self.entry(field).ok_or_else(|| self.fault(ModelFault::NoField { field }))?;
        let fault = |source: serde_json::Error| ModelFault::Field { field, column: source.column(), source };
        serde_json::from_str(text).map_err(|e| self.fault(fault(e)))
    }

    /// Like [`Tensors::json`], for an entry with a field `format`. Its value is first compared with `known`.
    ///
    /// # Errors
    /// The errors of [`Tensors::json`], and another format.
    pub fn json_of_format<T: DeserializeOwned>(&self, field: &'static str, known: u32) -> Result<T> {
        #[derive(serde::Deserialize)]
        struct Version {
            format: u32,
        }
        let Version { format } = self.json(field)?;
        if format != known {
            return Err(self.fault(ModelFault::Format { found: format, known }));
        }
        self.json(field)
    }

    /// The total size of all tensors in bytes.
    pub fn data_bytes(&self) -> usize {
        self.metadata.data_len()
    }

    /// Whether there is a tensor with this name.
    pub fn has(&self, name: &str) -> bool {
        self.metadata.info(name).is_some()
    }

    /// A tensor of this type and shape; a length of [`ANY`] matches every length.
    ///
    /// # Errors
    /// [`Error::ModelFile`] for a tensor that is missing or differs in type or shape.
    pub fn info(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<TensorInfo> {
        let Some(info) = self.metadata.info(name) else {
            return Err(self.fault(ModelFault::NoTensor { tensor: name.into() }));
        };
        let fits = |(found, needed): (&usize, &usize)| *needed == ANY || found == needed;
        if info.dtype != dtype || info.shape.len() != shape.len() || !info.shape.iter().zip(shape).all(fits) {
            return Err(self.fault(ModelFault::Shape {
                tensor: name.into(),
                found: format!("{:?}", info.dtype),
                found_shape: info.shape.clone(),
                needed: format!("{dtype:?}"),
                needed_shape: shape.iter().map(|len| if *len == ANY { 0 } else { *len }).collect(),
            }));
        }
        Ok(info.clone())
    }

    /// Refuses tensors whose names are not in `known`.
    ///
    /// # Errors
    /// [`Error::ModelFile`] with the first such tensor.
    pub fn check_known(&self, known: &[String]) -> Result<()> {
        match self.metadata.offset_keys().into_iter().find(|name| !known.contains(name)) {
            Some(tensor) => Err(self.fault(ModelFault::StrangeTensor { tensor })),
            None => Ok(()),
        }
    }

    fn seek(&mut self, info: &TensorInfo) -> Result<u64> {
        let at = self.start + info.data_offsets.0 as u64;
        self.input.seek(SeekFrom::Start(at)).map_err(Error::io(&self.path))
    }

    /// All bytes of a tensor, with their offset in the file first.
    ///
    /// # Errors
    /// The errors of the reader.
    pub fn bytes(&mut self, info: &TensorInfo) -> Result<(u64, Vec<u8>)> {
        let at = self.seek(info)?;
        let mut bytes = vec![0; info.data_offsets.1 - info.data_offsets.0];
        self.input.read_exact(&mut bytes).map_err(Error::io(&self.path))?;
        Ok((at, bytes))
    }

    /// A vector of u64; a length of [`ANY`] matches every length.
    ///
    /// # Errors
    /// The errors of [`Tensors::info`] and of the reader.
    pub fn u64s(&mut self, name: &str, len: usize) -> Result<Vec<u64>> {
        let info = self.info(name, Dtype::U64, &[len])?;
        Ok(self.bytes(&info)?.1.as_chunks::<8>().0.iter().map(|b| u64::from_le_bytes(*b)).collect())
    }

    /// A vector of u32; a length of [`ANY`] matches every length.
    ///
    /// # Errors
    /// The errors of [`Tensors::u64s`].
    pub fn u32s(&mut self, name: &str, len: usize) -> Result<Vec<u32>> {
        let info = self.info(name, Dtype::U32, &[len])?;
        Ok(self.bytes(&info)?.1.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)).collect())
    }

    /// Reads a tensor of f32 row by row and passes each row to `put`. Numbers must be finite and at least `least`.
    ///
    /// # Errors
    /// The errors of [`Tensors::info`] and of the reader, and [`Error::ModelFile`] with the byte of an invalid number.
    pub fn rows(&mut self, name: &str, shape: &[usize], least: f32, mut put: impl FnMut(usize, &[f32])) -> Result<()> {
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
}

fn parse(header: &[u8]) -> std::result::Result<Metadata, ModelFault> {
    let fault = |source: serde_json::Error| {
        // Errors about inconsistent sizes have no position.
        let byte = 8 + if source.line() == 1 { source.column().saturating_sub(1) as u64 } else { 0 };
        ModelFault::Header { byte, source }
    };
    serde_json::from_slice(header).map_err(fault)
}
