//! The training loop and the evaluation, compared with closed forms and naive computations in f64.

use lexmax::Error;
use lexmax::WorkerRng;
use lexmax::compare::LayerRow;
use lexmax::compare::{self, CompareConfig, Data, DataSource, Listener, Silent};
use lexmax::corpus::synthetic::{SyntheticExamples, SyntheticLanguage};
use lexmax::corpus::{Context, Corpus, Direction, Examples, TextExamples, Window};
use lexmax::eval::{self, excess_nats, held_out};
use lexmax::layer::catalogue::{self, CATALOGUE, Entry, LayerSpec};
use lexmax::layer::{Bias, Blocks};
use lexmax::model::MeanEmbedding;
use lexmax::model::Model;
use lexmax::table::Optimizer;
use lexmax::table::{Matrix, Threads};
use lexmax::train::{Budget, Outcome, Progress, TrainConfig, train, train_and_look};
use lexmax::tree::Tree;
use lexmax::vocab::{Counts, WordId};
use std::sync::Arc;
use std::time::Duration;

const ADAGRAD: Optimizer = Optimizer::Adagrad { initial: 1e-2 };

/// Layers that do not normalize in training.
const UNNORMALIZED: [&str; 10] = [
    "sampled",
    "sampled-quadratic",
    "sampled-midx",
    "target-sampled",
    "negative",
    "nce",
    "blackout",
    "one-vs-each",
    "self-normalized",
    "infrequent",
];

/// Layers that give words the probability 0, which makes their distance from the truth infinite.
const SPARSE: [&str; 2] = ["sparsemax", "entmax"];

/// The others.
fn dense() -> impl Iterator<Item = &'static Entry> {
    CATALOGUE.iter().filter(|entry| !SPARSE.contains(&entry.name))
}

fn language() -> Arc<SyntheticLanguage> {
    Arc::new(SyntheticLanguage::new(200, 8, 1).unwrap())
}

/// One word to the left.
fn bigram() -> Window {
    Window::new(Direction::Cbow, Context::Left, 1, false).unwrap()
}

fn build(layer: &str, counts: &Counts, dim: usize, optimizer: Optimizer) -> Model {
    let context = catalogue::Shape::new(counts, dim, Bias::Unigram);
    let layer = layer.parse::<LayerSpec>().unwrap().build(&context).unwrap();
    let encoder = MeanEmbedding::new(counts.len(), dim).unwrap();
    Model::new(Box::new(encoder), layer, counts, optimizer, 1).unwrap()
}

fn settings(batch: usize, rate: f32, examples: u64) -> TrainConfig {
    TrainConfig::new(batch, rate, Budget::Examples(examples))
}

fn silent(_: &Progress) {}

/// A layer of the catalogue after some examples of the language, at its own rate.
fn trained(entry: &Entry, language: &Arc<SyntheticLanguage>, dim: usize, examples: u64) -> Model {
    let mut model = build(entry.name, &language.counts(), dim, ADAGRAD);
    let mut source = SyntheticExamples::new(language.clone(), bigram(), 1, 0);
    let settings = settings(entry.tuning.batch, entry.tuning.adagrad, examples);
    train(&mut model, &mut source, &settings, &mut silent).unwrap();
    model
}

fn bits(model: &Model) -> Vec<u32> {
    let matrices = model.encoder_tables().iter().chain(model.layer_tables());
    matrices.flat_map(|m| m.weights().iter().chain(m.bias())).map(|w| w.to_bits()).collect()
}

/// W·x + b of some rows, in f64.
fn scores(matrix: &Matrix, x: &[f64]) -> Vec<f64> {
    let dot = |row: &[f32]| row.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum::<f64>();
    let bias = |row: usize| matrix.bias().get(row).map_or(0.0, |b| f64::from(*b));
    (0..matrix.shape().rows as usize).map(|row| dot(matrix.row(row as u32)) + bias(row)).collect()
}

/// The scores of all words by the definition of the layer: P ∝ exp of them.
fn word_scores(layer: &str, model: &Model, counts: &Counts, h: &[f64]) -> Vec<f64> {
    let tables = model.layer_tables();
    match layer {
        "hierarchical" => {
            let (tree, z) = (Tree::huffman(counts), scores(&tables[0], h));
            let decision = |(node, code): (u32, bool)| {
                let z = if code { -z[node as usize] } else { z[node as usize] };
                -(1.0 + (-z).exp()).ln()
            };
            (0..counts.len() as WordId).map(|word| tree.ancestors(word).map(decision).sum()).collect()
        }
        "differentiated" => {
            let mut rest = h;
            let block = |(matrix, (_, dim)): (&Matrix, &(usize, usize))| {
                let (slice, after) = rest.split_at(*dim);
                rest = after;
                scores(matrix, slice)
            };
            tables.iter().zip(Blocks::slices(counts, h.len()).as_slice()).flat_map(block).collect()
        }
        "differentiated-projected" => {
            tables.chunks_exact(2).flat_map(|pair| scores(&pair[1], &scores(&pair[0], h))).collect()
        }
        "class-based" => {
            let (heads, words) = (scores(&tables[0], h), scores(&tables[1], h));
            let classes = heads.len();
            let class = |word: usize| ((word + 1) * classes - 1) / words.len();
            let in_class = |c: usize| (0..words.len()).filter(|w| class(*w) == c).map(|w| words[w]).collect::<Vec<_>>();
            let ln_z: Vec<f64> = (0..classes).map(|c| ln_sum_exp(&in_class(c))).collect();
            (0..words.len()).map(|w| heads[class(w)] + words[w] - ln_z[class(w)]).collect()
        }
        "adaptive" => {
            let heads = scores(&tables[0], h);
            let (listed, tails) = heads.split_at(heads.len() - tables.len() / 2);
            let mut z = listed.to_vec();
            for (pair, head) in tables[1..].chunks_exact(2).zip(tails) {
                let words = scores(&pair[1], &scores(&pair[0], h));
                let ln_z = ln_sum_exp(&words);
                z.extend(words.iter().map(|word| head + word - ln_z));
            }
            z
        }
        "negative" => {
            let mass: f64 = counts.as_slice().iter().map(|n| (*n as f64).powf(0.75)).sum();
            let ln_q = |n: &u64| 0.75 * (*n as f64).ln() - mass.ln();
            scores(&tables[0], h).iter().zip(counts.as_slice()).map(|(z, n)| z + ln_q(n)).collect()
        }
        _ => scores(&tables[0], h),
    }
}

/// The mean of the context's embeddings.
fn hidden(model: &Model, context: &[WordId]) -> Vec<f64> {
    let embeddings = &model.encoder_tables()[0];
    let entry = |k: usize| context.iter().map(|word| f64::from(embeddings.row(*word)[k])).sum::<f64>();
    (0..embeddings.shape().dim).map(|k| entry(k) / context.len() as f64).collect()
}

fn ln_sum_exp(z: &[f64]) -> f64 {
    z.iter().map(|z| z.exp()).sum::<f64>().ln()
}

/// What scores in f32 may be off by: a rounding for each term of sums that stay below 2⁴, and as many for what goes in.
fn rounding(dim: usize) -> f64 {
    2.0 * (dim + 2) as f64 * 2f64.powi(4 - 24)
}

#[test]
fn at_rate_zero_every_layer_is_the_unigram_model() {
    let language = language();
    let counts = language.counts();
    let examples = SyntheticExamples::held_out(language.clone(), bigram(), 1, 1000);
    let unigram = examples.targets.iter().map(|t| -counts.ln_probability(*t)).sum::<f64>() / 1000.0;
    let distance = language.unigram_entropy() - language.entropy_rate();
    for (entry, optimizer) in CATALOGUE.iter().flat_map(|entry| [(entry, ADAGRAD), (entry, Optimizer::Sgd)]) {
        for batch in [1, 16] {
            let mut model = build(entry.name, &counts, 24, optimizer);
            let before = bits(&model);
            let mut source = SyntheticExamples::new(language.clone(), bigram(), 1, 0);
            train(&mut model, &mut source, &settings(batch, 0.0, 100), &mut silent).unwrap();
            assert_eq!(bits(&model), before, "{}", entry.name);
            let nll = held_out(&model, &examples, &Threads::new(1)).nll();
            assert!((nll / unigram - 1.0).abs() < 1e-6, "{}: {nll} and {unigram}", entry.name);
            let excess = excess_nats(&model, &language, &Threads::new(1));
            // Relative to the entropies that the distance is the difference of.
            assert!((excess - distance).abs() < 1e-6 * language.unigram_entropy(), "{}: {excess}", entry.name);
        }
    }
}

#[test]
fn every_layer_comes_closer_to_the_truth_and_beats_the_unigram_model() {
    let language = language();
    let counts = language.counts();
    let valid = SyntheticExamples::held_out(language.clone(), bigram(), 1, 5000);
    let unigram = valid.targets.iter().map(|t| -counts.ln_probability(*t)).sum::<f64>() / 5000.0;
    for entry in dense() {
        let mut model = build(entry.name, &counts, 24, ADAGRAD);
        let mut source = SyntheticExamples::new(language.clone(), bigram(), 1, 0);
        let mut excess = excess_nats(&model, &language, &Threads::new(1));
        for examples in [2_000, 8_000, 30_000] {
            let settings = settings(entry.tuning.batch, entry.tuning.adagrad, examples);
            train(&mut model, &mut source, &settings, &mut silent).unwrap();
            let before = excess;
            excess = excess_nats(&model, &language, &Threads::new(1));
            assert!((0.0..before).contains(&excess), "{}: {excess} after {before}", entry.name);
            let nll = held_out(&model, &valid, &Threads::new(1)).nll();
            assert!(nll < unigram, "{}: {nll}, unigram {unigram}", entry.name);
        }
    }
}

#[test]
fn sparse_layers_come_closer_by_epsilon_perplexity() {
    let language = language();
    let counts = language.counts();
    let valid = SyntheticExamples::held_out(language.clone(), bigram(), 1, 5000);
    let unigram = valid.targets.iter().map(|t| -counts.ln_probability(*t)).sum::<f64>() / 5000.0;
    for name in SPARSE {
        let model = trained(catalogue::entry(name).unwrap(), &language, 24, 40_000);
        let found = held_out(&model, &valid, &Threads::new(1));
        assert!(found.epsilon_perplexity(1e-3, counts.len()) < unigram.exp(), "{name}: {found:?}");
        assert!(found.losses.iter().any(|loss| loss.is_infinite()), "{name} has no zeros");
    }
}

/// Examples one by one, and in batches.
fn assert_training(optimizer: Optimizer, ways: [(usize, f32); 2]) {
    let language = language();
    let start = language.unigram_entropy() - language.entropy_rate();
    for entry in dense() {
        for (batch, rate) in ways {
            // Its gradients are as large as the vocabulary.
            let rate = if entry.name == "one-vs-each" && optimizer == Optimizer::Sgd { rate / 100.0 } else { rate };
            let mut model = build(entry.name, &language.counts(), 24, optimizer);
            let mut source = SyntheticExamples::new(language.clone(), bigram(), 1, 0);
            train(&mut model, &mut source, &settings(batch, rate, 20_000), &mut silent).unwrap();
            let excess = excess_nats(&model, &language, &Threads::new(1));
            assert!(excess < 0.8 * start, "{} by {optimizer:?}, {batch}: {excess} of {start}", entry.name);
        }
    }
}

#[test]
fn online_and_in_batches_by_sgd() {
    assert_training(Optimizer::Sgd, [(1, 0.2), (16, 0.2)]);
}

#[test]
fn online_and_in_batches_by_adagrad() {
    assert_training(ADAGRAD, [(1, 0.05), (32, 0.1)]);
}

#[test]
fn excess_is_its_definition() {
    let language = Arc::new(SyntheticLanguage::new(19, 3, 2).unwrap());
    let (counts, dim) = (language.counts(), 6);
    for entry in dense() {
        let model = trained(entry, &language, dim, 2_000);
        let mut naive = 0.0;
        for prev in 0..19 {
            let z = word_scores(entry.name, &model, &counts, &hidden(&model, &[prev]));
            let ln_z = ln_sum_exp(&z);
            let kl = |next: WordId| {
                let truth = language.ln_prob(prev, next);
                truth.exp() * (truth - (z[next as usize] - ln_z))
            };
            naive += language.unigram()[prev as usize] * (0..19).map(kl).sum::<f64>();
        }
        let excess = excess_nats(&model, &language, &Threads::new(1));
        assert!((excess - naive).abs() < rounding(dim), "{}: {excess} and {naive}", entry.name);
        assert!(naive > 0.0 && excess > 0.0, "{}", entry.name);
    }
}

#[test]
fn excess_is_what_held_out_words_cost_beyond_the_truth() {
    let language = language();
    // Pairs that do not depend on each other.
    let (mut pairs, mut rng) = (Examples::new(), WorkerRng::new(5, 0));
    for _ in 0..40_000 {
        let prev = language.sample_first(&mut rng);
        pairs.push([prev], language.sample_next(prev, &mut rng));
    }
    for entry in dense() {
        let model = trained(entry, &language, 24, 5_000);
        let excess = excess_nats(&model, &language, &Threads::new(1));
        let losses = held_out(&model, &pairs, &Threads::new(1)).losses;
        let truth = |b: usize| language.ln_prob(pairs.contexts(b)[0], pairs.targets[b]);
        let beyond: Vec<f64> = losses.iter().enumerate().map(|(b, loss)| loss + truth(b)).collect();
        let n = beyond.len() as f64;
        let mean = beyond.iter().sum::<f64>() / n;
        let variance = beyond.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        // |z| exceeds 5.3 with probability 1.2·10⁻⁷.
        assert!((mean - excess).abs() < 5.3 * (variance / n).sqrt(), "{}: {mean} and {excess}", entry.name);
    }
}

#[test]
fn held_out_likelihood_is_its_definition() {
    let language = language();
    let (counts, dim) = (language.counts(), 24);
    // Bags of up to six words; more examples than are evaluated together.
    let window = Window::new(Direction::Cbow, Context::Both, 3, false).unwrap();
    let examples = SyntheticExamples::held_out(language.clone(), window, 1, 300);
    for entry in dense() {
        let model = trained(entry, &language, dim, 5_000);
        let got = held_out(&model, &examples, &Threads::new(1));
        assert_eq!(got.losses.len(), 300);
        let mut ln_zs = Vec::new();
        for (b, loss) in got.losses.iter().enumerate() {
            let z = word_scores(entry.name, &model, &counts, &hidden(&model, examples.contexts(b)));
            let naive = ln_sum_exp(&z) - z[examples.targets[b] as usize];
            assert!((loss - naive).abs() < rounding(dim), "{}: {loss} and {naive}", entry.name);
            // What negative sampling learns is ln P − ln(k·q), k = 5.
            ln_zs.push(ln_sum_exp(&z) + if entry.name == "negative" { 5f64.ln() } else { 0.0 });
        }
        assert!((got.nll() - got.losses.iter().sum::<f64>() / 300.0).abs() < 1e-12);
        assert_eq!(got.perplexity(), got.nll().exp());
        assert_eq!(got.ln_z.is_some(), UNNORMALIZED.contains(&entry.name), "{}", entry.name);
        if let Some(got) = got.ln_z {
            let mean = ln_zs.iter().sum::<f64>() / 300.0;
            let deviation = (ln_zs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 300.0).sqrt();
            assert!((got.mean - mean).abs() < rounding(dim), "{}: {got:?} and {mean}", entry.name);
            assert!((got.standard_deviation - deviation).abs() < rounding(dim), "{got:?} and {deviation}");
            assert!(deviation > 100.0 * rounding(dim), "{}: {deviation}", entry.name);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let language = language();
    for entry in CATALOGUE {
        let samples = entry.keys.iter().any(|key| key.name == "samples");
        let draws = samples || entry.name == "infrequent";
        let layer = if samples { format!("{}:samples=20", entry.name) } else { entry.name.into() };
        for batch in [1, 24] {
            let run = |seed, threads| {
                let mut model = build(&layer, &language.counts(), 24, ADAGRAD);
                let mut source = SyntheticExamples::new(language.clone(), bigram(), 1, 0);
                let mut settings = settings(batch, 0.1, 1_000);
                (settings.seed, settings.threads) = (seed, Threads::new(threads));
                let outcome = train(&mut model, &mut source, &settings, &mut silent).unwrap();
                (bits(&model), outcome.train_loss.to_bits())
            };
            let first = run(1, 1);
            assert!(run(1, 1) == first, "{} by {batch}", entry.name);
            assert!(run(1, 2) == first, "{} by {batch}, two threads", entry.name);
            // The seed of a training run is that of the draws.
            assert_eq!(run(2, 1) != first, draws, "{} by {batch}, another seed", entry.name);
        }
    }
}

#[test]
fn embeddings_start_the_same_whatever_the_layer() {
    let counts = language().counts();
    let embeddings = |layer: &str| build(layer, &counts, 24, ADAGRAD).encoder_tables()[0].weights().to_vec();
    let first = embeddings("full");
    assert!(first.iter().any(|w| *w != 0.0) && first.iter().all(|w| w.abs() <= 0.5 / 24.0));
    assert!(CATALOGUE.iter().all(|entry| embeddings(entry.name) == first));
}

#[test]
fn a_budget_of_examples_is_kept_exactly() {
    let language = language();
    let skip_gram = Window::new(Direction::SkipGram, Context::Both, 3, true).unwrap();
    for (window, batch, examples) in [(bigram(), 64, 1_000), (bigram(), 1, 37), (skip_gram, 50, 101), (bigram(), 64, 1)]
    {
        let mut model = build("full", &language.counts(), 8, ADAGRAD);
        let mut source = SyntheticExamples::new(language.clone(), window, 1, 0);
        let mut heard: Vec<Progress> = Vec::new();
        let settings = settings(batch, 0.5, examples);
        let outcome = train(&mut model, &mut source, &settings, &mut |p| heard.push(*p)).unwrap();
        assert_eq!(outcome.examples, examples);
        assert_eq!(heard.len() as u64, examples.div_ceil(batch as u64));
        let last = heard.last().unwrap();
        assert_eq!((last.examples, last.share, last.seconds), (examples, 1.0, outcome.seconds));
        assert!(heard.is_sorted_by(|a, b| a.examples < b.examples && a.rate > b.rate && a.seconds <= b.seconds));
        assert_eq!(heard[0].rate, 0.5);
        assert!(heard.iter().all(|p| p.share == p.examples as f64 / examples as f64 && p.loss.is_finite()));
        assert_eq!(outcome.layer_cost.multiply_adds, 3 * examples * 200 * 8);
    }
}

#[test]
fn a_budget_of_time_ends() {
    let language = language();
    for batch in [1, 64] {
        let mut model = build("hierarchical", &language.counts(), 24, ADAGRAD);
        let mut source = SyntheticExamples::new(language.clone(), bigram(), 1, 0);
        let time = Duration::from_millis(50);
        let settings = TrainConfig::new(batch, 0.1, Budget::Time(time));
        let mut last = None;
        let outcome = train(&mut model, &mut source, &settings, &mut |p| last = Some(*p)).unwrap();
        assert!(outcome.examples > 0 && outcome.seconds >= time.as_secs_f64());
        assert_eq!(last.unwrap().share, 1.0);
        assert_eq!(outcome.examples % batch as u64, 0);
    }
}

#[test]
fn a_loss_that_is_not_finite_is_an_error() {
    let language = language();
    let run = |layer: &str, batch| {
        let mut model = build(layer, &language.counts(), 24, Optimizer::Sgd);
        let mut source = SyntheticExamples::new(language.clone(), bigram(), 1, 0);
        train(&mut model, &mut source, &settings(batch, 1e30, 5_000), &mut silent)
    };
    for (entry, batch) in CATALOGUE.iter().flat_map(|entry| [(entry, 1), (entry, 64)]) {
        match run(entry.name, batch) {
            Err(Error::Diverged { cause: lexmax::error::Divergence::Loss(value), examples, rate, suggested }) => {
                assert!(!value.is_finite() && (1..=5_000).contains(&examples) && rate > 0.0, "{}", entry.name);
                assert!(suggested > 0.0 && suggested <= 0.025, "{}: {suggested}", entry.name);
            }
            Err(e) => panic!("{}: {e}", entry.name),
            Ok(outcome) => assert!(outcome.train_loss.is_finite(), "{}: {outcome:?}", entry.name),
        }
    }
    assert!(run("full", 1).is_err() && run("full", 64).is_err());
}

#[test]
fn settings_without_sense_are_refused() {
    let language = language();
    for (name, settings) in [
        ("batch", settings(0, 0.1, 100)),
        ("rate", settings(8, f32::NAN, 100)),
        ("rate", settings(8, -0.1, 100)),
        ("rate", settings(8, f32::INFINITY, 100)),
        ("budget", settings(8, 0.1, 0)),
        ("budget", TrainConfig::new(8, 0.1, Budget::Time(Duration::ZERO))),
    ] {
        let mut model = build("full", &language.counts(), 8, ADAGRAD);
        let mut source = SyntheticExamples::new(language.clone(), bigram(), 1, 0);
        let got = train(&mut model, &mut source, &settings, &mut silent);
        assert!(matches!(got, Err(Error::OutOfRange { name: got, .. }) if got == name), "{name}: {got:?}");
    }
}

/// 40 lines, one in five of a single word, and the number of examples that they make.
fn small_text() -> (Counts, Arc<Corpus>, u64) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let line = |i: u32| (0..i % 5 * 2 + 1).map(|j| format!("w{} ", (i * j + j) % 11)).collect::<String>();
    std::fs::write(file.path(), (0..40).map(|i| line(i) + "\n").collect::<String>()).unwrap();
    let (vocab, corpus) = Corpus::load(&[file.path()], 1).unwrap();
    (vocab.counts().clone(), Arc::new(corpus), 8 * (2 + 4 + 6 + 8))
}

fn train_on_text(batch: usize, examples: u64, seed: u64) -> (Outcome, u64) {
    let (counts, corpus, pass) = small_text();
    let mut model = build("full", &counts, 8, ADAGRAD);
    let mut source = TextExamples::new(corpus, &counts, bigram(), 0.0, seed).unwrap();
    (train(&mut model, &mut source, &settings(batch, 0.1, examples), &mut silent).unwrap(), pass)
}

#[test]
fn looking_leaves_no_trace() {
    let (counts, corpus, _) = small_text();
    for batch in [1, 16] {
        let source = || TextExamples::new(corpus.clone(), &counts, bigram(), 0.0, 3).unwrap();
        let (mut plain, mut seen) = (build("negative", &counts, 8, ADAGRAD), build("negative", &counts, 8, ADAGRAD));
        let settings = settings(batch, 0.1, 500);
        let without = train(&mut plain, &mut source(), &settings, &mut silent).unwrap();
        let mut looks = Vec::new();
        let look = &mut |_: &Model, at: &Progress| looks.push(at.examples);
        let with = train_and_look(&mut seen, &mut source(), &settings, &[0.2, 0.5, 1.0], &mut silent, look).unwrap();
        assert_eq!(with.train_loss.to_bits(), without.train_loss.to_bits());
        assert_eq!(with.layer_cost, without.layer_cost);
        assert_eq!(seen.layer_tables()[0].weights(), plain.layer_tables()[0].weights());
        // At the end of the batch that reaches a share.
        let ends = [100u64, 250, 500].map(|n| n.next_multiple_of(batch as u64).min(500));
        assert_eq!(looks, ends);
    }
}

#[test]
fn losses_are_told_by_pass_of_the_text() {
    for (batch, seed) in [1, 7, 16].into_iter().flat_map(|batch| (0..10).map(move |seed| (batch, seed))) {
        let (outcome, pass) = train_on_text(batch, 570, seed);
        assert_eq!((pass, outcome.epochs.len()), (160, 4));
        assert_eq!(outcome.epochs.iter().map(|e| e.examples).sum::<u64>(), 570);
        // A batch counts for the pass that it begins in.
        let mut end = 0;
        for (epoch, whole) in outcome.epochs.iter().zip([160, 320, 480, 570]) {
            end += epoch.examples;
            assert!((whole..whole + batch as u64).contains(&end), "{batch}, {seed}: {:?}", outcome.epochs);
        }
        let sum: f64 = outcome.epochs.iter().map(|e| e.examples as f64 * e.train_loss).sum();
        assert!((sum / 570.0 - outcome.train_loss).abs() < 1e-12 * outcome.train_loss);
        // The whole passes hold the same examples.
        assert!(outcome.epochs[..3].is_sorted_by(|a, b| a.train_loss > b.train_loss), "{:?}", outcome.epochs);
    }
    assert_eq!(train_on_text(160, 480, 1).0.epochs.iter().map(|e| e.examples).collect::<Vec<_>>(), [160; 3]);
}

/// What `compare` tells its observer.
#[derive(Default)]
struct Log(Vec<String>);

impl Listener for Log {
    fn begin(&mut self, layer: &LayerSpec, number: usize, of: usize) {
        self.0.push(format!("{layer} {number} of {of}"));
    }

    fn progress(&mut self, progress: &Progress) {
        self.0.push(progress.examples.to_string());
    }

    fn end(&mut self, row: &LayerRow) {
        self.0.push(format!("{} {}", row.layer, row.examples));
    }
}

fn config(layers: &[&str]) -> CompareConfig {
    let layers = layers.iter().map(|layer| layer.parse().unwrap()).collect();
    let mut config = CompareConfig::new(layers, bigram(), 24, Budget::Examples(2_000));
    (config.optimizer, config.valid_examples) = (ADAGRAD, 500);
    config
}

/// A row without the time that it took.
fn timeless(row: &LayerRow) -> String {
    let mut row = row.clone();
    (row.seconds, row.ns_per_example) = (0.0, 0.0);
    row.curve.iter_mut().for_each(|point| point.seconds = 0.0);
    format!("{row:?}")
}

#[test]
fn what_a_layer_reaches_does_not_depend_on_the_others() {
    let data = Data::new(&DataSource::synthetic(200, 8, 1)).unwrap();
    let run = |layers: &[&str]| compare::compare(&config(layers), &data, &mut Silent).unwrap().layers;
    let names: Vec<_> = CATALOGUE.iter().map(|entry| entry.name).collect();
    let rows = run(&names);
    let alone: Vec<_> = names.iter().rev().map(|name| run(&[name]).remove(0)).collect();
    for (row, alone) in rows.iter().zip(alone.iter().rev()) {
        assert_eq!(timeless(row), timeless(alone));
    }
    // With all words among the candidates, target sampling is full softmax; the same examples from the same start.
    let [full, all] = &run(&["full", "target-sampled:samples=200"])[..] else { panic!("two layers") };
    for (a, b) in [(full.train_loss, all.train_loss), (full.valid_nll, all.valid_nll)] {
        assert!((a - b).abs() < rounding(24), "{a} and {b}");
    }
}

#[test]
fn a_row_is_what_training_and_evaluation_give() {
    let data = Data::new(&DataSource::synthetic(200, 8, 1)).unwrap();
    let rows = compare::compare(&config(&["hierarchical", "negative"]), &data, &mut Silent).unwrap().layers;
    let language = language();
    let valid = SyntheticExamples::held_out(language.clone(), bigram(), 1, 500);
    for row in rows {
        let model = trained(catalogue::entry(&row.layer).unwrap(), &language, 24, 2_000);
        let held_out = eval::held_out(&model, &valid, &Threads::new(1));
        assert_eq!((row.valid_nll, row.valid_perplexity), (held_out.nll(), held_out.perplexity()));
        assert_eq!((row.ln_z, row.valid_examples), (held_out.ln_z, 500));
        assert_eq!(row.excess_nats, Some(excess_nats(&model, &language, &Threads::new(1))));
    }
}

#[test]
fn observers_hear_of_every_layer_and_batch() {
    let data = Data::new(&DataSource::synthetic(50, 5, 1)).unwrap();
    let mut config = config(&["full", "negative:samples=2"]);
    config.batch = Some(800);
    let mut log = Log::default();
    compare::compare(&config, &data, &mut log).unwrap();
    let told = |layer: &str, number| {
        let begin = format!("{layer} {number} of 2");
        [begin, "800".into(), "1600".into(), "2000".into(), format!("{layer} 2000")]
    };
    assert_eq!(log.0, [told("full", 0), told("negative:samples=2", 1)].concat());
}
