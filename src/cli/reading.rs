//! Options for reading word vectors.

use crate::error::shown;
use crate::vectors::{Format, OnBad, PassedOver, ReadOptions};
use clap::Args;
use std::path::{Path, PathBuf};

/// The options of commands that read word vectors.
#[derive(Args)]
pub struct Reading {
    /// Format of the vectors [default: by content or ending].
    #[arg(long, value_enum, value_name = "FORMAT")]
    from: Option<Format>,
    /// File of words, one a line, for npy and projector [default: found by its name].
    ///
    /// These formats keep words and vectors in two files.
    #[arg(id = "words_file", long = "words", value_name = "FILE")]
    words: Option<PathBuf>,
    /// Treatment of words and vectors that cannot be read.
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    on_bad: OnBad,
}

impl Reading {
    /// The options of the library; `first` limits the number of words.
    pub fn options(&self, first: Option<usize>) -> ReadOptions {
        ReadOptions { format: self.from, words: self.words.clone(), first, on_bad: self.on_bad }
    }
}

/// Prints a warning with the numbers of skipped entries.
pub fn tell(path: &Path, passed_over: &PassedOver) {
    if !passed_over.is_empty() {
        super::warn(&format!("{}: passed over {passed_over}", shown::file(path)));
    }
}
