//! Faults of work that several processes share.

use super::shown::quoted;

/// The reason why several processes, ranks, cannot do a task together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RanksFault {
    /// A rank differs from rank 0 in a way that gives it other results.
    #[error(
        "rank {rank} has the {what} {}, but rank 0 has {}; start the same program, with the same arguments, on every \
         machine",
        quoted(own), quoted(first)
    )]
    Unlike {
        /// The rank.
        rank: usize,
        /// The difference.
        what: &'static str,
        /// The value of that rank.
        own: String,
        /// The value of rank 0.
        first: String,
    },
    /// A rank has another instruction set than rank 0, and so other bits.
    #[error(
        "rank {rank} uses the instruction set {own}, but rank 0 uses {first}, which rounds otherwise; set LEXMAX_SIMD to \
         a name that all machines have"
    )]
    InstructionSet {
        /// The rank.
        rank: usize,
        /// Its instruction set.
        own: String,
        /// The instruction set of rank 0.
        first: String,
    },
    /// Every rank would do the same work.
    #[error("each of {ranks} ranks would do the same {command}; pass --vocab-parallel, or start one rank")]
    NotDivided {
        /// The command.
        command: &'static str,
        /// The number of ranks.
        ranks: usize,
    },
    /// A text is not divided among ranks.
    #[error(
        "{ranks} ranks cannot divide the text among them; pass --deterministic, which divides the workers, or start one \
         rank"
    )]
    Undivided {
        /// The number of ranks.
        ranks: usize,
    },
}
