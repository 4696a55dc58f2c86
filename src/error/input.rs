//! What can be wrong with the arrays that a caller hands in.

/// What is wrong with hidden vectors, targets or other arrays.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InputFault {
    /// An array has another shape than the layer needs.
    #[error("{what}: the shape is {} × {}, expected {} × {}", found[0], found[1], needed[0], needed[1])]
    Shape {
        /// The array.
        what: &'static str,
        /// Its rows and columns.
        found: [usize; 2],
        /// The rows and columns that are needed.
        needed: [usize; 2],
    },
    /// There is not one target for each hidden vector.
    #[error("{targets} targets for {examples} hidden vectors; give one target for each vector")]
    Targets {
        /// Targets given.
        targets: usize,
        /// Hidden vectors given.
        examples: usize,
    },
    /// A target is no word of the vocabulary.
    #[error("target {target} of example {example} is no word: the {vocab} words are 0 to {}", vocab - 1)]
    Target {
        /// The example, from 0.
        example: usize,
        /// The target.
        target: u32,
        /// Words in the vocabulary.
        vocab: usize,
    },
    /// A number is infinite or NaN.
    #[error("{what}: {value} in row {row}, column {column}; every number must be finite")]
    NotFinite {
        /// The array.
        what: &'static str,
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
        /// The number.
        value: f32,
    },
}
