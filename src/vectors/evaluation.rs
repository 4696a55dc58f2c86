//! Evaluates files of vectors on word pairs and analogy questions, with means over several files.

use super::analogy::{Analogies, AnalogyOptions, Score, analogies};
use super::similarity::{Pairs, Similarity, ranked, unknown};
use super::{Case, Questions};
use crate::error::{EvaluationFault, Result};
use crate::files;
use crate::vectors::{self, Loaded, PassedOver, ReadOptions, WordVectors};
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};
use std::path::{Path, PathBuf};

/// Settings for an evaluation.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct EvaluationOptions {
    /// The rule by which a word of a pair equals a word of the vectors.
    pub case: Case,
    /// Settings for analogy questions.
    pub analogies: AnalogyOptions,
    /// Settings for reading the vectors.
    #[serde(skip)]
    pub read: ReadOptions,
}

impl Default for EvaluationOptions {
    /// Ignores the case of words in pairs, as `lexmax eval` does, and reads the vectors with the default settings.
    fn default() -> Self {
        Self { case: Case::Fold, analogies: AnalogyOptions::default(), read: ReadOptions::default() }
    }
}

/// The results of an evaluation, serialized as JSON.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Evaluation {
    /// The version of the crate.
    pub lexmax: &'static str,
    /// The settings.
    pub options: EvaluationOptions,
    /// The results for each file of vectors.
    pub files: Vec<FileScores>,
    /// Means over the files, if there are several.
    pub means: Option<Means>,
}

/// The scores of a file of vectors.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct FileScores {
    /// The path of the file.
    pub vectors: String,
    /// The number of words.
    pub words: usize,
    /// The size of a vector.
    pub dim: usize,
    /// Entries of the file that were passed over.
    #[serde(skip_serializing_if = "PassedOver::is_empty")]
    pub passed_over: PassedOver,
    /// The results for each file of pairs.
    pub similarity: Vec<Similarity>,
    /// The results for each file of questions.
    pub analogies: Vec<Analogies>,
}

/// Means over files of vectors, for instance from several seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Means {
    /// Spearman's ρ, for each file of pairs.
    pub similarity: Vec<Option<Mean>>,
    /// For each file of questions, the share of right answers: over all, semantic and syntactic questions.
    pub analogies: Vec<[Option<Mean>; 3]>,
}

/// A mean with its confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Mean {
    /// The number of values.
    pub n: usize,
    /// The mean of the values.
    pub mean: f64,
    /// Half the width of the 95 % confidence interval by Student's t. It assumes that the values are normally
    /// distributed.
    pub half_width: f64,
}

impl Mean {
    /// The mean of at least two values; `None` for fewer.
    pub fn new(values: &[f64]) -> Option<Self> {
        if values.len() < 2 {
            return None;
        }
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let t = StudentsT::new(0.0, 1.0, n - 1.0).expect("a degree of freedom at least").inverse_cdf(0.975);
        Some(Self { n: values.len(), mean, half_width: t * (variance / n).sqrt() })
    }
}

impl Evaluation {
    /// The results as indented JSON, with a line break at the end.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("scores are plain data") + "\n"
    }
}

/// Reads and evaluates each file of vectors; one file at a time is in memory.
///
/// # Errors
/// The errors of [`vectors::read`], [`Pairs::read`] and [`Questions::read`], and
/// [`Error::EvaluationFile`](crate::Error::EvaluationFile) for a file that gives no result for a file of vectors. Such
/// a file has fewer than two pairs of known words, no defined Spearman's ρ (all scores or all cosines of these pairs
/// are equal), or no question with four known words.
pub fn evaluate(
    files: &[PathBuf],
    pairs: &[PathBuf],
    questions: &[PathBuf],
    options: &EvaluationOptions,
) -> Result<Evaluation> {
    let read_pairs = pairs.iter().map(|path| Ok((path, Pairs::read(path)?))).collect::<Result<Vec<_>>>()?;
    let read_questions = questions.iter().map(|path| Ok((path, Questions::read(path)?))).collect::<Result<Vec<_>>>()?;
    let scores = |path: &PathBuf| {
        let Loaded { vectors, passed_over } = vectors::read(path, &options.read)?;
        let similarity = read_pairs.iter().map(|(set, pairs)| ranked(&vectors, pairs, options.case, [set, path]));
        let asked = read_questions.iter().map(|(set, questions)| asked(&vectors, questions, options, [set, path]));
        Ok(FileScores {
            vectors: files::name(path),
            words: vectors.len(),
            dim: vectors.dim(),
            passed_over,
            similarity: similarity.collect::<Result<_>>()?,
            analogies: asked.collect::<Result<_>>()?,
        })
    };
    let files = files.iter().map(scores).collect::<Result<Vec<_>>>()?;
    let means = means(&files);
    Ok(Evaluation { lexmax: env!("CARGO_PKG_VERSION"), options: options.clone(), files, means })
}

/// The answers to the questions, if at least one has four known words. `files` are the paths of the questions and of
/// the vectors, in this order.
fn asked(
    vectors: &WordVectors,
    questions: &Questions,
    options: &EvaluationOptions,
    files: [&Path; 2],
) -> Result<Analogies> {
    let found = analogies(vectors, questions, &options.analogies);
    if found.total.asked > 0 {
        return Ok(found);
    }
    let first = options.analogies.first.unwrap_or(usize::MAX).min(vectors.len());
    let question = questions.sections.iter().flat_map(|section| &section.questions).next().expect("a question");
    let case = options.analogies.rules.case();
    let (word, similar) = unknown(vectors, question.each_ref().map(String::as_str), case, first);
    // Unknown words may be among the ones that were not read.
    let is_part = options.read.first.is_some_and(|first| vectors.len() >= first);
    let similar = similar.or_else(|| is_part.then(|| word.clone()));
    let count = found.total.questions;
    let vectors = files[1].to_path_buf();
    let fault = EvaluationFault::UnknownQuestions { questions: count, first: first as u64, vectors, word, similar };
    Err(fault.in_file(files[0], questions.line))
}

fn means(files: &[FileScores]) -> Option<Means> {
    let first = files.first().filter(|_| files.len() > 1)?;
    // A mean needs a value from every file.
    let mean = |of: &dyn Fn(&FileScores) -> Option<f64>| Mean::new(&files.iter().map(of).collect::<Option<Vec<_>>>()?);
    let similarity = (0..first.similarity.len()).map(|n| mean(&|file| file.similarity[n].spearman)).collect();
    let share = |n: usize, part: fn(&Analogies) -> &Score| mean(&|file| part(&file.analogies[n]).share());
    let parts: [fn(&Analogies) -> &Score; 3] = [|a| &a.total, |a| &a.semantic, |a| &a.syntactic];
    let analogies = (0..first.analogies.len()).map(|n| parts.map(|part| share(n, part))).collect();
    Some(Means { similarity, analogies })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R 4: `t.test(c(1, 2, 4))$conf.int` is −1.4611…, 6.1277…. This equals 7/3 ± t₀.₉₇₅(2)·√(7/9), with t₀.₉₇₅(2) =
    /// 4.302652729911275.
    #[test]
    fn intervals_are_those_of_students_t() {
        let mean = Mean::new(&[1.0, 2.0, 4.0]).unwrap();
        assert!((mean.mean - 7.0 / 3.0).abs() < 1e-15);
        assert!((mean.half_width - 4.302_652_729_911_275 * (7.0f64 / 9.0).sqrt()).abs() < 1e-9, "{mean:?}");
        assert_eq!(Mean::new(&[1.0]), None);
    }
}
