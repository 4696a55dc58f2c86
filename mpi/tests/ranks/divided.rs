//! Vocabularies that are divided among real ranks, beside one process.

use crate::job::{Done, Job, USUAL, has_mpi, lexmax};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Runs a command on some ranks, or in one process without `mpirun`.
fn run(ranks: usize, arguments: &[&str], folder: &Path) -> Done {
    let part = lexmax(arguments);
    let job = if ranks == 1 { Job::new(&part.0).args(&part.1) } else { Job::of(ranks, &part) };
    job.within(folder).run(USUAL).with(0)
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The report of a comparison without its times.
fn report(folder: &Path) -> Value {
    let mut found = json(&folder.join("out/compare.json"));
    for layer in found["layers"].as_array_mut().unwrap() {
        let layer = layer.as_object_mut().unwrap();
        for time in ["seconds", "ns_per_example"] {
            assert!(layer.remove(time).unwrap().as_f64().unwrap() > 0.0);
        }
        layer["curve"]
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .for_each(|at| drop(at.as_object_mut().unwrap().remove("seconds")));
    }
    found["layers"].clone()
}

#[test]
fn a_comparison_has_the_bytes_of_one_process() {
    if has_mpi() {
        let layers = "full,differentiated,differentiated-projected,adaptive,class-based,sparsemax,entmax,\
                      self-normalized,infrequent,hierarchical,sampled,negative";
        let mut arguments = vec!["compare", "--layers", layers, "--vocab", "2100", "--classes", "8", "--out", "out"];
        arguments.extend(["--examples", "600", "--valid-examples", "64", "--threads", "1", "--vocab-parallel"]);
        let reports: Vec<_> = (1..=4)
            .map(|ranks| {
                let folder = tempfile::tempdir().unwrap();
                run(ranks, &arguments, folder.path()).once("out/compare.html");
                report(folder.path())
            })
            .collect();
        assert_eq!(reports[0].as_array().unwrap().len(), 12);
        assert!(reports.iter().all(|report| *report == reports[0]), "{reports:#?}");
    }
}

/// A step sends 40·B bytes of statistics for each of 16 strips to each other rank, and ∂L/∂hidden down the chain and
/// back.
#[test]
fn a_step_has_the_loss_of_one_process_and_sends_the_bytes_of_the_closed_form() {
    if has_mpi() {
        let folder = tempfile::tempdir().unwrap();
        let mut arguments = vec!["step", "--layer", "full", "--vocab", "8000", "--dim", "20", "--batch", "48"];
        arguments.extend(["--repeats", "2", "--threads", "1", "--json", "step.json", "--vocab-parallel"]);
        let mut losses = Vec::new();
        for ranks in 1..=4 {
            run(ranks, &arguments, folder.path()).once("ms a step");
            let found = json(&folder.path().join("step.json"));
            let others = ranks as u64 - 1;
            assert_eq!(found["ranks"], ranks as u64);
            assert_eq!(found["sent_bytes"], others * 48 * (40 * 16 + 2 * 4 * 20), "{ranks} ranks");
            assert_eq!(found["sent_messages"], others * (ranks as u64 + 2), "{ranks} ranks");
            losses.push(found["loss"].as_f64().unwrap().to_bits());
        }
        assert!(losses.iter().all(|loss| *loss == losses[0]));
    }
}

#[test]
fn idle_ranks_are_told_of() {
    if has_mpi() {
        let folder = tempfile::tempdir().unwrap();
        for (vocab, text) in [("600", "1 of 3 ranks are idle: a table of 600 rows"), ("200", "2 of 3 ranks are idle")] {
            let mut arguments = vec!["step", "--layer", "full", "--vocab", vocab, "--dim", "4", "--batch", "8"];
            arguments.extend(["--repeats", "1", "--threads", "1", "--vocab-parallel"]);
            run(3, &arguments, folder.path()).once(text);
        }
    }
}

#[test]
fn answers_are_those_of_one_process() {
    if has_mpi() {
        let folder = tempfile::tempdir().unwrap();
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpora/sample.txt");
        fs::copy(sample, folder.path().join("sample.txt")).unwrap();
        for layer in ["full", "hierarchical"] {
            let mut arguments = vec!["train", "--corpus", "sample.txt", "--model", "cbow", "--layer", layer];
            arguments.extend(["--dim", "12", "--threads", "1", "--out", "v.bin", "--save-model", "m.safetensors"]);
            run(1, &arguments, folder.path());
            fs::write(folder.path().join("lines"), "the old\nnobodyknowsthis\nof the\n\nto be\n").unwrap();
            let asked = |ranks: usize, more: &[&str]| {
                let arguments = [&["predict", "m.safetensors"], more, &["--vocab-parallel"]].concat();
                run(ranks, &arguments, folder.path()).out
            };
            let of_lines = |ranks: usize| {
                let part = lexmax(["predict", "m.safetensors", "--top", "3", "--vocab-parallel"]);
                let job = if ranks == 1 { Job::new(&part.0).args(&part.1) } else { Job::of(ranks, &part) };
                let done = job.within(folder.path()).reading(&folder.path().join("lines")).run(USUAL).with(0);
                done.once("nobodyknowsthis").out
            };
            let (top, of, lines) = (asked(1, &["the", "old"]), asked(1, &["the", "old", "--of", "the"]), of_lines(1));
            assert_eq!((top.lines().count(), of.lines().count(), lines.lines().count()), (10, 1, 12));
            for ranks in 2..=3 {
                assert_eq!(asked(ranks, &["the", "old"]), top);
                assert_eq!(asked(ranks, &["the", "old", "--of", "the"]), of);
                assert_eq!(of_lines(ranks), lines);
            }
        }
    }
}
