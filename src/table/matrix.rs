//! The plain matrix of parameters.

use super::{Init, TableShape};
use crate::error::{Error, Result};
use crate::optimizer::Optimizer;
use crate::rng::WorkerRng;
use std::ops::Range;

/// Weights (rows × dim, row-major, unpadded), biases and the optimizer's state.
#[derive(Clone, Debug)]
pub struct Matrix {
    shape: TableShape,
    optimizer: Optimizer,
    weights: Part,
    bias: Part,
}

/// Parameters and their optimizer state: one entry per parameter, or none.
#[derive(Clone, Debug)]
struct Part {
    values: Vec<f32>,
    state: Vec<f32>,
}

impl Part {
    /// The entries of a range, with their state.
    fn rows_mut(&mut self, entries: Range<usize>) -> (&mut [f32], &mut [f32]) {
        let state = if self.state.is_empty() { &mut self.state[..] } else { &mut self.state[entries.clone()] };
        (&mut self.values[entries], state)
    }
}

impl Matrix {
    /// A matrix at the start of training: weights drawn from `shape.init`, biases zero.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if it does not fit in memory.
    pub fn new(shape: TableShape, optimizer: Optimizer, rng: &mut WorkerRng) -> Result<Self> {
        Self::new_part(shape, 0..shape.rows, optimizer, rng)
    }

    /// Neighbouring rows of the matrix that [`Matrix::new`] draws. The other rows are drawn and dropped, so that the
    /// rows are those of the whole.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if the rows do not fit in memory.
    ///
    /// # Panics
    /// If there are no such rows.
    pub fn new_part(shape: TableShape, rows: Range<u32>, optimizer: Optimizer, rng: &mut WorkerRng) -> Result<Self> {
        assert!(rows.start <= rows.end && rows.end <= shape.rows, "rows {rows:?} of {}", shape.rows);
        let (start, end, dim) = (rows.start as usize, rows.end as usize, shape.dim);
        let too_large = || Error::TooLarge { rows: rows.len(), dim };
        let entries = rows.len().checked_mul(dim).ok_or_else(too_large)?;
        let initial = |entries| -> Result<Part> {
            let values = filled(entries, 0.0).ok_or_else(too_large)?;
            let state = optimizer.initial_state().map_or(Some(Vec::new()), |s| filled(entries, s));
            Ok(Part { values, state: state.ok_or_else(too_large)? })
        };
        let mut weights = initial(entries)?;
        if shape.init != Init::Zero {
            (0..start * dim).for_each(|_| _ = shape.init.draw(rng));
            weights.values.iter_mut().for_each(|v| *v = shape.init.draw(rng));
            (end * dim..shape.rows as usize * dim).for_each(|_| _ = shape.init.draw(rng));
        }
        let bias = initial(if shape.bias { rows.len() } else { 0 })?;
        Ok(Self { shape: TableShape { rows: rows.len() as u32, ..shape }, optimizer, weights, bias })
    }

    /// A matrix of zeros for plain descent.
    pub(super) fn zeros(shape: TableShape) -> Result<Self> {
        let zeros = TableShape { init: Init::Zero, ..shape };
        let matrix = Self::new(zeros, Optimizer::Sgd, &mut WorkerRng::new(0, 0))?;
        Ok(Self { shape, ..matrix })
    }

    /// Copies weights and biases without the optimizer's state.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if the copy does not fit in memory.
    pub fn without_state(&self) -> Result<Self> {
        let mut copy = Self::zeros(self.shape)?;
        copy.weights_mut().copy_from_slice(self.weights());
        copy.bias_mut().copy_from_slice(self.bias());
        Ok(copy)
    }

    /// Copies neighbouring rows with their biases and the optimizer's state.
    pub(super) fn part(&self, rows: Range<u32>) -> Self {
        let (entries, biases) = (self.entries(rows.clone()), rows.start as usize..rows.end as usize);
        let part = |all: &[f32], range: Range<usize>| if all.is_empty() { Vec::new() } else { all[range].to_vec() };
        let of = |part_of: &Part, range: Range<usize>| Part {
            values: part(&part_of.values, range.clone()),
            state: part(&part_of.state, range),
        };
        Self {
            shape: TableShape { rows: rows.len() as u32, ..self.shape },
            optimizer: self.optimizer,
            weights: of(&self.weights, entries),
            bias: of(&self.bias, biases),
        }
    }

    /// Drops the optimizer's state in place; the matrix is then one for plain descent.
    #[cfg(feature = "text")]
    pub(crate) fn drop_state(&mut self) {
        self.optimizer = Optimizer::Sgd;
        (self.weights.state, self.bias.state) = (Vec::new(), Vec::new());
    }

    /// Number of rows, entries per row, and bias.
    pub fn shape(&self) -> TableShape {
        self.shape
    }

    /// All weights, rows × dim, row-major.
    pub fn weights(&self) -> &[f32] {
        &self.weights.values
    }

    /// All weights, mutable.
    pub fn weights_mut(&mut self) -> &mut [f32] {
        &mut self.weights.values
    }

    /// The weights of one row.
    pub fn row(&self, row: u32) -> &[f32] {
        &self.weights.values[self.entries(row..row + 1)]
    }

    /// The biases, one per row; empty for a matrix without biases.
    pub fn bias(&self) -> &[f32] {
        &self.bias.values
    }

    /// The biases, mutable.
    pub fn bias_mut(&mut self) -> &mut [f32] {
        &mut self.bias.values
    }

    /// The optimizer's state for the weights and for the biases; both empty for plain descent.
    pub fn optimizer_state(&self) -> [&[f32]; 2] {
        [&self.weights.state, &self.bias.state]
    }

    /// The optimizer's state, mutable.
    pub fn optimizer_state_mut(&mut self) -> [&mut [f32]; 2] {
        [&mut self.weights.state, &mut self.bias.state]
    }

    /// The optimizer that updates this matrix.
    pub fn optimizer(&self) -> Optimizer {
        self.optimizer
    }

    pub(super) fn entries(&self, rows: Range<u32>) -> Range<usize> {
        rows.start as usize * self.shape.dim..rows.end as usize * self.shape.dim
    }

    /// The weights and biases of neighbouring rows. The biases are empty if the matrix has none.
    pub(super) fn rows_and_biases(&self, rows: &Range<u32>) -> (&[f32], &[f32]) {
        let bias = self.bias();
        let bias = if bias.is_empty() { bias } else { &bias[rows.start as usize..rows.end as usize] };
        (&self.weights()[self.entries(rows.clone())], bias)
    }

    /// Updates neighbouring rows with their gradient. `bias` is empty for a matrix without biases.
    pub(super) fn update(&mut self, rows: Range<u32>, rate: f32, gradient: &[f32], bias: &[f32]) {
        let entries = self.entries(rows.clone());
        let (weights, state) = self.weights.rows_mut(entries);
        crate::simd::dispatch(|| self.optimizer.update(rate, gradient, weights, state));
        if self.shape.bias {
            let (biases, state) = self.bias.rows_mut(rows.start as usize..rows.end as usize);
            self.optimizer.update(rate, bias, biases, state);
        }
    }

    /// Neighbouring rows, ready to be split into strips for several threads.
    pub(super) fn strip(&mut self, rows: &Range<u32>) -> MatrixStrip<'_> {
        let dim = self.shape.dim;
        let (mut weights, mut state) = (&mut self.weights.values[..], &mut self.weights.state[..]);
        let (mut bias, mut bias_state) = (&mut self.bias.values[..], &mut self.bias.state[..]);
        let (skip, len) = (rows.start as usize, rows.len());
        MatrixStrip {
            optimizer: self.optimizer,
            dim,
            weights: take(&mut weights, skip * dim, len * dim),
            state: take(&mut state, skip * dim, len * dim),
            bias: take(&mut bias, skip, len),
            bias_state: take(&mut bias_state, skip, len),
        }
    }
}

/// Skips `skip` entries of `rest` and cuts off the next `len`. An empty `rest` gives an empty slice.
pub(super) fn take<'a>(rest: &mut &'a mut [f32], skip: usize, len: usize) -> &'a mut [f32] {
    if rest.is_empty() {
        return &mut [];
    }
    let (head, tail) = std::mem::take(rest)[skip..].split_at_mut(len);
    *rest = tail;
    head
}

/// A vector of `entries` copies of `value`; `None` if memory does not suffice.
fn filled(entries: usize, value: f32) -> Option<Vec<f32>> {
    let mut values = Vec::new();
    values.try_reserve_exact(entries).ok()?;
    if value == 0.0 {
        // The system hands out zero pages for free.
        drop(values);
        return Some(vec![0.0; entries]);
    }
    values.resize(entries, value);
    Some(values)
}

/// Neighbouring rows of a matrix, trained by one thread.
#[derive(Debug)]
pub struct MatrixStrip<'a> {
    optimizer: Optimizer,
    dim: usize,
    pub(super) weights: &'a mut [f32],
    state: &'a mut [f32],
    pub(super) bias: &'a mut [f32],
    bias_state: &'a mut [f32],
}

impl MatrixStrip<'_> {
    /// Splits into the first `rows` rows and the rest.
    pub(super) fn split(self, rows: usize) -> (Self, Self) {
        let Self { optimizer, dim, mut weights, mut state, mut bias, mut bias_state } = self;
        let head = Self {
            optimizer,
            dim,
            weights: take(&mut weights, 0, rows * dim),
            state: take(&mut state, 0, rows * dim),
            bias: take(&mut bias, 0, rows),
            bias_state: take(&mut bias_state, 0, rows),
        };
        (head, Self { optimizer, dim, weights, state, bias, bias_state })
    }

    /// Updates `rows` (counted from the strip's first) with their gradient.
    pub(super) fn update(&mut self, rows: Range<usize>, rate: f32, gradient: &[f32], bias: &[f32]) {
        fn part(state: &mut [f32], entries: Range<usize>) -> &mut [f32] {
            if state.is_empty() { state } else { &mut state[entries] }
        }
        let entries = rows.start * self.dim..rows.end * self.dim;
        let (weights, state) = (&mut self.weights[entries.clone()], part(self.state, entries));
        crate::simd::dispatch(|| self.optimizer.update(rate, gradient, weights, state));
        if !self.bias.is_empty() {
            self.optimizer.update(rate, bias, &mut self.bias[rows.clone()], part(self.bias_state, rows));
        }
    }
}
