//! What the coefficients of one example bring about: each row is read once more, and written.

use super::{add_rows, in_blocks};
use pulp::{Simd, WithSimd};

/// Rows are compared with one another where they do not fall; more than so many are not.
const MOST_COMPARED: usize = 24;

/// Whether no place comes twice, as far as that is told quickly. Paths of trees lead from the leaf to the root, whose numbers fall.
pub fn are_distinct(places: &[u32]) -> bool {
    places.is_sorted_by(|a, b| a > b)
        || places.len() <= MOST_COMPARED && (1..places.len()).all(|i| !places[..i].contains(&places[i]))
}

/// d_x += k·W, and with it W ← W − rate·kᵀ·x, for rows none of which comes twice.
pub struct One<'a> {
    /// places × stride.
    pub weights: &'a mut [f32],
    pub stride: usize,
    pub places: &'a [u32],
    /// stride.
    pub x: &'a [f32],
    /// k, a row each.
    pub coef: &'a [f32],
    pub rate: f32,
    /// stride: k·W.
    pub d: &'a mut [f32],
    /// d.
    pub d_x: &'a mut [f32],
}

impl WithSimd for One<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, s: S) {
        let width = self.stride / S::F32_LANES;
        in_blocks!(width, 8, |k, V| self.columns::<S, V>(s, width, k));
        let dim = self.d_x.len();
        add_rows(s, self.d_x, dim, self.d, self.stride);
    }
}

impl One<'_> {
    /// V vectors of all rows from vector `k` on. Accumulators stay in registers only if no reference to them is taken.
    #[expect(clippy::manual_memcpy, reason = "a reference to the accumulators would keep them in memory")]
    #[inline(always)]
    fn columns<S: Simd, const V: usize>(&mut self, s: S, width: usize, k: usize) {
        let w = S::as_mut_simd_f32s(self.weights).0;
        let x: &[S::f32s; V] = S::as_simd_f32s(self.x).0[k..][..V].try_into().expect("V vectors");
        let rate = s.splat_f32s(self.rate);
        let mut acc = [s.splat_f32s(0.0); V];
        for (place, coef) in self.places.iter().zip(self.coef) {
            let at = *place as usize * width + k;
            let row: &mut [S::f32s; V] = (&mut w[at..at + V]).try_into().expect("V vectors");
            let a = s.splat_f32s(*coef);
            for v in 0..V {
                let old = row[v];
                acc[v] = s.mul_add_e_f32s(a, old, acc[v]);
                row[v] = s.sub_f32s(old, s.mul_f32s(rate, s.mul_f32s(a, x[v])));
            }
        }
        let d = &mut S::as_mut_simd_f32s(self.d).0[k..k + V];
        for v in 0..V {
            d[v] = acc[v];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::are_distinct;

    #[test]
    fn what_comes_twice_is_seen() {
        assert!(are_distinct(&[]) && are_distinct(&[3]) && are_distinct(&[9, 4, 0]) && are_distinct(&[1, 7, 3]));
        assert!(!are_distinct(&[4, 4]) && !are_distinct(&[1, 7, 3, 7]) && !are_distinct(&[9, 4, 4, 0]));
        let falling: Vec<u32> = (0..100).rev().collect();
        assert!(are_distinct(&falling));
    }
}
