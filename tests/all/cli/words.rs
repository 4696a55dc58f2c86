//! Words that are too long, and words that an output cannot hold: both are found before training.

use super::place::{Place, text};
use lexmax::vectors::{Format, WordVectors};
use serde_json::Value;

const TRAIN: &str = "train --dim 4 --epochs 1 --threads 1 --min-count 1 --sample 0 --json facts.json";

/// The ledger of the last run.
fn ledger(place: &Place) -> Value {
    let json = std::fs::read(place.path().join("facts.json")).unwrap();
    serde_json::from_slice::<Value>(&json).unwrap()["ledger"].clone()
}

/// A run that is refused before it trains: its message, and no file more or other than before.
fn refused(place: &Place, arguments: &str, says: &[&str]) {
    let contents = || -> Vec<_> {
        let read = |name: String| (std::fs::read(place.path().join(&name)).ok(), name);
        place.files().into_iter().map(read).collect()
    };
    let before = contents();
    let output = place.run(arguments);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments}: {message}");
    assert!(says.iter().all(|words| message.contains(words)) && message.len() < 500, "{arguments}: {message}");
    assert!(output.stdout.is_empty(), "{arguments}: {}", String::from_utf8_lossy(&output.stdout));
    assert!(contents() == before, "{arguments}");
}

#[test]
fn words_too_long_are_dropped_and_counted() {
    let place = Place::new();
    let long = format!("{}\n{} w1 {}\n", "数".repeat(24_000), "x".repeat(70_000), "y".repeat(1_000));
    place.file("c.txt", text(40) + &long);
    let output = place.success(&format!("{TRAIN} --corpus c.txt --out v.bin --valid c.txt --save-vocab words.txt"));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed.matches(", 2 dropped as too long").count(), 2, "of the text and of the held-out one: {printed}");
    let own = ledger(&place);
    assert_eq!((&own["too_long"], &own["tokens"], &own["kept"]), (&2.into(), &244.into(), &242.into()));
    let vectors = WordVectors::open(place.path().join("v.bin")).unwrap();
    assert!(vectors.words().any(|word| word.len() == 1_000) && vectors.words().all(|word| word.len() <= 1_000));
    // Without such words nothing is said of them.
    place.file("short.txt", text(40));
    let output = place.success(&format!("{TRAIN} --corpus short.txt --out v.bin"));
    assert!(!String::from_utf8(output.stdout).unwrap().contains("too long"));
    assert_eq!(ledger(&place)["too_long"], 0);
    // The limit is the user's, up to what all files hold.
    place.success(&format!("{TRAIN} --corpus c.txt --out v.bin --max-word-bytes 2"));
    assert!(WordVectors::open(place.path().join("v.bin")).unwrap().words().all(|word| word.len() <= 2));
    place.file("c.txt", text(40) + &"z".repeat(65_536));
    for format in Format::ALL {
        place.success(&format!("{TRAIN} --corpus c.txt --out v --format {format} --max-word-bytes 65536"));
        let vectors = lexmax::vectors::read(&place.path().join("v"), &(*format).into()).unwrap().vectors;
        assert!(vectors.words().any(|word| word.len() == 65_536), "{format}");
    }
    for limit in ["0", "65537", "-1", "many"] {
        refused(&place, &format!("{TRAIN} --corpus c.txt --out v.bin --max-word-bytes={limit}"), &["--max-word-bytes"]);
    }
    let compared = "--layers full --examples 300 --valid-examples 20 --threads 1 --dim 4";
    place.file("c.txt", text(40) + &long);
    let output = place.success(&format!("compare --corpus c.txt {compared} --min-count 1"));
    assert!(String::from_utf8(output.stdout).unwrap().contains("2 tokens are too long"));
    assert_eq!(place.comparison("lexmax-out")["corpus"]["too_long_tokens"], 2);
    refused(&place, &format!("compare {compared} --max-word-bytes 5"), &["--corpus"]);
}

/// What counts is the word as it is written: lower case may be longer, a punctuated line is cut first.
#[test]
fn the_limit_is_that_of_words_as_they_are_written() {
    let place = Place::new();
    place.file("c.txt", text(20) + &"İ".repeat(400) + "\n" + &"ab,".repeat(500));
    for (options, too_long) in [("", 1), ("--lowercase", 2), ("--split words", 0), ("--nfc --lowercase", 2)] {
        place.success(&format!("{TRAIN} --corpus c.txt --out v.bin {options}"));
        assert_eq!(ledger(&place)["too_long"], too_long, "{options}");
    }
}

#[test]
fn a_text_of_words_too_long_is_told_what_to_do() {
    let place = Place::new();
    place.file("c.txt", ("数".repeat(2_000) + "\n").repeat(30));
    let says = ["c.txt: all 30 tokens are longer than max_word_bytes", "separate words by spaces", "--max-word-bytes"];
    refused(&place, &format!("{TRAIN} --corpus c.txt --out v.bin"), &says);
    place.file("c.txt", "数".repeat(2_000) + "\na b\n");
    let says = ["no word of 3 tokens occurs at least 2 times, and 1 tokens are longer", "min_count"];
    let twice = TRAIN.replace("--min-count 1", "--min-count 2");
    refused(&place, &format!("{twice} --corpus c.txt --out v.bin"), &says);
}

#[test]
fn words_that_an_output_cannot_hold_are_refused_before_training() {
    let place = Place::new();
    place.file("packed.txt", text(40) + "BZh91AY&SY\u{1b}[31mb w1\n");
    for (output, says) in [
        ("--out v.npy", ["v.words.txt", "the format npy", "(binary, text, fasttext, finalfusion)"]),
        ("--out v.tsv", ["v.metadata.tsv", "the format projector", "(binary, text, fasttext, finalfusion)"]),
        ("--out v.txt --format glove", ["v.txt", "the format glove", "(binary, text, fasttext, finalfusion)"]),
    ] {
        let says = [&says[..], &[r#"the word "BZh91AY&SY\u{1b}[31mb" cannot"#, "compressed"]].concat();
        refused(&place, &format!("{TRAIN} --corpus packed.txt {output}"), &says);
    }
    place.success(&format!("{TRAIN} --corpus packed.txt --out v.bin --save-model m.safetensors"));
    place.file("plain.txt", text(40));
    place.success(&format!("{TRAIN} --corpus plain.txt --out v.npy"));
    place.success("convert m.safetensors v.fifu");
    // Phrases are longer than their words.
    let (a, b) = ("a".repeat(40_000), "b".repeat(40_000));
    place.file("long.txt", text(40) + &format!("{a} {b}\n").repeat(10));
    let phrases = "--max-word-bytes 65536 --phrases 1 --phrase-threshold 0 --phrase-min-count 2";
    let long = ["80001 bytes, but at most 65536", "join fewer phrases", "(--max-word-bytes)"];
    let says = [&long[..], &["v.words.txt: ", "the format npy"]].concat();
    let side = place.path().join("v.words.txt");
    std::fs::write(&side, "old\n").unwrap();
    refused(&place, &format!("{TRAIN} --corpus long.txt {phrases} --out v.npy"), &says);
    let model = "--out /dev/null --format finalfusion --save-model n.safetensors";
    refused(&place, &format!("{TRAIN} --corpus long.txt {phrases} {model}"), &[&long[..], &["null: "]].concat());
    let given = format!("{} 9\nw1 5\nw2 4\n", "x".repeat(70_000));
    place.file("given.txt", given);
    let says = ["v.fifu: ", "70000 bytes", "the format finalfusion"];
    refused(&place, &format!("{TRAIN} --corpus long.txt --read-vocab given.txt --out v.fifu"), &says);
}

/// A word as the text's end of a line is called comes back by the vocabulary's file and by every format.
#[test]
fn the_end_of_a_line_as_a_word_comes_back() {
    let place = Place::new();
    place.file("c.txt", text(40) + &"w1 </s> w2 </s>\n".repeat(9));
    place.success(&format!("{TRAIN} --corpus c.txt --out v.bin --save-vocab words.txt --save-model m.safetensors"));
    let words = std::fs::read_to_string(place.path().join("words.txt")).unwrap();
    assert!(words.starts_with("</s> 49\n") && words.contains("\n</s> 18\n"), "{words}");
    let bytes = |name: &str| std::fs::read(place.path().join(name)).unwrap();
    let first = bytes("v.bin");
    place.success(&format!("{TRAIN} --corpus c.txt --out again.bin --read-vocab words.txt --save-vocab words2.txt"));
    assert!(first == bytes("again.bin") && bytes("words.txt") == bytes("words2.txt"));
    let mut last = "m.safetensors".to_string();
    for format in [Format::Text, Format::FastText, Format::Npy, Format::Projector, Format::Binary] {
        let next = format!("next.{}", format.ending());
        place.success(&format!("convert {last} {next}"));
        last = next;
    }
    assert!(bytes("next.bin") == first);
    place.success("convert v.bin v.fifu");
    assert!(WordVectors::open(place.path().join("v.fifu")).unwrap().words().any(|word| word == "</s>"));
}

#[test]
fn convert_refuses_before_an_output_is_touched() {
    let place = Place::new();
    let vectors = WordVectors::new(["river", "new york", "a\tb"], ndarray::Array2::ones((3, 2))).unwrap();
    vectors.save(place.path().join("v.npy")).unwrap();
    for name in ["o.txt", "o.vec", "o.bin", "o.tsv", "o.metadata.tsv", "o.vec.gz"] {
        place.file(name, "old");
    }
    let space = [r#"the word "new york" cannot be written"#, "white space", "(npy, finalfusion, projector)"];
    for output in ["o.txt", "o.vec", "o.bin", "o.vec.gz", "- --to text"] {
        refused(&place, &format!("convert v.npy {output}"), &space);
    }
    refused(
        &place,
        "convert v.npy o.tsv",
        &["o.metadata.tsv", r#"the word "a\tb" cannot"#, "(binary, npy, finalfusion)"],
    );
    place.success("convert v.npy o.txt --first 1");
}

/// A vocabulary that was saved trains the same words again, however long they are.
#[test]
fn words_of_a_given_vocabulary_are_not_too_long() {
    let place = Place::new();
    let long = "x".repeat(2_000);
    place.file("c.txt", format!("{long} river {long}\nriver bank river\n"));
    place.success(&format!("{TRAIN} --corpus c.txt --out a.vec --max-word-bytes 3000 --save-vocab words"));
    place.success(&format!("{TRAIN} --corpus c.txt --out b.vec --read-vocab words"));
    let read = |name: &str| std::fs::read_to_string(place.path().join(name)).unwrap();
    assert!(read("b.vec").contains(&long) && read("a.vec") == read("b.vec"));
    assert_eq!(ledger(&place)["too_long"], 0);
}
