//! Drawing the candidates of a batch: `sampler/<proposal>/<scheme>/K100k-S1024`.
//!
//! Measures every proposal under every scheme: S words out of V for a batch of 64 targets, with their corrections.
//! Counts follow the law of Zipf and Mandelbrot. Throughput is in requested draws.
//!
//! `cargo bench --bench sampler` runs all of it in about a minute; `cargo bench --bench sampler -- unigram/set` runs a
//! part.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lexmax::WorkerRng;
use lexmax::sampler::{
    DistinctDraws, Draws, IndependentSet, LogUniform, Proposal, Sampler, Uniform, Unigram, WithReplacement,
};
use lexmax::vocab::{Counts, WordId};
use std::time::Duration;

const VOCABS: [(usize, &str); 3] = [(1_000, "1k"), (10_000, "10k"), (100_000, "100k")];
const SAMPLES: [usize; 3] = [64, 512, 4_096];
const TARGETS: usize = 64;
const SEED: u64 = 1;

type MakeProposal = fn(&Counts) -> lexmax::Result<Box<dyn Proposal>>;
type MakeSampler = fn(Box<dyn Proposal>, usize) -> lexmax::Result<Box<dyn Sampler>>;

const PROPOSALS: [(&str, MakeProposal); 3] = [
    ("uniform", |counts| Ok(Box::new(Uniform::new(counts.len())?))),
    ("log-uniform", |counts| Ok(Box::new(LogUniform::new(counts.len())?))),
    ("unigram", |counts| Ok(Box::new(Unigram::new(counts, 0.75)?))),
];

const SCHEMES: [(&str, MakeSampler); 3] = [
    ("replacement", |proposal, samples| Ok(Box::new(WithReplacement::new(proposal, samples)?))),
    ("set", |proposal, samples| Ok(Box::new(IndependentSet::new(proposal, samples)?))),
    ("distinct", |proposal, samples| Ok(Box::new(DistinctDraws::new(proposal, samples)?))),
];

fn samplers(c: &mut Criterion) {
    let mut group = c.benchmark_group("sampler");
    group.sample_size(10).nresamples(2_000);
    group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(400));
    for (vocab, name) in VOCABS {
        let counts = zipf_mandelbrot(vocab);
        let mut targets: [WordId; TARGETS] = [0; TARGETS];
        Unigram::new(&counts, 1.0).expect("a power of 1").fill(&mut WorkerRng::new(SEED, 0), &mut targets);
        for samples in SAMPLES.into_iter().filter(|samples| *samples < vocab) {
            group.throughput(Throughput::Elements(samples as u64));
            for (proposal, make_proposal) in PROPOSALS {
                for (scheme, make_sampler) in SCHEMES {
                    let id = BenchmarkId::new(format!("{proposal}/{scheme}"), format!("V{name}-S{samples}"));
                    // Created at the closure's first call; never if a filter leaves the benchmark out.
                    let mut made = None;
                    group.bench_function(id, |bencher| {
                        let (sampler, rng, draws) = made.get_or_insert_with(|| {
                            let proposal = make_proposal(&counts).expect("a vocabulary");
                            let sampler = make_sampler(proposal, samples).expect("fewer samples than words");
                            check(&*sampler, &targets);
                            (sampler, WorkerRng::new(SEED, 1), Draws::default())
                        });
                        bencher.iter(|| {
                            sampler.draw(None, &targets, rng, draws);
                            draws.ln_q.last().copied()
                        });
                    });
                }
            }
        }
    }
    group.finish();
}

/// Checks the mean number of distinct words drawn among the first tenth: it is Σ of their inclusion probabilities.
/// Words join a sample independently or with negative correlation. The variance of a sample's number is therefore at
/// most its mean, and six standard deviations are exceeded with probability 10⁻⁸.
fn check(sampler: &dyn Sampler, targets: &[WordId]) {
    const TIMES: usize = 200;
    let tenth = (sampler.vocab() / 10) as WordId;
    let expected: f64 = (0..tenth).map(|word| sampler.ln_inclusion(word).exp()).sum();
    let (mut rng, mut draws, mut words) = (WorkerRng::new(SEED, 2), Draws::default(), 0);
    for _ in 0..TIMES {
        sampler.draw(None, targets, &mut rng, &mut draws);
        let mut frequent: Vec<WordId> = draws.words.iter().copied().filter(|word| *word < tenth).collect();
        frequent.sort_unstable();
        frequent.dedup();
        words += frequent.len();
        assert!(draws.ln_q.iter().chain(&draws.target_ln_q).all(|ln_q| ln_q.is_finite()));
        assert_eq!((draws.ln_q.len(), draws.target_ln_q.len()), (draws.words.len(), targets.len()));
    }
    let mean = words as f64 / TIMES as f64;
    let limit = 6.0 * (expected / TIMES as f64).sqrt();
    assert!((mean - expected).abs() < limit, "{mean} frequent words a sample, expected {expected} ± {limit}");
}

/// Counts of words whose frequency falls as 1/(rank + 2.7).
fn zipf_mandelbrot(vocab: usize) -> Counts {
    let weights: Vec<f64> = (1..=vocab).map(|rank| 1.0 / (rank as f64 + 2.7)).collect();
    let sum: f64 = weights.iter().sum();
    Counts::from_probabilities(&weights.iter().map(|w| w / sum).collect::<Vec<_>>()).expect("they fall")
}

criterion_group!(benches, samplers);
criterion_main!(benches);
