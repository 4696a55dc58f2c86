//! Everything that is written can be read: any word and any finite number comes back from any file, or is refused
//! before anything is written.

use lexmax::corpus::{Context, Direction, Window};
use lexmax::error::{Error, OutputFault, Unfit, VectorsFault};
use lexmax::model::{Architecture, Model, ModelReader, ModelWriter};
use lexmax::table::Optimizer;
use lexmax::vectors::{self, Format, ReadOptions, VectorSource, WordVectors};
use lexmax::vocab::{LONGEST_WORD, Vocabulary};
use ndarray::Array2;
use proptest::prelude::*;
use std::path::Path;

/// What a word may be made of beside letters: white space of all kinds, controls, marks, the signs of other formats.
const SIGNS: &[char] = &[
    ' ',
    '\t',
    '\n',
    '\r',
    '\0',
    '\u{b}',
    '\u{c}',
    '\u{1b}',
    '\u{1c}',
    '\u{7f}',
    '\u{85}',
    '\u{a0}',
    '\u{2028}',
    '\u{2029}',
    '\u{3000}',
    '\u{feff}',
    '\u{200b}',
    '\u{200d}',
    '\u{202e}',
    '\u{301}',
    '\u{fffd}',
    '\u{10ffff}',
    '"',
    '\'',
    ',',
    '\\',
    '{',
    '#',
    '_',
    '0',
    '-',
    '.',
    'e',
    'é',
    '数',
];

/// Words that readers might take for something else.
const LOOKALIKES: &[&str] = &[
    "</s>",
    "<s>",
    "2",
    "2 3",
    "0.5",
    "-1e-3",
    "nan",
    "inf",
    "word",
    "label",
    "Word",
    "\u{feff}river",
    "\u{93}NUMPY",
    "FiFu",
    "BZh91AY&SY",
    "BZh",
    "PK\u{3}\u{4}",
    "P*M\u{18}",
    "{\"a\":1}",
    " a",
    "a ",
    "e\u{301}",
    "\u{301}",
    "a\r",
    "1\t2",
];

fn word() -> impl Strategy<Value = String> {
    let sign = prop_oneof![prop::sample::select(SIGNS), any::<char>()];
    prop_oneof![
        6 => prop::collection::vec(any::<char>(), 1..6).prop_map(String::from_iter),
        6 => prop::collection::vec(sign, 1..5).prop_map(String::from_iter),
        4 => prop::sample::select(LOOKALIKES).prop_map(String::from),
        1 => (1_000..3_000usize, any::<char>()).prop_map(|(n, c)| String::from_iter(std::iter::repeat_n(c, n))),
        1 => (LONGEST_WORD - 2..LONGEST_WORD + 3).prop_map(|n| "x".repeat(n)),
    ]
}

fn number() -> impl Strategy<Value = f32> {
    let bits = any::<u32>().prop_map(f32::from_bits).prop_filter("finite", |x| x.is_finite());
    // Bytes that are digits, signs and white space of a text.
    let digits = prop::collection::vec(prop::sample::select(b"0123456789.-+e \n\t".to_vec()), 4);
    prop_oneof![
        8 => bits,
        4 => -1e3f32..1e3,
        2 => digits.prop_map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())),
        1 => (1..1u32 << 23, any::<bool>()).prop_map(|(bits, minus)| f32::from_bits(bits | u32::from(minus) << 31)),
        2 => prop::sample::select(vec![0.0, -0.0, f32::MAX, f32::MIN, f32::MIN_POSITIVE, f32::EPSILON, 0.1, 1.0 / 3.0]),
    ]
}

/// Words with a vector each; few dimensions, and now and then many.
fn vectors() -> impl Strategy<Value = (Vec<String>, Array2<f32>)> {
    let dim = prop_oneof![6 => 1..5usize, 1 => 100..300usize];
    (prop::collection::hash_set(word(), 1..12), dim).prop_flat_map(|(words, dim)| {
        let words = Vec::from_iter(words);
        let rows = words.len();
        prop::collection::vec(number(), rows * dim)
            .prop_map(move |values| (words.clone(), Array2::from_shape_vec((rows, dim), values).unwrap()))
    })
}

/// The words and rows that `keep` keeps.
fn part(words: &[String], values: &Array2<f32>, keep: impl Fn(&str) -> bool) -> Option<WordVectors> {
    let kept = Vec::from_iter((0..words.len()).filter(|row| keep(&words[*row])));
    let names = kept.iter().map(|row| &words[*row]);
    (!kept.is_empty()).then(|| WordVectors::new(names, values.select(ndarray::Axis(0), &kept)).unwrap())
}

fn norm(row: &[f32]) -> f64 {
    row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt()
}

/// Whether all bits are the same. finalfusion keeps directions and lengths, so that three roundings lie between: of the
/// length, of the direction and of their product, each relative or of the smallest number that there is.
fn same(format: Format, a: &WordVectors, b: &WordVectors) -> bool {
    let near = |id| {
        let (a, b) = (a.vector(id), b.vector(id));
        let least = norm(a).max(1.0) * f64::from(f32::from_bits(1)) * 2.0;
        a.iter().zip(b).all(|(x, y)| match format {
            Format::Finalfusion => {
                let (x, y) = (f64::from(*x), f64::from(*y));
                (x - y).abs() <= 2.0 * f64::from(f32::EPSILON) * x.abs() + least
            }
            _ => x.to_bits() == y.to_bits(),
        })
    };
    a.words().eq(b.words()) && a.dim() == b.dim() && (0..a.len() as u32).all(near)
}

/// The rules of each format, word for word as the documentation has them: nothing else is refused.
fn is_refused(format: Format, word: &str) -> bool {
    let bad: &[char] = match format {
        Format::Binary => &[' ', '\n', '\0'],
        Format::Text | Format::FastText | Format::Glove => &[' ', '\t', '\n', '\r', '\u{b}', '\u{c}', '\0'],
        Format::Npy => &['\n', '\r'],
        Format::Projector => &['\t', '\n', '\r'],
        _ => &[],
    };
    let packed = matches!(format, Format::Npy | Format::Projector | Format::Glove) && word.starts_with("BZh91AY&SY");
    // A frame that zstd skips, where the file begins with a word.
    let has_start =
        matches!(format, Format::Binary | Format::Text | Format::FastText | Format::Finalfusion | Format::Model);
    let rest = word.strip_prefix(|c| ('P'..='_').contains(&c)).filter(|_| !has_start);
    let skippable = rest.is_some_and(|rest| rest.starts_with("*M\u{18}"));
    word.is_empty() || word.len() > LONGEST_WORD || word.contains(bad) || packed || skippable
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn vectors_come_back_or_are_refused((words, values) in vectors(), packing in 0..4usize) {
        let folder = tempfile::tempdir().unwrap();
        for format in Format::ALL.iter().copied() {
            let name = format!("v.{}{}", format.ending(), ["", ".gz", ".zst", ".bz2"][packing]);
            let path = folder.path().join(&name);
            for word in &words {
                prop_assert_eq!(format.unfit(word).is_some(), is_refused(format, word), "{} {:?}", format, word);
            }
            if let Some(unfit) = part(&words, &values, |word| is_refused(format, word)) {
                let error = vectors::write(&path, format, &unfit).unwrap_err();
                let Error::Output(OutputFault::Word { word, path: file, .. }) = &error else { panic!("{error}") };
                prop_assert_eq!(word, unfit.word(0));
                prop_assert_eq!(file, &format.side_file(&path).unwrap_or(path.clone()));
                prop_assert!(error.to_string().len() < 1_000 && is_empty(folder.path()), "{}", error);
            }
            let overflows = |row: &[f32]| format == Format::Finalfusion && !(norm(row) as f32).is_finite();
            let Some(good) = part(&words, &values, |word| !is_refused(format, word)) else { continue };
            if (0..good.len() as u32).any(|id| overflows(good.vector(id))) {
                let error = vectors::write(&path, format, &good).unwrap_err();
                prop_assert!(matches!(error, Error::VectorsFile { .. }) && is_empty(folder.path()), "{}", error);
                continue;
            }
            vectors::write(&path, format, &good).unwrap();
            // Lines without a header are told by their look, which any words and numbers may lack.
            let options = if format == Format::Glove { format.into() } else { ReadOptions::default() };
            let read = vectors::read(&path, &options).map(|loaded| loaded.vectors);
            let read = read.unwrap_or_else(|error| panic!("{format}: {error} {good:?}"));
            prop_assert!(same(format, &good, &read), "{}: {:?} {:?}", format, good, read);
            // Without a name the beginning tells, unless the bytes of numbers are digits.
            let digits = |row: &[f32]| row.iter().all(|x| x.to_le_bytes().is_ascii());
            let tells = !matches!(format, Format::Npy | Format::Projector | Format::Glove)
                && (format != Format::Binary || (0..good.len() as u32).any(|id| !digits(good.vector(id))));
            if tells {
                let path = folder.path().join("unnamed");
                std::fs::copy(folder.path().join(&name), &path).unwrap();
                let read = WordVectors::open(&path).unwrap_or_else(|error| panic!("{format}: {error} {good:?}"));
                prop_assert!(same(format, &good, &read), "unnamed {}: {:?} {:?}", format, good, read);
                std::fs::remove_file(path).unwrap();
            }
            format.files(&path).for_each(|path| std::fs::remove_file(path).unwrap());
        }
    }

    #[test]
    fn models_come_back((words, _) in vectors()) {
        let words = Vec::from_iter(words.into_iter().filter(|word| Format::Model.unfit(word).is_none()));
        prop_assume!(words.len() > 1);
        let counts = words.iter().enumerate().map(|(i, word)| (word.as_str().into(), 100 - i as u64));
        let vocab = Vocabulary::new(counts, 1).unwrap();
        let window = Window::new(Direction::Cbow, Context::Both, 2, false).unwrap();
        let architecture = Architecture::new("full".parse().unwrap(), window, 3);
        let (encoder, layer) = (architecture.encoder(vocab.len()).unwrap(), architecture.layer(&vocab, None).unwrap());
        let model = Model::new(encoder, layer, vocab.counts(), Optimizer::Sgd, 5).unwrap();
        let file = tempfile::Builder::new().suffix(".safetensors").tempfile().unwrap();
        let mut bytes = Vec::new();
        ModelWriter::new(&architecture, &vocab, &model).unwrap().write(&mut bytes).unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        let read = ModelReader::open(std::io::Cursor::new(bytes), file.path()).unwrap().vocab().unwrap();
        prop_assert!(read.words().eq(vocab.words()) && read.counts() == vocab.counts());
        let read = WordVectors::open(file.path()).unwrap();
        prop_assert!(read.words().eq(vocab.words()));
        prop_assert!((0..read.len() as u32).all(|id| read.vector(id) == model.encoder_tables()[0].row(id)));
    }
}

/// Numbers whose bytes are the digits of another one: what a file is called decides what it is.
#[test]
fn binary_files_that_look_like_text_are_binary() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = |bytes: &[u8; 4]| f32::from_le_bytes(*bytes);
    for (numbers, has_name) in [
        (vec![bytes(b"1 23")], false),
        (vec![bytes(b"7\n7\n")], false),
        (vec![bytes(b"12.5")], true),
        (vec![bytes(b"2 3 "), bytes(b"4 5 ")], false),
        (vec![bytes(b"0.25"), bytes(b" 0.5")], true),
    ] {
        let values = Array2::from_shape_vec((1, numbers.len()), numbers).unwrap();
        let vectors = WordVectors::new(["word"], values).unwrap();
        for name in ["v.bin", "v"].into_iter().take(if has_name { 1 } else { 2 }) {
            let path = folder.path().join(name);
            vectors::write(&path, Format::Binary, &vectors).unwrap();
            let read = WordVectors::open(&path).unwrap();
            assert!(same(Format::Binary, &read, &vectors), "{name}: {read:?}, {vectors:?}");
        }
    }
    // A binary file of another name, without a byte of 0.
    let values = Array2::from_elem((3, 2), 1.234_567f32);
    let vectors = WordVectors::new(["a", "b", "c"], values).unwrap();
    let path = folder.path().join("v.txt");
    vectors::write(&path, Format::Binary, &vectors).unwrap();
    assert!(same(Format::Binary, &WordVectors::open(&path).unwrap(), &vectors));
}

/// A refusal says which word, in which file, why, and what to do; what was there before stays.
#[test]
fn refusals_leave_old_files_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    for (format, word, unfit, says) in [
        (Format::Text, "new york".to_string(), Unfit::Space, "choose another format (npy, finalfusion, projector)"),
        (Format::Binary, "a\0b".into(), Unfit::Nul, r#""a\0b" cannot be written to a file of the format binary"#),
        (Format::Npy, "a\u{1b}\nb".into(), Unfit::Space, r#"v.words.txt: the word "a\u{1b}\nb""#),
        (Format::Projector, "a\tb".into(), Unfit::Space, "v.metadata.tsv: the word"),
        (Format::Projector, "BZh91AY&SY".into(), Unfit::Packed, "begins as a compressed file"),
        (Format::Finalfusion, "x".repeat(70_000), Unfit::Long { bytes: 70_000, limit: 65_536 }, "lower max_word_bytes"),
    ] {
        let path = folder.path().join("v").with_extension(format.ending());
        for file in format.files(&path) {
            std::fs::write(file, "old").unwrap();
        }
        let vectors = WordVectors::new(["good", &word], Array2::ones((2, 2))).unwrap();
        match vectors::write(&path, format, &vectors) {
            Err(error @ Error::Output(OutputFault::Word { unfit: found, .. })) => {
                let text = error.to_string();
                assert!(found == unfit && text.contains(says) && text.len() < 400, "{text}");
            }
            other => panic!("{format} {other:?}"),
        }
        assert!(format.files(&path).all(|file| std::fs::read(file).unwrap() == b"old"), "{format}");
    }
}

/// Vectors of any size, all alike.
struct Sizes {
    words: usize,
    dim: usize,
}

impl VectorSource for Sizes {
    fn len(&self) -> usize {
        self.words
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn word(&self, _: u32) -> &str {
        "word"
    }

    fn row(&self, _: u32, out: &mut [f32]) {
        out.fill(0.5);
    }
}

/// Sizes that no reader takes are not written, and the largest vector is.
#[test]
fn sizes_come_back_or_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for format in Format::ALL.iter().copied() {
        let path = folder.path().join(format!("v-{format}")).with_extension(format.ending());
        for (words, dim) in [(0, 2), (1, 0), (1, (1 << 20) + 1)] {
            let error = vectors::write(&path, format, &Sizes { words, dim }).unwrap_err();
            assert!(matches!(&error, Error::VectorsFile { fault: VectorsFault::TooLarge { .. }, .. }), "{error}");
            assert!(!format.files(&path).any(|file| file.exists()), "{format}");
        }
        vectors::write(&path, format, &Sizes { words: 1, dim: 1 << 20 }).unwrap();
        let read = WordVectors::open(&path).unwrap();
        assert_eq!((read.len(), read.dim()), (1, 1 << 20), "{format}");
    }
}
