//! What is read.

use crate::corpus::{Invalid, Normalizer, Split};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
#[command(next_help_heading = "Input")]
pub struct Input {
    /// Text, a sentence a line: files (plain, .gz, .zst or .bz2), directories, patterns, or - for standard input.
    /// UTF-8, or UTF-16 or UTF-32 with a byte order mark.
    #[arg(long, num_args = 1.., required = true, value_name = "PATH", alias = "train", alias = "input")]
    pub corpus: Vec<PathBuf>,
    /// Folder for temporary files of word ids, for a text that is larger than memory [the system's own; ids are kept in
    /// memory without --spool, 4 bytes a word].
    #[arg(long, value_name = "DIR", num_args = 0..=1)]
    spool: Option<Option<PathBuf>>,
    /// Treatment of bytes that are not UTF-8, and of NUL.
    #[arg(long, value_enum, default_value_t)]
    pub invalid_utf8: Invalid,
    /// Lower case, by Unicode's mapping.
    #[arg(long)]
    pub lowercase: bool,
    /// Unicode's composed form, NFC.
    #[arg(long)]
    pub nfc: bool,
    /// Places where words end.
    #[arg(long, value_enum, default_value_t)]
    pub split: Split,
}

impl Input {
    /// The folder for the ids, if they go to a file.
    pub fn spool(&self) -> Option<PathBuf> {
        self.spool.as_ref().map(|dir| dir.clone().unwrap_or_else(std::env::temp_dir))
    }

    /// The treatment of lines.
    pub fn normalizer(&self) -> Normalizer {
        Normalizer { lowercase: self.lowercase, nfc: self.nfc, split: self.split }
    }
}
