//! `train`: word vectors from a text, under the eyes of Python.

use crate::arrays::{named, whole};
use crate::failure::{Failure, detached};
use crate::head::optimizer;
use crate::sentences::Gathered;
use crate::vectors::WordVectors;
use crate::worker::{Line, apart};
use lexmax::model::{ModelKind, Predictor};
use lexmax::table::Threads;
use lexmax::train::Progress;
use lexmax::vocab::Vocabulary;
use lexmax::word2vec::{Checkpoints, EpochEnd, Facts, Options, Preset, Text, Valid, Watch, Word2Vec, train_sentences};
use lexmax::{Error, word2vec};
use numpy::PyArray1;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

/// News of a training.
enum News {
    /// The text is read: words in a pass, and words of the vocabulary.
    Read(u64, usize),
    /// Share of the run, words read, loss in nats an example since the last report, rate.
    At(f64, u64, f64, f32),
    /// The end of a pass.
    Epoch(Ended),
}

/// The end of a pass.
struct Ended {
    /// Loss of each pass so far, in nats an example.
    losses: Vec<f64>,
    /// Whether another pass follows.
    goes_on: bool,
    vectors: lexmax::vectors::WordVectors,
    counts: Vec<i64>,
    /// To be dropped once the callbacks have returned. The workers rest until then.
    _heard: Sender<()>,
}

struct Watched {
    line: Line<News>,
    /// Whether callbacks are to hear of epochs.
    epochs: bool,
}

impl Watch for Watched {
    fn vocabulary(&mut self, _: &Vocabulary) -> lexmax::Result<()> {
        self.stop_before_training()
    }

    fn read(&mut self, text: &Text) -> lexmax::Result<()> {
        self.line.tell(News::Read(text.ledger.kept, text.vocab));
        self.stop_before_training()?;
        self.line.keeps.store(true, Relaxed);
        Ok(())
    }

    fn progress(&mut self, at: &Progress) {
        self.line.tell(News::At(at.share, at.words, at.loss, at.rate));
    }

    fn hears_epochs(&self) -> bool {
        self.epochs
    }

    fn epoch(&mut self, end: &EpochEnd) -> lexmax::Result<()> {
        let losses = end.epochs.iter().map(|epoch| epoch.train_loss).collect();
        let (heard, wait) = channel();
        let (vectors, counts) = (end.vectors()?, counts(end.vocab));
        self.line.tell(News::Epoch(Ended { losses, goes_on: end.goes_on, vectors, counts, _heard: heard }));
        // Nothing is sent: the other end is dropped, by a caller that has gone too.
        wait.recv().unwrap_or_default();
        Ok(())
    }
}

impl Watched {
    /// Leaves a run that was stopped before it began to train.
    fn stop_before_training(&self) -> lexmax::Result<()> {
        if self.line.stop.load(Relaxed) {
            std::panic::resume_unwind(Box::new(crate::failure::Stop));
        }
        Ok(())
    }
}

/// A trained model: its vectors, its predictions, and the facts of the run.
#[pyclass(frozen, module = "lexmax._lexmax")]
pub struct Trained {
    vectors: Py<WordVectors>,
    predictor: Predictor,
    facts: Option<Facts>,
}

#[pymethods]
impl Trained {
    /// The vectors.
    #[getter]
    fn vectors(&self, py: Python<'_>) -> Py<WordVectors> {
        self.vectors.clone_ref(py)
    }

    /// Counts of the words in the training text, int64 of shape (V,).
    fn counts<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        PyArray1::from_vec(py, counts(self.predictor.vocab()))
    }

    /// The facts of the run as JSON; None for a model of a file.
    fn facts(&self) -> Option<String> {
        self.facts.as_ref().map(Facts::to_json)
    }

    /// The `topn` most probable words in a context, with their P.
    fn predict(
        &self,
        py: Python<'_>,
        context: Vec<String>,
        #[pyo3(from_py_with = named::topn)] topn: usize,
    ) -> PyResult<Vec<(String, f64)>> {
        let found = detached(py, || {
            let context: Vec<&str> = context.iter().map(String::as_str).collect();
            Ok(self.predictor.top(&context, topn)?)
        })?;
        Ok(found.words.into_iter().map(|(word, ln_p)| (word, ln_p.exp())).collect())
    }

    /// Writes the model to a safetensors file: the file is there whole or not at all.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        detached(py, || Ok(self.predictor.save(&path)?))
    }

    /// Reads a model that `save` or `lexmax train` wrote.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let (vectors, predictor) = detached(py, || {
            let options = lexmax::vectors::Format::Model.into();
            let vectors = lexmax::vectors::read(&path, &options)?.vectors;
            Ok((vectors, Predictor::open(&path, Threads::new(1))?))
        })?;
        Ok(Self { vectors: Py::new(py, WordVectors::over(vectors))?, predictor, facts: None })
    }
}

fn counts(vocab: &Vocabulary) -> Vec<i64> {
    vocab.counts().as_slice().iter().map(|count| i64::try_from(*count).unwrap_or(i64::MAX)).collect()
}

/// Gives a setting in an error the name of the argument in Python.
fn renamed(mut error: Error) -> Failure {
    if let Error::OutOfRange { name, .. } = &mut error {
        *name = match *name {
            "dim" => "vector_size",
            "threads" | "workers" => "workers",
            "rate" | "first rate" => "alpha",
            "last rate" => "min_alpha",
            "noise_power" | "power" => "ns_exponent",
            other => other,
        };
    }
    Failure::Library(error)
}

/// The options of a run, by the names that Python gives them.
fn options(given: &Bound<'_, PyDict>) -> PyResult<(Options, Surroundings)> {
    let (mut options, mut around) = (Options::default(), Surroundings::default());
    options.preset = Preset::Gensim;
    for (name, value) in given {
        let name: String = name.extract()?;
        if value.is_none() {
            continue;
        }
        match name.as_str() {
            "skip_gram" => {
                options.kind = Some(if value.extract()? { ModelKind::SkipGram } else { ModelKind::Cbow });
            }
            "layer" => options.layer = Some(value.extract::<String>()?.parse().map_err(Failure::from)?),
            "hierarchical" => options.hierarchical = value.extract()?,
            "negative" => options.negative = Some(whole(&value, &name)?),
            "ns_exponent" => options.noise_power = Some(value.extract()?),
            "vector_size" => options.dim = Some(whole(&value, &name)?),
            "window" => options.window = Some(whole(&value, &name)?),
            "fixed_window" => {
                let fixed: bool = value.extract()?;
                options.window_rule = fixed.then_some(lexmax::corpus::WindowRule::Fixed);
            }
            "min_count" => options.min_count = Some(whole(&value, &name)?),
            "max_final_vocab" => options.max_vocab = Some(whole(&value, &name)?),
            "sample" => options.sample = Some(value.extract()?),
            "seed" => options.seed = Some(whole(&value, &name)?),
            "batch" => options.batch = Some(whole(&value, &name)?),
            "optimizer" => {
                options.optimizer = Some(optimizer(&value.extract::<String>()?)?);
            }
            "workers" => options.threads = Some(whole(&value, &name)?),
            "epochs" => options.epochs = Some(whole(&value, &name)?),
            "alpha" => options.rate = Some(value.extract()?),
            "min_alpha" => options.last_rate = Some(value.extract()?),
            "deterministic" => options.deterministic = value.extract()?,
            "corpus_files" => around.files = value.extract()?,
            "valid_files" => around.valid = value.extract()?,
            "patience" => around.patience = Some(whole(&value, &name)?),
            "checkpoint" => around.checkpoint = Some(value.extract()?),
            "resume" => around.resume = value.extract()?,
            "callbacks" => around.callbacks = value.extract()?,
            _ => return Err(PyRuntimeError::new_err(format!("there is no option {name}"))),
        }
    }
    Ok((options, around))
}

/// The files of a run.
#[derive(Default)]
struct Surroundings {
    files: Vec<PathBuf>,
    valid: Vec<PathBuf>,
    patience: Option<u32>,
    checkpoint: Option<PathBuf>,
    resume: bool,
    callbacks: bool,
}

impl Surroundings {
    fn around(&self, options: Options, stop: Arc<AtomicBool>) -> Word2Vec {
        let mut run = Word2Vec::options(options).stop(stop);
        if !self.valid.is_empty() {
            let mut valid = Valid::new(&self.valid);
            // Ctrl-C raises its exception within a second.
            valid.grace = Duration::ZERO;
            run = run.valid(match self.patience {
                Some(patience) => valid.patience(patience),
                None => valid,
            });
        }
        if let Some(folder) = &self.checkpoint {
            let checkpoints = Checkpoints::new(folder);
            run = run.checkpoint(if self.resume { checkpoints.resume() } else { checkpoints });
        }
        run
    }
}

/// Trains word vectors on sentences, or on the files among the options. `hear` is called with ("read", words in a pass,
/// words of the vocabulary), ten times a second with ("at", share, words, loss, rate), and with ("epoch", losses,
/// whether another pass follows, vectors, counts) at the end of each pass if "callbacks" is set. Returns the model (None where
/// the run was left before it trained) and the exception that ended the run, if one did.
#[pyfunction]
#[pyo3(signature = (sentences, options, hear))]
pub fn train(
    py: Python<'_>,
    sentences: Option<&Bound<'_, PyAny>>,
    options: &Bound<'_, PyDict>,
    hear: &Bound<'_, PyAny>,
) -> PyResult<(Option<Trained>, Option<PyErr>)> {
    let (options, around) = self::options(options)?;
    let start = Instant::now();
    let rules = options.rules().map_err(Failure::from)?;
    // Contradictions are told before a text is read.
    around.around(options.clone(), Arc::default()).config::<&str>(&[]).map_err(renamed)?;
    let gathered = sentences.map(Gathered::of).transpose()?;
    let work = move |line: Line<News>| -> lexmax::Result<_> {
        let run = around.around(options, line.stop.clone());
        let config = run.config(&around.files)?;
        let mut watch = Watched { line, epochs: around.callbacks };
        let embeddings = match gathered {
            Some(gathered) => {
                let (vocab, text) = gathered.into_text(rules.min_count, rules.max_vocab, rules.longest_sentence)?;
                train_sentences(&config, (vocab, &text), start, &mut watch)?
            }
            None => word2vec::train(&config, start, &mut watch)?,
        };
        let (vectors, predictor, facts) = embeddings.into_trained()?.into_parts();
        // Threads of a pool do not outlive a fork: predictions take the caller's own.
        Ok::<_, Error>((vectors, predictor.with_threads(Threads::new(1)), facts))
    };
    let ended = apart(py, work, &mut |py, news| {
        match news {
            News::Read(words, vocab) => hear.call1(("read", words, vocab))?,
            News::At(share, words, loss, rate) => hear.call1(("at", share, words, loss, rate))?,
            News::Epoch(Ended { losses, goes_on, vectors, counts, _heard }) => {
                let vectors = Py::new(py, WordVectors::over(vectors))?;
                hear.call1(("epoch", losses, goes_on, vectors, PyArray1::from_vec(py, counts)))?
            }
        };
        Ok(())
    })?;
    let trained = match ended.result {
        None | Some(Err(Failure::Stopped)) => None,
        Some(Err(failure)) => {
            let failure = match failure {
                Failure::Library(error) => renamed(error),
                other => other,
            };
            return Err(ended.interrupted.unwrap_or_else(|| failure.into()));
        }
        Some(Ok((vectors, predictor, facts))) => {
            Some(Trained { vectors: Py::new(py, WordVectors::over(vectors))?, predictor, facts: Some(facts) })
        }
    };
    Ok((trained, ended.interrupted))
}
