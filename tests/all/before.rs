//! Files of an earlier version (`data/before/`) can be read, and its checkpoints resume.

use assert_cmd::Command;
use lexmax::model::Predictor;
use lexmax::table::Threads;
use lexmax::vectors::{self, Format, WordVectors};
use std::fs;
use std::path::{Path, PathBuf};

/// The version that wrote the files. A checkpoint belongs to its version.
const VERSION: &str = "0.1.0";

/// The options of the model and of the vectors.
const TRAINED: &[&str] = &["--epochs", "40", "--lr", "0.1", "--deterministic"];

/// Those of all models here.
const BASE: &[&str] =
    &["--corpus", "text.txt", "--dim", "8", "--min-count", "1", "--sample", "0", "--seed", "3", "--block", "1"];
const TREE: &[&str] = &["--layer", "hierarchical", "--model", "cbow"];

const DETERMINISTIC: &[&str] = &["--epochs", "60", "--lr", "0.1", "--window", "3", "--deterministic"];
/// A held-out text, and with it a best model beside the checkpoint.
const VALID: &[&str] = &["--valid", "valid.txt", "--patience", "4"];

/// One thread without a held-out text: with one, the moments of evaluation depend on the clock.
const HOGWILD: &[&str] = &["--epochs", "120", "--lr", "0.05", "--threads", "1", "--hot-rows", "4"];
const NEGATIVE: &[&str] = &["--layer", "negative:samples=3", "--model", "skipgram"];

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/before").join(name)
}

fn read(path: &Path) -> WordVectors {
    vectors::read(path, &Format::Binary.into()).unwrap().vectors
}

/// Holds vectors against those of the earlier version. They are equal on a machine with AVX-512, as the one that wrote
/// them had. They are close on other machines, whose sums round in another order.
fn assert_same(found: &Path, before: &str) {
    let (vectors, expected) = (read(found), read(&data(before)));
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512f") {
        assert!(vectors == expected, "other vectors than {before}");
        return;
    }
    assert!(vectors.words().eq(expected.words()));
    let far = vectors.entries().iter().zip(expected.entries()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(far < 0.05, "{before}: {far} apart");
}

/// A folder with the texts and a copy of a folder of checkpoints, `c`.
fn place(checkpoints: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["text.txt", "valid.txt"] {
        fs::copy(data(name), folder.path().join(name)).unwrap();
    }
    fs::create_dir(folder.path().join("c")).unwrap();
    for file in fs::read_dir(data(checkpoints)).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.path().join("c").join(file.file_name())).unwrap();
    }
    folder
}

fn train(folder: &Path, more: &[&[&str]]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("lexmax").unwrap();
    // The best vector path of the machine, as when the files were written.
    command.env_remove("LEXMAX_SIMD");
    command.current_dir(folder).arg("train").args(BASE).args(more.concat());
    command.args(["--out", "v.bin", "--format", "binary"]).assert()
}

/// Resumes a checkpoint with its settings to its end, and with others in vain.
fn assert_goes_on(checkpoints: &str, settings: &[&[&str]], resumed: &str) {
    let folder = place(checkpoints);
    let resume =
        |more: &[&str]| train(folder.path(), &[settings, &[&["--checkpoint", "c", "--resume"], more]].concat());
    if env!("CARGO_PKG_VERSION") != VERSION {
        let stderr = resume(&[]).code(2).get_output().stderr.clone();
        return assert!(String::from_utf8(stderr).unwrap().contains("version is"));
    }
    let stderr = resume(&["--window-rule", "fixed"]).code(2).get_output().stderr.clone();
    assert!(String::from_utf8(stderr).unwrap().contains("dynamic: false"));
    resume(&[]).success();
    assert_same(&folder.path().join("v.bin"), resumed);
}

#[test]
fn a_deterministic_checkpoint_and_its_best_model_go_on() {
    for threads in ["1", "2"] {
        assert_goes_on("checkpoint", &[TREE, DETERMINISTIC, VALID, &["--threads", threads]], "checkpoint-resumed.bin");
    }
}

#[test]
fn a_hogwild_checkpoint_goes_on() {
    assert_goes_on("hogwild", &[NEGATIVE, HOGWILD], "hogwild-resumed.bin");
}

#[test]
fn a_model_predicts_as_it_did() {
    let predictor = Predictor::open(&data("model.safetensors"), Threads::new(1)).unwrap();
    let context = ["the", "cat", "eats", "fresh"];
    let found = predictor.top(&context, 6).unwrap();
    // `lexmax predict model.safetensors the cat eats fresh --top 6`
    let before = [
        ("eats", -1.262791),
        ("grass", -1.579228),
        ("likes", -2.183559),
        ("seed", -2.387813),
        ("sees", -2.809237),
        ("horse", -2.907934),
    ];
    for ((word, ln_p), (expected, value)) in found.words.iter().zip(before) {
        assert!(word == expected && (ln_p - value).abs() < 2e-5, "{word} {ln_p}, before {expected} {value}");
    }
    assert_eq!(found.words.len(), before.len());
    // `… --of river`
    let river = predictor.log_prob(&context, &["river"]).unwrap()[0];
    assert!((river + 10.191234).abs() < 2e-5, "{river}");
}

#[test]
fn vectors_have_the_neighbours_that_they_had() {
    let file = data("vectors.bin");
    let nearest = ["nearest", file.to_str().unwrap(), "cat", "--top", "5", "--table", "csv"];
    let done = Command::cargo_bin("lexmax").unwrap().args(nearest).assert().success();
    let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    let before = [
        ("horse", 0.9925302577142244),
        ("cow", 0.9894942122964043),
        ("bird", 0.9776290506091403),
        ("dog", 0.9761293641940024),
        ("the", 0.28281280224773453),
    ];
    let lines: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert_eq!(lines.len(), before.len(), "{text}");
    for (line, (word, cosine)) in lines.iter().zip(before) {
        assert_eq!(line[1], word);
        assert!((line[2].parse::<f64>().unwrap() - cosine).abs() < 1e-6, "{line:?}");
    }
}

#[test]
fn training_gives_the_vectors_that_it_gave() {
    let folder = place("checkpoint");
    train(folder.path(), &[TREE, TRAINED, &["--threads", "2"]]).success();
    assert_same(&folder.path().join("v.bin"), "vectors.bin");
}
