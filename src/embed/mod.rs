//! Word vectors from a text, as word2vec trains them, through any layer of the catalogue.

mod facts;

pub use facts::Facts;

use crate::corpus::{Corpus, Model as WindowModel, Sentences, SpooledCorpus, Window};
use crate::encoder::{Encoder, MeanEmbedding};
use crate::error::Result;
use crate::layer::Bias;
use crate::layer::catalogue::{self, LayerSpec};
use crate::measure::peak_bytes;
use crate::model::{Architecture, Encoding, ModelWriter, SharedModel};
use crate::optimizer::Optimizer;
use crate::report::stream_atomically;
use crate::table::HotRows;
use crate::train::{self, Hogwild, LinearDecay, Progress};
use crate::vectors::{self, Format};
use crate::vocab::Vocabulary;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The settings of a training run.
#[derive(Clone, Debug)]
pub struct Config {
    /// Text files: plain, `.gz` or `.zst`, a sentence a line.
    pub corpus: Vec<PathBuf>,
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
    /// The least count that a word is kept at.
    pub min_count: u64,
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
    /// Whether the bits do not depend on the threads: see [`train::deterministic`].
    pub deterministic: bool,
    /// The seed.
    pub seed: u64,
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

    /// word2vec's rate at the start.
    pub fn default_rate(model: WindowModel) -> f32 {
        match model {
            WindowModel::SkipGram => 0.025,
            WindowModel::Cbow => 0.05,
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

/// Reads the text and trains. `start` is when the program began; `observe` hears of the training.
///
/// # Errors
/// Text that cannot be read, settings that make no sense, tables that do not fit in memory, a loss that is not finite.
pub fn train(config: &Config, start: Instant, observe: &mut dyn FnMut(&Progress)) -> Result<Embeddings> {
    let loading = Instant::now();
    let (vocab, corpus): (_, Box<dyn Sentences>) = match &config.spool {
        None => Corpus::load(&config.corpus, config.min_count).map(|(v, c)| (v, Box::new(c) as _))?,
        Some(dir) => SpooledCorpus::load(&config.corpus, config.min_count, dir).map(|(v, c)| (v, Box::new(c) as _))?,
    };
    let load_seconds = loading.elapsed().as_secs_f64();
    let context = catalogue::Context { counts: vocab.counts(), words: Some(&vocab), dim: config.dim, bias: Bias::None };
    let encoder: Box<dyn Encoder> = match config.encoding {
        Encoding::Mean => Box::new(MeanEmbedding::new(vocab.len(), config.dim)?.with_whole_gradients()),
        other => other.build(vocab.len(), &config.window, config.dim)?,
    };
    let mut model = SharedModel::new(encoder, config.layer.build(&context)?, vocab.counts(), config.seed)?;
    let settings = Hogwild {
        window: config.window,
        sample: config.sample,
        rate: config.rate,
        epochs: config.epochs,
        workers: config.threads,
        hot: config.hot,
        seed: config.seed,
    };
    let outcome = if config.deterministic {
        train::deterministic(&mut model, &*corpus, vocab.counts(), &settings, observe)?
    } else {
        train::hogwild(&model, &*corpus, vocab.counts(), &settings, observe)?
    };
    let words = corpus.ledger().tokens * u64::from(config.epochs);
    let facts = facts::facts(config, &outcome, vocab.len(), words, load_seconds);
    let architecture = config.architecture(model.layer().bias());
    Ok(Embeddings { vocab, architecture, model, facts, start })
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
    /// [`Error::Io`](crate::Error::Io) with the path.
    pub fn write(&self, path: &Path, format: Format) -> Result<()> {
        let table = &self.model.encoder_tables()[0];
        let row = |id, to: &mut [f32]| table.read_row(id, to);
        stream_atomically(path, |out| vectors::write(out, format, &self.vocab, table.shape().dim, row))
    }

    /// Writes the whole model: see [`ModelWriter`]. The file is there whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) with the path; [`Error::NotFinite`](crate::Error::NotFinite).
    pub fn save_model(&self, path: &Path) -> Result<()> {
        let writer = ModelWriter::shared(&self.architecture, &self.vocab, &self.model)?;
        stream_atomically(path, |out| writer.write(out))
    }

    /// What is known of the training until now.
    pub fn facts(&self) -> Facts {
        let total_seconds = self.start.elapsed().as_secs_f64();
        Facts { total_seconds, peak_bytes: peak_bytes(), ..self.facts.clone() }
    }
}
