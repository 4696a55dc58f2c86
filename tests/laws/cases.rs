//! Which layers the laws are held against: every line of the catalogue, and variants of their settings.

use crate::reference::{Choice, Criterion, LossSettings, Reference, Scores};
use lexmax::layer::catalogue::{CATALOGUE, Context, LayerSpec};
use lexmax::layer::{Bias, Classes, CostModel, CutoffPlan, Cutoffs, OutputLayer};
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
    "sampled-quadratic:samples=3:alpha=100",
    "sampled-midx:samples=3:codes=2",
    "target-sampled:samples=3",
    "negative:samples=1:proposal=uniform",
    "negative:samples=3",
    "negative:samples=40:proposal=log-uniform",
    "negative:samples=6:power=1",
    "nce:samples=1:proposal=uniform",
    "nce:samples=40",
    "nce:variant=ranking:samples=6",
    "blackout:samples=1",
    "blackout:samples=6:proposal=uniform",
    "blackout:samples=40:power=0.75",
    "one-vs-each:samples=1:proposal=uniform",
    "one-vs-each:samples=40",
    "self-normalized:alpha=2",
    "infrequent:fraction=0.5",
    "infrequent:fraction=0.3:penalty=squared",
    "infrequent:fraction=1",
    "entmax:alpha=1.25",
    "entmax:alpha=1.9",
];

/// Variants where many words are drawn, as large blocks need.
const LARGE_VARIANTS: &[&str] = &[
    "sampled:samples=300",
    "sampled:correction=set:samples=300",
    "sampled:correction=distinct:samples=300",
    "target-sampled:samples=300",
    "negative:samples=300:proposal=log-uniform",
    "nce:samples=300",
    "nce:variant=ranking:samples=300",
    "blackout:samples=300:proposal=log-uniform",
    "one-vs-each:samples=300:proposal=log-uniform",
    "infrequent:fraction=0.5:penalty=squared",
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
    "class-based:ignore=1",
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
    names.push(format!("class-based:sizes=1+{few}+1+rest"));
    names.push("class-based:by=mass:classes=3".into());
    names.push(format!("adaptive:cutoffs=1+{}:division=2", few + 1));
    names.push(format!("adaptive:cutoffs={few}+{}", vocab - 1));
    names.push(format!("adaptive:cutoffs={few}:ignore=1"));
    with_biases(names)
}

/// All but the layers that give words the probability 0.
pub fn dense(vocab: usize, dim: usize) -> Vec<String> {
    let sparse = |name: &String| name.starts_with("sparsemax") || name.starts_with("entmax");
    all(vocab, dim).into_iter().filter(|name| !sparse(name)).collect()
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

/// The naive layer of a name.
pub fn reference(name: &str, counts: &Counts, dim: usize) -> Reference {
    let (scores, criterion) = match name.split(':').next().unwrap() {
        "full" => (Scores::Flat, Criterion::Softmax),
        "hierarchical" => (Scores::Flat, Criterion::Path(tree(name, counts))),
        "differentiated" => (Scores::Slices, Criterion::Softmax),
        "differentiated-projected" => (Scores::Projections, Criterion::Softmax),
        "class-based" => (Scores::Stacked, Criterion::Choices(classes(name, counts))),
        "adaptive" => (Scores::Tails, Criterion::Choices(tails(&cutoffs(name, counts, dim), counts.len()))),
        "sparsemax" => (Scores::Flat, Criterion::Entmax { alpha: 2.0 }),
        "entmax" => (Scores::Flat, Criterion::Entmax { alpha: number(name, "alpha", 1.5) }),
        "sampled" | "sampled-quadratic" | "sampled-midx" => (Scores::Flat, Criterion::Sampled),
        "target-sampled" => (Scores::Flat, Criterion::AmongRows),
        "negative" => (Scores::Flat, Criterion::Noise { ln_q: ln_noise(name, counts, 0.75) }),
        "nce" if name.contains("ranking") => (Scores::Flat, Criterion::Sampled),
        "nce" => (Scores::Flat, Criterion::Contrastive { ln_q: ln_noise(name, counts, 1.0) }),
        "blackout" => (Scores::Flat, Criterion::BlackOut),
        "one-vs-each" => (Scores::Flat, Criterion::OneVsEach),
        "self-normalized" => (Scores::Flat, Criterion::Penalized { alpha: number(name, "alpha", 0.1) }),
        "infrequent" => {
            let alpha = name.contains("squared").then(|| number(name, "alpha", 1.0));
            (Scores::Flat, Criterion::Infrequent { gamma: number(name, "fraction", 0.1), alpha })
        }
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

/// The text behind a key of a layer's name.
fn text<'a>(name: &'a str, key: &str) -> Option<&'a str> {
    name.split(':').find_map(|part| part.strip_prefix(key)?.strip_prefix('='))
}

/// The choices of class-based softmax: the class, then the word in it.
fn classes(name: &str, counts: &Counts) -> Vec<Vec<Choice>> {
    let vocab = counts.len();
    let classes = match text(name, "sizes") {
        Some(sizes) => {
            let mut of_word = Vec::new();
            for (class, size) in (0..).zip(sizes.split('+')) {
                of_word.resize(size.parse().map_or(vocab, |n: usize| of_word.len() + n), class);
            }
            Classes::given(&of_word).unwrap()
        }
        None if name.contains("by=mass") => Classes::by_mass(counts, number(name, "classes", 0.0) as usize).unwrap(),
        None => Classes::by_frequency(vocab, vocab.isqrt().max(1)).unwrap(),
    };
    let heads = classes.len();
    let choices = |word: WordId| {
        let (class, rows) = (classes.class(word), classes.rows(classes.class(word)));
        let of_class = heads + rows.start as usize..heads + rows.end as usize;
        let place = (classes.row(word) - rows.start) as usize;
        vec![Choice { scores: 0..heads, place: class as usize }, Choice { scores: of_class, place }]
    };
    (0..vocab as WordId).map(choices).collect()
}

/// The cut-offs in a name; those of the reference machine without.
fn cutoffs(name: &str, counts: &Counts, dim: usize) -> Vec<usize> {
    if let Some(text) = text(name, "cutoffs") {
        return text.split('+').map(|n| n.parse().unwrap()).collect();
    }
    let plan = CutoffPlan { dim, division: 4.0, batch: 256, tails: 4 };
    Cutoffs::best(counts, &plan, &CostModel::REFERENCE).as_slice().iter().map(|n| *n as usize).collect()
}

/// The choices of adaptive softmax: the head, then the word in its tail.
fn tails(cutoffs: &[usize], vocab: usize) -> Vec<Vec<Choice>> {
    let listed = cutoffs.first().copied().unwrap_or(vocab);
    let heads = listed + cutoffs.len();
    let choices = |word: usize| {
        let Some(tail) = cutoffs.iter().rposition(|first| *first <= word) else {
            return vec![Choice { scores: 0..heads, place: word }];
        };
        // Scores come head first, then tail after tail.
        let end = cutoffs.get(tail + 1).copied().unwrap_or(vocab);
        let of_tail = heads + cutoffs[tail] - listed..heads + end - listed;
        vec![Choice { scores: 0..heads, place: listed + tail }, Choice { scores: of_tail, place: word - cutoffs[tail] }]
    };
    (0..vocab).map(choices).collect()
}

/// The number behind a key of a layer's name.
fn number(name: &str, key: &str, default: f64) -> f64 {
    text(name, key).map_or(default, |value| value.parse().unwrap())
}

/// ln q of the noise: the unigram model to a power, unless its name says otherwise.
fn ln_noise(name: &str, counts: &Counts, power: f64) -> Vec<f64> {
    let power = number(name, "power", power);
    let weight = |w: WordId| match name {
        name if name.contains("log-uniform") => (1.0 / (f64::from(w) + 1.0)).ln_1p(),
        name if name.contains("uniform") => 1.0,
        _ => counts.probability(w).powf(power),
    };
    let sum: f64 = (0..counts.len() as WordId).map(weight).sum();
    (0..counts.len() as WordId).map(|w| (weight(w) / sum).ln()).collect()
}
