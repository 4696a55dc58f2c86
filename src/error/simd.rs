//! Faults of the vector path named by the environment.

use super::shown::quoted;

/// The reason why the vector path named by `LEXMAX_SIMD` is not available.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SimdFault {
    /// No path has that name.
    #[error(
        "LEXMAX_SIMD is {}, but must be scalar, avx2 or avx512; this machine has {here}; unset it to use the best",
        quoted(asked), here = here.join(", ")
    )]
    Unknown {
        /// The value of the variable.
        asked: String,
        /// The paths that this machine has.
        here: Vec<&'static str>,
    },
    /// The processor, or the build, lacks the path.
    #[error("LEXMAX_SIMD is {asked}, which this machine lacks; it has {here}; unset it to use the best",
        here = here.join(", "))]
    Lacking {
        /// The path.
        asked: &'static str,
        /// The paths that this machine has.
        here: Vec<&'static str>,
    },
}
