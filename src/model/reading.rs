//! Rules by which a text is cut into words.

use crate::corpus::{Joins, Normalizer, words};
use std::sync::Arc;

/// Rules by which the text of a model was cut into words, so that questions are read in the same way.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Reading {
    /// Treatment of lines.
    pub normalizer: Normalizer,
    /// Phrases that were joined; `None` if there were none.
    pub joins: Option<Arc<Joins>>,
}

impl Reading {
    /// Rules with a treatment of lines and the phrases of a text.
    pub fn new(normalizer: Normalizer, joins: Option<&Joins>) -> Self {
        Self { normalizer, joins: joins.filter(|joins| !joins.is_empty()).cloned().map(Arc::new) }
    }

    /// Returns the words of a line: normalized, cut and joined as in the text.
    pub fn words(&self, line: &str) -> Vec<String> {
        self.joined(words(&self.line(line)).map(String::from).collect())
    }

    /// Returns the line after its treatment, ready to be cut at white space.
    pub(super) fn line(&self, line: &str) -> String {
        self.normalizer.apply(line, &mut String::new()).into()
    }

    /// Joins the phrases in the words of a line.
    pub(super) fn joined(&self, words: Vec<String>) -> Vec<String> {
        match &self.joins {
            Some(joins) => joins.words(words.iter().map(String::as_str)).into_iter().map(String::from).collect(),
            None => words,
        }
    }
}
