//! Writes the header of a tensor file, and numbers as bytes.

use super::PART;
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use std::collections::HashMap;
use std::io::{self, Write};

/// The tensors of a file in order, and its metadata.
#[derive(Default)]
pub struct Layout {
    metadata: HashMap<String, String>,
    tensors: Vec<(String, TensorInfo)>,
    bytes: usize,
}

impl Layout {
    /// A layout without tensors.
    pub fn new(metadata: HashMap<String, String>) -> Self {
        Self { metadata, ..Self::default() }
    }

    /// Appends a tensor. Wider number types must come first, so that all numbers are aligned.
    pub fn push(&mut self, name: String, dtype: Dtype, shape: Vec<usize>) {
        let end = self.bytes + shape.iter().product::<usize>() * dtype.bitsize() / 8;
        self.tensors.push((name, TensorInfo { dtype, shape, data_offsets: (self.bytes, end) }));
        self.bytes = end;
    }

    /// The header, padded to a multiple of 8 bytes, and the total size of all tensors in bytes.
    ///
    /// # Errors
    /// Tensors that do not form a valid header, such as two with the same name.
    pub fn header(self) -> io::Result<(Vec<u8>, usize)> {
        let metadata = Metadata::new(Some(self.metadata), self.tensors).map_err(io::Error::other)?;
        let mut header = serde_json::to_vec(&metadata)?;
        header.resize(header.len().next_multiple_of(8), b' ');
        Ok((header, self.bytes))
    }
}

/// A writer of numbers as little-endian bytes, passed on in parts.
pub struct Numbers<'a> {
    out: &'a mut dyn Write,
    bytes: Vec<u8>,
}

impl<'a> Numbers<'a> {
    /// Starts a file: writes the length of the header, and the header.
    ///
    /// # Errors
    /// The errors of the writer.
    pub fn behind(header: &[u8], out: &'a mut dyn Write) -> io::Result<Self> {
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(header)?;
        Ok(Self { out, bytes: Vec::with_capacity(PART + 64) })
    }

    /// Writes bytes unchanged.
    ///
    /// # Errors
    /// The errors of the writer.
    pub fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() < PART {
            return Ok(());
        }
        self.out.write_all(&self.bytes)?;
        self.bytes.clear();
        Ok(())
    }

    /// Writes f32 values.
    ///
    /// # Errors
    /// The errors of the writer.
    pub fn floats(&mut self, values: &[f32]) -> io::Result<()> {
        values.iter().try_for_each(|value| self.push(&value.to_le_bytes()))
    }

    /// Writes the remaining bytes.
    ///
    /// # Errors
    /// The errors of the writer.
    pub fn finish(self) -> io::Result<()> {
        self.out.write_all(&self.bytes)
    }
}
