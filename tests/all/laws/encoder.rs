//! Encoders: h and its gradients, compared with naive code in f64 and with finite differences, and the counted cost.

use lexmax::WorkerRng;
use lexmax::check::ROUNDING;
use lexmax::model::{Encoder, MeanEmbedding, NGram};
use lexmax::table::Optimizer;
use lexmax::table::{Bags, Deferred, Matrix, Table, Tables, Threads};
use ndarray::Array2;
use rand::RngExt;

const VOCAB: usize = 7;

/// Bags of a few words, one empty, one longer than the order, and words that come again.
const ROWS: [u32; 12] = [1, 2, 0, 6, 6, 6, 3, 5, 4, 3, 2, 1];
const OFFSETS: [u32; 6] = [0, 2, 2, 3, 6, 12];

/// The tables in f64: rows × dim, and the biases.
type Naive = Vec<(Vec<Vec<f64>>, Vec<f64>)>;

/// Σ d·h over the batch, with h by plain loops, for an order; the mean of the bag for order 0.
fn objective(tables: &Naive, order: usize, d: &[Vec<f64>]) -> f64 {
    let mut sum = 0.0;
    for b in 0..OFFSETS.len() - 1 {
        let bag = &ROWS[OFFSETS[b] as usize..OFFSETS[b + 1] as usize];
        let h = if order == 0 { mean(tables, bag) } else { ngram(tables, bag, order - 1) };
        sum += h.iter().zip(&d[b]).map(|(h, d)| h * d).sum::<f64>();
    }
    sum
}

fn mean(tables: &Naive, bag: &[u32]) -> Vec<f64> {
    let mut h = vec![0.0; tables[0].0[0].len()];
    for row in bag {
        (0..h.len()).for_each(|k| h[k] += tables[0].0[*row as usize][k] / bag.len() as f64);
    }
    h
}

fn ngram(tables: &Naive, bag: &[u32], before: usize) -> Vec<f64> {
    let mut words = vec![VOCAB as u32; before];
    for (slot, word) in words.iter_mut().rev().zip(bag.iter().rev()) {
        *slot = *word;
    }
    let x: Vec<f64> = words.iter().flat_map(|w| tables[0].0[*w as usize].clone()).collect();
    let score = |(row, bias): (&Vec<f64>, &f64)| row.iter().zip(&x).map(|(w, x)| w * x).sum::<f64>() + bias;
    tables[1].0.iter().zip(&tables[1].1).map(score).map(f64::tanh).collect()
}

/// Every parameter moved by ±step: the central differences of the naive objective, with Richardson's extrapolation; the
/// error left is of the fourth order, 10⁻¹⁰ here.
fn differences(tables: &Naive, order: usize, d: &[Vec<f64>]) -> Naive {
    let mut moved = tables.clone();
    let mut slopes = tables.clone();
    for t in 0..tables.len() {
        let (rows, dim) = (tables[t].0.len(), tables[t].0[0].len());
        for (r, k) in (0..rows).flat_map(|r| (0..=dim).map(move |k| (r, k))) {
            if k == dim && tables[t].1.is_empty() {
                continue;
            }
            let at = if k < dim { tables[t].0[r][k] } else { tables[t].1[r] };
            let mut of = |step: f64| {
                let entry = if k < dim { &mut moved[t].0[r][k] } else { &mut moved[t].1[r] };
                *entry = at + step;
                let value = objective(&moved, order, d);
                let entry = if k < dim { &mut moved[t].0[r][k] } else { &mut moved[t].1[r] };
                *entry = at;
                value
            };
            let h = 1e-3;
            let slope = (8.0 * (of(h) - of(-h)) - (of(2.0 * h) - of(-2.0 * h))) / (12.0 * h);
            *(if k < dim { &mut slopes[t].0[r][k] } else { &mut slopes[t].1[r] }) = slope;
        }
    }
    slopes
}

fn check(name: &str, encoder: &dyn Encoder, order: usize, dim: usize) {
    let mut rng = WorkerRng::new(4, 0);
    let new = |shape| Matrix::new(shape, Optimizer::Sgd, &mut WorkerRng::new(1, 1)).unwrap();
    let mut matrices: Vec<Matrix> = encoder.tables().into_iter().map(new).collect();
    for matrix in &mut matrices {
        matrix.weights_mut().iter_mut().for_each(|w| *w = rng.random::<f32>() - 0.5);
        matrix.bias_mut().iter_mut().for_each(|w| *w = rng.random::<f32>() - 0.5);
    }
    let wide = |xs: &[f32]| xs.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
    let table = |m: &Matrix| ((0..m.shape().rows).map(|r| wide(m.row(r))).collect(), wide(m.bias()));
    let naive: Naive = matrices.iter().map(table).collect();
    let batch = OFFSETS.len() - 1;
    let d = Array2::from_shape_simple_fn((batch, dim), || rng.random::<f32>() - 0.5);
    let d_wide: Vec<Vec<f64>> = d.rows().into_iter().map(|row| wide(row.as_slice().unwrap())).collect();
    let bags = Bags { rows: &ROWS, offsets: &OFFSETS };
    let handle = |m| Box::new(Deferred::new(m, 1.0, Threads::default())) as Box<dyn Table>;
    let mut w = Tables::new(matrices.iter_mut().map(handle).collect());
    let mut hidden = Array2::zeros((batch, dim));
    encoder.forward(&mut w, bags, hidden.view_mut());
    encoder.backward(&mut w, bags, hidden.view(), d.view());
    assert_eq!(w.cost(), encoder.expected_cost(bags), "{name}");
    w.flush();
    drop(w);
    let got: f64 = hidden.iter().zip(&d).map(|(h, d)| f64::from(*h) * f64::from(*d)).sum();
    // Every number is a sum of at most 40 terms up to 1, with at most 16 roundings each beside the sum's.
    let tolerance = 40.0 * (40.0 + 16.0) * ROUNDING;
    let want = objective(&naive, order, &d_wide);
    assert!((got - want).abs() <= tolerance * (batch * dim) as f64, "{name}: Σ d·h = {got}, not {want}");
    let slopes = differences(&naive, order, &d_wide);
    for (t, (matrix, (before, slope))) in matrices.iter().zip(naive.iter().zip(&slopes)).enumerate() {
        for r in 0..matrix.shape().rows as usize {
            let bias = if matrix.bias().is_empty() { vec![] } else { vec![matrix.bias()[r]] };
            let after = matrix.row(r as u32).iter().chain(&bias);
            let before = before.0[r].iter().chain(before.1.get(r));
            let want = slope.0[r].iter().chain(slope.1.get(r));
            for ((after, before), want) in after.zip(before).zip(want) {
                let got = before - f64::from(*after);
                assert!((got - want).abs() <= tolerance, "{name}: table {t}, row {r}: {got}, not {want}");
            }
        }
    }
}

#[test]
fn encoders_are_their_definition_and_so_are_their_gradients() {
    check("mean", &MeanEmbedding::new(VOCAB, 5).unwrap(), 0, 5);
    for (order, embedding, dim) in [(2, 1, 1), (2, 3, 5), (3, 4, 6), (5, 3, 2), (9, 2, 17)] {
        let encoder = NGram::new(VOCAB, order, embedding, dim).unwrap();
        check(&format!("{order}-gram"), &encoder, order, dim);
    }
}

#[test]
fn sizes_without_sense_are_refused() {
    for (vocab, order, embedding, dim) in [
        (0, 3, 4, 4),
        (5, 1, 4, 4),
        (5, 0, 4, 4),
        (5, 3, 0, 4),
        (5, 3, 4, 0),
        (5, usize::MAX, 4, 4),
        (usize::MAX, 3, 4, 4),
    ] {
        assert!(NGram::new(vocab, order, embedding, dim).is_err());
    }
}
