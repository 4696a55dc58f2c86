//! The examples that a step or a gradient takes.

use crate::arrays::{self, Floats, Integers, Out, Row, span};
use lexmax::layer::Batch;
use pyo3::prelude::*;

/// The examples of a batch, as Python gave them.
pub struct Examples<'py> {
    hidden: Floats<'py>,
    targets: Integers<'py, u32>,
    /// The weight of each example.
    weights: Option<Row<'py>>,
}

impl<'py> Examples<'py> {
    pub fn of(
        hidden: &Bound<'py, PyAny>,
        targets: &Bound<'py, PyAny>,
        weights: Option<&Bound<'py, PyAny>>,
        vocab: usize,
    ) -> PyResult<Self> {
        let (hidden, targets) = (Floats::of(hidden, "hidden")?, arrays::targets(targets, vocab)?);
        Ok(Self { hidden, targets, weights: weights.map(|weights| Row::of(weights, "weights")).transpose()? })
    }

    /// The array for ∂L/∂hidden.
    pub fn out(&self, py: Python<'py>, given: Option<&Bound<'py, PyAny>>, dim: usize) -> PyResult<Out<'py>> {
        let weights = self.weights.as_ref().map(Row::slice).unwrap_or_default();
        Out::of(py, given, [self.hidden.rows(), dim], &[self.hidden.span(), span(self.targets.slice()), span(weights)])
    }

    pub fn batch(&self) -> Batch<'_> {
        Batch {
            hidden: self.hidden.view(),
            targets: self.targets.slice(),
            soft: None,
            weights: self.weights.as_ref().map(Row::slice),
            members: None,
        }
    }
}
