//! Which words count as the same.

use crate::vectors::WordVectors;
use crate::vocab::{WordId, Words};
use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

/// When two words are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Case {
    /// Letter by letter.
    Exact,
    /// After word2vec's `toupper` in the C locale: case does not count for a to z.
    Ascii,
    /// Canonical caseless matching of Unicode (section 3.13, D145): case does not count, nor how accents are composed.
    Fold,
}

impl Case {
    /// The form by which a word is known.
    pub fn form(self, word: &str) -> String {
        match self {
            Self::Exact => word.into(),
            Self::Ascii => word.to_ascii_uppercase(),
            Self::Fold if word.is_ascii() => word.to_ascii_lowercase(),
            Self::Fold => word.nfd().default_case_fold().nfd().collect(),
        }
    }
}

/// The first words of vectors by their forms.
pub struct Forms {
    case: Case,
    forms: Words,
    /// The first word of each form.
    first: Vec<WordId>,
    /// The first word of each word's form.
    class: Vec<WordId>,
}

impl Forms {
    /// Of the first `limit` words.
    pub fn new(vectors: &WordVectors, case: Case, limit: usize) -> Self {
        let (mut forms, mut first) = (Words::default(), Vec::new());
        let class = (0..).zip(vectors.words().take(limit)).map(|(id, word)| {
            let form = forms.intern(&case.form(word)).expect("no more forms than words") as usize;
            if form == first.len() {
                first.push(id);
            }
            first[form]
        });
        let class = class.collect();
        Self { case, forms, first, class }
    }

    /// The first word of the form that `word` has.
    pub fn find(&self, word: &str) -> Option<WordId> {
        self.forms.find(&self.case.form(word)).map(|form| self.first[form as usize])
    }

    /// The first word of each word's form.
    pub fn classes(&self) -> &[WordId] {
        &self.class
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn the_first_of_the_same_form_is_found() {
        let vectors = WordVectors::new(["straße", "Paris", "paris", "STRASSE", "É"], Array2::ones((5, 1))).unwrap();
        let find = |case, word| Forms::new(&vectors, case, 5).find(word);
        assert_eq!([Case::Exact, Case::Ascii, Case::Fold].map(|case| find(case, "PARIS")), [None, Some(1), Some(1)]);
        assert_eq!([Case::Exact, Case::Ascii, Case::Fold].map(|c| find(c, "strasse")), [None, Some(3), Some(0)]);
        assert_eq!([Case::Ascii, Case::Fold].map(|case| find(case, "e\u{301}")), [None, Some(4)]);
        assert_eq!(Forms::new(&vectors, Case::Fold, 5).classes(), [0, 1, 1, 0, 4]);
        assert_eq!(Forms::new(&vectors, Case::Fold, 1).find("Paris"), None);
    }
}
