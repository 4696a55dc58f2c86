//! ∂L/∂x and the update of the rows for one example: each row is read once more and written.

use super::add_vectors;
use super::blocks::Descent;
use pulp::Simd;

/// Most places that are compared pairwise when they do not decrease.
const MOST_COMPARED: usize = 24;

/// Whether no place is repeated, as far as a quick test can tell. Tree paths lead from leaf to root, so their numbers
/// decrease.
pub fn are_distinct(places: &[u32]) -> bool {
    places.is_sorted_by(|a, b| a > b)
        || places.len() <= MOST_COMPARED && (1..places.len()).all(|i| !places[..i].contains(&places[i]))
}

impl Descent<'_> {
    /// One example and distinct rows: V vectors of d_x += k·W and of the updated rows, from vector `k` on. Accumulators
    /// stay in registers only if no reference to them is taken.
    #[inline(always)]
    pub fn one_columns<S: Simd, const V: usize>(&mut self, s: S, k: usize, step: usize) {
        let w = S::as_mut_simd_f32s(self.weights).0;
        let example = self.examples[0] as usize;
        let x: &[S::f32s; V] = S::as_simd_f32s(self.x).0[example * step + k..][..V].try_into().expect("V vectors");
        let rate = s.splat_f32s(self.rate);
        let mut acc = [s.splat_f32s(0.0); V];
        for (place, coef) in self.places.iter().zip(self.coef) {
            let at = *place as usize * step + k;
            let row: &mut [S::f32s; V] = (&mut w[at..at + V]).try_into().expect("V vectors");
            let a = s.splat_f32s(*coef);
            for v in 0..V {
                let old = row[v];
                acc[v] = s.mul_add_e_f32s(a, old, acc[v]);
                row[v] = s.sub_f32s(old, s.mul_f32s(rate, s.mul_f32s(a, x[v])));
            }
        }
        add_vectors(s, &mut self.d_x[example * self.d_stride..][..self.d_stride], k, acc);
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
