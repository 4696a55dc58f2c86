//! Options of phrases.

use crate::corpus::{PhraseScore, Phrases};
use crate::error::{Error, Result};

/// Options of phrases as a user gives them: see [`Phrases`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PhraseOptions {
    /// Passes that join pairs: one pass makes new_york, two make new_york_times.
    pub passes: u32,
    /// Score of a pair.
    pub score: PhraseScore,
    /// Score that a pair must exceed: one for all passes, one per pass, or none for the default of the score.
    pub thresholds: Vec<f64>,
    /// Least count of words and pairs that form a phrase.
    pub min_count: u64,
    /// Text between the words of a phrase.
    pub delimiter: String,
}

impl PhraseOptions {
    /// The default least count.
    pub const MIN_COUNT: u64 = 5;
    /// The default delimiter.
    pub const DELIMITER: &'static str = "_";

    /// Phrases as word2phrase makes them, in `passes` passes.
    pub fn passes(passes: u32) -> Self {
        let (score, delimiter) = (PhraseScore::default(), Self::DELIMITER.into());
        Self { passes, score, thresholds: Vec::new(), min_count: Self::MIN_COUNT, delimiter }
    }

    /// Returns the phrases.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a number of thresholds that is neither one nor one per pass; the errors of
    /// [`Phrases::new`].
    pub fn phrases(&self) -> Result<Phrases> {
        // Too many passes are refused before memory is allocated for them.
        let passes = self.passes.min(17) as usize;
        let thresholds = match self.thresholds[..] {
            [] => vec![self.score.default_threshold(); passes],
            [one] => vec![one; passes],
            ref each if each.len() == passes => each.to_vec(),
            ref each => {
                let limit = "one, or one for each pass";
                return Err(Error::OutOfRange { name: "number of phrase_thresholds", value: each.len() as f64, limit });
            }
        };
        Phrases::new(self.score, self.min_count, &thresholds, &self.delimiter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_for_all_passes_or_one_each() {
        let phrases = |thresholds: &[f64]| {
            PhraseOptions { thresholds: thresholds.to_vec(), ..PhraseOptions::passes(2) }.phrases()
        };
        let word2phrase = |thresholds: &[f64]| Phrases::new(PhraseScore::Word2Phrase, 5, thresholds, "_").unwrap();
        assert_eq!(phrases(&[]).unwrap(), word2phrase(&[100.0, 100.0]));
        assert_eq!(phrases(&[50.0]).unwrap(), word2phrase(&[50.0, 50.0]));
        assert_eq!(phrases(&[50.0, 20.0]).unwrap(), word2phrase(&[50.0, 20.0]));
        assert!(phrases(&[1.0, 2.0, 3.0]).is_err());
        let npmi = PhraseOptions { score: PhraseScore::Npmi, ..PhraseOptions::passes(1) };
        assert_eq!(npmi.phrases().unwrap(), Phrases::new(PhraseScore::Npmi, 5, &[0.5], "_").unwrap());
        for passes in [0, 17, u32::MAX] {
            assert!(PhraseOptions::passes(passes).phrases().is_err(), "{passes}");
        }
    }
}
