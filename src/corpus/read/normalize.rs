//! The same word written in several ways as one.

use super::unsplit::Unsplit;
use icu_casemap::CaseMapper;
use icu_locale_core::{LanguageIdentifier, langid};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
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
    /// Azerbaijani: as in Turkish.
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
}

/// How letters become lower case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredCase", into = "StoredCase")]
pub enum Lowercase {
    /// Not at all.
    #[default]
    No,
    /// By Unicode's mapping, whatever the language.
    Unicode,
    /// By the rules of a language, Unicode's where it has none of its own.
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

/// What is done to a line before it is cut into words, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Normalizer {
    /// How letters become lower case.
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
            (Lowercase::Of(_), Form::Nfc) => line.nfd().collect::<String>().into(),
            // 𝐀 and ℌ have a lower case only as the plain letters A and H.
            (Lowercase::Unicode | Lowercase::Of(_), Form::Nfkc) => line.nfkd().collect::<String>().into(),
            _ => Cow::Borrowed(line),
        };
        // Lower case first: it may take composed letters apart, and the form is what a word is to end in.
        self.form.add(&self.lowercase.of(&apart), to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn apply(normalizer: Normalizer, line: &str) -> String {
        normalizer.apply(line, &mut String::new()).trim_end().into()
    }

    fn read(lowercase: Lowercase, form: Form, line: &str) -> String {
        apply(Normalizer { lowercase, form, split: Split::Space }, line)
    }

    const TURKISH: Lowercase = Lowercase::Of(Language::Turkish);
    const AZERBAIJANI: Lowercase = Lowercase::Of(Language::Azerbaijani);
    const LITHUANIAN: Lowercase = Lowercase::Of(Language::Lithuanian);
    const CASES: [Lowercase; 5] = [Lowercase::No, Lowercase::Unicode, TURKISH, AZERBAIJANI, LITHUANIAN];
    const FORMS: [Form; 3] = [Form::None, Form::Nfc, Form::Nfkc];

    #[test]
    fn lower_case_composition_and_words() {
        let all = Normalizer { lowercase: Lowercase::Unicode, form: Form::Nfc, split: Split::Words };
        assert_eq!(apply(all, "Ça, c'est «l'E\u{301}TE\u{301}» — well-known: 3.14!"), "ça c'est l'été well known 3.14");
        let lower = Normalizer { lowercase: Lowercase::Unicode, ..Normalizer::default() };
        assert_eq!(apply(lower, "ΟΔΟΣ Straße İx ÀB, THE End."), "οδος straße i\u{307}x àb, the end.");
        let nfc = Normalizer { form: Form::Nfc, ..Normalizer::default() };
        assert_eq!(apply(nfc, "E\u{301} \u{212b} ﬁ"), "É Å ﬁ");
        let words = Normalizer { split: Split::Words, ..Normalizer::default() };
        assert_eq!(apply(words, "The (quick) “brown” fox_1 can't, 数"), "The quick brown fox_1 can't 数");
        assert_eq!(apply(Normalizer::default(), "E\u{301}, x"), "E\u{301}, x");
    }

    /// The rules of SpecialCasing.txt, by hand.
    #[test]
    fn languages_have_their_own_lower_case() {
        for language in [TURKISH, AZERBAIJANI] {
            for form in FORMS {
                let read = |line: &str| read(language, form, line);
                let line = "İstanbul ISPARTA ıspanak istanbul Izmir İzmir izmir";
                assert_eq!(read(line), "istanbul ısparta ıspanak istanbul ızmir izmir izmir");
                // The dot on its own, behind another mark too; a line of ASCII alone, with and without the letter.
                assert_eq!(read("I\u{307}zmir I\u{323}\u{307}"), read("izmir i\u{323}"));
                assert_eq!(read("THE END"), "the end");
                assert_eq!(read("THE CITY"), "the cıty");
                assert_eq!(read("ΟΔΟΣ Straße"), "οδος straße");
            }
            assert_eq!(read(language, Form::None, "i\u{307}"), "i\u{307}", "small letters stay");
            assert_eq!(read(language, Form::Nfc, "\u{1eca}\u{307}"), "\u{1ecb}", "written as one");
        }
        for (line, lower) in [
            ("ÌÍĨ", "i\u{307}\u{300}i\u{307}\u{301}i\u{307}\u{303}"),
            ("I\u{300} J\u{303} Į\u{301}", "i\u{307}\u{300} j\u{307}\u{303} į\u{307}\u{301}"),
            ("INDIJA Į JŪRĄ", "indija į jūrą"),
        ] {
            assert_eq!(read(LITHUANIAN, Form::None, line), lower);
        }
        assert_eq!(read(Lowercase::Unicode, Form::None, "İI I\u{307}"), "i\u{307}i i\u{307}");
    }

    #[test]
    fn compatibility_letters_become_plain_ones_in_lower_case() {
        let line = "ﬁnance Ｒｉｖｅｒ ﻻ 𝐀𝔹 ℌ ² e\u{301}";
        assert_eq!(read(Lowercase::No, Form::Nfkc, line), "finance River لا AB H 2 é");
        assert_eq!(read(Lowercase::Unicode, Form::Nfkc, line), "finance river لا ab h 2 é");
        assert_eq!(read(TURKISH, Form::Nfkc, "𝐈 Ｉ 𝐈\u{307} I"), "ı ı i ı");
        assert_eq!(read(Lowercase::Unicode, Form::Nfc, "ﬁ Ｒ 𝐀"), "ﬁ ｒ 𝐀");
        // A ligature of words is cut like words.
        let words = read(Lowercase::No, Form::Nfkc, "\u{fdfa}");
        assert_eq!(words.split_whitespace().count(), 4, "{words}");
    }

    fn is_lower(lowercase: Lowercase, text: &str) -> bool {
        lowercase.of(text).nfc().eq(text.nfc())
    }

    /// Every letter, alone and between letters.
    #[test]
    fn all_letters_come_out_in_their_form_and_in_lower_case() {
        let mut buffer = String::new();
        // Letters that stand for syllables and words have no case, and no other form.
        let is_other =
            |c: &char| !matches!(c, '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{f8ff}' | '\u{17000}'..='\u{18aff}');
        for letter in ('\0'..='\u{1ffff}').filter(is_other) {
            let line = format!("{letter}a{letter}\u{307}");
            for (lowercase, form) in CASES.into_iter().flat_map(|case| [Form::Nfc, Form::Nfkc].map(|form| (case, form)))
            {
                let normalizer = Normalizer { lowercase, form, split: Split::Space };
                let once = normalizer.apply(&line, &mut buffer).to_string();
                let at = format!("U+{:04X}, {normalizer:?}: {once:?}", u32::from(letter));
                assert_eq!(normalizer.apply(&once, &mut buffer), once, "{at}");
                assert!(is_lower(lowercase, &once), "{at}");
                assert!(form != Form::Nfkc || unicode_normalization::is_nfkc(&once), "{at}");
                assert!(form != Form::Nfc || unicode_normalization::is_nfc(&once), "{at}");
            }
        }
    }

    #[test]
    fn files_hold_what_they_always_held_and_new_values_as_no_older_reader_takes_them() {
        let json = |normalizer: &Normalizer| serde_json::to_string(normalizer).unwrap();
        let mut normalizer = Normalizer::default();
        for (lowercase, form, text) in [
            (Lowercase::No, Form::None, r#"{"lowercase":false,"nfc":false,"split":"space"}"#),
            (Lowercase::Unicode, Form::Nfc, r#"{"lowercase":true,"nfc":true,"split":"space"}"#),
            (TURKISH, Form::None, r#"{"lowercase":"tr","nfc":false,"split":"space"}"#),
            (AZERBAIJANI, Form::Nfc, r#"{"lowercase":"az","nfc":true,"split":"space"}"#),
            (LITHUANIAN, Form::Nfkc, r#"{"lowercase":"lt","nfc":"nfkc","split":"space"}"#),
        ] {
            (normalizer.lowercase, normalizer.form) = (lowercase, form);
            assert_eq!(json(&normalizer), text);
            assert_eq!(serde_json::from_str::<Normalizer>(text).unwrap(), normalizer);
        }
        for (text, names) in [
            (r#"{"lowercase":"de"}"#, "true, false, tr, az or lt"),
            (r#"{"nfc":"nfd"}"#, "true, false or nfkc"),
            (r#"{"nfc":"nfc"}"#, "true, false or nfkc"),
            (r#"{"form":"nfkc"}"#, "unknown field"),
        ] {
            let error = serde_json::from_str::<Normalizer>(text).unwrap_err().to_string();
            assert!(error.contains(names), "{error}");
        }
    }

    proptest! {
        #[test]
        fn twice_is_once_and_the_result_is_normal(
            line in prop_oneof!["\\PC{0,40}", "[iIıİjJĮÌ𝐈ℌﬁΣΑ \u{300}\u{307}\u{323}a,]{0,12}"],
            lowercase in prop::sample::select(&CASES),
            form in prop::sample::select(&FORMS),
            words: bool,
        ) {
            let split = if words { Split::Words } else { Split::Space };
            let normalizer = Normalizer { lowercase, form, split };
            let once = apply(normalizer, &line);
            let cut = |line: &str| line.split_whitespace().map(String::from).collect::<Vec<_>>();
            prop_assert_eq!(cut(&apply(normalizer, &once)), cut(&once));
            prop_assert!(form != Form::Nfc || unicode_normalization::is_nfc(&once));
            prop_assert!(form != Form::Nfkc || unicode_normalization::is_nfkc(&once));
            prop_assert!(is_lower(lowercase, &once));
        }

        /// Languages differ from Unicode in letters of their own only.
        #[test]
        fn other_letters_are_those_of_unicode(line in "\\PC{0,40}") {
            let own = |c: &char| c.nfd().any(|part| matches!(part, 'I' | 'J'));
            let line: String = line.chars().filter(|c| !own(c)).collect();
            for language in [TURKISH, AZERBAIJANI, LITHUANIAN] {
                prop_assert_eq!(language.of(&line), Lowercase::Unicode.of(&line));
            }
        }
    }
}
