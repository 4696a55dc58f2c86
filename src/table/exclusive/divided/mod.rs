//! The handle on a table whose rows are divided among ranks.

mod division;
mod fetch;

pub use division::Division;

use super::{Exclusive, Storage};
use crate::peers::{Packer, Peers, Team, Unpacker};
use crate::table::kernel::gemm::padded;
use crate::table::{Bags, Coefficients, Fold, Rows, Stat, Table, TableShape, TileCoefficients, kernel::view};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, Slice};
use std::fmt;
use std::ops::Range;

/// A handle on a table whose rows are divided among ranks ([`Division`]): each rank holds its rows and their gradients,
/// and all ranks make the same calls with the same batch. Losses, ∂L/∂x and weights have the bits of one process.
///
/// | verb | where the work is done | what a rank sends, in bytes |
/// |---|---|---|
/// | `scan` | each rank on its rows | 40·B a strip of its own, to each other rank |
/// | `sweep` | each rank on its rows | 4·B·d to the next rank; the last one to each other rank |
/// | `scores` of a range | each rank on its rows | 4·B a row of its own, to each other rank |
/// | `step`, others that read | every rank on all rows of the call | 4·(d + 1) a row of its own, to each other rank |
/// | verbs that only update | each rank on its rows | nothing |
///
/// So memory is divided for every layer, and the work of a step for those that scan. The verbs of a layer that keep
/// more than statistics (the best words, counts, samples) exchange what they keep.
///
/// [`Table::matrix`] and [`Table::gradient`] return `None`: no rank has all rows.
///
/// # Panics
/// [`Table::scan`] and [`Table::sweep`] take all rows of the table, as the layers of this crate do, and panic with both
/// ranges if they get others.
pub struct Divided<S> {
    own: Exclusive<S>,
    /// The shape of the whole table.
    shape: TableShape,
    division: Division,
    team: Team,
}

impl<S: fmt::Debug> fmt::Debug for Divided<S> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Divided").field("own", &self.own).field("division", &self.division).finish_non_exhaustive()
    }
}

/// Rows that are fetched at a time where all rows of a table are read one after the other: a multiple of the terms that
/// a product adds at a time, so that the bits are those of one product.
const PORTION: usize = 16 * 256;

impl<S: Storage> Divided<S> {
    /// Wraps the handle on this rank's rows.
    ///
    /// # Panics
    /// If the matrix of the handle has another number of rows than `division` gives to this rank.
    pub fn new(own: Exclusive<S>, division: Division, team: Team) -> Self {
        let shape = own.store.matrix().shape();
        assert_eq!(shape.rows as usize, division.own().len(), "rows of the matrix, and of the rank");
        Self { own, shape: TableShape { rows: division.rows(), ..shape }, division, team }
    }

    /// Checks that a verb gets all rows.
    fn check_all(&self, rows: &Range<u32>) {
        assert_eq!(*rows, 0..self.shape.rows, "a scan or a sweep of a divided table takes all rows");
    }

    /// Updates each own row of bag b with d_out\[b\] times `share(b)`.
    fn add_own_bags(&mut self, bags: Bags, d_out: ArrayView2<f32>, share: impl Fn(usize) -> f32) {
        let (mut rows, mut offsets) = (Vec::new(), vec![0]);
        for b in 0..bags.len() {
            rows.extend(bags.bag(b).iter().filter_map(|row| self.division.local(*row)));
            offsets.push(rows.len() as u32);
        }
        self.own.add_bags(Bags { rows: &rows, offsets: &offsets }, d_out, share);
    }
}

fn packed(stats: &[Stat]) -> Vec<u8> {
    let mut own = Packer::default();
    for Stat { max, sum, second, target, linear } in stats {
        let numbers = [f64::from(*max), *sum, *second, f64::from(*target), *linear];
        numbers.iter().for_each(|number| own.f64(*number));
    }
    own.bytes()
}

fn unpacked(from: &mut Unpacker) -> Stat {
    let [max, sum, second, target, linear] = std::array::from_fn(|_| from.f64());
    Stat { max: max as f32, sum, second, target: target as f32, linear }
}

impl<S: Storage> Table for Divided<S> {
    fn shape(&self) -> TableShape {
        self.shape
    }

    fn scores(&mut self, rows: &Rows, x: ArrayView2<f32>, mut out: ArrayViewMut2<f32>) {
        let range = match rows {
            Rows::Range(range) => range,
            Rows::List(list) => {
                let fetched = self.fetch(list.iter().copied());
                return fetched.read().scores(&Rows::List(&fetched.rows), x, out);
            }
        };
        let (own, _) = self.division.shared(self.team.rank(), range);
        let mut z = Array2::zeros((x.nrows(), own.len()));
        self.own.scores(&Rows::Range(own), x, z.view_mut());
        let mut bytes = Packer::default();
        bytes.f32s(z.as_slice().expect("a new array is contiguous"));
        for (rank, bytes) in self.team.all_gather(&bytes.bytes()).iter().enumerate() {
            let (_, places) = self.division.shared(rank, range);
            let mut from = Unpacker::new(bytes);
            out.slice_axis_mut(Axis(1), Slice::from(places)).iter_mut().for_each(|z| *z = from.f32());
        }
    }

    fn weighted_sum(&mut self, rows: &Rows, coef: ArrayView2<f32>, mut out: ArrayViewMut2<f32>) {
        match rows {
            Rows::List(list) => {
                let fetched = self.fetch(list.iter().copied());
                fetched.read().weighted_sum(&Rows::List(&fetched.rows), coef, out);
            }
            Rows::Range(range) => {
                for start in range.clone().step_by(PORTION) {
                    let portion = start..range.end.min(start + PORTION as u32);
                    let fetched = self.fetch(portion.clone());
                    let columns = (start - range.start) as usize..(portion.end - range.start) as usize;
                    let coef = coef.slice_axis(Axis(1), Slice::from(columns));
                    fetched.read().weighted_sum(&Rows::Range(0..portion.len() as u32), coef, out.view_mut());
                }
            }
        }
    }

    fn descend(&mut self, rows: &Rows, coef: ArrayView2<f32>, x: ArrayView2<f32>) {
        match rows {
            Rows::Range(range) => {
                let (own, places) = self.division.shared(self.team.rank(), range);
                self.own.descend(&Rows::Range(own), coef.slice_axis(Axis(1), Slice::from(places)), x);
            }
            Rows::List(list) => {
                let held = (0..).zip(*list).filter_map(|(column, row)| Some((column, self.division.local(*row)?)));
                let (columns, own): (Vec<usize>, Vec<u32>) = held.unzip();
                self.own.descend(&Rows::List(&own), coef.select(Axis(1), &columns).view(), x);
            }
        }
    }

    fn bag_means(&mut self, bags: Bags, out: ArrayViewMut2<f32>) {
        let fetched = self.fetch(bags.rows.iter().copied());
        fetched.read().bag_means(Bags { rows: &fetched.rows, offsets: bags.offsets }, out);
    }

    fn descend_bags(&mut self, bags: Bags, d_out: ArrayView2<f32>) {
        self.add_own_bags(bags, d_out, |b| 1.0 / bags.bag(b).len() as f32);
    }

    fn descend_each(&mut self, bags: Bags, d_out: ArrayView2<f32>) {
        self.add_own_bags(bags, d_out, |_| 1.0);
    }

    fn step(
        &mut self,
        rows: &[u32],
        x: ArrayView2<f32>,
        coef: &Coefficients,
        losses: &mut [f64],
        d_x: ArrayViewMut2<f32>,
    ) {
        let fetched = self.fetch(rows.iter().copied());
        self.own.block.gather(&fetched.matrix, &fetched.rows, &x);
        self.own.step_on_gathered(|c| self.division.local(rows[c]), coef, losses, d_x);
    }

    fn scan(&mut self, rows: Range<u32>, x: ArrayView2<f32>, fold: &Fold, out: &mut [Stat]) {
        self.check_all(&rows);
        self.own.scan_strips(self.division.strips(), x, fold);
        for bytes in &self.team.all_gather(&packed(&self.own.stats)) {
            let mut from = Unpacker::new(bytes);
            while !from.is_empty() {
                out.iter_mut().for_each(|all| all.merge(&unpacked(&mut from)));
            }
        }
    }

    fn sweep(
        &mut self,
        rows: Range<u32>,
        x: ArrayView2<f32>,
        coef: &TileCoefficients,
        mut d_x: ArrayViewMut2<f32>,
        last: bool,
    ) {
        self.check_all(&rows);
        let strips = self.division.strips();
        self.own.sweep_strips(strips, x, coef, last);
        let (batch, dim) = d_x.dim();
        let mut terms = Vec::with_capacity(strips.len() * batch * dim);
        for buffers in &self.own.buffers[..strips.len()] {
            buffers.d_x.chunks_exact(padded(dim)).for_each(|row| terms.extend_from_slice(&row[..dim]));
        }
        let mut sum: Vec<f32> = d_x.iter().copied().collect();
        self.team.chain_sum(&mut sum, &terms);
        d_x.assign(&view::matrix(&sum, batch));
        if last {
            self.own.store.settle(&self.own.threads);
        }
    }

    fn set_rate(&mut self, rate: f32) {
        self.own.set_rate(rate);
    }

    fn flush(&mut self) {
        self.own.flush();
    }

    fn team(&mut self) -> Option<&mut Team> {
        Some(&mut self.team)
    }

    fn discard(&mut self) {
        self.own.discard();
    }
}
