//! The first numbers drawn by generators, proposals, samplers, trees and the synthetic language, and the weights after
//! 1,000 steps. They are compared with the tables in this file. The same tables, and audits, are tested on every vector
//! path of the machine.
//!
//! A change of the order of draws changes these numbers. A test that fails prints the numbers it found, in the syntax
//! of this file. If the change is intended, replace the table, and note in CHANGELOG.md that seeds give other numbers.

mod draws;

use lexmax::WorkerRng;
use lexmax::check::{self, AuditConfig};
use lexmax::corpus::synthetic::{SyntheticExamples, SyntheticLanguage};
use lexmax::corpus::{Context, Direction, ExampleSource, Examples, Window};
use lexmax::layer::Bias;
use lexmax::layer::catalogue::{CATALOGUE, Entry, LayerSpec, Shape, all_layers};
use lexmax::model::MeanEmbedding;
use lexmax::model::Model;
use lexmax::sampler::{
    DistinctDraws, Draws, IndependentSet, LogUniform, Midx, Proposal, Quadratic, Sampler, Uniform, Unigram,
    WithReplacement,
};
use lexmax::table::Optimizer;
use lexmax::table::{Frozen, Init, Matrix, TableShape, Tables, Threads};
use lexmax::train::{Budget, TrainConfig, train};
use lexmax::tree::Tree;
use lexmax::vocab::{Counts, WordId};
use ndarray::Array2;
use rand::RngExt;
use std::fmt::Debug;
use std::io::Write;
use std::process::Command;
use std::sync::Arc;

/// What something is called, and its numbers.
type Pins<'a, T> = &'a [(&'a str, T)];

/// Fails with all that was found, as a table of this file, unless every entry `holds`.
fn assert_pinned<T>(
    pinned: Pins<T>,
    found: &[(&str, T)],
    shown: impl Fn(&T) -> String,
    holds: impl Fn(&T, &T) -> bool,
) {
    let names = pinned.iter().map(|pin| pin.0).eq(found.iter().map(|found| found.0));
    let others: Vec<_> = pinned.iter().zip(found).filter(|(pin, found)| !holds(&pin.1, &found.1)).collect();
    let table: String = found.iter().map(|(name, numbers)| format!("    ({name:?}, {}),\n", shown(numbers))).collect();
    let others: Vec<_> = others.iter().map(|(pin, _)| pin.0).collect();
    assert!(names && others.is_empty(), "other numbers than pinned: {}. Found:\n{table}", others.join(", "));
}

/// The same for numbers that are equal on every machine.
fn assert_same<T: Debug + PartialEq>(pinned: Pins<T>, found: &[(&str, T)]) {
    assert_pinned(pinned, found, |numbers| format!("{numbers:?}"), |pin, found| pin == found);
}

const GENERATORS: Pins<[u64; 4]> = &[
    ("seed 1, stream 0", [8049532618213786430, 7932727005452403463, 14427963019042688868, 16188035061938002127]),
    ("seed 1, stream 1", [6664102092372155840, 11390687481017799335, 1787884943878033415, 13340920883656581387]),
    ("seed 2, stream 0", [21927440252509615, 877516079722814812, 12539841981201208607, 4107934282520227280]),
    ("the last of both", [15821581531269984407, 14532315583911819713, 5249620427918403833, 11841501058579375358]),
];

#[test]
fn generators() {
    let first = |seed, stream| {
        let mut rng = WorkerRng::new(seed, stream);
        std::array::from_fn(|_| rng.random())
    };
    let found = [
        ("seed 1, stream 0", first(1, 0)),
        ("seed 1, stream 1", first(1, 1)),
        ("seed 2, stream 0", first(2, 0)),
        ("the last of both", first(u64::MAX, u64::MAX)),
    ];
    assert_same(GENERATORS, &found);
}

fn zipf(vocab: u64) -> Counts {
    Counts::new((1..=vocab).map(|rank| 1 + 5_000 / rank).collect()).unwrap()
}

const PROPOSALS: Pins<[WordId; 12]> = &[
    ("uniform", [436, 430, 782, 877, 432, 285, 180, 448, 206, 784, 951, 219]),
    ("log-uniform", [19, 18, 221, 428, 18, 6, 2, 21, 3, 225, 715, 3]),
    ("unigram", [1, 430, 782, 27, 1, 285, 180, 448, 206, 13, 53, 219]),
    ("unigram^0.75", [436, 430, 782, 48, 1, 285, 180, 448, 206, 24, 89, 219]),
    ("unigram^0", [436, 430, 782, 877, 432, 285, 180, 448, 206, 784, 951, 219]),
];

#[test]
fn proposals() {
    let first = |proposal: &dyn Proposal| {
        let mut words = [0; 12];
        proposal.fill(&mut WorkerRng::new(1, 0), &mut words);
        words
    };
    let counts = zipf(1_000);
    let unigram = |power| first(&Unigram::new(&counts, power).unwrap());
    let found = [
        ("uniform", first(&Uniform::new(1_000).unwrap())),
        ("log-uniform", first(&LogUniform::new(1_000).unwrap())),
        ("unigram", unigram(1.0)),
        ("unigram^0.75", unigram(0.75)),
        ("unigram^0", unigram(0.0)),
    ];
    assert_same(PROPOSALS, &found);
}

const DIM: usize = 6;

/// Draws for a batch of three hidden vectors.
fn drawn(sampler: &dyn Sampler) -> Vec<WordId> {
    let mut rng = WorkerRng::new(1, 0);
    let hidden = Array2::from_shape_simple_fn((3, DIM), || 2.0 * rng.random::<f32>() - 1.0);
    let mut out = Draws::default();
    sampler.draw(Some(hidden.view()), &[0, 3, 3], &mut rng, &mut out);
    out.words
}

/// The same after a look at weights and biases that are far from those of the start.
fn drawn_after_a_look(sampler: &mut dyn Sampler) -> Vec<WordId> {
    let mut rng = WorkerRng::new(3, 0);
    let shape = TableShape::new(sampler.vocab() as u32, DIM, true, Init::Uniform(1.5));
    let mut matrix = Matrix::new(shape, Optimizer::Sgd, &mut rng).unwrap();
    matrix.bias_mut().iter_mut().for_each(|b| *b = -4.0 * rng.random::<f32>());
    let mut tables = Tables::new(vec![Box::new(Frozen::new(&matrix, Threads::default()))]);
    sampler.adaptive_mut().expect("it follows the weights").refresh(&mut tables);
    drawn(sampler)
}

const SAMPLERS: Pins<&[WordId]> = &[
    ("with replacement", &[15, 66, 4, 790, 297, 11, 15, 410, 144, 91, 244, 46]),
    ("independent set", &[66, 4, 790, 297, 11, 15, 410, 144, 91, 244]),
    ("distinct", &[15, 66, 4, 790, 297, 11, 410, 144, 91, 244, 46, 167]),
    ("distinct, nearly all", &[6, 1, 3, 7, 5, 2, 4, 0, 12, 10, 14, 9]),
    ("quadratic", &[102, 10, 60, 21, 12, 46, 0, 2, 0, 0, 0, 2]),
    ("quadratic, after a look", &[102, 234, 189, 114, 190, 121, 172, 197, 163, 33, 16, 2]),
    ("midx", &[243, 135, 18, 4, 2, 22, 92, 39, 22, 39, 48, 71]),
    ("midx, after a look", &[235, 280, 225, 114, 64, 225, 181, 93, 100, 225, 172, 252]),
];

#[test]
fn samplers() {
    let log_uniform = |vocab| Box::new(LogUniform::new(vocab).unwrap());
    let counts = zipf(300);
    let mut quadratic = Quadratic::new(&counts, DIM, 12, 2.0).unwrap();
    let mut midx = Midx::new(&counts, DIM, 12, 8).unwrap();
    let found = [
        ("with replacement", drawn(&WithReplacement::new(log_uniform(1_000), 12).unwrap())),
        ("independent set", drawn(&IndependentSet::new(log_uniform(1_000), 12).unwrap())),
        ("distinct", drawn(&DistinctDraws::new(log_uniform(1_000), 12).unwrap())),
        // The last words are so rare that the exponential race decides.
        (
            "distinct, nearly all",
            drawn(&DistinctDraws::new(Box::new(Unigram::new(&rare(), 1.0).unwrap()), 12).unwrap()),
        ),
        ("quadratic", drawn(&quadratic)),
        ("quadratic, after a look", drawn_after_a_look(&mut quadratic)),
        ("midx", drawn(&midx)),
        ("midx, after a look", drawn_after_a_look(&mut midx)),
    ];
    let found: Vec<_> = found.iter().map(|(name, words)| (*name, &words[..])).collect();
    assert_same(SAMPLERS, &found);
}

/// Counts of which a half are a millionth of the first.
fn rare() -> Counts {
    Counts::new((0..16).map(|word| if word < 8 { 1_000_000 - word } else { 17 - word }).collect()).unwrap()
}

/// Of each word the nodes from the root down, and their codes.
const HUFFMAN: Pins<(&[u32], &str)> = &[
    ("count 40", (&[0], "0")),
    ("count 21", (&[0, 1, 2], "111")),
    ("count 12", (&[0, 1, 3], "101")),
    ("count 12", (&[0, 1, 3], "100")),
    ("count 6", (&[0, 1, 2, 4], "1100")),
    ("count 5", (&[0, 1, 2, 4, 5], "11011")),
    ("count 2", (&[0, 1, 2, 4, 5, 6], "110101")),
    ("count 1", (&[0, 1, 2, 4, 5, 6], "110100")),
];

/// The same of the tree that shuffles the words.
const RANDOM: Pins<(&[u32], &str)> = &[
    ("count 40", (&[0, 1, 3], "110")),
    ("count 21", (&[0, 2, 4], "010")),
    ("count 12", (&[0, 2, 5], "001")),
    ("count 12", (&[0, 2, 4], "011")),
    ("count 6", (&[0, 1, 6], "101")),
    ("count 5", (&[0, 1, 3], "111")),
    ("count 2", (&[0, 2, 5], "000")),
    ("count 1", (&[0, 1, 6], "100")),
];

#[test]
fn trees() {
    let counts = Counts::new(vec![40, 21, 12, 12, 6, 5, 2, 1]).unwrap();
    for (tree, pinned) in [(Tree::huffman(&counts), HUFFMAN), (Tree::random(&counts, 1), RANDOM)] {
        let path = |word| {
            let mut decisions: Vec<_> = tree.ancestors(word).collect();
            decisions.reverse();
            let codes: String = decisions.iter().map(|(_, code)| if *code { '1' } else { '0' }).collect();
            (decisions.into_iter().map(|(node, _)| node).collect::<Vec<_>>(), codes)
        };
        let paths: Vec<_> = (0..8).map(path).collect();
        let names: Vec<_> = counts.as_slice().iter().map(|count| format!("count {count}")).collect();
        let found: Vec<_> =
            names.iter().zip(&paths).map(|(n, (nodes, codes))| (&n[..], (&nodes[..], &codes[..]))).collect();
        assert_same(pinned, &found);
    }
}

/// π of the first words: sums, products and quotients alone, so equal everywhere.
const UNIGRAMS: Pins<[f64; 4]> = &[
    (
        "2,000 words, 16 classes, seed 1",
        [0.01566827007310059, 0.012334595589462169, 0.010170631450960033, 0.008652626756786894],
    ),
    (
        "200 words, 8 classes, seed 2",
        [0.02757618462413744, 0.021708911299852883, 0.021309982606262816, 0.01836173982697145],
    ),
];

const SENTENCES: Pins<[WordId; 16]> = &[
    ("2,000 words, 16 classes, seed 1", [0, 574, 8, 312, 6, 203, 197, 9, 725, 608, 33, 160, 45, 39, 89, 67]),
    ("200 words, 8 classes, seed 2", [77, 50, 15, 80, 73, 53, 23, 31, 29, 36, 2, 35, 116, 4, 7, 24]),
];

/// Windows around words of the language: context and target.
const WINDOWS: Pins<(&[WordId], WordId)> = &[
    ("window", (&[626], 206)),
    ("window", (&[206, 146], 626)),
    ("window", (&[206, 626, 132, 1243, 260], 146)),
    ("window", (&[626, 146, 1243, 260], 132)),
    ("window", (&[146, 132, 260, 247], 1243)),
    ("window", (&[132, 1243, 247, 923], 260)),
];

#[test]
fn the_synthetic_language() {
    let language = |vocab, classes, seed| Arc::new(SyntheticLanguage::new(vocab, classes, seed).unwrap());
    let languages = [
        ("2,000 words, 16 classes, seed 1", language(2_000, 16, 1)),
        ("200 words, 8 classes, seed 2", language(200, 8, 2)),
    ];
    let unigrams = |l: &SyntheticLanguage| l.unigram()[..4].try_into().unwrap();
    assert_same(UNIGRAMS, &languages.each_ref().map(|(name, l)| (*name, unigrams(l))));
    let sentence = |l: &SyntheticLanguage| -> [WordId; 16] {
        let mut rng = WorkerRng::new(1, 0);
        let first = l.sample_first(&mut rng);
        let mut words = std::iter::successors(Some(first), |word| Some(l.sample_next(*word, &mut rng)));
        std::array::from_fn(|_| words.next().unwrap())
    };
    assert_same(SENTENCES, &languages.each_ref().map(|(name, l)| (*name, sentence(l))));
    let window = Window::new(Direction::Cbow, Context::Both, 3, true).unwrap();
    let mut examples = Examples::new();
    SyntheticExamples::new(languages[0].1.clone(), window, 1, 0).fill(6, &mut examples);
    let windows: Vec<_> = (0..6).map(|b| ("window", (examples.contexts(b), examples.targets[b]))).collect();
    assert_same(WINDOWS, &windows);
}

/// How far weights may be from their pins: roundings differ between vector paths, and logarithms in the last place between
/// machines.
const APART: f64 = 1e-5;

/// Eight weights of each layer after 1,000 steps, evenly spaced over all its tables and biases.
const WEIGHTS: Pins<[f64; 8]> = &[
    ("full", [-0.006753, -0.006534, -0.001195, -0.004029, 0.002089, 0.002674, -0.005658, -5.050318]),
    ("hierarchical", [0.004281, -0.001744, -0.000533, -0.004613, 0.001583, -0.003787, -0.001614, -0.155700]),
    ("differentiated", [-0.004971, -0.001753, -0.004929, -0.000612, 0.000993, 0.003343, -5.952905, 0.000056]),
    ("differentiated-projected", [-0.314944, 0.013391, 0.000932, 0.000974, 0.007330, -0.002311, -5.325137, -0.000361]),
    ("sampled", [-0.006201, -0.006420, -0.001148, -0.004041, 0.001936, 0.002652, -0.005616, -5.067251]),
    (
        "sampled-quadratic:samples=4",
        [-0.001933, -0.004679, -0.001787, -0.004076, 0.001770, 0.002384, -0.003960, -5.112916],
    ),
    (
        "sampled-midx:samples=4:codes=8",
        [-0.008903, -0.004318, -0.001081, -0.001690, 0.001210, 0.003777, -0.004507, -4.995611],
    ),
    ("target-sampled", [-0.006695, -0.006345, -0.001109, -0.004367, 0.001979, 0.002495, -0.005346, -5.059612]),
    ("negative", [-0.007728, -0.005362, -0.002818, -0.004680, 0.000858, 0.002720, -0.005058, -1.741108]),
    ("class-based", [-2.834763, 0.003181, 0.001739, 0.002260, 0.000690, 0.004228, 0.001258, -2.600794]),
    ("adaptive:cutoffs=20+80", [0.000487, -0.007777, 0.031628, 0.001025, -0.001293, -4.486988, -0.000966, -4.970598]),
    ("sparsemax", [-0.002723, -0.002311, -0.000525, -0.001454, 0.001017, 0.001024, -0.002249, 0.005036]),
    ("entmax", [-0.006915, -0.006399, -0.001121, -0.003791, 0.002114, 0.002698, -0.005711, 0.148991]),
    ("nce", [-0.007647, -0.006179, -0.000963, -0.003865, 0.001999, 0.002350, -0.005667, -5.106526]),
    ("blackout", [-0.006331, -0.006885, -0.001316, -0.004035, 0.002325, 0.002967, -0.005878, -5.063100]),
    ("one-vs-each", [-0.007125, -0.009487, -0.003168, -0.008267, 0.004720, 0.007059, -0.015150, -5.102288]),
    ("self-normalized", [-0.006753, -0.006534, -0.001195, -0.004028, 0.002090, 0.002674, -0.005658, -5.049855]),
    ("infrequent", [-0.006649, -0.007874, -0.000876, -0.004150, 0.002269, 0.002775, -0.006166, -5.071579]),
];

/// Settings of layers. Where draws follow the weights they are few, since of a million one is turned by a rounding.
fn with_settings(name: &'static str) -> &'static str {
    match name {
        "sampled-quadratic" => "sampled-quadratic:samples=4",
        "sampled-midx" => "sampled-midx:samples=4:codes=8",
        "adaptive" => "adaptive:cutoffs=20+80",
        name => name,
    }
}

fn trained(layer: &str, rate: f32) -> [f64; 8] {
    let (steps, batch, dim) = (1_000, 4, 12);
    let language = Arc::new(SyntheticLanguage::new(200, 8, 1).unwrap());
    let counts = language.counts();
    let context = Shape::new(&counts, dim, Bias::Unigram);
    let layer = layer.parse::<LayerSpec>().unwrap().build(&context).unwrap();
    let encoder = Box::new(MeanEmbedding::new(200, dim).unwrap());
    let mut model = Model::new(encoder, layer, &counts, Optimizer::Sgd, 1).unwrap();
    let window = Window::new(Direction::Cbow, Context::Left, 1, false).unwrap();
    let mut source = SyntheticExamples::new(language, window, 1, 0);
    let budget = Budget::Examples(steps * batch as u64);
    let settings = TrainConfig::new(batch, rate, budget);
    train(&mut model, &mut source, &settings, &mut |_| {}).unwrap();
    let tables = model.layer_tables().iter();
    let all: Vec<f32> = tables.flat_map(|table| table.weights().iter().chain(table.bias())).copied().collect();
    std::array::from_fn(|i| f64::from(all[(2 * i + 1) * all.len() / 16]))
}

#[test]
fn weights() {
    // No more than a rate at which plain descent converges: a rounding must not grow from step to step.
    let pin = |entry: &Entry| {
        let layer = with_settings(entry.name);
        (layer, trained(layer, entry.tuning.sgd.min(0.05)))
    };
    let found: Vec<_> = CATALOGUE.iter().map(pin).collect();
    let shown = |weights: &[f64; 8]| format!("[{}]", weights.map(|w| format!("{w:.6}")).join(", "));
    let near = |pin: &[f64; 8], found: &[f64; 8]| pin.iter().zip(found).all(|(a, b)| (a - b).abs() <= APART);
    assert_pinned(WEIGHTS, &found, shown, near);
}

/// Whether the processor has a vector path, asked without the crate.
fn has(path: &str) -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let avx512 = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
        let avx512 = avx512 && is_x86_feature_detected!("avx512dq") && is_x86_feature_detected!("avx512vl");
        path == "scalar" || (path == "avx2" && avx2) || (path == "avx512" && avx2 && avx512)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        path == "scalar"
    }
}

/// Every layer against itself and against its naive twin in f64, at sizes that fill vectors and leave a tail.
#[test]
fn audits() {
    let mut config = AuditConfig::default();
    config.batch = 5;
    let found = check::catalogue(&all_layers(), 40, 19, &config).unwrap();
    for (layer, audit) in found {
        assert!(audit.passed(), "{layer}:\n{audit}");
    }
}

/// This program runs once more on each vector path of the machine; a path that the machine lacks is refused by the command.
#[test]
fn pins_and_audits_hold_on_every_path() {
    for path in ["scalar", "avx2", "avx512"] {
        let on_path = |mut program: Command| program.env("LEXMAX_SIMD", path).output().unwrap();
        if has(path) {
            let mut rest = Command::new(std::env::current_exe().unwrap());
            rest.args(["stability::", "--skip", "on_every_path"]);
            let output = on_path(rest);
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && text.contains("test result: ok. 10 passed;"), "{path}:\n{text}");
            continue;
        }
        // Past the capture of the test's output.
        writeln!(std::io::stderr(), "NOT RUN: pins and audits on {path}, which this machine lacks").unwrap();
        #[cfg(feature = "cli")]
        {
            let mut command = Command::new(env!("CARGO_BIN_EXE_lexmax"));
            command.args(["check", "--layers", "full"]);
            let output = on_path(command);
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.code() == Some(2) && text.contains("this machine lacks"), "{path}: {text}");
        }
    }
}
