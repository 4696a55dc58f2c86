//! Faults of work that several processes share.

/// The reason why several processes, ranks, cannot do a task together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RanksFault {
    /// Every rank would do the same work.
    #[error("each of {ranks} ranks would do the same {command}; pass --vocab-parallel, or start one rank")]
    NotDivided {
        /// The command.
        command: &'static str,
        /// The number of ranks.
        ranks: usize,
    },
}
