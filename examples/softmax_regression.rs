//! Softmax regression: an output layer for data without words.
//!
//! The data are six classes of points in four dimensions. Each class is a Gaussian cloud of unit covariance around its
//! own centre. The "hidden vector" is the point itself, the "words" are the classes, and there is no encoder. Full
//! softmax over a table of 6 × 4 weights and 6 biases is then multinomial logistic regression. For such clouds ln
//! P(class | x) is linear in x up to its normalizer, so the model can reach the Bayes-optimal classifier, which knows
//! centres and priors. The loss of that classifier is printed for comparison.
//!
//! Run it: `cargo run --release --example softmax_regression`. It takes a moment. Expect both rows within a hundredth.

use lexmax::WorkerRng;
use lexmax::layer::{Bias, FullSoftmax};
use lexmax::objective::math::log_softmax;
use lexmax::prelude::*;
use lexmax::train::LinearDecay;
use ndarray::{Array2, ArrayView1, Axis};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal, weighted::WeightedIndex};

const PRIORS: [f64; CLASSES] = [0.30, 0.25, 0.20, 0.12, 0.08, 0.05];
const CLASSES: usize = 6;
const DIM: usize = 4;
const BATCH: usize = 50;
const EPOCHS: usize = 10;
/// Applied to the summed loss of a batch.
const RATE: f32 = 0.5 / BATCH as f32;

fn main() -> lexmax::Result<()> {
    let mut rng = WorkerRng::new(1, 0);
    let centres = Array2::from_shape_simple_fn((CLASSES, DIM), || 1.2 * rng.sample::<f64, _>(StandardNormal));
    let train = Points::draw(20_000, &centres, &mut rng);
    let test = Points::draw(20_000, &centres, &mut rng);

    let mut head =
        Head::of(FullSoftmax::new(CLASSES, DIM, Bias::Zero)?).optimizer(Optimizer::Sgd).rate(RATE).build()?;
    fit(&mut head, &train)?;

    let learned = score(&head.log_probs(test.x.view())?.mapv(f64::from), &test);
    let optimal = score(&bayes(&centres, &test), &test);

    println!("{CLASSES} classes, {} points to learn from, {} to test on", train.classes.len(), test.classes.len());
    println!("                     accuracy    NLL (nats)");
    println!("softmax regression {:8.2} %    {:.4}", 100.0 * learned.accuracy, learned.nll);
    println!("Bayes-optimal      {:8.2} %    {:.4}", 100.0 * optimal.accuracy, optimal.nll);
    assert!((learned.accuracy - optimal.accuracy).abs() < 0.01 && (learned.nll - optimal.nll).abs() < 0.01);
    Ok(())
}

/// Points with their classes.
struct Points {
    x: Array2<f32>,
    classes: Vec<u32>,
}

impl Points {
    fn draw(n: usize, centres: &Array2<f64>, rng: &mut WorkerRng) -> Self {
        let priors = WeightedIndex::new(PRIORS).expect("priors are positive");
        let classes: Vec<u32> = (0..n).map(|_| priors.sample(rng) as u32).collect();
        let coordinate = |(i, k)| (centres[[classes[i] as usize, k]] + rng.sample::<f64, _>(StandardNormal)) as f32;
        Self { x: Array2::from_shape_fn((n, DIM), coordinate), classes }
    }
}

/// Descends on mini-batches, at a rate that falls linearly to 0.
fn fit(head: &mut Head, points: &Points) -> lexmax::Result<()> {
    let decay = LinearDecay::new(RATE);
    let steps = points.classes.len() / BATCH;
    for epoch in 0..EPOCHS {
        let mut loss = 0.0;
        let batches = points.x.axis_chunks_iter(Axis(0), BATCH).zip(points.classes.chunks(BATCH));
        for (number, (x, classes)) in batches.enumerate() {
            head.set_rate(decay.at((epoch * steps + number) as f64 / (EPOCHS * steps) as f64))?;
            // An encoder would continue with the `d_hidden` of the step.
            loss += head.step(x, classes)?.loss;
        }
        if epoch == 0 || epoch + 1 == EPOCHS {
            println!("epoch {:2}: {:.4} nats a point", epoch + 1, loss / points.classes.len() as f64);
        }
    }
    Ok(())
}

/// ln P(class | x) of the optimal classifier: the normalized product of prior and density.
fn bayes(centres: &Array2<f64>, points: &Points) -> Array2<f64> {
    let mut out = Array2::zeros((points.classes.len(), CLASSES));
    for (x, mut row) in points.x.rows().into_iter().zip(out.rows_mut()) {
        let joint: [f64; CLASSES] = std::array::from_fn(|class| {
            let squares = x.iter().zip(centres.row(class)).map(|(x, centre)| (f64::from(*x) - centre).powi(2));
            PRIORS[class].ln() - 0.5 * squares.sum::<f64>()
        });
        log_softmax(&joint, 1.0, row.as_slice_mut().expect("contiguous rows"));
    }
    out
}

struct Score {
    accuracy: f64,
    nll: f64,
}

fn score(log_probs: &Array2<f64>, points: &Points) -> Score {
    let n = points.classes.len() as f64;
    let rows = || log_probs.rows().into_iter().zip(points.classes.iter().map(|class| *class as usize));
    let is_best = |(row, class): &(ArrayView1<f64>, usize)| row.iter().all(|p| *p <= row[*class]);
    let nll: f64 = rows().map(|(row, class)| -row[class]).sum();
    Score { accuracy: rows().filter(is_best).count() as f64 / n, nll: nll / n }
}
