//! The generator of tables in `benches/page/`: its regions, its errors, and the pages of this repository.

#[path = "../../benches/page/mod.rs"]
mod generator;

use crate::record::recorder;
use generator::error::Fault;
use generator::{check, rewrite, text};
use serde_json::json;
use std::fs;
use std::path::Path;

/// A typed figure, or a record that a page does not show yet, fails here.
#[test]
fn the_regions_of_this_repository_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A published package has no records.
    if root.join("Cargo.toml.orig").exists() {
        return;
    }
    let told = check(root).unwrap_or_else(|fault| panic!("{fault}"));
    assert!(told.starts_with("all ") && told != "all 0 regions are up to date", "{told}");
    let main = |words: &[&str]| generator::main(words.iter().map(|word| word.to_string()));
    assert_eq!((main(&["--bench", "--check"]), main(&["--look"])), (0, 2));
}

/// A record of training with a program beside lexmax.
fn train_record(ours: f64, theirs: f64) -> serde_json::Value {
    let spread = |median: f64| json!({"n": 3, "median": median, "min": median - 0.25, "max": median + 0.5});
    let entry = |program: &str, model: &str, layer: &str, seconds: f64| {
        json!({
            "name": format!("{program} {model} {layer}"), "program": program, "is_peer": program == "gensim",
            "setting": {"model": model, "layer": layer, "threads": 2}, "with": null,
            "train_seconds": spread(seconds), "processor_seconds": null, "loss": null,
            "quality": {"ws353": {"n": 3, "mean": 33.04, "standard_error": 0.25}},
        })
    };
    let settings = ["skipgram", "cbow"].map(|model| ["hierarchical", "negative:samples=5"].map(|layer| (model, layer)));
    let entries: Vec<_> = settings
        .into_iter()
        .flatten()
        .flat_map(|(model, layer)| [entry("lexmax", model, layer, ours), entry("gensim", model, layer, theirs)])
        .collect();
    json!({
        "form": 1, "date": "2026-01-02T03:04:05Z", "label": "beside", "task": "train",
        "command": ["rec", "train", "--with", "a=--x 1", "--folder", ""],
        "machine": {"processor": "P", "cores": 2, "system": "s", "rustc": "rustc 1 (x)"}, "simd": {"path": "avx2"},
        "commit": {"hash": "0123456789", "is_dirty": true}, "versions": {"lexmax": "0", "gensim": "4.4.0"},
        "entries": entries, "ratios": [],
    })
}

/// A folder with a record, and README.md and docs/page.md with these texts.
fn root(readme: &str, page: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("benches/records")).unwrap();
    fs::create_dir(root.path().join("docs")).unwrap();
    write(root.path(), "benches/records/2026-01-02-beside.json", &train_record(2.0, 5.0).to_string());
    write(root.path(), "README.md", readme);
    write(root.path(), "docs/page.md", page);
    root
}

fn write(root: &Path, path: &str, text: &str) {
    fs::write(root.join(path), text).unwrap();
}

fn read(root: &Path, path: &str) -> String {
    fs::read_to_string(root.join(path)).unwrap()
}

fn region(name: &str) -> String {
    format!("# Page\n\n<!-- begin generated: {name} -->\n<!-- end generated -->\n\nAfter.\n")
}

#[test]
fn a_region_is_filled_and_a_typed_figure_in_it_is_stale() {
    let root = root("No region.\n", &region("train beside"));
    let root = root.path();
    let Err(Fault::Stale { regions }) = check(root) else { panic!("an empty region is stale") };
    assert_eq!(regions, ["docs/page.md:3: train beside"]);
    assert_eq!(rewrite(root).unwrap(), "rewritten: docs/page.md");
    assert_eq!(check(root).unwrap(), "all 1 regions are up to date");
    assert_eq!(rewrite(root).unwrap(), "nothing has changed");
    let page = read(root, "docs/page.md");
    assert!(page.starts_with("# Page\n\n<!-- begin generated: train beside -->\n\n| model |"), "{page}");
    assert!(page.ends_with("\n\n<!-- end generated -->\n\nAfter.\n"), "{page}");
    let row = "| cbow | `hierarchical` | 2 | gensim 4.4.0 | 5.00 (4.75–5.50) | 3 | – |";
    assert!(page.contains(row), "{page}");
    assert!(
        page.contains("From record `beside` of 2026-01-02, P, 2 cores, avx2, commit 0123456 with changes."),
        "{page}"
    );
    write(root, "docs/page.md", &page.replace("5.00 (4.75", "4.00 (4.75"));
    assert!(matches!(check(root), Err(Fault::Stale { .. })));
    // A new record makes the page stale too.
    write(root, "docs/page.md", &page);
    write(root, "benches/records/2026-01-02-beside.json", &train_record(1.5, 5.0).to_string());
    assert!(matches!(check(root), Err(Fault::Stale { .. })));
}

#[test]
fn the_newest_record_of_a_label_counts() {
    let root = root("", &region("train beside programs=lexmax"));
    let mut newer = train_record(7.0, 9.0);
    newer["date"] = "2026-02-01T00:00:00Z".into();
    write(root.path(), "benches/records/2026-02-01-beside.json", &newer.to_string());
    rewrite(root.path()).unwrap();
    let page = read(root.path(), "docs/page.md");
    assert!(page.contains("7.00 (6.75–7.50)") && !page.contains("2.00") && !page.contains("gensim"), "{page}");
}

#[test]
fn quality_shows_the_settings_and_what_fails() {
    let root = root("", &region("quality beside"));
    let mut record = train_record(1.0, 2.0);
    record["settings"] = json!({"dim": "9", "epochs": "1", "rounds": 5, "label": "x"});
    record["corpus"] = json!({"bytes": 2_400_000, "sha256": ""});
    for entry in record["entries"].as_array_mut().unwrap() {
        entry["quality"] = json!({"pairs": {"n": 2, "mean": 30.0, "standard_error": 0.5}});
        entry["loss"] = json!({"n": 2, "mean": 2.5, "standard_error": 0.1});
    }
    let name = |at: usize| record["entries"][at]["name"].clone();
    let verdict = |at: usize, pairs: bool, loss: bool| {
        let sets = json!([{"set": "pairs", "holds": pairs}, {"set": "other", "holds": true}]);
        json!({"entry": name(at), "sets": sets, "loss": {"holds": loss}, "holds": pairs && loss})
    };
    record["quality"] = json!([verdict(0, true, true), verdict(1, false, false)]);
    write(root.path(), "benches/records/2026-01-02-beside.json", &record.to_string());
    rewrite(root.path()).unwrap_or_else(|fault| panic!("{fault}"));
    let page = read(root.path(), "docs/page.md");
    let rows: Vec<&str> =
        page.lines().filter(|line| line.starts_with("| skipgram") || line.starts_with("| cbow")).collect();
    assert!(rows[0].ends_with("| 30.0 ± 0.5 | 2.5000 ± 0.1000 | 2 | holds |"), "{page}");
    assert!(rows[1].ends_with("| 2 | fails: pairs, training loss |") && rows[2].ends_with("| 2 | – |"), "{page}");
    assert!(page.contains(" with changes. Settings: d = 9, epochs 1, 2 MB of text.\n"), "{page}");
}

#[test]
fn speed_shows_steps_beside_tensorflow_where_a_record_has_them() {
    let root = root(&region("speed"), &region("speed form=short"));
    let spread = |median: f64| json!({"n": 4, "median": median, "min": median, "max": median});
    let entry = |program: &str, layer: &str, vocab: u64, seconds: f64| {
        json!({
            "name": format!("{program} {layer} {vocab}"), "program": program, "is_peer": program == "tensorflow",
            "setting": {"layer": layer, "vocab": vocab, "threads": 2}, "with": null, "step_seconds": spread(seconds),
        })
    };
    let mut record = train_record(1.0, 1.0);
    record["task"] = "step".into();
    record["versions"] = json!({"lexmax": "0", "tensorflow": "2.21"});
    record["entries"] = json!([
        entry("lexmax", "full", 36_000, 9.0),
        entry("lexmax", "full", 100_000, 0.25),
        entry("tensorflow", "full", 100_000, 0.5),
        entry("lexmax", "sampled:samples=8192", 100_000, 0.05),
        entry("tensorflow", "sampled:samples=8192", 100_000, 0.2),
    ]);
    write(root.path(), "benches/records/2026-01-02-steps.json", &record.to_string());
    rewrite(root.path()).unwrap_or_else(|fault| panic!("{fault}"));
    let readme = read(root.path(), "README.md");
    let row = "| a step of full softmax, V = 100,000 | 250 ms | tensorflow 2.21 | 500 ms | 4 | 2.0 |";
    assert!(readme.contains(row), "{readme}");
    let row = "| a step of sampled softmax, V = 100,000 | 50.0 ms | tensorflow 2.21 | 200 ms | 4 | 4.0 |";
    assert!(readme.contains(row), "{readme}");
    assert_eq!(readme.lines().filter(|line| line.starts_with("| a")).count(), 6, "{readme}");
    let short = read(root.path(), "docs/page.md");
    assert!(
        short.contains("| a step of full softmax, V = 100,000 | 250 ms | tensorflow 2.21: 500 ms | 2.0 |"),
        "{short}"
    );
    assert!(!short.contains("commit") && !short.contains('('), "{short}");
}

#[test]
fn errors_name_the_place() {
    let fault = |page: &str| {
        let root = root("", page);
        let fault = check(root.path()).expect_err(page);
        // No file is written when another has an error.
        write(root.path(), "README.md", &region("train beside"));
        rewrite(root.path()).expect_err(page);
        assert_eq!(read(root.path(), "README.md"), region("train beside"));
        fault.to_string()
    };
    for (name, told) in [
        ("trains beside", "docs/page.md:3: unknown table \"trains\" (known: speed, train, "),
        ("train besides", "docs/page.md:3: no record \"besides\" in benches/records (there are: beside)"),
        ("train", "docs/page.md:3: the table needs the label of a record; write `<!-- begin generated: train LABEL"),
        ("train beside thread=2", "docs/page.md:3: unknown option \"thread\" (known: threads, programs)"),
        ("train beside threads=3", "docs/page.md:3: the record beside has no entry with 3 threads"),
        ("compare beside columns=nll", "docs/page.md:3: the record beside has no comparison: its task is train"),
        ("speed form=long", "docs/page.md:3: unknown form \"long\" (known: short)"),
        ("machines beside", "docs/page.md:3: unknown word \"beside\""),
        ("speed", "docs/page.md:3: no record \"steps of the tree and of full softmax\""),
    ] {
        let found = fault(&region(name));
        assert!(found.starts_with(told), "{found}\n{told}");
    }
    let begin = "<!-- begin generated: train beside -->\n";
    assert!(fault(begin).starts_with("docs/page.md:1: this region has no"));
    assert!(fault(&format!("\n{begin}{begin}<!-- end generated -->\n")).starts_with("docs/page.md:2: this region"));
    assert!(fault("\n\n<!-- end generated -->\n").starts_with("docs/page.md:3: `<!-- end generated -->` without"));
}

#[test]
fn regions_in_fenced_code_are_passed_over() {
    let root = root("", &format!("```md\n{}```\n", region("nonsense")));
    assert_eq!(check(root.path()).unwrap(), "all 0 regions are up to date");
}

#[test]
fn a_malformed_record_is_an_error_with_its_file_and_line() {
    let root = root("", "");
    let broken = |name: &str, text: &str| {
        let path = root.path().join("benches/records").join(name);
        fs::write(&path, text).unwrap();
        let fault = check(root.path()).expect_err(text);
        fs::remove_file(path).unwrap();
        fault
    };
    let fault = broken("2026-01-03-bad.json", "{\n\"form\": 1,\n\"date\": 5}");
    assert!(matches!(fault, Fault::Record { .. }));
    assert!(fault.to_string().contains("2026-01-03-bad.json") && fault.to_string().contains("line 3"), "{fault}");
    let mut record = train_record(1.0, 2.0);
    record["task"] = "scale".into();
    record["reports"] = json!([{"command": "lexmax scale", "report": {"dim": "wide"}}]);
    let fault = broken("2026-01-03-bad.json", &serde_json::to_string_pretty(&record).unwrap());
    assert!(matches!(fault, Fault::Record { .. }) && fault.to_string().contains("line "), "{fault}");
    record["form"] = 99.into();
    assert!(matches!(broken("2026-01-03-bad.json", &record.to_string()), Fault::Form { form: 99, .. }));
    assert!(matches!(broken("bad.json", &train_record(1.0, 2.0).to_string()), Fault::Name { .. }));
}

/// Reports of lexmax itself: the recorder wraps them, and the tables are made of what it has written.
#[test]
fn reports_become_records_and_records_become_tables() {
    let pages = [
        "scale sizes columns=step@100000,madds@1000000,growth",
        "compare small columns=nll,excess,examples,madds",
        "rates two value=nll",
        "seeds two",
        "commands two",
        "commands beside",
        "machines",
    ];
    let root = root(&region("speed"), &pages.map(region).concat());
    let records = root.path().join("benches/records");
    let main = |words: &[&str]| {
        let words = [&["record", "report", "--folder", records.to_str().unwrap()], words].concat();
        recorder::main(words.iter().map(|word| word.to_string()))
    };
    let compare = ["compare", "--vocab", "50", "--classes", "5", "--examples", "600", "--valid-examples", "50"];
    let layers = ["--threads", "1", "--layers", "full,hierarchical"];
    assert_eq!(main(&[&["--label", "small", "--"][..], &compare, &layers].concat()), 0);
    let with = ["--label", "two", "--with", "--lr 0.05 --seed 1", "--with", "--lr 0.1 --seed 2", "--"];
    assert_eq!(main(&[&with[..], &compare, &layers].concat()), 0);
    assert_eq!(main(&["--label", "none", "--", "train"]), 2);
    assert_eq!(main(&["--label", "none"]), 2);

    // A finished report is wrapped without a run, and its paths are cut to file names.
    let point = |layer: &str, vocab: u64, step: f64| {
        json!({
            "layer": layer, "vocab": vocab, "step_ns_per_example": step, "evaluation_ns_per_example": 3.5,
            "multiply_adds": 64.0 * 2e6, "peak_bytes": 1.5e9, "steps": 7, "build_seconds": 1.0,
        })
    };
    let points: Vec<_> = [100_000, 1_000_000]
        .into_iter()
        .flat_map(|vocab| [point("full", vocab, 6.0e5), point("hierarchical", vocab, 1250.0)])
        .collect();
    let scale = json!({
        "lexmax": "0.1.0", "dim": 128, "batch": 64, "threads": 2, "points": points,
        "fits": [{"layer": "full", "growth": "as V^1.03"}],
        "run": {
            "command": "lexmax scale --layers full,hierarchical:vectors=/a/b.bin --out /tmp/x/sizes",
            "unix_seconds": 1_796_027_503, "processor": "P", "cores": 2, "system": "s", "rustc": "rustc 1 (x)",
        },
    });
    let path = root.path().join("scale.json");
    fs::write(&path, scale.to_string()).unwrap();
    let from = ["--label", "sizes", "--from", path.to_str().unwrap()];
    assert_eq!(main(&from), 2);
    assert_eq!(main(&[&from[..], &["--commit", "abcdef0123", "--simd", "avx512"]].concat()), 0);
    let record: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(records.join("2026-11-30-sizes.json")).unwrap()).unwrap();
    let command = "lexmax scale --layers full,hierarchical:vectors=b.bin --out sizes";
    assert_eq!(record["reports"][0]["command"], command);
    assert!(record["reports"][0]["report"]["points"][0].get("build_seconds").is_none());
    assert_eq!((&record["date"], &record["task"]), (&"2026-11-30T08:31:43Z".into(), &"scale".into()));
    fs::write(&path, r#"{"lexmax": "0.1.0"}"#).unwrap();
    assert_ne!(main(&[&from[..], &["--commit", "abcdef0123", "--simd", "avx512"]].concat()), 0);

    rewrite(root.path()).unwrap_or_else(|fault| panic!("{fault}"));
    let page = read(root.path(), "docs/page.md");
    assert!(page.contains("| `full` | 600 µs | 2.00 M | as V^1.03 |"), "{page}");
    assert!(page.contains("| layer | held-out NLL, nats | above the truth, nats | examples | multiply-adds"), "{page}");
    assert!(
        page.contains("| layer | held-out NLL, rate 0.05 | held-out NLL, rate 0.1 | multiply-adds an example |"),
        "{page}"
    );
    let best = |line: &&str| line.starts_with("| `") && line.contains("** |");
    assert_eq!(page.lines().filter(best).count(), 2, "{page}");
    assert_eq!(page.lines().filter(|line| line.ends_with(" | 2 |") && line.contains(" ± ")).count(), 2, "{page}");
    assert!(page.contains("# beside\ncargo bench --bench record -- train --with 'a=--x 1'\n"), "{page}");
    assert!(page.contains("--lr 0.05 --seed 1\nlexmax compare"), "{page}");
    assert!(!page.contains("/tmp") && !page.contains("--out"), "{page}");
    let readme = read(root.path(), "README.md");
    let row =
        "| an epoch of CBOW, hierarchical softmax | 2.00 s (1.75–2.50) | gensim 4.4.0 | 5.00 s (4.75–5.50) | 3 | 2.5 |";
    assert!(readme.contains(row), "{readme}");
    let row =
        "| a step of hierarchical softmax, V = 100,000, an example | 1.25 µs | `full` of lexmax | 600 µs | 7 | 480 |";
    assert!(readme.contains(row), "{readme}");
    assert_eq!(readme.lines().filter(|line| line.starts_with("| a")).count(), 6);
}

#[test]
fn numbers_are_short() {
    let times = [0.5, 551.4, 999.6, 12_340.0, 999_600.0, 7.71e6, 2.5e9].map(text::time);
    assert_eq!(times, ["0.50 ns", "551 ns", "1.00 µs", "12.3 µs", "1.00 ms", "7.71 ms", "2.50 s"]);
    assert_eq!([640.0, 35_994.0, 2.5e6, 3e10].map(text::count), ["640", "36.0 k", "2.50 M", "30.0 G"]);
    assert_eq!([0, 999, 1_000, 1_234_567].map(text::whole), ["0", "999", "1,000", "1,234,567"]);
    assert_eq!(text::fixed(None, 2), text::fixed(Some(f64::NAN), 2));
}
