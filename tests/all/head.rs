//! A head compared with the layer and the tables that it owns, its files, and the input that it refuses.

use lexmax::WorkerRng;
use lexmax::error::{HeadFault, InputFault, ModelFault};
use lexmax::layer::catalogue::{CATALOGUE, LayerSpec, Shape};
use lexmax::layer::verbs::Sampling;
use lexmax::layer::{Batch, Bias, FullSoftmax, LayerExt, OutputLayer, Scratch, set_up};
use lexmax::ndarray::{Array2, ArrayView2, ShapeBuilder};
use lexmax::objective::{LossOptions, SoftTargets};
use lexmax::prelude::*;
use lexmax::sampler::is_look_due;
use lexmax::table::{Deferred, Frozen, Matrix, Table, TableGradient, Threads};
use lexmax::tree::Tree;
use lexmax::vocab::Vocabulary;
use lexmax::{Error, Result};
use rand::RngExt;
use std::fs;

const VOCAB: usize = 40;
const DIM: usize = 16;
const SEED: u64 = 3;

fn counts() -> Counts {
    Counts::new((1..=VOCAB as u64).map(|rank| 5_000 / rank).collect()).unwrap()
}

fn names() -> Vec<&'static str> {
    CATALOGUE.iter().map(|entry| entry.name).collect()
}

/// Batches of several sizes, hidden vectors in ±1.
fn batches(count: usize) -> Vec<(Array2<f32>, Vec<u32>)> {
    let mut rng = WorkerRng::new(11, 0);
    let batch = |n: usize| {
        let size = [5, 1, 8][n % 3];
        let hidden = Array2::from_shape_simple_fn((size, DIM), || rng.random::<f32>() * 2.0 - 1.0);
        (hidden, (0..size).map(|_| rng.random_range(0..VOCAB as u32)).collect())
    };
    (0..count).map(batch).collect()
}

fn adagrad() -> Optimizer {
    Optimizer::adagrad(0.1).unwrap()
}

fn bits(matrices: impl Iterator<Item = Matrix>) -> Vec<u32> {
    let all = |m: Matrix| {
        let [weights, biases] = m.optimizer_state();
        let numbers: Vec<f32> = [m.weights(), m.bias(), weights, biases].concat();
        numbers.into_iter().map(f32::to_bits)
    };
    matrices.flat_map(all).collect()
}

fn head_bits(head: &Head) -> Vec<u32> {
    bits((0..head.shape().tables.len()).map(|n| head.table(n).unwrap().clone()))
}

/// The same steps by hand: layer, matrices, handles and scratch.
fn by_hand(name: &str, optimizer: Optimizer, rate: f32) -> (Vec<u32>, Vec<f64>, Vec<Array2<f32>>) {
    let counts = counts();
    let context = Shape::new(&counts, DIM, Bias::Unigram);
    let mut layer = name.parse::<LayerSpec>().unwrap().build(&context).unwrap();
    let mut matrices: Vec<Matrix> = set_up(&*layer, Some(&counts), optimizer, &mut WorkerRng::new(SEED, 2)).unwrap();
    let (mut losses, mut d_all) = (Vec::new(), Vec::new());
    let handle = |m| -> Box<dyn Table> { Box::new(Deferred::new(m, rate, Threads::default())) };
    let mut w = Tables::new(matrices.iter_mut().map(handle).collect());
    let mut scratch = Scratch::new(WorkerRng::new(SEED, 3));
    for (n, (hidden, targets)) in batches(40).into_iter().enumerate() {
        if let Some(proposal) = layer.adaptive_mut().filter(|_| is_look_due(n as u64)) {
            proposal.refresh(&mut w);
        }
        let mut d = Array2::zeros(hidden.raw_dim());
        losses.push(layer.step(&mut w, Batch::new(hidden.view(), &targets), &mut scratch, d.view_mut(), None));
        w.flush();
        d_all.push(d);
    }
    drop(w);
    (bits(matrices.into_iter()), losses, d_all)
}

#[test]
fn a_head_takes_the_steps_of_its_layer() {
    for name in names() {
        for optimizer in [Optimizer::Sgd, adagrad()] {
            let rate = 0.02;
            let (weights, losses, d_all) = by_hand(name, optimizer, rate);
            let mut head =
                Head::builder(name, &counts(), DIM).optimizer(optimizer).rate(rate).seed(SEED).build().unwrap();
            for (n, (hidden, targets)) in batches(40).into_iter().enumerate() {
                let step = head.step(hidden.view(), &targets).unwrap();
                assert_eq!(step.loss.to_bits(), losses[n].to_bits(), "{name}, step {n}");
                assert_eq!(step.d_hidden, d_all[n], "{name}, step {n}");
            }
            assert_eq!(head_bits(&head), weights, "{name} {optimizer:?}");
        }
    }
}

#[test]
fn threads_and_layouts_change_no_bit() {
    for name in ["full", "hierarchical", "sampled", "differentiated", "adaptive"] {
        let build = |threads| Head::builder(name, &counts(), DIM).threads(threads).seed(SEED).build().unwrap();
        let (mut one, mut three, mut turned) = (build(1), build(3), build(1));
        for (hidden, targets) in batches(12) {
            one.step(hidden.view(), &targets).unwrap();
            three.step(hidden.view(), &targets).unwrap();
            // The same numbers, columns next to one another in memory.
            let columns = hidden.t().as_standard_layout().into_owned();
            turned.step(columns.t(), &targets).unwrap();
        }
        assert_eq!(head_bits(&one), head_bits(&three), "{name}");
        assert_eq!(head_bits(&one), head_bits(&turned), "{name}");
    }
}

/// Plain descent by hand along gradients.
fn descend(head: &mut Head, rate: f32, hidden: ArrayView2<f32>, targets: &[u32]) {
    let mut moves: Vec<(usize, usize, Vec<f32>, f32)> = Vec::new();
    let gradients = head.gradients(hidden, targets).unwrap();
    for (number, table) in gradients.tables.iter().enumerate() {
        let (rows, weights, bias): (Vec<usize>, _, _) = match table {
            TableGradient::Dense { weights, bias } => ((0..weights.nrows()).collect(), weights, bias),
            TableGradient::Rows { rows, weights, bias } => (rows.iter().map(|r| *r as usize).collect(), weights, bias),
        };
        for (at, row) in rows.into_iter().enumerate() {
            moves.push((number, row, weights.row(at).to_vec(), bias.get(at).copied().unwrap_or(0.0)));
        }
    }
    for (number, row, gradient, bias) in moves {
        let mut weights = head.weights_mut(number).unwrap();
        weights.row_mut(row).iter_mut().zip(&gradient).for_each(|(w, g)| *w -= rate * g);
        if let Some(to) = head.bias_mut(number).unwrap().get_mut(row) {
            *to -= rate * bias;
        }
    }
}

#[test]
fn gradients_move_nothing_and_are_those_of_a_step() {
    for name in names() {
        let build =
            || Head::builder(name, &counts(), DIM).optimizer(Optimizer::Sgd).rate(0.03).seed(SEED).build().unwrap();
        let (mut stepped, mut by_gradients) = (build(), build());
        // Fewer batches than a look of an adaptive proposal takes: it would see the same weights, but for rounding.
        for (hidden, targets) in batches(10) {
            let before = head_bits(&by_gradients);
            let loss = by_gradients.gradients(hidden.view(), &targets).unwrap().loss;
            assert_eq!(head_bits(&by_gradients), before, "{name}: gradients moved something");
            assert!(loss.is_finite());
        }
        let mut by_gradients = build();
        for (hidden, targets) in batches(10) {
            stepped.step(hidden.view(), &targets).unwrap();
            descend(&mut by_gradients, 0.03, hidden.view(), &targets);
        }
        assert_eq!(head_bits(&stepped), head_bits(&by_gradients), "{name}");
    }
}

#[test]
fn verbs_are_those_of_the_layer() {
    for name in names() {
        let mut head = Head::builder(name, &counts(), DIM).seed(SEED).build().unwrap();
        batches(8).into_iter().for_each(|(hidden, targets)| {
            head.step(hidden.view(), &targets).unwrap();
        });
        let matrices: Vec<Matrix> = (0..head.shape().tables.len()).map(|n| head.table(n).unwrap().clone()).collect();
        let counts = counts();
        let context = Shape::new(&counts, DIM, Bias::Unigram);
        let layer = name.parse::<LayerSpec>().unwrap().build(&context).unwrap();
        let handle = |m| -> Box<dyn Table> { Box::new(Frozen::new(m, Threads::default())) };
        let mut w = Tables::new(matrices.iter().map(handle).collect());
        let mut s = Scratch::new(WorkerRng::new(9, 4));
        let mut frozen = head.clone_frozen(9).unwrap();
        let (hidden, targets) = batches(3).pop().unwrap();
        let x = hidden.view();
        let mut log_probs = Array2::zeros((targets.len(), VOCAB));
        layer.log_probs(&mut w, x, &mut s, log_probs.view_mut());
        assert_eq!(frozen.log_probs(x).unwrap(), log_probs, "{name}");
        let mut of_targets = vec![0.0; targets.len()];
        layer.log_prob(&mut w, Batch::new(x, &targets), &mut s, &mut of_targets);
        assert_eq!(frozen.log_prob(x, &targets).unwrap(), of_targets, "{name}");
        assert_eq!(frozen.top_k(x, 5).unwrap(), layer.top_k(&mut w, x, 5, &mut s), "{name}");
        assert_eq!(frozen.rank(x, &targets).unwrap(), layer.rank(&mut w, Batch::new(x, &targets), &mut s), "{name}");
        let four = Sampling::new(4).without_replacement();
        assert_eq!(frozen.sample(x, four).unwrap(), layer.sample(&mut w, x, four, &mut s), "{name}");
        let mut relaxed = Array2::zeros((targets.len(), VOCAB));
        layer.gumbel_softmax(&mut w, x, 0.5, &mut s, relaxed.view_mut());
        assert_eq!(frozen.gumbel_softmax(x, 0.5).unwrap(), relaxed, "{name}");
        let mut ln_z = vec![0.0; targets.len()];
        let has = layer.ln_z(&mut w, x, &mut s, &mut ln_z);
        assert_eq!(frozen.ln_z(x).unwrap(), has.then_some(ln_z), "{name}");
        // More words than there are: all that have a probability, and nothing else.
        assert!(frozen.top_k(x, usize::MAX).unwrap().iter().all(|best| best.len() <= VOCAB), "{name}");
    }
}

#[test]
fn frozen_heads_stay_as_they_were_on_other_threads() {
    let mut head = Head::builder("sampled-midx", &counts(), DIM).seed(SEED).build().unwrap();
    let (hidden, targets) = batches(1).pop().unwrap();
    head.step(hidden.view(), &targets).unwrap();
    let mut frozen = head.clone_frozen(1).unwrap();
    let before = frozen.log_prob(hidden.view(), &targets).unwrap();
    let mut others = [2, 3].map(|seed| frozen.another(seed));
    std::thread::scope(|scope| {
        for other in &mut others {
            let (hidden, targets, before) = (&hidden, &targets, &before);
            scope.spawn(move || assert_eq!(other.log_prob(hidden.view(), targets).unwrap(), *before));
        }
        // Its proposal looks at the weights meanwhile.
        batches(40).iter().for_each(|(hidden, targets)| {
            head.step(hidden.view(), targets).unwrap();
        });
    });
    assert_eq!(frozen.log_prob(hidden.view(), &targets).unwrap(), before);
    assert_ne!(head.log_prob(hidden.view(), &targets).unwrap(), before);
}

fn fault(result: Result<impl Sized>) -> InputFault {
    match result {
        Err(Error::Input(fault)) => fault,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn what_does_not_fit_is_refused_before_anything_moves() {
    for name in names() {
        let mut head = Head::builder(name, &counts(), DIM).seed(SEED).build().unwrap();
        let before = head_bits(&head);
        let (good, targets) = (Array2::<f32>::zeros((2, DIM)), [0u32, 1]);
        let wide = Array2::<f32>::zeros((2, DIM + 1));
        let shape = InputFault::Shape { what: "hidden vectors", found: [2, DIM + 1], needed: [2, DIM] };
        assert_eq!(fault(head.step(wide.view(), &targets)), shape);
        assert_eq!(fault(head.gradients(wide.view(), &targets)), shape);
        assert_eq!(fault(head.log_probs(wide.view())), shape);
        assert_eq!(fault(head.top_k(wide.view(), 1)), shape);
        assert_eq!(fault(head.sample(wide.view(), Sampling::new(1))), shape);
        assert_eq!(fault(head.ln_z(wide.view())), shape);
        assert_eq!(fault(head.gumbel_softmax(wide.view(), 1.0)), shape);
        let one = InputFault::Targets { targets: 1, examples: 2 };
        assert_eq!(fault(head.step(good.view(), &[0])), one);
        assert_eq!(fault(head.log_prob(good.view(), &[0])), one);
        assert_eq!(fault(head.rank(good.view(), &[0])), one);
        let strange = InputFault::Target { example: 1, target: VOCAB as u32, vocab: VOCAB };
        assert_eq!(fault(head.step(good.view(), &[0, VOCAB as u32])), strange);
        assert_eq!(fault(head.rank(good.view(), &[0, VOCAB as u32])), strange);
        assert_eq!(
            strange.to_string(),
            "target 40 of example 1 is not in the vocabulary of 40 words; use numbers from 0 to 39"
        );
        for bad in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
            let mut hidden = good.clone();
            hidden[[1, 3]] = bad;
            for found in [fault(head.step(hidden.view(), &targets)), fault(head.log_prob(hidden.view(), &targets))] {
                let is_it = matches!(found, InputFault::NotFinite { row: 1, column: 3, .. });
                assert!(is_it, "{name}: {found}");
            }
        }
        let weights = [1.0];
        let batch = Batch { weights: Some(&weights), ..Batch::new(good.view(), &targets) };
        assert!(matches!(fault(head.step_batch(batch)), InputFault::Shape { needed: [1, 2], .. }));
        assert!(matches!(head.set_rate(-1.0), Err(Error::OutOfRange { name: "rate", .. })));
        assert!(matches!(head.gumbel_softmax(good.view(), 0.0), Err(Error::OutOfRange { name: "temperature", .. })));
        assert!(matches!(head.sample(good.view(), Sampling::new(usize::MAX)), Err(Error::OutOfRange { .. })));
        assert!(head.weights_mut(99).is_none() && head.bias_mut(99).is_none() && head.table(99).is_none());
        // No example is an empty answer.
        let none = Array2::<f32>::zeros((0, DIM));
        let step = head.step(none.view(), &[]).unwrap();
        assert_eq!((step.loss, step.d_hidden.dim()), (0.0, (0, DIM)));
        assert_eq!(head.gradients(none.view(), &[]).unwrap().loss, 0.0);
        assert_eq!(head.log_probs(none.view()).unwrap().dim(), (0, VOCAB));
        assert!(head.top_k(none.view(), 3).unwrap().is_empty() && head.rank(none.view(), &[]).unwrap().is_empty());
        assert!(head.sample(none.view(), Sampling::new(2)).unwrap().is_empty());
        assert!(head.log_prob(none.view(), &[]).unwrap().is_empty());
        assert_eq!(head_bits(&head), before, "{name}: something moved");
    }
}

#[test]
fn a_loss_that_is_not_finite_moves_nothing() {
    for name in ["full", "hierarchical", "negative", "sampled", "adaptive"] {
        let mut head = Head::builder(name, &counts(), DIM).optimizer(Optimizer::Sgd).rate(3e38).build().unwrap();
        let (hidden, targets) = (Array2::from_elem((2, DIM), 1e30f32), [3u32, 5]);
        let mut seen = None;
        for _ in 0..4 {
            let before = head_bits(&head);
            if let Err(error) = head.step(hidden.view(), &targets) {
                assert_eq!(head_bits(&head), before, "{name}");
                assert!(matches!(error, Error::Head(HeadFault::Loss { .. })), "{name}: {error}");
                assert!(error.to_string().contains("no weight was changed"));
                seen = Some(error);
                break;
            }
        }
        assert!(seen.is_some(), "{name} never lost its loss");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("head.safetensors");
        assert!(matches!(head.save(&path), Err(Error::NotFinite { .. })), "{name}");
        assert!(!path.exists(), "{name}: half a file");
    }
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let counts = counts();
    let message = |builder: lexmax::head::HeadBuilder| builder.build().expect_err("refused").to_string();
    assert!(message(Head::builder("ful", &counts, DIM)).contains("unknown layer"));
    assert!(message(Head::builder("full", &counts, 0)).contains("dim"));
    assert!(message(Head::builder("full", &counts, DIM).rate(f32::NAN)).contains("rate is NaN"));
    assert!(message(Head::builder("full", &counts, DIM).tree(lexmax::tree::Tree::huffman(&counts))).contains("tree"));
    let few = Counts::new(vec![3, 2, 1]).unwrap();
    let layer = || FullSoftmax::new(VOCAB, DIM, Bias::Zero).unwrap();
    assert!(message(Head::of(layer()).rate(0.1).counts(&few)).contains("3 counts for 40 words"));
    assert!(message(Head::of(layer())).contains("call `rate`"));
    assert!(
        message(Head::of(layer()).rate(0.1).bias(Bias::None)).contains("bias applies only to layers of the catalogue")
    );
    let unigram = FullSoftmax::new(VOCAB, DIM, Bias::Unigram).unwrap();
    assert!(message(Head::of(unigram).rate(0.1)).contains("call `counts`"));
    let smoothed = LossOptions::new().with_smoothing(0.1).unwrap();
    let refused = message(Head::builder("negative", &counts, DIM).loss(smoothed));
    assert!(refused.starts_with("layer negative: negative does not support label smoothing"), "{refused}");
    let none = "threads is 0, but must be 1 or more";
    assert_eq!(message(Head::builder("full", &counts, DIM).threads(0)), none);
    assert_eq!(Head::load_with("missing", 0).expect_err("refused").to_string(), none);
    let no_samples = message(Head::builder("negative:samples=0", &counts, DIM));
    assert!(no_samples.starts_with("layer negative:samples=0: samples is 0, but must be"), "{no_samples}");
    let words = Vocabulary::new([("a".into(), 2), ("b".into(), 1)], 1).unwrap();
    assert!(message(Head::builder("full", &counts, DIM).words(&words)).contains("40 counts for 2 words"));
    for initial in [f32::NAN, -1.0] {
        assert!(
            message(Head::builder("full", &counts, DIM).optimizer(Optimizer::Adagrad { initial })).contains("initial")
        );
    }
    let huge = Head::builder("full", &counts, usize::MAX / 1024);
    assert!(message(huge).contains("do not fit in memory"));
}

#[test]
fn debug_shows_the_settings_and_no_weights() {
    let counts = counts();
    let builder = || Head::builder("sampled:samples=8", &counts, DIM).rate(0.25);
    let shown = format!("{:?}", builder());
    assert!(shown.starts_with("HeadBuilder { layer: \"sampled:samples=8\", optimizer: "), "{shown}");
    let head = builder().build().unwrap();
    let (shown, frozen) = (format!("{head:?}"), format!("{:?}", head.clone_frozen(1).unwrap()));
    let start = format!("Head {{ name: Some(\"sampled:samples=8\"), vocab: {VOCAB}, dim: {DIM}, mode: ");
    assert!(shown.starts_with(&start) && shown.contains("rate: 0.25"), "{shown}");
    assert_eq!(frozen, format!("{start}ReadOnly {{ .. }}, .. }}"));
    assert!(shown.len() < 250, "{shown}");
}

#[test]
fn losses_have_options() {
    let counts = counts();
    let options = LossOptions::new().ignoring(u32::MAX).with_smoothing(0.1).unwrap().with_soft_targets();
    let mut head = Head::builder("full", &counts, DIM).loss(options).build().unwrap();
    let mut named = Head::builder("full:smoothing=0.1:ignore=4294967295", &counts, DIM).build().unwrap();
    let (hidden, mut targets) = batches(3).pop().unwrap();
    targets[2] = u32::MAX;
    let loss = head.step(hidden.view(), &targets).unwrap().loss;
    assert_eq!(loss, named.step(hidden.view(), &targets).unwrap().loss);
    assert!(matches!(fault(head.log_prob(hidden.view(), &targets)), InputFault::Target { example: 2, .. }));
    // A distribution on one word is that word.
    let dense = |vocab: usize| {
        let mut probabilities = vec![0.0; hidden.nrows() * vocab];
        probabilities.chunks_mut(vocab).for_each(|row| row[4] = 1.0);
        probabilities
    };
    let (right, wrong) = (dense(VOCAB), dense(VOCAB / 2));
    let soft = SoftTargets::dense(&right, VOCAB).unwrap();
    let by_soft = head.gradients_of(Batch::soft(hidden.view(), soft)).unwrap().loss;
    let by_word = head.gradients(hidden.view(), &vec![4; hidden.nrows()]).unwrap().loss;
    assert!((by_soft - by_word).abs() < 1e-4 * by_word, "{by_soft} {by_word}");
    let other = SoftTargets::dense(&wrong, VOCAB / 2).unwrap();
    assert!(matches!(fault(head.step_batch(Batch::soft(hidden.view(), other))), InputFault::Target { .. }));
    let plain = named.step_batch(Batch::soft(hidden.view(), soft)).expect_err("refused");
    assert!(matches!(plain, Error::LossOption { .. }), "{plain}");
}

#[test]
fn a_file_holds_a_head_that_goes_on_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let (path, again) = (folder.path().join("head.safetensors"), folder.path().join("again.safetensors"));
    for name in names() {
        for optimizer in [Optimizer::Sgd, adagrad()] {
            let mut head =
                Head::builder(name, &counts(), DIM).optimizer(optimizer).rate(0.01).seed(SEED).build().unwrap();
            let all = batches(40);
            // Past the first look of an adaptive proposal, before the second.
            all[..20].iter().for_each(|(hidden, targets)| {
                head.step(hidden.view(), targets).unwrap();
            });
            head.save(&path).unwrap();
            let mut loaded = Head::load(&path).unwrap();
            assert_eq!((loaded.name(), loaded.rate(), loaded.optimizer()), (head.name(), 0.01, optimizer));
            loaded.save(&again).unwrap();
            assert!(fs::read(&path).unwrap() == fs::read(&again).unwrap(), "{name}: other bytes");
            let mut named = Head::builder(name, &counts(), DIM).optimizer(optimizer).load(&path).unwrap();
            for (hidden, targets) in &all[20..] {
                let loss = head.step(hidden.view(), targets).unwrap().loss;
                assert_eq!(loaded.step(hidden.view(), targets).unwrap().loss.to_bits(), loss.to_bits(), "{name}");
                named.step(hidden.view(), targets).unwrap();
            }
            assert_eq!(head_bits(&head), head_bits(&loaded), "{name}");
            assert_eq!(head_bits(&head), head_bits(&named), "{name}");
        }
    }
}

/// A tree that is there already stands for the settings of the tree alone: `sigmoid` counts beside it.
#[test]
fn a_tree_that_is_given_replaces_no_other_setting() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("head.safetensors");
    let counts = counts();
    let name = "hierarchical:sigmoid=word2vec";
    let build = |name, tree: Option<Tree>| {
        let builder = Head::builder(name, &counts, DIM).seed(SEED);
        match tree {
            Some(tree) => builder.tree(tree).build().unwrap(),
            None => builder.build().unwrap(),
        }
    };
    let all = batches(20);
    let (before, after) = all.split_at(10);
    let train = |head: &mut Head, batches: &[(Array2<f32>, Vec<u32>)]| {
        batches.iter().for_each(|(hidden, targets)| {
            head.step(hidden.view(), targets).unwrap();
        });
    };
    let mut head = build(name, None);
    train(&mut head, before);
    head.save(&path).unwrap();
    let mut loaded = Head::load(&path).unwrap();
    [&mut head, &mut loaded].into_iter().for_each(|head| train(head, after));
    assert_eq!(head_bits(&head), head_bits(&loaded), "the head that was saved and loaded");
    let (mut over_tree, mut exact) = (build(name, Some(Tree::huffman(&counts))), build("hierarchical", None));
    [&mut over_tree, &mut exact].into_iter().for_each(|head| train(head, &all));
    assert_eq!(head_bits(&head), head_bits(&over_tree), "the head over a tree that was given");
    assert_ne!(head_bits(&head), head_bits(&exact), "the table counts");
    for (wrong, what) in [("sigmoid=steep", "sigmoid"), ("seed=3", "tree=random"), ("vectors=v.bin", "tree=kmeans")] {
        let name = format!("hierarchical:{wrong}");
        let refused = Head::builder(&name, &counts, DIM).tree(Tree::balanced(&counts)).build();
        let message = refused.unwrap_err().to_string();
        assert!(message.contains(what), "{name}: {message}");
    }
}

#[test]
fn options_of_the_loss_are_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("head.safetensors");
    let options = LossOptions::new().with_soft_cap(3.0).unwrap().with_word_weights(vec![0.5; VOCAB]).unwrap();
    let mut head = Head::builder("full", &counts(), DIM).loss(options).build().unwrap();
    let (hidden, targets) = batches(1).pop().unwrap();
    head.step(hidden.view(), &targets).unwrap();
    head.save(&path).unwrap();
    let mut loaded = Head::load(&path).unwrap();
    assert_eq!(loaded.log_prob(hidden.view(), &targets).unwrap(), head.log_prob(hidden.view(), &targets).unwrap());
    let loss = head.step(hidden.view(), &targets).unwrap().loss;
    assert_eq!(loaded.step(hidden.view(), &targets).unwrap().loss, loss);
}

#[test]
fn files_of_others_are_refused_with_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("head.safetensors");
    let counts = counts();
    Head::builder("hierarchical", &counts, DIM).build().unwrap().save(&path).unwrap();
    let message = |found: Result<Head>| found.expect_err("refused").to_string();
    let others = Counts::new((0..VOCAB as u64).map(|n| 900 - n).collect()).unwrap();
    let few = Counts::new(vec![3, 2, 1]).unwrap();
    assert!(message(Head::builder("hierarchical", &others, DIM).load(&path)).contains("the vocabulary"));
    assert!(message(Head::builder("hierarchical", &few, DIM).load(&path)).contains("3 words"));
    assert!(
        message(Head::builder("full", &counts, DIM).load(&path)).contains("hierarchical in the file, but full here")
    );
    assert!(message(Head::builder("hierarchical", &counts, DIM + 1).load(&path)).contains("16 in the file"));
    let sgd = Head::builder("hierarchical", &counts, DIM).optimizer(Optimizer::Sgd).load(&path);
    assert!(message(sgd).contains("the optimizer"));
    let missing = message(Head::load(folder.path().join("nothing")));
    assert!(missing.contains("nothing"), "{missing}");
}

/// A layer of one's own, which no file can build.
fn own() -> FullSoftmax {
    FullSoftmax::new(VOCAB, DIM, Bias::Zero).unwrap()
}

#[test]
fn a_layer_of_ones_own_has_a_file_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.safetensors");
    let mut head = Head::of(own()).rate(0.1).build().unwrap();
    batches(5).iter().for_each(|(hidden, targets)| {
        head.step(hidden.view(), targets).unwrap();
    });
    head.save(&path).unwrap();
    assert!(matches!(Head::load(&path), Err(Error::Head(HeadFault::OwnLayerInFile { .. }))));
    let loaded = Head::of(own()).load(&path).unwrap();
    assert_eq!((head_bits(&loaded), loaded.rate()), (head_bits(&head), 0.1));
    assert_eq!(Head::of(own()).rate(0.5).load(&path).unwrap().rate(), 0.5);
    let wide = FullSoftmax::new(VOCAB, DIM + 1, Bias::Zero).unwrap();
    assert!(Head::of(wide).load(&path).is_err());
    let boxed: Box<dyn OutputLayer> = Box::new(own());
    assert!(Head::of(boxed).rate(0.1).build().is_ok());
}

/// Every kind of damage gives an error of the file, and no panic.
#[test]
fn damaged_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bad) = (folder.path().join("head.safetensors"), folder.path().join("bad.safetensors"));
    for name in ["hierarchical", "adaptive", "sampled-midx", "sampled-quadratic"] {
        let mut head = Head::builder(name, &counts(), DIM).build().unwrap();
        batches(20).iter().for_each(|(hidden, targets)| {
            head.step(hidden.view(), targets).unwrap();
        });
        head.save(&path).unwrap();
        let bytes = fs::read(&path).unwrap();
        let mut rng = WorkerRng::new(2, 0);
        let load = |bytes: &[u8]| {
            fs::write(&bad, bytes).unwrap();
            Head::load(&bad)
        };
        for _ in 0..200 {
            let cut = rng.random_range(0..bytes.len());
            assert!(matches!(load(&bytes[..cut]), Err(Error::ModelFile { .. })), "{name} cut at {cut}");
        }
        assert!(load(&[&bytes[..], b"more"].concat()).is_err());
        let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        for _ in 0..400 {
            let mut damaged = bytes.clone();
            let at = rng.random_range(0..header);
            damaged[at] = damaged[at].wrapping_add(rng.random_range(1..=255));
            // Some of these still say something, such as another rate.
            drop(load(&damaged));
        }
        let replaced = |from: &str, to: &str| {
            let text = String::from_utf8_lossy(&bytes[8..header]).into_owned();
            assert!(text.contains(from), "{from} in {text}");
            let mut header_text = text.replacen(from, to, 1).trim_end().to_string();
            header_text.push_str(&" ".repeat(header_text.len().next_multiple_of(8) - header_text.len()));
            let length = (header_text.len() as u64).to_le_bytes();
            [&length[..], header_text.as_bytes(), &bytes[header..]].concat()
        };
        let message = |bytes: &[u8]| load(bytes).expect_err("refused").to_string();
        assert!(message(&replaced("\\\"format\\\":1", "\\\"format\\\":9")).contains("format 9"));
        assert!(message(&replaced("\\\"dim\\\":16", "\\\"dim\\\":999999999999")).contains("dim"));
        assert!(message(&replaced("layer.0.weight", "layer.9.weight")).contains("layer.0.weight"));
        let nan = {
            let mut damaged = bytes.clone();
            let at = damaged.len() - 4;
            damaged[at..].copy_from_slice(&f32::NAN.to_le_bytes());
            damaged
        };
        let found = load(&nan).expect_err("refused");
        let is_number =
            matches!(&found, Error::ModelFile { fault, .. } if matches!(**fault, ModelFault::Number { .. }));
        assert!(is_number, "{name}: {found}");
    }
}

#[cfg(feature = "text")]
#[test]
fn a_models_file_holds_a_head() {
    use lexmax::model::{Architecture, Encoding, Model, ModelWriter};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let words = (0..VOCAB).map(|n| (format!("w{n}").into(), 5_000 / (n as u64 + 1)));
    let vocab = Vocabulary::new(words, 1).unwrap();
    for name in ["hierarchical", "adaptive", "negative:samples=3", "full:bias=zero", "full:bias=none"] {
        let window = Encoding::window(3).unwrap();
        let mut architecture = Architecture::new(name.parse().unwrap(), window, DIM);
        architecture.optimizer = adagrad();
        let (encoder, layer) = (architecture.encoder(VOCAB).unwrap(), architecture.layer(&vocab, None).unwrap());
        let model = Model::new(encoder, layer, vocab.counts(), adagrad(), 7).unwrap();
        let writer = ModelWriter::new(&architecture, &vocab, &model).unwrap();
        let mut bytes = Vec::new();
        writer.write(&mut bytes).unwrap();
        fs::write(&path, bytes).unwrap();
        let mut head = Head::load(&path).unwrap();
        assert_eq!(head_bits(&head), bits(model.layer_tables().iter().cloned()), "{name}");
        assert_eq!(head.name(), Some(name));
        let (hidden, targets) = batches(1).pop().unwrap();
        head.step(hidden.view(), &targets).unwrap();
        let built = Head::builder(name, vocab.counts(), DIM).optimizer(adagrad()).load(&path).unwrap();
        assert_eq!(head_bits(&built), bits(model.layer_tables().iter().cloned()), "{name}");
    }
    assert!(Head::load("Cargo.toml").is_err());
}

#[test]
fn relaxed_samples_train() {
    let counts = counts();
    let mut head = Head::builder("full", &counts, DIM).optimizer(Optimizer::Sgd).rate(0.1).build().unwrap();
    let (hidden, targets) = batches(1).pop().unwrap();
    let before = head.log_prob(hidden.view(), &targets).unwrap();
    for _ in 0..50 {
        // ∂L/∂y of L = −Σ y_target: the relaxed sample is to be the target.
        let relaxed = head.gumbel_softmax(hidden.view(), 1.0).unwrap();
        let mut d = Array2::zeros(relaxed.raw_dim());
        targets.iter().enumerate().for_each(|(b, target)| d[[b, *target as usize]] = -1.0);
        let step = head.gumbel_softmax_step(hidden.view(), 1.0, relaxed.view(), d.view()).unwrap();
        assert_eq!(step.d_hidden.dim(), hidden.dim());
    }
    let after = head.log_prob(hidden.view(), &targets).unwrap();
    assert!(after.iter().sum::<f64>() > before.iter().sum::<f64>() + 1.0, "{before:?} {after:?}");
    let sparse = Head::builder("sparsemax", &counts, DIM).build().unwrap();
    let mut sparse = sparse;
    let relaxed = Array2::zeros((hidden.nrows(), VOCAB));
    let step = sparse.gumbel_softmax_step(hidden.view(), 1.0, relaxed.view(), relaxed.view());
    assert!(matches!(step, Ok(_) | Err(Error::Head(HeadFault::NoBackward))));
}

/// The file's loss holds, whatever the builder or the layer's name says of it.
#[test]
fn a_file_keeps_its_loss_and_its_biases() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("head.safetensors");
    let (hidden, targets) = batches(1).pop().unwrap();
    let counts = counts();
    let capped = LossOptions::new().with_soft_cap(0.5).unwrap();
    for (name, loss) in [("full", capped.clone()), ("full:soft-cap=0.1", LossOptions::new())] {
        let mut head = Head::builder(name, &counts, DIM).loss(loss.clone()).build().unwrap();
        head.step(hidden.view(), &targets).unwrap();
        head.save(&path).unwrap();
        let expected = head.log_probs(hidden.view()).unwrap();
        let named = Head::builder(name, &counts, DIM).load(&path).unwrap();
        let given = Head::builder(name, &counts, DIM).loss(loss).load(&path).unwrap();
        for mut loaded in [Head::load(&path).unwrap(), named, given] {
            assert_eq!(loaded.log_probs(hidden.view()).unwrap(), expected, "{name}");
        }
        let other = LossOptions::new().with_smoothing(0.2).unwrap();
        let refused = Head::builder(name, &counts, DIM).loss(other).load(&path).expect_err("refused").to_string();
        assert!(refused.contains("the loss"), "{refused}");
    }
    let unbiased = Head::builder("full", &counts, DIM).bias(Bias::None).load(&path);
    assert!(unbiased.is_err());
    Head::builder("full", &counts, DIM).build().unwrap().save(&path).unwrap();
    let refused = Head::builder("full", &counts, DIM).bias(Bias::None).load(&path).expect_err("refused").to_string();
    assert!(refused.contains("the start of the biases"), "{refused}");
}

#[test]
fn a_gradient_of_relaxed_samples_that_is_not_finite_moves_nothing() {
    let mut head = Head::builder("full", &counts(), DIM).optimizer(Optimizer::Sgd).rate(0.1).build().unwrap();
    let (hidden, targets) = batches(1).pop().unwrap();
    for _ in 0..3 {
        head.step(hidden.view(), &targets).unwrap();
    }
    let before = head_bits(&head);
    let relaxed = head.gumbel_softmax(hidden.view(), 1.0).unwrap();
    let d = Array2::from_shape_fn(relaxed.dim(), |(_, word)| if word % 2 == 0 { 3e38f32 } else { -3e38 });
    let refused = head.gumbel_softmax_step(hidden.view(), 1e-6, relaxed.view(), d.view());
    assert!(matches!(refused, Err(Error::Head(HeadFault::Gradient { .. }))));
    assert_eq!(head_bits(&head), before);
}

/// A batch of one class, and one sorted by class, have blocks of every size. The gradient is that with weights of one,
/// which takes no shortcut.
#[test]
fn batches_of_equal_and_of_sorted_targets_are_steps_like_others() {
    let mut rng = WorkerRng::new(5, 0);
    for name in names() {
        for (size, is_sorted) in [(320, false), (512, false), (2_000, true), (4_096, true)] {
            let hidden = Array2::from_shape_simple_fn((size, DIM), || rng.random::<f32>() - 0.5);
            let word = |b: usize| if is_sorted { (b * VOCAB / size) as u32 } else { 1 };
            let (targets, ones): (Vec<u32>, _) = ((0..size).map(word).collect(), vec![1.0; size]);
            let head = || Head::builder(name, &counts(), DIM).optimizer(adagrad()).seed(SEED).build().unwrap();
            let (mut plain, mut weighted) = (head(), head());
            let batch = Batch { weights: Some(&ones), ..Batch::new(hidden.view(), &targets) };
            let (plain, weighted) =
                (plain.gradients(hidden.view(), &targets).unwrap(), weighted.gradients_of(batch).unwrap());
            let difference = (plain.loss - weighted.loss).abs() / weighted.loss.abs().max(1.0);
            assert!(difference < 1e-5, "{name}, {size} targets: {} and {}", plain.loss, weighted.loss);
            let pairs = plain.d_hidden.iter().zip(weighted.d_hidden);
            assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-4), "{name}, {size} targets");
        }
    }
}

/// A step into the caller's memory is a step, whatever the layout of that memory.
#[test]
fn a_step_into_given_memory_has_the_bits_of_a_step() {
    let counts = Counts::new((1..=40).rev().collect()).unwrap();
    let hidden = Array2::from_shape_fn((6, 5), |(i, j)| ((7 * i + 3 * j) % 11) as f32 / 11.0 - 0.5);
    let targets = [0, 3, 3, 39, 7, 20];
    for entry in CATALOGUE {
        let head = || Head::builder(entry.name, &counts, 5).build().unwrap();
        let [mut one, mut two, mut three] = [head(), head(), head()];
        let (mut rows, mut columns) = (Array2::from_elem((6, 5), 9.0), Array2::from_elem((6, 5).f(), 9.0));
        for _ in 0..3 {
            let batch = Batch::new(hidden.view(), &targets);
            let step = one.step_batch(batch).unwrap();
            let (loss, d_hidden) = (step.loss, step.d_hidden.to_owned());
            assert_eq!(two.step_into(batch, rows.view_mut()).unwrap(), loss, "{}", entry.name);
            assert_eq!(three.step_into(batch, columns.view_mut()).unwrap(), loss);
            assert!(rows == d_hidden && columns == d_hidden, "{}", entry.name);
        }
        assert!(one.to_bytes().unwrap() == two.to_bytes().unwrap());
        let refused = two.step_into(Batch::new(hidden.view(), &targets), Array2::zeros((5, 6)).view_mut());
        assert!(refused.unwrap_err().to_string().contains("gradients of the hidden vectors"));
        assert!(one.to_bytes().unwrap() == two.to_bytes().unwrap());
    }
}
