//! Predictions of a trained model.

use super::{Architecture, Model, ModelReader};
use crate::corpus;
use crate::error::{Error, Result};
use crate::files;
use crate::layer::verbs::Scored;
use crate::layer::{Batch, LayerExt, Scratch};
use crate::peers::Team;
use crate::rng::WorkerRng;
use crate::table::{Bags, Threads};
use crate::vocab::{Vocabulary, WordId};
use ndarray::Array2;
use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// A model with its words, for predicting words from a context.
///
/// - CBOW: P(centre | mean of the context words), in any order.
/// - Skip-gram: the same. The model was trained on contexts of one word; for several words their mean is used, as in
///   gensim.
/// - n-gram: P(next word | the words before), the last word being the nearest. Only the last n − 1 words count.
pub struct Predictor {
    architecture: Architecture,
    vocab: Vocabulary,
    model: Model,
    threads: Threads,
}

impl fmt::Debug for Predictor {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Predictor")
            .field("architecture", &self.architecture)
            .field("vocab", &self.vocab.len())
            .finish_non_exhaustive()
    }
}

/// The most probable words.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Prediction {
    /// Words with their ln P in nats, the best first.
    pub words: Vec<(String, f64)>,
    /// Context words that the model does not know and that were left out.
    pub unknown: Vec<String>,
}

impl Predictor {
    /// Wraps a model that is in memory.
    ///
    /// # Panics
    /// If the vocabulary and the layer have different numbers of words.
    pub fn new(architecture: Architecture, vocab: Vocabulary, model: Model, threads: Threads) -> Self {
        assert_eq!(vocab.len(), model.layer().vocab(), "words, and words of the layer");
        Self { architecture, vocab, model, threads }
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::ModelFile`], and parameters that do not fit in memory.
    pub fn open(path: &Path, threads: Threads) -> Result<Self> {
        Self::open_over(path, threads, &mut Team::default())
    }

    /// Reads a model file, and divides the layer among the ranks of a team ([`Model::over`]). Every rank reads the
    /// file, and then asks the same questions.
    ///
    /// # Errors
    /// The errors of [`Predictor::open`], [`RanksFault::Other`](crate::error::RanksFault::Other), and
    /// [`RanksFault::Differ`](crate::error::RanksFault::Differ) for files that differ between ranks.
    pub fn open_over(path: &Path, threads: Threads, team: &mut Team) -> Result<Self> {
        let read = || {
            let file = BufReader::new(File::open(path).map_err(Error::io(path))?);
            ModelReader::open(file, path)?.read_over(team)
        };
        let read = read();
        let (architecture, vocab, model) = team.agree(read)?;
        if !team.is_alone() {
            team.compare(&[("the SHA-256 of the model file", files::sha256(path).unwrap_or_default())])?;
        }
        Ok(Self { architecture, vocab, model, threads })
    }

    /// Returns the words.
    pub fn vocab(&self) -> &Vocabulary {
        &self.vocab
    }

    /// Returns the parts of the model.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Returns the model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Replaces the threads.
    #[must_use]
    pub fn with_threads(self, threads: Threads) -> Self {
        Self { threads, ..self }
    }

    /// Returns the words of a line, read like the text of the model: see [`Reading`](super::Reading).
    pub fn words(&self, line: &str) -> Vec<String> {
        self.architecture.reading.words(line)
    }

    /// Returns the words of a text that is already cut into words, read like the text of the model. A part with white
    /// space that is a word of the vocabulary stays whole.
    pub fn words_of(&self, parts: &[&str]) -> Vec<String> {
        let reading = &self.architecture.reading;
        let words = parts.iter().flat_map(|part| {
            let read = reading.line(part);
            match [read.trim(), part].into_iter().find(|word| self.vocab.id(word).is_some()) {
                Some(word) => vec![word.to_string()],
                None => corpus::words(&read).map(String::from).collect(),
            }
        });
        reading.joined(words.collect())
    }

    /// Returns one word, read like the text of the model. A word that would become several words stays as it is.
    pub fn word(&self, word: &str) -> String {
        <[String; 1]>::try_from(self.words_of(&[word])).map_or_else(|_| word.into(), |[word]| word)
    }

    /// Returns the `k` most probable words in a context, with their ln P in nats.
    ///
    /// # Errors
    /// [`Error::NotInVocabulary`] if no word of the context is known.
    pub fn top(&self, context: &[&str], k: usize) -> Result<Prediction> {
        let (known, unknown) = self.known(context)?;
        let (mut handles, mut scratch) = (self.model.frozen(&self.threads), Scratch::new(WorkerRng::new(0, 0)));
        let hidden = self.hidden(&known, &mut handles);
        let best = self.model.layer().top_k(&mut handles.layer, hidden.view(), k, &mut scratch);
        let named = |scored: &Scored| (self.vocab.word(scored.word).to_string(), scored.ln_p);
        Ok(Prediction { words: best[0].iter().map(named).collect(), unknown })
    }

    /// Returns ln P(word | context) of each word, in nats.
    ///
    /// # Errors
    /// [`Error::NotInVocabulary`] if no word of the context is known, or one of `words` is not.
    pub fn log_prob(&self, context: &[&str], words: &[&str]) -> Result<Vec<f64>> {
        let (known, _) = self.known(context)?;
        let id = |word: &&str| self.vocab.id(word).ok_or_else(|| word.to_string());
        let unknown: Vec<String> = words.iter().filter_map(|word| id(word).err()).collect();
        if !unknown.is_empty() {
            return Err(Error::NotInVocabulary(unknown));
        }
        let targets: Vec<WordId> = words.iter().filter_map(|word| id(word).ok()).collect();
        let (mut handles, mut scratch) = (self.model.frozen(&self.threads), Scratch::new(WorkerRng::new(0, 0)));
        let one = self.hidden(&known, &mut handles);
        let hidden = one.broadcast((targets.len(), one.ncols())).expect("one row").to_owned();
        let mut out = vec![0.0; targets.len()];
        let batch = Batch::new(hidden.view(), &targets);
        self.model.layer().log_prob(&mut handles.layer, batch, &mut scratch, &mut out);
        Ok(out)
    }

    /// Returns the known words of a context, and the unknown ones.
    fn known(&self, context: &[&str]) -> Result<(Vec<WordId>, Vec<String>)> {
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for word in context {
            match self.vocab.id(word) {
                Some(id) => known.push(id),
                None => unknown.push(word.to_string()),
            }
        }
        if known.is_empty() { Err(Error::NotInVocabulary(unknown)) } else { Ok((known, unknown)) }
    }

    /// Computes the hidden vector of a context, 1×d.
    fn hidden(&self, context: &[WordId], handles: &mut super::Handles) -> Array2<f32> {
        let mut hidden = Array2::zeros((1, self.model.layer().dim()));
        let bags = Bags { rows: context, offsets: &[0, context.len() as u32] };
        self.model.encoder().forward(&mut handles.encoder, bags, hidden.view_mut());
        hidden
    }
}
