//! A language that needs no text: all its probabilities and the lowest possible loss are known.

mod chain;
mod examples;
mod language;

pub use examples::SyntheticExamples;
pub use language::SyntheticLanguage;
