//! Tests of the normal forms of words.

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

/// The rules of SpecialCasing.txt, written out.
#[test]
fn languages_have_their_own_lower_case() {
    for language in [TURKISH, AZERBAIJANI] {
        for form in FORMS {
            let read = |line: &str| read(language, form, line);
            let line = "İstanbul ISPARTA ıspanak istanbul Izmir İzmir izmir";
            assert_eq!(read(line), "istanbul ısparta ıspanak istanbul ızmir izmir izmir");
            // The dot as a mark of its own, also after another mark; lines of ASCII alone, with and without the letter.
            assert_eq!(read("I\u{307}zmir I\u{323}\u{307}"), read("izmir i\u{323}"));
            assert_eq!(read("THE END"), "the end");
            assert_eq!(read("THE CITY"), "the cıty");
            assert_eq!(read("ΟΔΟΣ Straße"), "οδος straße");
        }
        assert_eq!(read(language, Form::None, "i\u{307}"), "i\u{307}", "small letters stay");
        assert_eq!(read(language, Form::Nfc, "\u{1eca}\u{307}"), "\u{1ecb}", "written as one");
        // Letters with another mark keep the dot of their small form, whether composed or decomposed.
        for form in [Form::Nfc, Form::Nfkc] {
            for (line, lower) in [
                ("MİLLÎ millî DÎNÎ ŞÎİR", "millî millî dînî şîir"),
                ("MI\u{307}LLI\u{302} mi\u{307}lli\u{302}", "millî mi\u{307}llî"),
                ("ÌÍÎÏĨĪĬĮǏỈỊ I", "ìíîïĩīĭįǐỉị ı"),
                ("Î\u{307} \u{12e}\u{307} I\u{331}\u{302}", "î\u{307} į î\u{331}"),
            ] {
                assert_eq!(read(language, form, line), lower.nfc().collect::<String>(), "{line}");
            }
        }
        assert_eq!(read(language, Form::None, "MİLLÎ"), "millî");
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
    // A ligature of several words is split into them.
    let words = read(Lowercase::No, Form::Nfkc, "\u{fdfa}");
    assert_eq!(words.split_whitespace().count(), 4, "{words}");
}

fn is_lower(lowercase: Lowercase, text: &str) -> bool {
    lowercase.of(text).nfc().eq(text.nfc())
}

/// Every character, alone and between letters.
#[test]
fn all_letters_come_out_in_their_form_and_in_lower_case() {
    let mut buffer = String::new();
    // Ideographs and syllables have no case and no other form.
    let is_other =
        |c: &char| !matches!(c, '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{f8ff}' | '\u{17000}'..='\u{18aff}');
    for letter in ('\0'..='\u{1ffff}').filter(is_other) {
        let line = format!("{letter}a{letter}\u{307}");
        for (lowercase, form) in CASES.into_iter().flat_map(|case| [Form::Nfc, Form::Nfkc].map(|form| (case, form))) {
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

    /// The languages differ from Unicode's default only in their own letters.
    #[test]
    fn other_letters_are_those_of_unicode(line in "\\PC{0,40}") {
        let own = |c: &char| c.nfd().any(|part| matches!(part, 'I' | 'J'));
        let line: String = line.chars().filter(|c| !own(c)).collect();
        for language in [TURKISH, AZERBAIJANI, LITHUANIAN] {
            prop_assert_eq!(language.of(&line), Lowercase::Unicode.of(&line));
        }
    }
}
