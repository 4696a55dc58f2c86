//! Shared tables: one worker gives the bits of an exclusive table, several lose no update, and training over them
//! learns.

use lexmax::WorkerRng;
use lexmax::corpus::{self, Context, Corpus, Direction, Window};
use lexmax::layer::catalogue::{self, CATALOGUE, LayerSpec};
use lexmax::layer::{Batch, Bias, LayerExt, Scratch};
use lexmax::model::{BagGradient, MeanEmbedding, NGram};
use lexmax::model::{Handles, Model, SharedModel, Updates};
use lexmax::table::Optimizer;
use lexmax::table::{
    Bags, CachedRows, Init, Matrix, Online, Rows, Shared, SharedMatrix, Stat, Table, TableShape, Threads, Tile, Traffic,
};
use lexmax::train::{Hogwild, LinearDecay, hogwild};
use lexmax::vocab::{Counts, Vocabulary};
use lexmax::{Error, Result, eval};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis};
use rand::{Rng, RngExt};

const RATE: f32 = 0.3;

fn counts(vocab: u64) -> Counts {
    Counts::new((1..=vocab).map(|rank| 10_000 / rank).collect()).unwrap()
}

fn parts(
    spec: &LayerSpec,
    counts: &Counts,
    dim: usize,
) -> (Box<dyn lexmax::model::Encoder>, Box<dyn lexmax::layer::OutputLayer>) {
    let context = catalogue::Shape::new(counts, dim, Bias::Unigram);
    if dim % 3 == 2 {
        return (Box::new(NGram::new(counts.len(), 4, 5, dim).unwrap()), spec.build(&context).unwrap());
    }
    // Both kinds of CBOW.
    let encoder = MeanEmbedding::new(counts.len(), dim).unwrap();
    let encoder = if dim.is_multiple_of(2) { encoder } else { encoder.with_gradient(BagGradient::Whole) };
    (Box::new(encoder), spec.build(&context).unwrap())
}

/// Some steps: windows with one target, bags, and batches of several targets. Announced or not, they are the same.
fn work(
    encoder: &dyn lexmax::model::Encoder,
    layer: &dyn lexmax::layer::OutputLayer,
    handles: &mut Handles,
    announced: bool,
) -> f64 {
    let (vocab, dim) = (layer.vocab() as u64, layer.dim());
    let (mut rng, mut scratch) = (WorkerRng::new(5, 0), Scratch::new(WorkerRng::new(5, 1)));
    let mut total = 0.0;
    let mut draw = |step: usize| {
        let (batch, bag) = (1 + step % 7, if step.is_multiple_of(3) { 1 } else { 4 });
        let mut word = || (rng.next_u64() % vocab).min(rng.next_u64() % vocab) as u32;
        let rows: Vec<u32> = (0..batch * bag).map(|_| word()).collect();
        let offsets: Vec<u32> = (0..=batch).map(|b| (b * bag) as u32).collect();
        let target = word();
        let targets: Vec<u32> = (0..batch).map(|_| if step.is_multiple_of(5) { word() } else { target }).collect();
        (rows, offsets, targets)
    };
    let steps: Vec<_> = (0..60).map(&mut draw).collect();
    for (step, (rows, offsets, targets)) in steps.iter().enumerate() {
        let batch = targets.len();
        let bags = Bags { rows, offsets };
        let (mut hidden, mut d_hidden) = (Array2::zeros((batch, dim)), Array2::zeros((batch, dim)));
        if announced {
            encoder.prefetch(&handles.encoder, rows);
            // The step after this one, if it has a single target.
            let single = |targets: &[u32]| targets.iter().all(|word| *word == targets[0]);
            let next = steps.get(step + 1).map_or(&[][..], |(_, _, targets)| &targets[..]);
            scratch.announce(if single(next) { next.get(..1).unwrap_or_default() } else { &[] });
        }
        encoder.forward(&mut handles.encoder, bags, hidden.view_mut());
        let batch = Batch::new(hidden.view(), targets);
        total += layer.step(&mut handles.layer, batch, &mut scratch, d_hidden.view_mut(), None);
        encoder.backward(&mut handles.encoder, bags, hidden.view(), d_hidden.view());
        let rate = RATE / (1.0 + step as f32);
        handles.encoder.set_rate(rate);
        handles.layer.set_rate(rate);
    }
    handles.encoder.flush();
    handles.layer.flush();
    total
}

fn bits(model: &Model) -> Vec<u32> {
    let tables = model.encoder_tables().iter().chain(model.layer_tables());
    tables.flat_map(|m| m.weights().iter().chain(m.bias())).map(|w| w.to_bits()).collect()
}

#[test]
fn one_worker_is_the_exclusive_table_to_the_bit() {
    let counts = counts(53);
    for entry in CATALOGUE {
        // Sizes of a row that are whole vectors, odd, and neither.
        for dim in [16, 21, 38] {
            let spec: LayerSpec = entry.name.parse().unwrap();
            let (encoder, layer) = parts(&spec, &counts, dim);
            let mut plain = Model::new(encoder, layer, &counts, Optimizer::Sgd, 3).unwrap();
            let mut trainable = plain.trainable(Updates::Online, RATE, &Threads::default());
            let loss = work(trainable.encoder, trainable.layer, &mut trainable.handles, false);
            drop(trainable);
            for (cached, workers) in [
                (CachedRows::First(0), 1),
                (CachedRows::First(9), 1),
                (CachedRows::First(9), 200),
                (CachedRows::Fitting, 1),
            ] {
                let (encoder, layer) = parts(&spec, &counts, dim);
                let shared = SharedModel::new(encoder, layer, &counts, 3).unwrap();
                let mut handles = shared.handles(RATE, cached, workers, 16);
                let shared_loss = work(shared.encoder(), shared.layer(), &mut handles, true);
                drop(handles);
                assert_eq!(shared_loss.to_bits(), loss.to_bits(), "{} d={dim} {cached:?}", entry.name);
                assert!(bits(&shared.into_model().unwrap()) == bits(&plain), "{} d={dim} {cached:?}", entry.name);
            }
        }
    }
}

#[test]
fn what_was_announced_holds_through_other_verbs() {
    let counts = counts(40);
    let loss = |announced: bool| {
        let (encoder, layer) = parts(&"hierarchical".parse().unwrap(), &counts, 7);
        let shared = SharedModel::new(encoder, layer, &counts, 3).unwrap();
        let mut handles = shared.handles(RATE, CachedRows::Fitting, 1, 16);
        let (mut scratch, hidden, mut d_hidden) =
            (Scratch::new(WorkerRng::new(5, 1)), Array2::ones((1, 7)), Array2::zeros((1, 7)));
        if announced {
            scratch.announce(&[3]);
        }
        let first = Batch::new(hidden.view(), &[12]);
        shared.layer().step(&mut handles.layer, first, &mut scratch, d_hidden.view_mut(), None);
        let other = Batch::new(hidden.view(), &[39]);
        shared.layer().log_prob(&mut handles.layer, other, &mut scratch, &mut [0.0]);
        let batch = Batch::new(hidden.view(), &[3]);
        shared.layer().step(&mut handles.layer, batch, &mut scratch, d_hidden.view_mut(), None)
    };
    assert_eq!(loss(true), loss(false));
}

#[test]
fn models_go_both_ways_and_adagrad_is_refused() {
    let counts = counts(20);
    let spec: LayerSpec = "hierarchical".parse().unwrap();
    let model = |optimizer| {
        let (encoder, layer) = parts(&spec, &counts, 7);
        Model::new(encoder, layer, &counts, optimizer, 3).unwrap()
    };
    let plain = model(Optimizer::Sgd);
    let before = bits(&plain);
    assert!(bits(&SharedModel::from_model(plain).unwrap().into_model().unwrap()) == before);
    let (encoder, layer) = parts(&spec, &counts, 7);
    assert!(bits(&SharedModel::new(encoder, layer, &counts, 3).unwrap().into_model().unwrap()) == before);
    let adagrad = model(Optimizer::adagrad(0.1).unwrap());
    assert!(matches!(SharedModel::from_model(adagrad), Err(Error::SharedOptimizer { .. })));
}

fn shape(rows: u32, dim: usize, bias: bool) -> TableShape {
    TableShape::new(rows, dim, bias, Init::Uniform(0.5))
}

fn random(rng: &mut WorkerRng, rows: usize, columns: usize) -> Array2<f32> {
    Array2::from_shape_simple_fn((rows, columns), || rng.random::<f32>() - 0.5)
}

/// One row as a vector gives it: both strides are 1.
fn of_vectors(x: &Array2<f32>) -> ArrayView2<'_, f32> {
    if x.nrows() == 1 { x.row(0).insert_axis(Axis(0)) } else { x.view() }
}

/// One verb after the other, chosen at random; all that they return.
fn verbs(table: &mut dyn Table, seed: u64) -> Vec<u32> {
    let TableShape { rows, dim, .. } = table.shape();
    let mut rng = WorkerRng::new(seed, 9);
    let mut seen = Vec::new();
    for _ in 0..40 {
        let batch = rng.random_range(1..12usize);
        let count = rng.random_range(1..30usize);
        let list: Vec<u32> = (0..count).map(|_| rng.random_range(0..rows)).collect();
        let start = rng.random_range(0..rows);
        let range = start..rng.random_range(start + 1..=rows);
        let (x, mut d_x) = (random(&mut rng, batch, dim), random(&mut rng, batch, dim));
        let chosen = if rng.random::<bool>() { Rows::List(&list) } else { Rows::Range(range.clone()) };
        let mut z = random(&mut rng, batch, chosen.len());
        let offsets: Vec<u32> = (0..=count as u32).map(|i| (i / 2).min(count as u32 / 2) * 2).collect();
        let bags = Bags { rows: &list, offsets: &offsets[..] };
        match rng.random_range(0..8u32) {
            0 => table.scores(&chosen, x.view(), z.view_mut()),
            1 => table.weighted_sum(&chosen, z.view(), d_x.view_mut()),
            2 => table.descend(&chosen, z.view(), of_vectors(&x)),
            3 => {
                d_x = random(&mut rng, bags.len(), dim);
                table.bag_means(bags, d_x.view_mut());
            }
            4 => {
                // Empty bags have no mean, and nothing to descend on.
                let whole: Vec<u32> = (0..=count as u32).collect();
                let bags = Bags { rows: &list, offsets: &whole };
                table.descend_bags(bags, random(&mut rng, count, dim).view());
            }
            7 => table.descend_each(bags, random(&mut rng, bags.len(), dim).view()),
            5 => {
                let coef = |_: std::ops::Range<usize>, mut z: ArrayViewMut2<f32>, losses: &mut [f64]| {
                    losses.iter_mut().zip(z.rows()).for_each(|(l, z)| *l += f64::from(z.sum()));
                    z.mapv_inplace(|z| z * 0.5 - 0.1);
                };
                let mut losses = vec![0.0; batch];
                table.step(&list, x.view(), &coef, &mut losses, d_x.view_mut());
                seen.extend(losses.iter().map(|l| l.to_bits() as u32));
            }
            _ => {
                let mut stats = vec![Stat::EMPTY; batch];
                let fold = |tile: &Tile, stats: &mut [Stat]| {
                    for row in tile.rows() {
                        tile.row(row).iter().zip(&mut *stats).for_each(|(z, stat)| stat.max = stat.max.max(*z));
                    }
                };
                table.scan(range.clone(), x.view(), &fold, &mut stats);
                seen.extend(stats.iter().map(|s| s.max.to_bits()));
                let coef = |tile: &mut Tile| tile.scores_mut().iter_mut().for_each(|z| *z *= 0.1);
                table.sweep(range, x.view(), &coef, d_x.view_mut(), true);
            }
        }
        seen.extend(z.iter().chain(&d_x).map(|v| v.to_bits()));
        table.set_rate(rng.random::<f32>() * 0.1);
    }
    table.flush();
    seen
}

#[test]
fn verbs_agree_with_the_exclusive_table() {
    for seed in 0..60 {
        let dim = 1 + seed as usize * 7 % 41;
        let shape = shape(3 + seed as u32 * 5 % 90, dim, seed % 2 == 0);
        let mut plain = Matrix::new(shape, Optimizer::Sgd, &mut WorkerRng::new(seed, 0)).unwrap();
        let shared = SharedMatrix::from_matrix(&plain).unwrap();
        let expected = verbs(&mut Online::new(&mut plain, 0.1, Threads::default()), seed);
        let cached = CachedRows::First(seed as u32 % 4 * 10);
        let seen = verbs(&mut Shared::new(&shared, 0.1, cached, 1 + seed as usize % 3 * 60, 16), seed);
        assert!(seen == expected, "seed {seed}: what verbs return");
        let shared = shared.to_matrix().unwrap();
        let same = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same(shared.weights(), plain.weights()) && same(shared.bias(), plain.bias()), "seed {seed}");
    }
}

/// Handles of several workers on a table of zeros, which have all seen row 0 move along the first entry: their axis.
fn handles_with_an_axis(shared: &SharedMatrix, workers: usize) -> Vec<Shared<'_>> {
    let dim = shared.shape().dim;
    let mut first = Array2::zeros((1, dim));
    first[[0, 0]] = 1.0;
    let handle = |_| {
        let mut handle = Shared::new(shared, 1.0, CachedRows::First(8), workers, 16);
        handle.descend(&Rows::List(&[0]), Array2::ones((1, 1)).view(), first.view());
        handle.flush();
        handle
    };
    (0..workers).map(handle).collect()
}

/// Moves that are sums of powers of two are added without rounding, in whatever order.
#[test]
fn moves_across_the_axis_are_added() {
    const WORKERS: usize = 5;
    let shape = TableShape::new(12, 7, true, Init::Zero);
    let shared = SharedMatrix::new(shape, &mut WorkerRng::new(1, 0)).unwrap();
    let mut handles = handles_with_an_axis(&shared, WORKERS);
    let before = shared.to_matrix().unwrap();
    let (mut rng, mut expected) = (WorkerRng::new(2, 0), Array2::<f32>::zeros((12, 8)));
    let mut x = Array2::ones((1, 7));
    x[[0, 0]] = 0.0;
    for step in 0..3000 {
        let row = rng.random_range(1..12u32);
        let k = Array2::from_elem((1, 1), (rng.random_range(0..9) as f32 - 4.0) / 8.0);
        handles[step % WORKERS].descend(&Rows::List(&[row]), k.view(), x.view());
        expected.row_mut(row as usize).iter_mut().skip(1).for_each(|w| *w -= k[[0, 0]]);
    }
    handles.iter_mut().for_each(|h| h.flush());
    drop(handles);
    let matrix = shared.to_matrix().unwrap();
    assert_eq!(matrix.row(0), before.row(0));
    for row in 1..12 {
        assert_eq!(matrix.row(row), &expected.row(row as usize).to_vec()[..7], "row {row}");
        assert_eq!(matrix.bias()[row as usize], expected[[row as usize, 7]]);
    }
}

/// Along the axis each of w workers makes the whole correction: what one of more than two adds to the moves of others
/// is divided by w.
#[test]
fn moves_along_the_axis_are_averaged() {
    for (workers, share) in [(2, 1.0), (4, 0.25), (16, 0.0625)] {
        let shape = TableShape::new(12, 5, false, Init::Zero);
        let shared = SharedMatrix::new(shape, &mut WorkerRng::new(1, 0)).unwrap();
        let mut handles = handles_with_an_axis(&shared, workers);
        let (mut x, k) = (Array2::<f32>::zeros((1, 5)), Array2::from_elem((1, 1), -1.0));
        x[[0, 0]] = 1.0;
        // Of rows that are not cached all moves count.
        for row in [3, 9] {
            handles.iter_mut().for_each(|h| h.descend(&Rows::List(&[row]), k.view(), x.view()));
        }
        handles.iter_mut().for_each(|h| h.flush());
        let matrix = shared.to_matrix().unwrap();
        let n = workers as f32;
        assert_eq!(matrix.row(3), [1.0 + (n - 1.0) * share, 0.0, 0.0, 0.0, 0.0], "{workers} workers");
        assert_eq!(matrix.row(9), [n, 0.0, 0.0, 0.0, 0.0], "{workers} workers");
    }
}

/// A worker exchanges a row after a fixed number of its own updates, and with a lower rate less often, up to 16 times.
/// The number of workers does not count, so that the work a word does not grow with it.
#[test]
fn workers_hear_of_each_other_in_time() {
    let shape = TableShape::new(3, 2, false, Init::Zero);
    let (x, k) = (Array2::ones((1, 2)), Array2::from_elem((1, 1), -1.0));
    for (workers, period) in [(2, 16), (2, 8), (4, 16), (9, 32), (16, 1), (17, 16), (60, 30)] {
        for (rate, growth) in [(1.0, 1), (2.0, 1), (0.5, 2), (0.125, 8), (0.015625, 16)] {
            let shared = SharedMatrix::new(shape, &mut WorkerRng::new(1, 0)).unwrap();
            let mut handle = Shared::new(&shared, 1.0, CachedRows::First(2), workers, period);
            handle.set_rate(rate);
            let mut unseen = 0.0f32;
            for update in 1..600 {
                handle.descend(&Rows::List(&[1]), k.view(), x.view());
                unseen = unseen.max((update as f32 * rate - shared.to_matrix().unwrap().row(1)[0]) / rate + 1.0);
            }
            assert_eq!(unseen as usize, period * growth, "{workers} workers at {rate}");
        }
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

fn train(layer: &str, model: Direction, workers: usize, rate: f32, epochs: u32) -> Result<(Vec<f64>, Model)> {
    let (vocab, corpus) = circle(40, 1500);
    let (encoder, layer) = parts(&layer.parse().unwrap(), vocab.counts(), 10);
    let mut shared = SharedModel::new(encoder, layer, vocab.counts(), 1).unwrap();
    let window = Window::new(model, Context::Both, 2, true).unwrap();
    let settings = {
        let mut made = Hogwild::new(window, LinearDecay::new(rate));
        made.sample = 0.0;
        made.epochs = epochs;
        made.workers = workers;
        made.cached = CachedRows::First(25);
        made.seed = 1;
        made
    };
    let outcome = hogwild(&mut shared, &corpus, vocab.counts(), &settings, &mut |_| {})?;
    Ok((outcome.epochs.iter().map(|e| e.train_loss).collect(), shared.into_model()?))
}

fn assert_learning_of_every_row<'a>(layers: impl IntoIterator<Item = &'a str>, model: Direction) {
    for name in layers {
        let (losses, trained) = train(name, model, 3, 0.02, 4).unwrap();
        let (vocab, corpus) = circle(40, 1500);
        let (encoder, layer) = parts(&name.parse().unwrap(), vocab.counts(), 10);
        let start = SharedModel::new(encoder, layer, vocab.counts(), 1).unwrap().into_model().unwrap();
        // The losses of sparse layers are small from the start: half a unit, and three quarters. A loss on draws grows as
        // the draws come nearer to the softmax.
        // That of `infrequent` hangs on which tenth of the examples is normalized.
        let (before, after) = if start.layer().adaptive().is_some() || name == "infrequent" {
            let window = Window::new(model, Context::Both, 2, false).unwrap();
            let examples = corpus::held_out(&corpus, window, 500).unwrap();
            let nll = |model| eval::held_out(model, &examples, &Threads::default()).nll();
            (nll(&start), nll(&trained))
        } else {
            (losses[0], losses[3])
        };
        let gain = if ["sparsemax", "entmax"].contains(&name) { 0.02 } else { 0.1 };
        assert!(losses.len() == 4 && after < before - gain, "{name}: {before} to {after}, {losses:?}");
        for row in 0..40 {
            assert_ne!(trained.encoder_tables()[0].row(row), start.encoder_tables()[0].row(row), "{name} {row}");
        }
        assert!(bits(&trained).iter().all(|b| f32::from_bits(*b).is_finite()));
    }
}

/// Exchanges and bytes a word from 2 to 16 workers grow at most 1.15-fold, and one worker alone passes nothing on.
#[test]
fn traffic_a_word_does_not_grow_with_workers() {
    let (vocab, corpus) = circle(40, 3000);
    for (name, block) in [("negative", 1), ("negative", 8), ("hierarchical", 1), ("hierarchical", 8)] {
        let traffic = |workers| {
            let layer = name.parse::<LayerSpec>().unwrap();
            let (encoder, layer) = parts(&layer, vocab.counts(), 10);
            let mut shared = SharedModel::new(encoder, layer, vocab.counts(), 1).unwrap();
            let window = Window::new(Direction::Cbow, Context::Both, 2, true).unwrap();
            // A rate that stays: in a text this short workers would hear of its fall at different times.
            let mut settings = Hogwild::new(window, LinearDecay::to(0.05, 0.05).unwrap());
            (settings.epochs, settings.block, settings.workers) = (2, block, workers);
            hogwild(&mut shared, &corpus, vocab.counts(), &settings, &mut |_| {}).unwrap().traffic
        };
        assert_eq!(traffic(1), Traffic::default(), "{name}");
        let [two, sixteen] = [2, 16].map(traffic);
        let grown = |of: fn(&Traffic) -> u64| of(&sixteen) as f64 <= 1.15 * of(&two) as f64;
        assert!(two.bytes > 0 && grown(|t| t.bytes) && grown(|t| t.exchanges), "{name}, {block}: {two:?} {sixteen:?}");
        assert_eq!(two.exchanges > 0, name == "hierarchical", "{name}: {two:?}");
    }
}

#[test]
fn every_layer_learns_skip_gram_with_several_workers_and_no_row_is_left_out() {
    assert_learning_of_every_row(CATALOGUE.iter().map(|entry| entry.name), Direction::SkipGram);
}

#[test]
fn word2vecs_layers_learn_cbow_with_several_workers_and_no_row_is_left_out() {
    assert_learning_of_every_row(["hierarchical", "negative"], Direction::Cbow);
}

#[test]
#[ignore = "soak: every layer"]
fn every_layer_learns_cbow_with_several_workers_and_no_row_is_left_out() {
    assert_learning_of_every_row(CATALOGUE.iter().map(|entry| entry.name), Direction::Cbow);
}

#[test]
fn one_worker_repeats_itself_and_a_wild_rate_is_reported() {
    for model in [Direction::SkipGram, Direction::Cbow] {
        for layer in ["hierarchical", "negative"] {
            let once = || bits(&train(layer, model, 1, 0.05, 1).unwrap().1);
            assert!(once() == once());
        }
    }
    assert!(matches!(train("hierarchical", Direction::SkipGram, 2, 1e30, 1), Err(Error::Diverged { .. })));
    for rate in [f32::NAN, -1.0] {
        assert!(matches!(train("full", Direction::Cbow, 1, rate, 1), Err(Error::OutOfRange { .. })));
    }
    assert!(matches!(train("full", Direction::Cbow, 0, 0.1, 1), Err(Error::OutOfRange { name: "workers", .. })));
    assert!(matches!(train("full", Direction::Cbow, 1, 0.1, 0), Err(Error::OutOfRange { name: "epochs", .. })));
}
