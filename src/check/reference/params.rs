//! Tables in f64.

use crate::table::Matrix;

/// A table: rows × dim weights, and one bias per row or none.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    /// Weights, row by row.
    pub weights: Vec<Vec<f64>>,
    /// Biases: one per row, or none.
    pub bias: Vec<f64>,
}

impl Params {
    /// Copies a table to f64.
    pub fn of(matrix: &Matrix) -> Self {
        let wide = |xs: &[f32]| xs.iter().map(|x| f64::from(*x)).collect();
        Self { weights: (0..matrix.shape().rows).map(|r| wide(matrix.row(r))).collect(), bias: wide(matrix.bias()) }
    }

    /// Returns a table of the same sizes, with zeros.
    pub fn zero_like(&self) -> Self {
        let weights = self.weights.iter().map(|row| vec![0.0; row.len()]).collect();
        Self { weights, bias: vec![0.0; self.bias.len()] }
    }

    /// Returns the table of absolute values.
    pub fn abs(&self) -> Self {
        Self { weights: self.weights.iter().map(|row| abs(row)).collect(), bias: abs(&self.bias) }
    }

    /// W·h + b.
    pub(super) fn times(&self, h: &[f64]) -> Vec<f64> {
        let mut z = Vec::new();
        for (r, row) in self.weights.iter().enumerate() {
            assert_eq!(row.len(), h.len());
            let mut sum = if self.bias.is_empty() { 0.0 } else { self.bias[r] };
            for k in 0..h.len() {
                sum += row[k] * h[k];
            }
            z.push(sum);
        }
        z
    }

    /// ∂L/∂h += Wᵀ·∂L/∂z, ∂L/∂W += ∂L/∂z·hᵀ, ∂L/∂b += ∂L/∂z.
    pub(super) fn back(&self, h: &[f64], d_z: &[f64], d_h: &mut [f64], d_self: &mut Self) {
        for (r, row) in self.weights.iter().enumerate() {
            for k in 0..h.len() {
                d_h[k] += d_z[r] * row[k];
                d_self.weights[r][k] += d_z[r] * h[k];
            }
            if !self.bias.is_empty() {
                d_self.bias[r] += d_z[r];
            }
        }
    }
}

pub(super) fn abs(x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| x.abs()).collect()
}
