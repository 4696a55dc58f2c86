//! A language that needs no text: every probability of it is known, and so is the least loss there is.

mod chain;
mod examples;
mod language;

pub use examples::SyntheticExamples;
pub use language::SyntheticLanguage;
