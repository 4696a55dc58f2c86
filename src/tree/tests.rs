//! Tests of trees as codes: complete codes, optimal codes, and the unigram model.

use super::*;

use proptest::prelude::*;
use std::collections::BinaryHeap;

fn counts(falling: &[u64]) -> Counts {
    Counts::new(falling.to_vec()).unwrap()
}

/// Huffman's cost Σ count·depth from a plain heap: the sum over all joins.
fn naive_cost(counts: &[u64]) -> u128 {
    let mut heap: BinaryHeap<_> = counts.iter().map(|c| Reverse(u128::from(*c))).collect();
    let mut cost = 0;
    while let (Some(Reverse(a)), Some(Reverse(b))) = (heap.pop(), heap.pop()) {
        cost += a + b;
        heap.push(Reverse(a + b));
    }
    cost
}

fn cost(tree: &Tree, counts: &Counts) -> u128 {
    (0..).zip(counts.as_slice()).map(|(word, c)| u128::from(*c) * tree.depth(word) as u128).sum()
}

/// Kraft's equality Σ 2^−depth = 1, in units of 2^−max_depth.
fn assert_complete(tree: &Tree) {
    let depths = (0..tree.vocab() as WordId).map(|word| tree.depth(word));
    let sum: u128 = depths.clone().map(|depth| 1 << (tree.max_depth() - depth)).sum();
    assert_eq!(sum, 1 << tree.max_depth());
    assert_eq!(depths.max(), Some(tree.max_depth()));
    assert_eq!(tree.nodes() + 1, tree.vocab());
}

fn assert_ids_fall(tree: &Tree, counts: &Counts) {
    let weights: Vec<u128> = tree.mass(counts).iter().map(|m| m[0] + m[1]).collect();
    assert!(weights.windows(2).all(|w| w[0] >= w[1]));
    for node in 1..tree.nodes() as u32 {
        assert!(tree.node_parent(node).unwrap().0 < node);
    }
}

/// Adds ln σ(±b) down the tree, as the docs of [`Tree`] describe.
fn log_probs(tree: &Tree, scores: &[f32]) -> Vec<f64> {
    let step = |(node, code): (u32, bool)| {
        let z = f64::from(scores[node as usize]);
        -(if code { z } else { -z }).exp().ln_1p()
    };
    let mut ln_p = vec![0.0; tree.nodes()];
    for node in 1..tree.nodes() as u32 {
        let parent = tree.node_parent(node).unwrap();
        ln_p[node as usize] = ln_p[parent.0 as usize] + step(parent);
    }
    (0..tree.vocab() as WordId).map(|w| tree.leaf_parent(w).map_or(0.0, |p| ln_p[p.0 as usize] + step(p))).collect()
}

/// Each bias is rounded to f32, and ln σ has a slope of at most 1.
fn assert_unigram(tree: &Tree, counts: &Counts) {
    let odds = tree.log_odds(counts);
    for (word, ln_p) in (0..).zip(log_probs(tree, &odds)) {
        let rounding: f32 = tree.ancestors(word).map(|(n, _)| odds[n as usize].abs() * f32::EPSILON).sum();
        let error = (ln_p - counts.ln_probability(word)).abs();
        assert!(error <= f64::from(rounding).min(1e-6) + 1e-13, "word {word} is off by {error}");
    }
}

#[test]
fn few_words() {
    let (mut nodes, mut codes) = (vec![7], vec![true]);
    let one = Tree::huffman(&counts(&[5]));
    one.path(0, &mut nodes, &mut codes);
    assert_eq!((one.vocab(), one.nodes(), one.max_depth(), nodes.len(), codes.len()), (1, 0, 0, 0, 0));
    assert_eq!(one.expected_depth(&counts(&[5])), 0.0);
    assert!(one.log_odds(&counts(&[5])).is_empty());

    let two = Tree::huffman(&counts(&[3, 1]));
    assert_eq!((two.leaf_parent(0), two.leaf_parent(1), two.node_parent(0)), (Some((0, true)), Some((0, false)), None));

    let three = Tree::huffman(&counts(&[3, 2, 2]));
    three.path(2, &mut nodes, &mut codes);
    assert_eq!((nodes, codes), (vec![1, 0], vec![false, true]));
    assert_eq!(three.depth(0), 1);
    assert_eq!(three.expected_depth(&counts(&[3, 2, 2])), (3.0 + 4.0 + 4.0) / 7.0);
}

#[test]
fn fibonacci_counts_give_the_deepest_tree() {
    let mut falling = vec![1u64, 1];
    while falling.len() < 90 {
        falling.push(falling[falling.len() - 1] + falling[falling.len() - 2]);
    }
    falling.reverse();
    let counts = counts(&falling);
    let tree = Tree::huffman(&counts);
    assert_eq!(tree.max_depth(), 89);
    assert_complete(&tree);
    assert_ids_fall(&tree, &counts);
    assert_unigram(&tree, &counts);
}

#[test]
fn equal_counts_give_a_balanced_tree() {
    let counts = counts(&[9; 1000]);
    let tree = Tree::huffman(&counts);
    assert!((0..1000).all(|word| [9, 10].contains(&tree.depth(word))));
    assert_ids_fall(&tree, &counts);
}

#[test]
fn nodes_in_any_order_are_numbered_by_weight() {
    let counts = counts(&[6, 3, 2]);
    let leaves = vec![Link::new(1, false), Link::new(0, true), Link::new(0, false)];
    let tree = Tree::from_links(leaves, vec![Link::new(1, true), Link::NONE], &counts);
    assert_eq!((tree.leaf_parent(0), tree.leaf_parent(1)), (Some((0, false)), Some((1, true))));
    assert_eq!(tree.node_parent(1), Some((0, true)));
    assert_eq!(tree.log_odds(&counts), [(6f64 / 5.0).ln() as f32, (2f64 / 3.0).ln() as f32]);
}

#[test]
#[should_panic(expected = "two children of code")]
fn a_node_has_one_child_of_a_code() {
    Tree::from_links(vec![Link::new(0, true); 2], vec![Link::NONE], &counts(&[1, 1]));
}

#[test]
#[should_panic(expected = "nodes that the words reach")]
fn a_circle_is_no_tree() {
    let leaves = vec![Link::new(0, false), Link::new(1, false), Link::NONE];
    Tree::from_links(leaves, vec![Link::new(1, true), Link::new(0, true)], &counts(&[1, 1, 1]));
}

proptest! {
    #[test]
    fn huffman_is_optimal(mut falling in prop::collection::vec(prop_oneof![1..20u64, 1..1_000_000u64], 1..300)) {
        falling.sort_by_key(|c| Reverse(*c));
        let counts = counts(&falling);
        let tree = Tree::huffman(&counts);
        prop_assert_eq!(cost(&tree, &counts), naive_cost(&falling));
        let expected = tree.expected_depth(&counts) * counts.total() as f64;
        prop_assert!((expected - naive_cost(&falling) as f64).abs() <= 1e-10 * expected);
        assert_complete(&tree);
        assert_ids_fall(&tree, &counts);
        assert_unigram(&tree, &counts);
    }
}
