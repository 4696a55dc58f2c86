//! Faults of model files.

use super::shown::{quoted, reason};

/// A fault of a model file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelFault {
    /// The file is too short for the length of its header.
    #[error("the file has {bytes} bytes, but needs at least 8 for the length of its header; write or copy it again")]
    TooShort {
        /// Bytes of the file.
        bytes: u64,
    },
    /// The header is too long.
    #[error(
        "this is no model of lexmax: its first 8 bytes give a header of {length} bytes, but at most {limit} are possible; \
         name a file of `save_model`"
    )]
    HeaderLength {
        /// Length of the header, by the file.
        length: u64,
        /// Bytes of the file, or the most that a header may have.
        limit: u64,
    },
    /// The header is not that of a safetensors file.
    #[error("byte {byte}: the header: {}; name a model of lexmax", reason(source))]
    Header {
        /// The byte at which reading stopped.
        byte: u64,
        /// The reader's error.
        source: serde_json::Error,
    },
    /// The tensors and the file differ in size.
    #[error("the header describes {said} bytes of tensors, but {found} bytes follow; write or copy the file again")]
    Size {
        /// Bytes of all tensors, by the header.
        said: u64,
        /// Bytes after the header.
        found: u64,
    },
    /// The safetensors file holds no model of lexmax.
    #[error("this is not a model of lexmax: the metadata have no {}; name a file that lexmax wrote", quoted(field))]
    NoField {
        /// The field.
        field: &'static str,
    },
    /// A field of the metadata cannot be read.
    #[error("metadata {}, column {column}: {}; write the file again", quoted(field), reason(source))]
    Field {
        /// The field.
        field: &'static str,
        /// The column at which reading stopped, from 1.
        column: usize,
        /// The reader's error.
        source: serde_json::Error,
    },
    /// The model was written by a version with another format.
    #[error("the file has format {found}, but this version reads format {known}; use the version that wrote it")]
    Format {
        /// The file's.
        found: u32,
        /// This version's.
        known: u32,
    },
    /// The metadata describe no valid model.
    #[error("metadata {}: {source}", quoted(field))]
    Senseless {
        /// The field.
        field: &'static str,
        /// The reason.
        source: Box<super::Error>,
    },
    /// A tensor is missing.
    #[error("the tensor {} is missing; write the file again, or name another", quoted(tensor))]
    NoTensor {
        /// Its name.
        tensor: String,
    },
    /// A tensor does not belong to the model.
    #[error("the tensor {} does not belong to this model; remove it, or name another file", quoted(tensor))]
    StrangeTensor {
        /// Its name.
        tensor: String,
    },
    /// A tensor has another type or shape than the model.
    #[error(
        "tensor {} is {found} of {found_shape:?}, but the model needs {needed} of {needed_shape:?}; write the \
         file again, or name another",
        quoted(tensor)
    )]
    Shape {
        /// Its name.
        tensor: String,
        /// Its type, as the file names it: `F32`, `U64`, ….
        found: String,
        /// Its shape.
        found_shape: Vec<usize>,
        /// The type of the model.
        needed: String,
        /// The shape of the model; 0 where any would do.
        needed_shape: Vec<usize>,
    },
    /// A number is infinite, NaN, or not allowed in its place.
    #[error("byte {byte}: {value} in row {row} of tensor {} is not allowed; write the file again", quoted(tensor))]
    Number {
        /// The tensor.
        tensor: String,
        /// The row, from 0.
        row: usize,
        /// The byte in the file.
        byte: u64,
        /// The number.
        value: f32,
    },
    /// A number refers to something that does not exist.
    #[error("number {at} of tensor {} refers to something that does not exist; write the file again", quoted(tensor))]
    Reference {
        /// The tensor.
        tensor: &'static str,
        /// The index of the number, from 0.
        at: usize,
    },
    /// A word is not valid.
    #[error("byte {byte}: word {word} {fault}; write the file again")]
    Word {
        /// Its number, from 0.
        word: usize,
        /// The byte at which it begins.
        byte: u64,
        /// The fault.
        fault: WordFault,
    },
    /// The counts are not valid.
    #[error("tensor \"vocab.counts\": {source}")]
    Counts {
        /// The reason.
        source: Box<super::Error>,
    },
    /// The tree is not valid.
    #[error("{fault}")]
    Tree {
        /// The reason.
        fault: LinksFault,
    },
}

/// A fault of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WordFault {
    /// The word is not UTF-8.
    #[error("is not UTF-8")]
    NotUtf8,
    /// The word is there already.
    #[error("is the same as word {first}")]
    Repeated {
        /// The first of them.
        first: u32,
    },
    /// The end lies before the beginning, or beyond the last byte.
    #[error("ends at byte {end}, before it begins or beyond the tensor")]
    End {
        /// The end.
        end: u64,
    },
}

/// A fault of a tree that is stored as links to parents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinksFault {
    /// The number of decisions is not one less than the number of words.
    #[error(
        "{nodes} decisions over {words} words are no tree, which has one decision less than words; write the file again"
    )]
    Nodes {
        /// Words.
        words: usize,
        /// Decisions.
        nodes: usize,
    },
    /// The link of a decision is wrong.
    #[error("decision {node} is not below an earlier one, or its place is taken; write the file again")]
    Node {
        /// The decision.
        node: usize,
    },
    /// The link of a word is wrong.
    #[error("word {word} is not below a decision, or its place is taken; write the file again")]
    Leaf {
        /// The word.
        word: usize,
    },
}
