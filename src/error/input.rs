//! Faults in arrays of the caller.

/// A fault in hidden vectors, targets or other arrays.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InputFault {
    /// An array has another shape than the layer needs.
    #[error(
        "{what}: the shape is {} × {}, expected {} × {}; pass an array of that shape",
        found[0], found[1], needed[0], needed[1]
    )]
    Shape {
        /// The array.
        what: &'static str,
        /// Its rows and columns.
        found: [usize; 2],
        /// The rows and columns that are needed.
        needed: [usize; 2],
    },
    /// The number of targets differs from the number of hidden vectors.
    #[error("{targets} targets for {examples} hidden vectors; give one target for each vector")]
    Targets {
        /// Targets given.
        targets: usize,
        /// Hidden vectors given.
        examples: usize,
    },
    /// A target is not in the vocabulary.
    #[error(
        "target {target} of example {example} is not in the vocabulary of {vocab} words; use numbers from 0 to {}",
        vocab - 1
    )]
    Target {
        /// The example, from 0.
        example: usize,
        /// The target.
        target: u32,
        /// Words in the vocabulary.
        vocab: usize,
    },
    /// A number is infinite or NaN.
    #[error("{what}: row {row}, column {column} is {value}; pass finite numbers only")]
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
