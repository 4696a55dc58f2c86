//! Laws 1, 2, 11, 12 and 13, and ln Z: a layer gives a distribution over the words, for any weights.

use super::cases;
use super::rig::{Check, Examples, Rig};
use lexmax::WorkerRng;
use lexmax::check::reference::{Criterion, Scores, log_prob_findings, score_size};
use lexmax::check::{Audit, ROUNDING};
use lexmax::layer::{OutputLayer, Scratch};
use lexmax::table::Optimizer;
use lexmax::table::Threads;
use lexmax::vocab::{Counts, WordId};

/// |Σ exp(ln P) − 1|: the normalizer is off by at most 4·10⁻⁷, 7 roundings, and each ln P is rounded once more, which
/// moves the sum by a rounding of the entropy, at most ln V.
fn assert_normalized(what: &str, ln_p: &[f32]) {
    let sum: f64 = ln_p.iter().map(|x| f64::from(*x).exp()).sum();
    let tolerance = (8.0 + (ln_p.len() as f64).ln()) * ROUNDING;
    assert!((sum - 1.0).abs() <= tolerance, "{what}: probabilities sum to 1 + {:e} ± {tolerance:e}", sum - 1.0);
    let sparse = what.starts_with("sparsemax") || what.starts_with("entmax");
    let sound = |x: f32| x.is_finite() || sparse && x == f32::NEG_INFINITY;
    assert!(ln_p.iter().all(|x| sound(*x)), "{what}: {ln_p:?}");
}

/// Laws 1 and 2: normalized, and the naive layer's; `log_prob` picks out the target.
fn assert_distribution(rig: &Rig, examples: &Examples, threads: &Threads) {
    let (all, of_target) = rig.log_probs(examples, threads);
    for b in 0..examples.len() {
        assert_normalized(&rig.name, &all.row(b).to_vec());
    }
    let findings = log_prob_findings(&rig.reference, &rig.params(), &examples.batch(), (&all, &of_target));
    let found = Audit::new(findings);
    assert!(found.passed(), "{}:\n{found}", rig.name);
}

#[test]
fn probabilities_sum_to_one_and_are_the_naive_ones() {
    for (vocab, dim, batch, limit) in [(31, 9, 7, 0.8), (31, 9, 3, 4.0), (6, 3, 2, 1.0), (1500, 37, 40, 0.5)] {
        for (seed, name) in (0..).zip(cases::all(vocab, dim)) {
            let rig = Rig::new(&name, vocab, dim, limit);
            assert_distribution(&rig, &Examples::random(batch, vocab, dim, seed), &Threads::new(2));
        }
    }
}

/// ln Z as the criterion means the scores: of z, and of z + ln(k·q) for noise; layers that normalize in training say so.
#[test]
fn ln_z_is_the_naive_one() {
    for (vocab, dim, batch) in [(31, 9, 7), (1500, 37, 40)] {
        for name in cases::all(vocab, dim) {
            let rig = Rig::new(&name, vocab, dim, 0.8);
            let (examples, tables) = (Examples::random(batch, vocab, dim, 2), rig.params());
            let mut s = Scratch::new(WorkerRng::new(0, 0));
            let mut got = vec![f64::NAN; batch];
            let mut w = rig.frozen(&Threads::default());
            let says = rig.layer.ln_z(&mut w, examples.hidden.view(), &mut s, &mut got);
            assert_eq!(says, !rig.reference.criterion.normalizes(), "{name}");
            for b in (0..batch).filter(|_| says) {
                let h = examples.h(b);
                let z = rig.reference.scores(&tables, &h);
                let shift = match &rig.reference.criterion {
                    Criterion::Noise { ln_q, .. } => {
                        ln_q[0] + (rig.layer.expected_cost(&[0]).unwrap().draws as f64).ln()
                    }
                    _ => 0.0,
                };
                let want = z[0] + shift - rig.reference.log_probs(&z)[0];
                let size = score_size(&rig.reference, &tables, &h).max(10.0);
                let tolerance = ((2 * dim + 4) as f64 * size + 16.0) * ROUNDING;
                assert!((got[b] - want).abs() <= tolerance, "{name}: ln Z is {}, not {want} ± {tolerance:e}", got[b]);
            }
        }
    }
}

/// One word is certain, two share; every default works there, and so does a step.
#[test]
fn one_and_two_words() {
    for vocab in [1, 2] {
        for dim in [1, 5] {
            for name in cases::defaults() {
                let rig = Rig::new(&name, vocab, dim, 1.5);
                let examples = Examples::random(3, vocab, dim, 7);
                assert_distribution(&rig, &examples, &Threads::default());
                let step = rig.step(&examples, 0);
                rig.expected(&examples, &step.sample).check(&name, &step);
                let (ln_p, _) = rig.log_probs(&examples, &Threads::default());
                assert!(vocab > 1 || ln_p.iter().all(|x| *x == 0.0), "{name}: {ln_p}");
            }
        }
    }
}

/// Law 11: scores up to ±80, and ±10⁴.
#[test]
fn large_scores_stay_finite() {
    let (vocab, dim, batch) = (31, 9, 7);
    for (name, largest) in cases::all(vocab, dim).iter().flat_map(|n| [(n, 80.0), (n, 1e4)]) {
        let mut rig = Rig::new(name, vocab, dim, 1.0);
        let examples = Examples::random(batch, vocab, dim, 9);
        let tables = rig.params();
        let scores = |b| rig.reference.scores(&tables, &examples.h(b));
        let now = (0..batch).flat_map(scores).fold(0.0f64, |m, z| m.max(z.abs()));
        let scale = (largest / now) as f32;
        let is_projection = |t: usize| match rig.reference.scores {
            Scores::Projections => t.is_multiple_of(2),
            Scores::Tails => !t.is_multiple_of(2),
            _ => false,
        };
        for (t, matrix) in rig.matrices.iter_mut().enumerate() {
            if !is_projection(t) {
                matrix.weights_mut().iter_mut().for_each(|w| *w *= scale);
                matrix.bias_mut().iter_mut().for_each(|b| *b *= scale);
            }
        }
        assert_distribution(&rig, &examples, &Threads::default());
        let step = rig.step(&examples, 1);
        let gradients = step.gradients.iter().flat_map(|g| g.weights.iter().flatten().chain(&g.bias));
        assert!(gradients.chain(&step.losses).all(|x| x.is_finite()), "{name} at ±{largest}");
        assert!(step.d_hidden.iter().all(|x| x.is_finite()), "{name} at ±{largest}");
        rig.expected(&examples, &step.sample).check(name, &step);
    }
}

/// Law 12.
#[test]
fn layers_are_shared_between_threads() {
    fn shared<T: Send + Sync + ?Sized>() {}
    shared::<dyn OutputLayer>();
    shared::<lexmax::layer::FullSoftmax>();
    shared::<lexmax::layer::HierarchicalSoftmax>();
    shared::<lexmax::layer::DifferentiatedSoftmax>();
    shared::<lexmax::layer::SampledSoftmax>();
    shared::<lexmax::layer::TargetSampling>();
    shared::<lexmax::layer::NegativeSampling>();
    shared::<lexmax::layer::ClassBasedSoftmax>();
    shared::<lexmax::layer::AdaptiveSoftmax>();
    shared::<lexmax::layer::Entmax>();
    shared::<lexmax::layer::NoiseContrastive>();
    shared::<lexmax::layer::BlackOut>();
    shared::<lexmax::layer::OneVsEach>();
    shared::<lexmax::layer::SelfNormalizedSoftmax>();
    shared::<lexmax::layer::InfrequentNormalization>();
}

/// Law 13: zero weights and unigram biases are the unigram model, to a relative 10⁻⁶ (of ln P itself where it is above 1).
#[test]
fn zero_weights_and_unigram_biases_are_the_unigram_model() {
    let equal = |vocab| Counts::new(vec![3; vocab]).unwrap();
    let steep = Counts::new((0..30).rev().map(|i| 1 << i).collect()).unwrap();
    for counts in [cases::zipf(31), equal(31), equal(64), steep, cases::zipf(1500), equal(1500)] {
        let (vocab, dim) = (counts.len(), 9);
        for name in cases::all(vocab, dim).iter().filter(|name| name.ends_with("unigram")) {
            let rig = Rig::zero(name, counts.clone(), dim, Optimizer::Sgd);
            // Capped scores reach as far as the cap; and they, and so ln Z, are off by 6·10⁻⁷ of it.
            let range = counts.ln_probability(0) - counts.ln_probability(vocab as WordId - 1);
            let cap = rig.reference.loss.cap;
            if cap.is_some_and(|cap| range > 1.6 * cap) {
                continue;
            }
            let (ln_p, _) = rig.log_probs(&Examples::random(2, vocab, dim, 1), &Threads::default());
            // Where scores are probabilities, biases in f32 add up to 1 but for 10⁻⁷.
            if rig.reference.criterion.is_sparse() {
                let apart = |w: usize| (f64::from(ln_p[[0, w]]).exp() - counts.probability(w as WordId)).abs();
                assert!((0..vocab).all(|w| apart(w) <= 1e-7), "{name}, V = {vocab}");
                continue;
            }
            for row in ln_p.rows() {
                let (mut nll, mut entropy) = (0.0, 0.0);
                for w in 0..vocab as WordId {
                    let (got, want) = (f64::from(row[w as usize]), counts.ln_probability(w));
                    let tolerance = 1e-6 * want.abs().max(1.0) + 1.2e-6 * cap.unwrap_or(0.0);
                    assert!((got - want).abs() <= tolerance, "{name}, V = {vocab}: ln P({w}) is {got}, not {want}");
                    nll -= counts.probability(w) * got;
                    entropy -= counts.probability(w) * want;
                }
                assert!(
                    (nll - entropy).abs() <= 1e-6 * entropy + 1.2e-6 * cap.unwrap_or(0.0),
                    "{name}, V = {vocab}: NLL {nll}, not {entropy}"
                );
            }
        }
    }
}
