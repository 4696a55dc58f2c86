//! Names of vector formats.

use crate::vectors::Format;
use clap::ValueEnum;

/// A file format of word vectors.
#[derive(Clone, Copy, ValueEnum)]
pub enum FormatName {
    /// word2vec's binary format; .bin.
    Binary,
    /// word2vec's text format; .txt.
    Text,
    /// fastText's text format; .vec.
    Fasttext,
    /// NumPy's matrix, the words beside it in .words.txt; .npy.
    Npy,
    /// finalfusion; .fifu.
    Finalfusion,
    /// TensorBoard's projector, the words beside the vectors in .metadata.tsv; .tsv.
    Projector,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Binary => Self::Binary,
            FormatName::Text => Self::Text,
            FormatName::Fasttext => Self::FastText,
            FormatName::Npy => Self::Npy,
            FormatName::Finalfusion => Self::Finalfusion,
            FormatName::Projector => Self::Projector,
        }
    }
}
