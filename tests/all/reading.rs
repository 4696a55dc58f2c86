//! A model file records how its text became words, and questions are read in the same way.

use assert_cmd::Command;
use lexmax::corpus::{Form, Lowercase, Normalizer, PhraseScore, Split};
use lexmax::error::{Error, ModelFault};
use lexmax::model::Predictor;
use lexmax::table::Threads;
use lexmax::word2vec::{PhraseOptions, Trained, Word2Vec};
use std::path::{Path, PathBuf};

const TEXT: &str = "We went to New York City by the Old River.\nA cafe\u{301} in New York City; the river is old!\n\
                    The sea, the river and the old café.\nNew York City is big.\n";

fn normalizer(lowercase: bool, nfc: bool, split: Split) -> Normalizer {
    let mut normalizer = Normalizer::default();
    normalizer.lowercase = if lowercase { Lowercase::Unicode } else { Lowercase::No };
    normalizer.form = if nfc { Form::Nfc } else { Form::None };
    normalizer.split = split;
    normalizer
}

fn trained(folder: &Path, normalizer: Normalizer, phrases: bool) -> Trained {
    let text = folder.join("text.txt");
    std::fs::write(&text, TEXT.repeat(30)).unwrap();
    let word2vec = Word2Vec::new().normalizer(normalizer).min_count(1).dim(4).sample(0.0).threads(1).seed(3);
    let mut joined = PhraseOptions::passes(2);
    (joined.score, joined.thresholds) = (PhraseScore::Npmi, vec![0.9]);
    if phrases { word2vec.phrases(joined) } else { word2vec }.train(text).unwrap()
}

fn saved(folder: &Path, trained: &Trained) -> PathBuf {
    let path = folder.join("model.safetensors");
    trained.save_model(&path).unwrap();
    path
}

fn open(path: &Path) -> lexmax::Result<Predictor> {
    Predictor::open(path, Threads::new(1))
}

#[test]
fn questions_are_read_as_the_text_was() {
    let folder = tempfile::tempdir().unwrap();
    let all = trained(folder.path(), normalizer(true, true, Split::Words), true);
    let model = open(&saved(folder.path(), &all)).unwrap();
    for (line, words) in [
        ("We went to NEW York City!", "we went to new_york_city"),
        ("(Cafe\u{301}), the SEA", "caf\u{e9} the sea"),
        ("new_york_city", "new_york_city"),
        ("", ""),
    ] {
        let read = model.words(line);
        // What belongs together here is joined by the library's own rules; the words are those of the vocabulary.
        let joined = read.join(" ").replace('_', " ");
        assert_eq!(joined, words.replace('_', " "), "{line}");
        assert_eq!(read, all.predictor().words(line), "the file and the model in memory, {line}");
        assert!(read.iter().all(|word| model.vocab().id(word).is_some()), "{line}: {read:?}");
    }
    let city = model.words("New York City");
    assert!(city == ["new_york_city"], "{city:?}");
    assert_eq!(model.words_of(&["New", "York", "City"]), city);
    assert_eq!(model.words_of(&["New York City"]), city);
    assert_eq!(model.word("New York City"), "new_york_city");
    assert_eq!(model.word("Two Words"), "Two Words");
}

#[test]
fn the_command_reads_questions_as_the_text_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path(), &trained(folder.path(), normalizer(true, true, Split::Words), true));
    let predict = |arguments: &[&str], lines: &str| {
        let mut command = Command::cargo_bin("lexmax").unwrap();
        let done = command.arg("predict").arg(&path).args(arguments).write_stdin(lines).output().unwrap();
        (done.status.code(), String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap())
    };
    let plain = predict(&["new_york_city", "sea"], "");
    assert!(plain.0 == Some(0) && plain.2.is_empty(), "{plain:?}");
    for context in [&["New York City, SEA"][..], &["New", "York", "City", "Sea"], &["NEW_YORK_CITY", "sea!"]] {
        assert_eq!(predict(context, ""), plain, "{context:?}");
    }
    let lines = predict(&[], "New York City, SEA\r\nnew york city\tSea\n");
    assert_eq!(lines.1, format!("{0}\n{0}\n", plain.1));
    let of = predict(&["sea", "--of", "New York City", "--of", "Cafe\u{301}"], "");
    assert!(of.1.starts_with("new_york_city\t") && of.1.contains("\ncaf\u{e9}\t"), "{of:?}");
    let (code, told, unknown) = predict(&["sea", "Quasar", "--of", "river"], "");
    assert!(code == Some(0) && told.starts_with("river\t") && unknown == "unknown: \"quasar\"\n", "{unknown}");
    assert_eq!(predict(&["?!"], "").2, "lexmax: not in the vocabulary: \"?!\"; check spelling and case\n");
}

#[test]
fn a_text_that_is_read_as_it_is_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let plain = saved(folder.path(), &trained(folder.path(), Normalizer::default(), false));
    let file = String::from_utf8_lossy(&std::fs::read(&plain).unwrap()).into_owned();
    assert!(!file.contains("phrases.") && !file.contains("lowercase"));
    assert_eq!(open(&plain).unwrap().words("The Sea, new york"), ["The", "Sea,", "new", "york"]);
    let before = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/before/model.safetensors");
    assert_eq!(open(&before).unwrap().words("The Cat eats"), ["The", "Cat", "eats"]);
}

#[test]
fn checkpoints_say_it_too_and_the_same_model_gives_the_same_bytes() {
    let [a, b] = [(); 2].map(|()| {
        let folder = tempfile::tempdir().unwrap();
        let all = trained(folder.path(), normalizer(true, false, Split::Space), true);
        std::fs::read(saved(folder.path(), &all)).unwrap()
    });
    assert!(a == b, "two runs");
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("t.txt");
    std::fs::write(&text, TEXT.repeat(30)).unwrap();
    let checkpoints = lexmax::word2vec::Checkpoints::new(folder.path());
    let file = checkpoints.file();
    let run = Word2Vec::new().normalizer(normalizer(true, false, Split::Space)).checkpoint(checkpoints);
    run.min_count(1).dim(4).threads(1).train(text).unwrap();
    assert_eq!(open(&file).unwrap().words("THE Sea"), ["the", "sea"]);
}

#[test]
fn damaged_phrases_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path(), &trained(folder.path(), normalizer(true, false, Split::Space), true));
    let file = std::fs::read(&path).unwrap();
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&file[8..8 + length]).unwrap();
    let at = |tensor: &str| 8 + length + header[tensor]["data_offsets"][0].as_u64().unwrap() as usize;
    let fault = |place: usize, byte: u8| {
        let mut bad = file.clone();
        bad[place] = byte;
        std::fs::write(&path, bad).unwrap();
        match open(&path) {
            Err(Error::ModelFile { fault, .. }) => *fault,
            other => panic!("{other:?}"),
        }
    };
    let pairs = fault(at("phrases.pairs") + 11, 0xff);
    assert!(matches!(pairs, ModelFault::Reference { tensor: "phrases.pairs", at: 2 }), "{pairs}");
    let passes = fault(at("phrases.passes") + 7, 0x7f);
    assert!(matches!(passes, ModelFault::Reference { tensor: "phrases.passes", at: 0 }), "{passes}");
    assert!(matches!(fault(at("phrases.words"), 0xff), ModelFault::Word { word: 0, .. }));
    assert!(matches!(fault(at("phrases.ends") + 7, 0xff), ModelFault::Word { word: 0, .. }));
    let text = file.windows(9).position(|bytes| bytes == b"lowercase").unwrap();
    assert!(matches!(fault(text, b'L'), ModelFault::Field { field: "lexmax", .. }));
}
