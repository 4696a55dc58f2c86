//! Support sums over the words above a threshold, and probabilities from scores, for the columns of a tile (words ×
//! batch), in f64. For a score z of a column, d = max(0, scale·z − threshold).

use super::dispatch;
use pulp::{Simd, WithSimd, bytemuck};

/// The most columns whose numbers are on the stack at a time.
pub const HELD: usize = 256;
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

/// Same for a list of scaled scores, scale·z, with one threshold.
pub fn sums_of_list(scaled: &[f64], power: Power, threshold: f64) -> [f64; 3] {
    match power {
        Power::One => dispatch(SumsOfList::<false> { scaled, threshold }),
        Power::Two => dispatch(SumsOfList::<true> { scaled, threshold }),
    }
}

/// z ← weight·d^β, with a threshold and a weight for each of at most [`HELD`] columns. `skips` tells to look first
/// whether any of a few neighbouring scores is above its threshold: faster if most are not.
pub fn probabilities(
    scores: &mut [f32],
    stride: usize,
    scale: f64,
    power: Power,
    thresholds: &[f64],
    weights: &[f64],
    skips: bool,
) {
    match power {
        Power::One => dispatch(Probabilities::<false> { scores, stride, scale, thresholds, weights, skips }),
        Power::Two => dispatch(Probabilities::<true> { scores, stride, scale, thresholds, weights, skips }),
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

/// Whether any of the scores is at least its bound.
#[inline(always)]
fn reaches(row: &[f32; LANES], bounds: &[f32; LANES]) -> bool {
    let mut reached = false;
    for l in 0..LANES {
        reached |= row[l] >= bounds[l];
    }
    reached
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

struct SumsOfList<'a, const SQUARES: bool> {
    scaled: &'a [f64],
    threshold: f64,
}

impl<const SQUARES: bool> WithSimd for SumsOfList<'_, SQUARES> {
    type Output = [f64; 3];

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) -> [f64; 3] {
        /// Independent sums, for the latency of an addition.
        const WIDE: usize = 4;
        let (zero, one, threshold) = (s.splat_f64s(0.0), s.splat_f64s(1.0), s.splat_f64s(self.threshold));
        let (body, tail) = S::as_simd_f64s(self.scaled);
        let (wide, rest) = body.as_chunks::<WIDE>();
        let [mut low, mut high, mut above] = [[zero; WIDE]; 3];
        for scaled in wide {
            for i in 0..WIDE {
                let d = s.max_f64s(s.sub_f64s(scaled[i], threshold), zero);
                let square = s.mul_f64s(d, d);
                let count = s.select_f64s(s.greater_than_f64s(d, zero), one, zero);
                low[i] = s.add_f64s(low[i], if SQUARES { d } else { count });
                high[i] = s.add_f64s(high[i], if SQUARES { square } else { d });
                above[i] = if SQUARES { s.mul_add_f64s(square, d, above[i]) } else { s.add_f64s(above[i], square) };
            }
        }
        let mut sums = [0.0; 3];
        for i in 0..WIDE {
            sums = [
                sums[0] + s.reduce_sum_f64s(low[i]),
                sums[1] + s.reduce_sum_f64s(high[i]),
                sums[2] + s.reduce_sum_f64s(above[i]),
            ];
        }
        for part in [bytemuck::cast_slice::<S::f64s, f64>(rest), tail] {
            for scaled in part {
                let gap = scaled - self.threshold;
                if gap > 0.0 {
                    sums[0] += if SQUARES { gap } else { 1.0 };
                    sums[1] += if SQUARES { gap * gap } else { gap };
                    sums[2] += if SQUARES { gap * gap * gap } else { gap * gap };
                }
            }
        }
        sums
    }
}

struct Probabilities<'a, const SQUARES: bool> {
    scores: &'a mut [f32],
    stride: usize,
    scale: f64,
    thresholds: &'a [f64],
    weights: &'a [f64],
    skips: bool,
}

impl<const SQUARES: bool> WithSimd for Probabilities<'_, SQUARES> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { scores, stride, scale, thresholds, weights, skips } = self;
        let mut bounds = [0.0; HELD];
        let bounds = &mut bounds[..thresholds.len()];
        if skips {
            let inverse = 1.0 / scale;
            for (bound, threshold) in bounds.iter_mut().zip(thresholds) {
                // Scores below have d ≤ 0 whatever the rounding; an infinite threshold gives a bound that none reaches.
                *bound = (threshold * inverse) as f32;
                *bound -= bound.abs() * (4.0 * f32::EPSILON);
            }
        }
        let columns = thresholds.as_chunks::<LANES>().0.iter().zip(weights.as_chunks::<LANES>().0);
        let columns = columns.zip(bounds.as_chunks::<LANES>().0);
        for row in scores.chunks_mut(stride) {
            for (((thresholds, weights), bounds), row) in columns.clone().zip(row.as_chunks_mut::<LANES>().0) {
                if skips && !reaches(row, bounds) {
                    *row = [0.0; LANES];
                    continue;
                }
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
                let (mut p, mut skipped) = (z.clone(), z.clone());
                probabilities(&mut p, stride, 0.5, power, &thresholds, &weights, false);
                probabilities(&mut skipped, stride, 0.5, power, &thresholds, &weights, true);
                assert_eq!(p, skipped);
                for c in 0..columns {
                    let column: Vec<f64> = (0..rows).map(|r| 0.5 * f64::from(z[r * stride + c])).collect();
                    let of_list = sums_of_list(&column, power, thresholds[c]);
                    for (sum, one) in of_list.into_iter().zip([low[c], high[c], above[c]]) {
                        assert!((sum - one).abs() <= 1e-12 * one, "{power:?} {c}: {sum} {one}");
                    }
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
