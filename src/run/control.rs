//! The surroundings of a run: checkpoints, a held-out text, a budget, a log, and the reason for its end.

use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// The surroundings of a run. They do not change the bits of a deterministic run, except by ending it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Control {
    /// Checkpoints, from which the run can be resumed.
    pub checkpoint: Option<Checkpoints>,
    /// Held-out text, on which the model is evaluated.
    pub valid: Option<Valid>,
    /// Budget of time, counted from [`Run::open`](super::Run::open); the run ends at the first barrier after it. The
    /// rate follows the text and not the budget. So a run in slices, each resumed from the checkpoint of the one
    /// before, is one run.
    pub budget: Option<Duration>,
    /// File for the log, in JSON lines.
    pub log: Option<PathBuf>,
    /// Flag that ends the run at the next barrier once it is true. A signal handler or another thread may set it.
    pub stop: Option<Arc<AtomicBool>>,
}

impl Control {
    /// Adds a failure to the log, if there is one. It is meant for errors before [`Run::open`](super::Run::open).
    pub fn log_failure(&self, error: &Error) {
        if let Some(path) = &self.log {
            super::log::failure(path, error);
        }
    }

    /// Whether a checkpoint or a log records the text that the run trains on.
    pub fn is_recorded(&self) -> bool {
        self.checkpoint.is_some() || self.log.is_some()
    }
}

/// Place and frequency of checkpoints. The end of a run always writes one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Checkpoints {
    /// Folder that holds `checkpoint.safetensors`.
    pub dir: PathBuf,
    /// Time between two checkpoints.
    pub every: Duration,
    /// Whether to resume an existing checkpoint. Without this an existing checkpoint is an error. If there is none, the
    /// run starts from the beginning.
    pub resume: bool,
}

impl Checkpoints {
    /// Default time between two checkpoints: one minute.
    pub const EVERY: Duration = Duration::from_secs(60);

    /// Checkpoints in a folder, one a minute, for a run from the beginning.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), every: Self::EVERY, resume: false }
    }

    /// Path of the checkpoint file.
    pub fn file(&self) -> PathBuf {
        self.dir.join("checkpoint.safetensors")
    }

    /// Resumes an existing checkpoint.
    #[must_use]
    pub fn resume(self) -> Self {
        Self { resume: true, ..self }
    }
}

/// A held-out text. After every pass over the training text the model is evaluated on it, exactly, with the normalized
/// probabilities of the layer.
///
/// It is read like the training text: the same treatment of lines, the phrases that were joined there, and the same
/// longest sentence. Words outside the vocabulary are dropped.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Valid {
    /// Files of the text.
    pub files: Vec<PathBuf>,
    /// Largest number of examples; they are evenly spaced over the text.
    pub examples: usize,
    /// Number of evaluations in a row without a better one after which the run ends. The run then leaves the best model
    /// that was evaluated, whatever ended it. Without patience it leaves the final one.
    pub patience: Option<u32>,
    /// Folder of the unnamed file that holds the best model during the run. With checkpoints, their folder is used.
    pub folder: PathBuf,
    /// Time that an evaluation may still take once the stop flag is set. Then it is broken off without a result.
    pub grace: Duration,
}

impl Valid {
    /// Default limit of examples.
    pub const EXAMPLES: usize = 5_000;
    /// Default time of an evaluation once the stop flag is set: three seconds.
    pub const GRACE: Duration = Duration::from_secs(3);

    /// A held-out text in files: 5,000 examples, no patience, three seconds of grace, and the system's folder for
    /// temporary files.
    pub fn new<P: Into<PathBuf>>(files: impl IntoIterator<Item = P>) -> Self {
        Self {
            files: files.into_iter().map(Into::into).collect(),
            examples: Self::EXAMPLES,
            patience: None,
            folder: std::env::temp_dir(),
            grace: Self::GRACE,
        }
    }

    /// Sets the patience: the number of evaluations in a row without a better one after which the run ends.
    #[must_use]
    pub fn patience(self, evaluations: u32) -> Self {
        Self { patience: Some(evaluations), ..self }
    }
}

/// Reason why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Ended {
    /// The text was read.
    Complete,
    /// The budget was used up.
    Budget,
    /// The held-out NLL stopped improving.
    Patience,
    /// The stop flag was set, for example by Ctrl-C.
    Interrupted,
}
