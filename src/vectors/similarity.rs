//! Similarity: do cosines rank pairs of words as people do?

use super::forms::{Case, Forms};
use super::spearman::spearman;
use crate::error::{Error, EvaluationFault, Result};
use crate::files;
use crate::vectors::WordVectors;
use serde::Serialize;
use std::io::BufRead;
use std::path::Path;

/// Two words and how similar people find them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Pair {
    /// The one.
    pub a: String,
    /// The other.
    pub b: String,
    /// The judgement, in any unit.
    pub score: f64,
}

/// The pairs of a file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Pairs {
    /// The file's name.
    pub name: String,
    /// At least one.
    pub pairs: Vec<Pair>,
}

/// Bytes of the longest line of a file to evaluate with.
pub(super) const LONGEST_LINE: u64 = 1 << 16;

impl Pairs {
    /// Reads a file: a pair a line, two words and a number, with tabs, commas, semicolons or spaces between them. A line that begins
    /// with `#` says nothing, and the first line may be a heading. The number is the first field from the third on that is one in
    /// the first pair: before it may stand such things as a part of speech.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::NotUtf8`], and [`Error::EvaluationFile`] with the line.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&mut files::text(path)?, path)
    }

    /// The same from any source; errors call it `path`.
    ///
    /// # Errors
    /// As [`Pairs::read`].
    pub fn parse(source: &mut dyn BufRead, path: &Path) -> Result<Self> {
        let (mut pairs, mut column, mut number) = (Vec::new(), None, 0);
        lines(source, path, &mut |line, text| {
            number = line;
            if text.starts_with('#') || text.trim().is_empty() {
                return Ok(());
            }
            let fields = fields(text);
            let score = |at: usize| fields.get(at).and_then(|n| n.parse::<f64>().ok()).filter(|n| n.is_finite());
            let found = column.or_else(|| (2..fields.len()).find(|at| score(*at).is_some()));
            // Only a heading has no number, and it is the first line.
            let Some(at) = found else {
                let fault = EvaluationFault::NoPair;
                return if line == 1 { Ok(()) } else { Err(Error::EvaluationFile { path: path.into(), line, fault }) };
            };
            column = Some(at);
            let fault = |fault| Error::EvaluationFile { path: path.into(), line, fault };
            let (Some(text), [a, b, ..]) = (fields.get(at), &fields[..]) else {
                return Err(fault(EvaluationFault::NoPair));
            };
            let score = score(at).ok_or_else(|| fault(EvaluationFault::Number { text: text.to_string() }))?;
            pairs.push(Pair { a: a.to_string(), b: b.to_string(), score });
            Ok(())
        })?;
        if pairs.is_empty() {
            return Err(Error::EvaluationFile { path: path.into(), line: number, fault: EvaluationFault::Empty });
        }
        Ok(Self { name: name(path), pairs })
    }
}

/// What a file is called in tables.
pub(super) fn name(path: &Path) -> String {
    files::name(path.file_name().map_or(path, Path::new))
}

/// The fields of a line, by the first of tab, comma and semicolon that it has, or by white space.
fn fields(text: &str) -> Vec<&str> {
    match ['\t', ',', ';'].into_iter().find(|c| text.contains(*c)) {
        Some(separator) => text.split(separator).map(str::trim).collect(),
        None => text.split_whitespace().collect(),
    }
}

/// Calls `f` with each line and its number from 1; one line at a time is in memory.
pub(super) fn lines(source: &mut dyn BufRead, path: &Path, f: &mut dyn FnMut(u64, &str) -> Result<()>) -> Result<()> {
    let (mut bytes, mut line) = (Vec::new(), 0);
    loop {
        bytes.clear();
        let read = std::io::Read::take(&mut *source, LONGEST_LINE).read_until(b'\n', &mut bytes);
        if read.map_err(Error::io(path))? == 0 {
            return Ok(());
        }
        line += 1;
        if bytes.len() as u64 == LONGEST_LINE && bytes.last() != Some(&b'\n') {
            let fault = EvaluationFault::LongLine { limit: LONGEST_LINE };
            return Err(Error::EvaluationFile { path: path.into(), line, fault });
        }
        let text = std::str::from_utf8(&bytes).map_err(|e| Error::NotUtf8 {
            path: path.into(),
            line,
            byte: e.valid_up_to() + 1,
        })?;
        let text = text.trim_end_matches(['\n', '\r']);
        f(line, if line == 1 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text })?;
    }
}

/// How well cosines agree with people.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Similarity {
    /// The file's name.
    pub name: String,
    /// Pairs in the file.
    pub pairs: usize,
    /// Pairs with a word that has no vector.
    pub unknown: usize,
    /// Spearman's ρ over the pairs with two known words; none where it is not defined.
    pub spearman: Option<f64>,
    /// The same over all pairs, those with an unknown word at a cosine of 0.
    pub spearman_unknown_as_0: Option<f64>,
}

impl Similarity {
    /// The share of pairs with an unknown word.
    pub fn unknown_share(&self) -> f64 {
        self.unknown as f64 / self.pairs as f64
    }
}

/// Compares cosines (f64) with the judgements. A word's vector is that of the first word that `case` calls the same.
pub fn similarity(vectors: &WordVectors, pairs: &Pairs, case: Case) -> Similarity {
    let forms = Forms::new(vectors, case, vectors.len());
    let known = |pair: &Pair| Some((forms.find(&pair.a)?, forms.find(&pair.b)?));
    let cosines: Vec<_> =
        pairs.pairs.iter().map(|pair| known(pair).map(|(a, b)| cosine(vectors.vector(a), vectors.vector(b)))).collect();
    let all: Vec<f64> = cosines.iter().map(|c| c.unwrap_or(0.0)).collect();
    let judged: Vec<f64> = pairs.pairs.iter().map(|pair| pair.score).collect();
    let both: (Vec<f64>, Vec<f64>) =
        cosines.iter().zip(&judged).filter_map(|(cosine, score)| cosine.map(|cosine| (cosine, *score))).unzip();
    Similarity {
        name: pairs.name.clone(),
        pairs: judged.len(),
        unknown: judged.len() - both.0.len(),
        spearman: spearman(&both.1, &both.0),
        spearman_unknown_as_0: spearman(&judged, &all),
    }
}

/// The cosine of two vectors; 0 where one of them has no direction.
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
    fn usual_files_are_read() {
        let pair = |a: &str, b: &str, score| Pair { a: a.into(), b: b.into(), score };
        let want = [pair("old", "new", 1.58), pair("a b", "c", -2.0)];
        for text in [
            "old\tnew\t1.58\na b\tc\t-2\n",
            "\u{feff}Word 1,Word 2,Human (mean)\r\nold,new,1.58\r\n# x\r\n\r\na b,c,-2",
            "word1\tword2\tPOS\tSimLex999\told\nold\tnew\tA\t1.58\t7\na b\tc\tN\t-2\t7\n",
        ] {
            assert_eq!(parse(text).unwrap().pairs, want, "{text}");
        }
        assert_eq!(parse("tiger cat 7.35").unwrap().pairs, [pair("tiger", "cat", 7.35)]);
    }

    #[test]
    fn bad_files_are_refused_with_the_line() {
        let fault = |text: &str| match parse(text) {
            Err(Error::EvaluationFile { line, fault, .. }) => (line, fault),
            other => panic!("{other:?}"),
        };
        assert_eq!(fault("a b 1\nc d\n"), (2, EvaluationFault::NoPair));
        assert_eq!(fault("a b 1\nc d x"), (2, EvaluationFault::Number { text: "x".into() }));
        assert_eq!(fault("a b 1\nc d nan"), (2, EvaluationFault::Number { text: "nan".into() }));
        assert_eq!(fault("a b\nc d\n"), (2, EvaluationFault::NoPair));
        assert_eq!(fault(""), (0, EvaluationFault::Empty));
        assert_eq!(fault("# nothing\n"), (1, EvaluationFault::Empty));
        assert_eq!(fault(&"x".repeat(70_000)), (1, EvaluationFault::LongLine { limit: LONGEST_LINE }));
        let bad = Pairs::parse(&mut &b"a b 1\nc \xff 2\n"[..], Path::new("p"));
        assert!(matches!(bad, Err(Error::NotUtf8 { line: 2, byte: 3, .. })), "{bad:?}");
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
