//! What is written.

use clap::{Args, ValueEnum};
use lexmax::vectors::Format;
use std::path::PathBuf;

#[derive(Args)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// File for the vectors.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Format of the vectors: word2vec's.
    #[arg(long, value_enum, default_value_t = FormatName::Binary)]
    pub format: FormatName,
    /// File for the whole model, in the safetensors format: what `predict` reads.
    #[arg(long, value_name = "FILE")]
    pub save_model: Option<PathBuf>,
    /// File for what is known of the training.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum FormatName {
    Binary,
    Text,
}

impl Output {
    /// The format of the vectors.
    pub fn format(&self) -> Format {
        match self.format {
            FormatName::Binary => Format::Binary,
            FormatName::Text => Format::Text,
        }
    }

    /// All files that will be written.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        std::iter::once(&self.out).chain(&self.save_model).chain(&self.json)
    }
}
