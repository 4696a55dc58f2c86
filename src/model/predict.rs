//! A trained model that is asked for words.

use super::{Architecture, Model, ModelReader};
use crate::corpus;
use crate::error::{Error, Result};
use crate::layer::verbs::Scored;
use crate::layer::{Batch, LayerExt, Scratch};
use crate::rng::WorkerRng;
use crate::table::{Bags, Threads};
use crate::vocab::{Vocabulary, WordId};
use ndarray::Array2;
use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// A model with its words, for asking which words go with others.
///
/// - cbow: P(centre | the mean of the context words), in any order.
/// - skipgram: the same; the model was trained on contexts of one word, so that of several words the mean is asked, as
///   gensim does.
/// - ngram: P(next word | the words before), the last word nearest; only the last n − 1 count.
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
    /// Context words that the model does not know, and went without.
    pub unknown: Vec<String>,
}

impl Predictor {
    /// Asks a model that is in memory already.
    ///
    /// # Panics
    /// Words and model differ in number.
    pub fn new(architecture: Architecture, vocab: Vocabulary, model: Model, threads: Threads) -> Self {
        assert_eq!(vocab.len(), model.layer().vocab(), "words, and words of the layer");
        Self { architecture, vocab, model, threads }
    }

    /// Reads a model's file.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::ModelFile`], and parameters that do not fit in memory.
    pub fn open(path: &Path, threads: Threads) -> Result<Self> {
        let file = BufReader::new(File::open(path).map_err(Error::io(path))?);
        let (architecture, vocab, model) = ModelReader::open(file, path)?.read()?;
        Ok(Self { architecture, vocab, model, threads })
    }

    /// The words.
    pub fn vocab(&self) -> &Vocabulary {
        &self.vocab
    }

    /// What the model is made of.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The same on other threads.
    #[must_use]
    pub fn with_threads(self, threads: Threads) -> Self {
        Self { threads, ..self }
    }

    /// The words of a line, read as the text of the model was read: see [`Reading`](super::Reading).
    pub fn words(&self, line: &str) -> Vec<String> {
        self.architecture.reading.words(line)
    }

    /// The words of a text whose parts are words already, read as the text of the model was read. A part with white
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

    /// One word, read as the text of the model was read; as it is, where it would become several words.
    pub fn word(&self, word: &str) -> String {
        <[String; 1]>::try_from(self.words_of(&[word])).map_or_else(|_| word.into(), |[word]| word)
    }

    /// The `k` most probable words in a context.
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

    /// ln P(word | context) of each word, in nats.
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

    /// The known words of a context, and the others.
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

    /// The hidden vector of a context, 1×d.
    fn hidden(&self, context: &[WordId], handles: &mut super::Handles) -> Array2<f32> {
        let mut hidden = Array2::zeros((1, self.model.layer().dim()));
        let bags = Bags { rows: context, offsets: &[0, context.len() as u32] };
        self.model.encoder().forward(&mut handles.encoder, bags, hidden.view_mut());
        hidden
    }
}
