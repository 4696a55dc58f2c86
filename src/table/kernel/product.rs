//! The three verbs over neighbouring rows: matrix products in parts, with reused memory.

use super::gemm::{Left, Panels, Start, columns_times_panels, padded, rows_times_panels};
use ndarray::{ArrayView2, ArrayViewMut2, Axis, Slice};

/// Terms that are summed before their sum is added to the output. This fixes the order of additions, and so every bit.
const TERMS: usize = 256;
/// Rows of the table per part.
const PART: usize = 512;

/// Memory of the products.
#[derive(Default)]
pub struct Products {
    left: Vec<f32>,
    right: Panels,
    out: Vec<f32>,
}

/// The first `len` numbers of a buffer, which grows if needed.
fn room(buffer: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if buffer.len() < len {
        buffer.resize(len, 0.0);
    }
    &mut buffer[..len]
}

/// Copies a matrix row by row.
fn copy<'a>(buffer: &'a mut Vec<f32>, of: &ArrayView2<f32>) -> Left<'a> {
    buffer.clear();
    for row in of.rows() {
        match row.to_slice() {
            Some(row) => buffer.extend_from_slice(row),
            None => buffer.extend(row.iter()),
        }
    }
    Left { data: buffer, stride: of.ncols() }
}

/// Splits 0..len into (start, length) steps; the last step may be shorter.
fn steps(len: usize, step: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..len).step_by(step).map(move |start| (start, step.min(len - start)))
}

impl Products {
    /// out = X·Wᵀ + b. X is B×d, W has rows of size d; `bias` has one number per row or is empty.
    pub fn scores(&mut self, (weights, bias): (&[f32], &[f32]), x: ArrayView2<f32>, mut out: ArrayViewMut2<f32>) {
        let (batch, dim) = x.dim();
        assert_eq!((batch * dim, weights.len()), (out.nrows() * dim, out.ncols() * dim), "X, W and the scores");
        let stride = padded(batch);
        for ((first, rows), w) in steps(out.ncols(), PART).zip(weights.chunks(PART * dim)) {
            let z = room(&mut self.out, rows * stride);
            for (from, terms) in steps(dim, TERMS) {
                let start = if from == 0 { Start::Zero } else { Start::Output };
                let x = |b: usize| &x.row(b).to_slice().expect("rows of x are contiguous")[from..from + terms];
                self.right.pack_transposed(terms, batch, x);
                rows_times_panels(Left { data: &w[from..], stride: dim }, rows, &self.right, start, z, stride);
            }
            for (b, mut out) in out.rows_mut().into_iter().enumerate() {
                let mut out = out.slice_axis_mut(Axis(0), Slice::from(first..first + rows));
                out.iter_mut().zip(z[b..].iter().step_by(stride)).for_each(|(out, z)| *out = *z);
                if !bias.is_empty() {
                    out.iter_mut().zip(&bias[first..]).for_each(|(out, bias)| *out += bias);
                }
            }
        }
    }

    /// out += K·W. K is B×C, W is C×d; rows of `out` are contiguous.
    pub fn weighted_sum(&mut self, weights: &[f32], coef: ArrayView2<f32>, mut out: ArrayViewMut2<f32>) {
        let (batch, dim) = out.dim();
        assert_eq!((coef.nrows(), weights.len()), (batch, coef.ncols() * dim), "K, W and their product");
        let stride = padded(dim);
        let sums = room(&mut self.out, batch * stride);
        for (sum, out) in sums.chunks_exact_mut(stride).zip(out.rows()) {
            sum[..dim].copy_from_slice(out.to_slice().expect("rows of a product are contiguous"));
        }
        for ((from, terms), w) in steps(coef.ncols(), TERMS).zip(weights.chunks(TERMS * dim)) {
            let k = copy(&mut self.left, &coef.slice_axis(Axis(1), Slice::from(from..from + terms)));
            self.right.pack(terms, dim, |row| &w[row * dim..(row + 1) * dim]);
            rows_times_panels(k, batch, &self.right, Start::Output, sums, stride);
        }
        for (mut out, sum) in out.rows_mut().into_iter().zip(sums.chunks_exact(stride)) {
            out.as_slice_mut().expect("rows of a product are contiguous").copy_from_slice(&sum[..dim]);
        }
    }

    /// Kᵀ·X, with K of B×C and X of B×d. Calls `take` with each column of K, its row of the product, and the sum of the
    /// column.
    pub fn outer(&mut self, coef: ArrayView2<f32>, x: ArrayView2<f32>, mut take: impl FnMut(usize, &[f32], f32)) {
        let (batch, dim) = x.dim();
        assert_eq!(coef.nrows(), batch, "rows of K and of X");
        for (first, columns) in steps(coef.ncols(), PART) {
            let gradient = room(&mut self.out, columns * dim);
            let coef = coef.slice_axis(Axis(1), Slice::from(first..first + columns));
            if batch == 0 {
                gradient.fill(0.0);
            }
            for (from, terms) in steps(batch, TERMS) {
                let start = if from == 0 { Start::Zero } else { Start::Output };
                let k = copy(&mut self.left, &coef.slice_axis(Axis(0), Slice::from(from..from + terms)));
                let x = |b: usize| x.row(from + b).to_slice().expect("rows of x are contiguous");
                self.right.pack(terms, dim, x);
                columns_times_panels(k, columns, &self.right, start, gradient, dim);
            }
            for (c, gradient) in gradient.chunks_exact(dim).enumerate() {
                // One after the other: `sum` of ndarray adds neighbours in another order than strided numbers.
                take(first + c, gradient, coef.column(c).iter().sum());
            }
        }
    }

    /// The most numbers that the three verbs keep for a batch over `rows` rows of size `dim`.
    #[cfg(feature = "eval")]
    pub fn sizes(batch: usize, rows: usize, dim: usize) -> usize {
        let (rows, terms) = (rows.min(PART), dim.max(batch).max(rows).min(TERMS));
        let left = terms * batch.max(rows);
        let out = (rows * padded(batch)).max(batch * padded(dim)).max(rows * dim);
        left + terms * padded(batch.max(dim)) + out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn matrix(rows: usize, columns: usize, seed: usize) -> Array2<f32> {
        let entry = |(i, j): (usize, usize)| ((i * columns + j) * 2_654_435_761 + seed * 97) % 1009;
        Array2::from_shape_fn((rows, columns), |at| entry(at) as f32 / 504.5 - 1.0)
    }

    #[test]
    fn agree_with_f64_for_every_shape() {
        let mut products = Products::default();
        for (batch, rows, dim) in [(1, 1, 1), (3, 5, 7), (0, 4, 3), (5, 700, 20), (300, 9, 13), (2, 30, 600)] {
            let (x, w, coef) = (matrix(batch, dim, 1), matrix(rows, dim, 2), matrix(batch, rows, 3));
            let bias = matrix(1, rows, 4);
            let (weights, bias) = (w.as_slice().unwrap(), bias.as_slice().unwrap());
            let (mut z, mut y) = (matrix(batch, rows, 5), matrix(batch, dim, 6));
            let before = y.clone();
            products.scores((weights, bias), x.view(), z.view_mut());
            products.weighted_sum(weights, coef.view(), y.view_mut());
            let at = |m: &Array2<f32>, i: usize, j: usize| f64::from(m[[i, j]]);
            // n + 1 roundings of 2⁻²⁴ of partial sums of at most n + 1.
            let close = |a: f32, b: f64, n: usize| {
                assert!((f64::from(a) - b).abs() <= ((n + 1) * (n + 1)) as f64 * 6e-8, "{a} {b}");
            };
            for b in 0..batch {
                for r in 0..rows {
                    let exact: f64 = (0..dim).map(|k| at(&x, b, k) * at(&w, r, k)).sum();
                    close(z[[b, r]], exact + f64::from(bias[r]), dim);
                }
                for k in 0..dim {
                    let exact: f64 = (0..rows).map(|r| at(&coef, b, r) * at(&w, r, k)).sum();
                    close(y[[b, k]], at(&before, b, k) + exact, rows);
                }
            }
            let mut next = 0;
            products.outer(coef.view(), x.view(), |c, gradient, sum| {
                assert_eq!(c, next);
                next += 1;
                for k in 0..dim {
                    close(gradient[k], (0..batch).map(|b| at(&coef, b, c) * at(&x, b, k)).sum(), batch);
                }
                close(sum, (0..batch).map(|b| at(&coef, b, c)).sum(), batch);
            });
            assert_eq!(next, rows);
        }
    }
}
