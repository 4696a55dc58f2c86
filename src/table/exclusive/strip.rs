//! Neighbouring rows, in the way in which their handle treats gradients.

use super::gradient::{Gradient, GradientStrip};
use crate::table::matrix::{Matrix, MatrixStrip};
use std::ops::Range;

/// Neighbouring rows for one thread of a sweep.
#[derive(Debug)]
pub enum Strip<'a> {
    /// Read only.
    Frozen {
        /// The weights, rows × dim.
        weights: &'a [f32],
        /// One bias per row, or none.
        bias: &'a [f32],
    },
    /// Updated at once.
    Online {
        /// The rows.
        matrix: MatrixStrip<'a>,
        /// The learning rate.
        rate: f32,
    },
    /// Read, with the gradient kept.
    Deferred {
        /// The weights, rows × dim.
        weights: &'a [f32],
        /// One bias per row, or none.
        bias: &'a [f32],
        /// Destination of ∂L/∂W.
        gradient: GradientStrip<'a>,
    },
}

impl<'a> Strip<'a> {
    /// Rows of a read-only matrix.
    pub(super) fn frozen(matrix: &'a Matrix, rows: &Range<u32>) -> Self {
        let (weights, bias) = matrix.rows_and_biases(rows);
        Strip::Frozen { weights, bias }
    }

    /// Rows of a matrix with the same rows of its gradient.
    pub(super) fn deferred(matrix: &'a Matrix, gradient: &'a mut Gradient, rows: &Range<u32>) -> Self {
        let (weights, bias) = matrix.rows_and_biases(rows);
        Strip::Deferred { weights, bias, gradient: gradient.strip(matrix, rows) }
    }

    /// Splits into the first `rows` rows, of size `dim`, and the rest.
    pub(super) fn split(self, rows: usize, dim: usize) -> (Self, Self) {
        fn part(weights: &[f32], at: usize) -> (&[f32], &[f32]) {
            weights.split_at(at.min(weights.len()))
        }
        match self {
            Strip::Frozen { weights, bias } => {
                let ((weights, others), (bias, other_bias)) = (part(weights, rows * dim), part(bias, rows));
                (Strip::Frozen { weights, bias }, Strip::Frozen { weights: others, bias: other_bias })
            }
            Strip::Online { matrix, rate } => {
                let (matrix, others) = matrix.split(rows);
                (Strip::Online { matrix, rate }, Strip::Online { matrix: others, rate })
            }
            Strip::Deferred { weights, bias, gradient } => {
                let ((weights, others), (bias, other_bias)) = (part(weights, rows * dim), part(bias, rows));
                let (gradient, of_others) = gradient.split(rows, dim);
                let rest = Strip::Deferred { weights: others, bias: other_bias, gradient: of_others };
                (Strip::Deferred { weights, bias, gradient }, rest)
            }
        }
    }

    pub(in crate::table) fn read(&self) -> (&[f32], &[f32]) {
        match self {
            Strip::Frozen { weights, bias } | Strip::Deferred { weights, bias, .. } => (weights, bias),
            Strip::Online { matrix, .. } => (matrix.weights, matrix.bias),
        }
    }

    pub(in crate::table) fn has_bias(&self) -> bool {
        !self.read().1.is_empty()
    }
}
