//! What is written.

use crate::vectors::Format;
use crate::word2vec::Preset;
use crate::{Error, Result};
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// File for the vectors.
    #[arg(long, value_name = "FILE", alias = "output", required_unless_present = "dry_run")]
    pub out: Option<PathBuf>,
    /// Trains nothing and writes no vectors: says what the text has, how many parameters there would be, how much
    /// memory and work, and from two seconds of training how long it would take.
    #[arg(long)]
    pub dry_run: bool,
    /// Format of the vectors [default: what the ending of --out tells, or else binary].
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// word2vec's way to say --format binary (1) or text (0).
    #[arg(long, value_name = "0|1", num_args = 0..=1, default_missing_value = "1",
        value_parser = clap::value_parser!(u8).range(0..=1))]
    pub binary: Option<u8>,
    /// File for the whole model, in the safetensors format: what `predict` reads.
    #[arg(long, value_name = "FILE")]
    pub save_model: Option<PathBuf>,
    /// Lets the results of a run that was interrupted before a quarter of its first pass replace old files. Without it,
    /// such a run writes NAME.partial.
    #[arg(long)]
    pub keep_partial: bool,
    /// File for what is known of the training.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

impl Output {
    /// Refuses what contradicts itself.
    pub fn check(&self) -> Result<()> {
        let contradiction = |first, second, hint| Err(Error::Contradiction { first, second, hint });
        if self.format.is_some() && self.binary.is_some() {
            return contradiction("--format", "--binary", "leave one of them out");
        }
        if self.dry_run && self.out.is_some() {
            return contradiction("--dry-run", "--out", "a dry run writes no vectors; leave one of them out");
        }
        Ok(())
    }

    /// The format of the vectors in a file of this name.
    pub fn format(&self, path: &Path, preset: Preset) -> Format {
        match (self.format, self.binary) {
            (Some(format), _) => format,
            (None, Some(0)) => Format::Text,
            (None, Some(_)) => Format::Binary,
            (None, None) => preset.format(path),
        }
    }
}
