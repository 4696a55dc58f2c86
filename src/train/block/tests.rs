//! Compares a block at fixed weights with its positions one by one, in f64.

use super::{Block, NextBlock};
use crate::corpus::{Context, Direction, Examples, Window};
use crate::encoder::{BagGradient, MeanEmbedding};
use crate::layer::catalogue::{LayerSpec, Shape};
use crate::layer::{Bias, LayerExt};
use crate::model::{Model, Updates};
use crate::optimizer::Optimizer;
use crate::rng::WorkerRng;
use crate::table::{TableGradient, Tables, Threads};
use crate::train::workspace::Workspace;
use crate::vocab::{Counts, WordId};
use rand::RngExt;

const DIM: usize = 5;

/// A table in f64: the weights row by row, each row followed by its bias.
type Rows = Vec<Vec<f64>>;

fn model(layer: &str, vocab: usize, gradient: BagGradient) -> Model {
    let counts = Counts::new((1..=vocab as u64).map(|rank| 1_000 / rank).collect()).unwrap();
    let layer = layer.parse::<LayerSpec>().unwrap().build(&Shape::new(&counts, DIM, Bias::Zero)).unwrap();
    let encoder = Box::new(MeanEmbedding::new(vocab, DIM).unwrap().with_gradient(gradient));
    let mut model = Model::new(encoder, layer, &counts, Optimizer::Sgd, 3).unwrap();
    let mut rng = WorkerRng::new(4, 4);
    let mut trained = model.trainable(Updates::Online, 0.0, &Threads::default());
    for handles in [&mut trained.handles.encoder, &mut trained.handles.layer] {
        let matrix = handles.matrix_mut(0).expect("a matrix of its own");
        matrix.weights_mut().iter_mut().for_each(|w| *w = rng.random::<f32>() * 2.0 - 1.0);
        matrix.bias_mut().iter_mut().for_each(|b| *b = rng.random::<f32>() * 2.0 - 1.0);
    }
    drop(trained);
    model
}

fn weights(matrix: &crate::table::Matrix) -> Rows {
    let row = |row: u32| matrix.row(row).iter().chain(matrix.bias().get(row as usize)).map(|w| f64::from(*w)).collect();
    (0..matrix.shape().rows).map(row).collect()
}

fn gradient(tables: &mut Tables, like: &Rows) -> Rows {
    let mut dense: Rows = like.iter().map(|row| vec![0.0; row.len()]).collect();
    let Some(TableGradient::Rows { rows, weights, bias }) = tables.gradient(0) else { panic!("rows") };
    for (i, row) in rows.iter().enumerate() {
        let entries = weights.row(i).into_iter().chain(bias.get(i).filter(|_| like[0].len() > DIM));
        dense[*row as usize] = entries.map(|g| f64::from(*g)).collect();
    }
    dense
}

/// Adds the decision at a row of the layer with weight `weight`; the answer is 1 if `yes`. Returns the loss.
fn decide(w: &[f64], d_w: &mut [f64], h: &[f64], d_h: &mut [f64], yes: bool, weight: f64) -> f64 {
    let z: f64 = w[DIM] + w.iter().zip(h).map(|(w, h)| w * h).sum::<f64>();
    let k = weight * (1.0 / (1.0 + (-z).exp()) - f64::from(u8::from(yes)));
    (0..DIM).for_each(|i| d_h[i] += k * w[i]);
    (0..DIM).for_each(|i| d_w[i] += k * h[i]);
    d_w[DIM] += k;
    let against = if yes { -z } else { z };
    weight * (against.max(0.0) + (-against.abs()).exp().ln_1p())
}

/// The criterion of a layer: the decisions of a target, and the noise of all targets with its weight. `drops_hits`
/// drops noise words that equal the target.
struct Criterion<'a> {
    path: &'a dyn Fn(WordId) -> Vec<(u32, bool)>,
    noise: &'a [WordId],
    share: f64,
    drops_hits: bool,
}

/// Loss and gradients of all examples, computed one by one.
fn one_by_one(examples: &Examples, e: &Rows, w: &Rows, whole: bool, criterion: &Criterion) -> (f64, [Rows; 2]) {
    let zero = |like: &Rows| -> Rows { like.iter().map(|row| vec![0.0; row.len()]).collect() };
    let (mut loss, mut d_e, mut d_w) = (0.0, zero(e), zero(w));
    for b in 0..examples.len() {
        let (bag, target) = (examples.contexts(b), examples.targets[b]);
        let n = bag.len() as f64;
        let h: Vec<f64> = (0..DIM).map(|i| bag.iter().map(|c| e[*c as usize][i]).sum::<f64>() / n).collect();
        let mut d_h = vec![0.0; DIM];
        let mut decide = |row: u32, yes: bool, weight: f64| {
            let row = row as usize;
            loss += decide(&w[row], &mut d_w[row], &h, &mut d_h, yes, weight);
        };
        (criterion.path)(target).into_iter().for_each(|(row, yes)| decide(row, yes, 1.0));
        for noise in criterion.noise.iter().filter(|noise| !(criterion.drops_hits && **noise == target)) {
            decide(*noise, false, criterion.share);
        }
        let share = if whole { 1.0 } else { 1.0 / n };
        bag.iter().for_each(|c| (0..DIM).for_each(|i| d_e[*c as usize][i] += share * d_h[i]));
    }
    (loss, [d_e, d_w])
}

fn assert_close(found: &Rows, expected: &Rows, what: &str) {
    for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
        for (f, e) in found.iter().zip(expected) {
            assert!((f - e).abs() <= 2e-5 * (1.0 + e.abs()), "{what}, row {row}: {f}, not {e}");
        }
    }
}

/// Compares the block of these positions in a sentence with the same positions one by one.
fn assert_block(
    layer: &str,
    vocab: usize,
    sentence: &[WordId],
    at: std::ops::Range<usize>,
    window: Window,
    whole: bool,
) {
    let what =
        format!("{layer}, {vocab} words, {} words in a sentence, {at:?}, {window:?}, whole {whole}", sentence.len());
    let mut model = model(layer, vocab, if whole { BagGradient::Whole } else { BagGradient::Mean });
    let (e, w) = (weights(&model.encoder_tables()[0]), weights(&model.layer_tables()[0]));
    // Draws the same sizes as the block does.
    let (mut rng, mut examples) = (WorkerRng::new(7, 1), Examples::new());
    for position in at.clone() {
        let reduced = window.draw_size(&mut rng);
        window.examples_at(sentence, position, reduced, &mut examples);
    }
    let (mut work, mut block) = (Workspace::new(DIM, WorkerRng::new(7, 2)), Block::default());
    let count = block.fill(sentence, at, &window, &mut WorkerRng::new(7, 1));
    assert_eq!(count, examples.len(), "{what}");
    if count == 0 {
        return;
    }
    let mut trained = model.trainable(Updates::Deferred, 0.1, &Threads::default());
    let parts = (trained.encoder, &*trained.layer);
    let loss = block.step(&mut work, parts, &mut trained.handles, window.direction(), NextBlock::default());
    let [d_e, d_w] =
        [(&mut trained.handles.encoder, &e), (&mut trained.handles.layer, &w)].map(|(t, w)| gradient(t, w));
    let tree = trained.layer.tree();
    let path = |word: WordId| match tree {
        Some(tree) => tree.ancestors(word).map(|(node, code)| (node, !code)).collect(),
        None => vec![(word, true)],
    };
    let noise = if tree.is_some() { &[] } else { &work.scratch.draws.words[..] };
    assert!(tree.is_some() || noise.len() > 3, "a block shares its noise");
    let (share, drops_hits) = (3.0 / noise.len().max(1) as f64, layer.contains("drop"));
    let criterion = Criterion { path: &path, noise, share, drops_hits };
    let (expected, [of_e, of_w]) = one_by_one(&examples, &e, &w, whole, &criterion);
    assert!((loss - expected).abs() <= 1e-5 * expected, "{what}: a loss of {loss}, not {expected}");
    assert_close(&d_e, &of_e, &format!("{what}, encoder"));
    assert_close(&d_w, &of_w, &format!("{what}, layer"));
    assert_eq!(trained.layer.vocab(), vocab);
}

#[test]
fn a_block_is_the_sum_of_its_positions() {
    let mut rng = WorkerRng::new(1, 8);
    // With few words, a word comes twice in a window, and as input, target and noise. With 400, paths share nodes and
    // part.
    for vocab in [2, 6, 400] {
        for layer in ["hierarchical", "negative:samples=3", "negative:samples=3:hits=drop"] {
            for (direction, whole) in [
                (Direction::SkipGram, true),
                (Direction::Cbow, true),
                (Direction::Cbow, false),
                (Direction::SkipGram, false),
            ] {
                for (len, at, size) in [
                    (12, 2..10, 3),
                    (12, 0..12, 2),
                    (5, 0..5, 9),
                    (2, 0..2, 5),
                    (9, 8..9, 2),
                    (70, 1..65, 4),
                    (1, 0..1, 2),
                ] {
                    let sentence: Vec<WordId> = (0..len).map(|_| rng.random_range(0..vocab as u32)).collect();
                    for (context, dynamic) in [(Context::Both, true), (Context::Left, false)] {
                        let window = Window::new(direction, context, size, dynamic).unwrap();
                        assert_block(layer, vocab, &sentence, at.clone(), window, whole);
                    }
                }
            }
        }
    }
}

#[test]
fn inputs_are_places_and_not_words() {
    let mut block = Block::default();
    let window = Window::new(Direction::Cbow, Context::Both, 1, false).unwrap();
    let sentence = [7, 7, 3, 7, 5, 9];
    assert_eq!(block.fill(&sentence, 1..3, &window, &mut WorkerRng::new(1, 1)), 2);
    assert_eq!((&block.inputs[..], &block.targets[..]), (&[7, 7, 3, 7][..], &[7, 3][..]));
    assert_eq!((&block.members[..], &block.offsets[..]), (&[0, 2, 1, 3][..], &[0, 2, 4][..]));
    // A single position is not its own input.
    block.fill(&sentence, 4..5, &window, &mut WorkerRng::new(1, 1));
    assert_eq!((&block.inputs[..], &block.members[..]), (&[7, 9][..], &[0, 1][..]));
    assert_eq!(block.fill(&sentence[..1], 0..1, &window, &mut WorkerRng::new(1, 1)), 0);
}
