//! Similarity and analogies compared with the numbers of other programs, and the commands as users call them.

use assert_cmd::Command;
use lexmax::vectors::{self, WordVectors};
use lexmax::vectors::{
    Analogies, AnalogyOptions, AnalogyRules, Case, Method, Pairs, Questions, Score, analogies, similarity,
};
use ndarray::Array2;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/vectors").join(name)
}

fn tiny() -> WordVectors {
    vectors::WordVectors::open(golden("tiny.txt")).unwrap()
}

/// The numbers of other programs; their `origin` says which.
fn numbers() -> Value {
    serde_json::from_slice(&std::fs::read(golden("tiny.json")).unwrap()).unwrap()
}

fn ask(vectors: &WordVectors, rules: AnalogyRules, method: Method, first: Option<usize>, threads: usize) -> Analogies {
    let questions = Questions::read(&golden("tiny-questions.txt")).unwrap();
    let mut options = AnalogyOptions::default();
    (options.rules, options.method, options.first, options.threads) = (rules, method, first, threads);
    analogies(vectors, &questions, &options)
}

/// Right and asked of each section.
fn counts(found: &Analogies) -> Value {
    found.sections.iter().map(|s| Value::from(vec![s.score.right, s.score.asked])).collect()
}

#[test]
fn counts_are_those_of_compute_accuracy() {
    for want in numbers()["compute_accuracy"].as_array().unwrap() {
        let first = want["first"].as_u64().map(|n| n as usize).filter(|n| *n > 0);
        for threads in [1, 2] {
            let found = ask(&tiny(), AnalogyRules::Word2vec, Method::CosAdd, first, threads);
            // The original says one question where it asked none.
            let asked = |n: u64| Value::from(n.max(1));
            let sections: Value = found
                .sections
                .iter()
                .map(|s| Value::from(vec![Value::from(s.score.right), asked(s.score.asked)]))
                .collect();
            assert_eq!(sections, want["sections"], "first {first:?}");
            assert_eq!(found.total.asked, want["seen"]);
            assert_eq!(found.total.questions, want["total"]);
            let sum = |range: std::ops::Range<usize>| found.sections[range].iter().map(|s| s.score.right).sum::<u64>();
            assert_eq!((found.semantic.right, found.syntactic.right), (sum(0..5), sum(5..15)));
        }
    }
}

#[test]
fn counts_are_those_of_gensim() {
    // gensim takes the numberless cosines of a vector of zeros for the best.
    let all = tiny();
    let kept: Vec<u32> = (0..all.len() as u32).filter(|id| all.word(*id) != "zero").collect();
    let values = Array2::from_shape_fn((kept.len(), all.dim()), |(row, k)| all.vector(kept[row])[k]);
    let vectors = WordVectors::new(kept.iter().map(|id| all.word(*id)), values).unwrap();
    let want = &numbers()["gensim_analogies"];
    for (name, rules, method) in [
        ("fold_add", AnalogyRules::Unicode, Method::CosAdd),
        ("exact_add", AnalogyRules::Exact, Method::CosAdd),
        ("fold_mul", AnalogyRules::Unicode, Method::CosMul),
    ] {
        assert_eq!(counts(&ask(&vectors, rules, method, None, 2)), want[name], "{name}");
    }
    let pairs = Pairs::read(&golden("tiny-pairs.txt")).unwrap();
    let found = similarity(&vectors, &pairs, Case::Fold);
    for (rho, policy) in [(found.spearman, "skip"), (found.spearman_unknown_as_0, "zero")] {
        let want = &numbers()["gensim_pairs"][policy];
        // gensim's cosines are f32: no two of the 31 differ by so little that their order is another.
        assert!((rho.unwrap() - want[0].as_f64().unwrap()).abs() < 1e-12, "{policy} {rho:?}");
        assert_eq!(100.0 * found.unknown_share(), want[1].as_f64().unwrap());
    }
}

/// One question at a time, in f64, is answered as all at once.
#[test]
fn single_answers_agree_with_the_scan() {
    let vectors = tiny();
    let questions = Questions::read(&golden("tiny-questions.txt")).unwrap();
    let found = ask(&vectors, AnalogyRules::Exact, Method::CosAdd, None, 1);
    for (section, found) in questions.sections.iter().zip(&found.sections) {
        let mut right = 0;
        for [a, b, c, d] in &section.questions {
            if vectors.id(d).is_some() && a != "zero" {
                let best = vectors.analogy([a, b, c], 1);
                right += u64::from(best.is_ok_and(|best| best[0].word == *d));
            }
        }
        assert_eq!(right, found.score.right, "{}", section.name);
    }
}

#[test]
fn rules_differ_where_they_say() {
    // a is to b as c is to d, where the best other word is the second form of b.
    let values = ndarray::array![[1f32, 0.0], [0.6, 0.8], [0.8, 0.6], [0.28, 0.96], [0.0, 1.0]];
    let vectors = WordVectors::new(["a", "b", "c", "B", "d"], values).unwrap();
    let questions = Questions::parse(&mut &b": capital\na b c d\nA B C D\nx b c d\n"[..], Path::new("q")).unwrap();
    let ask = |rules| {
        let mut options = AnalogyOptions::default();
        options.rules = rules;
        analogies(&vectors, &questions, &options).total
    };
    let numbers = |score: Score| [score.right, score.asked, score.questions];
    // d is wrong where B may answer.
    assert_eq!(numbers(ask(AnalogyRules::Word2vec)), [0, 2, 3]);
    assert_eq!(numbers(ask(AnalogyRules::Unicode)), [2, 2, 3]);
    assert_eq!(numbers(ask(AnalogyRules::Exact)), [0, 1, 3]);
    assert_eq!(ask(AnalogyRules::Unicode).share_unknown_as_wrong(), Some(2.0 / 3.0));
}

fn lexmax(arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("lexmax").unwrap().args(arguments).assert()
}

fn stdout(arguments: &[&str]) -> String {
    String::from_utf8(lexmax(arguments).success().get_output().stdout.clone()).unwrap()
}

#[test]
fn the_commands_show_what_the_library_finds() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    let tiny = golden("tiny.txt").to_str().unwrap().to_string();
    let (questions, pairs) = (golden("tiny-questions.txt"), golden("tiny-pairs.txt"));
    let (questions, pairs) = (questions.to_str().unwrap(), pairs.to_str().unwrap());

    for name in ["v.bin", "v.vec.gz", "v.npy", "v.fifu", "v.tsv.zst"] {
        assert!(stdout(&["convert", &tiny, &file(name)]).contains(" words, 24 numbers each"));
    }
    stdout(&["convert", &file("v.npy"), &file("head"), "--to", "text", "--first", "3"]);
    assert_eq!(vectors::WordVectors::open(Path::new(&file("head"))).unwrap().len(), 3);

    let json = file("found.json");
    let common = ["--similarity", pairs, "--analogies", questions, "--first", "0", "--json", &json, "--table", "json"];
    let rows = stdout(&[&["eval", &tiny, &file("v.bin"), &file("v.vec.gz")][..], &common].concat());
    let rows: Vec<Value> = serde_json::from_str(&rows).unwrap();
    let want = &numbers()["compute_accuracy"][0];
    let right: u64 = want["sections"].as_array().unwrap().iter().map(|s| s[0].as_u64().unwrap()).sum();
    let totals: Vec<_> =
        rows.iter().filter(|row| row["test"] == "tiny-questions.txt" && row["asked"] == want["seen"]).collect();
    assert_eq!(totals.len(), 3);
    assert!(totals.iter().all(|row| row["right"] == right));
    let mean = rows.iter().find(|row| row["vectors"] == "mean of 3" && row["test"] == "tiny-pairs.txt").unwrap();
    assert!(mean["interval"].as_f64().unwrap() < 1e-9 && mean["percent"] == totals_of(&rows, "tiny-pairs.txt"));
    let found: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    assert_eq!(found["files"][0]["analogies"][0]["sections"].as_array().unwrap().len(), 15);
    assert_eq!(found["means"]["similarity"][0]["n"], 3);

    let near: Vec<Value> =
        serde_json::from_str(&stdout(&["nearest", &tiny, "king", "queen", "--top", "2", "--table", "json"])).unwrap();
    assert_eq!(
        near.iter().map(|row| row["asked"].as_str().unwrap()).collect::<Vec<_>>(),
        ["king", "king", "queen", "queen"]
    );
    let output = lexmax(&["nearest", &tiny, "kinng"]).code(2).get_output().clone();
    assert!(String::from_utf8_lossy(&output.stderr).contains("\"king\""), "{output:?}");
    lexmax(&["analogy", &tiny, "man", "woman"]).code(2);
    let answer = stdout(&["analogy", &tiny, "his", "her", "king", "--top", "1", "--table", "csv", "--method", "mul"]);
    assert_eq!(answer.lines().nth(1).map(|line| line.starts_with("his her king,")), Some(true), "{answer}");
}

fn totals_of(rows: &[Value], test: &str) -> Value {
    rows.iter().find(|row| row["test"] == test).unwrap()["percent"].clone()
}

#[test]
fn the_prompt_goes_on_after_what_it_does_not_know() {
    let tiny = golden("tiny.txt").to_str().unwrap().to_string();
    let run = |arguments: &[&str], lines: &str| {
        let mut command = Command::cargo_bin("lexmax").unwrap();
        let output = command.args(arguments).write_stdin(lines.to_string()).assert().success().get_output().clone();
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap())
    };
    let [out, err] = run(&["nearest", &tiny, "--top", "1", "--table", "csv"], "kinng\n\nking\nEXIT\nqueen\n");
    assert!(out.contains("\nking,") && !out.contains("\nqueen,"), "{out}");
    assert!(err.contains("no vector for \"kinng\"; similar words: \"king\""), "{err}");
    let [out, err] = run(&["analogy", &tiny, "--top", "1", "--table", "csv"], "his her\nhis her king");
    assert!(out.contains("his her king,") && err.contains("three words, found 2"), "{out} {err}");
}

#[test]
fn what_makes_no_sense_exits_with_2_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad.txt");
    std::fs::write(&bad, "2 2\na 1 2\nb 3 nan\n").unwrap();
    let out = folder.path().join("out.bin");
    let (bad, out_name) = (bad.to_str().unwrap(), out.to_str().unwrap());
    let tiny = golden("tiny.txt").to_str().unwrap().to_string();
    let questions = golden("tiny-questions.txt");
    let questions = questions.to_str().unwrap();
    for arguments in [
        &["convert", bad, out_name][..],
        &["convert", "/nowhere.bin", out_name],
        &["convert", &tiny, &format!("{out_name}.unheard")],
        &["convert", &tiny, out_name, "--first", "0"],
        &["eval", &tiny],
        &["eval", bad, "--similarity", bad, "--json", out_name],
        &["eval", &tiny, "--similarity", questions, "--json", out_name],
        &["eval", &tiny, "--analogies", &tiny],
        &["nearest", bad, "a"],
    ] {
        let output = lexmax(arguments).code(2).get_output().clone();
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{arguments:?}");
        assert!(!out.exists(), "{arguments:?}");
    }
    let output = lexmax(&["nearest", bad, "a"]).code(2).get_output().clone();
    assert!(String::from_utf8_lossy(&output.stderr).contains("bad.txt:3: the vector of \"b\" is not finite"));
}

/// The five commands of the README, word by word, where a fresh clone has its files.
#[test]
fn the_readme_leads_from_a_text_to_neighbours() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let (_, rest) = readme.split_once("From a text to nearest neighbours:").unwrap();
    let block = rest.split("```").nth(1).unwrap().replace("\\\n", " ");
    let commands: Vec<&str> = block.lines().skip(1).collect();
    assert_eq!(commands.len(), 5, "{commands:?}");
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("corpora")).unwrap();
    for name in ["corpora/sample.txt", "corpora/sample-questions.txt"] {
        std::fs::copy(root.join(name), folder.path().join(name)).unwrap();
    }
    let said = commands.iter().map(|command| {
        let arguments = command.strip_prefix("cargo run --release -- ").unwrap().split_whitespace();
        let done = Command::cargo_bin("lexmax").unwrap().args(arguments).current_dir(folder.path()).assert().success();
        String::from_utf8(done.get_output().stdout.clone()).unwrap()
    });
    let said: Vec<String> = said.collect();
    // As the README says: eight seeds of eight answered so, with wide margins.
    assert!(said[2].contains("thames") && said[2].contains("nile"), "{}", said[2]);
    let best = said[3].lines().find(|line| line.contains("father mother son")).unwrap();
    assert!(best.contains("daughter"), "{}", said[3]);
    assert!(folder.path().join("lexmax-out/vectors.vec.gz").exists());
}
