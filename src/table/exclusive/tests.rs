use super::*;
use crate::optimizer::Optimizer;
use crate::rng::WorkerRng;
use crate::table::{Init, Tables, Tile};
use ndarray::Array2;
use std::collections::HashSet;
use std::sync::Arc;

const DIM: usize = 5;

fn matrix(rows: u32, bias: bool, optimizer: Optimizer) -> Matrix {
    let shape = TableShape { rows, dim: DIM, bias, init: Init::Uniform(0.5) };
    Matrix::new(shape, optimizer, &mut WorkerRng::new(3, 0)).unwrap()
}

fn numbers(rows: usize, columns: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 37 + j * 11) % 17) as f32 / 8.0 - 1.0)
}

/// Two steps over single rows, with a repeated row and a row that both steps share.
fn touch(table: &mut dyn Table) {
    for rows in [[3, 1, 3], [1, 7, 0]] {
        let coef = |_: Range<usize>, mut z: ArrayViewMut2<f32>, _: &mut [f64]| z.mapv_inplace(|z| z + 0.25);
        let mut d_x = Array2::zeros((2, DIM));
        table.step(&rows, numbers(2, DIM).view(), &coef, &mut [0.0; 2], d_x.view_mut());
    }
}

fn sweep(table: &mut dyn Table, rows: Range<u32>) {
    let coef = |tile: &mut Tile| tile.scores_mut().iter_mut().for_each(|z| *z += 0.5);
    let mut d_x = Array2::zeros((2, DIM));
    table.sweep(rows, numbers(2, DIM).view(), &coef, d_x.view_mut(), true);
}

/// Reads ∂L/∂W row by row: distinct rows, each with its bias, and whether the gradient is dense.
fn read(table: &mut dyn Table) -> (Vec<(u32, Vec<f32>, f32)>, bool) {
    let rows = table.shape().rows;
    let has_bias = table.shape().bias;
    let gradient = table.gradient().expect("a deferred gradient");
    let (rows, weights, bias, dense) = match gradient {
        TableGradient::Dense { weights, bias } => ((0..rows).collect(), weights, bias, true),
        TableGradient::Rows { rows, weights, bias } => (rows.to_vec(), weights, bias, false),
    };
    assert_eq!((weights.dim(), bias.len()), ((rows.len(), DIM), if has_bias { rows.len() } else { 0 }));
    assert_eq!(rows.iter().collect::<HashSet<_>>().len(), rows.len(), "distinct rows: {rows:?}");
    let bias_of = |i: usize| if has_bias { bias[i] } else { 0.0 };
    let rows = rows.iter().zip(weights.rows()).enumerate();
    (rows.map(|(i, (row, weights))| (*row, weights.to_vec(), bias_of(i))).collect(), dense)
}

/// `gradient` agrees with `row_gradient` for every row, and reading it does not change the effect of `flush`.
#[test]
fn gradients_are_read_as_they_are() {
    // The actions before a reading, and whether they sweep a range.
    type Act = fn(&mut dyn Table);
    let acts: [(Act, bool); 5] = [
        (|_| {}, false),
        (|table| touch(table), false),
        (|table| sweep(table, 2..6), true),
        (|table| [2..6, 0..4].into_iter().for_each(|rows| sweep(table, rows)), true),
        (
            |table| {
                touch(table);
                sweep(table, 2..6);
                touch(table);
            },
            true,
        ),
    ];
    for bias in [true, false] {
        for optimizer in [Optimizer::Sgd, Optimizer::adagrad(0.1).unwrap()] {
            for (act, dense) in acts {
                let (mut with, mut without) = (matrix(9, bias, optimizer), matrix(9, bias, optimizer));
                let mut handle = Deferred::new(&mut with, 0.1, Threads::default());
                let mut plain = Deferred::new(&mut without, 0.1, Threads::default());
                // Twice, so that the second pass meets the buffers of an earlier batch.
                for _ in 0..2 {
                    [&mut handle, &mut plain].into_iter().for_each(|table| act(table));
                    let expected: Vec<_> = (0..9).map(|row| handle.row_gradient(row)).collect();
                    let (rows, is_dense) = read(&mut handle);
                    assert_eq!(is_dense, dense);
                    let mut seen = vec![(vec![0.0; DIM], 0.0); 9];
                    rows.into_iter().for_each(|(row, weights, bias)| seen[row as usize] = (weights, bias));
                    let without_bias = |g: &Vec<(Vec<f32>, f32)>| g.iter().map(|g| g.0.clone()).collect::<Vec<_>>();
                    if bias {
                        assert_eq!(seen, expected);
                    } else {
                        assert_eq!(without_bias(&seen), without_bias(&expected));
                    }
                    if !dense {
                        // On a dense gradient another order of additions would round differently.
                        [&mut handle, &mut plain].into_iter().for_each(|table| touch(table));
                    }
                    [&mut handle, &mut plain].into_iter().for_each(|table| table.flush());
                    assert!(read(&mut handle).0.is_empty() && !read(&mut handle).1, "nothing is left after a flush");
                }
                assert_eq!(with.weights(), without.weights());
                assert_eq!(with.bias(), without.bias());
                assert_eq!(with.optimizer_state(), without.optimizer_state());
            }
        }
    }
}

#[test]
fn a_discarded_gradient_moves_nothing() {
    let before = matrix(9, true, Optimizer::Sgd);
    let mut after = before.clone();
    {
        let mut handle = Deferred::new(&mut after, 0.1, Threads::default());
        touch(&mut handle);
        sweep(&mut handle, 0..5);
        let mut w = Tables::new(vec![Box::new(handle)]);
        assert!(matches!(w.gradient(0), Some(TableGradient::Dense { .. })));
        w.discard();
        assert!(matches!(w.gradient(0), Some(TableGradient::Rows { rows: [], .. })));
        w.flush();
        assert_eq!(w.matrix(0).unwrap().weights(), before.weights());
        w.descend(0, &Rows::List(&[4]), numbers(2, 1).view(), numbers(2, DIM).view());
        w.flush();
    }
    assert_ne!(after.row(4), before.row(4));
    assert_eq!(after.row(3), before.row(3));
}

/// A handle that owns its matrix gives the same bits as one that borrows it, and can move to another thread.
#[test]
fn handles_own_or_share_their_matrix() {
    let start = matrix(600, true, Optimizer::Sgd);
    let act = |table: &mut dyn Table| {
        touch(table);
        sweep(table, 0..600);
        table.flush();
    };
    let (mut online, mut deferred) = (start.clone(), start.clone());
    act(&mut Online::new(&mut online, 0.1, Threads::default()));
    act(&mut Deferred::new(&mut deferred, 0.1, Threads::default()));
    let owned: [(Box<dyn Table>, &Matrix); 2] = [
        (Box::new(Exclusive::<OnlineStore<Matrix>>::new(start.clone(), 0.1, Threads::default())), &online),
        (Box::new(Exclusive::<DeferredStore<Matrix>>::new(start.clone(), 0.1, Threads::default())), &deferred),
    ];
    for (table, expected) in owned {
        let mut table: Box<dyn Table> = table;
        table = std::thread::spawn(move || {
            act(&mut *table);
            table
        })
        .join()
        .unwrap();
        assert_eq!(table.matrix().unwrap().weights(), expected.weights());
        assert_ne!(table.matrix().unwrap().weights(), start.weights());
    }
    let shared = Arc::new(start.clone());
    let mut frozen = Exclusive::<FrozenStore<Arc<Matrix>>>::new(shared.clone(), Threads::default());
    act(&mut frozen);
    assert!(Table::gradient(&mut frozen).is_none() && shared.weights() == start.weights());
    let mut online = Exclusive::<OnlineStore<Matrix>>::new(start, 0.1, Threads::default());
    assert!(Table::gradient(&mut online).is_none());
}
