//! The text to read.

use crate::corpus::{Form, Invalid, Language, Lowercase, Normalizer, Split};
use crate::{Error, Result};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
#[command(next_help_heading = "Input")]
pub struct Input {
    /// Training text, one sentence a line; - is standard input.
    ///
    /// Names files (plain, .gz, .zst or .bz2), directories or patterns. The text is UTF-8, or UTF-16 or UTF-32 with a
    /// byte order mark.
    #[arg(long, num_args = 1.., required = true, value_name = "PATH", alias = "train", alias = "input")]
    pub corpus: Vec<PathBuf>,
    /// Keeps word ids in temporary files in DIR [default: in memory].
    ///
    /// Serves texts that are larger than memory, where each word takes 4 bytes. Without DIR the files go to the
    /// system's temporary folder.
    #[arg(long, value_name = "DIR", num_args = 0..=1)]
    spool: Option<Option<PathBuf>>,
    /// Treatment of NUL and of bytes that are not UTF-8.
    #[arg(hide_short_help = true, long, value_enum, default_value_t, value_name = "HOW")]
    pub invalid_utf8: Invalid,
    /// Turns words to lower case, by LANG's rules if given [default: off].
    ///
    /// Without LANG the mapping is Unicode's. An equals sign joins the language: --lowercase=tr.
    #[arg(long, value_enum, value_name = "LANG", num_args = 0..=1, require_equals = true)]
    lowercase: Option<Option<Language>>,
    /// Unicode normalization of words [default: none].
    #[arg(long, value_enum, value_name = "FORM")]
    normalize: Option<Form>,
    /// Old option: --normalize nfc.
    #[arg(long, hide = true)]
    nfc: bool,
    /// Places where words end.
    #[arg(long, value_enum, default_value_t, value_name = "RULE")]
    pub split: Split,
}

impl Input {
    /// The folder for temporary files of word ids, if the ids are not kept in memory.
    pub fn spool(&self) -> Option<PathBuf> {
        self.spool.as_ref().map(|dir| dir.clone().unwrap_or_else(std::env::temp_dir))
    }

    /// The rules by which lines become words.
    ///
    /// # Errors
    /// `--nfc` beside another `--normalize`.
    pub fn normalizer(&self) -> Result<Normalizer> {
        let lowercase = match self.lowercase {
            None => Lowercase::No,
            Some(None) => Lowercase::Unicode,
            Some(Some(language)) => Lowercase::Of(language),
        };
        let form = match (self.normalize, self.nfc) {
            (None | Some(Form::Nfc), true) => Form::Nfc,
            (Some(_), true) => {
                let hint = "--nfc means --normalize nfc; remove one of them";
                return Err(Error::Contradiction { first: "--nfc", second: "--normalize", hint });
            }
            (form, false) => form.unwrap_or_default(),
        };
        Ok(Normalizer { lowercase, form, split: self.split })
    }
}
