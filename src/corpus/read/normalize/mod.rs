//! The same word written in several ways as one.

use super::unsplit::Unsplit;
use icu_casemap::CaseMapper;
use icu_locale_core::{LanguageIdentifier, langid};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfkc_quick};
use unicode_segmentation::UnicodeSegmentation;

/// Where a word ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Split {
    /// At Unicode white space.
    #[default]
    Space,
    /// At the word boundaries of UAX #29, which drops punctuation.
    ///
    /// `can't` and `3.14` are words, `well-known` is two. Text without a letter or a digit (punctuation, symbols) parts words
    /// as white space does and is no word. Thai, Lao, Khmer, Burmese, Chinese and Japanese need a segmenter: here they
    /// become single letters, which are counted and told.
    Words,
}

/// A language whose lower case is not Unicode's own.
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

    /// Whether ASCII has another lower case than everywhere.
    fn differs_in_ascii(self, line: &str) -> bool {
        self != Self::Lithuanian && line.contains('I')
    }

    /// The letters and marks of a line in the form that the lower case of the language is about.
    fn of_parts(self, parts: String) -> String {
        match self {
            // Its rules are about the marks above letters.
            Self::Lithuanian => parts,
            // Î, Ì and Į are an i with a mark below or above it, though their I alone would have no dot.
            Self::Turkish | Self::Azerbaijani => dotted(&parts).nfc().collect(),
        }
    }
}

/// The same letters and marks, with `i` for each `I` and its dot, which need not follow each other.
fn dotted(parts: &str) -> String {
    let mut text = String::with_capacity(parts.len());
    // Where the last `I` is, as long as a dot may be its own.
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
    /// Not at all.
    #[default]
    No,
    /// Unicode's mapping, whatever the language.
    Unicode,
    /// The rules of a language, Unicode's where it has none of its own.
    Of(Language),
}

/// Lower case in a file: a language, or whether there is any.
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
    /// Whether the ASCII letters of an ASCII line are all that changes.
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
    /// Text as it is.
    #[default]
    None,
    /// Canonical composition: a letter `e` and an accent become `é`.
    Nfc,
    /// Compatibility composition: ligatures, full-width and styled letters become plain ones as well.
    ///
    /// `ﬁ` becomes `fi`, `Ｒ` becomes `R`, `²` becomes `2`. The few characters that stand for several words are cut.
    Nfkc,
}

impl Form {
    /// Adds the text in this form.
    fn add(self, text: &str, to: &mut String) {
        match self {
            Self::Nfc if is_nfc_quick(text.chars()) != IsNormalized::Yes => to.extend(text.nfc()),
            Self::Nfkc if is_nfkc_quick(text.chars()) != IsNormalized::Yes => to.extend(text.nfkc()),
            Self::None | Self::Nfc | Self::Nfkc => to.push_str(text),
        }
    }

    /// Reads what files hold: `true` stands for NFC, as when that was all there was.
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

/// A form in a file: whether it is NFC, or another one.
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

/// The steps that a line goes through before it is cut into words, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Normalizer {
    /// The mapping to lower case.
    pub lowercase: Lowercase,
    /// The normal form that the line ends in. With NFKC, plain letters become lower case.
    #[serde(rename = "nfc", deserialize_with = "Form::stored", serialize_with = "Form::store")]
    pub form: Form,
    /// Where words end.
    pub split: Split,
}

impl Normalizer {
    /// Whether lines stay as they are.
    pub fn is_identity(&self) -> bool {
        *self == Self::default()
    }

    /// The line as it is to be cut at white space; `buffer` is room for it.
    pub fn apply<'a>(&self, line: &'a str, buffer: &'a mut String) -> &'a str {
        self.apply_counting(line, buffer, &mut Unsplit::default())
    }

    /// The same, with the words counted that the split could not find.
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

    /// Adds the line in lower case and in its form.
    fn add(&self, line: &str, to: &mut String) {
        let apart = match (self.lowercase, self.form) {
            // A language's rules are about letters and their marks, whether they are written as one or not.
            (Lowercase::Of(language), Form::Nfc) => language.of_parts(line.nfd().collect()).into(),
            // 𝐀 and ℌ have a lower case only as the plain letters A and H.
            (Lowercase::Of(language), Form::Nfkc) => language.of_parts(line.nfkd().collect()).into(),
            (Lowercase::Unicode, Form::Nfkc) => line.nfkd().collect::<String>().into(),
            _ => Cow::Borrowed(line),
        };
        // Lower case first: it may take composed letters apart, and the form is what a word is to end in.
        self.form.add(&self.lowercase.of(&apart), to);
    }
}

#[cfg(test)]
mod tests;
