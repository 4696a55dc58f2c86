//! `lexmax train` as users call it.

use assert_cmd::Command;
use lexmax::vectors::{self, Format, WordVectors};
use std::path::Path;

fn lexmax(arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("lexmax").unwrap().arg("train").args(arguments).assert()
}

fn text(folder: &Path) -> String {
    let lines: String = (0..400).map(|i| format!("le chat noir dort près du größe{} feu\n", i % 3)).collect();
    let path = folder.join("text.txt");
    std::fs::write(&path, lines).unwrap();
    path.to_str().unwrap().into()
}

fn read(path: &Path, format: Format) -> WordVectors {
    vectors::read(path, &format.into()).unwrap().vectors
}

#[test]
fn vectors_and_facts_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = text(folder.path());
    let (binary, plain, json) =
        (folder.path().join("v.bin"), folder.path().join("v.txt"), folder.path().join("facts.json"));
    for layer in ["hierarchical", "negative:samples=3", "full"] {
        for model in ["skipgram", "cbow"] {
            let common = ["--corpus", &corpus, "--layer", layer, "--model", model, "--dim", "9", "--threads", "1"];
            let files = |out: &'static str| [out, "--epochs", "2", "--hot-rows", "4", "--seed", "7"];
            let run = |out: &Path, format: &str| {
                let json = json.to_str().unwrap();
                let out = ["--out", out.to_str().unwrap(), "--format", format, "--json", json];
                lexmax(&[&common[..], &out[..], &files("--epochs")[1..]].concat()).success();
            };
            run(&binary, "binary");
            run(&plain, "text");
            let vectors = read(&binary, Format::Binary);
            assert_eq!(vectors, read(&plain, Format::Text), "{layer} {model}");
            assert_eq!((vectors.word(0), vectors.dim(), vectors.len()), ("le", 9, 10));
            assert!(vectors.words().any(|w| w == "größe1"));
            let facts: serde_json::Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
            assert_eq!(facts["words"], 2 * 400 * 8);
            assert_eq!(facts["loss"].as_array().unwrap().len(), 2);
            for key in ["train_seconds", "total_seconds", "words_per_second", "load_seconds"] {
                assert!(facts[key].as_f64().unwrap() > 0.0, "{key}");
            }
            for key in ["peak_bytes", "layer", "model", "epochs", "threads", "vocab", "dim"] {
                assert!(facts.get(key).is_some(), "{key}");
            }
        }
    }
}

#[test]
fn ids_in_a_file_give_the_same_vectors_as_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = text(folder.path());
    let spool = folder.path().join("spool");
    std::fs::create_dir(&spool).unwrap();
    for mode in [&[][..], &["--deterministic"]] {
        let train = |name: &str, more: &[&str]| {
            let out = folder.path().join(name);
            let base = ["--corpus", &corpus, "--dim", "9", "--threads", "1", "--out", out.to_str().unwrap()];
            lexmax(&[&base[..], mode, more].concat()).success();
            read(&out, Format::Binary)
        };
        assert_eq!(train("memory", &[]), train("file", &["--spool", spool.to_str().unwrap()]), "{mode:?}");
        assert_eq!(std::fs::read_dir(&spool).unwrap().count(), 0, "a file is left behind");
    }
}

#[test]
fn what_makes_no_sense_exits_with_2_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = text(folder.path());
    let out = folder.path().join("out.bin");
    let out_name = out.to_str().unwrap();
    let base = ["--corpus", &corpus, "--out", out_name];
    for wrong in [
        &["--layer", "hierarchy"][..],
        &["--layer", "negative:samples=0"],
        &["--layer", "negative:samples=99999999999"],
        &["--lr", "nan"],
        &["--lr", "-1"],
        &["--lr", "inf"],
        &["--lr", "1e30"],
        &["--lr-end", "-1"],
        &["--lr-end", "nan"],
        &["--lr-end", "1"],
        &["--spool", "/nowhere"],
        &["--epochs", "0"],
        &["--dim", "0"],
        &["--window", "0"],
        &["--threads", "0"],
        &["--sample", "-1"],
        &["--sample", "nan"],
        &["--min-count", "100000"],
        &["--model", "glove"],
        &["--format", "json"],
        &["--unknown"],
    ] {
        let output = lexmax(&[&base[..], wrong].concat()).code(2).get_output().clone();
        assert!(!output.stderr.is_empty(), "{wrong:?}");
        // A rate that diverges is found out in training: by then the ledger of the text has been told, but no result.
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(if wrong[1..] == ["1e30"] { !told.contains("words/s") } else { told.is_empty() }, "{wrong:?}: {told}");
        assert!(!out.exists(), "{wrong:?}");
    }
    lexmax(&["--corpus", "/nowhere/text", "--out", out_name]).code(2);
    lexmax(&["--corpus", &corpus, "--out", &format!("{corpus}/below/a/file")]).code(2);
    lexmax(&["--out", out_name]).code(2);
    assert!(!out.exists());
}

#[test]
fn a_saved_model_predicts() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = text(folder.path());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    let (model, out) = (path("m.safetensors"), path("v.bin"));
    for (layer, kind) in [("hierarchical:bias=zero", "cbow"), ("full:bias=unigram", "ngram"), ("negative", "skipgram")]
    {
        let base =
            ["--corpus", &corpus, "--layer", layer, "--model", kind, "--dim", "9", "--threads", "1", "--lr", "0.1"];
        let more = ["--sample", "0", "--epochs", "20", "--out", &out, "--save-model", &model];
        lexmax(&[&base[..], &more].concat()).success();
        let predict = |more: &[&str], input: &str| {
            let mut command = Command::cargo_bin("lexmax").unwrap();
            let done = command.args(["predict", &model]).args(more).write_stdin(input).assert().success();
            let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
            let fields = |line: &str| line.split('\t').map(String::from).collect::<Vec<_>>();
            text.lines().filter(|line| !line.is_empty()).map(fields).collect::<Vec<_>>()
        };
        let all = predict(&["--top", "100", "chat", "noir", "dort"], "");
        let sum: f64 = all.iter().map(|line| line[1].parse::<f64>().unwrap()).sum();
        assert!(all.len() == 10 && (sum - 1.0).abs() < 1e-4, "{layer}: {sum} of {}", all.len());
        assert!(all.windows(2).all(|w| w[0][2].parse::<f64>().unwrap() >= w[1][2].parse::<f64>().unwrap()));
        if kind == "ngram" {
            assert_eq!(all[0][0], "près", "{all:?}");
        }
        let words: Vec<&str> = all.iter().map(|line| line[0].as_str()).collect();
        let of: Vec<&str> = words.iter().flat_map(|word| ["--of", *word]).collect();
        let of = predict(&[&["chat", "noir", "dort"], &of[..]].concat(), "");
        for (line, again) in all.iter().zip(&of) {
            let ln_p = |line: &[String]| line[2].parse::<f64>().unwrap();
            assert!(line[0] == again[0] && (ln_p(line) - ln_p(again)).abs() < 2e-5, "{layer}: {line:?} {again:?}");
        }
        assert_eq!(predict(&["--top", "100"], "chat noir dort\n\nnobody\n"), all, "as a prompt");
    }
    let fails = |arguments: &[&str], says: &str| {
        let done = Command::cargo_bin("lexmax").unwrap().arg("predict").args(arguments).assert().code(2);
        let stderr = String::from_utf8(done.get_output().stderr.clone()).unwrap();
        assert!(stderr.contains(says), "{stderr}");
    };
    fails(&[&model, "nobody"], "not in the vocabulary: \"nobody\"");
    fails(&[&model, "chat", "--of", "nobody"], "not in the vocabulary: \"nobody\"");
    fails(&[&out, "chat"], "v.bin: ");
    fails(&["/nowhere", "chat"], "/nowhere");
}
