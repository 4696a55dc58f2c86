//! Law 10: the counted cost is the closed form; for layers that draw, in the mean.

use super::cases;
use super::rig::{Examples, Rig};
use super::statistics::mean_and_margin;
use lexmax::WorkerRng;
use lexmax::layer::{Batch, Scratch};
use lexmax::table::{Cost, Threads};
use ndarray::Array2;

const SEEDS: u64 = 2000;

/// What is counted over several steps of one worker.
fn counted(rig: &Rig, batch: Batch, steps: u64) -> Vec<Cost> {
    let (mut w, mut s) = (rig.frozen(&Threads::default()), Scratch::new(WorkerRng::new(21, 0)));
    let mut d_hidden = Array2::zeros(batch.hidden.raw_dim());
    let step = |_| {
        let before = w.cost();
        rig.layer.step(&mut w, batch, &mut s, d_hidden.view_mut(), None);
        w.cost().mean_since(before, 1)
    };
    (0..steps).map(step).collect()
}

fn numbers(cost: &Cost) -> [u64; 4] {
    [cost.multiply_adds, cost.rows_read, cost.rows_written, cost.draws]
}

/// What varies may be half off beside the z-test's margin, since the closed form is rounded to whole numbers; α = 10⁻⁶ a
/// number. The vocabulary is large enough that the expected rows of `correction=distinct`, the one approximation
/// (by up to 0.02 a word at 5 words), are within that.
#[test]
fn counted_cost_is_the_closed_form() {
    let (vocab, dim) = (240, 5);
    for name in cases::all(vocab, dim).iter().chain(&["sampled:correction=distinct:samples=40".to_string()]) {
        let rig = Rig::new(name, vocab, dim, 0.5);
        for batch in [1, 4, 23] {
            // Words of one batch come again, in runs and apart.
            let mut examples = Examples::random(batch, vocab, dim, 3);
            for b in (0..batch).step_by(5) {
                examples.targets[b] = 2;
            }
            let steps = if rig.draws() { SEEDS } else { 1 };
            let counted = counted(&rig, examples.batch(), steps);
            let expected = rig.layer.expected_cost(&examples.targets);
            let expected = numbers(&expected.unwrap_or_else(|| panic!("{name} has no closed form")));
            for i in 0..expected.len() {
                let counted: Vec<f64> = counted.iter().map(|cost| numbers(cost)[i] as f64).collect();
                let (mean, mut margin) = if steps == 1 { (counted[0], 0.0) } else { mean_and_margin(&counted) };
                if margin > 0.0 {
                    margin += 0.5;
                }
                let apart = (mean - expected[i] as f64).abs();
                let what = ["multiply-adds", "rows read", "rows written", "draws"][i];
                assert!(apart <= margin, "{name}, B = {batch}: {mean} {what}, not {} ± {margin}", expected[i]);
            }
        }
    }
}

/// The closed forms of the plan, for one batch by hand.
#[test]
fn closed_forms_by_hand() {
    let (vocab, dim, targets) = (40, 6, [3, 3, 0, 39, 3]);
    let cost = |name: &str| Rig::new(name, vocab, dim, 0.0).layer.expected_cost(&targets).unwrap().multiply_adds;
    let (b, v, d) = (5, 40, 6);
    assert_eq!(cost("full"), 3 * b * v * d);
    assert_eq!(cost("differentiated:blocks=10x4+restx2"), 3 * b * (10 * 4 + 30 * 2));
    assert_eq!(cost("differentiated-projected:blocks=10x4+restx2"), 3 * b * (4 * d + 10 * 4 + 2 * d + 30 * 2));
    // Targets 3, 0 and 39 are in the first, the first and the last of 6 classes of 6 or 7 words.
    assert_eq!(cost("class-based"), 3 * d * (b * 6 + 4 * 6 + 7));
    assert_eq!(cost("adaptive:cutoffs=3+20:division=2"), 3 * (b * d * 5 + 3 * (d * 3 + 3 * 17) + (d + 20)));
    assert_eq!(cost("adaptive:cutoffs=10"), 3 * (b * d * 11 + (d + 30)));
    assert_eq!(cost("entmax"), 3 * b * v * d);
    assert_eq!(cost("target-sampled:samples=7"), 3 * b * (3 + 7) * d);
    assert_eq!(cost("negative:samples=5"), 3 * b * (1 + 5) * d);
    let tree = lexmax::tree::Tree::huffman(&cases::zipf(vocab));
    let depths: usize = targets.iter().map(|t| tree.depth(*t)).sum();
    assert_eq!(cost("hierarchical"), 3 * d * depths as u64);
}
