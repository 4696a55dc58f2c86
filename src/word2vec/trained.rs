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
/// It dereferences to [`WordVectors`], which answers questions about the vectors. The model predicts words from a
/// context.
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

    /// Returns the vectors alone.
    pub fn into_vectors(self) -> WordVectors {
        self.vectors
    }

    /// Returns the vectors, the model and the facts.
    pub fn into_parts(self) -> (WordVectors, Predictor, Facts) {
        (self.vectors, self.predictor, self.facts)
    }

    /// Returns the words with their counts.
    pub fn vocab(&self) -> &Vocabulary {
        self.predictor.vocab()
    }

    /// Returns the model, which gives probabilities.
    pub fn predictor(&self) -> &Predictor {
        &self.predictor
    }

    /// Returns the `k` most probable words in a context, the best first.
    ///
    /// # Errors
    /// The errors of [`Predictor::top`].
    pub fn predict(&self, context: &[&str], k: usize) -> Result<Prediction> {
        self.predictor.top(context, k)
    }

    /// Returns the facts of the run.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Writes the vectors in the format of the path's ending, or in word2vec's binary format if the ending is not
    /// known. The file is written completely or not at all.
    ///
    /// # Errors
    /// The errors of [`vectors::write`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        vectors::write(path, Format::of(path).unwrap_or(Format::Binary), &self.vectors)
    }

    /// Writes the whole model: see [`ModelWriter`]. The file is written completely or not at all.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) with the path; [`OutputFault`](crate::error::OutputFault) for a word that a
    /// model file cannot hold, and for a name that promises compression. Standard output gives an
    /// [`OutputFault`](crate::error::OutputFault) too, since readers of a model file need random access.
    pub fn save_model(&self, path: impl AsRef<Path>) -> Result<()> {
        self.predictor.save(path)
    }
}

impl Predictor {
    /// Writes the whole model: see [`Trained::save_model`].
    ///
    /// # Errors
    /// The errors of [`Trained::save_model`].
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
