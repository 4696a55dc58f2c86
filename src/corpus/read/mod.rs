//! Converts files to ids: lines, words, phrases, the vocabulary, and the ledger that accounts for every word.

mod joins;
mod ledger;
mod lines;
mod normalize;
mod numbers;
mod over;
mod phrases;
mod rules;
mod sentences;
mod spool;
mod text;
mod unsplit;

pub use crate::files::files;
pub use joins::Joins;
pub use ledger::Ledger;
pub use lines::{Invalid, LONGEST_LINE, Source, Words, for_each_line, words};
pub use normalize::{Form, Language, Lowercase, Normalizer, Split};
pub use phrases::{PhraseScore, Phrases};
pub use rules::TextRules;
pub use sentences::{SentenceReader, Sentences};
pub use spool::SpooledCorpus;
pub use text::{Corpus, LONGEST_SENTENCE};
pub use unsplit::Unsplit;
