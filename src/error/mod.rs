//! The error type of the crate. Each variant carries the wrong value, the limit and the place.

mod evaluation;
mod head;
mod input;
mod io;
#[cfg(test)]
mod messages;
mod model;
mod output;
mod ranks;
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
pub use ranks::RanksFault;
pub use text::TextFault;
pub use training::{CheckpointFault, Divergence, InitFault};
pub use vectors::{Place, VectorsFault};

use shown::{advice, did_you_mean, file, files, no_words, quoted, reason, value, words};
use std::borrow::Cow;
use std::path::PathBuf;

/// An error of the crate. Its message says what is wrong, what was expected and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or a directory could not be read or written.
    #[error("{}: {}{}", file(path), reason(source), advice(source.kind()))]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// A text file holds bytes that are not UTF-8.
    #[error("{}:{line}: byte {byte} of the line is not UTF-8; convert the text to UTF-8", file(path))]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The first bad byte in the line, from 1.
        byte: usize,
    },
    /// A pattern without a match, or a directory without a file.
    #[error("{}: no file found; check the path or the pattern", file(path))]
    NoFiles {
        /// The pattern or the directory.
        path: PathBuf,
    },
    /// A text has another kind or wrong bytes, or its name is wrong.
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
    /// A vocabulary has no word.
    #[error("the vocabulary is empty; give it at least one word")]
    EmptyVocabulary,
    /// Another of several processes that work together has failed.
    #[error("rank {rank}: {message}")]
    OtherRank {
        /// The number of that process.
        rank: usize,
        /// Its error.
        message: String,
    },
    /// The crate was built without its feature `text`.
    #[error("{0} needs the feature `text` of lexmax, which this program lacks; build it with that feature")]
    NoText(&'static str),
    /// A vocabulary has more words than there are ids.
    #[error("{words} words are too many, since a vocabulary holds at most {limit}; leave out rare words")]
    TooManyWords {
        /// Words given.
        words: usize,
        /// The limit.
        limit: usize,
    },
    /// Counts do not fall, which layers rely on.
    #[error("word {word} has count {count}, but the word before it has {previous}; sort words by falling count")]
    CountsNotFalling {
        /// The word.
        word: usize,
        /// Its count.
        count: u64,
        /// The count before it.
        previous: u64,
    },
    /// A word has count 0, and so no probability in the unigram model.
    #[error("word {word} has count 0, but every word needs at least 1; raise the count, or leave the word out")]
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
    /// A setting has no effect with another one.
    #[error("{setting} has no effect with {other}; remove one of them")]
    NotWith {
        /// The setting.
        setting: &'static str,
        /// The other setting.
        other: &'static str,
    },
    /// Two settings contradict each other.
    #[error("{first} and {second} contradict each other: {hint}")]
    Contradiction {
        /// One of the settings.
        first: &'static str,
        /// The other.
        second: &'static str,
        /// The remedy.
        hint: &'static str,
    },
    /// The catalogue has no layer of this name.
    #[error("unknown layer {}; choose one of {known}", quoted(name), known = known.join(", "))]
    UnknownLayer {
        /// The name given.
        name: String,
        /// The known names.
        known: Vec<&'static str>,
    },
    /// A layer is named twice, but each layer needs its own name.
    #[error("layer {} is named twice; remove one of them", value(.0))]
    RepeatedLayer(String),
    /// Vocabulary sizes cannot be parsed: the text, and its expected form.
    #[error("vocab is {}, but must be {}", quoted(.0), .1)]
    NoVocabs(String, &'static str),
    /// The layer has no such key.
    #[error("layer {layer} has no key {}; choose one of {known}", quoted(key), known = known.join(", "))]
    UnknownLayerKey {
        /// The layer.
        layer: &'static str,
        /// The key given.
        key: String,
        /// The keys of the layer.
        known: Vec<&'static str>,
    },
    /// A key is given twice in the name of a layer.
    #[error("layer {layer}: the key {} is given twice; remove one of them", value(key))]
    RepeatedLayerKey {
        /// The layer.
        layer: &'static str,
        /// The key.
        key: String,
    },
    /// The value of a key cannot be parsed.
    #[error("layer {layer}: {} is {}, but must be {expected}", shown::value(key), quoted(value))]
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
    /// A layer does not support an option of the loss.
    #[error("{layer} does not support {option}; remove it, or choose a layer that does")]
    LossOption {
        /// The layer.
        layer: &'static str,
        /// The option.
        option: &'static str,
    },
    /// An encoder or a layer takes only one position in a step.
    #[error("{part} takes one position at a time, not blocks of {block}; set block to 1, or use {other}")]
    NoBlocks {
        /// The encoder or the layer.
        part: &'static str,
        /// Positions in a block.
        block: usize,
        /// Layers or encoders that take blocks.
        other: &'static str,
    },
    /// The number of word weights differs from the vocabulary.
    #[error("{weights} weights for {vocab} words; give one weight for each word")]
    WordWeightsMissWords {
        /// Weights given.
        weights: usize,
        /// Words in the vocabulary.
        vocab: usize,
    },
    /// The blocks of differentiated softmax have another number of words than the vocabulary.
    #[error("blocks hold {words} words, but the vocabulary has {vocab}; change the last block")]
    BlocksMissWords {
        /// Words in the blocks.
        words: usize,
        /// Words in the vocabulary.
        vocab: usize,
    },
    /// The slices of differentiated softmax have another size than the hidden vector.
    #[error("the slices of the blocks sum to {sum}, but the hidden vector has {dim} entries; make them equal")]
    SlicesMissDim {
        /// Sum of the block sizes.
        sum: usize,
        /// The hidden size.
        dim: usize,
    },
    /// A file is not a tree over the vocabulary.
    #[error("{}:{line}: {fault}", file(path))]
    TreeFile {
        /// The file.
        path: PathBuf,
        /// The line, from 1; the last one if a word is missing.
        line: u64,
        /// The fault.
        fault: TreeFault,
    },
    /// Word vectors cannot be read, written or used.
    #[error("{}{place}: {fault}", file(path))]
    VectorsFile {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        place: Place,
        /// The fault.
        fault: VectorsFault,
    },
    /// The format of word vectors is clear neither from the name nor from the content.
    #[error("{}: neither name nor content shows the format of the vectors; name one of {known}", file(path))]
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
    /// A word has no vector.
    #[error("no vector for {}{hint}", quoted(word), hint = did_you_mean(similar))]
    UnknownWord {
        /// The word.
        word: String,
        /// Words of the vocabulary that resemble it.
        similar: Vec<String>,
    },
    /// An analogy has another number of words than three.
    #[error("an analogy needs three words, found {0}; write a, b and c of \"a is to b as c is to …\"")]
    NotThreeWords(usize),
    /// No file of word pairs or questions was named.
    #[error("no file to evaluate with; name files of word pairs or of analogy questions")]
    NothingToEvaluate,
    /// Words are not in the vocabulary.
    #[error("not in the vocabulary: {}; check spelling and case", words(.0))]
    NotInVocabulary(Vec<String>),
    /// A model's file cannot be read.
    #[error("{}: {fault}", file(path))]
    ModelFile {
        /// The file.
        path: PathBuf,
        /// The fault.
        fault: Box<ModelFault>,
    },
    /// A parameter is not finite.
    #[error("row {row} of table {table} has {value}, which is not finite; train at a lower rate")]
    NotFinite {
        /// The table, as files call it: `encoder.0`, `layer.0`, ….
        table: String,
        /// The row.
        row: u32,
        /// The parameter.
        value: f32,
    },
    /// Cut-offs of adaptive softmax do not rise, or leave no word for the last tail.
    #[error(
        "cut-off {next} follows {previous}, but cut-offs must rise and stay below {vocab}, the vocabulary; correct it"
    )]
    CutoffsNotRising {
        /// The cut-off before it, or 0.
        previous: usize,
        /// The cut-off.
        next: usize,
        /// Words in the vocabulary.
        vocab: usize,
    },
    /// A loss or a parameter became infinite or NaN in training.
    #[error("{cause} after {examples} examples at rate {rate}; try a rate of {suggested} or less")]
    Diverged {
        /// The number that is not finite.
        cause: Divergence,
        /// Examples before it.
        examples: u64,
        /// The current rate.
        rate: f64,
        /// A rate to try.
        suggested: f64,
    },
    /// A run cannot continue from a checkpoint.
    #[error("{}: {fault}", file(path))]
    Checkpoint {
        /// The checkpoint.
        path: PathBuf,
        /// The reason.
        fault: CheckpointFault,
    },
    /// A run cannot start from these vectors.
    #[error("{}: {fault}", file(path))]
    Init {
        /// The file.
        path: PathBuf,
        /// The reason.
        fault: InitFault,
    },
    /// The state of training belongs to another run.
    #[error("the state of training does not fit this run: {field}; use the state of a run with the same settings")]
    StateField {
        /// Its field.
        field: &'static str,
    },
    /// Tables shared by workers have no optimizer state.
    #[error("tables shared by workers support only sgd, not {optimizer}; choose sgd")]
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
    /// A chart has no point to draw.
    #[error("the chart {0} has no point; give it at least one finite value")]
    NoPoints(&'static str),
    /// A file must not be written, or cannot hold its contents.
    #[error(transparent)]
    Output(#[from] OutputFault),
    /// Arrays of the caller do not fit the layer.
    #[error(transparent)]
    Input(#[from] InputFault),
    /// A head cannot be built, loaded or used.
    #[error(transparent)]
    Head(#[from] HeadFault),
    /// The vector path named by the environment is not available.
    #[error(transparent)]
    Simd(#[from] SimdFault),
    /// Several processes cannot do a task together.
    #[error(transparent)]
    Ranks(#[from] RanksFault),
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
