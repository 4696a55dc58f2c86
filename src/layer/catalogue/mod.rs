//! All layers by name: `NAME[:key=value]…`.
//!
//! A layer of the crate is one line of [`CATALOGUE`]; the command line, the laws, the benches and the examples run over
//! it. Every layer has the key `bias` (`none`, `zero`, `unigram`), and those of the loss
//! ([`crate::objective::LossOptions`]), which not every layer honours: `smoothing`, `z-loss`, `soft-cap`, `ignore`. The
//! others are beside their layer. A colon in a value, as a path may have, is written twice:
//! `hierarchical:tree=C::\trees\mine`.

mod build;
mod spec;
mod trees;

pub use spec::{LayerKeys, LayerSpec};

use super::{Bias, OutputLayer};
use crate::error::Result;
use crate::optimizer::Optimizer;
use crate::vocab::{Counts, Vocabulary};

/// What a catalogued layer is made from.
pub struct Shape<'a> {
    /// The unigram counts: the vocabulary's size, Huffman's tree, blocks, proposals.
    pub counts: &'a Counts,
    /// The words, for layers that read files about them; without, words are called by their ids: 0, 1, 2, …
    pub words: Option<&'a Vocabulary>,
    /// Size of the hidden vector, d.
    pub dim: usize,
    /// The biases, unless the layer's name says otherwise.
    pub bias: Bias,
}

/// A key that a layer's name may carry.
#[derive(Debug)]
#[non_exhaustive]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// Its values and its default.
    pub doc: &'static str,
}

/// Batch size and rates to start from, as `lexmax compare` on the synthetic language found them (`--vocab 1000`, batches of 16, 64
/// and 256): Adagrad's are the best of 0.05 to 0.8, for newer layers weighed against novels under CBOW at 0.1 to 0.4 (`docs/results.md`
/// has the table); those of plain descent are small enough not to diverge there. They are for hidden vectors that are means of
/// embeddings: after a tanh layer take half, or less.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Tuning {
    /// Examples in a mini-batch.
    pub batch: usize,
    /// Adagrad's rate.
    pub adagrad: f32,
    /// The rate of plain descent on the summed loss of a batch.
    pub sgd: f32,
}

impl Tuning {
    /// The rate for an optimizer.
    pub fn rate(&self, optimizer: &Optimizer) -> f32 {
        match optimizer {
            Optimizer::Sgd => self.sgd,
            Optimizer::Adagrad { .. } => self.adagrad,
        }
    }
}

/// Makes a layer from its settings.
pub type Builder = fn(&LayerKeys, &Shape) -> Result<Box<dyn OutputLayer>>;

/// A layer of the catalogue.
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// The keys that it takes beside `bias`.
    pub keys: &'static [Key],
    /// Where training starts from.
    pub tuning: Tuning,
    build: Builder,
}

impl Entry {
    const fn new(name: &'static str, build: Builder, keys: &'static [Key], tuning: Tuning) -> Self {
        Self { name, keys, tuning, build }
    }
}

const fn key(name: &'static str, doc: &'static str) -> Key {
    Key { name, doc }
}

const fn tuned(batch: usize, adagrad: f32, sgd: f32) -> Tuning {
    Tuning { batch, adagrad, sgd }
}

const PROPOSAL: Key = key("proposal", "uniform, log-uniform or unigram");
const POWER: Key = key("power", "α of the proposal unigram^α");
const TREE: Key = key("tree", "huffman, balanced, random, frequency, kmeans, weighted-kmeans, or a tree's file");
const VECTORS: Key = key("vectors", "a file of word vectors in word2vec's format, for kmeans and weighted-kmeans");
const TEMPERATURE: Key = key("temperature", "by which scores are divided, 1");
const SEED: Key = key("seed", "of random, kmeans and weighted-kmeans, 1");
const SIGMOID: Key = key("sigmoid", "exact, or in training from the table of word2vec, gensim or fasttext");
const BLOCKS: Key = key("blocks", "WORDSxSIZE blocks joined by '+', frequent words first, e.g. 500x12+4000x8+restx4");

/// All layers, in the order of their tables.
///
/// ```
/// use lexmax::layer::catalogue::CATALOGUE;
///
/// let full = CATALOGUE.iter().find(|entry| entry.name == "full").expect("the full softmax");
/// assert_eq!(full.tuning.batch, 256); // where training starts from
/// ```
pub static CATALOGUE: &[Entry] = &[
    Entry::new("full", build::full, &[], tuned(256, 0.2, 0.05)),
    Entry::new("hierarchical", build::hierarchical, &[TREE, VECTORS, SEED, SIGMOID], tuned(64, 0.4, 0.1)),
    Entry::new("differentiated", build::differentiated, &[BLOCKS], tuned(256, 0.4, 0.05)),
    Entry::new("differentiated-projected", build::differentiated_projected, &[BLOCKS], tuned(256, 0.2, 0.05)),
    Entry::new(
        "sampled",
        build::sampled,
        &[
            key("samples", "draws a batch, 256"),
            PROPOSAL,
            POWER,
            key("correction", "replacement, set or distinct (slightly biased)"),
        ],
        tuned(64, 0.2, 0.1),
    ),
    Entry::new(
        "sampled-quadratic",
        build::sampled_quadratic,
        &[key("samples", "draws a batch, 64"), key("alpha", "weight of the square in α·z² + 1, 1")],
        tuned(64, 0.2, 0.1),
    ),
    Entry::new(
        "sampled-midx",
        build::sampled_midx,
        &[key("samples", "draws a batch, 256"), key("codes", "code words in each of two books, 32")],
        tuned(64, 0.2, 0.1),
    ),
    Entry::new(
        "target-sampled",
        build::target_sampled,
        &[key("samples", "words beside the targets, a quarter of all")],
        tuned(256, 0.2, 0.05),
    ),
    Entry::new(
        "negative",
        build::negative,
        &[
            key("samples", "noise words a batch, 5"),
            PROPOSAL,
            POWER,
            SIGMOID,
            key("hits", "whether noise that is the target counts: keep, or drop as in word2vec"),
        ],
        tuned(16, 0.2, 0.2),
    ),
    Entry::new(
        "class-based",
        build::class_based,
        &[
            key("classes", "number of classes, √V"),
            key("by", "frequency (classes of equal size) or mass"),
            key("sizes", "words of each class joined by '+', frequent words first, e.g. 10+90+rest"),
        ],
        tuned(64, 0.2, 0.1),
    ),
    Entry::new(
        "adaptive",
        build::adaptive,
        &[
            key("cutoffs", "numbers of words joined by '+', e.g. 2000+10000; chosen by expected time without"),
            key("tails", "at most so many tails where cut-offs are chosen, 4"),
            key("division", "by which the vectors of each tail are shorter than those before, 4"),
        ],
        tuned(256, 0.2, 0.05),
    ),
    Entry::new("sparsemax", build::sparsemax, &[TEMPERATURE], tuned(64, 0.02, 0.02)),
    Entry::new(
        "entmax",
        build::entmax,
        &[key("alpha", "above 1 (softmax) and at most 2 (sparsemax), 1.5"), TEMPERATURE],
        tuned(64, 0.05, 0.1),
    ),
    Entry::new(
        "nce",
        build::nce,
        &[key("samples", "noise words a batch, 64"), PROPOSAL, POWER, key("variant", "binary or ranking")],
        tuned(64, 0.2, 0.1),
    ),
    Entry::new(
        "blackout",
        build::black_out,
        &[key("samples", "draws a batch, 256"), PROPOSAL, POWER],
        tuned(64, 0.2, 0.1),
    ),
    Entry::new(
        "one-vs-each",
        build::one_vs_each,
        &[key("samples", "draws a batch, 256"), PROPOSAL, POWER],
        tuned(64, 0.2, 0.001),
    ),
    Entry::new(
        "self-normalized",
        build::self_normalized,
        &[key("alpha", "weight of the penalty (ln Z)², 0.1")],
        tuned(256, 0.2, 0.05),
    ),
    Entry::new(
        "infrequent",
        build::infrequent,
        &[
            key("fraction", "share of the examples that are normalized, 0.1"),
            key("penalty", "linear (ln Z) or squared ((ln Z)²)"),
            key("alpha", "weight of the squared penalty, 1"),
        ],
        tuned(256, 0.2, 0.05),
    ),
];

/// The catalogued layer of that name.
pub fn entry(name: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|e| e.name == name)
}
