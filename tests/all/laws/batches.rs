//! Laws 5, 6 and 7: batches, handles, seeds and threads.

use super::cases;
use super::rig::{Check, Examples, Rig, UPDATES, Updates, bits};
use lexmax::check::ROUNDING;
use lexmax::check::reference::Step;
use lexmax::table::Optimizer;
use lexmax::table::Threads;
use ndarray::{Array2, Axis};

fn optimizers() -> [Optimizer; 3] {
    [Optimizer::Sgd, Optimizer::adagrad(0.0).unwrap(), Optimizer::adagrad(0.1).unwrap()]
}

/// Law 5: a batch is its examples, one by one at rate 0.
#[test]
fn a_batch_is_its_examples() {
    for (vocab, dim, batch) in [(31, 9, 7), (1500, 37, 50)] {
        for name in cases::all(vocab, dim) {
            let rig = Rig::new(&name, vocab, dim, 0.8);
            if rig.draws() {
                continue;
            }
            let examples = Examples::random(batch, vocab, dim, 5);
            let mut together = rig.step(&examples, 0);
            let ones: Vec<Step> = (0..batch).map(|b| rig.step(&examples.one(b), 0)).collect();
            let expected = rig.expected(&examples, &together.sample);
            expected.check(&name, &together);
            together.losses = ones.iter().map(|one| one.losses[0]).collect();
            together.total = together.losses.iter().sum();
            let rows: Vec<_> = ones.iter().map(|one| one.d_hidden.row(0)).collect();
            together.d_hidden = ndarray::stack(Axis(0), &rows).unwrap();
            expected.check(&name, &together);
        }
    }
}

/// Law 6: with batches of one, flushed after each, deferred updates are online updates. The same bits, but where plain
/// descent meets a row twice in a step: online it moves twice, deferred by the sum, a rounding of the weight apart.
#[test]
fn deferred_with_batches_of_one_is_online() {
    for (vocab, dim) in [(31, 9), (600, 5)] {
        for name in cases::all(vocab, dim) {
            let examples = Examples::random(12, vocab, dim, 6);
            let batches: Vec<Examples> = (0..examples.len()).map(|b| examples.one(b)).collect();
            for optimizer in optimizers() {
                let trained = UPDATES.map(|updates| {
                    let mut rig = Rig::new(&name, vocab, dim, 0.8).with_optimizer(optimizer);
                    let total = rig.train(&batches, updates, 0.05, 3, &Threads::default());
                    (rig, total)
                });
                let [(online, online_loss), (deferred, deferred_loss)] = &trained;
                let repeats = name.starts_with("negative") || name.starts_with("nce") && !name.contains("ranking");
                if !(repeats && optimizer == Optimizer::Sgd) {
                    assert_eq!(online_loss, deferred_loss, "{name}, {optimizer:?}");
                    assert!(bits(&online.matrices) == bits(&deferred.matrices), "{name}, {optimizer:?}");
                    continue;
                }
                // A weight is rounded once a draw more, in each of 12 steps; and at this rate a step does not push two
                // weights apart: rate·(times a word is drawn)·|h|²/4 stays below 2.
                let rounded = 12.0 * (1 + online.layer.expected_cost(&[0]).unwrap().draws) as f64 * ROUNDING;
                for (a, b) in online.matrices.iter().zip(&deferred.matrices) {
                    for (a, b) in a.weights().iter().chain(a.bias()).zip(b.weights().iter().chain(b.bias())) {
                        let largest = f64::from(a.abs().max(b.abs()).max(0.8));
                        assert!(f64::from(a - b).abs() <= 2.0 * rounded * largest, "{name}: {a} {b}");
                    }
                }
            }
        }
    }
}

/// Everything that a step gives and leaves, to the bit.
fn fingerprint(name: &str, [vocab, dim, batch]: [usize; 3], threads: &Threads) -> Vec<u64> {
    let rig = Rig::new(name, vocab, dim, 0.5);
    let examples = Examples::random(batch, vocab, dim, 8);
    let step = rig.step_from(&examples, 4, threads, 0.0);
    let gradients = step.gradients.iter().flat_map(|g| g.weights.iter().flatten().chain(&g.bias));
    let mut all: Vec<u64> = gradients.chain(&step.losses).map(|x| x.to_bits()).collect();
    let narrow = |m: &Array2<f32>| -> Vec<u64> { m.iter().map(|x| u64::from(x.to_bits())).collect() };
    all.extend(narrow(&step.d_hidden));
    let (ln_p, of_target) = rig.log_probs(&examples, threads);
    all.extend(narrow(&ln_p));
    all.extend(of_target.iter().map(|x| x.to_bits()));
    for (updates, optimizer) in [(Updates::Online, 0), (Updates::Online, 2), (Updates::Deferred, 2)] {
        let mut rig = Rig::new(name, vocab, dim, 0.5).with_optimizer(optimizers()[optimizer]);
        let batches = [examples.clone(), examples.clone().unweighted()];
        all.push(rig.train(&batches, updates, 0.05, 4, threads).to_bits());
        all.extend(bits(&rig.matrices).into_iter().map(u64::from));
    }
    all
}

/// Law 7: the same seed gives the same bits, whatever the number of threads.
#[test]
fn same_seed_same_bits_on_any_number_of_threads() {
    let pools: Vec<Threads> = [1, 1, 2, 3].map(Threads::new).into();
    let names = |vocab| cases::all(vocab, 37).into_iter().filter(|name: &String| name.ends_with("unigram"));
    // Sparse layers sample a large vocabulary.
    let sparse = ["entmax:bias=unigram", "sparsemax:bias=unigram"].map(String::from);
    for (sizes, names) in
        [([31, 37, 7], names(31).collect()), ([1500, 37, 70], names(1500).collect()), ([4700, 65, 70], sparse.to_vec())]
    {
        for name in &names {
            let first = fingerprint(name, sizes, &pools[0]);
            for threads in &pools[1..] {
                assert!(fingerprint(name, sizes, threads) == first, "{name} on {} threads", threads.count());
            }
        }
    }
}

#[test]
fn an_empty_batch_is_nothing() {
    for (vocab, dim) in [(1, 1), (31, 9), (600, 9)] {
        let names = if vocab == 1 { cases::defaults() } else { cases::all(vocab, dim) };
        for name in names {
            let rig = Rig::new(&name, vocab, dim, 0.5);
            let nothing = Examples { hidden: Array2::zeros((0, dim)), targets: vec![], weights: None };
            let step = rig.step(&nothing, 0);
            assert_eq!(step.total, 0.0, "{name}");
            assert!(step.gradients.iter().flat_map(|g| g.weights.iter().flatten()).all(|x| *x == 0.0), "{name}");
            assert!(rig.log_probs(&nothing, &Threads::default()).1.is_empty(), "{name}");
        }
    }
}

/// Another seed draws something else.
#[test]
fn another_seed_draws_other_words() {
    let (vocab, dim) = (1500, 3);
    for name in cases::all(vocab, dim) {
        let rig = Rig::new(&name, vocab, dim, 0.5);
        let examples = Examples::random(5, vocab, dim, 8);
        let losses = [1, 2].map(|seed| rig.step(&examples, seed).total);
        assert_eq!(losses[0] != losses[1], rig.draws(), "{name}");
    }
}
