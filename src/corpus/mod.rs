//! Text: reading it, and making examples of it.
//!
//! | examples from | by | memory | what is known of the truth |
//! |---|---|---|---|
//! | files | [`Corpus`], then [`TextExamples`] and [`held_out`] | 4 bytes a word, 12 a sentence | nothing |
//! | files larger than memory | [`SpooledCorpus`], for [`hogwild`](crate::train::hogwild()) | 8 bytes a sentence | nothing |
//! | the synthetic language | [`SyntheticLanguage`](synthetic::SyntheticLanguage), then [`SyntheticExamples`](synthetic::SyntheticExamples) | none for text | every probability, the least loss |
//!
//! Text goes through four steps, each of which can be used alone: a [`Source`] reads (UTF-8, UTF-16 or UTF-32; plain,
//! gzip, Zstandard or bzip2; a sentence a line; [`files()`] finds them) and a [`Normalizer`] makes one word of several
//! spellings, [`Corpus`] turns [`words`] into ids and by its [`TextRules`] joins [`Phrases`] and drops rare words,
//! [`Subsampler`] thins frequent ones, and a [`Window`] makes [`Examples`] of what is left. A [`Ledger`] says what
//! became of every word. What fills batches is an [`ExampleSource`], and so can be a type of yours.
//!
//! | window | examples a position | take it for |
//! |---|---|---|
//! | [`Direction::SkipGram`], [`Context::Both`] | a pair for each neighbour | embeddings, above all of rare words |
//! | [`Direction::Cbow`], [`Context::Both`] | one bag | embeddings, several times faster |
//! | [`Direction::Cbow`], [`Context::Left`] | one bag | comparing layers as language models |
//! | [`Direction::SkipGram`], [`Context::Left`] | a pair for each word before | language models from one word at a distance |
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
