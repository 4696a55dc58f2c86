//! Test of corrections: the exact expected gradient for 4 words at the scores that a layer is to learn. Every target
//! and every outcome of the draws is enumerated through the layer itself. The gradient is zero for a consistent
//! correction, and not for a biased one.

use crate::layer::{
    Batch, Bias, BlackOut, Contrast, NegativeSampling, NoiseContrastive, OneVsEach, OutputLayer, SampledSoftmax,
    Scratch, set_up,
};
use crate::optimizer::Optimizer;
use crate::rng::WorkerRng;
use crate::sampler::{Draws, Hits, Proposal, Sampler, WithReplacement};
use crate::table::{Deferred, Matrix, Table, Tables, Threads};
use crate::vocab::WordId;
use ndarray::{ArrayView2, array};

/// Number of words.
pub const V: usize = 4;
/// Probabilities of the words in the language.
pub const P: [f64; V] = [0.4, 0.3, 0.2, 0.1];
/// Probabilities of the words in the proposal.
pub const Q: [f64; V] = [0.1, 0.25, 0.2, 0.45];
/// Bound on the f32 rounding of a gradient that is zero. It covers sums of at most 8 numbers up to 1, whose scores (up
/// to 5) have at most 8 roundings. The sums are read from weights of up to 3, with as many roundings again.
pub const ZERO: f64 = (2.0 * 8.0 * 5.0 + 16.0 + 8.0 + 3.0 * 8.0) / (1u64 << 24) as f64;

/// Draws, and the probability of these draws.
pub type Outcome = (f64, Vec<WordId>);

/// A scheme of drawing and correcting, and the bias of its gradient.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Correction {
    /// Description of the scheme.
    pub scheme: String,
    /// Largest entry of |E ∂L/∂z| at the scores that the layer is to learn.
    pub bias: f64,
    /// Bound on the f32 rounding of `bias`.
    pub zero: f64,
    /// Whether the bias is zero in theory.
    pub consistent: bool,
}

impl Correction {
    /// Whether the enumeration agrees with the theory. The bias must be zero for a consistent scheme, and more than ten
    /// times the rounding for an inconsistent one.
    pub fn passed(&self) -> bool {
        if self.consistent { self.bias <= self.zero } else { self.bias > 10.0 * ZERO }
    }
}

/// A sampler and a proposal that always return the same draws.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// Words that are drawn.
    pub words: Vec<WordId>,
    /// Number that is subtracted from the score of each word.
    pub ln_q: Vec<f64>,
    /// Treatment of a draw that equals the target.
    pub hits: Hits,
}

impl Sampler for Fixed {
    fn vocab(&self) -> usize {
        self.ln_q.len()
    }

    fn samples(&self) -> usize {
        self.words.len()
    }

    fn ln_prob(&self, word: WordId) -> f64 {
        self.ln_q[word as usize]
    }

    fn ln_inclusion(&self, word: WordId) -> f64 {
        self.ln_q[word as usize]
    }

    fn draw(&self, _: Option<ArrayView2<f32>>, targets: &[WordId], _: &mut WorkerRng, out: &mut Draws) {
        let ln_q = |words: &[WordId]| words.iter().map(|w| self.ln_q[*w as usize] as f32).collect();
        out.words.clone_from(&self.words);
        (out.ln_q, out.target_ln_q) = (ln_q(&self.words), ln_q(targets));
        out.hits = self.hits;
    }
}

impl Proposal for Fixed {
    fn vocab(&self) -> usize {
        self.ln_q.len()
    }

    fn ln_prob(&self, word: WordId) -> f64 {
        self.ln_q[word as usize]
    }

    fn sample(&self, _: &mut WorkerRng) -> WordId {
        self.words[0]
    }

    fn fill(&self, _: &mut WorkerRng, out: &mut [WordId]) {
        out.copy_from_slice(&self.words);
    }
}

/// All outcomes of S independent draws from [`Q`].
pub fn independent(samples: usize) -> Vec<Outcome> {
    let mut outcomes = vec![(1.0, vec![])];
    for _ in 0..samples {
        let longer = |(p, words): &Outcome| {
            let (p, words) = (*p, words.clone());
            (0..V).map(move |w| (p * Q[w], [&words[..], &[w as WordId]].concat()))
        };
        outcomes = outcomes.iter().flat_map(longer).collect();
    }
    outcomes
}

/// All sets to which each word belongs independently, with its probability in `inclusion`.
pub fn sets(inclusion: [f64; V]) -> Vec<Outcome> {
    let set = |bits: usize| {
        let joins = |w: &usize| bits >> w & 1 == 1;
        let p = (0..V).map(|w| if joins(&w) { inclusion[w] } else { 1.0 - inclusion[w] }).product();
        (p, (0..V).filter(joins).map(|w| w as WordId).collect())
    };
    (0..1 << V).map(set).collect()
}

/// All outcomes of S distinct draws, each from [`Q`] among the words that are left.
pub fn distinct(samples: usize) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = vec![(1.0, vec![])];
    for _ in 0..samples {
        let mut longer = Vec::new();
        for (p, words) in &outcomes {
            let left: Vec<usize> = (0..V).filter(|w| !words.contains(&(*w as WordId))).collect();
            let mass: f64 = left.iter().map(|w| Q[*w]).sum();
            longer.extend(left.iter().map(|w| (p * Q[*w] / mass, [&words[..], &[*w as WordId]].concat())));
        }
        outcomes = longer;
    }
    outcomes
}

/// Returns ln of the probability that a word is among the draws, for every word.
pub fn ln_inclusion(outcomes: &[Outcome]) -> [f64; V] {
    let inclusion = |w: WordId| outcomes.iter().filter(|o| o.1.contains(&w)).map(|o| o.0).sum::<f64>().ln();
    std::array::from_fn(|w| inclusion(w as WordId))
}

/// Removes repeats from the draws.
pub fn unique((p, mut words): Outcome) -> Outcome {
    words.sort_unstable();
    words.dedup();
    (p, words)
}

/// Returns the largest entry of |E ∂L/∂z| at the scores `z`, over targets from [`P`] and all outcomes. `layer` makes a
/// layer over [`V`] words, with hidden vectors of size 1, whose draws are those of an outcome.
pub fn bias(z: [f64; V], outcomes: &[Outcome], layer: impl Fn(&[WordId]) -> Box<dyn OutputLayer>) -> f64 {
    let mut expected = [0.0; V];
    for (p, words) in outcomes {
        let layer = layer(words);
        for target in 0..V {
            let mut matrices: Vec<Matrix> =
                set_up(&*layer, None, Optimizer::Sgd, &mut WorkerRng::new(0, 0)).expect("4 words");
            let matrix = &mut matrices[0];
            matrix.weights_mut().iter_mut().zip(z).for_each(|(w, z)| *w = z as f32);
            let before: Vec<f32> = matrix.weights().to_vec();
            let handle: Box<dyn Table> = Box::new(Deferred::new(matrix, 1.0, Threads::default()));
            let mut w = Tables::new(vec![handle]);
            let (x, targets) = (array![[1.0f32]], [target as WordId]);
            let mut s = Scratch::new(WorkerRng::new(0, 0));
            layer.step(&mut w, Batch::new(x.view(), &targets), &mut s, array![[0.0f32]].view_mut(), None);
            w.flush();
            drop(w);
            for (sum, (before, after)) in expected.iter_mut().zip(before.iter().zip(matrices[0].weights())) {
                *sum += p * P[target] * (f64::from(*before) - f64::from(*after));
            }
        }
    }
    expected.iter().fold(0.0, |m: f64, x| m.max(x.abs()))
}

/// Bias of sampled softmax at z = ln p.
fn sampled(outcomes: &[Outcome], ln_q: [f64; V], hits: Hits) -> f64 {
    bias(P.map(f64::ln), outcomes, |words| {
        let sampler = Fixed { words: words.to_vec(), ln_q: ln_q.to_vec(), hits };
        Box::new(SampledSoftmax::new(Box::new(sampler), 1, Bias::None).expect("4 words"))
    })
}

/// S draws with replacement, for the layers that require it.
fn replacement(words: &[WordId], ln_q: [f64; V]) -> WithReplacement {
    let proposal = Fixed { words: words.to_vec(), ln_q: ln_q.to_vec(), hits: Hits::Keep };
    WithReplacement::new(Box::new(proposal), words.len()).expect("a few draws")
}

fn negative(words: &[WordId]) -> Box<dyn OutputLayer> {
    Box::new(NegativeSampling::new(replacement(words, Q.map(f64::ln)), 1, Bias::None).expect("4 words"))
}

/// A named layer that draws from [`Q`] with replacement and is to learn ln p.
type Named = (&'static str, fn(&[WordId]) -> Box<dyn OutputLayer>);

/// Layers whose draws have weights, up to 1/(S·q) = 10/S each. Their rounding errors are larger by the same factor.
const WEIGHTED: [Named; 4] = [
    ("nce", |words| contrast(words, Contrast::Binary)),
    ("nce, ranking", |words| contrast(words, Contrast::Ranking)),
    ("one-vs-each", |words| {
        let draws = Box::new(replacement(words, Q.map(f64::ln)));
        Box::new(OneVsEach::new(draws, 1, Bias::None).expect("4 words"))
    }),
    ("blackout", |words| black_out(words, Q.map(f64::ln))),
];

fn contrast(words: &[WordId], contrast: Contrast) -> Box<dyn OutputLayer> {
    let draws = replacement(words, Q.map(f64::ln));
    Box::new(NoiseContrastive::new(draws, contrast, 1, Bias::None).expect("4 words"))
}

fn black_out(words: &[WordId], ln_q: [f64; V]) -> Box<dyn OutputLayer> {
    Box::new(BlackOut::new(replacement(words, ln_q), 1, Bias::None).expect("4 words"))
}

/// Enumerates every scheme of this crate, and similar schemes that are biased.
pub fn corrections() -> Vec<Correction> {
    let ln_q = Q.map(f64::ln);
    let mut all = Vec::new();
    for (name, layer) in WEIGHTED {
        for s in [1, 3] {
            let scheme = format!("{name}, {s} with replacement");
            let bias = bias(P.map(f64::ln), &independent(s), layer);
            all.push(Correction { scheme, bias, zero: 10.0 * ZERO, consistent: true });
        }
    }
    let mut add = |scheme: String, bias: f64, consistent: bool| {
        all.push(Correction { scheme, bias, zero: ZERO, consistent });
    };
    let unweighted = bias(P.map(f64::ln), &independent(3), |words| black_out(words, [0.0; V]));
    add("blackout, 3 with replacement, without its weights".into(), unweighted, false);
    for s in 1..=3 {
        let iid = independent(s);
        add(format!("sampled, {s} with replacement: hits kept, −ln q on all"), sampled(&iid, ln_q, Hits::Keep), true);
        let k = s as f64;
        let learned = std::array::from_fn(|w| P[w].ln() - (k * Q[w]).ln());
        add(format!("negative, k = {s}: learns ln p − ln(k·q)"), bias(learned, &iid, negative), true);
        add(format!("negative, k = {s}: learns ln p"), bias(P.map(f64::ln), &iid, negative), false);
    }
    let inclusion = Q.map(|q| -(-3.0 * q).exp_m1());
    let set = sets(inclusion);
    add(
        "sampled, a set: hits merged, −ln inclusion on all".into(),
        sampled(&set, inclusion.map(f64::ln), Hits::Merge),
        true,
    );
    add("sampled, a set: −ln q".into(), sampled(&set, ln_q, Hits::Merge), false);
    for s in 2..=3 {
        let iid = independent(s);
        add(format!("sampled, {s} with replacement: hits removed"), sampled(&iid, ln_q, Hits::Merge), false);
        add(format!("sampled, {s} with replacement: no correction"), sampled(&iid, [0.0; V], Hits::Keep), false);
        let fixed = distinct(s);
        add(format!("sampled, {s} distinct: −ln inclusion"), sampled(&fixed, ln_inclusion(&fixed), Hits::Merge), false);
        let merged: Vec<Outcome> = iid.into_iter().map(unique).collect();
        let found = sampled(&merged, ln_inclusion(&merged), Hits::Merge);
        add(format!("sampled, {s} with replacement, repeats merged: −ln(1 − (1 − q)^{s})"), found, false);
    }
    all
}
