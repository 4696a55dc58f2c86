//! Word vectors on several ranks: files, interruptions, and refusals.

use super::text;
use lexmax::peers::{Peers, Team, ThreadPeers};
use lexmax::train::Progress;
use lexmax::vectors::VectorSource;
use lexmax::word2vec::{Checkpoints, Ended, Trained, Valid, Watch, Word2Vec};
use lexmax::{Error, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// A folder with a training text and a held-out one.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::write(place.path("text.txt"), text(60, 3_000)).unwrap();
        // Words in an order that is not that of the text, so that a trained model is worse on them.
        let line =
            |i: usize| (0..20).map(|j| format!("w{} ", (i * 31 + j * j * 17 + j * i) % 60)).collect::<String>() + "\n";
        fs::write(place.path("valid.txt"), (0..60).map(line).collect::<String>()).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Trains on `size` ranks; `set` gets the options and the rank.
    fn on(&self, size: usize, set: impl Fn(Word2Vec, usize) -> Word2Vec + Sync) -> Vec<Result<Trained>> {
        ThreadPeers::run(size, |peers| {
            let rank = peers.rank();
            set(options(), rank).over(Team::new(peers)).train(self.path("text.txt"))
        })
    }

    /// The messages of a run that is refused.
    fn refused(&self, size: usize, set: impl Fn(Word2Vec, usize) -> Word2Vec + Sync) -> Vec<String> {
        self.on(size, set).into_iter().map(|done| done.unwrap_err().to_string()).collect()
    }
}

fn options() -> Word2Vec {
    Word2Vec::new().dim(10).epochs(2).min_count(1).threads(2).deterministic(true).sample(0.05)
}

fn bits(vectors: &Trained) -> Vec<u32> {
    (0..VectorSource::len(&**vectors) as u32).flat_map(|id| vectors.vector(id).iter().map(|x| x.to_bits())).collect()
}

fn facts(vectors: &Trained) -> String {
    let facts = vectors.facts();
    let losses: Vec<_> = facts.loss.iter().map(|loss| loss.to_bits()).collect();
    let nll = facts.valid_nll.map(f64::to_bits);
    format!("{losses:?} {:?} {} {} {nll:?} {:?}", facts.passes, facts.examples, facts.ended as u8, facts.best_words)
}

#[test]
fn all_ranks_get_the_vectors_of_one_process_and_the_first_has_the_files() {
    let place = Place::new();
    // With patience the best model is left, which the first rank alone has kept.
    for (number, layer) in ["negative", "hierarchical"].into_iter().enumerate() {
        let valid = || Valid::new([place.path("valid.txt")]).patience(1);
        let set = |word2vec: Word2Vec| word2vec.layer(layer).unwrap().epochs(4).valid(valid());
        let one = place.on(1, |word2vec, _| set(word2vec)).remove(0).unwrap();
        assert!(one.facts().ended == Ended::Patience && one.facts().best_words.is_some(), "{layer}: {}", facts(&one));
        for size in [2, 4] {
            let name = |rank: usize| place.path(&format!("{number}-{size}-{rank}"));
            let all = place.on(size, |word2vec, rank| {
                let log = name(rank).with_extension("log");
                set(word2vec).checkpoint(Checkpoints::new(name(rank))).log(log)
            });
            for (rank, done) in all.into_iter().enumerate() {
                let done = done.unwrap();
                assert_eq!(facts(&done), facts(&one), "{layer}, rank {rank} of {size}");
                assert!(bits(&done) == bits(&one), "{layer}, rank {rank} of {size}");
                assert_eq!(done.facts().ranks, size);
                assert!(done.facts().exchanged.bytes > 0);
                let json = done.facts().to_json();
                assert!(json.contains(&format!("\"ranks\": {size}")) && json.contains("\"exchanged\""), "{json}");
                assert_eq!(name(rank).join("checkpoint.safetensors").exists(), rank == 0);
                assert_eq!(name(rank).with_extension("log").exists(), rank == 0);
            }
            let log = fs::read_to_string(name(0).with_extension("log")).unwrap();
            assert!(log.contains(&format!("\"ranks\":\"{size}\"")) && log.contains("\"event\":\"end\""), "{log}");
        }
        assert!(!one.facts().to_json().contains("ranks"), "a single process writes what it always wrote");
    }
}

/// Sets a flag after some reports.
struct Interrupts(Arc<AtomicBool>, usize);

impl Watch for Interrupts {
    fn progress(&mut self, _: &Progress) {
        self.1 = self.1.saturating_sub(1);
        self.0.fetch_or(self.1 == 0, Relaxed);
    }
}

#[test]
fn interrupted_on_any_rank_and_resumed_it_gives_the_bytes_of_one_run() {
    let place = Place::new();
    let whole = place.on(1, |word2vec, _| word2vec).remove(0).unwrap();
    for (interrupted, size) in [(0, 2), (1, 2), (3, 4)] {
        // The other ranks have no checkpoint: each has a folder of its own, as on a disk of its own.
        let dir = |rank: usize| place.path(&format!("c{interrupted}-{size}-{rank}"));
        let train = |stops: bool| {
            ThreadPeers::run(size, |peers| {
                let rank = peers.rank();
                let flag = Arc::new(AtomicBool::new(false));
                let word2vec = options().checkpoint(Checkpoints::new(dir(rank)).resume()).stop(flag.clone());
                let left = if stops && rank == interrupted { 1 } else { usize::MAX };
                let mut watch = Interrupts(flag, left);
                word2vec.over(Team::new(peers)).train_watched(&[place.path("text.txt")], &mut watch).unwrap()
            })
        };
        for done in train(true) {
            assert_eq!(done.facts().ended, Ended::Interrupted);
            assert!(bits(&done) != bits(&whole));
        }
        for done in train(false) {
            assert_eq!(facts(&done), facts(&whole));
            assert!(bits(&done) == bits(&whole), "{interrupted} of {size}");
        }
        for other in [1, 2, 4].into_iter().filter(|other| *other != size) {
            let again = |word2vec: Word2Vec, _| word2vec.checkpoint(Checkpoints::new(dir(0)).resume());
            for (rank, error) in place.refused(other, again).into_iter().enumerate() {
                let says = format!("ranks is \"{size}\" there, but \"{other}\" here");
                assert!(error.contains(&says), "rank {rank}: {error}");
            }
        }
        // An existing checkpoint is not overwritten.
        let anew = place.refused(size, |word2vec, rank| word2vec.checkpoint(Checkpoints::new(dir(rank))));
        assert!(anew.iter().all(|error| error.contains("there is a checkpoint already")), "{anew:?}");
    }
}

#[test]
fn slices_of_time_on_ranks_make_one_run() {
    let place = Place::new();
    let whole = place.on(1, |word2vec, _| word2vec).remove(0).unwrap();
    for slices in 1.. {
        let mut all = place.on(2, |word2vec, rank| {
            // The budget of the first rank counts.
            let budget = Duration::from_millis(if rank == 0 { 1 } else { 1_000_000 });
            word2vec.checkpoint(Checkpoints::new(place.path("c")).resume()).budget(budget)
        });
        let [other, first] = [all.remove(1).unwrap(), all.remove(0).unwrap()];
        assert_eq!(facts(&other), facts(&first));
        if first.facts().ended == Ended::Complete {
            assert!(slices > 1 && bits(&first) == bits(&whole) && bits(&other) == bits(&whole), "{slices} slices");
            break;
        }
        assert_eq!(first.facts().ended, Ended::Budget);
    }
}

#[test]
fn runs_that_ranks_cannot_share_are_refused_on_all_of_them() {
    let place = Place::new();
    let same = |errors: Vec<String>, says: &str| {
        assert!(errors.iter().all(|error| error == says), "{errors:?}");
    };
    same(
        place.refused(2, |word2vec, _| word2vec.deterministic(false)),
        "a run without deterministic cannot be trained on 2 ranks; set deterministic, or start one rank",
    );
    same(
        place.refused(4, |word2vec, _| word2vec.layer("full").unwrap()),
        "a mini-batch cannot be trained on 4 ranks; set batch to 1, or start one rank",
    );
    same(
        place.refused(3, |word2vec, _| word2vec),
        "ranks is 3, but must be 1, 2 or 4, which divide the four workers of deterministic training",
    );
    let start = "start all ranks with the same program, options and text";
    same(
        place.refused(2, |word2vec, rank| word2vec.epochs(2 + rank as u32)),
        &format!("epochs is \"3\" on rank 1, but \"2\" on rank 0; {start}"),
    );
    let valid = |word2vec: Word2Vec, rank| {
        if rank == 1 { word2vec.valid(Valid::new([place.path("valid.txt")])) } else { word2vec }
    };
    let errors = place.refused(2, valid);
    assert!(errors.iter().all(|error| error.starts_with("valid is \"") && error.ends_with(start)), "{errors:?}");
    let stdin = place.refused(2, |word2vec, _| word2vec.valid(Valid::new(["-"])));
    let advice = "name a file that every rank can read, or start one rank";
    same(stdin, &format!("a held-out text on standard input or a pipe cannot be trained on 2 ranks; {advice}"));
}

/// Trains each rank on a text of its own.
fn on_texts(texts: &[PathBuf]) -> Vec<String> {
    ThreadPeers::run(texts.len(), |peers| {
        let text = &texts[peers.rank()];
        options().over(Team::new(peers)).train(text).unwrap_err().to_string()
    })
}

#[test]
fn texts_that_differ_or_are_missing_are_told_on_all_ranks() {
    let place = Place::new();
    let errors = on_texts(&[place.path("text.txt"), place.path("valid.txt")]);
    let differs = |error: &String| error.starts_with("file 1 of the text is ") && error.contains("valid.txt");
    assert!(errors.iter().all(|error| differs(error) && error == &errors[0]), "{errors:?}");
    let errors = on_texts(&vec![place.path("none.txt"); 2]);
    assert!(errors.iter().all(|error| error.contains("none.txt")), "{errors:?}");
}

/// Refuses the vocabulary, on one rank.
struct Refuses(bool);

impl Watch for Refuses {
    fn vocabulary(&mut self, _: &lexmax::vocab::Vocabulary) -> Result<()> {
        if self.0 { Err(Error::EmptyVocabulary) } else { Ok(()) }
    }

    fn progress(&mut self, _: &Progress) {}
}

#[test]
fn a_watch_that_fails_on_one_rank_ends_all_and_the_first_logs_it() {
    let place = Place::new();
    let errors = ThreadPeers::run(2, |peers| {
        let mut watch = Refuses(peers.rank() == 1);
        let word2vec = options().log(place.path("log")).over(Team::new(peers));
        word2vec.train_watched(&[place.path("text.txt")], &mut watch).unwrap_err().to_string()
    });
    let own = Error::EmptyVocabulary.to_string();
    assert_eq!(errors, [format!("rank 1: {own}"), own]);
    let log = read(&place.path("log"));
    assert!(log.lines().count() == 1 && log.contains("rank 1: "), "{log}");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}
