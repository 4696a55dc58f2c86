//! Proposals that depend on the hidden vector: their ln q is that of their draws, before and after a look at the
//! weights.

use lexmax::WorkerRng;
use lexmax::corpus::{Context, Corpus, Direction, Window};
use lexmax::layer::catalogue::{LayerSpec, Shape};
use lexmax::layer::{Batch, Bias, OutputLayer, Scratch};
use lexmax::model::MeanEmbedding;
use lexmax::model::{Model, SharedModel};
use lexmax::sampler::{Draws, Midx, Quadratic, Sampler};
use lexmax::table::Optimizer;
use lexmax::table::{CachedRows, Frozen, Init, Matrix, TableShape, Tables, Threads};
use lexmax::train::{Hogwild, LinearDecay, deterministic, hogwild};
use lexmax::vocab::{Counts, WordId};
use ndarray::Array2;
use rand::RngExt;
use statrs::distribution::{ChiSquared, ContinuousCDF};

/// The chance that a right sampler fails one χ² test, had its seed been random.
const ALPHA: f64 = 1e-6;
const DIM: usize = 5;

fn zipf(vocab: usize) -> Counts {
    Counts::new((1..=vocab as u64).map(|rank| 1 + 5000 / rank).collect()).unwrap()
}

fn matrix(vocab: usize, bias: bool) -> Matrix {
    let mut rng = WorkerRng::new(3, 0);
    let shape = TableShape::new(vocab as u32, DIM, bias, Init::Uniform(1.5));
    let mut matrix = Matrix::new(shape, Optimizer::Sgd, &mut rng).unwrap();
    matrix.bias_mut().iter_mut().for_each(|b| *b = -4.0 * rng.random::<f32>());
    matrix
}

fn samplers(counts: &Counts, samples: usize) -> Vec<(String, Box<dyn Sampler>)> {
    let mut all: Vec<(String, Box<dyn Sampler>)> = Vec::new();
    for alpha in [0.0, 1.0, 100.0] {
        let sampler = Quadratic::new(counts, DIM, samples, alpha).unwrap();
        all.push((format!("quadratic, α = {alpha}"), Box::new(sampler)));
    }
    for codes in [1, 4, 16] {
        all.push((format!("midx, {codes} codes"), Box::new(Midx::new(counts, DIM, samples, codes).unwrap())));
    }
    all
}

fn look(sampler: &mut dyn Sampler, matrix: &Matrix) {
    let proposal = sampler.adaptive_mut().expect("it follows the weights");
    proposal.refresh(&mut Tables::new(vec![Box::new(Frozen::new(matrix, Threads::default()))]));
}

/// ln q of every word, asked for as targets; and the words drawn.
fn draw(sampler: &dyn Sampler, hidden: &Array2<f32>, rng: &mut WorkerRng) -> (Vec<f64>, Vec<WordId>) {
    let all: Vec<WordId> = (0..sampler.vocab() as WordId).collect();
    let mut out = Draws::default();
    sampler.draw(Some(hidden.view()), &all, rng, &mut out);
    let of_draws = out.words.iter().zip(&out.ln_q);
    assert!(of_draws.clone().all(|(w, ln_q)| *ln_q == out.target_ln_q[*w as usize]), "draws and targets agree");
    (out.target_ln_q.iter().map(|q| f64::from(*q)).collect(), out.words)
}

#[test]
fn probabilities_sum_to_one_and_are_those_of_the_draws() {
    for (vocab, bias) in [(1, true), (2, false), (40, true), (300, false)] {
        let (counts, matrix) = (zipf(vocab), matrix(vocab, bias));
        let mut rng = WorkerRng::new(9, 0);
        let hidden = Array2::from_shape_simple_fn((3, DIM), || 2.0 * rng.random::<f32>() - 1.0);
        for (name, mut sampler) in samplers(&counts, 40_000) {
            for looked in [false, true, true] {
                if looked {
                    look(&mut *sampler, &matrix);
                }
                let (ln_q, words) = draw(&*sampler, &hidden, &mut rng);
                let sum: f64 = ln_q.iter().map(|q| q.exp()).sum();
                assert!((sum - 1.0).abs() < 1e-5, "{name}, V = {vocab}: Σ q = {sum}");
                chi_squared(&format!("{name}, V = {vocab}, looked: {looked}"), &ln_q, &words);
            }
        }
    }
}

/// Words expected less than 10 times are taken together.
fn chi_squared(what: &str, ln_q: &[f64], words: &[WordId]) {
    let mut seen = vec![0.0; ln_q.len()];
    words.iter().for_each(|w| seen[*w as usize] += 1.0);
    let (mut statistic, mut cells, mut rare) = (0.0, 0, (0.0, 0.0));
    for (seen, ln_q) in seen.iter().zip(ln_q) {
        let expected = words.len() as f64 * ln_q.exp();
        if expected < 10.0 {
            rare = (rare.0 + seen, rare.1 + expected);
        } else {
            statistic += (seen - expected).powi(2) / expected;
            cells += 1;
        }
    }
    if rare.1 >= 10.0 {
        statistic += (rare.0 - rare.1).powi(2) / rare.1;
        cells += 1;
    }
    if cells > 1 {
        let limit = ChiSquared::new(f64::from(cells - 1)).unwrap().inverse_cdf(1.0 - ALPHA);
        assert!(statistic < limit, "{what}: χ² = {statistic}, at most {limit}");
    }
}

/// The quadratic kernel from its definition, for a batch: the mean of the proposals of its hidden vectors.
#[test]
fn the_quadratic_kernel_is_its_definition() {
    let (vocab, alpha) = (40, 3.0);
    let matrix = matrix(vocab, true);
    let mut sampler = Quadratic::new(&zipf(vocab), DIM, 10, alpha).unwrap();
    look(&mut sampler, &matrix);
    let mut rng = WorkerRng::new(4, 0);
    let hidden = Array2::from_shape_simple_fn((3, DIM), || 2.0 * rng.random::<f32>() - 1.0);
    let (ln_q, _) = draw(&sampler, &hidden, &mut rng);
    let mut want = vec![0.0; vocab];
    for h in hidden.rows() {
        let kernel = |w: usize| {
            let z: f64 = matrix.row(w as u32).iter().zip(h).map(|(v, h)| f64::from(*v) * f64::from(*h)).sum();
            f64::from(matrix.bias()[w]).exp() * (alpha * z * z + 1.0)
        };
        let sum: f64 = (0..vocab).map(kernel).sum();
        (0..vocab).for_each(|w| want[w] += kernel(w) / sum / 3.0);
    }
    for (w, want) in want.iter().enumerate() {
        assert!((ln_q[w].exp() / want - 1.0).abs() < 1e-4, "q({w}) is {}, not {want}", ln_q[w].exp());
    }
}

/// The point of it: nearer to softmax than the unigram model is. (A square alone, as with α = 100, is large for words of
/// large negative scores too, and is not.)
#[test]
fn proposals_that_have_looked_are_nearer_to_softmax() {
    let vocab = 300;
    let (counts, matrix) = (zipf(vocab), matrix(vocab, true));
    let mut rng = WorkerRng::new(4, 0);
    let hidden = Array2::from_shape_simple_fn((1, DIM), || 2.0 * rng.random::<f32>() - 1.0);
    let score = |w: usize| {
        let dot: f32 = matrix.row(w as u32).iter().zip(hidden.row(0)).map(|(v, h)| v * h).sum();
        f64::from(dot + matrix.bias()[w])
    };
    let ln_z = (0..vocab).map(|w| score(w).exp()).sum::<f64>().ln();
    let kl = |ln_q: &[f64]| (0..vocab).map(|w| (score(w) - ln_z).exp() * (score(w) - ln_z - ln_q[w])).sum::<f64>();
    let unknown = matrix.bias().iter().map(|b| f64::from(*b).exp()).sum::<f64>().ln();
    let of_biases: Vec<f64> = matrix.bias().iter().map(|b| f64::from(*b) - unknown).collect();
    for (name, mut sampler) in samplers(&counts, 10).into_iter().filter(|(name, _)| !name.ends_with('0')) {
        look(&mut *sampler, &matrix);
        let (ln_q, _) = draw(&*sampler, &hidden, &mut rng);
        let one_code = name == "midx, 1 codes";
        assert!(one_code || kl(&ln_q) < kl(&of_biases), "{name}: {} and {}", kl(&ln_q), kl(&of_biases));
    }
}

/// A layer hands its weights on, and its sample is corrected by what was drawn.
#[test]
fn layers_look_at_their_own_weights() {
    let counts = zipf(60);
    for name in ["sampled-quadratic:samples=8", "sampled-midx:samples=8:codes=4"] {
        let spec: LayerSpec = name.parse().unwrap();
        let mut layer = spec.build(&Shape::new(&counts, DIM, Bias::Unigram)).unwrap();
        let matrix = matrix(60, true);
        let hidden = Array2::from_elem((4, DIM), 0.7f32);
        let ln_q = |layer: &dyn OutputLayer| {
            let mut s = Scratch::new(WorkerRng::new(1, 0));
            let mut w = Tables::new(vec![Box::new(Frozen::new(&matrix, Threads::default()))]);
            let mut d_hidden = Array2::zeros((4, DIM));
            layer.step(&mut w, Batch::new(hidden.view(), &[1, 2, 3, 4]), &mut s, d_hidden.view_mut(), None);
            s.draws.target_ln_q
        };
        let before = ln_q(&*layer);
        let proposal = layer.adaptive_mut().expect("it follows the weights");
        proposal.refresh(&mut Tables::new(vec![Box::new(Frozen::new(&matrix, Threads::default()))]));
        assert_ne!(ln_q(&*layer), before, "{name}");
    }
}

/// How a model is trained by several workers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Path {
    Hogwild,
    Deterministic,
}

/// A model after training on a text of 40 words in a circle, and its unigram model.
fn trained(layer: &str, path: Path, workers: usize) -> (Model, Counts) {
    let mut text = String::new();
    for sentence in 0..1500 {
        (0..20).for_each(|i| text += &format!("w{} ", (sentence * 7 + i) % 40));
        text += "\n";
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let (vocab, corpus) = Corpus::load(&[file.path()], 1).unwrap();
    let counts = vocab.counts().clone();
    let context = Shape::new(&counts, DIM, Bias::Unigram);
    let layer = layer.parse::<LayerSpec>().unwrap().build(&context).unwrap();
    let encoder = Box::new(MeanEmbedding::new(40, DIM).unwrap());
    let mut model = SharedModel::new(encoder, layer, &counts, 1).unwrap();
    let window = Window::new(Direction::Cbow, Context::Left, 1, false).unwrap();
    let (rate, cached) = (LinearDecay::new(0.1), CachedRows::First(10));
    let mut settings = Hogwild::new(window, rate);
    (settings.epochs, settings.workers, settings.cached) = (2, workers, cached);
    let train = match path {
        Path::Hogwild => hogwild,
        Path::Deterministic => deterministic,
    };
    train(&mut model, &corpus, &counts, &settings, &mut |_| {}).unwrap();
    (model.into_model().unwrap(), counts)
}

/// Training with several workers looks at the weights as well: q is no longer the unigram model, and its ln q is that of
/// what it draws.
#[test]
fn proposals_follow_the_weights_of_every_way_to_train() {
    for name in ["sampled-quadratic:samples=8", "sampled-midx:samples=8:codes=4"] {
        for (path, workers) in [(Path::Hogwild, 1), (Path::Hogwild, 3), (Path::Deterministic, 2)] {
            let (model, counts) = trained(name, path, workers);
            let vocab = counts.len();
            let all: Vec<WordId> = (0..vocab as WordId).collect();
            let mut w = model.frozen(&Threads::default()).layer;
            let mut s = Scratch::new(WorkerRng::new(1, 0));
            // One hidden vector, so that all steps draw from the same proposal.
            let hidden = Array2::from_elem((vocab, DIM), 0.7f32);
            let mut words = Vec::new();
            let mut ln_q: Vec<f64> = Vec::new();
            for step in 0..3_000 {
                let mut d_hidden = Array2::zeros((vocab, DIM));
                model.layer().step(&mut w, Batch::new(hidden.view(), &all), &mut s, d_hidden.view_mut(), None);
                if step == 0 {
                    ln_q.extend(s.draws.target_ln_q.iter().map(|q| f64::from(*q)));
                }
                words.extend(&s.draws.words);
            }
            let what = format!("{name}, {path:?} with {workers}");
            let sum: f64 = ln_q.iter().map(|q| q.exp()).sum();
            assert!((sum - 1.0).abs() < 1e-5, "{what}: Σ q = {sum}");
            chi_squared(&what, &ln_q, &words);
            let moved = all.iter().map(|w| (ln_q[*w as usize] - counts.ln_probability(*w)).abs()).fold(0.0, f64::max);
            assert!(moved > 0.1, "{what}: within {moved} of the unigram model");
        }
    }
}
