//! A custom model under an output layer of this crate: a small network, written here with ndarray, and a [`Head`].
//!
//! The network is Bengio's: the embeddings of the two preceding words go through a tanh layer, whose output predicts
//! the next word of the synthetic language. The head returns the loss and the gradient with respect to the hidden
//! vectors. The network computes the remaining gradients itself. The layer of the head is an argument of the command
//! line:
//!
//! ```sh
//! cargo run --release --example own_model                       # a tree
//! cargo run --release --example own_model full
//! cargo run --release --example own_model sampled:samples=64
//! ```
//!
//! It takes a few seconds. Expect every layer to end near the truth, far below the unigram model.

use lexmax::WorkerRng;
use lexmax::corpus::synthetic::{SyntheticExamples, SyntheticLanguage};
use lexmax::corpus::{Context, Direction, ExampleSource, Examples, Window};
use lexmax::ndarray::{Array1, Array2, Axis, Zip};
use lexmax::prelude::*;
use rand::RngExt;
use std::sync::Arc;
use std::time::Instant;

const VOCAB: usize = 1_000;
/// The number of preceding words, and the sizes of an embedding and of the hidden layer.
const WORDS: usize = 2;
const EMBEDDING: usize = 16;
const HIDDEN: usize = 32;
const BATCH: usize = 64;
const EXAMPLES: usize = 400_000;
const RATE: f32 = 0.05;

/// Parameters, with Adagrad's sums of squared gradients.
struct Parameters {
    value: Array2<f32>,
    squares: Array2<f32>,
}

impl Parameters {
    fn new(rows: usize, columns: usize, rng: &mut WorkerRng) -> Self {
        let limit = (3.0 / rows.min(columns) as f32).sqrt().min(0.5);
        let value = Array2::from_shape_simple_fn((rows, columns), || (rng.random::<f32>() * 2.0 - 1.0) * limit);
        Self { squares: Array2::from_elem(value.dim(), 0.01), value }
    }

    /// Moves a row along its gradient with Adagrad.
    fn descend(&mut self, row: usize, gradient: &Array1<f32>) {
        let (mut value, mut squares) = (self.value.row_mut(row), self.squares.row_mut(row));
        Zip::from(&mut value).and(&mut squares).and(gradient).for_each(|w, s, g| {
            *s += g * g;
            *w -= RATE * g / s.sqrt();
        });
    }
}

/// h = tanh([e(w₁); e(w₂)]·W).
struct Network {
    embeddings: Parameters,
    weights: Parameters,
    /// Stored by the forward pass for the backward pass: B × 2·embedding, and B × hidden.
    inputs: Array2<f32>,
    hidden: Array2<f32>,
}

impl Network {
    fn new(rng: &mut WorkerRng) -> Self {
        Self {
            embeddings: Parameters::new(VOCAB, EMBEDDING, rng),
            weights: Parameters::new(WORDS * EMBEDDING, HIDDEN, rng),
            inputs: Array2::zeros((0, 0)),
            hidden: Array2::zeros((0, 0)),
        }
    }

    /// The hidden vectors of a batch, B × hidden.
    fn forward(&mut self, examples: &Examples) -> Array2<f32> {
        self.inputs = Array2::zeros((examples.len(), WORDS * EMBEDDING));
        for (b, mut input) in self.inputs.rows_mut().into_iter().enumerate() {
            for (word, mut part) in examples.contexts(b).iter().zip(input.exact_chunks_mut(EMBEDDING)) {
                part.assign(&self.embeddings.value.row(*word as usize));
            }
        }
        self.hidden = self.inputs.dot(&self.weights.value).mapv(f32::tanh);
        self.hidden.clone()
    }

    /// Updates all parameters from ∂L/∂hidden.
    fn backward(&mut self, examples: &Examples, d_hidden: Array2<f32>) {
        let d_sums = d_hidden * self.hidden.mapv(|h| 1.0 - h * h);
        let d_inputs = d_sums.dot(&self.weights.value.t());
        let d_weights = self.inputs.t().dot(&d_sums);
        d_weights.axis_iter(Axis(0)).enumerate().for_each(|(row, d)| self.weights.descend(row, &d.to_owned()));
        for (b, d_input) in d_inputs.axis_iter(Axis(0)).enumerate() {
            for (word, d) in examples.contexts(b).iter().zip(d_input.exact_chunks(EMBEDDING)) {
                self.embeddings.descend(*word as usize, &d.to_owned());
            }
        }
    }
}

fn main() -> lexmax::Result<()> {
    let layer = std::env::args().nth(1).unwrap_or_else(|| "hierarchical".into());
    let language = Arc::new(SyntheticLanguage::new(VOCAB, 16, 1)?);
    let (counts, window) = (language.counts(), Window::new(Direction::Cbow, Context::Left, WORDS, false)?);
    let mut source = SyntheticExamples::new(language.clone(), window, 1, 0);
    let unseen = SyntheticExamples::held_out(language.clone(), window, 1, 10_000);
    let unigram = unseen.targets.iter().map(|t| -counts.ln_probability(*t)).sum::<f64>() / unseen.len() as f64;

    let mut network = Network::new(&mut WorkerRng::new(1, 1));
    let mut head = Head::builder(&layer, &counts, HIDDEN).rate(0.1).seed(1).build()?;
    let (mut examples, mut loss, start) = (Examples::new(), 0.0, Instant::now());
    for batch in 1..=EXAMPLES / BATCH {
        source.fill(BATCH, &mut examples);
        let hidden = network.forward(&examples);
        let step = head.step(hidden.view(), &examples.targets)?;
        loss += step.loss;
        network.backward(&examples, step.d_hidden.to_owned());
        if batch % 1_250 == 0 {
            println!("{:7} examples: {:.4} nats in training", batch * BATCH, loss / (1_250 * BATCH) as f64);
            loss = 0.0;
        }
    }
    let seconds = start.elapsed().as_secs_f64();

    let hidden = network.forward(&unseen);
    let nll = -head.log_prob(hidden.view(), &unseen.targets)?.iter().sum::<f64>() / unseen.len() as f64;
    println!("{layer}: {nll:.4} nats held out, {seconds:.1} s of training");
    println!("the unigram model has {unigram:.4}, the least there is is {:.4}", language.entropy_rate());
    assert!(nll < unigram - 1.0 && nll < language.entropy_rate() + 0.3, "{layer} learned too little");
    Ok(())
}
