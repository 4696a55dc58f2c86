//! `Word2Vec`: options, then training.

use super::ranks::log_failure;
use super::{Options, PhraseOptions, Preset, Trained, Watch, Word2VecConfig, train};
use crate::corpus::{Invalid, Normalizer, Source, TextRules, files};
use crate::error::Result;
use crate::model::ModelKind;
use crate::optimizer::OptimizerKind;
use crate::peers::Team;
use crate::run::{Checkpoints, Control, Valid};
use crate::train::Progress;
use crate::vectors::OnBad;
use crate::vocab::LONGEST_WORD;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Training of word vectors, configured option by option. Options that are not set have the preset's value, as in
/// `lexmax train`.
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
/// [`Word2Vec::options`] takes all options at once, and [`Word2Vec::control`] takes all surroundings of a run.
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
    team: Team,
}

impl Word2Vec {
    /// Starts from the defaults of this crate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts from the defaults of another program.
    pub fn preset(preset: Preset) -> Self {
        Self::options(Options { preset, ..Options::default() })
    }

    /// Starts from these options. The setters change single ones.
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

    /// Sets the output layer by its name, e.g. `hierarchical` or `negative:samples=10`, or a
    /// [`LayerSpec`](crate::layer::catalogue::LayerSpec). The preset adds nothing to the name. For the tree with the σ
    /// of the preset, set [`Options::hierarchical`].
    ///
    /// # Errors
    /// A name that is not in the catalogue, or a value that makes no sense.
    pub fn layer(self, name: impl ToString) -> Result<Self> {
        let layer = name.to_string().parse()?;
        Ok(self.with(|options| options.layer = Some(layer)))
    }

    /// Sets the kind of the model: skip-gram, CBOW or n-gram.
    pub fn kind(self, kind: ModelKind) -> Self {
        self.with(|options| options.kind = Some(kind))
    }

    /// Sets the size of the vectors.
    pub fn dim(self, dim: usize) -> Self {
        self.with(|options| options.dim = Some(dim))
    }

    /// Sets the largest number of context words on each side of the centre.
    pub fn window(self, words: usize) -> Self {
        self.with(|options| options.window = Some(words))
    }

    /// Sets the noise words per target of negative sampling, for a run without a named layer.
    pub fn negative(self, words: u32) -> Self {
        self.with(|options| options.negative = Some(words))
    }

    /// Sets the initial rate, which falls linearly.
    pub fn rate(self, rate: f32) -> Self {
        self.with(|options| options.rate = Some(rate))
    }

    /// Sets the number of passes over the text.
    pub fn epochs(self, passes: u32) -> Self {
        self.with(|options| options.epochs = Some(passes))
    }

    /// Sets the neighbouring positions of a sentence that form one step, in which windows share their rows: see
    /// [`Hogwild::block`](crate::train::Hogwild::block). The default is 8 in this crate's own preset if the model and
    /// the layer take blocks, and 1 otherwise.
    pub fn block(self, positions: usize) -> Self {
        self.with(|options| options.block = Some(positions))
    }

    /// Sets the examples in a mini-batch; 1 trains position by position. The default is the recommended batch of the
    /// catalogue if the layer is [dense](field@crate::layer::catalogue::Entry::dense), and 1 otherwise.
    pub fn batch(self, examples: usize) -> Self {
        self.with(|options| options.batch = Some(examples))
    }

    /// Sets the optimizer of mini-batches [default: Adagrad]. Without mini-batches it can only be plain descent.
    pub fn optimizer(self, optimizer: OptimizerKind) -> Self {
        self.with(|options| options.optimizer = Some(optimizer))
    }

    /// Sets the threshold of subsampling of frequent words; 0 turns it off.
    pub fn sample(self, threshold: f64) -> Self {
        self.with(|options| options.sample = Some(threshold))
    }

    /// Sets the least count of a word that is kept.
    pub fn min_count(self, count: u64) -> Self {
        self.with(|options| options.min_count = Some(count))
    }

    /// Limits the vocabulary to the `words` most frequent words.
    pub fn max_vocab(self, words: usize) -> Self {
        self.with(|options| options.max_vocab = Some(words))
    }

    /// Joins pairs of words to phrases.
    pub fn phrases(self, phrases: PhraseOptions) -> Self {
        self.with(|options| options.phrases = Some(phrases))
    }

    /// Sets the rules for the words that are kept. They replace those of the preset and all options of the vocabulary.
    pub fn rules(self, rules: TextRules) -> Self {
        Self { rules: Some(rules), ..self }
    }

    /// Sets the treatment of every line before it is cut into words.
    pub fn normalizer(self, normalizer: Normalizer) -> Self {
        Self { normalizer, ..self }
    }

    /// Sets the most bytes of a word [default: [`Source::MAX_WORD_BYTES`]]. Longer words are dropped and counted.
    pub fn max_word_bytes(self, bytes: usize) -> Self {
        Self { max_word_bytes: Some(bytes), ..self }
    }

    /// Sets the treatment of bytes that are not UTF-8.
    pub fn invalid(self, invalid: Invalid) -> Self {
        Self { invalid, ..self }
    }

    /// Sets a folder for temporary files of word ids, for a text that is larger than memory.
    pub fn spool(self, folder: impl Into<PathBuf>) -> Self {
        Self { spool: Some(folder.into()), ..self }
    }

    /// Sets the number of threads [default: all cores].
    pub fn threads(self, threads: usize) -> Self {
        self.with(|options| options.threads = Some(threads))
    }

    /// Makes the bits independent of the number of threads.
    pub fn deterministic(self, deterministic: bool) -> Self {
        self.with(|options| options.deterministic = deterministic)
    }

    /// Sets the seed of everything random.
    pub fn seed(self, seed: u64) -> Self {
        self.with(|options| options.seed = Some(seed))
    }

    /// Sets a file of vectors or of a model to start from.
    pub fn init(self, path: impl Into<PathBuf>) -> Self {
        self.with(|options| options.init = Some(path.into()))
    }

    /// Sets the treatment of words and vectors of [`Word2Vec::init`] that cannot be read.
    pub fn init_on_bad(self, on_bad: OnBad) -> Self {
        self.with(|options| options.init_on_bad = on_bad)
    }

    /// Writes checkpoints, from which the run can be resumed.
    pub fn checkpoint(self, checkpoints: Checkpoints) -> Self {
        self.controlled(|control| control.checkpoint = Some(checkpoints))
    }

    /// Sets a held-out text, with its patience.
    pub fn valid(self, valid: Valid) -> Self {
        self.controlled(|control| control.valid = Some(valid))
    }

    /// Limits the time of training. The rate follows the text and not the time.
    pub fn budget(self, time: Duration) -> Self {
        self.controlled(|control| control.budget = Some(time))
    }

    /// Sets a file for the log, in JSON lines.
    pub fn log(self, path: impl Into<PathBuf>) -> Self {
        self.controlled(|control| control.log = Some(path.into()))
    }

    /// Sets a flag that ends the run once it is true.
    pub fn stop(self, flag: Arc<AtomicBool>) -> Self {
        self.controlled(|control| control.stop = Some(flag))
    }

    /// Sets all surroundings of the run. They replace all that was set before.
    pub fn control(self, control: Control) -> Self {
        Self { control, ..self }
    }

    /// Trains on several processes, all of which make the same calls with the same options and the same text. The run
    /// must be [deterministic](Word2Vec::deterministic), without mini-batches, on 2 or 4 ranks: see
    /// [`deterministic_over`](crate::train::deterministic_over()). All ranks get the same vectors. Rank 0 alone writes
    /// the checkpoint and the log.
    ///
    /// ```
    /// use lexmax::peers::{Team, ThreadPeers};
    /// use lexmax::word2vec::Word2Vec;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let text = folder.path().join("text.txt");
    /// # std::fs::write(&text, "the cat eats fresh fish\nthe dog eats old bread\n".repeat(50))?;
    /// let word2vec = Word2Vec::new().dim(8).epochs(1).threads(1).deterministic(true);
    /// let alone = word2vec.train(&text)?;
    /// // Ranks that are threads; a program with MPI has ranks that are processes.
    /// let ranks = ThreadPeers::run(2, |peers| word2vec.clone().over(Team::new(peers)).train(&text));
    /// for vectors in ranks {
    ///     assert_eq!(vectors?.vector(0), alone.vector(0));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn over(self, team: Team) -> Self {
        Self { team, ..self }
    }

    /// Returns the settings of a run on the files that `paths` name (files, directories, patterns, `-`), every value
    /// filled in.
    ///
    /// # Errors
    /// Options that contradict each other or make no sense, paths without a file, and a vocabulary file that cannot be
    /// read.
    pub fn config<P: AsRef<Path>>(&self, paths: &[P]) -> Result<Word2VecConfig> {
        let (options, network) = (&self.options, self.options.network()?);
        let mut control = self.control.clone();
        let (invalid, normalizer) = (self.invalid, self.normalizer);
        let rules = self.rules.clone().map_or_else(|| options.rules(), Ok)?;
        // The words of a given vocabulary are never too long.
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
            batch: options.batch()?,
            optimizer: options.optimizer()?,
            threads: options.threads()?,
            rate: options.rate()?,
            cached: options.cached()?,
            deterministic: options.deterministic,
            seed: options.seed(),
            init: options.init.clone(),
            init_on_bad: options.init_on_bad,
            control,
            team: self.team.clone(),
        })
    }

    /// Trains on the files that a path names: one file, all files below a directory, or those that match a pattern.
    ///
    /// # Errors
    /// The errors of [`Word2Vec::config`] and [`train()`].
    pub fn train(&self, text: impl AsRef<Path>) -> Result<Trained> {
        self.train_watched(&[text], &mut |_: &Progress| {})
    }

    /// Trains on the files that `paths` name; `watch` is told about the training.
    ///
    /// # Errors
    /// The errors of [`Word2Vec::config`] and [`train()`].
    pub fn train_watched<P: AsRef<Path>>(&self, paths: &[P], watch: &mut dyn Watch) -> Result<Trained> {
        let start = Instant::now();
        let mut team = self.team.clone();
        let config = team.agree(self.config(paths));
        let config = config.inspect_err(|error| log_failure(&team, &self.control, error))?;
        team.agree(train(&config, start, watch)?.into_trained())
    }
}
