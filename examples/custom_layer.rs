//! A custom output layer, written outside the crate: softmax over the target and a few random words.
//!
//! [`UniformSample`] trains on a sample: a step costs 1 + S scores where full softmax costs V. The layer itself is the
//! part from `struct UniformSample` to the end of its `impl`: the shape of its table, a step, exact probabilities, and
//! the cost of a step. The defaults of [`OutputLayer`] provide the rest: ln P of single words, biases that start at the
//! unigram model, and every verb. The layer holds no weights. It names rows, and passes the table a function from their
//! scores to ∂L/∂scores.
//!
//! The crate's test kit ([`lexmax::check`]) audits the layer. It checks that Σ P = 1, that the gradients equal the
//! extrapolated differences of the loss of its own step, and that the counted work equals the announced work. Then the
//! crate's loop trains it beside full softmax on the synthetic language, starting from the unigram model.
//!
//! Run it: `cargo run --release --example custom_layer`. It takes a few seconds. Expect both layers near the truth,
//! the new one with far fewer multiply-adds. (It saves less time, since it processes the examples of a batch one by one.)

use lexmax::check::{self, audit};
use lexmax::corpus::synthetic::{SyntheticExamples, SyntheticLanguage};
use lexmax::corpus::{Context, Direction, ExampleSource, Examples, Window};
use lexmax::eval;
use lexmax::layer::{Batch, Bias, FullSoftmax, LayerShape, OutputLayer, Scratch};
use lexmax::model::MeanEmbedding;
use lexmax::model::Model;
use lexmax::objective::math;
use lexmax::rand::RngExt;
use lexmax::table::Optimizer;
use lexmax::table::{Cost, Rows, Tables, Threads};
use lexmax::train::{Budget, TrainConfig, train};
use lexmax::vocab::WordId;
use ndarray::{ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, Slice};
use std::iter;
use std::ops::Range;
use std::sync::Arc;

/// Softmax over the target and words drawn uniformly, with replacement. The batch shares the draws.
///
/// - *Model* at test time P(w | h) = softmax(v·h + b)_w over all words.
/// - *Criterion* L = −ln softmax(z)_t over the target and S draws. A draw equal to the target stays in the sample.
/// - *Gradient* ∂L/∂z = softmax − e_t.
/// - *Cost* 3·B·(1 + S)·d multiply-adds a step.
/// - *Reference* Bengio & Senécal 2003, with a uniform proposal, whose correction −ln q is the same for all words.
struct UniformSample {
    vocab: u32,
    dim: usize,
    bias: Bias,
    samples: usize,
}

impl OutputLayer for UniformSample {
    fn shape(&self) -> LayerShape {
        LayerShape::flat(self.vocab as usize, self.dim, self.bias)
    }

    fn step(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        mut d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64 {
        let sample: Vec<WordId> = (0..self.samples).map(|_| s.rng.random_range(0..self.vocab)).collect();
        w.count_draws(sample.len());
        let mut own = vec![0.0; batch.len()];
        for (b, target) in batch.targets.iter().enumerate() {
            let rows: Vec<WordId> = iter::once(*target).chain(sample.iter().copied()).collect();
            let which_word = |_: Range<usize>, mut z: ArrayViewMut2<f32>, losses: &mut [f64]| {
                losses[0] += softmax_step(z.row_mut(0), batch.weight(b));
            };
            let one = Slice::from(b..b + 1);
            let (x, d_x) = (batch.hidden.slice_axis(Axis(0), one), d_hidden.slice_axis_mut(Axis(0), one));
            w.step(0, &rows, x, &which_word, &mut own[b..=b], d_x);
        }
        if let Some(losses) = losses {
            losses.copy_from_slice(&own);
        }
        own.iter().sum()
    }

    fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, _: &mut Scratch, mut out: ArrayViewMut2<f32>) {
        w.scores(0, &Rows::Range(0..self.vocab), hidden, out.view_mut());
        out.rows_mut().into_iter().for_each(log_softmax);
    }

    fn expected_cost(&self, targets: &[WordId]) -> Option<Cost> {
        let draws = Cost::of_draws(self.samples);
        Some(targets.iter().map(|_| Cost::step(1, 1 + self.samples, self.dim)).sum::<Cost>() + draws)
    }
}

/// Replaces the scores of one example, the target's first, by weight·(softmax − e_t). Returns weight·(−ln softmax_t).
fn softmax_step(mut scores: ArrayViewMut1<f32>, weight: f32) -> f64 {
    log_softmax(scores.view_mut());
    let loss = -f64::from(weight) * f64::from(scores[0]);
    scores.mapv_inplace(|ln_p| weight * ln_p.exp());
    scores[0] -= weight;
    loss
}

/// Replaces scores by ln softmax.
fn log_softmax(mut scores: ArrayViewMut1<f32>) {
    let all: Vec<f64> = scores.iter().map(|z| f64::from(*z)).collect();
    let ln_z = math::ln_sum_exp(&all);
    scores.iter_mut().zip(all).for_each(|(out, z)| *out = (z - ln_z) as f32);
}

const VOCAB: usize = 1_000;
const DIM: usize = 24;
const SAMPLES: usize = 65;
const BATCH: usize = 64;
const EXAMPLES: u64 = 300_000;
const SEED: u64 = 1;

fn main() -> lexmax::Result<()> {
    let language = Arc::new(SyntheticLanguage::new(VOCAB, 16, SEED)?);
    println!("{VOCAB} words; no model can be below {:.4} nats", language.entropy_rate());
    let found =
        audit(&UniformSample { vocab: 100, dim: 6, bias: Bias::Zero, samples: 9 }, &check::AuditConfig::default());
    println!("the new layer, audited:\n{found}");
    assert!(found.passed());
    println!("layer    µs/example  multiply-adds  held-out NLL  excess nats");
    let full = run("full", Box::new(FullSoftmax::new(VOCAB, DIM, Bias::Unigram)?), &language)?;
    let sampled = UniformSample { vocab: VOCAB as u32, dim: DIM, bias: Bias::Unigram, samples: SAMPLES };
    let sampled = run("sampled", Box::new(sampled), &language)?;
    assert!(full < 0.1 && sampled < 0.1, "both can reach the truth");
    Ok(())
}

/// Trains a model with this layer, checks the contract, prints a line, and returns the excess over the truth in nats.
fn run(name: &str, layer: Box<dyn OutputLayer>, language: &Arc<SyntheticLanguage>) -> lexmax::Result<f64> {
    let window = Window::new(Direction::Cbow, Context::Left, 1, false)?;
    let threads = Threads::default();
    let counts = language.counts();
    let encoder = Box::new(MeanEmbedding::new(VOCAB, DIM)?);
    let mut model = Model::new(encoder, layer, &counts, Optimizer::adagrad(0.01)?, SEED)?;
    let valid = SyntheticExamples::held_out(language.clone(), window, SEED, 10_000);

    let unigram = valid.targets.iter().map(|t| -counts.ln_probability(*t)).sum::<f64>() / valid.len() as f64;
    assert!((eval::held_out(&model, &valid, &threads).nll() - unigram).abs() < 1e-5, "starts at the unigram model");

    let mut settings = TrainConfig::new(BATCH, 0.1, Budget::Examples(EXAMPLES));
    (settings.threads, settings.seed) = (threads.clone(), SEED);
    let mut source = SyntheticExamples::new(language.clone(), window, SEED, 0);
    let mut replay = source.clone();
    let outcome = train(&mut model, &mut source, &settings, &mut |_| ())?;

    // Replays the same examples in the same batches, to compute the expected cost of their steps.
    let (mut expected, mut batch, mut seen) = (Cost::default(), Examples::new(), 0);
    while seen < EXAMPLES {
        seen += replay.fill(BATCH.min((EXAMPLES - seen) as usize), &mut batch) as u64;
        expected += model.layer().expected_cost(&batch.targets).expect("both layers have a closed form");
    }
    assert_eq!(outcome.layer_cost, expected, "the work counted is the work announced");

    let (nll, excess) = (eval::held_out(&model, &valid, &threads).nll(), eval::excess_nats(&model, language, &threads));
    let micros = outcome.seconds * 1e6 / EXAMPLES as f64;
    let work = outcome.layer_cost.multiply_adds / EXAMPLES;
    println!("{name:8} {micros:10.2} {work:14} {nll:13.4} {excess:12.4}");
    Ok(excess)
}
