//! Tests of the defaults and of refused settings.

use super::*;

fn shape(builder: &Builder) -> (Encoding, usize, usize, Budget) {
    let config = builder.config().unwrap();
    (config.encoding, config.dim, config.window.size(), config.budget)
}

#[test]
fn defaults_follow_the_data() {
    let one = || Builder::of(["full"]).unwrap();
    assert_eq!(shape(&one()), (Encoding::Mean, 24, 1, Budget::Examples(1_500_000)));
    assert_eq!(shape(&one().text("t")), (Encoding::Mean, 100, 5, Budget::Time(Duration::from_secs(60))));
    let ngram = || one().text("t").model(ModelKind::NGram);
    assert_eq!(shape(&ngram()).0, Encoding::NGram { embedding: 100 });
    assert_eq!(
        shape(&ngram().dim(8).order(3).examples(9)),
        (Encoding::NGram { embedding: 8 }, 8, 2, Budget::Examples(9))
    );
    let (encoding, hidden, ..) = shape(&ngram().dim(8).hidden(6));
    assert_eq!((encoding, hidden), (Encoding::NGram { embedding: 8 }, 6));
}

#[test]
fn names_stand_for_layers() {
    let names = |builder: Builder| builder.layers.iter().map(LayerSpec::to_string).collect::<Vec<_>>();
    assert_eq!(names(Builder::of(["full", "negative:samples=2"]).unwrap()), ["full", "negative:samples=2"]);
    assert_eq!(Builder::of(["all"]).unwrap().layers.len(), CompareConfig::all_layers().len());
    assert_eq!(Builder::default().layers.len(), CompareConfig::usual_layers().len());
    assert!(matches!(Builder::of(["ful"]), Err(Error::UnknownLayer { .. })));
    assert!(matches!(Builder::of::<&str>([]), Err(Error::OutOfRange { name: "number of layers", .. })));
}

#[test]
fn settings_without_effect_are_refused() {
    let one = || Builder::of(["full"]).unwrap();
    let ngram = || one().model(ModelKind::NGram);
    let refused = |builder: Builder| match builder.run() {
        Err(Error::NotWith { setting, .. }) => setting,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(one().order(3)), "order");
    assert_eq!(refused(one().model(ModelKind::SkipGram).hidden(3)), "hidden");
    assert_eq!(refused(ngram().window(3)), "window");
    assert_eq!(refused(ngram().window_rule(WindowRule::Dynamic)), "window rule dynamic");
    assert_eq!(refused(ngram().context(Context::Both)), "context both");
    assert_eq!(refused(one().valid("v")), "valid");
    assert_eq!(refused(one().min_count(1)), "min_count");
    assert_eq!(refused(one().sample(0.1)), "sample");
    assert_eq!(refused(one().text("t").synthetic(9, 2)), "a synthetic language");
}

#[test]
fn values_that_make_no_sense_are_refused_before_the_text_is_read() {
    let refused = |set: fn(Builder) -> Builder| match set(Builder::of(["full"]).unwrap().text("missing")).run() {
        Err(Error::OutOfRange { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(|b| b.dim(0)), "dim");
    assert_eq!(refused(|b| b.window(0)), "window");
    assert_eq!(refused(|b| b.batch(0)), "batch");
    assert_eq!(refused(|b| b.threads(0)), "threads");
    assert_eq!(refused(|b| b.rate(f32::NAN)), "rate");
    assert_eq!(refused(|b| b.budget(Duration::ZERO)), "budget");
    assert_eq!(refused(|b| b.examples(0)), "examples");
    assert_eq!(refused(|b| b.valid_examples(0)), "valid_examples");
    assert_eq!(refused(|b| b.model(ModelKind::NGram).order(1)), "order");
    assert!(matches!(Builder::default().text("missing").run(), Err(Error::Io { .. })));
}

#[test]
fn a_directory_is_its_files_and_a_pattern_those_that_match() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["a.txt", "b.txt"] {
        std::fs::write(path(name), "the cat eats fish\n").unwrap();
    }
    match Builder::default().text(folder.path()).valid(path("b*")).source().unwrap() {
        DataSource::Text { corpus, valid, .. } => {
            assert_eq!(corpus, [path("a.txt"), path("b.txt")]);
            assert_eq!(valid, [path("b.txt")]);
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(Builder::default().text(path("*.zip")).source(), Err(Error::NoFiles { .. })));
}
