//! A matrix of parameters that several workers train at once, without a data race.
//!
//! Entries are relaxed atomics: a worker may see another's update late or in part, but never a torn number (Hogwild,
//! Recht et al. 2011). A worker can keep private copies of the first rows ([`cached`]). Other rows are copied for a
//! step and stored after it.

mod axis;
mod cached;
mod exchange;
mod local;
mod rows;

pub use exchange::CachedRows;
pub use rows::Shared;

use cached::Cached;

use crate::error::{Error, Result};
use crate::optimizer::Optimizer;
use crate::rng::WorkerRng;
use crate::table::kernel::aligned::LINE;
use crate::table::kernel::rows::RowSource;
use crate::table::{Init, Matrix, TableShape};
use prefetch_index::prefetch_index;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// Weights and biases as relaxed atomics, for plain descent only. Rows are unpadded, except for one entry if d is odd.
#[derive(Debug)]
pub struct SharedMatrix {
    shape: TableShape,
    /// Two entries per number, the first in the low half. This halves the number of loads.
    pairs: Vec<AtomicU64>,
    bias: Vec<AtomicU32>,
}

/// Packs two entries into one number.
#[inline(always)]
fn pack(pair: [f32; 2]) -> u64 {
    u64::from(pair[0].to_bits()) | u64::from(pair[1].to_bits()) << 32
}

/// Unpacks the entries of [`pack`].
#[inline(always)]
fn unpack(bits: u64) -> [f32; 2] {
    [f32::from_bits(bits as u32), f32::from_bits((bits >> 32) as u32)]
}

impl SharedMatrix {
    /// A matrix at the start of training. It draws the same entries as [`Matrix::new`], in place.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if it does not fit in memory.
    pub fn new(shape: TableShape, rng: &mut WorkerRng) -> Result<Self> {
        let matrix = Self::zeros(shape)?;
        if shape.init != Init::Zero {
            for row in 0..shape.rows {
                for (k, pair) in matrix.row(row).iter().enumerate() {
                    let first = shape.init.draw(rng);
                    let second = if 2 * k + 1 < shape.dim { shape.init.draw(rng) } else { 0.0 };
                    pair.store(pack([first, second]), Relaxed);
                }
            }
        }
        Ok(matrix)
    }

    fn zeros(shape: TableShape) -> Result<Self> {
        let (rows, dim) = (shape.rows as usize, shape.dim);
        let too_large = || Error::TooLarge { rows, dim };
        let entries = rows.checked_mul(dim.div_ceil(2)).ok_or_else(too_large)?;
        let mut pairs = Vec::new();
        pairs.try_reserve_exact(entries).map_err(|_| too_large())?;
        pairs.resize_with(entries, || AtomicU64::new(0));
        let bias = if shape.bias { rows } else { 0 };
        Ok(Self { shape, pairs, bias: (0..bias).map(|_| AtomicU32::new(0)).collect() })
    }

    /// # Errors
    /// [`Error::SharedOptimizer`] for an optimizer with a state, which this matrix cannot store.
    pub(in crate::table) fn check_optimizer(optimizer: Optimizer) -> Result<()> {
        match optimizer {
            Optimizer::Sgd => Ok(()),
            Optimizer::Adagrad { .. } => Err(Error::SharedOptimizer { optimizer: "adagrad" }),
        }
    }

    /// Copies the parameters of a plain matrix.
    ///
    /// # Errors
    /// [`Error::SharedOptimizer`] if its optimizer is not plain descent; [`Error::TooLarge`] if memory does not suffice
    /// for the copy.
    pub fn from_matrix(matrix: &Matrix) -> Result<Self> {
        Self::check_optimizer(matrix.optimizer())?;
        let shared = Self::zeros(matrix.shape())?;
        for row in 0..shared.shape.rows {
            shared.store(row, matrix.row(row));
        }
        for (to, from) in shared.bias.iter().zip(matrix.bias()) {
            to.store(from.to_bits(), Relaxed);
        }
        Ok(shared)
    }

    /// Copies the parameters to a plain matrix.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if memory does not suffice for the copy.
    pub fn to_matrix(&self) -> Result<Matrix> {
        let mut matrix = Matrix::zeros(self.shape)?;
        for (row, to) in (0..).zip(matrix.weights_mut().chunks_exact_mut(self.shape.dim)) {
            self.read_row(row, to);
        }
        for (to, from) in matrix.bias_mut().iter_mut().zip(&self.bias) {
            *to = f32::from_bits(from.load(Relaxed));
        }
        Ok(matrix)
    }

    /// Number of rows, entries per row, and bias.
    pub fn shape(&self) -> TableShape {
        self.shape
    }

    /// Copies the weights of a row to `out`.
    ///
    /// # Panics
    /// If `out` does not have d entries.
    #[inline]
    pub fn read_row(&self, row: u32, out: &mut [f32]) {
        assert_eq!(out.len(), self.shape.dim, "entries of a row");
        let row = self.row(row);
        let (pairs, last) = out.as_chunks_mut::<2>();
        for (to, from) in pairs.iter_mut().zip(row) {
            *to = unpack(from.load(Relaxed));
        }
        if let [last] = last {
            *last = unpack(row[row.len() - 1].load(Relaxed))[0];
        }
    }

    /// Sets the weights of a row.
    ///
    /// # Panics
    /// If `values` does not have d entries.
    pub fn write_row(&mut self, row: u32, values: &[f32]) {
        assert_eq!(values.len(), self.shape.dim, "entries of a row");
        self.store(row, values);
    }

    /// A copy of the biases; empty for a matrix without biases.
    pub fn bias(&self) -> Vec<f32> {
        self.bias.iter().map(|b| f32::from_bits(b.load(Relaxed))).collect()
    }

    /// Sets the biases; does nothing for a matrix without biases.
    pub fn set_bias(&mut self, bias: &[f32]) {
        self.bias.iter().zip(bias).for_each(|(to, from)| to.store(from.to_bits(), Relaxed));
    }

    /// Sets the bias of a row; does nothing for a matrix without biases.
    pub(in crate::table) fn store_bias(&self, row: u32, value: f32) {
        if let Some(bias) = self.bias.get(row as usize) {
            bias.store(value.to_bits(), Relaxed);
        }
    }

    /// Pairs per row.
    fn width(&self) -> usize {
        self.shape.dim.div_ceil(2)
    }

    #[inline(always)]
    fn row(&self, row: u32) -> &[AtomicU64] {
        let width = self.width();
        &self.pairs[row as usize * width..][..width]
    }

    /// Prefetches a row into the cache.
    #[inline(always)]
    pub(in crate::table) fn prefetch(&self, row: u32) {
        let (pairs, width) = (&self.pairs[..], self.width());
        let mut at = row as usize * width;
        let last = at + width - 1;
        while at < last {
            prefetch_index(pairs, at);
            at += LINE / size_of::<u64>();
        }
        // A row may begin inside a cache line, and then end in one line more.
        prefetch_index(pairs, last);
    }

    pub(in crate::table) fn store(&self, row: u32, values: &[f32]) {
        let row = self.row(row);
        let (pairs, last) = values.as_chunks::<2>();
        for (to, from) in row.iter().zip(pairs) {
            to.store(pack(*from), Relaxed);
        }
        if let [last] = last {
            row[pairs.len()].store(pack([*last, 0.0]), Relaxed);
        }
    }
}

impl RowSource for SharedMatrix {
    fn copy_row(&self, row: u32, to: &mut [f32]) {
        self.read_row(row, to);
    }

    fn row_bias(&self, row: u32) -> f32 {
        self.bias.get(row as usize).map_or(0.0, |b| f32::from_bits(b.load(Relaxed)))
    }

    fn has_bias(&self) -> bool {
        self.shape.bias
    }
}

/// Adds the move `local` − `base` to a shared entry and returns the result. If nobody else has moved the entry, the
/// result is `local` itself: one worker alone computes the same bits as on a plain matrix.
#[inline(always)]
fn merged(shared: f32, base: f32, local: f32) -> f32 {
    if shared.to_bits() == base.to_bits() { local } else { shared + (local - base) }
}
