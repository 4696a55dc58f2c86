//! The model that a run with a held-out text leaves.

use super::place::{Place, ok, refused, text};
use assert_cmd::cargo::CommandCargoExt;
use lexmax::WorkerRng;
use lexmax::corpus::{Context, Corpus, Direction, Window, held_out};
use lexmax::eval;
use lexmax::model::{Model, ModelReader};
use lexmax::table::Threads;
use rand::RngExt;
use std::io::Cursor;
use std::path::Path;
use std::process::Command;

const BASE: [&str; 8] = ["--layer", "hierarchical", "--model", "cbow", "--window-rule", "fixed", "--lr", "0.01"];
const VALID: [&str; 6] = ["--valid", "valid.txt", "--patience", "2", "--log", "log"];

/// A held-out text that is better foretold at first, and worse by a model that is sure of what it learned: a fifth of its lines
/// follow no rule.
fn place() -> Place {
    let place = Place::new(1_700);
    let mut rng = WorkerRng::new(2, 0);
    let mut noise = || (0..20).map(|_| format!("w{} ", rng.random_range(0..300))).collect::<String>() + "\n";
    std::fs::write(place.path("valid.txt"), text(300, 40) + &(0..10).map(|_| noise()).collect::<String>()).unwrap();
    place
}

fn model(place: &Place, name: &str) -> Model {
    ModelReader::open(Cursor::new(place.read(name)), Path::new(name)).unwrap().read().unwrap().2
}

/// The held-out NLL of a model's file, by the library.
fn nll(place: &Place, name: &str) -> f64 {
    let file = ModelReader::open(Cursor::new(place.read(name)), Path::new(name)).unwrap();
    let (_, vocab, model) = file.read().unwrap();
    let window = Window::new(Direction::Cbow, Context::Both, 5, false).unwrap();
    let text = Corpus::with_vocabulary(&[place.path("valid.txt")], &vocab).unwrap();
    eval::held_out(&model, &held_out(&text, window, 5_000).unwrap(), &Threads::new(1)).nll()
}

/// What the log says of the held-out text, in order.
fn evaluations(place: &Place) -> Vec<f64> {
    let log = place.log("log");
    log.iter().filter(|line| line["event"] == "valid").map(|line| line["nll"].as_f64().unwrap()).collect()
}

/// Whether two numbers are one: serde_json may read a number one unit in the last place off what was written.
fn same(computed: f64, read: f64) -> bool {
    (computed - read).abs() <= 2.0 * f64::EPSILON * read
}

fn least(all: &[f64]) -> f64 {
    all.iter().copied().fold(f64::INFINITY, f64::min)
}

#[test]
fn patience_leaves_the_best_model_not_the_last() {
    let place = place();
    for mode in [&["--deterministic"][..], &["--threads", "2"]] {
        let run = |out: &str, more: &[&str]| place.run(out, &[mode, &BASE, &VALID, more].concat());
        let said = ok(run("v.bin", &["--epochs", "60", "--save-model", "m", "--json", "facts.json"]));
        assert!(said.contains("ended by patience"), "{said}");
        let all = evaluations(&place);
        let best = least(&all);
        assert!(all.len() >= 3 && all.last() > Some(&best), "{all:?}");
        assert!(same(nll(&place, "m"), best), "{mode:?}: {all:?}");
        let facts: serde_json::Value = serde_json::from_slice(&place.read("facts.json")).unwrap();
        let end = place.log("log").pop().unwrap();
        for told in [&facts["valid_nll"], &end["nll"]] {
            assert_eq!(told, best);
        }
        assert_eq!(end["last_nll"], all[all.len() - 1]);
        // Words read when it was the best: whole passes in deterministic mode, and said to the user.
        let (words, best_words) = (facts["words"].as_u64().unwrap(), facts["best_words"].as_u64().unwrap());
        assert!(best_words < words && said.contains("best"), "{best_words} of {words}: {said}");
        // The vectors are those of that model.
        let vectors = lexmax::vectors::WordVectors::open(place.path("v.bin")).unwrap();
        let model = model(&place, "m");
        assert!((0..300).all(|word| vectors.vector(word) == model.encoder_tables()[0].row(word)), "other vectors");
        // Nothing of it stays beside the output.
        let files = std::fs::read_dir(place.folder.path()).unwrap().count();
        assert_eq!(files, ["text.txt", "valid.txt", "v.bin", "m", "log", "facts.json"].len());
        ["v.bin", "m", "log", "facts.json"].iter().for_each(|name| std::fs::remove_file(place.path(name)).unwrap());
    }
}

#[test]
fn a_budget_leaves_the_best_of_all_that_was_seen() {
    let place = place();
    for mode in [&["--deterministic"][..], &["--threads", "2"]] {
        // Until it is long enough for a model to get worse again, on a machine that does other things too.
        for budget in ["0.5", "2", "8"] {
            let more = ["--epochs", "10000", "--patience", "9000", "--budget", budget, "--save-model", "m"];
            let valid = ["--valid", "valid.txt", "--log", "log"];
            let said = ok(place.run("v.bin", &[mode, &BASE, &valid, &more].concat()));
            assert!(said.contains("ended by the budget"), "{said}");
            let all = evaluations(&place);
            assert!(same(nll(&place, "m"), least(&all)), "{mode:?}: {all:?}");
            if all.last() > Some(&least(&all)) {
                break;
            }
            assert!(budget != "8", "{all:?}");
        }
    }
}

#[test]
fn without_patience_the_last_model_is_left() {
    let place = place();
    let more = ["--deterministic", "--epochs", "15", "--save-model", "m", "--valid", "valid.txt", "--log", "log"];
    let said = ok(place.run("v.bin", &[&BASE[..6], &["--lr", "0.02"], &more].concat()));
    let all = evaluations(&place);
    assert!(all.last() > Some(&least(&all)) && !said.contains("best"), "{all:?}");
    assert!(same(nll(&place, "m"), all[all.len() - 1]), "{all:?}");
}

#[test]
fn slices_leave_the_best_of_the_whole_run() {
    let place = place();
    let base = [&BASE[..], &VALID, &["--deterministic", "--epochs", "60", "--save-model", "m"]].concat();
    ok(place.run("whole.bin", &base));
    let (whole, best) = (place.read("m"), least(&evaluations(&place)));
    let sliced = [&base[..], &["--checkpoint", "c", "--resume", "--budget", "0.05"]].concat();
    let mut slices = 1;
    while ok(place.run("v.bin", &sliced)).contains("ended by the budget") {
        slices += 1;
        assert!(slices < 1_000);
    }
    assert!(slices > 1, "{slices} slices");
    assert!(place.read("m") == whole && place.read("v.bin") == place.read("whole.bin"));
    assert!(same(nll(&place, "m"), best));
    // One best model is kept, beside the checkpoint that speaks of it; the same line again changes nothing.
    let kept = || {
        let names = std::fs::read_dir(place.path("c")).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    };
    let files = kept();
    assert!(files.len() == 2 && files[0].starts_with("best-") && files[1] == "checkpoint.safetensors", "{files:?}");
    let checkpoint = place.read("c/checkpoint.safetensors");
    assert!(ok(place.run("v.bin", &sliced)).contains("ended by patience"));
    assert!(place.read("m") == whole && place.read("c/checkpoint.safetensors") == checkpoint);
    // Another held-out text is another run, and a best model that is gone is missed before anything is trained.
    let valid = place.read("valid.txt");
    std::fs::write(place.path("valid.txt"), text(300, 40)).unwrap();
    refused(place.run("x.bin", &sliced), "valid is");
    std::fs::write(place.path("valid.txt"), valid).unwrap();
    std::fs::remove_file(place.path("c").join(&files[0])).unwrap();
    refused(place.run("x.bin", &sliced), &files[0]);
    assert!(!place.path("x.bin").exists());
}

#[test]
fn a_dry_run_counts_the_files_and_the_copy() {
    let place = Place::new(300);
    ok(place.run("v.bin", &["--epochs", "1", "--save-model", "m"]));
    let file = place.read("m").len() as u64;
    // A word's share and its vector are in the checkpoint of this layer, too.
    for (layer, width) in [("negative", 0), ("sampled-quadratic:samples=4", 1 + 40)] {
        let mut command = Command::cargo_bin("lexmax").unwrap();
        command.current_dir(place.folder.path()).args(["train", "--corpus", "text.txt", "--dim", "40", "--dry-run"]);
        command.args(["--checkpoint", "c", "--valid", "valid.txt", "--patience", "1", "--json", "plan"]);
        ok(command.args(["--layer", layer]).output().unwrap());
        let plan: serde_json::Value = serde_json::from_slice(&place.read("plan")).unwrap();
        // Of the checkpoint and of the best model, each beside the one that takes its place.
        let name = layer.len() as u64 - "negative".len() as u64;
        let bytes = plan["disk_bytes"].as_u64().unwrap();
        let least = 4 * file + 2 * 4 * plan["vocab"].as_u64().unwrap() * width;
        assert!((least..=least + 4 * name.next_multiple_of(8)).contains(&bytes), "{bytes}, not {least}");
        assert_eq!(plan["evaluation_bytes"], plan["parameter_bytes"]);
    }
    assert!(!place.path("c").exists());
}
