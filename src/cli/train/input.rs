//! What is read.

use crate::corpus::{Invalid, Normalizer, Split};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Args)]
#[command(next_help_heading = "Input")]
pub struct Input {
    /// Text, a sentence a line: files (plain, .gz, .zst or .bz2), directories, patterns, or - for standard input.
    #[arg(long, num_args = 1.., required = true, value_name = "PATH", alias = "train", alias = "input")]
    pub corpus: Vec<PathBuf>,
    /// Folder for temporary files of word ids, for a text that is larger than memory [the system's own; ids are kept in
    /// memory without --spool, 4 bytes a word].
    #[arg(long, value_name = "DIR", num_args = 0..=1)]
    spool: Option<Option<PathBuf>>,
    /// What becomes of bytes that are not UTF-8: error names the place, replace makes them U+FFFD, skip drops the word
    /// that they are in; what is dropped or replaced is counted.
    #[arg(long, value_enum, default_value_t = InvalidName::Error)]
    pub invalid_utf8: InvalidName,
    /// Lower case, by Unicode's mapping.
    #[arg(long)]
    pub lowercase: bool,
    /// Unicode's composed form, NFC.
    #[arg(long)]
    pub nfc: bool,
    /// Where words end: at white space, or at the word boundaries of UAX #29, which drops punctuation.
    #[arg(long, value_enum, default_value_t = SplitName::Space)]
    pub split: SplitName,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum InvalidName {
    Error,
    Replace,
    Skip,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum SplitName {
    Space,
    Words,
}

impl Input {
    /// The folder for the ids, if they go to a file.
    pub fn spool(&self) -> Option<PathBuf> {
        self.spool.as_ref().map(|dir| dir.clone().unwrap_or_else(std::env::temp_dir))
    }

    /// The treatment of bytes that are not UTF-8.
    pub fn invalid(&self) -> Invalid {
        match self.invalid_utf8 {
            InvalidName::Error => Invalid::Refuse,
            InvalidName::Replace => Invalid::Replace,
            InvalidName::Skip => Invalid::Skip,
        }
    }

    /// The treatment of lines.
    pub fn normalizer(&self) -> Normalizer {
        let split = match self.split {
            SplitName::Space => Split::Space,
            SplitName::Words => Split::Words,
        };
        Normalizer { lowercase: self.lowercase, nfc: self.nfc, split }
    }
}
