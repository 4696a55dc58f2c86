//! `Word2Vec`: options, then training.

use super::{Options, PhraseOptions, Preset, Trained, Watch, Word2VecConfig, train};
use crate::corpus::{Invalid, Normalizer, Source, TextRules, files};
use crate::error::Result;
use crate::model::ModelKind;
use crate::run::{Checkpoints, Control, Valid};
use crate::train::Progress;
use crate::vectors::OnBad;
use crate::vocab::LONGEST_WORD;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// A training of word vectors, built up option by option. What is not said is the preset's, as in `lexmax train`.
///
/// ```
/// use lexmax::model::ModelKind;
/// use lexmax::word2vec::{Preset, Word2Vec};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = |name: &str| folder.path().join(name);
/// # std::fs::write(path("text.txt"), "the cat eats fresh fish\nthe dog eats old bread\n".repeat(200))?;
/// let vectors = Word2Vec::preset(Preset::Gensim)
///     .layer("hierarchical")?
///     .kind(ModelKind::Cbow)
///     .dim(16)
///     .epochs(3)
///     .sample(0.0)
///     .threads(1)
///     .train(path("text.txt"))?;
/// assert_eq!((vectors.word(0), vectors.len(), vectors.dim()), ("the", 8, 16));
/// assert_eq!(vectors.vocab().counts().as_slice()[0], 400);
/// assert_eq!(vectors.facts().layer, "hierarchical");
///
/// let found = vectors.predict(&["cat", "eats", "fish"], 3)?;
/// println!("{} with ln P = {:.3}", found.words[0].0, found.words[0].1);
///
/// vectors.save(path("vectors.bin"))?;
/// vectors.save_model(path("model.safetensors"))?;
/// # Ok(())
/// # }
/// ```
///
/// The whole of the options is handed in by [`Word2Vec::options`], and all that surrounds a run by
/// [`Word2Vec::control`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Word2Vec {
    options: Options,
    rules: Option<TextRules>,
    invalid: Invalid,
    normalizer: Normalizer,
    max_word_bytes: Option<usize>,
    spool: Option<PathBuf>,
    control: Control,
}

impl Word2Vec {
    /// The defaults of this crate.
    pub fn new() -> Self {
        Self::default()
    }

    /// The defaults of another program.
    pub fn preset(preset: Preset) -> Self {
        Self::options(Options { preset, ..Options::default() })
    }

    /// These options. The setters change single ones.
    pub fn options(options: Options) -> Self {
        Self { options, ..Self::default() }
    }

    fn with(mut self, set: impl FnOnce(&mut Options)) -> Self {
        set(&mut self.options);
        self
    }

    fn controlled(mut self, set: impl FnOnce(&mut Control)) -> Self {
        set(&mut self.control);
        self
    }

    /// The output layer by its name, e.g. `hierarchical` or `negative:samples=10`, or a
    /// [`LayerSpec`](crate::layer::catalogue::LayerSpec). The preset adds nothing to the name;
    /// [`Options::hierarchical`] is the tree with the preset's σ.
    ///
    /// # Errors
    /// A name that is not in the catalogue, and values that make no sense.
    pub fn layer(self, name: impl ToString) -> Result<Self> {
        let layer = name.to_string().parse()?;
        Ok(self.with(|options| options.layer = Some(layer)))
    }

    /// The kind of the model: skip-gram, CBOW or n-gram.
    pub fn kind(self, kind: ModelKind) -> Self {
        self.with(|options| options.kind = Some(kind))
    }

    /// Size of the vectors.
    pub fn dim(self, dim: usize) -> Self {
        self.with(|options| options.dim = Some(dim))
    }

    /// The most words to a side of the centre.
    pub fn window(self, words: usize) -> Self {
        self.with(|options| options.window = Some(words))
    }

    /// Noise words of negative sampling, for a run without a named layer.
    pub fn negative(self, words: u32) -> Self {
        self.with(|options| options.negative = Some(words))
    }

    /// The first rate; it falls linearly.
    pub fn rate(self, rate: f32) -> Self {
        self.with(|options| options.rate = Some(rate))
    }

    /// Passes over the text.
    pub fn epochs(self, passes: u32) -> Self {
        self.with(|options| options.epochs = Some(passes))
    }

    /// Neighbouring positions of a sentence that are one step, in which windows share their rows: see
    /// [`Hogwild::block`](crate::train::Hogwild::block). Without it they are 8 in this crate's own preset where
    /// the model and the layer take blocks, else 1.
    pub fn block(self, positions: usize) -> Self {
        self.with(|options| options.block = Some(positions))
    }

    /// The threshold of subsampling of frequent words; 0 is off.
    pub fn sample(self, threshold: f64) -> Self {
        self.with(|options| options.sample = Some(threshold))
    }

    /// The least count of a word that is kept.
    pub fn min_count(self, count: u64) -> Self {
        self.with(|options| options.min_count = Some(count))
    }

    /// The most words, the most frequent ones.
    pub fn max_vocab(self, words: usize) -> Self {
        self.with(|options| options.max_vocab = Some(words))
    }

    /// Pairs of words are joined to phrases.
    pub fn phrases(self, phrases: PhraseOptions) -> Self {
        self.with(|options| options.phrases = Some(phrases))
    }

    /// Rules for the words that are kept, instead of the preset's and of all options of the vocabulary.
    pub fn rules(self, rules: TextRules) -> Self {
        Self { rules: Some(rules), ..self }
    }

    /// The treatment of every line before it is cut into words.
    pub fn normalizer(self, normalizer: Normalizer) -> Self {
        Self { normalizer, ..self }
    }

    /// The most bytes of a word [default: [`Source::MAX_WORD_BYTES`]]: longer ones are dropped and counted.
    pub fn max_word_bytes(self, bytes: usize) -> Self {
        Self { max_word_bytes: Some(bytes), ..self }
    }

    /// The treatment of bytes that are not UTF-8.
    pub fn invalid(self, invalid: Invalid) -> Self {
        Self { invalid, ..self }
    }

    /// A folder for temporary files of word ids, for a text that is larger than memory.
    pub fn spool(self, folder: impl Into<PathBuf>) -> Self {
        Self { spool: Some(folder.into()), ..self }
    }

    /// Threads; all cores without.
    pub fn threads(self, threads: usize) -> Self {
        self.with(|options| options.threads = Some(threads))
    }

    /// The same bits for any number of threads.
    pub fn deterministic(self, deterministic: bool) -> Self {
        self.with(|options| options.deterministic = deterministic)
    }

    /// The seed of everything random.
    pub fn seed(self, seed: u64) -> Self {
        self.with(|options| options.seed = Some(seed))
    }

    /// A file of vectors or of a model to start from.
    pub fn init(self, path: impl Into<PathBuf>) -> Self {
        self.with(|options| options.init = Some(path.into()))
    }

    /// The treatment of words and vectors of [`Word2Vec::init`] that cannot be read.
    pub fn init_on_bad(self, on_bad: OnBad) -> Self {
        self.with(|options| options.init_on_bad = on_bad)
    }

    /// Checkpoints, from which the run can go on.
    pub fn checkpoint(self, checkpoints: Checkpoints) -> Self {
        self.controlled(|control| control.checkpoint = Some(checkpoints))
    }

    /// A held-out text, and patience with it.
    pub fn valid(self, valid: Valid) -> Self {
        self.controlled(|control| control.valid = Some(valid))
    }

    /// The most time of training. The rate follows the text and not the time.
    pub fn budget(self, time: Duration) -> Self {
        self.controlled(|control| control.budget = Some(time))
    }

    /// A file for the log, JSON lines.
    pub fn log(self, path: impl Into<PathBuf>) -> Self {
        self.controlled(|control| control.log = Some(path.into()))
    }

    /// A flag that ends the run once it is true.
    pub fn stop(self, flag: Arc<AtomicBool>) -> Self {
        self.controlled(|control| control.stop = Some(flag))
    }

    /// All that surrounds the run, in place of what was set of it before.
    pub fn control(self, control: Control) -> Self {
        Self { control, ..self }
    }

    /// The settings of a run on the files that `paths` mean (files, directories, patterns, `-`): every value filled in.
    ///
    /// # Errors
    /// Options that contradict each other or make no sense; paths without a file; a vocabulary's file that cannot be
    /// read.
    pub fn config<P: AsRef<Path>>(&self, paths: &[P]) -> Result<Word2VecConfig> {
        let (options, network) = (&self.options, self.options.network()?);
        let mut control = self.control.clone();
        let (invalid, normalizer) = (self.invalid, self.normalizer);
        let rules = self.rules.clone().map_or_else(|| options.rules(), Ok)?;
        // No word of a vocabulary that is given is too long.
        let given = rules.vocabulary.iter().flat_map(|vocab| vocab.words()).map(str::len).max().unwrap_or(0);
        let max_word_bytes = self.max_word_bytes.unwrap_or(Source::MAX_WORD_BYTES).max(given.min(LONGEST_WORD));
        let source = Source { paths: files(paths)?, invalid, normalizer, max_word_bytes };
        if let Some(valid) = &mut control.valid {
            valid.files = files(&valid.files)?;
        }
        Ok(Word2VecConfig {
            source,
            rules,
            spool: self.spool.clone(),
            layer: options.layer()?,
            window: network.window,
            encoding: network.encoding,
            dim: network.dim,
            gradient: network.gradient,
            sample: options.sample(),
            epochs: options.epochs()?,
            block: options.block()?,
            threads: options.threads()?,
            rate: options.rate()?,
            cached: options.cached()?,
            deterministic: options.deterministic,
            seed: options.seed(),
            init: options.init.clone(),
            init_on_bad: options.init_on_bad,
            control,
        })
    }

    /// Trains on the files that a path means: one file, all files below a directory, or those that a pattern matches.
    ///
    /// # Errors
    /// Those of [`Word2Vec::config`] and [`train()`].
    pub fn train(&self, text: impl AsRef<Path>) -> Result<Trained> {
        self.train_watched(&[text], &mut |_: &Progress| {})
    }

    /// Trains on the files that `paths` mean; `watch` hears of the training.
    ///
    /// # Errors
    /// Those of [`Word2Vec::config`] and [`train()`].
    pub fn train_watched<P: AsRef<Path>>(&self, paths: &[P], watch: &mut dyn Watch) -> Result<Trained> {
        let start = Instant::now();
        let config = self.config(paths).inspect_err(|error| self.control.log_failure(error))?;
        train(&config, start, watch)?.into_trained()
    }
}
