//! What can be wrong with a training run.

#[cfg(feature = "text")]
use super::Error;
use super::shown::{quoted, value};

/// What is not finite.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Divergence {
    /// The loss.
    #[error("the loss became {0}")]
    Loss(f64),
    /// A parameter.
    #[error("row {row} of table {table} became {value}")]
    Parameter {
        /// The table, as files call it: `encoder.0`, `layer.0`, ….
        table: String,
        /// The row.
        row: u32,
        /// The parameter.
        value: f32,
    },
}

/// Why a run cannot go on from a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointFault {
    /// It is there, and nobody said to go on from it.
    #[error("there is a checkpoint; resume it, or take another folder")]
    Exists,
    /// It is of a run of other settings or of another text.
    #[error(
        "of another run: {} was {} there, and is {}; set it back or take another folder",
        value(setting),
        quoted(checkpoint),
        quoted(now)
    )]
    OtherRun {
        /// What differs.
        setting: String,
        /// What it was.
        checkpoint: String,
        /// What it is now.
        now: String,
    },
}

/// Why a run cannot start from earlier vectors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InitFault {
    /// They are of another size.
    #[error("vectors of {found} numbers, but the model has {needed}; make the sizes equal")]
    OtherDim {
        /// Numbers a vector there.
        found: usize,
        /// Numbers a vector of the model.
        needed: usize,
    },
    /// They are of other words.
    #[error("none of its {words} words is in the text's vocabulary; take vectors of its language and case")]
    NothingInCommon {
        /// Its words.
        words: usize,
    },
}

/// No higher rate is suggested: the start of word2vec's skip-gram.
#[cfg(feature = "text")]
const USUAL_RATE: f64 = 0.025;

#[cfg(feature = "text")]
impl Error {
    /// Training at `rate` diverged. A quarter of the rate is suggested, and no more than word2vec's.
    pub(crate) fn diverged(cause: Divergence, examples: u64, rate: f32) -> Self {
        // As it was written: 0.1, not 0.10000000149.
        let rate = rate.to_string().parse().unwrap_or(f64::from(rate));
        Self::Diverged { cause, examples, rate, suggested: (rate / 4.0).min(USUAL_RATE) }
    }
}
