//! Files of word vectors: they come back, and damaged or hostile ones are refused with the place.

use lexmax::Error;
use lexmax::error::{OutputFault, Place, VectorsFault};
use lexmax::vectors::{self, Format, Loaded, ReadOptions, Stream, WordVectors};
use ndarray::{Array2, array};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

/// Reads from memory; `len` says whether the reader knows how many bytes there are.
fn parse(format: Format, main: &[u8], words: &[u8], len: bool) -> lexmax::Result<WordVectors> {
    Ok(load(&format.into(), main, words, len)?.vectors)
}

/// The same with options.
fn load(options: &ReadOptions, main: &[u8], words: &[u8], len: bool) -> lexmax::Result<Loaded> {
    let (mut main_source, mut words_source) = (main, words);
    let stream = |source, bytes: &[u8]| Stream { source, len: len.then_some(bytes.len() as u64), path: Path::new("v") };
    let words = stream(&mut words_source, words);
    vectors::read_streams(stream(&mut main_source, main), Some(words), options)
}

fn small() -> WordVectors {
    let values = array![[1.5f32, -0.25], [0.0, 3e-5], [-7.0, f32::MAX / 4.0]];
    WordVectors::new(["the", "größe", "数"], values).unwrap()
}

/// The bytes of a file and of the words beside it.
fn written(format: Format, vectors: &WordVectors) -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v").with_extension(format.ending());
    vectors::write(&path, format, vectors).unwrap();
    let beside = format.side_file(&path).map(|path| std::fs::read(path).unwrap());
    (std::fs::read(&path).unwrap(), beside.unwrap_or_default())
}

/// Whether all bits are the same; for finalfusion, which keeps unit vectors and lengths, whether three roundings lie between them.
fn same(format: Format, a: &WordVectors, b: &WordVectors) -> bool {
    let near = |(a, b): (&f32, &f32)| match format {
        Format::Finalfusion => (a - b).abs() <= 3.0 * f32::EPSILON / 2.0 * a.abs(),
        _ => a.to_bits() == b.to_bits(),
    };
    a.words().eq(b.words()) && a.dim() == b.dim() && a.entries().iter().zip(b.entries()).all(near)
}

fn any_vectors() -> impl Strategy<Value = WordVectors> {
    let words = prop::collection::hash_set("[^\\s\\p{Cc}\u{85}\u{2028}\u{2029}]{1,6}", 1..12);
    let number = prop_oneof![
        8 => -1e3f32..1e3,
        1 => Just(0.0f32),
        1 => Just(-1e-3f32),
    ];
    (words, 1..7usize).prop_flat_map(move |(words, dim)| {
        let count = words.len();
        prop::collection::vec(number.clone(), count * dim).prop_map(move |values| {
            let words: Vec<_> = words.iter().cloned().collect();
            WordVectors::new(words, Array2::from_shape_vec((count, dim), values).unwrap()).unwrap()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn all_formats_come_back(vectors in any_vectors(), compressed in 0..3usize) {
        let folder = tempfile::tempdir().unwrap();
        for format in Format::ALL.iter().copied() {
            let name = format!("v.{}{}", format.ending(), ["", ".gz", ".zst"][compressed]);
            let path = folder.path().join(name);
            vectors::write(&path, format, &vectors).unwrap();
            // One number a word may as well be a count.
            let options = if format == Format::Glove { format.into() } else { ReadOptions::default() };
            let read = vectors::read(&path, &options).unwrap().vectors;
            prop_assert!(same(format, &vectors, &read), "{}: {:?}", format, read);
        }
    }

    /// Any bytes, and any change of a good file, give vectors or an error.
    #[test]
    fn no_bytes_are_too_bad(noise in prop::collection::vec(any::<u8>(), 0..80), at in 0..400usize, to in any::<u8>(), cut in 0..400usize) {
        for format in Format::ALL.iter().copied() {
            let (main, words) = written(format, &small());
            for len in [true, false] {
                let _ = parse(format, &noise, &noise, len);
                let (mut main, mut words) = (main.clone(), words.clone());
                if let Some(byte) = main.get_mut(at) { *byte = to }
                let _ = parse(format, &main, &words, len);
                main.truncate(cut);
                let _ = parse(format, &main, &words, len);
                if let Some(byte) = words.get_mut(at % 16) { *byte = to }
                let _ = parse(format, &main, &words, len);
            }
        }
    }
}

/// Any bits of a finite f32 come back, but through finalfusion.
#[test]
fn extreme_numbers_come_back_to_the_bit() {
    let spread = (0..2000u32).map(|i| f32::from_bits(i.wrapping_mul(2_147_001))).filter(|x| x.is_finite());
    // The bytes of a line break and of a space among them.
    let values: Vec<f32> = spread.chain([-0.0, f32::MAX, f32::from_le_bytes([10, 32, 10, 65])]).collect();
    let vectors = WordVectors::new(["a\u{a0}b"], Array2::from_shape_vec((1, values.len()), values).unwrap()).unwrap();
    for format in Format::ALL.iter().copied().filter(|f| *f != Format::Finalfusion) {
        let (main, words) = written(format, &vectors);
        assert!(same(format, &vectors, &parse(format, &main, &words, true).unwrap()), "{format}");
    }
}

#[test]
fn files_of_other_programs_are_read() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/vectors");
    let want = array![[0.1f32, -2.5, 3e-8], [1e10, 0.0, -0.0], [0.333_333_34, 7.0, 1.0 / 3.0]];
    let want = WordVectors::new(["the", "größe", "数"], want).unwrap();
    // gensim 4.4's `save_word2vec_format`; NumPy 2's `save` of a matrix of big-endian f64 in Fortran's order.
    for name in ["gensim.bin", "gensim.txt", "numpy.npy"] {
        let format = Format::of(Path::new(name)).unwrap();
        let read = WordVectors::open(golden.join(name)).unwrap();
        assert!(same(format, &read, &want), "{name}: {read:?}");
    }
    // finalfusion 0.18's `write_embeddings` of what its `read_text_dims` made of gensim.txt.
    let read = WordVectors::open(golden.join("finalfusion.fifu")).unwrap();
    // There the norm too is f32: d + 1 more roundings, halved by the root.
    let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 6.0 * f32::EPSILON * a.abs();
    assert!(read.words().eq(want.words()) && read.entries().iter().zip(want.entries()).all(near), "{read:?}");
    // fastText and word2vec end the lines of text with a space.
    let read = parse(Format::FastText, b"2 2\nthe 0.5 -1 \n</s> 1e-3 2 \n", b"", true).unwrap();
    assert_eq!(read, WordVectors::new(["the", "</s>"], array![[0.5f32, -1.0], [1e-3, 2.0]]).unwrap());
    // Tabs, line ends of Windows; labels of the projector in several columns.
    let read = parse(Format::Text, b"1 2\r\nthe\t0.5\t-1\r\n", b"", true).unwrap();
    assert_eq!(read.vector(0), [0.5, -1.0]);
    let read = parse(Format::Projector, b"1\t2\n3\t4\n", b"n\tWord\n1\ta b\n2\tc\n", true).unwrap();
    assert_eq!((read.word(0), read.word(1), read.vector(1)), ("a b", "c", &[3.0f32, 4.0][..]));
}

#[test]
fn names_and_beginnings_tell_the_format() {
    let of = |name: &str| Format::of(Path::new(name));
    assert_eq!(of("a/b.VEC.gz"), Some(Format::FastText));
    assert_eq!([of("v.fifu.zst"), of("v"), of("v.gz"), of("v.md")], [Some(Format::Finalfusion), None, None, None]);
    assert_eq!(Format::Npy.side_file(Path::new("a/v.npy.gz")), Some(PathBuf::from("a/v.words.txt")));
    assert_eq!(Format::Projector.side_file(Path::new("v.tsv")), Some(PathBuf::from("v.metadata.tsv")));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v");
    for format in [Format::Binary, Format::Text, Format::FastText, Format::Finalfusion] {
        vectors::write(&path, format, &small()).unwrap();
        assert!(same(format, &small(), &WordVectors::open(&path).unwrap()), "{format}");
    }
    // word2vec's formats go by each other's endings.
    for (name, format) in [("v.bin", Format::Text), ("v.txt", Format::Binary), ("v.vec", Format::Binary)] {
        let path = folder.path().join(name);
        vectors::write(&path, format, &small()).unwrap();
        assert!(same(format, &small(), &WordVectors::open(&path).unwrap()), "{name}");
    }
    // Saving goes by the ending alone.
    for format in Format::ALL.iter().copied() {
        let path = folder.path().join("saved").with_extension(format.ending());
        small().save(&path).unwrap();
        assert!(same(format, &small(), &WordVectors::open(&path).unwrap()), "{format}");
    }
    let refused = |name: &str| small().save(folder.path().join(name)).unwrap_err();
    assert!(matches!(refused("saved"), Error::VectorsFormat { .. }));
    let model = refused("saved.safetensors");
    assert!(matches!(model, Error::VectorsFile { fault: VectorsFault::ReadOnly { .. }, .. }), "{model}");
    assert!(!folder.path().join("saved.safetensors").exists());
    std::fs::write(&path, "neither\n").unwrap();
    assert!(matches!(WordVectors::open(&path), Err(Error::VectorsFormat { .. })));
}

/// The place and the fault of a file that must be refused, whether or not its length is known.
fn refused(format: Format, main: &[u8], words: &[u8]) -> (Place, VectorsFault) {
    let fault = |len| match parse(format, main, words, len) {
        Err(Error::VectorsFile { place, fault, .. }) => (place, fault),
        other => panic!("{format}: {other:?}"),
    };
    fault(false);
    fault(true)
}

#[test]
fn hostile_word2vec_is_refused_with_its_place() {
    use Place::{Byte, Line};
    let (text, binary) = (Format::Text, Format::Binary);
    for format in [text, binary] {
        for bad in [
            "",
            "\n",
            "2\n",
            "2 2",
            "0 2\nx\n",
            "2 0\nx\n",
            "-1 2\nx\n",
            "2 2 2\n",
            "x y\n",
            "1e3 2\n",
            &"9".repeat(80),
        ] {
            let (place, fault) = refused(format, bad.as_bytes(), b"");
            assert!(matches!((place, fault), (Line(1), VectorsFault::Header { .. })), "{format} {bad:?}");
        }
        let huge = |sizes: &str| refused(format, format!("{sizes}\nthe 1 2\n").as_bytes(), b"").1;
        assert!(matches!(
            huge("2000000000 300"),
            VectorsFault::TooShort { words: 2_000_000_000, dim: 300, left: 8, .. }
        ));
        let most = u64::MAX;
        assert_eq!(huge(&format!("{most} {most}")), VectorsFault::TooLarge { words: most, dim: most });
        assert_eq!(huge("3000000000 1"), VectorsFault::TooLarge { words: 3_000_000_000, dim: 1 });
    }
    let word = || "b".to_string();
    for (file, line, want) in [
        ("2 2\na 1 2\nb 3\n   ", 3, VectorsFault::Size { word: word(), found: 1, dim: 2 }),
        ("2 2\na 1 2\nb 3 4 5\n", 3, VectorsFault::Size { word: word(), found: 3, dim: 2 }),
        ("2 2\na 1 2\nb 3 x\n", 3, VectorsFault::Number { word: word(), text: "x".into() }),
        ("2 2\na 1 2\nb 3 nan\n", 3, VectorsFault::NotFinite { word: word() }),
        ("2 2\na 1 2\nb -inf 3\n", 3, VectorsFault::NotFinite { word: word() }),
        ("2 2\na 1 2\nb 1e39 3\n", 3, VectorsFault::NotFinite { word: word() }),
        ("2 2\na 1 2\n 3 4\n", 3, VectorsFault::EmptyWord { number: 2 }),
        ("2 2\na 1.0000 2.0000\n", 2, VectorsFault::Ends { what: "the lines", words: 1 }),
    ] {
        assert_eq!(refused(text, file.as_bytes(), b""), (Line(line), want), "{file:?}");
    }
    assert_eq!(refused(text, b"1 1\na 1\nb 2\n", b""), (Byte(8), VectorsFault::GoesOn { words: 1 }));
    let long = format!("1 1\n{} 1\n", "x".repeat(70_000));
    assert!(matches!(refused(text, long.as_bytes(), b""), (Line(2), VectorsFault::LongWord { number: 1, .. })));
    assert!(matches!(refused(binary, long.as_bytes(), b""), (Byte(4), VectorsFault::LongWord { number: 1, .. })));
    assert_eq!(refused(text, b"1 1\na\xff 1\n", b""), (Line(2), VectorsFault::NotUtf8 { number: 1 }));

    let number = |x: f32| x.to_le_bytes();
    let file = |words: &[(&[u8], f32)]| {
        let rows: Vec<u8> = words.iter().flat_map(|(w, x)| [w, &b" "[..], &number(*x), b"\n"].concat()).collect();
        [format!("{} 1\n", words.len()).as_bytes(), &rows].concat()
    };
    assert_eq!(
        refused(binary, &file(&[(b"a", f32::NAN)]), b""),
        (Byte(6), VectorsFault::NotFinite { word: "a".into() })
    );
    assert_eq!(refused(binary, &file(&[(b"\xc3", 1.0)]), b""), (Byte(4), VectorsFault::NotUtf8 { number: 1 }));
    assert_eq!(refused(binary, &file(&[(b"", 1.0)]), b""), (Byte(4), VectorsFault::EmptyWord { number: 1 }));
    let cut = &file(&[(b"abcdefgh", 1.0)])[..14];
    assert_eq!(refused(binary, cut, b""), (Byte(14), VectorsFault::Ends { what: "a vector", words: 0 }));
    assert_eq!(refused(binary, b"1 1\nabcdefgh", b""), (Byte(12), VectorsFault::Ends { what: "a word", words: 0 }));
    let more = [file(&[(b"a", 1.0)]), b"b".to_vec()].concat();
    assert_eq!(refused(binary, &more, b""), (Byte(11), VectorsFault::GoesOn { words: 1 }));
}

#[test]
fn hostile_matrices_and_chunks_are_refused_with_their_place() {
    use Place::{Byte, Line, Whole};
    let (npy, fifu, tsv) = (Format::Npy, Format::Finalfusion, Format::Projector);
    let matrix = |descr: &str, shape: &str, data: &[u8]| {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), data].concat()
    };
    let two = [1f32.to_le_bytes(), f32::INFINITY.to_le_bytes()].concat();
    assert!(matches!(refused(npy, b"not at all", b""), (Byte(0), VectorsFault::Header { .. })));
    assert!(matches!(refused(npy, &matrix("<f4", "(2,)", &two), b"a\nb\n"), (Byte(0), VectorsFault::Header { .. })));
    assert!(matches!(
        refused(npy, &matrix("<i4", "(2, 1)", &two), b"a\nb\n"),
        (Byte(10), VectorsFault::NotRead { .. })
    ));
    assert!(matches!(
        refused(npy, &matrix("<f4", "(9, 9)", &two), b"a\n"),
        (Byte(10), VectorsFault::TooShort { need: 324, left: 8, .. })
    ));
    assert!(matches!(refused(npy, &matrix("<f4", "(0, 9)", b""), b""), (_, VectorsFault::TooLarge { .. })));
    let infinite = refused(npy, &matrix("<f4", "(2, 1)", &two), b"a\nb\n");
    assert_eq!(infinite, (Whole, VectorsFault::NotFinite { word: "b".into() }));
    let words = |words: &[u8]| refused(npy, &matrix("<f4", "(2, 1)", &[0; 8]), words);
    assert_eq!(words(b"a\n"), (Line(1), VectorsFault::WordsMissVectors { words: 1, vectors: 2 }));
    assert_eq!(words(b"a\nb\nc\n"), (Line(3), VectorsFault::WordsMissVectors { words: 3, vectors: 2 }));
    assert_eq!(words(b"\nb\n"), (Line(1), VectorsFault::EmptyWord { number: 1 }));

    let (whole, _) = written(fifu, &small());
    assert!(matches!(refused(fifu, b"FiFx\0\0\0\0\0\0\0\0", b""), (Byte(0), VectorsFault::Header { .. })));
    // The header has 24 bytes, the head of the vocabulary 12, its count 8, its first word 4 + 3.
    let change = |at: usize, to: &[u8]| {
        let mut file = whole.clone();
        file[at..at + to.len()].copy_from_slice(to);
        refused(fifu, &file, b"")
    };
    assert!(matches!(change(24, &[2]), (Byte(24), VectorsFault::Header { .. })));
    assert!(matches!(change(36, &[255; 8]), (Byte(36), VectorsFault::TooLarge { .. })));
    assert!(matches!(change(36, &[0, 0, 0, 1]), (Byte(36), VectorsFault::TooShort { .. })));
    assert!(matches!(change(44, &[255; 4]), (Byte(44), VectorsFault::LongWord { number: 1, .. })));
    assert_eq!(change(48, &[255]), (Byte(44), VectorsFault::NotUtf8 { number: 1 }));
    for end in 0..whole.len() {
        assert!(parse(fifu, &whole[..end], b"", true).is_err(), "cut at {end}");
        assert!(parse(fifu, &whole[..end], b"", false).is_err(), "cut at {end}");
    }

    assert_eq!(
        refused(tsv, b"1\t2\n3\n", b"a\nb\n"),
        (Line(2), VectorsFault::Size { word: "b".into(), found: 1, dim: 2 })
    );
    assert_eq!(refused(tsv, b"1\n2\n3\n", b"a\nb\n"), (Line(3), VectorsFault::GoesOn { words: 2 }));
    assert_eq!(refused(tsv, b"1\n", b"a\nb\n"), (Whole, VectorsFault::WordsMissVectors { words: 2, vectors: 1 }));
    assert_eq!(refused(tsv, b"", b""), (Whole, VectorsFault::WordsMissVectors { words: 0, vectors: 0 }));
    assert_eq!(
        refused(tsv, b"1\nx\n", b"a\nb\n"),
        (Line(2), VectorsFault::Number { word: "b".into(), text: "x".into() })
    );
}

/// A file that says it is huge is refused for what it is also where nobody knows how long it is.
#[test]
fn compressed_files_do_not_make_room_for_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    for (name, start) in [("v.txt.gz", "2000000000 1000000\nthe 1 2\n"), ("v.bin.gz", "2000000000 1000000\nthe 1234")] {
        let path = folder.path().join(name);
        let mut gz = flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gz, start.as_bytes()).unwrap();
        gz.finish().unwrap();
        let error = WordVectors::open(&path).unwrap_err();
        assert!(
            matches!(error, Error::VectorsFile { fault: VectorsFault::Size { .. } | VectorsFault::Ends { .. }, .. }),
            "{error}"
        );
    }
}

#[test]
fn what_a_format_cannot_hold_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let one = |word: &str| WordVectors::new([word], array![[1f32, 2.0]]).unwrap();
    for (format, word) in [
        (Format::Binary, "a b"),
        (Format::Text, "a b"),
        (Format::Text, "a\tb"),
        (Format::FastText, "a\nb"),
        (Format::Npy, "a\nb"),
        (Format::Projector, "a\tb"),
    ] {
        let path = folder.path().join("v").with_extension(format.ending());
        let error = vectors::write(&path, format, &one(word)).unwrap_err();
        assert!(
            matches!(&error, Error::Output(OutputFault::Word { word: named, .. }) if named == word),
            "{format} {error}"
        );
        assert!(!path.exists(), "{format}");
    }
    assert!(WordVectors::new(["a"], array![[f32::NAN]]).is_err());
    assert!(WordVectors::new(["a", "a"], array![[1f32], [2.0]]).is_err());
    assert!(WordVectors::new(["a"], array![[1f32], [2.0]]).is_err());
    // The norm is no f32.
    let long = WordVectors::new(["a"], array![[f32::MAX, f32::MAX]]).unwrap();
    let error = vectors::write(&folder.path().join("v.fifu"), Format::Finalfusion, &long).unwrap_err();
    assert!(matches!(error, Error::VectorsFile { fault: VectorsFault::Length { .. }, .. }), "{error}");
}

/// The page of formats has a row for each, with its name and its ending.
#[test]
fn every_format_has_its_row() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/formats.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|row| {
        let cells: Vec<_> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        // Rows of the other table have no ending.
        cells[1].starts_with('.').then(|| (cells[0].to_string(), cells[1].to_string()))
    });
    let formats = Format::ALL.iter().chain([&Format::Model]);
    let want = formats.map(|format| (format.name().to_string(), format!(".{}", format.ending())));
    let (mut rows, mut want): (Vec<_>, Vec<_>) = (rows.collect(), want.collect());
    rows.sort();
    want.sort();
    assert_eq!(rows, want);
}
