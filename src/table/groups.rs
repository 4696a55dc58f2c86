//! Groups of examples, each with rows of its own.

use super::{Bags, Table, kernel};
use ndarray::{ArrayView2, ArrayViewMut2, Axis};
use std::ops::Range;

/// Groups of examples of a batch, each with its own rows. An example and a row of the same group form a pair. Pairs are
/// numbered group by group, and within a group example by example.
#[derive(Clone, Copy, Debug)]
pub struct Groups<'a> {
    /// The examples of each group.
    pub examples: Bags<'a>,
    /// The rows of each group. There are as many bags as groups.
    pub rows: Bags<'a>,
}

impl<'a> Groups<'a> {
    /// Number of groups.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no group.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of pairs.
    pub fn pairs(&self) -> usize {
        self.iter().map(|group| group.pairs.len()).sum()
    }

    /// The groups, in order.
    pub fn iter(self) -> impl Iterator<Item = Group<'a>> {
        let mut pairs = 0;
        (0..self.len()).map(move |number| {
            let (examples, rows) = (self.examples.bag(number), self.rows.bag(number));
            let start = pairs;
            pairs += examples.len() * rows.len();
            Group { number, examples, rows, pairs: start..pairs }
        })
    }
}

/// One of several groups.
#[derive(Clone, Debug)]
pub struct Group<'a> {
    /// Its number.
    pub number: usize,
    /// Its examples.
    pub examples: &'a [u32],
    /// Its rows.
    pub rows: &'a [u32],
    /// The pair numbers of this group.
    pub pairs: Range<usize>,
}

/// Turns the scores of pairs into ∂L/∂scores in place and adds their losses (nats) to the losses of the examples.
///
/// The range gives the pair numbers, which always cover whole groups.
pub type GroupCoefficients<'a> = dyn Fn(Range<usize>, &mut [f32], &mut [f64]) + Sync + 'a;

/// Computes [`Table::shared_means`] with one call of [`Table::bag_means`].
pub fn means_of_listed(table: &mut (impl Table + ?Sized), rows: &[u32], bags: Bags, out: ArrayViewMut2<f32>) {
    let listed: Vec<u32> = bags.rows.iter().map(|number| rows[*number as usize]).collect();
    table.bag_means(Bags { rows: &listed, offsets: bags.offsets }, out);
}

/// Computes [`Table::descend_sums`] row by row, with [`Table::descend_each`].
pub fn descend_sum_by_sum(table: &mut (impl Table + ?Sized), rows: &[u32], sums: Bags, gradients: ArrayView2<f32>) {
    for (i, row) in rows.iter().enumerate() {
        let mut sum = ndarray::Array2::zeros((1, gradients.ncols()));
        sums.bag(i).iter().for_each(|number| sum += &gradients.row(*number as usize));
        table.descend_each(Bags { rows: &[*row], offsets: &[0, 1] }, sum.view());
    }
}

/// Computes [`Table::step_groups`] group by group, with [`Table::step`].
pub fn step_by_step(
    table: &mut (impl Table + ?Sized),
    groups: Groups,
    x: ArrayView2<f32>,
    coef: &GroupCoefficients,
    losses: &mut [f64],
    mut d_x: ArrayViewMut2<f32>,
) {
    for Group { examples, rows, pairs, .. } in groups.iter().filter(|group| !group.pairs.is_empty()) {
        let places: Vec<usize> = examples.iter().map(|example| *example as usize).collect();
        let of_group = x.select(Axis(0), &places);
        let mut d = ndarray::Array2::zeros(of_group.raw_dim());
        let mut scores = vec![0.0; pairs.len()];
        // `coef` needs all pairs of the group at once, and the losses of all examples.
        table.scores(&super::Rows::List(rows), of_group.view(), kernel::view::matrix_mut(&mut scores, places.len()));
        coef(pairs, &mut scores, losses);
        let known = kernel::view::matrix(&scores, places.len());
        let put = |part: Range<usize>, mut z: ArrayViewMut2<f32>, _: &mut [f64]| {
            z.assign(&kernel::view::rows(&known, &part));
        };
        table.step(rows, of_group.view(), &put, &mut vec![0.0; places.len()], d.view_mut());
        for (example, d) in places.iter().zip(d.rows()) {
            let mut to = d_x.row_mut(*example);
            to += &d;
        }
    }
}
