//! Tables in files: a tensor of weights and one of biases, each with a tensor of optimizer state.
//!
//! | tensor | contents |
//! |---|---|
//! | `NAME.weight`, F32 \[rows, dim\] | the weights |
//! | `NAME.bias`, F32 \[rows\] | the biases, if the table has any |
//! | `NAME.weight.adagrad`, `NAME.bias.adagrad` | Σ g² for each entry, if Adagrad trained the table |

use super::{Division, Matrix, SharedMatrix, TableShape};
use crate::error::{Error, Result};
use crate::files::{Numbers, Tensors};
use std::io::{self, Read, Seek};

const ADAGRAD: &str = ".adagrad";

/// Parameters in any storage that is read from files and written to them.
pub trait Stored: 'static {
    /// Number of rows, entries per row, and bias.
    fn shape(&self) -> TableShape;

    /// Copies the weights of one row; `out` has d entries.
    fn read(&self, row: u32, out: &mut [f32]);

    /// The biases; empty for a table without biases.
    fn biases(&self) -> Vec<f32>;

    /// The optimizer's state for weights and biases; `None` for plain descent.
    fn state(&self) -> Option<[&[f32]; 2]>;

    /// A copy of the weights and biases, without the optimizer's state.
    ///
    /// # Errors
    /// A copy that does not fit in memory.
    #[cfg(feature = "text")]
    fn to_matrix(&self) -> Result<Matrix>;

    /// Sets the weights of a row; `values` has d entries.
    #[cfg(feature = "text")]
    fn write_row(&mut self, row: u32, values: &[f32]);

    /// Sets the biases; does nothing for a table without biases.
    #[cfg(feature = "text")]
    fn set_biases(&mut self, bias: &[f32]);

    /// Reads the tensors of table `name`, with the optimizer's state if this storage has one.
    ///
    /// # Errors
    /// Any error of [`Tensors::rows`], such as tensors of another shape.
    #[cfg(feature = "text")]
    fn restore<R: Read + Seek>(&mut self, file: &mut Tensors<R>, name: &str) -> Result<()>
    where
        Self: Sized;
}

impl Stored for Matrix {
    fn shape(&self) -> TableShape {
        Matrix::shape(self)
    }

    fn read(&self, row: u32, out: &mut [f32]) {
        out.copy_from_slice(self.row(row));
    }

    fn biases(&self) -> Vec<f32> {
        self.bias().to_vec()
    }

    fn state(&self) -> Option<[&[f32]; 2]> {
        self.optimizer().initial_state().map(|_| self.optimizer_state())
    }

    #[cfg(feature = "text")]
    fn to_matrix(&self) -> Result<Matrix> {
        self.without_state()
    }

    #[cfg(feature = "text")]
    fn write_row(&mut self, row: u32, values: &[f32]) {
        let dim = self.shape().dim;
        self.weights_mut()[row as usize * dim..][..dim].copy_from_slice(values);
    }

    #[cfg(feature = "text")]
    fn set_biases(&mut self, bias: &[f32]) {
        self.bias_mut().iter_mut().zip(bias).for_each(|(to, from)| *to = *from);
    }

    #[cfg(feature = "text")]
    fn restore<R: Read + Seek>(&mut self, file: &mut Tensors<R>, name: &str) -> Result<()> {
        read(file, name, self, None)
    }
}

impl Stored for SharedMatrix {
    fn shape(&self) -> TableShape {
        SharedMatrix::shape(self)
    }

    fn read(&self, row: u32, out: &mut [f32]) {
        self.read_row(row, out);
    }

    fn biases(&self) -> Vec<f32> {
        self.bias()
    }

    fn state(&self) -> Option<[&[f32]; 2]> {
        None
    }

    #[cfg(feature = "text")]
    fn to_matrix(&self) -> Result<Matrix> {
        Self::to_matrix(self)
    }

    #[cfg(feature = "text")]
    fn write_row(&mut self, row: u32, values: &[f32]) {
        Self::write_row(self, row, values);
    }

    #[cfg(feature = "text")]
    fn set_biases(&mut self, bias: &[f32]) {
        self.set_bias(bias);
    }

    #[cfg(feature = "text")]
    fn restore<R: Read + Seek>(&mut self, file: &mut Tensors<R>, name: &str) -> Result<()> {
        for (tensor, dims) in tensors(name, &SharedMatrix::shape(self), false) {
            if dims.len() == 1 {
                let mut bias = vec![0.0; dims[0]];
                file.rows(&tensor, &dims, f32::MIN, |row, value| bias[row] = value[0])?;
                self.set_bias(&bias);
            } else {
                file.rows(&tensor, &dims, f32::MIN, |row, values| SharedMatrix::write_row(self, row as u32, values))?;
            }
        }
        Ok(())
    }
}

/// Names and shapes of a table's tensors, in file order. `state` includes the tensors of Adagrad.
pub fn tensors(table: &str, shape: &TableShape, state: bool) -> Vec<(String, Vec<usize>)> {
    let (weight, bias) = (format!("{table}.weight"), format!("{table}.bias"));
    let matrix = vec![shape.rows as usize, shape.dim];
    let mut parts = vec![(weight.clone(), matrix.clone())];
    if shape.bias {
        parts.push((bias.clone(), vec![shape.rows as usize]));
    }
    if state {
        parts.push((weight + ADAGRAD, matrix));
        if shape.bias {
            parts.push((bias + ADAGRAD, vec![shape.rows as usize]));
        }
    }
    parts
}

/// Checks that all parameters are finite. `table` gives the table's name for the error.
///
/// # Errors
/// [`Error::NotFinite`] with the first offending row and value.
pub fn check_finite(stored: &dyn Stored, table: impl FnOnce() -> String) -> Result<()> {
    match not_finite(stored) {
        Some((row, value)) => Err(Error::NotFinite { table: table(), row, value }),
        None => Ok(()),
    }
}

/// The first number that is not finite, with its row.
pub fn not_finite(table: &dyn Stored) -> Option<(u32, f32)> {
    let shape = table.shape();
    let mut row = vec![0.0; shape.dim];
    let bad = |values: &[f32]| values.iter().copied().find(|x| !x.is_finite());
    for number in 0..shape.rows {
        table.read(number, &mut row);
        if let Some(value) = bad(&row) {
            return Some((number, value));
        }
    }
    if let Some(found) = (0..).zip(table.biases()).find(|(_, bias)| !bias.is_finite()) {
        return Some(found);
    }
    for (state, width) in table.state().into_iter().flatten().zip([shape.dim.max(1), 1]) {
        if let Some(at) = state.iter().position(|x| !x.is_finite()) {
            return Some(((at / width) as u32, state[at]));
        }
    }
    None
}

/// Writes the tensors of a table.
///
/// # Errors
/// Any error of the writer.
pub fn write(table: &dyn Stored, out: &mut Numbers) -> io::Result<()> {
    let shape = table.shape();
    let mut row = vec![0.0; shape.dim];
    for number in 0..shape.rows {
        table.read(number, &mut row);
        out.floats(&row)?;
    }
    out.floats(&table.biases())?;
    table.state().into_iter().flatten().try_for_each(|state| out.floats(state))
}

/// Reads the tensors of a table and the state of its optimizer. If the table is divided, `matrix` has this rank's rows,
/// and the others are checked and dropped.
///
/// # Errors
/// Any error of [`Tensors::rows`], such as tensors of another shape.
pub fn read<R: Read + Seek>(
    file: &mut Tensors<R>,
    table: &str,
    matrix: &mut Matrix,
    division: Option<Division>,
) -> Result<()> {
    let state = matrix.optimizer().initial_state().is_some();
    let rows = division.map_or(matrix.shape().rows, |division| division.rows());
    let own = division.map_or(0..rows, |division| division.own());
    let own = own.start as usize..own.end as usize;
    for (name, dims) in tensors(table, &TableShape { rows, ..matrix.shape() }, state) {
        let (is_state, is_bias) = (name.ends_with(ADAGRAD), dims.len() == 1);
        let width = dims.get(1).copied().unwrap_or(1);
        let to = match (is_state, is_bias) {
            (true, _) => &mut *matrix.optimizer_state_mut()[usize::from(is_bias)],
            (false, true) => matrix.bias_mut(),
            (false, false) => matrix.weights_mut(),
        };
        let least = if is_state { 0.0 } else { f32::MIN };
        file.rows(&name, &dims, least, |row, values| {
            if own.contains(&row) {
                to[(row - own.start) * width..][..width].copy_from_slice(values);
            }
        })?;
    }
    Ok(())
}
