//! The layers that the laws are tested on: the whole catalogue, and variants of its settings.

use lexmax::check::Reference;
use lexmax::layer::catalogue::{CATALOGUE, LayerSpec, Shape};
use lexmax::layer::{Bias, OutputLayer};
use lexmax::vocab::Counts;

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
    "entmax:temperature=3",
    "sparsemax:temperature=30",
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
    spec.build(&Shape::new(counts, dim, Bias::None)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The naive layer of a name.
pub fn reference(name: &str, counts: &Counts, dim: usize) -> Reference {
    let spec: LayerSpec = name.parse().unwrap_or_else(|e| panic!("{name}: {e}"));
    let context = Shape::new(counts, dim, Bias::None);
    Reference::of(&spec, &context).unwrap_or_else(|e| panic!("{name}: {e}"))
}
