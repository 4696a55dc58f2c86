//! Scores of word vectors on test sets, by the library's own evaluation.

use super::error::Fault;
use super::plan::check_names;
use lexmax::vectors::{Analogies, EvaluationOptions, Format, evaluate};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The files of the test sets.
#[derive(Clone, Debug, Default)]
pub struct Sets {
    similarity: Vec<PathBuf>,
    analogies: Vec<PathBuf>,
}

/// Scores in points by the names of the sets: 100 × Spearman's ρ, or the percentage of right answers.
pub type Scores = BTreeMap<String, f64>;

impl Sets {
    /// Refuses missing files, and two files with one name.
    pub fn new(similarity: &[PathBuf], analogies: &[PathBuf]) -> Result<Self, Fault> {
        let files = || similarity.iter().chain(analogies);
        files().try_for_each(|path| {
            std::fs::metadata(path).map(drop).map_err(|source| Fault::Input { path: path.clone(), source })
        })?;
        check_names(files().map(|path| name(path)).collect::<Vec<_>>().iter())?;
        Ok(Self { similarity: similarity.into(), analogies: analogies.into() })
    }

    pub fn is_empty(&self) -> bool {
        self.similarity.is_empty() && self.analogies.is_empty()
    }

    /// The options of the evaluation in `scores`.
    pub fn options() -> EvaluationOptions {
        let mut options = EvaluationOptions::default();
        options.analogies.threads = lexmax::measure::cores();
        options
    }

    /// Scores a file of vectors on all sets. Without a format, its contents decide, which is a guess for a binary file
    /// without line breaks.
    pub fn scores(&self, vectors: &Path, format: Option<Format>) -> lexmax::Result<Scores> {
        if self.is_empty() {
            return Ok(Scores::new());
        }
        let mut options = Self::options();
        options.read.format = format;
        let found = evaluate(&[vectors.into()], &self.similarity, &self.analogies, &options)?;
        let file = &found.files[0];
        let pairs = self.similarity.iter().zip(&file.similarity);
        let pairs = pairs.filter_map(|(path, found)| Some((name(path), found.spearman?)));
        let questions = self.analogies.iter().zip(&file.analogies).flat_map(|(path, found)| answers(name(path), found));
        Ok(pairs.chain(questions).map(|(set, score)| (set, 100.0 * score)).collect())
    }
}

/// Shares of right answers: over all questions, and over the syntactic ones if there are any.
fn answers(set: String, found: &Analogies) -> Vec<(String, f64)> {
    let parts = [("total", found.total.share()), ("syntactic", found.syntactic.share())];
    parts.into_iter().filter_map(|(part, share)| Some((format!("{set} {part}"), share?))).collect()
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
