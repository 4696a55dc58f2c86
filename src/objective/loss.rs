//! Options of a language-model loss beyond −ln P(target): smoothing and weights, soft targets, reductions.

use crate::error::{Error, Result};
use crate::vocab::WordId;
use std::sync::Arc;

/// Options of the criterion of an exact layer. Let y be the target (a word, or a distribution over words), w the
/// weights of the words and ε the smoothing. With c_k = w_k·((1 − ε)·y_k + ε/V) the loss is, in nats,
///
/// L = −Σ_k c_k·ln P(k | h) + λ·(ln Z)².
///
/// A soft cap, if there is one, replaces all scores first: z ← cap·tanh(z/cap). An ignored target has a loss of 0.
///
/// ```
/// use lexmax::objective::LossOptions;
///
/// # fn main() -> lexmax::Result<()> {
/// let options = LossOptions::new().with_smoothing(0.1)?.with_z_loss(1e-4)?.ignoring(0);
/// assert_eq!((options.smoothing(), options.ignored()), (0.1, Some(0)));
/// assert!(LossOptions::new().with_smoothing(1.5).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LossOptions {
    ignored: Option<WordId>,
    word_weights: Option<Arc<[f32]>>,
    smoothing: f32,
    z_loss: f32,
    soft_cap: Option<f32>,
    soft_targets: bool,
}

/// One of the options in [`LossOptions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LossOption {
    /// A target that does not count.
    Ignored,
    /// A weight for each word.
    WordWeights,
    /// Label smoothing.
    Smoothing,
    /// λ·(ln Z)².
    ZLoss,
    /// Bounded scores.
    SoftCap,
    /// Targets that are distributions.
    SoftTargets,
}

impl LossOption {
    /// All options.
    pub const ALL: &[Self] =
        &[Self::Ignored, Self::WordWeights, Self::Smoothing, Self::ZLoss, Self::SoftCap, Self::SoftTargets];

    fn name(self) -> &'static str {
        match self {
            Self::Ignored => "an ignored target",
            Self::WordWeights => "weights of words",
            Self::Smoothing => "label smoothing",
            Self::ZLoss => "z-loss",
            Self::SoftCap => "a soft cap",
            Self::SoftTargets => "soft targets",
        }
    }
}

impl LossOptions {
    /// No options: the loss is −ln P(target).
    pub fn new() -> Self {
        Self::default()
    }

    /// Ignores all examples with this target. It need not be a word of the vocabulary.
    pub fn ignoring(self, target: WordId) -> Self {
        Self { ignored: Some(target), ..self }
    }

    /// Sets a weight for every word, as PyTorch's `weight`.
    ///
    /// # Errors
    /// A weight is negative or not finite.
    pub fn with_word_weights(self, weights: Vec<f32>) -> Result<Self> {
        weights.iter().try_for_each(|w| not_negative("weight of a word", *w))?;
        Ok(Self { word_weights: Some(weights.into()), ..self })
    }

    /// Sets label smoothing: the share ε of each target is spread evenly over all words.
    ///
    /// # Errors
    /// `share` is outside 0..=1.
    pub fn with_smoothing(self, share: f32) -> Result<Self> {
        if !(0.0..=1.0).contains(&share) {
            return Err(Error::OutOfRange { name: "smoothing", value: f64::from(share), limit: "from 0 to 1" });
        }
        Ok(Self { smoothing: share, ..self })
    }

    /// Adds λ·(ln Z)², which keeps the normalizer near 1. Word weights do not affect this term.
    ///
    /// # Errors
    /// `lambda` is negative or not finite.
    pub fn with_z_loss(self, lambda: f32) -> Result<Self> {
        not_negative("z-loss", lambda)?;
        Ok(Self { z_loss: lambda, ..self })
    }

    /// Replaces scores by cap·tanh(z/cap). The cap is part of the model, so it also applies to probabilities.
    ///
    /// # Errors
    /// `cap` is not positive and finite.
    pub fn with_soft_cap(self, cap: f32) -> Result<Self> {
        if !(cap > 0.0 && cap.is_finite()) {
            let value = f64::from(cap);
            return Err(Error::OutOfRange { name: "soft-cap", value, limit: "more than 0, and finite" });
        }
        Ok(Self { soft_cap: Some(cap), ..self })
    }

    /// Allows batches with [`SoftTargets`].
    pub fn with_soft_targets(self) -> Self {
        Self { soft_targets: true, ..self }
    }

    /// Whether batches may come with [`SoftTargets`].
    pub fn takes_soft_targets(&self) -> bool {
        self.soft_targets
    }

    /// Whether no option is set: the loss is −ln P(target), and targets are words.
    pub fn is_plain(&self) -> bool {
        self.asked().next().is_none()
    }

    /// The target that is ignored.
    pub fn ignored(&self) -> Option<WordId> {
        self.ignored
    }

    /// The share ε of label smoothing; 0 without.
    pub fn smoothing(&self) -> f32 {
        self.smoothing
    }

    /// The factor λ of (ln Z)²; 0 without.
    pub fn z_loss(&self) -> f32 {
        self.z_loss
    }

    /// The bound of the scores, if any.
    pub fn soft_cap(&self) -> Option<f32> {
        self.soft_cap
    }

    /// The weights of all words, if any.
    pub fn word_weights(&self) -> Option<&[f32]> {
        self.word_weights.as_deref()
    }

    /// The weight of a word; 1 without weights.
    pub fn word_weight(&self, word: WordId) -> f32 {
        self.word_weights.as_ref().map_or(1.0, |w| w[word as usize])
    }

    /// The weight of an example with this target: 0 if it is ignored, else the word's weight.
    pub fn target_weight(&self, target: WordId) -> f32 {
        if self.ignored == Some(target) { 0.0 } else { self.word_weight(target) }
    }

    /// Checks the options for a layer over `vocab` words that supports only the options in `honoured`.
    ///
    /// # Errors
    /// [`Error::LossOption`] for the first unsupported option; [`Error::WordWeightsMissWords`] if there is not one
    /// weight per word.
    pub fn check(&self, layer: &'static str, vocab: usize, honoured: &[LossOption]) -> Result<()> {
        if let Some(option) = self.asked().find(|option| !honoured.contains(option)) {
            return Err(Error::LossOption { layer, option: option.name() });
        }
        match &self.word_weights {
            Some(weights) if weights.len() != vocab => {
                Err(Error::WordWeightsMissWords { weights: weights.len(), vocab })
            }
            _ => Ok(()),
        }
    }

    fn asked(&self) -> impl Iterator<Item = LossOption> {
        let asked = [
            (LossOption::Ignored, self.ignored.is_some()),
            (LossOption::WordWeights, self.word_weights.is_some()),
            (LossOption::Smoothing, self.smoothing > 0.0),
            (LossOption::ZLoss, self.z_loss > 0.0),
            (LossOption::SoftCap, self.soft_cap.is_some()),
            (LossOption::SoftTargets, self.soft_targets),
        ];
        asked.into_iter().filter(|(_, asked)| *asked).map(|(option, _)| option)
    }

    /// # Panics
    /// If the options do not allow for soft targets.
    pub fn assert_soft(&self) {
        assert!(self.soft_targets, "soft targets for a layer that was not built for them");
    }
}

fn not_negative(name: &'static str, value: f32) -> Result<()> {
    if value >= 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::OutOfRange { name, value: f64::from(value), limit: "0 or more, and finite" })
}

/// Reduction of the losses of a batch to one number, with the gradient of later computations. It gives the upstream
/// factors of [`crate::layer::Batch`].
#[derive(Clone, Copy, Debug)]
pub enum Reduction<'a> {
    /// No reduction; holds one upstream gradient per example.
    None(&'a [f32]),
    /// The sum of the losses; holds its upstream gradient.
    Sum(f32),
    /// The mean, as in PyTorch; holds its upstream gradient. The sum of the losses is divided by the weights of the
    /// targets that are not ignored, or by the number of soft targets. If no target counts, the result is 0.
    Mean(f32),
}

impl Reduction<'_> {
    /// The upstream factor of each of `len` examples. With these factors a step returns the reduced loss times its
    /// upstream gradient, and the gradients are those of the reduced loss. `targets` are the hard targets, or `None`
    /// for soft ones.
    ///
    /// # Panics
    /// If the number of upstream gradients is not `len`, or words have weights and a target is not a word.
    pub fn weights(&self, options: &LossOptions, targets: Option<&[WordId]>, len: usize) -> Vec<f32> {
        match self {
            Self::None(upstream) => {
                assert_eq!(upstream.len(), len, "upstream gradients and examples");
                upstream.to_vec()
            }
            Self::Sum(upstream) => vec![*upstream; len],
            Self::Mean(upstream) => {
                let weight = |t: &WordId| f64::from(options.target_weight(*t));
                let sum = targets.map_or(len as f64, |targets| targets.iter().map(weight).sum());
                let each = if sum > 0.0 { f64::from(*upstream) / sum } else { 0.0 };
                vec![each as f32; len]
            }
        }
    }
}

/// A distribution over words for each example. Words may repeat in a row. The sum of a row is its weight.
#[derive(Clone, Copy, Debug)]
pub struct SoftTargets<'a>(Distributions<'a>);

#[derive(Clone, Copy, Debug)]
enum Distributions<'a> {
    Sparse { offsets: &'a [u32], words: &'a [WordId], probabilities: &'a [f32] },
    Dense { probabilities: &'a [f32], vocab: usize },
}

impl<'a> SoftTargets<'a> {
    /// Lists of words with their probabilities, all in one array. Example b has the entries
    /// `offsets[b]..offsets[b + 1]`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the offsets do not rise from 0 to the number of entries, a word is outside the
    /// vocabulary, or a probability is negative or not finite.
    pub fn sparse(offsets: &'a [u32], words: &'a [WordId], probabilities: &'a [f32], vocab: usize) -> Result<Self> {
        let bad = |name, value: f64, limit| Err(Error::OutOfRange { name, value, limit });
        if words.len() != probabilities.len() {
            return bad("probabilities of soft targets", probabilities.len() as f64, "as many as words");
        }
        let ends = offsets.first() == Some(&0) && offsets.last().is_some_and(|end| *end as usize == words.len());
        if !ends || offsets.windows(2).any(|o| o[0] > o[1]) {
            let last = offsets.last().copied().unwrap_or(0);
            return bad("offsets of soft targets", f64::from(last), "rising from 0 to the number of words");
        }
        if let Some(word) = words.iter().find(|w| **w as usize >= vocab) {
            return bad("word of a soft target", f64::from(*word), "in the vocabulary");
        }
        probabilities.iter().try_for_each(|p| not_negative("probability of a soft target", *p))?;
        Ok(Self(Distributions::Sparse { offsets, words, probabilities }))
    }

    /// A probability for every word: B×V, row-major.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the length is not a multiple of `vocab`, or a probability is negative or not finite.
    pub fn dense(probabilities: &'a [f32], vocab: usize) -> Result<Self> {
        if vocab == 0 || !probabilities.len().is_multiple_of(vocab) {
            let value = probabilities.len() as f64;
            return Err(Error::OutOfRange {
                name: "entries of soft targets",
                value,
                limit: "a multiple of the vocabulary size",
            });
        }
        probabilities.iter().try_for_each(|p| not_negative("probability of a soft target", *p))?;
        Ok(Self(Distributions::Dense { probabilities, vocab }))
    }

    /// Number of examples, B.
    pub fn len(&self) -> usize {
        match self.0 {
            Distributions::Sparse { offsets, .. } => offsets.len() - 1,
            Distributions::Dense { probabilities, vocab } => probabilities.len() / vocab,
        }
    }

    /// Whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first example that does not fit a vocabulary of `vocab` words, with its first word outside. Dense rows of
    /// another length than `vocab` never fit.
    pub fn outside(&self, vocab: usize) -> Option<(usize, WordId)> {
        match self.0 {
            Distributions::Sparse { offsets, words, .. } => {
                let at = words.iter().position(|word| *word as usize >= vocab)?;
                Some((offsets.partition_point(|offset| *offset as usize <= at) - 1, words[at]))
            }
            Distributions::Dense { vocab: given, .. } => {
                (given != vocab && !self.is_empty()).then_some((0, given as WordId))
            }
        }
    }

    /// The words of example b with their probabilities, without zeros.
    pub fn words_of(&self, b: usize) -> Box<dyn Iterator<Item = (WordId, f32)> + 'a> {
        match self.0 {
            Distributions::Sparse { offsets, words, probabilities } => {
                let range = offsets[b] as usize..offsets[b + 1] as usize;
                Box::new(words[range.clone()].iter().copied().zip(probabilities[range].iter().copied()))
            }
            Distributions::Dense { .. } => {
                let row = self.dense_row(b).unwrap_or_default();
                Box::new((0..).zip(row.iter().copied()).filter(|(_, p)| *p > 0.0))
            }
        }
    }

    /// The probabilities of all words for example b, if the targets are dense.
    pub(super) fn dense_row(&self, b: usize) -> Option<&'a [f32]> {
        match self.0 {
            Distributions::Sparse { .. } => None,
            Distributions::Dense { probabilities, vocab } => Some(&probabilities[b * vocab..(b + 1) * vocab]),
        }
    }
}
