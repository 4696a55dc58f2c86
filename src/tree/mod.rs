//! Binary trees over the words: the decisions that lead from the root to a word.
//!
//! | tree | built from | expected depth | quality |
//! |---|---|---|---|
//! | [`Tree::huffman`] | the lightest subtrees, joined first | the minimum | like `by_frequency` |
//! | [`Tree::balanced`] | words by rank, halved by number | log₂ V | like `by_frequency` |
//! | [`Tree::random`] | shuffled words, halved by number | log₂ V | the worst |
//! | [`Tree::by_frequency`] | words by rank, halved by count | close to the minimum | better than random |
//! | [`Tree::by_clusters`] | word vectors, halved by 2-means | above log₂ V | the best: a context can decide |
//! | [`Tree::read`] | a file | | |
//!
//! A step costs its expected depth. Quality depends on whether the words below a node are alike.

use crate::error::LinksFault;
use crate::vocab::{Counts, WordId};
use std::cmp::Reverse;
use std::ops::Add;

mod clusters;
mod file;
mod halves;
mod huffman;
#[cfg(test)]
mod tests;

pub use clusters::Weighting;

/// A parent node and the code of the step down to the child, packed as `node << 1 | code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link(u32);

impl Link {
    /// Marks a missing parent: that of the root, or of the only word of a vocabulary.
    const NONE: Self = Self(u32::MAX);

    fn new(node: u32, code: bool) -> Self {
        Self(node << 1 | u32::from(code))
    }

    fn get(self) -> Option<(u32, bool)> {
        (self != Self::NONE).then_some((self.0 >> 1, self.0 & 1 == 1))
    }
}

/// Child of a decision: the present position of a [descent](crate::layer::verbs::descent).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Child {
    /// Another decision.
    Node(u32),
    /// A word.
    Word(WordId),
}

/// A binary tree whose leaves are the V words and whose V − 1 internal nodes are decisions.
///
/// A node's id is its row in a layer's table. Ids are sorted by falling weight, the summed counts below a node; ties go
/// by the most frequent word below. So the root is node 0, every parent has a smaller id than its children, and the
/// most used rows come first.
///
/// A decision has code 0 or 1. With the score z of a node, P(code 0) = σ(z) and P(code 1) = σ(−z), as in word2vec. The
/// probability of a word is the product over its path. The only word of a vocabulary has an empty path and probability
/// 1.
///
/// The tree stores only links to parents, 4 bytes per leaf and per node. They suffice to evaluate all words at once.
/// First go through the nodes by rising id: ln P(node) = ln P(parent) + ln σ(±z_parent), with [`Tree::node_parent`].
/// Then go through the words with [`Tree::leaf_parent`].
///
/// ```
/// use lexmax::tree::Tree;
/// use lexmax::vocab::Counts;
///
/// # fn main() -> lexmax::Result<()> {
/// let counts = Counts::new(vec![8, 4, 2, 1, 1])?;
/// let tree = Tree::huffman(&counts);
/// assert_eq!([0, 1, 2, 3, 4].map(|word| tree.depth(word)), [1, 2, 3, 4, 4]);
/// assert!((tree.expected_depth(&counts) - 30.0 / 16.0).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    leaves: Vec<Link>,
    nodes: Vec<Link>,
    max_depth: usize,
}

impl Tree {
    /// Number of words, V.
    pub fn vocab(&self) -> usize {
        self.leaves.len()
    }

    /// Number of internal nodes, V − 1.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// The node above a word and the code of the step down to it; `None` for the only word of a vocabulary.
    pub fn leaf_parent(&self, word: WordId) -> Option<(u32, bool)> {
        self.leaves[word as usize].get()
    }

    /// The node above a node (its id is always smaller) and the code of the step down; `None` for the root.
    pub fn node_parent(&self, node: u32) -> Option<(u32, bool)> {
        self.nodes[node as usize].get()
    }

    /// The two children of each node, code 0 first, for paths from the root down. Takes 16 bytes per node.
    pub fn children(&self) -> Vec<[Child; 2]> {
        let mut children = vec![[Child::Word(0); 2]; self.nodes.len()];
        let words = (0..).zip(&self.leaves).map(|(word, link)| (Child::Word(word), link));
        let nodes = (0..).zip(&self.nodes).map(|(node, link)| (Child::Node(node), link));
        for (child, link) in words.chain(nodes) {
            if let Some((node, code)) = link.get() {
                children[node as usize][usize::from(code)] = child;
            }
        }
        children
    }

    /// Iterates over the decisions of a word from the leaf **up to the root**, as (node, code).
    pub fn ancestors(&self, word: WordId) -> impl Iterator<Item = (u32, bool)> + '_ {
        std::iter::successors(self.leaf_parent(word), |(node, _)| self.node_parent(*node))
    }

    /// Writes the decisions of a word to `nodes` and `codes`, from the leaf **up to the root**.
    pub fn path(&self, word: WordId, nodes: &mut Vec<u32>, codes: &mut Vec<bool>) {
        nodes.clear();
        codes.clear();
        for (node, code) in self.ancestors(word) {
            nodes.push(node);
            codes.push(code);
        }
    }

    /// Number of decisions that lead to a word. Takes as many steps.
    pub fn depth(&self, word: WordId) -> usize {
        self.ancestors(word).count()
    }

    /// The depth of the deepest word.
    pub fn max_depth(&self) -> usize {
        self.max_depth
    }

    /// Mean depth of a word drawn from the unigram model of `counts`.
    ///
    /// # Panics
    /// If the number of `counts` is not the number of words.
    pub fn expected_depth(&self, counts: &Counts) -> f64 {
        let mass = self.mass(counts);
        let total: u128 = counts.as_slice().iter().map(|c| u128::from(*c)).sum();
        mass.iter().map(|[zero, one]| (zero + one) as f64 / total as f64).sum()
    }

    /// ln(mass of the code-0 subtree / mass of the code-1 subtree) of each node. With these biases, zero weights give
    /// exactly the unigram model of `counts`.
    ///
    /// # Panics
    /// If the number of `counts` is not the number of words.
    pub fn log_odds(&self, counts: &Counts) -> Vec<f32> {
        self.mass(counts).iter().map(|[zero, one]| (*zero as f64 / *one as f64).ln() as f32).collect()
    }

    /// The total counts below each node, by code.
    fn mass(&self, counts: &Counts) -> Vec<[u128; 2]> {
        assert_eq!(self.vocab(), counts.len(), "a tree of {} words, counts of {}", self.vocab(), counts.len());
        self.sums(|word| u128::from(counts.as_slice()[word as usize]))
    }

    /// The sums of `of(word)` over the words below each node, by code.
    pub fn sums<T: Copy + Default + Add<Output = T>>(&self, of: impl Fn(WordId) -> T) -> Vec<[T; 2]> {
        let mut sums = vec![[T::default(); 2]; self.nodes.len()];
        let add = |sums: &mut Vec<[T; 2]>, link: Link, x: T| {
            if let Some((node, code)) = link.get() {
                let sum = &mut sums[node as usize][usize::from(code)];
                *sum = *sum + x;
            }
        };
        for (word, leaf) in (0..).zip(&self.leaves) {
            add(&mut sums, *leaf, of(word));
        }
        for child in (1..self.nodes.len()).rev() {
            let [zero, one] = sums[child];
            add(&mut sums, self.nodes[child], zero + one);
        }
        sums
    }

    /// The links to the parents as numbers, of the words and of the nodes: `node << 1 | code`, or `u32::MAX` without a
    /// parent.
    pub fn links(&self) -> [Vec<u32>; 2] {
        [&self.leaves, &self.nodes].map(|links| links.iter().map(|link| link.0).collect())
    }

    /// Builds a tree from such links and keeps the node numbers.
    ///
    /// # Errors
    /// The first fault. The number of nodes must be the number of words − 1, and every node must have two children. The
    /// root must be node 0, and every parent's number smaller than its child's.
    pub fn from_raw_links(leaves: Vec<u32>, nodes: Vec<u32>) -> std::result::Result<Self, LinksFault> {
        if leaves.len() != nodes.len() + 1 {
            return Err(LinksFault::Nodes { words: leaves.len(), nodes: nodes.len() });
        }
        let [leaves, nodes] = [leaves, nodes].map(|links| links.into_iter().map(Link).collect::<Vec<_>>());
        let mut taken = vec![[false; 2]; nodes.len()];
        let mut take = |link: Link, limit: usize, fault: LinksFault| match link.get() {
            Some((node, code)) if (node as usize) < limit => {
                let place = &mut taken[node as usize][usize::from(code)];
                if std::mem::replace(place, true) { Err(fault) } else { Ok(()) }
            }
            _ => Err(fault),
        };
        for (node, link) in nodes.iter().enumerate() {
            match (node, link.get()) {
                (0, None) => {}
                (0, Some(_)) => return Err(LinksFault::Node { node }),
                _ => take(*link, node, LinksFault::Node { node })?,
            }
        }
        for (word, link) in leaves.iter().enumerate() {
            match (nodes.len(), link.get()) {
                (0, None) => {}
                _ => take(*link, nodes.len(), LinksFault::Leaf { word })?,
            }
        }
        // There are as many children as places and no place is taken twice, so every place is taken.
        let max_depth = max_depth(&leaves, &nodes);
        Ok(Self { leaves, nodes, max_depth })
    }

    /// Builds a tree from these links and renumbers the nodes by falling weight. Equal paths then give equal numbers.
    ///
    /// # Panics
    /// If the links are not a tree, which is a bug of the construction.
    fn from_links(leaves: Vec<Link>, nodes: Vec<Link>, counts: &Counts) -> Self {
        assert_eq!((leaves.len(), nodes.len() + 1), (counts.len(), counts.len()), "leaves, nodes + 1 and words");
        let weights = weights(&leaves, &nodes, counts);
        let mut order: Vec<u32> = (0..nodes.len() as u32).collect();
        order.sort_by_key(|node| {
            let (weight, first) = weights[*node as usize];
            (Reverse(weight), first)
        });
        let mut ids = vec![0u32; nodes.len()];
        for (id, node) in (0..).zip(&order) {
            ids[*node as usize] = id;
        }
        let renumbered = |link: Link| link.get().map_or(link, |(node, code)| Link::new(ids[node as usize], code));
        let leaves: Vec<Link> = leaves.into_iter().map(renumbered).collect();
        let nodes: Vec<Link> = order.iter().map(|node| renumbered(nodes[*node as usize])).collect();
        let max_depth = max_depth(&leaves, &nodes);
        Self { leaves, nodes, max_depth }
    }
}

/// The total counts below each node and the first word there, for nodes in any order. A node passes its sums on after
/// both children have.
fn weights(leaves: &[Link], nodes: &[Link], counts: &Counts) -> Vec<(u128, WordId)> {
    let mut weights = vec![(0u128, WordId::MAX); nodes.len()];
    let mut codes_seen = vec![0u8; nodes.len()];
    let mut done = 0;
    for ((word, leaf), count) in (0..).zip(leaves).zip(counts.as_slice()) {
        let (mut link, mut weight, mut first) = (*leaf, u128::from(*count), word);
        while let Some((node, code)) = link.get() {
            let node = node as usize;
            assert_eq!(codes_seen[node] >> u8::from(code) & 1, 0, "node {node} has two children of code {code}");
            codes_seen[node] |= 1 << u8::from(code);
            weights[node] = (weights[node].0 + weight, weights[node].1.min(first));
            if codes_seen[node] != 0b11 {
                break;
            }
            done += 1;
            link = nodes[node];
            (weight, first) = weights[node];
        }
    }
    assert_eq!(done, nodes.len(), "nodes that the words reach, and all nodes");
    weights
}

/// The depth of the deepest leaf. Every parent must have a smaller number than its child.
fn max_depth(leaves: &[Link], nodes: &[Link]) -> usize {
    let mut depths = vec![0; nodes.len()];
    for child in 1..nodes.len() {
        depths[child] = nodes[child].get().map_or(0, |(node, _)| depths[node as usize] + 1);
    }
    leaves.iter().filter_map(|leaf| leaf.get()).map(|(node, _)| depths[node as usize] + 1).max().unwrap_or(0)
}
