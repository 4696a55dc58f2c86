//! Faults of a training run.

#[cfg(feature = "text")]
use super::Error;
use super::shown::{quoted, value};

/// A number that became infinite or NaN.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Divergence {
    /// The loss.
    #[error("the loss became {0}")]
    Loss(f64),
    /// A parameter.
    #[error("row {row} of table {table} became {value}")]
    Parameter {
        /// The name of the table in files: `encoder.0`, `layer.0`, ….
        table: String,
        /// The row.
        row: u32,
        /// The parameter.
        value: f32,
    },
}

/// The reason why a run cannot continue from a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointFault {
    /// The checkpoint exists, and the run was not told to resume.
    #[error("there is a checkpoint already; resume it, or choose another folder")]
    Exists,
    /// The checkpoint belongs to other settings or another text.
    #[error(
        "the checkpoint belongs to another run: {} is {} there, but {} here; change it back, or choose another folder",
        value(setting),
        quoted(checkpoint),
        quoted(now)
    )]
    OtherRun {
        /// The setting that differs.
        setting: String,
        /// Its value in the checkpoint.
        checkpoint: String,
        /// Its value now.
        now: String,
    },
}

/// The reason why a run cannot start from earlier vectors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InitFault {
    /// The vectors have another size.
    #[error("its vectors have {found} numbers, but the model has {needed}; make the sizes equal")]
    OtherDim {
        /// Numbers in each vector of the file.
        found: usize,
        /// Numbers in each vector of the model.
        needed: usize,
    },
    /// The vectors have other words.
    #[error("none of its {words} words is in the text's vocabulary; use vectors of the same language and case")]
    NothingInCommon {
        /// Its words.
        words: usize,
    },
}

/// The highest rate that is suggested: the first rate of word2vec's skip-gram.
#[cfg(feature = "text")]
const USUAL_RATE: f64 = 0.025;

#[cfg(feature = "text")]
impl Error {
    /// The error for training that diverged at `rate`. It suggests a quarter of the rate, at most word2vec's.
    pub(crate) fn diverged(cause: Divergence, examples: u64, rate: f32) -> Self {
        // Parsed from its short form, 0.1 instead of 0.10000000149.
        let rate = rate.to_string().parse().unwrap_or(f64::from(rate));
        Self::Diverged { cause, examples, rate, suggested: (rate / 4.0).min(USUAL_RATE) }
    }
}
