//! Files of word vectors as they occur in practice: entries that are read, entries that are passed over and counted,
//! and files that an error names.

use lexmax::Error;
use lexmax::error::{Place, VectorsFault};
use lexmax::vectors::{Format, Loaded, OnBad, PassedOver, ReadOptions, Stream, WordVectors, read, read_streams, write};
use ndarray::{Array2, array};
use proptest::prelude::*;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

fn load(options: &ReadOptions, main: &[u8], words: &[u8]) -> lexmax::Result<Loaded> {
    let (mut main_source, mut words_source) = (main, words);
    let stream = |source, bytes: &[u8]| Stream { source, len: Some(bytes.len() as u64), path: Path::new("v") };
    let words = stream(&mut words_source, words);
    read_streams(stream(&mut main_source, main), Some(words), options)
}

fn strict(format: Format, main: &[u8]) -> lexmax::Result<Loaded> {
    load(&format.into(), main, b"")
}

fn skipping(format: Option<Format>) -> ReadOptions {
    let mut options = ReadOptions::default();
    (options.format, options.on_bad) = (format, OnBad::Skip);
    options
}

fn fault(found: lexmax::Result<Loaded>) -> (Place, VectorsFault) {
    match found {
        Err(Error::VectorsFile { place, fault, .. }) => (place, fault),
        other => panic!("{other:?}"),
    }
}

/// `repeated`, `not_utf8`, `empty`, `too_long`, `wrong_size`, `no_number`, `not_finite`, `wrong_header`, `cut`.
fn counts(passed: &PassedOver) -> [u64; 9] {
    assert_eq!(passed.unfit, 0);
    let PassedOver {
        repeated, not_utf8, empty, too_long, wrong_size, no_number, not_finite, wrong_header, cut, ..
    } = *passed;
    [repeated, not_utf8, empty, too_long, wrong_size, no_number, not_finite, wrong_header, cut]
}

fn small() -> WordVectors {
    let values = array![[1.5f32, -0.25, 3.0], [0.0, 3e-5, 1.0], [-7.0, 2.5, 0.125]];
    WordVectors::new(["the", "größe", "数"], values).unwrap()
}

#[test]
fn glove_is_told_by_its_look() {
    let folder = tempfile::tempdir().unwrap();
    let text = "the 1.5 -0.25 3\ngröße 0 3e-5 1\n数 -7 2.5 0.125\n";
    let crlf = text.replace('\n', "\r\n");
    let marked = format!("\u{feff}{text}");
    for content in [text, &crlf, &marked, text.trim_end(), &format!("{text}\n\n"), &text.replace(' ', "\t")] {
        for name in ["v.txt", "v.vec", "v.bin", "v", "v.300d", "v.tsv"] {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            let found = WordVectors::open(&path).unwrap_or_else(|error| panic!("{name} {content:?}: {error}"));
            assert_eq!(found, small(), "{name} {content:?}");
        }
    }
    let path = folder.path().join("written.txt");
    write(&path, Format::Glove, &small()).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text.replace("3e-5", "0.00003"));
    // A number may be a word, and so may the first one.
    let found = strict(Format::Glove, b"1 0.5 2\n2 1 1\n").unwrap().vectors;
    assert_eq!(found, WordVectors::new(["1", "2"], array![[0.5f32, 2.0], [1.0, 1.0]]).unwrap());
    let more = b"1 0.5 2\n2 1 1\nriver 1 2\nlake 3 4\n";
    assert_eq!(load(&ReadOptions::default(), more, b"").unwrap().vectors.len(), 4);
}

/// Words with their counts, sentences and matrices are no vectors.
#[test]
fn other_lists_are_not_taken_for_glove() {
    for other in ["the 100\ncat 50\n", "the cat sat\non the mat\n", "0.5 1.5 2.5\n0.25 1 2\n", "a 1 2\nb 3\nc d e f\n"]
    {
        let found = load(&ReadOptions::default(), other.as_bytes(), b"");
        assert!(matches!(found, Err(Error::VectorsFormat { .. })), "{other} {found:?}");
    }
    // A damaged header stays one.
    let damaged = b"x 2\nthe 0.5 1\ncat 0.25 2\n";
    let file = tempfile::Builder::new().suffix(".vec").tempfile().unwrap();
    std::fs::write(file.path(), damaged).unwrap();
    let error = WordVectors::open(file.path()).unwrap_err();
    assert!(error.to_string().contains("words and the size of a vector") || !error.to_string().is_empty(), "{error}");
}

#[test]
fn words_have_spaces_and_the_last_numbers_are_the_vector() {
    let values = array![[1.0f32, 2.0], [0.5, 0.25], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]];
    let want = WordVectors::new([". . .", "new york", "inf", "at a@b.c", "river"], values).unwrap();
    let lines = ". . . 1 2\nnew york 0.5 0.25\ninf 3 4\nat a@b.c 5 6 \n river\t7  8\n";
    assert_eq!(strict(Format::Text, format!("5 2\n{lines}").as_bytes()).unwrap().vectors, want);
    assert_eq!(strict(Format::Glove, lines.as_bytes()).unwrap().vectors, want);
    assert_eq!(load(&ReadOptions::default(), format!("5 2\n{lines}").as_bytes(), b"").unwrap().vectors, want);
    // It may as well be a vector that is too long.
    for line in ["river 1 2 3", "river 1 0.5 2 3", "new york 1 2 3"] {
        let (place, fault) = fault(strict(Format::Text, format!("1 2\n{line}\n").as_bytes()));
        assert!(place == Place::Line(2) && matches!(fault, VectorsFault::Size { dim: 2, .. }), "{line} {fault:?}");
    }
    assert_eq!(fault(strict(Format::Text, b"1 2\n\t 1 2\n")).1, VectorsFault::EmptyWord { number: 1 });
}

/// Files of every format that have a word twice keep its first vector.
#[test]
fn of_a_repeated_word_the_first_vector_stays() {
    let want = WordVectors::new(["a", "b"], array![[1f32, 2.0], [3.0, 4.0]]).unwrap();
    let binary = [
        &b"3 2\n"[..],
        b"a \0\0\x80\x3f\0\0\0\x40\n",
        b"b \0\0\x40\x40\0\0\x80\x40\n",
        b"a \0\0\xa0\x40\0\0\xc0\x40\n",
    ]
    .concat();
    let folder = tempfile::tempdir().unwrap();
    let three = WordVectors::new(["a", "b", "c"], array![[1f32, 2.0], [3.0, 4.0], [5.0, 6.0]]).unwrap();
    let file = |name: &str, format| {
        let path = folder.path().join(name);
        write(&path, format, &three).unwrap();
        std::fs::read(path).unwrap()
    };
    let mut fifu = file("v.fifu", Format::Finalfusion);
    let c = fifu.windows(5).position(|bytes| bytes == b"\x01\0\0\0c").unwrap();
    fifu[c + 4] = b'a';
    let npy = file("v.npy", Format::Npy);
    for (format, main, words) in [
        (Format::Text, &b"3 2\na 1 2\nb 3 4\na 5 6\n"[..], &b""[..]),
        (Format::Glove, b"a 1 2\nb 3 4\na 5 6\n", b""),
        (Format::Binary, &binary, b""),
        (Format::Npy, &npy, b"a\nb\na\n"),
        (Format::Projector, b"1\t2\n3\t4\n5\t6\n", b"a\nb\na\n"),
        (Format::Finalfusion, &fifu, b""),
    ] {
        let found = load(&format.into(), main, words).unwrap();
        let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-5;
        assert!(found.vectors.words().eq(want.words()), "{format}");
        assert!(found.vectors.entries().iter().zip(want.entries()).all(near), "{format}");
        assert_eq!(counts(&found.passed_over), [1, 0, 0, 0, 0, 0, 0, 0, 0], "{format}");
        assert_eq!(found.passed_over.to_string(), "1 repeated word (the first vector is kept)");
    }
}

#[test]
fn broken_entries_are_passed_over_and_counted() {
    let long = "x".repeat(70_000);
    let lines = [
        &b"a 1 2\n"[..],
        b"\xe6\xb0 3 4\n",
        b"\t 5 6\n",
        format!("{long} 7 8\n").as_bytes(),
        b"b 9\n",
        b"b 9 10 11\n",
        b"c 1 x\n",
        b"d 1 nan\n",
        b"e 1 1e39\n",
        b"b 9 10\n",
        b"a 0 0\n",
    ]
    .concat();
    let want = WordVectors::new(["a", "b"], array![[1f32, 2.0], [9.0, 10.0]]).unwrap();
    let header = |sizes: &str| [sizes.as_bytes(), &lines].concat();
    for (format, file, wrong_header) in [
        (Format::Glove, lines.clone(), 0),
        (Format::Text, header("11 2\n"), 0),
        (Format::Text, header("12 2\n"), 1),
        (Format::FastText, header("2 2\n"), 1),
        (Format::Text, header("11 3\n"), 1),
        (Format::Text, header("2000000000 2\n"), 1),
        (Format::Text, header("eleven 2\n"), 1),
    ] {
        let found = load(&skipping(Some(format)), &file, b"").unwrap();
        assert_eq!(found.vectors, want, "{format} {wrong_header}");
        assert_eq!(counts(&found.passed_over), [1, 1, 1, 1, 2, 1, 2, wrong_header, 0], "{format}");
    }
    let all = "1 repeated word (the first vector is kept), 1 word that is not UTF-8, 1 empty word, 1 word that is too \
               long, 2 vectors of another size, 1 vector with something else than numbers, 2 vectors that are not finite";
    assert_eq!(load(&skipping(None), &lines, b"").unwrap().passed_over.to_string(), all);
    // Nothing of it is taken where an error is asked for.
    assert!(strict(Format::Glove, &lines).is_err());
    let nothing = fault(load(&skipping(Some(Format::Glove)), b"a x y\nb x y\n", b"")).1;
    assert!(matches!(&nothing, VectorsFault::NothingLeft { passed_over } if passed_over.contains('2')), "{nothing:?}");
}

/// A header that holds for part of the lines stands, and one that is none is no word.
#[test]
fn headers_are_not_overruled_lightly() {
    let lines = |count: usize, line: &str| (0..count).map(|n| line.replace('~', &n.to_string())).collect::<String>();
    let file = format!("100 3\n{}{}", lines(20, "short~ 1 2\n"), lines(80, "good~ 1 2 3\n"));
    let found = load(&skipping(None), file.as_bytes(), b"").unwrap();
    assert_eq!((found.vectors.len(), found.vectors.dim()), (80, 3));
    assert_eq!(counts(&found.passed_over), [0, 0, 0, 0, 20, 0, 0, 0, 0]);
    let found = load(&skipping(None), b"3 2\nroute 66 0.1 0.2\nroute 67 0.1 0.2\nthe 1 2\n", b"").unwrap();
    assert_eq!(found.vectors, WordVectors::new(["the"], array![[1f32, 2.0]]).unwrap());
    // Numbers with a decimal comma are no part of a word, whatever the header says.
    for file in ["2 3\nthe 0,1 0.2 0.3\nof 0,4 0.5 0.6\n", "the 0,1 0.2 0.3\nof 0,4 0.5 0.6\n"] {
        for options in [ReadOptions::default(), skipping(None), Format::Glove.into(), skipping(Some(Format::Text))] {
            assert!(load(&options, file.as_bytes(), b"").is_err(), "{file} {options:?}");
        }
    }
    for header in ["3 0", "-1 2", "3", "3,2", "3.0 2.0", "3 2 x", "3000000000 2", "3 5000000", "x y"] {
        let file = format!("{header}\nthe 1 2 3 4\nof 3 4 5 6\n");
        for format in [Format::Text, Format::FastText] {
            let found = load(&skipping(Some(format)), file.as_bytes(), b"").unwrap();
            assert_eq!((found.vectors.len(), found.vectors.dim()), (2, 4), "{header}");
            assert_eq!(counts(&found.passed_over), [0, 0, 0, 0, 0, 0, 0, 1, 0], "{header}");
        }
    }
    // Lines without a header whose words are numbers, each of them longer than a header can be.
    let numbers = "0.125 ".repeat(50);
    let file = format!("2019 {numbers}\n2020 {numbers}\n");
    for options in [skipping(Some(Format::Text)), Format::Glove.into()] {
        let found = load(&options, file.as_bytes(), b"").unwrap().vectors;
        assert!(found.words().eq(["2019", "2020"]) && found.dim() == 50);
    }
}

/// A wrong size of binary vectors is an error: words would begin within vectors.
#[test]
fn binary_vectors_of_another_size_are_refused() {
    for (breaks, said) in [(true, 5), (true, 6), (false, 5), (true, 3), (false, 3)] {
        let entry = |n: u32| {
            let numbers = (0..4).flat_map(|k| ((n * 7 + k) as f32 / 3.0 - 1.0).to_le_bytes());
            let end = if breaks { &b"\n"[..] } else { b"" };
            [format!("w{n} ").into_bytes(), numbers.collect(), end.to_vec()].concat()
        };
        let file = [format!("200 {said}\n").into_bytes(), (0..200).flat_map(entry).collect()].concat();
        let found = load(&skipping(Some(Format::Binary)), &file, b"");
        assert!(found.is_err(), "{breaks} {said}: {:?}", found.map(|found| found.passed_over));
    }
}

/// Text is text in a file of any name, also where each line has as many bytes as four a number.
#[test]
fn text_is_told_in_a_file_that_is_called_binary() {
    let file = tempfile::Builder::new().suffix(".bin").tempfile().unwrap();
    let want = WordVectors::new(["the", "of"], array![[0.1f32, 0.2, 0.3], [0.4, 0.5, 0.6]]).unwrap();
    for end in [" \n", "\r\n", "\n"] {
        std::fs::write(file.path(), format!("2 3\nthe 0.1 0.2 0.3{end}of 0.4 0.5 0.6{end}")).unwrap();
        assert_eq!(WordVectors::open(file.path()).unwrap(), want, "{end:?}");
    }
}

fn entry(word: &[u8], numbers: [f32; 2]) -> Vec<u8> {
    [word, b" ", &numbers[0].to_le_bytes(), &numbers[1].to_le_bytes(), b"\n"].concat()
}

#[test]
fn broken_binary_entries_are_passed_over_and_counted() {
    let entries = [
        entry(b"river", [1.0, 2.0]),
        entry(b"\xe6\xb0", [3.0, 4.0]),
        entry(b"", [5.0, 6.0]),
        entry(b"sea", [f32::NAN, 1.0]),
        entry(b"river", [0.0, 0.0]),
        entry(b"lake", [7.0, 8.0]),
    ]
    .concat();
    let want = WordVectors::new(["river", "lake"], array![[1f32, 2.0], [7.0, 8.0]]).unwrap();
    let cut = entry(b"hill", [9.0, 9.0]);
    for (header, rest, wrong_header, is_cut) in [
        ("6 2\n", &b""[..], 0, 0),
        ("6 2\n", b"\n\n", 0, 0),
        ("9 2\n", b"", 1, 0),
        ("3 2\n", b"", 1, 0),
        ("7 2\n", &cut[..9], 0, 1),
        ("7 2\n", &cut[..3], 0, 1),
    ] {
        let file = [header.as_bytes(), &entries, rest].concat();
        let found = load(&skipping(Some(Format::Binary)), &file, b"").unwrap();
        assert_eq!(found.vectors, want, "{header}");
        assert_eq!(counts(&found.passed_over), [1, 1, 1, 0, 0, 0, 1, wrong_header, is_cut], "{header} {rest:?}");
        assert!(strict(Format::Binary, &file).is_err());
    }
}

#[test]
fn broken_words_beside_vectors_are_passed_over_with_their_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.npy");
    let values = Array2::from_shape_fn((4, 2), |(row, column)| (10 * row + column) as f32);
    write(&path, Format::Npy, &WordVectors::new(["a", "b", "c", "d"], values).unwrap()).unwrap();
    let npy = std::fs::read(&path).unwrap();
    let want = WordVectors::new(["a", "d"], array![[0f32, 1.0], [30.0, 31.0]]).unwrap();
    let found = load(&skipping(Some(Format::Npy)), &npy, b"a\n\n\xff\nd\n\n").unwrap();
    assert_eq!((found.vectors, counts(&found.passed_over)), (want.clone(), [0, 1, 1, 0, 0, 0, 0, 0, 0]));
    let tsv = b"0\t1\n1\t1\n1\n30\t31\n";
    let found = load(&skipping(Some(Format::Projector)), tsv, b"a\n\xff\nc\nd\n").unwrap();
    assert_eq!((found.vectors, counts(&found.passed_over)), (want, [0, 1, 0, 0, 1, 0, 0, 0, 0]));
    // The size is that of most lines, and line breaks at the end are no vectors.
    let tsv = b"0.1\n0\t1\n1\t2\n30\t31\n\n";
    let labels = b"x\ty\tName\n1\t2\ta\n1\t2\tb\n1\t2\tc\n1\t2\td\n";
    let found = load(&skipping(Some(Format::Projector)), tsv, labels).unwrap();
    assert!(found.vectors.words().eq(["b", "c", "d"]) && found.passed_over.wrong_size == 1);
    // Which word belongs to which vector is not known then.
    for format in [Format::Npy, Format::Projector] {
        let main = if format == Format::Npy { &npy[..] } else { b"0\t1\n1\t1\n1\t1\n30\t31\n" };
        let miss = fault(load(&skipping(Some(format)), main, b"a\nb\nc\n")).1;
        let is_miss = matches!(miss, VectorsFault::WordsMissVectors { .. } | VectorsFault::GoesOn { .. });
        assert!(is_miss, "{format} {miss:?}");
    }
}

/// A source that fails behind its bytes.
struct Ends<'a>(&'a [u8]);

impl Read for Ends<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(out)? {
            0 => Err(std::io::Error::other("read too far")),
            read => Ok(read),
        }
    }
}

/// Behind the first words there may be anything, and it is not even read.
#[test]
fn the_first_words_are_read_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let dim = 50;
    let values = Array2::from_shape_fn((100, dim), |(row, column)| (row * dim + column) as f32);
    let all = WordVectors::new((0..100).map(|n| format!("word{n}")), values).unwrap();
    for format in Format::ALL.iter().copied() {
        let path = folder.path().join(format!("v-{format}")).with_extension(format.ending());
        write(&path, format, &all).unwrap();
        let mut options = ReadOptions::from(format);
        options.first = Some(7);
        let found = read(&path, &options).unwrap().vectors;
        assert!(found.words().eq(all.words().take(7)), "{format}");
        let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 4.0 * f32::EPSILON * b.abs();
        assert!(found.entries().iter().zip(all.entries()).all(near), "{format}");
        // finalfusion has the lengths behind all vectors.
        if format == Format::Finalfusion {
            continue;
        }
        let part = |path: &Path, least: usize| {
            let bytes = std::fs::read(path).unwrap();
            bytes[..least.max(bytes.len() * 7 / 100 + 200).min(bytes.len())].to_vec()
        };
        let main = part(&path, 0);
        // The words, too, are read no further.
        let words = format.side_file(&path).map(|path| part(&path, 0)).unwrap_or_default();
        let mut source = BufReader::with_capacity(64, Ends(&main));
        let stream = |source, path| Stream { source, len: None, path };
        let (mut beside, name) = (&words[..], Path::new("v"));
        let beside: &mut dyn BufRead = &mut beside;
        let found = read_streams(stream(&mut source, name), Some(stream(beside, name)), &options).unwrap();
        assert!(found.vectors.words().eq(all.words().take(7)), "{format}");
    }
    // Repeated words do not count, and the header's number is not held against the file.
    let mut options = ReadOptions::from(Format::Text);
    options.first = Some(2);
    let found = load(&options, b"9 1\na 1\na 2\nb 3\nbroken", b"").unwrap();
    assert_eq!(found.vectors, WordVectors::new(["a", "b"], array![[1f32], [3.0]]).unwrap());
    options.first = Some(3);
    assert_eq!(fault(load(&options, b"4 1\na 1\nb x\nc 1\n", b"")).0, Place::Line(3));
    assert_eq!(load(&options, b"4 1\na 1\nb 2\nc 1\n", b"").unwrap().vectors.len(), 3);
}

/// NumPy 2's `np.array([[1, -2], [65504, 2**-24], [0.333, -0.0]], dtype)`: bits by IEEE 754, 0x3554 is 1365/4096 =
/// 0.333251953125.
#[test]
fn half_precision_is_read() {
    let bits = [0x3c00u16, 0xc000, 0x7bff, 0x0001, 0x3555, 0x8000];
    let values = array![[1f32, -2.0], [65_504.0, 5.960_464_5e-8], [0.333_251_95, -0.0]];
    let want = WordVectors::new(["a", "b", "c"], values).unwrap();
    let file = |kind: &str, order: &str, numbers: Vec<u8>| {
        let header = format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': (3, 2), }}\n");
        [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), &numbers].concat()
    };
    let little = file("<f2", "False", bits.iter().flat_map(|bits| bits.to_le_bytes()).collect());
    let big = file(">f2", "False", bits.iter().flat_map(|bits| bits.to_be_bytes()).collect());
    let by_columns = [0, 2, 4, 1, 3, 5].iter().flat_map(|at: &usize| bits[*at].to_le_bytes()).collect();
    for bytes in [little.clone(), big, file("<f2", "True", by_columns)] {
        let found = load(&ReadOptions::default(), &bytes, b"a\nb\nc\n").unwrap().vectors;
        let bits = |vectors: &WordVectors| vectors.entries().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&found), bits(&want));
    }
    let mut infinite = little;
    let at = infinite.len() - 1;
    infinite[at] = 0x7c;
    let fault = fault(load(&ReadOptions::default(), &infinite, b"a\nb\nc\n")).1;
    assert_eq!(fault, VectorsFault::NotFinite { word: "c".into() });
}

#[test]
fn words_are_found_beside_vectors_or_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let want = WordVectors::new(["a", "b"], array![[1f32, 2.0], [3.0, 4.0]]).unwrap();
    for (main, words) in [
        ("x_tensor.tsv", "x_metadata.tsv"),
        ("vectors.tsv", "metadata.tsv"),
        ("tensors.tsv", "metadata.tsv"),
        ("x.vectors.tsv", "x.metadata.tsv"),
        ("plain.tsv", "plain.metadata.tsv"),
        ("packed.tsv.gz", "packed.metadata.tsv"),
    ] {
        let bytes = b"1\t2\n3\t4\n".to_vec();
        let bytes = if main.ends_with(".gz") { gz(&bytes) } else { bytes };
        std::fs::write(at(main), bytes).unwrap();
        let error = WordVectors::open(at(main)).unwrap_err().to_string();
        assert!(error.contains(words.trim_end_matches(".gz")), "{error}");
        std::fs::write(at(words), "a\nb\n").unwrap();
        assert_eq!(WordVectors::open(at(main)).unwrap(), want, "{main}");
        std::fs::remove_file(at(words)).unwrap();
        std::fs::write(at("w.lst"), "\u{feff}a\r\nb").unwrap();
        let mut options = ReadOptions::default();
        options.words = Some(at("w.lst"));
        assert_eq!(read(&at(main), &options).unwrap().vectors, want, "{main}");
    }
    std::fs::write(at("v.txt"), "1 1\na 1\n").unwrap();
    let mut options = ReadOptions::default();
    options.words = Some(at("w.lst"));
    let inside = fault(read(&at("v.txt"), &options)).1;
    assert_eq!(inside, VectorsFault::WordsInside { format: "text" });
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut out, bytes).unwrap();
    out.finish().unwrap()
}

#[test]
fn files_of_another_kind_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, says) in [
        ("a.bin", &b"\xba\x16\x4f\x2f\x0c\0\0\0\x64\0\0\0"[..], "fastText"),
        ("a.vec", b"version https://git-lfs.github.com/spec/v1\noid sha256:ab12\nsize 36\n", "git-lfs"),
        ("b.vec", b"<!DOCTYPE html>\n<html><head></head></html>\n", "HTML"),
        ("c.txt", b"3 2 7200\nB64:cml2ZXI= 1 2\nB64:c2Vh 0.5 0.1\n", "DL4J"),
        ("d.txt", b"3 2 7200\nriver 1 2\nsea 0.5 0.1\n", "DL4J"),
        ("e.txt", b"3 2 7\n1 0.1 0.2\nthe 0.4 0.5\nof 0.3 0.2\n", "DL4J"),
        ("f.txt", b"2 2\nB64:cml2ZXI= 1 2\nB64:c2Vh 0.5 0.1\n", "DL4J"),
        ("g.txt", b"B64:cml2ZXI= 1 2\nB64:c2Vh 0.5 0.1\n", "DL4J"),
        ("m.kv", b"\x80\x04\x95\x10\0\0\0\0\0\0\0", "pickle"),
        ("z.bin", b"PK\x03\x04\x14\0\0\0", "zip"),
    ] {
        for name in [name, "nameless"] {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            for options in [ReadOptions::default(), skipping(None), Format::Text.into()] {
                let fault = fault(read(&path, &options)).1;
                let VectorsFault::Foreign { what, advice } = fault else { panic!("{name} {fault:?}") };
                assert!(what.contains(says) && !advice.is_empty(), "{what}");
            }
        }
    }
}

fn good_line() -> impl Strategy<Value = (String, [f32; 3])> {
    ("[a-zé]{1,5}( [a-z]{1,3})?", [-1e3f32..1e3, -1f32..1.0, -1f32..1.0]).prop_map(|(word, numbers)| (word, numbers))
}

fn bad_line() -> impl Strategy<Value = (usize, Vec<u8>)> {
    prop_oneof![
        "[a-z]{1,4}".prop_map(|word| (4, format!("{word} 1 2").into_bytes())),
        "[a-z]{1,4}".prop_map(|word| (4, format!("{word} 1 2 3 4.5").into_bytes())),
        "[a-z]{1,4}".prop_map(|word| (5, format!("{word} 1 2 x").into_bytes())),
        "[a-z]{1,4}".prop_map(|word| (6, format!("{word} 1 2 inf").into_bytes())),
        "[ \t]{0,3}".prop_map(|word| (2, format!("{word} 1 2 3").into_bytes())),
        "[a-z]{0,4}".prop_map(|word| (1, [word.as_bytes(), b"\xff 1 2 3"].concat())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Good lines come as without the broken ones among them, which are counted by their kinds.
    #[test]
    fn what_is_good_is_read(
        good in prop::collection::vec(good_line(), 3..12),
        bad in prop::collection::vec((0..12usize, bad_line()), 0..3),
        header in any::<bool>(),
    ) {
        // The first lines tell the size of a vector, and have words without spaces.
        let plain = ["W", "X", "Y", "Z", "Ä"].map(|word| (word.to_string(), [1.0, 2.0, 3.0]));
        let good: Vec<_> = plain.into_iter().chain(good).collect();
        let mut lines: Vec<Vec<u8>> = good.iter().map(|(word, [a, b, c])| format!("{word} {a} {b} {c}").into_bytes()).collect();
        let mut want = [0u64; 9];
        for (at, (kind, line)) in &bad {
            lines.insert((at % lines.len()).max(3), line.clone());
            want[*kind] += 1;
        }
        let mut seen = std::collections::HashSet::new();
        let kept: Vec<_> = good.iter().filter(|(word, _)| seen.insert(word.clone())).collect();
        want[0] = (good.len() - kept.len()) as u64;
        let header = if header { format!("{} 3\n", lines.len()) } else { String::new() };
        let file = [header.into_bytes(), lines.join(&b'\n'), b"\n".to_vec()].concat();
        let found = load(&skipping(None), &file, b"").unwrap();
        prop_assert!(found.vectors.words().eq(kept.iter().map(|(word, _)| word.as_str())));
        prop_assert!(found.vectors.entries().iter().eq(kept.iter().flat_map(|(_, numbers)| numbers)));
        prop_assert_eq!(counts(&found.passed_over), want);
        prop_assert_eq!(load(&ReadOptions::default(), &file, b"").is_ok(), bad.is_empty());
    }
}
