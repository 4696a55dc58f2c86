//! Huffman's tree: the smallest expected number of decisions.

use super::{Link, Tree};
use crate::vocab::Counts;

impl Tree {
    /// Builds Huffman's tree of the counts in O(V). The tree may have any depth; no tree has a smaller
    /// [`Tree::expected_depth`].
    ///
    /// When two subtrees are joined, the lighter one gets code 0, as in word2vec. Ties are joined leaves first, which
    /// keeps the tree shallow.
    ///
    /// Reference: Huffman 1952; the two queues: van Leeuwen 1976.
    pub fn huffman(counts: &Counts) -> Self {
        let inner = counts.len() - 1;
        let mut queues = Queues::new(counts);
        // The last join makes the root, so ids count down.
        for node in (0..inner as u32).rev() {
            let lighter = queues.take(Link::new(node, false));
            let heavier = queues.take(Link::new(node, true));
            queues.joined.push(lighter + heavier);
        }
        Self::from_links(queues.leaves, queues.nodes, counts)
    }
}

/// The subtrees without a parent, in two queues by rising weight: words from the rarest on, and nodes in the order they
/// were made.
struct Queues<'a> {
    counts: &'a [u64],
    leaves: Vec<Link>,
    nodes: Vec<Link>,
    /// Weights of the nodes made so far. Node ids count down from the last one.
    joined: Vec<u128>,
    next_joined: usize,
}

impl<'a> Queues<'a> {
    fn new(counts: &'a Counts) -> Self {
        let inner = counts.len() - 1;
        Self {
            counts: counts.as_slice(),
            leaves: vec![Link::NONE; counts.len()],
            nodes: vec![Link::NONE; inner],
            joined: Vec::with_capacity(inner),
            next_joined: 0,
        }
    }

    /// Attaches the lightest subtree below `parent` and returns its weight.
    fn take(&mut self, parent: Link) -> u128 {
        let leaf = self.counts.last().map(|count| u128::from(*count));
        let node = self.joined.get(self.next_joined).copied();
        match (leaf, node) {
            (Some(leaf), node) if node.is_none_or(|node| leaf <= node) => {
                self.counts = &self.counts[..self.counts.len() - 1];
                self.leaves[self.counts.len()] = parent;
                leaf
            }
            (_, node) => {
                let id = self.nodes.len() - 1 - self.next_joined;
                self.nodes[id] = parent;
                self.next_joined += 1;
                node.unwrap_or(0)
            }
        }
    }
}
