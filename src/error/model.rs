//! What can be wrong with a model's file.

/// What is wrong with a model's file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelFault {
    /// The file is too short to say how long its header is.
    #[error("{bytes} bytes, but the length of the header alone takes 8")]
    TooShort {
        /// Bytes of the file.
        bytes: u64,
    },
    /// The header cannot be so long.
    #[error("byte 0: the header is said to have {length} bytes; there may be at most {limit}")]
    HeaderLength {
        /// Bytes that it is said to have.
        length: u64,
        /// Bytes that there are, or that a header may have.
        limit: u64,
    },
    /// The header is not that of a safetensors file.
    #[error("byte {byte}: the header: {source}")]
    Header {
        /// Where in the file reading stopped.
        byte: u64,
        /// What the reader said.
        source: serde_json::Error,
    },
    /// The tensors and the file are not of the same size.
    #[error("the header has tensors of {said} bytes, the file {found} behind the header")]
    Size {
        /// Bytes of all tensors.
        said: u64,
        /// Bytes behind the header.
        found: u64,
    },
    /// A safetensors file, but not of a model of lexmax.
    #[error("not a model of lexmax: the metadata have no {field:?}")]
    NoField {
        /// The field.
        field: &'static str,
    },
    /// A field of the metadata cannot be read.
    #[error("metadata {field:?}, column {column}: {source}")]
    Field {
        /// The field.
        field: &'static str,
        /// Where in the field reading stopped, from 1.
        column: usize,
        /// What the reader said.
        source: serde_json::Error,
    },
    /// A model written by a version that says more than this one understands.
    #[error("format {found}, but this version reads format {known}")]
    Format {
        /// The file's.
        found: u32,
        /// This version's.
        known: u32,
    },
    /// What the metadata say makes no model.
    #[error("metadata {field:?}: {source}")]
    Senseless {
        /// The field.
        field: &'static str,
        /// Why.
        source: Box<super::Error>,
    },
    /// A tensor is not there.
    #[error("no tensor {tensor:?}")]
    NoTensor {
        /// Its name.
        tensor: String,
    },
    /// A tensor that the model has no use for.
    #[error("tensor {tensor:?} belongs to nothing in this model")]
    StrangeTensor {
        /// Its name.
        tensor: String,
    },
    /// A tensor has another type or shape than the model.
    #[error("tensor {tensor:?} is {found:?} of {found_shape:?}, but the model needs {needed:?} of {needed_shape:?}")]
    Shape {
        /// Its name.
        tensor: String,
        /// Its type.
        found: safetensors::Dtype,
        /// Its shape.
        found_shape: Vec<usize>,
        /// The type of the model.
        needed: safetensors::Dtype,
        /// The shape of the model; 0 where any would do.
        needed_shape: Vec<usize>,
    },
    /// A number is infinite, NaN, or what the model cannot have there.
    #[error("byte {byte}: {value} in row {row} of tensor {tensor:?}")]
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
    /// A word is not what a word can be.
    #[error("byte {byte}: word {word} {fault}")]
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
    #[error("ends at {end}, out of order or of the tensor")]
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
    #[error("{nodes} decisions over {words} words make no tree")]
    Nodes {
        /// Words.
        words: usize,
        /// Decisions.
        nodes: usize,
    },
    /// A decision's link.
    #[error("decision {node} hangs on no earlier one, or where another does")]
    Node {
        /// The decision.
        node: usize,
    },
    /// A word's link.
    #[error("word {word} hangs on no decision, or where another word or decision does")]
    Leaf {
        /// The word.
        word: usize,
    },
}
