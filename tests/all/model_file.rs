//! Models in files: the same bits come back, and a file that is not a model gives a typed error.

use lexmax::WorkerRng;
use lexmax::corpus::{Context, Direction, Window};
use lexmax::error::{ModelFault, VectorsFault, WordFault};
use lexmax::layer::catalogue::{self, CATALOGUE};
use lexmax::layer::{Bias, LayerExt, Scratch};
use lexmax::model::{Architecture, Encoding, Model, ModelReader, ModelWriter, SharedModel, Updates};
use lexmax::table::Optimizer;
use lexmax::table::{Bags, Threads};
use lexmax::vectors::{Format, Stream, WordVectors, read_streams};
use lexmax::vocab::Vocabulary;
use lexmax::{Error, Result};
use ndarray::Array2;
use proptest::prelude::*;
use rand::RngExt;
use std::io::Cursor;
use std::path::Path;

fn vocab(words: usize) -> Vocabulary {
    let word = |i: usize| match i {
        0 => "größe".into(),
        1 => "數".into(),
        2 => "a b".into(),
        _ => format!("w{i}"),
    };
    Vocabulary::new((0..words).map(|i| (word(i).into(), 10_000 / (i as u64 + 1))), 1).unwrap()
}

fn architecture(layer: &str, encoding: Encoding, optimizer: Optimizer) -> Architecture {
    let window = match encoding {
        Encoding::Mean => Window::new(Direction::Cbow, Context::Both, 3, true),
        _ => Encoding::window(4),
    };
    let mut made = Architecture::new(layer.parse().unwrap(), window.unwrap(), 12);
    (made.encoding, made.optimizer) = (encoding, optimizer);
    made
}

fn new(a: &Architecture, vocab: &Vocabulary) -> Model {
    let (encoder, layer) = (a.encoder(vocab.len()).unwrap(), a.layer(vocab, None).unwrap());
    Model::new(encoder, layer, vocab.counts(), a.optimizer, 3).unwrap()
}

/// A model that some steps have moved everywhere.
fn trained(a: &Architecture, vocab: &Vocabulary) -> Model {
    let mut model = new(a, vocab);
    let (mut rng, mut scratch) = (WorkerRng::new(7, 0), Scratch::new(WorkerRng::new(7, 1)));
    let mut train = model.trainable(Updates::Deferred, 0.1, &Threads::default());
    for _ in 0..20 {
        let words: Vec<u32> = (0..32).map(|_| rng.random_range(0..vocab.len() as u32)).collect();
        let targets: Vec<u32> = (0..8).map(|_| rng.random_range(0..vocab.len() as u32)).collect();
        let offsets: Vec<u32> = (0..=8).map(|b| 4 * b).collect();
        let bags = Bags { rows: &words, offsets: &offsets };
        let (mut hidden, mut d_hidden) = (Array2::zeros((8, a.dim)), Array2::zeros((8, a.dim)));
        train.encoder.forward(&mut train.handles.encoder, bags, hidden.view_mut());
        let batch = lexmax::layer::Batch::new(hidden.view(), &targets);
        train.layer.step(&mut train.handles.layer, batch, &mut scratch, d_hidden.view_mut(), None);
        train.handles.layer.flush();
        train.encoder.backward(&mut train.handles.encoder, bags, hidden.view(), d_hidden.view());
        train.handles.encoder.flush();
    }
    drop(train);
    model
}

fn log_probs(model: &Model) -> Vec<u32> {
    let (words, offsets) = ([0, 3, 5, 1, 4, 2, 9], [0, 3, 4, 7]);
    let mut handles = model.frozen(&Threads::default());
    let mut hidden = Array2::zeros((3, model.layer().dim()));
    let bags = Bags { rows: &words, offsets: &offsets };
    model.encoder().forward(&mut handles.encoder, bags, hidden.view_mut());
    let mut out = Array2::zeros((3, model.layer().vocab()));
    let mut scratch = Scratch::new(WorkerRng::new(0, 0));
    model.layer().log_probs(&mut handles.layer, hidden.view(), &mut scratch, out.view_mut());
    out.iter().map(|x| x.to_bits()).collect()
}

fn parameters(model: &Model) -> Vec<u32> {
    let tables = model.encoder_tables().iter().chain(model.layer_tables());
    let all = tables.flat_map(|t| {
        let [weights, biases] = t.optimizer_state();
        t.weights().iter().chain(t.bias()).chain(weights).chain(biases).map(|x| x.to_bits()).collect::<Vec<_>>()
    });
    all.collect()
}

fn written(a: &Architecture, vocab: &Vocabulary, model: &Model) -> Vec<u8> {
    let mut file = Vec::new();
    ModelWriter::new(a, vocab, model).unwrap().write(&mut file).unwrap();
    file
}

fn read(file: &[u8]) -> Result<(Architecture, Vocabulary, Model)> {
    ModelReader::open(Cursor::new(file), Path::new("m.lexmax"))?.read()
}

#[test]
fn every_layer_and_encoder_comes_back_with_the_same_bits() {
    let vocab = vocab(47);
    for entry in CATALOGUE {
        for encoding in [Encoding::Mean, Encoding::NGram { embedding: 5 }] {
            for optimizer in [Optimizer::Sgd, Optimizer::adagrad(0.1).unwrap()] {
                let a = architecture(entry.name, encoding, optimizer);
                let model = trained(&a, &vocab);
                let file = written(&a, &vocab, &model);
                let (b, words, again) = read(&file).unwrap();
                let what = format!("{} {encoding:?} {optimizer:?}", entry.name);
                assert_eq!(b.layer.to_string(), a.layer.to_string());
                assert_eq!((b.bias, b.window, b.encoding, b.dim), (a.bias, a.window, a.encoding, a.dim), "{what}");
                assert_eq!(words.counts().as_slice(), vocab.counts().as_slice(), "{what}");
                assert!((0..47).all(|i| words.word(i) == vocab.word(i)), "{what}");
                assert!(parameters(&again) == parameters(&model), "{what}");
                assert!(log_probs(&again) == log_probs(&model), "{what}");
                assert_ne!(log_probs(&again), log_probs(&new(&a, &vocab)), "{what}: training changes something");
                assert!(written(&b, &words, &again) == file, "{what}");
            }
        }
    }
}

/// A tree from a file is in the model's file itself: the other one may be gone.
#[test]
fn trees_that_no_name_gives_are_kept() {
    let vocab = vocab(5);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tree.txt");
    std::fs::write(&path, "größe 10\n數 110\nw3 0\nw4 1110\n").unwrap();
    // A word with a space cannot stand in a tree's text, so this vocabulary goes without it.
    let words = [0, 1, 3, 4].map(|i| (vocab.word(i).into(), 50 - u64::from(i)));
    let vocab = Vocabulary::new(words, 1).unwrap();
    std::fs::write(&path, "größe 10\n數 110\nw3 0\nw4 111\n").unwrap();
    let mut a = architecture(&format!("hierarchical:tree={}", path.display()), Encoding::Mean, Optimizer::Sgd);
    a.bias = Bias::None;
    let context = catalogue::Shape::new(vocab.counts(), a.dim, a.bias).words(&vocab);
    let layer = a.layer.build(&context).unwrap();
    let model = Model::new(a.encoder(4).unwrap(), layer, vocab.counts(), a.optimizer, 1).unwrap();
    let file = written(&a, &vocab, &model);
    std::fs::remove_file(&path).unwrap();
    let (_, _, again) = read(&file).unwrap();
    assert_eq!(again.layer().tree(), model.layer().tree());
    assert_ne!(again.layer().tree(), Some(&lexmax::tree::Tree::huffman(vocab.counts())));
}

#[test]
fn a_model_that_workers_share_is_written_alike() {
    let vocab = vocab(20);
    let a = architecture("hierarchical", Encoding::NGram { embedding: 5 }, Optimizer::Sgd);
    let model = trained(&a, &vocab);
    let file = written(&a, &vocab, &model);
    let shared = SharedModel::from_model(model).unwrap();
    let mut again = Vec::new();
    ModelWriter::new(&a, &vocab, &shared).unwrap().write(&mut again).unwrap();
    assert!(file == again);
    let mut reader = ModelReader::open(Cursor::new(&file), Path::new("m")).unwrap();
    let mut other = SharedModel::from_model(new(&a, &vocab)).unwrap();
    reader.read_into(&mut other).unwrap();
    assert_eq!(parameters(&other.into_model().unwrap()), parameters(&shared.into_model().unwrap()));
}

#[test]
fn what_is_not_finite_is_not_written() {
    let vocab = vocab(20);
    for value in [f32::NAN, f32::INFINITY] {
        for layer in ["full", "hierarchical"] {
            let a = architecture(layer, Encoding::Mean, Optimizer::Sgd);
            let mut model = new(&a, &vocab);
            let mut train = model.trainable(Updates::Online, value, &Threads::default());
            let x = Array2::ones((1, 12));
            let rows = lexmax::table::Rows::List(&[7]);
            train.handles.layer.descend(0, &rows, Array2::ones((1, 1)).view(), x.view());
            drop(train);
            let refused = ModelWriter::new(&a, &vocab, &model).err();
            assert!(matches!(refused, Some(Error::NotFinite { table, row: 7, .. }) if table == "layer.0"));
        }
    }
}

fn fault(file: &[u8]) -> ModelFault {
    match read(file).expect_err("a fault") {
        Error::ModelFile { path, fault } if path == Path::new("m.lexmax") => *fault,
        other => panic!("{other}"),
    }
}

/// The same file with a part of its header replaced by as many bytes.
fn changed(file: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = file.windows(from.len()).position(|w| w == from.as_bytes()).expect(from);
    let mut file = file.to_vec();
    file[at..at + to.len()].copy_from_slice(to.as_bytes());
    file
}

/// Where a tensor begins, by the header as JSON.
fn offset(file: &[u8], tensor: &str) -> usize {
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&file[8..8 + length]).unwrap();
    8 + length + header[tensor]["data_offsets"][0].as_u64().unwrap() as usize
}

#[test]
fn faults_are_named_with_their_place() {
    let vocab = vocab(20);
    let a = architecture("hierarchical", Encoding::Mean, Optimizer::Sgd);
    let file = written(&a, &vocab, &trained(&a, &vocab));
    assert!(matches!(fault(&file[..5]), ModelFault::TooShort { bytes: 5 }));
    assert!(matches!(fault(&file[..50]), ModelFault::HeaderLength { limit: 42, .. }));
    assert!(matches!(fault(&file[..file.len() - 1]), ModelFault::Size { .. }));
    assert!(matches!(fault(&[&file[..], &[0]].concat()), ModelFault::Size { .. }));
    let mut huge = file.clone();
    huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(fault(&huge), ModelFault::HeaderLength { length: u64::MAX, .. }));
    assert!(matches!(fault(&changed(&file, "\"lexmax\":", "\"lexmin\":")), ModelFault::NoField { field: "lexmax" }));
    assert!(matches!(fault(&changed(&file, "format\\\":1", "format\\\":2")), ModelFault::Format { found: 2, .. }));
    let unknown = fault(&changed(&file, "hierarchical", "hierarchicul"));
    assert!(matches!(unknown, ModelFault::Senseless { field: "layer", .. }), "{unknown}");
    assert!(matches!(fault(&changed(&file, "\\\"dim\\\":12", "\\\"dim\\\":13")), ModelFault::Shape { .. }));
    assert!(matches!(fault(&changed(&file, "vocab.ends", "vocab.end_")), ModelFault::NoTensor { .. }));
    assert!(matches!(fault(&changed(&file, "[20,12]", "[12,20]")), ModelFault::Shape { .. }));
    assert!(matches!(fault(&changed(&file, "{\"__met", "[\"__met")), ModelFault::Header { byte: 8, .. }));

    let with = |tensor: &str, at: usize, bytes: &[u8]| {
        let mut file = file.clone();
        let at = offset(&file, tensor) + at;
        file[at..at + bytes.len()].copy_from_slice(bytes);
        (fault(&file), at as u64)
    };
    let (found, at) = with("layer.0.weight", 4 * (12 * 3 + 5), &f32::NAN.to_le_bytes());
    assert!(matches!(found, ModelFault::Number { row: 3, byte, .. } if byte == at), "{found}");
    let (found, at) = with("vocab.words", "größe".len(), &[0xff]);
    assert!(matches!(found, ModelFault::Word { word: 1, byte, fault: WordFault::NotUtf8 } if byte == at), "{found}");
    let last = 19 * 8;
    let (found, _) = with("vocab.ends", last, &1_000_u64.to_le_bytes());
    assert!(matches!(found, ModelFault::Word { word: 19, fault: WordFault::End { end: 1_000 }, .. }), "{found}");
    let (found, _) = with("vocab.counts", 0, &1_u64.to_le_bytes());
    assert!(matches!(found, ModelFault::Counts { .. }), "{found}");
    let (found, _) = with("tree.nodes", 4 * 7, &(9_u32 << 1).to_le_bytes());
    assert!(found.to_string().contains("decision 7"), "{found}");
    let leaf = |file: &[u8]| file[offset(file, "tree.leaves")..][..4].to_vec();
    let (found, _) = with("tree.leaves", 4 * 5, &leaf(&file));
    assert!(matches!(found, ModelFault::Tree { .. }), "{found}");
    let twice = changed(&file, "w18w19", "w18w18");
    assert!(matches!(fault(&twice), ModelFault::Word { word: 19, fault: WordFault::Repeated { first: 18 }, .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is done to a file, reading it ends in a model or in an error.
    #[test]
    fn damaged_files_never_panic(
        layer in 0..CATALOGUE.len(), at in any::<prop::sample::Index>(), bytes in prop::collection::vec(any::<u8>(), 1..9),
        header: bool, cut in any::<prop::sample::Index>(), shorten: bool,
    ) {
        let vocab = vocab(11);
        let a = architecture(CATALOGUE[layer].name, Encoding::Mean, Optimizer::Sgd);
        let mut file = written(&a, &vocab, &new(&a, &vocab));
        let length = 8 + u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
        let at = at.index(if header { length } else { file.len() });
        let end = (at + bytes.len()).min(file.len());
        file[at..end].copy_from_slice(&bytes[..end - at]);
        if shorten {
            file.truncate(cut.index(file.len()));
        }
        if let Ok((_, _, model)) = read(&file) {
            prop_assert!(model.encoder_tables().iter().all(|t| t.weights().iter().all(|w| w.is_finite())));
        }
    }
}

/// The word vectors of a model's bytes, from a stream of known or of unknown length.
fn vectors(file: &[u8], known: bool) -> Result<WordVectors> {
    let mut source = file;
    let stream = Stream { source: &mut source, len: known.then_some(file.len() as u64), path: Path::new("m") };
    Ok(read_streams(stream, None, &Format::Model.into())?.vectors)
}

#[test]
fn word_vectors_are_read_out_of_a_model() {
    let (vocab, folder) = (vocab(47), tempfile::tempdir().unwrap());
    for (layer, encoding) in [("hierarchical", Encoding::Mean), ("negative", Encoding::NGram { embedding: 5 })] {
        for optimizer in [Optimizer::Sgd, Optimizer::adagrad(0.1).unwrap()] {
            let a = architecture(layer, encoding, optimizer);
            let model = trained(&a, &vocab);
            let file = written(&a, &vocab, &model);
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut gz, &file).unwrap();
            let gz = gz.finish().unwrap();
            // The ending counts only where the content tells no format.
            for (name, bytes) in
                [("m.safetensors", &file), ("m", &file), ("m.bin", &file), ("m.txt", &file), ("m.safetensors.gz", &gz)]
            {
                let path = folder.path().join(name);
                std::fs::write(&path, bytes).unwrap();
                let read = WordVectors::open(&path).unwrap();
                assert_eq!(read.len(), vocab.len());
                for word in 0..vocab.len() as u32 {
                    assert_eq!(read.word(word), vocab.word(word), "{name}");
                    assert_eq!(read.vector(word), model.encoder_tables()[0].row(word), "{name}");
                }
            }
        }
    }
}

#[test]
fn word_vectors_of_damaged_models_are_refused() {
    let vocab = vocab(9);
    let a = architecture("negative", Encoding::Mean, Optimizer::Sgd);
    let good = written(&a, &vocab, &new(&a, &vocab));
    assert!(vectors(&good, true).is_ok());
    let fault = |file: &[u8]| {
        let [known, unknown] = [true, false].map(|known| match vectors(file, known) {
            Err(Error::VectorsFile { fault, .. }) => fault,
            other => panic!("{other:?}"),
        });
        assert_eq!(std::mem::discriminant(&known), std::mem::discriminant(&unknown));
        known
    };
    // Another text of the same length in the header.
    let replaced = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let at = good.windows(from.len()).position(|bytes| bytes == from.as_bytes()).expect(from);
        let mut file = good.clone();
        file[at..at + to.len()].copy_from_slice(to.as_bytes());
        file
    };
    let start = 8 + u64::from_le_bytes(good[..8].try_into().unwrap()) as usize;
    for len in [8, 20, start - 1] {
        assert!(vectors(&good[..len], true).is_err() && vectors(&good[..len], false).is_err(), "{len} bytes");
    }
    assert!(matches!(fault(&good[..good.len() - 1]), VectorsFault::Ends { what: "the words", .. }));
    let longer: Vec<u8> = good.iter().copied().chain(*b"x").collect();
    assert!(matches!(fault(&longer), VectorsFault::GoesOn { words: 9 }));
    assert!(matches!(fault(&replaced("vocab.ends", "vocab.bend")), VectorsFault::Header { .. }));
    assert!(matches!(fault(&replaced("encoder.0.weight", "encoder.1.weight")), VectorsFault::Header { .. }));
    assert!(matches!(fault(&replaced("\"lexmax\"", "\"lexman\"")), VectorsFault::Header { .. }));
    assert!(matches!(
        fault(&replaced("\\\"format\\\":1", "\\\"format\\\":2")),
        VectorsFault::NotRead { what: "version of the model", .. }
    ));
    // The ends follow the counts: the first word ends behind all, or behind the second.
    let ends = start + 9 * 8;
    for end in [u64::MAX, 1 << 20, 40] {
        let mut file = good.clone();
        file[ends..ends + 8].copy_from_slice(&end.to_le_bytes());
        assert!(matches!(fault(&file), VectorsFault::WordEnd { number: 1 | 2, .. }), "{end}");
    }
    let mut file = good.clone();
    let weight = ends + 9 * 8;
    file[weight..weight + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    assert!(matches!(fault(&file), VectorsFault::NotFinite { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_of_a_model_are_too_bad_for_its_vectors(at in 0..2_000usize, to in any::<u8>(), cut in 0..2_000usize) {
        let vocab = vocab(9);
        let a = architecture("hierarchical", Encoding::Mean, Optimizer::Sgd);
        let mut file = written(&a, &vocab, &new(&a, &vocab));
        let (at, cut) = (at % file.len(), cut % file.len());
        file[at] = to;
        for file in [&file[..], &file[..cut]] {
            for known in [true, false] {
                if let Ok(read) = vectors(file, known) {
                    prop_assert!(read.entries().iter().all(|x| x.is_finite()));
                    prop_assert_eq!(read.entries().len(), read.len() * read.dim());
                }
            }
        }
    }
}
