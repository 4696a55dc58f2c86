//! Rules for treating words as equal.

use crate::vectors::WordVectors;
use crate::vocab::{WordId, Words};
use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

/// A rule for treating two words as equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Case {
    /// Exact comparison.
    Exact,
    /// Ignores the case of a to z, like word2vec's `toupper` in the C locale.
    Ascii,
    /// Canonical caseless matching of Unicode (section 3.13, D145): ignores case and the composition of accents.
    Fold,
}

impl Case {
    /// The form under which a word is compared.
    pub fn form(self, word: &str) -> String {
        match self {
            Self::Exact => word.into(),
            Self::Ascii => word.to_ascii_uppercase(),
            Self::Fold if word.is_ascii() => word.to_ascii_lowercase(),
            Self::Fold => word.nfd().default_case_fold().nfd().collect(),
        }
    }
}

/// The first words of a set of vectors, indexed by their forms.
pub struct Forms {
    case: Case,
    forms: Words,
    /// For each form, its first word.
    first: Vec<WordId>,
    /// For each word, the first word with the same form.
    class: Vec<WordId>,
}

impl Forms {
    /// Indexes the first `limit` words.
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

    /// The first word with the same form as `word`.
    pub fn find(&self, word: &str) -> Option<WordId> {
        self.forms.find(&self.case.form(word)).map(|form| self.first[form as usize])
    }

    /// For each word, the first word with the same form.
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
