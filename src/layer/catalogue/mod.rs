//! The catalogue of all layers by name: `NAME[:key=value]…`.
//!
//! Each layer of the crate is one entry of [`CATALOGUE`]. The command line, the laws, the benches and the examples
//! iterate over it. A [`Key`] declares its values and its default once, for parsing and for messages.
//!
//! Every layer has the key `bias` and the keys of the loss ([`crate::objective::LossOptions`]): `smoothing`, `z-loss`,
//! `soft-cap`, `ignore`. Some layers reject some of the loss options. All other keys belong to single layers. A colon
//! in a value, for example in a path, is doubled: `hierarchical:tree=C::\trees\mine`.

mod build;
mod key;
mod settings;
mod spec;
mod trees;
mod words;

pub use key::{Key, Otherwise, Values};
pub use settings::LayerKeys;
pub use spec::LayerSpec;
#[cfg(feature = "eval")]
pub(crate) use spec::files_digest;
#[cfg(feature = "check")]
pub(crate) use words::ProposalName;
pub(crate) use words::{ClassRule, Penalty};

use self::Otherwise::{Rule, Value};
use self::Values::{Form, Words, WordsOr};
use self::key::{COMMON, COUNT, NUMBER, power, proposal, samples};
use self::words::{Correction, TreeName};
use super::{Bias, Contrast, CutoffPlan, NoiseHits, OutputLayer};
use crate::error::Result;
use crate::names::names;
use crate::objective::Sigmoid;
use crate::optimizer::Optimizer;
use crate::vocab::{Counts, Vocabulary};
use std::fmt;

/// The sizes and data from which a layer of the catalogue is built.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Shape<'a> {
    /// The unigram counts. They define the vocabulary size, Huffman trees, blocks and proposals.
    pub counts: &'a Counts,
    /// The words, for layers that read files about them. Without them, the ids 0, 1, 2, … serve as names.
    pub words: Option<&'a Vocabulary>,
    /// Size of the hidden vector, d.
    pub dim: usize,
    /// The biases, unless the name of the layer sets them.
    pub bias: Bias,
}

impl<'a> Shape<'a> {
    /// Creates a shape for hidden vectors of size `dim`. The ids of the words serve as their names.
    pub fn new(counts: &'a Counts, dim: usize, bias: Bias) -> Self {
        Self { counts, words: None, dim, bias }
    }

    /// Sets the words, for layers that read files about them. The counts must belong to this vocabulary.
    #[must_use]
    pub fn words(self, words: &'a Vocabulary) -> Self {
        Self { words: Some(words), ..self }
    }
}

impl fmt::Debug for Shape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Shape")
            .field("vocab", &self.counts.len())
            .field("dim", &self.dim)
            .field("bias", &self.bias)
            .finish_non_exhaustive()
    }
}

/// Recommended batch size and rates.
///
/// They come from `lexmax compare` on the synthetic language (`--vocab 1000`, batches of 16, 64 and 256). The rate for
/// Adagrad is the best of 0.05 to 0.8. Some layers were also tried on novels under CBOW at 0.1 to 0.4 (table in
/// `docs/results.md`). The rate of plain descent is small enough not to diverge there. The rates suit hidden vectors
/// that are means of embeddings. After a tanh layer, use half or less.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Tuning {
    /// Examples in a mini-batch.
    pub batch: usize,
    /// The rate for Adagrad.
    pub adagrad: f32,
    /// The rate of plain descent (SGD) on the summed loss of a batch.
    pub sgd: f32,
}

impl Tuning {
    /// Returns the rate for an optimizer.
    pub fn rate(&self, optimizer: &Optimizer) -> f32 {
        match optimizer {
            Optimizer::Sgd => self.sgd,
            Optimizer::Adagrad { .. } => self.adagrad,
        }
    }
}

/// Function that builds a layer from its settings.
pub type Builder = fn(&LayerKeys, &Shape) -> Result<Box<dyn OutputLayer>>;

/// A layer of the catalogue.
pub struct Entry {
    /// The name of the layer.
    pub name: &'static str,
    /// The layer's own keys, without those that every layer has.
    pub keys: &'static [Key],
    /// Recommended batch size and rates.
    pub tuning: Tuning,
    /// Whether a step takes at least as long as one of full softmax. Such a layer is compared only if it is named.
    pub costly: bool,
    /// Whether a step of the layer reads all of its rows or a large part of them. Training on a text takes such a layer
    /// in mini-batches by default.
    pub dense: bool,
    build: Builder,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Entry")
            .field("name", &self.name)
            .field("keys", &self.keys)
            .field("tuning", &self.tuning)
            .finish_non_exhaustive()
    }
}

impl Entry {
    const fn new(name: &'static str, build: Builder, keys: &'static [Key], tuning: Tuning) -> Self {
        Self { name, keys, tuning, costly: false, dense: false, build }
    }

    /// Marks the layer as costly, so that it is compared only if it is named.
    const fn costly(self) -> Self {
        Self { costly: true, ..self }
    }

    /// Marks the layer as dense, so that a text is trained on in mini-batches.
    const fn dense(self) -> Self {
        Self { dense: true, ..self }
    }

    /// Returns all keys of the layer: its own, then those of every layer.
    pub fn all_keys(&self) -> impl Iterator<Item = &'static Key> {
        self.keys.iter().chain(&COMMON)
    }

    /// Returns the key with this name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.all_keys().find(|key| key.name == name)
    }

    /// Whether the layer itself, and not every layer, has this key.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.name == name)
    }
}

const fn tuned(batch: usize, adagrad: f32, sgd: f32) -> Tuning {
    Tuning { batch, adagrad, sgd }
}

const TREE: Key = Key::new(
    "tree",
    WordsOr(names::<TreeName>, "the file of a tree"),
    Value("huffman"),
    "binary tree; kmeans and weighted-kmeans cluster word vectors",
);
const VECTORS: Key =
    Key::new("vectors", Form("a file of word vectors to cluster"), Rule("none"), "word vectors of the tree")
        .beside("tree", &["kmeans", "weighted-kmeans"]);
const TEMPERATURE: Key = Key::new("temperature", NUMBER, Value("1"), "divisor of the scores");
const SEED: Key = Key::new("seed", Form("a whole number"), Value("1"), "seed of the tree")
    .beside("tree", &["random", "kmeans", "weighted-kmeans"]);
const SIGMOID: Key = Key::new(
    "sigmoid",
    Words(names::<Sigmoid>),
    Value("exact"),
    "sigmoid in gradients, exact or from the table of another program",
);
const BLOCKS: Key = Key::new(
    "blocks",
    Form("WORDSxSIZE joined by '+', where the last WORDS may be 'rest'"),
    Rule("by counts and the hidden size"),
    "blocks of words and the sizes of their vectors, frequent words first, e.g. 500x12+4000x8+restx4",
);

const DRAWS: &str = "words drawn for each batch";
const NOISE: &str = "noise words for each batch";

/// All layers, in the order of the tables in the documentation.
///
/// ```
/// use lexmax::layer::catalogue::CATALOGUE;
///
/// let full = CATALOGUE.iter().find(|entry| entry.name == "full").expect("the full softmax");
/// assert_eq!(full.tuning.batch, 256); // the recommended batch size
/// ```
pub static CATALOGUE: &[Entry] = &[
    Entry::new("full", build::full, &[], tuned(256, 0.2, 0.05)).dense(),
    Entry::new("hierarchical", build::hierarchical, &[TREE, VECTORS, SEED, SIGMOID], tuned(64, 0.4, 0.1)),
    Entry::new("differentiated", build::differentiated, &[BLOCKS], tuned(256, 0.4, 0.05)).dense(),
    Entry::new("differentiated-projected", build::differentiated_projected, &[BLOCKS], tuned(256, 0.2, 0.05)).dense(),
    Entry::new(
        "sampled",
        build::sampled,
        &[
            samples("256", DRAWS),
            proposal("log-uniform"),
            power("1"),
            Key::new(
                "correction",
                Words(names::<Correction>),
                Value("replacement"),
                "way to draw, with its correction (for distinct draws it is slightly biased)",
            ),
        ],
        tuned(64, 0.2, 0.1),
    ),
    Entry::new(
        "sampled-quadratic",
        build::sampled_quadratic,
        &[samples("64", DRAWS), Key::new("alpha", NUMBER, Value("1"), "α of the sampling kernel α·z² + 1")],
        tuned(64, 0.2, 0.1),
    )
    .costly(),
    Entry::new(
        "sampled-midx",
        build::sampled_midx,
        &[samples("256", DRAWS), Key::new("codes", COUNT, Value("32"), "code words in each of the two codebooks")],
        tuned(64, 0.2, 0.1),
    ),
    Entry::new(
        "target-sampled",
        build::target_sampled,
        &[Key::new("samples", COUNT, Rule("a quarter of the vocabulary"), "words drawn beside the targets, at most V")],
        tuned(256, 0.2, 0.05),
    )
    .dense(),
    Entry::new(
        "negative",
        build::negative,
        &[
            samples("5", NOISE),
            proposal("unigram"),
            power("0.75"),
            SIGMOID,
            Key::new(
                "hits",
                Words(names::<NoiseHits>),
                Value("keep"),
                "treatment of a noise word that equals the target",
            ),
        ],
        tuned(16, 0.2, 0.2),
    ),
    Entry::new(
        "class-based",
        build::class_based,
        &[
            Key::new("classes", COUNT, Rule("√V"), "number of classes, at most V"),
            Key::new(
                "by",
                Words(names::<ClassRule>),
                Value("frequency"),
                "quantity that is equal in all classes: number of words, or probability",
            ),
            Key::new(
                "sizes",
                Form("numbers of words from 1 joined by '+' that sum to the vocabulary; the last may be 'rest'"),
                Rule("by `classes` and `by`"),
                "words in each class, frequent words first, e.g. 10+90+rest",
            ),
        ],
        tuned(64, 0.2, 0.1),
    ),
    Entry::new(
        "adaptive",
        build::adaptive,
        &[
            Key::new(
                "cutoffs",
                Form("whole numbers joined by '+'"),
                Rule("least expected time"),
                "numbers of words at which the tails begin, e.g. 2000+10000",
            ),
            Key::new(
                "tails",
                Form("a whole number from 0 to 16"),
                Value(CutoffPlan::TAILS),
                "most tails, if the cut-offs are chosen here",
            ),
            Key::new(
                "division",
                Form("a number from 1"),
                Value(CutoffPlan::DIVISION),
                "factor that shortens the vectors from one tail to the next",
            ),
        ],
        tuned(256, 0.2, 0.05),
    )
    .dense(),
    Entry::new("sparsemax", build::sparsemax, &[TEMPERATURE], tuned(64, 0.02, 0.02)).costly().dense(),
    Entry::new(
        "entmax",
        build::entmax,
        &[
            Key::new("alpha", NUMBER, Value("1.5"), "α of entmax, from above 1 (near softmax) to 2 (sparsemax)"),
            TEMPERATURE,
        ],
        tuned(64, 0.05, 0.1),
    )
    .costly()
    .dense(),
    Entry::new(
        "nce",
        build::nce,
        &[
            samples("64", NOISE),
            proposal("unigram"),
            power("1"),
            Key::new(
                "variant",
                Words(names::<Contrast>),
                Value("binary"),
                "loss that separates the target from the noise",
            ),
        ],
        tuned(64, 0.2, 0.1),
    ),
    Entry::new(
        "blackout",
        build::black_out,
        &[samples("256", DRAWS), proposal("unigram"), power("1")],
        tuned(64, 0.2, 0.1),
    ),
    Entry::new(
        "one-vs-each",
        build::one_vs_each,
        &[samples("256", DRAWS), proposal("unigram"), power("1")],
        tuned(64, 0.2, 0.001),
    ),
    Entry::new(
        "self-normalized",
        build::self_normalized,
        &[Key::new("alpha", NUMBER, Value("0.1"), "weight of the penalty (ln Z)²")],
        tuned(256, 0.2, 0.05),
    )
    .costly()
    .dense(),
    Entry::new(
        "infrequent",
        build::infrequent,
        &[
            Key::new("fraction", NUMBER, Value("0.1"), "share of the examples that is normalized"),
            Key::new(
                "penalty",
                Words(names::<Penalty>),
                Value("linear"),
                "form of the penalty: of ln Z, or of (ln Z)²",
            ),
            Key::new("alpha", NUMBER, Value("1"), "weight of the squared penalty").beside("penalty", &["squared"]),
        ],
        tuned(256, 0.2, 0.05),
    )
    .dense(),
];

/// Returns all layers with their defaults.
pub fn all_layers() -> Vec<LayerSpec> {
    CATALOGUE.iter().map(LayerSpec::of).collect()
}

/// Returns the keys that every layer has.
pub fn common_keys() -> &'static [Key] {
    &COMMON
}

/// Returns the layer with this name.
pub fn entry(name: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|e| e.name == name)
}
