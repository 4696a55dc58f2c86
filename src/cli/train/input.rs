//! What is read.

use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
#[command(next_help_heading = "Input")]
pub struct Input {
    /// Text: plain, .gz or .zst, a sentence a line.
    #[arg(long, num_args = 1.., required = true, value_name = "PATH")]
    pub corpus: Vec<PathBuf>,
    /// Folder for a temporary file of word ids, for a text that is larger than memory [ids are kept in memory].
    #[arg(long, value_name = "DIR")]
    pub spool: Option<PathBuf>,
}
