//! A worker's plain copy of a table, for verbs over ranges.

use crate::table::kernel::rows::{Plain, RowSource};
use crate::table::{Matrix, TableShape, Threads};
use std::ops::Range;

/// An empty copy. The first verb over a range creates it; layers designed for several workers have no such verb.
pub fn zeros(shape: TableShape) -> Plain {
    let matrix = Matrix::zeros(shape).expect("memory for a worker's copy of a table that a dense layer asks for");
    Plain::new(matrix, 0.0, Threads::default())
}

/// Copies rows as a worker sees them.
pub fn gather(to: &mut Plain, from: &impl RowSource, rows: Range<u32>) {
    let matrix = to.matrix_mut();
    for row in rows {
        let entries = matrix.entries(row..row + 1);
        from.copy_row(row, &mut matrix.weights_mut()[entries]);
        if let Some(bias) = matrix.bias_mut().get_mut(row as usize) {
            *bias = from.row_bias(row);
        }
    }
}
