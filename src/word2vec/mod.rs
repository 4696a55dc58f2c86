//! Word vectors from a text, as word2vec trains them, through any layer of the catalogue.

mod best;
mod checkpoint;
mod control;
mod facts;
mod log;
mod options;
mod plan;
mod preset;
mod run;
mod supervisor;
mod warm;

pub use control::{Checkpoints, Control, Ended, Valid};
pub use facts::{Facts, Text, Watch};
pub use options::{Kind, Options, Shape};
pub use plan::{Plan, plan};
pub use preset::{Defaults, Preset, Sigmoid};
pub use warm::Warm;

use crate::corpus::{Corpus, Rules, Sentences, Source, SpooledCorpus, Subsampler, Window};
use crate::encoder::{Encoder, MeanEmbedding};
use crate::error::{Error, Result};
use crate::files;
use crate::layer::Bias;
use crate::layer::catalogue::{self, LayerSpec};
use crate::measure::peak_bytes;
use crate::model::{Architecture, Encoding, ModelWriter, SharedModel};
use crate::optimizer::Optimizer;
use crate::table::HotRows;
use crate::train::{Hogwild, LinearDecay};
use crate::vectors::{self, Format};
use crate::vocab::{Vocabulary, WordId};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The settings of a training run.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the text is, and how it becomes words.
    pub source: Source,
    /// Which words are kept.
    pub rules: Rules,
    /// A folder for the ids of a text that is larger than memory; memory without.
    pub spool: Option<PathBuf>,
    /// The output layer; without biases unless its name says otherwise.
    pub layer: LayerSpec,
    /// What is predicted from what.
    pub window: Window,
    /// What makes the hidden vector.
    pub encoding: Encoding,
    /// Size of the hidden vectors, and where the encoding says no other of the vectors.
    pub dim: usize,
    /// Whether each word of a bag descends along the whole gradient of their mean, as in word2vec.
    pub whole_gradients: bool,
    /// Threshold of subsampling; 0 is off.
    pub sample: f64,
    /// Passes over the text.
    pub epochs: u32,
    /// Threads.
    pub threads: usize,
    /// The rate.
    pub rate: LinearDecay,
    /// Rows of each table that a thread keeps to itself.
    pub hot: HotRows,
    /// Whether the bits do not depend on the threads: see [`deterministic`](crate::train::deterministic()).
    pub deterministic: bool,
    /// The seed.
    pub seed: u64,
    /// Vectors or a model to start from: see [`Warm`].
    pub init: Option<PathBuf>,
    /// Checkpoints, a held-out text, a budget, a log.
    pub control: Control,
}

impl Config {
    /// What the model is made of.
    fn architecture(&self, bias: Bias) -> Architecture {
        Architecture {
            layer: self.layer.clone(),
            bias,
            window: self.window,
            encoding: self.encoding,
            dim: self.dim,
            optimizer: Optimizer::Sgd,
        }
    }
}

/// Trained vectors, and what is known of the training.
pub struct Embeddings {
    vocab: Vocabulary,
    architecture: Architecture,
    model: SharedModel,
    facts: Facts,
    start: Instant,
}

/// Reads the text.
///
/// # Errors
/// Those of [`Corpus::read`] and [`SpooledCorpus::read`], and standard input as training text and as held-out text.
pub fn read(config: &Config) -> Result<(Vocabulary, Box<dyn Sentences>)> {
    let mut held_out = config.control.valid.iter().flat_map(|valid| &valid.files);
    if config.source.paths.iter().any(|path| files::is_stdin(path)) && held_out.any(|path| files::is_stdin(path)) {
        return Err(Error::RepeatedInput);
    }
    Ok(match &config.spool {
        None => Corpus::read(&config.source, &config.rules).map(|(v, c)| (v, Box::new(c) as _))?,
        Some(dir) => SpooledCorpus::read(&config.source, &config.rules, dir).map(|(v, c)| (v, Box::new(c) as _))?,
    })
}

/// Reads the words that occur at least `min_count` times by a file's own counts: see [`Vocabulary::read`].
///
/// # Errors
/// As there.
pub fn read_vocabulary(path: &Path, min_count: u64) -> Result<Vocabulary> {
    let file = std::fs::File::open(path).map_err(Error::io(path))?;
    Vocabulary::read(&mut std::io::BufReader::new(file), path, min_count)
}

/// Reads the text and trains. `start` is when the program began; `observe` hears of the training.
///
/// # Errors
/// Text that cannot be read, settings that make no sense, tables that do not fit in memory, a loss that is not finite.
///
/// A run that fails says so in its log, whenever that is.
pub fn train(config: &Config, start: Instant, observe: &mut dyn Watch) -> Result<Embeddings> {
    train_watched(config, start, observe).inspect_err(|error| config.control.log_failure(error))
}

fn train_watched(config: &Config, start: Instant, observe: &mut dyn Watch) -> Result<Embeddings> {
    let loading = Instant::now();
    let (vocab, corpus) = read(config)?;
    let load_seconds = loading.elapsed().as_secs_f64();
    let expected_subsampled = Subsampler::new(vocab.counts(), config.sample)?.expected_drops(vocab.counts());
    let text = Text { ledger: corpus.ledger(), valid: None, vocab: vocab.len(), expected_subsampled, load_seconds };
    let mut model = build_model(config, &vocab)?;
    let settings = settings(config);
    let architecture = config.architecture(model.layer().bias());
    let done = run::watched(config, &architecture, (&vocab, &*corpus, text), &mut model, &settings, observe)?;
    let facts = facts::facts(config, &done);
    Ok(Embeddings { vocab, architecture, model, facts, start })
}

/// The model at the start of training.
fn build_model(config: &Config, vocab: &Vocabulary) -> Result<SharedModel> {
    let context = catalogue::Context { counts: vocab.counts(), words: Some(vocab), dim: config.dim, bias: Bias::None };
    let encoder: Box<dyn Encoder> = match config.encoding {
        Encoding::Mean if config.whole_gradients => {
            Box::new(MeanEmbedding::new(vocab.len(), config.dim)?.with_whole_gradients())
        }
        other => other.build(vocab.len(), &config.window, config.dim)?,
    };
    SharedModel::new(encoder, config.layer.build(&context)?, vocab.counts(), config.seed)
}

fn settings(config: &Config) -> Hogwild {
    Hogwild {
        window: config.window,
        sample: config.sample,
        rate: config.rate,
        epochs: config.epochs,
        workers: config.threads,
        hot: config.hot,
        seed: config.seed,
    }
}

impl Embeddings {
    /// The words.
    pub fn vocab(&self) -> &Vocabulary {
        &self.vocab
    }

    /// The trained model.
    pub fn model(&self) -> &SharedModel {
        &self.model
    }

    /// Writes the vectors, the frequent words first: the file is there whole or not at all.
    ///
    /// # Errors
    /// As [`vectors::write`].
    pub fn write(&self, path: &Path, format: Format) -> Result<()> {
        vectors::write(path, format, self)
    }

    /// Writes the whole model: see [`ModelWriter`]. The file is there whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`] with the path; [`Error::NotFinite`].
    pub fn save_model(&self, path: &Path) -> Result<()> {
        let writer = ModelWriter::shared(&self.architecture, &self.vocab, &self.model)?;
        files::stream_atomically(path, |out| writer.write(out))
    }

    /// Writes the words and their counts in word2vec's format: see [`Vocabulary::write`].
    ///
    /// # Errors
    /// [`Error::Io`] with the path.
    pub fn write_vocabulary(&self, path: &Path) -> Result<()> {
        files::stream_atomically(path, |out| self.vocab.write(out, self.facts.ledger.lines))
    }

    /// Why the run ended.
    pub fn ended(&self) -> Ended {
        self.facts.ended
    }

    /// What is known of the training until now.
    pub fn facts(&self) -> Facts {
        let total_seconds = self.start.elapsed().as_secs_f64();
        Facts { total_seconds, peak_bytes: peak_bytes(), ..self.facts.clone() }
    }
}

impl vectors::Source for Embeddings {
    fn len(&self) -> usize {
        self.vocab.len()
    }

    fn dim(&self) -> usize {
        self.model.encoder_tables()[0].shape().dim
    }

    fn word(&self, id: WordId) -> &str {
        self.vocab.word(id)
    }

    fn row(&self, id: WordId, out: &mut [f32]) {
        self.model.encoder_tables()[0].read_row(id, out);
    }
}
