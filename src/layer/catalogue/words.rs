//! Values of keys that have no enum elsewhere in the library.

use serde::Deserialize;

/// The distribution from which words are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProposalName {
    /// All words with the same probability.
    Uniform,
    /// Probabilities that fall about as 1 / rank.
    LogUniform,
    /// Counts raised to a power.
    Unigram,
}

/// The sampling scheme, which determines the correction of scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Correction {
    /// With replacement.
    Replacement,
    /// A set: every word is included independently.
    Set,
    /// Draws until there are enough distinct words.
    Distinct,
}

/// The rule that divides the words into classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassRule {
    /// Classes of equal size.
    Frequency,
    /// Classes of equal probability.
    Mass,
}

/// The penalty on ln Z in the loss of a normalized example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Penalty {
    /// ln Z.
    Linear,
    /// (ln Z)².
    Squared,
}

/// A tree that is built from counts or from word vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TreeName {
    /// The Huffman tree.
    Huffman,
    /// A balanced tree.
    Balanced,
    /// A balanced tree with the words in random order.
    Random,
    /// Words in the order of their counts, split where both sides have about equal mass.
    Frequency,
    /// A tree from 2-means clusters of word vectors.
    Kmeans,
    /// A tree from 2-means clusters of word vectors, weighted by counts.
    WeightedKmeans,
}
