//! How a text becomes words.

use crate::corpus::{Joins, Normalizer, words};
use std::sync::Arc;

/// How the text of a model became words, so that questions are read in the same way.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Reading {
    /// The treatment of lines.
    pub normalizer: Normalizer,
    /// The phrases that were joined; none where no pair was.
    pub joins: Option<Arc<Joins>>,
}

impl Reading {
    /// Lines treated by a normalizer, with the phrases of a text.
    pub fn new(normalizer: Normalizer, joins: Option<&Joins>) -> Self {
        Self { normalizer, joins: joins.filter(|joins| !joins.is_empty()).cloned().map(Arc::new) }
    }

    /// The words of a line: normalized, cut and joined as in the text.
    pub fn words(&self, line: &str) -> Vec<String> {
        self.joined(words(&self.line(line)).map(String::from).collect())
    }

    /// The line as it is to be cut at white space.
    pub(super) fn line(&self, line: &str) -> String {
        self.normalizer.apply(line, &mut String::new()).into()
    }

    /// The words of a line with its phrases joined.
    pub(super) fn joined(&self, words: Vec<String>) -> Vec<String> {
        match &self.joins {
            Some(joins) => joins.words(words.iter().map(String::as_str)).into_iter().map(String::from).collect(),
            None => words,
        }
    }
}
