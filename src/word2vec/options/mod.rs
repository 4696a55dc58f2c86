//! The options of a user, on top of a preset.

mod model;

pub use model::Network;

use super::PhraseOptions;
use super::preset::{Defaults, Preset};
use crate::corpus::{Context, TextRules, WindowRule};
use crate::encoder::BagGradient;
use crate::error::{Error, Result};
use crate::files;
use crate::layer::NoiseHits;
use crate::layer::catalogue::LayerSpec;
use crate::machine;
use crate::model::ModelKind;
use crate::objective::Sigmoid;
use crate::optimizer::{Optimizer, OptimizerKind};
use crate::table::CachedRows;
use crate::train::{Hogwild, LinearDecay};
use crate::vectors::OnBad;
use crate::vocab::Vocabulary;
use std::path::{Path, PathBuf};

/// The options of a run as a user gives them. `None` takes the value of the preset. Options that contradict each other
/// are refused.
///
/// ```
/// use lexmax::word2vec::{Options, Preset};
/// # fn main() -> lexmax::Result<()> {
/// let mut options = Options::default();
/// (options.preset, options.hierarchical) = (Preset::FastText, true);
/// assert_eq!(options.layer()?.to_string(), "hierarchical:sigmoid=fasttext");
/// assert_eq!(options.rate()?.start(), 0.05);
/// options.negative = Some(5);
/// assert!(options.layer().unwrap_err().to_string().contains("hierarchical and negative"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Source of all values that are not given.
    pub preset: Preset,
    /// Kind of the model.
    pub kind: Option<ModelKind>,
    /// The n of an n-gram model.
    pub order: Option<usize>,
    /// Size of the hidden layer of an n-gram model.
    pub hidden: Option<usize>,
    /// Side of the context.
    pub context: Option<Context>,
    /// Size of the vectors.
    pub dim: Option<usize>,
    /// Largest number of context words on each side.
    pub window: Option<usize>,
    /// Rule for the number of context words on each side of a position.
    pub window_rule: Option<WindowRule>,
    /// Gradient of the words of a bag.
    pub cbow_gradient: Option<BagGradient>,
    /// Output layer.
    pub layer: Option<LayerSpec>,
    /// word2vec's `-hs 1`: hierarchical softmax, without noise.
    pub hierarchical: bool,
    /// word2vec's `-negative`: noise words per target.
    pub negative: Option<u32>,
    /// Exponent of the counts in the proposal of noise.
    pub noise_power: Option<f64>,
    /// Computation of σ.
    pub sigmoid: Option<Sigmoid>,
    /// Treatment of noise words that equal the target.
    pub noise_hits: Option<NoiseHits>,
    /// Initial rate.
    pub rate: Option<f32>,
    /// Final rate.
    pub last_rate: Option<f32>,
    /// Least count of a word that is kept.
    pub min_count: Option<u64>,
    /// Largest number of words that are kept, the most frequent ones [default: all].
    pub max_vocab: Option<usize>,
    /// Largest number of kept words in a sentence; a longer line is cut.
    pub longest_sentence: Option<usize>,
    /// Threshold of subsampling; 0 turns it off.
    pub sample: Option<f64>,
    /// Pairs of words that are joined to phrases [default: none].
    pub phrases: Option<PhraseOptions>,
    /// File in word2vec's format with the words and counts [default: those of the text].
    pub vocabulary: Option<PathBuf>,
    /// Passes over the text.
    pub epochs: Option<u32>,
    /// Neighbouring positions of a sentence that form one step [default: those of the preset if the model and the layer
    /// take blocks, otherwise 1].
    pub block: Option<usize>,
    /// Examples in a mini-batch [default: the layer's recommended batch if it is dense, otherwise 1].
    pub batch: Option<usize>,
    /// Optimizer [default: Adagrad with mini-batches, otherwise SGD].
    pub optimizer: Option<OptimizerKind>,
    /// Threads [default: all cores].
    pub threads: Option<usize>,
    /// Rows of each table that a thread keeps as private copies [default: 6 MB of rows with one thread; with more
    /// threads, only 512 nodes of a tree].
    pub cached_rows: Option<u32>,
    /// Whether the bits are independent of the number of threads.
    pub deterministic: bool,
    /// Seed of everything random [default: 1].
    pub seed: Option<u64>,
    /// Vectors or a model to start from.
    pub init: Option<PathBuf>,
    /// Treatment of words and vectors of `init` that cannot be read.
    pub init_on_bad: OnBad,
}

/// Most examples in a mini-batch.
const MOST_BATCH: usize = 1 << 20;

impl Options {
    /// The default seed.
    pub const SEED: u64 = 1;

    /// Returns the values of the preset.
    pub fn defaults(&self) -> Defaults {
        self.preset.defaults()
    }

    /// Returns the kind of the model.
    pub fn kind(&self) -> ModelKind {
        self.kind.unwrap_or(self.defaults().kind)
    }

    /// Returns the learning rate. The default with mini-batches is the catalogue's for the layer and the optimizer.
    ///
    /// # Errors
    /// Rates that make no sense, and the errors of [`Options::optimizer`].
    pub fn rate(&self) -> Result<LinearDecay> {
        let own = self.defaults();
        let usual = if self.batch()? > 1 {
            self.layer()?.entry().tuning.rate(&self.optimizer()?)
        } else {
            own.rates[usize::from(self.kind() != ModelKind::SkipGram)]
        };
        let first = self.rate.unwrap_or(usual);
        // A first rate below the preset's last rate is also the last one.
        LinearDecay::to(first, self.last_rate.unwrap_or(own.last_rate.min(first)))
    }

    /// Returns the rules by which words of the text are kept. Reads the vocabulary file, if there is one.
    ///
    /// # Errors
    /// Phrases that make no sense, and a file that cannot be read.
    pub fn rules(&self) -> Result<TextRules> {
        let own = self.defaults();
        let min_count = self.min_count.unwrap_or(own.min_count);
        let vocabulary = self.vocabulary.as_ref().map(|path| read_vocabulary(path, min_count)).transpose()?;
        Ok(TextRules {
            min_count,
            max_vocab: self.max_vocab,
            longest_sentence: self.longest_sentence.unwrap_or(own.longest_sentence),
            phrases: self.phrases.as_ref().map(PhraseOptions::phrases).transpose()?,
            vocabulary: vocabulary.map(Into::into),
        })
    }

    /// Returns the threshold of subsampling.
    pub fn sample(&self) -> f64 {
        self.sample.unwrap_or(self.defaults().sample)
    }

    /// Returns the number of passes over the text.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for 0 passes, or more than 10,000.
    pub fn epochs(&self) -> Result<u32> {
        let epochs = self.epochs.unwrap_or(self.defaults().epochs);
        within("epochs", epochs as usize, 10_000, "from 1 to 10000").map(|_| epochs)
    }

    /// Returns the neighbouring positions of a sentence that form one step. The default is that of the preset if the
    /// model and the layer take blocks and the run has no mini-batches, and 1 otherwise.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for 0 positions, or more than 256; the errors of [`Options::layer`].
    pub fn block(&self) -> Result<usize> {
        let takes_blocks = self.kind() != ModelKind::NGram && self.layer()?.takes_blocks() && self.batch()? == 1;
        let own = if takes_blocks { self.defaults().block } else { 1 };
        within("block", self.block.unwrap_or(own), Hogwild::MOST_BLOCK, "from 1 to 256")
    }

    /// Returns the examples in a mini-batch. The default is the catalogue's batch if the layer is
    /// [dense](field@crate::layer::catalogue::Entry::dense) and neither blocks nor cached rows are asked for, and 1
    /// otherwise.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for 0 examples, or more than 1,048,576; [`Error::Contradiction`] for mini-batches together
    /// with blocks or with a number of cached rows; the errors of [`Options::layer`].
    pub fn batch(&self) -> Result<usize> {
        let (layer, has_blocks) = (self.layer()?, self.block.is_some_and(|positions| positions > 1));
        let is_usual = layer.entry().dense && !has_blocks && self.cached_rows.is_none();
        let own = if is_usual { layer.entry().tuning.batch } else { 1 };
        let batch = within("batch", self.batch.unwrap_or(own), MOST_BATCH, "from 1 to 1048576")?;
        let refused = [
            (has_blocks, "block", "mini-batches have examples and not blocks of positions; remove one of them"),
            (
                self.cached_rows.is_some(),
                "cached_rows",
                "mini-batches need no copies of rows; remove it, or set batch 1",
            ),
        ];
        match refused.into_iter().find(|(is_given, ..)| *is_given && batch > 1) {
            Some((_, second, hint)) => Err(Error::Contradiction { first: "batch", second, hint }),
            None => Ok(batch),
        }
    }

    /// Returns the optimizer: with mini-batches Adagrad unless another one is given, and otherwise plain descent.
    ///
    /// # Errors
    /// [`Error::Contradiction`] for Adagrad without mini-batches; the errors of [`Options::batch`].
    pub fn optimizer(&self) -> Result<Optimizer> {
        let batch = self.batch()?;
        let usual = if batch > 1 { OptimizerKind::Adagrad } else { OptimizerKind::Sgd };
        let kind = self.optimizer.unwrap_or(usual);
        check_optimizer(batch, kind)?;
        Ok(kind.into())
    }

    /// Returns the number of threads.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for 0 threads, or more than 1,024.
    pub fn threads(&self) -> Result<usize> {
        let all = || machine::cores().min(1_024);
        within("threads", self.threads.unwrap_or_else(all), 1_024, "from 1 to 1024")
    }

    /// Returns the rows that a thread keeps as private copies.
    ///
    /// # Errors
    /// [`Error::Contradiction`] for a number of rows together with deterministic training.
    pub fn cached(&self) -> Result<CachedRows> {
        if self.deterministic && self.cached_rows.is_some() {
            let hint = "deterministic workers cache all rows that they touch; remove the number";
            return Err(Error::Contradiction { first: "deterministic", second: "cached_rows", hint });
        }
        Ok(self.cached_rows.map_or(CachedRows::Fitting, CachedRows::First))
    }

    /// Returns the seed.
    pub fn seed(&self) -> u64 {
        self.seed.unwrap_or(Self::SEED)
    }
}

/// Refuses optimizers other than plain descent without mini-batches.
pub(super) fn check_optimizer(batch: usize, kind: OptimizerKind) -> Result<()> {
    if batch > 1 || kind == OptimizerKind::Sgd {
        return Ok(());
    }
    let hint = "without mini-batches the optimizer is sgd; set a batch of 2 examples or more";
    Err(Error::Contradiction { first: "optimizer adagrad", second: "batch 1", hint })
}

/// Refuses 0 and values above `most`.
fn within(name: &'static str, value: usize, most: usize, limit: &'static str) -> Result<usize> {
    if (1..=most).contains(&value) { Ok(value) } else { Err(Error::OutOfRange { name, value: value as f64, limit }) }
}

/// Reads the words of a file that occur at least `min_count` times by the file's own counts: see [`Vocabulary::read`].
fn read_vocabulary(path: &Path, min_count: u64) -> Result<Vocabulary> {
    Vocabulary::read(&mut *files::text(path)?, path, min_count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::named;
    use crate::vectors::Format;

    #[test]
    fn presets_are_what_the_programs_document() {
        let with = |preset| Options { preset, ..Options::default() };
        // Sources: word2vec.c 0.1c, its help; gensim 4.4, the signature of Word2Vec; fastText 0.9, args.cc and the
        // table of loss.cc.
        use ModelKind::{Cbow, SkipGram};
        for (preset, kind, rates, sample, layer, sentence) in [
            (Preset::Lexmax, SkipGram, [0.025, 0.05], 1e-3, "negative", 10_000),
            (Preset::Word2vec, Cbow, [0.025, 0.05], 1e-3, "negative:hits=drop:sigmoid=word2vec", 1_000),
            (Preset::Gensim, Cbow, [0.025, 0.025], 1e-3, "negative:hits=drop:sigmoid=gensim", 10_000),
            (Preset::FastText, SkipGram, [0.05, 0.05], 1e-4, "negative:power=0.5:hits=drop:sigmoid=fasttext", 1_024),
        ] {
            let (options, own) = (with(preset), preset.defaults());
            assert_eq!((own.dim, own.window, own.min_count, own.epochs, own.negative), (100, 5, 5, 5, 5));
            assert_eq!(own.block, if preset == Preset::Lexmax { 8 } else { 1 }, "{preset}");
            assert_eq!((own.sample, own.longest_sentence), (sample, sentence), "{preset}");
            assert_eq!(options.layer().unwrap().to_string(), layer);
            assert_eq!(options.kind(), kind);
            for (kind, rate) in [SkipGram, Cbow].into_iter().zip(rates) {
                assert_eq!(Options { kind: Some(kind), ..with(preset) }.rate().unwrap().start(), rate);
            }
            assert_eq!(named(&preset.to_string()), Some(preset));
        }
        assert_eq!(with(Preset::Gensim).rate().unwrap().end(), 1e-4);
        assert_eq!(named::<Preset>("glove"), None);
    }

    #[test]
    fn vectors_have_the_format_of_the_preset_and_of_the_ending() {
        for preset in [Preset::Lexmax, Preset::Word2vec, Preset::Gensim, Preset::FastText] {
            let (format, own) = (|name| preset.format(Path::new(name)), preset.defaults().text);
            let expected = if own { Format::Text } else { Format::Binary };
            assert_eq!((format("v"), format("v.bin")), (expected, expected), "{preset}");
            assert_eq!((format("v.txt"), format("v.npy")), (Format::Text, Format::Npy), "{preset}");
        }
    }

    #[test]
    fn schedule_and_words_come_from_the_preset_unless_given() {
        let word2vec = Options { preset: Preset::Word2vec, ..Options::default() };
        let rules = word2vec.rules().unwrap();
        assert_eq!((rules.min_count, rules.longest_sentence, rules.max_vocab), (5, 1_000, None));
        assert_eq!((word2vec.epochs().unwrap(), word2vec.sample(), word2vec.seed()), (5, 1e-3, 1));
        assert_eq!(word2vec.cached().unwrap(), CachedRows::Fitting);
        let given = Options {
            min_count: Some(2),
            longest_sentence: Some(7),
            sample: Some(0.0),
            epochs: Some(3),
            threads: Some(2),
            cached_rows: Some(4),
            ..word2vec
        };
        let rules = given.rules().unwrap();
        assert_eq!((rules.min_count, rules.longest_sentence), (2, 7));
        assert_eq!((given.epochs().unwrap(), given.sample(), given.threads().unwrap()), (3, 0.0, 2));
        assert_eq!(given.cached().unwrap(), CachedRows::First(4));
        let wrong = [
            Options { epochs: Some(0), ..Options::default() }.epochs().map(drop),
            Options { block: Some(0), ..Options::default() }.block().map(drop),
            Options { block: Some(257), ..Options::default() }.block().map(drop),
            Options { threads: Some(0), ..Options::default() }.threads().map(drop),
            Options { threads: Some(1 << 20), ..Options::default() }.threads().map(drop),
            Options { dim: Some(0), ..Options::default() }.network().map(drop),
            Options { dim: Some(usize::MAX), ..Options::default() }.network().map(drop),
        ];
        assert!(wrong.iter().all(|result| matches!(result, Err(Error::OutOfRange { .. }))), "{wrong:?}");
        let both = Options { deterministic: true, ..given };
        assert!(matches!(both.cached(), Err(Error::Contradiction { second: "cached_rows", .. })));
    }
}
