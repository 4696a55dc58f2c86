//! Mini-batches over a text: their bits, their examples, and runs that are interrupted and resume.

use super::{StopsAt, corpus, place::*, settings};
use lexmax::corpus::{Context, Direction, Window};
use lexmax::layer::Bias;
use lexmax::layer::catalogue::CATALOGUE;
use lexmax::model::{Architecture, Encoding, Model, ModelReader, ModelWriter, SharedModel};
use lexmax::table::Optimizer;
use lexmax::train::{Hogwild, LinearDecay, Outcome, Progress, State, batches, batches_watched, hogwild};
use lexmax::vocab::Vocabulary;
use lexmax::word2vec::{Checkpoints, EpochEnd, Watch, Word2Vec};
use lexmax::{Error, Result};
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

fn new(a: &Architecture, vocab: &Vocabulary) -> Model {
    let (encoder, layer) = (a.encoder(vocab.len()).unwrap(), a.layer(vocab, None).unwrap());
    Model::new(encoder, layer, vocab.counts(), a.optimizer, 5).unwrap()
}

fn weights(model: &Model) -> Vec<f32> {
    let tables = model.encoder_tables().iter().chain(model.layer_tables());
    tables.flat_map(|table| [table.weights(), table.bias()].concat()).collect()
}

/// With plain descent and one example a batch, this trainer and the one for workers take the same steps.
#[test]
fn batches_of_one_example_are_the_steps_of_one_worker() {
    let (vocab, corpus) = corpus(40, 620);
    let window = Window::new(Direction::Cbow, Context::Both, 3, true).unwrap();
    for name in ["full", "hierarchical", "negative", "sampled", "adaptive:cutoffs=10"] {
        let mut a = Architecture::new(name.parse().unwrap(), window, 9);
        (a.bias, a.optimizer) = (Bias::None, Optimizer::Sgd);
        let mut settings = settings(1, window);
        settings.rate = LinearDecay::to(0.02, 0.02).unwrap();
        let mut own = new(&a, &vocab);
        let (encoder, layer) = (a.encoder(vocab.len()).unwrap(), a.layer(&vocab, None).unwrap());
        let mut shared = SharedModel::new(encoder, layer, vocab.counts(), 5).unwrap();
        let outcome = batches(&mut own, &corpus, vocab.counts(), &settings, 1, &mut |_| {}).unwrap();
        let other = hogwild(&mut shared, &corpus, vocab.counts(), &settings, &mut |_| {}).unwrap();
        assert_eq!((outcome.examples, outcome.words), (other.examples, other.words), "{name}");
        assert_eq!(outcome.passes, other.passes);
        assert!((outcome.train_loss - other.train_loss).abs() <= 1e-5 * other.train_loss, "{name}");
        let start = weights(&new(&a, &vocab));
        let (own, shared) = (weights(&own), weights(&shared.into_model().unwrap()));
        let distance =
            |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
        // Only the rounding differs.
        let (apart, moved) = (distance(&own, &shared), distance(&own, &start));
        assert!(apart <= 1e-4 * moved && moved > 0.5, "{name}: {apart} apart after {moved}");
    }
}

/// Trains in slices of `heard` batches, each in a new model; gives the file of the last model with its optimizer's
/// state, its outcome, and the number of slices.
fn in_slices(
    a: &Architecture,
    vocab: &Vocabulary,
    heard: usize,
    step: &dyn Fn(&mut Model, Option<&State>, &mut StopsAt) -> Outcome,
) -> (Vec<u8>, Outcome, usize) {
    let mut from: Option<(State, Vec<u8>)> = None;
    for slices in 1.. {
        let mut model = new(a, vocab);
        if let Some((_, file)) = &from {
            ModelReader::open(Cursor::new(file), Path::new("c")).unwrap().read_into(&mut model).unwrap();
        }
        let mut observer = StopsAt { architecture: a, vocab, left: heard, kept: None };
        let outcome = step(&mut model, from.as_ref().map(|from| &from.0), &mut observer);
        if !outcome.stopped {
            let mut file = Vec::new();
            ModelWriter::new(a, vocab, &model).unwrap().write(&mut file).unwrap();
            return (file, outcome, slices);
        }
        from = observer.kept;
    }
    unreachable!("slices end")
}

#[test]
fn batches_go_on_as_if_nothing_had_been() {
    let (vocab, corpus) = corpus(40, 620);
    let cbow = Window::new(Direction::Cbow, Context::Both, 2, true).unwrap();
    let skip_gram = Window::new(Direction::SkipGram, Context::Both, 2, true).unwrap();
    let ngram = (Encoding::NGram { embedding: 5 }, Encoding::window(3).unwrap());
    let mean = |window| (Encoding::Mean, window);
    let all = CATALOGUE.iter().map(|entry| (entry.name, mean(cbow), Optimizer::default()));
    let others = [("full", mean(skip_gram), Optimizer::default()), ("full", ngram, Optimizer::Sgd)];
    for (name, (encoding, window), optimizer) in all.chain(others) {
        let mut a = Architecture::new(name.parse().unwrap(), window, 9);
        (a.encoding, a.optimizer) = (encoding, optimizer);
        let run = |threads: usize| {
            let (corpus, counts, settings) = (&corpus, vocab.counts(), settings(threads, window));
            move |model: &mut Model, from: Option<&State>, observer: &mut StopsAt| {
                batches_watched(model, corpus, counts, &settings, 100, from, observer).unwrap()
            }
        };
        let (whole, outcome, slices) = in_slices(&a, &vocab, usize::MAX, &run(1));
        assert_eq!((slices, outcome.words), (1, 3 * corpus.ledger().kept));
        let (again, sum, slices) = in_slices(&a, &vocab, 7, &run(3));
        assert!(slices > 3, "{name}: {slices} slices");
        assert!(whole == again, "{name} {encoding:?}");
        assert_eq!((sum.examples, sum.layer_cost), (outcome.examples, outcome.layer_cost));
        assert_eq!(sum.passes, outcome.passes);
        let losses = |o: &Outcome| o.epochs.iter().map(|e| e.train_loss.to_bits()).collect::<Vec<_>>();
        assert_eq!((losses(&sum), losses(&sum).len()), (losses(&outcome), 3), "{name}");
    }
}

#[test]
fn a_batch_has_the_rate_of_its_beginning() {
    let (vocab, corpus) = corpus(40, 20);
    let window = Window::new(Direction::Cbow, Context::Both, 2, true).unwrap();
    let a = Architecture::new("full".parse().unwrap(), window, 9);
    let trained = |rate: LinearDecay| {
        let (mut model, mut settings) = (new(&a, &vocab), settings(1, window));
        (settings.rate, settings.epochs) = (rate, 1);
        batches(&mut model, &corpus, vocab.counts(), &settings, 1 << 16, &mut |_| {}).unwrap();
        weights(&model)
    };
    let falling = trained(LinearDecay::new(0.1));
    assert!(falling == trained(LinearDecay::to(0.1, 0.1).unwrap()) && falling != weights(&new(&a, &vocab)));
}

/// Stops the run at the first report, if it is to, and counts passes.
struct Passes {
    stop: Option<Arc<AtomicBool>>,
    ended: usize,
}

impl Watch for Passes {
    fn progress(&mut self, _: &Progress) {
        self.stop.iter().for_each(|stop| stop.store(true, Relaxed));
    }

    fn hears_epochs(&self) -> bool {
        true
    }

    fn epoch(&mut self, _: &EpochEnd) -> Result<()> {
        self.ended += 1;
        Ok(())
    }
}

#[test]
fn a_pass_whose_last_sentence_was_interrupted_is_heard_of_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let line = folder.path().join("line.txt");
    std::fs::write(&line, text(40, 200).replace('\n', " ")).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let mut heard = Vec::new();
    for is_stopped in [true, false] {
        stop.store(false, Relaxed);
        let checkpoints = Checkpoints::new(folder.path().join("c")).resume();
        let run = Word2Vec::new().layer("full").unwrap().dim(9).min_count(1).sample(0.0).batch(64).epochs(2);
        let mut passes = Passes { stop: is_stopped.then(|| stop.clone()), ended: 0 };
        run.checkpoint(checkpoints).stop(stop.clone()).train_watched(&[&line], &mut passes).unwrap();
        heard.push(passes.ended);
    }
    assert_eq!(heard, [0, 2]);
}

#[test]
fn a_finished_model_has_no_optimizer_state() {
    let place = Place::new(500);
    ok(place.run("v.bin", &["--layer", "full", "--epochs", "1", "--save-model", "m"]));
    let (architecture, _, model) =
        ModelReader::open(Cursor::new(place.read("m")), Path::new("m")).unwrap().read().unwrap();
    assert_eq!(architecture.optimizer, Optimizer::Sgd);
    assert!(model.layer_tables().iter().all(|table| table.optimizer() == Optimizer::Sgd));
}

#[test]
fn batches_refuse_what_they_cannot_do() {
    let (vocab, corpus) = corpus(40, 100);
    let window = Window::new(Direction::Cbow, Context::Both, 2, true).unwrap();
    let a = Architecture::new("full".parse().unwrap(), window, 9);
    let run = |settings: &Hogwild, batch| {
        batches(&mut new(&a, &vocab), &corpus, vocab.counts(), settings, batch, &mut |_| {}).unwrap_err()
    };
    let good = settings(1, window);
    let mut blocks = good;
    blocks.block = 8;
    assert!(matches!(run(&good, 1 << 60), Error::TooLarge { .. }));
    for (error, field) in [(run(&good, 0), "batch"), (run(&blocks, 100), "block")] {
        assert!(matches!(error, Error::OutOfRange { name, .. } if name == field), "{error}");
    }
    let mut wild = good;
    wild.rate = LinearDecay::new(1e30);
    assert!(matches!(run(&wild, 100), Error::Diverged { .. }));
}

#[test]
fn killed_at_any_moment_batches_give_the_same_bytes() {
    let place = Place::new(6_000);
    let base = ["--layer", "full", "--model", "cbow", "--epochs", "2", "--valid", "valid.txt", "--patience", "1"];
    let all = |more: &[&'static str]| [&base[..], more].concat();
    ok(place.run("whole.bin", &all(&["--threads", "1", "--save-model", "whole.model"])));
    let more = all(&["--threads", "2", "--save-model", "m", "--checkpoint", "c", "--checkpoint-every", "0.001"]);
    let more = [&more[..], &["--resume", "--log", "log"]].concat();
    let kills = place.kill_until_done("v.bin", &more);
    let resumed = place.log("log").iter().filter(|line| line["resumed_seconds"].is_f64()).count();
    assert!(kills > 0 && resumed > 0, "{kills} killed, {resumed} went on");
    assert!(place.read("v.bin") == place.read("whole.bin"), "{kills} killed, {resumed} went on");
    assert!(place.read("m") == place.read("whole.model"));
    let with =
        |more: &[&'static str]| place.run("w.bin", &[&all(&["--checkpoint", "c", "--resume"])[..], more].concat());
    refused(with(&["--batch", "64"]), "batch is \"256\" there, but \"64\" here");
    refused(with(&["--optimizer", "sgd"]), "optimizer is");
    refused(with(&["--batch", "1"]), "batch is \"256\" there, but \"1\" here");
}

#[test]
fn a_dense_layer_has_mini_batches_and_others_have_them_on_request() {
    let place = Place::new(2_000);
    let facts = |more: &[&str]| {
        let more = [&["--model", "cbow", "--epochs", "1", "--json", "f", "--valid", "valid.txt"][..], more].concat();
        ok(place.run("v.bin", &more));
        let facts: serde_json::Value = serde_json::from_slice(&place.read("f")).unwrap();
        (facts["batch"].clone(), facts["optimizer"].clone(), facts["rate"].as_f64().unwrap(), facts)
    };
    let (adagrad, sgd) = ("adagrad".into(), "sgd".into());
    for (more, batch, optimizer, rate) in [
        (&["--layer", "full"][..], 256, &adagrad, 0.2),
        (&["--layer", "full", "--optimizer", "sgd"], 256, &sgd, 0.05),
        (&["--layer", "full", "--batch", "1"], 1, &sgd, 0.05),
        (&["--layer", "full", "--cached-rows", "5"], 1, &sgd, 0.05),
        (&["--layer", "adaptive", "--batch", "32", "--lr", "0.1"], 32, &adagrad, 0.1),
        (&["--layer", "hierarchical"], 1, &sgd, 0.05),
        (&["--layer", "hierarchical", "--batch", "64"], 64, &adagrad, 0.4),
        (&[], 1, &sgd, 0.05),
    ] {
        let found = facts(more);
        assert_eq!((&found.0, &found.1), (&batch.into(), optimizer), "{more:?}");
        assert!((found.2 - rate).abs() < 1e-6, "{more:?}: {}", found.2);
    }
    // Mini-batches learn no less than single positions do in as many passes.
    let nll = |more: &[&str]| facts(more).3["valid_nll"].as_f64().unwrap();
    let (batches, single) = (nll(&["--layer", "full"]), nll(&["--layer", "full", "--batch", "1"]));
    assert!(batches <= single && batches < 300_f64.ln() - 0.5, "{batches} and {single}");
    for (more, says) in [
        (&["--optimizer", "adagrad"][..], "set a batch of 2 examples or more"),
        (&["--batch", "64", "--cached-rows", "5"], "--batch and --cached-rows contradict each other"),
        (&["--batch", "64", "--block", "8"], "--batch and --block contradict each other"),
        (&["--layer", "full", "--block", "8"], "block"),
        (&["--batch", "0"], "--batch"),
        (&["--batch", "1048577"], "--batch"),
    ] {
        refused(place.run("w.bin", more), says);
        assert!(!place.path("w.bin").exists());
    }
}

#[test]
fn the_plan_of_mini_batches_knows_their_memory_and_their_work() {
    let place = Place::new(2_000);
    let plan = |more: &[&str]| {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("lexmax"));
        command.current_dir(place.folder.path()).args([
            "train",
            "--corpus",
            "text.txt",
            "--dim",
            "40",
            "--dry-run",
            "--json",
            "p",
        ]);
        ok(command.args(["--model", "cbow", "--sample", "0"]).args(more).output().unwrap());
        serde_json::from_slice::<serde_json::Value>(&place.read("p")).unwrap()
    };
    // Embeddings and rows of 300 words.
    let parameters = 2 * 300 * 40;
    for (more, copies) in [
        (&["--layer", "full"][..], 2),
        (&["--layer", "full", "--optimizer", "sgd"], 1),
        (&["--layer", "full", "--batch", "1"], 0),
    ] {
        let plan = plan(more);
        assert_eq!(plan["parameter_bytes"], 4 * parameters, "{more:?}");
        assert_eq!(plan["batch_bytes"], 4 * copies * parameters, "{more:?}");
        let examples = plan["examples_per_epoch"].as_f64().unwrap();
        assert!((examples - 40_000.0).abs() < 400.0, "{examples}");
        // Scores, ∂L/∂x and ∂L/∂W of the layer; means and their gradients of up to ten words.
        let madds = plan["multiply_adds_per_epoch"].as_f64().unwrap() / examples;
        assert!((36_000.0..36_000.0 + 2.0 * 10.0 * 40.0 + 1.0).contains(&madds), "{madds}");
    }
}
