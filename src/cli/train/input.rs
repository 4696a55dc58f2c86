//! What is read.

use crate::corpus::{Form, Invalid, Language, Lowercase, Normalizer, Split};
use crate::{Error, Result};
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
    /// Lower case, by Unicode's mapping or by that of a language.
    #[arg(long, value_enum, value_name = "LANGUAGE", num_args = 0..=1, require_equals = true)]
    lowercase: Option<Option<Language>>,
    /// Form of Unicode that words are brought to [default: none].
    #[arg(long, value_enum, value_name = "FORM")]
    normalize: Option<Form>,
    #[arg(long, hide = true)]
    nfc: bool,
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
    ///
    /// # Errors
    /// Two forms.
    pub fn normalizer(&self) -> Result<Normalizer> {
        let lowercase = match self.lowercase {
            None => Lowercase::No,
            Some(None) => Lowercase::Unicode,
            Some(Some(language)) => Lowercase::Of(language),
        };
        let form = match (self.normalize, self.nfc) {
            (None | Some(Form::Nfc), true) => Form::Nfc,
            (Some(_), true) => {
                let hint = "--nfc stands for --normalize nfc; say one of them";
                return Err(Error::Contradiction { first: "--nfc", second: "--normalize", hint });
            }
            (form, false) => form.unwrap_or_default(),
        };
        Ok(Normalizer { lowercase, form, split: self.split })
    }
}
