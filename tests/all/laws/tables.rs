//! Law 9: repeated rows are merged rows. All routes through a table give one result: a step, the three verbs, and a
//! sweep with or without the scan before it.

use super::rig::{UPDATES, Updates};
use lexmax::WorkerRng;
use lexmax::check::ROUNDING;
use lexmax::table::Optimizer;
use lexmax::table::{Init, Matrix, Rows, Stat, Table, TableShape, Threads, Tile};
use ndarray::{Array2, ArrayViewMut2, Axis};
use rand::RngExt;
use std::ops::Range;

/// A column's ∂L/∂z is slope·z + offset, so that columns of the same row differ.
type Line = (f32, f32);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Route {
    /// One `step` over a list of rows in which some repeat.
    Step,
    /// The same rows, each once, with the sum of its columns' lines.
    Merged,
    /// `scores`, `weighted_sum`, `descend` over the list.
    Verbs,
    /// The same over a range.
    RangeVerbs,
    /// `scan`, then `sweep`.
    ScanAndSweep,
    /// `sweep` alone.
    Sweep,
    /// Half of every coefficient by a `step`, half by a `sweep`, before a flush.
    StepAndSweep,
}

struct Case {
    start: Matrix,
    x: Array2<f32>,
    rows: Vec<u32>,
    lines: Vec<Line>,
}

const RATE: f32 = 0.1;

impl Case {
    fn new(rows: u32, dim: usize, batch: usize, picked: usize, bias: bool, optimizer: Optimizer) -> Self {
        let mut rng = WorkerRng::new(u64::from(rows), 3);
        let shape = TableShape::new(rows, dim, bias, Init::Uniform(0.5));
        let mut start = Matrix::new(shape, optimizer, &mut rng).unwrap();
        start.bias_mut().iter_mut().for_each(|b| *b = rng.random::<f32>() - 0.5);
        let x = Array2::from_shape_simple_fn((batch, dim), || rng.random::<f32>() * 2.0 - 1.0);
        // All rows once, for the routes over ranges; then some again.
        let again = (0..picked).map(|_| rng.random_range(0..rows));
        let rows: Vec<u32> = (0..rows).rev().chain(again).collect();
        let lines = rows.iter().map(|_| (rng.random::<f32>() - 0.5, rng.random::<f32>() - 0.5)).collect();
        Self { start, x, rows, lines }
    }

    /// The sum of the lines of each row.
    fn merged(&self) -> Vec<Line> {
        let mut merged = vec![(0.0, 0.0); self.start.shape().rows as usize];
        for (row, line) in self.rows.iter().zip(&self.lines) {
            let sum = &mut merged[*row as usize];
            *sum = (sum.0 + line.0, sum.1 + line.1);
        }
        merged
    }

    /// One pass along a route: d_x, and the matrix moved.
    fn pass(&self, route: Route, table: &mut dyn Table) -> Array2<f32> {
        let half = if route == Route::StepAndSweep { 0.5 } else { 1.0 };
        let halves =
            |lines: &[Line]| -> Vec<Line> { lines.iter().map(|line| (half * line.0, half * line.1)).collect() };
        // One row as a vector gives it: both strides are 1.
        let x = if self.x.nrows() == 1 { self.x.row(0).insert_axis(Axis(0)) } else { self.x.view() };
        let (lines, merged) = (halves(&self.lines), halves(&self.merged()));
        let distinct: Vec<u32> = (0..merged.len() as u32).collect();
        let all = 0..distinct.len() as u32;
        let mut d_x = Array2::zeros(x.raw_dim());
        let mut losses = vec![0.0; x.nrows()];
        let tile = |tile: &mut Tile| {
            for row in tile.rows() {
                let (slope, offset) = merged[row as usize];
                tile.row_mut(row).iter_mut().for_each(|z| *z = slope * *z + offset);
            }
        };
        let (listed, ranged) = ((&self.rows, &lines), (&distinct, &merged));
        if matches!(route, Route::Step | Route::Merged | Route::StepAndSweep) {
            let (rows, lines) = if route == Route::Merged { ranged } else { listed };
            let coef = |_: Range<usize>, z: ArrayViewMut2<f32>, _: &mut [f64]| apply(lines, z);
            table.step(rows, x, &coef, &mut losses, d_x.view_mut());
        }
        if matches!(route, Route::Verbs | Route::RangeVerbs) {
            let list = (Rows::List(&self.rows), &lines);
            let (rows, lines) = if route == Route::Verbs { list } else { (Rows::Range(all.clone()), &merged) };
            let mut z = Array2::zeros((x.nrows(), rows.len()));
            table.scores(&rows, x, z.view_mut());
            apply(lines, z.view_mut());
            table.weighted_sum(&rows, z.view(), d_x.view_mut());
            table.descend(&rows, z.view(), x);
        }
        if route == Route::ScanAndSweep {
            let mut stats = vec![Stat::EMPTY; x.nrows()];
            table.scan(all.clone(), x, &|_, _| {}, &mut stats);
        }
        if matches!(route, Route::ScanAndSweep | Route::Sweep | Route::StepAndSweep) {
            table.sweep(all, x, &tile, d_x.view_mut(), true);
        }
        table.flush();
        d_x
    }

    /// Two passes, the second over the weights and the optimizer's state that the first left.
    fn check(&self, route: Route, updates: Updates, threads: &Threads) {
        let mut matrix = self.start.clone();
        let shape = matrix.shape();
        let mut state = vec![initial(&matrix); (shape.dim + 1) * shape.rows as usize];
        for pass in 0..2 {
            let before = matrix.clone();
            let d_x = self.pass(route, &mut *updates.handle(&mut matrix, RATE, threads));
            let what = format!("{route:?}, {updates:?}, pass {pass}, {:?}", matrix.optimizer());
            self.compare(&what, &before, &matrix, &d_x, &mut state);
        }
    }

    /// In f64 and by plain loops. Every number is a sum of at most d + B + C terms with at most 8 roundings each beside
    /// those of the sum.
    fn compare(&self, what: &str, before: &Matrix, after: &Matrix, d_x: &Array2<f32>, state: &mut [f64]) {
        let (batch, dim) = self.x.dim();
        let n = (dim + batch + self.rows.len() + 8) as f64 * ROUNDING;
        let x = |b: usize, k: usize| if k < dim { f64::from(self.x[[b, k]]) } else { 1.0 };
        let has_bias = before.shape().bias;
        let entry = |m: &Matrix, r: u32, k: usize| match k {
            k if k < dim => f64::from(m.row(r)[k]),
            _ if has_bias => f64::from(m.bias()[r as usize]),
            _ => 0.0,
        };
        // Entry (row, dim) is the bias.
        let rows = before.shape().rows as usize;
        let (mut g, mut g_size) = (vec![0.0; rows * (dim + 1)], vec![0.0; rows * (dim + 1)]);
        for b in 0..batch {
            let (mut d, mut d_size) = (vec![0.0; dim], vec![0.0; dim]);
            for (row, (slope, offset)) in self.rows.iter().zip(&self.lines) {
                let terms: Vec<f64> = (0..=dim).map(|k| entry(before, *row, k) * x(b, k)).collect();
                let (slope, offset) = (f64::from(*slope), f64::from(*offset));
                let coef = slope * terms.iter().sum::<f64>() + offset;
                let size = slope.abs() * terms.iter().map(|t| t.abs()).sum::<f64>() + offset.abs();
                for k in 0..dim {
                    d[k] += coef * entry(before, *row, k);
                    d_size[k] += size * entry(before, *row, k).abs();
                }
                for k in 0..=dim {
                    g[*row as usize * (dim + 1) + k] += coef * x(b, k);
                    g_size[*row as usize * (dim + 1) + k] += size * x(b, k).abs();
                }
            }
            for k in 0..dim {
                let (got, tolerance) = (f64::from(d_x[[b, k]]), n * d_size[k]);
                assert!(
                    (got - d[k]).abs() <= tolerance,
                    "{what}: d_x[{b}, {k}] is {got}, not {} ± {tolerance:e}",
                    d[k]
                );
            }
        }
        for (i, state) in state.iter_mut().enumerate() {
            let (row, k) = ((i / (dim + 1)) as u32, i % (dim + 1));
            if k == dim && !has_bias {
                continue;
            }
            *state += g[i] * g[i];
            let (root, steepest) = match before.optimizer() {
                Optimizer::Sgd => (1.0, 1.0),
                // d(g/√(G + g²))/dg ≤ 1/√G, and G itself is a sum of squares with the same error.
                _ => (state.sqrt(), 2.0 / initial(before).sqrt()),
            };
            let want = entry(before, row, k) - f64::from(RATE) * g[i] / root;
            let tolerance = n * (f64::from(RATE) * g_size[i] * steepest + want.abs() + 1.0);
            let got = entry(after, row, k);
            assert!((got - want).abs() <= tolerance, "{what}: w[{row}, {k}] is {got}, not {want} ± {tolerance:e}");
        }
    }
}

fn initial(matrix: &Matrix) -> f64 {
    matrix.optimizer().initial_state().map_or(0.0, f64::from)
}

fn apply(lines: &[Line], mut z: ArrayViewMut2<f32>) {
    for mut row in z.rows_mut() {
        row.iter_mut().zip(lines).for_each(|(z, (slope, offset))| *z = *slope * *z + offset);
    }
}

#[test]
fn repeated_rows_are_merged_rows_on_every_route() {
    let routes = [
        Route::Step,
        Route::Merged,
        Route::Verbs,
        Route::RangeVerbs,
        Route::ScanAndSweep,
        Route::Sweep,
        Route::StepAndSweep,
    ];
    let optimizers = [Optimizer::Sgd, Optimizer::adagrad(0.1).unwrap()];
    // A register block, blocks of both kinds in either direction, and several strips.
    for (rows, dim, batch, picked) in [(6, 9, 3, 5), (6, 9, 1, 5), (1, 1, 1, 2), (70, 37, 40, 60), (1100, 5, 12, 300)] {
        for (bias, optimizer) in [true, false].iter().flat_map(|bias| optimizers.map(|optimizer| (*bias, optimizer))) {
            let case = Case::new(rows, dim, batch, picked, bias, optimizer);
            for (route, updates) in routes.iter().flat_map(|route| UPDATES.map(|updates| (*route, updates))) {
                // Online, the sweep would see what the step left.
                if route != Route::StepAndSweep || updates == Updates::Deferred {
                    case.check(route, updates, &Threads::new(2));
                }
            }
        }
    }
}
