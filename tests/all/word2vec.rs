//! `Word2Vec` in the library and `lexmax train` give the same run.

use assert_cmd::Command;
use lexmax::Error;
use lexmax::corpus::{Lowercase, Normalizer, Split, TextRules};
use lexmax::layer::catalogue::LayerSpec;
use lexmax::model::ModelKind;
use lexmax::vectors;
use lexmax::word2vec::{Checkpoints, Ended, Valid};
use lexmax::word2vec::{EpochEnd, PhraseOptions, Preset, Text, Watch, Word2Vec};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Writes lines of words in an order that a model can learn, and returns the folder.
fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let line = |i: usize| format!("New York w{} w{} Big w{}, end\n", i % 7, (i * i) % 11, i % 5);
    std::fs::write(folder.path().join("text.txt"), (0..600).map(line).collect::<String>()).unwrap();
    std::fs::write(folder.path().join("valid.txt"), (600..660).map(line).collect::<String>()).unwrap();
    folder
}

fn command_line(folder: &Path, more: &[&str]) {
    let mut command = Command::cargo_bin("lexmax").unwrap();
    command.current_dir(folder).args([
        "train",
        "--corpus",
        "text.txt",
        "--out",
        "cli.npy",
        "--save-model",
        "cli.model",
    ]);
    command.args(more).assert().success();
}

/// Holds what the library trained against what the command line wrote.
fn assert_same(folder: &Path, word2vec: &Word2Vec, what: &str) {
    let trained = word2vec.train(folder.join("text.txt")).unwrap();
    assert!(*trained == vectors::WordVectors::open(folder.join("cli.npy")).unwrap(), "{what}: other vectors");
    trained.save_model(folder.join("own.model")).unwrap();
    let read = |name| std::fs::read(folder.join(name)).unwrap();
    assert!(read("own.model") == read("cli.model"), "{what}: another model");
}

#[test]
fn presets_are_the_same_in_the_library_and_on_the_command_line() {
    let folder = place();
    for preset in [Preset::Lexmax, Preset::Word2vec, Preset::Gensim, Preset::FastText] {
        command_line(folder.path(), &["--preset", &preset.to_string(), "--deterministic", "--threads", "2"]);
        assert_same(folder.path(), &Word2Vec::preset(preset).deterministic(true).threads(1), &preset.to_string());
    }
}

#[test]
fn blocks_are_the_same_in_the_library_and_on_the_command_line() {
    let folder = place();
    for layer in ["negative", "hierarchical"] {
        let options =
            ["--layer", layer, "--block", "7", "--dim", "9", "--epochs", "2", "--threads", "1", "--sample", "0"];
        command_line(folder.path(), &options);
        let word2vec = Word2Vec::new().layer(layer).unwrap().block(7).dim(9).epochs(2).threads(1).sample(0.0);
        assert_same(folder.path(), &word2vec, layer);
        assert_eq!(word2vec.train(folder.path().join("text.txt")).unwrap().facts().block, 7);
    }
    let text = folder.path().join("text.txt");
    let refused = |word2vec: Word2Vec| word2vec.block(7).train(&text).unwrap_err().to_string();
    let told = "layer full: the layer takes one position at a time, not blocks of 7; \
        set block to 1, or use hierarchical or negative";
    assert_eq!(refused(Word2Vec::new().layer("full").unwrap()), told);
    let told = "block has no effect with kind ngram; remove one of them";
    assert_eq!(refused(Word2Vec::new().kind(ModelKind::NGram)), told);
}

#[test]
fn every_setter_has_its_option() {
    let folder = place();
    let options = "--preset gensim --layer full --model cbow --dim 12 --window 3 --epochs 2 --lr 0.03 --sample 0.01
        --min-count 2 --max-vocab 20 --seed 9 --deterministic --threads 1 --phrases 1 --phrase-threshold 0.5
        --lowercase --split words --valid valid.txt --patience 3";
    command_line(folder.path(), &options.split_whitespace().collect::<Vec<_>>());
    let (mut phrases, mut normalizer) = (PhraseOptions::passes(1), Normalizer::default());
    phrases.thresholds = vec![0.5];
    (normalizer.lowercase, normalizer.split) = (Lowercase::Unicode, Split::Words);
    let word2vec = Word2Vec::preset(Preset::Gensim)
        .layer("full")
        .unwrap()
        .kind(ModelKind::Cbow)
        .dim(12)
        .window(3)
        .epochs(2)
        .rate(0.03)
        .sample(0.01)
        .min_count(2)
        .max_vocab(20)
        .seed(9)
        .deterministic(true)
        .threads(1)
        .phrases(phrases)
        .normalizer(normalizer)
        .valid(Valid::new([folder.path().join("valid.txt")]).patience(3));
    assert_same(folder.path(), &word2vec, "all options");
    let trained = word2vec.train(folder.path().join("text.txt")).unwrap();
    assert!(trained.id("new_york").is_some() && trained.len() <= 20);
    assert_eq!(trained.vocab().len(), trained.len());
    assert_eq!((trained.facts().ended, trained.facts().epochs), (Ended::Complete, 2));
    assert!(trained.facts().valid_nll.unwrap() > 0.0);
    // Files of a known ending have its format, others word2vec's binary one.
    for name in ["v.vec", "v.npy", "v"] {
        let path = folder.path().join(name);
        trained.save(&path).unwrap();
        assert!(vectors::WordVectors::open(&path).unwrap() == *trained, "{name}");
    }
    let top = trained.predict(&["new_york"], 100).unwrap();
    let sum: f64 = top.words.iter().map(|(_, ln_p)| ln_p.exp()).sum();
    assert!(top.words.len() == trained.len() && (sum - 1.0).abs() < 1e-4, "{sum}");
}

#[test]
fn runs_stop_and_go_on() {
    let folder = place();
    // Long enough for a barrier before its end.
    let base = || Word2Vec::new().layer("hierarchical").unwrap().dim(9).epochs(60).deterministic(true).threads(1);
    let text = folder.path().join("text.txt");
    let whole = base().train(&text).unwrap();
    let checkpoints = || Checkpoints::new(folder.path().join("c"));
    let stopped = base().checkpoint(checkpoints()).stop(Arc::new(AtomicBool::new(true))).train(&text).unwrap();
    assert_eq!(stopped.facts().ended, Ended::Interrupted);
    assert!(stopped.facts().words < whole.facts().words);
    assert!(matches!(base().checkpoint(checkpoints()).train(&text), Err(Error::Checkpoint { .. })));
    let resumed = base().checkpoint(checkpoints().resume()).train(&text).unwrap();
    assert!(*resumed == *whole && resumed.facts().words == whole.facts().words);
}

/// Hears the losses of all passes, and the vectors at the end of each.
#[derive(Default)]
struct Hears {
    losses: Vec<Vec<f64>>,
    vectors: Vec<vectors::WordVectors>,
    ends: usize,
}

impl Watch for Hears {
    fn progress(&mut self, _: &lexmax::train::Progress) {}

    fn hears_epochs(&self) -> bool {
        true
    }

    fn epoch(&mut self, end: &EpochEnd) -> lexmax::Result<()> {
        self.losses.push(end.epochs.iter().map(|epoch| epoch.train_loss).collect());
        self.vectors.push(end.vectors()?);
        self.ends += usize::from(!end.goes_on);
        Ok(())
    }
}

#[test]
fn a_watch_hears_of_every_epoch_with_its_loss_and_vectors() {
    let folder = place();
    let text = folder.path().join("text.txt");
    for (layer, threads, deterministic) in [
        ("negative", 1, false),
        ("negative", 3, false),
        ("negative", 2, true),
        ("sampled-quadratic:samples=4", 1, false),
        ("sampled-quadratic:samples=4", 2, false),
    ] {
        let base = || Word2Vec::new().layer(layer).unwrap().dim(9).epochs(6).threads(threads);
        let base = || base().deterministic(deterministic);
        let mut hears = Hears::default();
        let heard = base().train_watched(&[&text], &mut hears).unwrap();
        let facts = heard.facts();
        assert_eq!((hears.losses.len(), hears.ends, facts.ended), (6, 1, Ended::Complete), "{layer} {threads}");
        for (number, losses) in hears.losses.iter().enumerate() {
            assert_eq!(losses[..], facts.loss[..=number], "{layer} {threads}");
        }
        assert!(hears.vectors[5] == *heard, "{layer} {threads}");
        // The passes of a short text end together at a barrier.
        assert!(deterministic || hears.vectors[0] != *heard, "{layer} {threads}");
        // Rests at the ends of passes leave no trace.
        if threads == 1 || deterministic {
            assert!(*base().train(&text).unwrap() == *heard, "{layer} {threads}");
        }
    }
}

#[test]
fn a_resumed_run_tells_of_the_epochs_that_it_ends() {
    let folder = place();
    let text = folder.path().join("text.txt");
    let base = || Word2Vec::new().dim(9).epochs(4).threads(1);
    let checkpoints = || Checkpoints::new(folder.path().join("c"));
    let stop = Arc::<AtomicBool>::default();
    /// Stops at the end of the second pass.
    struct Stops(Arc<AtomicBool>, Hears);
    impl Watch for Stops {
        fn progress(&mut self, _: &lexmax::train::Progress) {}
        fn hears_epochs(&self) -> bool {
            true
        }
        fn epoch(&mut self, end: &EpochEnd) -> lexmax::Result<()> {
            self.0.store(end.epochs.len() == 2, std::sync::atomic::Ordering::Relaxed);
            self.1.epoch(end)
        }
    }
    let mut first = Stops(stop.clone(), Hears::default());
    let stopped = base().checkpoint(checkpoints()).stop(stop).train_watched(&[&text], &mut first).unwrap();
    assert_eq!((stopped.facts().ended, first.1.losses.len()), (Ended::Interrupted, 2));
    let mut second = Hears::default();
    let resumed = base().checkpoint(checkpoints().resume()).train_watched(&[&text], &mut second).unwrap();
    assert_eq!(second.losses.iter().map(Vec::len).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(second.losses[1][..2], first.1.losses[1][..]);
    assert!(*resumed == *base().train(&text).unwrap());
}

#[test]
fn an_interrupted_run_evaluates_within_its_grace() {
    let folder = place();
    let run = |grace| {
        let mut valid = Valid::new([folder.path().join("valid.txt")]);
        valid.grace = grace;
        let base = Word2Vec::new().dim(9).epochs(60).deterministic(true).threads(1).valid(valid);
        base.stop(Arc::new(AtomicBool::new(true))).train(folder.path().join("text.txt")).unwrap().facts().valid_nll
    };
    assert!(run(Valid::GRACE).is_some());
    assert_eq!(run(std::time::Duration::ZERO), None);
}

/// Refuses a text.
struct Refuses;

impl Watch for Refuses {
    fn read(&mut self, text: &Text) -> lexmax::Result<()> {
        Err(Error::TooManyWords { words: text.vocab, limit: 1 })
    }

    fn progress(&mut self, _: &lexmax::train::Progress) {
        panic!("nothing is trained");
    }
}

#[test]
fn rules_replace_those_of_the_options_and_a_watch_may_refuse() {
    let folder = place();
    let text = folder.path().join("text.txt");
    let word2vec = Word2Vec::new().min_count(1_000).rules(TextRules::min_count(500)).log(folder.path().join("log"));
    let config = word2vec.config(&[&text]).unwrap();
    assert_eq!((config.rules.min_count, config.source.paths.len()), (500, 1));
    match word2vec.train_watched(&[&text], &mut Refuses) {
        // New, York, Big, end.
        Err(Error::TooManyWords { words, .. }) => assert_eq!(words, 4),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("trained"),
    }
    // A failure before training is in the log as well.
    assert!(word2vec.train(folder.path().join("nothing")).is_err());
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert_eq!(log.lines().filter(|line| line.contains("\"why\":\"error\"")).count(), 2, "{log}");
    for wrong in
        [Word2Vec::new().dim(0), Word2Vec::new().epochs(0), Word2Vec::new().threads(0), Word2Vec::new().rate(-1.0)]
    {
        assert!(matches!(wrong.train(&text), Err(Error::OutOfRange { .. })));
    }
    assert!(Word2Vec::new().layer("hierarchy").is_err());
    let layer = "negative".parse::<LayerSpec>().unwrap().with("samples", 7).unwrap();
    assert_eq!(Word2Vec::new().layer(&layer).unwrap().config(&[&text]).unwrap().layer, layer);
}
