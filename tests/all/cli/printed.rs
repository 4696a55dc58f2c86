//! Words from files in printed text: control characters are escaped, and messages quote at most 80 bytes.

use super::place::Place;

/// Each with a character that controls a terminal or turns the direction of text.
const WORDS: [&str; 9] = [
    "a\u{1b}[31mred",
    "bell\u{7}",
    "back\u{8}",
    "del\u{7f}",
    "csi\u{9b}31m",
    "line\u{2028}",
    "turned\u{202e}txt",
    "isolated\u{2066}x",
    "mark\u{200e}",
];

fn place() -> Place {
    let place = Place::new();
    let lines: String = (0..).zip(WORDS).map(|(n, word)| format!("{word} 1 0.{n}\n")).collect();
    place.file("v.vec", format!("10 2\nriver 1 0\n{lines}"));
    place
}

/// Whether there is nothing in it that a terminal obeys, but for ends of lines and tabs between fields.
fn is_inert(text: &str) -> bool {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !text.chars().any(|c| turns(c) || (c.is_control() && c != '\n' && c != '\t'))
}

/// What a run prints, results and messages.
fn printed(place: &Place, arguments: &[&str], code: i32) -> String {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("lexmax");
    let output = command.args(arguments).current_dir(place.path()).output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    assert!(is_inert(&text), "{arguments:?}: {text:?}");
    text
}

#[test]
fn words_of_vectors_are_escaped_in_every_table() {
    let place = place();
    for table in ["text", "csv", "markdown", "json"] {
        let text = printed(&place, &["nearest", "v.vec", "river", WORDS[0], "--top", "20", "--table", table], 0);
        let escape = if table == "json" { "a\\u001b[31mred" } else { "a\\u{1b}[31mred" };
        assert!(text.contains(escape) && text.contains("csi\\u"), "{text}");
        printed(&place, &["analogy", "v.vec", "river", WORDS[1], WORDS[2], "--top", "20", "--table", table], 0);
    }
    let json = printed(&place, &["nearest", "v.vec", "river", "--top", "20", "--table", "json"], 0);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert!(WORDS.iter().all(|word| rows.iter().any(|row| row["word"] == *word)), "{json}");
    let text = printed(&place, &["nearest", "v.vec", "a\u{1b}[31mrad"], 2);
    assert!(text.contains("no vector for \"a\\u{1b}[31mrad\"; similar words: \"a\\u{1b}[31mred\""), "{text}");
}

#[test]
fn words_of_texts_are_escaped() {
    let place = place();
    // A line break is none for a text that U+2028 stands in.
    place.file("t.txt", format!("the {} sea\n", WORDS.join(" the ")).repeat(20));
    let train = "train --corpus t.txt --out t.vec --save-model m --min-count 1 --dim 4 --threads 1 --sample 0";
    printed(&place, &train.split(' ').collect::<Vec<_>>(), 0);
    let text = printed(&place, &["predict", "m", "the", "--top", "30"], 0);
    assert!(text.contains("a\\u{1b}[31mred\t") && text.contains("turned\\u{202e}txt\t"), "{text}");
    let text = printed(&place, &["predict", "m", "the", "x\u{1b}[2J", "--of", WORDS[0]], 0);
    assert!(text.starts_with("a\\u{1b}[31mred\t") && text.contains("unknown: \"x\\u{1b}[2J\"\n"), "{text}");
    place.file("q.txt", ": part\u{1b}[31m\nriver sea bank fish\n");
    place.file("v2.vec", "4 2\nriver 1 0\nsea 0.9 0.1\nbank 0.5 0.5\nfish 0 1\n");
    for table in ["text", "csv", "markdown", "json"] {
        let text = printed(&place, &["eval", "v2.vec", "--analogies", "q.txt", "--sections", "--table", table], 0);
        assert!(text.contains("part\\u"), "{text}");
    }
}

#[test]
fn messages_show_80_bytes_of_a_word() {
    let place = place();
    let long = "数".repeat(5_000);
    let shown = format!("\"{}\"…", "数".repeat(26));
    place.file("bad.vec", format!("2 2\n{long} 1 x\nb 1 0\n"));
    place.file("twice.vec", format!("2 2\n{0} 1 0\n{0} 1 0\n", "x".repeat(500)));
    place.file("vocab.txt", format!("{long} none\n"));
    place.file("number.vec", format!("2 2\nriver 1 {}\nb 1 0\n", "9x".repeat(500)));
    place.file("t.txt", "the river\n");
    place.file("pairs.txt", format!("c d 1\na b {}\n", "9".repeat(60_000)));
    let train = "train --corpus t.txt --out o --min-count 1 --read-vocab vocab.txt".split(' ').collect::<Vec<_>>();
    for (arguments, says) in [
        (vec!["nearest", "v.vec", &long], Some(&*shown)),
        (vec!["nearest", "bad.vec", "b"], Some(&*shown)),
        (vec!["nearest", "twice.vec", "b"], None),
        (vec!["nearest", "number.vec", "b"], None),
        (vec!["convert", "bad.vec", "x.bin"], Some(&*shown)),
        (train, Some(&*shown)),
        (vec!["compare", "--layers", &long], None),
        (vec!["step", "--layer", &long], None),
        (vec!["nearest", "v.vec", "b", "--top", &long], None),
        (vec!["eval", "v.vec", "--similarity", "pairs.txt"], None),
        (vec![&long], None),
    ] {
        let text = printed(&place, &arguments, 2);
        assert!(text.len() < 1_000, "{} bytes: {text}", text.len());
        assert!(says.is_none_or(|says| text.contains(says)), "{text}");
    }
}

#[test]
fn a_model_file_that_lies_is_quoted_without_control() {
    let place = place();
    let description = "{\"format\":1,\"a\u{1b}[31m\u{9b}\":1}";
    let metadata = serde_json::json!({ "__metadata__": { "lexmax": description } }).to_string();
    let mut file = (metadata.len() as u64).to_le_bytes().to_vec();
    file.extend(metadata.bytes());
    place.file("m.safetensors", file);
    let text = printed(&place, &["predict", "m.safetensors", "the"], 2);
    assert!(text.contains("metadata \"lexmax\", column "), "{text}");
}
