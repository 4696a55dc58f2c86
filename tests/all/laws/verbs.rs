//! The verbs of every layer: the best words, ranks, samples and relaxed samples are those of the naive ln P.

use super::cases;
use super::rig::{Examples, Rig};
use super::statistics::assert_fits;
use lexmax::WorkerRng;
use lexmax::check::ROUNDING;
use lexmax::check::reference::{Criterion, LossSettings, Params, Scores, log_prob_tolerance, score_size};
use lexmax::layer::verbs::Noise;
use lexmax::layer::verbs::{Sampling, Scored};
use lexmax::layer::{Batch, LayerExt, Scratch};
use lexmax::table::Optimizer;
use lexmax::table::{Cost, Threads};
use lexmax::vocab::Counts;
use ndarray::{Array2, ArrayView2, Axis};
use rand::RngExt;

const SIZES: [(usize, usize, usize); 3] = [(31, 9, 7), (6, 3, 2), (1500, 37, 19)];

impl Rig {
    fn top_k(&self, hidden: ArrayView2<f32>, k: usize, threads: &Threads) -> (Vec<Vec<Scored>>, Cost) {
        let (mut w, mut s) = (self.frozen(threads), Scratch::new(WorkerRng::new(0, 0)));
        (self.layer.top_k(&mut w, hidden, k, &mut s), w.cost())
    }

    fn ranks(&self, batch: Batch) -> (Vec<usize>, Cost) {
        let (mut w, mut s) = (self.frozen(&Threads::new(2)), Scratch::new(WorkerRng::new(0, 0)));
        (self.layer.rank(&mut w, batch, &mut s), w.cost())
    }

    fn sampled(&self, hidden: ArrayView2<f32>, how: Sampling, threads: &Threads) -> (Vec<Vec<Scored>>, Cost) {
        let (mut w, mut s) = (self.frozen(threads), Scratch::new(WorkerRng::new(3, 0)));
        (self.layer.sample(&mut w, hidden, how, &mut s), w.cost())
    }

    /// P^(1/T) / Σ P^(1/T), naively.
    fn naive(&self, h: &[f64], temperature: f64) -> Vec<f64> {
        let ln_p = self.reference.log_probs(&self.reference.scores(&self.params(), h));
        let powers: Vec<f64> = ln_p.iter().map(|ln_p| (ln_p / temperature).exp()).collect();
        let sum: f64 = powers.iter().sum();
        powers.iter().map(|p| p / sum).collect()
    }
}

/// Words too close for f32 may change places: each is held against the value of its place, and against its own.
#[test]
fn top_k_is_the_head_of_the_sorted_words() {
    for (vocab, dim, batch) in SIZES {
        for (seed, name) in (0..).zip(cases::dense(vocab, dim)) {
            let rig = Rig::new(&name, vocab, dim, 0.8);
            let examples = Examples::random(batch, vocab, dim, seed);
            for k in [0, 1, 5, vocab, vocab + 3] {
                let (found, _) = rig.top_k(examples.hidden.view(), k, &Threads::new(2));
                assert_eq!(found.len(), batch, "{name}");
                for (b, found) in found.iter().enumerate() {
                    let (h, tables) = (examples.h(b), rig.params());
                    let (naive, tolerance) = (rig.naive(&h, 1.0), log_prob_tolerance(&rig.reference, &tables, &h));
                    let mut sorted: Vec<f64> = naive.iter().map(|p| p.ln()).collect();
                    sorted.sort_by(|a, b| b.total_cmp(a));
                    let mut words: Vec<_> = found.iter().map(|scored| scored.word).collect();
                    words.sort_unstable();
                    words.dedup();
                    assert_eq!(words.len(), k.min(vocab), "{name}, k = {k}");
                    for (scored, want) in found.iter().zip(sorted) {
                        let own = naive[scored.word as usize].ln();
                        for (want, what) in [(want, "place"), (own, "word")] {
                            let apart = (scored.ln_p - want).abs();
                            assert!(apart <= tolerance(want), "{name}: {scored:?}, not {want} as its {what}");
                        }
                    }
                }
            }
        }
    }
}

/// The count of what is surely more probable, and of what may be, are bounds.
#[test]
fn rank_is_the_count_of_the_more_probable() {
    for (vocab, dim, batch) in SIZES {
        for (seed, name) in (0..).zip(cases::dense(vocab, dim)) {
            let rig = Rig::new(&name, vocab, dim, 0.8);
            let examples = Examples::random(batch, vocab, dim, seed);
            let (ranks, _) = rig.ranks(examples.batch());
            for (b, rank) in ranks.into_iter().enumerate() {
                let (h, tables) = (examples.h(b), rig.params());
                let (ln_p, tolerance) = (rig.naive(&h, 1.0), log_prob_tolerance(&rig.reference, &tables, &h));
                let ln_p: Vec<f64> = ln_p.iter().map(|p| p.ln()).collect();
                let target = examples.targets[b] as usize;
                let above = |slack: f64| {
                    let more = |(w, x): &(usize, &f64)| *w != target && **x > ln_p[target] + slack * tolerance(**x);
                    1 + ln_p.iter().enumerate().filter(more).count()
                };
                assert!(above(2.0) <= rank && rank <= above(-2.0), "{name}: {rank} of {target}, not {}", above(0.0));
            }
        }
    }
}

/// Words as probable share a rank, and come by rising id.
#[test]
fn ties_share_a_rank_and_come_by_id() {
    let vocab = 64;
    // Zero weights are the uniform distribution, but for noise, unequal classes and tails.
    let unequal = ["negative", "class-based:", "adaptive"];
    let uniform = |name: &&String| {
        name.ends_with("none") && (name.starts_with("class-based:bias") || !unequal.iter().any(|u| name.starts_with(u)))
    };
    for name in cases::dense(vocab, 8).iter().filter(uniform) {
        let rig = Rig::zero(name, Counts::new(vec![3; vocab]).unwrap(), 8, Optimizer::Sgd);
        let examples = Examples::random(5, vocab, 8, 1);
        assert_eq!(rig.ranks(examples.batch()).0, [1; 5], "{name}");
        for found in rig.top_k(examples.hidden.view(), 40, &Threads::default()).0 {
            assert!(found.iter().map(|scored| scored.word).eq(0..40), "{name}: {found:?}");
        }
    }
}

/// Counts of each word of the vocabulary.
fn histogram(vocab: usize, words: impl Iterator<Item = Scored>) -> Vec<u64> {
    let mut seen = vec![0; vocab];
    words.for_each(|scored| seen[scored.word as usize] += 1);
    seen
}

fn at(draws: usize, temperature: f64) -> Sampling {
    Sampling::new(draws).at_temperature(temperature).unwrap()
}

/// α = 10⁻⁶ a layer, example and temperature.
#[test]
fn samples_follow_the_distribution() {
    for (vocab, dim, draws) in [(31, 9, 20_000), (1500, 37, 40_000)] {
        let large = ["full", "hierarchical", "differentiated-projected", "negative"].map(String::from).to_vec();
        for name in if vocab == 31 { cases::dense(vocab, dim) } else { large } {
            let rig = Rig::new(&name, vocab, dim, 0.8);
            let examples = Examples::random(2, vocab, dim, 4);
            for temperature in [1.0, 0.6] {
                let (found, _) = rig.sampled(examples.hidden.view(), at(draws, temperature), &Threads::new(2));
                for (b, found) in found.iter().enumerate() {
                    let (h, tables) = (examples.h(b), rig.params());
                    let (naive, tolerance) =
                        (rig.naive(&h, temperature), log_prob_tolerance(&rig.reference, &tables, &h));
                    let what = format!("{name} at T = {temperature}");
                    assert_fits(&what, &histogram(vocab, found.iter().copied()), &naive);
                    for scored in found.iter().take(50) {
                        let want = naive[scored.word as usize].ln();
                        let apart = (scored.ln_p - want).abs();
                        assert!(apart <= 2.0 * tolerance(want) / temperature, "{what}: {scored:?}, not {want}");
                    }
                }
            }
        }
    }
}

/// All ordered pairs: P(i)·P(j)/(1 − P(i)). α = 10⁻⁶ a layer and temperature.
#[test]
fn draws_without_replacement_come_as_often_as_enumerated() {
    let (vocab, dim, n) = (6, 3, 8_000);
    for name in cases::dense(vocab, dim) {
        let rig = Rig::new(&name, vocab, dim, 1.0);
        let one = Examples::random(1, vocab, dim, 6);
        let many = one.hidden.broadcast((n, dim)).unwrap().to_owned();
        for temperature in [1.0, 0.6] {
            let p = rig.naive(&one.h(0), temperature);
            let pair = |i: usize, j: usize| if i == j { 0.0 } else { p[i] * p[j] / (1.0 - p[i]) };
            let expected: Vec<f64> = (0..vocab * vocab).map(|ij| pair(ij / vocab, ij % vocab)).collect();
            let how = at(2, temperature).without_replacement();
            let mut seen = vec![0; vocab * vocab];
            for found in rig.sampled(many.view(), how, &Threads::default()).0 {
                seen[found[0].word as usize * vocab + found[1].word as usize] += 1;
            }
            assert!((0..vocab).all(|i| seen[i * vocab + i] == 0), "{name}: a word twice");
            assert_fits(&format!("{name} at T = {temperature}"), &seen, &expected);
            let all = rig.sampled(one.hidden.view(), at(9, temperature).without_replacement(), &Threads::default()).0;
            assert!(histogram(vocab, all[0].iter().copied()).iter().all(|n| *n == 1), "{name}: {all:?}");
        }
    }
}

#[test]
fn a_temperature_is_a_number_above_a_millionth() {
    for bad in [0.0, -1.0, 1e-7, f64::NAN, f64::INFINITY] {
        assert!(Sampling::new(1).at_temperature(bad).is_err(), "{bad}");
    }
}

#[test]
fn verbs_do_not_depend_on_threads() {
    let (vocab, dim) = (1500, 37);
    for name in cases::defaults() {
        let rig = Rig::new(&name, vocab, dim, 0.8);
        let hidden = Examples::random(5, vocab, dim, 4).hidden;
        let all = |threads: usize| {
            let threads = Threads::new(threads);
            let without = at(30, 0.8).without_replacement();
            (
                rig.top_k(hidden.view(), 20, &threads).0,
                rig.sampled(hidden.view(), at(30, 1.3), &threads).0,
                rig.sampled(hidden.view(), without, &threads).0,
            )
        };
        assert_eq!(all(1), all(4), "{name}");
    }
}

/// Flat layers score every word once, and for a rank twice. A tree scores the nodes above what it gives.
#[test]
fn verbs_cost_what_they_say() {
    let (vocab, dim, batch) = (240, 5, 4);
    let examples = Examples::random(batch, vocab, dim, 4);
    let x = examples.hidden.view();
    let flat = ["full", "sampled", "target-sampled", "negative", "nce", "blackout", "one-vs-each", "infrequent"];
    for name in flat {
        let rig = Rig::new(name, vocab, dim, 0.5);
        let scan = (batch * vocab * dim) as u64;
        assert_eq!(rig.top_k(x, 7, &Threads::default()).1.multiply_adds, scan, "{name}");
        assert_eq!(rig.sampled(x, at(7, 0.9), &Threads::default()).1.multiply_adds, scan, "{name}");
        assert_eq!(rig.ranks(examples.batch()).1.multiply_adds, 2 * scan, "{name}");
    }
    // A draw from the top takes the way that a step takes three times.
    for name in ["class-based", "adaptive", "hierarchical", "hierarchical:tree=random:seed=3"] {
        let rig = Rig::new(name, vocab, dim, 2.0);
        let (found, cost) = rig.sampled(x, Sampling::new(1), &Threads::default());
        let step = |found: &Vec<Scored>| rig.layer.expected_cost(&[found[0].word]).unwrap().multiply_adds;
        assert_eq!(3 * cost.multiply_adds, found.iter().map(step).sum::<u64>(), "{name}");
    }
    let rig = Rig::new("hierarchical", vocab, dim, 2.0);
    let Criterion::Path(tree) = &rig.reference.criterion else { panic!("a tree has paths") };
    // Nodes whose ln P is above the best word's: no fewer are enough to know that it is.
    let (found, cost) = rig.top_k(x, 1, &Threads::default());
    let needed = |b: usize| {
        let z = rig.reference.scores(&rig.params(), &examples.h(b));
        let reach = |node: u32| {
            let ups = std::iter::successors(tree.node_parent(node), |(up, _)| tree.node_parent(*up));
            ups.map(|(up, code)| if code { -z[up as usize] } else { z[up as usize] }).map(ln_sigmoid).sum::<f64>()
        };
        (0..tree.nodes() as u32).filter(|node| reach(*node) > found[b][0].ln_p).count()
    };
    let needed: usize = (0..batch).map(needed).sum();
    assert_eq!(cost.multiply_adds, (needed * dim) as u64);
    assert!(needed < batch * vocab / 4, "{needed}");
}

fn ln_sigmoid(z: f64) -> f64 {
    -(-z).exp().ln_1p()
}

/// Σ_w v_w·y_w of a relaxed sample, naively.
fn relaxed(rig: &Rig, h: &[f64], noise: &Noise, temperature: f64) -> Vec<f64> {
    let ln_p = rig.reference.log_probs(&rig.reference.scores(&rig.params(), h));
    let noisy: Vec<f64> = (0..).zip(&ln_p).map(|(w, ln_p)| (ln_p + noise.gumbel(w)) / temperature).collect();
    let max = noisy.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = noisy.iter().map(|z| (z - max).exp()).sum();
    noisy.iter().map(|z| (z - max).exp() / sum).collect()
}

/// What |∂L/∂h_k| is a sum of, by absolute value, given |∂L/∂ln P|.
fn gradient_sizes(rig: &Rig, tables: &[Params], h: &[f64], d: &[f64]) -> Vec<f64> {
    let tables: Vec<Params> = tables.iter().map(Params::abs).collect();
    let h: Vec<f64> = h.iter().map(|x| x.abs()).collect();
    let z = rig.reference.scores(&tables, &h);
    let mut d_z = vec![0.0; z.len()];
    match &rig.reference.criterion {
        Criterion::Path(tree) => {
            for (w, d) in (0..).zip(d) {
                tree.ancestors(w).for_each(|(node, _)| d_z[node as usize] += d);
            }
        }
        Criterion::Choices(words) => {
            for (choices, d) in words.iter().zip(d) {
                for choice in choices {
                    d_z[choice.scores.start + choice.place] += d;
                    choice.scores.clone().for_each(|w| d_z[w] += d);
                }
            }
        }
        // d_w and P_w·Σd.
        _ => d_z.iter_mut().zip(d).for_each(|(d_z, d_w)| *d_z = d_w + d.iter().sum::<f64>()),
    }
    let mut d_h = vec![0.0; h.len()];
    rig.reference.back(&tables, &h, &d_z, &mut d_h, &mut tables.iter().map(Params::zero_like).collect::<Vec<_>>());
    d_h
}

/// Forward against the naive y, backward against extrapolated differences of it. ln P has the roundings that `tolerance`
/// says; over τ they move y and ∂L/∂y relatively; the sums over words and entries have V + 2d more.
#[test]
fn gumbel_softmax_and_its_gradient() {
    for (vocab, dim, batch, temperature) in [(31, 9, 3, 0.7), (6, 3, 2, 2.0)] {
        for name in cases::dense(vocab, dim) {
            let rig = Rig::new(&name, vocab, dim, 0.8);
            let (examples, tables) = (Examples::random(batch, vocab, dim, 5), rig.params());
            let (mut w, mut s) = (rig.frozen(&Threads::default()), Scratch::new(WorkerRng::new(8, 0)));
            let mut y = Array2::from_elem((batch, vocab), f32::NAN);
            let x = examples.hidden.view();
            rig.layer.gumbel_softmax(&mut w, x, temperature, &mut s, y.view_mut());
            let mut rng = WorkerRng::new(8, 0);
            let noise: Vec<Noise> = (0..batch).map(|_| Noise::new(rng.random())).collect();
            let v = Array2::from_shape_fn((batch, vocab), |(b, w)| ((7 * b + 3 * w) % 11) as f32 - 4.0);
            let mut d_hidden = Array2::from_elem((batch, dim), 1.0);
            let pair = (y.view(), v.view());
            let says = rig.layer.gumbel_softmax_backward(&mut w, x, temperature, pair, &mut s, d_hidden.view_mut());
            if rig.reference.loss.cap.is_some() {
                assert!(!says, "{name} has a gradient");
                continue;
            }
            assert!(says, "{name} has no gradient");
            for b in 0..batch {
                let h = examples.h(b);
                let want = relaxed(&rig, &h, &noise[b], temperature);
                let tolerance =
                    2.0 * log_prob_tolerance(&rig.reference, &tables, &h)(20.0) / temperature + 4.0 * ROUNDING;
                for (got, want) in y.row(b).iter().zip(&want) {
                    assert!((f64::from(*got) - want).abs() <= tolerance * want, "{name}: y = {got}, not {want}");
                }
                let loss = |h: &[f64]| -> f64 {
                    let y = relaxed(&rig, h, &noise[b], temperature);
                    y.iter().zip(v.row(b)).map(|(y, v)| y * f64::from(*v)).sum()
                };
                let spread: f64 = want.iter().zip(v.row(b)).map(|(y, v)| y * f64::from(v.abs())).sum();
                let d: Vec<f64> =
                    want.iter().zip(v.row(b)).map(|(y, v)| y * (f64::from(v.abs()) + spread) / temperature).collect();
                let sizes = gradient_sizes(&rig, &tables, &h, &d);
                let roundings = tolerance + (vocab + 2 * dim) as f64 * ROUNDING;
                for k in 0..dim {
                    let difference = |step: f64| {
                        let moved = |by: f64| {
                            let mut h = h.clone();
                            h[k] += by;
                            loss(&h)
                        };
                        (moved(step) - moved(-step)) / (2.0 * step)
                    };
                    let want = 1.0 + (4.0 * difference(1e-3) - difference(2e-3)) / 3.0;
                    let (got, tolerance) = (f64::from(d_hidden[[b, k]]), 1e-8 + roundings * (1.0 + sizes[k]));
                    assert!((got - want).abs() <= tolerance, "{name}: {got}, not {want} ± {tolerance:e}");
                }
            }
        }
    }
}

/// With d = −weight·e_t the gradient of Σ d·ln P is the step of an exact layer, for hidden vectors and tables.
#[test]
fn the_gradient_of_ln_p_is_the_exact_step() {
    let (vocab, dim, batch) = (31, 9, 7);
    for name in cases::dense(vocab, dim) {
        let rig = Rig::new(&name, vocab, dim, 0.8);
        if !rig.reference.criterion.is_exact() || rig.reference.loss != LossSettings::default() {
            continue;
        }
        let examples = Examples::random(batch, vocab, dim, 4);
        let step = rig.step(&examples, 0);
        let mut d = Array2::zeros((batch, vocab));
        for (b, mut row) in d.axis_iter_mut(Axis(0)).enumerate() {
            row[examples.targets[b] as usize] = -examples.weight(b) as f32;
        }
        let (d_hidden, gradients) = rig.log_probs_backward(&examples, d.view());
        let size = score_size(&rig.reference, &rig.params(), &examples.h(0)).max(10.0);
        let two = matches!(rig.reference.scores, Scores::Projections | Scores::Tails);
        let scores = if two { 2 * dim } else { dim };
        let tolerance = 4.0 * ((2 * scores + 4) as f64 * size + (vocab + batch) as f64) * ROUNDING;
        for (got, want) in d_hidden.iter().zip(&step.d_hidden) {
            assert!(f64::from(got - want).abs() <= tolerance, "{name}: ∂L/∂h {got}, not {want}");
        }
        let flat = |all: &[Params]| -> Vec<f64> {
            all.iter().flat_map(|p| p.weights.iter().flatten().chain(&p.bias).copied().collect::<Vec<_>>()).collect()
        };
        for (got, want) in flat(&gradients).iter().zip(flat(&step.gradients)) {
            assert!((got - want).abs() <= tolerance, "{name}: ∂L/∂W {got}, not {want}");
        }
    }
}
