//! The data of training and evaluation: a text, or the synthetic language.

use super::CorpusFacts;
use super::truth::Truth;
use crate::corpus::synthetic::{SyntheticExamples, SyntheticLanguage};
use crate::corpus::{
    Corpus, ExampleSource, Examples, LONGEST_SENTENCE, Source, TextExamples, TextRules, Window, held_out,
};
use crate::error::{Error, Result};
use crate::files::{self, sha256};
use crate::vocab::{Counts, Vocabulary};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Source of the examples.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DataSource {
    /// Text files.
    #[non_exhaustive]
    Text {
        /// Training text: plain, `.gz`, `.zst` or `.bz2`, one sentence per line.
        corpus: Vec<PathBuf>,
        /// Held-out text [default: every twentieth line of the training text].
        valid: Vec<PathBuf>,
        /// Least count of a word that is kept.
        min_count: u64,
        /// Threshold of subsampling; 0 turns it off.
        sample: f64,
        /// Longest word in bytes; longer ones are dropped: see [`Source::max_word_bytes`].
        max_word_bytes: usize,
    },
    /// The synthetic language, whose probabilities are known.
    #[non_exhaustive]
    Synthetic {
        /// Number of words, V.
        vocab: usize,
        /// Number of classes, C.
        classes: usize,
        /// Seed of the language.
        seed: u64,
    },
}

impl DataSource {
    /// A text: training text, held-out text (empty: part of the training text), the least count of a word, and the
    /// threshold of subsampling (0: off).
    pub fn text(corpus: Vec<PathBuf>, valid: Vec<PathBuf>, min_count: u64, sample: f64) -> Self {
        Self::Text { corpus, valid, min_count, sample, max_word_bytes: Source::MAX_WORD_BYTES }
    }

    /// The synthetic language of `vocab` words and `classes` classes.
    pub fn synthetic(vocab: usize, classes: usize, seed: u64) -> Self {
        Self::Synthetic { vocab, classes, seed }
    }
}

/// Distance in lines between two held-out lines, if no held-out text is given.
const HOLD_OUT_EVERY: usize = 20;

/// Data of training and evaluation, ready for use.
pub struct Data {
    counts: Counts,
    words: Option<Vocabulary>,
    material: Material,
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Data")
            .field("vocab", &self.counts.len())
            .field("min_count", &self.min_count())
            .field("sample", &self.sample())
            .finish_non_exhaustive()
    }
}

enum Material {
    Text {
        train: Arc<Corpus>,
        valid: Box<Corpus>,
        valid_paths: Vec<PathBuf>,
        sha256: Vec<Option<String>>,
        valid_sha256: Vec<Option<String>>,
        min_count: u64,
        sample: f64,
    },
    Synthetic(Arc<SyntheticLanguage>),
}

impl Data {
    /// Reads the text, or creates the language.
    ///
    /// # Errors
    /// Files that are missing, unreadable, not UTF-8 or without a word that is kept; sizes that make no sense.
    pub fn new(source: &DataSource) -> Result<Self> {
        match source {
            DataSource::Synthetic { vocab, classes, seed } => {
                let language = SyntheticLanguage::new(*vocab, *classes, *seed)?;
                Ok(Self { counts: language.counts(), words: None, material: Material::Synthetic(Arc::new(language)) })
            }
            DataSource::Text { corpus, valid, min_count, sample, max_word_bytes } => {
                let (vocab, train, held_out) = read([corpus, valid], *min_count, *max_word_bytes)?;
                let material = Material::Text {
                    train: Arc::new(train),
                    valid: Box::new(held_out),
                    valid_paths: valid.clone(),
                    sha256: corpus.iter().map(|path| sha256(path)).collect(),
                    valid_sha256: valid.iter().map(|path| sha256(path)).collect(),
                    min_count: *min_count,
                    sample: *sample,
                };
                Ok(Self { counts: vocab.counts().clone(), words: Some(vocab), material })
            }
        }
    }

    /// Returns the unigram counts.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Returns the words, if they have names.
    pub fn words(&self) -> Option<&Vocabulary> {
        self.words.as_ref()
    }

    /// SHA-256 of the words, their counts, and the sentences for training and evaluation.
    pub(super) fn digest(&self) -> String {
        let ids = |ids: &[u32]| ids.iter().flat_map(|id| id.to_le_bytes()).collect::<Vec<u8>>();
        let counts = self.counts.as_slice().iter().map(|count| count.to_le_bytes().to_vec());
        let words = self.words.iter().flat_map(Vocabulary::words).map(|word| word.as_bytes().to_vec());
        let (train, valid) = match &self.material {
            Material::Text { train, valid, .. } => (Some(&**train), Some(&**valid)),
            Material::Synthetic(_) => (None, None),
        };
        let sentences = [train, valid].into_iter().flatten().flat_map(Corpus::sentences).map(ids);
        files::sha256_of(counts.chain(words).chain(sentences))
    }

    pub(super) fn min_count(&self) -> u64 {
        match self.material {
            Material::Text { min_count, .. } => min_count,
            Material::Synthetic(_) => 1,
        }
    }

    pub(super) fn sample(&self) -> f64 {
        match self.material {
            Material::Text { sample, .. } => sample,
            Material::Synthetic(_) => 0.0,
        }
    }

    /// Returns endless training examples; the same seed gives the same order.
    pub(super) fn examples(&self, window: Window, seed: u64) -> Result<Box<dyn ExampleSource>> {
        Ok(match &self.material {
            Material::Text { train, sample, .. } => {
                Box::new(TextExamples::new(train.clone(), &self.counts, window, *sample, seed)?)
            }
            Material::Synthetic(language) => Box::new(SyntheticExamples::new(language.clone(), window, seed, 0)),
        })
    }

    /// Returns held-out examples: evenly spaced, with fixed windows, never subsampled.
    pub(super) fn held_out(&self, window: Window, n: usize, seed: u64) -> Result<Examples> {
        if n == 0 {
            return Err(Error::OutOfRange { name: "valid_examples", value: 0.0, limit: "1 or more" });
        }
        let window = window.fixed();
        match &self.material {
            Material::Text { valid, .. } => held_out(valid, window, n),
            Material::Synthetic(language) => Ok(SyntheticExamples::held_out(language.clone(), window, seed, n)),
        }
    }

    /// The truth behind examples with these windows, where it is known.
    pub(super) fn truth(&self, window: Window) -> Option<Truth<'_>> {
        match &self.material {
            Material::Text { .. } => None,
            Material::Synthetic(language) => Truth::new(language, window),
        }
    }

    pub(super) fn facts(&self, unigram_nll: f64) -> CorpusFacts {
        let names = |paths: &[PathBuf]| paths.iter().map(|path| files::name(path)).collect();
        let facts = CorpusFacts {
            source: vec!["synthetic language".into()],
            valid_source: Vec::new(),
            sha256: Vec::new(),
            valid_sha256: Vec::new(),
            tokens: None,
            dropped_tokens: None,
            too_long_tokens: None,
            vocab: self.counts.len(),
            valid_tokens: None,
            valid_unknown_tokens: None,
            unigram_nll,
            entropy_rate: None,
        };
        match &self.material {
            Material::Synthetic(language) => CorpusFacts { entropy_rate: Some(language.entropy_rate()), ..facts },
            Material::Text { train, valid, valid_paths, sha256, valid_sha256, .. } => CorpusFacts {
                sha256: sha256.clone(),
                valid_sha256: valid_sha256.clone(),
                source: names(train.paths()),
                valid_source: names(valid_paths),
                tokens: Some(train.ledger().kept),
                dropped_tokens: Some(train.ledger().dropped()),
                too_long_tokens: Some(train.ledger().too_long + valid.ledger().too_long).filter(|n| *n > 0),
                valid_tokens: Some(valid.ledger().tokens),
                valid_unknown_tokens: Some(valid.ledger().dropped()),
                ..facts
            },
        }
    }
}

/// Reads the vocabulary, the training text and the held-out text.
fn read(
    [corpus, valid]: [&[PathBuf]; 2],
    min_count: u64,
    max_word_bytes: usize,
) -> Result<(Vocabulary, Corpus, Corpus)> {
    let source = |paths| Source { max_word_bytes, ..Source::plain(paths) };
    if valid.is_empty() {
        return Corpus::read_and_hold_out(&source(corpus), min_count, HOLD_OUT_EVERY);
    }
    let (vocab, train) = Corpus::read(&source(corpus), &TextRules::min_count(min_count))?;
    let held_out = Corpus::read_known(&source(valid), &vocab, None, LONGEST_SENTENCE)?;
    Ok((vocab, train, held_out))
}
