//! Law 15: which corrections are right. For 4 words, the exact expected gradient at the scores that the layer should
//! learn. Every target and every outcome of the draws is enumerated through the layer itself. The gradient is zero, or
//! the criterion is biased.

use super::fixed::Fixed;
use lexmax::check::enumeration::{Outcome, P, Q, V, ZERO, bias, distinct, independent, ln_inclusion, sets, unique};
use lexmax::layer::{
    Bias, BlackOut, Contrast, NegativeSampling, NoiseContrastive, OneVsEach, OutputLayer, SampledSoftmax,
};
use lexmax::sampler::{Hits, WithReplacement};
use lexmax::vocab::WordId;

/// What is biased is biased by more than this.
const BIAS: f64 = 1e-3;

/// The bias of sampled softmax at z = ln p.
fn sampled(outcomes: &[Outcome], ln_q: [f64; V], hits: Hits) -> f64 {
    bias(P.map(f64::ln), outcomes, |words| {
        let sampler = Fixed { words: words.to_vec(), ln_q: ln_q.to_vec(), hits };
        Box::new(SampledSoftmax::new(Box::new(sampler), 1, Bias::None).unwrap())
    })
}

#[test]
fn draws_with_replacement_keep_hits_and_correct_by_ln_q() {
    let ln_q = Q.map(f64::ln);
    for samples in [1, 2, 3] {
        let bias = sampled(&independent(samples), ln_q, Hits::Keep);
        assert!(bias <= ZERO, "S = {samples}: {bias:e}");
    }
}

#[test]
fn sets_merge_hits_and_correct_by_ln_of_the_inclusion() {
    for inclusion in [Q, P, Q.map(|q| -(-3.0 * q).exp_m1()), [0.9, 0.01, 0.5, 0.99]] {
        let bias = sampled(&sets(inclusion), inclusion.map(f64::ln), Hits::Merge);
        assert!(bias <= ZERO, "{inclusion:?}: {bias:e}");
    }
}

#[test]
fn negative_sampling_learns_ln_p_minus_ln_kq() {
    for k in [1, 2, 3] {
        let z = |shift: f64| -> [f64; V] { std::array::from_fn(|w| P[w].ln() - shift * (k as f64 * Q[w]).ln()) };
        let bias_at = |z| {
            bias(z, &independent(k), |words| {
                let proposal = Fixed { words: words.to_vec(), ln_q: Q.map(f64::ln).to_vec(), hits: Hits::Keep };
                let noise = WithReplacement::new(Box::new(proposal), k).unwrap();
                Box::new(NegativeSampling::new(noise, 1, Bias::None).unwrap())
            })
        };
        let bias = bias_at(z(1.0));
        assert!(bias <= ZERO, "k = {k}: {bias:e}");
        assert!(bias_at(z(0.0)) > BIAS, "k = {k}: not ln p itself");
    }
}

/// S draws with replacement, as the layers that insist on it take them.
fn replacement(words: &[WordId]) -> WithReplacement {
    let proposal = Fixed { words: words.to_vec(), ln_q: Q.map(f64::ln).to_vec(), hits: Hits::Keep };
    WithReplacement::new(Box::new(proposal), words.len()).unwrap()
}

#[test]
fn contrastive_estimation_one_vs_each_and_black_out_learn_ln_p() {
    type Make = fn(&[WordId]) -> Box<dyn OutputLayer>;
    let layers: [(&str, Make); 4] = [
        ("nce", |words| Box::new(NoiseContrastive::new(replacement(words), Contrast::Binary, 1, Bias::None).unwrap())),
        ("ranking", |words| {
            Box::new(NoiseContrastive::new(replacement(words), Contrast::Ranking, 1, Bias::None).unwrap())
        }),
        ("one-vs-each", |words| Box::new(OneVsEach::new(Box::new(replacement(words)), 1, Bias::None).unwrap())),
        ("blackout", |words| Box::new(BlackOut::new(replacement(words), 1, Bias::None).unwrap())),
    ];
    for (name, layer) in layers {
        for samples in [1, 2, 3] {
            // A sum of S draws, each weighted by up to 1/(S·q) = 10/S.
            let found = bias(P.map(f64::ln), &independent(samples), layer);
            assert!(found <= 10.0 * ZERO, "{name}, S = {samples}: {found:e}");
            let of_unigram = bias(P.map(|p| 0.5 * p.ln()), &independent(samples), layer);
            assert!(of_unigram > BIAS, "{name}, S = {samples}: half of ln p is not what it learns");
        }
    }
}

/// The criterion with every draw weighted alike instead of by 1/q is not consistent.
#[test]
fn black_out_without_its_weights_is_biased() {
    let found = bias(P.map(f64::ln), &independent(3), |words| {
        let proposal = Fixed { words: words.to_vec(), ln_q: vec![0.0; V], hits: Hits::Keep };
        let draws = WithReplacement::new(Box::new(proposal), 3).unwrap();
        Box::new(BlackOut::new(draws, 1, Bias::None).unwrap())
    });
    assert!(found > BIAS, "{found:e}");
}

/// A set of which every word's inclusion probability is known estimates the sum over all words without bias.
#[test]
fn one_vs_each_over_sets_weighs_by_the_inclusion() {
    let inclusion = [0.9, 0.3, 0.5, 0.99];
    let found = bias(P.map(f64::ln), &sets(inclusion), |words| {
        let sampler = Fixed { words: words.to_vec(), ln_q: inclusion.map(f64::ln).to_vec(), hits: Hits::Merge };
        Box::new(OneVsEach::new(Box::new(sampler), 1, Bias::None).unwrap())
    });
    assert!(found <= 10.0 * ZERO, "{found:e}");
}

#[test]
fn mixed_schemes_are_biased() {
    let ln_q = Q.map(f64::ln);
    for samples in [2, 3] {
        let bias = sampled(&independent(samples), ln_q, Hits::Merge);
        assert!(bias > BIAS, "hits removed, S = {samples}: {bias:e}");
        let bias = sampled(&independent(samples), [0.0; V], Hits::Keep);
        assert!(bias > BIAS, "no correction, S = {samples}: {bias:e}");
    }
    let bias = sampled(&sets(Q.map(|q| -(-3.0 * q).exp_m1())), ln_q, Hits::Merge);
    assert!(bias > BIAS, "a set with ln q: {bias:e}");
    // A hit that is removed from a single draw leaves nothing to learn, and no bias.
    assert!(sampled(&independent(1), ln_q, Hits::Merge) <= ZERO);
}

/// Draws of which the number is fixed are not independent, so no correction of single words is quite right.
#[test]
fn fixed_numbers_of_distinct_words_have_a_small_bias() {
    for samples in [2, 3] {
        let outcomes = distinct(samples);
        let bias = sampled(&outcomes, ln_inclusion(&outcomes), Hits::Merge);
        assert!((BIAS..0.03).contains(&bias), "S = {samples}: {bias:e}");
        let merged: Vec<Outcome> = independent(samples).into_iter().map(unique).collect();
        let bias = sampled(&merged, ln_inclusion(&merged), Hits::Merge);
        assert!((1e-4..0.03).contains(&bias), "merged, S = {samples}: {bias:e}");
    }
}
