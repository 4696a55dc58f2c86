//! The first numbers of other draws: noise, subsampled sentences, and trees of clusters.

use crate::stability::{Pins, assert_pinned, assert_same};
use lexmax::WorkerRng;
use lexmax::corpus::Subsampler;
use lexmax::layer::verbs::Noise;
use lexmax::tree::{Tree, Weighting};
use lexmax::vocab::{Counts, WordId};
use ndarray::Array2;

/// Gumbel noise of the words 0, 1, 1,000 and the last.
const NOISE: Pins<[f64; 4]> = &[
    ("key 0", [-0.7646495350215088, 0.5712779019001027, 1.6439690720759175, -0.31448463947394445]),
    ("key 1", [0.1791200453806439, -0.3144910957005318, 0.46531460175148015, -0.37196750944556817]),
    ("the last key", [-0.8081609818273428, -0.8908613284718152, -0.2307068140552598, -0.5628527846018284]),
];

/// The last place of a logarithm differs between machines.
#[test]
fn gumbel_noise() {
    let words = [0, 1, 1_000, WordId::MAX];
    let of = |key| words.map(|word| Noise::new(key).gumbel(word));
    let found = [("key 0", of(0)), ("key 1", of(1)), ("the last key", of(u64::MAX))];
    let near = |pin: &[f64; 4], found: &[f64; 4]| pin.iter().zip(found).all(|(a, b)| (a - b).abs() <= 1e-14 * a.abs());
    assert_pinned(NOISE, &found, |noise| format!("{noise:?}"), near);
}

/// Places in the sentence 0, 1, 2, 3, 0, 1, … that are kept.
const KEPT: Pins<&[usize]> = &[
    ("threshold 0.01", &[3, 6, 7, 11, 14, 15, 18, 19, 23, 27, 31, 34, 35, 39, 43, 44, 47, 50, 51, 55, 59, 63, 67, 69]),
    (
        "threshold 0.0001",
        &[31, 91, 99, 118, 119, 135, 154, 167, 230, 231, 246, 263, 270, 273, 287, 305, 315, 323, 347, 351, 375, 379],
    ),
];

#[test]
fn subsampling() {
    let counts = Counts::new(vec![60_000, 30_000, 9_000, 1_000]).unwrap();
    let sentence: Vec<WordId> = (0..4).cycle().take(400).collect();
    let kept = |threshold| {
        let subsampler = Subsampler::new(&counts, threshold).unwrap();
        let (mut rng, mut out, mut places) = (WorkerRng::new(1, 0), Vec::new(), Vec::new());
        for (place, word) in sentence.iter().enumerate() {
            subsampler.sample(&[*word], &mut rng, &mut out);
            places.extend(out.iter().map(|_| place));
        }
        places
    };
    let (often, seldom) = (kept(1e-2), kept(1e-4));
    assert_same(KEPT, &[("threshold 0.01", &often[..24]), ("threshold 0.0001", &seldom[..])]);
}

/// The code of each word.
const CLUSTERS: Pins<&[&str]> = &[
    ("plain, seed 1", &["1", "0001", "0010", "0000", "010", "0111", "0011", "0110"]),
    ("plain, seed 2", &["101", "1001", "111", "000", "110", "001", "1000", "01"]),
    ("by counts, seed 1", &["1", "00110", "011", "00111", "010", "0000", "0010", "0001"]),
];

/// The vectors are small whole numbers, so that no cut hangs on a rounding.
#[test]
fn trees_of_clusters() {
    let counts = Counts::new(vec![40, 21, 12, 12, 6, 5, 2, 1]).unwrap();
    let vectors = Array2::from_shape_fn((8, 3), |(word, k)| ((word * (k + 5) + k * k) % 11) as f32);
    let codes = |weighting, seed| -> Vec<String> {
        let tree = Tree::by_clusters(&counts, vectors.view(), weighting, seed);
        let code = |word| {
            let mut codes: Vec<_> = tree.ancestors(word).map(|(_, code)| if code { '1' } else { '0' }).collect();
            codes.reverse();
            codes.into_iter().collect()
        };
        (0..8).map(code).collect()
    };
    let trees = [codes(Weighting::Plain, 1), codes(Weighting::Plain, 2), codes(Weighting::Counts, 1)];
    let trees = trees.each_ref().map(|codes| codes.iter().map(String::as_str).collect::<Vec<_>>());
    let names = ["plain, seed 1", "plain, seed 2", "by counts, seed 1"];
    let found: Vec<_> = names.iter().zip(&trees).map(|(name, codes)| (*name, &codes[..])).collect();
    assert_same(CLUSTERS, &found);
}
