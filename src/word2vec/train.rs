//! Training of word vectors under supervision.

use super::facts::{Epochs, Supervised, facts};
use super::settings::{settings, text_hash};
use super::trainee::{self, Job, Trainee};
use super::{Facts, Text, Trained, Watch, Word2VecConfig, ranks, warm};
use crate::corpus::{Corpus, Examples, Ledger, Sentences, Source, SpooledCorpus, Subsampler, held_out};
use crate::error::{Error, Result, TextFault};
use crate::files::{self, Output};
use crate::layer::LayerExt;
use crate::machine::peak_bytes;
use crate::model::{Architecture, ModelOver, ModelView, ModelWriter, Predictor, Side};
use crate::optimizer::Optimizer;
use crate::peers::Team;
use crate::run::{Ended, Run, Subject};
use crate::table::Threads;
use crate::train::Progress;
use crate::vectors::{self, Format, WordVectors};
use crate::vocab::{Vocabulary, WordId};
use ndarray::Array2;
use serde_json::json;
use std::cell::RefCell;
use std::fmt;
use std::fs;
use std::path::Path;
use std::time::Instant;

/// Reads the text.
///
/// # Errors
/// The errors of [`Corpus::read`] and [`SpooledCorpus::read`]. Standard input cannot be both training text and held-out
/// text.
pub(super) fn read(config: &Word2VecConfig, team: &mut Team) -> Result<(Vocabulary, Box<dyn Sentences>)> {
    let mut held_out = config.control.valid.iter().flat_map(|valid| &valid.files);
    if config.source.paths.iter().any(|path| files::is_stdin(path)) && held_out.any(|path| files::is_stdin(path)) {
        return Err(TextFault::RepeatedInput.into());
    }
    let (source, rules) = (&config.source, &config.rules);
    Ok(match &config.spool {
        None => Corpus::read_over(source, rules, team).map(|(v, c)| (v, Box::new(c) as _))?,
        Some(dir) => SpooledCorpus::read_over(source, rules, dir, team).map(|(v, c)| (v, Box::new(c) as _))?,
    })
}

/// Reads the held-out text, if there is one.
fn read_held_out(
    config: &Word2VecConfig,
    vocab: &Vocabulary,
    corpus: &dyn Sentences,
) -> Result<Option<(Examples, Ledger)>> {
    let Some(valid) = &config.control.valid else { return Ok(None) };
    let source = Source { paths: valid.files.clone(), ..config.source.clone() };
    let text = Corpus::read_known(&source, vocab, corpus.joins(), config.rules.longest_sentence)?;
    Ok(Some((held_out(&text, config.window, valid.examples)?, text.ledger())))
}

/// Reads the text and trains. `start` is the start of the program; `watch` receives reports about the training. A run
/// that fails writes the error to its log.
///
/// # Errors
/// Text that cannot be read, settings that make no sense, tables that do not fit in memory, and a loss that is not
/// finite. A checkpoint or a log that is also one of the input files is refused before anything is read or written.
///
/// On several ranks an error of one of them reaches all: see [`Word2Vec::over`](super::Word2Vec::over).
pub fn train(config: &Word2VecConfig, start: Instant, watch: &mut dyn Watch) -> Result<Embeddings> {
    check_files(config)?;
    train_text(config, start, watch).inspect_err(|error| ranks::log_failure(&config.team, &config.control, error))
}

/// Checks the ranks, and the files of rank 0.
fn check_files(config: &Word2VecConfig) -> Result<()> {
    ranks::check(config)?;
    config.team.clone().on_first(|| config.check_files())
}

fn train_text(config: &Word2VecConfig, start: Instant, watch: &mut dyn Watch) -> Result<Embeddings> {
    let mut team = config.team.clone();
    team.on_first(|| config.control.check_checkpoint())?;
    let loading = Instant::now();
    let (vocab, corpus) = read(config, &mut team)?;
    train_read(config, (vocab, &*corpus, loading.elapsed().as_secs_f64()), start, watch)
}

/// [`train()`] on sentences that are in memory already, in place of the text that `config` names. The words of
/// `vocab` are those of the sentences.
///
/// # Errors
/// The errors of [`train()`].
pub fn train_sentences(
    config: &Word2VecConfig,
    (vocab, sentences): (Vocabulary, &dyn Sentences),
    start: Instant,
    watch: &mut dyn Watch,
) -> Result<Embeddings> {
    let trained = || {
        check_files(config)?;
        config.team.clone().on_first(|| config.control.check_checkpoint())?;
        train_read(config, (vocab, sentences, start.elapsed().as_secs_f64()), start, watch)
    };
    trained().inspect_err(|error| ranks::log_failure(&config.team, &config.control, error))
}

fn train_read(
    config: &Word2VecConfig,
    (vocab, corpus, load_seconds): (Vocabulary, &dyn Sentences, f64),
    start: Instant,
    watch: &mut dyn Watch,
) -> Result<Embeddings> {
    let mut prepared = || {
        watch.vocabulary(&vocab)?;
        let expected_subsampled = Subsampler::new(vocab.counts(), config.sample)?.expected_drops(vocab.counts());
        let model = Trainee::new(config, &vocab)?;
        let (examples, valid) = read_held_out(config, &vocab, corpus)?.unzip();
        let text = Text { ledger: corpus.ledger(), valid, vocab: vocab.len(), expected_subsampled, load_seconds };
        watch.read(&text)?;
        Ok((model, examples, text))
    };
    let (mut model, examples, text) = config.team.clone().agree(prepared())?;
    let architecture = config.architecture(model.view().layer().bias(), corpus.joins());
    let reading = Reading { architecture: &architecture, vocab: &vocab, corpus, text };
    let done = model.supervised(config, &reading, examples, watch)?;
    model.drop_state();
    let architecture = Architecture { optimizer: Optimizer::Sgd, ..architecture };
    Ok(Embeddings { facts: facts(config, &text, done), vocab, architecture, model, start })
}

/// A text that was read, with the parts of its model.
pub(super) struct Reading<'a> {
    architecture: &'a Architecture,
    vocab: &'a Vocabulary,
    corpus: &'a dyn Sentences,
    text: Text,
}

/// Trains the model from its initial parameters, from earlier vectors, or from a checkpoint.
pub(super) fn supervised<M: trainee::Trained>(
    config: &Word2VecConfig,
    Reading { architecture, vocab, corpus, text }: &Reading,
    held_out: Option<Examples>,
    model: &mut ModelOver<M>,
    watch: &mut dyn Watch,
) -> Result<Supervised> {
    let Word2VecConfig { control, init, layer, threads, .. } = config;
    let mut team = config.team.clone();
    // Ranks compare it, too.
    let is_hashed = control.is_recorded() || !team.is_alone();
    let hash = team.agree(if is_hashed { text_hash(vocab, *corpus) } else { Ok(String::new()) })?;
    let found = init.as_ref().filter(|_| !team.is_alone()).map(|path| fs::metadata(path).map_err(Error::io(path)));
    team.agree(found.transpose())?;
    let settings = settings(config, &hash, init.as_ref().map(|path| files::sha256(path).unwrap_or_default()));
    let (words_per_pass, threads) = (text.ledger.kept, *threads);
    let subject = Subject { architecture, vocab, settings, held_out, words_per_pass, threads };
    let mut run = Run::open_over(control, subject, model, &team)?;
    // A resumed run has started before.
    let from = init.as_ref().filter(|_| !run.is_resumed());
    let warm = from.map(|path| warm::start(model, vocab, &layer.to_string(), (path, config.init_on_bad)));
    let warm = team.agree(warm.transpose())?;
    let texts: Vec<String> = config.source.paths.iter().map(|path| files::name(path)).collect();
    let more = json!({
        "corpus": texts, "text_sha256": hash, "ledger": text.ledger, "valid_ledger": text.valid,
        "expected_subsampled_per_epoch": text.expected_subsampled, "words": text.ledger.tokens,
        "kept": text.ledger.kept, "warm": warm,
    });
    run.log_start(&*model, &more)?;
    let job = Job { config, corpus: *corpus, counts: vocab.counts(), settings: &config.trainer(), team: &team };
    let watch = RefCell::new(watch);
    let mut observe = |at: &Progress| watch.borrow_mut().progress(at);
    let outcome = run.train(model, &mut observe, |model, from, observer| {
        let mut observer = Epochs::new(observer, &watch, (vocab, words_per_pass), (from, control.stop.as_deref()));
        M::train(model, &job, from, &mut observer)
    });
    let outcome = outcome.map_err(|source| match source {
        Error::Diverged { .. } => Error::InLayer { layer: layer.to_string(), source: Box::new(source) },
        other => other,
    })?;
    let closed = run.close(model, &outcome)?;
    Ok(Supervised { outcome, closed, warm })
}

/// Trained vectors in the tables of the trainer, and the facts of the run.
pub struct Embeddings {
    vocab: Vocabulary,
    architecture: Architecture,
    model: Trainee,
    facts: Facts,
    start: Instant,
}

impl fmt::Debug for Embeddings {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Embeddings")
            .field("architecture", &self.architecture)
            .field("vocab", &self.vocab.len())
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}

impl Embeddings {
    /// Returns the words.
    pub fn vocab(&self) -> &Vocabulary {
        &self.vocab
    }

    /// Returns the trained model.
    pub fn model(&self) -> ModelView<'_> {
        self.model.view()
    }

    /// Writes the vectors, frequent words first. The file is written completely or not at all.
    ///
    /// # Errors
    /// The errors of [`vectors::write`].
    pub fn write(&self, path: &Path, format: Format) -> Result<()> {
        vectors::write(path, format, self)
    }

    /// Writes the whole model: see [`ModelWriter`]. The file is written completely or not at all.
    ///
    /// # Errors
    /// [`Error::Io`] with the path; [`Error::NotFinite`]; [`Error::Output`] for a word that a model file cannot hold,
    /// and for a name that promises compression. Standard output gives [`Error::Output`] too, since readers of a model
    /// file need random access.
    pub fn save_model(&self, path: &Path) -> Result<()> {
        Format::Model.check_words(path, self.vocab.words())?;
        let writer = ModelWriter::new(&self.architecture, &self.vocab, self.model())?;
        Output::plain(path, "a model")?.stream(|out| writer.write(out))
    }

    /// Writes the words and their counts in word2vec's format: see [`Vocabulary::write`].
    ///
    /// # Errors
    /// [`Error::Io`] with the path; [`Error::Output`] for a word that the file cannot hold.
    pub fn write_vocabulary(&self, path: &Path) -> Result<()> {
        self.vocab.check_file(path)?;
        Output::new(path)?.stream(|out| self.vocab.write(out, self.facts.ledger.lines))
    }

    /// Returns the reason why the run ended.
    pub fn ended(&self) -> Ended {
        self.facts.ended
    }

    /// Returns the facts of the run up to now.
    pub fn facts(&self) -> Facts {
        let total_seconds = self.start.elapsed().as_secs_f64();
        Facts { total_seconds, peak_bytes: peak_bytes(), ..self.facts.clone() }
    }

    /// Converts to vectors and model in plain memory. The vectors are copied, so they are in memory twice: alone and in
    /// the model.
    ///
    /// # Errors
    /// A table that does not fit in memory a second time, and a parameter that is not finite.
    pub fn into_trained(self) -> Result<Trained> {
        let vectors = word_vectors(&self.vocab, self.model())?;
        let (facts, threads) = (self.facts(), Threads::new(self.facts.threads));
        let Self { vocab, architecture, model, .. } = self;
        let predictor = Predictor::new(architecture, vocab, model.into_model()?, threads);
        Ok(Trained::new(vectors, predictor, facts))
    }
}

/// A copy of the word vectors of a model.
pub(super) fn word_vectors(vocab: &Vocabulary, model: ModelView) -> Result<WordVectors> {
    let (rows, dim) = (vocab.len(), embedding_size(model));
    let mut values = Vec::new();
    values.try_reserve_exact(rows.saturating_mul(dim)).map_err(|_| Error::TooLarge { rows, dim })?;
    values.resize(rows * dim, 0.0);
    for (word, row) in (0..).zip(values.chunks_exact_mut(dim)) {
        model.read_embedding(word, row);
    }
    WordVectors::new(vocab.words(), Array2::from_shape_vec((rows, dim), values).expect("rows × dim entries"))
}

/// Size of the word vectors of a model.
fn embedding_size(model: ModelView) -> usize {
    model.shapes(Side::Encoder)[0].dim
}

impl vectors::VectorSource for Embeddings {
    fn len(&self) -> usize {
        self.vocab.len()
    }

    fn dim(&self) -> usize {
        embedding_size(self.model())
    }

    fn word(&self, id: WordId) -> &str {
        self.vocab.word(id)
    }

    fn row(&self, id: WordId, out: &mut [f32]) {
        self.model().read_embedding(id, out);
    }
}
