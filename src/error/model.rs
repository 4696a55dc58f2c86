//! What can be wrong with a model's file.

use super::shown::{quoted, reason};

/// What is wrong with a model's file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelFault {
    /// The file is too short to say how long its header is.
    #[error("{bytes} bytes, but the length of the header alone takes 8; write or copy the file again")]
    TooShort {
        /// Bytes of the file.
        bytes: u64,
    },
    /// The header cannot be so long.
    #[error("byte 0: a header of {length} bytes, but at most {limit} are possible; name a model of lexmax")]
    HeaderLength {
        /// Bytes that it is said to have.
        length: u64,
        /// Bytes that there are, or that a header may have.
        limit: u64,
    },
    /// The header is not that of a safetensors file.
    #[error("byte {byte}: the header: {}; name a model of lexmax", reason(source))]
    Header {
        /// Where in the file reading stopped.
        byte: u64,
        /// What the reader said.
        source: serde_json::Error,
    },
    /// The tensors and the file are not of the same size.
    #[error("tensors of {said} bytes in the header, but {found} bytes behind it; write or copy the file again")]
    Size {
        /// Bytes of all tensors.
        said: u64,
        /// Bytes behind the header.
        found: u64,
    },
    /// A safetensors file, but not of a model of lexmax.
    #[error("not a model of lexmax: the metadata have no {}; name a file that lexmax wrote", quoted(field))]
    NoField {
        /// The field.
        field: &'static str,
    },
    /// A field of the metadata cannot be read.
    #[error("metadata {}, column {column}: {}; write the file again", quoted(field), reason(source))]
    Field {
        /// The field.
        field: &'static str,
        /// Where in the field reading stopped, from 1.
        column: usize,
        /// What the reader said.
        source: serde_json::Error,
    },
    /// A model written by a version that says more than this one understands.
    #[error("format {found}, but this version reads format {known}; read it with the version that wrote it")]
    Format {
        /// The file's.
        found: u32,
        /// This version's.
        known: u32,
    },
    /// What the metadata say makes no model.
    #[error("metadata {}: {source}", quoted(field))]
    Senseless {
        /// The field.
        field: &'static str,
        /// Why.
        source: Box<super::Error>,
    },
    /// A tensor is not there.
    #[error("no tensor {}; write the file again, or name another", quoted(tensor))]
    NoTensor {
        /// Its name.
        tensor: String,
    },
    /// A tensor that the model has no use for.
    #[error("tensor {} belongs to nothing in this model; remove it, or name another file", quoted(tensor))]
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
    /// A number is infinite, NaN, or what the model cannot have there.
    #[error("byte {byte}: {value} in row {row} of tensor {} cannot be there; write the file again", quoted(tensor))]
    Number {
        /// The tensor.
        tensor: String,
        /// The row, from 0.
        row: usize,
        /// Where in the file.
        byte: u64,
        /// The number.
        value: f32,
    },
    /// A number names something that is not there.
    #[error("number {at} of tensor {} names something that is not there; write the file again", quoted(tensor))]
    Reference {
        /// The tensor.
        tensor: &'static str,
        /// The place of the number in it, from 0.
        at: usize,
    },
    /// A word is not what a word can be.
    #[error("byte {byte}: word {word} {fault}; write the file again")]
    Word {
        /// Its number, from 0.
        word: usize,
        /// Where in the file it begins.
        byte: u64,
        /// What is wrong with it.
        fault: WordFault,
    },
    /// The counts are none.
    #[error("tensor \"vocab.counts\": {source}")]
    Counts {
        /// Why.
        source: Box<super::Error>,
    },
    /// The tree is none.
    #[error("{fault}")]
    Tree {
        /// Why.
        fault: LinksFault,
    },
}

/// What is wrong with a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WordFault {
    /// Not UTF-8.
    #[error("is not UTF-8")]
    NotUtf8,
    /// It was there before.
    #[error("is the same as word {first}")]
    Repeated {
        /// The first of them.
        first: u32,
    },
    /// Its end lies before its beginning, or beyond the last byte.
    #[error("ends at byte {end}, before it begins or beyond the tensor")]
    End {
        /// The end.
        end: u64,
    },
}

/// Why links to parents are no tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinksFault {
    /// There must be one decision less than words.
    #[error("{nodes} decisions over {words} words make no tree; give one decision less than words")]
    Nodes {
        /// Words.
        words: usize,
        /// Decisions.
        nodes: usize,
    },
    /// A decision's link.
    #[error(
        "decision {node} is below no earlier one, or takes a place that is taken; give it a free one below another"
    )]
    Node {
        /// The decision.
        node: usize,
    },
    /// A word's link.
    #[error("word {word} is below no decision, or takes a place that is taken; give it a free one below a decision")]
    Leaf {
        /// The word.
        word: usize,
    },
}
