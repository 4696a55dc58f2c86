//! Files of word vectors from many programs, in every command that reads them.

use super::place::Place;

const GLOVE: &str = "river 1 2 3\nlake 1 2 2.9\nsea 1 1 3\nriver 9 9 9\n. . . 0.1 0.2 0.3\n";
const BROKEN: &str = "5 3\nriver 1 2 3\n\t 0.1 0.2 0.3\nlake 1 2 2.9\nhill 1 1\nsea 1 1 3\n";
const PAIRS: &str = "river\tlake\t7\nriver\tsea\t3\nlake\tsea\t2\n";
const QUESTIONS: &str = ": a\nriver lake lake sea\n";
const TRAIN: &str = "train --corpus c.txt --dim 3 --epochs 1 --threads 1 --min-count 1 --sample 0 --out o.vec";

/// Every command that reads vectors, with `~` for their file and `^` for options.
const COMMANDS: [&str; 5] = [
    "nearest ~ ^ river",
    "analogy ~ ^ river lake sea",
    "convert ~ ^ o.npy",
    "eval ~ ^ --similarity p.tsv",
    "eval ~ ^ --analogies q.txt",
];

fn place() -> Place {
    let place = Place::new();
    for (name, text) in [("p.tsv", PAIRS), ("q.txt", QUESTIONS), ("g.txt", GLOVE), ("b.vec", BROKEN)] {
        place.file(name, text);
    }
    place.file("c.txt", "river lake sea\nlake sea river\n".repeat(9));
    place
}

fn command(command: &str, file: &str, options: &str) -> String {
    command.replace('~', file).replace('^', options)
}

fn told(place: &Place, arguments: &str) -> String {
    String::from_utf8(place.success(arguments).stderr).unwrap()
}

/// What a refusal says.
fn refused(place: &Place, arguments: &str) -> String {
    let output = place.run(arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments}: {said}");
    said
}

#[test]
fn glove_is_read_by_every_command_and_repeated_words_are_told() {
    let place = place();
    for arguments in COMMANDS {
        let said = told(&place, &command(arguments, "g.txt", ""));
        assert_eq!(said, "g.txt: passed over 1 repeated word (the first vector is kept)\n", "{arguments}");
    }
    assert!(told(&place, &format!("{TRAIN} --init g.txt")).contains("g.txt: passed over 1 repeated word"));
    place.success("convert g.txt --first 3 --to glove back.txt");
    let back = std::fs::read_to_string(place.path().join("back.txt")).unwrap();
    assert_eq!(back, "river 1 2 3\nlake 1 2 2.9\nsea 1 1 3\n");
    place.success("convert back.txt v.bin");
    place.success("convert v.bin --to glove again.txt.gz");
    place.success("convert again.txt.gz last.npy");
    place.success("convert last.npy --to glove last.txt");
    assert_eq!(std::fs::read_to_string(place.path().join("last.txt")).unwrap(), back);
    assert!(told(&place, "convert g.txt --on-bad skip o.bin").ends_with("1 word that the output cannot hold\n"));
    place.success("convert o.bin --first 3 o.txt");
    let refusal = refused(&place, "convert g.txt --to glove o.txt");
    assert!(refusal.contains(r#"". . ." cannot be written to a file of the format glove"#), "{refusal}");
}

#[test]
fn broken_entries_are_refused_with_the_way_on_or_passed_over() {
    let place = place();
    for arguments in COMMANDS {
        let said = refused(&place, &command(arguments, "b.vec", ""));
        assert!(said.contains("b.vec:3: word 2 is empty") && said.contains("--on-bad skip"), "{said}");
        let said = told(&place, &command(arguments, "b.vec", "--on-bad skip"));
        assert_eq!(said, "b.vec: passed over 1 empty word, 1 vector of another size\n", "{arguments}");
    }
    assert!(refused(&place, &format!("{TRAIN} --init b.vec")).contains("--on-bad skip"));
    let said = told(&place, &format!("{TRAIN} --init b.vec --on-bad skip --json j.json"));
    assert!(said.contains("b.vec: passed over 1 empty word, 1 vector of another size"), "{said}");
    let facts: serde_json::Value =
        serde_json::from_slice(&std::fs::read(place.path().join("j.json")).unwrap()).unwrap();
    assert_eq!(facts["warm"]["passed_over"]["empty"], 1);
    assert_eq!(facts["warm"]["copied"], 3);
    // In JSON, and only where there was something.
    place.success("eval b.vec --on-bad skip --similarity p.tsv --json e.json");
    let json = std::fs::read_to_string(place.path().join("e.json")).unwrap();
    assert!(json.contains("\"wrong_size\": 1"), "{json}");
    place.success("eval o.vec --similarity p.tsv --json e.json");
    assert!(!std::fs::read_to_string(place.path().join("e.json")).unwrap().contains("passed_over"));
}

/// The first words are read, whatever is behind them.
#[test]
fn the_first_words_are_read_alone() {
    let place = place();
    place.file("short.vec", "4 3\nriver 1 2 3\nlake 1 2 2.9\nsea 1 1 3\n");
    for arguments in COMMANDS {
        let whole = command(arguments, "short.vec", "");
        assert!(refused(&place, &whole).contains("ends within the lines, after 3 whole words"));
        let first = command(arguments, "short.vec", "--first 3");
        if arguments.contains("similarity") {
            // Pairs are looked up among all words.
            refused(&place, &first);
        } else {
            assert_eq!(told(&place, &first), "", "{first}");
        }
        let said = told(&place, &command(arguments, "short.vec", "--on-bad skip"));
        assert_eq!(said, "short.vec: passed over 1 wrong header\n", "{arguments}");
    }
    place.file("long.vec", "2 3\nriver 1 2 3\nlake 1 2 2.9\nsea 1 1 3\n");
    assert!(refused(&place, "convert long.vec o.txt").contains("continues after its 2 words"));
    place.success("convert long.vec --on-bad skip o.txt");
    assert!(std::fs::read_to_string(place.path().join("o.txt")).unwrap().starts_with("3 3\n"));
}

#[test]
fn words_stand_in_a_file_of_any_name() {
    let place = place();
    place.success("convert g.txt --first 3 v.npy");
    std::fs::rename(place.path().join("v.words.txt"), place.path().join("w.lst")).unwrap();
    for arguments in COMMANDS {
        let said = refused(&place, &command(arguments, "v.npy", ""));
        assert!(said.contains("there is no v.words.txt") && said.contains("(--words)"), "{said}");
        place.success(&command(arguments, "v.npy", "--words w.lst"));
    }
    place.file("x_tensor.tsv", "1\t2\t3\n1\t2\t2.9\n1\t1\t3\n");
    place.file("x_metadata.tsv", "river\nlake\nsea\n");
    place.success("nearest x_tensor.tsv river");
    // No output takes their place.
    let said = refused(&place, "convert v.npy --words w.lst --to text w.lst");
    assert!(said.contains("w.lst"), "{said}");
    let said = refused(&place, "nearest x_tensor.tsv river --json x_metadata.tsv");
    assert!(said.contains("x_metadata.tsv"), "{said}");
    assert!(refused(&place, "eval v.npy v.npy --words w.lst --similarity p.tsv").contains("--words"));
    assert!(refused(&place, "nearest g.txt --words w.lst river").contains("remove the separate file of words"));
}

/// A model of `train --save-model` is word vectors, whatever it is called.
#[test]
fn models_are_read_wherever_vectors_are() {
    let place = place();
    place.success(&format!("{TRAIN} --save-model m.safetensors"));
    std::fs::copy(place.path().join("m.safetensors"), place.path().join("m")).unwrap();
    std::fs::copy(place.path().join("m.safetensors"), place.path().join("m.bin")).unwrap();
    for file in ["m.safetensors", "m", "m.bin"] {
        for arguments in COMMANDS {
            place.success(&command(arguments, file, ""));
        }
        place.success(&format!("{TRAIN} --init {file}"));
        place.success(&format!("{TRAIN} --layer hierarchical:tree=kmeans:vectors={file}"));
    }
}

#[test]
fn what_is_none_of_ours_is_named() {
    let place = place();
    place.file("a.bin", b"\xba\x16\x4f\x2f\x0c\0\0\0\x64\0\0\0");
    place.file("b.vec", "version https://git-lfs.github.com/spec/v1\noid sha256:ab12\nsize 36\n");
    place.file("c.vec", "<!DOCTYPE html>\n<html><head></head></html>\n");
    place.file("d.txt", "3 2 7200\nB64:cml2ZXI= 1 2\nB64:c2Vh 0.5 0.1\n");
    place.file("e.vec", GLOVE.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
    let kinds =
        [("a.bin", "fastText"), ("b.vec", "git-lfs"), ("c.vec", "HTML"), ("d.txt", "DL4J"), ("e.vec", "UTF-16LE")];
    for (file, name) in kinds {
        for arguments in COMMANDS.iter().copied().chain(["train --corpus c.txt --out o.vec --init ~"]) {
            for options in ["", "--on-bad skip"] {
                let options = if arguments.contains('^') { options } else { "" };
                let said = refused(&place, &command(arguments, file, options));
                assert!(said.contains(file) && said.contains(name) && said.contains("; "), "{arguments} {said}");
            }
        }
    }
}
