//! Maps several spellings of a word to one.

use super::unsplit::Unsplit;
use icu_casemap::CaseMapper;
use icu_locale_core::{LanguageIdentifier, langid};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfkc_quick};
use unicode_segmentation::UnicodeSegmentation;

/// The rule for word boundaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Split {
    /// Splits at Unicode white space.
    #[default]
    Space,
    /// Splits at the word boundaries of UAX #29, which drops punctuation.
    ///
    /// `can't` and `3.14` are one word each, `well-known` is two. Text without a letter or a digit (punctuation,
    /// symbols) separates words like white space and is not a word. Thai, Lao, Khmer, Burmese, Chinese and Japanese
    /// need a segmenter: here they become single letters, which are counted and reported.
    Words,
}

/// A language whose lower case differs from Unicode's default mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum Language {
    /// Turkish: `I` becomes `ı`, and `İ` becomes `i`.
    #[serde(rename = "tr")]
    #[cfg_attr(feature = "cli", value(name = "tr"))]
    Turkish,
    /// Azerbaijani: the rules of Turkish.
    #[serde(rename = "az")]
    #[cfg_attr(feature = "cli", value(name = "az"))]
    Azerbaijani,
    /// Lithuanian: `i` and `j` keep their dot below an accent.
    #[serde(rename = "lt")]
    #[cfg_attr(feature = "cli", value(name = "lt"))]
    Lithuanian,
}

impl Language {
    fn id(self) -> LanguageIdentifier {
        match self {
            Self::Turkish => langid!("tr"),
            Self::Azerbaijani => langid!("az"),
            Self::Lithuanian => langid!("lt"),
        }
    }

    /// Whether the lower case of an ASCII line differs from the default mapping.
    fn differs_in_ascii(self, line: &str) -> bool {
        self != Self::Lithuanian && line.contains('I')
    }

    /// Converts decomposed text to the form that the lower-case rules of the language expect.
    fn of_parts(self, parts: String) -> String {
        match self {
            // The rules of Lithuanian apply to the marks above letters.
            Self::Lithuanian => parts,
            // Î, Ì and Į become an i with a mark above or below, although I alone becomes a dotless ı.
            Self::Turkish | Self::Azerbaijani => dotted(&parts).nfc().collect(),
        }
    }
}

/// Replaces each `I` and its dot, which need not be adjacent, by `i`. Other letters and marks stay.
fn dotted(parts: &str) -> String {
    let mut text = String::with_capacity(parts.len());
    // The position of the last `I`, as long as a following dot may belong to it.
    let mut open = None;
    for letter in parts.chars() {
        match (letter, open) {
            ('I', _) => open = Some(text.len()),
            ('\u{307}', Some(at)) => {
                text.replace_range(at..=at, "i");
                open = None;
                continue;
            }
            _ if matches!(canonical_combining_class(letter), 0 | 230) => open = None,
            _ => {}
        }
        text.push(letter);
    }
    text
}

/// The mapping to lower case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredCase", into = "StoredCase")]
pub enum Lowercase {
    /// Keeps the case.
    #[default]
    No,
    /// Unicode's default mapping, independent of the language.
    Unicode,
    /// The rules of a language, with Unicode's default mapping for all other letters.
    Of(Language),
}

/// The stored form of the lower-case setting: a language, or a boolean.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "true, false, tr, az or lt")]
enum StoredCase {
    Is(bool),
    Of(Language),
}

impl From<StoredCase> for Lowercase {
    fn from(stored: StoredCase) -> Self {
        match stored {
            StoredCase::Is(false) => Self::No,
            StoredCase::Is(true) => Self::Unicode,
            StoredCase::Of(language) => Self::Of(language),
        }
    }
}

impl From<Lowercase> for StoredCase {
    fn from(lowercase: Lowercase) -> Self {
        match lowercase {
            Lowercase::No => Self::Is(false),
            Lowercase::Unicode => Self::Is(true),
            Lowercase::Of(language) => Self::Of(language),
        }
    }
}

impl Lowercase {
    /// Whether lower case changes only ASCII letters of an ASCII line.
    fn is_ascii_only(self, line: &str) -> bool {
        line.is_ascii() && !matches!(self, Self::Of(language) if language.differs_in_ascii(line))
    }

    fn of(self, line: &str) -> Cow<'_, str> {
        match self {
            Self::No => line.into(),
            Self::Unicode => line.to_lowercase().into(),
            Self::Of(language) => CaseMapper::new().lowercase_to_string(line, &language.id()),
        }
    }
}

/// A normal form of Unicode (UAX #15).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Form {
    /// Keeps the text unchanged.
    #[default]
    None,
    /// Canonical composition: the letter `e` followed by an accent becomes `é`.
    Nfc,
    /// Compatibility composition: ligatures, full-width and styled letters also become plain ones.
    ///
    /// `ﬁ` becomes `fi`, `Ｒ` becomes `R`, `²` becomes `2`. The few characters that stand for several words are split.
    Nfkc,
}

impl Form {
    /// Appends the text in this form.
    fn add(self, text: &str, to: &mut String) {
        match self {
            Self::Nfc if is_nfc_quick(text.chars()) != IsNormalized::Yes => to.extend(text.nfc()),
            Self::Nfkc if is_nfkc_quick(text.chars()) != IsNormalized::Yes => to.extend(text.nfkc()),
            Self::None | Self::Nfc | Self::Nfkc => to.push_str(text),
        }
    }

    /// Reads the stored form. `true` means NFC, as in files from versions that only had NFC.
    fn stored<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match StoredForm::deserialize(from)? {
            StoredForm::Is(false) => Self::None,
            StoredForm::Is(true) => Self::Nfc,
            StoredForm::Of(Other::Nfkc) => Self::Nfkc,
        })
    }

    fn store<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let stored = match self {
            Self::None => StoredForm::Is(false),
            Self::Nfc => StoredForm::Is(true),
            Self::Nfkc => StoredForm::Of(Other::Nfkc),
        };
        stored.serialize(to)
    }
}

/// The stored form: a boolean for NFC, or the name of another form.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "true, false or nfkc")]
enum StoredForm {
    Is(bool),
    Of(Other),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Other {
    Nfkc,
}

/// The steps applied to a line before it is split into words, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Normalizer {
    /// The mapping to lower case.
    pub lowercase: Lowercase,
    /// The normal form of the resulting line. With NFKC, lower case is applied to the decomposed plain letters.
    #[serde(rename = "nfc", deserialize_with = "Form::stored", serialize_with = "Form::store")]
    pub form: Form,
    /// The rule for word boundaries.
    pub split: Split,
}

impl Normalizer {
    /// Whether lines stay unchanged.
    pub fn is_identity(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the line ready to be split at white space; `buffer` holds the result if the line changes.
    pub fn apply<'a>(&self, line: &'a str, buffer: &'a mut String) -> &'a str {
        self.apply_counting(line, buffer, &mut Unsplit::default())
    }

    /// Like [`Self::apply`], and counts the letters that the split could not group into words.
    pub(super) fn apply_counting<'a>(&self, line: &'a str, buffer: &'a mut String, lost: &mut Unsplit) -> &'a str {
        if self.is_identity() {
            return line;
        }
        buffer.clear();
        if self.lowercase.is_ascii_only(line) {
            buffer.push_str(line);
            if self.lowercase != Lowercase::No {
                buffer.make_ascii_lowercase();
            }
        } else {
            self.add(line, buffer);
        }
        if self.split == Split::Words {
            let mut words = String::with_capacity(buffer.len());
            for word in buffer.unicode_words() {
                words.push_str(word);
                words.push(' ');
            }
            lost.count(&words);
            *buffer = words;
        }
        buffer
    }

    /// Appends the line in lower case and in its normal form.
    fn add(&self, line: &str, to: &mut String) {
        let apart = match (self.lowercase, self.form) {
            // The rules of a language treat letters and their marks alike whether composed or decomposed.
            (Lowercase::Of(language), Form::Nfc) => language.of_parts(line.nfd().collect()).into(),
            // 𝐀 and ℌ have lower case only as the plain letters A and H.
            (Lowercase::Of(language), Form::Nfkc) => language.of_parts(line.nfkd().collect()).into(),
            (Lowercase::Unicode, Form::Nfkc) => line.nfkd().collect::<String>().into(),
            _ => Cow::Borrowed(line),
        };
        // Lower case comes first, since it may decompose letters. The form is applied last so that the result has it.
        self.form.add(&self.lowercase.of(&apart), to);
    }
}

#[cfg(test)]
mod tests;
