//! Reads text, and makes training examples of it.
//!
//! | examples from | types | memory | known about the true distribution |
//! |---|---|---|---|
//! | files | [`Corpus`], then [`TextExamples`] and [`held_out`] | 4 bytes a word, 12 a sentence | nothing |
//! | files larger than memory | [`SpooledCorpus`], for [`hogwild`] | 8 bytes a sentence | nothing |
//! | synthetic language | [`SyntheticLanguage`], [`SyntheticExamples`] | none for text | all, and the lowest loss |
//!
//! Text goes through four steps, each of which can be used alone:
//!
//! - A [`Source`] reads it (UTF-8, UTF-16 or UTF-32; plain, gzip, Zstandard or bzip2; one sentence a line; [`files()`]
//!   finds the files), and a [`Normalizer`] maps several spellings of a word to one.
//! - [`Corpus`] turns [`words`] into ids. Its [`TextRules`] join [`Phrases`] and drop rare words.
//! - [`Subsampler`] drops some of the frequent words.
//! - A [`Window`] makes [`Examples`] of the remaining words.
//!
//! A [`Ledger`] accounts for every word. Batches are filled by an [`ExampleSource`], which can be a type of your own.
//!
//! | window | examples a position | use |
//! |---|---|---|
//! | [`Direction::SkipGram`], [`Context::Both`] | a pair for each neighbour | embeddings, especially of rare words |
//! | [`Direction::Cbow`], [`Context::Both`] | one bag | embeddings, with fewer steps |
//! | [`Direction::Cbow`], [`Context::Left`] | one bag | comparing layers as language models |
//! | [`Direction::SkipGram`], [`Context::Left`] | a pair for each word before | language models from one earlier word |
//!
//! ```
//! use lexmax::corpus::{Context, Corpus, ExampleSource, Examples, Direction, TextExamples, Window};
//! # fn main() -> lexmax::Result<()> {
//! # let file = tempfile::NamedTempFile::new().unwrap();
//! # std::fs::write(file.path(), "the cat sat\nthe dog sat\n").unwrap();
//! # let path = file.path();
//! let (vocab, corpus) = Corpus::load(&[path], 1)?;
//! let window = Window::new(Direction::Cbow, Context::Left, 2, false)?;
//! let mut source = TextExamples::new(corpus.into(), vocab.counts(), window, 0.0, 1)?;
//! let mut batch = Examples::new();
//! source.fill(4, &mut batch);
//! for b in 0..batch.len() {
//!     let context: Vec<_> = batch.contexts(b).iter().map(|&w| vocab.word(w)).collect();
//!     println!("{context:?} → {}", vocab.word(batch.targets[b]));
//! }
//! # assert_eq!(batch.len(), 4);
//! # Ok(())
//! # }
//! ```
//!
//! [`hogwild`]: crate::train::hogwild()
//! [`SyntheticLanguage`]: synthetic::SyntheticLanguage
//! [`SyntheticExamples`]: synthetic::SyntheticExamples

pub(crate) mod examples;
mod read;
pub mod synthetic;

pub use examples::{
    Context, Direction, ExampleSource, Examples, Subsampler, TextExamples, Window, WindowRule, held_out,
};
pub use read::{
    Corpus, Form, Invalid, Joins, LONGEST_LINE, LONGEST_SENTENCE, Language, Ledger, Lowercase, Normalizer, PhraseScore,
    Phrases, SentenceReader, Sentences, Source, Split, SpooledCorpus, TextRules, Unsplit, Words, files, for_each_line,
    words,
};
