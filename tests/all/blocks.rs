//! Blocks of positions: their results, the layers that refuse them, and training with them.

use lexmax::WorkerRng;
use lexmax::corpus::{Context, Corpus, Direction, Window};
use lexmax::layer::catalogue::{CATALOGUE, LayerSpec, Shape};
use lexmax::layer::{Batch, Bias, NegativeSampling, NoiseHits, OutputLayer, Scratch, set_up};
use lexmax::model::{Architecture, Encoding, SharedModel};
use lexmax::sampler::{Proposal, WithReplacement};
use lexmax::table::{
    Bags, CachedRows, Deferred, Init, Matrix, Online, Optimizer, Overlay, OwnRows, Rows, Shared, SharedMatrix, Table,
    TableGradient, TableShape, Tables, Threads,
};
use lexmax::train::{Hogwild, LinearDecay, Outcome, deterministic, hogwild};
use lexmax::vocab::{Counts, Vocabulary, WordId};
use lexmax::{Error, Result};
use ndarray::Array2;
use rand::RngExt;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

const V: usize = 3;
const Q: [f64; V] = [0.5, 0.3, 0.2];
const DIM: usize = 3;

/// Plays these draws, one after the other.
#[derive(Debug)]
struct Played(Vec<WordId>, AtomicUsize);

impl Proposal for Played {
    fn vocab(&self) -> usize {
        V
    }

    fn ln_prob(&self, word: WordId) -> f64 {
        Q[word as usize].ln()
    }

    fn sample(&self, _: &mut WorkerRng) -> WordId {
        self.0[self.1.fetch_add(1, Relaxed) % self.0.len()]
    }
}

/// Loss, ∂L/∂hidden and ∂L/∂W of a step with these draws; beside it how many words were drawn.
fn played(draws: &[WordId], hits: NoiseHits, k: usize, batch: Batch) -> (Vec<f64>, usize) {
    let proposal = Box::new(Played(draws.to_vec(), AtomicUsize::new(0)));
    let noise = WithReplacement::new(proposal, k).unwrap();
    let layer = NegativeSampling::new(noise, DIM, Bias::Zero).unwrap().with_hits(hits);
    let mut matrices: Vec<Matrix> = set_up(&layer, None, Optimizer::Sgd, &mut WorkerRng::new(0, 0)).unwrap();
    let mut rng = WorkerRng::new(5, 12);
    let matrix = &mut matrices[0];
    matrix.weights_mut().iter_mut().for_each(|w| *w = rng.random::<f32>() * 2.0 - 1.0);
    matrix.bias_mut().iter_mut().for_each(|b| *b = rng.random::<f32>() * 2.0 - 1.0);
    let table: Box<dyn Table> = Box::new(Deferred::new(matrix, 1.0, Threads::default()));
    let (mut w, mut s) = (Tables::new(vec![table]), Scratch::new(WorkerRng::new(1, 1)));
    let mut d_hidden = Array2::zeros(batch.hidden.raw_dim());
    let loss = OutputLayer::step(&layer, &mut w, batch, &mut s, d_hidden.view_mut(), None);
    let mut found = vec![loss];
    found.extend(d_hidden.iter().map(|d| f64::from(*d)));
    let mut dense = [[0.0; DIM + 1]; V];
    let Some(TableGradient::Rows { rows, weights, bias }) = w.gradient(0) else { panic!("rows") };
    for (i, row) in rows.iter().enumerate() {
        let of_row = weights.row(i).into_iter().chain([&bias[i]]);
        dense[*row as usize].iter_mut().zip(of_row).for_each(|(to, from)| *to = f64::from(*from));
    }
    found.extend(dense.as_flattened());
    (found, s.draws.words.len())
}

/// The expectation of what a step gives over all outcomes of so many draws.
fn expected(draws: usize, step: impl Fn(&[WordId]) -> Vec<f64>) -> Vec<f64> {
    let mut sum = Vec::new();
    for outcome in 0..V.pow(draws as u32) {
        let words: Vec<WordId> = (0..draws as u32).map(|i| (outcome / V.pow(i) % V) as WordId).collect();
        let p: f64 = words.iter().map(|word| Q[*word as usize]).product();
        let found = step(&words);
        sum.resize(found.len(), 0.0);
        sum.iter_mut().zip(found).for_each(|(sum, x)| *sum += p * x);
    }
    sum
}

#[test]
fn shared_noise_has_the_expected_gradient_of_noise_for_each_target() {
    // Two equal targets, rows that belong to one, two and three of them, and words that are noise and target.
    let hidden = Array2::from_shape_fn((4, DIM), |(b, i)| ((b * 5 + i * 3) % 7) as f32 * 0.3 - 0.8);
    let targets = [1, 0, 1];
    let bags: [&[u32]; 3] = [&[0, 1], &[0, 2, 3], &[0, 1, 3]];
    let (rows, offsets) = (bags.concat(), [0, 2, 5, 8]);
    let block = Batch::block(hidden.view(), &targets, Bags { rows: &rows, offsets: &offsets });
    for hits in [NoiseHits::Keep, NoiseHits::Drop] {
        for k in [1, 2, 3] {
            let (_, shared) = played(&[0; 64], hits, k, block);
            assert!(shared > k && shared % k == 0, "{shared} words for a block");
            let of_block = expected(shared, |words| played(words, hits, k, block).0);
            let mut sum = vec![0.0; of_block.len()];
            for (target, bag) in targets.iter().zip(bags) {
                let picked = Array2::from_shape_fn((bag.len(), DIM), |(b, i)| hidden[[bag[b] as usize, i]]);
                let same = vec![*target; bag.len()];
                let one = expected(k, |words| played(words, hits, k, Batch::new(picked.view(), &same)).0);
                sum[0] += one[0];
                for (b, row) in bag.iter().enumerate() {
                    (0..DIM).for_each(|i| sum[1 + *row as usize * DIM + i] += one[1 + b * DIM + i]);
                }
                let layer = one[1 + bag.len() * DIM..].iter();
                sum[1 + 4 * DIM..].iter_mut().zip(layer).for_each(|(sum, x)| *sum += x);
            }
            for (i, (found, sum)) in of_block.iter().zip(&sum).enumerate() {
                assert!(
                    (found - sum).abs() < 1e-5 * (1.0 + sum.abs()),
                    "{hits:?} k = {k}, entry {i}: {found}, not {sum}"
                );
            }
        }
    }
}

/// Blocks of several sizes one after the other, announced; the sum of losses and of ∂L/∂hidden.
fn blocks(layer: &dyn OutputLayer, w: &mut Tables) -> f64 {
    let (vocab, dim) = (layer.shape().vocab as u32, layer.shape().dim);
    let (mut rng, mut s) = (WorkerRng::new(5, 0), Scratch::new(WorkerRng::new(5, 1)));
    let mut total = 0.0;
    for step in 0..40 {
        let count = [1, 3, 8, 70][step % 4];
        let hidden = Array2::from_shape_simple_fn((count + 4, dim), || rng.random::<f32>() - 0.5);
        // Few words: targets are equal, and noise too.
        let targets: Vec<WordId> = (0..count).map(|_| rng.random_range(0..vocab)).collect();
        let rows: Vec<u32> = (0..count as u32).flat_map(|i| [i, i + 1, i + 3, i + 4]).collect();
        let offsets: Vec<u32> = (0..=count as u32).map(|i| 4 * i).collect();
        let mut d_hidden = Array2::zeros(hidden.raw_dim());
        s.announce_block(&targets[..count.min(2)]);
        let batch = Batch::block(hidden.view(), &targets, Bags { rows: &rows, offsets: &offsets });
        total += layer.step(w, batch, &mut s, d_hidden.view_mut(), None);
        total += f64::from(d_hidden.sum());
    }
    total
}

fn built(layer: &str, counts: &Counts, dim: usize) -> Box<dyn OutputLayer> {
    layer.parse::<LayerSpec>().unwrap().build(&Shape::new(counts, dim, Bias::Unigram)).unwrap()
}

#[test]
fn all_handles_of_one_worker_give_a_block_the_same_bits() {
    let counts = Counts::new((1..=50).map(|rank| 10_000 / rank).collect()).unwrap();
    for name in ["negative", "negative:hits=drop:sigmoid=word2vec", "hierarchical", "hierarchical:sigmoid=gensim"] {
        for dim in [16, 21] {
            let layer = built(name, &counts, dim);
            let set_up = || -> Vec<Matrix> {
                set_up(&*layer, Some(&counts), Optimizer::Sgd, &mut WorkerRng::new(2, 2)).unwrap()
            };
            let base = SharedMatrix::from_matrix(&set_up()[0]).unwrap();
            // Some rows are the worker's own, others not, and none waits for an exchange with others.
            let handle: Box<dyn Table> = Box::new(Shared::new(&base, 0.1, CachedRows::First(20), 1, 16));
            let mut shared = Tables::new(vec![handle]);
            let found = blocks(&*layer, &mut shared);
            shared.flush();
            drop(shared);
            assert!(found.is_finite());
            let moved = base.to_matrix().unwrap();
            if layer.tree().is_none() {
                // Along a tree an exclusive table steps from path to path.
                let mut plain = set_up();
                let online: Box<dyn Table> = Box::new(Online::new(&mut plain[0], 0.1, Threads::default()));
                assert_eq!(blocks(&*layer, &mut Tables::new(vec![online])).to_bits(), found.to_bits(), "{name}, {dim}");
                assert_eq!(plain[0].weights(), moved.weights(), "{name}, {dim}");
            }
            let base = SharedMatrix::from_matrix(&set_up()[0]).unwrap();
            let mut own = OwnRows::new(base.shape());
            let handle: Box<dyn Table> = Box::new(Overlay::new(&base, &mut own, 0.1));
            let mut overlay = Tables::new(vec![handle]);
            assert_eq!(blocks(&*layer, &mut overlay).to_bits(), found.to_bits(), "{name}, {dim}");
        }
    }
}

fn corpus(lines: &str) -> (Vocabulary, Corpus) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), lines).unwrap();
    Corpus::load(&[file.path()], 1).unwrap()
}

/// Lines of 1 to 30 words.
fn text() -> String {
    let mut rng = WorkerRng::new(3, 3);
    let mut text = String::new();
    for line in 0..400 {
        for _ in 0..1 + (line * 7) % 30 {
            let word = rng.random_range(0..60u32).min(rng.random_range(0..60));
            text += &format!("w{word} ");
        }
        text += "\n";
    }
    text
}

fn model(layer: &str, encoding: Encoding, window: Window, vocab: &Vocabulary) -> SharedModel {
    let mut a = Architecture::new(layer.parse().unwrap(), window, 9);
    a.encoding = encoding;
    SharedModel::new(a.encoder(vocab.len()).unwrap(), a.layer(vocab, None).unwrap(), vocab.counts(), 5).unwrap()
}

fn settings(block: usize, workers: usize, window: Window) -> Hogwild {
    let mut settings = Hogwild::new(window, LinearDecay::new(0.05));
    (settings.sample, settings.epochs, settings.block, settings.workers) = (0.05, 2, block, workers);
    settings
}

type Trainer =
    fn(&mut SharedModel, &Corpus, &Counts, &Hogwild, &mut dyn FnMut(&lexmax::train::Progress)) -> Result<Outcome>;

/// The bits of a model trained on the text, and the outcome.
fn trained(trainer: Trainer, layer: &str, settings: &Hogwild, text: &str) -> (Vec<u32>, Outcome) {
    let (vocab, corpus) = corpus(text);
    let mut model = model(layer, Encoding::Mean, settings.window, &vocab);
    let outcome = trainer(&mut model, &corpus, vocab.counts(), settings, &mut |_| {}).unwrap();
    assert!(lexmax::model::ModelView::from(&model).is_finite());
    let model = model.into_model().unwrap();
    let tables = model.encoder_tables().iter().chain(model.layer_tables());
    (tables.flat_map(|m| m.weights().iter().map(|w| w.to_bits())).collect(), outcome)
}

const TRAINERS: [Trainer; 2] = [
    |model, corpus, counts, settings, observe| hogwild(model, corpus, counts, settings, observe),
    |model, corpus, counts, settings, observe| deterministic(model, corpus, counts, settings, observe),
];

#[test]
fn blocks_give_the_same_bits_on_any_number_of_threads() {
    let text = text();
    for layer in ["negative", "hierarchical"] {
        for direction in [Direction::SkipGram, Direction::Cbow] {
            let window = Window::new(direction, Context::Both, 5, true).unwrap();
            for (trainer, workers) in TRAINERS.into_iter().zip([&[1, 1][..], &[1, 2, 4]]) {
                let single = trained(trainer, layer, &settings(1, 1, window), &text);
                let run = |workers: usize| trained(trainer, layer, &settings(8, workers, window), &text);
                let (bits, outcome) = run(workers[0]);
                for more in &workers[1..] {
                    let (again, same) = run(*more);
                    assert!(bits == again, "{layer} {direction:?} on {more} threads");
                    assert_eq!((outcome.examples, outcome.layer_cost), (same.examples, same.layer_cost));
                }
                // All windows are drawn as one by one, so their examples are the same, unless noise comes between.
                assert!(bits != single.0, "{layer} {direction:?}: a block is one step");
                assert_eq!(outcome.examples, single.1.examples, "{layer} {direction:?}");
                assert_eq!(outcome.words, single.1.words);
                let losses = [&outcome, &single.1].map(|outcome| outcome.train_loss);
                assert!((losses[0] / losses[1] - 1.0).abs() < 0.05, "{layer} {direction:?}: {losses:?}");
                assert!(outcome.encoder_cost.rows_written < single.1.encoder_cost.rows_written / 2);
            }
        }
    }
}

#[test]
fn blocks_of_any_size_fit_sentences_of_any_length() {
    let mut text = "a b\nc\na\nb c a\n".repeat(40);
    text += "a b c d e f g h i j k l m n o p q r s t u v w x y z\n";
    for layer in ["negative", "hierarchical"] {
        for direction in [Direction::SkipGram, Direction::Cbow] {
            for (context, size) in [(Context::Both, 20), (Context::Left, 3), (Context::Left, 1)] {
                let window = Window::new(direction, context, size, true).unwrap();
                for trainer in TRAINERS {
                    let mut examples = Vec::new();
                    for block in [1, 2, 3, 26, 256] {
                        let mut settings = settings(block, 1, window);
                        settings.sample = 0.0;
                        let (_, outcome) = trained(trainer, layer, &settings, &text);
                        assert!(outcome.train_loss.is_finite());
                        examples.push(outcome.examples);
                    }
                    assert!(examples.iter().all(|n| *n == examples[0] && *n > 0), "{layer} {window:?}: {examples:?}");
                }
            }
        }
    }
}

#[test]
fn only_what_has_a_block_path_takes_blocks() {
    let (vocab, corpus) = corpus(&text());
    let window = Window::new(Direction::Cbow, Context::Left, 2, false).unwrap();
    for trainer in TRAINERS {
        for block in [0, 257, usize::MAX] {
            let mut model = model("negative", Encoding::Mean, window, &vocab);
            let refused = trainer(&mut model, &corpus, vocab.counts(), &settings(block, 1, window), &mut |_| {});
            assert!(matches!(refused, Err(Error::OutOfRange { name: "block", value, .. }) if value == block as f64));
        }
        for entry in CATALOGUE {
            let mut model = model(entry.name, Encoding::Mean, window, &vocab);
            let takes_blocks = matches!(entry.name, "negative" | "hierarchical");
            assert_eq!(model.layer().shape().takes_blocks, takes_blocks, "{}", entry.name);
            let found = trainer(&mut model, &corpus, vocab.counts(), &settings(8, 1, window), &mut |_| {});
            match found {
                Ok(_) => assert!(takes_blocks, "{}", entry.name),
                Err(Error::NoBlocks { part: "the layer", block: 8, .. }) => assert!(!takes_blocks, "{}", entry.name),
                Err(other) => panic!("{}: {other}", entry.name),
            }
        }
        let ngram = Encoding::NGram { embedding: 4 };
        let mut model = model("negative", ngram, Encoding::window(3).unwrap(), &vocab);
        let window = Encoding::window(3).unwrap();
        let refused = trainer(&mut model, &corpus, vocab.counts(), &settings(2, 1, window), &mut |_| {}).unwrap_err();
        let told = "the encoder takes one position at a time, not blocks of 2; set block to 1, or use ";
        assert!(refused.to_string().starts_with(told), "{refused}");
    }
}

#[test]
fn the_catalogue_knows_which_layers_take_blocks() {
    let counts = Counts::new((1..=50).map(|rank| 10_000 / rank).collect()).unwrap();
    let mut number = 0;
    for entry in CATALOGUE {
        for name in [entry.name.to_string(), format!("{}:ignore=3", entry.name)] {
            let Ok(spec) = name.parse::<LayerSpec>() else { continue };
            let Ok(layer) = spec.build(&Shape::new(&counts, 16, Bias::Zero)) else { continue };
            assert_eq!(spec.takes_blocks(), layer.shape().takes_blocks, "{name}");
            number += usize::from(spec.takes_blocks());
        }
    }
    assert_eq!(number, 2, "layers that take blocks");
}

#[test]
fn means_of_shared_rows_are_those_of_bags() {
    let shape = TableShape::new(50, 21, false, Init::Uniform(1.0));
    let mut plain = Matrix::new(shape, Optimizer::Sgd, &mut WorkerRng::new(2, 2)).unwrap();
    let base = SharedMatrix::from_matrix(&plain).unwrap();
    // A row comes twice, and bags share rows.
    let (rows, members, offsets) = ([7, 30, 7, 2, 44], [0, 1, 2, 1, 3, 4, 0, 4], [0, 3, 4, 8]);
    let listed = members.map(|number: u32| rows[number as usize]);
    let means = |table: &mut dyn Table| {
        let mut found = [Array2::zeros((3, 21)), Array2::zeros((3, 21))];
        table.bag_means(Bags { rows: &listed, offsets: &offsets }, found[0].view_mut());
        table.shared_means(&rows, Bags { rows: &members, offsets: &offsets }, found[1].view_mut());
        assert_eq!(found[0], found[1]);
        found
    };
    let expected = means(&mut Online::new(&mut plain, 0.1, Threads::default()));
    assert!(expected[0].iter().any(|x| *x != 0.0));
    for workers in [1, 2] {
        assert_eq!(means(&mut Shared::new(&base, 0.1, CachedRows::First(20), workers, 16)), expected);
    }
    let mut own = OwnRows::new(base.shape());
    assert_eq!(means(&mut Overlay::new(&base, &mut own, 0.1)), expected);
    // Means that do not lie row after row.
    let mut turned = Array2::zeros((21, 3)).reversed_axes();
    let bags = Bags { rows: &members, offsets: &offsets };
    Shared::new(&base, 0.1, CachedRows::First(20), 2, 16).shared_means(&rows, bags, turned.view_mut());
    assert_eq!(turned, expected[1]);
}

/// The same rows on the way back as on the way forward are read once; a row that moved is read anew.
#[test]
fn traffic_counts_rows_that_pass_between_workers() {
    let base = SharedMatrix::new(TableShape::new(10, 4, false, Init::Zero), &mut WorkerRng::new(0, 0)).unwrap();
    let mut table = Shared::new(&base, 0.1, CachedRows::First(2), 2, 3);
    let d = Array2::ones((1, 4));
    let mut hidden = Array2::zeros((1, 4));
    let bag = Bags { rows: &[1, 5, 7], offsets: &[0, 3] };
    let mut step = |table: &mut dyn Table| {
        table.bag_means(bag, hidden.view_mut());
        table.descend_bags(bag, d.view());
        let traffic = table.traffic();
        (traffic.exchanges, traffic.rows_read, traffic.rows_written, traffic.bytes)
    };
    let row = 4 * 4;
    assert_eq!(step(&mut table), (0, 2, 2, 4 * row));
    assert_eq!(step(&mut table), (0, 4, 4, 8 * row));
    // The third update of row 1 exchanges it.
    assert_eq!(step(&mut table), (1, 7, 7, 14 * row));
}

#[test]
fn rows_that_a_verb_over_a_range_moved_are_read_anew() {
    let base = SharedMatrix::new(TableShape::new(10, 4, false, Init::Zero), &mut WorkerRng::new(0, 0)).unwrap();
    for workers in [1, 2] {
        let mut table = Shared::new(&base, 0.1, CachedRows::First(2), workers, 3);
        let (bag, mut means) =
            (Bags { rows: &[1, 5], offsets: &[0, 2] }, [Array2::zeros((1, 4)), Array2::zeros((1, 4))]);
        table.bag_means(bag, means[0].view_mut());
        let (coef, x) = (Array2::ones((1, 10)), Array2::ones((1, 4)));
        table.descend(&Rows::Range(0..10), coef.view(), x.view());
        table.bag_means(bag, means[1].view_mut());
        let moved = means[1].iter().zip(&means[0]).all(|(after, before)| (before - after - 0.1f32).abs() < 1e-6);
        assert!(moved, "{workers}: {means:?}");
    }
}

/// A read sees what another worker has moved since the read before, flushed or not.
#[test]
fn a_row_that_another_worker_moved_is_read_anew() {
    let base = SharedMatrix::new(TableShape::new(10, 4, false, Init::Zero), &mut WorkerRng::new(0, 0)).unwrap();
    let handle = || Shared::new(&base, 0.5, CachedRows::First(0), 2, 3);
    let (mut one, mut other) = (handle(), handle());
    let bag = Bags { rows: &[5], offsets: &[0, 1] };
    let mut means = Array2::zeros((1, 4));
    for moves in 0..3 {
        one.bag_means(bag, means.view_mut());
        assert!(means.iter().all(|x| *x == -0.5 * moves as f32), "{moves}: {means}");
        one.shared_means(&[5], Bags { rows: &[0], offsets: &[0, 1] }, means.view_mut());
        assert!(means.iter().all(|x| *x == -0.5 * moves as f32), "{moves}: {means}");
        other.descend_bags(bag, Array2::ones((1, 4)).view());
    }
    one.flush();
    one.descend_bags(bag, Array2::ones((1, 4)).view());
    other.bag_means(bag, means.view_mut());
    assert!(means.iter().all(|x| *x == -2.0), "{means}");
}
