//! File names that are not UTF-8, in every command.

use super::place::Place;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::process::Output;

const TEXT: &str = "the old river flows\nthe sea is cold\nthe river meets the sea\n";
const SETTINGS: &str = "--threads 1 --dim 4 --epochs 1 --min-count 1 --sample 0";

/// A name with a byte that is not UTF-8 for each `~`.
fn name(text: &str) -> OsString {
    OsString::from_vec(text.bytes().map(|byte| if byte == b'~' { 0xe9 } else { byte }).collect())
}

fn run(place: &Place, arguments: &str) -> Output {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("lexmax");
    let output = command.args(arguments.split(' ').map(name)).current_dir(place.path()).output().unwrap();
    // All that is said is text.
    assert!(std::str::from_utf8(&output.stdout).is_ok() && std::str::from_utf8(&output.stderr).is_ok(), "{arguments}");
    output
}

fn success(place: &Place, arguments: &str) -> String {
    let output = run(place, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn place() -> Place {
    let place = Place::new();
    std::fs::create_dir_all(place.path().join(name("texts~/sub~"))).unwrap();
    for file in ["texts~/a~.txt", "texts~/sub~/b~.txt", "v~.txt"] {
        std::fs::write(place.path().join(name(file)), TEXT.repeat(20)).unwrap();
    }
    place
}

fn json(place: &Place, file: &str) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(place.path().join(name(file))).unwrap()).unwrap()
}

#[test]
fn a_training_takes_names_that_are_not_utf_8() {
    let place = place();
    let outputs = "--out o~.vec --save-model m~ --json j~.json --log l~.log --checkpoint c~ --save-vocab w~.txt";
    let told = success(&place, &format!("train --corpus texts~ --valid v~.txt {outputs} {SETTINGS}"));
    assert!(told.starts_with("2 files, ") && told.ends_with("o\\xE9.vec\n"), "{told}");
    let log = std::fs::read_to_string(place.path().join(name("l~.log"))).unwrap();
    let start: serde_json::Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!(start["corpus"], serde_json::json!(["texts\\xE9/a\\xE9.txt", "texts\\xE9/sub\\xE9/b\\xE9.txt"]));
    assert_eq!(json(&place, "j~.json")["vocab"], 8);
    std::fs::create_dir(place.path().join(name("spool~"))).unwrap();
    for more in ["--init o~.vec --out x~.bin.gz --spool spool~", "--init m~ --out x~.npy --patience 1 --valid v~.txt"] {
        success(&place, &format!("train --corpus texts~/*.txt --read-vocab w~.txt {more} {SETTINGS}"));
    }
    success(&place, &format!("train --corpus texts~ --valid v~.txt --resume --checkpoint c~ --out o~.vec {SETTINGS}"));
    success(&place, &format!("train --corpus texts~ --dry-run --json d~.json {SETTINGS}"));
    for model in ["m~", "c~/checkpoint.safetensors"] {
        assert!(success(&place, &format!("predict {model} the old --of river")).starts_with("river\t"));
    }
    let output = run(&place, &format!("train --corpus texts~ --out texts~/a~.txt {SETTINGS}"));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && stderr.starts_with("lexmax: texts\\xE9/a\\xE9.txt: "), "{stderr}");
    let output = run(&place, &format!("train --corpus texts~ --out texts~/new~.txt {SETTINGS}"));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && stderr.contains("among the input files of texts\\xE9,"), "{stderr}");
}

#[test]
fn vectors_have_names_that_are_not_utf_8() {
    let place = place();
    let file = |file: &str, text: &str| std::fs::write(place.path().join(name(file)), text).unwrap();
    file("o~.vec", "4 2\nriver 1 0\nsea 0.9 0.1\nold 0.5 0.5\ncold 0 1\n");
    file("p~.csv", "river,sea,3\nold,cold,2\nriver,cold,1\n");
    file("q~.txt", ": s\nriver sea old cold\n");
    for ending in ["vec", "bin", "npy", "tsv", "fifu", "txt.gz", "bin.zst"] {
        let told = success(&place, &format!("convert o~.vec k~.{ending}"));
        assert!(told.ends_with(&format!("k\\xE9.{ending}\n")), "{told}");
        success(&place, &format!("nearest k~.{ending} river --json n~.json"));
        assert_eq!(json(&place, "n~.json")[0]["word"], "sea", "{ending}");
    }
    success(&place, "analogy o~.vec river sea old --json a~.json");
    let table = success(&place, "eval o~.vec k~.npy --similarity p~.csv --analogies q~.txt --json e~.json --table csv");
    assert!(table.contains("\no\\xE9.vec,p\\xE9.csv,"), "{table}");
    let found = json(&place, "e~.json");
    let names = [&found["files"][1]["vectors"], &found["files"][1]["similarity"][0]["name"]];
    assert_eq!(names, ["k\\xE9.npy", "p\\xE9.csv"]);
    for arguments in [
        "nearest gone~ river",
        "analogy gone~ a b c",
        "predict gone~ river",
        "convert gone~ x.vec",
        "eval gone~ --similarity p~.csv",
        "eval o~.vec --analogies gone~",
        "train --corpus gone~ --out x.vec",
        "compare --corpus gone~",
    ] {
        let output = run(&place, arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && stderr.starts_with("lexmax: gone\\xE9: "), "{arguments}: {stderr}");
    }
}

#[test]
fn a_comparison_writes_its_command_down() {
    let place = place();
    let text = "--corpus texts~ --valid v~.txt --out cmp~ --layers full --dim 4 --min-count 1 --examples 500";
    assert!(success(&place, &format!("compare {text}")).contains("cmp\\xE9/compare.html\n"));
    let found = json(&place, "cmp~/compare.json");
    let command = found["run"]["command"].as_str().unwrap();
    assert!(command.starts_with("lexmax compare --corpus $'texts\\xE9' --valid $'v\\xE9.txt' "), "{command}");
    assert_eq!(found["corpus"]["source"][0], "texts\\xE9/a\\xE9.txt");
}

#[test]
fn control_characters_in_names_are_escaped() {
    let place = Place::new();
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("lexmax");
    let file = OsStr::from_bytes(b"a\x1b[31m\n\xc2\x9b\xe2\x80\xae.vec");
    let output = command.arg("nearest").arg(file).arg("river").current_dir(place.path()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("lexmax: a\\u{1b}[31m\\n\\u{9b}\\u{202e}.vec: "), "{stderr}");
}
