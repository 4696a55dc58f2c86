//! The files to write.

use crate::vectors::Format;
use crate::word2vec::Preset;
use crate::{Error, Result};
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// File for the vectors; required without --dry-run.
    ///
    /// The name's ending sets the format, unless --format does. An ending in .gz, .zst or .bz2 compresses the file.
    /// Standard output is -.
    #[arg(long, value_name = "FILE", alias = "output", required_unless_present = "dry_run")]
    pub out: Option<PathBuf>,
    /// Prints the plan of the run, with memory and time, and trains nothing.
    ///
    /// Reports the words of the text, the number of parameters, memory and work. Two seconds of training give the
    /// estimate of time.
    #[arg(long)]
    pub dry_run: bool,
    /// Format of the vectors [default: by the ending of --out, else binary].
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Same as --format binary (1) or text (0) [default: as --format].
    #[arg(hide_short_help = true, long, value_name = "0|1", num_args = 0..=1, default_missing_value = "1",
        value_parser = crate::cli::whole::<u8>(0..=1))]
    pub binary: Option<u8>,
    /// File for the whole model, for `predict` [default: none].
    ///
    /// The format is safetensors.
    #[arg(long, value_name = "FILE")]
    pub save_model: Option<PathBuf>,
    /// Lets a run that was interrupted early replace old files.
    ///
    /// A run is interrupted early if it ends before a quarter of its first pass. It writes NAME.partial without this
    /// option.
    #[arg(hide_short_help = true, long)]
    pub keep_partial: bool,
    /// File for the facts of the run, as JSON [default: none].
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

impl Output {
    /// Refuses options that contradict each other.
    pub fn check(&self) -> Result<()> {
        let contradiction = |first, second, hint| Err(Error::Contradiction { first, second, hint });
        if self.format.is_some() && self.binary.is_some() {
            return contradiction("--format", "--binary", "remove one of them");
        }
        if self.dry_run && self.out.is_some() {
            return contradiction("--dry-run", "--out", "a dry run writes no vectors; remove one of them");
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
