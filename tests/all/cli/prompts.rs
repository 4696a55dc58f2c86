//! Prompts and pipes: bad lines, closed readers, words with commas and spaces.

use super::place::Place;
use std::process::{Command, Output, Stdio};

const VECTORS: &str = "5 2\nriver 1 0\nsea 0.9 0.1\nbank 0.5 0.5\nnew,york 0 1\nEXIT 0.2 0.8\n";
const TEXT: &str = "the old river meets the sea\nthe sea is cold\nthe river is old\n";

/// A folder with vectors, one word of which has a space, and with a model.
fn place() -> Place {
    let place = Place::new();
    place.file("v.vec", VECTORS);
    place.file("wide.npy", npy(&[[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]]));
    place.file("wide.words.txt", "river\nthe sea\nnew york\nbig apple\n");
    place.file("t.txt", TEXT.repeat(20));
    place.success(
        "train --corpus t.txt --out t.vec --save-model m --min-count 1 --dim 4 --sample 0 --threads 1 --epochs 5",
    );
    place
}

/// A matrix of NumPy's.
fn npy(rows: &[[f32; 2]]) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, 2), }}", rows.len());
    let header = format!("{header:<117}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.bytes());
    rows.iter().flatten().for_each(|x| file.extend(x.to_le_bytes()));
    file
}

/// What the command does with these lines.
fn ask(place: &Place, arguments: &[&str], lines: impl AsRef<[u8]>) -> Output {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("lexmax");
    command.args(arguments).current_dir(place.path()).write_stdin(lines.as_ref());
    command.timeout(std::time::Duration::from_secs(60)).output().unwrap()
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

/// The second field of each line.
fn answers(output: &Output, separator: char) -> Vec<String> {
    let lines = said(output).0;
    let second = |line: &str| line.split(separator).nth(1).map(String::from);
    lines.lines().filter(|line| !line.starts_with("asked,")).filter_map(second).collect()
}

#[test]
fn a_bad_line_is_told_and_the_next_is_read() {
    let place = place();
    let nearest: &[&str] = &["nearest", "v.vec", "--top", "1", "--table", "csv"];
    let lines = b"river\r\nnobody\ncaf\xe9\n \n\xff\nsea\nEXIT\nriver\n";
    let output = ask(&place, nearest, lines);
    let (_, stderr) = said(&output);
    assert_eq!(
        (output.status.code(), answers(&output, ',')),
        (Some(0), vec!["sea".into(), "river".into()]),
        "{stderr}"
    );
    let told: Vec<_> = stderr.lines().collect();
    assert_eq!(told.len(), 3, "{stderr}");
    assert!(told[0].starts_with("standard input:2: no vector for \"nobody\""), "{stderr}");
    assert!(told[1].starts_with("standard input:3: byte 4 "), "{stderr}");
    assert!(told[2].starts_with("standard input:5: byte 1 "), "{stderr}");
    let output =
        ask(&place, &["analogy", "v.vec", "--top", "1", "--table", "csv"], "a b\nriver sea bank\n EXIT \nx y z\n");
    let (stdout, stderr) = said(&output);
    assert!(output.status.success() && stdout.lines().count() == 2 && stderr.lines().count() == 1, "{stdout}{stderr}");
    let output = ask(&place, &["predict", "m", "--top", "1"], b"nobody\n\xff\nthe\r\nEXIT\nthe\n");
    let (stdout, stderr) = said(&output);
    assert!(output.status.success() && stdout.lines().count() == 2, "{stdout}");
    assert!(
        stderr.starts_with(
            "standard input:1: not in the vocabulary: \"nobody\"; check spelling and case\nstandard input:2: byte 1 "
        ),
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 2, "{stderr}");
}

#[test]
fn a_long_line_is_told_and_the_next_is_read() {
    let place = place();
    let lines = "x".repeat(3 << 20) + "\nriver\n";
    let output = ask(&place, &["nearest", "v.vec", "--top", "1", "--table", "csv"], &lines);
    assert_eq!(answers(&output, ','), ["sea"]);
    assert!(said(&output).1.starts_with("standard input:1: the line has more than"), "{output:?}");
    let lines = "x".repeat(100_000) + "\nriver\n";
    let output = ask(&place, &["nearest", "v.vec", "--top", "1", "--table", "csv"], &lines);
    assert!(answers(&output, ',') == ["sea"] && output.stderr.len() < 200, "{output:?}");
}

#[test]
fn words_with_spaces_and_commas_can_be_asked() {
    let place = place();
    let nearest = |words: &[&str], lines: &str| {
        let output = ask(&place, &[&["nearest", "wide.npy", "--top", "1", "--table", "csv"], words].concat(), lines);
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        answers(&output, ',')
    };
    assert_eq!(nearest(&["new york", "river"], ""), ["big apple", "the sea"]);
    assert_eq!(
        nearest(&[], "new york\triver\r\nbig apple\t\nriver\n"),
        ["big apple", "the sea", "new york", "the sea"]
    );
    let analogy = ask(&place, &["analogy", "wide.npy", "--top", "1", "--table", "csv"], "river\tthe sea\tnew york\n");
    assert_eq!(answers(&analogy, ','), ["big apple"], "{analogy:?}");
    let output = ask(&place, &["nearest", "v.vec", "new,york", "--top", "1", "--table", "json"], "");
    assert!(said(&output).0.contains("\"word\": \"EXIT\""), "{output:?}");
    assert_eq!(
        answers(&ask(&place, &["nearest", "v.vec", "--top", "1", "--table", "csv"], "EXIT\t\n"), ','),
        ["\"new"]
    );
}

#[test]
fn of_takes_a_word_a_time() {
    let place = place();
    let of = |arguments: &[&str]| {
        let output = ask(&place, &[&["predict", "m"], arguments].concat(), "the\n");
        assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}: {output:?}");
        let (stdout, _) = said(&output);
        stdout.lines().filter_map(|line| line.split('\t').next()).map(String::from).collect::<Vec<_>>()
    };
    assert_eq!(of(&["the", "--of", "river", "--of", "sea"]), ["river", "sea"]);
    assert_eq!(of(&["--of", "river", "--of", "sea", "the", "old"]), ["river", "sea"]);
    assert_eq!(of(&["--of", "river", "the", "--of", "sea"]), ["river", "sea"]);
    // Behind a context several words at once, as before.
    assert_eq!(of(&["the", "--of", "river", "sea", "--of", "old", "cold"]), ["river", "sea", "old", "cold"]);
    assert_eq!(of(&["--of", "river", "--of", "sea"]), ["river", "sea", ""], "a line of standard input");
    let output = ask(&place, &["predict", "m", "the", "--of", "river,sea"], "");
    let (_, stderr) = said(&output);
    assert!(
        output.status.code() == Some(2) && stderr.contains("repeat --of for each word: --of river --of sea"),
        "{stderr}"
    );
    assert!(stderr.contains("not in the vocabulary: \"river,sea\""), "{stderr}");
    let (_, stderr) = said(&ask(&place, &["predict", "m", "the", "--of", "river,nobody"], ""));
    assert!(!stderr.contains("repeat"), "{stderr}");
}

#[test]
fn a_word_with_a_comma_is_asked_whole() {
    let place = Place::new();
    place.file("t.txt", "the new,york sea\nthe new,york river\n".repeat(20));
    place.success("train --corpus t.txt --out t.vec --save-model m --min-count 1 --dim 4 --sample 0 --threads 1");
    let output = ask(&place, &["predict", "m", "the", "--of", "new,york", "--of", "sea"], "");
    let (stdout, _) = said(&output);
    assert!(stdout.starts_with("new,york\t") && stdout.contains("\nsea\t"), "{output:?}");
    // Alone, white space parts the words of a context.
    let [one, two] =
        [&["the sea"][..], &["the", "sea"]].map(|context| ask(&place, &[&["predict", "m"], context].concat(), ""));
    assert!(one.status.success() && one.stdout == two.stdout && !one.stdout.is_empty(), "{one:?}");
}

/// Runs a line of bash, where `lexmax` is the command.
#[cfg(unix)]
fn bash(place: &Place, line: &str) -> Output {
    let line = format!("set -o pipefail; lexmax() {{ {} \"$@\"; }}; {line}", env!("CARGO_BIN_EXE_lexmax"));
    let mut command = Command::new("timeout");
    command.args(["60", "bash", "-c", &line]).current_dir(place.path()).stdin(Stdio::null());
    command.output().unwrap()
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_ends_the_program() {
    let place = place();
    for line in [
        "yes river | lexmax nearest v.vec | head -1",
        "yes river sea bank | lexmax analogy v.vec | head -1",
        "yes the | lexmax predict m | head -1",
        "yes nobody | lexmax nearest v.vec 2>&1 | head -1",
        "yes nobody | lexmax predict m 2>&1 | head -1",
        "lexmax --help | head -1",
    ] {
        let output = bash(&place, &format!("set +o pipefail; {line}"));
        let (stdout, stderr) = said(&output);
        assert_eq!((output.status.code(), stdout.lines().count()), (Some(0), 1), "{line}: {stdout}{stderr}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn standard_error_that_is_full_or_closed_changes_nothing() {
    let place = place();
    for (line, code) in [
        ("printf 'nobody\\nriver\\n' | lexmax nearest v.vec --top 1", 0),
        ("printf 'nobody\\nnobody\\n' | lexmax predict m", 0),
        ("lexmax nearest v.vec nobody", 2),
        ("lexmax predict m the nobody --top 1", 0),
        ("lexmax predict m nobody", 2),
        ("lexmax nearest gone river", 2),
        ("lexmax --unknown", 2),
        ("lexmax train --corpus t.txt --out x.vec --min-count 1 --dim 2 --threads 1", 0),
    ] {
        let expected = bash(&place, line).stdout;
        for to in ["2>/dev/full", "2>&-"] {
            let output = bash(&place, &format!("{line} {to}"));
            assert_eq!(output.status.code(), Some(code), "{line} {to}: {output:?}");
            // The seconds of a training differ.
            assert!(output.stdout == expected || line.contains("train"), "{line} {to}: {output:?}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn standard_output_that_is_full_is_an_error() {
    let place = place();
    place.file("pairs.txt", "river sea 1\nriver bank 2\n");
    for line in [
        "lexmax nearest v.vec river",
        "printf 'river\\nsea\\n' | lexmax nearest v.vec",
        "lexmax analogy v.vec river sea bank",
        "lexmax predict m the",
        "yes the | lexmax predict m",
        "lexmax eval v.vec --similarity pairs.txt",
        "lexmax convert v.vec c.bin",
        "lexmax step --layer full --vocab 10 --dim 2 --batch 2 --repeats 1",
        "lexmax --help",
        "lexmax --version",
    ] {
        let output = bash(&place, &format!("set +o pipefail; {line} >/dev/full"));
        let (_, stderr) = said(&output);
        assert_eq!(output.status.code(), Some(2), "{line}: {stderr}");
        assert!(stderr.contains("standard output: No space left on device"), "{line}: {stderr}");
    }
}
