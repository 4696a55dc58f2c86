//! Runs that are interrupted and resume: in deterministic mode with the same bits, after any interruption and on any
//! number of threads.

mod batches;
mod best;
mod place;

use assert_cmd::cargo::CommandCargoExt;
use lexmax::corpus::{Context, Corpus, Direction, Window};
use lexmax::layer::Bias;
use lexmax::layer::catalogue::CATALOGUE;
use lexmax::model::{Architecture, Encoding, ModelReader, ModelWriter, SharedModel};
use lexmax::table::CachedRows;
use lexmax::table::Optimizer;
use lexmax::train::{
    AtRest, Hogwild, LinearDecay, Next, Observer, Outcome, Progress, State, deterministic_watched, hogwild_watched,
};
use lexmax::vocab::Vocabulary;
use lexmax::{Error, Result};
use place::{Place, ok, refused, text};
use std::io::Cursor;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

fn corpus(words: usize, lines: usize) -> (Vocabulary, Corpus) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text(words, lines)).unwrap();
    Corpus::load(&[file.path()], 1).unwrap()
}

fn new(a: &Architecture, vocab: &Vocabulary) -> SharedModel {
    let (encoder, layer) = (a.encoder(vocab.len()).unwrap(), a.layer(vocab, None).unwrap());
    SharedModel::new(encoder, layer, vocab.counts(), 5).unwrap()
}

fn file(a: &Architecture, vocab: &Vocabulary, model: &SharedModel) -> Vec<u8> {
    let mut file = Vec::new();
    ModelWriter::new(a, vocab, model).unwrap().write(&mut file).unwrap();
    file
}

/// Stops at the n-th thing that it hears, and keeps what a run needs to go on from there.
struct StopsAt<'a> {
    architecture: &'a Architecture,
    vocab: &'a Vocabulary,
    left: usize,
    /// The state, and a checkpoint's file with it.
    kept: Option<(State, Vec<u8>)>,
}

impl Observer for StopsAt<'_> {
    fn progress(&mut self, at: &Progress) -> Next {
        assert!(at.share <= 1.0 && at.rate > 0.0);
        self.left = self.left.saturating_sub(1);
        // Looks in between leave no trace.
        if self.left == 0 {
            Next::Stop
        } else if self.left.is_multiple_of(3) {
            Next::Look
        } else {
            Next::Go
        }
    }

    fn look(&mut self, at: &AtRest) -> Result<Next> {
        if at.is_end {
            let state = serde_json::to_string(&at.state()).unwrap();
            let writer = ModelWriter::new(self.architecture, self.vocab, at.model).unwrap();
            let (mut file, writer) = (Vec::new(), writer.with_state(state).unwrap());
            writer.write(&mut file).unwrap();
            assert_eq!(file.len() as u64, writer.bytes().unwrap());
            let reader = || ModelReader::open(Cursor::new(&file), Path::new("c")).unwrap();
            // It still is a model to whoever only reads.
            reader().read().unwrap();
            self.kept = Some((reader().read_state().unwrap(), file));
        }
        Ok(Next::Go)
    }
}

fn settings(workers: usize, window: Window) -> Hogwild {
    {
        let mut made = Hogwild::new(window, LinearDecay::new(0.02));
        made.sample = 0.1;
        made.epochs = 3;
        made.workers = workers;
        made.cached = CachedRows::First(5);
        made.seed = 9;
        made
    }
}

type Step<'a> = dyn Fn(&mut SharedModel, Option<&State>, &mut StopsAt) -> Outcome + 'a;

/// Trains in slices of `heard` reports, each in a new model; gives the last model and its outcome, and the slices.
fn in_slices(a: &Architecture, vocab: &Vocabulary, heard: usize, step: &Step) -> (Vec<u8>, Outcome, usize) {
    let mut from: Option<(State, Vec<u8>)> = None;
    for slices in 1.. {
        let mut model = new(a, vocab);
        if let Some((_, file)) = &from {
            ModelReader::open(Cursor::new(file), Path::new("c")).unwrap().read_into(&mut model).unwrap();
        }
        let mut observer = StopsAt { architecture: a, vocab, left: heard, kept: None };
        let outcome = step(&mut model, from.as_ref().map(|f| &f.0), &mut observer);
        if !outcome.stopped {
            return (file(a, vocab, &model), outcome, slices);
        }
        from = observer.kept;
    }
    unreachable!("slices end")
}

/// In blocks of so many positions.
fn assert_layers_go_on<'a>(layers: impl IntoIterator<Item = &'a str>, encoding: Encoding, block: usize) {
    let (vocab, corpus) = corpus(40, 620);
    for name in layers {
        let window = match encoding {
            Encoding::Mean => Window::new(Direction::SkipGram, Context::Both, 2, true).unwrap(),
            _ => Encoding::window(3).unwrap(),
        };
        let layer = name.parse().unwrap();
        let mut a = Architecture::new(layer, window, 9);
        (a.encoding, a.optimizer) = (encoding, Optimizer::Sgd);
        let run = |threads: usize| {
            let (corpus, counts) = (&corpus, vocab.counts());
            move |model: &mut SharedModel, from: Option<&State>, observer: &mut StopsAt| {
                let mut settings = settings(threads, window);
                settings.block = block;
                deterministic_watched(model, corpus, counts, &settings, from, observer).unwrap()
            }
        };
        let (whole, outcome, slices) = in_slices(&a, &vocab, usize::MAX, &run(1));
        assert_eq!(slices, 1);
        assert_eq!(outcome.words, 3 * corpus.ledger().kept);
        let (again, sum, slices) = in_slices(&a, &vocab, 1, &run(3));
        assert!(slices > 1, "{name}: {slices} slices");
        assert!(whole == again, "{name} {encoding:?}");
        assert_eq!((sum.examples, sum.layer_cost), (outcome.examples, outcome.layer_cost));
        assert_eq!(sum.passes, outcome.passes);
        let losses = |o: &Outcome| o.epochs.iter().map(|e| e.train_loss.to_bits()).collect::<Vec<_>>();
        assert_eq!(losses(&sum), losses(&outcome), "{name}");
    }
}

#[test]
fn every_layer_goes_on_as_if_nothing_had_been() {
    assert_layers_go_on(CATALOGUE.iter().map(|entry| entry.name), Encoding::Mean, 1);
}

#[test]
fn blocks_go_on_as_if_nothing_had_been() {
    assert_layers_go_on(["negative", "negative:hits=drop", "hierarchical"], Encoding::Mean, 8);
}

#[test]
fn an_ngram_model_goes_on_as_if_nothing_had_been() {
    assert_layers_go_on(["full", "hierarchical", "sampled-quadratic"], Encoding::NGram { embedding: 5 }, 1);
}

#[test]
#[ignore = "soak: every layer"]
fn every_layer_of_an_ngram_model_goes_on_as_if_nothing_had_been() {
    assert_layers_go_on(CATALOGUE.iter().map(|entry| entry.name), Encoding::NGram { embedding: 5 }, 1);
}

#[test]
fn a_state_of_another_run_is_refused() {
    let (vocab, corpus) = corpus(40, 300);
    let window = Window::new(Direction::Cbow, Context::Both, 3, true).unwrap();
    let layer = "negative".parse().unwrap();
    let mut a = Architecture::new(layer, window, 9);
    (a.bias, a.optimizer) = (Bias::None, Optimizer::Sgd);
    let mut model = new(&a, &vocab);
    let mut observer = StopsAt { architecture: &a, vocab: &vocab, left: 1, kept: None };
    let settings = settings(1, window);
    deterministic_watched(&mut model, &corpus, vocab.counts(), &settings, None, &mut observer).unwrap();
    let good = serde_json::to_value(&observer.kept.unwrap().0).unwrap();
    for (pointer, value, field) in [
        ("/workers/0/position", 100_000.into(), "position"),
        ("/workers/1/next", 9_000_000_u64.into(), "next"),
        ("/workers/1/next", 0.into(), "next"),
        ("/workers/2/sentence/0", 40.into(), "sentence"),
        ("/workers/3/words", u64::MAX.into(), "words"),
        ("/phase", 0.into(), "phase"),
        ("/read", u64::MAX.into(), "read"),
        ("/seconds", f64::NAN.to_bits().into(), "seconds"),
        ("/workers", serde_json::json!([]), "workers"),
        ("/workers/0/passes/0/dropped", u64::MAX.into(), "passes"),
    ] {
        let mut state = good.clone();
        *state.pointer_mut(pointer).expect(pointer) = value;
        let state: State = serde_json::from_value(state).unwrap();
        let mut observer = StopsAt { architecture: &a, vocab: &vocab, left: 1, kept: None };
        let refused =
            deterministic_watched(&mut model, &corpus, vocab.counts(), &settings, Some(&state), &mut observer);
        assert!(matches!(refused, Err(Error::StateField { field: f }) if f == field), "{pointer}");
    }
}

/// Looks at every report, so that the run rests as often as can be.
struct Restless(usize);

impl Observer for Restless {
    fn progress(&mut self, _: &Progress) -> Next {
        Next::Look
    }

    fn look(&mut self, at: &AtRest) -> Result<Next> {
        assert!(at.model.is_finite());
        self.0 += 1;
        Ok(Next::Go)
    }
}

#[test]
fn one_hogwild_worker_gives_the_same_bits_however_often_it_rests() {
    let window = Window::new(Direction::SkipGram, Context::Both, 5, true).unwrap();
    for (name, words, lines, dim, block) in [
        ("negative", 200, 10_000, 40, 1),
        ("negative", 200, 10_000, 40, 8),
        ("hierarchical", 200, 10_000, 40, 1),
        ("hierarchical", 200, 10_000, 40, 8),
        ("sampled-quadratic:samples=4", 40, 2_500, 9, 1),
        ("sampled-midx:samples=4", 40, 2_500, 9, 1),
    ] {
        let (vocab, corpus) = corpus(words, lines);
        let layer = name.parse().unwrap();
        let mut a = Architecture::new(layer, window, dim);
        (a.bias, a.optimizer) = (Bias::None, Optimizer::Sgd);
        let mut settings = settings(1, window);
        settings.block = block;
        let train = |observer: &mut dyn Observer| {
            let mut model = new(&a, &vocab);
            hogwild_watched(&mut model, &corpus, vocab.counts(), &settings, None, observer).unwrap();
            file(&a, &vocab, &model)
        };
        let mut quiet = StopsAt { architecture: &a, vocab: &vocab, left: usize::MAX, kept: None };
        let whole = train(&mut quiet);
        let mut restless = Restless(0);
        assert!(train(&mut restless) == whole, "{name}");
        assert!(restless.0 >= 1);
        let step = |model: &mut SharedModel, from: Option<&State>, observer: &mut StopsAt| {
            hogwild_watched(model, &corpus, vocab.counts(), &settings, from, observer).unwrap()
        };
        let (again, outcome, _) = in_slices(&a, &vocab, 1, &step);
        assert!(again == whole, "{name}");
        assert_eq!(outcome.words, 3 * corpus.ledger().kept);
    }
}

#[test]
fn killed_at_any_moment_and_resumed_it_gives_the_same_bytes() {
    let place = Place::new(12_000);
    for (layer, model) in [("negative", "skipgram"), ("hierarchical", "cbow")] {
        let base = ["--layer", layer, "--model", model, "--epochs", "2", "--deterministic", "--sample", "0"];
        // One of them leaves the best model by a held-out text.
        let valid = if model == "cbow" { &["--valid", "valid.txt", "--patience", "1"][..] } else { &[] };
        let base = [&base[..], valid].concat();
        let all = |more: &[&'static str]| [&base[..], more].concat();
        ok(place.run("whole.bin", &all(&["--threads", "1", "--save-model", "whole.model"])));
        let dir = format!("checkpoints-{layer}");
        let more = ["--threads", "2", "--save-model", "m", "--checkpoint", &dir, "--checkpoint-every", "0.001"];
        let more = [&base[..], &more, &["--resume", "--log", "log"]].concat();
        let kills = place.kill_until_done("v.bin", &more);
        assert!(kills > 0, "nothing was killed");
        let resumed = place.log("log").iter().filter(|line| line["resumed_seconds"].is_f64()).count();
        assert!(resumed > 0, "{kills} killed, none went on");
        assert!(place.read("v.bin") == place.read("whole.bin"), "{layer}: {kills} killed, {resumed} went on");
        assert!(place.read("m") == place.read("whole.model"), "{layer}");
        std::fs::remove_file(place.path("log")).unwrap();
    }
}

#[test]
fn slices_of_time_make_one_run_and_other_runs_are_refused() {
    let place = Place::new(6_000);
    let base = ["--layer", "negative", "--epochs", "2", "--deterministic", "--threads", "2"];
    ok(place.run("whole.bin", &base));
    let sliced = ["--checkpoint", "c", "--resume", "--budget", "0.02"];
    let mut slices = 1;
    while ok(place.run("v.bin", &[&base[..], &sliced].concat())).contains("ended by the budget") {
        slices += 1;
    }
    assert!(slices > 1 && place.read("v.bin") == place.read("whole.bin"), "{slices} slices");
    let with = |more: &[&'static str]| place.run("w.bin", &[&base[..], &["--checkpoint", "c"], more].concat());
    refused(with(&[]), "there is a checkpoint already");
    refused(with(&["--resume", "--lr", "0.01"]), "rate is \"0.025 to 0.0000025\" there, but \"0.01 to 0.000001\"");
    refused(with(&["--resume", "--window", "4"]), "window is");
    refused(with(&["--resume", "--block", "4"]), "block is \"8\" there, but \"4\" here");
    refused(with(&["--resume", "--seed", "2"]), "seed is \"1\" there, but \"2\" here");
    std::fs::write(place.path("text.txt"), text(300, 6_001)).unwrap();
    refused(with(&["--resume"]), "text is");
    std::fs::write(place.path("c/checkpoint.safetensors"), "{}").unwrap();
    refused(with(&["--resume"]), "checkpoint.safetensors: the file has 2 bytes");
    assert!(!place.path("w.bin").exists());
}

#[test]
fn what_diverges_says_why_writes_nothing_and_leaves_the_last_checkpoint() {
    let place = Place::new(2_000);
    for mode in [&["--deterministic"][..], &["--threads", "2"]] {
        let more =
            ["--lr", "1e30", "--save-model", "m", "--log", "log", "--checkpoint", "c", "--checkpoint-every", "0.001"];
        refused(place.run("v.bin", &[mode, &more].concat()), "layer negative: ");
        assert!(!place.path("v.bin").exists() && !place.path("m").exists());
        let log = place.log("log");
        let end = log.last().unwrap();
        assert!(end["event"] == "end" && end["why"] == "error", "{end}");
        assert!(end["message"].as_str().unwrap().contains("try a rate of 0.025 or less"), "{end}");
        if place.path("c/checkpoint.safetensors").exists() {
            let bytes = place.read("c/checkpoint.safetensors");
            ModelReader::open(Cursor::new(bytes), Path::new("c")).unwrap().read().unwrap();
        }
        std::fs::remove_dir_all(place.path("c")).unwrap();
    }
}

#[test]
fn a_run_is_logged_evaluated_and_ended_by_patience() {
    let place = Place::new(3_000);
    for mode in [&["--deterministic"][..], &["--threads", "2"]] {
        let base = [mode, &["--epochs", "3", "--layer", "full", "--model", "cbow", "--lr", "0.05"]].concat();
        let more = ["--valid", "valid.txt", "--log", "log", "--json", "facts.json"];
        ok(place.run("v.bin", &[&base[..], &more].concat()));
        let log = place.log("log");
        assert_eq!(log[0]["event"], "start");
        assert_eq!(log[0]["text_sha256"].as_str().unwrap().len(), 64);
        assert_eq!(log[0]["settings"]["layer"], "full");
        let nll: Vec<f64> = log.iter().filter(|l| l["event"] == "valid").map(|l| l["nll"].as_f64().unwrap()).collect();
        assert!(!nll.is_empty() && nll.last() < Some(&(300_f64.ln())), "{nll:?}");
        if mode[0] == "--deterministic" {
            assert_eq!(nll.len(), 3);
        }
        let progress = log.iter().rfind(|l| l["event"] == "progress").unwrap();
        assert_eq!(progress["words"], 3 * 3_000 * 20);
        assert!(progress["words_per_second"].as_f64().unwrap() > 0.0);
        let end = log.last().unwrap();
        assert!(end["event"] == "end" && end["why"] == "complete" && end["nll"] == nll[nll.len() - 1], "{end}");
        let facts: serde_json::Value = serde_json::from_slice(&place.read("facts.json")).unwrap();
        assert_eq!(facts["valid_nll"], nll[nll.len() - 1]);
        assert_eq!(facts["ended"], "complete");
    }
    // At a rate of 0 nothing gets better.
    let still = ["--deterministic", "--lr", "0", "--epochs", "50", "--valid", "valid.txt", "--patience", "2"];
    let said = ok(place.run("v.bin", &[&still[..], &["--log", "log"]].concat()));
    assert!(said.contains("ended by patience"), "{said}");
    let log = place.log("log");
    assert_eq!(log.iter().filter(|l| l["event"] == "valid").count(), 3);
    assert_eq!(log.last().unwrap()["why"], "patience");
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_valid_vectors() {
    let place = Place::new(4_000);
    for mode in [&["--deterministic"][..], &["--threads", "2"]] {
        let long = [mode, &["--epochs", "5000", "--save-model", "m", "--log", "log"]].concat();
        let child = place.command("v.bin", &long).spawn().unwrap();
        while !std::fs::read_to_string(place.path("log")).is_ok_and(|log| log.contains("start")) {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(50));
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&output.status), Some(2));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("interrupted"), "{said}");
        ModelReader::open(Cursor::new(place.read("m")), Path::new("m")).unwrap().read().unwrap();
        assert!(place.read("v.bin").starts_with(b"300 40\n"));
        assert_eq!(place.log("log").last().unwrap()["why"], "interrupted");
        std::fs::remove_file(place.path("log")).unwrap();
    }
}

#[test]
fn a_run_starts_from_what_was_learned() {
    let place = Place::new(2_000);
    for layer in ["negative", "hierarchical", "adaptive:cutoffs=20"] {
        let base = ["--deterministic", "--layer", layer, "--epochs", "2"];
        let old = ["--save-model", "old.model"];
        ok(place.run("old.bin", &[&base[..], &old].concat()));
        let model =
            |name: &str| ModelReader::open(Cursor::new(place.read(name)), Path::new(name)).unwrap().read().unwrap();
        let command = |init: &str, corpus: &str| {
            let mut command = Command::cargo_bin("lexmax").unwrap();
            command.current_dir(place.folder.path()).args(["train", "--dim", "40", "--corpus", corpus]).args(base);
            command.args(["--lr", "0", "--init", init, "--save-model", "new.model", "--json", "f", "--min-count", "1"]);
            ok(command.args(["--out", "new.bin"]).output().unwrap());
            serde_json::from_slice::<serde_json::Value>(&place.read("f")).unwrap()["warm"].clone()
        };
        // The same text: everything is taken over.
        let warm = command("old.model", "text.txt");
        let tables = model("old.model").2.layer_tables().len();
        assert_eq!(
            warm,
            serde_json::json!({
                "copied": 300, "new": 0, "left_out": 0, "layer_tables": [tables, tables],
            })
        );
        let (old, new) = (model("old.model").2, model("new.model").2);
        for (old, new) in old.encoder_tables().iter().zip(new.encoder_tables()) {
            assert_eq!(old.weights(), new.weights());
        }
        for (old, new) in old.layer_tables().iter().zip(new.layer_tables()) {
            assert_eq!((old.weights(), old.bias()), (new.weights(), new.bias()), "{layer}");
        }
        // Another text: words that are known keep their rows, others start as usual.
        let other = text(200, 300) + &"neu wort ".repeat(50) + "\n";
        std::fs::write(place.path("other.txt"), other).unwrap();
        let warm = command("old.model", "other.txt");
        assert_eq!((&warm["copied"], &warm["new"], &warm["left_out"]), (&200.into(), &2.into(), &100.into()));
        let ((_, words, old), (_, now, new)) = (model("old.model"), model("new.model"));
        let row_a_word = layer == "negative";
        assert_eq!(warm["layer_tables"][0], i32::from(row_a_word));
        for word in 0..now.len() as u32 {
            let (table, before) = (&new.encoder_tables()[0], &old.encoder_tables()[0]);
            match words.id(now.word(word)) {
                Some(id) => assert_eq!(table.row(word), before.row(id)),
                None => assert!(table.row(word).iter().all(|x| x.abs() <= 0.5 / 40.0)),
            }
            if row_a_word {
                let (table, before) = (&new.layer_tables()[0], &old.layer_tables()[0]);
                let id = words.id(now.word(word));
                assert!(id.map_or(table.row(word).iter().all(|x| *x == 0.0), |id| table.row(word) == before.row(id)));
            }
        }
        if layer == "hierarchical" {
            assert!(new.layer_tables()[0].weights().iter().all(|x| *x == 0.0), "another tree");
        }
        // Vectors alone.
        let warm = command("old.bin", "other.txt");
        assert_eq!((&warm["copied"], &warm["layer_tables"][0]), (&200.into(), &0.into()));
    }
    // Vectors of other words or of another size are refused.
    for (vectors, says) in [("1 40\nelse", "none of its 1 words"), ("1 39\nw0", "39 numbers, but the model has 40")] {
        let dim = vectors.split([' ', '\n']).nth(1).unwrap().parse().unwrap();
        std::fs::write(place.path("few.txt"), vectors.to_string() + &" 0.5".repeat(dim) + "\n").unwrap();
        refused(place.run("x.bin", &["--init", "few.txt"]), says);
    }
    assert!(!place.path("x.bin").exists());
}

#[test]
fn a_proposal_that_no_sampler_has_seen_is_refused() {
    let (vocab, corpus) = corpus(40, 300);
    let window = Window::new(Direction::Cbow, Context::Both, 3, true).unwrap();
    for (layer, tensor, field) in [
        ("sampled-quadratic", "proposal.0", "shares of words"),
        ("sampled-midx", "proposal.0", "shares of words"),
        ("sampled-midx", "proposal.2", "codes"),
    ] {
        let mut a = Architecture::new(layer.parse().unwrap(), window, 9);
        (a.bias, a.optimizer) = (Bias::None, Optimizer::Sgd);
        let mut observer = StopsAt { architecture: &a, vocab: &vocab, left: 1, kept: None };
        let settings = settings(1, window);
        deterministic_watched(&mut new(&a, &vocab), &corpus, vocab.counts(), &settings, None, &mut observer).unwrap();
        let (_, mut file) = observer.kept.unwrap();
        let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
        let header: serde_json::Value = serde_json::from_slice(&file[8..8 + length]).unwrap();
        let at = 8 + length + header[tensor]["data_offsets"][0].as_u64().unwrap() as usize;
        for bad in [-1.0_f32, f32::NAN, 1e9, 0.5] {
            if tensor == "proposal.0" && bad > 0.0 {
                continue;
            }
            file[at..at + 4].copy_from_slice(&bad.to_le_bytes());
            let mut reader = ModelReader::open(Cursor::new(&file), Path::new("c")).unwrap();
            let refused = reader.read_into(&mut new(&a, &vocab)).unwrap_err().to_string();
            assert!(refused.contains(if bad.is_nan() { tensor } else { field }), "{tensor} {bad}: {refused}");
        }
    }
}
