//! Word vectors: reading and writing files, queries, and evaluation.
//!
//! | call | purpose |
//! |---|---|
//! | [`WordVectors::open`], [`WordVectors::save`] | a file in the format indicated by its name or content |
//! | [`WordVectors::nearest`], [`WordVectors::analogy`], [`WordVectors::similarity`] | queries about words |
//! | [`read`], [`write()`], [`convert`] | files in a given [`Format`] |
//! | [`similarity`] | Spearman's ρ between human judgements and cosines |
//! | [`analogies`] | the share of right answers to "a is to b as c is to …" |
//! | [`evaluate`] | these two measures for several files, with means and confidence intervals |

mod analogy;
mod evaluation;
mod formats;
mod forms;
mod lookalike;
mod nearest;
mod questions;
mod ranking;
mod similarity;
mod spearman;
mod words;

pub use analogy::{Analogies, AnalogyOptions, AnalogyRules, Method, Score, Section, analogies};
pub use evaluation::{Evaluation, EvaluationOptions, FileScores, Mean, Means, evaluate};
pub use formats::{Converted, Format, Loaded, OnBad, PassedOver, ReadOptions, Stream};
pub use formats::{convert, read, read_streams, write};
pub use forms::Case;
pub use nearest::{Answer, Neighbour};
pub use questions::{Question, QuestionSection, Questions};
pub use similarity::{Pair, Pairs, Similarity, similarity};

use crate::error::{Error, Place, Result, VectorsFault};
use crate::vocab::{WordId, Words};
use ndarray::{Array2, ArrayView2};
use std::path::Path;

/// Words with one vector each, in a form that can be written.
pub trait VectorSource {
    /// Number of words, V.
    fn len(&self) -> usize;

    /// Whether there is no word.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Size of a vector, d.
    fn dim(&self) -> usize;

    /// A word.
    fn word(&self, id: WordId) -> &str;

    /// Copies the vector of a word into `out`, which has d entries.
    fn row(&self, id: WordId, out: &mut [f32]);
}

/// Words with one finite vector each (V×d), usually ordered by falling frequency.
///
/// ```
/// use lexmax::vectors::WordVectors;
///
/// # fn main() -> lexmax::Result<()> {
/// # let folder = tempfile::tempdir().unwrap();
/// # let file = folder.path().join("vectors.bin");
/// # let values = ndarray::array![[1f32, 0.1], [0.9, 0.2], [-0.2, 1.0], [0.8, 0.9]];
/// # WordVectors::new(["river", "stream", "king", "bank"], values)?.save(&file)?;
/// # let vectors_bin = &file;
/// let vectors = WordVectors::open(vectors_bin)?;
/// for near in vectors.nearest("river", 10)? {
///     println!("{} {:.3}", near.word, near.cosine);
/// }
/// # assert_eq!(vectors.nearest("river", 10)?[0].word, "stream");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WordVectors {
    words: Words,
    values: Array2<f32>,
}

impl WordVectors {
    /// Combines words with the rows of `values`, one row for each word.
    ///
    /// # Errors
    /// [`Error::VectorsFile`] without a path, for an empty or repeated word, a number that is not finite, different
    /// numbers of words and rows, and vectors without entries.
    pub fn new<W: AsRef<str>>(words: impl IntoIterator<Item = W>, values: Array2<f32>) -> Result<Self> {
        let fault = |fault| Error::VectorsFile { path: Path::new("").into(), place: Place::Whole, fault };
        let mut known = Words::default();
        for word in words {
            words::push(&mut known, word.as_ref()).map_err(fault)?;
        }
        let read = Self { words: known, values: values.as_standard_layout().into_owned() };
        read.check().map_err(fault)?;
        Ok(read)
    }

    /// Reads a file in any format of [`Format`]: word2vec's two, fastText's `.vec`, GloVe's, `.npy`, finalfusion,
    /// TensorBoard's, and a lexmax model. Its name or its first bytes determine the format. It may be compressed
    /// (`.gz`, `.zst`, `.bz2`). For a repeated word, the first vector is kept. [`read`] counts such words, and can pass
    /// over invalid entries.
    ///
    /// # Errors
    /// The errors of [`read`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Ok(read(path.as_ref(), &ReadOptions::default())?.vectors)
    }

    /// Writes a file in the format of its ending, completely or not at all. It is compressed if `.gz`, `.zst` or `.bz2`
    /// follows that ending.
    ///
    /// # Errors
    /// The errors of [`write()`], and [`Error::VectorsFormat`] for another ending.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        write(path.as_ref(), Format::to_write(path.as_ref())?, self)
    }

    /// Checks that need all words and rows.
    fn check(&self) -> std::result::Result<(), VectorsFault> {
        let (rows, dim) = self.values.dim();
        if self.words.len() != rows {
            return Err(VectorsFault::WordsMissVectors { words: self.words.len() as u64, vectors: rows as u64 });
        }
        if rows == 0 || dim == 0 {
            return Err(VectorsFault::Header { expected: "a file with a word and a number" });
        }
        let broken = (0..rows).find(|row| !self.vector(*row as WordId).iter().all(|x| x.is_finite()));
        broken.map_or(Ok(()), |row| Err(VectorsFault::NotFinite { word: self.words.get(row).into() }))
    }

    /// Number of words, V.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Always false, since there is at least one word.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Size of a vector, d.
    pub fn dim(&self) -> usize {
        self.values.ncols()
    }

    /// A word.
    pub fn word(&self, id: WordId) -> &str {
        self.words.get(id as usize)
    }

    /// All words.
    pub fn words(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|number| self.words.get(number))
    }

    /// The id of a word, if it has a vector.
    pub fn id(&self, word: &str) -> Option<WordId> {
        self.words.find(word)
    }

    /// The id of a word.
    ///
    /// # Errors
    /// [`Error::UnknownWord`], with similar words.
    pub fn known(&self, word: &str) -> Result<WordId> {
        self.id(word).ok_or_else(|| Error::UnknownWord { word: word.into(), similar: self.similar(word) })
    }

    /// At most three words that differ from `word` in case or in a few letters.
    pub fn similar(&self, word: &str) -> Vec<String> {
        lookalike::similar(self.words(), word)
    }

    /// The vector of a word.
    pub fn vector(&self, id: WordId) -> &[f32] {
        &self.entries()[id as usize * self.dim()..][..self.dim()]
    }

    /// All vectors, V×d.
    pub fn values(&self) -> ArrayView2<'_, f32> {
        self.values.view()
    }

    /// All entries, row by row (V·d numbers).
    pub fn entries(&self) -> &[f32] {
        self.values.as_slice().expect("rows lie one after the other")
    }

    /// The vectors divided by their lengths, computed like word2vec's tools: in f32, with sums in the order of the
    /// entries. A zero vector becomes NaN.
    pub fn units(&self) -> Vec<f32> {
        let mut units = self.entries().to_vec();
        for row in units.chunks_exact_mut(self.dim()) {
            let length = row.iter().fold(0f32, |sum, x| x.mul_add(*x, sum)).sqrt();
            row.iter_mut().for_each(|x| *x /= length);
        }
        units
    }
}

impl PartialEq for WordVectors {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values && self.words().eq(other.words())
    }
}

impl VectorSource for WordVectors {
    fn len(&self) -> usize {
        self.len()
    }

    fn dim(&self) -> usize {
        self.dim()
    }

    fn word(&self, id: WordId) -> &str {
        self.word(id)
    }

    fn row(&self, id: WordId, out: &mut [f32]) {
        out.copy_from_slice(self.vector(id));
    }
}
