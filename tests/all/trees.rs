//! Trees of every kind: they are trees, their rows are numbered from the root, and their files come back or are refused
//! with the line.

use lexmax::error::{Error, TreeFault, VectorsFault};
use lexmax::layer::catalogue::{LayerSpec, Shape};
use lexmax::layer::{Bias, LayerExt, OutputLayer};
use lexmax::tree::{Tree, Weighting};
use lexmax::vocab::{Counts, Vocabulary, WordId};
use ndarray::Array2;
use proptest::prelude::*;
use std::borrow::Cow;
use std::path::Path;

fn zipf(vocab: usize) -> Counts {
    Counts::new((1..=vocab as u64).map(|rank| 1 + 5000 / rank).collect()).unwrap()
}

/// Two heaps far apart, words of odd ids in one of them, each of many small ones.
fn vectors(vocab: usize) -> Array2<f32> {
    Array2::from_shape_fn((vocab, 3), |(w, k)| if k == 0 { (w % 2) as f32 * 50.0 } else { ((w * (k + 7)) % 13) as f32 })
}

fn all(counts: &Counts) -> Vec<(&'static str, Tree)> {
    let clusters = |weighting| Tree::by_clusters(counts, vectors(counts.len()).view(), weighting, 1);
    vec![
        ("huffman", Tree::huffman(counts)),
        ("balanced", Tree::balanced(counts)),
        ("random", Tree::random(counts, 1)),
        ("frequency", Tree::by_frequency(counts)),
        ("kmeans", clusters(Weighting::Plain)),
        ("weighted-kmeans", clusters(Weighting::Counts)),
    ]
}

fn paths(tree: &Tree) -> Vec<Vec<(u32, bool)>> {
    (0..tree.vocab() as WordId).map(|word| tree.ancestors(word).collect()).collect()
}

fn written(tree: &Tree, name: impl Fn(WordId) -> String) -> String {
    let mut out = Vec::new();
    tree.write(&mut out, |word| Cow::Owned(name(word))).unwrap();
    String::from_utf8(out).unwrap()
}

fn read(text: &[u8], counts: &Counts) -> Result<Tree, Error> {
    let id = |text: &str| text.strip_prefix('w')?.parse().ok();
    Tree::read(&mut &text[..], Path::new("t.tree"), counts, id, |word| format!("w{word}"))
}

#[test]
fn every_tree_is_one_and_is_numbered_from_the_root_by_weight() {
    for counts in [zipf(1), zipf(2), zipf(3), zipf(37), zipf(700), Counts::new(vec![3; 64]).unwrap()] {
        for (name, tree) in all(&counts) {
            assert_eq!((tree.vocab(), tree.nodes()), (counts.len(), counts.len() - 1), "{name}");
            // Kraft's equality, in units of 2^−100.
            let kraft: u128 = (0..tree.vocab() as WordId).map(|word| 1u128 << (100 - tree.depth(word))).sum();
            assert_eq!(kraft, 1 << 100, "{name}");
            let weights = tree.sums(|word| counts.as_slice()[word as usize]);
            assert!(weights.windows(2).all(|w| w[0][0] + w[0][1] >= w[1][0] + w[1][1]), "{name}");
            for node in 1..tree.nodes() as u32 {
                assert!(tree.node_parent(node).unwrap().0 < node, "{name}");
            }
            let expected: f64 = (0..).zip(paths(&tree)).map(|(w, p)| counts.probability(w) * p.len() as f64).sum();
            assert!((tree.expected_depth(&counts) - expected).abs() < 1e-9);
            assert_eq!(paths(&read(written(&tree, |w| format!("w{w}")).as_bytes(), &counts).unwrap()), paths(&tree));
        }
    }
}

#[test]
fn shapes() {
    let counts = zipf(1000);
    let depth = |tree: &Tree| tree.expected_depth(&counts);
    let [huffman, frequency] = [Tree::huffman(&counts), Tree::by_frequency(&counts)];
    assert_eq!(Tree::balanced(&counts).max_depth(), 10);
    assert_eq!(Tree::random(&counts, 1).max_depth(), 10);
    assert_eq!(paths(&Tree::random(&counts, 1)), paths(&Tree::random(&counts, 1)));
    assert_ne!(paths(&Tree::random(&counts, 1)), paths(&Tree::random(&counts, 2)));
    // A cut by weight costs at most two decisions more than the entropy in bits, and no tree costs less than Huffman's.
    let bits = |w: WordId| -counts.probability(w) * counts.ln_probability(w) / std::f64::consts::LN_2;
    let entropy: f64 = (0..1000).map(bits).sum();
    assert!(depth(&huffman) <= depth(&frequency) && depth(&frequency) <= entropy + 2.0, "{}", depth(&frequency));
    assert_eq!(
        written(&Tree::by_frequency(&Counts::new(vec![4, 2, 1, 1]).unwrap()), |w| w.to_string()),
        "0 0\n1 10\n2 110\n3 111\n"
    );
}

/// The heaps are what the first decision is between; the second heap's rare words still are in it.
#[test]
fn clusters_are_cut_apart() {
    let counts = zipf(200);
    for weighting in [Weighting::Plain, Weighting::Counts] {
        for seed in 0..5 {
            let tree = Tree::by_clusters(&counts, vectors(200).view(), weighting, seed);
            let first = |word: WordId| tree.ancestors(word).last().unwrap();
            assert!((0..200).all(|word| first(word) == first(word % 2)), "{weighting:?}");
            assert_ne!(first(0), first(1));
        }
    }
    // Nothing to tell words apart by, and one word further out than the next.
    let equal = Tree::by_clusters(&counts, Array2::zeros((200, 2)).view(), Weighting::Plain, 1);
    assert_eq!(equal.max_depth(), 8);
    let chain = Array2::from_shape_fn((200, 1), |(w, _)| 1.5f32.powi(w as i32));
    assert!(Tree::by_clusters(&counts, chain.view(), Weighting::Plain, 1).max_depth() <= 48 + 8);
    let huge = Array2::from_elem((200, 2), f32::MAX);
    assert_eq!(Tree::by_clusters(&counts, huge.view(), Weighting::Counts, 1).vocab(), 200);
}

#[test]
fn a_bad_file_is_told_by_its_line() {
    let fault = |text: &str| match read(text.as_bytes(), &Counts::new(vec![4, 3, 2]).unwrap()) {
        Err(Error::TreeFile { line, fault, .. }) => (line, fault),
        other => panic!("{text:?}: {other:?}"),
    };
    let word = || "w1".to_string();
    let good = "w0 0\n\nw1 10\r\nw2 11";
    assert!(read(good.as_bytes(), &Counts::new(vec![4, 3, 2]).unwrap()).is_ok());
    assert_eq!(fault("w0 0\nw1 1x\n"), (2, TreeFault::BadCode { word: word(), code: "1x".into() }));
    assert_eq!(fault("w0 0\nw1 1 0\n"), (2, TreeFault::BadCode { word: word(), code: "1 0".into() }));
    assert_eq!(fault(" 0\n"), (1, TreeFault::NoWord));
    assert_eq!(fault("w0 0\nw9 10\n"), (2, TreeFault::UnknownWord { word: "w9".into() }));
    assert_eq!(fault("w1 0\n\nw1 10\n"), (3, TreeFault::RepeatedWord { word: word(), first: 1 }));
    assert_eq!(fault("w0 0\nw2 1\n"), (2, TreeFault::MissingWord { word: word() }));
    assert_eq!(fault(""), (0, TreeFault::MissingWord { word: "w0".into() }));
    for (text, line) in [("w0 0\nw1 01\nw2 1", 2), ("w0 01\nw1 0\nw2 1", 2), ("w0 01\nw1 01\nw2 1", 2), ("w0 0\nw1", 2)]
    {
        let crossing = TreeFault::Crossing { word: word(), other: "w0".into(), line: 1 };
        assert_eq!(fault(text), (line, crossing), "{text:?}");
    }
    assert_eq!(fault("w0 0\nw2 100\nw1 101\n"), (2, TreeFault::OneChild { word: "w2".into(), decision: 2 }));
    assert_eq!(fault("w1 000\nw2 001\nw0 01\n"), (1, TreeFault::OneChild { word: word(), decision: 1 }));
    let long = format!("w0 0\nw1 1{}\n", "0".repeat(1000));
    assert!(matches!(fault(&long), (2, TreeFault::TooManyDecisions { .. })));
    let bad_utf8 = read(b"w0 0\nw\xff 1\n", &zipf(2)).unwrap_err();
    assert!(matches!(bad_utf8, Error::NotUtf8 { line: 2, byte: 2, .. }));
    let twice = read(b"w0 0\nw0 1\n", &zipf(2)).unwrap_err().to_string();
    assert_eq!(twice, "t.tree:2: \"w0\" has a line already (line 1); remove one of them");
}

proptest! {
    #[test]
    fn any_text_is_a_tree_or_an_error(text in "(w[0-4] [01]{0,4}\n){0,8}", bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let counts = zipf(4);
        if let Ok(tree) = read(text.as_bytes(), &counts) {
            prop_assert_eq!(paths(&read(written(&tree, |w| format!("w{w}")).as_bytes(), &counts).unwrap()), paths(&tree));
        }
        let _ = read(&bytes, &counts);
    }
}

fn depths(layer: &dyn OutputLayer) -> Vec<u64> {
    (0..layer.vocab() as WordId).map(|word| layer.expected_cost(&[word]).unwrap().rows_read).collect()
}

/// Through the catalogue, with and without names of words.
#[test]
fn layers_take_trees_and_vectors_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let counts = zipf(40);
    let vocab =
        Vocabulary::new((0..40u32).map(|w| (format!("word{w}").into(), counts.as_slice()[w as usize])), 1).unwrap();
    let build = |spec: String, words: Option<&Vocabulary>| {
        let shape = Shape::new(&counts, 4, Bias::None);
        spec.parse::<LayerSpec>()?.build(&words.map_or(shape, |words| shape.words(words)))
    };
    let named = |w: WordId| format!("word{w}");
    let plain = |w: WordId| w.to_string();
    let random = Tree::random(&counts, 9);
    let path = folder.path().join("a:b.tree");
    let spec = format!("hierarchical:tree={}", path.display().to_string().replace(':', "::"));
    std::fs::write(&path, written(&random, plain)).unwrap();
    let want: Vec<u64> = (0..40).map(|w| random.depth(w) as u64).collect();
    assert_eq!(depths(&*build(spec.clone(), None).unwrap()), want);
    let error = build(spec.clone(), Some(&vocab)).err().unwrap();
    assert!(matches!(error, Error::TreeFile { line: 1, fault: TreeFault::UnknownWord { .. }, .. }), "{error}");
    std::fs::write(&path, written(&random, named)).unwrap();
    assert_eq!(depths(&*build(spec, Some(&vocab)).unwrap()), want);

    let vectors = vectors(40);
    let path = folder.path().join("v");
    let words = (0..40).map(named);
    let named_vectors = lexmax::vectors::WordVectors::new(words, vectors.clone()).unwrap();
    for format in [lexmax::vectors::Format::Text, lexmax::vectors::Format::Binary] {
        lexmax::vectors::write(&path, format, &named_vectors).unwrap();
        let spec = |kind: &str| format!("hierarchical:tree={kind}:vectors={}:seed=1", path.display());
        for (kind, weighting) in [("kmeans", Weighting::Plain), ("weighted-kmeans", Weighting::Counts)] {
            let tree = Tree::by_clusters(&counts, vectors.view(), weighting, 1);
            let want: Vec<u64> = (0..40).map(|w| tree.depth(w) as u64).collect();
            assert_eq!(depths(&*build(spec(kind), Some(&vocab)).unwrap()), want);
        }
        let error = build(spec("kmeans"), None).err().unwrap();
        let missing = VectorsFault::MissingWord { word: "0".into() };
        assert!(matches!(error, Error::VectorsFile { fault, .. } if fault == missing));
    }
}
