//! The words of keys that no enum of the library has.

use serde::Deserialize;

/// The distribution that words are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProposalName {
    /// All words alike.
    Uniform,
    /// Probabilities that fall with the rank.
    LogUniform,
    /// Counts to a power.
    Unigram,
}

/// The way of drawing, which decides the correction of scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Correction {
    /// With replacement.
    Replacement,
    /// Every word on its own.
    Set,
    /// Until enough distinct words are drawn.
    Distinct,
}

/// The division of the words into classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassRule {
    /// Classes of equal size.
    Frequency,
    /// Classes of equal probability.
    Mass,
}

/// The part that ln Z has in the loss of a normalized example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Penalty {
    /// ln Z.
    Linear,
    /// (ln Z)².
    Squared,
}

/// A tree that is made of counts or of word vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TreeName {
    /// Huffman's.
    Huffman,
    /// A tree of equal depth.
    Balanced,
    /// A tree of equal depth, its words in random order.
    Random,
    /// Words in the order of their counts, cut where both sides occur about equally often.
    Frequency,
    /// From 2-means of word vectors.
    Kmeans,
    /// From 2-means of word vectors that count by their frequency.
    WeightedKmeans,
}
