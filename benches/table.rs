//! The verbs of tables: verb × storage × shape, beside the speed of the machine in the same run.
//!
//! Storages: frozen, online and deferred tables, which have a single owner; tables shared by several workers, one of
//! which is timed, without cached rows (`shared`) and with all rows cached (`cached`); an overlay of a shared table
//! (`overlay`).
//!
//! `cargo bench --bench table` prints a line each: the median time, GFLOP/s, GB/s of parameters moved, and the share of
//! plain matrix products (large shapes) or of a plain copy (small ones) on one thread. Any argument is a filter on the
//! names.

use lexmax::WorkerRng;
use lexmax::measure::sgemm_gflops;
use lexmax::table::Optimizer;
use lexmax::table::{
    Bags, CachedRows, Deferred, Frozen, Init, Matrix, Online, Overlay, OwnRows, Rows, Shared, SharedMatrix, Stat,
    Table, TableShape, Threads, Tile,
};
use ndarray::{Array2, ArrayViewMut2};
use rand::RngExt;
use std::hint::black_box;
use std::time::{Duration, Instant};

const ROWS: u32 = 20_000;
const SAMPLE: Duration = Duration::from_millis(20);
const SAMPLES: usize = 9;
/// The number of workers that share a table: two, as on the smallest machine that trains in parallel.
const WORKERS: usize = 2;

/// The shape of a call: B examples, C rows, size d.
#[derive(Clone, Copy)]
struct Shape {
    batch: usize,
    rows: usize,
    dim: usize,
}

/// The median seconds of a call.
fn time(mut call: impl FnMut()) -> f64 {
    let start = Instant::now();
    let mut calls = 0u32;
    while start.elapsed() < SAMPLE {
        call();
        calls += 1;
    }
    let mut samples: Vec<f64> = (0..SAMPLES)
        .map(|_| {
            let start = Instant::now();
            (0..calls).for_each(|_| call());
            start.elapsed().as_secs_f64() / f64::from(calls)
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    samples[SAMPLES / 2]
}

/// GB/s of copying; counts both the bytes read and the bytes written.
fn copy_gigabytes() -> f64 {
    let (from, mut to) = (vec![1.0f32; 32 << 20], vec![0.0f32; 32 << 20]);
    let seconds = time(|| black_box(&mut to).copy_from_slice(black_box(&from)));
    8.0 * from.len() as f64 / seconds * 1e-9
}

struct Machine {
    sgemm: f64,
    copy: f64,
    filter: Vec<String>,
}

impl Machine {
    /// Times `passes` multiply-adds for each entry of a block, and `moves` reads or writes of each row.
    fn report(&self, name: &str, shape: Shape, passes: f64, moves: f64, call: impl FnMut()) {
        let Shape { batch, rows, dim } = shape;
        let name = format!("table/{name}/B{batch}-C{rows}-d{dim}");
        // A frozen table is never updated.
        let idle = name.contains("descend") && name.contains("frozen");
        if idle || !self.filter.iter().all(|f| name.contains(f.as_str())) {
            return;
        }
        let seconds = time(call);
        let gflops = 2.0 * passes * (batch * rows * dim) as f64 / seconds * 1e-9;
        let gigabytes = 4.0 * moves * (rows * dim) as f64 / seconds * 1e-9;
        let (sgemm, copy) = (100.0 * gflops / self.sgemm, 100.0 * gigabytes / self.copy);
        println!(
            "{name:<52} {:>10.2} µs {gflops:>7.1} GFLOP/s ({sgemm:>3.0} % of sgemm) {gigabytes:>6.1} GB/s ({copy:>3.0} % of copy)",
            seconds * 1e6
        );
    }
}

fn table_shape(dim: usize) -> TableShape {
    TableShape::new(ROWS, dim, false, Init::Uniform(0.1))
}

fn matrix(dim: usize) -> Matrix {
    Matrix::new(table_shape(dim), Optimizer::Sgd, &mut WorkerRng::new(1, 0)).expect("a small matrix")
}

/// Coefficients that leave the weights nearly unchanged, and cost next to nothing to compute.
fn halve(mut z: ArrayViewMut2<f32>) {
    z *= 1e-9;
}

/// Applies pending updates. Other tables have none; a shared one would scan all its rows.
fn settle(storage: &str, table: &mut dyn Table) {
    if storage == "deferred" {
        table.flush();
    }
}

fn few(machine: &Machine, storage: &str, table: &mut dyn Table, shape: Shape) {
    let Shape { batch, rows, dim } = shape;
    let mut rng = WorkerRng::new(2, 0);
    let list: Vec<u32> = (0..rows).map(|_| rng.random_range(0..ROWS)).collect();
    let x = Array2::from_elem((batch, dim), 0.01f32);
    let (mut z, mut d_x) = (Array2::zeros((batch, rows)), Array2::zeros((batch, dim)));
    let mut losses = vec![0.0; batch];
    let rows = Rows::List(&list);
    machine.report(&format!("scores/{storage}"), shape, 1.0, 1.0, || {
        table.scores(&rows, x.view(), z.view_mut());
    });
    machine.report(&format!("weighted_sum/{storage}"), shape, 1.0, 1.0, || {
        table.weighted_sum(&rows, z.view(), d_x.view_mut());
    });
    z.fill(1e-9);
    machine.report(&format!("descend/{storage}"), shape, 1.0, 2.0, || {
        table.descend(&rows, z.view(), x.view());
        settle(storage, table);
    });
    machine.report(&format!("step/{storage}"), shape, 3.0, 2.0, || {
        table.step(&list, x.view(), &|_, z, _| halve(z), &mut losses, d_x.view_mut());
        settle(storage, table);
    });
    let offsets: Vec<u32> = (0..=batch as u32).map(|b| (b as usize * list.len() / batch) as u32).collect();
    let bags = Bags { rows: &list, offsets: &offsets };
    let one = Shape { batch: 1, ..shape };
    machine.report(&format!("bag_means/{storage}"), one, 1.0, 1.0, || table.bag_means(bags, d_x.view_mut()));
    machine.report(&format!("descend_bags/{storage}"), one, 1.0, 2.0, || {
        table.descend_bags(bags, x.view());
        settle(storage, table);
    });
}

fn many(machine: &Machine, storage: &str, table: &mut dyn Table, batch: usize, dim: usize) {
    let shape = Shape { batch, rows: ROWS as usize, dim };
    let x = Array2::from_elem((batch, dim), 0.01f32);
    let mut d_x = Array2::zeros((batch, dim));
    let mut stats = vec![Stat::EMPTY; batch];
    let halve = |tile: &mut Tile| tile.scores_mut().iter_mut().for_each(|z| *z *= 1e-9);
    machine
        .report(&format!("scan/{storage}"), shape, 1.0, 1.0, || table.scan(0..ROWS, x.view(), &|_, _| (), &mut stats));
    machine.report(&format!("scan+sweep/{storage}"), shape, 3.0, 2.0, || {
        table.scan(0..ROWS, x.view(), &|_, _| (), &mut stats);
        table.sweep(0..ROWS, x.view(), &halve, d_x.view_mut(), true);
        table.flush();
    });
}

fn main() {
    let filter = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let machine = Machine { sgemm: sgemm_gflops(1), copy: copy_gigabytes(), filter };
    println!("one thread: sgemm {:.1} GFLOP/s, copy {:.1} GB/s\n", machine.sgemm, machine.copy);
    let none = Threads::default;
    for (batch, rows, dim) in
        [(1, 11, 100), (6, 6, 100), (6, 11, 50), (6, 11, 100), (6, 11, 300), (32, 40, 128), (256, 4096, 128)]
    {
        let shape = Shape { batch, rows, dim };
        let mut m = matrix(dim);
        few(&machine, "frozen", &mut Frozen::new(&m, none()), shape);
        few(&machine, "online", &mut Online::new(&mut m, 1e-9, none()), shape);
        few(&machine, "deferred", &mut Deferred::new(&mut m, 1e-9, none()), shape);
        let m = SharedMatrix::new(table_shape(dim), &mut WorkerRng::new(1, 0)).expect("a small matrix");
        few(&machine, "shared", &mut Shared::new(&m, 1e-9, CachedRows::First(0), WORKERS, 16), shape);
        few(&machine, "cached", &mut Shared::new(&m, 1e-9, CachedRows::First(ROWS), WORKERS, 16), shape);
        few(&machine, "overlay", &mut Overlay::new(&m, &mut OwnRows::new(table_shape(dim)), 1e-9), shape);
    }
    for (batch, dim) in [(1, 100), (16, 100), (256, 100), (256, 128), (1024, 128)] {
        let mut m = matrix(dim);
        many(&machine, "frozen", &mut Frozen::new(&m, none()), batch, dim);
        many(&machine, "online", &mut Online::new(&mut m, 1e-9, none()), batch, dim);
        many(&machine, "deferred", &mut Deferred::new(&mut m, 1e-9, none()), batch, dim);
    }
}
