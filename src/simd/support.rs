//! Support sums over the words above a threshold, and probabilities from scores, for the columns of a tile (words ×
//! batch), in f64. For a score z of a column, d = max(0, scale·z − threshold).

use super::dispatch;
use pulp::{Simd, WithSimd};

/// Columns that are summed at a time, few enough to keep their sums in registers.
const LANES: usize = 8;

/// The power β with p = d^β. These two need no logarithm for their support sums.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Power {
    /// p = d.
    One,
    /// p = d².
    Two,
}

/// For every column: Σ d^(β − 1) over entries with d > 0, Σ d^β and Σ d^(β + 1).
///
/// Rows are `stride` apart. There is one threshold and one of each sum per column; the number of columns is a multiple
/// of 16.
pub fn sums(
    scores: &[f32],
    stride: usize,
    scale: f64,
    power: Power,
    thresholds: &[f64],
    [low, high, above]: [&mut [f64]; 3],
) {
    match power {
        Power::One => dispatch(Sums::<false> { scores, stride, scale, thresholds, low, high, above }),
        Power::Two => dispatch(Sums::<true> { scores, stride, scale, thresholds, low, high, above }),
    }
}

/// z ← weight·d^β, with a threshold and a weight for each column.
pub fn probabilities(scores: &mut [f32], stride: usize, scale: f64, power: Power, thresholds: &[f64], weights: &[f64]) {
    match power {
        Power::One => dispatch(Probabilities::<false> { scores, stride, scale, thresholds, weights }),
        Power::Two => dispatch(Probabilities::<true> { scores, stride, scale, thresholds, weights }),
    }
}

/// d of the next [`LANES`] scores of a row.
#[inline(always)]
fn gaps(row: &[f32], scale: f64, thresholds: &[f64; LANES]) -> [f64; LANES] {
    let row: &[f32; LANES] = row[..LANES].try_into().expect("8 columns");
    let mut d = [0.0; LANES];
    for l in 0..LANES {
        let gap = scale * f64::from(row[l]) - thresholds[l];
        d[l] = if gap > 0.0 { gap } else { 0.0 };
    }
    d
}

struct Sums<'a, const SQUARES: bool> {
    scores: &'a [f32],
    stride: usize,
    scale: f64,
    thresholds: &'a [f64],
    low: &'a mut [f64],
    high: &'a mut [f64],
    above: &'a mut [f64],
}

impl<const SQUARES: bool> WithSimd for Sums<'_, SQUARES> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { scores, stride, scale, thresholds, low, high, above } = self;
        let out = low.as_chunks_mut::<LANES>().0.iter_mut().zip(high.as_chunks_mut::<LANES>().0);
        let out = out.zip(above.as_chunks_mut::<LANES>().0);
        for (v, (thresholds, ((low, high), above))) in thresholds.as_chunks::<LANES>().0.iter().zip(out).enumerate() {
            let (mut of_low, mut of_high, mut of_above) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
            for row in scores.chunks(stride) {
                let d = gaps(&row[v * LANES..], scale, thresholds);
                for l in 0..LANES {
                    let square = d[l] * d[l];
                    let one = if d[l] > 0.0 { 1.0 } else { 0.0 };
                    of_low[l] += if SQUARES { d[l] } else { one };
                    of_high[l] += if SQUARES { square } else { d[l] };
                    of_above[l] += if SQUARES { square * d[l] } else { square };
                }
            }
            (*low, *high, *above) = (of_low, of_high, of_above);
        }
    }
}

struct Probabilities<'a, const SQUARES: bool> {
    scores: &'a mut [f32],
    stride: usize,
    scale: f64,
    thresholds: &'a [f64],
    weights: &'a [f64],
}

impl<const SQUARES: bool> WithSimd for Probabilities<'_, SQUARES> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { scores, stride, scale, thresholds, weights } = self;
        let columns = thresholds.as_chunks::<LANES>().0.iter().zip(weights.as_chunks::<LANES>().0);
        for row in scores.chunks_mut(stride) {
            for ((thresholds, weights), row) in columns.clone().zip(row.as_chunks_mut::<LANES>().0) {
                let d = gaps(row, scale, thresholds);
                for l in 0..LANES {
                    let p = if SQUARES { d[l] * d[l] } else { d[l] };
                    row[l] = (weights[l] * p) as f32;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agree_with_one_score_at_a_time() {
        for (rows, columns, stride) in [(1, 16, 16), (3, 32, 48), (100, 48, 64), (333, 16, 20)] {
            let z: Vec<f32> = (0..rows * stride).map(|i| ((i * 7919) % 1000) as f32 * 0.002 - 1.0).collect();
            let thresholds: Vec<f64> = (0..columns).map(|c| c as f64 * 0.02 - 0.4).collect();
            let weights: Vec<f64> = (0..columns).map(|c| 1.0 / (c + 1) as f64).collect();
            for (power, beta) in [(Power::One, 1), (Power::Two, 2)] {
                let [mut low, mut high, mut above] = [(); 3].map(|()| vec![0.0; columns]);
                sums(&z, stride, 0.5, power, &thresholds, [&mut low, &mut high, &mut above]);
                let mut p = z.clone();
                probabilities(&mut p, stride, 0.5, power, &thresholds, &weights);
                for c in 0..columns {
                    let gaps = (0..rows).map(|r| 0.5 * f64::from(z[r * stride + c]) - thresholds[c]);
                    let gaps: Vec<f64> = gaps.map(|d| d.max(0.0)).collect();
                    let of = |n: i32| gaps.iter().filter(|d| **d > 0.0).map(|d| d.powi(n)).sum::<f64>();
                    for (sum, exact) in [low[c], high[c], above[c]].into_iter().zip([beta - 1, beta, beta + 1].map(of))
                    {
                        // Fewer than 2¹⁰ terms, each rounded a few times.
                        assert!((sum - exact).abs() <= 1e-12 * exact, "{power:?} {c}: {sum} {exact}");
                    }
                    for (r, d) in gaps.iter().enumerate() {
                        assert_eq!(p[r * stride + c], (weights[c] * d.powi(beta)) as f32);
                    }
                }
            }
        }
    }
}
