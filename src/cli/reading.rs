//! Options by which commands read word vectors.

use crate::error::shown;
use crate::vectors::{Format, OnBad, PassedOver, ReadOptions};
use clap::Args;
use std::path::{Path, PathBuf};

/// The options of commands that read word vectors.
#[derive(Args)]
pub struct Reading {
    /// Format of the vectors [default: what the beginning or the ending tells].
    #[arg(long, value_enum, value_name = "FORMAT")]
    from: Option<Format>,
    /// File of the words, one a line, for formats that keep them beside the vectors (npy, projector) [default: found by
    /// its name].
    #[arg(id = "words_file", long = "words", value_name = "FILE")]
    words: Option<PathBuf>,
    /// Treatment of words and vectors that cannot be read: `skip` passes over them, and counts them by kind.
    #[arg(long, value_enum, default_value_t)]
    on_bad: OnBad,
}

impl Reading {
    /// The options of the library; the first words alone, where `first` says so.
    pub fn options(&self, first: Option<usize>) -> ReadOptions {
        ReadOptions { format: self.from, words: self.words.clone(), first, on_bad: self.on_bad }
    }
}

/// Says what was passed over in a file.
pub fn tell(path: &Path, passed_over: &PassedOver) {
    if !passed_over.is_empty() {
        super::warn(&format!("{}: passed over {passed_over}", shown::file(path)));
    }
}
