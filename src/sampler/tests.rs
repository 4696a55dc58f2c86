//! Laws of all proposals and schemes, and comparisons with TensorFlow.

use super::*;
use crate::vocab::Counts;
use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

/// The probability that a correct sampler would fail a test under a random seed.
const ALPHA: f64 = 1e-6;

fn counts(vocab: u64) -> Counts {
    Counts::new((1..=vocab).map(|rank| 1 + 3000 / rank).collect()).unwrap()
}

fn proposals(vocab: usize) -> Vec<Box<dyn Proposal>> {
    let counts = counts(vocab as u64);
    vec![
        Box::new(Uniform::new(vocab).unwrap()),
        Box::new(LogUniform::new(vocab).unwrap()),
        Box::new(Unigram::new(&counts, 1.0).unwrap()),
        Box::new(Unigram::new(&counts, 0.75).unwrap()),
        Box::new(Unigram::new(&counts, 0.0).unwrap()),
    ]
}

fn log_uniform(vocab: usize) -> Box<dyn Proposal> {
    Box::new(LogUniform::new(vocab).unwrap())
}

fn samplers(vocab: usize, samples: usize) -> Vec<Box<dyn Sampler>> {
    vec![
        Box::new(WithReplacement::new(log_uniform(vocab), samples).unwrap()),
        Box::new(IndependentSet::new(log_uniform(vocab), samples).unwrap()),
        Box::new(DistinctDraws::new(log_uniform(vocab), samples).unwrap()),
    ]
}

/// Pearson's χ² of counts against probabilities.
pub(super) fn assert_chi_squared(seen: &[u64], probabilities: &[f64]) {
    let n = seen.iter().sum::<u64>() as f64;
    let square = |(seen, p): (&u64, &f64)| (*seen as f64 - n * p).powi(2) / (n * p);
    let statistic: f64 = seen.iter().zip(probabilities).map(square).sum();
    let limit = ChiSquared::new(seen.len() as f64 - 1.0).unwrap().inverse_cdf(1.0 - ALPHA);
    assert!(statistic < limit, "χ² = {statistic}, at most {limit}");
}

#[test]
fn probabilities_sum_to_one() {
    for vocab in [1, 2, 3, 50, 10_000] {
        for proposal in proposals(vocab) {
            let sum: f64 = (0..vocab as WordId).map(|word| proposal.ln_prob(word).exp()).sum();
            assert!((sum - 1.0).abs() < 1e-12, "V = {vocab}: {sum}");
        }
    }
}

#[test]
fn draws_follow_their_probabilities() {
    for vocab in [2, 50, 300] {
        for (stream, proposal) in (0..).zip(proposals(vocab)) {
            let (mut rng, mut words) = (WorkerRng::new(3, stream), vec![0; 400_000]);
            proposal.fill(&mut rng, &mut words);
            let mut seen = vec![0; vocab];
            words.iter().for_each(|word| seen[*word as usize] += 1);
            let q: Vec<f64> = (0..vocab as WordId).map(|word| proposal.ln_prob(word).exp()).collect();
            assert_chi_squared(&seen, &q);
        }
    }
}

#[test]
fn one_word_is_always_drawn() {
    let (mut rng, mut out) = (WorkerRng::new(1, 0), Draws::default());
    for proposal in proposals(1) {
        assert_eq!((proposal.sample(&mut rng), proposal.ln_prob(0)), (0, 0.0));
    }
    for sampler in samplers(1, 1) {
        sampler.draw(None, &[0, 0], &mut rng, &mut out);
        assert!(out.words.iter().all(|word| *word == 0));
        assert_eq!(out.target_ln_q.len(), 2);
        assert!((f64::from(out.target_ln_q[0]) - sampler.ln_inclusion(0)).abs() < 1e-7);
    }
}

#[test]
fn fill_is_as_many_samples() {
    for proposal in proposals(20) {
        let mut words = [0; 100];
        proposal.fill(&mut WorkerRng::new(5, 0), &mut words);
        let mut rng = WorkerRng::new(5, 0);
        assert!(words.iter().all(|word| *word == proposal.sample(&mut rng)));
    }
}

#[test]
fn settings_are_refused() {
    assert!(matches!(Uniform::new(0), Err(Error::EmptyVocabulary)));
    assert!(matches!(LogUniform::new(1 << 31), Err(Error::TooManyWords { .. })));
    for power in [f64::NAN, -0.1, 2.1, f64::INFINITY] {
        assert!(matches!(Unigram::new(&counts(3), power), Err(Error::OutOfRange { name: "power", .. })));
    }
    assert!(WithReplacement::new(log_uniform(5), 0).is_err());
    assert!(WithReplacement::new(log_uniform(5), MAX_SAMPLES + 1).is_err());
    assert!(IndependentSet::new(log_uniform(5), 0).is_err());
    assert!(DistinctDraws::new(log_uniform(5), 6).is_err());
}

/// Compares each correction with its definition in plain f64, as far as that is precise enough.
#[test]
fn corrections_are_what_they_are_called() {
    let (mut rng, mut out) = (WorkerRng::new(2, 0), Draws::default());
    let targets: Vec<WordId> = (0..60).collect();
    for (scheme, sampler) in samplers(60, 7).iter().enumerate() {
        for _ in 0..20 {
            sampler.draw(None, &targets, &mut rng, &mut out);
            assert_eq!((out.words.len(), out.target_ln_q.len()), (out.ln_q.len(), 60));
            assert_eq!(out.hits, if scheme == 0 { Hits::Keep } else { Hits::Merge });
            for (word, ln_q) in out.words.iter().zip(&out.ln_q) {
                assert_eq!(*ln_q, out.target_ln_q[*word as usize]);
            }
        }
        for word in targets.iter().copied() {
            let q = sampler.ln_prob(word).exp();
            let (drawn, included) = (f64::from(out.target_ln_q[word as usize]), sampler.ln_inclusion(word));
            let naive = [1.0 - (1.0 - q).powi(7), 1.0 - (-7.0 * q).exp()];
            match scheme {
                0 => assert!((drawn - q.ln()).abs() < 1e-6 && (included - naive[0].ln()).abs() < 1e-12),
                1 => assert!((drawn - naive[1].ln()).abs() < 1e-6 && (included - naive[1].ln()).abs() < 1e-12),
                _ => assert!(drawn >= q.ln() && drawn < 0.0),
            }
        }
    }
}

#[test]
fn corrections_are_finite_for_any_probability() {
    for ln_q in [-1e4, -745.0, -300.0, -40.0, -1e-3, -1e-17, 0.0] {
        for tries in [1.0, 1e3, 1e30, f64::INFINITY] {
            assert!(ln_drawn(ln_q, tries).is_finite() || tries.is_infinite());
            assert!(ln_drawn(ln_q, tries) <= 0.0);
        }
    }
    assert!((ln_drawn(-45.0, 10.0) - (10f64.ln() - 45.0)).abs() < 1e-13);
    assert_eq!(ln_drawn(-800.0, f64::INFINITY), 0.0);
}

/// In n batches a word of inclusion probability π appears Binomial(n, π) times, and two words appear together π·π′·n
/// times.
#[test]
fn a_set_includes_each_word_on_its_own() {
    let (vocab, batches) = (12, 200_000);
    let sampler = IndependentSet::new(log_uniform(vocab), 6).unwrap();
    let (mut rng, mut out) = (WorkerRng::new(4, 0), Draws::default());
    let (mut seen, mut both, mut words) = (vec![0u32; vocab], vec![0u32; vocab], 0);
    for _ in 0..batches {
        sampler.draw(None, &[], &mut rng, &mut out);
        words += out.words.len();
        for word in &out.words {
            seen[*word as usize] += 1;
            both[*word as usize] += u32::from(out.words.contains(&0));
        }
    }
    let limit = Normal::standard().inverse_cdf(1.0 - ALPHA / (4 * vocab) as f64);
    let score = |seen: u32, p: f64| (f64::from(seen) - batches as f64 * p) / (batches as f64 * p * (1.0 - p)).sqrt();
    let pi: Vec<f64> = (0..vocab as WordId).map(|word| sampler.ln_inclusion(word).exp()).collect();
    for word in 0..vocab {
        assert!(score(seen[word], pi[word]).abs() < limit);
        assert!(word == 0 || score(both[word], pi[0] * pi[word]).abs() < limit);
    }
    let variance: f64 = pi.iter().map(|p| p * (1.0 - p)).sum();
    let expected: f64 = pi.iter().sum();
    assert!((words as f64 / batches as f64 - expected).abs() < limit * (variance / batches as f64).sqrt());
    assert_eq!(sampler.samples(), expected.round() as usize);
}

/// V = 40, S = 12, without repeats: tensorflow 2.21.0, `log_uniform_candidate_sampler`, which computes in f32.
#[test]
fn distinct_draws_agree_with_tensorflow() {
    #[rustfmt::skip]
    let expected = [
        (17, 0.33678677678108215), (32, 0.20228053629398346), (4, 0.7557543516159058), (11, 0.4567110240459442),
        (23, 0.26618504524230957), (24, 0.25717392563819885), (0, 0.9969257712364197), (21, 0.28622281551361084),
        (5, 0.6948935985565186), (8, 0.5533124804496765), (2, 0.8954115509986877), (1, 0.9607304930686951),
        (15, 0.36926937103271484), (10, 0.4851430058479309), (14, 0.3879202604293823),
    ];
    let q = LogUniform::new(40).unwrap();
    // TensorFlow does not return the number of tries. One count gives it, and the others confirm it.
    let tries = (f64::ln_1p(-expected[0].1) / f64::ln_1p(-q.ln_prob(17).exp())).round();
    for (word, count) in expected {
        assert!((ln_drawn(q.ln_prob(word), tries).exp() - count).abs() < 1e-6);
    }
}

/// The same with repeats: the expected count is S·q.
#[test]
fn draws_with_replacement_agree_with_tensorflow() {
    #[rustfmt::skip]
    let expected = [
        (17, 0.17471227049827576), (32, 0.09646657109260559), (4, 0.5891520977020264), (11, 0.25864923000335693),
        (23, 0.13191178441047668), (0, 2.2398288249969482), (1, 1.310215950012207), (8, 0.3404609262943268),
    ];
    let (mut rng, mut out) = (WorkerRng::new(0, 0), Draws::default());
    WithReplacement::new(log_uniform(40), 12).unwrap().draw(None, &expected.map(|e| e.0), &mut rng, &mut out);
    for ((_, count), ln_q) in expected.iter().zip(&out.target_ln_q) {
        assert!((12.0 * f64::from(*ln_q).exp() - count).abs() < 1e-6);
    }
}

/// The probabilities sum exactly to S. A single one differs from the frequency by the bias of the scheme, which is less
/// than one draw in S.
#[test]
fn distinct_draws_are_included_as_expected() {
    let (vocab, samples, batches) = (200, 40, 20_000);
    let sampler = DistinctDraws::new(log_uniform(vocab), samples).unwrap();
    let (mut rng, mut out, mut seen) = (WorkerRng::new(7, 0), Draws::default(), vec![0u32; vocab]);
    for _ in 0..batches {
        sampler.draw(None, &[], &mut rng, &mut out);
        assert_eq!(out.words.len(), samples);
        out.words.iter().for_each(|word| seen[*word as usize] += 1);
    }
    let pi: Vec<f64> = (0..vocab as WordId).map(|word| sampler.ln_inclusion(word).exp()).collect();
    assert!((pi.iter().sum::<f64>() - samples as f64).abs() < 1e-9 * samples as f64);
    let limit = Normal::standard().inverse_cdf(1.0 - ALPHA / (2 * vocab) as f64);
    for (seen, pi) in seen.iter().zip(&pi) {
        let noise = limit * (pi * (1.0 - pi) / f64::from(batches)).sqrt();
        assert!((f64::from(*seen) / f64::from(batches) - pi).abs() < noise + 1.0 / samples as f64);
    }
}

#[test]
fn nearly_all_words_are_drawn_in_time() {
    let (mut rng, mut out) = (WorkerRng::new(8, 0), Draws::default());
    let steep = Counts::new((0..60).rev().map(|bits| 1u64 << bits).collect()).unwrap();
    let steep = |samples| DistinctDraws::new(Box::new(Unigram::new(&steep, 2.0).unwrap()), samples).unwrap();
    let flat = |samples| DistinctDraws::new(log_uniform(60), samples).unwrap();
    for (sampler, samples) in [(flat(59), 59), (steep(59), 59), (steep(30), 30), (flat(60), 60), (steep(60), 60)] {
        for _ in 0..100 {
            sampler.draw(None, &[0, 59], &mut rng, &mut out);
            assert!(out.ln_q.iter().chain(&out.target_ln_q).all(|ln_q| ln_q.is_finite() && *ln_q <= 0.0));
            out.words.sort_unstable();
            out.words.dedup();
            assert_eq!(out.words.len(), samples);
        }
        assert!(sampler.ln_inclusion(59).is_finite());
    }
    assert!(out.ln_q.iter().chain(&out.target_ln_q).all(|ln_q| *ln_q == 0.0));
}
