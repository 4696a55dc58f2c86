//! A layer of one's own: class-based softmax, written outside of the crate.
//!
//! [`ClassSoftmax`] decides twice: first which of about √V classes, then which word of that class, so that a step costs
//! about 2·√V scores where full softmax costs V. This file has all that an output layer is: the shapes of its tables,
//! where its biases start, a step, exact probabilities, and what a step costs. It holds no weights: it names rows, and
//! gives the tables a function from their scores to ∂L/∂scores.
//!
//! It is audited by the crate's test kit ([`lexmax::check`]): Σ P = 1, its gradients are the extrapolated differences of
//! the loss of its own step, and the work counted is the work that it said it would do. Then it is trained beside full
//! softmax on the synthetic language, by the crate's loop, from the unigram model on.
//!
//! Run it: `cargo run --release --example custom_layer`. It takes a few seconds; expect both layers within a tenth of a
//! nat of the truth, the new one at a fifteenth of the multiply-adds. (In time it gains less, since it takes the examples
//! of a batch one by one.)

use lexmax::check::{self, audit};
use lexmax::corpus::{Context, ExampleSource, Examples, Model as WindowModel, Window};
use lexmax::encoder::MeanEmbedding;
use lexmax::error::Error;
use lexmax::eval;
use lexmax::layer::{Batch, Bias, FullSoftmax, OutputLayer, Scratch};
use lexmax::math;
use lexmax::model::Model;
use lexmax::optimizer::Optimizer;
use lexmax::synthetic::{SyntheticExamples, SyntheticLanguage};
use lexmax::table::{Cost, Init, Rows, TableShape, Tables, Threads};
use lexmax::train::{Budget, Settings, train};
use lexmax::vocab::{Counts, WordId};
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, Slice};
use std::ops::Range;
use std::sync::Arc;

/// The layer's tables: a row a class, and a row a word.
const CLASSES: usize = 0;
const WORDS: usize = 1;

/// A softmax over classes, then one over the words of the class. A class is a block of neighbouring ids.
///
/// - *Model* P(w | h) = softmax(u·h + a)_c(w) · softmax(v·h + b over the words of c(w))_w.
/// - *Criterion* L = −ln P(t | h).
/// - *Gradient* ∂L/∂z = softmax − e, in both decisions.
/// - *Cost* 3·d·Σ_b (C + |class of t_b|) multiply-adds a step.
/// - *Reference* Goodman 2001, "Classes for fast maximum entropy training".
struct ClassSoftmax {
    vocab: u32,
    /// Words a class; the last may have fewer.
    size: u32,
    dim: usize,
    bias: Bias,
    /// 0, 1, 2, …: neighbouring rows as a list.
    ids: Vec<u32>,
}

impl ClassSoftmax {
    /// Over `vocab` words in classes of about √V, for hidden vectors of size `dim`.
    fn new(vocab: usize, dim: usize, bias: Bias) -> lexmax::Result<Self> {
        let vocab = u32::try_from(vocab).map_err(|_| Error::TooManyWords { words: vocab, limit: u32::MAX as usize })?;
        if vocab == 0 {
            return Err(Error::EmptyVocabulary);
        }
        if dim == 0 {
            return Err(Error::OutOfRange { name: "dim", value: 0.0, limit: "1 or more" });
        }
        Ok(Self { vocab, size: vocab.isqrt(), dim, bias, ids: (0..vocab).collect() })
    }

    fn classes(&self) -> u32 {
        self.vocab.div_ceil(self.size)
    }

    fn class(&self, word: WordId) -> u32 {
        word / self.size
    }

    /// The words of a class.
    fn words(&self, class: u32) -> Range<u32> {
        class * self.size..self.vocab.min((class + 1) * self.size)
    }

    /// Neighbouring rows as a list.
    fn list(&self, rows: Range<u32>) -> &[u32] {
        &self.ids[rows.start as usize..rows.end as usize]
    }
}

impl OutputLayer for ClassSoftmax {
    fn vocab(&self) -> usize {
        self.vocab as usize
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn bias(&self) -> Bias {
        self.bias
    }

    fn tables(&self) -> Vec<TableShape> {
        let table = |rows| TableShape { rows, dim: self.dim, bias: self.bias != Bias::None, init: Init::Zero };
        vec![table(self.classes()), table(self.vocab)]
    }

    /// ln of a class's mass; ln p of a word, which the softmax within its class divides by that mass.
    fn unigram_biases(&self, counts: &Counts) -> Vec<Vec<f32>> {
        let mass = |class| self.words(class).map(|word| counts.probability(word)).sum::<f64>();
        vec![
            (0..self.classes()).map(|class| mass(class).ln() as f32).collect(),
            (0..self.vocab).map(|word| counts.ln_probability(word) as f32).collect(),
        ]
    }

    fn step(
        &self,
        w: &mut Tables,
        batch: Batch,
        _: &mut Scratch,
        mut d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64 {
        let mut sums = vec![0.0; batch.len()];
        // Which class: all examples at once. The table may hand them over in parts, each with its range.
        let which_class = |part: Range<usize>, mut z: ArrayViewMut2<f32>, losses: &mut [f64]| {
            for ((b, scores), loss) in part.zip(z.rows_mut()).zip(losses) {
                *loss += softmax_step(scores, self.class(batch.targets[b]), batch.weight(b));
            }
        };
        let all = self.list(0..self.classes());
        w.step(CLASSES, all, batch.hidden, &which_class, &mut sums, d_hidden.view_mut());
        // Which word: each example has rows of its own.
        for (b, target) in batch.targets.iter().enumerate() {
            let words = self.words(self.class(*target));
            let which_word = |_: Range<usize>, mut z: ArrayViewMut2<f32>, losses: &mut [f64]| {
                losses[0] += softmax_step(z.row_mut(0), target - words.start, batch.weight(b));
            };
            let (x, d_x) = (example(&batch, b), d_hidden.slice_axis_mut(Axis(0), Slice::from(b..b + 1)));
            w.step(WORDS, self.list(words.clone()), x, &which_word, &mut sums[b..=b], d_x);
        }
        if let Some(losses) = losses {
            losses.copy_from_slice(&sums);
        }
        sums.iter().sum()
    }

    fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, _: &mut Scratch, mut out: ArrayViewMut2<f32>) {
        let mut class_scores = Array2::zeros((hidden.nrows(), self.classes() as usize));
        w.scores(CLASSES, &Rows::Range(0..self.classes()), hidden, class_scores.view_mut());
        w.scores(WORDS, &Rows::Range(0..self.vocab), hidden, out.view_mut());
        for (class_scores, mut row) in class_scores.rows().into_iter().zip(out.rows_mut()) {
            let blocks = row.axis_chunks_iter_mut(Axis(0), self.size as usize);
            for (ln_class, mut block) in log_softmax(class_scores).into_iter().zip(blocks) {
                let ln_words = log_softmax(block.view());
                block.iter_mut().zip(ln_words).for_each(|(out, ln_word)| *out = (ln_class + ln_word) as f32);
            }
        }
    }

    /// A class and its words are enough.
    fn log_prob(&self, w: &mut Tables, batch: Batch, _: &mut Scratch, out: &mut [f64]) {
        let mut class_scores = Array2::zeros((batch.len(), self.classes() as usize));
        w.scores(CLASSES, &Rows::Range(0..self.classes()), batch.hidden, class_scores.view_mut());
        for (b, target) in batch.targets.iter().enumerate() {
            let class = self.class(*target);
            let words = self.words(class);
            let mut scores = Array2::zeros((1, words.len()));
            w.scores(WORDS, &Rows::Range(words.clone()), example(&batch, b), scores.view_mut());
            let ln_class = log_softmax(class_scores.row(b))[class as usize];
            out[b] = ln_class + log_softmax(scores.row(0))[(target - words.start) as usize];
        }
    }

    fn expected_cost(&self, targets: &[WordId]) -> Cost {
        let which_class = Cost::step(targets.len(), self.classes() as usize, self.dim);
        let which_word = |target: &WordId| Cost::step(1, self.words(self.class(*target)).len(), self.dim);
        which_class + targets.iter().map(which_word).sum()
    }
}

/// The whole of the mathematics: one example's scores become weight·(softmax − e_t); returns weight·(−ln softmax_t).
fn softmax_step(mut scores: ArrayViewMut1<f32>, target: u32, weight: f32) -> f64 {
    let ln_p = log_softmax(scores.view());
    scores.iter_mut().zip(&ln_p).for_each(|(z, ln_p)| *z = weight * ln_p.exp() as f32);
    scores[target as usize] -= weight;
    -f64::from(weight) * ln_p[target as usize]
}

/// The hidden vector of one example, as a batch.
fn example<'a>(batch: &Batch<'a>, b: usize) -> ArrayView2<'a, f32> {
    batch.hidden.slice_axis_move(Axis(0), Slice::from(b..b + 1))
}

fn log_softmax(scores: ArrayView1<f32>) -> Vec<f64> {
    let scores: Vec<f64> = scores.iter().map(|z| f64::from(*z)).collect();
    let mut out = vec![0.0; scores.len()];
    math::log_softmax(&scores, 1.0, &mut out);
    out
}

const VOCAB: usize = 1_000;
const DIM: usize = 24;
const BATCH: usize = 64;
const EXAMPLES: u64 = 300_000;
const SEED: u64 = 1;

fn main() -> lexmax::Result<()> {
    let language = Arc::new(SyntheticLanguage::new(VOCAB, 16, SEED)?);
    println!("{VOCAB} words; no model can be below {:.4} nats", language.entropy_rate());
    let found = audit(&ClassSoftmax::new(100, 6, Bias::Zero)?, &check::Settings::default());
    println!("the new layer, audited:\n{found}");
    assert!(found.passed());
    println!("layer    µs/example  multiply-adds  held-out NLL  excess nats");
    let full = run("full", Box::new(FullSoftmax::new(VOCAB, DIM, Bias::Unigram)?), &language)?;
    let class = run("classes", Box::new(ClassSoftmax::new(VOCAB, DIM, Bias::Unigram)?), &language)?;
    assert!(full < 0.1 && class < 0.1, "both can reach the truth");
    Ok(())
}

/// Trains a model with this layer, checks the contract, prints a line, and returns the distance from the truth.
fn run(name: &str, layer: Box<dyn OutputLayer>, language: &Arc<SyntheticLanguage>) -> lexmax::Result<f64> {
    let window = Window::new(WindowModel::Cbow, Context::Left, 1, false)?;
    let threads = Threads::default();
    let counts = language.counts();
    let encoder = Box::new(MeanEmbedding::new(VOCAB, DIM)?);
    let mut model = Model::new(encoder, layer, &counts, Optimizer::adagrad(0.01)?, SEED)?;
    let valid = SyntheticExamples::held_out(language.clone(), window, SEED, 10_000);

    let unigram = valid.targets.iter().map(|t| -counts.ln_probability(*t)).sum::<f64>() / valid.len() as f64;
    assert!((eval::held_out(&model, &valid, &threads).nll() - unigram).abs() < 1e-5, "starts at the unigram model");

    let settings =
        Settings { batch: BATCH, rate: 0.1, budget: Budget::Examples(EXAMPLES), threads: threads.clone(), seed: SEED };
    let mut source = SyntheticExamples::new(language.clone(), window, SEED, 0);
    let mut replay = source.clone();
    let outcome = train(&mut model, &mut source, &settings, &mut |_| ())?;

    // The same examples in the same batches once more: what should their steps have cost?
    let (mut expected, mut batch, mut seen) = (Cost::default(), Examples::new(), 0);
    while seen < EXAMPLES {
        seen += replay.fill(BATCH.min((EXAMPLES - seen) as usize), &mut batch) as u64;
        expected += model.layer().expected_cost(&batch.targets);
    }
    assert_eq!(outcome.layer_cost, expected, "the work counted is the work announced");

    let (nll, excess) = (eval::held_out(&model, &valid, &threads).nll(), eval::excess_nats(&model, language, &threads));
    let micros = outcome.seconds * 1e6 / EXAMPLES as f64;
    let work = outcome.layer_cost.multiply_adds / EXAMPLES;
    println!("{name:8} {micros:10.2} {work:14} {nll:13.4} {excess:12.4}");
    Ok(excess)
}
