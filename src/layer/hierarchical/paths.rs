//! Paths through a tree: up from a word, and down from the root.

use crate::layer::verbs::descent::{Branch, Descent};
use crate::objective::math::ln_sigmoid;
use crate::table::{Rows, Tables};
use crate::tree::{Child, Tree};
use crate::vocab::WordId;
use ndarray::{ArrayView2, ArrayViewMut2};
use prefetch_index::prefetch_index;

/// The paths of the first words, which make up most of a text, one after the other. Climbing the tree instead is a
/// chain of dependent reads.
#[derive(Clone, Debug)]
pub struct Paths {
    nodes: Vec<u32>,
    /// The sign of each node on a path, as in [`Path`].
    signs: Vec<f32>,
    /// The start of each path, then the end of the last.
    starts: Vec<u32>,
}

/// A path from the leaf to the root: the nodes, and their signs (1 for code 0, −1 for code 1).
pub type Path<'a> = (&'a [u32], &'a [f32]);

/// Number of words whose paths are cached: 8 MB at the depths of a text.
const FREQUENT: usize = 1 << 16;
/// Limit on the cached decisions, for trees that are much deeper than necessary.
const LONGEST: usize = 1 << 23;

impl Paths {
    /// Caches the paths of the first words of a tree.
    pub fn of(tree: &Tree) -> Self {
        let (mut nodes, mut signs, mut starts) = (Vec::new(), Vec::new(), vec![0]);
        for word in 0..tree.vocab().min(FREQUENT) as WordId {
            climb(tree, word, &mut nodes, &mut signs);
            starts.push(nodes.len() as u32);
            if nodes.len() > LONGEST {
                break;
            }
        }
        Self { nodes, signs, starts }
    }

    /// Prefetches the path of a word.
    pub fn prefetch(&self, word: WordId) {
        if let Some(start) = self.starts.get(word as usize) {
            prefetch_index(&self.nodes, *start as usize);
            prefetch_index(&self.signs, *start as usize);
        }
    }

    /// Returns the path of a word if it is cached.
    #[inline]
    pub fn get(&self, word: WordId) -> Option<Path<'_>> {
        let [start, end] = *self.starts.get(word as usize..word as usize + 2)? else { return None };
        let path = start as usize..end as usize;
        Some((&self.nodes[path.clone()], &self.signs[path]))
    }
}

/// Appends the path of a word.
pub fn climb(tree: &Tree, word: WordId, nodes: &mut Vec<u32>, signs: &mut Vec<f32>) {
    for (node, code) in tree.ancestors(word) {
        nodes.push(node);
        signs.push(if code { -1.0 } else { 1.0 });
    }
}

/// The descent of one hidden vector.
pub struct Below<'a, 'b> {
    children: &'a [[Child; 2]],
    w: &'a mut Tables<'b>,
    hidden: ArrayView2<'a, f32>,
    nodes: Vec<u32>,
    scores: Vec<f32>,
}

impl<'a, 'b> Below<'a, 'b> {
    /// Creates the descent from the root; `hidden` is 1×d.
    pub fn new(children: &'a [[Child; 2]], w: &'a mut Tables<'b>, hidden: ArrayView2<'a, f32>) -> Self {
        Self { children, w, hidden, nodes: Vec::new(), scores: Vec::new() }
    }
}

impl Descent for Below<'_, '_> {
    fn root(&self) -> Child {
        if self.children.is_empty() { Child::Word(0) } else { Child::Node(0) }
    }

    fn expand(&mut self, nodes: &[Branch], out: &mut Vec<Branch>) {
        self.nodes.clear();
        self.nodes.extend(nodes.iter().filter_map(|branch| match branch.at {
            Child::Node(node) => Some(node),
            Child::Word(_) => None,
        }));
        self.scores.resize(self.nodes.len(), 0.0);
        let z = ArrayViewMut2::from_shape((1, self.nodes.len()), &mut self.scores[..]).expect("1 × nodes");
        self.w.scores(0, &Rows::List(&self.nodes), self.hidden, z);
        for ((parent, node), z) in nodes.iter().zip(&self.nodes).zip(&self.scores) {
            for (child, z) in self.children[*node as usize].iter().zip([*z, -*z]) {
                out.push(Branch { at: *child, ln_p: parent.ln_p + ln_sigmoid(f64::from(z)) });
            }
        }
    }
}
