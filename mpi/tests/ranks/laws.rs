//! The laws of divided tables over real ranks: tables after some steps, and the answers of the verbs, have the bits of
//! one process. Every rank computes these for itself.

use crate::job::{Job, USUAL, case, has_mpi};
use lexmax::layer::catalogue::{LayerSpec, Shape};
use lexmax::layer::verbs::Sampling;
use lexmax::layer::{Batch, Bias, Divisions, LayerExt, OutputLayer, Scratch};
use lexmax::ndarray::Array2;
use lexmax::peers::Team;
use lexmax::table::{Deferred, Matrix, Optimizer, Tables, Threads};
use lexmax::vocab::Counts;
use lexmax::{Result, WorkerRng};

const VOCAB: usize = 1_700;
const DIM: usize = 10;
const LAYERS: [&str; 11] = [
    "full",
    "differentiated",
    "differentiated-projected",
    "adaptive",
    "sparsemax:temperature=9",
    "entmax:temperature=5",
    "self-normalized",
    "infrequent:fraction=0.5",
    "class-based",
    "hierarchical",
    "sampled:samples=40",
];

fn batch(step: usize) -> (Array2<f32>, Vec<u32>) {
    let size = [33, 7, 50][step % 3];
    let hidden = |(b, k): (usize, usize)| ((step * 131 + b * 37 + k * 11) % 97) as f32 / 48.0 - 1.0;
    (Array2::from_shape_fn((size, DIM), hidden), (0..size).map(|b| ((b * b * 31 + step * 7) % VOCAB) as u32).collect())
}

/// Takes steps and asks the verbs. Returns this rank's rows of the tables, and what was told.
fn work(layer: &dyn OutputLayer, counts: &Counts, optimizer: Optimizer, team: &Team) -> Result<(Vec<Matrix>, String)> {
    let divisions = Divisions::new(layer, team);
    let mut own = divisions.set_up(layer, Some(counts), optimizer, &mut WorkerRng::new(3, 0))?;
    let handle = |(number, m)| divisions.handle(number, Deferred::new(m, 0.2, Threads::default()));
    let mut w = Tables::new(own.iter_mut().enumerate().map(handle).collect());
    let mut s = Scratch::new(WorkerRng::new(3, 1));
    let mut told = String::new();
    for step in 0..6 {
        let (hidden, targets) = batch(step);
        let mut d_hidden = Array2::zeros(hidden.raw_dim());
        let loss = layer.step(&mut w, Batch::new(hidden.view(), &targets), &mut s, d_hidden.view_mut(), None);
        w.flush();
        told += &format!("{:x} {:x?} ", loss.to_bits(), d_hidden.iter().map(|x: &f32| x.to_bits()).collect::<Vec<_>>());
    }
    let (hidden, targets) = batch(1);
    let asked = Batch::new(hidden.view(), &targets);
    let mut ln_p = vec![0.0; targets.len()];
    layer.log_prob(&mut w, asked, &mut s, &mut ln_p);
    told += &format!("{ln_p:?} {:?} ", layer.top_k(&mut w, hidden.view(), 9, &mut s));
    told += &format!("{:?} ", layer.rank(&mut w, asked, &mut s));
    told += &format!("{:?} ", layer.sample(&mut w, hidden.view(), Sampling::new(4), &mut s));
    told += &format!("{:?}", layer.sample(&mut w, hidden.view(), Sampling::new(4).without_replacement(), &mut s));
    drop(w);
    Ok((own, told))
}

/// Holds this rank's results against those of one process.
pub fn play(mut team: Team) -> Result<u8> {
    let counts = Counts::new((1..=VOCAB as u64).map(|rank| 1 + 50_000 / rank).collect())?;
    for name in LAYERS {
        let layer = name.parse::<LayerSpec>()?.build(&Shape::new(&counts, DIM, Bias::Unigram))?;
        for optimizer in [Optimizer::Sgd, Optimizer::adagrad(0.01)?] {
            let (own, told) = work(&*layer, &counts, optimizer, &team)?;
            let (whole, alone) = work(&*layer, &counts, optimizer, &Team::default())?;
            let divisions = Divisions::new(&*layer, &team);
            assert_eq!(told, alone, "{name}, {optimizer:?}");
            for (number, (own, whole)) in own.iter().zip(&whole).enumerate() {
                let expected = divisions.of_table(number).map_or_else(|| whole.clone(), |d| d.part_of(whole));
                let bits = |m: &Matrix| m.weights().iter().chain(m.bias()).map(|x| x.to_bits()).collect::<Vec<_>>();
                assert!(bits(own) == bits(&expected), "table {number} of {name}, {optimizer:?}");
            }
        }
    }
    team.agree(Ok(0))
}

#[test]
fn divided_tables_and_answers_have_the_bits_of_one_process() {
    if has_mpi() {
        for ranks in 1..=4 {
            Job::of(ranks, &case("laws")).run(USUAL).with(0);
        }
    }
}
