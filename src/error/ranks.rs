//! Faults of work that several processes share.

use super::shown::{quoted, value};

/// The reason why several processes, ranks, cannot do a task together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RanksFault {
    /// A rank differs from rank 0, though all must be the same.
    #[error(
        "{} is {} on rank {rank}, but {} on rank 0; start all ranks with the same program, options and text",
        value(setting),
        quoted(there),
        quoted(here)
    )]
    Differ {
        /// The number of the rank that differs.
        rank: usize,
        /// The value that differs: a setting, the version of the program, its instruction set, a hash of the text.
        setting: String,
        /// The value on that rank.
        there: String,
        /// The value on rank 0.
        here: String,
    },
    /// A run that only one process can train is asked of several.
    #[error("{setting} cannot be trained on {ranks} ranks; {advice}, or start one rank")]
    OneProcess {
        /// The setting.
        setting: &'static str,
        /// The number of ranks.
        ranks: usize,
        /// The remedy.
        advice: &'static str,
    },
    /// Every rank would do the same work.
    #[error("each of {ranks} ranks would do the same {command}; pass --vocab-parallel, or start one rank")]
    NotDivided {
        /// The command.
        command: &'static str,
        /// The number of ranks.
        ranks: usize,
    },
}
