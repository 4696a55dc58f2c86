//! The parts of the loss that have no name in the catalogue: word weights, soft targets, reductions and refusals.

use super::cases;
use super::rig::{Check, Examples, Rig};
use lexmax::Error;
use lexmax::check::reference::{LossSettings, Step};
use lexmax::layer::Batch;
use lexmax::layer::catalogue::CATALOGUE;
use lexmax::objective::{LossOptions, Reduction, SoftTargets};
use lexmax::table::Threads;
use ndarray::{Array2, Axis};

const SMOOTHED: [&str; 3] = ["full", "differentiated", "differentiated-projected"];
const PATHS: [&str; 3] = ["hierarchical", "class-based", "adaptive"];

fn word_weights(vocab: usize) -> Vec<f32> {
    (0..vocab).map(|w| [1.0, 0.25, 0.0, 3.0][w % 4]).collect()
}

/// A layer under options, and its naive one.
fn rig(name: &str, vocab: usize, dim: usize, options: &LossOptions, naive: LossSettings) -> Rig {
    let mut rig = Rig::new(&format!("{name}:bias=unigram"), vocab, dim, 0.8);
    rig.layer.set_loss(options.clone()).unwrap();
    rig.reference.loss = naive;
    rig
}

#[test]
fn weights_of_words_scale_their_losses() {
    for (vocab, dim, batch) in [(31, 9, 7), (1500, 37, 40)] {
        let weights = word_weights(vocab);
        let plain = LossOptions::new().with_word_weights(weights.clone()).unwrap().ignoring(5);
        let smooth = plain.clone().with_smoothing(0.25).unwrap().with_z_loss(0.01).unwrap();
        let naive = LossSettings {
            word_weights: Some(weights.iter().map(|w| f64::from(*w)).collect()),
            ignored: Some(5),
            ..LossSettings::default()
        };
        let smooth_naive = LossSettings { smoothing: 0.25, z_loss: f64::from(0.01f32), ..naive.clone() };
        let examples = Examples::random(batch, vocab, dim, 3);
        for name in SMOOTHED {
            for (options, naive) in [(&plain, &naive), (&smooth, &smooth_naive)] {
                let rig = rig(name, vocab, dim, options, naive.clone());
                let step = rig.step_from(&examples, 1, &Threads::new(2), 0.0);
                rig.expected(&examples, &step.sample).check(name, &step);
            }
        }
        // Elsewhere the words' weights are upstream factors.
        for name in PATHS {
            let weighted = rig(name, vocab, dim, &plain, LossSettings::default());
            let mut examples = examples.clone();
            let step = weighted.step(&examples, 1);
            let upstream = examples.weights.as_mut().unwrap().iter_mut();
            upstream.zip(&examples.targets).for_each(|(w, t)| *w *= if *t == 5 { 0.0 } else { weights[*t as usize] });
            weighted.expected(&examples, &step.sample).check(name, &step);
        }
    }
}

/// A step towards soft targets, its gradients not applied.
fn soft_step(rig: &Rig, hidden: &Array2<f32>, soft: SoftTargets, weights: &[f32]) -> Step {
    let batch = Batch { weights: Some(weights), ..Batch::soft(hidden.view(), soft) };
    rig.step_of(batch, 0, &Threads::default(), 0.0)
}

/// The loss is linear in a target that sums to 1: soft targets are the same hidden vector with each word, weighted.
#[test]
fn soft_targets_are_weighted_words() {
    let (vocab, dim) = (31, 9);
    let (offsets, words) = ([0, 3, 3, 5, 6], [4, 9, 30, 2, 17, 8]);
    let probabilities = [0.5, 0.25, 0.25, 0.125, 0.875, 1.0];
    let weights = [1.0, 2.0, 0.5, 3.0];
    let hidden = Examples::random(4, vocab, dim, 7).hidden;
    let mut dense = Array2::zeros((4, vocab));
    let mut all = Examples { hidden: Array2::zeros((0, dim)), targets: vec![], weights: Some(vec![]) };
    let mut of_row = Vec::new();
    for b in 0..4 {
        for i in offsets[b] as usize..offsets[b + 1] as usize {
            dense[[b, words[i] as usize]] = probabilities[i];
            all.hidden.push(Axis(0), hidden.row(b)).unwrap();
            all.targets.push(words[i]);
            all.weights.as_mut().unwrap().push(weights[b] * probabilities[i]);
            of_row.push(b);
        }
    }
    let sparse = SoftTargets::sparse(&offsets, &words, &probabilities, vocab).unwrap();
    let dense = SoftTargets::dense(dense.as_slice().unwrap(), vocab).unwrap();
    let plain = LossOptions::new().with_soft_targets();
    let heavy = plain.clone().with_word_weights(word_weights(vocab)).unwrap();
    let mut cases = vec![];
    for name in SMOOTHED.iter().chain(&PATHS) {
        cases.push((*name, plain.clone(), LossSettings::default()));
    }
    for name in SMOOTHED {
        let all = Some(word_weights(vocab).iter().map(|w| f64::from(*w)).collect());
        cases.push((name, heavy.clone(), LossSettings { word_weights: all, ..LossSettings::default() }));
        let cap = heavy.clone().with_soft_cap(4.0).unwrap();
        let all = Some(word_weights(vocab).iter().map(|w| f64::from(*w)).collect());
        cases.push((name, cap, LossSettings { cap: Some(4.0), word_weights: all, ..LossSettings::default() }));
    }
    for (name, options, naive) in cases {
        let rig = rig(name, vocab, dim, &options, naive);
        for soft in [sparse, dense] {
            let mut step = soft_step(&rig, &hidden, soft, &weights);
            let mut expected = rig.expected(&all, &step.sample);
            // An empty row reaches for nothing.
            assert_eq!(step.losses[1], 0.0, "{name}");
            expected.fold_rows(&of_row, 4);
            step.losses[1] = 0.0;
            expected.check(name, &step);
        }
    }
}

/// Smoothing with soft targets: what a word's share of the target leaves goes to all words alike.
#[test]
fn smoothing_is_a_soft_target() {
    let (vocab, dim, batch, share) = (31, 9, 7, 0.25f32);
    let examples = Examples::random(batch, vocab, dim, 3);
    let mut soft = Array2::from_elem((batch, vocab), share / vocab as f32);
    examples.targets.iter().enumerate().for_each(|(b, t)| soft[[b, *t as usize]] += 1.0 - share);
    let soft = SoftTargets::dense(soft.as_slice().unwrap(), vocab).unwrap();
    for name in SMOOTHED {
        let naive = LossSettings { smoothing: f64::from(share), ..LossSettings::default() };
        let rig = rig(name, vocab, dim, &LossOptions::new().with_soft_targets(), naive);
        let step = soft_step(&rig, &examples.hidden, soft, examples.weights.as_ref().unwrap());
        rig.expected(&examples, &step.sample).check(name, &step);
    }
}

/// PyTorch's `reduction="mean"` divides by the weights of the targets that are not ignored.
#[test]
fn reductions_are_upstream_factors() {
    let (vocab, dim, batch) = (31, 9, 6);
    let options = LossOptions::new().with_word_weights(word_weights(vocab)).unwrap().ignoring(3);
    let rig = rig("full", vocab, dim, &options, LossSettings::default());
    let mut examples = Examples::random(batch, vocab, dim, 4).unweighted();
    examples.targets = vec![0, 1, 3, 7, 2, 5];
    let losses = rig.step(&examples, 0).losses;
    let sum: f64 = losses.iter().sum();
    let divisor = 1.0 + 0.25 + 3.0 + 0.0 + 0.25;
    let of = |reduction| {
        let weights = examples.batch().reduced(reduction, &options);
        rig.step(&Examples { weights: Some(weights), ..examples.clone() }, 0)
    };
    // A factor is rounded to f32 once.
    let close = |got: f64, want: f64| assert!((got - want).abs() <= 1e-7 * want.abs(), "{got}, not {want}");
    close(of(Reduction::Sum(1.0)).total, sum);
    close(of(Reduction::Sum(-2.5)).total, -2.5 * sum);
    close(of(Reduction::Mean(1.0)).total, sum / divisor);
    close(of(Reduction::Mean(3.0)).total, 3.0 * sum / divisor);
    let upstream = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let apart = of(Reduction::None(&upstream));
    (0..batch).for_each(|b| close(apart.losses[b], losses[b] * f64::from(upstream[b])));
    let all_ignored = Examples { targets: vec![3; batch], ..examples.clone() };
    let weights = all_ignored.batch().reduced(Reduction::Mean(1.0), &options);
    let step = rig.step(&Examples { weights: Some(weights), ..all_ignored }, 0);
    assert!(step.total == 0.0 && step.d_hidden.iter().all(|d| *d == 0.0));
}

/// What a layer cannot honour it refuses, with the option's name; nothing is honoured in silence.
#[test]
fn layers_refuse_what_they_cannot_honour() {
    let (vocab, counts) = (31, cases::zipf(31));
    let options = [
        LossOptions::new().ignoring(1),
        LossOptions::new().with_word_weights(vec![1.0; vocab]).unwrap(),
        LossOptions::new().with_smoothing(0.1).unwrap(),
        LossOptions::new().with_z_loss(0.1).unwrap(),
        LossOptions::new().with_soft_cap(3.0).unwrap(),
        LossOptions::new().with_soft_targets(),
    ];
    for entry in CATALOGUE {
        let mut layer = cases::build(entry.name, &counts, 9);
        layer.set_loss(LossOptions::new()).unwrap();
        let honoured: Vec<bool> = options.iter().map(|o| layer.set_loss(o.clone()).is_ok()).collect();
        assert!(!SMOOTHED.contains(&entry.name) || honoured.iter().all(|h| *h), "{}", entry.name);
        if PATHS.contains(&entry.name) {
            assert_eq!(honoured, [true, true, false, false, false, true], "{}", entry.name);
        }
        for option in options.iter().zip(&honoured).filter(|(_, h)| !**h).map(|(o, _)| o) {
            assert!(matches!(layer.set_loss(option.clone()), Err(Error::LossOption { .. })), "{}", entry.name);
        }
    }
    let mut full = cases::build("full", &counts, 9);
    let short = LossOptions::new().with_word_weights(vec![1.0; 5]).unwrap();
    assert!(matches!(full.set_loss(short), Err(Error::WordWeightsMissWords { weights: 5, vocab: 31 })));
    for bad in [-0.1, 1.1, f32::NAN] {
        assert!(LossOptions::new().with_smoothing(bad).is_err());
    }
    assert!(LossOptions::new().with_soft_cap(f32::INFINITY).is_err());
    assert!(LossOptions::new().with_word_weights(vec![-1.0]).is_err());
    assert!(SoftTargets::sparse(&[0, 1], &[31], &[1.0], vocab).is_err());
    assert!(SoftTargets::sparse(&[0, 2, 1], &[1], &[1.0], vocab).is_err());
    assert!(SoftTargets::sparse(&[0, 1], &[1], &[f32::NAN], vocab).is_err());
}
