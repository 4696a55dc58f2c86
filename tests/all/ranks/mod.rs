//! Deterministic training on several ranks: the same bytes as one process.

mod word2vec;

use lexmax::corpus::{Context, Corpus, Direction, Ledger, SentenceReader, Sentences, Window};
use lexmax::model::{Architecture, Encoding, ModelReader, ModelWriter, SharedModel};
use lexmax::peers::{Exchanged, Peers, Team, ThreadPeers};
use lexmax::table::Optimizer;
use lexmax::train::{AtRest, Hogwild, LinearDecay, Next, Observer, Progress, State, deterministic_over};
use lexmax::vocab::{Vocabulary, WordId};
use lexmax::{Error, Result, WorkerRng};
use rand::RngExt;
use std::io::Cursor;
use std::path::{Path, PathBuf};

/// Lines of twenty words with an order that a model can learn.
fn text(words: usize, lines: usize) -> String {
    let mut rng = WorkerRng::new(8, 0);
    let mut line = || {
        let start = rng.random_range(0..words);
        (0..20).map(|i| format!("w{} ", (start + i * i % 7) % words)).collect::<String>() + "\n"
    };
    (0..lines).map(|_| line()).collect()
}

fn corpus() -> (Vocabulary, Corpus) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text(40, 620)).unwrap();
    Corpus::load(&[file.path()], 1).unwrap()
}

/// Everything that a run is made of.
struct Job<'a> {
    architecture: Architecture,
    vocab: &'a Vocabulary,
    corpus: &'a dyn Sentences,
    settings: Hogwild,
}

/// The result of a run on one rank.
#[derive(Debug, PartialEq)]
struct Done {
    file: Vec<u8>,
    losses: Vec<u64>,
    outcome: String,
    /// Reports that the observer heard.
    heard: Vec<String>,
}

impl<'a> Job<'a> {
    fn new(layer: &str, encoding: Encoding, direction: Direction, text: (&'a Vocabulary, &'a dyn Sentences)) -> Self {
        let window = match encoding {
            Encoding::Mean => Window::new(direction, Context::Both, 2, true).unwrap(),
            _ => Encoding::window(3).unwrap(),
        };
        let mut architecture = Architecture::new(layer.parse().unwrap(), window, 9);
        (architecture.encoding, architecture.optimizer) = (encoding, Optimizer::Sgd);
        let mut settings = Hogwild::new(window, LinearDecay::new(0.02));
        (settings.sample, settings.epochs, settings.seed) = (0.1, 3, 9);
        Self { architecture, vocab: text.0, corpus: text.1, settings }
    }

    fn model(&self) -> SharedModel {
        let Self { architecture, vocab, .. } = self;
        let (encoder, layer) = (architecture.encoder(vocab.len()).unwrap(), architecture.layer(vocab, None).unwrap());
        SharedModel::new(encoder, layer, vocab.counts(), 5).unwrap()
    }

    /// Trains one rank from the start, or from a state with its model file.
    fn train(&self, team: &Team, from: Option<&(State, Vec<u8>)>, observer: &mut Heard) -> Result<Done> {
        let Self { architecture, vocab, corpus, settings } = self;
        let mut model = self.model();
        if let Some((_, file)) = from {
            ModelReader::open(Cursor::new(file), Path::new("c")).unwrap().read_into(&mut model).unwrap();
        }
        // The number of threads differs between ranks.
        let mut settings = *settings;
        settings.workers = 1 + team.rank();
        let (counts, state) = (vocab.counts(), from.map(|(state, _)| state));
        let mut outcome = deterministic_over(&mut model, *corpus, counts, &settings, team, state, observer)?;
        let mut file = Vec::new();
        ModelWriter::new(architecture, vocab, &model).unwrap().write(&mut file).unwrap();
        let losses = outcome.epochs.iter().map(|epoch| epoch.train_loss.to_bits()).collect();
        outcome.seconds = 0.0;
        Ok(Done { file, losses, outcome: format!("{outcome:?}"), heard: std::mem::take(&mut observer.heard) })
    }

    /// Trains on `size` ranks without stops.
    fn on(&self, size: usize) -> Vec<Result<(Done, Exchanged)>> {
        ThreadPeers::run(size, |peers| {
            let team = Team::new(peers);
            let done = self.train(&team, None, &mut Heard::default())?;
            Ok((done, team.exchanged()))
        })
    }
}

/// Hears reports, and stops after `left` of them if that is not 0. Every third report asks for a look.
#[derive(Default)]
struct Heard {
    left: usize,
    heard: Vec<String>,
    /// The state at the end, and the model then.
    kept: Option<State>,
}

impl Observer for Heard {
    fn progress(&mut self, at: &Progress) -> Next {
        let mut at = *at;
        at.seconds = 0.0;
        self.heard.push(format!("{at:?}"));
        self.left = self.left.wrapping_sub(1);
        match self.left {
            0 => Next::Stop,
            _ if self.heard.len().is_multiple_of(3) => Next::Look,
            _ => Next::Go,
        }
    }

    fn look(&mut self, at: &AtRest) -> Result<Next> {
        self.heard.push(format!("{:?}", at.epochs));
        self.kept = Some(at.state());
        Ok(Next::Go)
    }
}

fn assert_same_bytes(job: &Job, name: &str) {
    let one = job.on(1).remove(0).unwrap().0;
    assert_eq!(one.losses.len(), 3, "{name}");
    for size in [2, 4] {
        for (rank, done) in job.on(size).into_iter().enumerate() {
            let done = done.unwrap().0;
            assert_eq!(done.heard, one.heard, "{name}, rank {rank} of {size}");
            assert_eq!((&done.losses, &done.outcome), (&one.losses, &one.outcome), "{name}, rank {rank} of {size}");
            assert!(done.file == one.file, "{name}, rank {rank} of {size}: parameters");
        }
    }
}

#[test]
fn two_and_four_ranks_give_the_bytes_of_one_process() {
    let (vocab, corpus) = corpus();
    for direction in [Direction::SkipGram, Direction::Cbow] {
        // Layers that move few rows, whole tables, and one whose proposal follows the weights.
        for layer in ["hierarchical", "negative", "full:bias=zero", "sampled-quadratic:samples=4"] {
            let job = Job::new(layer, Encoding::Mean, direction, (&vocab, &corpus));
            assert_same_bytes(&job, &format!("{layer} {direction:?}"));
        }
    }
    for layer in ["hierarchical", "negative"] {
        let mut job = Job::new(layer, Encoding::Mean, Direction::SkipGram, (&vocab, &corpus));
        job.settings.block = 8;
        assert_same_bytes(&job, &format!("blocks of {layer}"));
    }
    let job = Job::new("adaptive", Encoding::NGram { embedding: 5 }, Direction::Cbow, (&vocab, &corpus));
    assert_same_bytes(&job, "n-gram");
}

#[test]
fn runs_in_slices_on_changing_numbers_of_ranks_give_the_bytes_of_one_run() {
    let (vocab, corpus) = corpus();
    for (layer, direction) in [("negative", Direction::SkipGram), ("full", Direction::Cbow)] {
        let mut job = Job::new(layer, Encoding::Mean, direction, (&vocab, &corpus));
        // So many words that all rows are merged several times on the way.
        job.settings.epochs = 12;
        let whole = job.on(1).remove(0).unwrap().0;
        let mut from: Option<(State, Vec<u8>)> = None;
        for slices in 0.. {
            let size = [2, 4, 1][slices % 3];
            let mut all = ThreadPeers::run(size, |peers| {
                let team = Team::new(peers);
                // The last rank alone asks for the stop.
                let left = if team.rank() + 1 == size { 1 } else { 0 };
                let mut heard = Heard { left, ..Heard::default() };
                let done = job.train(&team, from.as_ref(), &mut heard).unwrap();
                (done, heard.kept.unwrap())
            });
            let states: Vec<_> = all.iter().map(|(_, state)| serde_json::to_value(state).unwrap()).collect();
            assert!(states.iter().all(|state| state["workers"] == states[0]["workers"]));
            let (done, state) = all.remove(0);
            assert!(all.iter().all(|(other, _)| other.file == done.file));
            if !done.outcome.contains("stopped: true") {
                assert!(slices > 2, "{slices} slices");
                assert_eq!(done.losses, whole.losses);
                assert!(done.file == whole.file, "{layer}");
                break;
            }
            from = Some((state, done.file));
        }
    }
}

/// A text whose sentence of this number cannot be read.
struct Torn<'a>(&'a Corpus, usize);

struct TornReader<'a>(Box<dyn SentenceReader + 'a>, usize);

impl Sentences for Torn<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn has_pairs(&self) -> bool {
        self.0.has_pairs()
    }

    fn ledger(&self) -> Ledger {
        self.0.ledger()
    }

    fn paths(&self) -> &[PathBuf] {
        self.0.paths()
    }

    fn reader(&self) -> Result<Box<dyn SentenceReader + '_>> {
        Ok(Box::new(TornReader(self.0.reader()?, self.1)))
    }
}

impl SentenceReader for TornReader<'_> {
    fn sentence(&mut self, i: usize) -> Result<&[WordId]> {
        if i == self.1 {
            return Err(Error::Io { path: "torn".into(), source: std::io::Error::other("the disk is torn") });
        }
        self.0.sentence(i)
    }
}

#[test]
fn a_failure_of_one_rank_reaches_all_at_the_same_barrier() {
    let (vocab, corpus) = corpus();
    // One worker alone meets the sentence, and so one rank.
    let torn = Torn(&corpus, 300);
    let job = Job::new("negative", Encoding::Mean, Direction::SkipGram, (&vocab, &torn));
    for size in [2, 4] {
        let errors: Vec<String> = job.on(size).into_iter().map(|done| done.unwrap_err().to_string()).collect();
        let own = "torn: the disk is torn";
        let failing = errors.iter().position(|error| error.starts_with(own)).expect("one rank has the error itself");
        for (rank, error) in errors.iter().enumerate().filter(|(rank, _)| *rank != failing) {
            assert!(error.starts_with(&format!("rank {failing}: {own}")), "rank {rank} of {size}: {error}");
        }
    }
    let mut job = Job::new("hierarchical", Encoding::Mean, Direction::Cbow, (&vocab, &corpus));
    job.settings.rate = LinearDecay::new(1e30);
    let one = job.on(1).remove(0).unwrap_err().to_string();
    assert!(one.contains("after"), "{one}");
    for error in [2, 4].into_iter().flat_map(|size| job.on(size)) {
        assert_eq!(error.unwrap_err().to_string(), one);
    }
}

/// Refuses to look on one rank.
struct Refuses(bool);

impl Observer for Refuses {
    fn progress(&mut self, _: &Progress) -> Next {
        Next::Go
    }

    fn look(&mut self, _: &AtRest) -> Result<Next> {
        if self.0 { Err(Error::EmptyVocabulary) } else { Ok(Next::Go) }
    }
}

#[test]
fn ranks_that_do_not_fit_are_refused_together() {
    let (vocab, corpus) = corpus();
    let job = Job::new("negative", Encoding::Mean, Direction::SkipGram, (&vocab, &corpus));
    for error in job.on(3) {
        let error = error.unwrap_err().to_string();
        assert_eq!(error, "ranks is 3, but must be 1, 2 or 4, which divide the four workers of deterministic training");
    }
    let on = |seed: u64, model_seed: u64, refuses: bool| {
        ThreadPeers::run(2, |peers| {
            let (team, odd) = (Team::new(peers), 1);
            let is_odd = team.rank() == odd;
            let Job { architecture, settings, .. } = &job;
            let mut settings = *settings;
            settings.seed = if is_odd { seed } else { 9 };
            let parts = (architecture.encoder(vocab.len()).unwrap(), architecture.layer(&vocab, None).unwrap());
            let own_seed = if is_odd { model_seed } else { 5 };
            let mut model = SharedModel::new(parts.0, parts.1, vocab.counts(), own_seed).unwrap();
            let mut observer = Refuses(refuses && is_odd);
            deterministic_over(&mut model, &corpus, vocab.counts(), &settings, &team, None, &mut observer)
                .map(|_| ())
                .map_err(|error| error.to_string())
        })
    };
    assert_eq!(on(9, 5, false), [Ok(()), Ok(())]);
    let error = "seed is \"8\" on rank 1, but \"9\" on rank 0; start all ranks with the same program, options and text";
    assert_eq!(on(8, 5, false), [Err(error.to_string()), Err(error.to_string())]);
    let errors = on(9, 6, false);
    assert!(errors[0].as_ref().is_err_and(|error| error.starts_with("parameters is ")), "{errors:?}");
    assert_eq!(errors[0], errors[1]);
    let own = Error::EmptyVocabulary.to_string();
    assert_eq!(on(9, 5, true), [Err(format!("rank 1: {own}")), Err(own)]);
}

#[test]
fn messages_follow_the_barriers() {
    let (vocab, corpus) = corpus();
    // Whole tables have barriers of one length: a worker has 155 sentences of 20 words in a pass, and a barrier after
    // 32.
    let mut job = Job::new("full", Encoding::Mean, Direction::Cbow, (&vocab, &corpus));
    (job.settings.sample, job.settings.epochs) = (0.0, 12);
    let barriers = (12 * 155_u64 * 20).div_ceil(32);
    assert_eq!(job.on(1).remove(0).unwrap().1, Exchanged::default());
    for size in [2, 4] {
        for done in job.on(size) {
            let (done, sent) = done.unwrap();
            let looks = done.heard.iter().filter(|heard| !heard.starts_with("Progress")).count() as u64;
            let reports = done.heard.len() as u64 - looks;
            assert!(reports > 3 && looks > 1, "{reports} reports, {looks} looks");
            // Before the first barrier: agreement, comparison of programs and of inputs. At a barrier: places and rows.
            // A report: answers of the observers. A look: states, agreement, answers.
            let rounds = 3 + 2 * barriers + reports + 3 * looks;
            assert_eq!(sent.messages, (size as u64 - 1) * rounds, "{size} ranks");
        }
    }
}
