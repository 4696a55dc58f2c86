//! Normal forms of letters, and scripts that cannot be split at word boundaries.

use super::place::{Place, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Output;

const TRAIN: &str = "train --dim 4 --epochs 1 --threads 1 --min-count 1 --sample 0 --json facts.json --out v.bin";

const TURKISH: &str = "İstanbul ISPARTA ıspanak istanbul Izmir İzmir I\u{307}zmir\n";

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn facts(place: &Place) -> Value {
    serde_json::from_slice(&std::fs::read(place.path().join("facts.json")).unwrap()).unwrap()
}

/// The words of a text as a run reads it, and how often each occurs.
fn words(place: &Place, options: &str) -> BTreeMap<String, u64> {
    place.success(&format!("{TRAIN} --corpus c.txt --save-vocab words.txt {options}"));
    let file = std::fs::read_to_string(place.path().join("words.txt")).unwrap();
    let pairs = file.lines().skip(1).map(|line| line.rsplit_once(' ').unwrap());
    pairs.map(|(word, n)| (word.to_string(), n.parse().unwrap())).collect()
}

fn counts<const N: usize>(words: [(&str, u64); N]) -> BTreeMap<String, u64> {
    words.map(|(word, n)| (word.to_string(), n)).into()
}

/// The message of a run that is refused and leaves nothing.
fn refused(place: &Place, options: &str) -> String {
    let before = place.files();
    let output = place.run(&format!("{TRAIN} --corpus c.txt {options}"));
    assert_eq!(output.status.code(), Some(2), "{options}: {}", stderr(&output));
    assert_eq!(place.files(), before, "{options}");
    stderr(&output)
}

#[test]
fn lower_case_is_that_of_the_language() {
    let place = Place::new();
    place.file("c.txt", TURKISH.repeat(10));
    let turkish = counts([("istanbul", 20), ("ısparta", 10), ("ıspanak", 10), ("ızmir", 10), ("izmir", 20)]);
    assert_eq!(words(&place, "--lowercase=tr"), turkish);
    assert_eq!(words(&place, "--lowercase=az --normalize nfkc --split words"), turkish);
    place.file("c.txt", "MİLLÎ millî MILLI\u{302}\n".repeat(10));
    for form in ["nfc", "nfkc"] {
        let want = counts([("millî", 20), ("mıllî", 10)]);
        assert_eq!(words(&place, &format!("--lowercase=tr --normalize {form}")), want);
    }
    place.file("c.txt", TURKISH.repeat(10));
    // Unicode's own keeps the dot, and knows no letter without one.
    let unicode = [("i\u{307}stanbul", 10), ("isparta", 10), ("ıspanak", 10), ("istanbul", 10), ("izmir", 10)];
    let unicode = [counts(unicode), counts([("i\u{307}zmir", 20)])].into_iter().flatten().collect();
    assert_eq!(words(&place, "--lowercase"), unicode);
    place.file("c.txt", "ÌI I\u{300}I INDIJA\n".repeat(10));
    assert_eq!(words(&place, "--lowercase=lt"), counts([("i\u{307}\u{300}i", 20), ("indija", 10)]));
    let message = refused(&place, "--lowercase=de");
    assert!(
        message.contains("--lowercase") && ["tr", "az", "lt"].iter().all(|name| message.contains(name)),
        "{message}"
    );
    // A word behind the flag is not its value.
    let message = refused(&place, "--lowercase tr");
    assert!(message.contains("write --lowercase=tr"), "{message}");
}

#[test]
fn forms_are_named_and_the_old_flag_is_one_of_them() {
    let place = Place::new();
    place.file("c.txt", "ﬁnance finance Ｒｉｖｅｒ river ﻻ لا e\u{301} é 𝐀\n".repeat(10));
    let plain = [("finance", 20), ("river", 20), ("لا", 20), ("é", 20), ("a", 10)];
    assert_eq!(words(&place, "--normalize nfkc --lowercase"), counts(plain));
    assert_eq!(words(&place, "--normalize none").len(), 9);
    let composed = words(&place, "--nfc");
    assert_eq!((composed.len(), composed["é"]), (8, 20));
    assert_eq!(words(&place, "--normalize nfc"), composed);
    assert_eq!(words(&place, "--normalize nfc --nfc"), composed);
    for other in ["none", "nfkc"] {
        let message = refused(&place, &format!("--nfc --normalize {other}"));
        assert!(message.contains("--nfc and --normalize contradict"), "{message}");
    }
    assert!(refused(&place, "--normalize nfd").contains("[possible values: none, nfc, nfkc]"));
    let help = String::from_utf8(place.success("train --help").stdout).unwrap();
    assert!(help.contains("--normalize <FORM>") && help.contains("--lowercase[=<LANG>]") && !help.contains("--nfc"));
}

/// What older versions read stays as it was; what they would misread, they refuse.
#[test]
fn models_say_how_their_text_was_read_and_questions_are_read_so() {
    let place = Place::new();
    place.file("c.txt", TURKISH.repeat(10));
    for (options, held) in [
        ("--lowercase --nfc", Some(r#"\"text\":{\"lowercase\":true,\"nfc\":true,\"split\":\"space\"}"#)),
        ("--lowercase", Some(r#"\"text\":{\"lowercase\":true,\"nfc\":false,\"split\":\"space\"}"#)),
        ("--normalize nfkc", Some(r#"\"text\":{\"lowercase\":false,\"nfc\":\"nfkc\",\"split\":\"space\"}"#)),
        ("--lowercase=tr", Some(r#"\"text\":{\"lowercase\":\"tr\",\"nfc\":false,\"split\":\"space\"}"#)),
        ("--normalize none", None),
    ] {
        place.success(&format!("{TRAIN} --corpus c.txt --save-model m.safetensors {options}"));
        let file = std::fs::read(place.path().join("m.safetensors")).unwrap();
        let file = String::from_utf8_lossy(&file);
        assert!(held.map_or(!file.contains("lowercase"), |held| file.contains(held)), "{options}: {file:.900}");
    }
    place.success(&format!("{TRAIN} --corpus c.txt --save-model m.safetensors --lowercase=tr"));
    let told = |question: &str| String::from_utf8(place.success(question).stdout).unwrap();
    let of = told("predict m.safetensors İSTANBUL --of IZMİR --of İZMİR --of ISPANAK");
    let words: Vec<_> = of.lines().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(words.len(), 3, "{of}");
    assert!(["ızmir", "izmir", "ıspanak"].iter().all(|word| words.contains(word)), "{of}");
}

/// A text of small letters is the same in every treatment, and questions are not.
#[test]
fn a_checkpoint_goes_on_with_the_same_treatment_of_lines_only() {
    let place = Place::new();
    place.file("c.txt", text(40));
    let run = "--checkpoint c --lowercase=tr --normalize nfkc";
    place.success(&format!("{TRAIN} --corpus c.txt {run}"));
    for other in ["", "--lowercase", "--lowercase=lt --normalize nfkc", "--lowercase=tr --normalize nfc"] {
        let message = refused(&place, &format!("--checkpoint c --resume {other}"));
        assert!(message.contains("treatment of lines is") && message.contains(r#"\"tr\""#), "{message}");
    }
    place.success(&format!("{TRAIN} --corpus c.txt {run} --resume"));
}

#[test]
fn scripts_without_spaces_are_told_where_words_cannot_be_split() {
    let place = Place::new();
    let says = |options: &str| stderr(&place.success(&format!("{TRAIN} {options}")));
    // Seven letters and four, a word of ASCII.
    place.file("c.txt", "แม่น้ำ ไหล 我爱北京 ok\n".repeat(10));
    place.file("valid.txt", "カ ok\nok ok\n".repeat(10) + "我 ok\n");
    let warning = "--split words cannot split Thai, Chinese: 110 of 120 words are single letters; part the words with \
                   a segmenter first, and read the text without --split words\n";
    for spool in ["", "--spool ."] {
        let told = says(&format!("--corpus c.txt --split words {spool}"));
        assert_eq!(told, format!("lexmax: {warning}"));
        let facts = facts(&place);
        assert_eq!(facts["ledger"]["unsplit"], json!({"thai": 70, "chinese": 40}));
        assert_eq!(facts["warnings"], json!([warning.trim_end().replace("--split", "split")]));
    }
    let output = place.success(&format!("{TRAIN} --corpus c.txt --split words --valid valid.txt"));
    let (told, printed) = (stderr(&output), String::from_utf8(output.stdout).unwrap());
    let held_out = "held out: --split words cannot split Chinese, Japanese: 11 of 42 words are single letters";
    assert_eq!(told.lines().count(), 2, "{told}");
    assert!(told.contains(warning) && told.contains(held_out), "{told}");
    assert!(printed.contains(", 110 single letters of Thai, Chinese in place of words, "), "{printed}");
    assert_eq!(facts(&place)["valid_ledger"]["unsplit"], json!({"chinese": 1, "japanese": 10}));
    let dry =
        place.success("train --dim 4 --epochs 1 --threads 1 --min-count 1 --corpus c.txt --split words --dry-run");
    assert_eq!(stderr(&dry), format!("lexmax: {warning}"));
    // At white space they are words, and other texts have none of these letters.
    place.file("english.txt", "The “river” runs, élan: can’t.\n".repeat(10));
    for options in ["--corpus c.txt", "--corpus english.txt --split words"] {
        assert_eq!(says(options), "", "{options}");
        let facts = facts(&place);
        assert!(facts["ledger"].get("unsplit").is_none() && facts["warnings"] == json!([]), "{facts}");
    }
}
