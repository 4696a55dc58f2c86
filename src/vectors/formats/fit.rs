//! Checks that words and vectors fit a format. Writers run them before writing, and trainings before they start.

use super::Format;
use super::input::{LONGEST_VECTOR, LONGEST_WORD, check_finite};
use crate::error::{Error, OutputFault, Place, Result, Unfit, VectorsFault};
use crate::vectors::VectorSource;
use crate::vocab::WordId;
use std::path::Path;

/// The first bytes of a bzip2 file, all letters, before and after the block size.
const BZIP2: [&str; 2] = ["BZh", "1AY&SY"];

/// The first bytes of a zstd or lz4 frame without data, after its first byte: a letter from P to _.
const SKIPPABLE: &str = "*M\u{18}";

impl Format {
    /// The reason why a file of this format cannot hold a word. `None` means that readers of the file get the same
    /// word.
    ///
    /// ```
    /// use lexmax::error::Unfit;
    /// use lexmax::vectors::Format;
    ///
    /// assert_eq!(Format::Binary.unfit("new york"), Some(Unfit::Space));
    /// assert_eq!(Format::Npy.unfit("new york"), None);
    /// ```
    pub fn unfit(self, word: &str) -> Option<Unfit> {
        if word.is_empty() {
            return Some(Unfit::Empty);
        }
        if word.len() > LONGEST_WORD {
            return Some(Unfit::Long { bytes: word.len(), limit: LONGEST_WORD });
        }
        // A byte of ASCII never occurs inside a multibyte character.
        let has = |bytes: &[u8]| word.bytes().any(|byte| bytes.contains(&byte));
        let is_packed = || {
            let rest = word.strip_prefix(BZIP2[0]).and_then(|rest| rest.strip_prefix(|c| matches!(c, '1'..='9')));
            let skippable = word.strip_prefix(|c| matches!(c, 'P'..='_'));
            rest.is_some_and(|rest| rest.starts_with(BZIP2[1]))
                || skippable.is_some_and(|rest| rest.starts_with(SKIPPABLE))
        };
        match self {
            Self::Binary if has(b" \n") => Some(Unfit::Space),
            Self::Text | Self::FastText | Self::Glove if has(b" \t\n\x0b\x0c\r") => Some(Unfit::Space),
            Self::Binary | Self::Text | Self::FastText => has(b"\0").then_some(Unfit::Nul),
            Self::Glove if has(b"\0") => Some(Unfit::Nul),
            Self::Npy if has(b"\n\r") => Some(Unfit::Space),
            Self::Projector if has(b"\t\n\r") => Some(Unfit::Space),
            Self::Npy | Self::Projector | Self::Glove => is_packed().then_some(Unfit::Packed),
            Self::Finalfusion | Self::Model => None,
        }
    }

    /// Refuses words that a file of this format cannot hold. `path` names the file in the error.
    ///
    /// # Errors
    /// [`OutputFault::Word`] with the first such word, the file that would contain it, and formats that can hold it.
    pub fn check_words<'a>(self, path: &Path, words: impl IntoIterator<Item = &'a str>) -> Result<()> {
        let unfit = words.into_iter().find_map(|word| Some((word, self.unfit(word)?)));
        let Some((word, unfit)) = unfit else { return Ok(()) };
        let (what, mut others) = match self {
            Self::Model => ("a model".into(), Vec::new()),
            _ => (format!("a file of the format {self}").into(), Self::ALL.to_vec()),
        };
        others.retain(|format| format.unfit(word).is_none());
        let others = others.into_iter().map(Self::name).collect();
        let path = self.side_file(path).unwrap_or_else(|| path.into());
        Err(OutputFault::Word { path, what, word: word.into(), unfit, others }.into())
    }

    /// Refuses words and vectors that a file of this format cannot hold.
    ///
    /// # Errors
    /// The errors of [`Format::check_words`]; [`Error::VectorsFile`] for a vector that is not finite, and for sizes
    /// that no reader accepts.
    pub(super) fn check_source(self, path: &Path, source: &dyn VectorSource) -> Result<()> {
        let fault = |fault| Error::VectorsFile { path: path.into(), place: Place::Whole, fault };
        let (words, dim) = (source.len() as u64, source.dim() as u64);
        if !(1..=i32::MAX as u64).contains(&words) || !(1..=LONGEST_VECTOR).contains(&dim) {
            return Err(fault(VectorsFault::TooLarge { words, dim }));
        }
        let ids = 0..source.len() as WordId;
        self.check_words(path, ids.clone().map(|id| source.word(id)))?;
        let mut vector = vec![0.0; source.dim()];
        ids.into_iter().try_for_each(|id| {
            source.row(id, &mut vector);
            check_finite(source.word(id), &vector).map_err(fault)?;
            if self == Self::Finalfusion && !(norm(&vector) as f32).is_finite() {
                return Err(fault(VectorsFault::Length { word: source.word(id).into() }));
            }
            Ok(())
        })
    }
}

/// The Euclidean length of a vector.
pub fn norm(vector: &[f32]) -> f64 {
    vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt()
}
