//! Sentences that several workers read independently.

use crate::corpus::{Joins, Ledger};
use crate::error::Result;
use crate::vocab::WordId;
use std::path::PathBuf;

/// A text as sentences of ids: in memory ([`Corpus`](crate::corpus::Corpus)) or in a file
/// ([`SpooledCorpus`](crate::corpus::SpooledCorpus)).
pub trait Sentences: Sync {
    /// Number of sentences.
    fn len(&self) -> usize;

    /// Whether the text has no sentence.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether any sentence has two words, and so an example.
    fn has_pairs(&self) -> bool;

    /// Counts of the words read, kept and dropped.
    fn ledger(&self) -> Ledger;

    /// The files that the text was read from.
    fn paths(&self) -> &[PathBuf];

    /// The joined phrases; `None` if the text was read without rules for phrases.
    fn joins(&self) -> Option<&Joins> {
        None
    }

    /// A reader for one worker.
    ///
    /// # Errors
    /// A file that cannot be opened.
    fn reader(&self) -> Result<Box<dyn SentenceReader + '_>>;
}

/// Reads sentences in any order; sequential access is fastest.
pub trait SentenceReader: Send {
    /// A sentence, by its number from 0.
    ///
    /// # Errors
    /// A file that cannot be read.
    fn sentence(&mut self, i: usize) -> Result<&[WordId]>;
}
