//! Law 8: a small step lowers the exact loss; for layers that draw, in the mean.

use super::cases;
use super::rig::{Examples, Rig, Updates};
use super::statistics::mean_and_margin;
use lexmax::table::Optimizer;
use lexmax::table::Threads;

const SEEDS: u64 = 400;

/// Σ −ln P of the targets, in f64; for negative sampling the expectation of its criterion.
fn loss(rig: &Rig, examples: &Examples) -> f64 {
    let tables = rig.params();
    let draws = rig.layer.expected_cost(&examples.targets).unwrap().draws as f64;
    let of_example = |b: usize| {
        let z = rig.reference.scores(&tables, &examples.h(b));
        examples.weight(b) * rig.reference.expected_loss(&z, examples.targets[b], draws)
    };
    (0..examples.len()).map(of_example).sum()
}

/// α = 10⁻⁶ a layer (one side of the z-test; the other half is unused).
#[test]
fn a_small_step_lowers_the_exact_loss() {
    let (vocab, dim, batch) = (31, 9, 7);
    for (name, updates) in cases::all(vocab, dim).iter().flat_map(|n| [(n, Updates::Online), (n, Updates::Deferred)]) {
        let examples = Examples::random(batch, vocab, dim, 14);
        for (optimizer, rate) in [(Optimizer::Sgd, 1e-2), (Optimizer::adagrad(0.1).unwrap(), 1e-3)] {
            let start = || Rig::new(name, vocab, dim, 0.5).with_optimizer(optimizer);
            let before = loss(&start(), &examples);
            let gain = |seed| {
                let mut rig = start();
                rig.train(std::slice::from_ref(&examples), updates, rate, seed, &Threads::default());
                before - loss(&rig, &examples)
            };
            if start().draws() {
                let gains: Vec<f64> = (0..SEEDS).map(gain).collect();
                let (mean, margin) = mean_and_margin(&gains);
                assert!(mean > margin, "{name}, {updates:?}, {optimizer:?}: gains {mean:e}, unsure by {margin:e}");
            } else {
                let gain = gain(0);
                assert!(gain > 0.0, "{name}, {updates:?}, {optimizer:?}: the loss rose by {:e}", -gain);
            }
        }
    }
}
