//! Comparisons, models and timings over a vocabulary that is divided among ranks, beside one process.

use lexmax::compare::{Builder, Data, LayerRow, Silent, compare_over};
use lexmax::corpus::{Context, Direction, Window};
use lexmax::error::{Error, RanksFault};
use lexmax::measure::{StepConfig, time_step_over};
use lexmax::model::{Architecture, Model, ModelWriter, Predictor, SharedModel};
use lexmax::peers::{Peers, Team, ThreadPeers};
use lexmax::table::{Optimizer, Threads};
use lexmax::vocab::Vocabulary;
use std::time::Duration;

/// The result of a comparison, without its times.
fn found(layers: &[&str], team: &Team) -> Vec<String> {
    let builder = Builder::of(layers.iter().copied()).unwrap().synthetic(1_200, 10).dim(12).threads(1);
    let builder = builder.examples(3_000).valid_examples(300);
    let data = Data::new(&builder.source().unwrap()).unwrap();
    let found = compare_over(&builder.config().unwrap(), &data, team, &mut Silent).unwrap();
    let row = |row: &LayerRow| {
        let curve: Vec<_> = row.curve.iter().map(|at| (at.examples, at.valid_nll, at.excess_nats)).collect();
        let losses = (row.train_loss, row.valid_nll, row.epsilon_perplexity, row.excess_nats);
        format!("{} {losses:?} {curve:?} {:?} {:?}", row.layer, row.ln_z, row.cost_per_example)
    };
    found.layers.iter().map(row).collect()
}

#[test]
fn a_comparison_over_ranks_finds_what_one_process_finds() {
    let layers = [
        "full",
        "differentiated-projected",
        "adaptive",
        "class-based",
        "hierarchical",
        "sampled:samples=20",
        "sampled-quadratic:samples=5",
        "negative:samples=4",
        "entmax:temperature=3",
        "infrequent",
    ];
    let alone = found(&layers, &Team::default());
    for ranks in [2, 3] {
        let all = ThreadPeers::run(ranks, |peers| found(&layers, &Team::new(peers)));
        assert!(all.iter().all(|found| *found == alone), "{ranks} ranks:\n{all:#?}\n{alone:#?}");
    }
}

/// A budget of time ends all ranks after the same batch.
#[test]
fn a_budget_of_time_is_that_of_rank_0() {
    let examples = ThreadPeers::run(3, |peers| {
        let team = Team::new(peers);
        let builder = Builder::of(["full"]).unwrap().synthetic(800, 4).dim(8).threads(1).valid_examples(50);
        let builder = builder.budget(Duration::from_millis(100));
        let data = Data::new(&builder.source().unwrap()).unwrap();
        let found = compare_over(&builder.config().unwrap(), &data, &team, &mut Silent).unwrap();
        (found.layers[0].examples, found.layers[0].valid_nll.to_bits())
    });
    assert!(examples[0].0 > 0 && examples.iter().all(|all| *all == examples[0]), "{examples:?}");
}

fn vocab() -> Vocabulary {
    Vocabulary::new((0..900).map(|i| (format!("w{i}").into(), 20_000 / (i as u64 + 1))), 1).unwrap()
}

fn architecture(layer: &str) -> Architecture {
    let window = Window::new(Direction::Cbow, Context::Both, 3, true).unwrap();
    let mut made = Architecture::new(layer.parse().unwrap(), window, 10);
    made.optimizer = Optimizer::adagrad(0.01).unwrap();
    made
}

#[test]
fn a_model_file_answers_over_ranks_as_in_one_process() {
    let vocab = vocab();
    for layer in ["full", "adaptive", "hierarchical", "sparsemax:temperature=9"] {
        let made = architecture(layer);
        let (encoder, of_layer) = (made.encoder(vocab.len()).unwrap(), made.layer(&vocab, None).unwrap());
        let mut model = Model::new(encoder, of_layer, vocab.counts(), made.optimizer, 3).unwrap();
        // Weights that differ from row to row, in tables that start at zero.
        let mut trained = model.trainable(lexmax::model::Updates::Deferred, 0.0, &Threads::default());
        for table in 0..trained.layer.shape().tables.len() {
            let matrix = trained.handles.layer.matrix_mut(table).unwrap();
            matrix.weights_mut().iter_mut().zip(0u32..).for_each(|(w, i)| *w += (i % 23) as f32 * 0.05 - 0.5);
        }
        drop(trained);
        let file = tempfile::NamedTempFile::new().unwrap();
        ModelWriter::new(&made, &vocab, &model).unwrap().write(&mut file.as_file()).unwrap();
        let asked = |predictor: &Predictor| {
            let top = predictor.top(&["w3", "w40", "nobody"], 12).unwrap();
            (top, predictor.log_prob(&["w7"], &["w0", "w899", "w450"]).unwrap())
        };
        let alone = asked(&Predictor::open(file.path(), Threads::default()).unwrap());
        for ranks in 2..=4 {
            let all = ThreadPeers::run(ranks, |peers| {
                let mut team = Team::new(peers);
                let predictor = Predictor::open_over(file.path(), Threads::default(), &mut team).unwrap();
                let held: u32 = predictor.model().layer_tables().iter().map(|table| table.shape().rows).sum();
                let whole: u32 = predictor.model().layer().shape().tables.iter().map(|table| table.rows).sum();
                assert!(held < whole, "rank {} holds {held} of {whole} rows", team.rank());
                asked(&predictor)
            });
            assert!(all.iter().all(|found| *found == alone), "{layer}, {ranks} ranks");
        }
    }
}

/// Ranks that would compute with other numbers are told so, before anything is computed.
#[test]
fn files_that_differ_between_ranks_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |rank: usize, name: &str| folder.path().join(format!("{rank}-{name}"));
    for rank in 0..2 {
        let words = |line: usize| (0..9).map(|i| format!("w{} ", (line * i + rank * i * i) % 40)).collect::<String>();
        std::fs::write(path(rank, "text"), (0..90).map(|line| words(line) + "\n").collect::<String>()).unwrap();
        let (vocab, made) = (vocab(), architecture("full"));
        let (encoder, layer) = (made.encoder(vocab.len()).unwrap(), made.layer(&vocab, None).unwrap());
        let model = Model::new(encoder, layer, vocab.counts(), made.optimizer, rank as u64).unwrap();
        let file = std::fs::File::create(path(rank, "model")).unwrap();
        ModelWriter::new(&made, &vocab, &model).unwrap().write(&mut &file).unwrap();
    }
    let errors = ThreadPeers::run(2, |peers| {
        let mut team = Team::new(peers);
        let builder = Builder::of(["full"]).unwrap().text(path(team.rank(), "text")).min_count(1).examples(50);
        let data = Data::new(&builder.source().unwrap()).unwrap();
        let of_text = compare_over(&builder.config().unwrap(), &data, &team, &mut Silent).unwrap_err();
        let model = path(team.rank(), "model");
        let of_model = Predictor::open_over(&model, Threads::default(), &mut team).unwrap_err();
        let mut step = StepConfig::new("full".parse().unwrap());
        (step.vocab, step.seed) = (300, team.rank() as u64);
        let of_step = time_step_over(&step, &mut team).unwrap_err();
        [of_text, of_model, of_step].map(|error| error.to_string())
    });
    let begin = ["the SHA-256 of the text is ", "the SHA-256 of the model file is ", "settings is "];
    for of_rank in &errors {
        assert!(of_rank.iter().zip(begin).all(|(error, begin)| error.starts_with(begin)), "{errors:#?}");
    }
}

/// A rank without the file ends all ranks.
#[test]
fn a_model_that_one_rank_cannot_read_is_an_error_on_all() {
    let errors = ThreadPeers::run(2, |peers| {
        let mut team = Team::new(peers);
        let path = format!("no-such-model-{}", team.rank());
        Predictor::open_over(path.as_ref(), Threads::default(), &mut team).unwrap_err().to_string()
    });
    assert!(errors.iter().enumerate().all(|(rank, error)| error.contains(&format!("no-such-model-{rank}"))));
}

#[test]
fn a_divided_model_is_not_written_or_shared() {
    let (vocab, made) = (vocab(), architecture("full"));
    ThreadPeers::run(2, |peers| {
        let team = Team::new(peers);
        let (encoder, layer) = (made.encoder(vocab.len()).unwrap(), made.layer(&vocab, None).unwrap());
        let model = Model::over(encoder, layer, vocab.counts(), Optimizer::Sgd, 3, &team).unwrap();
        let refused =
            |error: Error| assert!(matches!(error, Error::Ranks(RanksFault::Divided { ranks: 2, .. })), "{error}");
        refused(ModelWriter::new(&made, &vocab, &model).unwrap_err());
        refused(SharedModel::from_model(model).unwrap_err());
    });
}

/// The bytes of a step: 40·B of statistics a strip, and ∂L/∂hidden down the chain and back.
#[test]
fn a_timed_step_has_the_loss_of_one_process_and_tells_what_it_sent() {
    let mut config = StepConfig::new("full".parse().unwrap());
    (config.vocab, config.dim, config.batch, config.repeats) = (5_000, 16, 40, 3);
    let alone = time_step_over(&config, &mut Team::default()).unwrap();
    assert_eq!((alone.ranks, alone.sent_bytes, alone.sent_messages), (1, 0, 0));
    for ranks in 2..=4u64 {
        let all = ThreadPeers::run(ranks as usize, |peers| time_step_over(&config, &mut Team::new(peers)).unwrap());
        let bytes = (ranks - 1) * 40 * (40 * 16 + 2 * 4 * 16);
        for report in all {
            assert_eq!(report.loss.to_bits(), alone.loss.to_bits());
            assert_eq!((report.sent_bytes, report.sent_messages), (bytes, (ranks + 2) * (ranks - 1)));
        }
    }
}
