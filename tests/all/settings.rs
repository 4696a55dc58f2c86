//! Settings are made as a program outside the crate makes them: by constructors and defaults, then field by field. So a
//! new setting does not break a program, and every setting can be made.

use lexmax::WorkerRng;
use lexmax::layer::catalogue::{LayerSpec, Shape};
use lexmax::layer::verbs::Sampling;
use lexmax::layer::{AdaptiveSoftmax, Bias, CostModel, CutoffPlan, Cutoffs, FullSoftmax, LayerShape, OutputLayer};
use lexmax::objective::LossOptions;
use lexmax::table::{Cost, Init, Matrix, Optimizer, Stat, TableShape};
use lexmax::vocab::Counts;

fn zipf(vocab: u64) -> Counts {
    Counts::new((1..=vocab).map(|rank| 1_000_000 / rank).collect()).unwrap()
}

/// A plan cuts where the layer does whose name says nothing.
#[test]
fn cut_offs_without_settings_are_those_of_the_layer() {
    let (counts, dim) = (zipf(100_000), 64);
    let mut plan = CutoffPlan::new(dim);
    let cutoffs = Cutoffs::best(&counts, &plan, &CostModel::REFERENCE);
    assert!(cutoffs.as_slice().len() > 1, "{cutoffs:?}");
    let planned = AdaptiveSoftmax::new(&cutoffs, dim, plan.division, Bias::None).unwrap();
    let named = "adaptive".parse::<LayerSpec>().unwrap().build(&Shape::new(&counts, dim, Bias::None)).unwrap();
    assert_eq!(planned.shape().tables, named.shape().tables);
    plan.tails = 1;
    assert_eq!(Cutoffs::best(&counts, &plan, &CostModel::REFERENCE).as_slice().len(), 1);
}

#[test]
fn shapes_options_and_costs() {
    let shape = TableShape::new(3, 2, true, Init::Uniform(0.5));
    let matrix = Matrix::new(shape, Optimizer::default(), &mut WorkerRng::new(1, 0)).unwrap();
    assert_eq!((matrix.weights().len(), matrix.bias().len()), (6, 3));
    assert!(matrix.weights().iter().all(|x| x.abs() <= 0.5 && *x != 0.0));
    assert_eq!(LayerShape::new(3, 2, Bias::Zero).with_table(shape).tables, [shape]);

    let mut full = FullSoftmax::new(3, 2, Bias::None).unwrap();
    assert!(full.set_loss(LossOptions::new().with_z_loss(0.1).unwrap()).is_ok());
    assert_eq!(Sampling::new(4).without_replacement().draws(), 4);

    let cost = Cost::of_draws(5) + Cost::step(2, 3, 4);
    assert_eq!([cost.draws, cost.multiply_adds, cost.rows_read, cost.rows_written], [5, 72, 3, 3]);
    let mut stat = Stat::EMPTY;
    stat.add(1.0, 1.0);
    stat.target = 0.5;
    assert_eq!(stat.loss(), 0.5);
}

#[cfg(feature = "check")]
#[test]
fn audits() {
    use lexmax::check::{Audit, AuditConfig, audit};

    let mut settings = AuditConfig::default();
    settings.batch = 3;
    let found = audit(&FullSoftmax::new(6, 4, Bias::Zero).unwrap(), &settings);
    let copy = Audit::new(found.findings.clone());
    assert!(copy.passed() && copy == found, "{copy}");
}

#[cfg(feature = "text")]
mod text {
    use super::*;
    use lexmax::corpus::synthetic::{SyntheticExamples, SyntheticLanguage};
    use lexmax::corpus::{Context, Corpus, Direction, Lowercase, Normalizer, Source, TextRules, Window};
    use lexmax::model::{Architecture, MeanEmbedding, Model, SharedModel};
    use lexmax::train::{Budget, Hogwild, LinearDecay, TrainConfig, hogwild_watched, train};
    use lexmax::vectors::{Case, EvaluationOptions, WordVectors, evaluate};
    use lexmax::word2vec::{
        Checkpoints, Control, Ended, Options, PhraseOptions, Preset, Run, Subject, Valid, Word2Vec,
    };
    use std::slice::from_ref;
    use std::sync::Arc;

    fn window() -> Window {
        Window::new(Direction::Cbow, Context::Both, 2, true).unwrap()
    }

    #[test]
    fn of_texts_and_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text.txt");
        std::fs::write(&path, "The cat sees the dog\n".repeat(50)).unwrap();

        let mut source = Source::plain(&[&path]);
        source.normalizer = Normalizer::default();
        source.normalizer.lowercase = Lowercase::Unicode;
        let mut rules = TextRules::min_count(1);
        rules.max_vocab = Some(3);
        let (vocab, corpus) = Corpus::read(&source, &rules).unwrap();
        assert_eq!((vocab.word(0), vocab.len()), ("the", 3));

        let mut architecture = Architecture::new("hierarchical".parse().unwrap(), window(), 4);
        architecture.optimizer = Optimizer::Sgd;
        let (encoder, layer) = (architecture.encoder(3).unwrap(), architecture.layer(&vocab, None).unwrap());
        let mut model = SharedModel::new(encoder, layer, vocab.counts(), 1).unwrap();
        let mut trainer = Hogwild::new(window(), LinearDecay::new(0.05));
        trainer.epochs = 2;
        let mut control = Control::default();
        control.checkpoint = Some(Checkpoints::new(folder.path().join("checkpoints")).resume());
        control.valid = Some(Valid::new([&path]).patience(2));
        let mut subject = Subject::new(&architecture, &vocab, corpus.ledger().kept);
        subject.settings.insert("epochs".into(), "2".into());
        let mut run = Run::open(&control, subject, &mut model).unwrap();
        let outcome = run.train(&mut model, &mut |_| {}, |model, from, observer| {
            hogwild_watched(model, &corpus, vocab.counts(), &trainer, from, observer)
        });
        assert_eq!(run.close(&mut model, &outcome.unwrap()).unwrap().ended, Ended::Complete);

        let mut options = Options::default();
        options.preset = Preset::Word2vec;
        options.dim = Some(9);
        assert_eq!(options.network().unwrap().dim, 9);
        let config = Word2Vec::options(options).config(&[&path]).unwrap();
        assert_eq!((config.dim, config.epochs), (9, Preset::Word2vec.defaults().epochs));

        let mut phrases = PhraseOptions::passes(2);
        phrases.thresholds = vec![1.0, 2.0, 3.0];
        assert!(phrases.phrases().is_err());
        phrases.thresholds.pop();
        assert!(phrases.phrases().is_ok());
    }

    #[test]
    fn of_training_in_batches() {
        let language = Arc::new(SyntheticLanguage::new(20, 4, 1).unwrap());
        let counts = language.counts();
        let encoder = Box::new(MeanEmbedding::new(20, 4).unwrap());
        let layer = Box::new(FullSoftmax::new(20, 4, Bias::Zero).unwrap());
        let mut model = Model::new(encoder, layer, &counts, Optimizer::default(), 1).unwrap();
        let mut settings = TrainConfig::new(8, 0.1, Budget::Examples(40));
        settings.seed = 2;
        let mut examples = SyntheticExamples::new(language, window(), 1, 0);
        assert_eq!(train(&mut model, &mut examples, &settings, &mut |_| {}).unwrap().examples, 40);
    }

    #[test]
    fn of_evaluations() {
        let folder = tempfile::tempdir().unwrap();
        let (vectors, pairs) = (folder.path().join("v.txt"), folder.path().join("pairs.txt"));
        let values = ndarray::array![[1f32, 0.0], [0.8, 0.6], [0.0, 1.0]];
        WordVectors::new(["Cat", "dog", "stone"], values).unwrap().save(&vectors).unwrap();
        std::fs::write(&pairs, "cat\tdog\t9\ndog\tstone\t5\ncat\tstone\t1\n").unwrap();
        let mut options = EvaluationOptions::default();
        let found = |options: &EvaluationOptions| {
            evaluate(from_ref(&vectors), from_ref(&pairs), &[], options).map(|all| all.files[0].similarity[0].spearman)
        };
        assert!(found(&options).unwrap().is_some_and(|rho| (rho - 1.0).abs() < 1e-12));
        // Without the case of its letters, `cat` is none of the words, and one pair is left, which has no ρ.
        options.case = Case::Exact;
        let left = found(&options).unwrap_err().to_string();
        assert!(
            left.contains("1 of 3 are known") && left.contains("no vector for \"cat\"; similar words: \"Cat\""),
            "{left}"
        );
    }
}

#[cfg(feature = "eval")]
mod eval {
    use super::*;
    use lexmax::compare::{CompareConfig, Data, DataSource, Silent, compare};
    use lexmax::corpus::{Context, Direction, Window};
    use lexmax::measure::{AdviseConfig, ScaleConfig, StepConfig, advise, scale, time_step};
    use lexmax::train::Budget;

    #[test]
    fn of_comparisons() {
        let window = Window::new(Direction::SkipGram, Context::Both, 1, false).unwrap();
        let mut config = CompareConfig::new(vec!["full".parse().unwrap()], window, 4, Budget::Examples(50));
        config.valid_examples = 20;
        let data = Data::new(&DataSource::synthetic(20, 4, 1)).unwrap();
        let found = compare(&config, &data, &mut Silent).unwrap();
        assert_eq!((found.layers.len(), found.layers[0].examples), (1, 50));

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text.txt");
        std::fs::write(&path, "a b b c c c\n".repeat(40)).unwrap();
        let data = Data::new(&DataSource::text(vec![path], vec![], 50, 0.0)).unwrap();
        let words = data.words().unwrap();
        assert_eq!((words.len(), words.word(0), words.word(1)), (2, "c", "b"));
    }

    /// A measurement takes a while; that a setting arrives shows in what is refused.
    #[test]
    fn of_measurements() {
        let layer = || "full".parse::<LayerSpec>().unwrap();
        let zero = |name: &str| format!("{name} is 0");
        let mut step = StepConfig::new(layer());
        step.repeats = 0;
        let mut growth = ScaleConfig::new(vec![layer()], 1);
        growth.batch = 0;
        let advice = AdviseConfig::new(vec![layer()], 100, 4, 0);
        let refused = [
            (time_step(&step).unwrap_err(), "repeats"),
            (scale(&growth, &mut |_| {}).unwrap_err(), "batch"),
            (advise(&advice, &mut |_| {}).unwrap_err(), "tokens"),
        ];
        for (error, name) in refused {
            assert!(error.to_string().contains(&zero(name)), "{error}");
        }
    }
}
