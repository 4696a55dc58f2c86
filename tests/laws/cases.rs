//! Which layers the laws are held against: every line of the catalogue, and variants of their settings.

use crate::reference::{Criterion, LossSettings, Reference, Scores};
use lexmax::layer::catalogue::{CATALOGUE, Context, LayerSpec};
use lexmax::layer::{Bias, OutputLayer};
use lexmax::tree::Tree;
use lexmax::vocab::{Counts, WordId};

/// Sampled variants that exist from 6 words on.
const VARIANTS: &[&str] = &[
    "sampled:samples=1",
    "sampled:samples=6:proposal=uniform",
    "sampled:samples=40:proposal=unigram",
    "sampled:samples=6:proposal=unigram:power=0.75",
    "sampled:correction=set",
    "sampled:correction=set:samples=4:proposal=unigram",
    "sampled:correction=distinct:samples=6",
    "sampled:correction=distinct:samples=1:proposal=uniform",
    "target-sampled:samples=3",
    "negative:samples=1:proposal=uniform",
    "negative:samples=3",
    "negative:samples=40:proposal=log-uniform",
    "negative:samples=6:power=1",
];

/// Variants where many words are drawn, as large blocks need.
const LARGE_VARIANTS: &[&str] = &[
    "sampled:samples=300",
    "sampled:correction=set:samples=300",
    "sampled:correction=distinct:samples=300",
    "target-sampled:samples=300",
    "negative:samples=300:proposal=log-uniform",
];

/// Options of the loss, where layers honour them.
const OPTIONS: &[&str] = &[
    "full:smoothing=0.1",
    "full:z-loss=0.01",
    "full:soft-cap=5",
    "full:ignore=2",
    "full:smoothing=0.2:z-loss=0.003:soft-cap=3:ignore=4000000000",
    "differentiated:smoothing=0.3:z-loss=0.01:ignore=1",
    "differentiated-projected:smoothing=0.1:soft-cap=4",
    "hierarchical:ignore=1",
];

/// Every line of the catalogue with its defaults, with and without biases.
pub fn defaults() -> Vec<String> {
    with_biases(CATALOGUE.iter().map(|entry| entry.name.to_string()).collect())
}

/// The catalogue, the blocks of the differentiated layers, and the sampled variants.
pub fn all(vocab: usize, dim: usize) -> Vec<String> {
    let variants = if vocab >= 600 { LARGE_VARIANTS } else { VARIANTS };
    let options = if vocab >= 6 { OPTIONS } else { &[] };
    let names = CATALOGUE.iter().map(|entry| entry.name).chain(variants.iter().chain(options).copied());
    let mut names: Vec<String> = names.map(String::from).collect();
    let (few, wide, narrow) = (vocab / 5, dim / 2, dim / 3);
    let rest = dim - wide - narrow;
    names.extend(["balanced", "random:seed=3", "frequency"].map(|tree| format!("hierarchical:tree={tree}")));
    names.push(format!("differentiated:blocks={few}x{wide}+{few}x{narrow}+restx{rest}"));
    names.push(format!("differentiated:blocks=1x{narrow}+restx{}", dim - narrow));
    names.push(format!("differentiated-projected:blocks={few}x{dim}+1x1+restx{narrow}"));
    with_biases(names)
}

fn with_biases(names: Vec<String>) -> Vec<String> {
    names.iter().flat_map(|name| ["none", "unigram"].map(|bias| format!("{name}:bias={bias}"))).collect()
}

/// Counts as Zipf's law has them, with ties at the end.
pub fn zipf(vocab: usize) -> Counts {
    Counts::new((1..=vocab as u64).map(|rank| 1 + 5000 / rank).collect()).unwrap()
}

pub fn build(name: &str, counts: &Counts, dim: usize) -> Box<dyn OutputLayer> {
    let spec: LayerSpec = name.parse().unwrap_or_else(|e| panic!("{name}: {e}"));
    spec.build(&Context { counts, words: None, dim, bias: Bias::None }).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Whether a step draws; a layer that does not minimizes −ln P exactly.
pub fn draws(layer: &dyn OutputLayer) -> bool {
    layer.expected_cost(&[0]).draws > 0 || layer.expected_cost(&[]).draws > 0
}

/// The naive layer of a name.
pub fn reference(name: &str, counts: &Counts) -> Reference {
    let (scores, criterion) = match name.split(':').next().unwrap() {
        "full" => (Scores::Flat, Criterion::Softmax),
        "hierarchical" => (Scores::Flat, Criterion::Path(tree(name, counts))),
        "differentiated" => (Scores::Slices, Criterion::Softmax),
        "differentiated-projected" => (Scores::Projections, Criterion::Softmax),
        "sampled" => (Scores::Flat, Criterion::Sampled),
        "target-sampled" => (Scores::Flat, Criterion::AmongRows),
        "negative" => (Scores::Flat, Criterion::Noise { ln_q: ln_noise(name, counts) }),
        other => panic!("the catalogue has {other}: give it a naive reference here"),
    };
    Reference { scores, criterion, loss: loss_settings(name) }
}

/// The options of the loss that a name has.
fn loss_settings(name: &str) -> LossSettings {
    let value = |key: &str| name.split(':').find_map(|part| part.strip_prefix(key)?.strip_prefix('='));
    // As the layer has them, in f32.
    let number = |key| value(key).map(|v| f64::from(v.parse::<f32>().unwrap()));
    LossSettings {
        smoothing: number("smoothing").unwrap_or(0.0),
        z_loss: number("z-loss").unwrap_or(0.0),
        cap: number("soft-cap"),
        ignored: value("ignore").map(|v| v.parse().unwrap()),
        word_weights: None,
    }
}

fn tree(name: &str, counts: &Counts) -> Tree {
    match name {
        name if name.contains("tree=balanced") => Tree::balanced(counts),
        name if name.contains("tree=random") => Tree::random(counts, 3),
        name if name.contains("tree=frequency") => Tree::by_frequency(counts),
        _ => Tree::huffman(counts),
    }
}

/// ln q of negative sampling's noise: the unigram model to the power of 0.75, unless its name says otherwise.
fn ln_noise(name: &str, counts: &Counts) -> Vec<f64> {
    let weight = |w: WordId| match name {
        name if name.contains("log-uniform") => (1.0 / (f64::from(w) + 1.0)).ln_1p(),
        name if name.contains("uniform") => 1.0,
        name if name.contains("power=1") => counts.probability(w),
        _ => counts.probability(w).powf(0.75),
    };
    let sum: f64 = (0..counts.len() as WordId).map(weight).sum();
    (0..counts.len() as WordId).map(|w| (weight(w) / sum).ln()).collect()
}
