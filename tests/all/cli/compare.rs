//! `lexmax compare`, which runs if no command is named.

use super::place::{Place, text};
use flate2::{Compression, write::GzEncoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::Value;
use std::io::Write;

/// What is compared where no layer is named.
const LAYERS: [&str; 14] = [
    "full",
    "hierarchical",
    "differentiated",
    "differentiated-projected",
    "sampled",
    "sampled-midx",
    "target-sampled",
    "negative",
    "class-based",
    "adaptive",
    "nce",
    "blackout",
    "one-vs-each",
    "infrequent",
];

/// A language small enough to be learnt in a moment.
const SMALL: &str = "--vocab 200 --classes 8 --examples 20000";

const OPTIONS: [&str; 23] = [
    "--table",
    "--corpus",
    "--valid",
    "--layers",
    "--model",
    "--context",
    "--dim",
    "--window",
    "--hidden",
    "--window-rule",
    "--min-count",
    "--sample",
    "--optimizer",
    "--lr",
    "--batch",
    "--budget",
    "--examples",
    "--valid-examples",
    "--threads",
    "--seed",
    "--vocab",
    "--classes",
    "--out",
];

const COST: [&str; 4] = ["multiply_adds", "rows_read", "rows_written", "draws"];
/// Keys of a layer that are always numbers.
const NUMBERS: [&str; 10] = [
    "rate",
    "batch",
    "seconds",
    "examples",
    "ns_per_example",
    "train_loss",
    "valid_examples",
    "valid_nll",
    "valid_perplexity",
    "epsilon_perplexity",
];
/// The other keys of a layer.
const OTHERS: [&str; 7] = ["layer", "cost_per_example", "epochs", "curve", "ln_z", "excess_nats", "excess_by"];

fn has_exactly<'a>(object: &Value, keys: impl IntoIterator<Item = &'a str>) {
    let mut keys: Vec<_> = keys.into_iter().collect();
    keys.sort_unstable();
    let mut got: Vec<_> = object.as_object().unwrap().keys().collect();
    got.sort_unstable();
    assert_eq!(got, keys);
}

fn number(object: &Value, key: &str) -> f64 {
    let number = object[key].as_f64().unwrap_or_else(|| panic!("{key} is {}", object[key]));
    assert!(number.is_finite(), "{key} is {number}");
    number
}

fn rows(comparison: &Value) -> &[Value] {
    comparison["layers"].as_array().unwrap()
}

fn names(comparison: &Value) -> Vec<&str> {
    rows(comparison).iter().map(|row| row["layer"].as_str().unwrap()).collect()
}

/// What a run writes to its folder.
fn written(folder: &str, quality: &str) -> Vec<String> {
    let charts = ["examples", "time"].map(|x| format!("{quality}-vs-{x}.svg"));
    let names = ["compare.html", "compare.json"].into_iter().map(String::from).chain(charts);
    names.map(|name| format!("{folder}/{name}")).collect()
}

/// Holds a comparison to what is documented of it.
fn check(comparison: &Value) {
    has_exactly(comparison, ["lexmax", "run", "corpus", "config", "layers"]);
    assert_eq!(comparison["lexmax"], env!("CARGO_PKG_VERSION"));
    assert!(number(&comparison["corpus"], "unigram_nll") >= 0.0);
    for row in rows(comparison) {
        has_exactly(row, NUMBERS.into_iter().chain(OTHERS));
        has_exactly(&row["cost_per_example"], COST);
        assert!(COST.iter().all(|key| number(&row["cost_per_example"], key) >= 0.0), "{row}");
        assert!(NUMBERS.iter().all(|key| number(row, key) >= 0.0), "{row}");
        let nll = number(row, "valid_nll");
        // A unit in the last place of the NLL, and one of the perplexity, in decimal digits and back.
        let ulps = (nll + 2.0) * f64::EPSILON;
        assert!((number(row, "valid_perplexity") / nll.exp() - 1.0).abs() <= 2.0 * ulps, "{row}");
        let curve = row["curve"].as_array().unwrap();
        assert_eq!(curve.last().unwrap()["examples"], row["examples"]);
        assert!(curve.iter().all(|point| number(point, "valid_nll") >= 0.0), "{row}");
        for key in ["seconds", "examples"] {
            assert!(curve.windows(2).all(|pair| number(&pair[0], key) < number(&pair[1], key)), "{row}");
        }
        let each = number(row, "seconds") * 1e9 / number(row, "examples");
        assert!((number(row, "ns_per_example") / each - 1.0).abs() < 1e-12, "{row}");
    }
}

fn beats_the_unigram_model(comparison: &Value) {
    let unigram = number(&comparison["corpus"], "unigram_nll");
    assert!(rows(comparison).iter().all(|row| number(row, "valid_nll") < unigram), "{comparison}");
}

/// A comparison without what may differ from run to run: the time that it took.
fn timeless(mut comparison: Value) -> Value {
    for row in comparison["layers"].as_array_mut().unwrap() {
        let row = row.as_object_mut().unwrap();
        assert!(row.remove("seconds").is_some() && row.remove("ns_per_example").is_some());
        for point in row["curve"].as_array_mut().unwrap() {
            assert!(point.as_object_mut().unwrap().remove("seconds").is_some());
        }
    }
    assert!(comparison.as_object_mut().unwrap().remove("run").is_some());
    comparison
}

/// Output for pipes: a line of the table for each layer, and no control characters.
fn check_output(output: &std::process::Output, comparison: &Value) {
    let stdout = std::str::from_utf8(&output.stdout).unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(stdout.chars().all(|c| c == '\n' || !c.is_control()), "{stdout:?}");
    for row in rows(comparison) {
        let start = format!("| {} ", row["layer"].as_str().unwrap());
        let lines: Vec<_> = stdout.lines().filter(|line| line.starts_with(&start)).collect();
        assert_eq!(lines.len(), 1, "{stdout}");
        let cells: Vec<_> = lines[0].split('|').map(str::trim).collect();
        for cell in [format!("{:.4}", number(row, "valid_nll")), format!("{}", number(row, "examples"))] {
            assert!(cells.contains(&cell.as_str()), "{cell} in {cells:?}");
        }
    }
}

#[test]
fn all_layers_are_compared_on_the_synthetic_language() {
    let place = Place::new();
    let output = place.success(&format!("compare {SMALL} --out deep/out"));
    let comparison = place.comparison("deep/out");
    check(&comparison);
    check_output(&output, &comparison);
    beats_the_unigram_model(&comparison);
    assert_eq!(names(&comparison), LAYERS);
    assert_eq!(
        place.files(),
        ["deep", "deep/out"].into_iter().map(String::from).chain(written("deep/out", "excess")).collect::<Vec<_>>()
    );
    let corpus = &comparison["corpus"];
    assert_eq!((&corpus["vocab"], &corpus["tokens"]), (&200.into(), &Value::Null));
    let distance = number(corpus, "unigram_nll") - number(corpus, "entropy_rate");
    for row in rows(&comparison) {
        assert_eq!((&row["examples"], &row["valid_examples"]), (&20_000.into(), &20_000.into()));
        assert_eq!(row["excess_by"], "enumerated");
        let excess = number(row, "excess_nats");
        assert!(excess > 0.0 && excess < distance, "{row}");
    }
}

#[test]
fn all_layers_are_compared_on_a_text() {
    let place = Place::new();
    let sample = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora/sample.txt");
    place.file("sample.txt", std::fs::read(sample).unwrap());
    let output = place.success("compare --corpus sample.txt --dim 24 --examples 20000 --valid-examples 500");
    let comparison = place.comparison("lexmax-out");
    check(&comparison);
    check_output(&output, &comparison);
    beats_the_unigram_model(&comparison);
    assert_eq!(names(&comparison), LAYERS);
    let mut files = written("lexmax-out", "nll");
    files.extend(["lexmax-out", "sample.txt"].map(String::from));
    files.sort();
    assert_eq!(place.files(), files);
    let corpus = &comparison["corpus"];
    assert_eq!((&corpus["source"], &corpus["entropy_rate"]), (&serde_json::json!(["sample.txt"]), &Value::Null));
    assert!(number(corpus, "tokens") >= 5000.0, "{corpus}");
    for row in rows(&comparison) {
        assert_eq!((&row["excess_nats"], &row["excess_by"]), (&Value::Null, &Value::Null));
        let epochs = row["epochs"].as_array().unwrap();
        assert!(epochs.len() > 1, "{row}");
        assert_eq!(epochs.iter().map(|e| number(e, "examples")).sum::<f64>(), 20_000.0);
    }
}

/// Infinite numbers are null, and what stands beside them is not.
#[test]
fn all_layers_have_a_line_and_sparse_ones_an_epsilon_perplexity() {
    let place = Place::new();
    let output = place.success(&format!("{SMALL} --layers all --valid-examples 500"));
    let comparison = place.comparison("lexmax-out");
    let expected: Vec<_> = lexmax::layer::catalogue::CATALOGUE.iter().map(|entry| entry.name).collect();
    assert_eq!(names(&comparison), expected);
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("ε-perplexity"), "{stdout}");
    for row in rows(&comparison) {
        let layer = row["layer"].as_str().unwrap();
        // Over 500 held-out examples entmax may have met no word that it rules out; over all contexts it has.
        assert!(layer == "entmax" || row["valid_nll"].is_null() == (layer == "sparsemax"), "{row}");
        assert_eq!(row["valid_perplexity"].is_null(), row["valid_nll"].is_null(), "{row}");
        assert_eq!(row["excess_nats"].is_null(), ["sparsemax", "entmax"].contains(&layer), "{row}");
        assert!(number(row, "epsilon_perplexity") > 1.0);
    }
    assert_eq!(number(&comparison["config"], "epsilon"), 1e-6);
}

/// The picture of likelihoods has nothing to show then; the page has its table all the same.
#[test]
fn a_comparison_without_a_finite_likelihood_has_a_page() {
    let place = Place::new();
    place.success(&format!("{SMALL} --layers sparsemax --valid-examples 500"));
    let page = std::fs::read_to_string(place.path().join("lexmax-out/compare.html")).unwrap();
    assert!(page.contains("sparsemax"));
}

#[test]
fn a_bare_run_is_a_comparison() {
    let place = Place::new();
    place.success("--examples 300 --valid-examples 100");
    let bare = place.comparison("lexmax-out");
    place.success("compare --examples 300 --valid-examples 100 --out other");
    assert_eq!(timeless(place.comparison("other")), timeless(bare.clone()));
    assert_eq!(names(&bare), LAYERS);
    let config = &bare["config"];
    assert_eq!(
        (&config["model"], &config["context"], &config["optimizer"]),
        (&"cbow".into(), &"left".into(), &"adagrad".into())
    );
    assert_eq!((&config["dim"], &config["window"], &config["seed"]), (&24.into(), &1.into(), &1.into()));
    assert_eq!(bare["corpus"]["vocab"], 2000);
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let place = Place::new();
    place.file("text", text(300));
    for source in
        ["--vocab 200 --classes 8", "--corpus text --min-count 1 --dim 16 --sample 0.05 --window-rule dynamic"]
    {
        let run = |options: &str| {
            place.success(&format!("{source} --examples 3000 --valid-examples 300 {options}"));
            timeless(place.comparison("lexmax-out"))
        };
        let first = run("--threads 1");
        assert_eq!(run("--threads 1"), first);
        let mut two = run("--threads 2");
        two["config"]["threads"] = 1.into();
        assert_eq!(two, first);
        let other = run("--threads 1 --seed 2");
        for (a, b) in rows(&first).iter().zip(rows(&other)) {
            assert_ne!(a["valid_nll"], b["valid_nll"], "{source}");
        }
    }
}

#[test]
fn text_may_be_compressed_and_in_several_files() {
    let place = Place::new();
    let all = text(200);
    let (head, tail) = all.split_at(all[..all.len() / 2].rfind('\n').unwrap() + 1);
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(all.as_bytes()).unwrap();
    place.file("all", &all);
    place.file("head", head);
    place.file("tail", tail);
    place.file("all.gz", gz.finish().unwrap());
    place.file("all.zst", compress_to_vec(all.as_bytes(), CompressionLevel::Fastest));
    place.file("tail.zst", compress_to_vec(tail.as_bytes(), CompressionLevel::Fastest));
    let run = |corpus: &str| {
        place.success(&format!("{corpus} --examples 500 --valid-examples 50 --dim 8 --layers full,negative"));
        let mut comparison = timeless(place.comparison("lexmax-out"));
        let corpus_facts = comparison["corpus"].as_object_mut().unwrap();
        let source = corpus_facts.remove("source").unwrap();
        let sums = corpus_facts.remove("sha256").unwrap();
        assert!(sums.as_array().unwrap().iter().all(|sum| sum.as_str().is_some_and(|sum| sum.len() == 64)), "{sums}");
        let files: Vec<_> = corpus.split(' ').filter(|word| !word.starts_with("--")).collect();
        assert_eq!(source, serde_json::json!(files));
        comparison
    };
    let plain = run("--corpus all");
    for corpus in ["--corpus all.gz", "--corpus all.zst", "--corpus head tail", "--corpus head --corpus tail.zst"] {
        assert_eq!(run(corpus), plain, "{corpus}");
    }
}

#[test]
fn held_out_text_is_given_or_every_twentieth_line() {
    let place = Place::new();
    // Six words a line; blank lines are no lines.
    place.file("train", text(100).replace('\n', "\n\n"));
    place.file("valid", "w0 w1 new\n\nnew newer w2 w3 w4 w0\n");
    let run = |options: &str| {
        let output =
            place.success(&format!("--corpus train {options} --min-count 1 --layers full --dim 8 --examples 100"));
        (String::from_utf8(output.stdout).unwrap(), place.comparison("lexmax-out"))
    };
    let (stdout, given) = run("--valid valid");
    let corpus = &given["corpus"];
    assert_eq!((&corpus["valid_tokens"], &corpus["valid_unknown_tokens"]), (&9.into(), &3.into()));
    assert_eq!((&corpus["tokens"], &corpus["dropped_tokens"]), (&600.into(), &0.into()));
    assert_eq!(corpus["valid_source"], serde_json::json!(["valid"]));
    assert_eq!(corpus["valid_sha256"][0].as_str().map(str::len), Some(64));
    // Sentences of 2 and 4 known words, each word but the first with one to its left.
    assert_eq!(rows(&given)[0]["valid_examples"], 1 + 3);
    assert!(stdout.contains("held out: 3 of 9 tokens are outside the vocabulary"), "{stdout}");
    let (_, part) = run("");
    let corpus = &part["corpus"];
    assert_eq!((&corpus["tokens"], &corpus["valid_tokens"]), (&(95 * 6).into(), &(5 * 6).into()));
    assert_eq!(corpus["valid_source"], serde_json::json!([]));
    assert_eq!(rows(&part)[0]["valid_examples"], 5 * 5);
    let (_, few) = run("--valid-examples 7");
    assert_eq!(rows(&few)[0]["valid_examples"], 7);
}

#[test]
fn rare_words_are_dropped_and_counted() {
    let place = Place::new();
    place.file("train", "a b a b\nb a rare b\n".repeat(3).replacen("rare", "once", 2));
    place.success("--corpus train --valid train --min-count 2 --layers full --dim 4 --examples 50");
    let corpus = &place.comparison("lexmax-out")["corpus"];
    assert_eq!((&corpus["vocab"], &corpus["tokens"], &corpus["dropped_tokens"]), (&3.into(), &23.into(), &1.into()));
    assert_eq!(corpus["valid_unknown_tokens"], 1);
}

#[test]
fn options_are_heard_and_written_down() {
    let place = Place::new();
    place.file("text", text(100));
    place.success(
        "compare --corpus text --model skipgram --context both --dim 6 --window 3 --window-rule dynamic --min-count 2 --sample 0.5 \
         --optimizer sgd --lr 0.25 --batch 10 --examples 105 --valid-examples 33 --threads 1 --seed 9 \
         --layers sampled:samples=4:proposal=uniform,negative:bias=none --layers full",
    );
    let comparison = place.comparison("lexmax-out");
    let config = &comparison["config"];
    for (key, value) in [("model", "skipgram"), ("context", "both"), ("optimizer", "sgd")] {
        assert_eq!(config[key], value);
    }
    for (key, value) in
        [("dim", 6), ("window", 3), ("min_count", 2), ("budget_examples", 105), ("threads", 1), ("seed", 9)]
    {
        assert_eq!(config[key], value, "{key}");
    }
    assert_eq!((&config["sample"], &config["budget_seconds"]), (&0.5.into(), &Value::Null));
    assert_eq!(names(&comparison), ["sampled:samples=4:proposal=uniform", "negative:bias=none", "full"]);
    for row in rows(&comparison) {
        assert_eq!((&row["rate"], &row["batch"], &row["examples"]), (&0.25.into(), &10.into(), &105.into()));
        assert_eq!(row["valid_examples"], 33);
    }
    // Ten batches of 10 and one of 5, four draws each.
    assert_eq!(rows(&comparison)[0]["cost_per_example"]["draws"], 44.0 / 105.0);
}

#[test]
fn a_budget_may_be_time() {
    let place = Place::new();
    for budget in ["0.1", "100ms"] {
        place.success(&format!("--vocab 50 --classes 5 --budget {budget} --layers full,hierarchical"));
        let comparison = place.comparison("lexmax-out");
        check(&comparison);
        assert_eq!(comparison["config"]["budget_seconds"], 0.1);
        assert!(rows(&comparison).iter().all(|row| number(row, "seconds") >= 0.1 && number(row, "examples") > 0.0));
    }
}

#[test]
fn the_distance_from_the_truth_depends_on_the_window() {
    let place = Place::new();
    for (options, by) in
        [("--window 2", Some("held-out")), ("--context both", None), ("--model skipgram", Some("enumerated"))]
    {
        place.success(&format!("{SMALL} --layers full --valid-examples 2000 {options}"));
        let comparison = place.comparison("lexmax-out");
        check(&comparison);
        let row = &rows(&comparison)[0];
        assert_eq!(row["excess_by"].as_str(), by);
        assert_eq!(row["excess_nats"].is_null(), by.is_none());
    }
}

#[test]
fn vocabularies_may_be_tiny() {
    let place = Place::new();
    for (vocab, dim) in [(1, 1), (2, 1), (2, 2), (3, 1), (5, 3)] {
        place.success(&format!("--vocab {vocab} --classes 1 --dim {dim} --examples 100 --valid-examples 10"));
        for row in rows(&place.comparison("lexmax-out")) {
            let nll = number(row, "valid_nll");
            assert!(if vocab == 1 { nll == 0.0 } else { nll > 0.0 }, "{row}");
        }
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Place::new();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("lexmax"))
        .args(["--vocab", "50", "--classes", "5", "--examples", "50", "--valid-examples", "5"])
        .current_dir(place.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(names(&place.comparison("lexmax-out")), LAYERS);
}

#[cfg(unix)]
#[test]
fn what_is_written_has_the_permissions_of_any_file() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.file("plain", "");
    place.success("--vocab 50 --classes 5 --examples 50 --valid-examples 5 --layers full");
    let mode = |name: &str| std::fs::metadata(place.path().join(name)).unwrap().permissions().mode();
    assert_eq!(mode("lexmax-out/compare.json"), mode("plain"));
}

/// The end of a curve is the NLL of the table where the curve is taken on all held-out examples.
#[test]
fn curves_end_at_the_table() {
    let place = Place::new();
    place.success("--vocab 50 --classes 5 --examples 640 --valid-examples 300");
    let comparison = place.comparison("lexmax-out");
    assert_eq!(comparison["config"]["curve_examples"], 300);
    for row in rows(&comparison) {
        let curve = row["curve"].as_array().unwrap();
        assert!(curve.len() > 1, "{row}");
        let end = curve.last().unwrap();
        assert_eq!(end["valid_nll"], row["valid_nll"]);
        // The distance at the end is found in another way, up to rounding.
        let difference = number(end, "excess_nats") - number(row, "excess_nats");
        assert!(difference.abs() < 1e-5 && number(row, "excess_nats") > 1e-3, "{row}");
    }
}

/// With longer contexts the distance of a curve is that of its examples: so is the table's.
#[test]
fn curves_of_longer_contexts_end_at_the_table_too() {
    let place = Place::new();
    place.success("--vocab 50 --classes 5 --examples 640 --valid-examples 300 --window 2 --layers full,negative");
    for row in rows(&place.comparison("lexmax-out")) {
        let end = row["curve"].as_array().unwrap().last().unwrap();
        let (end, table) = (number(end, "excess_nats"), number(row, "excess_nats"));
        assert!((end - table).abs() < 1e-9 * table.abs().max(1.0), "{row}");
    }
}

#[test]
fn tables_come_in_several_forms() {
    let place = Place::new();
    let run = |format: &str| {
        let options = "--vocab 50 --classes 5 --examples 50 --valid-examples 5 --layers full,negative:samples=2";
        String::from_utf8(place.success(&format!("{options} --table {format}")).stdout).unwrap()
    };
    let table: Value = serde_json::from_str(&run("json")).unwrap();
    assert_eq!(table[1]["layer"], "negative:samples=2");
    let lines = run("csv");
    assert!(lines.starts_with("layer,valid_nll,ns_per_example,") && lines.lines().count() == 3, "{lines}");
    let lines = run("markdown");
    assert!(lines.lines().all(|line| line.starts_with('|')) && lines.lines().count() == 4, "{lines}");
    assert!(run("text").contains('█'));
}

#[test]
fn the_report_holds_the_command_and_the_curves() {
    let place = Place::new();
    place.success("--vocab 50 --classes 5 --examples 50 --valid-examples 5 --layers full --seed 7");
    let page = std::fs::read_to_string(place.path().join("lexmax-out/compare.html")).unwrap();
    assert!(page.contains("lexmax --vocab 50 --classes 5") && page.contains("id=\"chart-excess-vs-time\""));
}

#[test]
fn help_names_every_option() {
    let place = Place::new();
    for arguments in ["--help", "compare --help"] {
        let help = String::from_utf8(place.success(arguments).stdout).unwrap();
        assert!(OPTIONS.iter().all(|option| help.contains(option)), "{help}");
    }
    let version = String::from_utf8(place.success("--version").stdout).unwrap();
    assert_eq!(version, concat!("lexmax ", env!("CARGO_PKG_VERSION"), "\n"));
    assert!(place.files().is_empty());
}
