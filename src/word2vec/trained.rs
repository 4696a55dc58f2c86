//! Word vectors that were trained here, with their model.

use super::Facts;
use crate::error::Result;
use crate::files::Output;
use crate::model::{ModelWriter, Prediction, Predictor};
use crate::vectors::{self, Format, WordVectors};
use crate::vocab::Vocabulary;
use std::fmt;
use std::ops::Deref;
use std::path::Path;

/// Trained word vectors with their model, their vocabulary and the facts of the run.
///
/// All questions to [`WordVectors`] can be asked of it. The model answers which words go with others.
pub struct Trained {
    vectors: WordVectors,
    predictor: Predictor,
    facts: Facts,
}

impl fmt::Debug for Trained {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Trained")
            .field("predictor", &self.predictor)
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}

impl Trained {
    pub(super) fn new(vectors: WordVectors, predictor: Predictor, facts: Facts) -> Self {
        Self { vectors, predictor, facts }
    }

    /// The vectors alone.
    pub fn into_vectors(self) -> WordVectors {
        self.vectors
    }

    /// Vectors, model and facts, each alone.
    pub fn into_parts(self) -> (WordVectors, Predictor, Facts) {
        (self.vectors, self.predictor, self.facts)
    }

    /// The words with their counts.
    pub fn vocab(&self) -> &Vocabulary {
        self.predictor.vocab()
    }

    /// The model, which gives probabilities.
    pub fn predictor(&self) -> &Predictor {
        &self.predictor
    }

    /// The `k` most probable words in a context, the best first.
    ///
    /// # Errors
    /// As [`Predictor::top`].
    pub fn predict(&self, context: &[&str], k: usize) -> Result<Prediction> {
        self.predictor.top(context, k)
    }

    /// The facts of the run.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Writes the vectors in the format of the path's ending; without a known ending, in word2vec's binary format. The
    /// file is there whole or not at all.
    ///
    /// # Errors
    /// As [`vectors::write`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        vectors::write(path, Format::of(path).unwrap_or(Format::Binary), &self.vectors)
    }

    /// Writes the whole model: see [`ModelWriter`]. The file is there whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) with the path; [`OutputFault`](crate::error::OutputFault) for a word that a
    /// model cannot hold, for a name that promises compression, and for standard output: parts of a model are read.
    pub fn save_model(&self, path: impl AsRef<Path>) -> Result<()> {
        self.predictor.save(path)
    }
}

impl Predictor {
    /// Writes the whole model: see [`Trained::save_model`].
    ///
    /// # Errors
    /// As [`Trained::save_model`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        Format::Model.check_words(path.as_ref(), self.vocab().words())?;
        let writer = ModelWriter::new(self.architecture(), self.vocab(), self.model())?;
        Output::plain(path.as_ref(), "a model")?.stream(|out| writer.write(out))
    }
}

impl Deref for Trained {
    type Target = WordVectors;

    fn deref(&self) -> &WordVectors {
        &self.vectors
    }
}
