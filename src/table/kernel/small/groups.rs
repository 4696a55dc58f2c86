//! A step over groups of examples with their own rows. First it computes all scores, then calls `coef` once for all
//! coefficients, then updates group by group.

use super::super::aligned::Aligned;
use super::super::rows::RowStore;
use super::blocks::Descent;
use super::{PlacedRows, SmallBlock, dots, pad};
use crate::simd::{dispatch, with_tail};
use crate::table::{GroupCoefficients, Groups};
use ndarray::{ArrayView2, ArrayViewMut2};
use pulp::{Simd, WithSimd};

impl SmallBlock {
    /// [`Table::step_groups`](crate::table::Table::step_groups) by places. ∂L/∂x is summed over the groups before it is
    /// added to `d_x`.
    #[allow(clippy::too_many_arguments)]
    pub fn step_groups(
        &mut self,
        table: &mut impl RowStore,
        groups: Groups,
        x: ArrayView2<f32>,
        rate: f32,
        coef: &GroupCoefficients,
        losses: &mut [f64],
        mut d_x: ArrayViewMut2<f32>,
    ) {
        let (batch, stride, pairs) = (x.nrows(), table.stride(), groups.pairs());
        self.x.grow(batch * stride);
        if self.z.len() < pairs {
            self.z.resize(pairs, 0.0);
        }
        table.place(groups.rows.rows, &mut self.places);
        let (places, z) = (&self.places[..], &mut self.z[..pairs]);
        let flat = x.to_slice().expect("hidden vectors are contiguous");
        dispatch(Scores { table, x: flat, padded: &mut self.x, places, groups, z });
        if table.has_bias() {
            for_each_pair(groups, places, |pair, row, place| z[pair] += table.bias(row, place));
        }
        coef(0..pairs, z, losses);
        if table.has_bias() {
            for_each_pair(groups, places, |pair, row, place| table.descend_bias(row, place, rate, z[pair]));
        }
        let d_x = d_x.as_slice_mut().expect("∂L/∂x is contiguous");
        let x = &self.x.as_ref()[..batch * stride];
        self.d_x.grow(batch * stride);
        let (dim, padded) = (table.dim(), &mut self.d_x.as_mut()[..batch * stride]);
        let weights = table.weights_mut();
        dispatch(GroupDescent { weights, stride, places, groups, x, z, rate, d_x, padded, dim });
        self.tell_moves(table, groups);
    }

    /// Reports each moved row once, with the number of examples in all its groups.
    fn tell_moves(&mut self, table: &mut impl RowStore, groups: Groups) {
        let Self { places, moves, .. } = self;
        let most = places.iter().max().map_or(0, |most| *most as usize + 1);
        if moves.len() < most {
            moves.resize(most, [0; 2]);
        }
        for group in groups.iter() {
            let places = &places[groups.rows.offsets[group.number] as usize..][..group.rows.len()];
            let examples = group.examples.len() as u32;
            for place in places {
                let [of_row, groups] = &mut moves[*place as usize];
                *of_row += examples;
                *groups += 1;
            }
        }
        for (row, place) in groups.rows.rows.iter().zip(places) {
            let [examples, groups] = std::mem::take(&mut moves[*place as usize]);
            if examples > 0 {
                table.moved(*row, *place, examples, groups);
            }
        }
    }
}

/// Calls `each` with the number, the row and the place of every pair.
fn for_each_pair(groups: Groups, places: &[u32], mut each: impl FnMut(usize, u32, u32)) {
    for group in groups.iter() {
        let places = &places[groups.rows.offsets[group.number] as usize..];
        for (pair, i) in group.pairs.clone().zip((0..group.rows.len()).cycle()) {
            each(pair, group.rows[i], places[i]);
        }
    }
}

/// Pads X and computes the scores of all pairs.
struct Scores<'a, T> {
    table: &'a T,
    /// batch × d.
    x: &'a [f32],
    padded: &'a mut Aligned,
    places: &'a [u32],
    groups: Groups<'a>,
    z: &'a mut [f32],
}

impl<T: RowStore> WithSimd for Scores<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { table, x, padded, places, groups, z } = self;
        let (dim, stride) = (table.dim(), table.stride());
        pad(s, x, dim, stride, padded);
        let (padded, used) = (padded.as_ref(), dim.next_multiple_of(S::F32_LANES));
        let mut z = z;
        for group in groups.iter() {
            let count = group.rows.len();
            let places = &places[groups.rows.offsets[group.number] as usize..][..count];
            let of = PlacedRows { w: table.weights(), stride, used, places };
            let x = |example: u32| &padded[example as usize * stride..][..used];
            let mut examples = group.examples;
            while let [first, others @ ..] = examples {
                let now = match examples.len() {
                    left if S::REGISTER_COUNT >= 32 && left >= 4 => 4,
                    2 | 4 => 2,
                    1 => 1,
                    _ => 3,
                };
                let (part, rest) = z.split_at_mut(now * count);
                match (now, others) {
                    (4, [b, c, d, ..]) => dots::<S, 4>(s, [x(*first), x(*b), x(*c), x(*d)], of, part),
                    (3, [b, c, ..]) => dots::<S, 3>(s, [x(*first), x(*b), x(*c)], of, part),
                    (2, [b, ..]) => dots::<S, 2>(s, [x(*first), x(*b)], of, part),
                    _ => dots::<S, 1>(s, [x(*first)], of, part),
                }
                (z, examples) = (rest, &examples[now..]);
            }
        }
    }
}

/// d_x += K·W, then W ← W − rate·Kᵀ·X, group by group.
struct GroupDescent<'a> {
    weights: &'a mut [f32],
    stride: usize,
    places: &'a [u32],
    groups: Groups<'a>,
    /// batch × stride.
    x: &'a [f32],
    z: &'a [f32],
    rate: f32,
    /// batch × d.
    d_x: &'a mut [f32],
    /// batch × stride: ∂L/∂x summed over the groups.
    padded: &'a mut [f32],
    dim: usize,
}

impl WithSimd for GroupDescent<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { weights, stride, places, groups, x, z, rate, d_x, padded, dim } = self;
        padded.fill(0.0);
        for group in groups.iter().filter(|group| !group.pairs.is_empty()) {
            let places = &places[groups.rows.offsets[group.number] as usize..][..group.rows.len()];
            let (weights, d_x) = (&mut *weights, &mut *padded);
            let (examples, coef) = (group.examples, &z[group.pairs]);
            Descent { weights, stride, places, examples, x, coef, rate, d_x, d_stride: stride, dim }.with_simd(s);
        }
        for (to, from) in d_x.chunks_exact_mut(dim).zip(padded.chunks_exact(stride)) {
            add(s, to, &from[..dim]);
        }
    }
}

#[inline(always)]
fn add<S: Simd>(s: S, to: &mut [f32], from: &[f32]) {
    let ((to, to_tail), (from, from_tail)) = (S::as_mut_simd_f32s(to), S::as_simd_f32s(from));
    for (to, from) in to.iter_mut().zip(from) {
        *to = s.add_f32s(*to, *from);
    }
    with_tail(to_tail, from_tail, |to, from| *to += from);
}

#[cfg(test)]
mod tests {
    use crate::optimizer::Optimizer;
    use crate::rng::WorkerRng;
    use crate::table::{
        Bags, CachedRows, Groups, Init, Matrix, Online, Shared, SharedMatrix, Table, TableShape, Threads,
    };
    use ndarray::{Array2, ShapeBuilder};
    use std::ops::Range;

    /// Loss, ∂L/∂x and the rows after a step over groups. `by_rows` sets whether `x` and `d_x` are row-major or
    /// column-major.
    fn step(mut table: impl Table, groups: Groups, dim: usize, by_rows: bool) -> (f64, Array2<f32>) {
        let shape = (4, dim).set_f(!by_rows);
        let mut x = Array2::zeros(shape);
        x.indexed_iter_mut().for_each(|((b, k), x)| *x = ((b * 31 + k * 17) % 23) as f32 * 0.05 - 0.5);
        let mut d_x = Array2::from_elem(shape, 0.25);
        let coef = |_: Range<usize>, z: &mut [f32], losses: &mut [f64]| {
            losses[0] += z.iter().map(|z| f64::from(*z)).sum::<f64>();
            z.iter_mut().for_each(|z| *z = 0.5 * *z - 0.1);
        };
        let mut losses = vec![0.0; 4];
        table.step_groups(groups, x.view(), &coef, &mut losses, d_x.view_mut());
        table.flush();
        (losses.iter().sum(), d_x)
    }

    #[test]
    fn are_steps_of_one_group_after_the_other() {
        // Examples out of order and repeated, a group without rows, one without examples, and a row twice in a group.
        let examples = Bags { rows: &[3, 0, 1, 2, 2, 0], offsets: &[0, 3, 3, 4, 6] };
        let rows = Bags { rows: &[5, 1, 4, 2, 0, 3, 3], offsets: &[0, 3, 4, 4, 7] };
        let groups = Groups { examples, rows };
        for dim in [1, 15, 16, 100] {
            let shape = TableShape { rows: 6, dim, bias: true, init: Init::Uniform(0.5) };
            let new = || Matrix::new(shape, Optimizer::Sgd, &mut WorkerRng::new(7, 0)).unwrap();
            let mut plain = new();
            let (loss, d_x) = step(Online::new(&mut plain, 0.1, Threads::default()), groups, dim, true);
            for (cached, by_rows) in [(6, true), (0, true), (3, true), (3, false)] {
                let shared = SharedMatrix::from_matrix(&new()).unwrap();
                let handle = Shared::new(&shared, 0.1, CachedRows::First(cached), 2, 4);
                let found = step(handle, groups, dim, by_rows);
                assert!((found.0 - loss).abs() < 1e-5, "{dim} {cached}: {} {loss}", found.0);
                let close = |a: &f32, b: &f32| (a - b).abs() < 1e-5;
                assert!(found.1.iter().zip(&d_x).all(|(a, b)| close(a, b)), "{dim} {cached}");
                let after = shared.to_matrix().unwrap();
                assert!(after.weights().iter().zip(plain.weights()).all(|(a, b)| close(a, b)), "{dim} {cached}");
                assert!(after.bias().iter().zip(plain.bias()).all(|(a, b)| close(a, b)), "{dim} {cached}");
            }
        }
    }
}
