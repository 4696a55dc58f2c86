//! What surrounds a training run: checkpoints, a held-out text, a budget, a log, and how it ended.

use crate::corpus::{Examples, Sentences};
use crate::error::{Error, Result};
use crate::vocab::Vocabulary;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// What surrounds a training run. None of it changes the bits of a deterministic run, but for when it ends.
#[derive(Clone, Debug, Default)]
pub struct Control {
    /// Where the run is written down so that it can go on.
    pub checkpoint: Option<Checkpoints>,
    /// A text to look at the model by.
    pub valid: Option<Valid>,
    /// The run ends at the first quiet point after so much time. The rate follows the text, not the budget, so that a run in
    /// slices, each going on from the checkpoint of the one before, is one run.
    pub budget: Option<Duration>,
    /// A file for the log, JSON lines.
    pub log: Option<PathBuf>,
    /// Ends the run at the next quiet point once it is true.
    pub stop: Option<Arc<AtomicBool>>,
}

impl Control {
    /// Adds to the log, if there is to be one, that the run failed: for what goes wrong before [`train`](crate::word2vec::train()) is called.
    pub fn log_failure(&self, error: &Error) {
        if let Some(path) = &self.log {
            super::log::failure(path, error);
        }
    }
}

/// When and where checkpoints are written: beside the schedule, one at the end.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    /// The folder, which then holds `checkpoint.safetensors`.
    pub dir: PathBuf,
    /// The time from one to the next.
    pub every: Duration,
    /// Whether to go on from the one that is there. Without, one that is there is an error; if none is there, the run begins.
    pub resume: bool,
}

/// A held-out text, which the model is evaluated on after every pass of the training text: exactly, by the layer's
/// normalized probabilities. It is read as the training text is: the same treatment of lines, the phrases that were joined there, the
/// same longest sentence; words out of the vocabulary are dropped.
#[derive(Clone, Debug)]
pub struct Valid {
    /// Its files.
    pub files: Vec<PathBuf>,
    /// At most so many examples, evenly spaced over the text.
    pub examples: usize,
    /// The run ends after so many evaluations in a row without a better one, and leaves the best model of those that were
    /// evaluated, whatever ended it. Without, it leaves the last one.
    pub patience: Option<u32>,
    /// The folder where the best model is while the run goes on, in a file without a name. With checkpoints it is beside them.
    pub folder: PathBuf,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// The text was read.
    Complete,
    /// The budget was used.
    Budget,
    /// The held-out text did not get better.
    Patience,
    /// It was told to, as by Ctrl-C.
    Interrupted,
}

/// SHA-256 of what is trained on: the words with their counts, and all sentences as ids.
pub(super) fn corpus_hash(vocab: &Vocabulary, corpus: &dyn Sentences) -> Result<String> {
    let mut hash = Sha256::new();
    for (word, count) in (0..).zip(vocab.counts().as_slice()) {
        hash.update((vocab.word(word).len() as u64).to_le_bytes());
        hash.update(vocab.word(word));
        hash.update(count.to_le_bytes());
    }
    let (mut reader, mut bytes) = (corpus.reader()?, Vec::new());
    for number in 0..corpus.len() {
        let sentence = reader.sentence(number)?;
        bytes.clear();
        bytes.extend_from_slice(&(sentence.len() as u64).to_le_bytes());
        sentence.iter().for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
        hash.update(&bytes);
    }
    Ok(hex(hash))
}

/// SHA-256 of what a model is evaluated on.
pub(super) fn examples_hash(examples: &Examples) -> String {
    let mut hash = Sha256::new();
    for numbers in [&examples.words, &examples.offsets, &examples.targets] {
        hash.update((numbers.len() as u64).to_le_bytes());
        numbers.iter().for_each(|number| hash.update(number.to_le_bytes()));
    }
    hex(hash)
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
