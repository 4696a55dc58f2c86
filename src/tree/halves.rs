//! Trees that recursively cut a list of words in two.

use super::{Link, Tree};
use crate::rng::WorkerRng;
use crate::vocab::{Counts, WordId};
use rand::RngExt;
use std::ops::Range;

impl Tree {
    /// The balanced tree: words by falling count, halved by number. No word is deeper than ⌈log₂ V⌉.
    pub fn balanced(counts: &Counts) -> Self {
        let words: Vec<WordId> = (0..counts.len() as WordId).collect();
        Self::by_halves(words, counts, |words| words.len() / 2)
    }

    /// A random balanced tree: words in random order, halved by number. The same seed gives the same tree.
    pub fn random(counts: &Counts, seed: u64) -> Self {
        let mut rng = WorkerRng::new(seed, TREE_STREAM);
        let mut words: Vec<WordId> = (0..counts.len() as WordId).collect();
        for i in (1..words.len()).rev() {
            words.swap(i, rng.random_range(0..=i));
        }
        Self::by_halves(words, counts, |words| words.len() / 2)
    }

    /// The tree over words by falling count, cut where the total counts of both parts are closest to equal.
    ///
    /// Reference: Fano 1949; frequency classes of equal mass: Mikolov et al. 2011.
    pub fn by_frequency(counts: &Counts) -> Self {
        let mut before = vec![0u128];
        for count in counts.as_slice() {
            before.push(before[before.len() - 1] + u128::from(*count));
        }
        let words: Vec<WordId> = (0..counts.len() as WordId).collect();
        Self::by_halves(words, counts, |words| {
            let (first, end) = (words[0] as usize, words[0] as usize + words.len());
            let twice = before[first] + before[end];
            // The first cut with at least half of the counts before it, and the cut before that.
            let cut = first + before[first..end].partition_point(|sum| 2 * sum < twice);
            let nearer = |cut: &usize| (2 * before[*cut]).abs_diff(twice);
            let cuts = [cut.saturating_sub(1), cut].map(|cut| cut.clamp(first + 1, end - 1));
            cuts.into_iter().min_by_key(nearer).unwrap_or(first + 1) - first
        })
    }

    /// Cuts words into a part of code 0 and a part of code 1, recursively, until each part is one word. `cut` gets at
    /// least two words and may reorder them. It returns how many go to code 0: at least one, but not all.
    pub(super) fn by_halves(
        mut words: Vec<WordId>,
        counts: &Counts,
        mut cut: impl FnMut(&mut [WordId]) -> usize,
    ) -> Self {
        let (mut leaves, mut nodes) = (vec![Link::NONE; words.len()], Vec::new());
        // No recursion: a tree may be as deep as the number of words.
        let mut open: Vec<(Range<usize>, Link)> = vec![(0..words.len(), Link::NONE)];
        while let Some((part, parent)) = open.pop() {
            if part.len() == 1 {
                leaves[words[part.start] as usize] = parent;
                continue;
            }
            let node = nodes.len() as u32;
            nodes.push(parent);
            let middle = part.start + cut(&mut words[part.clone()]);
            assert!(part.start < middle && middle < part.end, "a cut leaves words on both sides");
            open.push((middle..part.end, Link::new(node, true)));
            open.push((part.start..middle, Link::new(node, false)));
        }
        Self::from_links(leaves, nodes, counts)
    }
}

/// Number of the random stream for trees.
pub(super) const TREE_STREAM: u64 = 5;
