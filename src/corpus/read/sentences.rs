//! Sentences that several workers read, each for itself.

use crate::corpus::{Joins, Ledger};
use crate::error::Result;
use crate::vocab::WordId;
use std::path::PathBuf;

/// A text as sentences of ids, in memory ([`Corpus`](crate::corpus::Corpus)) or in a file ([`SpooledCorpus`](crate::corpus::SpooledCorpus)).
pub trait Sentences: Sync {
    /// Number of sentences.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether any sentence has two words, so that there is an example.
    fn has_pairs(&self) -> bool;

    /// What was read, kept and dropped.
    fn ledger(&self) -> Ledger;

    /// The files that the text came from.
    fn paths(&self) -> &[PathBuf];

    /// The phrases that were joined; none where no pair was looked at.
    fn joins(&self) -> Option<&Joins> {
        None
    }

    /// A reader for one worker.
    ///
    /// # Errors
    /// A file that cannot be opened.
    fn reader(&self) -> Result<Box<dyn SentenceReader + '_>>;
}

/// Goes through sentences; fastest in their order.
pub trait SentenceReader: Send {
    /// A sentence, by its number from 0.
    ///
    /// # Errors
    /// A file that cannot be read.
    fn sentence(&mut self, i: usize) -> Result<&[WordId]>;
}
