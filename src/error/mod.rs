//! The one error type of the crate: every variant carries the value, the limit and the place.

mod evaluation;
mod head;
mod input;
mod io;
mod model;
mod output;
pub(crate) mod shown;
mod simd;
mod text;
mod training;
mod tree;
mod vectors;
mod vocabulary;

pub use self::{evaluation::EvaluationFault, head::HeadFault, input::InputFault, simd::SimdFault, tree::TreeFault};
pub use self::{output::OutputFault, output::Unfit, vocabulary::VocabularyFault};
pub use model::{LinksFault, ModelFault, WordFault};
pub use text::TextFault;
pub use training::{CheckpointFault, Divergence, InitFault};
pub use vectors::{Place, VectorsFault};

use shown::{did_you_mean, file, files, no_words, quoted, reason, value, words};
use std::borrow::Cow;
use std::path::PathBuf;

/// An error of the crate: each variant is one thing that a caller can hand in wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or a directory could not be read or written.
    #[error("{}: {}", file(path), reason(source))]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// A text file holds bytes that are not UTF-8.
    #[error("{}:{line}: byte {byte} of the line is not UTF-8; convert the text", file(path))]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The first bad byte in the line, from 1.
        byte: usize,
    },
    /// A pattern without a match, or a directory without a file.
    #[error("{}: no file there; check the path or the pattern", file(path))]
    NoFiles {
        /// The pattern or the directory.
        path: PathBuf,
    },
    /// A text is of another kind or holds other bytes, or cannot be named so.
    #[error(transparent)]
    Text(#[from] TextFault),
    /// A vocabulary's file cannot be read.
    #[error("{}:{line}: {fault}", file(path))]
    VocabularyFile {
        /// The file.
        path: PathBuf,
        /// The line, from 1; the last one if the whole file lacks something.
        line: u64,
        /// The fault.
        fault: VocabularyFault,
    },
    /// The text has no word that is frequent enough.
    #[error("{}: {}", files(paths), no_words(*tokens, *too_long, *min_count))]
    NoWords {
        /// The files.
        paths: Vec<PathBuf>,
        /// Tokens read.
        tokens: u64,
        /// Tokens dropped as too long.
        too_long: u64,
        /// The count from which a word is kept.
        min_count: u64,
    },
    /// A held-out text has no word of the vocabulary.
    #[error("{}: none of its {tokens} tokens is in the vocabulary; check its language and text rules", files(paths))]
    NoKnownWords {
        /// The files.
        paths: Vec<PathBuf>,
        /// Tokens read.
        tokens: u64,
    },
    /// A text has words but yields no example for the model.
    #[error("{}: no example: no line has two known words; use longer lines or another vocabulary", files(paths))]
    NoExamples {
        /// The files.
        paths: Vec<PathBuf>,
    },
    /// A vocabulary without a word.
    #[error("the vocabulary is empty; give it at least one word")]
    EmptyVocabulary,
    /// The crate was built without its feature `text`.
    #[error("this program was built without the feature `text` of lexmax, which {0} needs; build it with that")]
    NoText(&'static str),
    /// More words than ids.
    #[error("{words} words, but a vocabulary holds at most {limit}; leave out rare words")]
    TooManyWords {
        /// Words given.
        words: usize,
        /// The limit.
        limit: usize,
    },
    /// Counts must fall, since layers rely on it.
    #[error("counts must fall: word {word} has {count}, the word before it {previous}; sort words by count")]
    CountsNotFalling {
        /// The word.
        word: usize,
        /// Its count.
        count: u64,
        /// The count before it.
        previous: u64,
    },
    /// A word with no count has no probability in the unigram model.
    #[error("word {word} has count 0; every word of a vocabulary needs at least 1")]
    ZeroCount {
        /// The word.
        word: usize,
    },
    /// A setting lies outside its range.
    #[error("{name} is {value}, but must be {limit}")]
    OutOfRange {
        /// The option or the parameter.
        name: &'static str,
        /// The value given.
        value: f64,
        /// The values that it may have.
        limit: &'static str,
    },
    /// Two settings that exclude one another.
    #[error("{setting} has no effect with {other}; remove one of them")]
    NotWith {
        /// The setting.
        setting: &'static str,
        /// The other setting.
        other: &'static str,
    },
    /// Two settings that cannot both hold.
    #[error("{first} and {second} contradict each other: {hint}")]
    Contradiction {
        /// The one.
        first: &'static str,
        /// The other.
        second: &'static str,
        /// The remedy.
        hint: &'static str,
    },
    /// A layer's name that is not in the catalogue.
    #[error("there is no layer {}; there are: {known}", quoted(name), known = known.join(", "))]
    UnknownLayer {
        /// The name given.
        name: String,
        /// The names there are.
        known: Vec<&'static str>,
    },
    /// One layer is named twice, but names must tell the layers apart.
    #[error("layer {} is named twice; remove one of them", value(.0))]
    RepeatedLayer(String),
    /// Vocabulary sizes that cannot be read: the text, and the values that it may have.
    #[error("vocab is {}, but must be {}", quoted(.0), .1)]
    NoVocabs(String, &'static str),
    /// A key that the layer lacks.
    #[error("layer {layer} has no key {}; it has: {known}", quoted(key), known = known.join(", "))]
    UnknownLayerKey {
        /// The layer.
        layer: &'static str,
        /// The key given.
        key: String,
        /// The keys it has.
        known: Vec<&'static str>,
    },
    /// The same key twice in one name of a layer.
    #[error("layer {layer}: {} is given twice; remove one of them", value(key))]
    RepeatedLayerKey {
        /// The layer.
        layer: &'static str,
        /// The key.
        key: String,
    },
    /// A key's value cannot be read.
    #[error("layer {layer}: {}={}, but it must be {expected}", shown::value(key), quoted(value))]
    LayerValue {
        /// The layer.
        layer: &'static str,
        /// The key.
        key: String,
        /// The value given.
        value: String,
        /// The values that it may have.
        expected: Cow<'static, str>,
    },
    /// A layer cannot honour an option of the loss.
    #[error("{layer} cannot honour {option}; leave it out, or choose a layer that can")]
    LossOption {
        /// The layer.
        layer: &'static str,
        /// The option.
        option: &'static str,
    },
    /// An encoder or a layer does not take several positions as one step.
    #[error("{part} takes one position at a time, not blocks of {block}; set block to 1, or take {other}")]
    NoBlocks {
        /// The encoder or the layer.
        part: &'static str,
        /// Positions of a block.
        block: usize,
        /// Layers or encoders that take blocks.
        other: &'static str,
    },
    /// Weights of words do not fit the vocabulary.
    #[error("{weights} weights for {vocab} words; give one weight for each word")]
    WordWeightsMissWords {
        /// Weights given.
        weights: usize,
        /// Words in the vocabulary.
        vocab: usize,
    },
    /// The blocks of differentiated softmax do not fit the vocabulary.
    #[error("blocks hold {words} words, but the vocabulary has {vocab}; change the last block")]
    BlocksMissWords {
        /// Words in the blocks.
        words: usize,
        /// Words in the vocabulary.
        vocab: usize,
    },
    /// The slices of differentiated softmax do not fit the hidden vector.
    #[error("the slices of the blocks sum to {sum}, but the hidden vector has {dim} entries; make them equal")]
    SlicesMissDim {
        /// Sum of the block sizes.
        sum: usize,
        /// The hidden size.
        dim: usize,
    },
    /// A tree's file is not a tree of the vocabulary.
    #[error("{}:{line}: {fault}", file(path))]
    TreeFile {
        /// The file.
        path: PathBuf,
        /// The line, from 1; the last one if a word is missing.
        line: u64,
        /// The fault.
        fault: TreeFault,
    },
    /// Word vectors cannot be read or written, or do not fit their use.
    #[error("{}{place}: {fault}", file(path))]
    VectorsFile {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        place: Place,
        /// The fault.
        fault: VectorsFault,
    },
    /// Neither the name nor the beginning of a file of word vectors tells its format.
    #[error("{}: neither name nor content tells the format of the vectors; name it: {known}", file(path))]
    VectorsFormat {
        /// The file.
        path: PathBuf,
        /// The names of the formats, joined by commas.
        known: String,
    },
    /// A file of word pairs or of analogy questions cannot be used.
    #[error("{}:{line}: {fault}", file(path))]
    EvaluationFile {
        /// The file.
        path: PathBuf,
        /// The line, from 1; the last one if the file lacks something.
        line: u64,
        /// The fault.
        fault: Box<EvaluationFault>,
    },
    /// A word without a vector was asked for.
    #[error("no vector of {}{hint}", quoted(word), hint = did_you_mean(similar))]
    UnknownWord {
        /// The word.
        word: String,
        /// Words of the vocabulary that resemble it.
        similar: Vec<String>,
    },
    /// An analogy needs three words; so many were given.
    #[error("an analogy needs three words, not {0}")]
    NotThreeWords(usize),
    /// Neither pairs nor questions were named.
    #[error("nothing to evaluate with: name files of word pairs or of questions")]
    NothingToEvaluate,
    /// Words that are not in the vocabulary.
    #[error("not in the vocabulary: {}", words(.0))]
    NotInVocabulary(Vec<String>),
    /// A model's file cannot be read.
    #[error("{}: {fault}", file(path))]
    ModelFile {
        /// The file.
        path: PathBuf,
        /// The fault.
        fault: Box<ModelFault>,
    },
    /// A parameter that is not finite.
    #[error("{value} in row {row} of table {table} is not finite; train at a lower rate")]
    NotFinite {
        /// The table, as files call it: `encoder.0`, `layer.0`, ….
        table: String,
        /// The row.
        row: u32,
        /// The parameter.
        value: f32,
    },
    /// Cut-offs of adaptive softmax must rise and leave a word behind the last.
    #[error("cut-offs must rise from 1 and stay below {vocab}, the vocabulary: {next} after {previous}")]
    CutoffsNotRising {
        /// The cut-off before it, or 0.
        previous: usize,
        /// The cut-off.
        next: usize,
        /// Words in the vocabulary.
        vocab: usize,
    },
    /// A loss or a parameter is no longer finite in training.
    #[error("{cause} after {examples} examples at rate {rate}; try a rate of {suggested} or less")]
    Diverged {
        /// The number that is not finite.
        cause: Divergence,
        /// Examples seen until then.
        examples: u64,
        /// The rate in force.
        rate: f64,
        /// A rate to try.
        suggested: f64,
    },
    /// A run cannot go on from a checkpoint.
    #[error("{}: {fault}", file(path))]
    Checkpoint {
        /// The checkpoint.
        path: PathBuf,
        /// Why.
        fault: CheckpointFault,
    },
    /// A run cannot start from these vectors.
    #[error("{}: {fault}", file(path))]
    Init {
        /// The file.
        path: PathBuf,
        /// Why.
        fault: InitFault,
    },
    /// The state of a training run does not fit this run.
    #[error("the state of training does not fit: {field}; take the state of a run with the same settings")]
    StateField {
        /// Its field.
        field: &'static str,
    },
    /// Tables that workers share keep no optimizer state.
    #[error("tables shared by workers take plain descent (sgd), not {optimizer}; choose sgd")]
    SharedOptimizer {
        /// The optimizer asked for.
        optimizer: &'static str,
    },
    /// One of several layers failed.
    #[error("layer {}: {source}", value(layer))]
    InLayer {
        /// The layer, with its settings.
        layer: String,
        /// The error of that layer.
        source: Box<Error>,
    },
    /// A chart without a point to draw.
    #[error("the chart {0} has no point; give it at least one finite value")]
    NoPoints(&'static str),
    /// A file must not be written, or cannot hold what is to go there.
    #[error(transparent)]
    Output(#[from] OutputFault),
    /// Arrays that a caller handed in do not fit the layer.
    #[error(transparent)]
    Input(#[from] InputFault),
    /// A head cannot be built, loaded or asked.
    #[error(transparent)]
    Head(#[from] HeadFault),
    /// The vector path that the environment names cannot be taken.
    #[error(transparent)]
    Simd(#[from] SimdFault),
    /// The parameters do not fit in memory.
    #[error("{rows} rows of {dim} numbers do not fit in memory; use fewer or shorter rows")]
    TooLarge {
        /// Rows of the table.
        rows: usize,
        /// Entries a row.
        dim: usize,
    },
}

/// A result whose error is [`enum@Error`].
pub type Result<T> = std::result::Result<T, Error>;
