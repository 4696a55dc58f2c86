//! Numbers computed by other programs. Each data file names the program, which computed in f64.
//!
//! Tolerances: inputs and weights are rounded to f32. Every number is then a sum with a relative rounding of 2⁻²⁴ per
//! term. A score has d + 1 products with 3 roundings each, of a size up to z, the largest Σ|w·h| + |b| + |ln q|. It
//! changes a probability by twice that, relatively. Exponentials and the normalizer add less than 16 roundings (see
//! `simd`); sums over the words or the batch add one per term.
//!
//! So the relative error of ∂L/∂z is r = (6·(d + 1)·z + 16 + V + B)·2⁻²⁴. Since Σ|∂L/∂z| ≤ 2 for an example of weight
//! 1, the error of ∂L/∂h is at most 2r·max|w|, of ∂L/∂w 2rB·max|h|, of ∂L/∂b 2rB, and of a loss r·(1 + L).

use lexmax::WorkerRng;
use lexmax::layer::{
    AdaptiveSoftmax, Batch, Bias, Cutoffs, Entmax, FullSoftmax, LayerExt, OutputLayer, SampledSoftmax, Scratch, set_up,
};
use lexmax::objective::LossOptions;
use lexmax::sampler::{Draws, Hits, Sampler};
use lexmax::table::Optimizer;
use lexmax::table::{Deferred, Frozen, Matrix, Table, Tables, Threads};
use lexmax::vocab::WordId;
use ndarray::{Array2, ArrayView2};
use serde_json::Value;

const RATE: f32 = 1.0;

/// Inputs of a golden file, and how precise an answer to them can be.
struct Golden {
    hidden: Array2<f32>,
    weight: Array2<f32>,
    bias: Vec<f32>,
    targets: Vec<WordId>,
    /// r, as above.
    rounding: f64,
}

/// What a step gave, row by row.
struct Step {
    losses: Vec<f64>,
    d_hidden: Vec<f64>,
    d_weight: Vec<f64>,
    d_bias: Vec<f64>,
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// All numbers in a list, or in a list of lists.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(list) => list.iter().flat_map(numbers).collect(),
        number => vec![number.as_f64().unwrap_or_else(|| panic!("{number} is no number"))],
    }
}

fn narrow(value: &Value) -> Vec<f32> {
    numbers(value).into_iter().map(|x| x as f32).collect()
}

fn matrix(value: &Value) -> Array2<f32> {
    let rows = value.as_array().unwrap().len();
    let flat = narrow(value);
    Array2::from_shape_vec((rows, flat.len() / rows), flat).unwrap()
}

fn largest(xs: &Array2<f32>) -> f64 {
    xs.iter().fold(0.0, |m, x| m.max(f64::from(x.abs())))
}

impl Golden {
    fn new(file: &Value, largest_ln_q: f64) -> Self {
        let inputs = &file["inputs"];
        let (hidden, weight) = (matrix(&inputs["hidden"]), matrix(&inputs["weight"]));
        let bias = narrow(&inputs["bias"]);
        let targets = numbers(&inputs["targets"]).into_iter().map(|t| t as WordId).collect();
        let products = hidden.mapv(f32::abs).dot(&weight.mapv(f32::abs).t());
        let z = largest(&products) + bias.iter().fold(0.0, |m, b| f64::max(m, f64::from(b.abs()))) + largest_ln_q;
        let ((batch, dim), vocab) = (hidden.dim(), weight.nrows());
        let roundings = 6.0 * (dim + 1) as f64 * z + (16 + vocab + batch) as f64;
        Self { hidden, weight, bias, targets, rounding: roundings / f64::from(1u32 << 24) }
    }

    fn matrix(&self, layer: &dyn OutputLayer) -> Matrix {
        let tables: Vec<Matrix> = set_up(layer, None, Optimizer::Sgd, &mut WorkerRng::new(0, 0)).unwrap();
        let mut matrix = tables.into_iter().next().expect("one table");
        matrix.weights_mut().iter_mut().zip(&self.weight).for_each(|(to, from)| *to = *from);
        matrix.bias_mut().copy_from_slice(&self.bias);
        matrix
    }

    /// A step at rate 1: a weight moves by minus its gradient.
    fn step(&self, layer: &dyn OutputLayer, weights: Option<&[f32]>) -> Step {
        let before = self.matrix(layer);
        let mut after = before.clone();
        let mut d_hidden = Array2::zeros(self.hidden.raw_dim());
        let mut losses = vec![0.0; self.targets.len()];
        let mut w = Tables::new(vec![Box::new(Deferred::new(&mut after, RATE, Threads::default()))]);
        let batch = Batch { weights, ..Batch::new(self.hidden.view(), &self.targets) };
        let mut s = Scratch::new(WorkerRng::new(0, 0));
        let total = layer.step(&mut w, batch, &mut s, d_hidden.view_mut(), Some(&mut losses));
        assert!((total - losses.iter().sum::<f64>()).abs() <= 1e-12 * total);
        w.flush();
        drop(w);
        let moved = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) - f64::from(*b)).collect();
        Step {
            losses,
            d_hidden: d_hidden.iter().map(|x| f64::from(*x)).collect(),
            d_weight: moved(before.weights(), after.weights()),
            d_bias: moved(before.bias(), after.bias()),
        }
    }

    /// Gradients against those of a case; upstream factors up to `factor`.
    fn check_gradients(&self, name: &str, case: &Value, step: &Step, factor: f64) {
        let (r, batch) = (2.0 * factor * self.rounding, self.targets.len() as f64);
        // A gradient is read off a weight that moved: one more rounding of it.
        let moved = largest(&self.weight).max(8.0) / f64::from(1u32 << 23);
        close(name, "d_hidden", &step.d_hidden, &case["d_hidden"], r * largest(&self.weight));
        close(name, "d_weight", &step.d_weight, &case["d_weight"], r * batch * largest(&self.hidden) + moved);
        close(name, "d_bias", &step.d_bias, &case["d_bias"], r * batch + moved);
    }
}

fn close(name: &str, what: &str, got: &[f64], want: &Value, tolerance: f64) {
    let want = numbers(want);
    assert_eq!(got.len(), want.len(), "{name}, {what}");
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() <= tolerance, "{name}, {what}[{i}]: {got}, not {want} ± {tolerance:e}");
    }
}

#[test]
fn cross_entropy_is_pytorchs() {
    let file = read(include_str!("../golden/torch.json"));
    let golden = Golden::new(&file, 0.0);
    let new = || FullSoftmax::new(golden.weight.nrows(), golden.weight.ncols(), Bias::Zero).unwrap();
    let of_target = |of_class: &dyn Fn(WordId) -> f32| golden.targets.iter().map(|t| of_class(*t)).collect::<Vec<_>>();
    let class_weights = narrow(&file["class_weights"]["weights"]);
    let ignored = golden.targets[0];
    let check = |name: &str, options: LossOptions, weights: Option<Vec<f32>>, factor: f64| {
        let step = golden.step(&new().with_loss(options).unwrap(), weights.as_deref());
        let total: f64 = step.losses.iter().sum();
        let tolerance = golden.rounding * (factor * golden.targets.len() as f64 + total);
        close(name, "loss", &[total], &file[name]["loss_sum"], tolerance);
        golden.check_gradients(name, &file[name], &step, factor);
    };
    let plain = LossOptions::new;
    let heaviest = class_weights.iter().fold(1.0, |m, w| f64::max(m, f64::from(*w)));
    check("cross_entropy", plain(), None, 1.0);
    check("class_weights", plain(), Some(of_target(&|t| class_weights[t as usize])), heaviest);
    check("class_weights", plain().with_word_weights(class_weights.clone()).unwrap(), None, heaviest);
    let name = "ignore_index_is_first_target";
    check(name, plain(), Some(of_target(&|t| f32::from(u8::from(t != ignored)))), 1.0);
    check(name, plain().ignoring(ignored), None, 1.0);
    check("label_smoothing_0.1", plain().with_smoothing(0.1).unwrap(), None, 1.0);
    // λ·(ln Z)² has the slope 2λ·ln Z; scores, and so ln Z, are below 25 here, whose error counts once more.
    check("z_loss_0.01", plain().with_z_loss(0.01).unwrap(), None, 1.0 + 2.0 * 0.01 * 26.0);
}

#[test]
fn log_softmax_is_pytorchs() {
    let file = read(include_str!("../golden/torch.json"));
    let golden = Golden::new(&file, 0.0);
    let layer = FullSoftmax::new(golden.weight.nrows(), golden.weight.ncols(), Bias::Zero).unwrap();
    let matrix = golden.matrix(&layer);
    let mut w = Tables::new(vec![Box::new(Frozen::new(&matrix, Threads::default()))]);
    let mut s = Scratch::new(WorkerRng::new(0, 0));
    let mut ln_p = Array2::zeros((golden.targets.len(), layer.vocab()));
    layer.log_probs(&mut w, golden.hidden.view(), &mut s, ln_p.view_mut());
    let got: Vec<f64> = ln_p.iter().map(|x| f64::from(*x)).collect();
    let largest = got.iter().fold(1.0, |m, x| f64::max(m, x.abs()));
    close("log_softmax", "ln P", &got, &file["log_softmax"], golden.rounding * (1.0 + largest));
}

/// Numbers of the `entmax` package (sparsemax and α = 1.5). A probability moves by at most as much as scores do, whatever
/// its own size, so each of V coefficients of an example may be off by r.
#[test]
fn sparsemax_and_entmax_are_those_of_the_entmax_package() {
    let file = read(include_str!("../golden/torch.json"));
    let golden = Golden::new(&file, 0.0);
    let (vocab, dim) = golden.weight.dim();
    let layers: [(&str, Box<dyn OutputLayer>); 3] = [
        ("sparsemax", Box::new(Entmax::sparsemax(vocab, dim, Bias::Zero).unwrap())),
        ("sparsemax", Box::new(Entmax::new(vocab, dim, 2.0, Bias::Zero).unwrap())),
        ("entmax15", Box::new(Entmax::new(vocab, dim, 1.5, Bias::Zero).unwrap())),
    ];
    for (name, layer) in layers {
        let case = &file[name];
        let step = golden.step(&*layer, None);
        let total: f64 = step.losses.iter().sum();
        let tolerance = golden.rounding * (golden.targets.len() as f64 + total);
        close(name, "loss", &[total], &case["loss_sum"], tolerance);
        golden.check_gradients(name, case, &step, vocab as f64);
        let matrix = golden.matrix(&*layer);
        let mut w = Tables::new(vec![Box::new(Frozen::new(&matrix, Threads::default()))]);
        let mut ln_p = Array2::zeros((golden.targets.len(), vocab));
        let mut s = Scratch::new(WorkerRng::new(0, 0));
        layer.log_probs(&mut w, golden.hidden.view(), &mut s, ln_p.view_mut());
        let p: Vec<f64> = ln_p.iter().map(|x| f64::from(*x).exp()).collect();
        close(name, "P", &p, &case["probabilities"], golden.rounding);
        let zeros = |xs: &[f64]| xs.iter().map(|p| *p == 0.0).collect::<Vec<_>>();
        assert_eq!(zeros(&p), zeros(&numbers(&case["probabilities"])), "{name}: the support");
    }
}

/// PyTorch's `AdaptiveLogSoftmaxWithLoss`, no biases: scores of the tails come through two sums, so their roundings are twice
/// as many.
#[test]
fn adaptive_softmax_is_pytorchs() {
    let file = read(include_str!("../golden/torch.json"));
    let case = &file["adaptive"];
    let (hidden, head) = (matrix(&case["hidden"]), matrix(&case["head_weight"]));
    let targets: Vec<WordId> = numbers(&case["targets"]).into_iter().map(|t| t as WordId).collect();
    let bounds = numbers(&case["cutoffs"]).into_iter().map(|c| c as usize).collect();
    let (batch, dim) = hidden.dim();
    let tails = case["tails"].as_array().unwrap();
    let of_tails = |tails: &[Value]| -> Vec<Vec<f32>> {
        tails.iter().flat_map(|tail| [narrow(&tail["projection"]), narrow(&tail["weight"])]).collect()
    };
    let vocab = file["inputs"]["weight"].as_array().unwrap().len();
    let cutoffs = Cutoffs::new(bounds, vocab).unwrap();
    let division = case["div_value"].as_f64().unwrap();
    let layer = AdaptiveSoftmax::new(&cutoffs, dim, division, Bias::None).unwrap();
    let weights = [vec![head.iter().copied().collect()], of_tails(tails)].concat();
    let mut matrices: Vec<Matrix> = set_up(&layer, None, Optimizer::Sgd, &mut WorkerRng::new(0, 0)).unwrap();
    matrices.iter_mut().zip(&weights).for_each(|(matrix, weights)| matrix.weights_mut().copy_from_slice(weights));
    let before = matrices.clone();
    let handle = |m| Box::new(Deferred::new(m, RATE, Threads::default())) as Box<dyn Table>;
    let mut w = Tables::new(matrices.iter_mut().map(handle).collect());
    let (mut d_hidden, mut losses) = (Array2::zeros(hidden.raw_dim()), vec![0.0; batch]);
    let mut s = Scratch::new(WorkerRng::new(0, 0));
    let mut ln_p = Array2::zeros((batch, vocab));
    layer.log_probs(&mut w, hidden.view(), &mut s, ln_p.view_mut());
    let examples = Batch::new(hidden.view(), &targets);
    layer.step(&mut w, examples, &mut s, d_hidden.view_mut(), Some(&mut losses));
    w.flush();
    drop(w);

    let most = weights.iter().flatten().fold(0.0, |m, x| f64::max(m, f64::from(x.abs())));
    // |A·h| ≤ d·|A|·|h| an entry, of which a tail's score has d_i.
    let z = (dim * dim) as f64 * most.max(1.0).powi(2) * largest(&hidden);
    let r = (12.0 * (dim + 1) as f64 * z + (16 + vocab + batch) as f64) / f64::from(1u32 << 24);
    let all: Vec<f64> = ln_p.iter().map(|x| f64::from(*x)).collect();
    close("adaptive", "ln P", &all, &case["log_prob"], r);
    let of_targets: Vec<f64> = losses.iter().map(|loss| -loss).collect();
    close("adaptive", "ln P(target)", &of_targets, &case["log_prob_of_target"], r);
    let d: Vec<f64> = d_hidden.iter().map(|x| f64::from(*x)).collect();
    let size = 2.0 * r * dim as f64 * most.max(1.0).powi(2);
    close("adaptive", "d_hidden", &d, &case["d_hidden"], size);
    let d_tails = case["d_tails"].as_array().unwrap();
    let want = [
        vec![case["d_head_weight"].clone()],
        d_tails.iter().flat_map(|t| [t["projection"].clone(), t["weight"].clone()]).collect(),
    ]
    .concat();
    for (t, want) in want.iter().enumerate() {
        let moved = before[t].weights().iter().zip(matrices[t].weights());
        let gradient: Vec<f64> = moved.map(|(a, b)| f64::from(*a) - f64::from(*b)).collect();
        close("adaptive", &format!("table {t}"), &gradient, want, size * batch as f64 * largest(&hidden));
    }
}

/// The draws of a golden file, with TensorFlow's expected counts.
struct Recorded {
    words: Vec<WordId>,
    ln_counts: Vec<f32>,
    target_ln_counts: Vec<f32>,
    vocab: usize,
    hits: Hits,
}

impl Sampler for Recorded {
    fn vocab(&self) -> usize {
        self.vocab
    }

    fn samples(&self) -> usize {
        self.words.len()
    }

    fn ln_prob(&self, _: WordId) -> f64 {
        unreachable!("a step asks for draws only")
    }

    fn ln_inclusion(&self, _: WordId) -> f64 {
        unreachable!("a step asks for draws only")
    }

    fn draw(&self, _: Option<ArrayView2<f32>>, targets: &[WordId], _: &mut WorkerRng, out: &mut Draws) {
        assert_eq!(targets.len(), self.target_ln_counts.len());
        out.words.clone_from(&self.words);
        out.ln_q.clone_from(&self.ln_counts);
        out.target_ln_q.clone_from(&self.target_ln_counts);
        out.hits = self.hits;
    }
}

#[test]
fn sampled_softmax_is_tensorflows() {
    let file = read(include_str!("../golden/tensorflow.json"));
    for scheme in ["log_uniform_unique", "log_uniform_with_replacement"] {
        let drawn = &file[scheme];
        let ln = |counts: &Value| numbers(counts).into_iter().map(|c| c.ln() as f32).collect::<Vec<f32>>();
        let (ln_counts, target_ln_counts) = (ln(&drawn["sampled_expected_count"]), ln(&drawn["true_expected_count"]));
        let largest_ln_q = ln_counts.iter().chain(&target_ln_counts).fold(0.0, |m, q| f64::max(m, f64::from(q.abs())));
        let golden = Golden::new(&file, largest_ln_q);
        for (case, hits) in [("sampled_softmax", Hits::Merge), ("sampled_softmax_keep_hits", Hits::Keep)] {
            let name = format!("{scheme}, {case}");
            assert_eq!(drawn[case]["remove_accidental_hits"], Value::Bool(hits == Hits::Merge), "{name}");
            let sampler = Recorded {
                words: numbers(&drawn["sampled"]).into_iter().map(|w| w as WordId).collect(),
                ln_counts: ln_counts.clone(),
                target_ln_counts: target_ln_counts.clone(),
                vocab: golden.weight.nrows(),
                hits,
            };
            let layer = SampledSoftmax::new(Box::new(sampler), golden.weight.ncols(), Bias::Zero).unwrap();
            let step = golden.step(&layer, None);
            let most = step.losses.iter().fold(0.0, |m, x| f64::max(m, *x));
            close(&name, "loss", &step.losses, &drawn[case]["loss"], golden.rounding * (1.0 + most));
            golden.check_gradients(&name, &drawn[case], &step, 1.0);
        }
    }
}
