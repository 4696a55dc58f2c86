//! The inputs of `lexmax train`, and its reports about them.

use assert_cmd::Command;
use bzip2::write::BzEncoder;
use flate2::write::GzEncoder;
use lexmax::corpus::{Corpus, PhraseScore, Phrases, Source, TextRules};
use serde_json::Value;
use std::io::Write;
use std::path::Path;

fn train(arguments: &[&str], stdin: &[u8]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("lexmax").unwrap().arg("train").args(arguments).write_stdin(stdin).assert()
}

/// What `--json` says of a run with these arguments, and the vectors.
fn run(folder: &Path, arguments: &[&str], stdin: &[u8]) -> (Value, Vec<u8>) {
    let (out, json) = (folder.join("out.bin"), folder.join("out.json"));
    let own = ["--dim", "4", "--threads", "1", "--epochs", "1"];
    let files = ["--out", out.to_str().unwrap(), "--json", json.to_str().unwrap()];
    let assert = train(&[&own[..], &files, arguments].concat(), stdin).success();
    let facts: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    let n = |key: &str| facts["ledger"][key].as_u64().unwrap();
    let parts = ["kept", "rare", "over_limit", "unknown", "joined", "invalid", "too_long"].map(n);
    assert_eq!(n("tokens"), parts.iter().sum::<u64>(), "{arguments:?}");
    let printed = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    assert!(printed.contains(&format!("{} words: {} kept", n("tokens"), n("kept"))), "{printed}");
    (facts, std::fs::read(out).unwrap())
}

fn gz(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn bz2(text: &[u8]) -> Vec<u8> {
    let mut encoder = BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn files_patterns_folders_and_standard_input_give_the_same_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let texts: Vec<String> = (0..3).map(|f| (0..60).map(|i| format!("w{} x y{f} z\n", i % 7)).collect()).collect();
    let parts = folder.path().join("parts");
    std::fs::create_dir(&parts).unwrap();
    std::fs::write(parts.join("1.txt"), &texts[0]).unwrap();
    std::fs::write(parts.join("2.txt.gz"), gz(texts[1].as_bytes())).unwrap();
    let (head, tail) = texts[2].split_at(texts[2].len() / 2);
    std::fs::write(parts.join("3.txt.bz2"), [bz2(head.as_bytes()), bz2(tail.as_bytes())].concat()).unwrap();
    let (directory, pattern) = (parts.to_str().unwrap(), parts.join("*.txt*"));
    let (want, vectors) = run(folder.path(), &["--corpus", directory], b"");
    assert_eq!((&want["ledger"]["lines"], &want["ledger"]["files"]), (&180.into(), &3.into()));
    let whole = texts.concat();
    for (paths, stdin) in [
        (&[pattern.to_str().unwrap()][..], &b""[..]),
        (&["-"], whole.as_bytes()),
        (&["-"], &gz(whole.as_bytes())),
        (&["-"], &bz2(whole.as_bytes())),
    ] {
        let (facts, got) = run(folder.path(), &[&["--corpus"], paths].concat(), stdin);
        assert!(got == vectors, "{paths:?}");
        assert_eq!((&facts["ledger"]["lines"], &facts["ledger"]["kept"]), (&180.into(), &720.into()));
    }
    assert!(run(folder.path(), &["--corpus", directory, "--spool"], b"").1 == vectors);
}

#[test]
fn words_are_made_alike_and_what_is_dropped_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let text = "The E\u{301}te\u{301}, THE \u{e9}t\u{e9}! (the).\n".repeat(10);
    let all = ["--corpus", "-", "--lowercase", "--nfc", "--split", "words", "--min-count", "1"];
    let (facts, _) = run(folder.path(), &all, text.as_bytes());
    assert_eq!((&facts["vocab"], &facts["ledger"]["kept"]), (&2.into(), &50.into()));
    let mut bytes = "a b c d e\n".repeat(9).into_bytes();
    bytes.extend(b"bad\xff\xfe a b\n");
    let output = train(&["--corpus", "-", "--out", "/dev/null/x"], b"").code(2).get_output().clone();
    assert!(!output.stderr.is_empty());
    let out = folder.path().join("never.bin");
    let refused = train(&["--corpus", "-", "--out", out.to_str().unwrap()], &bytes).code(2).get_output().clone();
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.contains("standard input:10: byte 4 of the line is not UTF-8"), "{message}");
    assert!(!out.exists());
    for (policy, invalid, replaced, rare) in [("skip", 1, 0, 0), ("replace", 0, 2, 1)] {
        let (facts, _) = run(folder.path(), &["--corpus", "-", "--invalid-utf8", policy, "--sample", "0"], &bytes);
        let ledger = &facts["ledger"];
        assert_eq!((&ledger["invalid"], &ledger["replaced"]), (&invalid.into(), &replaced.into()), "{policy}");
        assert_eq!((&ledger["rare"], &ledger["kept"]), (&rare.into(), &47.into()), "{policy}");
        assert_eq!(facts["expected_subsampled_per_epoch"], 0.0);
    }
    let limits = ["--corpus", "-", "--invalid-utf8", "skip", "--max-vocab", "3", "--max-sentence", "2"];
    let (facts, _) = run(folder.path(), &limits, &bytes);
    // Of nine lines a, b and c are left, in two sentences each, and a b of the last.
    let ledger = &facts["ledger"];
    assert_eq!(
        (&ledger["over_limit"], &ledger["cut_sentences"], &ledger["sentences"]),
        (&18.into(), &9.into(), &19.into())
    );
    assert!(facts["expected_subsampled_per_epoch"].as_f64().unwrap() > 0.0);
}

#[test]
fn vocabularies_are_written_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let (text, file) = ("b a a c\na b rare\n".repeat(6), folder.path().join("vocab.txt"));
    let file = file.to_str().unwrap();
    let (first, vectors) = run(folder.path(), &["--corpus", "-", "--save-vocab", file], text.as_bytes());
    assert_eq!(std::fs::read_to_string(file).unwrap(), "</s> 12\na 18\nb 12\nc 6\nrare 6\n");
    let (again, same) = run(folder.path(), &["--corpus", "-", "--read-vocab", file], text.as_bytes());
    assert!(same == vectors && again["vocab"] == first["vocab"]);
    let (limited, _) =
        run(folder.path(), &["--corpus", "-", "--read-vocab", file, "--min-count", "7"], text.as_bytes());
    assert_eq!((&limited["vocab"], &limited["ledger"]["unknown"]), (&2.into(), &12.into()));
    for wrong in ["a 1\nb two\n", "a 1\na 2\n", "", "a b c 1\n", "a 0\n"] {
        std::fs::write(file, wrong).unwrap();
        let out = folder.path().join("never.bin");
        let arguments = ["--corpus", "-", "--min-count", "1", "--read-vocab", file, "--out", out.to_str().unwrap()];
        let output = train(&arguments, text.as_bytes()).code(2).get_output().clone();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(message.contains("vocab.txt:") && !out.exists(), "{wrong:?}: {message}");
    }
}

#[test]
fn phrases_become_words() {
    let folder = tempfile::tempdir().unwrap();
    let others: String = (0..400).map(|i| format!("w{} x{} new v{}\n", i % 40, i % 37, i % 31)).collect();
    let text = others + &"we saw new york city\n".repeat(8);
    let vocab = folder.path().join("vocab.txt");
    let save = ["--corpus", "-", "--save-vocab", vocab.to_str().unwrap()];
    for (more, want) in [
        (&["--phrases", "2", "--phrase-threshold", "20,5"][..], "we_saw"),
        (&["--phrases", "1", "--phrase-score", "npmi", "--phrase-threshold", "0.7"], "york_city"),
        (&["--phrases", "1", "--phrase-delimiter", "+", "--phrase-threshold", "9"], "york+city"),
    ] {
        let (facts, _) = run(folder.path(), &[&save[..], more].concat(), text.as_bytes());
        let words = std::fs::read_to_string(&vocab).unwrap();
        assert!(words.contains(want), "{more:?}: {words}");
        assert!(facts["ledger"]["joined"].as_u64().unwrap() >= 8);
    }
    for wrong in [
        &["--phrase-threshold", "5"][..],
        &["--phrases", "2", "--phrase-threshold", "1,2,3"],
        &["--phrases", "1", "--phrase-score", "npmi", "--phrase-threshold", "2"],
        &["--phrases", "1", "--phrase-delimiter", " "],
        &["--phrases", "0"],
        &["--max-vocab", "0"],
        &["--max-sentence", "10001"],
        &["--invalid-utf8", "maybe"],
        &["--read-vocab", "/nowhere"],
    ] {
        let out = folder.path().join("never.bin");
        let base = ["--corpus", "-", "--out", out.to_str().unwrap()];
        train(&[&base[..], wrong].concat(), text.as_bytes()).code(2);
        assert!(!out.exists(), "{wrong:?}");
    }
}

fn refusal(arguments: &[&str]) -> String {
    let output = train(arguments, b"").code(2).get_output().clone();
    assert!(output.stdout.is_empty());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn presets_set_the_group_and_options_override_them() {
    let folder = tempfile::tempdir().unwrap();
    let text = "a b c d a b\n".repeat(30);
    let sigmoid = |name: &str| format!(":hits=drop:sigmoid={name}");
    for (preset, layer, model, rate, sample) in [
        ("lexmax", "negative".to_string(), "skipgram", 0.025, 1e-3),
        ("word2vec", "negative".to_string() + &sigmoid("word2vec"), "cbow", 0.05, 1e-3),
        ("gensim", "negative".to_string() + &sigmoid("gensim"), "cbow", 0.025, 1e-3),
        ("fasttext", "negative:power=0.5".to_string() + &sigmoid("fasttext"), "skipgram", 0.05, 1e-4),
    ] {
        let (facts, _) = run(folder.path(), &["--corpus", "-", "--preset", preset], text.as_bytes());
        let near = |key: &str, want: f64| (facts[key].as_f64().unwrap() / want - 1.0).abs() < 1e-6;
        assert!(near("rate", rate) && near("sample", sample), "{preset}");
        assert_eq!((&facts["layer"], &facts["model"]), (&layer.into(), &model.into()), "{preset}");
    }
    let more = ["--hs", "--cbow", "0", "--alpha", "0.1", "--window-rule", "fixed", "--sigmoid", "exact", "--iter", "1"];
    let base = ["--corpus", "-", "--preset", "word2vec", "--binary"];
    let out = folder.path().join("out.bin");
    let end = ["--size", "3", "--out", out.to_str().unwrap()];
    train(&[&base[..], &more, &end].concat(), text.as_bytes()).success();
    assert!(std::fs::read(&out).unwrap().starts_with(b"4 3\na "));
}

#[test]
fn contradictions_and_old_spellings_get_a_hint() {
    let base = ["--corpus", "-", "--out", "/tmp/never"];
    for (more, first, second) in [
        (&["--layer", "full", "--hs"][..], "--layer", "--hs"),
        (&["--layer", "full", "--negative", "5"], "--layer", "--negative"),
        (&["--hs", "--negative", "5"], "--hs", "--negative"),
        (&["--hs", "--noise-power", "0.5"], "--hs", "--noise-power"),
        (&["--negative", "0"], "--negative 0", "--hs 0"),
        (&["--model", "skipgram", "--cbow"], "--model", "--cbow"),
        (&["--format", "text", "--binary"], "--format", "--binary"),
        (&["--deterministic", "--cached-rows", "5"], "--deterministic", "--cached-rows"),
        (&["--dry-run"], "--dry-run", "--out"),
        (&["--cbow-gradient", "mean"], "--cbow-gradient", "--model skipgram"),
        (&["--model", "ngram", "--window-rule", "fixed"], "--window-rule", "--model ngram"),
    ] {
        let message = refusal(&[&base[..], more].concat());
        assert!(message.contains(first) && message.contains(second), "{more:?}: {message}");
    }
    for (old, new) in [("-size", "--dim"), ("-iter", "--epochs"), ("-minCount", "--min-count"), ("-train", "--corpus")]
    {
        let message = refusal(&[&base[..], &[old, "100"]].concat());
        assert!(message.contains(old) && message.contains(new), "{message}");
    }
    assert!(refusal(&[&base[..], &["-bucket", "1"]].concat()).contains("docs/presets.md"));
}

#[test]
fn a_dry_run_says_what_would_be_and_writes_no_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let text: String = (0..3_000).map(|i| format!("the w{} of x{} and y{}\n", i % 50, i % 71, i % 13)).collect();
    let json = folder.path().join("plan.json");
    let arguments = ["--corpus", "-", "--dry-run", "--dim", "8", "--threads", "1", "--json", json.to_str().unwrap()];
    let output = train(&arguments, text.as_bytes()).success().get_output().clone();
    let plan: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    let vocab = 3 + 50 + 71 + 13;
    assert_eq!((&plan["vocab"], &plan["parameters"]), (&vocab.into(), &(2 * 8 * vocab).into()));
    assert_eq!((&plan["ledger"]["kept"], &plan["epochs"]), (&18_000.into(), &5.into()));
    assert_eq!((&plan["disk_bytes"], &plan["evaluation_bytes"]), (&0.into(), &0.into()));
    let number = |key: &str| plan[key].as_f64().unwrap();
    assert!((number("train_seconds") / number("seconds_per_epoch") - 5.0).abs() < 1e-9);
    // Skip-gram with five negatives: at least a multiply-add for each example, candidate and entry, three times.
    assert!(number("multiply_adds_per_epoch") >= number("examples_per_epoch") * 3.0 * 6.0 * 8.0);
    assert!(number("seconds_per_epoch") > 0.0 && number("measured_seconds") > 0.0);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.contains("137 words") && printed.contains("about"), "{printed}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// The words of a text after the phrases were joined.
fn joined(text: &str, score: PhraseScore, thresholds: &[f64]) -> Vec<Vec<String>> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let phrases = Some(Phrases::new(score, 3, thresholds, "_").unwrap());
    let mut rules = TextRules::min_count(1);
    rules.phrases = phrases;
    let (vocab, corpus) = Corpus::read(&Source::plain(&[file.path()]), &rules).unwrap();
    corpus.sentences().map(|s| s.iter().map(|&w| vocab.word(w).to_owned()).collect()).collect()
}

fn lines(text: &str) -> Vec<Vec<String>> {
    text.lines().map(|line| line.split_whitespace().map(String::from).collect()).collect()
}

#[test]
fn phrases_are_those_of_gensim_and_word2phrase() {
    let text = include_str!("../phrases/text.txt");
    // gensim 4.4: Phrases(lines, min_count=3, threshold=0.3, scoring='npmi', delimiter='_')[line].
    assert_eq!(joined(text, PhraseScore::Npmi, &[0.3]), lines(include_str!("../phrases/gensim-npmi.txt")));
    // word2phrase.c 0.1a on the text as one line (it also counts pairs over line ends), -min-count 3, with
    // -threshold 2.5 and then on what came out with -threshold 1.1.
    let (one, want) = (text.replace('\n', " "), include_str!("../phrases/word2phrase-two-passes.txt"));
    assert_eq!(joined(&one, PhraseScore::Word2Phrase, &[2.5, 1.1]), lines(want));
}

/// A text as it comes, and by hand as it is to be read: lower case, composed, without punctuation, with phrases.
fn treated_by_hand() -> [String; 4] {
    let by = |new_york: &str, cafe: &str, end: &str, lines: usize| {
        (0..lines)
            .map(|i| format!("{}{end} w{} v{}{end}\n", [new_york, cafe, new_york][i % 3], i % 5, i % 7))
            .collect::<String>()
    };
    let raw = |lines| by("New YORK,", "Cafe\u{301}", ".", lines);
    let read = |lines| by("new_york", "caf\u{e9}", "", lines);
    [raw(400), read(400), raw(30) + "\"Unseen\" wörds, New new YORK!\n", read(30) + "unseen wörds new new_york\n"]
}

#[test]
fn held_out_text_is_read_as_the_training_text_is() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    for (name, text) in ["raw", "read", "raw.valid", "read.valid"].iter().zip(treated_by_hand()) {
        std::fs::write(place(name), text).unwrap();
    }
    // At the rate 0 the NLL says which examples there are, and by which counts.
    let facts = |text: &str, more: &[&str]| {
        let (corpus, valid, log) = (place(text), place(&format!("{text}.valid")), place("log"));
        let base = ["--corpus", &corpus, "--valid", &valid, "--log", &log, "--layer", "full:bias=unigram", "--lr", "0"];
        run(folder.path(), &[&base[..], &["--deterministic", "--max-sentence", "2"], more].concat(), b"").0
    };
    let all = ["--lowercase", "--nfc", "--split", "words"];
    let phrases = ["--phrases", "1", "--phrase-score", "npmi", "--phrase-threshold", "0.6"];
    let (raw, read) = (facts("raw", &[&all[..], &phrases].concat()), facts("read", &[]));
    let number = |facts: &Value, key: &str| facts["valid_ledger"][key].as_u64().unwrap();
    assert_eq!((&raw["vocab"], &raw["valid_nll"]), (&read["vocab"], &read["valid_nll"]));
    assert_eq!(number(&raw, "kept"), number(&read, "kept"));
    assert!(number(&raw, "cut_sentences") > 0 && number(&raw, "cut_sentences") == number(&read, "cut_sentences"));
    // A line in three has a pair, the last one too.
    assert_eq!((number(&raw, "joined"), number(&raw, "unknown")), (20 + 1, 2 + 1));
    let log = std::fs::read_to_string(place("log")).unwrap();
    let start: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!(start["valid_ledger"], read["valid_ledger"]);
    // It is named as the training text is.
    std::fs::create_dir(place("texts")).unwrap();
    std::fs::copy(place("read.valid"), place("texts/one")).unwrap();
    for (valid, stdin) in [(place("texts"), ""), (place("re[a]d.valid"), ""), ("-".into(), &*treated_by_hand()[3])] {
        let base = ["--corpus", &place("read"), "--valid", &valid, "--layer", "full:bias=unigram", "--lr", "0"];
        let more = ["--deterministic", "--max-sentence", "2"];
        assert_eq!(
            run(folder.path(), &[&base[..], &more].concat(), stdin.as_bytes()).0["valid_nll"],
            read["valid_nll"]
        );
    }
    let twice = train(&["--corpus", "-", "--valid", "-", "--out", &place("x.bin")], b"a b\n").code(2);
    assert!(String::from_utf8_lossy(&twice.get_output().stderr).contains("standard input"));
    // Without one of the options the text is another one.
    assert!(number(&facts("raw", &all), "joined") == 0);
}

#[test]
fn what_subsampling_dropped_is_counted_and_what_it_would_drop_foretold() {
    let folder = tempfile::tempdir().unwrap();
    let text: String = (0..2_000).map(|i| format!("the w{} of the x{}\n", i % 50, i % 71)).collect();
    let log = folder.path().join("log");
    let arguments = ["--corpus", "-", "--epochs", "2", "--log", log.to_str().unwrap()];
    for mode in [&["--deterministic"][..], &["--threads", "2"]] {
        let out = [&arguments[..], mode, &["--out", "v.bin", "--dim", "4", "--json", "f"]].concat();
        let mut command = Command::cargo_bin("lexmax").unwrap();
        let done =
            command.arg("train").args(out).current_dir(folder.path()).write_stdin(text.clone()).assert().success();
        let facts: Value = serde_json::from_slice(&std::fs::read(folder.path().join("f")).unwrap()).unwrap();
        let printed = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
        let sum = |key: &str| facts["passes"].as_array().unwrap().iter().map(|p| p[key].as_u64().unwrap()).sum::<u64>();
        let expected = facts["expected_subsampled_per_epoch"].as_f64().unwrap();
        assert!(printed.contains(&format!("subsampling is expected to drop {expected:.0} in a pass")), "{printed}");
        assert!(printed.contains(&format!("subsampling dropped {} of 20000 words read", sum("dropped"))), "{printed}");
        let lines = std::fs::read_to_string(&log).unwrap();
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["ledger"], facts["ledger"]);
        assert_eq!(lines[lines.len() - 1]["passes"], facts["passes"]);
    }
}

#[test]
fn what_fails_before_the_training_is_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let (log, bad) = (folder.path().join("deep/log"), folder.path().join("bad.txt"));
    std::fs::write(&bad, b"a b\nb \xff\n").unwrap();
    let base = ["--out", "/tmp/never", "--log", log.to_str().unwrap()];
    let bad = bad.to_str().unwrap();
    let failures: [(&[&str], &str); 6] = [
        (&["--corpus", bad], "bad.txt:2: "),
        (&["--corpus", "/nowhere/text"], "/nowhere/text"),
        (&["--corpus", "-", "--hs", "--negative", "5"], "hierarchical and negative"),
        (&["--corpus", "-", "--save-model", "/proc/none/x"], "/proc/none"),
        (&["--corpus", "-", "--min-count", "100"], "100"),
        (&["--corpus", "-", "--min-count", "1", "--valid", "/nowhere/valid"], "/nowhere/valid"),
    ];
    for (number, (more, says)) in failures.into_iter().enumerate() {
        train(&[&base[..], more].concat(), b"a b\n").code(2);
        let lines = std::fs::read_to_string(&log).unwrap();
        // One event a failure, and nothing of the ones before is lost.
        assert_eq!(lines.lines().count(), number + 1, "{lines}");
        let end: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
        assert_eq!((&end["event"], &end["why"]), (&"end".into(), &"error".into()));
        assert!(end["message"].as_str().unwrap().contains(says), "{end}");
    }
}

/// A log and the facts are JSON, which is UTF-8.
#[cfg(unix)]
#[test]
fn names_that_are_not_utf8_are_read_and_logged() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &[u8]| folder.path().join(std::ffi::OsStr::from_bytes(name));
    let (text, log, out) = (at(b"caf\xe9.txt"), at(b"l\xe9.jsonl"), at(b"v\xe9.bin"));
    // Not every file system takes such names.
    if std::fs::write(&text, "a b a b\n".repeat(20)).is_err() {
        return;
    }
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("lexmax");
    command.args(["train", "--dim", "4", "--epochs", "1", "--min-count", "1", "--corpus"]).arg(&text);
    command.arg("--log").arg(&log).arg("--out").arg(&out).assert().success();
    assert!(out.exists());
    let lines = std::fs::read_to_string(&log).unwrap();
    let start: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert!(start["corpus"][0].as_str().unwrap().ends_with("caf\\xE9.txt"), "{start}");
}
