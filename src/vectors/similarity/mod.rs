//! Word similarity: measures how well cosines rank pairs of words like human judgements.

mod columns;
mod fields;
mod heading;
mod lines;
mod number;
mod pairs;
mod shape;

pub(super) use lines::{is_silent, lines};
pub(super) use number::number;
pub(super) use pairs::is_pair;
pub use pairs::{Pair, Pairs};

use super::forms::{Case, Forms};
use super::spearman::spearman;
use crate::error::{EvaluationFault, Result};
use crate::files;
use crate::vectors::WordVectors;
use serde::Serialize;
use std::path::Path;

/// The name of a file in tables.
pub(super) fn name(path: &Path) -> String {
    files::name(path.file_name().map_or(path, Path::new))
}

/// The agreement of cosines with human judgements.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Similarity {
    /// The name of the file.
    pub name: String,
    /// Pairs in the file.
    pub pairs: usize,
    /// Pairs with a word that has no vector.
    pub unknown: usize,
    /// Spearman's ρ over the pairs with two known words; `None` if it is not defined.
    pub spearman: Option<f64>,
    /// Spearman's ρ over all pairs, with a cosine of 0 for pairs with an unknown word.
    pub spearman_unknown_as_0: Option<f64>,
}

impl Similarity {
    /// The share of pairs with an unknown word.
    pub fn unknown_share(&self) -> f64 {
        self.unknown as f64 / self.pairs as f64
    }
}

/// Compares cosines, computed in f64, with the judgements. A word uses the vector of the first word equal to it under
/// `case`.
pub fn similarity(vectors: &WordVectors, pairs: &Pairs, case: Case) -> Similarity {
    compare(pairs, &cosines(vectors, pairs, case))
}

/// The cosine of each pair; `None` if one of its words is unknown.
fn cosines(vectors: &WordVectors, pairs: &Pairs, case: Case) -> Vec<Option<f64>> {
    let forms = Forms::new(vectors, case, vectors.len());
    let known = |pair: &Pair| Some((forms.find(&pair.a)?, forms.find(&pair.b)?));
    pairs.pairs.iter().map(|pair| known(pair).map(|(a, b)| cosine(vectors.vector(a), vectors.vector(b)))).collect()
}

fn compare(pairs: &Pairs, cosines: &[Option<f64>]) -> Similarity {
    let all: Vec<f64> = cosines.iter().map(|c| c.unwrap_or(0.0)).collect();
    let judged: Vec<f64> = pairs.pairs.iter().map(|pair| pair.score).collect();
    let both = known(pairs, cosines);
    Similarity {
        name: pairs.name.clone(),
        pairs: judged.len(),
        unknown: judged.len() - both.0.len(),
        spearman: spearman(&both.0, &both.1),
        spearman_unknown_as_0: spearman(&judged, &all),
    }
}

/// Scores and cosines of the pairs with two known words.
fn known(pairs: &Pairs, cosines: &[Option<f64>]) -> (Vec<f64>, Vec<f64>) {
    pairs.pairs.iter().zip(cosines).filter_map(|(pair, cosine)| cosine.map(|cosine| (pair.score, cosine))).unzip()
}

/// Smaller differences between cosines are attributed to rounding.
const ROUNDING: f64 = 1e-12;

/// Like [`similarity`], with an error if Spearman's ρ is not defined. `files` are the paths of the pairs and of the
/// vectors, in this order.
///
/// # Errors
/// [`Error::EvaluationFile`](crate::Error::EvaluationFile) for fewer than two known pairs, or if all their scores or
/// all their cosines are equal.
pub(super) fn ranked(vectors: &WordVectors, pairs: &Pairs, case: Case, files: [&Path; 2]) -> Result<Similarity> {
    let cosines = cosines(vectors, pairs, case);
    let (scores, near) = known(pairs, &cosines);
    let file = files[1].to_path_buf();
    let range = |values: &[f64]| values.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b)) - least(values);
    let fault = if scores.len() < 2 {
        let pair = pairs.pairs.iter().zip(&cosines).find(|(_, cosine)| cosine.is_none());
        match pair.map(|(pair, _)| unknown(vectors, [&pair.a, &pair.b], case, vectors.len())) {
            None => EvaluationFault::OnePair,
            Some((word, similar)) => {
                let (pairs, known) = (cosines.len(), scores.len());
                EvaluationFault::UnknownPairs { known, pairs, vectors: file, word, similar }
            }
        }
    } else if range(&scores) == 0.0 {
        EvaluationFault::EqualScores { known: scores.len(), score: scores[0].to_string(), vectors: file }
    } else if range(&near) < ROUNDING {
        EvaluationFault::EqualCosines { known: scores.len(), cosine: near[0].to_string(), vectors: file }
    } else {
        return Ok(compare(pairs, &cosines));
    };
    Err(fault.in_file(files[0], pairs.line))
}

fn least(values: &[f64]) -> f64 {
    values.iter().fold(f64::INFINITY, |a, b| a.min(*b))
}

/// The first of several words that is not among the first `limit` words of the vectors; at least one is not. Also
/// returns a suggestion, which differs by a tag as in "sun-n", by case, or by a few letters.
pub(super) fn unknown<const N: usize>(
    vectors: &WordVectors,
    words: [&str; N],
    case: Case,
    limit: usize,
) -> (String, Option<String>) {
    let forms = Forms::new(vectors, case, limit);
    let word = words.into_iter().find(|word| forms.find(word).is_none()).unwrap_or(words[0]);
    let untagged = word.rsplit_once(['-', '_', '/']).filter(|(bare, tag)| tag.len() < 5 && forms.find(bare).is_some());
    let similar = untagged.map(|(bare, _)| bare.to_string()).or_else(|| vectors.similar(word).into_iter().next());
    (word.into(), similar)
}

/// The cosine of two vectors; 0 if one of them is zero.
pub(super) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    if norms > 0.0 { dot(a, b) / norms } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn parse(text: &str) -> Result<Pairs> {
        Pairs::parse(&mut text.as_bytes(), Path::new("p.txt"))
    }

    #[test]
    fn both_ways_with_unknown_words() {
        let vectors = WordVectors::new(["a", "b", "c", "d"], array![[1f32, 0.], [1., 1.], [0., 1.], [0., 0.]]).unwrap();
        // Cosines: 0.707, 0, −, 1 (known: ranks 2, 1, 3), against 3, 2, 1, 0.
        let pairs = parse("A b 3\na c 2\na x 1\nc c 0\n").unwrap();
        let found = similarity(&vectors, &pairs, Case::Fold);
        assert_eq!((found.pairs, found.unknown, found.unknown_share()), (4, 1, 0.25));
        assert!((found.spearman.unwrap() + 0.5).abs() < 1e-12);
        // With 0 for the unknown: ranks 3, 1.5, 1.5, 4 against 4, 3, 2, 1: Σxy = −1.5, Σxx = 4.5, Σyy = 5.
        assert!((found.spearman_unknown_as_0.unwrap() + 1.5 / (4.5f64 * 5.0).sqrt()).abs() < 1e-12);
        assert_eq!(similarity(&vectors, &pairs, Case::Exact).unknown, 2);
        assert_eq!(cosine(vectors.vector(0), vectors.vector(3)), 0.0);
    }
}
