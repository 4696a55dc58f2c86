//! Deterministic training: the same bits for any number of threads.

use lexmax::WorkerRng;
use lexmax::corpus::{Context, Corpus, Direction, Sentences, Subsampler, Window};
use lexmax::layer::catalogue::{self, CATALOGUE, LayerSpec};
use lexmax::layer::{Batch, Bias, LayerExt, OutputLayer, Scratch};
use lexmax::model::{Encoder, MeanEmbedding, NGram};
use lexmax::model::{Encoding, Handles, Model, SharedModel, Updates};
use lexmax::table::Optimizer;
use lexmax::table::{
    Bags, CachedRows, Init, Merged, Overlay, OwnRows, Rows, SharedMatrix, Table, TableShape, Tables, Threads, merge,
};
use lexmax::train::{Hogwild, LinearDecay, Outcome, Progress, deterministic, hogwild};
use lexmax::vocab::{Counts, Vocabulary};
use lexmax::{Error, Result};
use ndarray::Array2;
use rand::{Rng, RngExt};

const RATE: f32 = 0.3;

fn parts(layer: &str, counts: &Counts, dim: usize) -> (Box<dyn Encoder>, Box<dyn OutputLayer>) {
    let context = catalogue::Shape::new(counts, dim, Bias::Unigram);
    let layer = layer.parse::<LayerSpec>().unwrap().build(&context).unwrap();
    if dim % 3 == 2 {
        return (Box::new(NGram::new(counts.len(), 4, 5, dim).unwrap()), layer);
    }
    (Box::new(MeanEmbedding::new(counts.len(), dim).unwrap()), layer)
}

fn bits(model: &Model) -> Vec<u32> {
    let tables = model.encoder_tables().iter().chain(model.layer_tables());
    tables.flat_map(|m| m.weights().iter().chain(m.bias())).map(|w| w.to_bits()).collect()
}

/// Some steps: windows with one target, bags, and batches of several targets.
fn work(encoder: &dyn Encoder, layer: &dyn OutputLayer, handles: &mut Handles) -> f64 {
    let (vocab, dim) = (layer.vocab() as u64, layer.dim());
    let (mut rng, mut scratch) = (WorkerRng::new(5, 0), Scratch::new(WorkerRng::new(5, 1)));
    let mut total = 0.0;
    for step in 0..60 {
        let batch = 1 + step % 7;
        let bag = if step % 3 == 0 { 1 } else { 4 };
        let mut word = || (rng.next_u64() % vocab).min(rng.next_u64() % vocab) as u32;
        let rows: Vec<u32> = (0..batch * bag).map(|_| word()).collect();
        let offsets: Vec<u32> = (0..=batch).map(|b| (b * bag) as u32).collect();
        let target = word();
        let targets: Vec<u32> = (0..batch).map(|_| if step % 5 == 0 { word() } else { target }).collect();
        let bags = Bags { rows: &rows, offsets: &offsets };
        let (mut hidden, mut d_hidden) = (Array2::zeros((batch, dim)), Array2::zeros((batch, dim)));
        encoder.forward(&mut handles.encoder, bags, hidden.view_mut());
        let batch = Batch::new(hidden.view(), &targets);
        total += layer.step(&mut handles.layer, batch, &mut scratch, d_hidden.view_mut(), None);
        encoder.backward(&mut handles.encoder, bags, hidden.view(), d_hidden.view());
        let rate = RATE / (1.0 + step as f32);
        handles.encoder.set_rate(rate);
        handles.layer.set_rate(rate);
    }
    total
}

fn handles<'a>(tables: &'a [SharedMatrix], own: &'a mut [OwnRows]) -> Tables<'a> {
    let handle = |(table, own)| -> Box<dyn Table + 'a> { Box::new(Overlay::new(table, own, RATE)) };
    Tables::new(tables.iter().zip(own).map(handle).collect())
}

#[test]
fn one_worker_is_the_exclusive_table_to_the_bit() {
    let counts = Counts::new((1..=53).map(|rank| 10_000 / rank).collect()).unwrap();
    for entry in CATALOGUE {
        // Sizes of a row that are whole vectors, odd, and neither.
        for dim in [16, 21, 38] {
            let name = entry.name;
            let (encoder, layer) = parts(name, &counts, dim);
            let mut plain = Model::new(encoder, layer, &counts, Optimizer::Sgd, 3).unwrap();
            let mut trainable = plain.trainable(Updates::Online, RATE, &Threads::default());
            let loss = work(trainable.encoder, trainable.layer, &mut trainable.handles);
            drop(trainable);
            let (encoder, layer) = parts(name, &counts, dim);
            let shared = SharedModel::new(encoder, layer, &counts, 3).unwrap();
            let own = |tables: &[SharedMatrix]| tables.iter().map(|t| OwnRows::new(t.shape())).collect::<Vec<_>>();
            let (mut first, mut second) = (own(shared.encoder_tables()), own(shared.layer_tables()));
            let encoder = handles(shared.encoder_tables(), &mut first);
            let layer = handles(shared.layer_tables(), &mut second);
            let own_loss = work(shared.encoder(), shared.layer(), &mut Handles { encoder, layer });
            assert_eq!(own_loss.to_bits(), loss.to_bits(), "{name} d={dim}");
            let tables = shared.encoder_tables().iter().chain(shared.layer_tables());
            for (table, own) in tables.zip(first.iter().chain(&second)) {
                merge(&[(table, vec![own])], true, &Threads::new(2));
            }
            assert!(bits(&shared.into_model().unwrap()) == bits(&plain), "{name} d={dim}");
        }
    }
}

/// Moves that are sums of powers of two are added without rounding.
#[test]
fn few_moves_are_added_and_many_are_averaged() {
    const WORKERS: usize = 4;
    let shape = TableShape::new(70, 7, true, Init::Zero);
    let matrix = SharedMatrix::new(shape, &mut WorkerRng::new(1, 0)).unwrap();
    let mut own: Vec<_> = (0..WORKERS).map(|_| OwnRows::new(shape)).collect();
    let (mut rng, mut expected) = (WorkerRng::new(2, 0), Array2::<f32>::zeros((70, 8)));
    let x = Array2::ones((1, 7));
    for barrier in 0..40 {
        for step in 0..200 {
            // Row 0 is due time and again.
            let row = if step % 8 == 0 { 0 } else { rng.random_range(0..69_u32) };
            let k = Array2::from_elem((1, 1), (rng.random_range(0..9) as f32 - 4.0) / 8.0);
            Overlay::new(&matrix, &mut own[step % WORKERS], 1.0).descend(&Rows::List(&[row]), k.view(), x.view());
            expected.row_mut(row as usize).mapv_inplace(|w| w - k[[0, 0]]);
        }
        let all = barrier % 10 == 9;
        let merged = merge(&[(&matrix, own.iter().collect())], all, &Threads::new(3)).remove(0);
        assert_eq!(matches!(merged, Merged::All), all);
        own.iter_mut().for_each(|own| own.renew(&matrix, &merged));
    }
    // All workers move the last row by as much, so often that their mean counts.
    for own in &mut own {
        let k = Array2::from_elem((1, 1), -0.25);
        let mut handle = Overlay::new(&matrix, own, 1.0);
        (0..4_000).for_each(|_| handle.descend(&Rows::List(&[69]), k.view(), x.view()));
    }
    expected.row_mut(69).fill(1_000.0);
    merge(&[(&matrix, own.iter().collect())], false, &Threads::default());
    let matrix = matrix.to_matrix().unwrap();
    for row in 0..70 {
        assert_eq!(matrix.row(row), &expected.row(row as usize).to_vec()[..7], "row {row}");
        assert_eq!(matrix.bias()[row as usize], expected[[row as usize, 7]], "row {row}");
    }
}

/// A text in which every word is followed by its neighbour on a circle.
fn circle(words: usize, lines: usize) -> (Vocabulary, Corpus) {
    let mut rng = WorkerRng::new(8, 0);
    let mut text = String::new();
    for _ in 0..lines {
        let start = rng.random_range(0..words);
        (0..20).for_each(|i| text += &format!("w{} ", (start + i) % words));
        text.push('\n');
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    Corpus::load(&[file.path()], 1).unwrap()
}

struct Run {
    losses: Vec<u64>,
    weights: Vec<u32>,
}

fn train(layer: &str, model: Direction, at: (usize, f32), epochs: u32, seed: u64) -> Result<Run> {
    train_through(layer, Window::new(model, Context::Both, 2, true).unwrap(), 10, at, epochs, seed)
}

fn train_through(
    layer: &str,
    window: Window,
    dim: usize,
    (workers, rate): (usize, f32),
    epochs: u32,
    seed: u64,
) -> Result<Run> {
    // Four passes are 12,000 words a worker: all rows are merged on the way, too.
    let (vocab, corpus) = circle(40, 600);
    let (encoder, layer) = parts(layer, vocab.counts(), dim);
    let mut shared = SharedModel::new(encoder, layer, vocab.counts(), 1).unwrap();
    let settings = {
        let mut made = Hogwild::new(window, LinearDecay::new(rate));
        made.sample = 0.5;
        made.epochs = epochs;
        made.workers = workers;
        made.cached = CachedRows::Fitting;
        made.seed = seed;
        made
    };
    let outcome = deterministic(&mut shared, &corpus, vocab.counts(), &settings, &mut |_| {})?;
    let losses = outcome.epochs.iter().map(|e| e.train_loss.to_bits()).collect();
    Ok(Run { losses, weights: bits(&shared.into_model()?) })
}

fn assert_same_bits_and_learning(model: Direction, others: &[usize]) {
    for entry in CATALOGUE {
        let run = |threads| train(entry.name, model, (threads, 0.02), 4, 1).unwrap();
        let one = run(1);
        for &threads in others {
            let other = run(threads);
            assert!(other.losses == one.losses, "{} {model:?} {threads} threads: losses", entry.name);
            assert!(other.weights == one.weights, "{} {model:?} {threads} threads: weights", entry.name);
        }
        let briefly = |seed| train(entry.name, model, (1, 0.02), 1, seed).unwrap().weights;
        assert!(briefly(1) != briefly(2), "{} {model:?}: the seed", entry.name);
        let loss = |epoch: usize| f64::from_bits(one.losses[epoch]);
        assert!(one.losses.len() == 4 && loss(3) < loss(0) - 0.05, "{}: {} {}", entry.name, loss(0), loss(3));
        assert!(one.weights.iter().all(|w| f32::from_bits(*w).is_finite()));
    }
}

#[test]
fn bits_of_skip_gram_do_not_depend_on_the_threads_and_every_layer_learns() {
    assert_same_bits_and_learning(Direction::SkipGram, &[3]);
}

#[test]
fn bits_of_cbow_do_not_depend_on_the_threads_and_every_layer_learns() {
    assert_same_bits_and_learning(Direction::Cbow, &[3]);
}

#[test]
#[ignore = "soak: other numbers of threads"]
fn bits_do_not_depend_on_even_and_many_threads() {
    for model in [Direction::SkipGram, Direction::Cbow] {
        assert_same_bits_and_learning(model, &[2, 8]);
    }
}

/// Its hidden layer is a table of few rows, all of which every worker moves with every example.
#[test]
fn an_ngram_model_does_not_depend_on_the_threads_either() {
    for layer in ["full", "hierarchical", "negative"] {
        let run = |threads| train_through(layer, Encoding::window(4).unwrap(), 11, (threads, 0.02), 4, 1).unwrap();
        let one = run(1);
        for threads in [2, 5] {
            let other = run(threads);
            assert!(other.losses == one.losses && other.weights == one.weights, "{layer}, {threads} threads");
        }
        let loss = |epoch: usize| f64::from_bits(one.losses[epoch]);
        assert!(loss(3) < loss(0) - 0.05, "{layer}: {} {}", loss(0), loss(3));
    }
}

#[test]
fn senseless_settings_and_wild_rates_are_reported() {
    let error = |at, epochs| train("hierarchical", Direction::SkipGram, at, epochs, 1).err();
    assert!(matches!(error((2, 1e30), 1), Some(Error::Diverged { .. })));
    assert!(matches!(error((2, f32::NAN), 1), Some(Error::OutOfRange { .. })));
    assert!(matches!(error((0, 0.1), 1), Some(Error::OutOfRange { name: "workers", .. })));
    assert!(matches!(error((1, 0.1), 0), Some(Error::OutOfRange { name: "epochs", .. })));
}

/// Of every pass: what is read is the text, what is left is what is trained on, and what is dropped is what word2vec's formula
/// lets one expect, within what chance allows.
#[test]
fn subsampled_words_are_counted_in_every_pass() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut rng = WorkerRng::new(6, 0);
    let mut word = || (60.0 * rng.random::<f64>().powi(3)) as u32;
    let text: String = (0..400).map(|_| (0..50).map(|_| format!("w{} ", word())).collect::<String>() + "\n").collect();
    std::fs::write(file.path(), text).unwrap();
    let (vocab, corpus) = Corpus::load(&[file.path()], 1).unwrap();
    let (counts, threshold) = (vocab.counts(), 0.01);
    let sampler = Subsampler::new(counts, threshold).unwrap();
    let variance: f64 = (0..vocab.len() as u32)
        .map(|w| (counts.as_slice()[w as usize] as f64, sampler.keep_probability(w)))
        .map(|(n, keep)| n * keep * (1.0 - keep))
        .sum();
    // Words are dropped one by one, each by its own chance: |z| exceeds 5.7 with probability 1.2·10⁻⁸, and ten passes are looked at.
    let bound = 5.7 * variance.sqrt();
    // A bag for every word that is left, where a sentence keeps two: of fifty each does.
    let window = Window::new(Direction::Cbow, Context::Both, 3, false).unwrap();
    let settings = |workers| {
        let mut made = Hogwild::new(window, LinearDecay::new(0.01));
        made.sample = threshold;
        made.epochs = 5;
        made.workers = workers;
        made.cached = CachedRows::Fitting;
        made.seed = 3;
        made
    };
    type Way = fn(&mut SharedModel, &dyn Sentences, &Counts, &Hogwild, &mut dyn FnMut(&Progress)) -> Result<Outcome>;
    for (way, workers) in [(deterministic as Way, 2), (hogwild, 1), (hogwild, 3)] {
        let (encoder, layer) = parts("hierarchical", counts, 9);
        let mut model = SharedModel::new(encoder, layer, counts, 5).unwrap();
        let outcome = way(&mut model, &corpus, counts, &settings(workers), &mut |_| {}).unwrap();
        assert_eq!((outcome.passes.len(), outcome.epochs.len()), (5, 5));
        for (pass, epoch) in outcome.passes.iter().zip(&outcome.epochs) {
            assert_eq!(pass.read, corpus.ledger().kept);
            assert_eq!(pass.read - pass.dropped, epoch.examples);
            let beyond = (pass.dropped as f64 - sampler.expected_drops(counts)).abs();
            assert!(beyond <= bound, "{beyond} more or less dropped, with a bound of {bound}");
        }
        assert!(
            outcome.passes.iter().any(|pass| pass.dropped != outcome.passes[0].dropped),
            "another choice each pass"
        );
        assert_eq!(outcome.passes.iter().map(|pass| pass.read).sum::<u64>(), outcome.words);
    }
}

#[test]
fn portions_use_up_every_item_on_any_number_of_threads() {
    for threads in [1, 2, 3, 8] {
        let (amount, mut items) = (1_000, vec![Vec::new(); 5]);
        Threads::new(threads).each_in_portions(items.iter_mut().collect(), amount, |portions, leave| {
            let left = portions.last().map_or(amount, |(_, left)| *left);
            assert!(left > 0 && leave < left, "{threads} threads: {leave} to be left of {left}");
            // The first portion stops half way.
            let now = if portions.is_empty() { (leave + left) / 2 } else { leave };
            portions.push((leave, now));
            now
        });
        for portions in items {
            assert_eq!(portions.last().map(|(_, left)| *left), Some(0), "{threads} threads: {portions:?}");
            assert!(portions.len() <= 12, "{threads} threads: {portions:?}");
        }
    }
}
