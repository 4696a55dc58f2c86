//! Verbs of layers that decide from the top down: the best words, ranks and samples without a scan of all words.

use super::Scored;
use crate::objective::math::ln_sum_exp;
use crate::rng::{Noise, WorkerRng};
use crate::tree::Child;
use crate::vocab::WordId;
use hashbrown::HashMap;
use rand::RngExt;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fmt;

/// A place in a descent, with the probability of reaching it from the top.
#[derive(Clone, Copy, Debug)]
pub struct Branch {
    /// The place. A node is a decision: a node of a tree, the choice of a class, the words of a cluster. The layer
    /// numbers its nodes.
    pub at: Child,
    /// ln P in nats, which falls on the way down.
    pub ln_p: f64,
}

/// The decisions of a layer for one hidden vector.
pub trait Descent {
    /// Returns the first place; a word if there is only one.
    fn root(&self) -> Child;

    /// Adds the children of the nodes to `out`, each with its parent's ln P + ln P(child | parent). Callers pass nodes
    /// only.
    fn expand(&mut self, nodes: &[Branch], out: &mut Vec<Branch>);
}

/// Function that adds the children of a node to a list, each with its score.
pub type Decide<'a> = dyn FnMut(u32, &mut Vec<(Child, f32)>) + 'a;

/// A descent through softmaxes from node 0: each node decides by the softmax of the scores of its children.
pub struct Softmaxes<'a> {
    decide: Box<Decide<'a>>,
    places: Vec<(Child, f32)>,
}

impl fmt::Debug for Softmaxes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Softmaxes").finish_non_exhaustive()
    }
}

impl<'a> Softmaxes<'a> {
    /// Creates a descent with the scores that `decide` returns for each node.
    pub fn new(decide: impl FnMut(u32, &mut Vec<(Child, f32)>) + 'a) -> Self {
        Self { decide: Box::new(decide), places: Vec::new() }
    }
}

impl Descent for Softmaxes<'_> {
    fn root(&self) -> Child {
        Child::Node(0)
    }

    fn expand(&mut self, nodes: &[Branch], out: &mut Vec<Branch>) {
        for parent in nodes {
            let Child::Node(node) = parent.at else { continue };
            self.places.clear();
            (self.decide)(node, &mut self.places);
            let scores: Vec<f64> = self.places.iter().map(|(_, z)| f64::from(*z)).collect();
            let ln_z = ln_sum_exp(&scores);
            let places = self.places.iter().zip(scores);
            out.extend(places.map(|((at, _), z)| Branch { at: *at, ln_p: parent.ln_p + (z - ln_z) }));
        }
    }
}

fn top(descent: &dyn Descent) -> Branch {
    Branch { at: descent.root(), ln_p: 0.0 }
}

/// A branch in a queue, with its sort key.
struct Queued {
    key: f64,
    branch: Branch,
}

impl Ord for Queued {
    /// Among equal keys a node precedes words, since equally probable words may be below it. A word precedes words with
    /// larger ids.
    fn cmp(&self, other: &Self) -> Ordering {
        let order = |at: Child| match at {
            Child::Node(node) => (1, u32::MAX - node),
            Child::Word(word) => (0, u32::MAX - word),
        };
        self.key.total_cmp(&other.key).then_with(|| order(self.branch.at).cmp(&order(other.branch.at)))
    }
}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Queued {}

/// Best-first search: ln P only falls on the way down, so the first words to leave the queue are the best. ln P is
/// compared as the f32 that `log_probs` gives. Equally probable words come by rising id. Words of probability 0 never
/// come.
pub fn top_k(descent: &mut dyn Descent, k: usize) -> Vec<Scored> {
    let queued = |branch: &Branch| Queued { key: f64::from(branch.ln_p as f32), branch: *branch };
    let mut queue = BinaryHeap::from([queued(&top(descent))]);
    let (mut found, mut children) = (Vec::new(), Vec::new());
    while found.len() < k
        && let Some(Queued { branch, .. }) = queue.pop()
    {
        match branch.at {
            Child::Word(word) => found.push(Scored { word, ln_p: branch.ln_p }),
            Child::Node(_) => {
                children.clear();
                descent.expand(&[branch], &mut children);
                queue.extend(children.iter().filter(|c| c.ln_p > f64::NEG_INFINITY).map(queued));
            }
        }
    }
    found
}

/// Returns 1 + the number of words that are more probable than `target`, whose ln P is `ln_p`, both as f32. It descends
/// level by level and drops branches that are not more probable than the target.
pub fn rank(descent: &mut dyn Descent, target: WordId, ln_p: f64) -> usize {
    let (mut rank, mut level, mut below) = (1, vec![top(descent)], Vec::new());
    loop {
        level.retain(|branch| (branch.ln_p as f32) > ln_p as f32 && branch.at != Child::Word(target));
        let all = level.len();
        level.retain(|branch| matches!(branch.at, Child::Node(_)));
        rank += all - level.len();
        if level.is_empty() {
            return rank;
        }
        below.clear();
        descent.expand(&level, &mut below);
        std::mem::swap(&mut level, &mut below);
    }
}

/// Draws independent samples from the top; a node is expanded once for all of them.
pub fn sample(descent: &mut dyn Descent, draws: usize, rng: &mut WorkerRng) -> Vec<Scored> {
    let mut known: HashMap<u32, Vec<Branch>> = HashMap::new();
    let mut draw = |_| {
        let mut branch = top(descent);
        loop {
            let node = match branch.at {
                Child::Word(word) => return Scored { word, ln_p: branch.ln_p },
                Child::Node(node) => node,
            };
            let children = known.entry(node).or_insert_with(|| {
                let mut children = Vec::new();
                descent.expand(&[branch], &mut children);
                children
            });
            branch = choose(branch.ln_p, children, rng.random());
        }
    };
    (0..draws).map(&mut draw).collect()
}

/// Returns the child at the share `u` of its parent's probability.
fn choose(ln_parent: f64, children: &[Branch], mut u: f64) -> Branch {
    for child in children {
        u -= (child.ln_p - ln_parent).exp();
        if u < 0.0 {
            return *child;
        }
    }
    // Rounding can leave a remainder, which goes to the most probable child: it does not have probability 0.
    let most = children.iter().max_by(|a, b| a.ln_p.total_cmp(&b.ln_p));
    *most.expect("a node has children")
}

/// Draws samples without replacement, in their order: words by falling ln P + Gumbel noise. The noise is drawn from the
/// top: the noisy ln P of a node is the largest among the words below it.
///
/// Reference: Kool, van Hoof & Welling 2019, "Stochastic beams and where to find them", sec. 3 and app. B.3, here with
/// a queue instead of the beam.
pub fn sample_without_replacement(descent: &mut dyn Descent, draws: usize, rng: &mut WorkerRng) -> Vec<Scored> {
    let root = top(descent);
    let mut queue = BinaryHeap::from([Queued { key: gumbel(rng), branch: root }]);
    let (mut found, mut children, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    while found.len() < draws
        && let Some(Queued { key, branch }) = queue.pop()
    {
        if let Child::Word(word) = branch.at {
            found.push(Scored { word, ln_p: branch.ln_p });
            continue;
        }
        children.clear();
        descent.expand(&[branch], &mut children);
        children.retain(|child| child.ln_p > f64::NEG_INFINITY);
        keys.clear();
        keys.extend(children.iter().map(|child| child.ln_p + gumbel(rng)));
        let largest = keys.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let below = |(branch, own): (&Branch, &f64)| Queued { key: capped(*own, largest, key), branch: *branch };
        queue.extend(children.iter().zip(&keys).map(below));
    }
    found
}

/// Shifts noisy values with the maximum `largest` so that the maximum becomes `cap`: −ln(e^−cap − e^−largest + e^−own).
fn capped(own: f64, largest: f64, cap: f64) -> f64 {
    let v = cap - own + (-(own - largest).exp()).ln_1p();
    cap - v.max(0.0) - (-v.abs()).exp().ln_1p()
}

fn gumbel(rng: &mut WorkerRng) -> f64 {
    Noise::new(rng.random()).gumbel(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_of_the_capped_is_the_cap() {
        assert_eq!(capped(3.0, 3.0, -1.5), -1.5);
        let formula = |own: f64, largest: f64, cap: f64| -((-cap).exp() - (-largest).exp() + (-own).exp()).ln();
        for (own, largest, cap) in [(0.5, 1.0, 2.0), (-3.0, 0.0, -1.0), (-20.0, 4.0, 0.3), (0.999, 1.0, 1.0)] {
            let (got, want) = (capped(own, largest, cap), formula(own, largest, cap));
            assert!((got - want).abs() < 1e-12 * want.abs().max(1.0), "{got} {want}");
            assert!(got < cap);
        }
        assert!(capped(-800.0, 0.0, 700.0).is_finite());
    }
}
