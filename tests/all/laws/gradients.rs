//! Law 3, finite differences, and law 4, the criterion, on small layers and on large blocks.

use super::cases;
use super::rig::{Check, Examples, Rig, UPDATES, bits};
use lexmax::check::reference::{Expected, Params, Reference, Sample};
use lexmax::table::Threads;

const STEP: f64 = 1e-3;

/// The losses of all examples, weighted, given what was drawn.
fn losses(reference: &Reference, tables: &[Params], examples: &Examples, hidden: &[Vec<f64>], s: &Sample) -> f64 {
    let loss = |b: usize| {
        let z = reference.scores(tables, &hidden[b]);
        examples.weight(b) * reference.loss(&z, b, examples.targets[b], s).value
    };
    (0..examples.len()).map(loss).sum()
}

/// The five-point derivative at 0: its error is STEP⁴/30 times the fifth derivative, at most about 10² here, so 3·10⁻¹² and
/// with the rounding of f64 below 10⁻¹⁰.
fn derivative(mut f: impl FnMut(f64) -> f64) -> f64 {
    (8.0 * (f(STEP) - f(-STEP)) - (f(2.0 * STEP) - f(-2.0 * STEP))) / (12.0 * STEP)
}

/// Every gradient of the naive layer by differences of its loss, in place of its own.
fn differentiate(expected: &mut Expected, rig: &Rig, examples: &Examples, sample: &Sample) {
    let (reference, mut tables) = (&rig.reference, rig.params());
    let mut hidden: Vec<Vec<f64>> = (0..examples.len()).map(|b| examples.h(b)).collect();
    for b in 0..hidden.len() {
        for k in 0..hidden[b].len() {
            let at = hidden[b][k];
            expected.d_hidden[b][k] = derivative(|step| {
                hidden[b][k] = at + step;
                losses(reference, &tables, examples, &hidden, sample)
            });
            hidden[b][k] = at;
        }
    }
    for t in 0..tables.len() {
        let (rows, dim) = (tables[t].weights.len(), tables[t].weights.first().map_or(0, Vec::len));
        let biases = if tables[t].bias.is_empty() { 0 } else { 1 };
        for (r, k) in (0..rows).flat_map(|r| (0..dim + biases).map(move |k| (r, k))) {
            let at = *entry(&mut tables[t], r, k);
            *entry(&mut expected.gradients[t], r, k) = derivative(|step| {
                *entry(&mut tables[t], r, k) = at + step;
                losses(reference, &tables, examples, &hidden, sample)
            });
            *entry(&mut tables[t], r, k) = at;
        }
    }
}

/// Entry k of row r; its bias behind the last.
fn entry(table: &mut Params, r: usize, k: usize) -> &mut f64 {
    if k < table.weights[r].len() { &mut table.weights[r][k] } else { &mut table.bias[r] }
}

/// The largest difference between two sets of gradients.
fn furthest(a: &Expected, b: &Expected) -> f64 {
    let all = |e: &Expected| -> Vec<f64> {
        let of_table = |t: &Params| t.weights.iter().flatten().chain(&t.bias).copied().collect::<Vec<f64>>();
        e.d_hidden.iter().flatten().copied().chain(e.gradients.iter().flat_map(of_table)).collect()
    };
    all(a).iter().zip(all(b)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn gradients_are_the_finite_differences_of_the_naive_loss() {
    for (vocab, dim, batch) in [(31, 9, 7), (6, 3, 1)] {
        for (seed, name) in (0..).zip(cases::all(vocab, dim)) {
            let rig = Rig::new(&name, vocab, dim, 0.8);
            for examples in
                [Examples::random(batch, vocab, dim, seed), Examples::random(batch, vocab, dim, seed).unweighted()]
            {
                let step = rig.step(&examples, seed);
                let mut expected = rig.expected(&examples, &step.sample);
                let by_hand = rig.expected(&examples, &step.sample);
                differentiate(&mut expected, &rig, &examples, &step.sample);
                let apart = furthest(&expected, &by_hand);
                // And the rounding of f64, of terms of a loss that are sums of up to 20.
                // Where a word enters or leaves the support, the second derivative jumps.
                let sparse = rig.reference.criterion.is_sparse();
                let jump = if sparse { STEP } else { 0.0 };
                let limit = jump + 1e-9 + 20.0 * by_hand.loss_size() * f64::EPSILON / STEP;
                assert!(apart < limit, "{name}: the naive gradient is {apart:e} off its differences");
                if sparse { by_hand.check(&name, &step) } else { expected.check(&name, &step) }
            }
        }
    }
}

/// Several strips and tiles of a table, and blocks beyond the register kernels. The naive gradients were held against
/// differences above.
fn assert_naive(name: &str, vocab: usize, dim: usize, examples: &Examples) {
    let rig = Rig::new(name, vocab, dim, 0.5);
    let step = rig.step_from(examples, 6, &Threads::new(2), 0.0);
    rig.expected(examples, &step.sample).check(name, &step);
}

#[test]
fn large_blocks_are_the_naive_layer() {
    for (vocab, dim, batch) in [(1500, 37, 40), (1500, 37, 100)] {
        for (seed, name) in (0..).zip(cases::all(vocab, dim)) {
            assert_naive(&name, vocab, dim, &Examples::random(batch, vocab, dim, seed));
        }
    }
    // What draws goes through the same blocks at 100 as at 700; 256 is a power of two that strides avoid.
    let (vocab, dim) = (1201, 19);
    let draws_nothing = |name: &&String| !Rig::new(name, vocab, dim, 0.0).draws();
    for name in cases::all(vocab, dim).iter().filter(draws_nothing) {
        for batch in [256, 700] {
            assert_naive(name, vocab, dim, &Examples::random(batch, vocab, dim, 1));
        }
    }
}

/// Many examples of one target are one block, whose coefficients come in parts.
#[test]
fn long_runs_of_a_target_are_the_naive_layer() {
    let (vocab, dim) = (600, 5);
    for name in cases::all(vocab, dim) {
        assert_naive(&name, vocab, dim, &Examples::with_runs(500, 900, vocab, dim, 3));
        let mut examples = Examples::random(400, vocab, dim, 4);
        examples.targets.fill(598);
        assert_naive(&name, vocab, dim, &examples);
    }
}

/// A batch whose scores do not fit in memory at once comes in parts; all of them see the weights from before it.
#[test]
fn a_batch_in_parts_is_the_naive_layer() {
    let (vocab, dim, batch) = (700, 3, 4500);
    for name in [
        "full:bias=unigram",
        "differentiated:blocks=100x1+restx2",
        "differentiated-projected:blocks=100x2+restx1",
        "self-normalized",
        "sparsemax",
        "adaptive:cutoffs=20",
    ] {
        let rig = Rig::new(name, vocab, dim, 0.5);
        let examples = Examples::random(batch, vocab, dim, 1);
        let step = rig.step_from(&examples, 1, &Threads::new(2), 0.0);
        rig.expected(&examples, &step.sample).check(name, &step);
        assert_eq!(Some(step.cost), rig.layer.expected_cost(&examples.targets), "{name}");
        let [online, deferred] = UPDATES.map(|updates| {
            let mut rig = Rig::new(name, vocab, dim, 0.5);
            rig.train(std::slice::from_ref(&examples), updates, 0.05, 0, &Threads::new(2));
            bits(&rig.matrices)
        });
        assert!(online == deferred, "{name}");
    }
}

/// Layers with exact zeros, over vocabularies that are sampled for bounds of the threshold: whether few words are in the
/// support, one of them has nearly all of it, or all are in it.
#[test]
fn thresholds_of_large_vocabularies_are_those_of_the_naive_layer() {
    let (vocab, dim) = (4700, 65);
    for name in ["entmax", "entmax:alpha=1.25", "entmax:alpha=1.9", "entmax:temperature=3", "sparsemax"] {
        for limit in [0.0, 0.001, 0.1, 0.5, 20.0] {
            let rig = Rig::new(name, vocab, dim, limit);
            for batch in [3, 40] {
                let examples = Examples::random(batch, vocab, dim, 1);
                let step = rig.step_from(&examples, 1, &Threads::new(2), 0.0);
                rig.expected(&examples, &step.sample).check(&format!("{name}, {limit}, {batch}"), &step);
                assert_eq!(Some(step.cost), rig.layer.expected_cost(&examples.targets), "{name}");
            }
        }
    }
}

/// A batch with examples of all kinds, of which some thresholds are found at once, some by a second list and some from
/// all scores; and a batch in two parts, of which the second is not sampled.
#[test]
fn thresholds_of_mixed_batches_are_those_of_the_naive_layer() {
    let (vocab, dim) = (4700, 65);
    for name in ["entmax", "sparsemax"] {
        for (batch, kinds) in [(40, &[0.3, 1.0, 40.0][..]), (40, &[0.0, 1.0, 40.0]), (2048 + 5, &[1.0])] {
            let rig = Rig::new(name, vocab, dim, 0.5);
            let mut examples = Examples::random(batch, vocab, dim, 1);
            for (b, mut hidden) in examples.hidden.rows_mut().into_iter().enumerate() {
                hidden *= kinds[b % kinds.len()];
            }
            let step = rig.step_from(&examples, 1, &Threads::new(2), 0.0);
            rig.expected(&examples, &step.sample).check(&format!("{name}, {batch}"), &step);
            assert_eq!(Some(step.cost), rig.layer.expected_cost(&examples.targets), "{name}, {batch}");
        }
    }
}

/// The search for a threshold also ends if scores are NaN or infinite.
#[test]
fn thresholds_of_scores_that_are_no_numbers_come_to_an_end() {
    for weight in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        // Row 8 is sampled, row 9 is not.
        for (vocab, row) in [(30, 9), (4700, 8), (4700, 9)] {
            let mut rig = Rig::new("entmax", vocab, 65, 0.5);
            rig.matrices[0].weights_mut()[65 * row] = weight;
            let step = rig.step_from(&Examples::random(20, vocab, 65, 1), 1, &Threads::new(2), 0.0);
            assert_eq!(step.losses.len(), 20, "{weight}, {vocab}");
        }
    }
}

/// Law 4. Layers that draw: that their loss is their criterion's was checked with the gradients.
#[test]
fn exact_layers_lose_minus_ln_p() {
    for (vocab, dim, batch) in [(31, 9, 7), (1500, 37, 60)] {
        for name in cases::all(vocab, dim) {
            let rig = Rig::new(&name, vocab, dim, 0.8);
            if !rig.reference.criterion.is_exact() || !rig.reference.loss.is_ln_p() {
                continue;
            }
            let examples = Examples::random(batch, vocab, dim, 3).unweighted();
            let (step, (_, ln_p)) = (rig.step(&examples, 0), rig.log_probs(&examples, &Threads::default()));
            let expected = rig.expected(&examples, &step.sample);
            for b in 0..batch {
                let apart = (step.losses[b] + ln_p[b]).abs();
                assert!(apart <= 2.0 * expected.loss_tolerance(b), "{name}: {} {}", step.losses[b], ln_p[b]);
            }
        }
    }
}

/// ∂L/∂hidden is added to what stands there; an example of weight 0 leaves no trace.
#[test]
fn d_hidden_is_added_to_and_weight_0_ignores() {
    let (vocab, dim, batch) = (31, 9, 6);
    for name in cases::all(vocab, dim) {
        let rig = Rig::new(&name, vocab, dim, 0.8);
        let mut examples = Examples::random(batch, vocab, dim, 4);
        let (zero, half) = (rig.step(&examples, 2), rig.step_from(&examples, 2, &Threads::default(), 0.5));
        for (a, b) in zero.d_hidden.iter().zip(&half.d_hidden) {
            assert!((a + 0.5 - b).abs() <= 4.0 * f32::EPSILON * (a.abs() + 0.5), "{name}: {a} {b}");
        }
        examples.weights = Some(vec![0.0; batch]);
        let step = rig.step(&examples, 2);
        let gradients = step.gradients.iter().flat_map(|g| g.weights.iter().flatten().chain(&g.bias));
        assert!(gradients.chain(&step.losses).all(|x| *x == 0.0), "{name}");
        assert!(step.d_hidden.iter().all(|x| *x == 0.0), "{name}");
    }
}
