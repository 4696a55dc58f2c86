//! The settings of a comparison, each with a default. The command line takes its defaults from here.

#[cfg(test)]
mod tests;

use super::{CompareConfig, Comparison, Data, DataSource, Listener, Silent, compare};
use crate::corpus::synthetic::SyntheticLanguage;
use crate::corpus::{Context, Direction, Source, Window, WindowRule, files};
use crate::error::{Error, Result};
use crate::layer::catalogue::LayerSpec;
use crate::measure::cores;
use crate::model::{Encoding, ModelKind};
use crate::optimizer::Optimizer;
use crate::train::Budget;
use std::path::PathBuf;
use std::time::Duration;

/// Default budgets of each layer: examples of the synthetic language, and time on a text.
const SYNTHETIC_EXAMPLES: u64 = 1_500_000;
const TEXT_BUDGET: Duration = Duration::from_secs(60);

/// Defaults that depend on the data.
struct Defaults {
    dim: usize,
    window: usize,
    order: usize,
    budget: Budget,
}

const TEXT: Defaults = Defaults { dim: 100, window: 5, order: 5, budget: Budget::Time(TEXT_BUDGET) };
const SYNTHETIC: Defaults = Defaults { dim: 24, window: 1, order: 2, budget: Budget::Examples(SYNTHETIC_EXAMPLES) };

/// Settings of a comparison, collected for [`compare`](compare()). `lexmax compare` uses it.
///
/// Without a text, the layers learn a synthetic language whose probabilities are known.
///
/// ```no_run
/// use lexmax::compare;
/// use std::time::Duration;
///
/// # fn main() -> lexmax::Result<()> {
/// let found = compare::Builder::of(["full", "hierarchical", "sampled:samples=32"])?
///     .text("train.txt")
///     .budget(Duration::from_secs(60))
///     .run()?;
/// println!("{found}");
/// # Ok(())
/// # }
/// ```
///
/// | setting | default on a text | on the synthetic language |
/// |---|---|---|
/// | [`dim`](Self::dim) | 100 | 24 |
/// | [`window`](Self::window) | 5 words to the left | 1 |
/// | [`order`](Self::order) of an n-gram model | 5 | 2 |
/// | [`budget`](Self::budget), [`examples`](Self::examples) of each layer | 60 s | 1,500,000 examples |
/// | [`model`](Self::model) | CBOW | CBOW |
/// | [`optimizer`](Self::optimizer) | Adagrad from 0.01 | the same |
/// | [`rate`](Self::rate), [`batch`](Self::batch) | those of the layer | the same |
/// | [`valid`](Self::valid) | every twentieth line of the text | other sentences of the language |
/// | [`valid_examples`](Self::valid_examples) | 20,000 | the same |
/// | [`min_count`](Self::min_count), [`max_word_bytes`](Self::max_word_bytes) | 5, 1,000 | – |
/// | [`threads`](Self::threads), [`seed`](Self::seed) | all cores, 1 | the same |
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    layers: Vec<LayerSpec>,
    text: Vec<PathBuf>,
    valid: Vec<PathBuf>,
    min_count: Option<u64>,
    sample: Option<f64>,
    max_word_bytes: Option<usize>,
    synthetic: Option<(usize, usize)>,
    model: ModelKind,
    order: Option<usize>,
    hidden: Option<usize>,
    dim: Option<usize>,
    context: Option<Context>,
    window: Option<usize>,
    window_rule: Option<WindowRule>,
    optimizer: Optimizer,
    rate: Option<f32>,
    batch: Option<usize>,
    budget: Option<Budget>,
    valid_examples: usize,
    threads: Option<usize>,
    seed: u64,
}

impl Default for Builder {
    /// Compares all layers except those that cost more than full softmax: [`CompareConfig::usual_layers`].
    fn default() -> Self {
        Self {
            layers: CompareConfig::usual_layers(),
            text: Vec::new(),
            valid: Vec::new(),
            min_count: None,
            sample: None,
            max_word_bytes: None,
            synthetic: None,
            model: ModelKind::default(),
            order: None,
            hidden: None,
            dim: None,
            context: None,
            window: None,
            window_rule: None,
            optimizer: Optimizer::default(),
            rate: None,
            batch: None,
            budget: None,
            valid_examples: Self::VALID_EXAMPLES,
            threads: None,
            seed: Self::SEED,
        }
    }
}

impl Builder {
    /// Default least count of a word that is kept.
    pub const MIN_COUNT: u64 = 5;
    /// Default threshold of subsampling: off.
    pub const SAMPLE: f64 = 0.0;
    /// Default side of the context.
    pub const CONTEXT: Context = Context::Left;
    /// Default rule for the windows in training.
    pub const WINDOW_RULE: WindowRule = WindowRule::Fixed;
    /// Default number of held-out examples.
    pub const VALID_EXAMPLES: usize = 20_000;
    /// Default seed.
    pub const SEED: u64 = 1;

    /// Compares these layers, each given as `NAME[:key=value]…`; `all` stands for every layer of the catalogue.
    ///
    /// # Errors
    /// A name or a key that does not exist, a value that cannot be read, or no name at all.
    pub fn of<N: AsRef<str>>(layers: impl IntoIterator<Item = N>) -> Result<Self> {
        let mut named = Vec::new();
        for layer in layers {
            named.extend(CompareConfig::named_layers(layer.as_ref())?);
        }
        if named.is_empty() {
            return Err(Error::OutOfRange { name: "number of layers", value: 0.0, limit: "1 or more" });
        }
        Ok(Self { layers: named, ..Self::default() })
    }

    /// Replaces the layers.
    pub fn layers(self, layers: Vec<LayerSpec>) -> Self {
        Self { layers, ..self }
    }

    /// Adds training text with one sentence per line: a file (plain, `.gz`, `.zst` or `.bz2`), a directory or a
    /// pattern, as in [`files`](files()).
    pub fn text(mut self, path: impl Into<PathBuf>) -> Self {
        self.text.push(path.into());
        self
    }

    /// Adds held-out text, given like [`text`](Self::text).
    pub fn valid(mut self, path: impl Into<PathBuf>) -> Self {
        self.valid.push(path.into());
        self
    }

    /// Drops words of the text that occur fewer than `count` times.
    pub fn min_count(self, count: u64) -> Self {
        Self { min_count: Some(count), ..self }
    }

    /// Sets the threshold of word2vec's subsampling of frequent words [default: 0, which is off].
    pub fn sample(self, threshold: f64) -> Self {
        Self { sample: Some(threshold), ..self }
    }

    /// Drops words of the text that have more than `bytes` bytes [default: [`Source::MAX_WORD_BYTES`]].
    pub fn max_word_bytes(self, bytes: usize) -> Self {
        Self { max_word_bytes: Some(bytes), ..self }
    }

    /// Trains on a synthetic language of `vocab` words and `classes` classes [default without a text: 2,000 and 16].
    pub fn synthetic(self, vocab: usize, classes: usize) -> Self {
        Self { synthetic: Some((vocab, classes)), ..self }
    }

    /// Sets the model below the output layer.
    pub fn model(self, model: ModelKind) -> Self {
        Self { model, ..self }
    }

    /// Sets the n of an n-gram model, which sees the n − 1 words before a word.
    pub fn order(self, n: usize) -> Self {
        Self { order: Some(n), ..self }
    }

    /// Sets the size of the hidden layer of an n-gram model [default: `dim`].
    pub fn hidden(self, size: usize) -> Self {
        Self { hidden: Some(size), ..self }
    }

    /// Sets the size of word vectors, and of hidden vectors unless `hidden` is set.
    pub fn dim(self, size: usize) -> Self {
        Self { dim: Some(size), ..self }
    }

    /// Sets the side of the context [default: left].
    pub fn context(self, context: Context) -> Self {
        Self { context: Some(context), ..self }
    }

    /// Sets the number of context words on each side.
    pub fn window(self, size: usize) -> Self {
        Self { window: Some(size), ..self }
    }

    /// Sets the rule for the number of context words of a position in training [default: all positions have `window`].
    pub fn window_rule(self, rule: WindowRule) -> Self {
        Self { window_rule: Some(rule), ..self }
    }

    /// Sets the optimizer.
    pub fn optimizer(self, optimizer: Optimizer) -> Self {
        Self { optimizer, ..self }
    }

    /// Sets the initial learning rate of all layers.
    pub fn rate(self, rate: f32) -> Self {
        Self { rate: Some(rate), ..self }
    }

    /// Sets the number of examples in a mini-batch for all layers.
    pub fn batch(self, examples: usize) -> Self {
        Self { batch: Some(examples), ..self }
    }

    /// Trains each layer for this time; evaluation does not count. Replaces `examples`.
    pub fn budget(self, time: Duration) -> Self {
        Self { budget: Some(Budget::Time(time)), ..self }
    }

    /// Trains each layer on this many examples, which gives the same bits every time. Replaces `budget`.
    pub fn examples(self, examples: u64) -> Self {
        Self { budget: Some(Budget::Examples(examples)), ..self }
    }

    /// Sets the largest number of held-out examples; they are evenly spaced.
    pub fn valid_examples(self, examples: usize) -> Self {
        Self { valid_examples: examples, ..self }
    }

    /// Sets the number of threads.
    pub fn threads(self, threads: usize) -> Self {
        Self { threads: Some(threads), ..self }
    }

    /// Sets the seed of everything random, including the synthetic language.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Returns the size of word vectors if none is set: 100 on a text, 24 on the synthetic language.
    pub fn default_dim(&self) -> usize {
        self.defaults().dim
    }

    fn defaults(&self) -> Defaults {
        if self.text.is_empty() { SYNTHETIC } else { TEXT }
    }

    /// Returns the data of the comparison.
    ///
    /// # Errors
    /// [`Error::NotWith`] for settings of a text without a text, and for a language together with a text; the errors of
    /// [`files`](files()) for paths.
    pub fn source(&self) -> Result<DataSource> {
        let given = [
            ("valid", !self.valid.is_empty()),
            ("min_count", self.min_count.is_some()),
            ("sample", self.sample.is_some()),
            ("max_word_bytes", self.max_word_bytes.is_some()),
        ];
        if self.text.is_empty() {
            refuse(&given, "the synthetic language")?;
            let (vocab, classes) =
                self.synthetic.unwrap_or((SyntheticLanguage::DEFAULT_VOCAB, SyntheticLanguage::DEFAULT_CLASSES));
            return Ok(DataSource::Synthetic { vocab, classes, seed: self.seed });
        }
        refuse(&[("a synthetic language", self.synthetic.is_some())], "a text")?;
        Ok(DataSource::Text {
            corpus: files(&self.text)?,
            valid: files(&self.valid)?,
            min_count: self.min_count.unwrap_or(Self::MIN_COUNT),
            sample: self.sample.unwrap_or(Self::SAMPLE),
            max_word_bytes: self.max_word_bytes.unwrap_or(Source::MAX_WORD_BYTES),
        })
    }

    /// Returns all settings except the data, with defaults filled in.
    ///
    /// # Errors
    /// [`Error::NotWith`] for settings of another model, and [`Error::OutOfRange`] for values that make no sense.
    pub fn config(&self) -> Result<CompareConfig> {
        let own = self.defaults();
        let dim = self.dim.unwrap_or(own.dim);
        let context = self.context.unwrap_or(Self::CONTEXT);
        let (encoding, window, hidden) = match self.model {
            ModelKind::NGram => {
                let others = [
                    ("window", self.window.is_some()),
                    ("window rule dynamic", self.window_rule == Some(WindowRule::Dynamic)),
                    ("context both", context == Context::Both),
                ];
                refuse(&others, "the model ngram")?;
                let window = Encoding::window(self.order.unwrap_or(own.order))?;
                (Encoding::NGram { embedding: dim }, window, self.hidden.unwrap_or(dim))
            }
            ModelKind::Cbow | ModelKind::SkipGram => {
                let own_of_ngram = [("order", self.order.is_some()), ("hidden", self.hidden.is_some())];
                refuse(&own_of_ngram, "the models cbow and skipgram")?;
                let model = match self.model {
                    ModelKind::SkipGram => Direction::SkipGram,
                    _ => Direction::Cbow,
                };
                let size = self.window.unwrap_or(own.window);
                let rule = self.window_rule.unwrap_or(Self::WINDOW_RULE);
                (Encoding::Mean, Window::new(model, context, size, rule.is_dynamic())?, dim)
            }
        };
        let config = CompareConfig {
            layers: self.layers.clone(),
            window,
            encoding,
            dim: hidden,
            optimizer: self.optimizer,
            rate: self.rate,
            batch: self.batch,
            budget: self.budget.unwrap_or(own.budget),
            valid_examples: self.valid_examples,
            threads: self.threads.unwrap_or_else(cores),
            seed: self.seed,
        };
        config.check()?;
        Ok(config)
    }

    /// Trains and evaluates every layer.
    ///
    /// # Errors
    /// The errors of [`config`](Self::config), [`source`](Self::source), [`Data::new`] and [`compare`](compare()).
    pub fn run(&self) -> Result<Comparison> {
        self.run_with(&mut Silent)
    }

    /// Trains and evaluates every layer, and reports to an observer.
    ///
    /// # Errors
    /// The errors of [`run`](Self::run).
    pub fn run_with(&self, observer: &mut dyn Listener) -> Result<Comparison> {
        let (config, source) = (self.config()?, self.source()?);
        compare(&config, &Data::new(&source)?, observer)
    }
}

/// Refuses the first given setting that has no effect.
fn refuse(settings: &[(&'static str, bool)], other: &'static str) -> Result<()> {
    match settings.iter().find(|(_, given)| *given) {
        Some((setting, _)) => Err(Error::NotWith { setting, other }),
        None => Ok(()),
    }
}
