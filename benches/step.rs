//! A training step of every layer of the catalogue: `step/<layer>/V100k-d128-B64`. `head/…` is the same step taken by a
//! [`Head`](lexmax::Head), for layers with cheap steps; the difference is the cost of its checks.
//!
//! There are V words whose counts follow the law of Zipf and Mandelbrot, hidden vectors of size d, and B examples a
//! step. Steps use one thread, plain descent, and the layers' default settings. B = 1 updates online, larger batches at
//! `flush`, which is part of the step. Steps take their batches in turn from 4,096 examples. The rate is 0, so that
//! every step does all of its work on the same weights.
//!
//! `cargo bench --bench step` runs all of it in two to three minutes; `cargo bench --bench step -- hierarchical/V100k`
//! runs a part.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use lexmax::WorkerRng;
use lexmax::head::Head;
use lexmax::layer::catalogue::{CATALOGUE, LayerSpec, Shape};
use lexmax::layer::{Batch, Bias, LayerExt, OutputLayer, Scratch, set_up};
use lexmax::sampler::{Proposal, Unigram};
use lexmax::table::Optimizer;
use lexmax::table::{Cost, Deferred, Frozen, Matrix, Online, Table, Tables, Threads};
use lexmax::vocab::{Counts, WordId};
use ndarray::{Array2, ArrayView2, Axis, Slice};
use rand::RngExt;
use std::time::Duration;

const VOCABS: [(usize, &str); 3] = [(1_000, "1k"), (10_000, "10k"), (100_000, "100k")];
/// Each d with its values of B.
const SIZES: [(usize, &[usize]); 2] = [(128, &[1, 64, 1_024]), (300, &[64])];
const EXAMPLES: usize = 4_096;
const SEED: u64 = 1;

fn steps(c: &mut Criterion) {
    let mut group = c.benchmark_group("step");
    group.sample_size(10).nresamples(2_000).sampling_mode(SamplingMode::Flat);
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(800));
    for (vocab, name) in VOCABS {
        let counts = zipf_mandelbrot(vocab);
        for (dim, batches) in SIZES {
            let data = Data::new(&counts, dim);
            for batch in batches {
                for entry in CATALOGUE {
                    let spec: LayerSpec = entry.name.parse().expect("a name of the catalogue");
                    let id = BenchmarkId::new(entry.name, format!("V{name}-d{dim}-B{batch}"));
                    bench(&mut group, id, &spec, &data, *batch);
                }
            }
        }
    }
    group.finish();
}

/// Steps of a head over 10,000 words with d = 128: the smallest steps, where checks weigh most, and mini-batches.
fn heads(c: &mut Criterion) {
    let mut group = c.benchmark_group("head");
    group.sample_size(10).nresamples(2_000).sampling_mode(SamplingMode::Flat);
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(800));
    let counts = zipf_mandelbrot(10_000);
    let data = Data::new(&counts, 128);
    for batch in [1, 64] {
        for name in ["hierarchical", "negative", "sampled"] {
            let mut head = None;
            let mut next = 0;
            group.throughput(Throughput::Elements(batch as u64));
            group.bench_function(BenchmarkId::new(name, format!("V10k-d128-B{batch}")), |bencher| {
                let builder = || Head::builder(name, &counts, data.dim).optimizer(Optimizer::Sgd).rate(0.0).build();
                let head = head.get_or_insert_with(|| builder().expect("defaults fit"));
                bencher.iter(|| {
                    let Batch { hidden, targets, .. } = data.batch(next, batch);
                    next = (next + batch) % EXAMPLES;
                    head.step(hidden, targets).expect("a batch that fits").loss
                });
            });
        }
    }
    group.finish();
}

fn bench(group: &mut BenchmarkGroup<WallTime>, id: BenchmarkId, spec: &LayerSpec, data: &Data, batch: usize) {
    // Criterion calls the closure once a sample, and never if a filter leaves the benchmark out. The setup therefore
    // runs at the first call.
    let mut place = Vec::new();
    let (mut place, mut stepper) = (Some(&mut place), None);
    group.throughput(Throughput::Elements(batch as u64));
    group.bench_function(id, |bencher| {
        let stepper = stepper.get_or_insert_with(|| {
            let context = Shape::new(data.counts, data.dim, Bias::Unigram);
            let layer = spec.build(&context).expect("defaults fit");
            let matrices = place.take().expect("made once");
            *matrices = weights(&*layer, data.counts);
            let exact = data.exact_loss(&*layer, matrices, batch);
            let mut stepper = Stepper::new(layer, matrices, data, batch);
            stepper.check(exact);
            stepper
        });
        bencher.iter(|| stepper.step());
    });
}

/// Examples for all steps, created outside the timed part.
struct Data<'a> {
    counts: &'a Counts,
    dim: usize,
    hidden: Array2<f32>,
    targets: Vec<WordId>,
}

impl<'a> Data<'a> {
    fn new(counts: &'a Counts, dim: usize) -> Self {
        let mut rng = WorkerRng::new(SEED, 0);
        let hidden = Array2::from_shape_simple_fn((EXAMPLES, dim), || rng.random::<f32>() - 0.5);
        let mut targets = vec![0; EXAMPLES];
        Unigram::new(counts, 1.0).expect("a power of 1").fill(&mut rng, &mut targets);
        Self { counts, dim, hidden, targets }
    }

    fn batch(&self, start: usize, len: usize) -> Batch<'_> {
        let hidden: ArrayView2<f32> = self.hidden.slice_axis(Axis(0), Slice::from(start..start + len));
        Batch::new(hidden, &self.targets[start..start + len])
    }

    /// −Σ ln P(target) over the first batch.
    fn exact_loss(&self, layer: &dyn OutputLayer, matrices: &[Matrix], batch: usize) -> f64 {
        let frozen = |m| -> Box<dyn Table> { Box::new(Frozen::new(m, Threads::default())) };
        let mut w = Tables::new(matrices.iter().map(frozen).collect());
        let mut log_probs = vec![0.0; batch];
        layer.log_prob(&mut w, self.batch(0, batch), &mut Scratch::new(WorkerRng::new(SEED, 1)), &mut log_probs);
        -log_probs.iter().sum::<f64>()
    }
}

/// The state of a step, with the position of the next example.
struct Stepper<'a> {
    layer: Box<dyn OutputLayer>,
    w: Tables<'a>,
    scratch: Scratch,
    d_hidden: Array2<f32>,
    data: &'a Data<'a>,
    batch: usize,
    next: usize,
}

impl<'a> Stepper<'a> {
    fn new(layer: Box<dyn OutputLayer>, matrices: &'a mut [Matrix], data: &'a Data, batch: usize) -> Self {
        let handle = |m: &'a mut Matrix| -> Box<dyn Table + 'a> {
            match batch {
                1 => Box::new(Online::new(m, 0.0, Threads::default())),
                _ => Box::new(Deferred::new(m, 0.0, Threads::default())),
            }
        };
        let w = Tables::new(matrices.iter_mut().map(handle).collect());
        let scratch = Scratch::new(WorkerRng::new(SEED, 1));
        Self { layer, w, scratch, d_hidden: Array2::zeros((batch, data.dim)), data, batch, next: 0 }
    }

    fn step(&mut self) -> f64 {
        let batch = self.data.batch(self.next, self.batch);
        self.next = (self.next + self.batch) % EXAMPLES;
        self.d_hidden.fill(0.0);
        let loss = self.layer.step(&mut self.w, batch, &mut self.scratch, self.d_hidden.view_mut(), None);
        self.w.flush();
        loss
    }

    /// A layer that draws nothing trains on the exact loss, and its work equals the announced work. If draws decide
    /// which rows are distinct, this holds in expectation. Each of S draws adds at most one row, so that the number of
    /// rows is within 4·√S of its mean except with probability 2·e⁻³² (McDiarmid 1989).
    fn check(&mut self, exact: f64) {
        let expected = self.layer.expected_cost(&self.data.targets[..self.batch]).expect("a closed form");
        let loss = self.step();
        let Cost { multiply_adds, rows_written, draws, .. } = self.w.cost();
        assert!(loss.is_finite(), "loss {loss}");
        let nothing = ArrayView2::from_shape((0, self.data.dim), &[]).expect("no row");
        let normalizes =
            !self.layer.ln_z(&mut self.w, nothing, &mut self.scratch, &mut []) && !self.layer.gives_zeros();
        assert!(!normalizes || (loss - exact).abs() < 1e-5 * exact, "loss {loss}, but −ln P is {exact}");
        if draws == self.batch as u64 {
            // Examples may be drawn instead of words; then only the expected number of rows is known.
            return;
        }
        let slack = if draws == 0 { 0.0 } else { 0.5 + 4.0 * (draws as f64).sqrt() };
        let row = (3 * self.batch * self.data.dim) as f64;
        assert!(rows_written.abs_diff(expected.rows_written) as f64 <= slack);
        assert!(multiply_adds.abs_diff(expected.multiply_adds) as f64 <= slack * row);
        assert_eq!(draws, expected.draws);
    }
}

/// Unigram biases with small weights. No weight is zero, so that every memory page is mapped.
fn weights(layer: &dyn OutputLayer, counts: &Counts) -> Vec<Matrix> {
    let mut rng = WorkerRng::new(SEED, 2);
    let mut matrices: Vec<Matrix> = set_up(layer, Some(counts), Optimizer::Sgd, &mut rng).expect("fits in memory");
    for matrix in &mut matrices {
        matrix.weights_mut().iter_mut().for_each(|w| *w = 0.1 * (rng.random::<f32>() - 0.5));
    }
    matrices
}

/// Counts of words whose frequency falls as 1/(rank + 2.7).
fn zipf_mandelbrot(vocab: usize) -> Counts {
    let weights: Vec<f64> = (1..=vocab).map(|rank| 1.0 / (rank as f64 + 2.7)).collect();
    let sum: f64 = weights.iter().sum();
    Counts::from_probabilities(&weights.iter().map(|w| w / sum).collect::<Vec<_>>()).expect("they fall")
}

criterion_group!(benches, steps, heads);
criterion_main!(benches);
