//! The surroundings of a run: checkpoints, a held-out text, a budget, a log, and how it ended.

use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// The surroundings of a run. None of them changes the bits of a deterministic run, except for when it ends.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Control {
    /// Where checkpoints are written, so that the run can go on.
    pub checkpoint: Option<Checkpoints>,
    /// A text that the model is evaluated on.
    pub valid: Option<Valid>,
    /// The run ends at the first barrier after this time, counted from [`Run::open`](super::Run::open). The rate
    /// follows the text and not the budget: a run in slices, each resumed from the checkpoint of the one before, is one
    /// run.
    pub budget: Option<Duration>,
    /// A file for the log, JSON lines.
    pub log: Option<PathBuf>,
    /// A flag, set from a signal handler or another thread: the run ends at the next barrier once it is true.
    pub stop: Option<Arc<AtomicBool>>,
}

impl Control {
    /// Adds a failure to the log, if there is one: for errors before [`Run::open`](super::Run::open).
    pub fn log_failure(&self, error: &Error) {
        if let Some(path) = &self.log {
            super::log::failure(path, error);
        }
    }

    /// Whether a checkpoint or a log names what the run trains on.
    pub fn is_recorded(&self) -> bool {
        self.checkpoint.is_some() || self.log.is_some()
    }
}

/// When and where checkpoints are written. The end of a run always writes one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Checkpoints {
    /// The folder, which then holds `checkpoint.safetensors`.
    pub dir: PathBuf,
    /// The time from one checkpoint to the next.
    pub every: Duration,
    /// Whether to go on from a checkpoint that is there. Without, such a checkpoint is an error; if none is there, the
    /// run begins.
    pub resume: bool,
}

impl Checkpoints {
    /// The default time from one checkpoint to the next: a minute.
    pub const EVERY: Duration = Duration::from_secs(60);

    /// Checkpoints in a folder, one a minute, for a run from the beginning.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), every: Self::EVERY, resume: false }
    }

    /// The file of the checkpoint.
    pub fn file(&self) -> PathBuf {
        self.dir.join("checkpoint.safetensors")
    }

    /// The same, and the run goes on from a checkpoint that is there.
    #[must_use]
    pub fn resume(self) -> Self {
        Self { resume: true, ..self }
    }
}

/// A held-out text. The model is evaluated on it after every pass over the training text: exactly, by the layer's
/// normalized probabilities.
///
/// It is read as the training text is: the same treatment of lines, the phrases that were joined there, the same
/// longest sentence. Words out of the vocabulary are dropped.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Valid {
    /// Its files.
    pub files: Vec<PathBuf>,
    /// The most examples, evenly spaced over the text.
    pub examples: usize,
    /// The run ends after this many evaluations in a row without a better one, and leaves the best model evaluated,
    /// whatever ended it. Without patience it leaves the final one.
    pub patience: Option<u32>,
    /// The folder of the best model during the run, in a file without a name. With checkpoints it is in their folder.
    pub folder: PathBuf,
}

impl Valid {
    /// The default limit of examples.
    pub const EXAMPLES: usize = 5_000;

    /// A held-out text in files: 5,000 examples, no patience, and the system's folder for temporary files.
    pub fn new<P: Into<PathBuf>>(files: impl IntoIterator<Item = P>) -> Self {
        Self {
            files: files.into_iter().map(Into::into).collect(),
            examples: Self::EXAMPLES,
            patience: None,
            folder: std::env::temp_dir(),
        }
    }

    /// The same, with patience for this many evaluations in a row without a better one.
    #[must_use]
    pub fn patience(self, evaluations: u32) -> Self {
        Self { patience: Some(evaluations), ..self }
    }
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Ended {
    /// The text was read.
    Complete,
    /// The budget was used.
    Budget,
    /// The held-out text did not get better.
    Patience,
    /// The stop flag was set, as by Ctrl-C.
    Interrupted,
}
